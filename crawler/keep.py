"""Every answer with a body goes into the archive beside the database, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from config import Settings
from crawler.page import Page
from crawler.urls import host
from storage.archive import Archive, Fetched, beside
from storage.connection import MEMORY


@contextmanager
def kept(settings: Settings, database: Path, now: datetime) -> Iterator[Callable[[Page], None]]:
    """What keeps a page, while the archive is open; what is older than the settings allow goes first.

    Nothing is kept with `keep_pages` of 0 and beside a database in memory. Raises StorageError.
    """
    if not settings.keep_pages or database == MEMORY:
        yield lambda page: None
        return
    with Archive(beside(database)) as archive:
        # By whole days, so that a daemon forgets once a day and not a few pages at each pass.
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        archive.prune(day - timedelta(days=settings.keep_pages))
        yield lambda page: _keep(archive, page)


def _keep(archive: Archive, page: Page) -> None:
    if page.body:
        asked, final = page.request.url, page.url
        archive.add(Fetched(asked, final, page.fetched_at, page.status, page.headers, page.body, host(final)))
