"""What can be wrong with a database file, each with its path and the remedy.

StorageError
+-- MissingDatabase  nothing there yet, and the command only reads
+-- NotOurDatabase   no SQLite file, or another program's
+-- NewerSchema      made by a newer kuaixun
+-- OlderSchema      made by an older kuaixun, and the command only reads
+-- DatabaseLocked   another process holds the write lock
+-- InUse            another process crawls into it
+-- Gone             the file was deleted or replaced while it was open
+-- Unreadable       the file cannot be read, or not without writing beside it
+-- Unwritable       the folder or the file cannot be written
    +-- DiskFull     there is no room left

MissingExtra is about no file: a package is not installed.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StorageError(Exception):
    """Root of the storage errors; `path` is the database file."""

    def __init__(self, path: Path, problem: str):
        super().__init__(problem)
        self.path = path


class MissingExtra(Exception):
    """What is wanted needs a package that one of our extras brings, and that is not installed."""

    def __init__(self, wants: str, extra: str):
        super().__init__(f"{wants}, which is not installed: pip install 'kuaixun[{extra}]'.")


class MissingDatabase(StorageError):
    def __init__(self, path: Path):
        super().__init__(path, f"There is no database at `{path}`. Crawl first, or name the file with --db.")


class NotOurDatabase(StorageError):
    def __init__(self, path: Path, found: str = "another program made it"):
        super().__init__(path, f"`{path}` is no kuaixun database: {found}. Nothing was changed; choose another file.")


class NewerSchema(StorageError):
    def __init__(self, path: Path):
        super().__init__(path, f"`{path}` was written by a newer kuaixun. Upgrade this one, or choose another file.")


class OlderSchema(StorageError):
    def __init__(self, path: Path):
        super().__init__(
            path, f"`{path}` was written by an older kuaixun. Any crawl with this one brings it up to date."
        )


class DatabaseLocked(StorageError):
    def __init__(self, path: Path):
        super().__init__(path, f"`{path}` is locked: another process is writing to it. Wait for it, or stop it.")


class InUse(StorageError):
    def __init__(self, path: Path, who: str):
        super().__init__(path, f"`{path}` is in use: {who} crawls into it already. Wait for it, or stop it.")


class Gone(StorageError):
    def __init__(self, path: Path):
        super().__init__(
            path,
            f"`{path}` was deleted or replaced while it was open, so nothing more can be stored. "
            "Put the right file there and start again; without one, a new one is made.",
        )


class Unwritable(StorageError):
    def __init__(self, path: Path, problem: str):
        super().__init__(path, f"`{path}` cannot be written: {problem}.")


class DiskFull(Unwritable):
    def __init__(self, path: Path):
        super().__init__(
            path, "the disk is full. What was stored is safe; make room, and the next run goes on from there"
        )


class Unreadable(StorageError):
    def __init__(self, path: Path, problem: str):
        super().__init__(path, f"`{path}` cannot be read: {problem}.")


_NO_PLACE = "permission is missing, or its folder does not exist"
# With less left than this an error of the disk is taken for a full one: not all of them say what they are.
_ROOM = 1_000_000  # bytes


@contextmanager
def translated(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Turn SQLite's complaints about the file into ours; anything else passes. `reading`: nothing is written to it."""
    unusable = Unreadable if reading else Unwritable
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DatabaseLocked(path) from error
        if code == sqlite3.SQLITE_NOTADB:
            raise NotOurDatabase(path, "it is not an SQLite file") from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            lack = "the log of a crawl lies beside it, in a folder without write permission" if reading else _NO_PLACE
            raise unusable(path, lack) from error
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
            raise DiskFull(path) from error
        if code == sqlite3.SQLITE_IOERR:
            raise unusable(path, "the disk reports an error") from error
        if code == sqlite3.SQLITE_CORRUPT:
            raise StorageError(
                path, f"`{path}` is damaged. Restore it from a backup, or choose another file."
            ) from error
        raise


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.absolute().parent).free < _ROOM
    except OSError:
        return False
