"""What every row was at any time: the database remembers its own changes, and can be read as it was.

Each transaction of the store is a moment: its number, and our clock when it ended. For every table that is read from
the outside `history_TABLE` holds the rows as they were before a moment changed them, put there by triggers; a row that
was not there yet has `there` 0. So a row at a time is the one with the lowest moment after that time, or else the
present one. `travel` lays views of the tables' own names over a connection: who reads through it reads the past.

The text of an article is not kept a second time: `revisions` has it. When an article was last seen follows from the
visits, and of a headline that is not remembered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from storage.times import parse, stamp

BEGINNING = "0001-01-01T00:00:00.000+00:00"


class _Tracked(NamedTuple):
    """A table with history: its key, the only columns that are kept (none: all), and those that are not."""

    key: str
    only: Sequence[str] = ()
    without: Sequence[str] = ()


TRACKED = {
    "articles": _Tracked("id", without=("last_seen_at", "text")),
    "article_urls": _Tracked("url_key"),
    "revisions": _Tracked("id"),
    "removals": _Tracked("id"),
    "stories": _Tracked("id"),
    "links": _Tracked("id"),
    "story_moves": _Tracked("id"),
    "headlines": _Tracked("id", without=("last_seen_at",)),
    "rights": _Tracked("id"),
    "gaps": _Tracked("id"),
    "clock_faults": _Tracked("id"),
    "drifts": _Tracked("id"),
    "suspects": _Tracked("article_id"),
    "sources": _Tracked("name"),
    "hosts": _Tracked("host"),
    "frontier": _Tracked("url_key", only=("host", "source", "kind", "state", "next_at")),
}


class TooEarly(ValueError):
    """Nothing is known of that time: `since` is when the history begins."""

    def __init__(self, since: datetime):
        super().__init__(f"the history of this database begins at {since.isoformat()}")
        self.since = since


def begin(connection: sqlite3.Connection, at: datetime) -> int:
    """A new moment, in the open transaction: whatever is written from here on belongs to it. Its number."""
    return int(connection.execute("INSERT INTO moments (at) VALUES (?)", (stamp(at),)).lastrowid or 0)


def end(connection: sqlite3.Connection, moment: int, at: datetime) -> None:
    """The moment is over: from now on everybody can read what was written in it, and nobody could before."""
    connection.execute("UPDATE moments SET at = ? WHERE id = ?", (stamp(at), moment))


def track(connection: sqlite3.Connection) -> None:
    """Give every table its history, with the columns that it has now; what is there already stays."""
    present = {row[0]: row[1] for row in connection.execute("SELECT name, sql FROM sqlite_master")}
    for table, tracked in TRACKED.items():
        kept, history = _kept(connection, table, tracked), f"history_{table}"
        # Of another type a column would be compared otherwise, and its index not used.
        kinds = {row[1]: row[2] for row in connection.execute(f"PRAGMA main.table_info ({table})")}
        if history not in present:
            names = ", ".join(f"{_quoted(name)} {kinds[name]}" for name in kept)
            connection.execute(
                f"CREATE TABLE {history} ({tracked.key} {kinds[tracked.key]} NOT NULL, moment INTEGER NOT NULL, "
                f"there INTEGER NOT NULL, {names}, PRIMARY KEY ({tracked.key}, moment)) WITHOUT ROWID"
            )
        known = set(_columns(connection, history))
        for name in (name for name in kept if name not in known):
            connection.execute(f"ALTER TABLE {history} ADD COLUMN {_quoted(name)} {kinds[name]}")
        for name, sql in _triggers(table, tracked.key, kept):
            if present.get(name) != sql:
                connection.execute(f"DROP TRIGGER IF EXISTS {name}")
                connection.execute(sql)


def is_tracked(connection: sqlite3.Connection) -> bool:
    """Whether every column of every table has its history."""
    return all(
        set(_kept(connection, table, tracked)) <= set(_columns(connection, f"history_{table}"))
        for table, tracked in TRACKED.items()
    )


def moment_at(connection: sqlite3.Connection, at: datetime) -> int:
    """The last moment that had begun at a time. Raises TooEarly."""
    (found,) = connection.execute("SELECT max(id) FROM moments WHERE at <= ?", (stamp(at),)).fetchone()
    if found is None:
        raise TooEarly(parse(connection.execute("SELECT at FROM moments WHERE id = 0").fetchone()[0]))
    return int(found)


def travel(connection: sqlite3.Connection, at: datetime) -> int:
    """Let the connection read the database as it was at a time; the moment that this is. Raises TooEarly.

    Only the tables in `TRACKED` and the visits travel, with the columns that reading needs.
    """
    return travel_to(connection, moment_at(connection, at))


def travel_to(connection: sqlite3.Connection, moment: int) -> int:
    """As `travel`, to the state after a moment."""
    (locked,) = connection.execute("PRAGMA query_only").fetchone()
    # The views live in the connection, not in the file; SQLite does not tell the two apart here.
    connection.execute("PRAGMA query_only = OFF")
    try:
        for table, tracked in TRACKED.items():
            view = _articles if table == "articles" else _view
            body = view(table, tracked, _columns(connection, table), moment)
            connection.execute(f"CREATE TEMP VIEW {table} AS {body}")
        visits = f"SELECT * FROM main.visits WHERE moment IS NULL OR moment <= {moment}"
        connection.execute(f"CREATE TEMP VIEW visits AS {visits}")
        connection.execute("CREATE TEMP TABLE travelling (moment INTEGER)")
        connection.execute("INSERT INTO travelling VALUES (?)", (moment,))
        for name, sql in _views(connection):
            connection.execute(f'CREATE TEMP VIEW "{name}" {sql}')
    finally:
        connection.execute(f"PRAGMA query_only = {locked}")
    return moment


def moment_of(connection: sqlite3.Connection) -> int | None:
    """The moment that a connection reads; None where it reads the present."""
    is_there = connection.execute("SELECT 1 FROM temp.sqlite_master WHERE name = 'travelling'").fetchone()
    return int(connection.execute("SELECT moment FROM temp.travelling").fetchone()[0]) if is_there else None


def rows_at(table: str, moment: int) -> tuple[str, str]:
    """What tells the rows of a table at a moment, in SQL: those of `main.TABLE now` that were there as they are, and
    those of `main.history_TABLE former` that were there otherwise. Together these are all.
    """
    key = TRACKED[table].key
    later = f"SELECT 1 FROM main.history_{table} AS later WHERE later.{key} = now.{key} AND later.moment > {moment}"
    return f"NOT EXISTS ({later})", _was(table, key, moment)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA main.table_info ({table})")]


def _kept(connection: sqlite3.Connection, table: str, tracked: _Tracked) -> list[str]:
    """The columns with history, but for the key."""
    out = (tracked.key, *tracked.without)
    return [name for name in tracked.only or _columns(connection, table) if name not in out]


def _triggers(table: str, key: str, kept: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The first change of a row in a moment is the one that is kept: it has what was there before."""
    names, old = ", ".join(map(_quoted, kept)), ", ".join(f"OLD.{_quoted(name)}" for name in kept)
    now = "(SELECT max(id) FROM moments)"
    unknown = "WHERE NOT EXISTS (SELECT 1 FROM history_{0} WHERE {1} = {2}.{1} AND moment = {3})"
    new_row = f"INSERT INTO history_{table} ({key}, moment, there) SELECT NEW.{key}, {now}, 0 "
    old_row = f"INSERT INTO history_{table} ({key}, moment, there, {names}) SELECT OLD.{key}, {now}, 1, {old} "
    fresh, former = (unknown.format(table, key, which, now) for which in ("NEW", "OLD"))
    changed = " OR ".join(f"OLD.{_quoted(name)} IS NOT NEW.{_quoted(name)}" for name in kept)
    parts = (
        ("born", f"AFTER INSERT ON {table} BEGIN {new_row}{fresh}; END"),
        ("changed", f"AFTER UPDATE OF {names} ON {table} WHEN {changed} BEGIN {old_row}{former}; END"),
        ("gone", f"AFTER DELETE ON {table} BEGIN {old_row}{former}; END"),
    )
    for name, body in parts:
        yield f"{table}_{name}", f"CREATE TRIGGER {table}_{name} {body}"


