"""`kuaixun archive`: the pages as they were fetched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from config import Config
from crawler.commands import _import
from crawler.console import NOTHING, STORAGE, Failure, Moment, as_of_option, configured, live, print_json, tidy
from crawler.screen import counted, plain, table

if TYPE_CHECKING:
    from storage.archive import Archive, Kept


@click.group()
def command() -> None:
    """Look into the archive of pages, write and read WARC files.

    Every page that a crawl fetches is kept, compressed, in a file beside the database.

    \b
    Example:
      kuaixun archive list --limit 5
      kuaixun archive show http://news.example/2026/1.html > page.html
      kuaixun archive export pages.warc.gz
      kuaixun archive import others.warc.gz
    """


command.add_command(_import.command)


@command.command("list")
@configured
@click.option("--url", default="", help="Only this address.")
@click.option("--since", type=Moment(), metavar="TIME", help="Only what was fetched since then: ISO 8601 with zone.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many, the last ones.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with the headers.")
def listing(
    setup: Config, *, url: str, since: datetime | None, limit: int, as_of: datetime | None, as_json: bool
) -> None:
    """What was fetched, the last first."""
    with _open(setup) as archive:
        pages = list(archive.pages(url=url, since=since, until=as_of, last=limit))
        count, fetched, kept = (0, 0, 0) if as_json else archive.sizes(until=as_of)
    if not pages:
        raise Failure("the archive holds no such page", NOTHING)
    if as_json:
        print_json({**page._asdict(), "at": page.at.isoformat()} for page in pages)
        return
    rows = [(page.id, f"{page.at.astimezone():%Y-%m-%d %H:%M}", page.status, plain(page.url)) for page in pages]
    click.echo(table(["page", "fetched", "status", "address"], rows))
    share = f", {fetched / kept:.1f} times smaller than fetched" if kept else ""
    click.echo(f"{counted(count, 'page')} in all, {kept:,} bytes{share}")


@command.command("show")
@configured
@click.argument("page", metavar="PAGE|URL")
@as_of_option
def show(setup: Config, *, page: str, as_of: datetime | None) -> None:
    """The body of one page, by its number or by its address (then the last one), as bytes on stdout."""
    with _open(setup) as archive:
        found = _number(archive, page, as_of)
        try:
            body = archive.body(found)
        except KeyError as error:
            raise Failure(f"the archive holds no page `{page}`", NOTHING) from error
        except ValueError as error:
            raise Failure(f"{archive.path}: page {found} is damaged: {error}", STORAGE) from error
    sys.stdout.buffer.write(body)


def _number(archive: Archive, page: str, as_of: datetime | None) -> int:
    """The number of the page that a number or an address names; 0 where there is none."""
    if not page.isdecimal():
        return next((one.id for one in archive.pages(url=page, until=as_of, last=1)), 0)
    number = min(int(page[:19]), 2**63 - 1)
    found = next(archive.pages(after=number - 1, until=as_of), None) if number else None
    return number if found and found.id == number else 0


@command.command("export")
@configured
@click.argument("out", metavar="OUT.warc.gz", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--url", default="", help="Only this address.")
@click.option("--since", type=Moment(), metavar="TIME", help="Only what was fetched since then: ISO 8601 with zone.")
@click.option("--latest", is_flag=True, help="Of each address only the last.")
@as_of_option
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def export(
    setup: Config,
    *,
    out: Path,
    url: str,
    since: datetime | None,
    latest: bool,
    as_of: datetime | None,
    quiet: bool,
) -> None:
    """Write pages as a WARC/1.1 file, each record compressed for itself.

    OUT `-` is stdout; a file gets its name only when it is complete.

    \b
    Example:
      kuaixun archive export pages.warc.gz --since 2026-03-01T00:00+08:00
      kuaixun archive export - --latest > pages.warc.gz
    """
    from storage.exporters import written
    from storage.warc import write

    with tidy(), _open(setup) as archive, live(quiet=quiet) as line:

        def left_out(page: Kept, error: ValueError) -> None:
            line.line(f"{archive.path}: page {page.id} ({page.url}) is damaged and left out: {error}")

        def told(done: int) -> None:
            line.show(lambda: f"{done:,} pages written")

        pages = archive.pages(url=url, since=since, until=as_of, latest=latest)

        def fill(file: BinaryIO) -> int:
            return write(file, archive, pages, damaged=left_out, told=told)

        is_stdout = str(out) == "-"
        done = fill(sys.stdout.buffer) if is_stdout else written(out, fill)
    if not (quiet or is_stdout):
        click.echo(f"Wrote {counted(done, 'page')} to {out}.", err=True)


@contextmanager
def _open(setup: Config) -> Iterator[Archive]:
    from storage.archive import Archive
    from storage.pair import beside

    path = beside(setup.settings.database)
    if not path.exists():
        raise Failure(f"{path}: there is no archive yet; a crawl writes it (`keep_pages` in the settings)", STORAGE)
    with Archive(path, readonly=True) as archive:
        yield archive
