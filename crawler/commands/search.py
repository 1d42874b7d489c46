"""`kuaixun search`: articles by their words."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import click

from config import Config
from crawler.commands._gaps import name_gaps
from crawler.console import MANY, NOTHING, Failure, as_of_option, configured, print_json, reading, screen_width
from crawler.screen import MARKS, clip, plain, shown_time


@click.command()
@configured
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=MANY, default=10, show_default=True, help="At most so many articles.")
@click.option("--ads", is_flag=True, help="Advertisements too.")
@click.option("--copies", is_flag=True, help="Copies of other articles too.")
@click.option("--newest", is_flag=True, help="The newest first, not the best.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with every column.")
def command(
    setup: Config,
    *,
    words: tuple[str, ...],
    limit: int,
    ads: bool,
    copies: bool,
    newest: bool,
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """Find the articles that hold all WORDS, best first.

    Words may have any length and script, Chinese ones of one or two characters included; traditional finds simplified
    and the other way round. OR, NOT and brackets work, in capitals and in quotes of the shell; "double quotes" keep
    words together; a last * asks for what begins so.

    \b
    Example:
      kuaixun search 花呗 逾期
      kuaixun search 机器人 --limit 3 --json
      kuaixun search '(降准 OR 降息) NOT 美联储' --newest
      kuaixun search '"interest rate" vitamin*'
      kuaixun search 降准 --as-of 2026-03-20T08:00+08:00
    """
    from storage import query
    from storage.search import holds

    if holds(" ".join(words)) is None:
        told = f"nothing to search for: `{' '.join(words)}` has no letter or digit"
        raise click.UsageError(told, click.get_current_context())
    with reading(setup, as_of) as db:
        rows = query.search(db, " ".join(words), limit=limit, ads=ads, copies=copies, newest=newest, marks=MARKS)
        name_gaps(setup, db, as_of, rows)
    if not rows:
        left_out = " and ".join(name for name, shown in (("--ads", ads), ("--copies", copies)) if not shown)
        hint = f"; {left_out} would look further" if left_out else ""
        raise Failure(f"no article holds `{' '.join(words)}`{hint}", NOTHING)
    if as_json:
        print_json({**row, "snippet": _marked(row["snippet"], "[", "]")} for row in rows)
    else:
        click.echo("\n\n".join(map(describe, rows)))


def describe(row: dict[str, Any]) -> str:
    """One article in some lines: title, what is known of it, where the words stand if it was searched, address."""
    bold = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("[", "]")
    about = (shown_time(row), row["source"], row["site"], f"id {row['id']}")
    signs = [sign for sign, holds in (("ad", row["is_ad"]), (f"copy of {row['copy_of']}", row["copy_of"])) if holds]
    lines = (row["title"], " · ".join(filter(None, (*about, *signs))), row.get("snippet", ""), row["url"])
    shown = [clip(plain(line), screen_width() - 1) for line in lines if line]
    return "\n".join(_marked(line, *bold) for line in shown)


def _marked(text: str, start: str, end: str) -> str:
    """The snippet with its marks replaced; one that was cut off is closed."""
    opened = text.count(MARKS[0]) > text.count(MARKS[1])
    return text.replace(MARKS[0], start).replace(MARKS[1], end) + (end if opened else "")
