"""Publishers that write by the clock: the beat of their items, and the moment just after the next one. Pure.

A line through the times of a list's newest items tells period and phase. Where most items lie close to it there is a
beat, else none: items that come at random never look so. It is measured anew at each visit, so a beat that changes or
ends is forgotten with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil, floor

from storage.records import Beat, Rhythm

# So many items at least show a beat, and so many of the newest are looked at.
_FEWEST, _NEWEST = 6, 16
_PERIODS = (60.0, 3 * 3600.0)
# The share of items that must lie close to their time, and how close: a part of the period.
_REGULAR, _CLOSE = 0.8, 1 / 12
# A visit comes so much later than the expected item: seconds, and times the usual deviation.
_AFTER, _DEVIATIONS = 4.0, 2.0
# Without an item for so many periods the publisher rests.
_RESTS = 3.5
# Of the beats so many are visited; the others are seen at the next visit.
STRIDE = 2.6

# An item that was not there yet at a visit after its time came later than it says: so much of that is believed.
_LATEST, _FORGET = timedelta(minutes=10), 0.96
# Where times are whole minutes, the shortest period.
_MINUTE, _LEAST_CUT = 60.0, 240.0
_DAY = 86_400.0


def measured(times: Sequence[datetime], last: Beat | None) -> Beat | None:
    """The beat of the items with these times, None without one; `last` was the beat before."""
    moments = sorted({each.timestamp() for each in times})[-_NEWEST:]
    if moments and all(at % _MINUTE == 0 for at in moments):
        # The seconds were cut off, and any busy list then looks as if it had a beat of a minute.
        moments = [at + _MINUTE / 2 for at in moments]
        if len(moments) > 1 and (moments[-1] - moments[0]) / (len(moments) - 1) < _LEAST_CUT:
            return None
    # After a change of the beat the newest items have the new one.
    fitted = _fit(moments) or _fit(moments[-_NEWEST // 2 :])
    if fitted is None:
        return None
    period, at, deviation = fitted
    # The line through few items wavers: a beat that goes on is known better with each visit.
    if last and abs(last.period - period) < period * 0.01:
        period = last.period + (period - last.period) / 4
    return Beat(period, datetime.fromtimestamp(at, UTC), deviation)


def lagging(known: Rhythm, told: Sequence[datetime]) -> float:
    """Seconds by which items show up later than they say, beyond the usual margin, as far as is known.

    `told` are the times on the list now. One that says it came before the last visit, and was not there then, is late.
    """
    newest = known.newest_at
    if newest is None:
        return 0.0
    late = [known.seen_at - each for each in told if max(newest, known.seen_at - _LATEST) < each <= known.seen_at]
    if not late:
        return known.lag * _FORGET
    margin = _margin(known.beat) if known.beat else 0.0
    return max(known.lag, 1.5 * max(late).total_seconds() + _AFTER - margin)


def _margin(beat: Beat) -> float:
    return _AFTER + _DEVIATIONS * beat.deviation


def _fit(moments: Sequence[float]) -> tuple[float, float, float] | None:
    """Period, the last time on the line, and how far most items lie from it, in seconds; None without a beat."""
    if len(moments) < _FEWEST:
        return None
    gaps = [after - before for before, after in pairwise(moments)]
    usual = sorted(gaps)[len(gaps) // 2]
    if not _PERIODS[0] <= usual <= _PERIODS[1]:
        return None
    # Which beat each item came at, counted from one that is surely on it: the end of the first usual gap.
    steps, beat = [0], 0
    for gap in gaps:
        beat += round(gap / usual)
        steps.append(beat)
    if not 0 < steps[-1] <= 1.5 * len(gaps):
        return None
    period, start = _line(steps, moments)
    far = sorted(abs(start + step * period - at) for step, at in zip(steps, moments, strict=True))
    deviation = far[ceil(_REGULAR * len(far)) - 1]
    return (period, start + steps[-1] * period, deviation) if deviation <= period * _CLOSE else None


def _line(steps: Sequence[int], moments: Sequence[float]) -> tuple[float, float]:
    """Slope and start of the line through most of the points: the median slope is not moved by a few strays."""
    half = len(steps) // 2
    pairs = list(zip(steps, moments, strict=True))
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(pairs, pairs[half:], strict=False) if b[0] > a[0])
    slope = slopes[len(slopes) // 2]
    starts = sorted(at - step * slope for step, at in pairs)
    return slope, starts[len(starts) // 2]


def is_on(known: Rhythm, now: datetime) -> bool:
    """Whether the publisher of a list keeps its beat now, and is not at rest."""
    return known.beat is not None and (now - known.beat.at).total_seconds() < _RESTS * known.beat.period + known.lag


def following(beat: Beat, lag: float, at: datetime, *, every: float = 1.0) -> datetime:
    """The first moment from `at` on by which an item has just come; with `every` only of so many beats one."""
    start = beat.at.timestamp() + min(lag, beat.period / 2) + _margin(beat)
    beats = ceil((at.timestamp() - start) / beat.period - 1e-6)
    # Counted through the day, so that nobody need remember which were left out.
    while every > 1 and _counted(start, beats, beat.period, every) == _counted(start, beats - 1, beat.period, every):
        beats += 1
    return datetime.fromtimestamp(start + beats * beat.period, UTC)


def _counted(start: float, beats: int, period: float, every: float) -> int:
    return floor(round((start + beats * period) % _DAY / period) / every)
