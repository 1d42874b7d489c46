"""The index of sketches: which other articles might tell the same story, and which lines a site repeats.

Rows are kept by era, so that what is looked up and what is written lie close together in the file, however many years
are in it. No more of it is held in memory than what waits to be put there. It opens no transaction: the store does.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zlib import crc32

# What a news agency reprints, it reprints within days; the same words a year later are an anniversary.
WINDOW = timedelta(days=20)
# A passage that so many articles of an era share is a phrase, not evidence: no more of them are written down.
CROWDED = 10
# So many candidates are compared, those first whose common passages are the rarest.
MOST = 12
# Fewer hashes in common are chance: two short texts, a short and a long one, two long ones.
SHARED = (2, 3, 5)
# A line at an end of articles of one site, under so many titles and beside as many texts, is the site's and not theirs.
REPEATED = 3
LINE_LEAST, LINE_MOST = 4, 300
ENDS = 3

# So many articles' sketches are put into the index together.
WAIT = 512

_EPOCH = datetime(1970, 1, 1).toordinal()
_SPAN = 2 * WINDOW.days
_HALF = 2**31


class Found(NamedTuple):
    """The articles that share more than chance with a sketch, how many hashes each, and what is crowded already.

    `hits` are all pairs of a hash and an article that has it.
    """

    articles: list[int]
    shared: dict[int, int]
    crowded: frozenset[int]
    hits: Sequence[tuple[int, int]]

    def among(self, places: Mapping[int, int]) -> list[int]:
        """Those of the articles that have a place, best first and equals by it, as if there were no others."""
        weight = _weights([hit for hit in self.hits if hit[1] in places])
        return sorted(weight, key=lambda one: (-weight[one], places[one]))


def _weights(hits: Sequence[tuple[int, int]]) -> dict[int, int]:
    """How much of a sketch the articles share: a hash that few have weighs most. Whole numbers add up in any order."""
    uses: dict[int, int] = {}
    shared: dict[int, int] = {}
    for number, article in hits:
        uses[number] = uses.get(number, 0) + 1
        shared[article] = shared.get(article, 0) + 1
    weight = {article: 0 for article, count in shared.items() if count >= SHARED[0]}
    if weight:
        for number, article in hits:
            if article in weight:
                weight[article] += 2**30 // uses[number]
    return weight


class Era(NamedTuple):
    """The span of time that something lies in, and the other one that its window reaches into (or the same)."""

    own: int
    other: int


def era_of(at: datetime) -> Era:
    """The era of a time in UTC. Spans are twice as long as the window, so that no window reaches into more than two."""
    day = at.toordinal() - _EPOCH
    own, since, until = day // _SPAN, (day - WINDOW.days) // _SPAN, (day + WINDOW.days) // _SPAN
    return Era(own, since if since != own else until)


class SiteLine(NamedTuple):
    """A line (plain form) at an end of an article, as hashes: with its site, the title, and the first other line."""

    hash: int
    title: int
    beside: int


def site_lines(site: str, title: str, lines: Sequence[str]) -> tuple[SiteLine, ...]:
    """The lines at the ends of a text, where a site puts what it repeats; none of a text of a few lines."""
    ends = (lines[0], *lines[-ENDS:]) if len(lines) > ENDS else lines[-ENDS:][1:]
    if not ends:
        return ()
    under, first = line_hash("", title), line_hash("", lines[0])
    return tuple(
        SiteLine(line_hash(site, line), under, line_hash("", lines[1]) if line == lines[0] else first)
        for line in dict.fromkeys(ends)
        if LINE_LEAST <= len(line) <= LINE_MOST
    )


def line_hash(site: str, line: str) -> int:
    """The hash of a line (plain form) of a site."""
    return crc32(f"{site}\n{line}".encode("utf-8", "replace")) - _HALF


class _Waiting:
    """The sketches of the latest articles, a row each, until there are enough to be put into the index together.

    One article's hashes lie far apart in the index: to write them article by article writes a page for each of them.
    The rows, at most `WAIT`, are held in memory too, and read again when that may not be true any more.
    """

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._articles: set[int] = set()
        self._eras: dict[int, dict[int, list[int]]] = {}
        self._indexed: dict[int, bool] = {}
        self._version = -1

    def __len__(self) -> int:
        return len(self._articles)

    def forget(self) -> None:
        """What is in memory may be wrong: a transaction was taken back, or another object wrote."""
        self._version = -1

    def refresh(self) -> None:
        """Read the rows again if that is needed. Before anything else is done in a transaction."""
        version = self._run("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version = version
            self._articles, self._eras, self._indexed = set(), {}, {}
            for article, era, packed in self._run("SELECT article_id, era, hashes FROM waiting_sketches"):
                self._note(article, era, struct.unpack(f"<{len(packed) // 4}i", packed))

    def hits(self, era: int, numbers: Iterable[int]) -> list[tuple[int, int]]:
        """Each of the hashes with each article of the era that has it."""
        known = self._eras.get(era, {})
        return [(number, article) for number in known.keys() & numbers for article in known[number]]

    def indexed(self, era: int) -> bool:
        """Whether the index has anything of an era. To know that costs nothing, and the era to come mostly is empty."""
        if era not in self._indexed:
            found = self._run("SELECT 1 FROM sketches WHERE era = ? LIMIT 1", (era,)).fetchone()
            self._indexed[era] = found is not None
        return self._indexed[era]

    def add(self, article: int, era: int, numbers: Collection[int]) -> None:
        """Keep a sketch in its row."""
        packed = struct.pack(f"<{len(numbers)}i", *numbers)
        self._run("INSERT INTO waiting_sketches VALUES (?, ?, ?)", (article, era, packed))
        self._note(article, era, numbers)

    def remove(self, article: int) -> None:
        """Drop the sketch of an article, if it is here."""
        if article in self._articles:
            self._run("DELETE FROM waiting_sketches WHERE article_id = ?", (article,))
            self.forget()

    def take(self) -> list[tuple[int, int, int]]:
        """All of it as rows of the index (era, hash, article); nothing waits then."""
        rows = [
            (era, number, article)
            for era, known in self._eras.items()
            for number, articles in known.items()
            for article in articles
        ]
        self._run("DELETE FROM waiting_sketches")
        self._articles, self._eras, self._indexed = set(), {}, {}
        return sorted(rows)

    def _note(self, article: int, era: int, numbers: Iterable[int]) -> None:
        self._articles.add(article)
        known = self._eras.setdefault(era, {})
        for number in numbers:
            known.setdefault(number, []).append(article)


class Sketches:
    """Rows (era, hash, article), and the same for the lines at the ends of articles."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany
        self._waiting = _Waiting(connection)

    def forget(self) -> None:
        """Hold nothing in memory: a transaction was taken back, or another object wrote."""
        self._waiting.forget()

    def find(self, era: Era, sketch: Collection[int], own: int) -> Found:
        """The articles of an era, and of the one beside it, that share passages with a sketch, `own` left out."""
        self._waiting.refresh()
        numbers = [number - _HALF for number in sketch]
        hits = [hit for one in {*era} for hit in (*self._indexed(one, numbers), *self._waiting.hits(one, numbers))]
        if not hits:
            return Found([], {}, frozenset(), ())
        uses: dict[int, int] = {}
        shared: dict[int, int] = {}
        for number, article in hits:
            uses[number] = uses.get(number, 0) + 1
            shared[article] = shared.get(article, 0) + 1
        known = [article for article, count in shared.items() if count >= SHARED[0] and article != own]
        crowded = frozenset(number + _HALF for number, count in uses.items() if count >= CROWDED)
        return Found(known, shared, crowded, hits)

    def _indexed(self, era: int, numbers: Sequence[int]) -> list[tuple[int, int]]:
        if not self._waiting.indexed(era):
            return []
        marks = ",".join("?" * len(numbers))
        return self._run(
            f"SELECT hash, article_id FROM sketches WHERE era = ? AND hash IN ({marks})", (era, *numbers)
        ).fetchall()

    def add(self, article: int, era: Era, sketch: Iterable[int]) -> None:
        """Note a sketch of an article that has none."""
        numbers = [number - _HALF for number in sketch]
        if numbers:
            self._waiting.add(article, era.own, numbers)
        if len(self._waiting) >= WAIT:
            self._run_many("INSERT OR IGNORE INTO sketches VALUES (?, ?, ?)", self._waiting.take())

    def remove(self, article: int, era: Era, sketch: Iterable[int]) -> None:
        self._waiting.remove(article)
        rows = [(era.own, number - _HALF, article) for number in sketch]
        self._run_many("DELETE FROM sketches WHERE era = ? AND hash = ? AND article_id = ?", rows)

    # -- lines that a site repeats

    def repeated(self, era: Era, lines: Collection[int]) -> frozenset[int]:
        """Those of the lines that their site has around several texts with several titles, in this span of time."""
        return frozenset(line for line, count in self._counts(era, lines).items() if count >= REPEATED)

    def _counts(self, era: Era, lines: Collection[int]) -> dict[int, int]:
        """Under how many titles, or beside how many texts if those are fewer, a line is known."""
        if not lines:
            return {}
        sql = f"SELECT hash, title, beside FROM site_lines WHERE era = ? AND hash IN ({','.join('?' * len(lines))})"
        titles: dict[int, set[int]] = {}
        besides: dict[int, set[int]] = {}
        for number, title, beside in self._run(sql, (era.own, *lines)):
            titles.setdefault(number, set()).add(title)
            besides.setdefault(number, set()).add(beside)
        return {number: min(len(found), len(besides[number])) for number, found in titles.items()}

    def add_lines(self, article: int, era: Era, lines: Collection[SiteLine]) -> set[int]:
        """Note the lines of an article; all articles one of whose lines has just become known as the site's."""
        counts = self._counts(era, [line.hash for line in lines])
        # A line that is known needs no more witnesses.
        fresh = [line for line in lines if counts.get(line.hash, 0) < REPEATED]
        rows = [(era.own, line.hash, article, line.title, line.beside) for line in fresh]
        self._run_many("INSERT OR IGNORE INTO site_lines VALUES (?, ?, ?, ?, ?)", rows)
        close = [line.hash for line in fresh if counts.get(line.hash, 0) == REPEATED - 1]
        return {holder for line in self.repeated(era, close) for holder in self._holders(line, era)}

    def remove_lines(self, article: int, era: Era, lines: Collection[SiteLine]) -> set[int]:
        """Forget the lines of an article; the other articles one of whose lines is no longer known."""
        before = self.repeated(era, [line.hash for line in lines])
        rows = [(era.own, line.hash, article) for line in lines]
        self._run_many("DELETE FROM site_lines WHERE era = ? AND hash = ? AND article_id = ?", rows)
        forgotten = before - self.repeated(era, [line.hash for line in lines])
        return {other for line in forgotten for other in self._holders(line, era)} - {article}

    def _holders(self, line: int, era: Era) -> list[int]:
        sql = "SELECT article_id FROM site_lines WHERE era = ? AND hash = ?"
        return [row[0] for row in self._run(sql, (era.own, line))]
