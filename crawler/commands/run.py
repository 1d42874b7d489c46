"""`kuaixun run`: the daemon."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from config import Config, ConfigError, Source, load, marks, pick
from crawler.commands._progress import Watch, summary
from crawler.commands.crawl import ask_for_contact, refuse_unusable
from crawler.console import configured, live, patient, print_json
from crawler.screen import counted

if TYPE_CHECKING:
    from crawler.screen import Live
    from crawler.tally import Event, Tally


@click.command()
@configured
@click.option(
    "--json", "to_json", is_flag=True, help="Every event as one JSON object a line, and the sums of each pass."
)
@click.option("--quiet", is_flag=True, help="No progress, no sums.")
def command(setup: Config, *, to_json: bool, quiet: bool) -> None:
    """Crawl each source in its own time, until Ctrl-C or SIGTERM.

    A source that is added, paused, changed or removed meanwhile is seen within a minute, other settings at the next
    start. When a source is due is kept in the database, so a restart forgets nothing. Stopping drops the requests in
    flight; they stay due, and the exit code is 0.

    \b
    Example:
      kuaixun run
      kuaixun run --json >> events.jsonl
    """
    sources = pick(setup, ())
    if not sources:
        raise ConfigError(str(setup.file or "no configuration"), "", "there is no source; `kuaixun init` writes one")
    refuse_unusable(setup, sources)
    if not quiet and not to_json:
        ask_for_contact(setup)
    with live(quiet=quiet or to_json) as line:
        line.line(f"Crawling {counted(len(sources), 'source')} into {setup.settings.database}; Ctrl-C stops.")
        _run(setup, line, to_json=to_json)
    if not quiet:
        click.echo("Stopped; the next start goes on from here.", err=True)


def _run(setup: Config, line: Live, *, to_json: bool) -> None:
    import asyncio

    from crawler import schedule
    from crawler.extract import columns
    from storage import open_store
    from storage.lock import alone

    watch, started = Watch(line, each=True), time.monotonic()

    def report(event: Event) -> None:
        watch.see(event)
        if to_json:
            print_json([asdict(event)])

    def finished(tally: Tally) -> None:
        nonlocal started
        seconds, started = time.monotonic() - started, time.monotonic()
        if to_json:
            print_json([{"kind": "pass", "seconds": seconds, **asdict(tally)}])
        else:
            watch.say(summary(tally, seconds))

    settings = setup.settings
    path = settings.database
    fields, threshold = columns(), settings.ad_threshold
    with open_store(path, fields=fields, ad_threshold=threshold, patience=patient(line)) as store, alone(path):
        for source in setup.sources:
            if not source.enabled:
                store.upsert_source(
                    source.name, source.seeds, source.every, source.cron, enabled=False, now=datetime.now(UTC)
                )
        asyncio.run(schedule.run(setup, store, report=report, finished=finished, sources=_sources(setup)))


def _sources(setup: Config) -> Callable[[], Sequence[Source]]:
    """What tells the sources that are configured now: the files are read again when one of them has changed."""
    seen, found = marks(setup.file), setup.sources

    def now() -> Sequence[Source]:
        nonlocal seen, found
        latest = marks(setup.file)
        if latest != seen:
            # Before it is read: an error is told once.
            seen = latest
            changed = load(setup.file)
            refuse_unusable(changed, changed.sources)
            found = changed.sources
        return found

    return now
