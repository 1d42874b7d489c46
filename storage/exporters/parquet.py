"""Parquet, by pyarrow: zstd, times in UTC to the millisecond, categories as dictionaries, mentions as structs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from storage.batch import Batch, Texts
from storage.errors import MissingExtra
from storage.exporters._about import About
from storage.fields import Field
from storage.sqlite import hidden

if TYPE_CHECKING:
    import pyarrow

GROUP = 2000  # rows, held in memory at a time; what a file tells of each group is held until its end
_READ = 250  # rows that are read at a time
LEVEL = 3
_encode = msgspec.json.Encoder().encode


def write(batches: Iterable[Batch], out: BinaryIO, about: About) -> None:
    """Write the rows. Raises ExportError where pyarrow is not installed."""
    with Writer(out, about) as writer:
        for batch in batches:
            writer.add(batch)


class Writer:
    """An open file; `plain`: without the schema of Arrow, for readers that know Parquet only."""

    def __init__(self, out: BinaryIO, about: About, *, plain: bool = False):
        arrow = library()
        import pyarrow.parquet

        self._about = about
        self._schema = schema(arrow, about)
        self._file = pyarrow.parquet.ParquetWriter(
            out,
            self._schema,
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=about.of("category"),
            write_statistics=about.of("int", "float", "bool", "time", "category"),
            store_schema=not plain,
        )

        self._held: list[Mapping[str, Any]] = []
        self._rows = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._rows:
            self._flush()
        self._file.close()

    def abandon(self) -> None:
        """End a file that will be thrown away, whatever state it is in."""
        with suppress(Exception):
            self._file.close()

    def add(self, batch: Batch) -> None:
        """More rows. Full groups are written, the last one when the file is closed."""
        start = 0
        while start < len(batch):
            some = batch.cut(start, start + GROUP - self._rows)
            start += len(some)
            self._rows += len(some)
            # Long texts go over at once, so that their memory is there for the next ones.
            self._held.append({name: self._early(name, some[name]) for name in self._about.names})
            if self._rows == GROUP:
                self._flush()

    def _early(self, name: str, values: Sequence[Any]) -> Any:
        return library().array(values.bodies, self._schema.field(name).type) if isinstance(values, Texts) else values

    def _flush(self) -> None:
        self._file.write_table(table(self._held, self._about, self._schema))
        self._held, self._rows = [], 0


def without_pandas() -> None:
    """Load pyarrow without pandas, where that is installed: 60 MB to look whether a list is one of its own.

    For a process of ours: what pyarrow has of pandas is gone in it.
    """
    with suppress(ImportError), hidden("pandas"):
        import pyarrow

        pyarrow.array([""])  # it looks for pandas with the first list


def library() -> Any:
    """The module pyarrow. Raises MissingExtra."""
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtra("Parquet needs pyarrow", "data") from error
    return pyarrow


def schema(arrow: Any, about: About) -> pyarrow.Schema:
    """The Arrow types of the fields."""
    return arrow.schema([(name, _type(arrow, field, about)) for name, field in about.fields.items()])


def _type(arrow: Any, field: Field, about: About, *, inside: bool = False) -> Any:
    if field.kind == "mentions":
        parts = [(name, _type(arrow, part, about, inside=True)) for name, part in about.mention.items()]
        return arrow.list_(arrow.struct(parts))
    kinds: Mapping[str, Any] = {
        "text": arrow.string(),
        # A dictionary inside a list is more than some readers know.
        "category": arrow.string() if inside else arrow.dictionary(arrow.int32(), arrow.string()),
        "int": arrow.int64(),
        "float": arrow.float64(),
        "bool": arrow.bool_(),
        "time": arrow.timestamp("ms", tz="UTC"),
        "json": arrow.string(),
    }
    return kinds[field.kind]


def table(rows: Sequence[Mapping[str, Any]], about: About, types: pyarrow.Schema) -> pyarrow.Table:
    """Rows as columns of Arrow."""
    fields = about.fields.items()
    columns = [_column([part[name] for part in rows], types.field(name).type, field) for name, field in fields]
    return library().Table.from_arrays(columns, schema=types)


def _column(parts: list[Any], kind: Any, field: Field) -> Any:
    import pyarrow

    if all(isinstance(part, pyarrow.Array) for part in parts):
        return pyarrow.chunked_array(parts, kind)
    values = list(chain.from_iterable(parts))
    if values.count(None) == len(values):
        return pyarrow.nulls(len(values), kind)
    if field.kind == "category":
        return pyarrow.array(values, pyarrow.string()).dictionary_encode()
    if field.kind == "json":
        return pyarrow.array([_encode(value).decode() if value else None for value in values], kind)
    return pyarrow.array(values, kind)


def read(path: Path, about: About) -> Iterator[dict[str, Any]]:
    """The rows of a file. Raises ValueError."""
    arrow = library()
    import pyarrow.parquet

    lists = about.of("json")
    try:
        with pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            wanted = [name for name in about.names if name in file.schema_arrow.names]
            if file.schema_arrow.names != wanted:
                raise ValueError("it has other columns")
            for batch in file.iter_batches(_READ):
                for row in batch.to_pylist():
                    for name in lists:
                        row[name] = msgspec.json.decode(row[name]) if row[name] else None
                    yield row
    except (arrow.ArrowException, OSError) as error:
        raise ValueError(str(error).splitlines()[0]) from error
