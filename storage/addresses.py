"""The table `article_urls`: the addresses of each article, and the headlines that lead there.

It opens no transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

_ALIAS = """
    INSERT INTO article_urls (url_key, article_id, how) VALUES (?, ?, ?)
    ON CONFLICT (url_key) DO UPDATE SET how = excluded.how
    WHERE how = 'canonical' AND excluded.how = 'address' AND article_id = excluded.article_id
"""
_ANNOUNCED = """
    UPDATE headlines SET article_id = ?, matched_by = 'address'
    WHERE url_key = ? AND (article_id IS NULL OR matched_by = 'title')
"""


class AddressBook:
    """The rows of `article_urls`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany

    def name(self, article_id: int, names: Mapping[str, str]) -> None:
        """Give an article its addresses (key to how it is one), and the headlines that pointed there their article."""
        rows = [(key, article_id, how) for key, how in names.items() if key]
        self._run_many(_ALIAS, rows)
        self._run_many(_ANNOUNCED, [(article_id, key) for key, _, _ in rows])

    def release(self, key: str) -> None:
        """An address is nobody's."""
        self._run("DELETE FROM article_urls WHERE url_key = ?", (key,))
