"""`kuaixun fleet status`, `retry` and `drop`: how the fleet stands, and what becomes of what it has given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from crawler.console import NOTHING, Failure, print_json, screen_width
from crawler.screen import counted, span, table

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
            click.echo(_text(found))
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


def _text(found: Mapping[str, Any]) -> str:
    """A table for each kind of thing, cut, and what is wrong in the last lines."""
    told = []
    for name, rows in found.items():
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            cells = [[row.get(key) for key in rows[0]] for row in rows[:SHOWN]]
            more = f"\n... and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
            told.append(table([name, *list(rows[0])[1:]], cells, width=screen_width()) + more)
    oldest = f"the oldest has waited {span(timedelta(seconds=found['oldest']))}" if found["queue"] else "nothing waits"
    told.append(f"{oldest}; {counted(found['retries'], 'job')} tried again")
    return "\n\n".join([*told, "\n".join(found["wrong"]) or "all is well"])
