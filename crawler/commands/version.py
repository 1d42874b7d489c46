"""`kuaixun version`: what runs here, for a report."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Print the versions of kuaixun, Python and SQLite.

    \b
    Example:
      kuaixun version
    """
    import platform
    import sqlite3
    from importlib.metadata import version

    click.echo(
        f"kuaixun {version('kuaixun')} (Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.system()} {platform.machine()})"
    )
