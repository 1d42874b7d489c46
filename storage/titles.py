"""Headlines and the articles that they announce: matched by title where the address leads nowhere known.

A list may name another address than the article's own, or an article that was never fetched while a copy of it was.
A title is believed when it is the whole title, or its beginning with dots after it, when it was seen within a few
days, and when all the articles that have it tell one story.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from storage.texts import same_title, title_key
from storage.times import parse

NEAR = timedelta(days=3)

_ARTICLES = "SELECT id, title, told_at, story_id, coalesce(copy_of, id) FROM articles WHERE title_key = ?"
_UNKNOWN = """
    SELECT id, title, coalesce(published_at, first_seen_at) FROM headlines
    WHERE title_key = ? AND title_key != 0 AND article_id IS NULL
"""
_MATCH = "UPDATE headlines SET article_id = ?, matched_by = 'title' WHERE id = ? AND article_id IS NULL"


class Titles:
    """Matches both ways: headlines that come after the article, and those that came before it."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def announced(self, title: str) -> None:
        """An article with this title has come: find it for the headlines that waited for it."""
        key = title_key(title)
        waiting = self._run(_UNKNOWN, (key,)).fetchall() if key else []
        for number, headline, at in waiting:
            self._match(number, headline, at, key)

    def seen(self, first: int) -> None:
        """Headlines from this id on are new: find the articles of those whose address is not known."""
        sql = """
            SELECT id, title, coalesce(published_at, first_seen_at), title_key FROM headlines
            WHERE id >= ? AND article_id IS NULL AND title_key != 0
        """
        for number, headline, at, key in self._run(sql, (first,)).fetchall():
            self._match(number, headline, at, key)

    def _match(self, number: int, headline: str, at: str, key: int) -> None:
        near = [
            (story, article)
            for _, title, told, story, article in self._run(_ARTICLES, (key,))
            if abs(parse(told) - parse(at)) <= NEAR and same_title(title, headline)
        ]
        if len({story for story, _ in near}) == 1:
            self._run(_MATCH, (near[0][1], number))
