"""What a shell completes where click does not know it: files, formats, and the names that the configuration has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import config

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def files(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Leaves it to the shell, which knows its files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def formats(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """The formats of `export`."""
    from storage.exporters import formats as known

    return [name for name in known() if name.startswith(begun)]


def sources(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """The configured sources, those with wrong settings too."""
    setup = _setup(context)
    return [name for name in (*(each.name for each in setup.sources), *setup.broken) if name.startswith(begun)]


def searches(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """The saved searches, those with wrong settings too."""
    setup = _setup(context)
    names = (*(each.name for each in setup.searches), *setup.broken_searches)
    return [name for name in names if name.startswith(begun)]


def _setup(context: click.Context) -> config.Config:
    """The configuration that the line begun so far would have; an empty one where it is wrong: nobody would see why."""
    try:
        return config.load(context.params.get("config_file"))
    except (config.ConfigError, OSError):
        return config.Config(config.Settings(), ())
