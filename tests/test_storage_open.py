"""Opening a database: ours or not, there or not, free or not; every refusal is one clear sentence."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import (
    Article,
    DatabaseLocked,
    MissingDatabase,
    NewerSchema,
    NotOurDatabase,
    OlderSchema,
    StorageError,
    Unreadable,
    Unwritable,
    Visit,
    open_store,
)
from storage.schema import APPLICATION_ID, migrations

NOW = datetime(2026, 3, 20, tzinfo=UTC)
VISIT = Visit("http://example.com/", "http://example.com/", "list", "demo", NOW, 200)


@pytest.fixture
def path(tmp_path):
    return Path(tmp_path, "k.db")


@pytest.fixture
def made(path):
    open_store(path).close()
    return path


def change(path, *statements):
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_a_new_file_has_large_pages_a_log_and_our_mark(made):
    with closing(sqlite3.connect(made)) as db:
        found = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "journal_mode", "application_id")]
    assert found == [8192, "wal", APPLICATION_ID]


def test_opening_again_keeps_what_was_written(path):
    with open_store(path) as store:
        store.save(VISIT)
    with open_store(path) as store:
        assert store.stats()["requests"] == 1


def test_every_migration_is_recorded(made):
    with open_store(made, readonly=True) as store:
        assert [row.name for row in migrations.applied(store.db)][:2] == ["m001_crawl", "m002_articles"]


def test_an_empty_file_becomes_ours(path):
    path.touch()
    with open_store(path) as store:
        store.save(VISIT)


@pytest.mark.parametrize("content", [b"hello", b"<html>" * 1000, b"SQLite format 3\x00" + b"x" * 5000])
@pytest.mark.parametrize("readonly", [True, False])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path, content, readonly):
    path.write_bytes(content)
    with pytest.raises(NotOurDatabase, match="no kuaixun database"):
        open_store(path, readonly=readonly)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "statements", [["CREATE TABLE notes (id)"], ["PRAGMA application_id = 7", "CREATE TABLE notes (id)"]]
)
def test_a_database_of_another_program_is_refused_and_left_as_it_is(path, statements):
    change(path, *statements)
    before = path.read_bytes()
    with pytest.raises(NotOurDatabase, match="`notes`"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(NotOurDatabase, match="folder"):
        open_store(Path(tmp_path))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(Unwritable, match=r"there is no folder `.*nowhere`"):
        open_store(Path(tmp_path, "nowhere", "k.db"))


def test_a_file_that_may_not_be_written_is_refused(made, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(Unwritable, match="permission"):
        open_store(made)


def test_reading_what_is_not_there_makes_nothing(path):
    with pytest.raises(MissingDatabase, match="Crawl first"):
        open_store(path, readonly=True)
    assert not path.exists()


def protect(monkeypatch, *places):
    """As if nobody could write to these: the superuser may, whatever the mode says."""
    access = os.access
    monkeypatch.setattr("os.access", lambda path, mode: not (mode == os.W_OK and path in places) and access(path, mode))


def test_a_database_in_a_folder_that_cannot_be_written_is_read(made, monkeypatch):
    protect(monkeypatch, made, made.parent)
    with open_store(made, readonly=True) as store:
        assert store.stats()["requests"] == 0
        assert list(made.parent.iterdir()) == [made]


def test_a_reader_leaves_no_files_beside_the_database(made):
    with open_store(made, readonly=True) as store:
        store.stats()
    assert list(made.parent.iterdir()) == [made]


def test_a_reader_cannot_write(made):
    with open_store(made, readonly=True) as store, pytest.raises(Unwritable):
        store.save(VISIT)


def test_a_file_that_may_not_be_read_says_so(made, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(Unreadable, match=r"cannot be read: permission is missing; its owner may give it \(chmod\)"):
        open_store(made, readonly=True)


def test_a_file_that_may_not_be_written_says_who_must_be_able_to(made, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    told = "permission is missing; this user must be able to write the file and its folder"
    with pytest.raises(Unwritable, match=told):
        open_store(made)


def test_reading_writes_nothing(made):
    with open_store(made, readonly=True) as store, pytest.raises(Unwritable):
        store.save(VISIT)


def test_a_database_of_a_newer_version_is_refused(made):
    change(made, "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('kuaixun', 'm999_future')")
    with pytest.raises(NewerSchema, match="Upgrade"):
        open_store(made)


def test_a_database_of_an_older_version_is_brought_up_to_date_by_a_writer_only(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    with pytest.raises(OlderSchema):
        open_store(path, readonly=True)
    with open_store(path) as store:
        assert migrations.pending(store.db) == []


def test_a_failing_migration_leaves_nothing_behind(path, monkeypatch, made_before):
    made_before.clear()

    def fail(db, fields):
        raise sqlite3.OperationalError("interrupted")

    monkeypatch.setattr("storage.schema.add_fields", fail)
    with pytest.raises(sqlite3.OperationalError):
        open_store(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


@pytest.mark.parametrize("fields", [{"a b": "TEXT"}, {"x": "BLOB"}, {"x; drop": "TEXT"}])
def test_a_field_that_cannot_be_a_column_is_named(made, fields):
    with pytest.raises(ValueError, match=r"The field `.*` cannot be a column"):
        open_store(made, fields=fields)


def test_a_locked_database_can_be_read_but_says_so_when_written(made):
    with closing(sqlite3.connect(made, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_store(made, timeout=0.01) as store:
            assert store.stats()["requests"] == 0
            with pytest.raises(DatabaseLocked, match="locked"):
                store.save(VISIT)
        other.execute("ROLLBACK")


def test_after_the_lock_is_gone_writing_goes_on(made):
    with closing(sqlite3.connect(made, isolation_level=None)) as other, open_store(made, timeout=0.01) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLocked):
            store.upsert_source("demo", ["http://example.com/"], timedelta(minutes=5), now=NOW)
        other.execute("ROLLBACK")
        assert store.save(VISIT).outcome == "none"


def test_a_reader_sees_what_the_writer_has_committed(made):
    with open_store(made) as writer, open_store(made, readonly=True) as reader:
        writer.save(VISIT)
        assert reader.stats()["requests"] == 1


@pytest.mark.parametrize("error", [DatabaseLocked, MissingDatabase, NewerSchema, NotOurDatabase, OlderSchema])
def test_every_error_names_the_file_and_ends_as_a_sentence(error):
    raised = error(Path("x.db"))
    assert isinstance(raised, StorageError) and raised.path == Path("x.db")
    assert "`x.db`" in str(raised) and str(raised).endswith(".")


VIEWS = ("news", "by_source_and_day", "most_copied", "edits", "freshness", "duplicates", "rights_now", "article_rights")


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_answers(store, view):
    at = datetime(2026, 3, 20, tzinfo=UTC)
    for text, hour in (("央行宣布降准，释放资金一万亿元。" * 4, 1), ("央行宣布降息，释放信号。" * 4, 2)):
        url, seen = "http://a.example/1", at + timedelta(hours=hour)
        store.save(Visit(url, url, "article", "s", seen, 200), article=Article(url, "央行快讯", text, seen))
    store.upsert_source("s", ("http://a.example/",), timedelta(hours=1), now=at)
    rows = list(store.db.query(f"SELECT * FROM {view}"))
    if view == "edits":
        assert ("降准" in rows[0]["old_text"], "降息" in rows[0]["new_text"]) == (True, True)
    elif view in {"news", "by_source_and_day", "freshness", "duplicates"}:
        assert len(rows) == 1
    else:
        assert rows == []
