"""Writing while others do: every transaction takes the write lock first, and waits for it as long as it was told to.

SQLite has one writer at a time. Who waits holds nothing yet and has lost nothing: what was to be written is still in
hand, and is written when the other has done.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import DatabaseLocked, translated

# Seconds that SQLite itself waits for a lock before it says that there is one.
SHORT = 5.0
# Seconds that a crawl waits: a backup of another program, or somebody's long statement, is over by then.
LONG = 120.0
# Who waits asks again within `SHORT`; who has not asked for so many seconds waits no more.
GONE = 3 * SHORT
# Bytes that the log of a file grows to before it is written back: more is hardly faster, and takes room from the data.
LOG = 4_000_000
# With less room than this on the disk the log is written back before every transaction.
LITTLE = 4 * LOG


class Patience:
    """How many seconds a writer waits for a lock of another process, and who is told, once in each wait."""

    def __init__(
        self,
        seconds: float = 0.0,
        told: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.seconds, self._told, self._clock = seconds, told, clock
        # When each wait began, and when it was last asked whether it goes on.
        self._waits: dict[Path, tuple[float, float]] = {}

    def goes_on(self, path: Path) -> bool:
        """Whether to try once more, now that the lock of a file was not to be had."""
        now = self._clock()
        since, last = self._waits.get(path, (now, None))
        if last is None or now - last > GONE:
            since = now
            if self.seconds:
                self._told(f"Waiting: another process holds `{path}` locked. Nothing is lost meanwhile.")
        self._waits[path] = since, now
        if now - since < self.seconds:
            return True
        self.ends(path)
        return False

    def waits(self) -> dict[Path, float]:
        """The files whose lock is waited for, and for how many seconds; any thread may ask."""
        now = self._clock()
        return {path: now - since for path, (since, last) in list(self._waits.items()) if now - last <= GONE}

    def ends(self, path: Path) -> None:
        """The lock was had, or given up."""
        self._waits.pop(path, None)


NONE = Patience()


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path, patience: Patience = NONE) -> Iterator[None]:
    """One transaction that holds the write lock from its first moment: all of it, or nothing.

    Raises StorageError, DatabaseLocked when the patience is over.
    """
    with translated(path):
        if _is_short_of_room(path):
            _clear_log(connection)
        _begin(connection, path, patience)
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # A full disk takes the transaction back by itself; the first error is the one to be heard.
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if _is_short_of_room(path):
                _clear_log(connection)
            raise


def keep_log_small(connection: sqlite3.Connection) -> None:
    """Let the log of a file be written back at `LOG` bytes, and give the room back that one long transaction took."""
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG // size}")
    connection.execute(f"PRAGMA journal_size_limit = {LOG}")


def _is_short_of_room(path: Path) -> bool:
    """Whether there is little room on the disk, and a log that takes of it."""
    try:
        log = path.with_name(path.name + "-wal").stat().st_size
        return log > 0 and shutil.disk_usage(path.absolute().parent).free < LITTLE
    except OSError:
        return False


def _clear_log(connection: sqlite3.Connection) -> None:
    """Write the log back and make it empty, as far as those who read the file allow it; nobody is waited for."""
    (usual,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    with suppress(sqlite3.Error):  # the writing that follows says what is wrong
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute(f"PRAGMA busy_timeout = {usual}")


def _begin(connection: sqlite3.Connection, path: Path, patience: Patience) -> None:
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_locked(error) or not patience.goes_on(path):
                raise
        else:
            patience.ends(path)
            return


def is_free(connection: sqlite3.Connection, path: Path, patience: Patience) -> bool:
    """Whether the write lock is to be had at this moment. Raises DatabaseLocked when the patience is over."""
    (usual,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if not is_locked(error):
            return True  # the writing that follows says what is wrong
        if patience.goes_on(path):
            return False
        raise DatabaseLocked(path) from error
    finally:
        connection.execute(f"PRAGMA busy_timeout = {usual}")
    patience.ends(path)
    return True


def is_locked(error: sqlite3.Error) -> bool:
    """Whether an error of SQLite says that another process holds a lock."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
