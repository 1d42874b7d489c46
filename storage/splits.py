"""Parts of a data set by time, without leaks: no story on two sides of a boundary, and a pause behind each. Pure.

Times are those of our own receipt (`first_seen_at`): a claimed time may lie in either direction, and a text cannot have
been used before it was had. A story stands where its first article does (`story_first_seen_at`), whole: its rows that
come after the end of that part are dropped, since they would tell the part of what came later, and so are stories that
begin within the embargo behind a boundary. The side of a row follows from these two times alone, so that anybody who
has the rows can prove it (`problems`). What a row says is what was known of it before its part ended.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}
EMBARGO = "embargo: the story began too soon after a boundary"
LATE = "later than the end of its story's part"
STORED_LATE = "stored only after its part had ended"
SHARED = "of a story that moved between two parts"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPLIT = re.compile(r"time:(\d*\.?\d+(?:,\d*\.?\d+){1,2})")
_PAUSE = re.compile(r"(\d+)(ms|[smhdw])")
_LONGEST = timedelta(days=36_500)
_UNITS = {
    "ms": timedelta(milliseconds=1), "s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1),
    "d": timedelta(days=1), "w": timedelta(weeks=1),
}  # fmt: skip
_MILLISECOND = timedelta(milliseconds=1)


class SplitError(ValueError):
    """A split that cannot be made; the text says what is wrong and what is right."""


class Plan(NamedTuple):
    """Where the parts lie: `starts[n]` is the boundary between part n and part n + 1; an embargo follows each."""

    names: tuple[str, ...]
    starts: tuple[datetime, ...]
    embargo: timedelta

    def side(self, row: Mapping[str, Any]) -> tuple[str, str]:
        """The part of a row, or "" and why it is dropped."""
        return self.place(row["first_seen_at"], row["story_first_seen_at"])

    def place(self, seen: datetime, story: datetime | None) -> tuple[str, str]:
        """The part of a row that was first seen at a time, its story at another, or "" and why it is dropped."""
        told = story or seen
        part = bisect_right(self.starts, told)
        if part and told < self.starts[part - 1] + self.embargo:
            return "", EMBARGO
        if part < len(self.starts) and seen >= self.starts[part]:
            return "", LATE
        return self.names[part], ""

    def end(self, name: str) -> datetime | None:
        """Where a part ends; None for the last one."""
        part = self.names.index(name)
        return self.starts[part] if part < len(self.starts) else None

    def as_dict(self) -> dict[str, Any]:
        """For a manifest: `of_dict` makes the plan of it again."""
        return {
            "names": list(self.names),
            "starts": [each.isoformat(timespec="milliseconds") for each in self.starts],
            "embargo_seconds": self.embargo / timedelta(seconds=1),
        }


def of_dict(told: Mapping[str, Any]) -> Plan:
    """The plan that a manifest tells. Raises SplitError for what is none."""
    try:
        starts = tuple(datetime.fromisoformat(each) for each in told["starts"])
        plan = Plan(tuple(told["names"]), starts, timedelta(seconds=told["embargo_seconds"]))
    except (KeyError, TypeError, ValueError) as error:
        raise SplitError(f"The split of the manifest cannot be read: {error!r}.") from error
    if len(plan.names) != len(starts) + 1 or any(each.tzinfo is None for each in starts) or plan.embargo < timedelta():
        raise SplitError("The split of the manifest is none: one boundary between two parts, each with its zone.")
    return plan


def shares(text: str) -> tuple[float, ...]:
    """The shares of `time:0.8,0.1,0.1`; two are train and test, three train, validation and test. Raises SplitError."""
    found = _SPLIT.fullmatch(text.strip())
    parts = tuple(float(each) for each in found[1].split(",")) if found else ()
    if not parts or abs(sum(parts) - 1) > 1e-6 or min(parts) <= 0:
        raise SplitError(f"`{text}` is no split; write two or three shares that make 1, such as time:0.8,0.1,0.1.")
    return parts


def pause(text: str) -> timedelta:
    """An embargo such as `7d`, `12h`, `90m`; "" and `0` are none. Raises SplitError."""
    found = _PAUSE.fullmatch(text.strip())
    if not found and text.strip() not in ("", "0"):
        raise SplitError(f"`{text}` is no duration; write 7d, 12h or 90m.")
    try:
        pause = int(found[1]) * _UNITS[found[2]] if found else timedelta()
    except OverflowError:
        pause = timedelta.max
    if pause > _LONGEST:
        raise SplitError(f"`{text}` is longer than {_LONGEST.days:,} days.")
    return pause


def plan(times: Iterable[datetime], parts: Sequence[float], embargo: timedelta = timedelta()) -> Plan:
    """Where to cut rows that were first seen at these times, so that each part has its share of them.

    Rows of one moment stay together, behind the boundary. It takes eight bytes a row. Raises SplitError where there are
    too few times for the parts.
    """
    seen = array("q", ((each - _EPOCH) // _MILLISECOND for each in times))
    ordered = array("q", sorted(seen))
    starts, share = [], 0.0
    for part in parts[:-1]:
        share += part
        place = round(share * len(ordered))
        starts.append(ordered[place] if place < len(ordered) else -1)
    if not ordered or any(after <= before for before, after in zip((ordered[0], *starts), starts, strict=False)):
        raise SplitError(f"The {len(ordered):,} rows lie too close in time for {len(parts)} parts.")
    return Plan(NAMES[len(parts)], tuple(_EPOCH + each * _MILLISECOND for each in starts), embargo)


def problems(split: Plan, sides: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[str]:
    """What contradicts a plan in the rows of its parts, each row with `id`, `story_id` and its two times.

    Beside the place of every row it is proved that no story is in two parts, and that the first row of a part comes
    the embargo after the last of the one before it: so that a wrong `story_first_seen_at` cannot hide a leak.
    """
    stories: dict[str, array[int]] = {}
    bounds: dict[str, tuple[datetime, datetime]] = {}
    for name, rows in sides.items():
        if name not in split.names:
            yield f"there is no part `{name}`; there is {', '.join(split.names)}"
            continue
        mine = stories.setdefault(name, array("Q"))
        for row in rows:
            side, why = split.side(row)
            if side != name:
                yield f"row {row['id']} is in `{name}`, and belongs {f'to `{side}`' if side else f'nowhere ({why})'}"
            if row["story_id"]:
                mine.append(int(row["story_id"], 16))
            yield from _known_too_early(row, name, split.end(name))
            seen = row["first_seen_at"]
            first, last = bounds.get(name, (seen, seen))
            bounds[name] = min(first, seen), max(last, seen)
    yield from _shared(stories)
    present = [name for name in split.names if name in bounds]
    for before, after in pairwise(present):
        if bounds[after][0] - bounds[before][1] < split.embargo:
            yield f"`{after}` begins {bounds[after][0] - bounds[before][1]} after the last row of `{before}`"


def _known_too_early(row: Mapping[str, Any], name: str, end: datetime | None) -> Iterator[str]:
    """What a row says that came after the end of its part."""
    for told in ("revised_at", "gone_at"):
        at = row.get(told)
        if end and at and at >= end:
            yield f"row {row['id']} is in `{name}`, which ends {end.isoformat()}, and its `{told}` is {at.isoformat()}"


class Told:
    """The stories of the parts so far, eight bytes a row."""

    def __init__(self) -> None:
        self._before, self._now = array("Q"), array("Q")

    def next(self) -> None:
        """A part has ended."""
        self._before = array("Q", sorted((*self._before, *self._now)))
        self._now = array("Q")

    def add(self, stories: Sequence[str | None]) -> list[bool]:
        """Stories of this part: which of them are in no part before it."""
        numbers = [int(each, 16) if each else None for each in stories]
        self._now.extend(each for each in numbers if each is not None)
        return [each is None or not self._has(each) for each in numbers]

    def _has(self, story: int) -> bool:
        place = bisect_left(self._before, story)
        return place < len(self._before) and self._before[place] == story


def _shared(stories: Mapping[str, array[int]]) -> Iterator[str]:
    """The stories that are in two parts, the parts looked through from the smallest on."""
    smallest = sorted(stories, key=lambda name: len(stories[name]))
    for number, name in enumerate(smallest):
        mine = set(stories[name])
        for other in smallest[number + 1 :]:
            for story in {each for each in stories[other] if each in mine}:
                yield f"story {story:016x} is in `{name}` and in `{other}`"
