"""CSV by RFC 4180: a header, UTF-8 without byte order mark, CRLF, quotes where needed; unknown values are empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO


def write(rows: Iterable[Mapping[str, Any]], out: BinaryIO) -> int:
    """Write the rows under a header of the first one's keys; how many. No rows, no header."""
    text = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="", write_through=True)
    count, writer = 0, csv.writer(text)
    for row in rows:
        if not count:
            writer.writerow(row)
        writer.writerow(row.values())
        count += 1
    text.detach()
    return count
