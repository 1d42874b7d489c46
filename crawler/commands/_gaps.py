"""The gaps that an answer spans, named beside it: one place for every command that reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from config import Config
from crawler.console import now
from crawler.screen import counted, moment, plain

if TYPE_CHECKING:
    from storage.sqlite import Database

# Sources that are named; the others are counted.
MOST_SOURCES = 3


def name_gaps(
    setup: Config, db: Database, as_of: datetime | None, rows: Collection[Mapping[str, Any]] | None = None
) -> None:
    """Say on stderr what was not seen between the oldest of the rows and now (or then); ever, without rows."""
    from storage.gaps import spanning

    if rows is None or rows:
        start = oldest(rows) if rows else None
        for line in lines(spanning(db, start, now(as_of), watched=watched(setup, db if as_of else None))):
            click.echo(line, err=True)


def watched(setup: Config, then: Database | None = None) -> list[str] | None:
    """The sources that are meant to be asked; None where no configuration says so.

    What is not configured any more was asked `then`, for all that the database of that time knows.
    """
    if not setup.sources:
        return None
    configured = {source.name for source in setup.sources}
    former = then.execute("SELECT name FROM sources WHERE enabled").fetchall() if then else []
    return [source.name for source in setup.sources if source.enabled] + [n for (n,) in former if n not in configured]


def oldest(rows: Iterable[Mapping[str, Any]]) -> datetime | None:
    """When the first of some articles or headlines was told, as far as its claim can be believed."""
    from storage.members import told_at
    from storage.times import parse

    claims = ((row["published_at"], parse(row["first_seen_at"])) for row in rows)
    told = (told_at(parse(claim) if claim else None, seen) for claim, seen in claims)
    first = min(told, default=None)
    return parse(first) if first else None


def lines(gaps: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each source, those first that are not seen now, then those that were missed last.

    Of sources that nobody asks any more there is one line for all of them.
    """
    unasked = [gap for gap in gaps if gap["url"] is None]
    by_source: dict[str, list[Mapping[str, Any]]] = {}
    for gap in gaps:
        if gap["url"] is not None:
            by_source.setdefault(gap["source"], []).append(gap)
    named = sorted(map(_last, by_source.values()), key=_end, reverse=True)
    told = [_line(gap, len(by_source[gap["source"]])) for gap in named[:MOST_SOURCES]]
    more = len(named) - MOST_SOURCES
    told += [f"gap: and {counted(more, 'more source')}; `kuaixun gaps` lists all"] if more > 0 else []
    return told + ([_unasked(unasked)] if unasked else [])


def _end(gap: Mapping[str, Any]) -> tuple[bool, str, str]:
    """What sorts gaps by their end: those that go on come last."""
    return gap["to_at"] is None, gap["to_at"] or "", gap["from_at"]


def _last(gaps: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return max(gaps, key=_end)


def _line(gap: Mapping[str, Any], count: int) -> str:
    seen = "not seen whole" if gap["kind"] == "overrun" else "not seen"
    start, end = moment(gap["from_at"]), moment(gap["to_at"])
    until = f"from {start} to {end}" if end else f"since {start}"
    more = f"; and {counted(count - 1, 'more time')}" if count > 1 else ""
    return f"gap: {plain(gap['source'])} {seen} {until} ({gap['kind']}: {plain(gap['reason'])}){more}"


def _unasked(gaps: Sequence[Mapping[str, Any]]) -> str:
    who = plain(gaps[0]["source"]) if len(gaps) == 1 else counted(len(gaps), "source")
    return f"gap: {who} not asked since {moment(gaps[0]['from_at'])}, though due (outage: no crawl ran)"
