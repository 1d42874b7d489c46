"""The table `sources`: what is configured, how each fares, and which are paused. It opens no transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from storage.times import parse, stamp

_SOURCE = """
    INSERT INTO sources (name, seeds, every, cron, enabled, added_at) VALUES (?, ?, ?, nullif(?, ''), ?, ?)
    ON CONFLICT (name) DO UPDATE SET
        seeds = excluded.seeds, every = excluded.every, cron = excluded.cron, enabled = excluded.enabled
"""
# A list that answers ends its source's error; an article says nothing about the source.
WELL = """
    UPDATE sources SET last_visit_at = :at, last_success_at = :at, last_item_at = iif(:items, :at, last_item_at),
        error = iif(:lists, NULL, error), error_since = iif(:lists, NULL, error_since),
        error_count = iif(:lists, 0, error_count)
    WHERE name = :name
"""
ILL = """
    UPDATE sources SET last_visit_at = :at, error = :error, error_since = coalesce(error_since, :at),
        error_count = error_count + 1
    WHERE name = :name
"""


class SourceBook:
    """The rows of `sources`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def keep(
        self, name: str, seeds: Sequence[str], every: timedelta, cron: str, *, enabled: bool, now: datetime
    ) -> None:
        """Take a source over from the settings. What is known of its visits stays, and whether it is paused."""
        told = json.dumps(list(seeds), ensure_ascii=False)
        self._run(_SOURCE, (name, told, every.total_seconds(), cron, enabled, stamp(now)))

    def next(self, name: str) -> datetime | None:
        """When a source is due; None when it was never visited, or is not known."""
        row = self._run("SELECT next_at FROM sources WHERE name = ?", (name,)).fetchone()
        return parse(row[0]) if row and row[0] else None

    def set_next(self, name: str, next_at: datetime) -> None:
        self._run("UPDATE sources SET next_at = ? WHERE name = ?", (stamp(next_at), name))

    def pause(self, name: str, since: datetime | None) -> None:
        """A source is not crawled by itself from then on; None: it is again."""
        self._run("UPDATE sources SET paused_at = ? WHERE name = ?", (stamp(since) if since else None, name))

    def paused(self) -> dict[str, datetime]:
        """The sources that are paused, and since when."""
        rows = self._run("SELECT name, paused_at FROM sources WHERE paused_at IS NOT NULL ORDER BY name")
        return {name: parse(since) for name, since in rows}
