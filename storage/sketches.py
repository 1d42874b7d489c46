"""The index of sketches: which other articles might tell the same story.

Rows are kept by era, so that what is looked up and what is written lie close together in the file, however many years
are in it. No more of it is held in memory than what waits to be put there. It opens no transaction: the store does.

A passage that many articles share (a footer, a formula of daily reports, a story that forty sites tell) would bring all
of them up for comparison. So of those that share a hash an article sees the nearest in time, `CROWDED` told before it
and as many told after it. That depends on the articles alone and not on the order in which they came, and one that
comes late changes what its neighbours see and nobody else. A hash that few share is a row for each of them in
`sketches`; one of a crowd has there the one row that says so, and its articles by time in `crowds`.
"""

from __future__ import annotations

import sqlite3
import struct
from bisect import bisect, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple
from zlib import crc32

from storage.times import parse

# What a news agency reprints, it reprints within days; the same words a year later are an anniversary.
WINDOW = timedelta(days=20)
# So many neighbours in time on either side are seen among those that share a hash.
CROWDED = 10

# So many articles' sketches are put into the index together.
WAIT = 512

_EPOCH = datetime(1970, 1, 1).toordinal()
_SPAN = 2 * WINDOW.days
_HALF = 2**31
# The bits of a moment that part what was told at once.
_TIE = 22
# In the place of an article: look into `crowds`.
_CROWD = 0

_WAITING = """
    SELECT article_id, era, hashes, told_at, url_key FROM waiting_sketches JOIN articles ON articles.id = article_id
"""
_NEAR = """
    SELECT moment, article_id FROM (SELECT moment, article_id FROM crowds
        WHERE era = ?1 AND hash = ?2 AND moment < ?3 ORDER BY moment DESC LIMIT ?4)
    UNION ALL
    SELECT moment, article_id FROM (SELECT moment, article_id FROM crowds
        WHERE era = ?1 AND hash = ?2 AND moment >= ?3 ORDER BY moment LIMIT ?4)
"""

# An article with its moment: sorts as the articles were told.
Timed = tuple[int, int]


class Found(NamedTuple):
    """The articles that can be seen, each with how many hashes it shares.

    `stirred` are those that see one article less than they would without the one that was asked for. Of the hashes,
    `crowds` are known as crowded, and `swollen` are to become so.
    """

    shared: Mapping[int, int]
    stirred: Collection[int] = ()
    crowds: Collection[int] = ()
    swollen: Collection[int] = ()


class Era(NamedTuple):
    """The span of time that something lies in, and the other one that its window reaches into (or the same)."""

    own: int
    other: int


def era_of(at: datetime) -> Era:
    """The era of a time in UTC. Spans are twice as long as the window, so that no window reaches into more than two."""
    day = at.toordinal() - _EPOCH
    own, since, until = day // _SPAN, (day - WINDOW.days) // _SPAN, (day + WINDOW.days) // _SPAN
    return Era(own, since if since != own else until)


def moment(at: datetime, url_key: str) -> int:
    """A number that sorts as the articles were told; those told at once in an order that means nothing and is always
    the same."""
    return int(at.timestamp() * 1000) << _TIE | crc32(url_key.encode("utf-8", "replace")) >> 10


