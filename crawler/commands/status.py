"""`kuaixun status`: what the database holds and what came in lately."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config import Config
from crawler.commands._gaps import lines, name_gaps, watched
from crawler.commands._live import again
from crawler.commands._live import live as on_screen
from crawler.commands._state import drifted, failing, with_clocks
from crawler.commands.sources import judged
from crawler.console import as_of_option, configured, now, print_json, reading, screen_width
from crawler.screen import moment, table

if TYPE_CHECKING:
    from storage.sqlite import Database

MOST_HOSTS = 20
# Of the last visits --live has so many.
MOST_RECENT = 8


@click.command()
@configured
@as_of_option
@click.option("--live", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --live one for each look.")
def command(setup: Config, *, as_of: datetime | None, live: bool, as_json: bool) -> None:
    """Show what the database holds and the last 24 hours brought.

    Below it stands how the hosts answer: those in trouble first, then those asked last; --json tells all of them.
    --live stays on the screen and tells more: who crawls, how the sources fare and when each is next, what was asked
    just now, alarms, notices, and what the chores of the daemon came to. Colours and columns that fit come with the
    package rich (the extra `ops`).

    \b
    Example:
      kuaixun status
      kuaixun status --live
    """
    if live and as_of:
        raise click.UsageError("--live and --as-of exclude each other")

    if not live:
        found = _read(setup, as_of)
        if as_json:
            print_json([found])
        else:
            click.echo(_text(found, now(as_of)))
    elif as_json:
        again(lambda: print_json([_looked(setup)[0]]), before="")
    elif sys.stdout.isatty():
        on_screen(lambda: _looked(setup))
    else:
        raise click.UsageError("--live wants a terminal, or --json")


def _read(setup: Config, as_of: datetime | None) -> dict[str, Any]:
    """All that is shown. Raises StorageError."""
    with reading(setup, as_of) as db:
        found = _counts(setup, db, now(as_of))
        name_gaps(setup, db, as_of)
        return found


def _counts(setup: Config, db: Database, at: datetime) -> dict[str, Any]:
    from storage import query, watch

    total, day = query.stats(db), query.stats(db, at - timedelta(days=1))
    hosts = with_clocks(db, watch.hosts(db), "host")
    return {"database": str(setup.settings.database), "total": total, "last_24_hours": day, "hosts": hosts}


def _looked(setup: Config) -> tuple[dict[str, Any], datetime]:
    """The same with the daemon and what it is at, and the time of the look. It has no history. Raises StorageError."""
    from storage import outbox, watch
    from storage.gaps import spanning

    at = now()
    with reading(setup, None) as db:
        found = _counts(setup, db, at)
        sources = judged(setup, with_clocks(db, watch.sources(db), "source"), None)
        gaps = [gap for gap in spanning(db, None, at, watched=watched(setup)) if gap["to_at"] is None]
        return found | {
            "crawled_by": _holder(setup.settings.database),
            "sources": sources,
            "recent": watch.recent(db, MOST_RECENT),
            "chores": watch.chores(db),
            "notices": outbox.states(db),
            "alarms": [*map(str, setup.broken.values()), *map(str, setup.broken_searches.values())]
            + [drifted(drift) for host in found["hosts"] for drift in host["drifts"]]
            + lines(gaps),
        }, at


def _holder(path: Path) -> dict[str, Any] | None:
    from storage.lock import holder

    held = holder(path)
    since = held.since.isoformat() if held and held.since else None
    return {"process": held.process, "host": held.host, "since": since} if held else None


def _text(found: dict[str, Any], at: datetime) -> str:
    total, day = found["total"], found["last_24_hours"]
    rows = [
        [name.replace("_", " "), f"{total[name]:,}", "" if name == "waiting" else f"{day[name]:,}"] for name in total
    ]
    parts = [f"{found['database']}\n{table(['', 'total', 'last 24 hours'], rows)}"]
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
