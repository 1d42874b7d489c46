"""`kuaixun datasette`: what Datasette is to know of the database."""

from __future__ import annotations

import json
from pathlib import Path

import click

from config import Config
from crawler.console import configured, reading


@click.command()
@configured
@click.argument("out", metavar="[OUT.json]", required=False, type=click.Path(path_type=Path, dir_okay=False))
def command(setup: Config, *, out: Path | None) -> None:
    """Write the metadata with which Datasette shows the database.

    What tables and columns mean, what to sort and filter by, full-text search, and queries to begin with: a search for
    Chinese of any length among them. Without OUT.json it is printed. Datasette itself is not a part of kuaixun:
    `pip install 'kuaixun[serve]'`.

    \b
    Example:
      kuaixun datasette metadata.json
      datasette kuaixun.db -m metadata.json
    """
    from storage.datasette import metadata
    from storage.exporters import written

    with reading(setup):
        pass  # it is there, and ours
    file = setup.settings.database
    text = json.dumps(metadata(file.stem), ensure_ascii=False, indent=1) + "\n"
    if out is None:
        click.echo(text, nl=False)
        return
    written(out, lambda stream: stream.write(text.encode()))
    click.echo(f"Wrote {out}. Now: datasette {file} -m {out}")
