"""`kuaixun serve`: pages to look at, in a browser."""

from __future__ import annotations

import webbrowser

import click

from config import Config
from crawler.console import USAGE, Failure, configured, now, reading


@click.command()
@configured
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0: any that is free.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="Answer under this name too; may be repeated.")
@click.option("--open", "browse", is_flag=True, help="Open it in the browser.")
def command(setup: Config, *, host: str, port: int, names: tuple[str, ...], browse: bool) -> None:
    """Show what is stored as pages: news, stories, articles, sources.

    Nothing is written, and the daemon may write meanwhile. The tables and a console for SQL are there too. It answers
    under the names of this machine alone; behind a proxy name the one that it is reached by with --name. There is no
    password: whoever reaches the port reads the database.

    \b
    Example:
      kuaixun serve
      kuaixun serve --port 8080 --open
      kuaixun serve --host 0.0.0.0 --name news.example
    """
    with reading(setup):
        pass  # it is there, and ours
    try:
        import uvicorn

        from crawler.web.plugin import served
    except ImportError as error:
        raise Failure("serve needs Datasette: pip install 'kuaixun[serve]'", USAGE) from error
    from crawler.web.plugin import LOCAL

    made = served(setup, now, hosts=LOCAL | {host.lower(), *map(str.lower, names)})
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    click.echo(f"{setup.settings.database}: {address}  (Ctrl-C ends it)")
    if browse:
        webbrowser.open(address)
    uvicorn.run(made.app(), host=host, port=port, log_level="warning", lifespan="on", workers=1)
