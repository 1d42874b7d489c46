"""When the items of a list come, and so when to look at it again. Pure.

A list remembers how many items came in each hour of the day. The next visit is when so many are expected that, with a
margin for chance, they still fit well on the page: a busy hour is visited often, the night seldom. Until three days are
known, the source's own interval is the longest pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import sqrt

from storage.records import Rhythm

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)
LEARNING = timedelta(days=3)

# The share of a page that new items may take up, and how many items one visit waits for at most.
_ROOM, _MOST = 0.7, 8.0
# How much the last day says against all days before it.
_SHARE = 0.5
# Who had an item within a week is looked at four times a day at least.
_LIVELY, _LIVELY_PAUSE = timedelta(days=7), timedelta(hours=6)
_STEP = timedelta(minutes=5)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def learn(known: Rhythm | None, now: datetime, size: int, news: Sequence[datetime | None]) -> Rhythm:
    """What is known of a list after a visit that showed `size` items, those of `news` for the first time.

    `news` has the time of each such item, None where it has none. At the first visit all items are news, and those of
    the last day are the first guess.
    """
    if known is None:
        times = [each for each in news if each and now - _DAY < each <= now]
        return Rhythm(now, now, size, 0, max(times, default=None), _counted(times))
    dated = [each for each in news if each and known.seen_at < each <= now]
    # An item without a time came at any moment since the last visit: half way is right on average.
    dated += [known.seen_at + (now - known.seen_at) / 2] * (len(news) - len(dated))
    exposed, counts = _exposed(known.seen_at, now), _counted(dated)
    hours = tuple(
        old * (1 - _SHARE * share) + _SHARE * count
        for old, share, count in zip(known.hours, exposed, counts, strict=True)
    )
    last = max([*dated, *filter(None, [known.last_item_at])], default=None)
    return Rhythm(known.since, now, size or known.size, known.items + len(news), last, hours)


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


def pause(known: Rhythm, every: timedelta, now: datetime) -> timedelta | None:
    """How long to leave a list alone; None while that is the source's own interval `every`."""
    if not known.size:
        return None
    lively = known.last_item_at is not None and now - known.last_item_at < _LIVELY
    found = max(SHORTEST, min(_until_full(known, now), _LIVELY_PAUSE if lively else LONGEST))
    if now - known.since < LEARNING:
        return found if found < every else None
    return found


def _until_full(known: Rhythm, now: datetime) -> timedelta:
    """The time until as many items are expected as a visit should find."""
    waited, expected = timedelta(), 0.0
    while waited < LONGEST:
        hour = (now + waited).astimezone(UTC).hour
        # What comes at nine today may have come at ten yesterday.
        rate = max(known.hours[hour], (known.hours[hour - 1] + known.hours[(hour + 1) % 24]) / 2)
        step = _STEP
        while step > timedelta(seconds=30) and _is_full(expected + rate * (step / _HOUR), known.size):
            step /= 2
        expected += rate * (step / _HOUR)
        waited += step
        if _is_full(expected, known.size):
            break
    return waited


def _is_full(expected: float, size: int) -> bool:
    return expected >= _MOST or expected + sqrt(expected) >= _ROOM * size
