"""`kuaixun serve`: pages to look at, in a browser."""

from __future__ import annotations

import socket
import webbrowser
from datetime import datetime

import click

from config import Config
from crawler.console import USAGE, Failure, as_of_option, configured, now, reading, tidy


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
    under the names of this machine alone; behind a proxy name the one that it is reached by with --name. There is no
    password: whoever reaches the port reads the database. With --as-of the pages show nothing that was not known then;
    the tables show the present.

    \b
    Example:
      kuaixun serve
      kuaixun serve --port 8080 --open
      kuaixun serve --host 0.0.0.0 --name news.example
    """
    with reading(setup, as_of):
        pass  # it is there, and ours
    try:
        import uvicorn

        from crawler.web.plugin import LOCAL, served
    except ImportError as error:
        from storage.errors import MissingExtra

        raise MissingExtra("`serve` needs Datasette", "serve") from error
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Failure(f"{host}:{port}: cannot be listened on: {error.strerror}; try another --port", USAGE) from error
    with listening, tidy():
        shown = f"[{host}]" if ":" in host else host
        made = served(setup, now, as_of=as_of, hosts=LOCAL | {shown.lower(), *map(str.lower, names)})
        address = f"http://{shown}:{listening.getsockname()[1]}/"
        click.echo(f"{setup.settings.database}: {address}  (Ctrl-C ends it)")
        if browse:
            webbrowser.open(address)
        try:
            uvicorn.Server(uvicorn.Config(made.app(), log_level="warning", lifespan="on")).run(sockets=[listening])
        finally:
            made.close()
