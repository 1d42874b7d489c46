"""When the items of a list come, and so when to look at it again. Pure.

A list remembers how many items came in each hour of the day, and how far the last hour went beyond that. The next visit
is when so many are expected that, with a margin for chance, they still fit well on the page: a busy hour is visited
often, the night seldom. Where requests are left of what its items may cost, no busy hour waits long. A publisher that
writes by the clock is met just after its items: see `beat`. Until three days are known, the source's own interval is
the longest pause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import exp, sqrt

from crawler import beat
from storage.records import Rhythm

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)
LEARNING = timedelta(days=3)

# New items on a page may be so many that with this many deviations by chance they still fit, and never more than these.
# What does not fit costs one request more where the list has a further page, and is lost where it has none.
_CHANCE, _CHANCE_ALONE, _MOST = 0.7, 2.7, 11.5
# Requests that an item may cost, and the shortest pause, in hours, for which they are spent.
_COST, _COST_ALONE, _QUICK = 0.124, 0.18, 0.25
# On a short list so many times what it takes to lose nothing.
_SPARE = 1.15
# The hours with the least items, together this share, may wait so many times longer.
_QUIET, _QUIET_PAUSE = 0.065, 4.0
# How much the last day says against all days before it.
_SHARE = 0.2
# What came of late is believed against so many items that the hours promised; it fades with this time, in hours.
_FAITH, _FAITH_ALONE, _FADES = 20.0, 1.0, 0.5
# A lull is believed so far only, and not where an item would be lost.
_LULL = 0.8
# Who had an item within a week is looked at four times a day at least.
_LIVELY, _LIVELY_PAUSE = timedelta(days=7), timedelta(hours=6)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def learn(
    known: Rhythm | None,
    now: datetime,
    size: int,
    news: Sequence[datetime | None],
    shown: Sequence[datetime | None] = (),
    *,
    paged: bool = False,
) -> Rhythm:
    """What is known of a list after a visit that showed `size` items, those of `news` for the first time.

    `news` has the time of each such item, None where it has none; `shown` the times of all. At the first visit all
    items are news, and those of the last day are the first guess. `paged`: the list goes on, on a further page.
    """
    told = [each for each in shown or news if each and each <= now]
    if known is None:
        times = [each for each in news if each and now - _DAY < each <= now]
        first = Rhythm(now, now, size, 0, max(times, default=None), _counted(times))
        return replace(
            first,
            beat=beat.measured(told, None),
            paged=paged,
            newest_at=max(told, default=None),
            came=_faded(times, now),
        )
    dated = [each for each in news if each and known.seen_at < each <= now]
    # An item without a time came at any moment since the last visit: half way is right on average.
    dated += [known.seen_at + (now - known.seen_at) / 2] * (len(news) - len(dated))
    exposed, counts = _exposed(known.seen_at, now), _counted(dated)
    fades = exp(-((now - known.seen_at) / _HOUR) / _FADES)
    # The first day is all that is known, the second half of it.
    share = max(_SHARE, 1 / (1 + (now - known.since) // _DAY))
    return replace(
        known,
        seen_at=now,
        size=size or known.size,
        items=known.items + len(news),
        last_item_at=max([*dated, *filter(None, [known.last_item_at])], default=None),
        hours=tuple(
            old * (1 - share * part) + share * count
            for old, part, count in zip(known.hours, exposed, counts, strict=True)
        ),
        came=known.came * fades + _faded(dated, now),
        expected=known.expected * fades + _promised(known, now),
        beat=beat.measured(told, known.beat) if size else known.beat,
        lag=beat.lagging(known, told),
        newest_at=max([*told, *filter(None, [known.newest_at])], default=None),
        paged=known.paged or paged,
    )


def _faded(times: Sequence[datetime], now: datetime) -> float:
    return sum(exp(-((now - at) / _HOUR) / _FADES) for at in times)


def _counted(times: Sequence[datetime]) -> tuple[float, ...]:
    hours = [0.0] * 24
    for each in times:
        hours[each.astimezone(UTC).hour] += 1
    return tuple(hours)


def _exposed(start: datetime, end: datetime) -> list[float]:
    """For each hour of the day, how much of it lies between two times (0 to 1)."""
    shares, at = [0.0] * 24, max(start, end - _DAY)
    while at < end:
        following = min(end, at.replace(minute=0, second=0, microsecond=0) + _HOUR)
        shares[at.astimezone(UTC).hour] += (following - at) / _HOUR
        at = following
    return [min(share, 1.0) for share in shares]


def _promised(known: Rhythm, now: datetime) -> float:
    """How many items the hours promised since the last visit, the older ones faded."""
    total, end, hours = 0.0, now, 0
    while end > known.seen_at and hours < 6:
        start = max(known.seen_at, (end - timedelta(microseconds=1)).replace(minute=0, second=0, microsecond=0))
        weight = exp(-((now - end) / _HOUR) / _FADES) - exp(-((now - start) / _HOUR) / _FADES)
        total += known.hours[start.astimezone(UTC).hour] * _FADES * weight
        end, hours = start, hours + 1
    return total


def pause(known: Rhythm, every: timedelta, now: datetime) -> timedelta | None:
    """How long to leave a list alone; None while that is the source's own interval `every`."""
    if not known.size:
        return None
    lively = known.last_item_at is not None and now - known.last_item_at < _LIVELY
    found = min(_until_full(known, now), _LIVELY_PAUSE if lively else LONGEST)
    if known.beat and beat.is_on(known, now):
        stride = min(beat.STRIDE, max(1.0, known.size / 2))
        wanted = beat.following(known.beat, known.lag, now + timedelta(seconds=known.beat.period / 2), every=stride)
        found = min(found, wanted - now)
    found = max(SHORTEST, found)
    if now - known.since < LEARNING:
        return found if found < every else None
    return found


