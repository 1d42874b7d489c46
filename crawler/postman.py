"""The notices in the daemon: every few seconds a look whether there are any, and if so a thread that sees to them.

What is slow, the network above all, happens in that thread, with a connection of its own; the crawl goes on beside it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event as Flag

from config import Search
from crawler.ask import Clock
from crawler.chores import Stopped
from crawler.delivery import BATCH, Delivery
from crawler.notices import Round, Still, begin, collect, is_pending, sending
from crawler.screen import counted
from crawler.tally import Notice
from crawler.upkeep import Means
from storage import StorageError, open_store
from storage.connection import MEMORY
from storage.store import Store
from storage.waiting import LONG, Patience

# Seconds between two looks, and those that what is under way has to end when the daemon does.
EVERY, FAREWELL = 10.0, 8.0
NAME = "notices"
# A search whose SQL took too long is looked through again after so long, or when it is another.
REST = timedelta(minutes=10)


@dataclass(slots=True)
class Postman:
    """Sees to the notices of a daemon. Whatever fails is said once, and tried again."""

    store: Store
    clock: Clock
    means: Means
    base: Path
    every: float = EVERY
    _over: Flag = field(default_factory=Flag)
    _said: dict[str, str] = field(default_factory=dict)
    _slow: dict[str, tuple[Search, datetime]] = field(default_factory=dict)

    def begin(self) -> None:
        """Look for new searches from now on: what the first pass brings is news for them."""
        if self.means.searches is not None:
            with suppress(StorageError):  # locked: then they begin later
                begin(self.store, _enabled(self.means.searches()), self.clock)

    async def live(self) -> None:
        """Look again and again, until this is cancelled."""
        if self.store.path == MEMORY or self.means.searches is None:
            return
        is_busy = False
        while not self._over.is_set():
            await asyncio.sleep(0 if is_busy else self.every)
            is_busy = False
            try:
                is_busy = await self._look(_enabled(self.means.searches()))
            except (Stopped, StorageError, sqlite3.OperationalError):
                continue  # locked, full, or another process sends: all of that passes
            except Exception as error:
                self._tell({NAME: f"a fault in kuaixun itself: {type(error).__name__}: {error}"})

    async def end(self, living: asyncio.Task[None]) -> None:
        """Stop: what is being sent may arrive, and nothing more is begun."""
        self._over.set()
        if NAME not in self.means.vitals.chores:
            living.cancel()
        await asyncio.wait([living], timeout=FAREWELL)
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living

    async def _look(self, searches: Sequence[Search]) -> bool:
        """Whether there is likely to be more to send."""
        at = self.clock()
        resting = {search.name for search in searches if self._rests(search, at)}
        if not searches or not is_pending(self.store, searches, at, resting):
            return False
        done: list[Round] = []

        def work() -> str:
            done.append(see_to(self.store.path, searches, self.base, self.clock, self._still, resting=resting))
            return ""

        self._still()
        try:
            await self.means.apart(work)
        finally:
            del self.means.vitals.chores[NAME]
        self._tell(done[0].errors)
        self._slow |= {search.name: (search, self.clock()) for search in searches if search.name in done[0].slow}
        for name in done[0].arrived - done[0].errors.keys():
            if self._said.pop(name, None):
                self.means.say(Notice("notices", f"notices {name}: they arrive again"))
        if done[0].sent:
            self.means.say(Notice("notices", f"{counted(done[0].sent, 'notice')} sent"))
        return done[0].sent >= BATCH

    def _rests(self, search: Search, at: datetime) -> bool:
        was, since = self._slow.get(search.name, (None, at))
        # The clock may be set back meanwhile: then it need not rest.
        return search == was and timedelta() <= at - since < REST

    def _still(self) -> None:
        if self._over.is_set():
            raise Stopped
        self.means.vitals.chores[NAME] = self.means.ticks()

    def _tell(self, errors: dict[str, str]) -> None:
        """Say what is wrong, each thing once as long as it lasts."""
        for name, error in errors.items():
            if self._said.get(name) != error:
                self.means.say(Notice("notices", f"notices {name}: {error}", is_trouble=True))
        self._said |= errors


def _enabled(searches: Sequence[Search]) -> list[Search]:
    return [search for search in searches if search.enabled]


def see_to(
    path: Path,
    searches: Sequence[Search],
    base: Path,
    clock: Clock,
    still: Still = lambda: None,
    *,
    resting: Collection[str] = (),
) -> Round:
    """Look what came in, and send what is due, once round, with a connection of its own. Raises StorageError.

    Nothing is looked through for the searches that rest; what waits of them is sent.
    """
    with open_store(path, patience=Patience(LONG), clock=clock) as store, sending(path):
        found = collect(store, [search for search in searches if search.name not in resting], clock, still)
        done = Delivery(store, base, clock, still).once(searches)
    return Round(found.found, done.sent, done.failed, found.errors | done.errors, done.arrived, found.slow)
