"""`kuaixun fleet status`, `retry` and `drop`: how the fleet stands, and what becomes of what it has given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from crawler.console import NOTHING, Failure, print_json, screen_width
from crawler.screen import counted, moment, span, table

if TYPE_CHECKING:
    from crawler.fleet.engine import Queue

SHOWN = 20  # rows of a table


def watching(opening: Callable[[], Callable[[], Queue]]) -> Iterator[click.Command]:
    """The commands, for the queue that `opening` gives."""

    @click.command()
    @click.option("--json", "as_json", is_flag=True, help="One JSON object, with all of it.")
    def status(*, as_json: bool) -> int:
        """Show who works, what waits, and what was given up.

        The exit code is 0 when all is well, and 1 when something is wrong, which the last lines say: no collector, no
        worker, one of another version, addresses that were given up.

        \b
        Example:
          kuaixun fleet status
          kuaixun fleet status --json
        """
        from crawler.fleet.watch import state

        found = _done(opening(), state)
        if as_json:
            print_json([found])
        else:
            click.echo("\n\n".join(_parts(found)))
        return NOTHING if found["wrong"] else 0

    yield status
    for name, done, text in (
        ("retry", "asked again", "Ask again for addresses that were given up, because workers died over them."),
        ("drop", "forgotten", "Forget what was given up; the crawl asks for it in its own time."),
    ):
        yield _settling(opening, name, done, text)


def _settling(opening: Callable[[], Callable[[], Queue]], name: str, done: str, text: str) -> click.Command:
    @click.command(name, help=f"{text}\n\n\b\nExample:\n  kuaixun fleet {name} --all")
    @click.argument("addresses", metavar="[ADDRESS...]", nargs=-1)
    @click.option("--all", "everything", is_flag=True, help="All of them.")
    def command(*, addresses: tuple[str, ...], everything: bool) -> None:
        from crawler.fleet.watch import settle

        if bool(addresses) == everything:
            raise click.UsageError("name addresses, or give --all")
        chosen = None if everything else addresses
        if not (number := _done(opening(), lambda queue: settle(queue, chosen, again=name == "retry"))):
            raise Failure("nothing of that was given up", NOTHING)
        click.echo(f"{counted(number, 'address', 'addresses')}: {done}.")

    return command


def _done(queue: Callable[[], Queue], step: Callable[[Queue], Any]) -> Any:
    import asyncio

    async def do() -> Any:
        async with queue() as opened:
            await opened.check()
            return await step(opened)

    return asyncio.run(do())


def _parts(found: dict[str, Any]) -> Iterator[str]:
    collector = found["collector"]
    if collector:
        heard = f"heard of {_span(collector['silent'])} ago"
        yield f"collector of version {collector['version']}, {heard}; it waits for {collector['waiting']:,} requests"
    if found["workers"]:
        yield _table(
            ["worker", "", "version", "pages", "a minute", "at once"],
            [
                [
                    one["name"],
                    f"heard of {_span(one['silent'])} ago",
                    *(one[name] for name in ("version", "pages", "per_minute", "jobs")),
                ]
                for one in found["workers"]
            ],
        )
    for one in found["crews"]:
        yield f"{one['name']} reads archives; heard of {_span(one['silent'])} ago"
    if found["queue"]:
        yield _table(
            ["host", "kind", "waiting", "under way", "retries"],
            [[row[name] for name in ("host", "kind", "waiting", "under_way", "retries")] for row in found["queue"]],
        )
    oldest = f"the oldest has waited for {_span(found['oldest'])}" if found["oldest"] is not None else "nothing waits"
    yield f"{oldest}; {counted(found['retries'], 'job')} tried again"
    if found["dead"]:
        rows = [[one["url"], one["reason"], moment(one["at"])] for one in found["dead"]]
        yield _table(["given up", "reason", "at"], rows)
    yield "\n".join(found["wrong"]) or "all is well"


def _span(seconds: int) -> str:
    return span(timedelta(seconds=seconds))


def _table(head: list[str], rows: list[list[Any]]) -> str:
    more = f"\n... and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    return table(head, rows[:SHOWN], width=screen_width()) + more
