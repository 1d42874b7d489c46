"""Is everything what it should be: the file, what refers to what, and what was made of the texts.

`audit` looks at the archive.

What is made of something else can be made anew (`repair`); what came from outside cannot, and is only named.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from storage import history, texts
from storage.regroup import key_of
from storage.reindex import differing, miscounted, reindex
from storage.sqlite import Database, quote_identifier
from storage.times import utc_now

Told = Callable[[str], None]
# So many articles are read at a time, and so many steps of SQLite go by between two looks at the clock.
TOGETHER, STEPS = 256, 20_000


class Problem(NamedTuple):
    """What is wrong, in one line, and what helps: "" where nothing does but a backup. A note is only to be known."""

    what: str
    remedy: str = ""
    is_note: bool = False

    def __str__(self) -> str:
        if self.is_note:
            return f"note: {self.what}"
        return f"{self.what}; {self.remedy or 'it cannot be made anew, a backup may have it'}"


class Rule(NamedTuple):
    """How many rows break a rule (`sql`), how that is said, and the statement that mends it: "" where none does."""

    said: str
    sql: str
    mend: str = ""
    remedy: str = ""


REPAIR = "--repair makes it anew"
REGROUP = "`kuaixun dedupe --apply` finds the stories again"
_TOLD = """
    SELECT story_id, count(*) - 1 AS copies, max(1, count(DISTINCT site)) AS sites, min(first_seen_at) AS first_seen_at,
        max(first_seen_at) AS last_seen_at, (SELECT id FROM articles AS one WHERE one.story_id = articles.story_id
            ORDER BY first_seen_at, id LIMIT 1) AS first_seen_article
    FROM articles GROUP BY story_id
