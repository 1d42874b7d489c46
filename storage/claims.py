"""How far the times that a site claims can be believed. Pure.

A claim after our receipt, or from before there were such sites, is kept and flagged, and not used. A claim that looks
well can be wrong too: a site that writes times without a zone jumps by an hour when its summer time ends, and by eight
when its server moves. So each host has a `Clock`, the delay that its articles usually come with, and a whole hour that
stays is a `Fault`. Delays are taken only where the truth is known closely: see `Reading`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Literal, NamedTuple

from storage.records import Article
from storage.times import claim
from storage.values import column_value

Flag = Literal["future", "impossible"]

# No site of ours existed before.
OLDEST_YEAR = 1990
# Clocks differ by minutes; a day without an hour may be that of another zone.
SKEW, DAY_SKEW = timedelta(minutes=5), timedelta(hours=12)

# A list that is looked at more seldom does not tell when an article came, in minutes; nor does a delay of days.
WIDEST, LONGEST = 120.0, 15 * 60.0
# Readings that make a usual delay, and that make another one of it: the second from so many visits, in so many minutes.
_FIRST, _LASTING, _MOST, _VISITS, _SPAN = 16, 10, 16, 5, 120.0
# Minutes: readings of one delay lie so close, a shift is so close to whole hours, and one this small is none.
_CLOSE, _WHOLE, _SMALL = 10.0, 5.0, 10.0
_SHARE = 0.8
_NEAR = 20.0
# How far the usual delay follows one reading.
_FOLLOW = 1 / 16


def flag(published: datetime, precision: str | None, seen: datetime) -> Flag | None:
    """What is wrong with a claim that was read at `seen`; None when nothing is."""
    if published.year < OLDEST_YEAR:
        return "impossible"
    return "future" if published - seen > (DAY_SKEW if precision == "day" else SKEW) else None


class Claim(NamedTuple):
    """When a page claims that its article was published, as columns take it."""

    precision: str | None = None
    evidence: str | None = None
    flag: Flag | None = None
    at: str | None = None


NO_CLAIM = Claim()


def claim_time(article: Article) -> datetime | None:
    """The time that the page claims, also one that the extraction does not believe."""
    claimed = article.published_at or article.extra.get("claimed_time")
    return claimed if isinstance(claimed, datetime) else None


def claim_of(article: Article, seen: datetime) -> Claim:
    """What an article that was first seen at `seen` claims. That it came later is wrong whenever it is said."""
    published = claim_time(article)
    if published is None:
        return NO_CLAIM
    precision, evidence = (column_value(article.extra.get(f"published_{name}")) for name in ("precision", "evidence"))
    return Claim(precision, evidence, flag(published, precision, seen), claim(published))


class Reading(NamedTuple):
    """How long after the time that it claims one article came, in minutes.

    It came between two visits of the list that first showed it: `delay` is to the middle of these, `half` is how far
    they are from there. `at` is the second of them, in minutes since 1970.
    """

    at: float
    delay: float
    half: float


def reading(published: datetime, before: datetime, seen: datetime) -> Reading | None:
    """The reading of an article whose list did not show it at `before` and did at `seen`; None when it says nothing."""
    width = (seen - before).total_seconds() / 60
    delay = (seen - published).total_seconds() / 60 - width / 2
    if not 0 <= width <= WIDEST or abs(delay) > LONGEST:
        return None
    return Reading(seen.timestamp() / 60, round(delay, 2), round(width / 2, 2))


@dataclass(frozen=True, slots=True)
class Clock:
    """What is known of the times of a host.

    `usual` is the delay that its articles come with, in minutes, None before it is known; `right` what it would be
    without a fault. `odd` are the readings that make the first one, or that differ from it.
    """

    usual: float | None = None
    right: float = 0.0
    odd: tuple[Reading, ...] = ()


class Fault(NamedTuple):
    """The claimed times of a host run `hours` ahead of the truth since `since` (minutes since 1970); 0: right again."""

    hours: float
    since: float
    articles: int
    usual: float | None
    found: float


def learn(clock: Clock, new: Reading) -> tuple[Clock, Fault | None]:
    """The clock after one more reading, and what that shows of a fault."""
    if clock.usual is None:
        return _begun(replace(clock, odd=_with(clock.odd, new)))
    if abs(new.delay - clock.usual) <= max(_NEAR, new.half + _CLOSE):
        # Who is right most of the time has no fault, whatever a few of its articles say.
        return replace(clock, usual=clock.usual + (new.delay - clock.usual) * _FOLLOW, odd=clock.odd[3:]), None
    return _shifted(replace(clock, odd=_with(clock.odd, new)))


def _with(odd: tuple[Reading, ...], new: Reading) -> tuple[Reading, ...]:
    """Of one visit only two readings count: what a site brings at once says the same many times."""
    if sum(each.at == new.at for each in odd) >= 2:
        return odd
    return (*odd, new)[-_MOST:]


def _begun(clock: Clock) -> tuple[Clock, Fault | None]:
    """The first usual delay, once there is one. Claims that lie ahead of it from the beginning are a fault."""
    if len(clock.odd) < _FIRST or not _is_one(clock.odd):
        return clock, None
    found = median(each.delay for each in clock.odd)
    # Not by the middle: who publishes on the hour and is asked shortly after it comes early there, and is right.
    if median(each.delay + each.half for each in clock.odd) >= -_SMALL:
        return Clock(found, found), None
    ahead = _ahead(found) or round(-found / 60, 1)
    return Clock(found, 0.0), Fault(ahead, clock.odd[0].at, len(clock.odd), None, found)


def _shifted(clock: Clock) -> tuple[Clock, Fault | None]:
    """Another usual delay, once it is sure: by whole hours it is a fault or its end, otherwise the way of the site."""
    odd, usual = clock.odd, clock.usual or 0.0
    visits = len({each.at for each in odd})
    if len(odd) < _LASTING or visits < _VISITS or odd[-1].at - odd[0].at < _SPAN or not _is_one(odd):
        return clock, None
    found = median(each.delay for each in odd)
    shift = found - usual
    hours = round(shift / 60)
    # Two visits that are an hour apart cannot tell whether an article came an hour earlier.
    half = median(each.half for each in odd)
    beside = abs(shift - hours * 60) if hours and 2 * half <= abs(hours) * 30 else 60.0
    if beside <= _WHOLE:
        return Clock(found, clock.right), Fault(_ahead(found - clock.right), odd[0].at, len(odd), usual, found)
    if len(odd) < _MOST or beside <= _WHOLE + half / 2:  # the next readings tell
        return clock, None
    return Clock(found, clock.right + shift), None


def _is_one(readings: tuple[Reading, ...]) -> bool:
    """Whether most of the readings are of one delay."""
    middle = median(each.delay for each in readings)
    near = max(_CLOSE, median(each.half for each in readings) + _CLOSE / 2)
    return sum(abs(each.delay - middle) <= near for each in readings) >= _SHARE * len(readings)


def _ahead(minutes: float) -> float:
    """By how many hours claims run ahead, for a delay that differs by `minutes`; whole ones as such, 0 for none."""
    hours = round(minutes / 60)
    if hours and abs(minutes - hours * 60) <= _NEAR:
        return float(-hours)
    return 0.0 if abs(minutes) <= _NEAR else round(-minutes / 60, 1)
