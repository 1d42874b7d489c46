"""Rows as bytes that are the same in every format: what their content is known by.

A row's canonical form is a JSON list of its values: numbers and truths, then texts and lists, then times in UTC to the
millisecond, each in the order of the fields; unknown values, empty texts and empty lists are null. The text itself is
stood for by its SHA-256 where the row has that. The hash of many rows goes over
blocks of `BLOCK`: each is hashed together with the hash of what came before it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from typing import Any

import msgspec

from storage.dataset import Field
from storage.exporters._about import About, Row

BLOCK = 1000
_AT_ONCE = 100
START = "0" * 64
encode = msgspec.json.Encoder(order="deterministic").encode
# The time that a row is placed by: the first of these that it has.
TIMES = ("first_seen_at", "fetched_at")


class Content:
    """The running hash of rows with these fields."""

    def __init__(self, fields: Mapping[str, Field]):
        self._values = canonical(fields)
        self._before, self._lines = START, list[bytes]()

    def add(self, rows: Sequence[Row]) -> None:
        """More rows."""
        self._lines += [encode(values) for values in map(self._values, rows)]
        while len(self._lines) >= BLOCK:
            self._before = self._folded(self._lines[:BLOCK])
            del self._lines[:BLOCK]

    def _folded(self, lines: Sequence[bytes]) -> str:
        return hashlib.sha256(b"\n".join((self._before.encode(), *lines))).hexdigest()

    @property
    def state(self) -> str:
        """The hash of the rows so far, in hexadecimal."""
        return self._folded(self._lines) if self._lines else self._before


def canonical(fields: Mapping[str, Field]) -> Callable[[Row], Any]:
    """What makes a row with these fields its canonical values."""
    by_kind: dict[str, list[str]] = {"hard": [], "soft": [], "time": []}
    for name, field in fields.items():
        if name != "text" or "text_sha256" not in fields:
            by_kind[_PARTS.get(field.kind, "soft")].append(name)
    hard, soft, times = (_getter(names) for names in by_kind.values())

    def values(row: Row) -> Any:
        # An empty text or list is no value in a table of texts.
        return (
            hard(row),
            [value or None for value in soft(row)],
            [at if at is None or at.tzinfo is UTC else _utc(at) for at in times(row)],
        )

    return values


_PARTS = {"int": "hard", "float": "hard", "bool": "hard", "time": "time"}


def _getter(names: Sequence[str]) -> Callable[[Row], Sequence[Any]]:
    if len(names) < 2:
        return lambda row: [row[name] for name in names]
    get: Callable[[Row], Sequence[Any]] = itemgetter(*names)
    return get


def _utc(at: datetime) -> datetime:
    """In UTC to the millisecond."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


class Set:
    """What is claimed of a set of rows: how many, their content, when they were first seen, by which rules made."""

    def __init__(self, fields: Mapping[str, Field]):
        self.rows, self.content = 0, Content(fields)
        self._time = itemgetter(min((name for name in TIMES if name in fields), key=TIMES.index))
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._rules = itemgetter("rules") if "rules" in fields else None
        self._by_rules: Counter[str | None] = Counter()

    def add(self, rows: Sequence[Row]) -> None:
        """More rows."""
        self.rows += len(rows)
        self.content.add(rows)
        if self._rules:
            self._by_rules.update(map(self._rules, rows))
        times = [*map(self._time, rows), *filter(None, (self.first, self.last))]
        self.first, self.last = min(times, default=None), max(times, default=None)

    def told(self) -> dict[str, Any]:
        """The claims, as the manifest has them."""
        interval = [_spelt(self.first), _spelt(self.last)] if self.rows else None
        rules = {name or "not known": number for name, number in sorted(self._by_rules.items(), key=str)}
        return {"rows": self.rows, "content": self.content.state, "interval": interval, "rules": rules}


def sets(about: About) -> dict[str, Set]:
    """An empty set for each name; the split that a row is in is told by the set, and so is no content."""
    fields = {name: field for name, field in about.fields.items() if name != "split"}
    return {name: Set(fields) for name in about.sets}


def tallied(rows: Iterable[Row], into: Mapping[str, Set]) -> Iterator[Row]:
    """The rows as they are, each counted in its set; some at a time, which is faster."""
    rows, several = iter(rows), len(into) > 1
    while some := list(islice(rows, _AT_ONCE)):
        for name, one in into.items():
            one.add([row for row in some if row["split"] == name] if several else some)
        yield from some


def _spelt(at: datetime | None) -> str:
    return at.isoformat(timespec="milliseconds") if at else ""
