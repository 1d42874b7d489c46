"""The table `rhythms`: when the items of each list come, and when it was to be visited. It opens no transaction."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import datetime
from typing import Any

from storage.keys import url_key
from storage.records import Beat, Listing, Rhythm, Visit
from storage.times import parse, stamp

_KEEP = """
    INSERT INTO rhythms (url_key, source, since, seen_at, size, items, last_item_at, hours, pause, late, late_before,
        due_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (url_key) DO UPDATE SET
        source = excluded.source, before_at = seen_at, seen_at = excluded.seen_at, size = excluded.size,
        items = excluded.items, last_item_at = excluded.last_item_at, hours = excluded.hours, pause = excluded.pause,
        late = excluded.late, late_before = excluded.late_before, due_at = excluded.due_at
"""
_GET = """
    SELECT since, seen_at, size, items, last_item_at, hours, pause, due_at, late, late_before
    FROM rhythms WHERE url_key = ?
"""


def _packed(rhythm: Rhythm) -> dict[str, Any]:
    """What stands after the 24 hours: the last hour, the beat, and whether there are further pages."""
    beat = rhythm.beat
    return {
        "came": round(rhythm.came, 3),
        "expected": round(rhythm.expected, 3),
        "lag": round(rhythm.lag, 1),
        "paged": rhythm.paged,
        "newest_at": stamp(rhythm.newest_at) if rhythm.newest_at else None,
        "beat": [round(beat.period, 2), stamp(beat.at), round(beat.deviation, 1)] if beat else None,
    }


def _unpacked(told: dict[str, Any]) -> dict[str, Any]:
    """The fields of a rhythm that `_packed` made this of."""
    period, at, deviation = told["beat"] or (0.0, "", 0.0)
    newest = parse(told["newest_at"]) if told["newest_at"] else None
    return {**told, "beat": Beat(period, parse(at), deviation) if at else None, "newest_at": newest}


class RhythmBook:
    """The rows of `rhythms`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def get(self, url: str) -> Rhythm | None:
        """What is known of a list, None when it was never visited."""
        row = self._run(_GET, (url_key(url),)).fetchone()
        if not row:
            return None
        since, seen_at, size, items, last, hours, pause, due, late, late_before = row
        last_at, due_at = parse(last) if last else None, parse(due) if due else None
        rates, late_ones = json.loads(hours), (late or 0.0, late_before or 0.0)
        known = Rhythm(parse(since), parse(seen_at), size, items, last_at, tuple(rates[:24]), pause, due_at, *late_ones)
        return replace(known, **_unpacked(rates[24])) if len(rates) > 24 else known

    def put(self, visit: Visit, listing: Listing, next_at: datetime | None) -> None:
        """What is known of the list of a visit now, if that says anything, and when it is to be visited next."""
        rhythm = listing.rhythm
        if rhythm is None:
            return
        last = stamp(rhythm.last_item_at) if rhythm.last_item_at else None
        hours = json.dumps([*(round(each, 3) for each in rhythm.hours), _packed(rhythm)])
        what = (stamp(rhythm.since), stamp(rhythm.seen_at), rhythm.size, rhythm.items, last, hours, rhythm.pause)
        when = (rhythm.late, rhythm.late_before, stamp(next_at) if next_at else None)
        self._run(_KEEP, (url_key(visit.url), visit.source, *what, *when))

    def plan(self, visit: Visit, next_at: datetime | None) -> None:
        """When a list that gave no answer is to be visited next."""
        at = stamp(next_at) if next_at else None
        self._run("UPDATE rhythms SET due_at = ? WHERE url_key = ?", (at, url_key(visit.url)))
