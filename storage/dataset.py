"""The rows of a data set: every article with what a researcher has to know of it, as it was known at the asked time.

`FIELDS` says what a row holds, in its order. `rows` reads plain table names only: over a connection that travels
(`history.travel`) the answer is that of the time. Nothing depends on the clock. Memory is constant.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import compress
from typing import Any, Literal, Protocol

from storage.batch import SIZE, Batch, Texts, rows_of
from storage.fields import FIELDS, Field
from storage.history import moment_of
from storage.past_search import ordered
from storage.rights import Statements, reservations
from storage.search import Check, checked, words_to_match
from storage.sheet import COLUMNS, STORY, sheet
from storage.sqlite import Database

__all__ = ["FIELDS", "Field", "Finder", "Markets", "Purpose", "batches", "rows", "times"]

Purpose = Literal["train", "search", "archive"]
Row = dict[str, Any]


class Finder(Protocol):
    """What finds companies and indices in a text: see `mentions`."""

    def find(self, text: str, at: datetime | None) -> Sequence[Mapping[str, Any]]:
        """The mentions in a text that was written at a time."""


class Markets(Protocol):
    """What knows the hours of exchanges: see `sessions`."""

    def stamps(self, at: datetime, codes: Sequence[str]) -> list[dict[str, Any]]:
        """Where a time falls in the hours of the markets that the codes are traded on."""


_RANGE = 2048  # ids
_STORY = tuple(f"story_{name}" for name in STORY)
_TOLD = ("title", "text", "published_flag", "published_at", "first_seen_at")

Told = Callable[[Row], None]


def rows(db: Database, **choice: Any) -> Iterator[Row]:
    """The rows of `batches`, one by one."""
    return rows_of(batches(db, **choice))


def batches(
    db: Database,
    *,
    where: str = "",
    params: Sequence[Any] | Mapping[str, Any] = (),
    search: str = "",
    ads: bool = False,
    copies: bool = False,
    purpose: Purpose = "archive",
    mentions: Finder | None = None,
    markets: Markets | None = None,
    left_out: Counter[str] | None = None,
    told: Told | None = None,
    statements: Statements | None = None,
) -> Iterator[Batch]:
    """The rows of a data set, in the order of their ids, as columns; each row has exactly `FIELDS`.

    `where` is SQL on the columns of `articles`, `search` words as `kuaixun search` takes them. `purpose` leaves out
    what is reserved against it. Times are aware datetimes; lists are shared between rows, not to be changed. With
    `left_out` it is counted why articles of the selection are not among the rows, each under one name; `told` gets
    the id, url and rights of those left out for their rights. `statements` are what is known of rights in place of
    what the database knows, at another time. Run it in a transaction where others write.
    Raises sqlite3.OperationalError for a condition that is none, at once.
    """
    condition = _condition(db, where, search)
    if left_out is not None:
        left_out.update(_hidden(db, condition, params, ads=ads, copies=copies))
    found = _read(db, _sql(db, f"{condition} {_shown(ads, copies)}"), params)
    held = checked(search)
    said_of = (statements or Statements(db.conn)).of

    def allowed(raw: Batch) -> tuple[Batch, Sequence[Any]]:
        """What is not reserved, with what is said of it."""
        rights: list[Any] = list(map(said_of, raw["id"], raw["url"]))
        if not any(rights):
            return raw, rights
        reasons = [reservations(each, purpose) for each in rights]
        for number, url, said, why in zip(raw["id"], raw["url"], rights, reasons, strict=True):
            if why and left_out is not None:
                left_out[why] += 1
            if why and told:
                told({"id": number, "url": url, "reasons": why, "rights": said})
        shown = [not why for why in reasons]
        return raw.kept(shown), list(compress(rights, shown))

    def selected() -> Iterator[Batch]:
        for batch in found:
            hits = _hits(batch, held) if held else batch
            raw, rights = allowed(hits)
            if raw:
                columns = sheet(raw, rights)
                _find(columns, mentions, markets)
                yield Batch(columns, len(raw))

    return selected()


def times(
    db: Database,
    *,
    where: str = "",
    params: Sequence[Any] | Mapping[str, Any] = (),
    search: str = "",
    ads: bool = False,
    copies: bool = False,
    purpose: Purpose = "archive",
) -> Iterator[datetime]:
    """When each of the rows that `rows` gives for the same arguments was first seen, in the order of their ids."""
    condition, held, statements = _condition(db, where, search), checked(search), Statements(db.conn)
    also = ", title, text" if held else ""
    sql = f"""
        SELECT id, url, first_seen_at{also} FROM articles WHERE {condition} {_shown(ads, copies)} ORDER BY id
    """
    for number, url, at, *words in db.conn.execute(sql, params):
        if (not held or held(*words)) and not reservations(statements.of(number, url), purpose):
            yield datetime.fromisoformat(at)


def _sql(db: Database, condition: str) -> str:
    present = {row[1] for row in db.conn.execute("PRAGMA main.table_info (articles)")}
    # As bytes: hashed as they are, and decoded once.
    told = {name: f'articles."{name}"' for name in present} | {"text": "CAST(articles.text AS BLOB)"}
    names = ", ".join(f'{told.get(name, "NULL")} AS "{name}"' for name in COLUMNS)
    return f"SELECT {names} FROM articles WHERE {condition} {{within}} ORDER BY articles.id"


def _read(db: Database, sql: str, params: Sequence[Any] | Mapping[str, Any]) -> Iterator[Batch]:
    """The rows of a query with their stories, in the order of their ids.

    A table that travels is no table but a view of two, which SQLite would sort as a whole, with all texts: there it is
    asked for a range of ids after the other. A join would read it anew for each row.
    """
    if moment_of(db.conn) is None:
        story = ", ".join(f"stories.{name} AS story_{name}" for name in STORY)
        join = f"SELECT chosen.*, {story} FROM ({sql}) AS chosen JOIN stories ON stories.id = story_id"
        asked = db.conn.execute(f"{join} ORDER BY chosen.id".replace("{within}", ""), params)
        return _fetched(asked, (*COLUMNS, *_STORY))
    db.conn.execute(f"EXPLAIN {sql.replace('{within}', '')}", params)
    (last,) = db.conn.execute("SELECT coalesce(max(id), 0) FROM main.articles").fetchone()
    ranges = (f"AND articles.id > {start} AND articles.id <= {start + _RANGE}" for start in range(0, last, _RANGE))
    cursors = (db.conn.execute(sql.replace("{within}", within), params) for within in ranges)
    return (_with_stories(db, batch) for cursor in cursors for batch in _fetched(cursor, COLUMNS))


def _fetched(cursor: sqlite3.Cursor, names: Sequence[str]) -> Iterator[Batch]:
    while some := cursor.fetchmany(SIZE):
        columns = dict(zip(names, zip(*some, strict=True), strict=True))
        yield Batch({**columns, "text": Texts(columns["text"])}, len(some))


def _with_stories(db: Database, raw: Batch) -> Batch:
    wanted = ",".join(map(str, set(raw["story_id"])))
    found = db.conn.execute(f"SELECT id, {', '.join(STORY)} FROM stories WHERE id IN ({wanted})")
    by_number = {number: story for number, *story in found}
    stories = zip(*[by_number[each] for each in raw["story_id"]], strict=True)
    return Batch({**raw.columns, **dict(zip(_STORY, stories, strict=True))}, len(raw))


def _condition(db: Database, where: str, search: str) -> str:
    # On lines of its own, so that a comment in it ends with it.
    condition = f"(\n{where}\n)" if where else "1"
    if not search:
        return condition
    match = words_to_match(search)
    if not match:
        return "0"
    if moment_of(db.conn) is not None:  # the index has the present texts
        return f"{condition} AND articles.id IN (SELECT value FROM json_each('{ordered(db.conn, match)}'))"
    match = match.replace("'", "''")
    return f"{condition} AND articles.id IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH '{match}')"


def _shown(ads: bool, copies: bool) -> str:
    return ("" if ads else "AND NOT articles.is_ad ") + ("" if copies else "AND articles.copy_of IS NULL")


def _hidden(db: Database, condition: str, params: Any, *, ads: bool, copies: bool) -> Counter[str]:
    """How many articles of a selection are not shown because of what they are."""
    sql = "SELECT total(is_ad), total(copy_of IS NOT NULL AND NOT is_ad), total(is_ad AND copy_of IS NOT NULL) "
    is_ad, copy, both = db.conn.execute(f"{sql} FROM articles WHERE {condition}", params).fetchone()
    found = {"advertising": 0 if ads else is_ad, "copy": 0 if copies else copy + (both if ads else 0)}
    return Counter({name: int(number) for name, number in found.items() if number})


def _hits(raw: Batch, held: Check) -> Batch:
    return raw.kept([held(*words) for words in zip(raw["title"], raw["text"], strict=True)])


def _find(columns: dict[str, Sequence[Any]], finder: Finder | None, markets: Markets | None) -> None:
    """Add the mentions in title and text, each with which of the two it stands in, and the sessions."""
    if finder:
        told = zip(*[columns[name] for name in _TOLD], strict=True)
        columns["mentions"] = [_mentions(title, text, _written(*times), finder) for title, text, *times in told]
    if markets:
        seen = zip(columns["first_seen_at"], columns["mentions"], strict=True)
        columns["sessions"] = [markets.stamps(at, [each["code"] for each in found]) for at, found in seen]


def _mentions(title: str, text: str, at: datetime, finder: Finder) -> list[dict[str, Any]]:
    parts = (("title", title), ("text", text))
    return [{"field": name, **found} for name, part in parts for found in finder.find(part, at)]


def _written(flag: str | None, published_at: datetime | None, first_seen_at: datetime) -> datetime:
    return (not flag and published_at) or first_seen_at
