"""From an answer to what is to be stored: the article, the headlines, and the addresses to ask next. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from config import Settings, Source
from crawler import feeds, links, rights, rules, signs
from crawler.answer import unpacked
from crawler.decode import decode
from crawler.extract import AdScore, extract, field_modules
from crawler.feeds import Feed
from crawler.gaps import around
from crawler.links import Place
from crawler.page import Document, ExtractError, Page
from crawler.parse import parse, selected
from crawler.robots import product
from crawler.shapes import is_service, looks_like_article, looks_like_list
from crawler.urls import resolve
from storage.keys import url_key
from storage.records import Article, Gap, Headline, Notice, Signs, Target

# Bytes of a page that came compressed without saying so.
MAX_UNPACKED = 8_000_000

# A refresh after a few seconds is a redirect; one after minutes keeps a list fresh.
_REFRESH = re.compile(r"""\s*[0-5](?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?["']?([^"']+)""", re.I)

Timer = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer yielded.

    `following` is the next page of the same thing: of an article, to be joined to it, or of a list, wanted while
    this one shows news. `joined`: the article goes on over several pages; `whole`: all of them could be read.
    `further`: this is not the first of them.
    `notices` is what was said about the use of the article.
    `changed` are addresses with the time when each last changed, as a feed or sitemap has it.
    `signs` is what it yielded, to be held against what its site does.
    `gap` is the one that the article lies in, and its `neighbours` are those that the walk through it goes on with.
    """

    article: Article | None = None
    headlines: Sequence[Headline] = ()
    targets: Sequence[Target] = ()
    following: Target | None = None
    joined: bool = False
    whole: bool = True
    further: bool = False
    notices: tuple[Notice, ...] = ()
    changed: Mapping[str, datetime] = field(default_factory=dict)
    gap: Gap | None = None
    neighbours: Sequence[Target] = ()
    signs: Signs | None = None


def read_safely(page: Page, place: Place, settings: Settings, *, ad_score: AdScore, timed: Timer) -> Reading:
    """`read` by the settings. Raises ExtractError, also for a page that breaks a rule of ours: it stops no other."""
    threshold, agent = settings.ad_threshold, product(settings.user_agent)
    try:
        return read(page, place, ad_score=ad_score, ad_threshold=threshold, timed=timed, agent=agent)
    except ExtractError:
        raise
    except Exception as error:
        raise ExtractError(f"reading it failed with {type(error).__name__}: {error}", ours=True) from error


def read(
    page: Page,
    place: Place,
    *,
    ad_score: AdScore,
    ad_threshold: float,
    timed: Timer,
    agent: str = "kuaixun",
    follow: bool = True,
) -> Reading:
    """Read a page, a feed or a sitemap, whatever its label says. Raises ExtractError; `timed` measures the steps.

    `agent` is the product token that orders to us are known by. Without `follow` the addresses to ask next are spared.
    """
    if not page.body:
        if not (sent := list(_forwarded(page, (), place))):
            raise ExtractError("the answer is empty")
        return Reading(targets=sent)
    content_type, source = page.headers.get("content-type", ""), place.source
    with timed("decode"):
        feed = feeds.parse(page.body, page.url, content_type, ZoneInfo(source.timezone) if source.timezone else None)
        decoded = None if feed else decode(unpacked(page.body, MAX_UNPACKED), content_type, source.encoding)
    with timed("extract"):
        if decoded is None:
            assert feed
            reading = _read_feed(feed, place, ad_score, ad_threshold)
            barred = rights.orders(page.headers, (), agent, place.now).nofollow
            return replace(reading, targets=()) if barred else reading
        document = Document(page.url, decoded.text, page.fetched_at, decoded.encoding, source)
        found = extract(document, ad_score=ad_score)
        orders = rights.orders(page.headers, found.metas, agent, place.now)
        found = replace(found, nofollow=orders.nofollow)
        # What is refused may still lead on, and is no error then.
        targets = links.from_page(found, place, ad_threshold=ad_threshold) if follow or found.refused else []
        if found.refused and (place.target.kind == "article" or not targets):
            raise ExtractError(f"no article but {found.refused}")
        following = links.next_page(found, place)
        gap = around(place.gaps, found.article.published_at) if found.article else None
        neighbours = links.neighbours(found, place) if gap else []
        targets = [*neighbours, *targets]
    if found.article is None and not orders.nofollow:
        targets += _forwarded(page, found.metas, place)
    article, notices = found.article, tuple[Notice, ...]()
    if article is None or orders.noindex or _is_list(page.url, place.target):
        article = None
    else:
        extra = {**article.extra, "page_sha256": sha256(page.body).hexdigest()}
        article = replace(article, extra=extra, rules=rules.version(source))
        notices = (Notice(page.url, "article", page.fetched_at, rights.of_page(page.headers, found.metas, agent)),)
    further = article is not None and links.is_further(found, place)
    seen = signs.of_page(found, place.target, source, sum(each.kind == "article" for each in targets))
    return Reading(
        article, found.headlines, targets, following, further=further, notices=notices, gap=gap, neighbours=neighbours,
        signs=seen,
    )  # fmt: skip


def _forwarded(page: Page, metas: Sequence[tuple[str, str]], place: Place) -> Iterator[Target]:
    """Where a page without an article sends its reader at once, if that is ours: its `Refresh` header or meta tag."""
    depth = place.target.depth + 1
    sent = sent_on(page, metas)
    url = resolve(place.url, sent) if sent else None
    owner = place.owner(url) if url else None
    if url and owner and url != place.url and depth <= owner.max_depth:
        yield Target(url, place.target.kind, owner.name, place.target.priority, depth, found_on=place.url)


def sent_on(page: Page, metas: Sequence[tuple[str, str]]) -> str:
    """Where a page sends its reader at once, as its `Refresh` header or meta tag has it; "" for nowhere."""
    told = [page.headers.get("refresh", ""), *(content for name, content in metas if name == "refresh")]
    sent = next(filter(None, map(_REFRESH.match, told)), None)
    return sent[1].strip() if sent else ""


def unusable(source: Source) -> Iterator[tuple[str, str]]:
    """What of a source's settings no page can be read with: the key, and a sentence that can stand behind it.

    That is a field that does not exist, or a selector that is none.
    """
    (page, _), known = parse("<p>"), field_modules()
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
    doubtful = {url_key(item.url) for item, score in scored if score >= ad_threshold}
    targets = links.from_feed(feed, place, doubtful=doubtful)
    seen = signs.of_list(place.target.url, len(feed.items))
    return Reading(headlines=headlines, targets=targets, changed=links.changed(feed, targets), signs=seen)


def _is_list(url: str, target: Target) -> bool:
    """What was asked for as a list, and has the address of one, is none of its articles, however it reads.

    So is a front page: it is nobody's article. Neither is what an address is redirected to instead of what it named: to
    the front page with a note for it, to a log-in.
    """
    front = urlsplit(url).path == "/"
    if url != target.url and (front or (is_service(url) and not is_service(target.url))):
        return True
    return (front and not urlsplit(url).query) or (
        target.kind != "article" and looks_like_list(url) and not looks_like_article(url)
    )