def _until_full(known: Rhythm, now: datetime) -> timedelta:
    """The time until as many items are expected as a visit should find, or one of them has waited long enough."""
    # What came of late against what was promised: a burst makes the pause shorter, a lull a little longer.
    faith = _FAITH if known.paged else _FAITH_ALONE
    surge = max(_LULL if known.paged else 1.0, (faith + known.came) / (faith + known.expected)) - 1
    # While the hours are not known, what came of late is believed to go on.
    goes_on = known.came / _FADES if now - known.since < _DAY else 0.0
    room, pauses = _room(known), _pauses(known)
    waited, expected, longest = 0.0, 0.0, LONGEST / _HOUR
    at = now.astimezone(UTC)
    begun = (at - at.replace(minute=0, second=0, microsecond=0)) / _HOUR
    while waited < longest:
        hour = int(begun + waited + 1e-9)
        left = max(hour + 1 - begun - waited, 1e-6)
        this = (at.hour + hour) % 24
        longest = min(longest, max(waited, pauses[this]))
        # What comes at nine today may have come at ten yesterday.
        rate = max(known.hours[this], (known.hours[this - 1] + known.hours[(this + 1) % 24]) / 2)
        rate = max(goes_on, rate * (1 + surge * exp(-waited / _FADES)))
        step = min(left, longest - waited, 0.25 if abs(surge) > 0.05 else 1.0)
        if expected + rate * step >= room:
            return (waited + (room - expected) / rate) * _HOUR
        expected += rate * step
        waited += max(step, 1e-6)
    return waited * _HOUR


def _room(known: Rhythm) -> float:
    """How many items a visit may expect: with the margin for chance they fit beside one that is known."""
    free, chance = max(known.size - 1, 0.5), _CHANCE if known.paged else _CHANCE_ALONE
    root = (sqrt(chance**2 + 4 * free) - chance) / 2
    return min(root * root, _MOST)


def _pauses(known: Rhythm) -> list[float]:
    """For each hour of the day the longest pause that what its items may cost allows, in hours."""
    items, room = sum(known.hours), _room(known)
    cost = max(_COST if known.paged else _COST_ALONE, _SPARE / room)
    # One hour of a few days says little; those around it say more.
    hours = [(known.hours[hour - 1] + 2 * known.hours[hour] + known.hours[(hour + 1) % 24]) / 4 for hour in range(24)]
    slower = [1.0] * 24
    for hour, together in _summed(hours):
        if together > _QUIET * items:
            break
        slower[hour] = _QUIET_PAUSE
    shares = list(zip((rate / room for rate in hours), slower, strict=True))
    low, high = _QUICK, 24.0
    for _ in range(9):
        middle = sqrt(low * high)
        requests = sum([max(least, 1 / (middle * factor)) for least, factor in shares])
        low, high = (low, middle) if requests <= cost * items else (middle, high)
    return [high * factor for factor in slower]


def _summed(hours: Sequence[float]) -> Iterator[tuple[int, float]]:
    """The hours from the quietest on, each with the items of all until then."""
    order = sorted(range(24), key=hours.__getitem__)
    return zip(order, accumulate(hours[hour] for hour in order), strict=True)
