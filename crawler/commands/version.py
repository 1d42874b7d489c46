"""`kuaixun version`: what runs here, for a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

TOLD = ("ENABLE_", "OMIT_", "SECURE_DELETE", "TEMP_STORE", "THREADSAFE")


@click.command()
@click.option(
    "--verbose", is_flag=True, help="Also packages, SQLite's options, settings file and database: for a report."
)
def command(*, verbose: bool) -> None:
    """Print the versions of kuaixun, Python and SQLite.

    `kuaixun --version` is the same. With --verbose it prints all that a report of a bug should
    have, and nothing secret: of the settings only where they stand and which are set, of the
    database its version and size.

    \b
    Example:
      kuaixun version
      kuaixun --version --verbose
    """
    click.echo(line())
    if verbose:
        for label, value in details():
            click.echo(f"{label:<11}{value}")


def line() -> str:
    """What runs here, in one line."""
    import platform
    import sqlite3
    from importlib.metadata import version

    return (
        f"kuaixun {version('kuaixun')} (Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.system()} {platform.machine()})"
    )


def details() -> Iterator[tuple[str, str]]:
    """The rest of a report: pairs of what and its value. It raises nothing: what cannot be told says why."""
    import locale
    import os
    import platform
    import sys

    yield "python", f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}"
    yield "system", platform.platform()
    yield "locale", f"{locale.getlocale()[0]}, {sys.getfilesystemencoding()}, {os.cpu_count()} cores"
    yield "sqlite", _sqlite()
    yield "packages", _packages()
    yield from _here()


def _sqlite() -> str:
    """SQLite's version, and of the options that it was built with those that add or leave out something."""
    import sqlite3

    with sqlite3.connect(":memory:") as db:
        options = [name for (name,) in db.execute("PRAGMA compile_options") if name.startswith(TOLD)]
    return f"{sqlite3.sqlite_version}: {' '.join(options)}"


def _packages() -> str:
    """What kuaixun wants and what it may want, as it is installed here."""
    import re
    from importlib.metadata import PackageNotFoundError, requires, version

    found = {}
    for requirement in requires("kuaixun") or []:
        name = re.match(r"[\w.-]+", requirement)
        try:
            if name and name[0] != "kuaixun":
                found[name[0]] = version(name[0])
        except PackageNotFoundError:
            continue
    return ", ".join(f"{name} {number}" for name, number in sorted(found.items()))


def _here() -> Iterator[tuple[str, str]]:
    """Settings and database as a command without options would find them; no value of a setting."""
    import config
    from crawler.screen import counted

    try:
        setup = config.load()
    except config.ConfigError:
        yield "settings", "wrong; `kuaixun config` says what"
        return
    given = sorted({name for name, origin in setup.origins.items() if origin != "default"})
    wrong = len(setup.broken) + len(setup.broken_searches)
    yield (
        "settings",
        f"{setup.file or 'no file'}; set: {', '.join(given) or 'nothing'}; {counted(len(setup.sources), 'source')}, "
        f"{counted(len(setup.searches), 'search', 'searches')}, {wrong} left out",
    )
    yield "database", _database(setup.settings.database)


def _database(path: Path) -> str:
    """Its version and size, or why it cannot be opened."""
    import sqlite3

    from storage import open_store, schema
    from storage.errors import StorageError

    try:
        with open_store(path, readonly=True) as store:
            last = max(each.name for each in schema.migrations.applied(store.db))
            return f"{path}: schema {last}, {path.stat().st_size / 1e6:.1f} MB"
    except (StorageError, OSError, sqlite3.Error) as error:
        return f"{path}: {error}"
