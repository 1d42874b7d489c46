"""`kuaixun latest`: what is new."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from config import Config
from crawler.commands._gaps import name_gaps
from crawler.console import MANY, NOTHING, Failure, as_of_option, configured, print_json, reading, screen_width
from crawler.screen import shown_time, table


@click.command()
@configured
@click.option("--limit", type=MANY, default=20, show_default=True, help="At most so many rows.")
@click.option("--headlines", is_flag=True, help="Headlines seen in lists, whether or not their article was read.")
@click.option("--ads", is_flag=True, help="Advertisements too.")
@click.option("--copies", is_flag=True, help="Copies of other articles too.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with every column.")
def command(
    setup: Config, *, limit: int, headlines: bool, ads: bool, copies: bool, as_of: datetime | None, as_json: bool
) -> None:
    """List the newest articles, or headlines.

    \b
    Example:
      kuaixun latest --limit 5
      kuaixun latest --headlines --ads
      kuaixun latest --as-of 2026-03-20T08:00+08:00
    """
    from storage import query

    with reading(setup, as_of) as db:
        rows = (
            query.headlines(db, limit=limit, ads=ads)
            if headlines
            else query.latest(db, limit=limit, ads=ads, copies=copies)
        )
        name_gaps(setup, db, as_of, rows)
    if not rows:
        raise Failure(f"{setup.settings.database}: holds nothing yet", NOTHING)
    if as_json:
        print_json(rows)
    else:
        click.echo(_shown(rows, headlines=headlines))


def _shown(rows: list[dict[str, Any]], *, headlines: bool) -> str:
    head = ["time", "title", "address"] if headlines else ["id", "time", "site", "title"]
    lines = [
        [shown_time(row), row["title"], row["url"]]
        if headlines
        else [row["id"], shown_time(row), row["site"], row["title"]]
        for row in rows
    ]
    return table(head, lines, width=screen_width())
