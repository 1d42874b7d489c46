"""`kuaixun export`: the articles as a file."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config import Config
from crawler.commands._gaps import name_gaps
from crawler.console import as_of_option, configured, live, reading, tidy
from crawler.screen import counted, span

if TYPE_CHECKING:
    from sqlite_utils import Database


@click.command()
@configured
@click.argument("out", metavar="OUT")
@click.option("--format", "form", help="jsonl or csv; without it the suffix of OUT decides.")
@click.option("--ads", is_flag=True, help="Advertisements too.")
@click.option("--copies", is_flag=True, help="Copies of other articles too.")
@as_of_option
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def command(
    setup: Config, *, out: str, form: str | None, ads: bool, copies: bool, as_of: datetime | None, quiet: bool
) -> None:
    """Write the articles to the file OUT, or to stdout for `-`.

    The rows are streamed; a file gets its name only when it is complete, and a pipe is written to.

    \b
    Example:
      kuaixun export news.jsonl
      kuaixun export - --format csv --copies
      kuaixun export then.jsonl --as-of 2026-03-20T08:00+08:00
    """
    form = _format(out, form)
    with tidy(), reading(setup, as_of) as db:
        name_gaps(setup, db, as_of)
        if out == "-":
            _to_stdout(db, form, ads=ads, copies=copies)
            return
        number = _to_file(db, Path(out), form, ads=ads, copies=copies, quiet=quiet)
    if not quiet:
        click.echo(f"Wrote {counted(number, 'article')} to {out}.", err=True)


def _format(out: str, form: str | None) -> str:
    """The wanted format, or the one that the suffix names. Raises UsageError for one that does not exist."""
    from storage.exporters import formats

    known = formats()
    wanted = form or ("jsonl" if out == "-" else Path(out).suffix.removeprefix("."))
    if wanted not in known:
        asked = f"There is no format `{wanted}`" if wanted else f"`{out}` has no suffix that names a format"
        raise click.UsageError(f"{asked}; there is {', '.join(known)} (--format).", click.get_current_context())
    return wanted


def _to_file(db: Database, out: Path, form: str, *, ads: bool, copies: bool, quiet: bool) -> int:
    from storage.exporters import export

    started = time.monotonic()
    with live(quiet=quiet) as line:
        return export(
            db,
            out,
            form,
            ads=ads,
            copies=copies,
            progress=lambda done, total: line.show(lambda: _progress(done, total, time.monotonic() - started)),
        )


def _progress(done: int, total: int, seconds: float) -> str:
    left = seconds / done * (total - done) if done else 0.0
    return f"{done:,} of {counted(total, 'article')}, about {span(timedelta(seconds=left))} left"


def _to_stdout(db: Database, form: str, *, ads: bool, copies: bool) -> None:
    from importlib import import_module

    from storage import query

    writer = import_module(f"storage.exporters.{form}")
    writer.write(query.articles(db, ads=ads, copies=copies), sys.stdout.buffer)
