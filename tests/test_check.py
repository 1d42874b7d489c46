"""What `kuaixun check` looks for: each thing broken in one database, named, and mended where it can be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from storage import Article, Visit, open_store
from storage.archive import Archive, Fetched
from storage.audit import archive_problems, pages
from storage.check import RULES, problems, repair

AT = datetime(2026, 3, 20, 8, tzinfo=UTC)
BANK = "中国人民银行今天宣布，下调金融机构存款准备金率零点五个百分点，释放长期资金约一万亿元，以支持实体经济。" * 3
POWER = "一座新型储能电站在青海投运，装机容量二十万千瓦，可以在用电高峰时连续放电四小时，满足十万户的需要。" * 3
STORED = (
    ("http://a.example/1", "央行宣布降准", BANK, 0),
    ("http://b.example/7", "央行宣布降准", BANK, 1),
    ("http://a.example/2", "储能电站投运", POWER, 2),
    ("http://a.example/2", "储能电站投运（更新）", POWER + "目前运行平稳。", 3),
)


def fill(store, archive=None):
    for url, title, text, hour in STORED:
        at = AT + timedelta(hours=hour)
        if archive:
            archive.add(Fetched(url, url, at, 200, {}, text.encode(), url.split("/")[2]))
        store.save(Visit(url, url, "article", "a", at, 200, size=len(text)), article=Article(url, title, text, at))
    store.upsert_source("a", ("http://a.example/",), timedelta(hours=1), now=AT)


@pytest.fixture
def full(store):
    fill(store)
    return store


def said(store):
    return [problem.what for problem in problems(store.db)]


def test_a_sound_database_has_no_problem(full):
    assert said(full) == []


BROKEN = [
    ("UPDATE stories SET copies = copies + 1", "stories whose counts or times", True),
    ("UPDATE stories SET last_seen_at = '2027-01-01T00:00:00.000+00:00'", "stories whose counts or times", True),
    ("UPDATE articles SET text = text || '逆风翻盘' WHERE id = 1", "articles whose keys are not", True),
    ("UPDATE articles SET text = text || '逆风翻盘' WHERE id = 1", "search index", True),
    ("UPDATE articles SET title_key = 7 WHERE id = 3", "articles whose keys are not", True),
    ("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')", "search index", True),
    ("DELETE FROM articles_fts_data WHERE id > 10", "search index: it cannot be read", True),
    (
        "INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', 3, '储能', '')",
        "search index",
        True,
    ),
    ("DELETE FROM article_urls WHERE article_id = 3", "articles that no address leads to", True),
    ("INSERT INTO crowds VALUES (1, 1, 1, 99)", "rows of `crowds` for articles", True),
    ("UPDATE articles SET copy_of = 3 WHERE id = 2", "copies of an article of another story", False),
    ("UPDATE articles SET copy_of = 2 WHERE id = 1", "stories that do not begin", False),
    ("DELETE FROM revisions", "articles whose former versions", False),
    ("UPDATE articles SET first_seen_at = 'gestern' WHERE id = 3", "articles: values of `first_seen_at`", False),
    ("UPDATE sources SET seeds = '[oops'", "sources: values of `seeds`", False),
    ("DROP TRIGGER stories_gone", "history: changes of `stories` are not noted", True),
    ("DELETE FROM moments WHERE id = 2", "history_articles: rows of a moment that is not there: 1", False),
    ("UPDATE articles SET story_id = 99 WHERE id = 3", "articles: row 3 refers to a row of stories", False),
]


@pytest.mark.parametrize(("sql", "what", "mends"), BROKEN, ids=[f"{what}-{n}" for n, (_, what, _) in enumerate(BROKEN)])
def test_what_is_broken_is_named_and_what_is_derived_is_made_anew(full, sql, what, mends):
    full.db.execute("PRAGMA foreign_keys = OFF")
    full.db.execute(sql)
    assert [line for line in said(full) if line.startswith(what)] != []
    with full.db.atomic():
        repair(full.db.conn)
    assert (said(full) == []) == mends


def test_the_row_that_stands_for_a_crowd_is_no_fault_and_stays(full):
    full.db.execute("INSERT INTO sketches VALUES (500, 7, 0)")
    assert said(full) == []
    with full.db.atomic():
        repair(full.db.conn)
    assert full.db.execute("SELECT count(*) FROM sketches WHERE hash = 7").fetchone() == (1,)


def test_every_rule_is_broken_by_a_test():
    named = [what for _, what, _ in BROKEN]
    # The four of the index of texts are one rule for four tables; a story is left empty by none of ours.
    aside = ("rows of `", "stories without an article")
    assert [rule.said for rule in RULES if not rule.said.startswith((*aside, *named))] == []


def test_a_problem_says_what_helps(full):
    full.db.execute("UPDATE stories SET copies = 9 WHERE id = 1")
    full.db.execute("DELETE FROM revisions")
    lines = [str(problem) for problem in problems(full.db)]
    assert lines == [
        "stories whose counts or times are not those of their articles: 1; --repair makes it anew",
        "articles whose former versions are not all there: 1; it cannot be made anew, a backup may have it",
    ]


@pytest.fixture
def beside(tmp_path):
    """A database and its archive, which has the page of every answer."""
    with open_store(tmp_path / "k.db") as store, Archive(tmp_path / "k.pages") as archive:
        fill(store, archive)
        yield store, tmp_path / "k.pages"


def test_every_answer_has_its_page(beside):
    store, archive = beside
    assert pages(store.db, archive, AT - timedelta(days=30))[:4] == (4, 0, "", 0)
    assert list(archive_problems(archive)) == []


@pytest.mark.parametrize(
    ("gone", "found"), [(2, (4, 1, STORED[1][0], 0)), (4, (4, 1, STORED[3][0], 0)), (1, (3, 0, "", 1))]
)
def test_an_answer_without_its_page_is_named_unless_the_archive_is_younger(beside, gone, found):
    store, archive = beside
    with closing(sqlite3.connect(archive)) as db, db:
        db.execute("DELETE FROM pages WHERE id = ?", (gone,))
    assert pages(store.db, archive, AT - timedelta(days=30))[:4] == found


def test_what_is_older_than_pages_are_kept_is_not_missed(beside):
    store, archive = beside
    assert pages(store.db, archive, AT + timedelta(hours=2))[:4] == (2, 0, "", 0)


def test_a_page_without_a_body_and_a_torn_file_are_named(beside):
    _, archive = beside
    with closing(sqlite3.connect(archive)) as db, db:
        db.execute("DELETE FROM bodies WHERE id = 3")
    assert [problem.what for problem in archive_problems(archive)] == ["archive: pages without a body: 1"]


def test_a_clock_that_was_set_back_is_noted_and_no_fault(full):
    full.db.execute("UPDATE moments SET at = '2031-01-01T00:00:00.000+00:00' WHERE id = 2")
    (problem,) = problems(full.db)
    assert str(problem).startswith("note: history: the clock was set back 1 times, the last time to 20")


FOREIGN = [
    "UPDATE pages SET url = 'http://c.example/', final_url = 'http://c.example/' WHERE id = 2",
    "UPDATE pages SET body = 4 WHERE id = 2",
    "DELETE FROM pages; DELETE FROM bodies",
]


@pytest.mark.parametrize("sql", FOREIGN)
@pytest.mark.parametrize("is_imported", [False, True])
def test_an_archive_that_is_not_the_databases_is_seen(tmp_path, sql, is_imported):
    with open_store(tmp_path / "k.db", fields={"page_sha256": "TEXT"}) as store:
        with Archive(tmp_path / "k.pages") as archive:
            fill(store, archive)
        for article, text in ((1, BANK), (2, BANK + "<br>"), (3, STORED[3][2])):
            store.db.execute(
                "UPDATE articles SET page_sha256 = ? WHERE id = ?", (sha256(text.encode()).hexdigest(), article)
            )
        with closing(sqlite3.connect(tmp_path / "k.pages")) as db, db:
            db.execute("UPDATE bodies SET sha256 = ? WHERE id = 1", (sha256(BANK.encode()).digest(),))
            db.execute(
                "INSERT INTO bodies SELECT 9, ?, site, 9, 0, size, data FROM bodies WHERE id = 1",
                (sha256((BANK + "<br>").encode()).digest(),),
            )
            db.execute("UPDATE pages SET body = 9 WHERE id = 2")
            if is_imported:
                db.execute("UPDATE pages SET received = at, at = '2020-01-01T00:00:00.000+00:00'")
                store.db.execute("INSERT INTO imports (id, name, head, size, begun_at) VALUES (1, 'a', 'b', 1, '2026')")
                store.db.execute("UPDATE visits SET import_id = 1")
        assert [(held := pages(store.db, tmp_path / "k.pages", AT)).missing, held.unread] == [0, 0]
        with closing(sqlite3.connect(tmp_path / "k.pages")) as db, db:
            db.executescript(sql)
        held = pages(store.db, tmp_path / "k.pages", AT)
        assert held.missing + held.unread > 0


@pytest.mark.parametrize(
    ("broken", "bad", "says", "code"),
    [
        ("visits", lambda page: bytes(len(page)), "is damaged. Restore it", 4),
        ("visits_at", lambda page: page.replace(b"2026-", b"2025-"), "made anew: restore a copy", 1),
    ],
)
def test_in_a_damaged_file_nothing_is_made_anew(tmp_path, broken, bad, says, code):
    path = tmp_path / "k.db"
    with open_store(path) as store:
        fill(store)
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sql = "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name = ?"
        root, size = store.db.execute(sql, (broken,)).fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        page = file.read(size)
        file.seek((root - 1) * size)
        file.write(bad(page))
    before = path.read_bytes()
    result = CliRunner().invoke(cli, ["check", "--repair", "--db", str(path)])
    assert says in result.output and "indexed anew" not in result.output
    assert (result.exit_code, path.read_bytes() == before) == (code, True)


def test_an_archive_that_is_gone_is_a_fault_where_answers_were_stored(tmp_path):
    with open_store(tmp_path / "k.db") as store:
        now = datetime.now(UTC)
        url = STORED[0][0]
        store.save(Visit(url, url, "article", "a", now, 200, size=9), article=Article(url, "储能", POWER, now))
    result = CliRunner().invoke(cli, ["check", "--db", str(tmp_path / "k.db")])
    assert (result.exit_code, "archive: there is none at" in result.output) == (1, True)
