"""Searching the articles as they were: the hits and their order that the index would have given then.

The index (FTS5) has the present texts only, and its ranking weighs a hit by the whole collection: how many articles
there are, how long they are, how many of them hold a phrase. So the articles whose text has come or changed since are
taken out of it, the former texts of the latter go into a small index in memory, both are asked, and the scores are
reckoned anew for the two together (`ranking`). What it costs grows with the hits and with what has changed since.

The same serves the present where FTS5's own ranking may be off (`ranking.is_tangled`), so that now and then agree.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from storage.history import moment_of
from storage.latest import latest
from storage.ranking import Node, Totals, frequency, is_tangled, parsed, score
from storage.reindex import entry, numbers

Row = dict[str, Any]

_AT_ONCE = 100

# The plus keeps SQLite from asking the index anew for each row number.
_COUNT = """
    SELECT count(*), count(*) FILTER (WHERE rowid <= :last AND rowid NOT IN (SELECT value FROM json_each(:out)))
    FROM articles_fts WHERE articles_fts MATCH :match
"""
_MATCHING = """
    SELECT rowid FROM articles_fts
    WHERE articles_fts MATCH :match AND rowid <= :last AND +rowid NOT IN (SELECT value FROM json_each(:out))
"""
_AMONG = """
    SELECT rowid, {what} FROM articles_fts
    WHERE articles_fts MATCH :match AND +rowid IN (SELECT value FROM json_each(:among))
"""
# The oldest row of the history after a moment is the one of that moment; `min` gives it.
_TOUCHED = """
    SELECT id, there, there AND (
        SELECT now.revision IS NOT former.revision OR now.title IS NOT former.title
        FROM main.articles AS now WHERE now.id = former.id
    ), min(moment) FROM main.history_articles AS former WHERE moment > ? GROUP BY id
"""


class _Changes(NamedTuple):
    """What parts the present index from the past: the last article that was there, and what is to be taken out below.

    `former` has the title and text of those of the latter that were there, by id.
    """

    last: int
    out: frozenset[int]
    former: Mapping[int, tuple[str, str]]


class _Index:
    """An index of which only a part counts: the rows up to `last` that are not in `out`."""

    def __init__(self, connection: sqlite3.Connection, last: int, out: Iterable[int]):
        self._connection = connection
        self._last, self._out = last, frozenset(out)
        self._part = {"last": last, "out": _listed(self._out)}
        # FTS5's own sums: the rows, then the tokens in each column; nothing at all before the first row.
        (block,) = connection.execute("SELECT block FROM articles_fts_data WHERE id = 1").fetchone()
        rows, *tokens = numbers(block) if block else (0,)
        self._whole = Totals(rows, sum(tokens))
        self.totals = self._counting()

    def _counting(self) -> Totals:
        """The rows that count and their tokens."""
        above = self._sizes("id > :last")
        out = self._sizes("id <= :last AND id IN (SELECT value FROM json_each(:out))")
        return Totals(self._whole.rows - above.rows - out.rows, self._whole.tokens - above.tokens - out.tokens)

    def _sizes(self, where: str) -> Totals:
        rows = self._connection.execute(f"SELECT sz FROM articles_fts_docsize WHERE {where}", self._part).fetchall()
        return Totals(len(rows), sum(sum(numbers(sizes)) for (sizes,) in rows))

    def count(self, match: str) -> tuple[int, int]:
        """How many rows hold a phrase: of all, and of those that count."""
        whole, part = self._connection.execute(_COUNT, {"match": match, **self._part}).fetchone()
        return whole, part

    def matching(self, match: str) -> list[int]:
        """The rows that count and match."""
        return [number for (number,) in self._connection.execute(_MATCHING, {"match": match, **self._part})]

    def latest(self, match: str, below: int, most: int) -> list[int]:
        """The last so many of these, the last first; with `below` those before it."""
        end = min(below or self._last + 1, self._last + 1)
        # Those that do not count are asked for as well: each of them could be among the last.
        found = latest(self._connection, match, end, most + len(self._out))
        return [number for number in found if number not in self._out][:most]

    def among(self, match: str, rows: Iterable[int]) -> list[int]:
        """Those of some rows that match."""
        return [number for number, _ in self._among(match, rows, "1")]

    def _among(self, match: str, rows: Iterable[int], what: str) -> Iterator[tuple[int, float]]:
        among = _listed(rows)
        if among != "[]":
            yield from self._connection.execute(_AMONG.format(what=what), {"match": match, "among": among})

    def frequencies(self, phrase: str, hits: int, rows: Iterable[int], sizes: Mapping[int, int]) -> dict[int, int]:
        """How often each of some rows holds a phrase, weighted; `hits` is how many of all rows do.

        FTS5 tells no such number to who cannot load an extension; but it can be read off the score of the phrase alone.
        """
        idf, length = self._whole.idf(hits), self._whole.length
        return {
            number: frequency(rank, idf, length(sizes[number])) for number, rank in self._among(phrase, rows, "rank")
        }

    def lengths(self, rows: Iterable[int]) -> dict[int, int]:
        """How many tokens each of some rows has."""
        sql = "SELECT id, sz FROM articles_fts_docsize WHERE id IN (SELECT value FROM json_each(?))"
        return {number: sum(numbers(sizes)) for number, sizes in self._connection.execute(sql, (_listed(rows),))}


def is_present(connection: sqlite3.Connection, match: str, *, ranking: bool) -> bool:
    """Whether the index itself gives the answer: of the present, and in FTS5's own order if that is wanted."""
    return moment_of(connection) is None and not (ranking and is_tangled(parsed(match)))


