"""`kuaixun check`: is the database sound, and does the configuration mean something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

import click

from config import Config
from crawler.commands._state import drifted, wrong_clock
from crawler.console import NOTHING, configured, live, reading, tidy
from crawler.screen import counted

if TYPE_CHECKING:
    from storage.sqlite import Database


@click.command()
@configured
@click.option("--repair", is_flag=True, help="Make anew what is derived: search index, keys, counts of stories.")
def command(setup: Config, *, repair: bool) -> int:
    """Check the database, its archive, and the selectors of the sources.

    Of the database: the file, its references, times and counts, every text against its key and the search index; of
    the archive: the file, every page against its hash, and that every answer which was stored has its page there.
    What is derived `--repair` makes anew, in one transaction; then all is checked again. What is not is named: only a
    backup may have it. The exit code is 0 when all is well, and 1 when something is wrong.
    Sites whose claimed times run hours ahead or behind, or whose pages stopped to yield what they did, are noted; that
    is no fault of the database.

    \b
    Example:
      kuaixun check
      kuaixun check --repair
    """
    from storage.clocks import faults
    from storage.drifts import drifts

    if repair:
        _repair(setup)
    found = 0
    with reading(setup) as db, live() as line:
        # One moment of the database, whoever writes meanwhile.
        db.execute("BEGIN")

        def told(text: str) -> None:
            line.show(lambda: text)

        clocks = (f"note: {wrong_clock(fault)}" for fault in faults(db))
        changed = (f"note: {drifted(drift)}" for drift in drifts(db))
        for said in chain(_selectors(setup), _database(db, told), _archive(setup, db, told), clocks, changed):
            line.clear()
            click.echo(said)
            found += not said.startswith("note: ")
    click.echo(f"{setup.settings.database}: {f'{found} found' if found else 'no problem found'}")
    return NOTHING if found else 0


def _repair(setup: Config) -> None:
    """Make anew what can be made anew."""
    from storage import MissingDatabase, open_store
    from storage.check import damage, repair
    from storage.errors import translated
    from storage.waiting import transaction

    file = setup.settings.database
    if not file.exists():
        raise MissingDatabase(file)
    with tidy(), open_store(file) as store, live() as line, translated(file, reading=True):

        def told(text: str) -> None:
            line.show(lambda: text)

        if damage(store.db.conn, told):
            line.clear()
            click.echo(f"{file}: the file itself is damaged, so nothing was made anew: restore a copy")
            return
        with transaction(store.db.conn, file):
            done = repair(store.db.conn, told)
    click.echo(f"{file}: {counted(done, 'article')} indexed anew")


def _database(db: Database, told: Callable[[str], None]) -> Iterator[str]:
    from storage.check import problems

    yield from map(str, problems(db, told))


def _archive(setup: Config, db: Database, told: Callable[[str], None]) -> Iterator[str]:
    """Pages of the archive that are not what was put in, and answers whose page is not there."""
    from crawler.fetch import utc_now
    from storage.archive import Archive
    from storage.audit import archive_problems, pages, stored
    from storage.pair import beside

    path, keep = beside(setup.settings.database), setup.settings.keep_pages
    if not path.exists():
        if keep and (lost := stored(db, utc_now() - timedelta(days=keep))):
            yield f"archive: there is none at {path}, and {lost:,} answers were stored; a backup may have it"
        elif keep:
            yield f"note: there is no archive of pages at {path}; the next crawl begins one"
        return
    yield from map(str, archive_problems(path, told))
    with Archive(path, readonly=True) as archive:
        for done, number, problem in archive.verified():
            told(f"{done:,} pages of the archive verified")
            if problem:
                yield f"archive: {path}: body {number}: {problem}"
    if not keep:
        return
    held = pages(db, path, utc_now() - timedelta(days=keep), told)
    if held.missing:
        yield (
            f"archive: {held.missing:,} of {held.seen:,} answers that were stored have no page in it, {held.example} "
            "among them: stored while `keep_pages` was 0, or the archive lost them; a backup may have them"
        )
    if held.unread:
        yield (
            f"archive: {held.unread:,} articles were read from a page that it does not have: it is damaged, or that of "
            "another database; a backup may have it"
        )
    if held.before:
        yield f"note: {held.before:,} answers are older than the archive, which begins {held.first[:16]}Z"


def _selectors(setup: Config) -> Iterator[str]:
    """Selectors that cannot be read, and fields that do not exist."""
    from crawler.reading import unusable

    for source in setup.sources:
        for key, problem in unusable(source):
            yield f"source {source.name}: `{key}` {problem}"