def _view(table: str, tracked: _Tracked, columns: Sequence[str], moment: int) -> str:
    """A table as it was at a moment."""
    key = tracked.key
    read = (key, *tracked.only) if tracked.only else columns
    names = ", ".join(_quoted(name) for name in read if name not in tracked.without)
    return f"""
        SELECT {names} FROM main.{table} AS now WHERE NOT EXISTS (
            SELECT 1 FROM main.history_{table} AS former WHERE former.{key} = now.{key} AND former.moment > {moment})
        UNION ALL SELECT {names} FROM main.history_{table} AS former WHERE {_was(table, key, moment)}
    """


def _was(table: str, key: str, moment: int) -> str:
    """What tells the row of the history (`former`) that was there at a moment."""
    return f"""
        former.moment > {moment} AND former.there AND NOT EXISTS (
            SELECT 1 FROM main.history_{table} AS sooner
            WHERE sooner.{key} = former.{key} AND sooner.moment > {moment} AND sooner.moment < former.moment)
    """


def _articles(table: str, tracked: _Tracked, columns: Sequence[str], moment: int) -> str:
    """As `_view`, with what has no history of its own: see above."""
    seen = f"""
        iif(NOT EXISTS (SELECT 1 FROM main.visits WHERE article_id = now.id AND moment > {moment}), now.last_seen_at,
            coalesce((SELECT at FROM main.visits WHERE article_id = now.id AND coalesce(moment, 0) <= {moment}
                ORDER BY visits.id DESC LIMIT 1), now.first_seen_at)) AS last_seen_at
    """
    text = """
        iif(former.revision = now.revision, now.text, (SELECT text FROM main.revisions AS one
            WHERE one.article_id = now.id AND one.revision = former.revision)) AS text
    """
    present = ", ".join(seen if name == "last_seen_at" else f"now.{_quoted(name)}" for name in columns)
    computed = {"last_seen_at": seen, "text": text}
    former = ", ".join(computed.get(name, f"former.{_quoted(name)}") for name in columns)
    return f"""
        SELECT {present} FROM main.articles AS now WHERE NOT EXISTS (
            SELECT 1 FROM main.history_articles AS former WHERE former.id = now.id AND former.moment > {moment})
        UNION ALL
        SELECT {former} FROM main.history_articles AS former JOIN main.articles AS now ON now.id = former.id
        WHERE {_was(table, tracked.key, moment)}
    """


def _views(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """The file's own views, to be made again above the travelling tables: theirs are bound to the file."""
    for name, sql in connection.execute("SELECT name, sql FROM main.sqlite_master WHERE type = 'view' ORDER BY rowid"):
        yield name, sql[sql.index(" AS ") :]


def _quoted(name: str) -> str:
    return f'"{name}"'
