"""The table `chores`: what the daemon does besides crawling, when it last did, and what came of it.

Each function that writes is one transaction of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from storage import history
from storage.sqlite import Database
from storage.store import Store
from storage.times import parse, stamp
from storage.waiting import transaction

_BEGIN = """
    INSERT INTO chores (name, begun_at) VALUES (:name, :at)
    ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at, ended_at = NULL
"""
_WELL = """
    UPDATE chores SET ended_at = :at, done_at = :at, result = :text, error = NULL, error_since = NULL, error_count = 0
    WHERE name = :name
"""
_ILL = """
    UPDATE chores SET ended_at = :at, error = :text, error_since = coalesce(error_since, :at),
        error_count = error_count + 1
    WHERE name = :name
"""


class Done(NamedTuple):
    """How a chore fares: when it was begun last, ended (None: it runs, or was interrupted) and last went well."""

    name: str
    begun_at: datetime
    ended_at: datetime | None = None
    done_at: datetime | None = None
    result: str = ""
    error: str = ""
    error_since: datetime | None = None
    error_count: int = 0


def begin(store: Store, name: str, now: datetime) -> None:
    """A chore is begun. Raises StorageError."""
    _write(store, _BEGIN, {"name": name, "at": stamp(now)}, now)


def end(store: Store, name: str, now: datetime, *, result: str = "", error: str = "") -> None:
    """A chore has ended, with a result or with an error. Raises StorageError."""
    _write(store, _ILL if error else _WELL, {"name": name, "at": stamp(now), "text": error or result}, now)


def _write(store: Store, sql: str, values: dict[str, str], now: datetime) -> None:
    with transaction(store.db.conn, store.path, store.patience):
        history.begin(store.db.conn, now)
        store.db.conn.execute(sql, values)


def known(db: Database) -> dict[str, Done]:
    """Every chore that was ever begun, by name."""
    sql = "SELECT name, begun_at, ended_at, done_at, result, error, error_since, error_count FROM chores ORDER BY name"
    found = {}
    for name, begun, ended, done, result, error, since, count in db.conn.execute(sql):
        times = (parse(begun), _time(ended), _time(done))
        found[name] = Done(name, *times, result or "", error or "", _time(since), count)
    return found


def _time(text: str | None) -> datetime | None:
    return parse(text) if text else None
