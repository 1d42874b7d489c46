"""`kuaixun sources`: how each source fares."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import click

from config import Config
from crawler.commands._gaps import name_gaps
from crawler.commands._state import drifted, failing, with_clocks
from crawler.console import NOTHING, Failure, as_of_option, configured, now, print_json, reading, screen_width
from crawler.screen import moment, table


@click.command()
@configured
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(setup: Config, *, as_of: datetime | None, as_json: bool) -> None:
    """List the sources: what they brought, what is wrong.

    `articles` are those stored, `found` are addresses of articles seen, `waiting` addresses that will be asked again,
    `gaps` times in which something may have been missed.

    A source that is switched off or paused, that the configuration does not name any more, or whose settings are wrong,
    says so and has no next visit.

    \b
    Example:
      kuaixun sources
    """
    found = rows(setup, as_of)
    if not found:
        raise Failure("there is no source yet; `kuaixun init` writes a configuration with one", NOTHING)
    if as_json:
        print_json(found)
        return
    head = ["name", "last success", "next visit", "articles", "found", "waiting", "gaps", "state"]
    lines = [
        [
            row["name"],
            moment(row["last_success_at"]),
            moment(row["next_at"]),
            row["articles"],
            row["found"],
            row["waiting"],
            row["gaps"],
            row["state"],
        ]
        for row in found
    ]
    click.echo(table(head, lines, width=screen_width()))
    for drift in (drift for row in found for drift in row["drifts"]):
        click.echo(drifted(drift))


def rows(setup: Config, as_of: datetime | None) -> list[dict[str, Any]]:
    """What the database knows of its sources, and after them those that are configured and were never visited."""
    from storage import MissingDatabase, watch

    try:
        with reading(setup, as_of) as db:
            known = with_clocks(db, watch.sources(db), "source")
            name_gaps(setup, db, as_of)
    except MissingDatabase:
        known = []
    return judged(setup, known, as_of)


def judged(setup: Config, known: list[dict[str, Any]], as_of: datetime | None) -> list[dict[str, Any]]:
    """What the database knows of its sources, and of those that are configured, with what is to be said of each."""
    names = {row["name"] for row in known}
    everything = known + [_unvisited(source.name, source.seeds) for source in setup.sources if source.name not in names]
    everything += [_unvisited(name, ()) for name in setup.broken if name not in names]
    return [_judged(row, setup, now(as_of), then=as_of is not None) for row in everything]


def _unvisited(name: str, seeds: Iterable[str]) -> dict[str, Any]:
    times = ("next_at", "last_visit_at", "last_success_at", "last_item_at", "error_since", "paused_at", "unseen_since")
    reasons = ("error", "unseen")
    counts = ("articles", "found", "waiting", "gaps")
    return (
        {"name": name, "seeds": list(seeds), "clocks": [], "drifts": []}
        | dict.fromkeys(counts, 0)
        | dict.fromkeys((*times, *reasons))
    )


def _judged(row: dict[str, Any], setup: Config, at: datetime, *, then: bool) -> dict[str, Any]:
    """The row with what the configuration says now: the database heard of it when the source was last crawled.

    A source that is not configured any more was so `then`, for all that the database knows.
    """
    if row["name"] in setup.broken and not then:
        return row | {"enabled": 0, "next_at": None, "state": f"left out: {setup.broken[row['name']]}"}
    configured = {source.name: source for source in setup.sources}
    source = configured.get(row["name"])
    gone = bool(configured) and source is None and not then
    row["enabled"] = int(source.enabled if source else row["enabled"] and not gone)
    if not row["enabled"] or row["paused_at"]:
        row["next_at"] = None
    return row | {"state": _state(row, at, gone=gone)}


def _state(row: dict[str, Any], at: datetime, *, gone: bool) -> str:
    if not row["enabled"]:
        return "not configured" if gone else "switched off"
    state = failing(row, at)
    return f"paused since {moment(row['paused_at'])}; {state}" if row["paused_at"] else state
