"""`kuaixun extract`: one page, from a file or the network, read and printed; nothing is stored."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config import Config
from crawler.commands import _complete
from crawler.console import EXTRACT, USAGE, Failure, configured
from crawler.screen import safe

if TYPE_CHECKING:
    from crawler.commands._pages import Reading


@click.command()
@configured
@click.argument("page", metavar="FILE|URL|-", shell_complete=_complete.files)
@click.option("--url", default="", help="The address that a file was saved from; relative links start there.")
@click.option("--at", "at", default="", help="When the file was fetched, for '2 hours ago': ISO 8601 with zone.")
@click.option("--format", "form", type=click.Choice(["json", "text", "markdown"]), default="json", show_default=True)
@click.option("--explain", is_flag=True, help="Print which rule found or dropped what, and from what evidence.")
def command(setup: Config, *, page: str, url: str, at: str, form: str, explain: bool) -> None:
    """Read one page and print what it says.

    That is title, time, source, body and latest list; nothing is stored. FILE is HTML as it was saved, `-` reads it
    from stdin. Without --url the address comes from the page itself (its canonical link), if it names one.

    \b
    Example:
      kuaixun extract page.html --url https://news.example/2026/1.html --at 2026-03-20T08:00+08:00
      kuaixun extract page.html --explain
      kuaixun extract https://mrkx.qghjm.com/1192287.html --format markdown
    """
    from crawler import present
    from crawler.commands import _pages

    if url and not url.startswith(("http://", "https://")):
        raise click.UsageError(f"`{url}` (--url) is no web address", click.get_current_context())
    network, seen = page.startswith(("http://", "https://")), _moment(at)
    if network and seen:
        raise click.UsageError("--at is for files: a page from the network is fetched now", click.get_current_context())
    reading = _from_network(setup, page) if network else _from_file(setup, page, url, seen)
    extraction = reading.extraction
    asked = click.get_current_context().get_parameter_source("form") != click.core.ParameterSource.DEFAULT
    if explain and form == "json" and asked:
        click.echo(_pages.told(setup, reading, explained=True))
    elif explain:
        click.echo(safe("\n".join(present.as_explanation(extraction))))
    elif form == "json":
        click.echo(_pages.told(setup, reading))
    else:
        click.echo(safe(present.as_text(extraction) if form == "text" else present.as_markdown(extraction)))


def _from_network(setup: Config, page: str) -> Reading:
    from crawler.commands._pages import fetch, read_answer

    return read_answer(setup, fetch(setup, page))


def _moment(at: str) -> datetime | None:
    if not at:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        reason = f"`{at}` (--at) is no ISO 8601 time with a zone, such as 2026-03-20T08:00+08:00"
        raise click.UsageError(reason, click.get_current_context())
    return moment


def _from_file(setup: Config, page: str, url: str, seen: datetime | None) -> Reading:
    from crawler.commands._pages import checked, read
    from crawler.page import ExtractError

    file, name = Path(page), "stdin" if page == "-" else page
    if page != "-" and not file.exists():
        raise Failure(f"{page}: there is no such file", USAGE)
    if file.is_dir():
        raise Failure(f"{page}: is a folder; `extract` reads one page", USAGE)
    body = sys.stdin.buffer.read() if page == "-" else file.read_bytes()
    try:
        return checked(read(setup, body, url=url, fetched_at=seen), name)
    except ExtractError as error:
        raise Failure(f"{name}: {error.reason}", EXTRACT) from error
