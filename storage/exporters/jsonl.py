"""JSON Lines: one object a line, UTF-8, Chinese as it is, times as RFC 3339 writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from storage.batch import Batch
from storage.exporters._about import About

_encode = msgspec.json.Encoder().encode_lines


def write(batches: Iterable[Batch], out: BinaryIO, about: About) -> None:
    """Write the rows. Keys keep the order of the fields, unknown values are null."""
    line = msgspec.defstruct("Line", [(name, Any) for name in about.names], gc=False)
    for batch in batches:
        out.write(_encode(list(map(line, *batch.of(about.names)))))


def read(path: Path, about: About) -> Iterator[dict[str, Any]]:
    """The rows of a file. Raises ValueError."""
    times = about.of("time")
    with path.open("rb") as file:
        for line in file:
            row: dict[str, Any] = msgspec.json.decode(line)
            for name in times:
                if row[name] is not None:
                    row[name] = datetime.fromisoformat(row[name])
            yield row
