"""A copy of a database while others write to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

PAGES = 256  # of the file, between two calls of `told`


def backup(source: Path, target: Path, told: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Copy an SQLite database as it is at this moment; the size of the copy in bytes.

    One read transaction sees one state of the file, however long it takes and whoever writes meanwhile. The copy gets
    its name when it is complete and on the disk. `told` hears the pages done and their number.
    """
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, isolation_level=None)) as reader,
            closing(sqlite3.connect(unfinished, isolation_level=None)) as writer,
        ):
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the state is fixed by reading
            reader.backup(writer, pages=PAGES, progress=lambda _, left, total: told(total - left, total))
            # The copy is a single file, whatever the log of the original held.
            writer.execute("PRAGMA journal_mode = delete")
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        size = unfinished.stat().st_size
        unfinished.replace(target)
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            unfinished.with_name(unfinished.name + end).unlink(missing_ok=True)
    return size
