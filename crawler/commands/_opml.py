"""Sources from the subscriptions of a feed reader, and back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from config import FILE, Config, Source, settings_template, sites
from crawler.console import NOTHING, STORAGE, USAGE, Failure, configured
from crawler.screen import counted, plain


@click.command("import")
@configured
@click.argument("file", metavar="FILE.opml", type=click.Path(path_type=Path, dir_okay=False))
def take(setup: Config, *, file: Path) -> None:
    """Write a source for each site of an OPML file.

    Feeds of one host become one source, sites/NAME.toml. What is configured already is left as it is. Nothing is asked
    for: `kuaixun crawl` does that.

    \b
    Example:
      kuaixun source import subscriptions.opml
    """
    from crawler import opml
    from crawler.frontier import Owners

    try:
        outlines = opml.parse(file.read_bytes())
    except FileNotFoundError:
        raise click.UsageError(f"{file}: there is no such file", click.get_current_context()) from None
    except opml.OpmlError as error:
        raise Failure(f"{file}: {error}", STORAGE) from error
    owners, names, written = Owners(setup.sources), {source.name for source in setup.sources}, 0
    for title, seeds in opml.sources(outlines):
        owner = next(filter(None, map(owners.of, seeds)), None)
        name = _free(sites.name_of(title) or "source", names)
        if owner:
            click.echo(f"left out: {plain(title)}, whose host is that of the source `{owner.name}`", err=True)
            continue
        names.add(name)
        path = sites.folder(setup.file) / f"{name}.toml"
        sites.write(path, sites.render(Source(name, seeds), {"": [f"Taken over from {file.name}."]}))
        click.echo(f"Wrote {path}: {counted(len(seeds), 'seed')}")
        written += 1
    if not outlines:
        raise Failure(f"{file}: holds no address of a feed or page", NOTHING)
    main = setup.file or Path(FILE)
    if written and not main.exists():
        sites.write(main, settings_template())
        click.echo(f"Wrote {main} too; put your address into `contact`.", err=True)
    click.echo(f"{counted(written, 'new source')} of {counted(len(outlines), 'subscription')}.")


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


@click.command("export")
@configured
@click.argument("file", metavar="FILE.opml", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def give(setup: Config, *, file: Path, force: bool) -> None:
    """Write the seeds of all sources as OPML.

    Feed readers take it, and so does `import`. `-` is stdout.

    \b
    Example:
      kuaixun source export subscriptions.opml
    """
    from crawler import opml

    if not setup.sources:
        raise Failure("there is no source yet; `kuaixun source add URL` makes one", NOTHING)
    text = opml.render(setup.sources)
    if str(file) == "-":
        sys.stdout.buffer.write(text)
        return
    if file.exists() and not force:
        raise Failure(f"{file}: is there already; --force writes over it", USAGE)
    file.write_bytes(text)
    click.echo(f"Wrote {counted(sum(len(source.seeds) for source in setup.sources), 'seed')} to {file}.")
