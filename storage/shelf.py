"""The pages of an archive by the keys of their addresses: which of them are an article's.

Built anew each time in a temporary file, because nobody needs it but who reads the archive again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from types import TracebackType

from storage.archive import Archive, Kept
from storage.keys import url_key
from storage.times import stamp

_TOGETHER = 5000


class Shelf:
    """The pages that were answered with 200. Close it, or use it as a context manager; the archive stays open.

    `told` hears now and then how many pages are looked at.
    """

    def __init__(self, archive: Archive, told: Callable[[int], None] = lambda done: None):
        self._archive = archive
        self._db = sqlite3.connect("", isolation_level=None)  # a file that is gone with the connection
        self._db.execute("CREATE TABLE kept (key TEXT NOT NULL, at TEXT NOT NULL, page INTEGER NOT NULL, sha256 TEXT)")
        rows = []
        for done, page in enumerate(archive.pages(), 1):
            if page.status == 200:
                rows.append((url_key(page.final_url), stamp(page.at), page.id, page.sha256))
            if len(rows) >= _TOGETHER:
                self._put(rows)
                rows = []
                told(done)
        self._put(rows)
        self._db.execute("CREATE INDEX kept_key ON kept (key, at)")

    def _put(self, rows: Collection[tuple[str, str, int, str]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO kept VALUES (?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._db.close()

    def of(self, keys: Collection[str], until: str, most: int) -> list[Kept]:
        """The pages at any of these keys fetched until a time, the latest first, no body twice, at most so many."""
        sql = f"""
            SELECT page, max(at) FROM kept WHERE key IN ({",".join("?" * len(keys))}) AND at <= ?
            GROUP BY sha256 ORDER BY max(at) DESC, page DESC LIMIT ?
        """
        return [self._page(number) for number, _ in self._db.execute(sql, (*keys, until, most)).fetchall()]

    def _page(self, number: int) -> Kept:
        return next(self._archive.pages(after=number - 1))
