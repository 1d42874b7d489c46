"""`kuaixun story`: one story, everywhere it was told."""

from __future__ import annotations

from typing import Any

import click

from config import Config
from crawler.console import NOTHING, Failure, configured, print_json, reading, screen_width
from crawler.screen import claimed, counted, moment, plain, table


@click.command()
@configured
@click.argument("which", metavar="ID|URL")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, texts and former versions included.")
def command(setup: Config, *, which: str, as_json: bool) -> None:
    """Show one story: who told it first, copies, corrections.

    The article is named by its id or by any of its addresses.

    \b
    Example:
      kuaixun story 12
      kuaixun story https://mrkx.qghjm.com/1192287.html
    """
    from storage import query

    with reading(setup) as db:
        story = query.story(db, which)
    if story is None:
        raise Failure(f"{setup.settings.database}: has no article `{which}`", NOTHING)
    if as_json:
        print_json([story])
    else:
        click.echo("\n".join(_lines(story)))


def _lines(story: dict[str, Any]) -> list[str]:
    told = story["articles"]
    first = next(row for row in told if row["id"] == story["first_article"])
    head = f"{plain(first['title'])}\n{counted(len(told), 'article')} on {counted(story['sites'], 'site')}"
    rows = [
        [row["id"], _role(row), claimed(row["published_at"]), moment(row["first_seen_at"]), row["site"], row["url"]]
        for row in told
    ]
    lines = [head, "", table(["id", "role", "published", "first seen", "site", "address"], rows, width=screen_width())]
    for row in told:
        lines += [
            f"id {row['id']}, version {old['revision']}, until {moment(old['replaced_at'])}: {plain(old['title'])}"
            for old in row["revisions"]
        ]
    return [*lines, "", *(plain(line) for line in first["text"].splitlines())]


def _role(row: dict[str, Any]) -> str:
    roles = ("first", row["copy_of"] is None), ("copy", row["copy_of"] is not None)
    more = (("ad", row["is_ad"]), (f"version {row['revision']}", row["revision"] > 1))
    return ", ".join(name for name, holds in (*roles, *more) if holds)
