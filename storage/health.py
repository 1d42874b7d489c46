"""Reading how the sources fare of late, hour by hour: what a picture is drawn from.

Every function takes the open database (`Database.conn`). Nothing is written.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from storage.gaps import spanning
from storage.sqlite import Database
from storage.times import stamp

Row = dict[str, Any]

HOURS = 24
# Of articles and of visits no more are looked at than these, the last ones.
MOST = 50_000

_BROUGHT = f"""
    SELECT found_by, first_seen_at, published_at, published_precision, published_flag FROM (
        SELECT * FROM articles WHERE first_seen_at >= :since AND first_seen_at <= :now
        ORDER BY first_seen_at DESC LIMIT {MOST}
    )
"""
_ASKED = f"""
    SELECT source, substr(at, 1, 13), count(*), count(error) FROM (
        SELECT source, at, error FROM visits WHERE at >= :since AND at <= :now AND import_id IS NULL
        ORDER BY at DESC LIMIT {MOST}
    ) GROUP BY 1, 2
"""
_SOURCES = """
    SELECT name, enabled, paused_at, last_success_at, last_item_at, error, error_since, error_count, next_at
    FROM sources ORDER BY name
"""


def sources(db: sqlite3.Connection, now: datetime, watched: Collection[str] | None = None) -> list[Row]:
    """Every source with its last 24 hours, the oldest hour first.

    `brought` articles, `asked` requests and `failed` ones in each hour, `delays` the median minutes from the claimed
    time (where it is exact to the minute) to the first sight in each hour (None: nothing came), `delay` that of all,
    `open_gaps` what was not seen and nothing has mended, `unasked` since when nobody has asked although it was due, ""
    where somebody does; `watched` are the sources that are meant to be asked, as in `gaps.spanning`.
    """
    hours = [stamp(now.astimezone(UTC) - timedelta(hours=ago))[:13] for ago in reversed(range(HOURS))]
    place = {hour: number for number, hour in enumerate(hours)}
    span = {"since": hours[0], "now": stamp(now)}
    rows = {row["name"]: row | _empty() for row in _rows(db, _SOURCES, {})}
    delays: dict[tuple[str, int], list[float]] = defaultdict(list)
    for name, seen, claimed, precision, flag in db.execute(_BROUGHT, span):
        if name in rows and (at := place.get(seen[:13])) is not None:
            rows[name]["brought"][at] += 1
            if claimed and precision in ("minute", "second") and not flag:
                with suppress(ValueError, TypeError):  # what is no time has no delay
                    delays[name, at].append(_minutes(claimed, seen))
    for name, hour, asked, failed in db.execute(_ASKED, span):
        if name in rows and hour in place:
            rows[name]["asked"][place[hour]], rows[name]["failed"][place[hour]] = asked, failed
    for name, row in rows.items():
        row["delays"] = [median(known) if (known := delays.get((name, at))) else None for at in range(HOURS)]
        every = [minutes for (source, _), known in delays.items() if source == name for minutes in known]
        row["delay"] = median(every) if every else None
    for gap in spanning(Database(db), None, now, watched=watched):
        if shown := rows.get(gap["source"]):
            shown["open_gaps"].append(gap)
            shown["unasked"] = gap["from_at"] if gap["url"] is None else shown["unasked"]
    return list(rows.values())


def _empty() -> Row:
    return {"brought": [0] * HOURS, "asked": [0] * HOURS, "failed": [0] * HOURS, "open_gaps": [], "unasked": ""}


def _minutes(claimed: str, seen: str) -> float:
    return (datetime.fromisoformat(seen) - datetime.fromisoformat(claimed)).total_seconds() / 60


def _rows(db: sqlite3.Connection, sql: str, values: dict[str, Any]) -> Iterator[Row]:
    cursor = db.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)
