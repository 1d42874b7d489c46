"""How a source or a host fares, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.screen import moment, span

if TYPE_CHECKING:
    from storage.sqlite import Database


# What is wrong with a page that shows a sign, see `storage.drift`.
_SIGNS = {
    "article": "no article",
    "published": "no time of publication",
    "clock": "a day and no hour",
    "source": "no source",
    "author": "no author",
    "selectors": "a selector that finds nothing",
    "title again": "the title of the page before",
    "text again": "the text of the page before",
    "published again": "the time of the page before",
    "short text": "a text much shorter than usual",
    "long text": "a text much longer than usual",
    "links in text": "a text of links",
    "few items": "few items in lists",
}


def failing(row: Mapping[str, Any], at: datetime) -> str:
    """What is wrong with a source or a host and for how long, or "well", or "never visited"; and its wrong clocks."""
    state = "well" if row["last_success_at"] else "never visited"
    if row["error"]:
        since = at - datetime.fromisoformat(row["error_since"])
        state = f"failing for {span(since)}: {row['error']}"
        if row.get("last_item_at"):
            state += f", last item {moment(row['last_item_at'])}"
    elif row.get("unseen_since"):
        state = f"nothing seen for {span(at - datetime.fromisoformat(row['unseen_since']))}: {row['unseen']}"
    return "; ".join((state, *map(_drifting, row.get("drifts", ())), *map(wrong_clock, row["clocks"])))


def with_clocks(db: Database, rows: Iterable[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """The rows of sources or hosts (`key` says which), each with its wrong `clocks` and its `drifts`."""
    from storage.clocks import faults
    from storage.drifts import drifts

    drifting: dict[str, list[dict[str, Any]]] = {}
    for drift in drifts(db):
        drifting.setdefault(drift[key], []).append(drift)
    found: dict[str, list[dict[str, Any]]] = {}
    for fault in faults(db):
        found.setdefault(fault[key], []).append(fault)
    named = [(row, row["host" if key == "host" else "name"]) for row in rows]
    return [{**row, "clocks": found.get(name, []), "drifts": drifting.get(name, [])} for row, name in named]


def _drifting(drift: Mapping[str, Any]) -> str:
    return f"drift since {moment(drift['since'])}"


def drifted(drift: Mapping[str, Any]) -> str:
    """What the pages of a site do not yield any more: since when, a page that shows it, and the remedy."""
    return f"drift of {drift['host']} {drift_told(drift)}; {drift_remedy(drift)}"


def drift_remedy(drift: Mapping[str, Any]) -> str:
    """What helps against a drift."""
    return f"`kuaixun repair {drift['source']}` proposes selectors"


def drift_told(drift: Mapping[str, Any]) -> str:
    """What a drift consists of: since when, which signs, a page that shows it, and the articles concerned."""
    signs = ", ".join(
        f"{_SIGNS.get(name, name)} on {sign['bad']} of {sign['of']} pages (before: {sign['usual']:.0%})"
        for name, sign in drift["signs"].items()
    )
    pages = f" such as {drift['pages'][-1]}" if drift["pages"] else ""
    suspects = f"; {drift['suspects']:,} articles are suspect" if drift["suspects"] else ""
    return f"since {moment(drift['since'])}: {signs}{pages}{suspects}"


def wrong_clock(fault: Mapping[str, Any]) -> str:
    """How wrong the claimed times of a host are, and since when."""
    way = "ahead" if fault["hours"] > 0 else "behind"
    return f"claims of {fault['host']} {abs(fault['hours']):g} h {way} since {moment(fault['since'])}"
