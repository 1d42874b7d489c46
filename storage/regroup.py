"""All the stories, made anew from the stored texts: for a new version of the rules, and to see whether all is well."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from storage import texts
from storage.clusters import Clusters
from storage.members import told_at
from storage.texts import Whole
from storage.titles import Titles

# Texts of fewer letters and digits are stubs and log-in notices: they are the same only under the same title.
ALONE = 40

# So many rows are read at a time.
TOGETHER = 256


class Change(NamedTuple):
    """An article that belongs elsewhere than it stands: the keys of both stories, and why."""

    article_id: int
    title: str
    from_key: str
    to_key: str
    why: str


def key_of(title: str, whole: Whole) -> str:
    """The text key of an article."""
    story = "".join(whole.story)
    return texts.plain_key(story if len(story) >= ALONE else f"{texts.plain(texts.alike(title))}\n{story}")


def regroup(connection: sqlite3.Connection, told: Callable[[int, int], None] = lambda *_: None) -> list[Change]:
    """Find every article's story again, in the open transaction, and write what changes; what that is.

    `told` is called with how many articles are done and how many there are. No more is held in memory than the
    changes and eight bytes an article.
    """
    run = connection.execute
    run("CREATE TEMP TABLE standing (id INTEGER PRIMARY KEY, story_key TEXT NOT NULL, text_key TEXT)")
    run(
        "INSERT INTO standing (id, story_key)"
        " SELECT articles.id, coalesce(key, '') FROM articles JOIN stories ON stories.id = story_id"
    )
    for table in ("links", "sketches", "crowds", "waiting_sketches", "site_lines", "stories"):
        run(f"DELETE FROM {table}")
    run("UPDATE articles SET story_id = id, copy_of = NULL")
    _renew_keys(connection)
    clusters = Clusters(connection)
    numbers = array("q", (row[0] for row in run("SELECT id FROM articles ORDER BY told_at, url_key")))
    for done, number in enumerate(numbers):
        told(done, len(numbers))
        # Those told later have no key yet, so that nothing is held against them.
        run("UPDATE articles SET text_key = (SELECT text_key FROM standing WHERE id = ?1) WHERE id = ?1", (number,))
        one = clusters.load(number)
        place = clusters.decide(one)
        if place.parent is not None:
            run("UPDATE articles SET story_id = ?, copy_of = ? WHERE id = ?", (place.story, place.story, number))
        clusters.admit(one, place, one.seen_at)
    _renew_titles(connection)
    changes = list(_changes(connection))
    run("DROP TABLE standing")
    return changes


def _renew_keys(connection: sqlite3.Connection) -> None:
    """Put the text key of every article into `standing`, and renew what else is made of titles and times."""
    sql = "SELECT id, title, text, published_at, first_seen_at FROM articles WHERE id > ? ORDER BY id LIMIT ?"
    last = 0
    while rows := connection.execute(sql, (last, TOGETHER)).fetchall():
        for number, title, text, published, seen in rows:
            at = told_at(datetime.fromisoformat(published) if published else None, datetime.fromisoformat(seen))
            connection.execute(
                "UPDATE articles SET text_key = '', title_key = ?, told_at = coalesce(told_at, ?) WHERE id = ?",
                (texts.title_key(title), at, number),
            )
            key = key_of(title, texts.read(texts.alike(text)))
            connection.execute("UPDATE standing SET text_key = ? WHERE id = ?", (key, number))
        last = rows[-1][0]


def _renew_titles(connection: sqlite3.Connection) -> None:
    last = 0
    sql = "SELECT id, title FROM headlines WHERE id > ? ORDER BY id LIMIT ?"
    while rows := connection.execute(sql, (last, TOGETHER)).fetchall():
        keys = [(texts.title_key(title), number) for number, title in rows]
        connection.executemany("UPDATE headlines SET title_key = ? WHERE id = ?", keys)
        last = rows[-1][0]
    Titles(connection).seen(0)


def _changes(connection: sqlite3.Connection) -> Iterator[Change]:
    sql = """
        SELECT articles.id, title, story_key, key, (SELECT evidence ->> 'why' FROM links
            WHERE article_id = articles.id AND level != 'alike')
        FROM articles JOIN stories ON stories.id = story_id JOIN standing ON standing.id = articles.id
        WHERE story_key NOT IN (key, '') ORDER BY articles.id
    """
    for number, title, before, key, why in connection.execute(sql):
        yield Change(number, title, before, key, why or "no earlier article has this text")
