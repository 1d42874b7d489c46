"""What a visit to a list says about its source: its rhythm, and whether something scrolled off unseen. Pure.

When no item of a list is known from before its last visit, more may have come than it shows. That is a gap, and the
following pages are asked until one shows an item that was known: then the gap is mended. Where a list has no paging,
the articles of the gap lead from neighbour to neighbour, past `max_depth`, until one links to the newest one known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config import Source
from crawler import rhythm
from crawler.shapes import is_page_of, page_number
from storage.records import Gap, Listing, Rhythm, Target


@dataclass(frozen=True, slots=True)
class Found:
    """The articles that a list shows: how many, since when each of the others is known, and the times of the news.

    `following` is the next page, "" when there is none or none is wanted.
    """

    size: int = 0
    known: Sequence[datetime | None] = ()
    news: Sequence[datetime | None] = ()
    following: str = ""


def found(
    urls: Sequence[str],
    times: Mapping[str, datetime | None],
    known: Mapping[str, datetime | None],
    started: datetime,
) -> Found:
    """What a page shows, where `known` says since when an address is known (None: for long), and `times` its date.

    News is what was not known before `started`, when this pass began.
    """
    since = {url: known[url] for url in urls if url in known}
    old = {url for url, at in since.items() if at is None or at < started}
    return Found(len(urls), tuple(since.values()), tuple(times.get(url) for url in urls if url not in old))


def listing(
    target: Target, source: Source, found: Found, now: datetime, *, known: Rhythm | None, gaps: Sequence[Gap]
) -> Listing:
    """What is to be kept of a visit to a list: see `Listing`. `known` and the open `gaps` are what was kept before."""
    if page_number(target.url) > 1 and target.depth > 0:
        mended = [gap for gap in gaps if is_page_of(target.url, gap.url) and _shows_known(found, gap.from_at)]
        walking = any(is_page_of(target.url, gap.url) for gap in gaps) and not mended
        return Listing(mended=mended, wake=[found.following] if walking and found.following else ())
    learnt = rhythm.learn(known, now, found.size, found.news)
    pause = None if source.cron else rhythm.pause(learnt, source.every, now)
    learnt = replace(learnt, pause=pause.total_seconds() if pause else None)
    if known is None or not known.size or not found.size or _shows_known(found, known.seen_at):
        return Listing(learnt)
    oldest = min((each for each in found.news if each and known.seen_at < each <= now), default=now)
    gap = Gap(target.source, target.url, known.seen_at, oldest, "no item of the list was known before", now)
    return Listing(learnt, gap, wake=[found.following] if found.following else ())


def gap_around(gaps: Sequence[Gap], published_at: datetime | None) -> Gap | None:
    """The open gap that an article of this time lies in."""
    if published_at is None:
        return None
    return next((gap for gap in gaps if gap.from_at < published_at <= gap.noted_at), None)


def _shows_known(found: Found, at: datetime) -> bool:
    return any(since is None or since <= at for since in found.known)
