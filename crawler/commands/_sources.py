"""One source by its name: shown, paused, resumed, removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config import Config, ConfigError, Source, keys, pick, sites
from config import show as as_toml
from crawler.commands import _complete
from crawler.commands.sources import rows
from crawler.console import STORAGE, Failure, as_of_option, configured, now, patient, print_json
from crawler.screen import Live, counted, moment, plain

if TYPE_CHECKING:
    from storage.store import Store


@click.command()
@configured
@click.argument("name", shell_complete=_complete.sources)
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(setup: Config, *, name: str, as_of: datetime | None, as_json: bool) -> None:
    """Show one source: its settings, where they stand, and how it fares.

    \b
    Example:
      kuaixun source show mrkx
    """
    known = {row["name"]: row for row in rows(setup, as_of)}
    configured_one = next((source for source in setup.sources if source.name == name), None)
    if name not in known:
        pick(setup, (name,))
    row = known[name]
    file = _file(setup, name)
    if as_json:
        print_json([{**row, "file": str(file) if file else None}])
        return
    click.echo(f"{plain(name)}: {row['state']}")
    if configured_one:
        click.echo(f"\n# {file}")
        for key, value in _settings(configured_one):
            click.echo(f"{key} = {value}")
    click.echo("")
    for label, field in (
        ("last visit", "last_visit_at"),
        ("last success", "last_success_at"),
        ("next visit", "next_at"),
    ):
        click.echo(f"{label:12}  {moment(row[field]) or '-'}")
    told = (counted(row["articles"], "article"), f"{row['found']:,} found", f"{row['waiting']:,} waiting")
    click.echo(f"{'brought':12}  {', '.join(told)}, {counted(row['gaps'], 'gap')}")


def _settings(source: Source) -> Iterator[tuple[str, str]]:
    """The keys that differ from their defaults, as TOML has them."""
    for name, key in keys(Source).items():
        value = getattr(source, name)
        if name != "name" and value != key.default:
            yield name, as_toml(value)


@click.command()
@configured
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_complete.sources)
def pause(setup: Config, *, names: tuple[str, ...]) -> None:
    """Leave a source alone until `resume`.

    Its settings stay as they are. A running daemon leaves it alone within a minute. `kuaixun crawl NAME` crawls it all
    the same.

    \b
    Example:
      kuaixun source pause mrkx
    """
    _set(setup, names, now())


@click.command()
@configured
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_complete.sources)
def resume(setup: Config, *, names: tuple[str, ...]) -> None:
    """Crawl a paused source again, from its next time on.

    \b
    Example:
      kuaixun source resume mrkx
    """
    _set(setup, names, None)


def _set(setup: Config, names: tuple[str, ...], since: datetime | None) -> None:
    chosen = pick(setup, names)
    with _store(setup) as store:
        paused = store.paused_sources()
        for source in chosen:
            if since and source.name in paused:
                click.echo(f"{source.name} has been paused since {moment(paused[source.name])}.")
            elif not since and source.name not in paused:
                off = "" if source.enabled else "; `enabled = false` in its settings keeps it off"
                click.echo(f"{source.name} is not paused{off}.")
            else:
                store.upsert_source(
                    source.name, source.seeds, source.every, source.cron, enabled=source.enabled, now=now()
                )
                store.pause_source(source.name, since)
                click.echo(f"{source.name} is paused." if since else f"{source.name} goes on.")


@contextmanager
def _store(setup: Config) -> Iterator[Store]:
    from crawler.extract import columns
    from storage import open_store

    settings, patience = setup.settings, patient(Live(None))
    with open_store(
        settings.database, fields=columns(), ad_threshold=settings.ad_threshold, patience=patience
    ) as store:
        yield store


@click.command()
@configured
@click.argument("name", shell_complete=_complete.sources)
def remove(setup: Config, *, name: str) -> None:
    """Remove a source that `add` or `import` wrote.

    Its file sites/NAME.toml is deleted; one that you have edited is renamed instead, and so kept. What it brought stays
    in the database.

    \b
    Example:
      kuaixun source remove news.example
    """
    if name not in setup.broken:
        pick(setup, (name,))
    file = _file(setup, name)
    if file is None or file.parent.name != "sites" or file.stem != name:
        raise ConfigError(
            str(file or "configuration"),
            f"sources.{name}",
            f"was written by you: delete that table, or `kuaixun source pause {name}`",
        )
    try:
        kept = sites.take_away(file)
    except OSError as error:
        raise Failure(f"{file}: cannot be removed: {error.strerror}", STORAGE) from error
    click.echo(f"Deleted {file}." if kept is None else f"{file} was edited, so it is kept as {kept}.")
    articles = next((row["articles"] for row in rows(setup, None) if row["name"] == name), 0)
    click.echo(
        f"{counted(articles, 'article')} of it {'stays' if articles == 1 else 'stay'} in {setup.settings.database}."
    )


def _file(setup: Config, name: str) -> Path | None:
    """Where the settings of a source stand; None where it has none."""
    file = sites.folder(setup.file) / f"{name}.toml"
    return file if file.exists() else setup.file
