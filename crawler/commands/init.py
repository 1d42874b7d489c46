"""`kuaixun init`: a commented configuration to start from."""

from __future__ import annotations

from pathlib import Path

import click

import config
from crawler.console import STORAGE, Failure


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Write a commented kuaixun.toml with a first source.

    A file that is already there stays as it is.

    \b
    Example:
      kuaixun init news
    """
    file = folder / config.TEMPLATE.name
    if file.exists():
        raise Failure(f"{file}: is already there and was not changed", STORAGE)
    folder.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as out:
        out.write(config.TEMPLATE.read_text(encoding="utf-8"))
    where = "" if folder == Path() else f" --config {file}"
    click.echo(f"Wrote {file}. Put your address into `contact`, then: kuaixun crawl{where}")
