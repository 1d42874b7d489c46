"""What waits in the outbox, what became of it, and how each saved search fares. `notices` puts it there.

A notice is waiting, sent, or failed for good; which, the sender decides. Nothing is ever deleted with its search going
on: a story that was told stays known.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from storage.notices import writing
from storage.sqlite import Database
from storage.store import Store
from storage.times import parse, stamp

Row = dict[str, Any]

# No pause is longer; what waits longer was planned by a clock that has been set back since.
LONGEST = timedelta(days=1)

_DUE = """
    SELECT outbox.id, key, article_id, found_at, attempts FROM outbox JOIN searches ON searches.id = search_id
    WHERE name = :name AND paused_at IS NULL AND state = 'waiting'
        AND (rest_until IS NULL OR rest_until <= :now OR rest_until > :farthest)
        AND (next_at <= :now OR next_at > :farthest)
    ORDER BY outbox.id LIMIT :limit
"""
_SENT = "UPDATE outbox SET state = 'sent', sent_at = :now, last_error = NULL WHERE id = :id AND state = 'waiting'"
_WELL = """
    UPDATE searches SET failures = 0, rest_until = NULL, error = NULL, error_since = NULL
    WHERE id = (SELECT search_id FROM outbox WHERE id = :id)
"""
_REFUSED = """
    UPDATE outbox SET attempts = attempts + 1, last_error = :error, next_at = :next,
        state = iif(attempts + 1 >= :most, 'failed', state)
    WHERE id = :id AND state = 'waiting'
"""
_DOWN = """
    UPDATE searches SET failures = failures + 1, rest_until = :next, error = :error,
        error_since = coalesce(error_since, :now)
    WHERE name = :name
"""
# All that is due goes to the same place, and would have failed as the one did that was tried.
_ALL_FAILED = """
    UPDATE outbox SET attempts = attempts + 1, last_error = :error, state = iif(attempts + 1 >= :most, 'failed', state)
    WHERE search_id = (SELECT id FROM searches WHERE name = :name) AND state = 'waiting'
        AND (next_at <= :now OR next_at > :farthest)
"""
_STATES = """
    SELECT name, begun_at, paused_at, error, error_since, rest_until, failures,
        count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'sent') AS sent,
        count(*) FILTER (WHERE state = 'failed') AS failed, max(sent_at) AS last_sent_at,
        max(iif(state = 'failed', last_error, NULL)) AS last_error,
        min(iif(state = 'failed', found_at, NULL)) AS failed_since,
        count(*) FILTER (WHERE state = 'waiting' AND attempts > 0) AS refused,
        max(iif(state = 'waiting' AND attempts > 0, last_error, NULL)) AS refused_error,
        min(iif(state = 'waiting' AND attempts > 0, found_at, NULL)) AS refused_since
    FROM searches LEFT JOIN outbox ON search_id = searches.id GROUP BY searches.id ORDER BY name
"""
HEALTH = ("waiting", "sent", "failed")
_RETRY = """
    UPDATE outbox SET state = 'waiting', attempts = 0, next_at = :now
    WHERE search_id = (SELECT id FROM searches WHERE name = :name) AND state != 'sent'
"""
_SKIP = """
    UPDATE searches SET observation = (SELECT coalesce(max(id), 0) FROM observations),
        after_article = (SELECT coalesce(max(id), 0) FROM articles)
    WHERE name = :name
"""


# What waits goes into the feed now; what failed and was sent again stands with what is new.
_NEWEST = """
    SELECT article_id, found_at, coalesce(sent_at, :now) AS at FROM outbox
    WHERE search_id = (SELECT id FROM searches WHERE name = :name) AND state != 'failed'
    ORDER BY state = 'waiting' DESC, at DESC, id DESC LIMIT :most
"""
_DROPPED = """
    UPDATE outbox SET attempts = attempts + 1, last_error = ?, state = 'failed' WHERE id = ? AND state = 'waiting'
