"""One crawl at a time on a database: two would ask the same hosts at once, each with its own idea of their pause.

A lock of the operating system on a file beside the database, which ends with its process however that ends. The file
holds the number of the process, and is gone when nobody crawls. Who only reads the database needs no lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import InUse

try:
    import fcntl
except ImportError:  # Windows has none; there nobody is kept from crawling twice.
    fcntl = None  # type: ignore[assignment]  # a module or none, and mypy knows the module only


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock of the database at `path` meanwhile. Raises InUse while another process has it."""
    if fcntl is None or str(path) == ":memory:":
        yield
        return
    file = path.resolve().with_name(path.resolve().name + "-crawl")
    number = _taken(path, file)
    try:
        yield
    finally:
        if number is not None:
            # Gone before it is free: see `_taken`.
            with suppress(OSError):
                file.unlink()
            os.close(number)


def _taken(path: Path, file: Path) -> int | None:
    """The open and locked file; None where the file system has no locks."""
    while True:
        try:
            number = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            return None
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(number, 32, 0).decode("ascii", "replace").strip()
            os.close(number)
            raise InUse(path, holder) from error
        except OSError:
            os.close(number)
            return None
        # Who had it may have deleted it after we opened it: then others make a new one, and this lock says nothing.
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), file.stat()):
                os.truncate(number, 0)
                os.pwrite(number, f"{os.getpid()}\n".encode(), 0)
                return number
        os.close(number)
