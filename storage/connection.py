"""Opening the database file: is it there, is it ours, is it of this version, and how SQLite is to treat it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from storage import history, schema
from storage.errors import (
    MissingDatabase,
    NewerSchema,
    NotOurDatabase,
    OlderSchema,
    Unreadable,
    Unwritable,
    translated,
)
from storage.pair import is_archive
from storage.reading import reading_mode, writable
from storage.sqlite import Database
from storage.waiting import NONE, Patience, keep_log_small, transaction

MEMORY = Path(":memory:")

# Rows of a few KB fill 4 KB pages badly, up to a third of the file is lost; of 16 KB pages a transaction, which writes
# into thirty of them, copies twice as much: a tenth more processor time an article.
PAGE_SIZE = 8192
CACHE_KB = 32768


def connect(
    path: Path, *, fields: Mapping[str, str], readonly: bool, timeout: float, patience: Patience = NONE
) -> Database:
    """An open, checked and current database. `timeout`, `patience`: how long another process's lock is waited for.

    StorageError when there is none to be had; a file that is not ours is left as it is.
    """
    if path != MEMORY:
        _check_path(path, readonly)
    with translated(path, reading=readonly):
        connection = _open(path, readonly, timeout)
        try:
            return _checked(Database(connection), path, fields, None if readonly else patience)
        except BaseException:
            connection.close()
            raise


def _check_path(path: Path, readonly: bool) -> None:
    if path.is_dir():
        raise NotOurDatabase(path, "it is a folder")
    if is_archive(path):
        raise NotOurDatabase(path, "an archive of pages has such a name")
    if readonly:
        if not path.exists():
            raise MissingDatabase(path)
        if not os.access(path, os.R_OK):
            raise Unreadable(path, "permission is missing; its owner may give it (chmod)")
        return
    folder = path.absolute().parent
    if not folder.is_dir():
        raise Unwritable(path, f"there is no folder `{folder}`")
    # SQLite writes its log beside the file, so the folder counts too.
    if not writable(folder) or (path.exists() and not writable(path)):
        raise Unwritable(path, "permission is missing; this user must be able to write the file and its folder")


def _open(path: Path, readonly: bool, timeout: float) -> sqlite3.Connection:
    name = path.absolute().as_uri() + reading_mode(path) if readonly and path != MEMORY else str(path)
    return sqlite3.connect(
        name, uri=name.startswith("file:"), timeout=timeout, isolation_level=None, cached_statements=256
    )


def _checked(db: Database, path: Path, fields: Mapping[str, str], patience: Patience | None) -> Database:
    """The same, current; without `patience` it is only to be read."""
    fresh = _is_fresh(db, path)
    if schema.is_newer(db):
        raise NewerSchema(path)
    if patience is None:
        db.execute("PRAGMA query_only = ON")
        if fresh:
            raise MissingDatabase(path)
        if schema.migrations.pending(db):
            raise OlderSchema(path)
    else:
        _make_current(db, path, fields, fresh, patience)
        # A statement that triggers others keeps what it overwrites until it is done: in a file, that is twice the time.
        db.execute("PRAGMA temp_store = MEMORY")
        keep_log_small(db.conn)
    db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = NORMAL")
    return db


def _is_fresh(db: Database, path: Path) -> bool:
    """Whether the file is still empty; NotOurDatabase when another program has filled it."""
    if db.execute("PRAGMA application_id").fetchone()[0] == schema.APPLICATION_ID:
        return False
    tables = db.table_names()
    if tables:
        raise NotOurDatabase(path, f"another program's tables are in it, `{tables[0]}` among them")
    return True


def _make_current(db: Database, path: Path, fields: Mapping[str, str], fresh: bool, patience: Patience) -> None:
    """Tables, migrations and columns that are missing, in one transaction; none at all when nothing is."""
    if fresh:
        db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    if path != MEMORY and db.journal_mode != "wal":
        # A copy that was put back has none of its own: with a log nobody who reads waits for the one who writes.
        db.enable_wal()
    if fresh or schema.migrations.pending(db) or schema.missing_fields(db, fields) or not history.is_tracked(db.conn):
        with transaction(db.conn, path, patience):
            db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            schema.migrations.apply(db)
            schema.add_fields(db, fields)
            history.track(db.conn)


@contextmanager
def temporary_file(connection: sqlite3.Connection) -> Iterator[None]:
    """Temporary tables that grow with the database go into a file. Outside of any transaction."""
    connection.execute("PRAGMA temp_store = FILE")
    try:
        yield
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")
