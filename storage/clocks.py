"""The tables `clocks`, what is known of the times of each host, and `clock_faults`, hosts that claim wrong ones.

It opens no transaction.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any

from storage import claims
from storage.claims import Clock, Fault, Reading
from storage.keys import host_of, url_key
from storage.records import Visit
from storage.sqlite import Database
from storage.times import parse, stamp

# The list that showed an address first, and between which of its visits; nothing where it was visited again since.
_FOUND = "SELECT found_on, added_at FROM frontier WHERE url_key = ? AND found_on IS NOT NULL"
_SEEN = "SELECT before_at, seen_at FROM rhythms WHERE url_key = ? AND before_at < ?2 AND seen_at >= ?2"
_KEEP = """
    INSERT INTO clocks (host, usual, right_delay, odd) VALUES (?, ?, ?, ?)
    ON CONFLICT (host) DO UPDATE SET usual = excluded.usual, right_delay = excluded.right_delay, odd = excluded.odd
"""
_FAULT = """
    INSERT INTO clock_faults (host, source, hours, since, articles, usual_delay, delay, noted_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class ClockBook:
    """The rows of `clocks` and `clock_faults`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def note(self, visit: Visit, published: datetime, precision: str | None) -> None:
        """What a new article says about the clock of its host, if that is known to the minute and its list was watched.

        An article of the first visit to a list, or from behind its first page, came at any time.
        """
        found = self._run(_FOUND, (url_key(visit.url),)).fetchone() if precision in ("minute", "second") else None
        seen = self._run(_SEEN, (url_key(found[0]), found[1])).fetchone() if found else None
        new = claims.reading(published, parse(seen[0]), parse(seen[1])) if seen else None
        host = host_of(visit.url)
        if new is None or not host:
            return
        clock, fault = claims.learn(self._clock(host), new)
        self._run(_KEEP, (host, clock.usual, clock.right, json.dumps(clock.odd)))
        if fault:
            self._fault(host, visit, fault)

    def _clock(self, host: str) -> Clock:
        row = self._run("SELECT usual, right_delay, odd FROM clocks WHERE host = ?", (host,)).fetchone()
        return Clock(row[0], row[1], tuple(Reading(*each) for each in json.loads(row[2]))) if row else Clock()

    def _fault(self, host: str, visit: Visit, fault: Fault) -> None:
        since = stamp(datetime.fromtimestamp(fault.since * 60, UTC))
        self._run("UPDATE clock_faults SET ended_at = ? WHERE host = ? AND ended_at IS NULL", (since, host))
        if fault.hours:
            what = (fault.articles, fault.usual, round(fault.found, 1), stamp(visit.at))
            self._run(_FAULT, (host, visit.source, fault.hours, since, *what))


def faults(db: Database) -> list[dict[str, Any]]:
    """The hosts whose claimed times run ahead of the truth now, or behind it (`hours` below zero), the last first."""
    cursor = db.conn.execute("SELECT * FROM clock_faults WHERE ended_at IS NULL ORDER BY since DESC, id DESC")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
