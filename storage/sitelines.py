"""The lines that a site repeats at the ends of its articles: they are the site's, and no part of what it tells.

It opens no transaction: the store does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import NamedTuple
from zlib import crc32

from storage.sketches import Era

# A line at an end of articles of one site, under so many titles and beside as many texts, is the site's and not theirs.
REPEATED = 3
LINE_LEAST, LINE_MOST = 4, 300
ENDS = 3

_HALF = 2**31


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


class SiteLines:
    """Rows (era, hash, article), with the title and the line beside it."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany

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

    def add(self, article: int, era: Era, lines: Collection[SiteLine]) -> set[int]:
        """Note the lines of an article; all articles one of whose lines has just become known as the site's."""
        counts = self._counts(era, [line.hash for line in lines])
        # A line that is known needs no more witnesses.
        fresh = [line for line in lines if counts.get(line.hash, 0) < REPEATED]
        rows = [(era.own, line.hash, article, line.title, line.beside) for line in fresh]
        self._run_many("INSERT OR IGNORE INTO site_lines VALUES (?, ?, ?, ?, ?)", rows)
        close = [line.hash for line in fresh if counts.get(line.hash, 0) == REPEATED - 1]
        return {holder for line in self.repeated(era, close) for holder in self._holders(line, era)}

    def remove(self, article: int, era: Era, lines: Collection[SiteLine]) -> set[int]:
        """Forget the lines of an article; the other articles one of whose lines is no longer known."""
        before = self.repeated(era, [line.hash for line in lines])
        rows = [(era.own, line.hash, article) for line in lines]
        self._run_many("DELETE FROM site_lines WHERE era = ? AND hash = ? AND article_id = ?", rows)
        forgotten = before - self.repeated(era, [line.hash for line in lines])
        return {other for line in forgotten for other in self._holders(line, era)} - {article}

    def _holders(self, line: int, era: Era) -> list[int]:
        sql = "SELECT article_id FROM site_lines WHERE era = ? AND hash = ?"
        return [row[0] for row in self._run(sql, (era.own, line))]
