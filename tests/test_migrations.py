"""Databases that earlier versions made, one for each step of the schema, are brought up to date without a loss."""

from __future__ import annotations

import gzip
import os
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.console import NOTHING
from crawler.extract import columns
from storage import OlderSchema, history, open_store, query, schema
from storage.check import problems
from storage.exporters import Choice, Job, export, verify
from storage.times import parse, utc_now

OLD = sorted(Path(__file__).with_name("fixtures").glob("m*.db.gz"))
# What no later version may change of what an earlier one stored.
KEPT = {
    "articles": "id, url, title, text, published_at, modified_at, first_seen_at, last_seen_at, revised_at, revision,"
    " author, editor, source, site, lang, is_ad, ad_score, canonical, found_by, url_key, extra, image, keywords",
    "revisions": "article_id, revision, observed_at, replaced_at, title, text, published_at, author",
    "article_urls": "url_key, article_id, how",
    "headlines": "id, url, title, seen_on, first_seen_at, kind, block, position, is_ad, article_id",
    "visits": "id, url, final_url, kind, source, at, status, error, took, size",
    "frontier": "url_key, url, host, source, kind, state, priority, tries, next_at, added_at, last_status",
    "sources": "name, seeds, every, next_at, last_success_at, error, error_count",
}


def step(path):
    return path.name.split(".")[0]


# The way from any step is a part of the way from the first: the first, where the history begins, and the last, are
# tried each time.
ALWAYS = (step(OLD[0]), "m012", step(OLD[-1]))
STEPS = [pytest.param(one, id=step(one), marks=[] if step(one) in ALWAYS else pytest.mark.slow) for one in OLD]
every_step = pytest.mark.parametrize("old", STEPS, indirect=True)
with_history = pytest.mark.parametrize("old", STEPS[[step(one) for one in OLD].index("m012") :], indirect=True)
without_history = pytest.mark.parametrize("old", STEPS[: [step(one) for one in OLD].index("m012")], indirect=True)


def rows(path, table):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"SELECT {KEPT[table]} FROM {table} ORDER BY 1, 2").fetchall()


@pytest.fixture
def old(request, tmp_path):
    """A copy of a database as that step of the schema had it."""
    path = tmp_path / "old.db"
    path.write_bytes(gzip.decompress(request.param.read_bytes()))
    return path


def test_there_is_one_for_each_step_that_was_ever_on_the_main_line():
    assert [step(path) for path in OLD] == [
        "m004",
        "m005",
        "m006",
        "m008",
        "m009",
        "m010",
        "m011",
        "m012",
        "m013",
        "m014",
        "m015",
        "m017",
        "m019",
        "m020",
        "m021",
    ]


@every_step
def test_an_old_database_is_refused_by_a_reader_and_told_what_helps(old):
    with pytest.raises(OlderSchema, match="Any crawl with this one brings it up to date"):
        open_store(old, readonly=True)


@every_step
def test_an_old_database_is_brought_up_to_date_without_a_loss(old):
    before = {table: rows(old, table) for table in KEPT}
    with open_store(old, fields=columns()) as store:
        assert schema.migrations.pending(store.db) == []
        assert [str(problem) for problem in problems(store.db)] == []
        found = [row["title"] for row in query.search(store.db, "储能电站")]
        assert found == ["储能电站投运"]
        assert query.stats(store.db)["articles"] == 4
    assert {table: rows(old, table) for table in KEPT} == before


@without_history
def test_the_history_of_an_old_database_begins_with_the_upgrade(old):
    began = utc_now()
    open_store(old).close()
    with open_store(old, readonly=True) as store:
        with pytest.raises(history.TooEarly, match="history of this database begins at 20"):
            history.travel(store.db.conn, began - timedelta(seconds=1))
        history.travel(store.db.conn, utc_now())
        assert query.stats(store.db)["articles"] == 4


@pytest.mark.parametrize("old", OLD[:1], ids=step, indirect=True)
def test_a_command_says_that_the_history_begins_with_the_upgrade(old):
    open_store(old, fields=columns()).close()
    words = ["latest", "--db", str(old), "--as-of"]
    result = CliRunner().invoke(cli, [*words, "2026-03-21T00:00Z"])
    assert (result.exit_code, result.stdout) == (NOTHING, "")
    assert "the history of this database begins at 20" in result.stderr and "cannot go further back" in result.stderr
    assert "储能电站投运" in CliRunner().invoke(cli, [*words, utc_now().isoformat()]).stdout


# As docs/schema.md says it: what was there at a moment.
THEN = """
    SELECT id, title, revision, story_id FROM articles WHERE NOT EXISTS (
        SELECT 1 FROM history_articles AS h WHERE h.id = articles.id AND h.moment > :moment)
    UNION ALL
    SELECT id, title, revision, story_id FROM history_articles AS h WHERE there AND moment = (
        SELECT min(moment) FROM history_articles WHERE id = h.id AND moment > :moment)
    ORDER BY 1
"""


@with_history
def test_what_was_known_before_an_upgrade_is_known_after_it(old):
    with closing(sqlite3.connect(old)) as db:
        times = db.execute("SELECT at, max(id) FROM moments WHERE id > 0 GROUP BY at ORDER BY 2").fetchall()
        before = {at: db.execute(THEN, {"moment": moment}).fetchall() for at, moment in times}
    open_store(old, fields=columns()).close()
    for at, known in before.items():
        with open_store(old, readonly=True) as store:
            history.travel(store.db.conn, parse(at))
            rows = store.db.execute("SELECT id, title, revision, story_id FROM articles ORDER BY 1").fetchall()
            assert (at, rows) == (at, known)
    assert len({len(known) for known in before.values()}) == 8  # from none to all seven


@every_step
def test_opening_it_again_changes_nothing(old):
    open_store(old, fields=columns()).close()
    before = old.read_bytes()
    open_store(old, fields=columns()).close()
    assert old.read_bytes() == before


@every_step
def test_a_data_set_can_be_made_of_it(old, tmp_path):
    with open_store(old, fields=columns()) as store:
        facts = export(store.db, tmp_path / "out.jsonl", "jsonl", Job(Choice(ads=True, copies=True)))
    failed = [proof for proof in verify(tmp_path / "out.jsonl") if proof.problem]
    assert (facts["sets"]["all"]["rows"], failed) == (7, [])


# A failure is the same whatever is to be done: the longest way and the shortest.
first_and_last = pytest.mark.parametrize("old", [OLD[0], OLD[-1]], ids=step, indirect=True)


def content(path):
    with closing(sqlite3.connect(path)) as db:
        return [line for line in db.iterdump() if "sqlite_sequence" not in line]


@first_and_last
def test_a_migration_that_fails_leaves_the_file_as_it_was(old, monkeypatch):
    before = content(old)

    def fail(connection):
        raise sqlite3.OperationalError("interrupted")

    with monkeypatch.context() as patched:
        patched.setattr("storage.connection.history.track", fail)
        with pytest.raises(sqlite3.OperationalError):
            open_store(old, fields=columns())
    assert content(old) == before
    open_store(old, fields=columns()).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@first_and_last
def test_a_migration_that_is_killed_leaves_the_file_as_it_was(old, monkeypatch):
    before = content(old)
    monkeypatch.setattr("storage.connection.history.track", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
    child = os.fork()
    if not child:
        try:
            open_store(old, fields=columns())
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert content(old) == before
    monkeypatch.undo()
    open_store(old, fields=columns()).close()
