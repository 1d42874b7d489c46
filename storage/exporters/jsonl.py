"""JSON Lines: one object a line, UTF-8, Chinese as it is, times as RFC 3339 writes them, in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from storage.exporters._about import About, Row

_encode = msgspec.json.Encoder().encode_lines
_AT_ONCE = 100


def write(rows: Iterable[Row], out: BinaryIO, about: About) -> None:
    """Write the rows. Keys keep the order of the fields, unknown values are null."""
    rows = iter(rows)
    while some := list(islice(rows, _AT_ONCE)):
        out.write(_encode(some))


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
