"""The table `hosts`: how each host answers, and until when it must be left alone. It opens no transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime

from storage.keys import host_of
from storage.records import HostNote, Visit
from storage.times import parse, stamp

# An answer about a page, such as 404, is no trouble of the host; `took` follows the last answers, a quarter each.
_NOTE = """
    INSERT INTO hosts (host, address, rest_until, requests, failures, took, last_visit_at, last_success_at, error,
        error_since)
    VALUES (:host, nullif(:address, ''), :rest, 1, :ill, nullif(:took, 0), :at, iif(:ill, NULL, :at), :error,
        iif(:ill, :at, NULL))
    ON CONFLICT (host) DO UPDATE SET
        address = coalesce(excluded.address, address), rest_until = excluded.rest_until, requests = requests + 1,
        failures = iif(:ill, failures + 1, 0), took = coalesce(0.75 * took + 0.25 * excluded.took, excluded.took, took),
        last_visit_at = excluded.last_visit_at, last_success_at = coalesce(excluded.last_success_at, last_success_at),
        error = excluded.error, error_since = iif(:ill, coalesce(error_since, :at), NULL)
"""
_REMEMBERED = """
    SELECT host, coalesce(address, ''), rest_until FROM hosts
    WHERE rest_until > ? OR address IN (
        SELECT address FROM hosts WHERE address IS NOT NULL GROUP BY address HAVING count(*) > 1
    )
"""


class HostBook:
    """The rows of `hosts`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def note(self, visit: Visit) -> None:
        """What a visit says about its host."""
        ill = visit.status in (0, 429) or visit.status >= 500
        row = {
            "host": host_of(visit.url),
            "address": visit.address,
            "rest": stamp(visit.rest_until) if visit.rest_until else None,
            "ill": ill,
            "took": round(visit.took, 4),
            "at": stamp(visit.at),
            "error": (visit.error or f"HTTP status {visit.status}") if ill else None,
        }
        if row["host"] and visit.asked:
            self._run(_NOTE, row)

    def remembered(self, now: str) -> Iterator[HostNote]:
        """The hosts that still rest, and those that share their network address with others."""
        for host, address, rest in self._run(_REMEMBERED, (now,)):
            yield HostNote(host, address, parse(rest) if rest else None)

    def trouble(self, url: str) -> tuple[datetime, str] | None:
        """Until when the host of an address had to be left alone because of an error, and the error; None for none."""
        sql = "SELECT rest_until, error FROM hosts WHERE host = ? AND error IS NOT NULL AND rest_until IS NOT NULL"
        row = self._run(sql, (host_of(url),)).fetchone()
        return (parse(row[0]), row[1]) if row else None
