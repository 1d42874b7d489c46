"""`kuaixun run`: the daemon."""

from __future__ import annotations

import errno
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from config import Config, ConfigError, Settings, Source, load, marks, notify_socket, pick, without
from crawler.commands._hangups import Hangups, hangups
from crawler.commands._log import Log
from crawler.commands._voice import Outputs, Voice, lasting
from crawler.commands.crawl import ask_for_contact, unreadable, usable
from crawler.console import (
    CONFIG,
    FAULT,
    INTERRUPTED,
    Failure,
    code_of,
    configured,
    left_out,
    live,
    patience,
    tidy,
)
from crawler.screen import counted

if TYPE_CHECKING:
    from crawler.fetch import Fetcher
    from crawler.tally import Event, Notice
    from crawler.vitals import Vitals

# Makes what makes fetchers, given whom to tell of trouble and where to count.
Fleet = Callable[[Callable[[str], None], dict[str, int]], "Callable[[Settings], Fetcher]"]


def steady(function: Callable[..., None]) -> Callable[..., None]:
    """From before its settings are read, whatever becomes of its outputs, the command goes on; SIGHUP ends nothing, and
    SIGTERM ends it as Ctrl-C does.
    """

    @functools.wraps(function)
    def command(*args: Any, **options: Any) -> None:
        with tidy(), hangups() as hup, lasting() as outputs:
            if options["log"]:
                with _ended_by(Log()):
                    function(*args, outputs=outputs, hup=hup, **options)
            else:
                function(*args, outputs=outputs, hup=hup, **options)

    return command


@contextmanager
def _ended_by(journal: Log) -> Iterator[None]:
    """What ends the daemon is a line of its log too; the exit code is that of always, a fault of our own stays one."""
    from crawler.tally import Notice

    try:
        yield
    except KeyboardInterrupt:
        text, code = "interrupted", INTERRUPTED
    except Exception as error:
        text, code = error.message if isinstance(error, click.ClickException) else str(error), code_of(error)
        if code == FAULT:
            raise
    else:
        return
    journal.notice(Notice("end", text, is_trouble=True))
    raise SystemExit(code)


@click.command()
@steady
@functools.partial(configured, says=False)
@click.option(
    "--json", "to_json", is_flag=True, help="Every event as one JSON object a line, and the sums of each pass."
)
@click.option(
    "--log", type=click.Choice(["json"]), help="On stderr one JSON object a line, with time and level, for a journal."
)
@click.option("--quiet", is_flag=True, help="No progress, no sums; trouble of the daemon itself is still said.")
def command(setup: Config, *, outputs: Outputs, hup: Hangups, to_json: bool, log: str | None, quiet: bool) -> None:
    """Crawl each source in its own time, until Ctrl-C or SIGTERM.

    A source that is added, paused, changed or removed meanwhile is seen within a minute; SIGHUP reads all settings
    again, and wrong ones change nothing. A source whose settings are wrong is left out, or stays as it was; that is
    said, and seen when it is mended. When a source is due is kept in the database, so a restart forgets nothing and
    says what it goes on from. Stopping drops the requests in flight; they stay due, and the exit code is 0, or 130
    where the crawl had not begun yet.

    It also sends the notices of saved searches (`kuaixun notice`), copies the database (setting `backup`), forgets old
    pages (`keep_pages`) and checks both files (`check_every`). With `metrics_port` it serves /healthz and /metrics.
    docs/care.md has the rest.

    \b
    Example:
      kuaixun run
      kuaixun run --json >> events.jsonl
      kuaixun run --log json
    """
    daemon(setup, outputs=outputs, hup=hup, to_json=to_json, log=log, quiet=quiet)


def daemon(
    setup: Config,
    *,
    outputs: Outputs,
    hup: Hangups,
    to_json: bool,
    log: str | None,
    quiet: bool,
    fleet: Fleet | None = None,
) -> None:
    """The same, for a `fleet` too: what makes fetchers, and says its trouble by what it is given."""
    journal = Log() if log else None
    setup = usable(setup, told=_beside(setup, journal))
    sources = pick(setup, ())
    if not sources:
        for error in setup.broken.values():
            raise error
        raise ConfigError(str(setup.file or "no configuration"), "", "there is no source; `kuaixun init` writes one")
    if not quiet and not to_json and not log:
        ask_for_contact(setup)
    with live(quiet=quiet or to_json or bool(log)) as line:
        line.line(f"Crawling {counted(len(sources), 'source')} into {setup.settings.database}; Ctrl-C stops.")
        _run(setup, Voice(line, outputs, to_json=to_json, journal=journal), hup, fleet)
    if not quiet and not log:
        click.echo("Stopped; the next start goes on from here.", err=True)


def _beside(setup: Config, journal: Log | None) -> Callable[[str], None]:
    """Where it is said what is left out, beside the crawl; so is what the configuration itself left out."""
    from crawler.tally import Notice

    def told(text: str) -> None:
        if journal:
            journal.notice(Notice("settings", text, is_trouble=True))
        else:
            click.echo(f"kuaixun: {text}", err=True)

    for text in left_out(setup):
        told(text)
    return told