class _Waiting:
    """The sketches of the latest articles, a row each, until there are enough to be put into the index together.

    One article's hashes lie far apart in the index: to write them article by article writes a page for each of them.
    The rows, at most `WAIT`, are held in memory too, and read again when that may not be true any more.
    """

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._articles: set[int] = set()
        self._eras: dict[int, dict[int, list[Timed]]] = {}
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
            for article, era, packed, told, key in self._run(_WAITING):
                numbers = struct.unpack(f"<{len(packed) // 4}i", packed)
                self._note((moment(parse(told), key), article), era, numbers)

    def holders(self, era: int, numbers: Iterable[int]) -> Iterator[tuple[int, list[Timed]]]:
        """Those of the hashes that articles of the era have, with these articles, by time."""
        known = self._eras.get(era, {})
        return ((number, known[number]) for number in known.keys() & numbers)

    def indexed(self, era: int) -> bool:
        """Whether the index has anything of an era. To know that costs nothing, and the era to come mostly is empty."""
        if era not in self._indexed:
            found = self._run("SELECT 1 FROM sketches WHERE era = ? LIMIT 1", (era,)).fetchone()
            self._indexed[era] = found is not None
        return self._indexed[era]

    def note_indexed(self, era: int) -> None:
        """The index has something of an era now."""
        self._indexed[era] = True

    def add(self, one: Timed, era: int, numbers: Collection[int]) -> None:
        """Keep a sketch in its row."""
        packed = struct.pack(f"<{len(numbers)}i", *numbers)
        self._run("INSERT INTO waiting_sketches VALUES (?, ?, ?)", (one[1], era, packed))
        self._note(one, era, numbers)

    def remove(self, article: int) -> None:
        """Drop the sketch of an article, if it is here."""
        if article in self._articles:
            self._run("DELETE FROM waiting_sketches WHERE article_id = ?", (article,))
            self.forget()

    def take(self) -> dict[int, dict[int, list[Timed]]]:
        """All of it, by era and hash; nothing waits then."""
        taken = self._eras
        self._run("DELETE FROM waiting_sketches")
        self._articles, self._eras, self._indexed = set(), {}, {}
        return taken

    def _note(self, one: Timed, era: int, numbers: Iterable[int]) -> None:
        self._articles.add(one[1])
        known = self._eras.setdefault(era, {})
        for number in numbers:
            insort(known.setdefault(number, []), one)


