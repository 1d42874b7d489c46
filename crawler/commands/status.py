"""`kuaixun status`: what the database holds and what came in lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from config import Config
from crawler.commands._gaps import name_gaps
from crawler.commands._state import drifted, failing, with_clocks
from crawler.console import as_of_option, configured, now, print_json, reading, screen_width
from crawler.screen import moment, table

MOST_HOSTS = 20


@click.command()
@configured
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(setup: Config, *, as_of: datetime | None, as_json: bool) -> None:
    """Show what the database holds and the last 24 hours brought.

    Below it stands how the hosts answer: those in trouble first, then those asked last; --json tells all of them.

    \b
    Example:
      kuaixun status
    """
    from storage import query, watch

    path = setup.settings.database
    at = now(as_of)
    with reading(setup, as_of) as db:
        total, day = query.stats(db), query.stats(db, at - timedelta(days=1))
        hosts = with_clocks(db, watch.hosts(db), "host")
        name_gaps(setup, db, as_of)
    if as_json:
        print_json([{"database": str(path), "total": total, "last_24_hours": day, "hosts": hosts}])
        return
    click.echo(path)
    rows = [
        [name.replace("_", " "), f"{total[name]:,}", "" if name == "waiting" else f"{day[name]:,}"] for name in total
    ]
    click.echo(table(["", "total", "last 24 hours"], rows))
    if hosts:
        click.echo("\n" + _hosts(hosts, at))
    for drift in (drift for host in hosts for drift in host["drifts"]):
        click.echo(drifted(drift))


def _hosts(hosts: list[dict[str, Any]], at: datetime) -> str:
    head = ["host", "last success", "next visit", "requests", "seconds", "found", "waiting", "gaps", "state"]
    rows = [
        [
            each["host"],
            moment(each["last_success_at"]),
            moment(each["next_at"]),
            each["requests"],
            round(each["took"] or 0.0, 2),
            each["found"],
            each["waiting"],
            each["gaps"],
            failing(each, at),
        ]
        for each in hosts[:MOST_HOSTS]
    ]
    more = f"\n... and {len(hosts) - MOST_HOSTS:,} more" if len(hosts) > MOST_HOSTS else ""
    return table(head, rows, width=screen_width()) + more
