"""How a source or a host fares, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.screen import moment, span

if TYPE_CHECKING:
    from sqlite_utils import Database


def failing(row: Mapping[str, Any], at: datetime) -> str:
    """What is wrong with a source or a host and for how long, or "well", or "never visited"; and its wrong clocks."""
    state = "well" if row["last_success_at"] else "never visited"
    if row["error"]:
        since = at - datetime.fromisoformat(row["error_since"])
        state = f"failing for {span(since)}: {row['error']}"
    return "; ".join((state, *map(wrong_clock, row["clocks"])))


def with_clocks(db: Database, rows: Iterable[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """The rows of sources or hosts (`key` says which), each with the `clocks` of it that are wrong now."""
    from storage.clocks import faults

    found: dict[str, list[dict[str, Any]]] = {}
    for fault in faults(db):
        found.setdefault(fault[key], []).append(fault)
    return [{**row, "clocks": found.get(row["host" if key == "host" else "name"], [])} for row in rows]


def wrong_clock(fault: Mapping[str, Any]) -> str:
    """How wrong the claimed times of a host are, and since when."""
    way = "ahead" if fault["hours"] > 0 else "behind"
    return f"claims of {fault['host']} {abs(fault['hours']):g} h {way} since {moment(fault['since'])}"
