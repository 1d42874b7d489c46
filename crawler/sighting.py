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
    page_number,
    worth_fetching,
)
from crawler.survey import Tried
from crawler.urls import resolve, same_site
from storage.keys import without_tracking

# Bytes from which the text of a link is a headline rather than the name of a section, as in `links`.
_TITLE = 24
_START = 60
MAX_ANCHORS = 2000
# Bytes of text below which a page with scripts is the shell of one.
_SHELL = 400
_HIDDEN = re.compile(r"<(script|style|noscript|template)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.S | re.I)
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
    shown = " ".join(_HIDDEN.sub(" ", html).split())
    links = sum(same_site(anchor.url, url) and anchor.url != url for anchor in anchors)
    if not _SCRIPT.search(html) or len(shown.encode("utf-8", "replace")) >= _SHELL or links >= 5:
        return ""
    return f"scripts make the page: without a browser it has {len(shown)} characters and {links} links"


@dataclass(slots=True)
class Seen:
    """What all pages together have named, in the order in which it came.

    `articles` are addresses under headlines, or of the looks of an article, with that item; `fed` those of a feed.
    `others` are short links that look like lists, `named` what a plain sitemap names. `confirmed` were read as
    articles, `denied` are none. `listed` is how many articles the first list has, `paging` the second page of a list.
    """

    articles: dict[str, Item] = field(default_factory=dict)
    fed: dict[str, None] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)
    named: dict[str, None] = field(default_factory=dict)
    feeds: list[str] = field(default_factory=list)
    linked_feeds: list[str] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    listed: int = 0
    paging: str = ""

    def article(self, url: str, title: str, at: datetime | None, *, fed: bool = False) -> None:
        url = without_tracking(url)
        known = self.articles.get(url)
        if known is None or not known.title or (known.at is None and at):
            former = known or Item(url, "")
            self.articles[url] = Item(url, title or former.title, at or former.at)
        if fed:
            self.fed.setdefault(url)

    def candidates(self) -> tuple[list[str], list[str]]:
        """What may be tried: those of feeds, and the others; of those that only a sitemap names there are none."""
        listed = [url for url in self.articles if url not in self.fed]
        return list(self.fed), listed

    def take(self, sight: Sight, home: str, *, is_list: bool = True) -> None:
        """Add what a page shows of the site whose list is at `home`."""
        before = len(self.articles)
        for item in sight.items:
            if same_site(item.url, home) and _may_be_article(item, sight.url):
                self.article(item.url, item.title, item.at)
        for anchor in sight.anchors:
            if same_site(anchor.url, home) and not anchor.nofollow and anchor.url != sight.url:
                self._anchor(anchor, sight.url)
        if is_list:
            self.others.setdefault(sight.url)
            self.listed = self.listed or len(self.articles) - before
            self.feeds += [url for url in sight.found.feeds if url not in self.feeds]
            self.paging = self.paging or _second_page(sight)

    def _anchor(self, anchor: Anchor, page: str) -> None:
        url, size = anchor.url, len(anchor.text.encode("utf-8", "replace"))
        if looks_like_feed(url):
            if url not in self.linked_feeds:
                self.linked_feeds.append(url)
        elif not worth_fetching(url) or page_number(url) > 1:
            return
        elif looks_like_article(url) and (size >= _TITLE or url in self.articles):
            self.article(url, "", None)
        elif size < _TITLE and looks_like_list(url, anchor.text) and not looks_like_article(url):
            self.others.setdefault(url)


def _may_be_article(item: Item, page: str) -> bool:
    """As in `links`: under a time or a long title, an address that says nothing may be an article."""
    headline = item.at is not None or len(item.title.encode("utf-8", "replace")) >= _TITLE
    usable = worth_fetching(item.url) and page_number(item.url) < 2 and not is_service(item.url) and item.url != page
    return usable and (headline or looks_like_article(item.url))


def _second_page(sight: Sight) -> str:
    """The address of the second page of this list, or ""."""
    urls = (sight.found.next_url, *(anchor.url for anchor in sight.anchors))
    number = page_number(sight.url) + 1
    return next((url for url in urls if url and page_number(url) == number and is_page_of(url, sight.url)), "")


def try_article(
    url: str, outcome: Page | FetchError, source: Source, agent: str, listed: Item | None
) -> tuple[Tried, Sight | None]:
    """What would be stored of an address, and what else its page shows."""
    known = Tried(url, listed=listed.title if listed else "", listed_at=listed.at if listed else None)
    if isinstance(outcome, FetchError):
        return _failed(known, outcome.reason), None
    try:
        sight = Sight.of(outcome, source, agent)
    except FetchError as error:
        return _failed(known, error.reason), None
    found = sight.found
    if found.refused:
        return _failed(known, f"no article but {found.refused}"), None
    if found.article is None or sight.noindex:
        why = sight.shell or f"a page of the kind `{found.kind}`"
        return _failed(known, "the page forbids to store it (noindex)" if sight.noindex else why), None
    article = found.article
    start = " ".join(article.text.split())
    return Tried(
        url,
        article.title,
        article.published_at,
        article.source,
        article.author,
        start[:_START],
        len(start),
        known.listed,
        known.listed_at,
    ), sight


def _failed(known: Tried, problem: str) -> Tried:
    return Tried(known.url, listed=known.listed, listed_at=known.listed_at, problem=problem)
