"""`kuaixun sources`: how each source fares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from config import Config, Source
from crawler.console import NOTHING, Failure, configured, print_json, reading, screen_width
from crawler.screen import moment, span, table


@click.command()
@configured
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(setup: Config, *, as_json: bool) -> None:
    """List the sources: what they brought, what is wrong.

    A source that is switched off, or that the configuration does not name any more, says so and has no next visit.

    \b
    Example:
      kuaixun sources
    """
    rows = _rows(setup)
    if not rows:
        raise Failure("there is no source yet; `kuaixun init` writes a configuration with one", NOTHING)
    if as_json:
        print_json(rows)
        return
    head = ["name", "last success", "next visit", "articles", "waiting", "state"]
    lines = [
        [
            row["name"],
            moment(row["last_success_at"]),
            moment(row["next_at"]),
            row["articles"],
            row["waiting"],
            row["state"],
        ]
        for row in rows
    ]
    click.echo(table(head, lines, width=screen_width()))


def _rows(setup: Config) -> list[dict[str, Any]]:
    """What the database knows of its sources, and after them those that are configured and were never visited."""
    from storage import MissingDatabase, query

    try:
        with reading(setup) as db:
            known = query.sources(db)
    except MissingDatabase:
        known = []
    names = {row["name"] for row in known}
    rows = known + [_unvisited(source) for source in setup.sources if source.name not in names]
    return [_judged(row, setup) for row in rows]


def _unvisited(source: Source) -> dict[str, Any]:
    unknown = ("next_at", "last_visit_at", "last_success_at", "last_item_at", "error", "error_since")
    return {"name": source.name, "seeds": list(source.seeds), "articles": 0, "waiting": 0, **dict.fromkeys(unknown)}


def _judged(row: dict[str, Any], setup: Config) -> dict[str, Any]:
    """The row with what the configuration says now: the database heard of it when the source was last crawled."""
    configured = {source.name: source for source in setup.sources}
    source = configured.get(row["name"])
    row["enabled"] = int(source.enabled if source else row["enabled"] and not configured)
    if not row["enabled"]:
        row["next_at"] = None
    return row | {"state": _state(row, gone=bool(configured) and source is None)}


def _state(row: dict[str, Any], *, gone: bool) -> str:
    if not row["enabled"]:
        return "not configured" if gone else "switched off"
    if row["error"]:
        since = datetime.now(UTC) - datetime.fromisoformat(row["error_since"])
        return f"failing for {span(since)}: {row['error']}"
    return "well" if row["last_success_at"] else "never visited"
