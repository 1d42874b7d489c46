"""What another reading of an article changes: field by field, how suspicious that is, and the sums of many. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, NamedTuple

KINDS = ("unchanged", "changed", "lost", "gained")
# How much it weighs that a field is lost, or changes: rules that are better rarely lose what others found.
_LOST: Mapping[str, float] = {"text": 10.0, "title": 10.0, "published_at": 4.0}
_CHANGED: Mapping[str, float] = {"title": 3.0, "published_at": 2.0}
_LOST_OTHER, _CHANGED_OTHER, _GAINED = 1.5, 0.5, 0.1
# A text that is all another one; and none at all any more, which no change outweighs.
_OTHER_TEXT = 8.0
NOTHING_LEFT = 100.0
# Characters of a text that are compared: the most suspicious show at its beginning too.
_COMPARED = 4000


class Sample(NamedTuple):
    """An article that another reading changes, with the fields that differ as they were and as they would be.

    `why` is set where nothing was read at all any more; `found` is empty then.
    """

    score: float
    article_id: int
    url: str
    stored: Mapping[str, Any]
    found: Mapping[str, Any]
    why: str = ""


def differences(stored: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, str]:
    """What becomes of each field of `stored`: one of `KINDS`. Fields that neither has are left out."""
    kinds: dict[str, str] = {}
    for name, before in stored.items():
        after = found.get(name)
        if _is_empty(before) and _is_empty(after):
            continue
        if before == after:
            kinds[name] = "unchanged"
        else:
            kinds[name] = "gained" if _is_empty(before) else "lost" if _is_empty(after) else "changed"
    return kinds


def suspicion(stored: Mapping[str, Any], found: Mapping[str, Any], kinds: Mapping[str, str]) -> float:
    """How likely a change is for the worse: 0 for none. Lost fields weigh most, then text that shrinks."""
    score = 0.0
    for name, kind in kinds.items():
        if kind == "lost":
            score += _LOST.get(name, _LOST_OTHER)
        elif kind == "gained":
            score += _GAINED
        elif kind == "changed":
            score += _text(stored[name], found[name]) if name == "text" else _CHANGED.get(name, _CHANGED_OTHER)
    return round(score, 3)


def sample(
    article_id: int, url: str, stored: Mapping[str, Any], found: Mapping[str, Any], kinds: Mapping[str, str]
) -> Sample:
    """The change of an article with the fields that differ."""
    names = [name for name, kind in kinds.items() if kind != "unchanged"]
    score = suspicion(stored, found, kinds)
    return Sample(
        score, article_id, url, {name: stored[name] for name in names}, {name: found.get(name) for name in names}
    )


def _text(before: str, after: str) -> float:
    """A text that grows is less suspicious than one that shrinks, and that less than another one."""
    lines, others = (text[:_COMPARED].split("\n") for text in (before, after))
    blocks = SequenceMatcher(None, lines, others, autojunk=False).get_matching_blocks()
    other = 1.0 - sum(block.size for block in blocks) / len(lines)
    shrunk = max(0.0, 1 - len(after) / len(before))
    return _CHANGED_OTHER + _OTHER_TEXT * shrunk + other


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


@dataclass(slots=True)
class Report:
    """The sums of a reading: `fields` has for each field how often it was what, `left_out` why articles were not read.

    The `most` most suspicious changes are kept, no more.
    """

    most: int = 10
    same: int = 0
    different: int = 0
    fields: dict[str, Counter[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    _samples: list[tuple[float, int, Sample]] = field(default_factory=list)

    def add(self, kinds: Mapping[str, str], change: Sample | None) -> None:
        """An article that was read: what became of its fields, and the sample if anything differs."""
        for name, kind in kinds.items():
            self.fields.setdefault(name, Counter())[kind] += 1
        self.same += change is None
        self.different += change is not None
        if change:
            self._keep(change)

    def leave_out(self, reason: str, lost: Sample | None = None) -> None:
        """An article that was not compared; `lost` where that is a change itself, because nothing is left of it."""
        self.left_out[reason] += 1
        if lost:
            self._keep(lost)

    def samples(self) -> Iterator[Sample]:
        """The most suspicious changes, the worst first."""
        yield from (kept for _, _, kept in sorted(self._samples, reverse=True))

    def _keep(self, change: Sample) -> None:
        # Of two that are as suspicious the older article goes first; no two are alike beyond that.
        entry = (change.score, -change.article_id, change)
        if len(self._samples) < self.most:
            heapq.heappush(self._samples, entry)
        elif self.most:
            heapq.heappushpop(self._samples, entry)
