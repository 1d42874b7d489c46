"""Increments: the rows that are new, changed or gone since a moment, by comparing what was known then with what is now.

Only articles of which something was written since can differ; those are found in the history, and looked at in both.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from storage import exports, history, open_store
from storage.batch import Batch, batched, rows_of
from storage.errors import translated
from storage.exporters._about import Choice, ExportError, Row
from storage.exporters._files import digest, locked
from storage.exporters._manifest import BadManifest, asks_more, at_of, moment, opened, path_of
from storage.exporters._rows import comparable
from storage.fields import FIELDS
from storage.rights import Statements, reservations
from storage.sqlite import Database

# What a row is made of: the article, its story, and what is said of it and of its host.
_TOUCHED = """
    SELECT id FROM main.history_articles WHERE moment > :since
    UNION SELECT id FROM main.articles WHERE story_id IN (SELECT id FROM main.history_stories WHERE moment > :since)
    UNION SELECT article_id FROM main.rights WHERE article_id IS NOT NULL
        AND id IN (SELECT id FROM main.history_rights WHERE moment > :since)
    UNION SELECT articles.id FROM main.articles JOIN (
        SELECT DISTINCT host FROM main.rights WHERE article_id IS NULL
            AND id IN (SELECT id FROM main.history_rights WHERE moment > :since)
    ) AS hosts ON substr(url, instr(url, '//') + 2, length(host) + 1) IN (host, host || '/')
"""
_FETCHED = "UNION SELECT article_id FROM main.visits WHERE moment > :since AND article_id IS NOT NULL"
_URL = "SELECT url FROM articles WHERE id = ?"
# What a row still says when its texts are reserved: which it was, and nothing that its publisher wrote.
_OURS = (
    "id", "url", "kind", "first_seen_at", "revision", "story_id", "story_first_seen_at", "site", "found_by",
)  # fmt: skip
_BLANK = {"title": "", "text": "", "text_sha256": hashlib.sha256().hexdigest(), "mentions": []}
_IS_TOUCHED = "articles.id IN (SELECT id FROM temp.touched)"

_REMEDY = "Ask one that can be written, or leave out --since-last."

Batches = Callable[..., Iterator[Batch]]


class Since:
    """The increment of a name, out of the database at `path`. What was left unfinished is settled at once.

    `adopted` is a file that was complete already, and is now noted as such. A name has one increment at a time: close
    it, or use it as a context manager. Raises ExportError.
    """

    def __init__(self, path: Path, name: str, choice: Choice, format: str, **more: Any):
        self._path, self._name, self._query = path, name, {**choice.told, "format": format, **more}
        self._upto: int | None = None
        self._ready: Path | None = None
        self.adopted: Path | None = None
        self._lock = ExitStack()
        place = path.resolve()
        lock = place.with_name(f".{place.name}.{hashlib.sha256(name.encode()).hexdigest()[:16]}.export.lock")
        if place.exists():  # else there is no database, as the next line says
            try:
                self._lock.enter_context(locked(lock, f"Another export of `{name}` is at work."))
                if not os.access(place, os.W_OK):
                    raise PermissionError("permission is missing")
            except OSError as error:
                self.close()
                problem = f"An increment is noted in the database, and `{path}` cannot be written"
                raise ExportError(path, f"{problem} ({error.strerror or error}). {_REMEDY}") from error
        try:
            self.moment = self._begin(path, name)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Since:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others export this name; a second time does nothing."""
        self._lock.close()

    def _begin(self, path: Path, name: str) -> int | None:
        """The moment from which on nothing was given out."""
        if not name:
            raise ExportError(path, "`--since-last` needs a name, such as `daily`; this one is empty.")
        with open_store(path, readonly=True) as store:
            known = exports.state(store.db.conn, name)
        if known.query is not None and known.query != self._query:
            problem = (
                f"`{name}` has been exported with other options: {_told(known.query)}. Use these, or another name."
            )
            raise ExportError(path, problem)
        return self._settled(known)

    def _settled(self, known: exports.State) -> int | None:
        """The moment from which on nothing was given out."""
        ready, out = known.ready, known.out
        if ready is None:
            return known.moment
        if out is None or not self._is_given_out(known, out):
            self._write(lambda it: exports.dropped(it, self._name, ready))
            return known.moment
        self._write(lambda it: exports.done(it, self._name, ready))
        self.adopted = out
        return known.ready_moment

    def _is_given_out(self, known: exports.State, out: Path) -> bool:
        """Whether the file that was noted as ready is there under its name, as its manifest tells."""
        if known.ready is None or known.ready.exists():
            return False
        with suppress(OSError, BadManifest, KeyError, TypeError):
            facts, folder = opened(path_of(out).read_bytes()), out if out.is_dir() else out.parent
            told = facts["query"]["since_last"]
            is_next = (told["name"], told["moment"]) == (self._name, known.moment)
            is_this = is_next and facts["state"]["moment"] == known.ready_moment
            return is_this and all(digest(folder / file["path"]) == file["sha256"] for file in facts["files"])
        return False

    def _write(self, what: Callable[[sqlite3.Connection], bool]) -> bool:
        # In no moment: nothing that is exported changes by it, and so neither does the next whole export.
        with open_store(self._path) as store, translated(self._path), store.db.atomic():
            return what(store.db.conn)

    def told(self, db: Database) -> dict[str, Any]:
        """What the manifest says of it."""
        at = None if self.moment is None else at_of(db, self.moment)
        return {"since_last": {"name": self._name, "moment": self.moment, "at": at}}

    def batches(
        self, db: Database, batches: Batches, upto: int, left_out: Counter[str], *, fetches: bool = False
    ) -> Iterator[Batch]:
        """The rows of the increment up to a moment, in the order of their ids; each says in `change` what it is.

        It is counted why articles that were looked at are not among the rows as they are now. With `fetches` also the
        rows of articles that were fetched again and are the `same`.
        """
        self._upto = upto
        if self.moment is None:
            for batch in batches(db, left_out=left_out):
                yield Batch({"change": ["new"] * len(batch), **batch.columns}, len(batch))
            return
        if self.moment > moment(db):
            raise ExportError(
                self._path, f"`{self._name}` has already had what was known at that time, and later things."
            )
        with open_store(self._path, readonly=True) as store, store.db.atomic():
            history.travel_to(store.db.conn, self.moment)
            # The same articles in both, whatever is written meanwhile.
            touched = db.conn.execute(_TOUCHED + _FETCHED * fetches, {"since": self.moment}).fetchall()
            for each in (store.db, db):
                _note(each.conn, touched)
            also = "" if asks_more(self._query["where"]) else _IS_TOUCHED
            then, now = batches(store.db, also=also), batches(db, also=also, left_out=left_out)
            withheld = _withheld(db.conn, self._query["purpose"])
            yield from batched(differing(rows_of(then), rows_of(now), withheld, same=fetches))

    def before(self, out: Path) -> Callable[[Path], None]:
        """What is to be called when the file is complete and only lacks its name."""

        def note(part: Path) -> None:
            one = exports.Ready(self.moment, self._upto or 0, part.absolute(), out.absolute())
            if not self._write(lambda it: exports.ready(it, self._name, self._query, one)):
                raise ExportError(out, f"Another export of `{self._name}` has finished meanwhile. Export again.")
            self._ready = one.part

        return note

    def after(self) -> None:
        """The file has its name."""
        part = self._ready
        if part is None or not self._write(lambda it: exports.done(it, self._name, part)):
            raise ExportError(self._path, f"Another export of `{self._name}` has finished meanwhile. Export again.")
        self.close()


