"""One crawl at a time on a database: two would ask the same hosts at once, each with its own idea of their pause.

A lock of the operating system on a file beside the database, which ends with its process however that ends. The file
tells who holds it, and is gone when nobody crawls: who finds it free knows that its last holder was killed. Who only
reads the database needs no lock. No lock keeps others from deleting the file: `Place` tells.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from storage.errors import InUse
from storage.times import parse, stamp, utc_now

try:
    import fcntl
except ImportError:  # Windows has none; there nobody is kept from crawling twice.
    fcntl = None  # type: ignore[assignment]  # a module or none, and mypy knows the module only

# Who looks who holds a lock has it for a moment himself: seconds after which it is tried a second time.
_MOMENT = 0.05
_MOST = 512  # bytes of the file
# What SQLite writes beside a database.
_LOGS = ("-wal", "-shm")


class Holder(NamedTuple):
    """Who crawls: the number of the process, the machine it runs on, and since when; None where that is not known."""

    process: str
    host: str = ""
    since: datetime | None = None

    def __str__(self) -> str:
        text = f"process {self.process}" if self.process else "another process"
        text += f" on {self.host}" if self.host and self.host != socket.gethostname() else ""
        return text + (f", since {self.since.astimezone().isoformat(' ', 'minutes')}," if self.since else "")


def file_of(path: Path) -> Path:
    """The file of the lock of a database."""
    return path.resolve().with_name(path.resolve().name + "-crawl")


@contextmanager
def alone(path: Path) -> Iterator[Holder | None]:
    """Hold the lock of the database at `path` meanwhile. Raises InUse while another process has it.

    Gives who held it last and was killed, None where the last one ended as it should.
    """
    if fcntl is None or str(path) == ":memory:":
        yield None
        return
    file = file_of(path)
    number, killed = _taken(path, file)
    try:
        yield killed
    finally:
        if number is not None:
            # Gone before it is free: see `_taken`.
            with suppress(OSError):
                file.unlink()
            os.close(number)


class Place:
    """The file that stands at a path now, to be compared with what stands there later.

    Looked at now and then, it also knows the log that its holder writes beside it, as long as the file is in its place.
    """

    def __init__(self, path: Path):
        self._path, self._file = path, _seen(path)
        self._logs: dict[Path, os.stat_result] = {}
        self.is_lost()

    def is_lost(self) -> bool:
        """Whether the file has been deleted or replaced; what cannot be seen is not."""
        if self._file is None:
            return False
        try:
            lost = not os.path.samestat(self._file, self._path.stat())
        except FileNotFoundError:
            return True
        except OSError:
            return False
        if not lost:
            logs = (self._path.with_name(self._path.name + end) for end in _LOGS)
            self._logs = {log: seen for log in logs if (seen := _seen(log))}
        return lost

    def is_taken(self) -> bool:
        """Whether it is lost because another file stands there."""
        return self.is_lost() and self._path.exists()

    def clear(self) -> None:
        """Take the log of the former file away from beside another one: SQLite would put its pages into that."""
        for log, known in self._logs.items():
            seen = _seen(log)
            if seen and os.path.samestat(seen, known):
                with suppress(OSError):
                    log.unlink()


def _seen(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def holder(path: Path) -> Holder | None:
    """Who crawls into the database at `path` now, None where nobody does or that cannot be known."""
    file = file_of(path)
    if fcntl is None or not file.exists():
        return None
    try:
        number = os.open(file, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(number)
    except OSError:
        return None
    finally:
        os.close(number)
    return None


def _taken(path: Path, file: Path) -> tuple[int | None, Holder | None]:
    """The open and locked file, None where the file system has no locks; and who was killed with it."""
    again = True
    while True:
        try:
            number = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            return None, None
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = _read(number)
            os.close(number)
            if again:
                again = False
                time.sleep(_MOMENT)
                continue
            raise InUse(path, str(other)) from error
        except OSError:
            os.close(number)
            return None, None
        # Who had it may have deleted it after we opened it: then others make a new one, and this lock says nothing.
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), file.stat()):
                killed = _read(number)
                os.truncate(number, 0)
                os.pwrite(number, f"{os.getpid()}\n{socket.gethostname()}\n{stamp(utc_now())}\n".encode(), 0)
                return number, killed if killed.process else None
        os.close(number)


def _read(number: int) -> Holder:
    """What the file of a lock tells."""
    lines = os.pread(number, _MOST, 0).decode("utf-8", "replace").splitlines()
    process, host, since = (*lines, "", "", "")[:3]
    with suppress(ValueError):
        return Holder(process.strip(), host.strip(), parse(since.strip()))
    return Holder(process.strip(), host.strip())
