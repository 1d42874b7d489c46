"""Every page as it was fetched, in a file of its own beside the database: `kuaixun.db` and `kuaixun.pages`.

A body is kept once, however often it is fetched, found and checked by its SHA-256. Pages of one site repeat their
furniture, so each is compressed (zstd) with the first pages of its site's group as the dictionary; the group's first is
compressed alone. A group ends after `GROUP` bodies, so that a site that changes its looks is not held against its past.

The file is SQLite: a torn write is rolled back when it is opened next. A page is committed here before the database
commits what was read from it, so that whatever was stored can be read again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from storage.errors import NotOurDatabase, translated
from storage.packing import Prefix, zstd
from storage.reading import reading_mode
from storage.times import parse, stamp
from storage.waiting import NONE, SHORT, Patience, is_free, keep_log_small, transaction

GROUP = 512  # bodies
PREFIX = 6  # of them, the first, are the dictionary of those after them
PREFIX_BYTES = 1_000_000
CACHE_BYTES = 48_000_000
APPLICATION_ID = 0x6B787067  # "kxpg"

_SCHEMA = """
CREATE TABLE bodies (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    site TEXT NOT NULL,
    team INTEGER NOT NULL,               -- the id of the first body of its group
    place INTEGER NOT NULL,              -- in the group, from 0
    size INTEGER NOT NULL,               -- bytes, uncompressed
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX bodies_place ON bodies (team, place);
CREATE INDEX bodies_site ON bodies (site, team);
CREATE TABLE pages (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,                   -- as asked for
    final_url TEXT NOT NULL,             -- as answered, after redirects
    at TEXT NOT NULL,                    -- UTC
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,               -- JSON
    body INTEGER NOT NULL REFERENCES bodies (id),
    received TEXT                        -- UTC, when we got what another had fetched; NULL: as `at`
);
CREATE INDEX pages_url ON pages (url, at);
CREATE INDEX pages_at ON pages (at);
CREATE INDEX pages_body ON pages (body);
"""


class Fetched(NamedTuple):
    """One answer: `site` is whose earlier pages it is likely to resemble (its host); `at` when it was fetched.

    `received` is when we got it, where another had fetched it.
    """

    url: str
    final_url: str
    at: datetime
    status: int
    headers: Mapping[str, str]
    body: bytes
    site: str
    received: datetime | None = None


class Kept(NamedTuple):
    """One page of the archive: `at` is when it was fetched (UTC), `sha256` that of its body in hexadecimal."""

    id: int
    url: str
    final_url: str
    at: datetime
    status: int
    headers: Mapping[str, str]
    sha256: str


class Damaged(ValueError):
    """A body that is not the one that was put in, or that cannot be uncompressed."""


class Archive:
    """An open archive. Close it, or use it as a context manager. It belongs to the thread that opened it.

    Raises StorageError where the file is not an archive or cannot be written. `readonly` needs a file. `patience` is
    how long another process's lock is waited for.
    """

    def __init__(self, path: Path, *, readonly: bool = False, patience: Patience = NONE):
        self.path, self._patience = path, patience
        with translated(path, reading=readonly):
            self._db = self._opened(readonly)
        # When we got a page. An archive of the first version, which had no foreign pages, cannot be told so here.
        self._got = "coalesce(received, at)" if _has_received(self._db) else "at"
        self._prefixes: OrderedDict[int, Prefix] = OrderedDict()
        self._held = 0

    def _opened(self, readonly: bool) -> sqlite3.Connection:
        target = self.path.absolute().as_uri() + reading_mode(self.path) if readonly else str(self.path)
        db = sqlite3.connect(target, uri=readonly, isolation_level=None, timeout=SHORT)
        try:
            (made_by,) = db.execute("PRAGMA application_id").fetchone()
            if made_by != APPLICATION_ID:
                if readonly or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise NotOurDatabase(self.path, "it is no archive of pages")
                db.execute("PRAGMA page_size = 8192")
                db.execute("PRAGMA journal_mode = wal")
                db.executescript(f"BEGIN; {_SCHEMA} PRAGMA application_id = {APPLICATION_ID}; COMMIT")
            elif not readonly and not _has_received(db):
                db.execute("ALTER TABLE pages ADD COLUMN received TEXT")
            if readonly:
                db.execute("PRAGMA query_only = ON")
            else:
                db.execute("PRAGMA journal_mode = wal")  # a copy that was put back has no log
            db.execute("PRAGMA synchronous = normal")
            keep_log_small(db)
        except BaseException:
            db.close()
            raise
        return db

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with transaction(self._db, self.path, self._patience):
            yield

    def is_free(self) -> bool:
        """Whether it can be written at this moment. Raises DatabaseLocked when the patience is over."""
        return is_free(self._db, self.path, self._patience)

    def add(self, page: Fetched) -> int:
        """Keep one answer; its number."""
        digest = hashlib.sha256(page.body).digest()
        with self._transaction():
            found = self._db.execute("SELECT id FROM bodies WHERE sha256 = ?", (digest,)).fetchone()
            number = found[0] if found else self._put(page.site, digest, page.body)
            headers = json.dumps(dict(page.headers), ensure_ascii=False)
            got = stamp(page.received) if page.received else None
            row = (page.url, page.final_url, stamp(page.at), page.status, headers, number, got)
            sql = "INSERT INTO pages (url, final_url, at, status, headers, body, received) VALUES (?, ?, ?, ?, ?, ?, ?)"
            return int(self._db.execute(sql, row).lastrowid or 0)

    def holds(self, page: Fetched) -> bool:
        """Whether the very page is kept: from this address, of this time, with this body."""
        sql = "SELECT 1 FROM pages JOIN bodies ON bodies.id = body WHERE url = ? AND at = ? AND sha256 = ?"
        row = (page.url, stamp(page.at), hashlib.sha256(page.body).digest())
        return self._db.execute(sql, row).fetchone() is not None

    def _put(self, site: str, digest: bytes, body: bytes) -> int:
        row = self._db.execute(
            "SELECT team, max(place) FROM bodies WHERE team = (SELECT max(team) FROM bodies WHERE site = ?)", (site,)
        ).fetchone()
        (number,) = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM bodies").fetchone()
        team, place = (row[0], row[1] + 1) if row[0] and row[1] + 1 < GROUP else (number, 0)
        prefix = self._prefix(team, place)
        before = prefix.size
        data = prefix.first(body) if place < PREFIX else prefix.compressed(body)
        self._held += prefix.size - before
        values = (number, digest, site, team, place, len(body), data)
        self._db.execute("INSERT INTO bodies VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return int(number)

    def _prefix(self, team: int, place: int) -> Prefix:
        """What a body at that place of a group is compressed with: the first bodies of the group."""
        places = min(place, PREFIX)
        known = self._prefixes.get(team)
        if known is not None and places == PREFIX:
            self._prefixes.move_to_end(team)
            return known
        content = b""
        rows = self._db.execute(
            "SELECT data FROM bodies WHERE team = ? AND place < ? ORDER BY place", (team, places)
        ).fetchall()
        for (data,) in rows:
            content = (content + Prefix(content).uncompressed(data))[-PREFIX_BYTES:]
        prefix = Prefix(content)
        if places == PREFIX:
            self._remember(team, prefix)
        return prefix

    def _remember(self, team: int, prefix: Prefix) -> None:
        self._prefixes[team] = prefix
        self._held += prefix.size
        while self._held > CACHE_BYTES and len(self._prefixes) > 1:
            _, gone = self._prefixes.popitem(last=False)
            self._held -= gone.size

    def body(self, page: int) -> bytes:
        """The body of a page, checked. Raises KeyError where there is no such page, and Damaged."""
        sql = "SELECT sha256, team, place, data FROM bodies WHERE id = (SELECT body FROM pages WHERE id = ?)"
        row = self._db.execute(sql, (page,)).fetchone()
        if row is None:
            raise KeyError(page)
        return self._checked(*row)

    def _checked(self, digest: bytes, team: int, place: int, data: bytes) -> bytes:
        try:
            body = self._prefix(team, place).uncompressed(data)
        except zstd.ZstdError as error:
            raise Damaged(f"it cannot be uncompressed ({error})") from error
        if hashlib.sha256(body).digest() != digest:
            raise Damaged("its SHA-256 is another")
        return body

    def pages(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        url: str = "",
        after: int = 0,
        latest: bool = False,
        last: int = 0,
    ) -> Iterator[Kept]:
        """The pages in the order in which they came: after number `after`, fetched `since` a time, got `until` one.

        `latest`: of each address the last. `last`: the last so many, from the last on.
        """
        tests = ["pages.id > :after"]
        tests += ["at >= :since"] if since else []
        tests += [f"{self._got} <= :until"] if until else []
        tests += ["url = :url"] if url else []
        known = f"WHERE {self._got} <= :until" if until else ""
        tests += [f"pages.id IN (SELECT max(id) FROM pages {known} GROUP BY url)"] if latest else []
        sql = f"""
            SELECT pages.id, url, final_url, at, status, headers, sha256 FROM pages JOIN bodies ON bodies.id = body
            WHERE {" AND ".join(tests)} ORDER BY pages.id {"DESC LIMIT :last" if last else ""}
        """
        times = {"since": stamp(since) if since else "", "until": stamp(until) if until else ""}
        values = {"after": after, "url": url, "last": last, **times}
        for number, asked, final, at, status, headers, digest in self._db.execute(sql, values):
            yield Kept(number, asked, final, parse(at), status, json.loads(headers), digest.hex())

    def damaged(self) -> Iterator[tuple[int, str]]:
        """The bodies that are not what was put in, with what is wrong; reads the whole file."""
        return ((number, problem) for _, number, problem in self.verified() if problem)

    def verified(self) -> Iterator[tuple[int, int, str]]:
        """Every body as it is verified: how many are done, its number, and what is wrong with it or ""."""
        sql = "SELECT id, sha256, team, place, data FROM bodies ORDER BY team, place"
        for done, (number, digest, team, place, data) in enumerate(self._db.execute(sql), 1):
            problem = ""
            try:
                self._checked(digest, team, place, data)
            except Damaged as error:
                problem = str(error)
            yield done, number, problem

    def sizes(self, *, until: datetime | None = None) -> tuple[int, int, int]:
        """Pages (those got until a time), bytes of all their bodies as fetched, and bytes kept of these."""
        known = f"{self._got} <= ?" if until else "?"
        values = (stamp(until) if until else 1,)
        (pages, fetched) = self._db.execute(
            f"SELECT count(*), total(size) FROM pages JOIN bodies ON bodies.id = body WHERE {known}", values
        ).fetchone()
        (kept,) = self._db.execute(
            f"SELECT total(length(data)) FROM bodies WHERE id IN (SELECT body FROM pages WHERE {known})", values
        ).fetchone()
        return int(pages), int(fetched), int(kept)

    def prune(self, before: datetime) -> int:
        """Forget the pages that we got before a time; how many. What later pages are compressed with stays."""
        with self._transaction():
            gone = self._db.execute("DELETE FROM pages WHERE coalesce(received, at) < ?", (stamp(before),)).rowcount
            if not gone:
                return 0  # what follows looks at every body, and a daemon asks at each pass
            unused = "id NOT IN (SELECT body FROM pages)"
            living = f"team IN (SELECT team FROM bodies WHERE NOT ({unused}))"
            self._db.execute(f"DELETE FROM bodies WHERE {unused} AND NOT ({living} AND place < ?)", (PREFIX,))
        self._prefixes.clear()
        self._held = 0
        return int(gone)


def _has_received(db: sqlite3.Connection) -> bool:
    return any(row[1] == "received" for row in db.execute("PRAGMA table_info (pages)"))
