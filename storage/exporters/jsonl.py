"""JSON Lines: one object a line, UTF-8, Chinese as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def write(rows: Iterable[Mapping[str, Any]], out: BinaryIO) -> int:
    """Write the rows; how many. Keys keep the order of the columns, unknown values are null."""
    count = 0
    for row in rows:
        out.write(_encode(row).encode("utf-8", "replace") + b"\n")
        count += 1
    return count
