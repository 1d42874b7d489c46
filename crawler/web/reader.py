"""Connections that pages are read by: they write nothing, and they follow the file when another is put in its place."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from storage.connection import CACHE_KB
from storage.reading import reading_mode

# Bytes of one value, and characters and bytes of all values of one answer to a statement that somebody typed: a page
# of the web can have such a statement opened, and a value of a gigabyte is made in a second.
LARGEST_VALUE, LARGEST_ANSWER = 10_000_000, 50_000_000
ROW = 100  # bytes that a row takes beside them
# What SQLite says of a file that is none, or is no longer what it was.
_BROKEN = frozenset((sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN))
_Read = TypeVar("_Read")


class _Bounded(sqlite3.Cursor):
    """A cursor that gives no more than `LARGEST_ANSWER`; OperationalError where there is more."""

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        return list(self._rows(size or 1))

    def fetchall(self) -> list[Any]:
        return list(self._rows(None))

    def _rows(self, most: int | None) -> Iterator[Any]:
        left = LARGEST_ANSWER
        while most is None or most > 0:
            row = self.fetchone()
            if row is None:
                return
            left -= ROW + sum(len(value) for value in row if isinstance(value, (str, bytes)))
            if left < 0:
                raise sqlite3.OperationalError(f"the answer has more than {LARGEST_ANSWER // 10**6} MB: ask for less")
            yield row
            most = None if most is None else most - 1


class _Typed(sqlite3.Connection):
    """A connection for statements that somebody typed."""

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _Bounded)


class Unreadable(sqlite3.DatabaseError):
    """There is no database at the path, or something that is none; `args[0]` says what."""


def opened(path: Path, *, typed: bool = False) -> sqlite3.Connection:
    """A connection that only reads a database file of any name; `typed`: statements that somebody typed.

    Raises Unreadable where there is none.
    """
    address = path.absolute().as_uri() + reading_mode(path)
    kind = _Typed if typed else sqlite3.Connection
    try:
        made = sqlite3.connect(address, uri=True, check_same_thread=False, factory=kind)
    except sqlite3.DatabaseError as error:
        raise Unreadable(str(error)) from error
    try:
        made.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        made.execute("PRAGMA query_only = ON")
        made.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        made.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()  # what is no database is found out here
    except sqlite3.DatabaseError as error:
        made.close()
        raise Unreadable(str(error)) from error
    return made


class Reader:
    """A connection for each thread, made by `make`, and anew where the file of that path has become another one."""

    def __init__(self, path: Path, make: Callable[[], sqlite3.Connection]):
        self._path, self._make = path, make
        self._own = threading.local()
        self._all: list[sqlite3.Connection] = []

    def mine(self) -> sqlite3.Connection:
        """The connection of this thread. Raises Unreadable as long as there is no database at the path."""
        which = _which(self._path)
        if which is None:
            raise Unreadable("there is no such file")
        known: tuple[sqlite3.Connection, tuple[int, int]] | None = getattr(self._own, "known", None)
        if known is not None and known[1] == which:
            return known[0]
        made = self._make()  # first: where that fails all stays as it was
        self._all.append(made)
        self._own.known = (made, which)
        if known is not None:
            self._all.remove(known[0])
            known[0].close()
        return made

    def read(self, do: Callable[[sqlite3.Connection], _Read]) -> _Read:
        """What is done with the connection of this thread. Raises Unreadable where the file turns out to be broken."""
        try:
            return do(self.mine())
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _BROKEN:
                raise
            known = self._own.__dict__.pop("known", None)
            if known:
                self._all.remove(known[0])
                known[0].close()
            raise Unreadable(str(error)) from error

    def interrupt(self) -> None:
        """End what is being read, in whatever thread."""
        for connection in list(self._all):
            connection.interrupt()

    def close(self) -> None:
        """Close all of them; no thread may use one any more."""
        for connection in self._all:
            connection.close()
        self._all.clear()
        self._own = threading.local()


def _which(path: Path) -> tuple[int, int] | None:
    """What tells a file from one that takes its name; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
