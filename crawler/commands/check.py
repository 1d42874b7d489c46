"""`kuaixun check`: is the database sound, and does the configuration mean something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from config import Config
from crawler.console import NOTHING, configured, reading

if TYPE_CHECKING:
    from sqlite_utils import Database

_COUNTS = {
    "search index: articles that are missing in it": """
        SELECT abs((SELECT count(*) FROM articles) - (SELECT count(*) FROM articles_fts_docsize))
    """,
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
def command(setup: Config) -> int:
    """Check the database and the selectors of the sources.

    Of the database: the file, its references, its search index and its counts.

    \b
    Example:
      kuaixun check
    """
    with reading(setup) as db:
        problems = [*_selectors(setup), *_database(db)]
    for problem in problems:
        click.echo(problem)
    click.echo(f"{setup.settings.database}: {'no problem found' if not problems else f'{len(problems)} found'}")
    return NOTHING if problems else 0


def _database(db: Database) -> Iterator[str]:
    for (said,) in db.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield f"file: {said}"
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield f"{table}: row {row} refers to a row of {parent} that is not there"
    for name, sql in _COUNTS.items():
        (number,) = db.execute(sql).fetchone()
        if number:
            yield f"{name}: {number:,}"


def _selectors(setup: Config) -> Iterator[str]:
    """Selectors that cannot be read, and fields that do not exist."""
    from crawler.reading import unusable

    for source in setup.sources:
        for key, problem in unusable(source):
            yield f"source {source.name}: `{key}` {problem}"