def differing(
    then: Iterator[Row], now: Iterator[Row], withheld: Callable[[Row], Row] = dict, *, same: bool = False
) -> Iterator[Row]:
    """The rows of `now` that are new or others than in `then`, and those that are gone; both in the order of ids.

    `withheld` says what may still be told of a row that is gone. With `same` also the rows that are equal in both.
    """
    old, new = next(then, None), next(now, None)
    while old is not None or new is not None:
        if old is None or (new is not None and new["id"] < old["id"]):
            assert new is not None
            yield {"change": "new", **new}
            new = next(now, None)
        elif new is None or old["id"] < new["id"]:
            yield {"change": "gone", **withheld(old)}
            old = next(then, None)
        else:
            if comparable(old, FIELDS) != comparable(new, FIELDS):
                yield {"change": "changed", **new}
            elif same:
                yield {"change": "same", **new}
            old, new = next(then, None), next(now, None)


def _withheld(connection: sqlite3.Connection, purpose: str) -> Callable[[Row], Row]:
    """What may be told of rows that are gone, in the order of ids: as they were, or without what is reserved now."""
    statements = Statements(connection)

    def told(row: Row) -> Row:
        (url,) = connection.execute(_URL, (row["id"],)).fetchone()
        rights = statements.of(row["id"], url)
        if not reservations(rights, purpose):
            return row
        return {**{name: row[name] if name in _OURS else _BLANK.get(name) for name in row}, "rights": rights}

    return told


def _note(connection: sqlite3.Connection, ids: Iterable[tuple[int]]) -> None:
    """Have ids in a table of the connection's own."""
    (locked,) = connection.execute("PRAGMA query_only").fetchone()
    connection.execute("PRAGMA query_only = OFF")
    try:
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS touched (id INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM temp.touched")
        connection.executemany("INSERT INTO temp.touched VALUES (?)", ids)
    finally:
        connection.execute(f"PRAGMA query_only = {locked}")


def _told(query: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in query.items() if value)
