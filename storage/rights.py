"""The table `rights`: what was said about the use of articles, with its history, and what that reserves.

It opens no transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from storage.keys import parts_of
from storage.places import closest, path_of
from storage.records import Notice
from storage.times import stamp

# What reserves a text for a purpose: kind and value in `article_rights`, where the statement applies to us or is of a
# purpose.
# `archive` is what this crawler does by itself; what forbids that is not stored in the first place.
RESERVED = {
    "train": frozenset((
        ("noai", "yes"), ("tdm-reservation", "1"), ("ai-train", "no"), ("train-ai", "no"), ("train-genai", "no"),
        ("tdm", "no"), ("ai", "no"), ("genai", "no"), ("bots", "no"), ("all", "no"), ("train-bots", "no"),
    )),
    "search": frozenset((("search", "no"), ("bots", "no"), ("all", "no"))),
    "archive": frozenset[tuple[str, str]](),
}  # fmt: skip

# Said to other crawlers because of what they are for, and so of that purpose.
_OF_A_PURPOSE = ("train-bots",)

Statement = dict[str, Any]
_NONE: list[Statement] = []

_KNOWN = """
    SELECT kind, via, agent, location, value, applies FROM rights WHERE read_on = ? AND article_id IS ? ORDER BY id
"""
_ADD = """
    INSERT INTO rights (kind, via, agent, location, value, applies, read_on, scope, host, article_id, read_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FILE = "INSERT OR REPLACE INTO host_files (url, read_at, status, body) VALUES (?, ?, ?, ?)"
_TOLD = """
    SELECT {of}, read_on, kind, via, agent, location, value, applies, scope, read_at FROM rights
    WHERE article_id IS {what} ORDER BY {of}, id
"""


_SUBJECT = ("scope", "read_on", "kind", "agent")
_KNOWN_OF = """
    SELECT kind, value, via, agent, applies, scope, read_on, read_at, location FROM rights WHERE id IN (
        SELECT max(id) FROM rights
        WHERE (article_id = :id OR (article_id IS NULL AND host = :host)) AND read_at <= :at
        GROUP BY read_on, article_id, kind, via, agent, location
    ) AND value IS NOT NULL ORDER BY scope, id
"""


class _Host(NamedTuple):
    """What a host says of all its articles, and of those of some paths: subject, pattern, statement."""

    everywhere: list[Statement]
    placed: Sequence[tuple[Any, str, Statement]] = ()


_SILENT = _Host(_NONE)


class Statements:
    """What is said about the use of articles, for one article after another: their ids may only rise.

    The hosts' statements are held in memory, the articles' are read as they are asked for.
    """

    def __init__(self, connection: sqlite3.Connection):
        hosts = connection.execute(_TOLD.format(of="host", what="NULL"))
        self._hosts = {host: _host(_current(told)) for host, told in groupby(hosts, itemgetter(0))}
        articles = connection.execute(_TOLD.format(of="article_id", what="NOT NULL"))
        self._articles = groupby(articles, itemgetter(0))
        self._next = next(self._articles, None)

    def of(self, article_id: int, url: str) -> list[Statement]:
        """The statements that hold for an article, its own first. They are shared, and not to be changed."""
        while self._next and self._next[0] < article_id:
            self._next = next(self._articles, None)
        host = self._hosts.get(url.split("/", 3)[2], _SILENT) if url.count("/") >= 2 else _SILENT
        common = host.everywhere
        if host.placed:
            common = [*common, *closest(host.placed, path_of(url))]
        if self._next and self._next[0] == article_id:
            own = [said for _, _, said in _current(self._next[1])]
            self._next = next(self._articles, None)
            return [*own, *common]
        return common


def _current(told: Iterable[Any]) -> list[tuple[Any, str, Statement]]:
    """Of rows in the order in which they were read, what was said last and is still said: subject, pattern, statement.

    Of one subject the longest pattern decides.
    """
    last: dict[Any, tuple[Any, ...]] = {}
    for _, read_on, kind, via, agent, location, *rest in told:
        last.pop((read_on, kind, via, agent, location), None)
        last[read_on, kind, via, agent, location] = tuple(rest)
    return [
        (
            (read_on, kind, agent),
            location,
            {
                "kind": kind, "value": value, "via": via, "agent": agent, "applies": bool(applies), "scope": scope,
                "read_on": read_on, "read_at": read_at,
            },
        )
        for (read_on, kind, via, agent, location), (value, applies, scope, read_at) in last.items()
        if value is not None
    ]  # fmt: skip


def _host(told: Sequence[tuple[Any, str, Statement]]) -> _Host:
    partly = {subject for subject, location, _ in told if location}
    everywhere = [said for subject, _, said in told if subject not in partly]
    return _Host(everywhere, [each for each in told if each[0] in partly])


def known(connection: sqlite3.Connection, article_id: int, at: datetime | None) -> list[Statement]:
    """What was said about the use of one article, as known at a time or now: see `query.rights`."""
    row = connection.execute("SELECT url FROM articles WHERE id = ?", (article_id,)).fetchone()
    url = row[0] if row else ""
    told = {"id": article_id, "host": parts_of(url).netloc, "at": stamp(at) if at else "~"}
    found = connection.execute(_KNOWN_OF, told)
    names = [column[0] for column in found.description][:-1]
    rows = [(dict(zip(names, row, strict=False)), row[-1]) for row in found]
    placed = [(tuple(row[name] for name in _SUBJECT), location, row) for row, location in rows]
    return closest(placed, path_of(url))


def reservations(told: Iterable[Statement], purpose: str) -> str:
    """What reserves an article against a purpose, as `noai=yes (meta)` joined by ` + `; "" where nothing does."""
    if not told:
        return ""
    reserved = RESERVED[purpose]
    found = {
        f"{each['kind']}={each['value']} ({each['via']})"
        for each in told
        if (each["applies"] or each["kind"] in _OF_A_PURPOSE) and (each["kind"], each["value"]) in reserved
    }
    return " + ".join(sorted(found))


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
        former: dict[tuple[str, str, str, str], tuple[Any, Any]] = {
            (kind, via, agent, location): (value, applies)
            for kind, via, agent, location, value, applies in self._run(_KNOWN, (notice.read_on, article_id))
        }
        said: dict[tuple[str, str, str, str], tuple[Any, Any]] = {
            (each.kind, each.via, each.agent, each.location): (each.value, int(each.applies)) for each in notice.rights
        }
        silent = {key: (None, applies) for key, (value, applies) in former.items() if value is not None}
        where = (notice.read_on, notice.scope, parts_of(notice.read_on).netloc, article_id, stamp(notice.read_at))
        for key, what in {**silent, **said}.items():
            if former.get(key) != what:
                self._run(_ADD, (*key, *what, *where))
