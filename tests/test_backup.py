"""A backup is one moment of the database, whoever writes meanwhile."""

from __future__ import annotations

import itertools
import os
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from storage import NotOurDatabase, StorageError, Unreadable, archive, open_store
from storage import backup as backup_module
from storage.backup import PAGES, backup
from storage.pair import beside
from tests.test_sigkill import FIELDS, one_page, writing, wrong


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "k.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = wal")
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x)")
        db.executemany("INSERT INTO t (x) VALUES (?)", [("水" * 900,)] * 2000)
        db.commit()
    return path


def rows(path):
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return db.execute("SELECT count(*) FROM t").fetchone()[0]


def test_a_copy_shows_one_moment_while_another_process_writes(database, tmp_path):
    heard = []

    def told(done, total):
        heard.append((done, total))
        with closing(sqlite3.connect(database)) as other, other:
            other.execute("INSERT INTO t (x) VALUES ('later')")

    (size,) = backup([(database, tmp_path / "copy.db")], told)
    assert (rows(tmp_path / "copy.db"), rows(database)) == (2000, 2000 + len(heard))
    assert heard[-1][0] == heard[-1][1] > PAGES
    assert size == (tmp_path / "copy.db").stat().st_size
    assert sorted(file.name for file in tmp_path.glob("*copy*")) == ["copy.db"]


def test_a_copy_that_breaks_off_leaves_nothing_and_keeps_the_former_one(database, tmp_path):
    (tmp_path / "copy.db").write_text("the former copy")

    def stopped(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup([(database, tmp_path / "copy.db")], stopped)
    assert (tmp_path / "copy.db").read_text() == "the former copy"
    assert sorted(file.name for file in tmp_path.glob("*copy*")) == ["copy.db"]


def test_a_damaged_file_replaces_no_former_copy(database, tmp_path):
    (tmp_path / "copy.db").write_text("the former copy")
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("CREATE INDEX t_x ON t (x)")
        db.execute("PRAGMA writable_schema = on")
        db.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX t_x ON t (id)' WHERE name = 't_x'")
    with pytest.raises(StorageError, match=r"is damaged .* No copy was made"):
        backup([(database, tmp_path / "copy.db")])
    assert (tmp_path / "copy.db").read_text() == "the former copy"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Unreadable, match="cannot be read"):
        backup([(tmp_path / "none.db", tmp_path / "copy.db")])
    assert list(tmp_path.iterdir()) == []


def test_what_comes_between_the_two_moments_of_a_copy_leaves_no_article_without_its_page(tmp_path, monkeypatch):
    path, numbers, fixed = tmp_path / "k.db", itertools.count(), backup_module._fixed

    def then_writes(source):
        reader = fixed(source)
        with open_store(path) as store, archive.Archive(beside(path)) as kept:
            one_page(store, kept, next(numbers))
        return reader

    with open_store(path) as store, archive.Archive(beside(path)) as kept:
        one_page(store, kept, next(numbers))
    monkeypatch.setattr(backup_module, "_fixed", then_writes)
    result = CliRunner().invoke(cli, ["backup", "--db", str(path), str(tmp_path / "copy.db"), "--quiet"])
    assert (result.exit_code, result.output) == (0, "")
    assert wrong(tmp_path / "copy.db", 0) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_copies_made_while_another_process_stores_articles_are_sound_and_have_every_page(tmp_path):
    path, copies = tmp_path / "k.db", []
    open_store(path, fields=FIELDS).close()
    with writing(path, 0) as confirmed:
        for number in range(3):
            last = confirmed()
            copy = tmp_path / f"copy{number}.db"
            backup([(path, copy), (beside(path), beside(copy))])
            copies.append((copy, last))
            assert confirmed() > last
    for copy, last in copies:
        assert wrong(copy, last) == []


def copied(path, out, *more):
    return CliRunner().invoke(cli, ["backup", "--db", str(path), str(out), "--quiet", *more])


@pytest.fixture
def pair(tmp_path):
    path = tmp_path / "k.db"
    with open_store(path) as store, archive.Archive(beside(path)) as kept:
        one_page(store, kept, 0)
    return path