"""


class Letter(NamedTuple):
    """One notice that is to be sent; `attempts` are those that failed."""

    id: int
    key: str
    article_id: int
    found_at: datetime
    attempts: int


def _when(now: datetime) -> dict[str, str]:
    return {"now": stamp(now), "farthest": stamp(now + LONGEST + timedelta(minutes=1))}


def due(store: Store, name: str, now: datetime, limit: int | None = None) -> list[Letter]:
    """What of a search may be sent now, the oldest first: so much of it, or all."""
    # SQLite takes a negative limit for none.
    rows = store.db.conn.execute(_DUE, {**_when(now), "name": name, "limit": -1 if limit is None else limit})
    return [Letter(number, key, article, parse(at), tries) for number, key, article, at, tries in rows]


def sent(store: Store, numbers: Iterable[int], now: datetime) -> None:
    """These notices have arrived, so all is well with their place. Raises StorageError."""
    with writing(store, now) as connection:
        for number in numbers:
            connection.execute(_SENT, {"id": number, "now": stamp(now)})
            connection.execute(_WELL, {"id": number})


def refused(store: Store, number: int, error: str, now: datetime, *, pause: timedelta, most: int) -> None:
    """This notice was refused: it waits so long, or has failed when that was the last of so many attempts."""
    told = {"id": number, "error": error, "next": stamp(now + pause), "most": most}
    with writing(store, now) as connection:
        connection.execute(_REFUSED, told)
        connection.execute(_WELL, {"id": number})


def down(store: Store, name: str, error: str, now: datetime, *, pause: timedelta, most: int) -> None:
    """The place of a search takes nothing: nothing is sent there for so long, and for what is due it was an attempt."""
    told = {**_when(now), "name": name, "error": error, "next": stamp(now + pause), "most": most}
    with writing(store, now) as connection:
        connection.execute(_ALL_FAILED, told)
        connection.execute(_DOWN, told)


def wrong(store: Store, name: str, error: str | None, now: datetime) -> None:
    """The search itself is wrong, or None: it is right. Written where that is new only."""
    sql = "SELECT error, failures FROM searches WHERE name = ?"
    row = store.db.conn.execute(sql, (name,)).fetchone()
    # The error of a place stays until something arrives there.
    if row and row[0] != error and not (error is None and row[1]):
        with writing(store, now) as connection:
            sql = "UPDATE searches SET error = ?, error_since = iif(? IS NULL, NULL, ?) WHERE name = ?"
            connection.execute(sql, (error, error, stamp(now), name))


def failures(store: Store, name: str) -> int:
    """How often in a row the place of a search took nothing."""
    row = store.db.conn.execute("SELECT failures FROM searches WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def states(db: Database) -> list[Row]:
    """How each search fares: since when, what waits, was sent and has failed, and what is wrong.

    `error` is of the search or its place as a whole; `refused` of what waits were tried in vain.
    """
    cursor = db.conn.execute(_STATES)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def health(db: Database) -> list[Row]:
    """Of each search, what a monitoring system wants to know: how many notices wait, were sent and have failed."""
    return [{"name": row["name"], **{f"notices_{of}": row[of] for of in HEALTH}} for row in states(db)]


def pause(store: Store, name: str, now: datetime) -> None:
    """Neither look nor send for a search until `resume`. Raises StorageError."""
    with writing(store, now) as connection:
        connection.execute("UPDATE searches SET paused_at = ? WHERE name = ?", (stamp(now), name))


def resume(store: Store, name: str, now: datetime, *, skip: bool = False) -> None:
    """Go on with a search where it stopped; `skip` leaves out what came in meanwhile. Raises StorageError."""
    with writing(store, now) as connection:
        connection.execute("UPDATE searches SET paused_at = NULL WHERE name = ?", (name,))
        if skip:
            connection.execute(_SKIP, {"name": name})


def retry(store: Store, name: str, now: datetime) -> int:
    """Send what has failed and what waits of a search as soon as that is possible; how many that is."""
    with writing(store, now) as connection:
        sql = "UPDATE searches SET failures = 0, rest_until = NULL WHERE name = ?"
        connection.execute(sql, (name,))
        return connection.execute(_RETRY, {"name": name, "now": stamp(now)}).rowcount


def forget(store: Store, name: str, now: datetime) -> int:
    """Forget a search with all its notices; how many those were. Raises StorageError."""
    with writing(store, now) as connection:
        sql = "DELETE FROM outbox WHERE search_id = (SELECT id FROM searches WHERE name = ?)"
        gone = connection.execute(sql, (name,)).rowcount
        connection.execute("DELETE FROM searches WHERE name = ?", (name,))
    return gone


class Room(NamedTuple):
    """What a feed has room for: what went into it within a time, at least so many notices, and at most so many."""

    least: int
    most: int
    within: timedelta


def newest(store: Store, name: str, room: Room, now: datetime) -> list[tuple[int, datetime]]:
    """The articles of what a feed holds once what waits is in it, the newest first, and when each was found.

    The same notices give the same answer, whenever that is.
    """
    rows = store.db.conn.execute(_NEWEST, {"name": name, "now": stamp(now), "most": room.most}).fetchall()
    begin = max((parse(at) for *_, at in rows), default=now) - room.within
    kept = [row for place, row in enumerate(rows) if place < room.least or parse(row[2]) >= begin]
    return [(number, parse(found)) for number, found, _ in kept]


def dropped(store: Store, numbers: Iterable[int], error: str, now: datetime) -> None:
    """These notices have failed for good, because their place has no room for them. Raises StorageError."""
    with writing(store, now) as connection:
        connection.executemany(_DROPPED, [(error, number) for number in numbers])
