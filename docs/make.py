"""Writes the reference pages of this folder from the code: `python docs/make.py`. A test fails while they are old."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

import config
from crawler.cli import cli
from crawler.console import EXIT_CODES, SECTIONS

HERE = Path(__file__).parent


def commands() -> Iterator[str]:
    """docs/commands.md: the help of every command."""
    yield "# Commands\n\nWhat `--help` says, command by command. This page is made by `docs/make.py`.\n"
    top = click.Context(cli, info_name="kuaixun", **cli.context_settings)
    for title, names in SECTIONS.items():
        yield f"\n## {title}\n"
        for name in names:
            command = cli.get_command(top, name)
            if command:
                context = click.Context(command, parent=top, info_name=name, terminal_width=100)
                yield f"\n### kuaixun {name}\n\n```\n{command.get_help(context)}\n```\n"
    yield "\n## Exit codes\n\n| code | meaning |\n|---|---|\n"
    yield from (f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())


def configuration() -> Iterator[str]:
    """docs/configuration.md: every key of the settings and of a source."""
    yield (
        "# Configuration\n\nOne file, `kuaixun.toml`: `kuaixun init` writes it with comments, `kuaixun config` prints "
        "what holds. A setting can also come from the environment (`KUAIXUN_DELAY=2`), which goes before the file; "
        "lists are then separated by commas. An unknown key is an error. This page is made by `docs/make.py`.\n"
    )
    for title, cls in (("Settings: `[settings]`", config.Settings), ("A source: `[sources.NAME]`", config.Source)):
        yield f"\n## {title}\n\n| key | default | meaning |\n|---|---|---|\n"
        for name, key in config.keys(cls).items():
            if name != "name":
                required = name == "seeds"
                shown = "required" if required else "none" if key.default is None else f"`{config.show(key.default)}`"
                yield f"| `{name}` | {shown} | {key.meaning} |\n"
    yield "\nA source may also be a file of its own, `sites/NAME.toml` beside `kuaixun.toml`, with the same keys.\n"


PAGES = {"commands.md": commands, "configuration.md": configuration}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE / page).write_text("".join(make()), encoding="utf-8")
