"""`kuaixun backup`: a copy of the database, also while it is written."""

from __future__ import annotations

from pathlib import Path

import click

from config import Config
from crawler.console import STORAGE, Failure, configured, live, tidy


@click.command()
@configured
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def command(setup: Config, *, out: Path, force: bool, quiet: bool) -> None:
    """Copy the database to OUT, and its archive of pages beside it.

    The daemon may go on writing: the copy shows one moment, and its archive has the page of every article in it. Both
    are looked through, and get their names only when they are complete and sound. To restore a copy, stop the daemon
    and put the two files in the place of the others, with no `-wal` and `-shm` of the old ones beside them.

    \b
    Example:
      kuaixun backup /media/disk/kuaixun-2026-03-20.db
      kuaixun check --db /media/disk/kuaixun-2026-03-20.db
    """
    from storage import open_store
    from storage.backup import backup
    from storage.pair import beside, is_archive

    source = setup.settings.database
    if is_archive(out):
        raise Failure(f"{out}: is the name of an archive of pages; choose another, such as {out.stem}.db", STORAGE)
    with open_store(source, readonly=True):
        pass  # it is there, and ours
    pages = beside(source)
    pairs = [(source, out), *([(pages, beside(out))] if pages.exists() else [])]
    if not pages.exists() and beside(out).exists():
        raise Failure(
            f"{beside(out)}: is the archive of another copy, and {source} has none; move it, or choose another OUT",
            STORAGE,
        )
    for file, copy in pairs:
        if copy.is_dir():
            raise Failure(f"{copy}: is a folder", STORAGE)
        if copy.exists() and (not force or copy.resolve() == file.resolve()):
            why = "is the database itself" if copy.resolve() == file.resolve() else "exists; --force writes over it"
            raise Failure(f"{copy}: {why}", STORAGE)
    with tidy(), live(quiet=quiet) as line:
        # The database first: a page is in the archive before what was read from it is in the database.
        sizes = backup(pairs, lambda done, total: line.show(lambda: f"{done:,} of {total:,} pages"))
        if not quiet:
            line.clear()
            for (_, copy), size in zip(pairs, sizes, strict=True):
                click.echo(f"{copy}: {size:,} bytes")
