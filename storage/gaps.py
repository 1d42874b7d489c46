"""The table `gaps`: the times in which a list was not seen, or not whole. It opens no transaction.

What such a time is, `crawler.gaps` decides. `spanning` finds those that an answer spans, and with them the time since
when nobody has asked for a source that was due long ago: that is no row yet, because nobody is there to write it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from storage.keys import host_of, url_key
from storage.records import Gap, Listing, Sign, Visit
from storage.sqlite import Database
from storage.times import parse, stamp

Row = dict[str, Any]

# Open gaps of one source that are looked at: a list that is overrun at every visit opens one each time.
MOST_GAPS = 100
# A visit that comes no later than this after its time is none that was missed.
LEAST = timedelta(minutes=15)

_COLUMNS = "source, url, from_at, to_at, reason, noted_at, kind, evidence, mended_at"
_SAME = "url = :url AND source = :source AND noted_at = :noted_at"
_CHANGE = f"UPDATE gaps SET to_at = :to_at, evidence = :evidence, mended_at = :mended_at WHERE {_SAME}"
_ADD = f"""
    INSERT INTO gaps ({_COLUMNS})
    VALUES (:source, :url, :from_at, :to_at, :reason, :noted_at, :kind, :evidence, :mended_at)
"""
# Two searches in an index of what is not mended, however long the ledger has become.
_SPANNING = f"""
    SELECT * FROM (
        SELECT {_COLUMNS} FROM gaps WHERE to_at IS NULL AND from_at < :end {{which}}
        UNION ALL
        SELECT {_COLUMNS} FROM gaps WHERE to_at > :start AND from_at < :end {{which}}
    ) WHERE coalesce(source = :source, 1) ORDER BY from_at, noted_at, source, url
"""
_LATE = """
    SELECT name, last_visit_at, next_at, every FROM sources
    WHERE enabled AND paused_at IS NULL AND last_visit_at < :now AND next_at < :now ORDER BY last_visit_at, name
"""


class GapBook:
    """The rows of `gaps`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def put(self, visit: Visit, listing: Listing) -> None:
        """What a visit to a list says about its gaps."""
        if listing.gap:
            self.write(listing.gap)
        for gap in listing.mended:
            self.mend(gap, visit.at)

    def write(self, gap: Gap) -> None:
        """A gap that is new, or what is new of one that is known."""
        signs = [{"at": stamp(sign.at), "kind": sign.kind, "reason": sign.reason} for sign in gap.signs]
        row = {
            "source": gap.source,
            "url": gap.url,
            "from_at": stamp(gap.from_at),
            "to_at": stamp(gap.to_at) if gap.to_at else None,
            "reason": gap.reason,
            "noted_at": stamp(gap.noted_at),
            "kind": gap.kind,
            "evidence": json.dumps(signs, ensure_ascii=False),
            "mended_at": stamp(gap.mended_at) if gap.mended_at else None,
        }
        if not self._run(_CHANGE, row).rowcount:
            self._run(_ADD, row)

    def mend(self, gap: Gap, now: datetime) -> None:
        """Older pages have shown that nothing is missing."""
        row = {"url": gap.url, "source": gap.source, "noted_at": stamp(gap.noted_at), "now": stamp(now)}
        self._run(f"UPDATE gaps SET mended_at = :now WHERE {_SAME}", row)

    def ongoing(self, source: str, url: str) -> Gap | None:
        """The gap of a list that has not ended."""
        sql = f"SELECT {_COLUMNS} FROM gaps WHERE url = ? AND source = ? AND to_at IS NULL ORDER BY id DESC LIMIT 1"
        row = self._run(sql, (url, source)).fetchone()
        return _gap(row) if row else None

    def drop(self, source: str, seeds: Collection[str], now: datetime) -> None:
        """What is no seed any more, and was found nowhere else, is not missed from now on."""
        sql = f"""
            SELECT {_COLUMNS}, url NOT IN (SELECT value FROM json_each(?)) AS dropped
            FROM gaps WHERE to_at IS NULL AND mended_at IS NULL AND source = ?
        """
        for *row, dropped in self._run(sql, (json.dumps(list(seeds)), source)).fetchall():
            gap = _gap(row)
            if dropped and not self._is_found(gap.url):
                sign = Sign(now, gap.kind, "it is no seed of its source any more")
                self.write(replace(gap, to_at=now, signs=(*gap.signs, sign)))

    def _is_found(self, url: str) -> bool:
        sql = "SELECT 1 FROM frontier WHERE url_key = ? AND found_on IS NOT NULL"
        return self._run(sql, (url_key(url),)).fetchone() is not None

    def beside(self, source: str, url: str, since: datetime, now: datetime) -> tuple[datetime, str] | None:
        """Until when another list of the same host was refused or down after a time, and why; None for never.

        Of a host that is down not every list is tried.
        """
        sql = """
            SELECT url, to_at, reason FROM gaps
            WHERE source = ? AND kind NOT IN ('overrun', 'outage') AND url != ? AND coalesce(to_at > ?, 1)
            ORDER BY noted_at DESC LIMIT ?
        """
        for other, end, reason in self._run(sql, (source, url, stamp(since), MOST_GAPS)):
            if host_of(other) == host_of(url):
                return (parse(end) if end else now), reason
        return None

    def open(self, source: str) -> list[Gap]:
        """The gaps of a source that are not mended, the oldest first; of very many those noted last."""
        sql = f"SELECT {_COLUMNS} FROM gaps WHERE source = ? AND mended_at IS NULL ORDER BY noted_at DESC LIMIT ?"
        return [_gap(row) for row in reversed(self._run(sql, (source, MOST_GAPS)).fetchall())]


