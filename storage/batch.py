"""Rows as columns, some hundred at a time: what is done to a column at once costs a fraction of doing it row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice
from typing import Any, overload

SIZE = 256  # rows, as a rule


class Texts(Sequence[str]):
    """Texts that are held as UTF-8, and decoded when somebody reads them. Raises UnicodeDecodeError then."""

    __slots__ = ("_decoded", "bodies")

    def __init__(self, bodies: Sequence[bytes]):
        self.bodies = bodies
        self._decoded: list[str] | None = None

    def __len__(self) -> int:
        return len(self.bodies)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Texts: ...
    def __getitem__(self, place: int | slice) -> str | Texts:
        return Texts(self.bodies[place]) if isinstance(place, slice) else str(self.bodies[place], "utf-8")

    def __iter__(self) -> Iterator[str]:
        if self._decoded is None:
            self._decoded = [str(body, "utf-8") for body in self.bodies]
        return iter(self._decoded)

    def kept(self, which: Sequence[Any]) -> Texts:
        """Those for which `which` has a true value."""
        return Texts(list(compress(self.bodies, which)))


class Batch:
    """Some rows: the values of each field, by its name, in the order of the fields. A batch is not changed."""

    __slots__ = ("_length", "columns")

    def __init__(self, columns: Mapping[str, Sequence[Any]], length: int):
        self.columns, self._length = columns, length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self.columns[name]

    def of(self, names: Iterable[str]) -> list[Sequence[Any]]:
        """The columns of these names, in their order."""
        return [self.columns[name] for name in names]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, each by the names of its fields."""
        names = list(self.columns)
        return (dict(zip(names, values, strict=True)) for values in zip(*self.columns.values(), strict=True))

    def kept(self, which: Sequence[Any]) -> Batch:
        """The rows for which `which` has a true value."""
        kept = sum(map(bool, which))
        if kept == self._length:
            return self
        return Batch({name: _kept(values, which) for name, values in self.columns.items()}, kept)

    def cut(self, start: int, end: int) -> Batch:
        """The rows from one place up to another."""
        if start <= 0 and end >= self._length:
            return self
        columns = {name: values[start:end] for name, values in self.columns.items()}
        return Batch(columns, max(0, min(end, self._length) - max(start, 0)))


def _kept(values: Sequence[Any], which: Sequence[Any]) -> Sequence[Any]:
    return values.kept(which) if isinstance(values, Texts) else list(compress(values, which))


def of_rows(rows: Sequence[Mapping[str, Any]]) -> Batch:
    """Rows of the same fields as a batch."""
    names = list(rows[0]) if rows else []
    return Batch({name: [row[name] for row in rows] for name in names}, len(rows))


def batched(rows: Iterable[Mapping[str, Any]], size: int = SIZE) -> Iterator[Batch]:
    """Rows of the same fields, so many at a time."""
    rows = iter(rows)
    while some := list(islice(rows, size)):
        yield of_rows(some)


def rows_of(batches: Iterable[Batch]) -> Iterator[dict[str, Any]]:
    """The rows of some batches."""
    for batch in batches:
        yield from batch.rows()
