"""The index of sketches: which other articles might tell the same story, and which lines a site repeats.

Rows are kept by era, so that what is looked up and what is written lie close together in the file, however many years
are in it. Nothing of it is held in memory. It opens no transaction: the store does.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zlib import crc32

# What a news agency reprints, it reprints within days; the same words a year later are an anniversary.
WINDOW = timedelta(days=20)
# A passage that so many articles of an era share is a phrase, not evidence: no more of them are written down.
CROWDED = 32
# So many candidates are compared, those first whose common passages are the rarest.
MOST = 12
# Two hashes in common, and not two of the commonest.
SHARED, RARE = 2, 0.3
# A line at an end of so many articles of one site, under as many titles, is the site's and not theirs.
REPEATED = 3
LINE_LEAST, LINE_MOST = 4, 300

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HALF = 2**31


class Found(NamedTuple):
    """The articles that share most with a sketch, best first, and its hashes that are crowded already."""

    articles: list[int]
    crowded: frozenset[int]


class Era(NamedTuple):
    """The span of time that something lies in, and the other one that its window reaches into (or the same)."""

    own: int
    other: int


def era_of(at: datetime) -> Era:
    """Spans are twice as long as the window, so that no window reaches into more than two."""
    since = at - _EPOCH
    own = since // (2 * WINDOW)
    reached = {(since - WINDOW) // (2 * WINDOW), (since + WINDOW) // (2 * WINDOW)} - {own}
    return Era(own, reached.pop() if reached else own)


def line_hash(site: str, line: str) -> int:
    """The hash of a line (plain form) of a site."""
    return crc32(f"{site}\n{line}".encode("utf-8", "replace")) - _HALF


class Sketches:
    """Rows (era, hash, article), and the same for the lines at the ends of articles."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany

    def find(self, era: Era, sketch: Collection[int], own: int) -> Found:
        """The articles of an era, and of the one beside it, that share passages with a sketch, `own` left out."""
        numbers = [number - _HALF for number in sketch]
        marks = ",".join("?" * len(numbers))
        sql = f"SELECT hash, article_id FROM sketches WHERE era IN (?, ?) AND hash IN ({marks})"
        hits = self._run(sql, (*era, *numbers)).fetchall()
        if not hits:
            return Found([], frozenset())
        uses = Counter(number for number, _ in hits)
        weight: dict[int, float] = {}
        shared: Counter[int] = Counter()
        for number, article in hits:
            weight[article] = weight.get(article, 0.0) + 1 / uses[number]
            shared[article] += 1
        good = [article for article in weight if shared[article] >= SHARED and weight[article] >= RARE]
        best = sorted((article for article in good if article != own), key=lambda one: (-weight[one], one))
        return Found(best[:MOST], frozenset(number + _HALF for number, count in uses.items() if count >= CROWDED))

    def add(self, article: int, era: Era, sketch: Iterable[int]) -> None:
        rows = [(era.own, number - _HALF, article) for number in sketch]
        self._run_many("INSERT OR IGNORE INTO sketches VALUES (?, ?, ?)", sorted(rows))

    def remove(self, article: int, era: Era, sketch: Iterable[int]) -> None:
        rows = [(era.own, number - _HALF, article) for number in sketch]
        self._run_many("DELETE FROM sketches WHERE era = ? AND hash = ? AND article_id = ?", rows)

    # -- lines that a site repeats

    def repeated(self, era: Era, lines: Collection[int]) -> frozenset[int]:
        """Those of the lines that their site has under several titles."""
        return frozenset(line for line, count in self._counts(era, lines).items() if count >= REPEATED)

    def _counts(self, era: Era, lines: Collection[int]) -> dict[int, int]:
        marks = ",".join("?" * len(lines))
        sql = f"SELECT hash, count(*) FROM site_lines WHERE era IN (?, ?) AND hash IN ({marks}) GROUP BY hash"
        return dict(self._run(sql, (*era, *lines)).fetchall()) if lines else {}

    def add_lines(self, article: int, title: str, era: Era, lines: Collection[int]) -> set[int]:
        """Note the lines of an article; the other articles whose line has just become known as the site's."""
        counts = self._counts(era, lines)
        fresh = [line for line in lines if counts.get(line, 0) < REPEATED]
        fresh = [line for line in fresh if line not in counts or not self._under(line, era, title)]
        self._run_many(
            "INSERT OR IGNORE INTO site_lines VALUES (?, ?, ?)", [(era.own, line, article) for line in fresh]
        )
        known = [line for line in fresh if counts.get(line, 0) == REPEATED - 1]
        return {other for line in known for other in self._holders(line, era)} - {article}

    def remove_lines(self, article: int, era: Era, lines: Collection[int]) -> None:
        rows = [(era.own, line, article) for line in lines]
        self._run_many("DELETE FROM site_lines WHERE era = ? AND hash = ? AND article_id = ?", rows)

    def _under(self, line: int, era: Era, title: str) -> bool:
        sql = """SELECT EXISTS (SELECT 1 FROM site_lines JOIN articles ON articles.id = article_id
            WHERE era IN (?, ?) AND hash = ? AND title = ?)"""
        return bool(self._run(sql, (*era, line, title)).fetchone()[0])

    def _holders(self, line: int, era: Era) -> list[int]:
        sql = "SELECT article_id FROM site_lines WHERE era IN (?, ?) AND hash = ?"
        return [row[0] for row in self._run(sql, (*era, line))]
