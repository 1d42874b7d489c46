"""`kuaixun fleet`: the crawl on several machines, by a queue in PostgreSQL."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config import Config, Settings, fleet_dsn
from crawler.commands import _import, reextract
from crawler.commands._fleet import watching
from crawler.commands._hangups import Hangups
from crawler.commands._voice import Outputs
from crawler.commands.crawl import configured_sources, one_pass, usable
from crawler.commands.run import daemon, steady
from crawler.console import CONFIG, USAGE, Failure, configured

if TYPE_CHECKING:
    from crawler.fetch import Fetcher
    from crawler.fleet.engine import Queue


@click.group()
def command() -> None:
    """Crawl with several machines, by a queue in PostgreSQL.

    One collects and stores, any number fetches and reads. The address of the queue is in $KUAIXUN_FLEET_DSN, or in a
    file that $KUAIXUN_FLEET_DSN_FILE names; a password is never on a command line. The database is that of
    `kuaixun run`, which can go on with it at any time. docs/fleet.md says when this is worth it.

    \b
    Example:
      export KUAIXUN_FLEET_DSN=postgresql://crawler@db.example/crawl
      kuaixun fleet init
      kuaixun fleet worker
      kuaixun fleet collect
    """


def _queue(dsn: str = "") -> Callable[[], Queue]:
    """What opens the queue. Raises ConfigError and Failure."""
    try:
        from crawler.fleet.engine import Queue
    except ImportError:
        raise Failure("the fleet needs procrastinate and psycopg: pip install 'kuaixun[fleet]'", CONFIG) from None
    return functools.partial(Queue, dsn or fleet_dsn())


def _refuse_lasting(queue: Callable[[], Queue], path: Path | None = None) -> None:
    """Raises QueueError where waiting for the queue does not help; a server that is away may come.

    With the `path` of a database also where another is collected into.
    """
    import asyncio

    from crawler.fleet.line import QueueError
    from crawler.fleet.remote import refuse_second

    async def check() -> None:
        async with queue() as opened:
            await opened.check()
            if path:
                await refuse_second(opened, path)

    try:
        asyncio.run(check())
    except QueueError as error:
        if error.lasting:
            raise


def _told(text: str) -> None:
    with suppress(OSError):  # a terminal that is gone, or a full disk, must not end what can go on without
        click.echo(f"kuaixun: {text}", err=True)


@command.command()
@click.argument("dsn", required=False)
@click.option("--again", is_flag=True, help="Make a queue that is there already anew; all that waits in it is dropped.")
def init(*, dsn: str | None, again: bool) -> None:
    """Set the queue up, in a schema `kuaixun` of its own.

    DSN, in place of that of the environment, must hold no password; ~/.pgpass may.

    What is dropped with --again is due in the database of the collector, and asked for again.

    \b
    Example:
      kuaixun fleet init
      kuaixun fleet init --again
    """
    import asyncio

    queue = _queue(dsn or "")
    from crawler.fleet.line import has_password

    if dsn and has_password(dsn):
        raise Failure("the DSN must hold no password on a command line; put it into $KUAIXUN_FLEET_DSN", USAGE)

    async def make() -> None:
        async with queue() as opened:
            await opened.make(again=again)

    asyncio.run(make())
    click.echo("The queue is set up: `kuaixun fleet worker` on any machine, `kuaixun fleet collect` on one.")


@command.command()
@configured
@click.option("--concurrency", type=click.IntRange(1, 10_000), default=64, show_default=True, help="Jobs at once.")
@click.option("--name", default="", help="What `fleet status` calls it; else machine and process.")
def worker(setup: Config, *, concurrency: int, name: str) -> None:
    """Fetch and read pages for the collector, until Ctrl-C or SIGTERM.

    Settings and sources come from the collector; of those here only `proxy` counts. A job lasts as long as its host is
    left alone afterwards, so --concurrency is the number of hosts that one worker looks after at a time.

    \b
    Example:
      kuaixun fleet worker
      kuaixun fleet worker --concurrency 500 --name exit-2
    """
    import asyncio
    import os
    import socket

    queue = _queue()
    from crawler.fleet.engine import ENDING
    from crawler.fleet.worker import work
    from crawler.signals import signals

    async def until_stopped() -> None:
        async with signals(asyncio.Event()) as stop:
            called = name or f"{socket.gethostname()}:{os.getpid()}"
            click.echo(f"Working as {called}; Ctrl-C stops.", err=True)
            job = asyncio.create_task(work(queue, setup.settings, called, concurrency, _told))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({job, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if job.done():
                job.result()
            job.cancel()
            await asyncio.wait({job}, timeout=2.5 * ENDING)
            with suppress(OSError):
                click.echo("Stopped; what was under way is done by others.", err=True)
            if not job.done():  # it waits for a PostgreSQL that is silent; nothing here is worth that
                os._exit(0)

    asyncio.run(until_stopped())


@command.command()
@steady
@functools.partial(configured, says=False)
@click.option("--once", is_flag=True, help="One pass over what is due, as `kuaixun crawl`.")
@click.option("--force", is_flag=True, help="With --once: ask lists and feeds now, whether they are due or not.")
@click.option("--json", "to_json", is_flag=True, help="Every event as one JSON object a line, and the sums of a pass.")
@click.option("--log", type=click.Choice(["json"]), help="On stderr one JSON object a line, for a journal.")
@click.option("--quiet", is_flag=True, help="No progress, no sums; trouble is still said.")
def collect(
    setup: Config,
    *,
    outputs: Outputs,
    hup: Hangups,
    once: bool,
    force: bool,
    to_json: bool,
    log: str | None,
    quiet: bool,
) -> int:
    """Own the database: hand out what is due, take what workers bring, and store it. One at a time.

    It is `kuaixun run` in every other respect: the same configuration, chores, notices and signals. While PostgreSQL
    cannot be reached, requests wait.

    \b
    Example:
      kuaixun fleet collect
      kuaixun fleet collect --once --json
    """
    queue = _queue()
    _refuse_lasting(queue, setup.settings.database)
    from crawler.fleet.remote import Remote

    def fleet(told: Callable[[str], None], numbers: dict[str, int]) -> Callable[[Settings], Fetcher]:
        return lambda settings: Remote(settings, queue, told, numbers)

    if not once:
        daemon(setup, outputs=outputs, hup=hup, to_json=to_json, log=log, quiet=quiet, fleet=fleet)
        return 0
    setup = usable(setup)
    connect = fleet(_told, {})
    chosen = configured_sources(setup, ())
    return one_pass(setup, chosen, force=force, is_named=False, to_json=to_json, quiet=quiet, fetcher=connect)


def _by_workers(name: str, here: click.Command, text: str) -> None:
    """The command whose pages are read on this machine as one whose pages are read by the workers of the fleet."""

    def callback(**options: Any) -> Any:
        queue = _queue()
        _refuse_lasting(queue)
        from crawler.fleet.crew import Crew

        assert here.callback
        return here.callback(workers=0, pool=functools.partial(Crew, queue, _told), **options)

    options = [option for option in here.params if option.name != "workers"]
    command.add_command(click.Command(name, params=options, callback=callback, help=text))


_by_workers(
    "import",
    _import.command,
    """Read the pages of WARC files as `kuaixun archive import` does, by the workers of the fleet.

    This machine reads the files and writes the database, one such command at a time; what comes of it is the same.

    \b
    Example:
      kuaixun fleet import old/*.warc.gz
    """,
)
_by_workers(
    "reextract",
    reextract.command,
    """Read the archived pages again as `kuaixun reextract` does, by the workers of the fleet.

    Articles of several pages are read on this machine, which has the archive.

    \b
    Example:
      kuaixun fleet reextract
      kuaixun fleet reextract --apply
    """,
)
for each in watching(_queue):
    command.add_command(each)
