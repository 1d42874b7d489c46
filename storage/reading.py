"""How a file of SQLite is opened that is only to be read: so that nothing stays beside it, wherever it lies."""

from __future__ import annotations

import os
from pathlib import Path


def reading_mode(path: Path) -> str:
    """The query of the file's address for it. Set `PRAGMA query_only` too."""
    if writable(path) and writable(path.absolute().parent):
        # Who may write clears SQLite's log files away when he goes; a reader that may not leaves them lying there.
        # `PRAGMA query_only` keeps the promise.
        return "?mode=rw"
    log = path.with_name(path.name + "-wal")
    # A database with a log needs a file for its locks beside it, which cannot be made here; without a log nobody is at
    # work on it.
    alone = not writable(path.absolute().parent) and not (log.exists() and log.stat().st_size)
    return "?immutable=1" if alone else "?mode=ro"


def writable(path: Path) -> bool:
    """Whether this user may write there."""
    return os.access(path, os.W_OK)
