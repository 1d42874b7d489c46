"""CSV by RFC 4180: a header, UTF-8 without byte order mark, CRLF, quotes where they are needed; unknown is empty.

Times are ISO 8601 in UTC, truth is `true` and `false`, mentions and other lists are JSON.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from storage.exporters._about import About, Row, from_text

_AT_ONCE = 100
_encode = msgspec.json.Encoder().encode


def write(rows: Iterable[Row], out: BinaryIO, about: About) -> None:
    """Write the rows under a header."""
    out.write(",".join(about.names).encode() + b"\r\n")
    # The module of the standard library looks at every character of a text, and at every unknown value.
    kinds, get, rows = [field.kind for field in about.fields.values()], itemgetter(*about.fields), iter(rows)
    while some := list(islice(rows, _AT_ONCE)):
        columns = zip(*map(get, some), strict=True)
        cells = [_column(kind, values) for kind, values in zip(kinds, columns, strict=True)]
        out.write("".join([",".join(line) + "\r\n" for line in zip(*cells, strict=True)]).encode())


def _column(kind: str, values: Sequence[Any]) -> Sequence[str]:
    if values.count(None) == len(values):
        return ("",) * len(values)
    cell = _CELLS[kind]
    return ["" if value is None else cell(value) for value in values]


def _quoted(text: str) -> str:
    if "," in text or "\n" in text or '"' in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def _time(at: datetime) -> str:
    return _encode(at)[1:-1].decode()


def _json(value: Any) -> str:
    return _quoted(_encode(value).decode()) if value else ""


_CELLS: dict[str, Callable[[Any], str]] = {
    "text": _quoted,
    "category": _quoted,
    "int": str,
    "float": repr,
    "bool": lambda value: "true" if value else "false",
    "time": _time,
    "mentions": _json,
    "json": _json,
}


def read(path: Path, about: About) -> Iterator[dict[str, Any]]:
    """The rows of a file. Raises ValueError."""
    csv.field_size_limit(2**31 - 1)
    kinds = [(name, field.kind) for name, field in about.fields.items()]
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            if next(lines, []) != about.names:
                raise ValueError("its header names other fields")
            for line in lines:
                yield {name: from_text(kind, text) for (name, kind), text in zip(kinds, line, strict=True)}
        except (csv.Error, KeyError) as error:
            raise ValueError(str(error)) from error
