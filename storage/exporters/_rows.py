"""What the content of rows is known by: one hash, the same in every format.

Each column has a SHA-256 of its own: of its values as JSON, each followed by a comma; times are in UTC to the
millisecond; unknown values, empty texts and empty lists are null. The hash of the rows is that of the lines
`FIELD SHA-256`, in the order of the fields. The text itself is stood for by its SHA-256 where the rows have that.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from storage.batch import Batch, Texts
from storage.exporters._about import About, Row
from storage.fields import Field

_encode = msgspec.json.Encoder(order="deterministic").encode
# The time that a row is placed by: the first of these that it has.
TIMES = ("first_seen_at", "fetched_at")
_HARD = ("int", "float", "bool")


class Content:
    """The running hash of rows with these fields."""

    def __init__(self, fields: Mapping[str, Field]):
        self._columns = [(name, kind, hashlib.sha256()) for name, kind in _hashed(fields)]

    def add(self, rows: Batch) -> None:
        """More rows."""
        for name, kind, digest in self._columns:
            digest.update(memoryview(_encode(_canonical(kind, rows[name])))[1:-1])
            digest.update(b",")

    @property
    def state(self) -> str:
        """The hash of the rows so far, in hexadecimal."""
        lines = "\n".join(f"{name} {digest.hexdigest()}" for name, _, digest in self._columns)
        return hashlib.sha256(lines.encode()).hexdigest()


def _hashed(fields: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        if name != "text" or "text_sha256" not in fields:
            yield name, field.kind


def _canonical(kind: str, values: Sequence[Any]) -> Sequence[Any]:
    if isinstance(values, Texts):
        values = list(values)
    if kind in _HARD or all(values):
        return values if kind != "time" else [at if at.tzinfo is UTC else _utc(at) for at in values]
    if kind == "time":
        return [at if at is None or at.tzinfo is UTC else _utc(at) for at in values]
    # An empty text or list is no value in a table of texts.
    return [value or None for value in values]


def comparable(row: Row, fields: Mapping[str, Field]) -> bytes:
    """A row as bytes that are equal where the content is."""
    return _encode([_canonical(kind, (row[name],)) for name, kind in _hashed(fields)])


def _utc(at: datetime) -> datetime:
    """In UTC to the millisecond."""
    at = at.astimezone(UTC)
    rest = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - rest) if rest else at


class Set:
    """What is claimed of a set of rows: how many, their content, when they were first seen, by which rules made."""

    def __init__(self, fields: Mapping[str, Field]):
        self.rows, self.content = 0, Content(fields)
        self._time = min((name for name in TIMES if name in fields), key=TIMES.index)
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._has_rules = "rules" in fields
        self._by_rules: Counter[str | None] = Counter()

    def add(self, rows: Batch) -> None:
        """More rows."""
        self.rows += len(rows)
        self.content.add(rows)
        if self._has_rules:
            self._by_rules.update(rows["rules"])
        times = [*rows[self._time], *filter(None, (self.first, self.last))]
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


def tallied(batches: Iterable[Batch], into: Mapping[str, Set]) -> Iterator[Batch]:
    """The rows as they are, each counted in its set."""
    for batch in batches:
        for name, rows in parted(batch, list(into)):
            into[name].add(rows)
        yield batch


def parted(batch: Batch, sets: Sequence[str]) -> Iterator[tuple[str, Batch]]:
    """The rows of a batch that are in each of some sets."""
    for name in sets:
        rows = batch.kept([each == name for each in batch["split"]]) if len(sets) > 1 else batch
        if rows:
            yield name, rows


def _spelt(at: datetime | None) -> str:
    return at.isoformat(timespec="milliseconds") if at else ""