def _run(setup: Config, voice: Voice, hup: Hangups, fleet: Fleet | None) -> None:
    import asyncio

    from crawler import schedule
    from crawler.extract import columns
    from crawler.resume import resumed
    from crawler.tally import Notice
    from crawler.vitals import Vitals
    from crawler.watchdog import Watchdog, standing, watching
    from storage import open_store
    from storage.lock import alone

    vitals, say = Vitals(beat=time.monotonic()), voice.say
    voice.counted_by(vitals)

    def report(event: Event) -> None:
        vitals.see(event)
        voice.report(event)

    files = _Files(setup, say)
    settings, path = setup.settings, setup.settings.database
    fields, threshold = columns(), settings.ad_threshold
    with ExitStack() as stack:
        waiting = patience(lambda text: say(Notice("waiting", text, is_trouble=True)))
        store = stack.enter_context(open_store(path, fields=fields, ad_threshold=threshold, patience=waiting))
        killed = stack.enter_context(alone(path))
        stack.enter_context(_monitored(setup, vitals))
        now = datetime.now(UTC)
        for source in setup.sources:
            if not source.enabled:
                store.upsert_source(source.name, source.seeds, source.every, source.cron, enabled=False, now=now)
        if notice := resumed(store, killed, now):
            say(notice)
        here = standing(threading.get_ident())
        stack.enter_context(watching(Watchdog(vitals, say, where=here)))
        means = schedule.Means(say=say, reload=files.reload, vitals=vitals, beat=_manager(stack))
        means.searches = lambda: files.searches
        if fleet:
            means.connect = fleet(lambda text: say(Notice("fleet", text, is_trouble=True)), vitals.fleet)
        again = asyncio.Event()
        hup.lead_to(again.set)
        given: dict[str, Any] = {"sources": files.sources, "means": means, "hup": again}
        asyncio.run(schedule.run(setup, store, report=report, finished=voice.finished, **given))


def _manager(stack: ExitStack) -> Callable[[], None]:
    """What tells the service manager, if there is one, that the daemon is ready and lives; at the end, that it ends."""
    from crawler.service import notify

    address = notify_socket()
    stack.callback(notify, address, "STOPPING=1")
    return lambda: notify(address, "READY=1\nWATCHDOG=1")


@contextmanager
def _taken(serving: AbstractContextManager[int], port: int) -> Iterator[int]:
    """The same; raises Failure where the port cannot be had."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(serving)
        except OSError as error:
            why = (
                "is in use by another program"
                if error.errno == errno.EADDRINUSE
                else f"cannot be had: {error.strerror}"
            )
            raise Failure(f"`metrics_port` {port} {why}; set another, or 0 for none", CONFIG) from None
        yield found


def _monitored(setup: Config, vitals: Vitals) -> AbstractContextManager[Any]:
    """Serves /healthz and /metrics meanwhile, if a port is set."""
    port = setup.settings.metrics_port
    if not port:
        return nullcontext()
    from crawler.service import application, served

    try:
        return _taken(served(port, application(vitals, setup.settings.database)), port)
    except ImportError:
        told = f"`metrics_port` is {port}, but prometheus-client is missing: pip install 'kuaixun[ops]', or set it to 0"
        raise Failure(told, CONFIG) from None


class _Files:
    """The configuration as its files have it by now. Of a source whose settings have become wrong the former ones hold,
    which is said once; a file that is none at all is a ConfigError, and changes nothing.
    """

    def __init__(self, setup: Config, say: Callable[[Notice], None]):
        self.setup, self.say = setup, say
        self.seen, self.found, self.searches = marks(setup.file), setup.sources, setup.searches

    def sources(self) -> Sequence[Source]:
        """The sources that are configured now: the files are read again when one of them has changed."""
        latest = marks(self.setup.file)
        if latest != self.seen:
            # Before it is read: an error is told once.
            self.seen = latest
            self.found = self._read().sources
        return self.found

    def reload(self) -> Config:
        """All settings as they are now, the database of the command line kept. Raises ConfigError."""
        new = self._read()
        self.seen, self.found = marks(new.file), new.sources
        if self.setup.origins.get("database") == "--db":
            new = replace(new, settings=replace(new.settings, database=self.setup.settings.database))
        return new

    def _read(self) -> Config:
        from crawler.tally import Notice

        new = load(self.setup.file)
        new = without(new, unreadable(new))
        former = {source.name: source for source in self.found}
        for name, error in new.broken.items():
            what = "stays as it was" if name in former else "is left out"
            self.say(Notice("settings", f"{error}; the source `{name}` {what}", is_trouble=True))
        before = {search.name: search for search in self.searches}
        for name, error in new.broken_searches.items():
            what = "stay as they were" if name in before else "are left out"
            self.say(Notice("settings", f"{error}; the notices `{name}` {what}", is_trouble=True))
        self.searches = (*new.searches, *(before[name] for name in new.broken_searches if name in before))
        kept = tuple(former[name] for name in new.broken if name in former)
        return replace(new, sources=(*new.sources, *kept))
