"""What a clock that is set back leaves behind: visits of the future, and next visits as much too far away.

The pause from the last visit to the next is kept; both are put to the present. What was told to readers (when an
article was first seen, how a visit ended) stays as it was written.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from storage import history
from storage.sqlite import Database
from storage.store import Store
from storage.times import parse, stamp
from storage.waiting import transaction

# Two machines, or a clock that is drawn right step by step, differ by less.
SLACK = timedelta(minutes=2)

# The same pause from now on: `{until}` lies as far behind :now as it lay behind `{since}`.
_MOVED = "strftime('%Y-%m-%dT%H:%M:%f+00:00', :now, (julianday({until}) - julianday({since})) || ' days')"
_RIGHT = (
    f"UPDATE frontier SET next_at = {_MOVED.format(until='next_at', since='visited_at')}, visited_at = :now"
    " WHERE visited_at > :limit",
    "UPDATE frontier SET next_at = :now WHERE visited_at IS NULL AND added_at > :limit AND next_at > :limit",
    f"UPDATE hosts SET rest_until = {_MOVED.format(until='rest_until', since='last_visit_at')}, last_visit_at = :now"
    " WHERE last_visit_at > :limit",
    "UPDATE host_files SET read_at = :now WHERE read_at > :limit",
    f"UPDATE rhythms SET due_at = {_MOVED.format(until='due_at', since='seen_at')}, seen_at = :now,"
    " before_at = min(before_at, :now), since = min(since, :now), last_item_at = min(last_item_at, :now)"
    " WHERE seen_at > :limit",
    "UPDATE sources SET last_visit_at = :now WHERE last_visit_at > :limit",
    "UPDATE chores SET begun_at = :now WHERE begun_at > :limit",
)


def last_moment(db: Database) -> datetime | None:
    """When something was last written, None where nothing ever was."""
    row = db.conn.execute("SELECT at FROM moments WHERE id > 0 ORDER BY id DESC LIMIT 1").fetchone()
    return parse(row[0]) if row else None


def set_back(db: Database, now: datetime) -> timedelta | None:
    """How far in the future the last writing lies, None where it lies in the past as it should."""
    last = last_moment(db)
    return last - now if last and last - now > SLACK else None


def put_right(store: Store, now: datetime) -> None:
    """Put to the present what was planned by a clock that was ahead. Raises StorageError."""
    with transaction(store.db.conn, store.path, store.patience):
        history.begin(store.db.conn, now)
        for sql in _RIGHT:
            store.db.conn.execute(sql, {"now": stamp(now), "limit": stamp(now + SLACK)})
