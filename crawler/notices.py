"""The notices of saved searches: what came in is looked through, and put into the outbox as what will be said of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from config import Search
from crawler.payload import payload
from storage import notices, outbox, query
from storage.connection import MEMORY
from storage.exporters._files import locked
from storage.store import Store

Clock = Callable[[], datetime]
Still = Callable[[], None]


@dataclass(slots=True)
class Round:
    """What came of a round: notices found, sent, tried in vain; what is wrong, by search; where something came.

    `slow` are the searches whose SQL took too long.
    """

    found: int = 0
    sent: int = 0
    failed: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    arrived: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)


def wish(search: Search) -> notices.Wish:
    """What a search finds."""
    return notices.Wish(search.search, search.where, search.ads, search.max_age)


def begin(store: Store, searches: Sequence[Search], clock: Clock) -> None:
    """Look for those that are new from now on. Raises StorageError."""
    for name in {search.name for search in searches} - notices.known(store):
        notices.begin(store, name, clock())


def collect(store: Store, searches: Sequence[Search], clock: Clock, still: Still = lambda: None) -> Round:
    """Put the notices of what came in since into the outbox. A search that is new begins now. Raises StorageError."""
    done, wishes = Round(), {search.name: wish(search) for search in searches}
    begin(store, searches, clock)
    more, well = bool(wishes), dict(wishes)
    while more:
        put, more, errors, slow = notices.look(store, well, clock())
        done.found += put
        done.errors |= errors
        done.slow |= slow
        well = {name: each for name, each in well.items() if name not in errors}
        still()
    for name in wishes:
        outbox.wrong(store, name, done.errors.get(name), clock())
    return done


def is_pending(store: Store, searches: Sequence[Search], now: datetime, resting: Collection[str] = ()) -> bool:
    """Whether there is anything to look through, but for the searches that rest, or to send."""
    names = {search.name for search in searches}
    if names - notices.known(store) or notices.is_behind(store, names.difference(resting)):
        return True
    return any(outbox.due(store, name, now, 1) for name in names)


def sending(path: Path) -> AbstractContextManager[None]:
    """One process at a time sends the notices of a database. Raises StorageError while another does."""
    if path == MEMORY:
        return nullcontext()
    place = path.resolve()
    return locked(place.with_name(f".{place.name}.notices.lock"), "Another process is sending notices.")


def notice_of(store: Store, search: Search, article_id: int, key: str, found_at: datetime) -> dict[str, Any]:
    """What a notice says of an article, as it is now."""
    article = query.article(store.db, str(article_id))
    assert article
    cursor = store.db.conn.execute("SELECT key, copies, sites FROM stories WHERE id = ?", (article["story_id"],))
    story = dict(zip(("key", "copies", "sites"), cursor.fetchone(), strict=True))
    return payload(article, story, name=search.name, words=search.search, key=key, found_at=found_at)
