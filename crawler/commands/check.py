"""`kuaixun check`: is the database sound, and does the configuration mean something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from config import Config
from crawler.commands._state import wrong_clock
from crawler.console import NOTHING, configured, live, reading

if TYPE_CHECKING:
    from sqlite_utils import Database

_COUNTS = {
    "stories: wrong number of copies": """
        SELECT count(*) FROM stories
        WHERE copies != (SELECT count(*) FROM articles WHERE story_id = stories.id AND copy_of IS NOT NULL)
    """,
    "articles: without an address": """
        SELECT count(*) FROM articles WHERE id NOT IN (SELECT article_id FROM article_urls)
    """,
}


@click.command()
@configured
@click.option("--repair", is_flag=True, help="Make anew what is derived: the search index and the counts of stories.")
def command(setup: Config, *, repair: bool) -> int:
    """Check the database and the selectors of the sources.

    Of the database: the file, its references, its search index and its counts; of the archive: every page against its
    hash. What is derived from the articles `--repair` makes anew. Sites whose claimed times run hours ahead or behind
    are noted; that is no fault of the database.

    \b
    Example:
      kuaixun check
      kuaixun check --repair
    """
    from storage.clocks import faults

    if repair:
        _repair(setup)
    with reading(setup) as db:
        problems = [*_selectors(setup), *_database(db), *_archive(setup)]
        clocks = list(map(wrong_clock, faults(db)))
    for line in (*problems, *(f"note: {clock}" for clock in clocks)):
        click.echo(line)
    click.echo(f"{setup.settings.database}: {'no problem found' if not problems else f'{len(problems)} found'}")
    return NOTHING if problems else 0


def _repair(setup: Config) -> None:
    """Make the search index and the counts of the stories anew."""
    from storage import MissingDatabase, open_store
    from storage.errors import translated
    from storage.reindex import repair

    file = setup.settings.database
    if not file.exists():
        raise MissingDatabase(file)
    with open_store(file) as store, translated(file), live() as line:
        done = repair(store.db, lambda count: line.show(lambda: f"{count:,} articles indexed anew"))
    click.echo(f"{file}: {done:,} articles indexed anew")


def _database(db: Database) -> Iterator[str]:
    from storage.reindex import differing

    for (said,) in db.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield f"file: {said}"
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield f"{table}: row {row} refers to a row of {parent} that is not there"
    stale = sum(1 for _ in differing(db.conn))
    if stale:
        yield f"search index: articles that it lacks or holds otherwise: {stale:,}; --repair makes it anew"
    for name, sql in _COUNTS.items():
        (number,) = db.execute(sql).fetchone()
        if number:
            yield f"{name}: {number:,}"


def _archive(setup: Config) -> Iterator[str]:
    """Pages of the archive that are not what was put in."""
    from storage.archive import Archive, beside

    path = beside(setup.settings.database)
    if path.exists():
        with Archive(path, readonly=True) as archive, live() as line:
            for done, number, problem in archive.verified():
                line.show(f"{done:,} pages of the archive verified".format)
                if problem:
                    yield f"archive: {path}: body {number}: {problem}"


def _selectors(setup: Config) -> Iterator[str]:
    """Selectors that cannot be read, and fields that do not exist."""
    from crawler.reading import unusable

    for source in setup.sources:
        for key, problem in unusable(source):
            yield f"source {source.name}: `{key}` {problem}"
