"""One page, for the commands that look at a single one: fetched with manners, read with the rules of its site."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config import Config, Source
from crawler import present
from crawler.ads import score_title
from crawler.ask import one_page
from crawler.console import EXTRACT, Failure
from crawler.decode import decode
from crawler.extract import extract
from crawler.frontier import Owners
from crawler.page import Document, ExtractError, Extraction, FetchError, Page

# What browsers write above a page that they save, and what some sites print for readers to copy.
_SAVED_FROM = re.compile(r"<!--\s*saved from url=(?:\(\d+\))?(https?://[^\s<>\"']+)", re.I)
# A field for copying, or a box that is called one: an address that an article cites is not the page's own.
_COPIED = re.compile(
    r"(?:<input\b[^>]*\bvalue=[\"']|<\w+\b[^>]*\b(?:class|id)=[\"'][^\"']*(?:copy|permalink)[^\"']*[\"'][^>]*>)"
    r"\s*(https?://[^\s<>\"']+/[^\s<>\"'/]+)\s*[\"'<]",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page said, and the address that it holds for ("" when nobody knows)."""

    extraction: Extraction
    url: str


def no_address(given: str) -> str:
    """What to say of that which is no web address; a file that is there was perhaps saved from the web."""
    try:
        is_file = Path(given).is_file()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        is_file = False
    if is_file:
        return "is a file here and no web address; `kuaixun extract FILE` reads a saved page"
    return "is no web address, such as https://example.com/news/"


def source_of(setup: Config, url: str) -> Source:
    """The configured source that a crawl would give this address to, else one without any rule of its own."""
    return Owners(setup.sources).of(url) or Source("", (), timezone=setup.settings.timezone)


def read(
    setup: Config, body: bytes, content_type: str = "", url: str = "", fetched_at: datetime | None = None
) -> Reading:
    """What the bytes say. Raises ExtractError where they are no page.

    Without `url` the page is asked for its own. `fetched_at` is when they were fetched, or None where nobody knows.
    """
    html = decode(body, content_type, source_of(setup, url).encoding).text
    saved = _SAVED_FROM.search(html[:4096])
    first = _extract(setup, html, url or (saved[1] if saved else ""), fetched_at)
    own = first.url or first.extraction.canonical or shown_address(html)
    return _extract(setup, html, own, fetched_at) if own != first.url else first


def read_answer(setup: Config, page: Page) -> Reading:
    """What an answer says. Raises FetchError where it is no page, and Failure where nothing is in it."""
    try:
        reading = read(setup, page.body, page.headers.get("content-type", ""), page.url, page.fetched_at)
    except ExtractError as error:
        raise FetchError(page.url, error.reason, status=page.status) from error
    return checked(reading, page.url)


def checked(reading: Reading, name: str) -> Reading:
    """The same, if it holds anything. Raises Failure, which calls the page by `name`."""
    found = reading.extraction
    if not found.paragraphs and not found.lists and not found.article:
        raise Failure(f"{name}: holds neither an article nor a list (it is of the kind `{found.kind}`)", EXTRACT)
    return reading


def told(setup: Config, reading: Reading, *, explained: bool = False) -> str:
    """Everything known of a page, as JSON; `explained` adds the trace of the rules."""
    known = present.as_json(reading.extraction, url=reading.url, threshold=setup.settings.ad_threshold)
    if explained:
        known["trace"] = list(reading.extraction.trace)
    return json.dumps(known, ensure_ascii=False, indent=1)


def shown_address(html: str) -> str:
    """The address that a page shows for copying, or "".

    It is the page's own when the page offers no other, or offers it twice.
    """
    shown = _COPIED.findall(html)
    return shown[0] if len(set(shown)) == 1 else next((url for url in shown if shown.count(url) > 1), "")


def _extract(setup: Config, html: str, url: str, fetched_at: datetime | None) -> Reading:
    at = fetched_at or datetime.now(UTC)
    document = Document(url, html, at, source=source_of(setup, url), seen_then=fetched_at is not None)
    return Reading(extract(document, ad_score=score_title), url)


def fetch(setup: Config, url: str) -> Page:
    """The page at an address, if its robots.txt lets us. Raises FetchError."""
    return asyncio.run(one_page(setup.settings, url))
