"""CSV by RFC 4180: a header, UTF-8 without byte order mark, CRLF, quotes where they are needed; unknown is empty.

Times are ISO 8601, truth is `true` and `false`, mentions and other lists are JSON.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from storage.batch import Batch, Texts
from storage.exporters._about import About, from_text

_lines = msgspec.json.Encoder().encode_lines
_SPECIAL = re.compile('[,"\r\n]')
_EMPTY = ("null", "[]", "{}", '""')


def write(batches: Iterable[Batch], out: BinaryIO, about: About) -> None:
    """Write the rows under a header."""
    out.write(",".join(about.names).encode() + b"\r\n")
    for batch in batches:
        lines = zip(*_parts(batch, about), strict=True)
        out.write(b"".join([b",".join(parts) + b"\r\n" for parts in lines]))


def _parts(batch: Batch, about: About) -> Iterator[list[bytes]]:
    """The lines from left to right, in pieces: long texts are written as they were read."""
    # The module of the standard library looks at every character of a text, and at every unknown value.
    cells: list[Sequence[str]] = []
    for name, field in about.fields.items():
        values = batch[name]
        if isinstance(values, Texts):
            yield from _joined(cells)
            yield [_quoted_bytes(body) for body in values.bodies]
            cells = []
        else:
            cells.append(_column(field.kind, values))
    yield from _joined(cells)


def _joined(cells: Sequence[Sequence[str]]) -> Iterator[list[bytes]]:
    if cells:
        yield [",".join(line).encode() for line in zip(*cells, strict=True)]


def _column(kind: str, values: Sequence[Any]) -> Sequence[str]:
    if values.count(None) == len(values):
        return ("",) * len(values)
    if kind in ("text", "category"):
        known = ["" if value is None else value for value in values] if None in values else values
        return list(map(_quoted, known)) if _SPECIAL.search("".join(known)) else known
    told = _lines(values).decode().split("\n")[:-1]
    if kind in ("int", "float", "bool"):
        return ["" if text == "null" else text for text in told] if None in values else told
    if kind == "time":
        return ["" if text == "null" else text[1:-1] for text in told]
    return ["" if text in _EMPTY else _quoted(text) for text in told]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def _quoted_bytes(body: bytes) -> bytes:
    if b"\n" in body or b"," in body or b'"' in body or b"\r" in body:
        return b'"' + body.replace(b'"', b'""') + b'"'
    return body


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
