"""From an answer to what is to be stored: the article, the headlines, and the addresses to ask next. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from config import Source
from crawler import feeds, links
from crawler.decode import decode
from crawler.extract import AdScore, extract, field_modules
from crawler.feeds import Feed
from crawler.links import Place
from crawler.page import Document, ExtractError, Page
from crawler.paging import gap_around
from crawler.parse import parse, selected
from crawler.refusals import refusal
from crawler.shapes import looks_like_article, looks_like_list
from storage.keys import url_key
from storage.records import Article, Gap, Headline, Target

Timer = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer yielded.

    `following` is the next page of the same thing: of an article, to be joined to it, or of a list, wanted while
    this one shows news. `joined`: the article goes on over several pages; `whole`: all of them could be read.
    `changed` are addresses with the time when each last changed, as a feed or sitemap has it.
    `gap` is the one that the article lies in, and its `neighbours` are those that the walk through it goes on with.
    """

    article: Article | None = None
    headlines: Sequence[Headline] = ()
    targets: Sequence[Target] = ()
    following: Target | None = None
    joined: bool = False
    whole: bool = True
    changed: Mapping[str, datetime] = field(default_factory=dict)
    gap: Gap | None = None
    neighbours: Sequence[Target] = ()


def read(page: Page, place: Place, *, ad_score: AdScore, ad_threshold: float, timed: Timer) -> Reading:
    """Read a page, a feed or a sitemap, whatever its label says. Raises ExtractError; `timed` measures the steps."""
    content_type, source = page.headers.get("content-type", ""), place.source
    with timed("decode"):
        feed = feeds.parse(page.body, page.url, content_type, ZoneInfo(source.timezone) if source.timezone else None)
        decoded = None if feed else decode(page.body, content_type, source.encoding)
    with timed("extract"):
        if decoded is None:
            assert feed
            return _read_feed(feed, place, ad_score, ad_threshold)
        document = Document(page.url, decoded.text, page.fetched_at, decoded.encoding, source)
        found = extract(document, ad_score=ad_score)
        refused = refusal(found.article.title, found.article.text) if found.article else ""
        if refused:
            raise ExtractError(f"no article but {refused}")
        targets = links.from_page(found, place, ad_threshold=ad_threshold)
        following = links.next_page(found, place)
        gap = gap_around(place.gaps, found.article.published_at) if found.article else None
        neighbours = links.neighbours(found, place) if gap else []
    wanted = not found.noindex and not _forbids_index(page) and not _is_list(page.url, place.target)
    article = found.article if wanted else None
    return Reading(article, found.headlines, [*neighbours, *targets], following, gap=gap, neighbours=neighbours)


def unusable(source: Source) -> Iterator[tuple[str, str]]:
    """What of a source's settings no page can be read with: the key, and a sentence that can stand behind it.

    That is a field that does not exist, or a selector that is none.
    """
    page, known = parse("<p>"), field_modules()
    for name in source.select.keys() - known.keys():
        yield f"select.{name}", f"is no field; there is {', '.join(sorted(known))}"
    rules = [(f"select.{name}", selector) for name, selector in source.select.items()]
    for key, selector in (*rules, *(("drop", selector) for selector in source.drop)):
        try:
            selected(page, [selector])
        except ExtractError as error:
            yield key, f"cannot be used: {error.reason.rstrip('.')}"


def _read_feed(feed: Feed, place: Place, ad_score: AdScore, ad_threshold: float) -> Reading:
    """A feed's items are headlines too; a plain sitemap has no titles and gives addresses only."""
    scored = [(item, ad_score(item.title, item.url)) for item in feed.items if item.title]
    headlines = [
        Headline(item.url, item.title, place.url, place.now, item.published_at, position, ad_score=score)
        for position, (item, score) in enumerate(scored, 1)
    ]
    barred = {url_key(item.url) for item, score in scored if score >= ad_threshold}
    targets = links.from_feed(feed, place, barred=barred)
    return Reading(headlines=headlines, targets=targets, changed=links.changed(feed, targets))


def _forbids_index(page: Page) -> bool:
    """X-Robots-Tag, the header form of the robots meta tag."""
    words = page.headers.get("x-robots-tag", "").lower().replace(",", " ").split()
    return "noindex" in words or "none" in words


def _is_list(url: str, target: Target) -> bool:
    """What was asked for as a list, and has the address of one, is none of its articles, however it reads.

    So is a front page: it is nobody's article.
    """
    front = urlsplit(url).path == "/" and not urlsplit(url).query
    return front or (target.kind != "article" and looks_like_list(url) and not looks_like_article(url))
