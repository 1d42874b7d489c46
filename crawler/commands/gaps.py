"""`kuaixun gaps`: the times in which a source was not seen."""

from __future__ import annotations

from datetime import datetime

import click

from config import Config
from crawler.commands import _complete
from crawler.commands._gaps import watched
from crawler.console import Moment, as_of_option, configured, now, print_json, reading, screen_width
from crawler.screen import moment, table


@click.command()
@configured
@click.option("--source", metavar="NAME", shell_complete=_complete.sources, help="Only this source.")
@click.option("--since", type=Moment(), metavar="TIME", help="Only what reaches past then: ISO 8601 with zone.")
@click.option("--all", "mended", is_flag=True, help="Also those in which, as it turned out, nothing was missed.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with the evidence.")
def command(
    setup: Config, *, source: str | None, since: datetime | None, mended: bool, as_of: datetime | None, as_json: bool
) -> None:
    """List the times in which a source was not seen, or not whole.

    \b
    overrun   more came than the list shows
    down      no usable answer from the list
    blocked   the site refused us: 401, 403, 429, 451, a check for robots
    robots    robots.txt forbids it
    outage    it was due, and we did not ask

    A gap is mended when the next good visit, or an older page of the list, shows something that was known before it.
    Whatever the other commands print names the gaps that it spans.

    \b
    Example:
      kuaixun gaps
      kuaixun gaps --source mrkx --since 2026-03-20T08:00+08:00
      kuaixun gaps --all --json
    """
    from storage.gaps import spanning

    at = now(as_of)
    with reading(setup, as_of) as db:
        rows = spanning(db, since, at, source=source, watched=watched(setup, db if as_of else None), mended=mended)
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("No gap.")
        return
    head = ["source", "kind", "from", "to", *(["mended"] if mended else []), "list", "reason"]
    lines = [
        [
            row["source"],
            row["kind"],
            moment(row["from_at"]),
            moment(row["to_at"]) or "goes on",
            *([moment(row["mended_at"])] if mended else []),
            row["url"] or "all",
            _reason(row["reason"], row["evidence"]),
        ]
        for row in rows
    ]
    click.echo(table(head, lines, width=screen_width()))


def _reason(first: str, evidence: list[dict[str, str]]) -> str:
    """Why it began, and what it turned into."""
    return first if len(evidence) < 2 else f"{first}, then {evidence[-1]['kind']}: {evidence[-1]['reason']}"
