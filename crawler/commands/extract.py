"""`kuaixun extract`: one page, from a file or the network, read and printed; nothing is stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from config import Config
from crawler.console import EXTRACT, USAGE, Failure, configured

if TYPE_CHECKING:
    from crawler.page import Extraction


@click.command()
@configured
@click.argument("page", metavar="FILE|URL|-")
@click.option("--url", default="", help="The address that a file was saved from; relative links start there.")
@click.option("--format", "form", type=click.Choice(["json", "text", "markdown"]), default="json", show_default=True)
@click.option("--explain", is_flag=True, help="Print which rule found or dropped what, and from what evidence.")
def command(setup: Config, page: str, url: str, form: str, explain: bool) -> None:
    """Read one page and print what it says: title, time, source, body, latest list.

    FILE is HTML as it was saved, `-` reads it from stdin. Without --url the address comes from the page itself
    (its canonical link), if it names one.

    \b
    Example:
      kuaixun extract page.html --url https://news.example/2026/1.html
      kuaixun extract https://mrkx.qghjm.com/1192287.html --format markdown
    """
    import json

    from crawler import present

    if page.startswith(("http://", "https://")):
        from crawler.commands._pages import fetch, read

        answer = fetch(setup, page)
        extraction, url = read(setup, answer.body, answer.headers.get("content-type", ""), answer.url), answer.url
    else:
        extraction, url = _from_file(setup, page, url)
    if explain:
        click.echo("\n".join(present.as_explanation(extraction)))
    elif form == "json":
        told = present.as_json(extraction, url=url, threshold=setup.settings.ad_threshold)
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    elif not extraction.paragraphs:
        raise Failure(f"{page}: holds no article ({extraction.kind})", EXTRACT)
    else:
        click.echo(present.as_text(extraction) if form == "text" else present.as_markdown(extraction))


def _from_file(setup: Config, page: str, url: str) -> tuple[Extraction, str]:
    """The extraction and the address it holds for: the given one, or else the one that the page names."""
    from crawler.commands._pages import read
    from crawler.page import ExtractError

    if page != "-" and not Path(page).is_file():
        raise Failure(f"{page}: there is no such file", USAGE)
    body = click.get_binary_stream("stdin").read() if page == "-" else Path(page).read_bytes()
    try:
        extraction = read(setup, body, "", url)
        own = url or extraction.canonical
        return (extraction if own == url else read(setup, body, "", own)), own
    except ExtractError as error:
        raise Failure(f"{'stdin' if page == '-' else page}: {error.reason}", EXTRACT) from error
