"""Connections that pages are read by: they write nothing, leave nothing, follow the file, and give no gigabytes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest

from crawler.web import reader


@pytest.fixture
def path(tmp_path):
    return make(tmp_path / "a 100%?#.db", "first")


def make(path, word):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE words AS SELECT ? AS word", (word,))
        db.commit()
    return path


def word(db):
    return db.execute("SELECT word FROM words").fetchone()[0]


@pytest.mark.parametrize("typed", [False, True])
def test_it_reads_and_writes_nothing_and_leaves_nothing(path, typed):
    with closing(reader.opened(path, typed=typed)) as db:
        assert word(db) == "first"
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("WITH one AS (SELECT 1) DELETE FROM words")
    assert list(path.parent.iterdir()) == [path]


def test_a_place_where_nothing_can_be_written_is_read(path, monkeypatch):
    # As if nobody could write there: the superuser may, whatever the mode says.
    monkeypatch.setattr("os.access", lambda _, mode: mode != os.W_OK)
    with closing(reader.opened(path)) as db:
        assert word(db) == "first" and list(path.parent.iterdir()) == [path]


def test_another_file_in_its_place_is_read_from_then_on(path, tmp_path):
    connections = reader.Reader(path, lambda: reader.opened(path))
    before = connections.mine()
    assert (word(before), connections.mine() is before) == ("first", True)
    make(tmp_path / "b.db", "second").rename(path)
    assert word(connections.mine()) == "second"
    connections.close()


@pytest.mark.parametrize("bad", [None, b"x\n", b"\x5a" * 8192, b"SQLite format 3\0" + b"\x5a" * 8192])
def test_a_moment_without_a_database_passes(path, tmp_path, bad):
    connections = reader.Reader(path, lambda: reader.opened(path))
    assert word(connections.mine()) == "first"
    path.rename(tmp_path / "c.db")
    if bad:
        path.write_bytes(bad)
    for _ in "12":
        with pytest.raises(reader.Unreadable):
            connections.mine()
    make(tmp_path / "b.db", "second").rename(path)
    assert (word(connections.mine()), len(connections._all)) == ("second", 1)
    connections.close()


@pytest.mark.parametrize(
    "sql",
    ["SELECT length(hex(zeroblob(400000000)))", "SELECT zeroblob(9000000) FROM (VALUES (1), (2), (3), (4), (5), (6))"],
)
@pytest.mark.parametrize("fetch", ["fetchall", "fetchmany"])
def test_what_somebody_types_gives_no_gigabytes(path, sql, fetch):
    with closing(reader.opened(path, typed=True)) as db, pytest.raises(sqlite3.Error, match=r"too big|more than 50 MB"):
        cursor = db.cursor()
        cursor.execute(sql)
        getattr(cursor, fetch)(*([1000] if fetch == "fetchmany" else []))


def test_a_typed_statement_gives_the_rows_that_are_asked_for(path):
    with closing(reader.opened(path, typed=True)) as db:
        sql = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 9) SELECT i FROM n"
        assert db.execute(sql).fetchmany(3) == [(1,), (2,), (3,)] and len(db.execute(sql).fetchall()) == 9
