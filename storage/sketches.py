"""The index of sketches: which earlier article might tell the same story. Only a story's first article is in it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from storage.stories import best_first, judge
from storage.times import parse

# What a news agency reprints, it reprints within days; the same words a year later are an anniversary.
WINDOW = timedelta(days=20)
# A passage that so many stories share is a phrase, not evidence: no more of them are written down.
CROWDED = 24


class Original(NamedTuple):
    """The first article of a story."""

    id: int
    story_id: int


class Sketches:
    """Rows (hash, article). It opens no transaction: the store does."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany

    def original(
        self, sketch: Collection[int], title: str, text: str, when: datetime
    ) -> tuple[Original | None, set[int]]:
        """The article that this one copies, and the hashes that are crowded already."""
        marks = ",".join("?" * len(sketch))
        hits = self._run(f"SELECT hash, article_id FROM sketches WHERE hash IN ({marks})", tuple(sketch)).fetchall()
        for candidate in best_first(hits, len(sketch)):
            row = self._run(
                "SELECT title, text, coalesce(published_at, first_seen_at), story_id FROM articles WHERE id = ?",
                (candidate,),
            ).fetchone()
            if abs(parse(row[2]) - when) <= WINDOW and judge((row[0], row[1]), (title, text)).copy:
                return Original(candidate, row[3]), set()
        uses = Counter(number for number, _ in hits)
        return None, {number for number, count in uses.items() if count >= CROWDED}

    def add(self, article_id: int, sketch: Collection[int]) -> None:
        self._run_many("INSERT OR IGNORE INTO sketches VALUES (?, ?)", [(number, article_id) for number in sketch])

    def remove(self, article_id: int, sketch: Collection[int]) -> None:
        rows = [(number, article_id) for number in sketch]
        self._run_many("DELETE FROM sketches WHERE hash = ? AND article_id = ?", rows)
