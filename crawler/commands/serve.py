"""`kuaixun serve`: pages to look at, in a browser."""

from __future__ import annotations

import ipaddress
import re
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from config import Config
from crawler.console import USAGE, Failure, as_of_option, configured, now, reading, tidy

if TYPE_CHECKING:
    import uvicorn

PATIENCE = 3  # seconds that a page which is being made is waited for at the end


@click.command()
@configured
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0: any that is free.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="Answer under this name too; may be repeated.")
@click.option("--open", "browse", is_flag=True, help="Open it in the browser.")
@as_of_option
def command(
    setup: Config, *, host: str, port: int, names: tuple[str, ...], browse: bool, as_of: datetime | None
) -> None:
    """Show what is stored as pages: news, stories, articles, sources.

    Nothing is written, and the daemon may write meanwhile. The tables and a console for SQL are there too. It answers
    under localhost and the address that it listens on, with 0.0.0.0 under any that is a number; every other name, of a
    machine or of a proxy before it, takes a --name. There is no password: whoever reaches the port reads the database.
    SIGTERM ends it well, with 0. With --as-of the pages show nothing that was not known then;
    the tables show the present.

    \b
    Example:
      kuaixun serve
      kuaixun serve --port 8080 --open
      kuaixun serve --host 0.0.0.0 --name news.example
    """
    if not host:
        raise click.BadParameter("it is empty; 0.0.0.0 is every address of this machine", param_hint="--host")
    others = frozenset(map(_named, names))
    with reading(setup, as_of):
        pass  # it is there, and ours
    try:
        import uvicorn

        from crawler.web.gate import LOCAL
        from crawler.web.plugin import served
    except ImportError as error:
        from storage.errors import MissingExtra

        raise MissingExtra("`serve` needs Datasette", "serve") from error
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Failure(f"{host}:{port}: cannot be listened on: {error.strerror}; try another --port", USAGE) from error
    with listening, tidy():
        shown = f"[{host}]" if ":" in host else host
        made = served(setup, now, as_of=as_of, hosts=LOCAL | {shown.lower()} | others)
        # What listens on every address is found at one of them.
        reached = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(shown, shown)
        address = f"http://{reached}:{listening.getsockname()[1]}/"

        def ready() -> None:
            click.echo(f"{setup.settings.database}: {address}  (Ctrl-C ends it)")
            if not _is_inside(host):
                told = f"there is no password: whoever reaches {shown} reads all of the database"
                click.echo(f"kuaixun: {told}", err=True)
            if browse:
                webbrowser.open(address)

        try:
            _run(
                uvicorn.Config(
                    made.app(), log_level="warning", lifespan="on", ws="none", timeout_graceful_shutdown=PATIENCE
                ),
                listening,
                ready,
            )
        finally:
            made.close()


def _is_inside(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run(setup: uvicorn.Config, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C, which goes on as a KeyboardInterrupt, or SIGTERM: that is how a service is meant to end.

    `ready` is called when both are heard: what comes while the server starts may be lost in it.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    # The server raises again what ended it, for whoever heard it before.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Server(setup).run(sockets=[listening])


def _named(name: str) -> str:
    """A host as a browser names it. Raises BadParameter for what no browser would."""
    plain = name.strip().removesuffix(".").lower()
    try:
        told = plain.encode("idna").decode("ascii")
    except UnicodeError:
        told = ""
    if not re.fullmatch(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", told):
        raise click.BadParameter(f"`{name}` is no name of a host; write it alone, as news.example", param_hint="--name")
    return told
