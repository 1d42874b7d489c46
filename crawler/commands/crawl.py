"""`kuaixun crawl`: one pass over what is due."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config import Config, ConfigError, Settings, Source, override, pick, sites, without, zoned
from crawler.commands import _complete
from crawler.commands._progress import Watch, summary
from crawler.commands._seeds import from_file
from crawler.console import CONFIG, FETCH, INTERRUPTED, Failure, configured, live, patient, print_json, unused

if TYPE_CHECKING:
    import asyncio

    from crawler.fetch import Fetcher
    from crawler.frontier import NextVisit
    from crawler.screen import Live
    from crawler.tally import Event, Tally
    from storage.store import Store


# Seconds between two lines of --json that say how far the pass is.
PROGRESS = 5.0


@click.command()
@configured
@click.argument("sources", metavar="[SOURCE]...", nargs=-1, shell_complete=_complete.sources)
@click.option(
    "--seeds", type=click.Path(path_type=Path), metavar="FILE", help="Start addresses, one a line; # comments."
)
@click.option("--force", is_flag=True, help="Ask lists and feeds now, whether they are due or not.")
@click.option("--allow-network", "networks", multiple=True, metavar="CIDR", help="A private network that may be asked.")
@click.option("--delay", metavar="SECONDS", help="Between two requests to one host.")
@click.option("--json", "to_json", is_flag=True, help="Every event as one JSON object a line, the sums at the end.")
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def command(
    setup: Config,
    *,
    sources: tuple[str, ...],
    seeds: Path | None,
    force: bool,
    networks: tuple[str, ...],
    delay: str | None,
    to_json: bool,
    quiet: bool,
) -> int:
    """Make one pass over what is due, until nothing is.

    All sources that are switched on and not paused are crawled, or those that are named. A source whose settings are
    wrong is left out; that is said before and after, and the exit code is 3.

    With --seeds no configuration is needed: the addresses of the file are crawled at once, each host as a source of
    its own.
    Ctrl-C stops in good order; the next pass goes on from there.

    \b
    Example:
      kuaixun crawl
      kuaixun crawl mrkx --force --json
      kuaixun crawl --seeds sites.txt --db news.db --delay 2
    """
    if networks:
        setup = override(setup, "allow_networks", ",".join(networks), "--allow-network")
    if delay is not None:
        setup = override(setup, "delay", delay, "--delay")
    if seeds and sources:
        raise click.UsageError(f"--seeds and a SOURCE (`{sources[0]}`) exclude each other")
    if not seeds:
        setup = usable(setup, sources)
    chosen = zoned(from_file(seeds), setup.settings) if seeds else configured_sources(setup, sources)
    return one_pass(
        setup, chosen, force=force or bool(seeds), is_named=bool(sources or seeds), to_json=to_json, quiet=quiet
    )


def one_pass(
    setup: Config,
    chosen: tuple[Source, ...],
    *,
    force: bool,
    is_named: bool,
    to_json: bool,
    quiet: bool,
    fetcher: Callable[[Settings], Fetcher] | None = None,
) -> int:
    """One pass over these sources and what is said of it; `is_named`: they were chosen, and not only configured.

    With `fetcher` others make the requests.
    """
    if not quiet and not to_json:
        ask_for_contact(setup)
    started = time.monotonic()
    with live(quiet=quiet or to_json) as line:
        tally, watch, stopped, later = _crawl(
            setup, chosen, line, fetcher, to_json=to_json, force=force, is_named=is_named
        )
    if to_json:
        done = {"kind": "done", "stopped": stopped, "seconds": time.monotonic() - started, **asdict(tally)}
        print_json([{**done, "next_due": later.isoformat(timespec="seconds") if later else None}])
    elif not quiet:
        click.echo(f"{summary(tally, time.monotonic() - started)}\nDatabase: {setup.settings.database}")
        if later and not tally.requests and not stopped:
            click.echo(f"Nothing is due before {_clock(later)}; --force asks now.")
    if stopped:
        raise Failure("stopped; the next pass goes on from here", INTERRUPTED)
    if watch.failed_only():
        raise Failure(f"no page could be fetched: {watch.last_failure}", FETCH)
    if setup.broken and not is_named:
        names = ", ".join(f"`{name}`" for name in setup.broken)
        raise Failure(f"left out, mend the settings of: {names}; `kuaixun doctor` says what is wrong there", CONFIG)
    return 0


def configured_sources(setup: Config, names: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources of these names, or all that are switched on. Raises ConfigError where there is none."""
    found = pick(setup, names)
    if not found:
        for error in setup.broken.values():
            raise error
        where = str(setup.file or "no configuration")
        raise ConfigError(where, "", "there is no source; `kuaixun init` writes one, --seeds FILE does without")
    return found


def _told(text: str) -> None:
    click.echo(f"kuaixun: {text}", err=True)


def usable(setup: Config, names: tuple[str, ...] = (), told: Callable[[str], None] = _told) -> Config:
    """The same without the sources that name a field or a selector that no page can be read with, which is told.

    Raises ConfigError where one of those is named, or none is left.
    """
    broken = unreadable(setup, names)
    for name, error in broken.items():
        if name in names or len(broken) == len(pick(setup, names)):
            raise error
        told(unused(name, error))
    return without(setup, broken)


