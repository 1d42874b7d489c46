"""One page of an unknown site, as `discover` sees it, and all of its pages together. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from config import Source
from crawler import rights
from crawler.answer import unpacked
from crawler.decode import decode
from crawler.extract import extract
from crawler.page import Anchor, Document, ExtractError, Extraction, FetchError, Page
from crawler.reading import MAX_UNPACKED, sent_on
from crawler.shapes import (
    is_page_of,
    is_service,
    looks_like_article,
    looks_like_feed,
    looks_like_list,
    may_be_page,
    page_number,
)
from crawler.urls import resolve, same_site
from storage.keys import url_key, without_tracking

# Bytes from which the text of a link is a headline rather than the name of a section, as in `links`.
_TITLE = 24
MAX_ANCHORS = 2000
# Bytes of text below which a page with scripts is the shell of one.
_SHELL = 400
MAX_SHELL = 500_000
# Addresses that are remembered of a site: enough to draw a pattern from.
MAX_KNOWN = 1000
# What hides text, and what ends that: a state and no expression over all of it, for a page may open thousands.
_MARK = re.compile(r"<!--|-->|<(/?)(script|style|noscript|template)\b[^<>]*>", re.I)
_TAG = re.compile(r"<[^<>]*>")
_SCRIPT = re.compile(r"<script\b", re.I)


@dataclass(frozen=True, slots=True)
class Item:
    """An address under a headline, with the time beside it."""

    url: str
    title: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a page shows. `forwarded` is where it sends its reader, `shell` says how scripts make its text; or ""."""

    url: str
    found: Extraction
    items: tuple[Item, ...]
    anchors: tuple[Anchor, ...]
    forwarded: str
    shell: str
    nofollow: bool
    noindex: bool

    @property
    def article(self) -> bool:
        return self.found.article is not None

    @property
    def title(self) -> str:
        return str(self.found.fields.get("title", ""))

    @property
    def refused(self) -> str:
        return self.found.refused

    @classmethod
    def of(cls, page: Page, source: Source, agent: str) -> Sight:
        """Raises FetchError where there is no page in it."""
        content_type = page.headers.get("content-type", "")
        try:
            decoded = decode(unpacked(page.body, MAX_UNPACKED), content_type, source.encoding)
            found = extract(Document(page.url, decoded.text, page.fetched_at, decoded.encoding, source))
        except ExtractError as error:
            raise FetchError(page.url, error.reason, status=page.status) from error
        orders = rights.orders(page.headers, found.metas, agent, page.fetched_at)
        items = tuple(Item(item.url, item.title, item.published_at) for block in found.lists for item in block.items)
        anchors = tuple({anchor.url: anchor for anchor in reversed(found.anchors[:MAX_ANCHORS])}.values())[::-1]
        sent = resolve(page.url, sent_on(page, found.metas)) or ""
        shell = _shell(decoded.text, page.url, anchors)
        return cls(page.url, found, items, anchors, sent, shell, orders.nofollow, orders.noindex)


def _shell(html: str, url: str, anchors: tuple[Anchor, ...]) -> str:
    """What tells that scripts make the text of a page, "" where it has its own."""
    shown = _shown(html[:MAX_SHELL])
    links = sum(same_site(anchor.url, url) and anchor.url != url for anchor in anchors)
    if not _SCRIPT.search(html) or len(shown.encode("utf-8", "replace")) >= _SHELL or links >= 5:
        return ""
    return f"scripts make the page: without a browser it has {len(shown)} characters and {links} links"


def _shown(html: str) -> str:
    """The text of a page without its scripts and comments."""
    parts, at, end = [], 0, ""
    for found in _MARK.finditer(html):
        name = (found[2] or "").lower()
        if not end and found[0] != "-->" and not found[1]:
            parts.append(html[at : found.start()])
            end = name or "-->"
        elif end and (found[0] == end or (found[1] and name == end)):
            at, end = found.end(), ""
    return " ".join(_TAG.sub(" ", "".join([*parts, "" if end else html[at:]])).split())