def leave_log(path):
    """What a writer that was killed leaves: a log with a transaction that is not in the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = wal")
        db.execute(
            "CREATE TABLE killed AS WITH RECURSIVE n(i) AS (VALUES (1) UNION SELECT i + 1 FROM n LIMIT 9000)"
            " SELECT i FROM n"
        )
        log, file = path.with_name(path.name + "-wal").read_bytes(), path.read_bytes()
    path.write_bytes(file)
    path.with_name(path.name + "-wal").write_bytes(log)


def test_the_log_of_a_former_copy_is_not_taken_for_that_of_the_new_one(pair, tmp_path):
    out = tmp_path / "copy.db"
    assert copied(pair, out).exit_code == 0
    for file in (out, beside(out)):
        leave_log(file)
    assert copied(pair, out, "--force").exit_code == 0
    for file in (out, beside(out)):
        with closing(sqlite3.connect(file)) as db:
            assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'killed'").fetchone() == (0,)
    assert wrong(out, 0) == []
    assert sorted(file.name for file in tmp_path.glob("copy*")) == ["copy.db", "copy.pages"]


def test_a_copy_that_breaks_off_leaves_the_former_one_what_its_log_holds(pair, tmp_path, monkeypatch):
    out = tmp_path / "copy.db"
    assert copied(pair, out).exit_code == 0
    leave_log(out)
    monkeypatch.setattr(backup_module, "_copy", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        backup([(pair, out)])
    with closing(sqlite3.connect(out)) as db:
        assert db.execute("SELECT count(*) FROM killed").fetchone() == (9000,)


def test_a_copy_that_somebody_has_open_is_not_replaced(pair, tmp_path):
    out = tmp_path / "copy.db"
    assert copied(pair, out).exit_code == 0
    with closing(sqlite3.connect(out, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = wal")
        db.execute("CREATE TABLE mine (x)")
        result = copied(pair, out, "--force")
        assert (result.exit_code, "another process has it open" in result.output) == (4, True)
        assert db.execute("SELECT count(*) FROM mine").fetchone() == (0,)


def test_no_two_copies_share_an_archive(pair, tmp_path):
    names = ["n-2026.11.25", "n-2026.11.26", "a", "a.db", "a.sqlite", "a.sqlite.db"]
    assert [copied(pair, tmp_path / name).exit_code for name in names] == [0] * len(names)
    assert len({beside(tmp_path / name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["x.pages", "x-pages"])
def test_no_database_has_the_name_of_an_archive(pair, tmp_path, name):
    result = copied(pair, tmp_path / name, "--force")
    assert (result.exit_code, "the name of an archive" in result.output) == (4, True)
    with pytest.raises(NotOurDatabase, match="an archive of pages has such a name"):
        open_store(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_the_archive_of_a_former_copy_stays_with_no_other_database(pair, tmp_path):
    assert copied(pair, tmp_path / "copy.db").exit_code == 0
    open_store(tmp_path / "bare.db").close()
    result = copied(tmp_path / "bare.db", tmp_path / "copy.db", "--force")
    assert (result.exit_code, "the archive of another copy" in result.output) == (4, True)
    assert wrong(tmp_path / "copy.db", 0) == []


def test_a_folder_is_no_place_for_a_copy(pair, tmp_path):
    (tmp_path / "copy").mkdir()
    result = copied(pair, tmp_path / "copy", "--force")
    assert (result.exit_code, result.output) == (4, f"kuaixun: {tmp_path / 'copy'}: is a folder\n")


def test_a_copy_that_is_put_back_is_read_while_it_is_written(pair, tmp_path):
    copy = tmp_path / "copy.db"
    assert copied(pair, copy).exit_code == 0
    open_store(copy, fields=FIELDS).close()
    archive.Archive(beside(copy)).close()
    for file in (copy, beside(copy)):
        with closing(sqlite3.connect(file)) as opened:
            assert opened.execute("PRAGMA journal_mode").fetchone() == ("wal",)
