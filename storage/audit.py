"""Is the archive of pages whole, and is it the one of this database: what was stored is held against it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from storage.check import Problem, Told, file_problems
from storage.sqlite import Database
from storage.times import stamp

_END = ("~", "")  # behind every time and address
# The page that the present version of an article was read from, and when that came: to read it anew brings none.
_READ_FROM = """
    SELECT url, page_sha256, coalesce((SELECT max(replaced_at) FROM revisions
        WHERE article_id = articles.id AND cause != 'rules'), first_seen_at) AS came
    FROM articles WHERE page_sha256 IS NOT NULL AND came >= :since
"""
_OF_BODY = "SELECT 1 FROM bodies JOIN pages ON pages.body = bodies.id WHERE sha256 = ?"


class Pages(NamedTuple):
    """What an archive has of the answers that were stored: all that came since its first page; those of them without
    their page, and the address of one; those that came before its first page, with the time of that; and the articles
    whose text was read from a page that it does not have."""

    seen: int
    missing: int
    example: str
    before: int
    first: str
    unread: int = 0


def pages(db: Database, archive: Path, since: datetime, told: Told = lambda text: None) -> Pages:
    """Hold every answer with a body that was stored since a time, and every article that came since, against its pages.

    The page of an answer is of the same moment and address. Both are read in the order of time, so that nothing is held
    in memory. What was imported has its page under the address, maybe from earlier. An archive without any page
    lacks everything.
    """
    values = {"since": stamp(since)}
    has = {table: {column.name for column in db.table(table).columns} for table in ("visits", "articles")}
    ours, theirs = (
        (f"AND import_id IS {what}" for what in ("NULL", "NOT NULL")) if "import_id" in has["visits"] else ("", "")
    )
    sql = "SELECT at, url FROM visits WHERE at >= :since AND size > 0 {} ORDER BY at, url"
    seen = missing = before = unread = 0
    example = ""
    with closing(_opened(archive)) as other:
        first = _first(other)
        asked = other.execute("SELECT at, url FROM pages WHERE at >= :since ORDER BY at, url", values)
        page = next(asked, _END)
        for at, url in db.execute(sql.format(ours), values):
            while page < (at, url):
                page = next(asked, _END)
            seen, before = seen + (at >= first), before + (at < first)
            if at >= first and page != (at, url):
                missing, example = missing + 1, example or url
            told(f"{seen:,} answers looked for in the archive")
        for at, url in db.execute(sql.format(theirs), values) if theirs else ():
            seen, before = seen + (at >= first), before + (at < first)
            if at >= first and not other.execute("SELECT 1 FROM pages WHERE url = ?", (url,)).fetchone():
                missing, example = missing + 1, example or url
        if "page_sha256" in has["articles"]:
            for url, digest, came in db.execute(_READ_FROM, values):
                if came >= first and not other.execute(_OF_BODY, (bytes.fromhex(digest),)).fetchone():
                    unread, example = unread + 1, example or url
                told("looking for the pages of the articles in the archive")
    return Pages(seen, missing, example, before, first, unread)


def _first(archive: sqlite3.Connection) -> str:
    """When the first page came: what was stored earlier cannot be there; "" where there is none."""
    names = {row[1] for row in archive.execute("PRAGMA table_info (pages)")}
    came = "coalesce(received, at)" if "received" in names else "at"
    found = archive.execute(f"SELECT {came} FROM pages ORDER BY id LIMIT 1").fetchone() if names else None
    return str(found[0]) if found else ""


def archive_problems(archive: Path, told: Told = lambda text: None) -> Iterator[Problem]:
    """What is wrong with the file of an archive, but for the bodies themselves: see `Archive.verified`."""
    with closing(_opened(archive)) as other:
        for problem in file_problems(other, told):
            yield Problem(f"archive: {problem.what}")
        (number,) = other.execute("SELECT count(*) FROM pages WHERE body NOT IN (SELECT id FROM bodies)").fetchone()
        if number:
            yield Problem(f"archive: pages without a body: {number:,}")


def _opened(archive: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{archive.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def stored(db: Database, since: datetime) -> int:
    """How many answers with a body were stored since a time."""
    (number,) = db.execute("SELECT count(*) FROM visits WHERE at >= ? AND size > 0", (stamp(since),)).fetchone()
    return int(number)
