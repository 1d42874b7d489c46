"""What next, and when: the decisions of the crawl as pure functions of values.

Pace belongs to the host, order to the kind (feeds and sitemaps before lists before articles, the newest first), the
next visit to what the last one was, and budgets keep a hostile or endless site from taking the pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import log2
from urllib.parse import urlsplit

from config import Settings, Source
from crawler.beat import following
from crawler.page import FetchError
from crawler.shapes import looks_like_article, page_number, suffix
from crawler.urls import bare_host, host
from storage.records import Rhythm, Target, TargetKind

# When nothing else is left to do, a pass waits this long for a host after failures, and for a retry; see `pace`.
PATIENCE = timedelta(minutes=1)
# Pages of one list: an archive has no end.
MAX_PAGE = 20

_FIRST_RETRY, _RETRY_GROWTH, _LONGEST_RETRY = 2.0, 4.0, 3600.0
_LATER_TRIES = 8
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_SETTLED, _MONTH = timedelta(days=3), timedelta(days=30)
# From one visit of an article to the next.
_AGAIN = (_HOUR, 23 * _HOUR, 6 * _DAY, 23 * _DAY)
# Of an article that was probably read by another address.
LAST_PRIORITY = 0
# Of what is announced like advertising: news may sound so too.
AD_PRIORITY = -1

NextVisit = Callable[[Source, datetime], datetime]


def next_visit(source: Source, now: datetime) -> datetime:
    """When a source without a crontab line is looked at again; `schedule.next_visit` knows crontab and jitter too."""
    return now + source.every


# -- order


def list_priority(kind: TargetKind, depth: int) -> int:
    """Feeds 100, sitemaps 90, lists 80; less with each step from the seeds. Articles stay below."""
    return {"feed": 100, "sitemap": 90, "list": 80, "article": 60}[kind] - min(depth, 4) * 4


def article_priority(published_at: datetime | None, now: datetime) -> int:
    """60 for this minute, 55 an hour old, 37 a day, 12 a month; 40 when nobody says how old."""
    if published_at is None:
        return 40
    hours = max(0.0, (now - published_at).total_seconds() / 3600)
    return max(1, 60 - round(5 * log2(1 + hours)))


def kind_of_seed(url: str) -> TargetKind:
    """What a start address looks like; the content decides when it comes."""
    return "feed" if suffix(url) in ("xml", "rss", "atom", "rdf", "gz") else "list"


# -- when again


def after_article(
    target: Target, published_at: datetime | None, now: datetime, known: Rhythm | None = None
) -> datetime | None:
    """An article is asked again an hour after its first visit, a day, a week and a month after it, then never.

    One that came days old goes on with the week, one that came months old has settled. The last pause tells which
    visit this was. Who lists an article as changed later wakes it, see `Queue.wake_changed`.

    Where its publisher, of whose list `known` is known, writes by the clock, the visit waits for the next item: the
    page may announce it. Articles that were found together come back as far from each other as they were written.
    """
    again = _after_article(target, published_at, now)
    if again is None or known is None or known.beat is None:
        return again
    age = now - published_at if published_at else timedelta()
    spread = age if target.visited_at is None and timedelta() < age < _HOUR else timedelta()
    return following(known.beat, known.lag, again + spread)


def _after_article(target: Target, published_at: datetime | None, now: datetime) -> datetime | None:
    if target.visited_at is None or target.next_at is None or target.tries:
        age = now - published_at if published_at else timedelta()
        return now + _AGAIN[0 if age < _SETTLED else 2] if age < _MONTH else None
    last_pause: timedelta = target.next_at - target.visited_at
    return next((now + pause for pause in _AGAIN if pause > last_pause), None)


def after_list(
    target: Target,
    source: Source,
    source_next: datetime,
    now: datetime,
    *,
    has_news: bool,
    pause: timedelta | None = None,
) -> datetime | None:
    """A list is asked again after the `pause` that its rhythm wants, see `rhythm`.

    Where there is none yet, one near the seeds is asked whenever its source is, one further away four times more
    seldom each step. A source with a crontab line keeps to it.
    Page 2 and further are asked again after a day while they have news, then only when paging leads there.
    """
    if page_number(target.url) > 1 and target.depth > 0:
        return now + _DAY if has_news else None
    if pause is not None and not source.cron:
        return now + pause
    if target.depth == 0 or target.kind == "feed":
        return source_next
    seldom: timedelta = source.every * 4**target.depth
    return max(source_next, now + min(seldom, _DAY))


@dataclass(frozen=True, slots=True)
class Again:
    """When to try again, None for never; `soon` when this pass should wait for it."""

    at: datetime | None
    soon: bool = False


def after_failure(target: Target, error: FetchError, settings: Settings, source_next: datetime, now: datetime) -> Again:
    """What a failure means for its address: a retry in this pass, a later visit, or the end.

    A seed stays with its source, because a broken source must be seen to be broken. For everything else 404 and 410
    are the end, and so is a refusal for an article; lists, passing troubles and those for which the address is not
    to blame get some later visits.
    """
    wait = timedelta(seconds=max(retry_pause(target.tries), error.after or 0))
    if error.retry and target.tries < settings.retries and wait <= PATIENCE:
        return Again(now + wait, soon=True)
    if target.kind != "article" and not target.found_on:
        return Again(max(source_next, now + wait))
    final = error.status in (404, 410) or (target.kind == "article" and not (error.retry or error.later))
    if final or target.tries >= settings.retries + _LATER_TRIES:
        return Again(None)
    later: timedelta = _HOUR * 2 ** max(0, target.tries - settings.retries)
    return Again(now + max(wait, min(later, _DAY)))


def retry_pause(tries: int) -> float:
    """Seconds before the next try after `tries` failures: 2, 8, 32, ... at most an hour."""
    return min(_FIRST_RETRY * _RETRY_GROWTH ** min(tries, 20), _LONGEST_RETRY)


# -- pace, for what `pace` remembers


def gap(settings: Settings, source: Source, crawl_delay: float | None) -> float:
    """Seconds between two requests to a host: the source's own or the general pause, or the host's longer wish."""
    own = settings.delay if source.delay is None else source.delay
    return max(own, crawl_delay or 0.0)


# -- whose address is it


class Owners:
    """Which source an address belongs to: one with a seed on its host, on its www or phone twin, or above it.

    Of several on one host it is the one whose `article` pattern it has, else the one whose seed lies above it in the
    tree of paths, the longest first, else the one that named it, else the first. Another port is another site.
    """

    def __init__(self, sources: Iterable[Source]):
        self.by_name: dict[str, Source] = {}
        self._by_site: dict[tuple[str, int], list[Source]] = {}
        for source in sources:
            self.by_name[source.name] = source
            for site in dict.fromkeys(map(_site, source.seeds)):
                self._by_site.setdefault(site, []).append(source)

    def of(self, url: str, named_by: str = "") -> Source | None:
        """The source of `url`, None for a stranger's; `named_by` is the source on whose page it stood."""
        found = self._on_site(url)
        if len(found) < 2:
            return found[0] if found else None
        return max(found, key=lambda source: (*_claim(source, url), source.name == named_by))

    def _on_site(self, url: str) -> Sequence[Source]:
        name, port = _site(url)
        while (name, port) not in self._by_site:
            if "." not in name or name.replace(".", "").isdigit():
                return ()
            name = name.partition(".")[2]
        return self._by_site[name, port]


@lru_cache(maxsize=2048)
def _site(url: str) -> tuple[str, int]:
    """The host without `www.` and the like, with its port where that is an unusual one, else 0."""
    try:
        port = urlsplit(url).port or 0
    except ValueError:
        port = 0
    return bare_host(url), 0 if port in (80, 443) else port


def _claim(source: Source, url: str) -> tuple[bool, int]:
    """How much speaks for a source: its pattern, and how much of the path is that of a seed."""
    path = urlsplit(url).path or "/"
    above = (_folder(seed) for seed in source.seeds if _site(seed) == _site(url))
    is_its_article = bool(source.article) and looks_like_article(url, source.article)
    return is_its_article, max((len(folder) for folder in above if path.startswith(folder)), default=0)


def _folder(url: str) -> str:
    return (urlsplit(url).path or "/").rpartition("/")[0] + "/"


def sources_of(addresses: Iterable[str]) -> tuple[Source, ...]:
    """A source for each host among plain start addresses, named after it; they are never stored as a configuration."""
    seeds: dict[str, list[str]] = {}
    for address in addresses:
        if host(address):
            seeds.setdefault(host(address), []).append(address)
    return tuple(Source(name=name, seeds=tuple(dict.fromkeys(found))) for name, found in seeds.items())