@dataclass(slots=True)
class Seen:
    """What all pages together have named, in the order in which it came.

    `articles` are addresses under headlines, or of the looks of an article, with that item; `keys` are theirs, `fed`
    those of a feed. `others` are short links that look like lists, with on how many of the `pages` they stand, and
    `service` such as are about the site or the reader; `named` is what a plain sitemap names. `confirmed` were read as
    articles, `denied` are none. `listed` is how many articles the first list has, `paging` the second page of a list.
    """

    articles: dict[str, Item] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    fed: dict[str, None] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    service: dict[str, None] = field(default_factory=dict)
    named: dict[str, None] = field(default_factory=dict)
    feeds: list[str] = field(default_factory=list)
    linked_feeds: list[str] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    pages: int = 0
    listed: int = 0
    paging: str = ""

    def article(self, url: str, title: str, at: datetime | None, *, fed: bool = False) -> str:
        """Note an article, with what its list says of it; its address as it was first met."""
        url = self.keys.setdefault(url_key(url), without_tracking(url))
        known = self.articles.get(url)
        if known is None and len(self.articles) >= MAX_KNOWN:
            return url
        if known is None or not known.title or (known.at is None and at):
            former = known or Item(url, "")
            self.articles[url] = Item(url, title or former.title, at or former.at)
        if fed:
            self.fed.setdefault(url)
        return url

    def candidates(self) -> tuple[list[str], list[str]]:
        """What may be tried: those of feeds, and the others; of those that only a sitemap names there are none."""
        listed = [url for url in self.articles if url not in self.fed]
        return list(self.fed), listed

    def occasional(self) -> set[str]:
        """Those of `others` that few pages link: a menu stands on all, so these may be articles with short titles."""
        return {url for url, count in self.others.items() if count * 2 < self.pages}

    def take(self, sight: Sight, home: str, *, is_list: bool = True) -> None:
        """Add what a page shows of the site whose list is at `home`."""
        shown = set()
        self.pages += 1
        for item in sight.items:
            if same_site(item.url, home) and _may_be_article(item, sight.url):
                shown.add(self.article(item.url, item.title, item.at))
        for anchor in sight.anchors:
            if same_site(anchor.url, home) and not anchor.nofollow and anchor.url != sight.url:
                shown.add(self._anchor(anchor))
        if is_list:
            self.others[sight.url] = MAX_KNOWN  # looked at: it is a list
            self.listed = self.listed or len(shown - {""})
            self.feeds += [url for url in sight.found.feeds if url not in self.feeds]
            self.paging = self.paging or _second_page(sight)

    def _anchor(self, anchor: Anchor) -> str:
        """Note where a link leads; the address where it is that of an article, else ""."""
        url, size = anchor.url, len(anchor.text.encode("utf-8", "replace"))
        if looks_like_feed(url):
            if url not in self.linked_feeds:
                self.linked_feeds.append(url)
        elif not may_be_page(url) or page_number(url) > 1:
            return ""
        elif is_service(url):
            if size < _TITLE and len(self.service) < MAX_KNOWN:
                self.service.setdefault(url)
        elif looks_like_article(url) and (size >= _TITLE or url in self.articles):
            return self.article(url, "", None)
        elif (
            (url in self.others or len(self.others) < MAX_KNOWN)
            and size < _TITLE
            and looks_like_list(url, anchor.text)
            and not looks_like_article(url)
        ):
            self.others[url] = self.others.get(url, 0) + 1
        return ""


def _may_be_article(item: Item, page: str) -> bool:
    """As in `links`: under a time or a long title, an address that says nothing may be an article."""
    headline = item.at is not None or len(item.title.encode("utf-8", "replace")) >= _TITLE
    usable = may_be_page(item.url) and page_number(item.url) < 2 and not is_service(item.url) and item.url != page
    return usable and (headline or looks_like_article(item.url))


def _second_page(sight: Sight) -> str:
    """The address of the second page of this list, or ""."""
    urls = (sight.found.next_url, *(anchor.url for anchor in sight.anchors))
    number = page_number(sight.url) + 1
    return next((url for url in urls if url and page_number(url) == number and is_page_of(url, sight.url)), "")