def unreadable(setup: Config, names: tuple[str, ...] = ()) -> dict[str, ConfigError]:
    """What is wrong with sources that name a field or a selector that no page can be read with, by their names."""
    from crawler.reading import unusable

    found: dict[str, ConfigError] = {}
    for source in pick(setup, names):
        for key, problem in unusable(source):
            file = sites.folder(setup.file) / f"{source.name}.toml"
            where, table = (file, "") if file.exists() else (setup.file or "configuration", f"sources.{source.name}.")
            found.setdefault(source.name, ConfigError(str(where), table + key, problem))
    return found


def ask_for_contact(setup: Config) -> None:
    """A line on stderr where real sites would be asked and no server could learn whom to write to.

    Where private networks are allowed somebody tries things out at home.
    """
    settings = setup.settings
    if not settings.contact and "@" not in settings.user_agent and not settings.allow_networks:
        click.echo(
            "No `contact` is set: the owner of a site cannot reach you; put your mail address into it.", err=True
        )


def _clock(at: datetime) -> str:
    """A time as the wall clock here shows it, with the date where that is another day."""
    here = at.astimezone()
    return f"{here:%H:%M}" if here.date() == datetime.now().astimezone().date() else f"{here:%Y-%m-%d %H:%M}"


def _crawl(
    setup: Config,
    sources: tuple[Source, ...],
    line: Live,
    connect: Callable[[Settings], Fetcher] | None,
    *,
    to_json: bool,
    force: bool,
    is_named: bool,
) -> tuple[Tally, Watch, bool, datetime | None]:
    """The sums of one pass, what was seen of it, whether it was stopped, and when something is due again."""
    import asyncio

    from crawler.crawl import crawl
    from crawler.extract import columns
    from crawler.fetch import Fetcher, utc_now
    from storage import open_store
    from storage.lock import alone
    from storage.watch import due

    settings = setup.settings

    async def go() -> tuple[Tally, bool]:
        stop = asyncio.Event()
        _on_signal(stop)
        async with (connect or Fetcher)(settings) as fetcher:
            tally = await crawl(
                settings,
                sources,
                store,
                fetcher=fetcher,
                report=report,
                stop=stop,
                next_visit=_next_visit(sources),
                force=force,
            )
        return tally, stop.is_set()

    path = settings.database
    fields, threshold = columns(), settings.ad_threshold
    with open_store(path, fields=fields, ad_threshold=threshold, patience=patient(line)) as store, alone(path):
        if not is_named and (paused := store.paused_sources()):
            sources = tuple(source for source in sources if source.name not in paused)
            line.line(f"paused and left out: {', '.join(paused)}")
        _collect(setup, store, line, ended=False)
        watch = Watch(line, queue=lambda: due(store.db, utc_now()), each=True)
        told_at = time.monotonic()

        def report(event: Event) -> None:
            nonlocal told_at
            watch.see(event)
            if to_json:
                print_json([asdict(event)])
            if to_json and time.monotonic() - told_at >= PROGRESS:
                told_at = time.monotonic()
                print_json([watch.progress()])

        tally, stopped = asyncio.run(go())
        _collect(setup, store, line, ended=True)
        return tally, watch, stopped, _next_look(store, sources, utc_now())


def _collect(setup: Config, store: Store, line: Live, *, ended: bool) -> None:
    """Put the notices of what came in into the outbox; who calls this by cron sends them by `kuaixun notice send`.

    Before a pass has `ended` the searches that are new begin.
    """
    searches = [search for search in setup.searches if search.enabled]
    if not searches:
        return
    from crawler.notices import begin, collect
    from storage.times import utc_now

    if not ended:
        begin(store, searches, utc_now)
        return
    for name, error in collect(store, searches, utc_now).errors.items():
        line.clear()
        click.echo(f"notices {name}: {error}", err=True)


def _next_look(store: Store, sources: Iterable[Source], now: datetime) -> datetime | None:
    """When the first of the sources, or of the addresses known, is due again."""
    times = [store.next_due(now), *(store.source_next(source.name) for source in sources)]
    return min(filter(None, times), default=None)


def _next_visit(sources: tuple[Source, ...]) -> NextVisit:
    """What tells when a source is looked at again; the scheduler is loaded only where there is a crontab line.

    Nothing is varied here: who calls `kuaixun crawl` every 15 minutes would find every other call too early.
    """
    if any(source.cron for source in sources):
        from crawler.schedule import next_visit

        return next_visit
    from crawler import frontier

    return frontier.next_visit


def _on_signal(stop: asyncio.Event) -> None:
    """Ctrl-C and SIGTERM end the pass in good order; the second one ends it at once."""
    import asyncio

    loop = asyncio.get_running_loop()

    def first() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    # Windows knows no handlers on a loop; Ctrl-C then raises KeyboardInterrupt, which leaves the database in order too.
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, first)
