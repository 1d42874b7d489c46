"""A small SQLite database, for Datasette, `sqlite-utils` and whatever else reads one.

Tables: `articles` with the fields as columns, `mentions` where there are some, `fields` with what each means; and
`articles_fts`, made of the tokens that the search of kuaixun finds Chinese by (`words`).
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from storage.batch import Batch
from storage.exporters._about import About, Row, from_text
from storage.reindex import entry

PLACE = "path"
PAGE_SIZE = 8192
_TYPES = {"int": "INTEGER", "bool": "INTEGER", "float": "REAL"}
_encode = msgspec.json.Encoder().encode


def write(batches: Iterable[Batch], out: Path, about: About) -> None:
    """Make the database at `out`, where nothing is yet. Raises OSError where the disk is full."""
    try:
        with closing(sqlite3.connect(out, isolation_level=None)) as db:
            # The file has no name yet: what is broken off is thrown away, so nothing need be rolled back.
            for pragma in (
                f"page_size = {PAGE_SIZE}",
                "journal_mode = off",
                "synchronous = off",
                "cache_size = -16000",
            ):
                db.execute(f"PRAGMA {pragma}")
            db.execute("BEGIN")
            _tables(db, about)
            for batch in batches:
                _put(db, list(batch.rows()), about)
            db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('optimize')")
            db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode & 0xFF) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise OSError(errno.ENOSPC, str(error)) from error
        raise


def _tables(db: sqlite3.Connection, about: About) -> None:
    columns = ", ".join(
        f'"{name}" {_TYPES.get(field.kind, "TEXT")}{" PRIMARY KEY" if name == "id" else ""}'
        for name, field in about.fields.items()
        if field.kind != "mentions"
    )
    db.execute(f"CREATE TABLE articles ({columns})")
    parts = ", ".join(f'"{name}" {_TYPES.get(field.kind, "TEXT")}' for name, field in about.mention.items())
    db.execute(f"CREATE TABLE mentions (article_id INTEGER NOT NULL REFERENCES articles (id), {parts})")
    db.execute("CREATE TABLE fields (name TEXT PRIMARY KEY, kind TEXT, unit TEXT, meaning TEXT)")
    db.executemany("INSERT INTO fields VALUES (?, ?, ?, ?)", [(name, *field) for name, field in about.fields.items()])
    db.execute(
        "CREATE VIRTUAL TABLE articles_fts USING FTS5 "
        '(title, text, tokenize=\'unicode61\', content="articles", content_rowid="id")'
    )
    for name in ("first_seen_at", "story_id"):
        db.execute(f"CREATE INDEX articles_{name} ON articles ({name})")
    db.execute("CREATE INDEX mentions_article ON mentions (article_id)")
    db.execute("CREATE INDEX mentions_code ON mentions (code)")


def _put(db: sqlite3.Connection, rows: list[Row], about: About) -> None:
    names = [name for name in about.names if about.fields[name].kind != "mentions"]
    cells = [(name, about.fields[name].kind) for name in names]
    marks = ", ".join("?" * len(names))
    values = [[_cell(kind, row[name]) for name, kind in cells] for row in rows]
    db.executemany(f"INSERT INTO articles VALUES ({marks})", values)
    found = [(row["id"], *(each.get(name) for name in about.mention)) for row in rows for each in row["mentions"]]
    db.executemany(f"INSERT INTO mentions VALUES (?{', ?' * len(about.mention)})", found)
    tokens = [(row["id"], *entry(row["title"], row["text"])) for row in rows]
    db.executemany("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", tokens)


def _cell(kind: str, value: Any) -> Any:
    if kind == "time" and value is not None:
        return value.isoformat(timespec="milliseconds")
    if kind == "json":
        return _encode(value).decode() if value else None
    return value


def read(path: Path, about: About) -> Iterator[dict[str, Any]]:
    """The rows of the database. Raises ValueError."""
    mention = ", ".join(f"'{name}', \"{name}\"" for name in about.mention)
    listed = f"(SELECT json_group_array(json_object({mention})) FROM mentions WHERE article_id = articles.id)"
    columns = ", ".join(
        f'"{name}"' if field.kind != "mentions" else f"{listed} AS {name}" for name, field in about.fields.items()
    )
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            for values in db.execute(f"SELECT {columns} FROM articles ORDER BY id"):
                yield {
                    name: _value(field.kind, value)
                    for (name, field), value in zip(about.fields.items(), values, strict=True)
                }
    except sqlite3.DatabaseError as error:
        raise ValueError(str(error)) from error


def _value(kind: str, value: Any) -> Any:
    if kind == "bool":
        return None if value is None else bool(value)
    return from_text(kind, value) if kind in ("time", "json", "mentions") else value
