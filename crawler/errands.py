"""The chores of the daemon as they are done: begun and ended in the ledger, the work in a thread, trouble said."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from threading import Event as Flag

from crawler.ask import Clock, Sleep
from crawler.chores import Chore, Stopped, due
from crawler.keep import free
from crawler.screen import span
from crawler.tally import Notice
from crawler.timetable import Timetable
from crawler.upkeep import Means
from storage import StorageError
from storage import chores as ledger
from storage.store import Store

# So long after the database could not be written a chore is tried again.
BLOCKED = timedelta(minutes=1)
# Seconds that chores have to end when the daemon does.
FAREWELL = 10.0


def give_back() -> None:
    """Give the system back the memory that a chore has had and freed; the C library of GNU keeps it otherwise."""
    with suppress(OSError, AttributeError, TypeError):  # another system, another library
        ctypes.CDLL(None).malloc_trim(0)


@dataclass(slots=True)
class Errands:
    """Does chores when they are due; one that hangs or fails keeps neither the crawl nor the others."""

    store: Store
    timetable: Timetable
    clock: Clock
    sleep: Sleep
    means: Means
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _over: Flag = field(default_factory=Flag)

    def plan(self, chores: Sequence[Chore]) -> list[str]:
        """Put the chores into the timetable; their names there."""
        known, now = ledger.known(self.store.db), self.clock()
        for chore in chores:
            if chore.name not in self.running:
                self.timetable.put(
                    f"chore {chore.name}", due(chore, known.get(chore.name), now), partial(self.do, chore)
                )
        return [f"chore {chore.name}" for chore in chores]

    async def do(self, chore: Chore) -> None:
        """Do a chore, and plan it anew."""
        task = asyncio.current_task()
        if chore.name in self.running or self._over.is_set() or task is None:
            return
        self.running[chore.name] = task
        self.means.vitals.chores[chore.name] = self.means.ticks()
        try:
            await self._do(chore)
        except StorageError as error:
            self._told(chore, str(error))
            self._again(chore)
            return
        finally:
            del self.running[chore.name], self.means.vitals.chores[chore.name]
        if not self._over.is_set():
            self.plan([chore])

    async def _do(self, chore: Chore) -> None:
        await free(self.store, self.sleep)
        started = self.clock()
        ledger.begin(self.store, chore.name, started)
        result = error = ""
        try:
            result = await self.means.apart(partial(chore.work, self._still(chore.name)))
        except Exception as caught:
            if self._over.is_set() or isinstance(caught, Stopped):
                return
            error = _line(caught)
        give_back()
        await free(self.store, self.sleep)
        ledger.end(self.store, chore.name, self.clock(), result=result, error=error)
        if error:
            self._told(chore, error)
        else:
            took = max(self.clock() - started, timedelta())
            self.means.say(Notice("chore", f"{chore.name}: {result}, in {span(took)}"))

    def _told(self, chore: Chore, error: str) -> None:
        self.means.say(Notice("chore", f"{chore.name} failed: {error}", is_trouble=True))

    def _again(self, chore: Chore) -> None:
        self.timetable.put(f"chore {chore.name}", self.clock() + BLOCKED, partial(self.do, chore))

    def _still(self, name: str) -> Callable[[], None]:
        """What a chore calls while it is at work."""

        def still() -> None:
            if self._over.is_set():
                raise Stopped
            self.means.vitals.chores[name] = self.means.ticks()

        return still

    async def end(self) -> None:
        """Stop what is under way, as far as it hears that."""
        self._over.set()
        if self.running:
            _, left = await asyncio.wait(self.running.values(), timeout=FAREWELL)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    known = isinstance(error, StorageError) or type(error).__module__.startswith(("crawler", "storage"))
    return text if known and text else f"{type(error).__name__}: {text}"
