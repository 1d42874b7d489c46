"""The pages of an archive by the keys of their addresses: which of them are an article's.

Built anew each time in a temporary file, because nobody needs it but who reads the archive again, and only when the
first page is asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from types import TracebackType

from storage.archive import Archive, Kept
from storage.keys import url_key

_TOGETHER = 5000
_FILL = """
    INSERT INTO kept SELECT key(final_url), at, id, body FROM archive.pages
    WHERE status = 200 AND id > ? AND id <= ?
"""


class Shelf:
    """The pages that were answered with 200. Close it, or use it as a context manager; the archive stays open.

    `told` hears now and then how many pages are looked at.
    """

    def __init__(self, archive: Archive, told: Callable[[int], None] = lambda done: None):
        self._archive, self._told = archive, told
        self._db = sqlite3.connect("", isolation_level=None, uri=True)  # a file that is gone with the connection
        self._is_filled = False

    def _fill(self) -> None:
        self._db.create_function("key", 1, url_key, deterministic=True)
        self._db.execute("ATTACH ? AS archive", (f"{self._archive.path.absolute().as_uri()}?mode=ro",))
        # Equal bodies are kept once, so that a body's number stands for its content.
        self._db.execute("CREATE TABLE kept (key TEXT NOT NULL, at TEXT NOT NULL, page INTEGER NOT NULL, body INTEGER)")
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM archive.pages").fetchone()
        for start in range(0, last, _TOGETHER):
            self._db.execute(_FILL, (start, start + _TOGETHER))
            self._told(min(start + _TOGETHER, last))
        self._db.execute("CREATE INDEX kept_key ON kept (key, at)")
        self._db.execute("DETACH archive")
        self._is_filled = True

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._db.close()

    def of(self, keys: Collection[str], until: str, most: int) -> list[Kept]:
        """The pages at any of these keys fetched until a time, the latest first, no body twice, at most so many."""
        if not self._is_filled:
            self._fill()
        sql = f"""
            SELECT page, max(at) FROM kept WHERE key IN ({",".join("?" * len(keys))}) AND at <= ?
            GROUP BY body ORDER BY max(at) DESC, page DESC LIMIT ?
        """
        return [self._page(number) for number, _ in self._db.execute(sql, (*keys, until, most)).fetchall()]

    def _page(self, number: int) -> Kept:
        return next(self._archive.pages(after=number - 1))
