"""`kuaixun status`: what the database holds and what came in lately."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from config import Config
from crawler.commands._gaps import name_gaps
from crawler.commands._state import drifted, failing, with_clocks
from crawler.console import as_of_option, configured, now, print_json, reading, screen_width
from crawler.screen import moment, table

MOST_HOSTS = 20
# Seconds between two looks of --live, and what clears a terminal for the next.
EVERY, CLEAR = 2.0, "\x1b[H\x1b[2J"


@click.command()
@configured
@as_of_option
@click.option("--live", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --live one for each look.")
def command(setup: Config, *, as_of: datetime | None, live: bool, as_json: bool) -> None:
    """Show what the database holds and the last 24 hours brought.

    Below it stands how the hosts answer: those in trouble first, then those asked last; --json tells all of them.
    --live also tells who crawls, what the chores of the daemon came to, and how notices fare.

    \b
    Example:
      kuaixun status
      kuaixun status --live
    """
    if live and as_of:
        raise click.UsageError("--live and --as-of exclude each other")

    def show() -> None:
        found = _read(setup, as_of, daemon=live)
        if as_json:
            print_json([found])
        else:
            click.echo(_text(found, now(as_of)))

    if not live:
        show()
        return
    if not as_json and not sys.stdout.isatty():
        raise click.UsageError("--live wants a terminal, or --json")
    again(show, before="" if as_json else CLEAR)


def again(show: Callable[[], None], *, before: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Show something again and again, each time over the last, until Ctrl-C."""
    try:
        while True:
            click.echo(before, nl=False)
            show()
            sleep(EVERY)
    except KeyboardInterrupt:
        return


def _read(setup: Config, as_of: datetime | None, *, daemon: bool) -> dict[str, Any]:
    """All that is shown; of the daemon only where that is wanted, since it has no history. Raises StorageError."""
    from storage import outbox, query, watch

    path, at = setup.settings.database, now(as_of)
    with reading(setup, as_of) as db:
        total, day = query.stats(db), query.stats(db, at - timedelta(days=1))
        hosts = with_clocks(db, watch.hosts(db), "host")
        name_gaps(setup, db, as_of)
        found = {"database": str(path), "total": total, "last_24_hours": day, "hosts": hosts}
        return found | _daemon(path, watch.chores(db)) | {"notices": outbox.states(db)} if daemon else found


def _daemon(path: Path, chores: list[dict[str, Any]]) -> dict[str, Any]:
    from storage.lock import holder

    held = holder(path)
    since = held.since.isoformat() if held and held.since else None
    told = {"process": held.process, "host": held.host, "since": since} if held else None
    return {"crawled_by": told, "chores": chores}


def _text(found: dict[str, Any], at: datetime) -> str:
    total, day = found["total"], found["last_24_hours"]
    rows = [
        [name.replace("_", " "), f"{total[name]:,}", "" if name == "waiting" else f"{day[name]:,}"] for name in total
    ]
    parts = [f"{found['database']}\n{table(['', 'total', 'last 24 hours'], rows)}"]
    if by := found.get("crawled_by"):
        parts.append(f"Process {by['process']} on {by['host']} crawls into it since {moment(by['since'])}.")
    if chores := found.get("chores"):
        lines = [[each["name"], moment(each["done_at"]), each["error"] or each["result"] or ""] for each in chores]
        parts.append(table(["chore", "last done", "what came of it"], lines, width=screen_width()))
    if notices := found.get("notices"):
        lines = [
            [each[key] for key in ("name", "sent", "waiting", "failed")] + [each["error"] or each["refused_error"]]
            for each in notices
        ]
        parts.append(table(["notices", "sent", "waiting", "failed", "error"], lines, width=screen_width()))
    if found["hosts"]:
        parts.append(_hosts(found["hosts"], at))
    if drifts := [drift for host in found["hosts"] for drift in host["drifts"]]:
        parts.append("\n".join(map(drifted, drifts)))
    return "\n\n".join(parts)


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