"""
_NUMBERS = ("copies", "sites", "first_seen_at", "last_seen_at", "first_seen_article")
_TRUE, _OWN = (", ".join(f"{table}.{name}" for name in _NUMBERS) for table in ("told", "stories"))
_WRONG = f"told.story_id = stories.id AND ({_TRUE}) IS NOT ({_OWN})"
# `sketches` has a row of article 0 for each passage of a crowd: see there.
_LOST = "article_id != 0 AND article_id NOT IN (SELECT id FROM articles)"
_EMPTY = "FROM stories WHERE id NOT IN (SELECT story_id FROM articles)"
_UNNAMED = "FROM articles WHERE url_key NOT IN (SELECT url_key FROM article_urls)"

RULES = (
    Rule("stories without an article", f"SELECT count(*) {_EMPTY}", f"DELETE {_EMPTY}", REPAIR),
    Rule(
        "stories whose counts or times are not those of their articles",
        f"SELECT count(*) FROM ({_TOLD}) AS told JOIN stories WHERE {_WRONG}",
        f"UPDATE stories SET ({', '.join(_NUMBERS)}) = ({_TRUE}) FROM ({_TOLD}) AS told WHERE {_WRONG}",
        REPAIR,
    ),
    Rule(
        "articles that no address leads to",
        f"SELECT count(*) {_UNNAMED}",
        f"INSERT INTO article_urls (url_key, article_id, how) SELECT url_key, id, 'address' {_UNNAMED}",
        REPAIR,
    ),
    Rule(
        "stories that do not begin with an article of their own",
        "SELECT count(*) FROM stories WHERE NOT EXISTS"
        " (SELECT 1 FROM articles WHERE id = first_article AND story_id = stories.id AND copy_of IS NULL)",
        remedy=REGROUP,
    ),
    Rule(
        "copies of an article of another story",
        "SELECT count(*) FROM articles JOIN articles AS first ON first.id = articles.copy_of"
        " WHERE first.story_id != articles.story_id",
        remedy=REGROUP,
    ),
    Rule(
        "articles whose former versions are not all there",
        "SELECT count(*) FROM articles"
        " WHERE revision - 1 != (SELECT count(*) FROM revisions WHERE article_id = articles.id)",
    ),
    *(
        Rule(
            f"rows of `{table}` for articles that are not there",
            f"SELECT count(*) FROM {table} WHERE {_LOST}",
            f"DELETE FROM {table} WHERE {_LOST}",
            REPAIR,
        )
        for table in ("sketches", "waiting_sketches", "crowds", "site_lines")
    ),
)
# Columns that hold JSON.
_JSON = (("sources", "seeds"), ("rhythms", "hours"), ("links", "evidence"), ("articles", "extra"))


def problems(db: Database, told: Told = lambda text: None) -> Iterator[Problem]:
    """What is wrong with the database; `told` hears now and then how far it is. Begin a transaction around it."""
    yield from file_problems(db.conn, told)
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield Problem(f"{table}: row {row} refers to a row of {parent} that is not there")
    yield from _index(db.conn, told)
    for rule in RULES:
        told(f"looking for {rule.said}")
        (number,) = db.execute(rule.sql).fetchone()
        if number:
            yield Problem(f"{rule.said}: {number:,}", rule.remedy)
    yield from _history(db, told)
    yield from _unreadable(db, told)
    wrong = sum(1 for _ in _other_keys(db.conn, told))
    if wrong:
        yield Problem(f"articles whose keys are not those of their title and text: {wrong:,}", REPAIR)


def repair(connection: sqlite3.Connection, told: Told = lambda text: None) -> int:
    """Make anew what is derived, in the open transaction; how many articles were indexed."""
    history.track(connection)
    history.begin(connection, utc_now())
    done = reindex(connection, lambda number: told(f"{number:,} articles indexed anew"))
    for rule in RULES:
        if rule.mend:
            told(f"mending {rule.said}")
            connection.execute(rule.mend)
    keys = [(text, title, number) for number, text, title in _other_keys(connection, told)]
    connection.executemany("UPDATE articles SET text_key = ?, title_key = ? WHERE id = ?", keys)
    return done


def file_problems(connection: sqlite3.Connection, told: Told) -> Iterator[Problem]:
    """What SQLite itself finds in a file."""
    with _heard(connection, told, "SQLite looks through the file"):
        said = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    yield from (Problem(f"file: {line}") for line in said if line != "ok")


def damage(connection: sqlite3.Connection, told: Told) -> list[Problem]:
    """What of that is about more than the search index, which can be made anew: in such a file nothing is written."""
    return [problem for problem in file_problems(connection, told) if "articles_fts" not in problem.what]


@contextmanager
def _heard(connection: sqlite3.Connection, told: Told, text: str) -> Iterator[None]:
    """Let `told` hear now and then of what SQLite does in one go."""

    def still() -> int:
        told(text)
        return 0

    connection.set_progress_handler(still, STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def _index(connection: sqlite3.Connection, told: Told) -> Iterator[Problem]:
    """Where the search index is not that of the articles."""
    with _heard(connection, told, "comparing the texts with the search index"):
        stale = sum(1 for _ in differing(connection))
    if stale:
        yield Problem(f"search index: articles that it lacks or holds otherwise: {stale:,}", REPAIR)
    try:
        with _heard(connection, told, "reading the search index"):
            lost = miscounted(connection)
    except sqlite3.DatabaseError as error:
        yield Problem(f"search index: it cannot be read ({error})", REPAIR)
    else:
        if lost:
            yield Problem(f"search index: tokens that it has too few or too many: {lost:,}", REPAIR)


def _history(db: Database, told: Told) -> Iterator[Problem]:
    """What `--as-of` would answer wrongly."""
    told("looking through the history")
    present = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()}
    for table in history.TRACKED:
        if not {f"{table}_{what}" for what in ("born", "changed", "gone")} <= present:
            yield Problem(f"history: changes of `{table}` are not noted", REPAIR)
    for table in ("visits", *(f"history_{name}" for name in history.TRACKED)):
        told(f"looking through {table}")
        sql = f"SELECT count(*) FROM {table} WHERE moment IS NOT NULL AND moment NOT IN (SELECT id FROM moments)"
        (number,) = db.execute(sql).fetchone()
        if number:
            yield Problem(f"{table}: rows of a moment that is not there: {number:,}")
    sql = (
        "SELECT count(*), max(at) FROM (SELECT at, lag(at) OVER (ORDER BY id) AS former FROM moments) WHERE at < former"
    )
    number, last = db.execute(sql).fetchone()
    if number:
        yield Problem(
            f"history: the clock was set back {number:,} times, the last time to {last}; what is asked --as-of the "
            "time that came twice is answered as of its second coming",
            is_note=True,
        )


def _unreadable(db: Database, told: Told) -> Iterator[Problem]:
    """Times and JSON that nobody can read."""
    for table in db.table_names():
        names = {column.name for column in db.table(table).columns}
        tests = {name: f"datetime({name}) IS NULL AND {name} IS NOT NULL" for name in names if _is_time(name)}
        tests |= {name: f"NOT json_valid({name}) AND {name} IS NOT NULL" for other, name in _JSON if other == table}
        if not tests or table.startswith("_"):
            continue
        told(f"reading the times of {table}")
        sums = ", ".join(f"total({test})" for test in tests.values())
        for name, number in zip(
            tests, db.execute(f"SELECT {sums} FROM {quote_identifier(table)}").fetchone(), strict=True
        ):
            if number:
                yield Problem(f"{table}: values of `{name}` that cannot be read: {int(number):,}")


def _is_time(name: str) -> bool:
    return name == "at" or name.endswith("_at")


def _other_keys(connection: sqlite3.Connection, told: Told) -> Iterator[tuple[int, str, int]]:
    """The articles whose keys are not those of their title and text: the id, and what the keys should be."""
    sql = "SELECT id, title, text, text_key, title_key FROM articles WHERE id > ? ORDER BY id LIMIT ?"
    last = done = 0
    while rows := connection.execute(sql, (last, TOGETHER)).fetchall():
        for number, title, text, text_key, title_key in rows:
            keys = key_of(title, texts.read(texts.alike(text))), texts.title_key(title)
            if keys != (text_key, title_key):
                yield number, *keys
        last, done = rows[-1][0], done + len(rows)
        told(f"{done:,} texts compared with their keys")
