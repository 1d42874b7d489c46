"""The rows that the search index finds, the last or the best first: no more of it is read than must be.

FTS5 gives rows in their order, from either end, and stops where it is told to. But where each word is frequent and all
of them together are rare, as with NOT, it goes through all rows of them without an answer. No bound on the rows keeps
it from that, and from the last one back it takes a quarter longer. So it is first judged by the last few rows, with
each word asked alone, how many will be found.
"""

from __future__ import annotations

import re
import sqlite3
from functools import reduce
from operator import and_, or_, sub
from typing import Any

from storage.ranking import Node, parsed

# The last rows, by which it is judged how many an expression finds.
NEAR = 2_000

_MATCH = "FROM articles_fts WHERE articles_fts MATCH :match"
_JOIN = re.compile(r"\b(?:AND|NOT)\b")  # words are in small letters
_BACKWARDS = 1.25  # what a row costs from the last one back, when from the first on it costs 1
_OPERATIONS = {"AND": and_, "OR": or_, "NOT": sub}


def latest(connection: sqlite3.Connection, match: str, below: int, most: int) -> list[int]:
    """So many rows at most, the last first; with `below` those before it."""
    share, rows = _judged(connection, match, below)
    # Because of the plus SQLite sorts what comes, and the index is read from the first row on.
    order = "+rowid" if share * rows < most * _BACKWARDS else "rowid"
    sql = f"SELECT rowid {_MATCH} {'AND rowid < :below' if below else ''} ORDER BY {order} DESC LIMIT :most"
    return _first(connection, sql, {"match": match, "below": below, "most": most})


def best(connection: sqlite3.Connection, match: str, below: int, most: int, weighed: int) -> list[int] | None:
    """So many rows at most, the best match first, as FTS5 has it; None where more than `weighed` rows match."""
    values = {"match": match, "below": below, "most": most, "enough": weighed + 1}
    bound = "AND rowid < :below" if below else ""
    two = _first(connection, f"SELECT rowid {_MATCH} {bound} LIMIT 2", values)
    if len(two) < 2:  # to weigh them FTS5 counts every row of every word
        return two if len(two) <= weighed else None
    share, rows = _judged(connection, match, below)
    if share * rows <= weighed:  # to weigh them at once takes less than to look twice
        scored = connection.execute(f"SELECT rowid, rank {_MATCH} {bound} LIMIT :enough", values).fetchall()
        found = [number for number, _ in sorted(scored, key=lambda row: row[1])][:most]
        return found if len(scored) <= weighed else None
    if len(_first(connection, f"SELECT rowid {_MATCH} {bound} LIMIT :enough", values)) > weighed:
        return None
    return _first(connection, f"SELECT rowid {_MATCH} {bound} ORDER BY rank LIMIT :most", values)


def _judged(connection: sqlite3.Connection, match: str, below: int) -> tuple[float, int]:
    """The share of the last rows that match, and how many rows there are at most. 1 where that need not be known: each
    step through the rows of one word, or of any of several, is a hit.
    """
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM articles_fts_docsize").fetchone()
    end = below or last + 1
    if "*" in match or not _JOIN.search(match):
        return 1.0, end
    return len(_near(connection, parsed(match), end)) / NEAR, end


def _near(connection: sqlite3.Connection, node: Node, end: int) -> set[int]:
    """Those of the last rows before `end` in which a node holds."""
    if node.operator:
        return reduce(_OPERATIONS[node.operator], (_near(connection, part, end) for part in node.parts))
    sql = f"SELECT rowid {_MATCH} AND rowid >= :start AND rowid < :end"
    return set(_first(connection, sql, {"match": node.text, "start": end - NEAR, "end": end}))


def _first(connection: sqlite3.Connection, sql: str, values: dict[str, Any]) -> list[int]:
    return [row[0] for row in connection.execute(sql, values)]