def _gap(row: Sequence[Any]) -> Gap:
    source, url, start, end, reason, noted, kind, evidence, mended = row
    signs = tuple(Sign(parse(each["at"]), each["kind"], each["reason"]) for each in json.loads(evidence))
    ended, mended_at = parse(end) if end else None, parse(mended) if mended else None
    return Gap(source, url, parse(start), ended, reason, parse(noted), kind, signs, mended_at)


def spanning(
    db: Database,
    start: datetime | None,
    now: datetime,
    *,
    source: str | None = None,
    watched: Collection[str] | None = None,
    mended: bool = False,
) -> list[Row]:
    """The gaps that reach into the time from `start` (None: ever) to `now`, the earliest first.

    `evidence` is a list; `to_at` is None while a gap goes on. `source` names the only one wanted; `watched` are the
    sources that are meant to be asked, None for all that the database has: a source nobody asks any more has no gap
    for that. With `mended` also those that turned out to miss nothing.
    """
    told = {"start": stamp(start) if start else "", "end": stamp(now), "source": source}
    cursor = db.conn.execute(_SPANNING.format(which="" if mended else "AND mended_at IS NULL"), told)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    found = [{**row, "evidence": json.loads(row["evidence"])} for row in rows]
    late = (row for row in overdue(db, now) if source in (None, row["source"]))
    found += [row for row in late if watched is None or row["source"] in watched]
    return sorted(found, key=lambda row: row["from_at"])


def overdue(db: Database, now: datetime) -> Iterator[Row]:
    """The sources that were due long before `now` and that nobody has asked since their last visit, as rows of gaps."""
    for name, visited, due, every in db.conn.execute(_LATE, {"now": stamp(now)}):
        if now - parse(due) > max(timedelta(seconds=every), LEAST):
            yield dict.fromkeys(("url", "to_at", "mended_at")) | {
                "source": name,
                "from_at": visited,
                "reason": "it is due and nobody has asked for it",
                "noted_at": stamp(now),
                "kind": "outage",
                "evidence": [],
            }
