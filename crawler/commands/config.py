"""`kuaixun config`: what holds, and who said so."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import click

from config import Config, Settings, Source, keys, show
from crawler.console import CONFIG, bad_table, configured
from crawler.screen import plain


@click.command()
@configured
def command(setup: Config) -> int:
    """Print every setting with its value and where it came from.

    The answer is itself a valid configuration. A source whose settings are wrong is not in it; then the exit code is 3,
    and so it is where `mentions` names a table that cannot be used.

    \b
    Example:
      kuaixun config
      KUAIXUN_DELAY=2 kuaixun config
    """
    click.echo(f"# {setup.file or 'no configuration file: every setting has its default'}")
    click.echo("[settings]")
    for name, key in keys(Settings).items():
        value = getattr(setup.settings, name)
        origin = setup.origins.get(name, "default")
        # TOML has no word for nothing.
        line = f"# {name} is not set" if value is None else f"{name} = {show(value)}"
        click.echo(f"\n# {key.meaning}\n{line}  # {origin}{_default(key.default, value)}")
    if setup.searches:
        # Their addresses may be secret.
        names = ", ".join(search.name for search in setup.searches)
        click.echo(f"\n# saved searches, see `kuaixun notice list`: {names}")
    for source in setup.sources:
        click.echo(f"\n[sources.{_bare(source.name)}]")
        for name, value in _changed(source).items():
            click.echo(f"{name} = {show(value)}")
    wrong = bad_table(setup)
    if wrong:
        click.echo(f"kuaixun: {plain(str(wrong))}", err=True)
    return CONFIG if setup.broken or wrong else 0


def _default(default: Any, value: Any) -> str:
    return "" if default == value else f"; default {'none' if default is None else show(default)}"


def _bare(name: str) -> str:
    return name if name.isascii() and "." not in name else show(name)


def _changed(source: Source) -> dict[str, Any]:
    """What a source says beyond the defaults, as the keys of its table; a `cron` stands in place of `every`."""
    known = keys(Source)
    return {
        item.name: getattr(source, item.name)
        for item in fields(source)
        if item.name != "name" and getattr(source, item.name) != known[item.name].default
    }
