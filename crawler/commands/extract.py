"""`kuaixun extract`: one page, from a file or the network, read and printed; nothing is stored."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config import Config
from crawler.console import EXTRACT, USAGE, Failure, configured
from crawler.screen import safe

if TYPE_CHECKING:
    from crawler.commands._pages import Reading


@click.command()
@configured
@click.argument("page", metavar="FILE|URL|-")
@click.option("--url", default="", help="The address that a file was saved from; relative links start there.")
@click.option("--format", "form", type=click.Choice(["json", "text", "markdown"]), default="json", show_default=True)
@click.option("--explain", is_flag=True, help="Print which rule found or dropped what, and from what evidence.")
def command(setup: Config, *, page: str, url: str, form: str, explain: bool) -> None:
    """Read one page and print what it says.

    That is title, time, source, body and latest list; nothing is stored. FILE is HTML as it was saved, `-` reads it
    from stdin. Without --url the address comes from the page itself (its canonical link), if it names one.

    \b
    Example:
      kuaixun extract page.html --url https://news.example/2026/1.html
      kuaixun extract https://mrkx.qghjm.com/1192287.html --format markdown
    """
    from crawler import present
    from crawler.commands import _pages

    if url and not url.startswith(("http://", "https://")):
        raise click.UsageError(f"`{url}` (--url) is no web address", click.get_current_context())
    reading = _from_network(setup, page) if page.startswith(("http://", "https://")) else _from_file(setup, page, url)
    extraction = reading.extraction
    if explain:
        click.echo(safe("\n".join(present.as_explanation(extraction))))
    elif form == "json":
        click.echo(_pages.told(setup, reading))
    else:
        click.echo(safe(present.as_text(extraction) if form == "text" else present.as_markdown(extraction)))


def _from_network(setup: Config, page: str) -> Reading:
    from crawler.commands._pages import fetch, read_answer

    return read_answer(setup, fetch(setup, page))


def _from_file(setup: Config, page: str, url: str) -> Reading:
    from crawler.commands._pages import checked, read
    from crawler.page import ExtractError

    file, name = Path(page), "stdin" if page == "-" else page
    if page != "-" and not file.exists():
        raise Failure(f"{page}: there is no such file", USAGE)
    if file.is_dir():
        raise Failure(f"{page}: is a folder; `extract` reads one page", USAGE)
    body = sys.stdin.buffer.read() if page == "-" else file.read_bytes()
    try:
        return checked(read(setup, body, url=url), name)
    except ExtractError as error:
        raise Failure(f"{name}: {error.reason}", EXTRACT) from error
