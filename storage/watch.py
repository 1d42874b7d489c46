"""Reading how the crawl fares: what waits for each host, and each source and host with what is wrong since when.

Every function takes the open `Store.db`. Nothing is written.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

from storage.keys import host_of
from storage.sqlite import Database
from storage.times import parse, stamp

Row = dict[str, Any]

_SOURCES = """
    WITH queue AS (
        SELECT source, count(*) FILTER (WHERE next_at IS NOT NULL) AS waiting, min(next_at) AS next_at,
            count(*) FILTER (WHERE kind = 'article') AS found
        FROM frontier GROUP BY source
    ), brought AS (SELECT found_by, count(*) AS articles FROM articles GROUP BY found_by
    ), missed AS (SELECT source, count(*) AS gaps FROM gaps WHERE mended_at IS NULL GROUP BY source
    ), open AS (
        SELECT source, min(from_at) AS unseen_since, reason AS unseen FROM gaps
        WHERE mended_at IS NULL AND to_at IS NULL AND kind != 'outage' GROUP BY source
    )
    SELECT sources.*, coalesce(brought.articles, 0) AS articles, coalesce(found, 0) AS found,
        coalesce(waiting, 0) AS waiting, coalesce(gaps, 0) AS gaps, unseen_since, unseen
    FROM sources LEFT JOIN queue ON queue.source = name LEFT JOIN brought ON found_by = name
        LEFT JOIN missed ON missed.source = name LEFT JOIN open ON open.source = name
    ORDER BY name
"""
_HOSTS = """
    WITH queue AS (
        SELECT host, count(*) FILTER (WHERE next_at IS NOT NULL) AS waiting,
            min(next_at) AS next_at, count(*) FILTER (WHERE kind = 'article') AS found
        FROM frontier GROUP BY host
    )
    SELECT hosts.host, last_success_at, max(queue.next_at, coalesce(rest_until, '')) AS next_at, requests, took,
        coalesce(found, 0) AS found, coalesce(waiting, 0) AS waiting, failures, error, error_since
    FROM hosts LEFT JOIN queue ON queue.host = hosts.host
    ORDER BY error IS NULL, last_visit_at DESC
"""


def sources(db: Database) -> list[Row]:
    """Every source: when it was visited and will be, what went wrong since when, what it brought.

    `articles` are those stored, `found` the addresses of articles seen, `waiting` those to be asked again whenever,
    `gaps` the times in which something may have been missed; `unseen_since` is when one began that goes on, `unseen`
    why.
    """
    return [{**row, "seeds": json.loads(row["seeds"])} for row in _rows(db, _SOURCES)]


def hosts(db: Database) -> list[Row]:
    """Every host that was asked: as `sources`, those in trouble first; `took` is seconds an answer takes of late."""
    missed = Counter(host_of(url) for (url,) in db.conn.execute("SELECT url FROM gaps WHERE mended_at IS NULL"))
    return [{**row, "gaps": missed[row["host"]]} for row in _rows(db, _HOSTS)]


def due(db: Database, now: datetime) -> dict[str, int]:
    """How many addresses are due at each host that has any, the most first."""
    sql = "SELECT host, count(*) FROM frontier WHERE next_at <= ? GROUP BY host ORDER BY 2 DESC, 1"
    return dict(db.conn.execute(sql, (stamp(now),)).fetchall())


def arrivals(db: Database, most: int = 100_000) -> dict[str, list[datetime]]:
    """When the articles of each source were first seen, in that order, among the last `most` of all."""
    sql = """
        SELECT found_by, first_seen_at FROM articles
        WHERE found_by IS NOT NULL AND id > (SELECT coalesce(max(id), 0) FROM articles) - ? ORDER BY first_seen_at
    """
    found: dict[str, list[datetime]] = {}
    for source, at in db.conn.execute(sql, (most,)):
        found.setdefault(source, []).append(parse(at))
    return found


def recent(db: Database, most: int) -> list[Row]:
    """The last visits, the newest first: when, of which address, and how each ended; `took` in seconds."""
    return list(_rows(db, f"SELECT at, url, status, error, took FROM visits ORDER BY id DESC LIMIT {most:d}"))


def chores(db: Database) -> list[Row]:
    """Every chore of the daemon: when it was last begun, ended and done, what came of it, and what went wrong."""
    return list(_rows(db, "SELECT * FROM chores ORDER BY name"))


def source_health(db: Database) -> list[Row]:
    """Of each source that is switched on, what a monitoring system wants to know; cheap, also of a large database."""
    sql = """
        SELECT name, last_success_at AS last_success_timestamp_seconds, last_item_at AS last_item_timestamp_seconds,
            error_count AS failures, (SELECT count(*) FROM gaps WHERE source = name AND mended_at IS NULL) AS open_gaps
        FROM sources WHERE enabled ORDER BY name
    """
    return list(_rows(db, sql))


def chore_health(db: Database) -> list[Row]:
    """Of each chore of the daemon, the same."""
    sql = "SELECT name, done_at AS last_success_timestamp_seconds, error_count AS failures FROM chores ORDER BY name"
    return list(_rows(db, sql))


def _rows(db: Database, sql: str) -> list[Row]:
    cursor = db.conn.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
