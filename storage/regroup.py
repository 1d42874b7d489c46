"""All the stories, made anew from the stored texts: for a new version of the rules, and to see whether all is well."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from storage import texts
from storage.clusters import Clusters
from storage.members import told_at
from storage.texts import Whole
from storage.titles import Titles

# Texts of fewer letters and digits are stubs and log-in notices: they are the same only under the same title.
ALONE = 40


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


def regroup(connection: sqlite3.Connection) -> list[Change]:
    """Find every article's story again, in the open transaction, and write what changes; what that is."""
    run = connection.execute
    standing = "SELECT articles.id, coalesce(key, '') FROM articles JOIN stories ON stories.id = story_id"
    before = dict(run(standing).fetchall())
    for table in ("links", "sketches", "crowds", "waiting_sketches", "site_lines", "stories"):
        run(f"DELETE FROM {table}")
    run("UPDATE articles SET story_id = id, copy_of = NULL")
    keys = _renewed_keys(connection)
    clusters = Clusters(connection)
    for number in [row[0] for row in run("SELECT id FROM articles ORDER BY told_at, url_key")]:
        # Those told later have no key yet, so that nothing is held against them.
        run("UPDATE articles SET text_key = ? WHERE id = ?", (keys[number], number))
        one = clusters.load(number)
        place = clusters.decide(one)
        if place.parent is not None:
            run("UPDATE articles SET story_id = ?, copy_of = ? WHERE id = ?", (place.story, place.story, number))
        clusters.admit(one, place, one.seen_at)
    _renew_titles(connection)
    return [change for change in _changes(connection, before) if change.from_key]


def _renewed_keys(connection: sqlite3.Connection) -> dict[int, str]:
    """The text key of every article, taken out of its row; what else is made of titles and times is renewed."""
    keys: dict[int, str] = {}
    for number, title, text, published, seen in connection.execute(
        "SELECT id, title, text, published_at, first_seen_at FROM articles"
    ).fetchall():
        told = told_at(datetime.fromisoformat(published) if published else None, datetime.fromisoformat(seen))
        keys[number] = key_of(title, texts.read(texts.alike(text)))
        connection.execute(
            "UPDATE articles SET text_key = '', title_key = ?, told_at = coalesce(told_at, ?) WHERE id = ?",
            (texts.title_key(title), told, number),
        )
    return keys


def _renew_titles(connection: sqlite3.Connection) -> None:
    for number, title in connection.execute("SELECT id, title FROM headlines").fetchall():
        connection.execute("UPDATE headlines SET title_key = ? WHERE id = ?", (texts.title_key(title), number))
    Titles(connection).seen(0)


def _changes(connection: sqlite3.Connection, before: dict[int, str]) -> Iterator[Change]:
    sql = """
        SELECT articles.id, title, key, (SELECT evidence ->> 'why' FROM links WHERE article_id = articles.id
            AND level != 'alike') FROM articles JOIN stories ON stories.id = story_id ORDER BY articles.id
    """
    for number, title, key, why in connection.execute(sql).fetchall():
        if before[number] != key:
            yield Change(number, title, before[number], key, why or "no earlier article has this text")
