"""The tables `rhythms`, when the items of each list come, and `gaps`, what may have been missed.

It opens no transaction.
"""

from __future__ import annotations

import json
import sqlite3

from storage.keys import url_key
from storage.records import Gap, Listing, Rhythm, Visit
from storage.times import parse, stamp

_KEEP = """
    INSERT INTO rhythms (url_key, source, since, seen_at, size, items, last_item_at, hours, pause)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (url_key) DO UPDATE SET
        source = excluded.source, seen_at = excluded.seen_at, size = excluded.size, items = excluded.items,
        last_item_at = excluded.last_item_at, hours = excluded.hours, pause = excluded.pause
"""


# Open gaps of one source that are looked at: a list that is overrun at every visit opens one each time.
MOST_GAPS = 100


class RhythmBook:
    """The rows of `rhythms` and `gaps`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def get(self, url: str) -> Rhythm | None:
        """What is known of a list, None when it was never visited."""
        sql = "SELECT since, seen_at, size, items, last_item_at, hours, pause FROM rhythms WHERE url_key = ?"
        row = self._run(sql, (url_key(url),)).fetchone()
        if not row:
            return None
        since, seen_at, size, items, last, hours, pause = row
        last_at = parse(last) if last else None
        return Rhythm(parse(since), parse(seen_at), size, items, last_at, tuple(json.loads(hours)), pause)

    def put(self, visit: Visit, listing: Listing) -> None:
        """What a visit to a list says about its source."""
        if listing.rhythm:
            self.keep(visit, listing.rhythm)
        if listing.gap:
            self.note(listing.gap)
        for gap in listing.mended:
            self.mend(gap, stamp(visit.at))

    def keep(self, visit: Visit, rhythm: Rhythm) -> None:
        """What is known of the list of a visit now."""
        last = stamp(rhythm.last_item_at) if rhythm.last_item_at else None
        hours = json.dumps([round(each, 3) for each in rhythm.hours])
        what = (stamp(rhythm.since), stamp(rhythm.seen_at), rhythm.size, rhythm.items, last, hours, rhythm.pause)
        self._run(_KEEP, (url_key(visit.url), visit.source, *what))

    def note(self, gap: Gap) -> None:
        """A gap that was found."""
        sql = "INSERT INTO gaps (source, url, from_at, to_at, reason, noted_at) VALUES (?, ?, ?, ?, ?, ?)"
        times = (stamp(gap.from_at), stamp(gap.to_at))
        self._run(sql, (gap.source, gap.url, *times, gap.reason, stamp(gap.noted_at)))

    def mend(self, gap: Gap, now: str) -> None:
        """Older pages have shown that nothing is missing."""
        self._run(
            "UPDATE gaps SET mended_at = ? WHERE url = ? AND source = ? AND noted_at = ?",
            (now, gap.url, gap.source, stamp(gap.noted_at)),
        )

    def open(self, source: str) -> list[Gap]:
        """The gaps of a source that are not mended, the oldest first; of very many those noted last."""
        sql = """
            SELECT source, url, from_at, to_at, reason, noted_at FROM gaps
            WHERE source = ? AND mended_at IS NULL ORDER BY noted_at DESC LIMIT ?
        """
        rows = reversed(self._run(sql, (source, MOST_GAPS)).fetchall())
        return [Gap(name, url, parse(start), parse(end), why, parse(at)) for name, url, start, end, why, at in rows]