def ordered(connection: sqlite3.Connection, match: str, newest: str = "") -> list[int]:
    """The ids of the articles that match at the moment that the connection reads, the best first, as FTS5 had it then.

    With `newest`, the time of an article in SQL, the latest come first.
    """
    tree, changes = parsed(match), _changes(connection)
    with _indexes(connection, changes) as indexes:
        if newest:
            found = [number for index in indexes for number in index.matching(match)]
            times = [(row["at"] or "", row["id"]) for row in _read(connection, found, f"id, {newest} AS at")]
            return [number for _, number in sorted(times, reverse=True)]
        if changes is None and not is_tangled(tree):
            sql = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ? ORDER BY rank, rowid"
            return [number for (number,) in connection.execute(sql, (match,))]
        return [number for _, number in sorted(_scores(indexes, tree))]


def matching(connection: sqlite3.Connection, match: str, below: int, most: int) -> list[int]:
    """The last so many ids of articles that match at the moment that the connection reads, the last to come first; with
    `below` those before it.
    """
    with _indexes(connection, _changes(connection)) as indexes:
        return sorted((number for index in indexes for number in index.latest(match, below, most)), reverse=True)[:most]


def last_of(connection: sqlite3.Connection) -> int:
    """The last id of an article at the moment that the connection reads; 0 where there is none."""
    changes = _changes(connection)
    if changes:
        return changes.last
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM main.articles").fetchone()
    return int(last)


def rows_of(ids: Sequence[int], read: Callable[[str], Iterable[Row]]) -> Iterator[Row]:
    """The rows of articles in the order of their ids, some at a time; `read` gives those that a condition holds for."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        rows = {row["id"]: row for row in read(_any_of(some))}
        yield from (rows[number] for number in some if number in rows)


def _read(connection: sqlite3.Connection, ids: Sequence[int], columns: str) -> Iterator[Row]:
    """Columns of articles as they were, in no order."""
    for start in range(0, len(ids), _AT_ONCE):
        some = _any_of(ids[start : start + _AT_ONCE])
        cursor = connection.execute(f"SELECT {columns} FROM articles WHERE {some}")
        names = [column[0] for column in cursor.description]
        yield from (dict(zip(names, row, strict=True)) for row in cursor)


def _any_of(ids: Iterable[int]) -> str:
    # As literals: SQLite takes nothing else into a view of the past, and would read all of it.
    return f"articles.id IN ({', '.join(map(str, ids))})"


@contextmanager
def steady(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read in the block is of one state of the file, whoever writes meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _changes(connection: sqlite3.Connection) -> _Changes | None:
    """None where the index is as it was."""
    moment = moment_of(connection)
    if moment is None:
        return None
    touched = connection.execute(_TOUCHED, (moment,)).fetchall()
    born = {number for number, there, _, _ in touched if not there}
    reworded = [number for number, _, other, _ in touched if other]
    former = {row["id"]: (row["title"], row["text"]) for row in _read(connection, reworded, "id, title, text")}
    if not born and not former:
        return None
    (last,) = connection.execute("SELECT max(id) FROM main.articles").fetchone()
    while last in born:
        born.remove(last)
        last -= 1
    return _Changes(last, frozenset(born | former.keys()), former)


@contextmanager
def _indexes(connection: sqlite3.Connection, changes: _Changes | None) -> Iterator[list[_Index]]:
    """The indexes that together hold every article as it was: the file's, and one of former texts if there are any."""
    if changes is None:
        yield [_Index(connection, last_of(connection), ())]
        return
    present = _Index(connection, changes.last, changes.out)
    if not changes.former:
        yield [present]
        return
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        _fill(memory, connection, changes.former)
        yield [present, _Index(memory, changes.last, ())]
    finally:
        memory.close()


def _fill(memory: sqlite3.Connection, connection: sqlite3.Connection, texts: Mapping[int, tuple[str, str]]) -> None:
    """An index of some texts, made and ranking as the file's own."""
    (made,) = connection.execute("SELECT sql FROM main.sqlite_master WHERE name = 'articles_fts'").fetchone()
    (rank,) = connection.execute("SELECT v FROM articles_fts_config WHERE k = 'rank'").fetchone()
    memory.execute(made)
    memory.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('rank', ?)", (rank,))
    memory.execute("BEGIN")
    rows = ((number, *entry(title, text)) for number, (title, text) in texts.items())
    memory.executemany("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", rows)
    memory.execute("COMMIT")


def _scores(indexes: list[_Index], tree: Node) -> Iterator[tuple[float, int]]:
    """The score and the id of every hit."""
    totals = Totals(sum(index.totals.rows for index in indexes), sum(index.totals.tokens for index in indexes))
    hits = {phrase: [index.count(phrase) for index in indexes] for phrase, _ in _counted(indexes[0], tree, ())}
    idf = {phrase: totals.idf(sum(part for _, part in counts)) for phrase, counts in hits.items()}
    for place, index in enumerate(indexes):
        found = index.matching(tree.text)
        sizes = index.lengths(found)
        phrases = [
            (idf[phrase], index.frequencies(phrase, hits[phrase][place][0], rows, sizes))
            for phrase, rows in _counted(index, tree, found)
        ]
        for number in found:
            often = ((weight, held.get(number, 0)) for weight, held in phrases)
            yield score(often, totals.length(sizes[number])), number


def _counted(index: _Index, node: Node, rows: Iterable[int]) -> Iterator[tuple[str, Iterable[int]]]:
    """The phrases below a node that holds in some rows, in order; each with those of the rows in which it may count."""
    if not node.operator:
        yield node.text, rows
    for part in node.parts[:1] if node.operator == "NOT" else node.parts:
        doubtful = node.operator == "OR" and part.operator
        yield from _counted(index, part, index.among(part.text, rows) if doubtful else rows)


def _listed(numbers: Iterable[int]) -> str:
    return json.dumps(list(numbers))
