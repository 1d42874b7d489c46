"""The page of an article, read again from the archive by today's rules: evidence of each field, and its lists."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from config import Settings, Source
from crawler.page import ExtractError, Extraction
from storage.archive import Archive, Damaged, Kept
from storage.errors import StorageError

# Bytes of a page that are read again while somebody waits.
LARGEST = 1_500_000
# What would reach out although the policy of the page forbids all it can: connections that are opened early, for a
# frame too, before the policy is asked about it.
_NAMES = "link|base|meta|i?frame|frameset|fencedframe|object|embed|applet|portal"
_REACHING = re.compile(rf"<(?=(?:{_NAMES})\b)", re.I)


class Original(NamedTuple):
    """A page of the archive as it came."""

    kept: Kept
    body: bytes


def original(archive: Path, urls: Sequence[str], sha256: str) -> Original | None:
    """The page with that hash from one of the addresses; None where it is not kept, or damaged."""
    if not archive.exists():
        return None
    try:
        with Archive(archive, readonly=True) as pages:
            for url in urls:
                kept = next((one for one in pages.pages(url=url) if one.sha256 == sha256), None)
                if kept:
                    return Original(kept, pages.body(kept.id))
    except (Damaged, KeyError, StorageError, sqlite3.Error):
        return None
    return None


def shown(page: Original, encoding: str = "") -> str:
    """The text of a page, to be shown in a sandbox: without the elements that would reach out, or send elsewhere."""
    from crawler.answer import unpacked
    from crawler.decode import decode

    content_type = page.kept.headers.get("content-type", "")
    return _REACHING.sub("<x-", decode(unpacked(page.body, LARGEST * 4), content_type, encoding).text)


def extraction(page: Original, settings: Settings, sources: tuple[Source, ...], found_by: str) -> Extraction | None:
    """What today's rules find on a page; None where they find no page, or it is too large to wait for."""
    from crawler.answer import unpacked
    from crawler.decode import decode
    from crawler.extract import extract
    from crawler.frontier import Owners
    from crawler.page import Document
    from crawler.reread import Job, source_of

    if len(page.body) > LARGEST:
        return None
    source = source_of(Job(0, page.kept.url, found_by, {}, ()), Owners(sources), settings)
    content_type = page.kept.headers.get("content-type", "")
    try:
        decoded = decode(unpacked(page.body, LARGEST), content_type, source.encoding)
        return extract(Document(page.kept.final_url, decoded.text, page.kept.at, decoded.encoding, source))
    except (ExtractError, ValueError):  # what is no address makes no document
        return None
