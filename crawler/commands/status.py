"""`kuaixun status`: what the database holds and what came in lately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from config import Config
from crawler.console import configured, print_json, reading
from crawler.screen import table


@click.command()
@configured
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(setup: Config, *, as_json: bool) -> None:
    """Show what the database holds and the last 24 hours brought.

    \b
    Example:
      kuaixun status
    """
    from storage import query

    path = setup.settings.database
    with reading(setup) as db:
        total, day = query.stats(db), query.stats(db, datetime.now(UTC) - timedelta(days=1))
    size = path.stat().st_size
    if as_json:
        print_json([{"database": str(path), "bytes": size, "total": total, "last_24_hours": day}])
        return
    click.echo(f"{path}: {size / 1e6:,.1f} MB")
    rows = [
        [name.replace("_", " "), f"{total[name]:,}", "" if name == "waiting" else f"{day[name]:,}"] for name in total
    ]
    click.echo(table(["", "total", "last 24 hours"], rows))
