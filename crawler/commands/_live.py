"""The live status on a terminal: by rich (the extra `ops`), or without it as plain tables, each over the last."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from crawler.board import BAD, QUIET, WELL, Line, Section, heading, sections
from crawler.screen import clip, columns, table

if TYPE_CHECKING:
    from rich.console import Console, Group

# Seconds between two looks, and what clears a terminal for the next.
EVERY, CLEAR = 2.0, "\x1b[H\x1b[2J"
_STYLES = {BAD: "red", QUIET: "dim", WELL: "green"}
# Columns of the terminal that a name may take.
WIDEST = 24

Look = Callable[[], tuple[dict[str, Any], datetime]]


def again(show: Callable[[], None], *, before: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Show something again and again, each time over the last, until Ctrl-C."""
    try:
        while True:
            click.echo(before, nl=False)
            show()
            sleep(EVERY)
    except KeyboardInterrupt:
        return


def live(look: Look) -> None:
    """Show what `look` finds, with the time of the look, until Ctrl-C. Raises StorageError."""
    try:
        from rich.console import Console
        from rich.live import Live
    except ImportError:
        again(lambda: click.echo(as_text(*look(), *shutil.get_terminal_size())), before=CLEAR)
        return
    console = Console(highlight=False)
    with Live(console=console, screen=True, auto_refresh=False) as screen:
        again(lambda: screen.update(drawn(*look(), console), refresh=True), before="")


def as_text(found: dict[str, Any], at: datetime, width: int, height: int) -> str:
    """The same in plain text, at most so wide, and so high where that can be."""
    top = heading(found, at)
    parts = [
        table(section.head, [line.cells for line in section.lines], width=width) + _more(section)
        for section in sections(found, at, height - len(top) - 2)
    ]
    return "\n\n".join(["\n".join(clip(str(line.cells[0]), width) for line in top), *parts])


def _more(section: Section) -> str:
    return f"\n... and {section.left_out:,} more" if section.left_out else ""


def drawn(found: dict[str, Any], at: datetime, console: Console) -> Group:
    """What rich shows, for a console of its size."""
    from rich.console import Group

    top = heading(found, at)
    shown: list[Any] = [*map(_text, top)]
    for section in sections(found, at, console.height - len(top) - 1):
        shown += ["", _table(section)]
    return Group(*shown)


def _text(line: Line) -> Any:
    from rich.text import Text

    return Text(str(line.cells[0]), style=_STYLES.get(line.tone, ""), no_wrap=True, overflow="ellipsis")


def _table(section: Section) -> Any:
    """A section; what is shown is text and never markup, since addresses and errors are of strangers."""
    from rich.table import Table
    from rich.text import Text

    left = Text(_more(section).strip()) if section.left_out else None
    shown = Table(box=None, expand=True, padding=(0, 2, 0, 0), header_style="bold")
    shown.caption, shown.caption_justify = left, "left"
    for number, name in enumerate(section.head):
        values = [line.cells[number] for line in section.lines]
        is_long = number in section.long
        widest = max(columns(str(value)) for value in (name, *values))
        shown.add_column(
            name,
            justify="right" if all(isinstance(value, int | float) for value in values) else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if is_long else None,
            width=None if is_long else min(widest, WIDEST),
        )
    for line in section.lines:
        shown.add_row(*(Text(str(value)) for value in line.cells), style=_STYLES.get(line.tone, ""))
    return shown
