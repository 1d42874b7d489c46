"""The table `rights`: what was said about the use of articles, with its history. It opens no transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from storage.records import Notice
from storage.times import stamp

# What reserves a text for a purpose: kind and value in `article_rights`, where the statement applies to us.
RESERVED = {
    "train": frozenset((("noai", "yes"), ("tdm-reservation", "1"), ("ai-train", "no"), ("train-ai", "no"))),
    "search": frozenset((("search", "no"),)),
}

_KNOWN = "SELECT kind, via, agent, value, applies FROM rights WHERE read_on = ? AND article_id IS ? ORDER BY id"
_ADD = """
    INSERT INTO rights (kind, via, agent, value, applies, read_on, scope, host, article_id, read_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FILE = "INSERT OR REPLACE INTO host_files (url, read_at, status, body) VALUES (?, ?, ?, ?)"


class RightsBook:
    """The rows of `rights` and `host_files`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def keep(self, article_id: int, notices: Sequence[Notice]) -> None:
        """Write what is new in what was said beside an article: a row for each change, none for what stays."""
        for notice in notices:
            self._keep(notice, article_id if notice.scope == "article" else None)
            if notice.file:
                self._run(_FILE, (notice.read_on, stamp(notice.read_at), *notice.file))

    def keep_file(self, url: str, read_at: datetime, status: int, text: str) -> None:
        """Write what came of a file of a host: see `query.host_file`."""
        self._run(_FILE, (url, stamp(read_at), status, text))

    def _keep(self, notice: Notice, article_id: int | None) -> None:
        known: dict[tuple[str, str, str], tuple[Any, Any]] = {
            (kind, via, agent): (value, applies)
            for kind, via, agent, value, applies in self._run(_KNOWN, (notice.read_on, article_id))
        }
        said = {(each.kind, each.via, each.agent): (each.value, int(each.applies)) for each in notice.rights}
        silent = {key: (None, applies) for key, (value, applies) in known.items() if value is not None}
        where = (notice.read_on, notice.scope, urlsplit(notice.read_on).netloc, article_id, stamp(notice.read_at))
        for key, what in {**silent, **said}.items():
            if known.get(key) != what:
                self._run(_ADD, (*key, *what, *where))
