"""When a list was not seen, or not whole, and why: what one visit says of that. Pure.

A gap begins with the last good visit and ends with the next one. While it goes on there is one gap, however often the
list fails and whatever for: it bears the name of what it began with, and its signs tell the rest. It is mended when
what comes then shows an item that was known before it: nothing has scrolled off. A list that is asked much later than
planned has a gap too, since nobody looked.

Only what is meant to be seen can be missed: the seeds of a source, and what has shown articles before. A list that the
site takes away (404 or 410, and nobody asks again) is not missed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config import Source
from crawler.page import FetchError, Forbidden
from crawler.refusals import WALLS
from crawler.shapes import page_number
from storage.gaps import LEAST
from storage.keys import url_key
from storage.records import Gap, GapKind, Rhythm, Sign, Target

BLOCKED = frozenset((401, 403, 429, 451))
# Of a gap so many signs are kept.
MOST_SIGNS = 20

_STATUS = re.compile(r"\bstatus (\d{3})\b")
_OVERRUN = "no item of the list was known before"
_ALONE = "its host was left alone: "
_EMPTY = "the list shows no item any more"


@dataclass(frozen=True, slots=True)
class Found:
    """The articles that a list shows: how many, since when each of the others is known, and the times of the news.

    `shown` has the times of all. `following` is the next page, "" when there is none or none is wanted.
    """

    size: int = 0
    known: Sequence[datetime | None] = ()
    news: Sequence[datetime | None] = ()
    following: str = ""
    shown: Sequence[datetime | None] = ()

    def shows_known(self, at: datetime) -> bool:
        """Whether any of them was known at a time."""
        return any(since is None or since <= at for since in self.known)


@dataclass(frozen=True, slots=True)
class Before:
    """What was known of a list before a visit: its rhythm, the gap that goes on, and its host's trouble.

    `trouble` is until when the host was left alone, and the error that was the reason: looked for where a list is late.
    """

    rhythm: Rhythm | None = None
    gap: Gap | None = None
    trouble: tuple[datetime, str] | None = None


def kind_of(status: int, reason: str) -> GapKind:
    """What a failure means: refused to us, or no usable answer."""
    told = status or int(found[1] if (found := _STATUS.search(reason)) else 0)
    return "blocked" if told in BLOCKED or any(wall in reason for wall in WALLS) else "down"


def is_watched(target: Target, source: Source, known: Rhythm | None) -> bool:
    """Whether a list is missed when it is not seen: a seed, or one that has shown articles; never its further pages.

    What was a seed once, and is none now, nobody wants to see.
    """
    if target.kind == "article" or (page_number(target.url) > 1 and target.depth > 0):
        return False
    if target.found_on:
        return known is not None and known.size > 0
    return url_key(target.url) in map(url_key, source.seeds)


def meant(sources: Sequence[Source], then: Collection[str] = ()) -> list[str] | None:
    """The sources that are meant to be asked; None where no configuration says so.

    What is not configured any more was asked `then`, for all that the database of that time knows.
    """
    if not sources:
        return None
    configured = {source.name for source in sources}
    return [source.name for source in sources if source.enabled] + [name for name in then if name not in configured]


def lateness(known: Rhythm | None, now: datetime) -> float:
    """Seconds after its time that a list is visited."""
    return max(0.0, (now - known.due_at).total_seconds()) if known and known.due_at else 0.0


def missed(known: Rhythm | None, every: timedelta, now: datetime) -> bool:
    """Whether nobody asked for a list for much longer than planned: than its own pause, and its source's.

    Who starts a pass once a day has lists that are always late: that is his rhythm, and no gap after the second time.
    """
    if known is None or known.due_at is None:
        return False
    planned = max((known.due_at - known.seen_at).total_seconds(), every.total_seconds(), LEAST.total_seconds())
    return lateness(known, now) > max(planned, 2 * min(known.late, known.late_before))


def failed(
    target: Target, source: Source, error: FetchError, now: datetime, *, before: Before, is_last: bool
) -> Gap | None:
    """What a failed visit says of a gap: one that it begins, or more of the one that goes on; None for nothing.

    `is_last`: the list will not be asked again, and its gap ends.
    """
    if not is_watched(target, source, before.rhythm):
        return None
    kind: GapKind = "robots" if isinstance(error, Forbidden) else kind_of(error.status, error.reason)
    if is_last and before.gap is None and error.status in (404, 410):
        return None
    gap = _with(before, target, source, now, Sign(now, kind, error.reason))
    return replace(gap, to_at=now) if gap and is_last else gap


def answered(
    target: Target, source: Source, found: Found, now: datetime, *, before: Before, is_same: bool = False
) -> Gap | None:
    """The gap that an answer ends or shows; None when there is none. `is_same`: it is the page of the last visit."""
    known = before.rhythm
    if known and known.size and not found.size and not is_same:
        watched = is_watched(target, source, known)
        return _with(before, target, source, now, Sign(now, "down", _EMPTY)) if watched else None
    gap = _with(before, target, source, now)
    if gap:
        is_new = known is None and _reaches(found, gap, now)
        is_whole = is_same or not found.size or is_new or found.shows_known(gap.from_at)
        return replace(gap, to_at=now, mended_at=now if is_whole else None)
    if known is None or is_same or not known.size or not found.size or found.shows_known(known.seen_at):
        return None
    oldest = min((each for each in found.news if each and known.seen_at < each <= now), default=now)
    signs = (Sign(now, "overrun", _OVERRUN),)
    return Gap(target.source, target.url, known.seen_at, oldest, _OVERRUN, now, "overrun", signs)


def around(gaps: Sequence[Gap], published_at: datetime | None) -> Gap | None:
    """The gap of those that have ended that an article of this time lies in."""
    if published_at is None:
        return None
    # An overrun list may lack what came until it was noticed: its items are not in order of time to the minute.
    ended = ((gap, max(gap.to_at, gap.noted_at)) for gap in gaps if gap.to_at)
    return next((gap for gap, end in ended if gap.from_at < published_at <= end), None)


def _with(before: Before, target: Target, source: Source, now: datetime, *signs: Sign) -> Gap | None:
    """The gap that goes on with what is new of it, or the one that begins; None when there are no signs of any."""
    known, gap = before.rhythm, before.gap
    if known and known.due_at and is_watched(target, source, known):
        signs = (*_unasked(known.due_at, source.every, before, now), *signs)
    if gap:
        return replace(gap, signs=_added(gap.signs, signs))
    if not signs:
        return None
    start, first = known.seen_at if known else now, signs[0]
    return Gap(target.source, target.url, start, None, first.reason, now, first.kind, _added((), signs))


def _unasked(due: datetime, every: timedelta, before: Before, now: datetime) -> tuple[Sign, ...]:
    """Why nobody asked for a list from when it was due: its host wanted to be left alone, or it was our own fault."""
    until, error = before.trouble or (due, "")
    if not missed(before.rhythm, every, now):
        return ()
    reason = error if error.startswith(_ALONE) else _ALONE + error
    told = (Sign(due, kind_of(0, error), reason),) if until > due else ()
    if now - max(until, due) <= max(every, LEAST) and told:
        return told
    return (*told, Sign(max(until, due), "outage", "it was due and nobody asked for it"))


def _added(known: tuple[Sign, ...], new: tuple[Sign, ...]) -> tuple[Sign, ...]:
    """The signs with those that say something new."""
    signs = list(known)
    for sign in new:
        if not signs or signs[-1][1:] != sign[1:]:
            signs.append(sign)
    return (*signs[: MOST_SIGNS - 1], signs[-1]) if len(signs) > MOST_SIGNS else tuple(signs)


def _reaches(found: Found, gap: Gap, now: datetime) -> bool:
    """Whether a list that is seen for the first time goes back to the first try; in minutes it will."""
    return now - gap.from_at <= LEAST or any(each <= gap.from_at for each in found.news if each)
