"""Every answer with a body goes into the archive beside the database, before anything is made of it.

Before that both files must be free to write: a crawl waits for another process here, where its other requests go on,
and not in the middle of a statement, where they would run out of time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from config import Settings
from crawler.page import Page
from crawler.urls import host
from storage.archive import Archive, Fetched
from storage.connection import MEMORY
from storage.pair import beside
from storage.store import Store
from storage.waiting import is_free

# Seconds between two looks at a file that another process holds locked.
LOOK = 0.5

Sleep = Callable[[float], Awaitable[None]]


@contextmanager
def kept(
    settings: Settings, store: Store, now: datetime, sleep: Sleep, *, prunes: bool = True
) -> Iterator[Callable[[Page], Awaitable[None]]]:
    """What keeps a page, while the archive is open; what is older than the settings allow goes first, if it `prunes`.

    Nothing is kept with `keep_pages` of 0 and beside a database in memory. Raises StorageError.
    """
    if not settings.keep_pages or store.path == MEMORY:
        yield lambda page: free(store, sleep)
        return
    with Archive(beside(store.path), patience=store.patience) as archive:
        # By whole days, so that a daemon forgets once a day and not a few pages at each pass.
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if prunes:
            archive.prune(day - timedelta(days=settings.keep_pages))

        async def keep(page: Page) -> None:
            await free(store, sleep)
            while not archive.is_free():
                await sleep(LOOK)
            _keep(archive, page)

        yield keep


async def free(store: Store, sleep: Sleep) -> None:
    """Wait until the database can be written, as long as its patience lasts. Raises DatabaseLocked after that."""
    while not is_free(store.db.conn, store.path, store.patience):
        await sleep(LOOK)


def _keep(archive: Archive, page: Page) -> None:
    if page.body:
        asked, final = page.request.url, page.url
        archive.add(Fetched(asked, final, page.fetched_at, page.status, page.headers, page.body, host(final)))