class Sketches:
    """Rows (era, hash, article), those of crowded hashes with the moment."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany
        self._waiting = _Waiting(connection)

    def forget(self) -> None:
        """Hold nothing in memory: a transaction was taken back, or another object wrote."""
        self._waiting.forget()

    def find(self, era: Era, sketch: Collection[int], at: int, own: int) -> Found:
        """The articles of an era, and of the one beside it, that share passages with a sketch, `own` left out.

        `at` is the moment of the article that has the sketch.
        """
        self._waiting.refresh()
        numbers = [number - _HALF for number in sketch]
        stored: dict[int, list[int]] = {}
        loose: set[int] = set()
        crowds: dict[int, list[int]] = {}
        waiting: dict[int, list[Timed]] = {}
        for one in {*era}:
            for number, article in self._indexed(one, numbers):
                if article == _CROWD:
                    crowds.setdefault(number, []).append(one)
                elif article != own:
                    stored.setdefault(number, []).append(article)
                    if one == era.own:
                        loose.add(number)
            for number, holders in self._waiting.holders(one, numbers):
                waiting.setdefault(number, []).extend(_around(holders, at))
        full = {*crowds}
        full.update(
            number for number, articles in stored.items() if len(articles) > CROWDED - len(waiting.get(number, ()))
        )
        full.update(number for number, holders in waiting.items() if len(holders) > CROWDED)
        everyone: list[int] = []
        stirred: set[int] = set()
        moments = self._moments({article for number in full for article in stored.get(number, ())})
        for number in full:
            known = [(moments[article], article) for article in stored.pop(number, ())] + waiting.pop(number, [])
            for one in crowds.get(number, ()):
                known += self._run(_NEAR, (one, number, at, CROWDED + 1))
            seen, pushed = _neighbours([one for one in known if one[1] != own], at)
            stirred.update(pushed)
            everyone += seen
        everyone += chain.from_iterable(stored.values())
        everyone += [article for holders in waiting.values() for _, article in holders]
        shared = Counter(everyone)
        del shared[own]
        marked = [number for number, eras in crowds.items() if era.own in eras]
        return Found(shared, stirred, marked, [number for number in full if number not in marked or number in loose])

    def _indexed(self, era: int, numbers: Sequence[int]) -> list[tuple[int, int]]:
        if not self._waiting.indexed(era):
            return []
        marks = ",".join("?" * len(numbers))
        return self._run(
            f"SELECT hash, article_id FROM sketches WHERE era = ? AND hash IN ({marks})", (era, *numbers)
        ).fetchall()

    def _moments(self, articles: Collection[int]) -> dict[int, int]:
        if not articles:
            return {}
        sql = f"SELECT id, told_at, url_key FROM articles WHERE id IN ({','.join('?' * len(articles))})"
        return {number: moment(parse(told), key) for number, told, key in self._run(sql, [*articles])}

    def add(self, article: int, era: Era, sketch: Iterable[int], at: int, found: Found) -> None:
        """Note a sketch of an article that has none; `found` is what was found for it."""
        for number in found.swollen:
            self._crowd(era.own, number)
            self._waiting.note_indexed(era.own)
        crowded = {*found.crowds, *found.swollen}
        numbers = [number - _HALF for number in sketch]
        rows = [(era.own, number, at, article) for number in numbers if number in crowded]
        if rows:
            self._run_many("INSERT OR IGNORE INTO crowds VALUES (?, ?, ?, ?)", rows)
        alone = [number for number in numbers if number not in crowded]
        if alone:
            self._waiting.add((at, article), era.own, alone)
        if len(self._waiting) >= WAIT:
            self._put(self._waiting.take())

    def _crowd(self, era: int, number: int) -> None:
        """Keep the articles that have a hash by time from now on; those that wait follow when they are put there."""
        sql = "SELECT article_id FROM sketches WHERE era = ? AND hash = ? AND article_id != ?"
        articles = [row[0] for row in self._run(sql, (era, number, _CROWD))]
        rows = [(era, number, at, article) for article, at in self._moments(articles).items()]
        self._run_many("INSERT OR IGNORE INTO crowds VALUES (?, ?, ?, ?)", rows)
        self._run("DELETE FROM sketches WHERE era = ? AND hash = ?", (era, number))
        self._run("INSERT INTO sketches VALUES (?, ?, ?)", (era, number, _CROWD))

    def _put(self, taken: Mapping[int, Mapping[int, Sequence[Timed]]]) -> None:
        """Put what waited into the index."""
        few: list[tuple[int, int, int]] = []
        many: list[tuple[int, int, int, int]] = []
        for era, known in taken.items():
            for number, holders in known.items():
                if len(holders) > CROWDED:
                    few.append((era, number, _CROWD))
                    many += [(era, number, *one) for one in holders]
                else:
                    few += [(era, number, article) for _, article in holders]
        self._run_many("INSERT OR IGNORE INTO sketches VALUES (?, ?, ?)", sorted(few))
        self._run_many("INSERT OR IGNORE INTO crowds VALUES (?, ?, ?, ?)", sorted(many))

    def remove(self, article: int, era: Era, sketch: Iterable[int], at: int) -> None:
        """Forget the sketch of an article."""
        self._waiting.remove(article)
        rows = [(era.own, number - _HALF, article) for number in sketch]
        self._run_many("DELETE FROM sketches WHERE era = ? AND hash = ? AND article_id = ?", rows)
        timed = [(*row[:2], at, article) for row in rows]
        self._run_many("DELETE FROM crowds WHERE era = ? AND hash = ? AND moment = ? AND article_id = ?", timed)


def _around(holders: Sequence[Timed], at: int) -> Sequence[Timed]:
    """More than can be seen of those that hold a hash, if they are many. One of them may be who looks."""
    if len(holders) <= 2 * CROWDED:
        return holders
    place = bisect(holders, (at, 0))
    return holders[max(0, place - CROWDED - 1) : place + CROWDED + 2]


def _neighbours(known: Iterable[Timed], at: int) -> tuple[list[int], list[int]]:
    """The nearest of the articles before and after a moment; and those of them that see one article less when another
    comes between. Those before it lose what was told after them: to them that is nothing, unless it was at once."""
    ordered = sorted(known)
    place = bisect(ordered, (at, 0))
    before, after = ordered[max(0, place - CROWDED) : place], ordered[place : place + CROWDED]
    pushed = after[max(0, CROWDED - len(before)) :]
    pushed += (one for one in before[: max(0, len(before) + len(after) - CROWDED)] if one[0] >> _TIE == at >> _TIE)
    return [article for _, article in (*before, *after)], [article for _, article in pushed]
