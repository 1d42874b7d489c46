"""The daemon: one pass over what is due after another, and beside them the chores.

When a source or a chore is due is written in the database, so a restart forgets nothing; the timetable wakes the worker
at that time, or has the chore done in a thread. Trouble of one thing is said and never ends the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from config import Config, ConfigError, Source
from crawler.ask import Clock, Report, Sleep
from crawler.crawl import crawl, seed
from crawler.errands import Errands
from crawler.fetch import Fetcher, utc_now
from crawler.keep import free
from crawler.postman import Postman
from crawler.signals import AnyOf, signals
from crawler.tally import Event, Notice, Tally
from crawler.timetable import Timetable, is_too_far, next_visit
from crawler.upkeep import Means, Upkeep
from storage import DatabaseLocked, StorageError, Unwritable
from storage.errors import Gone
from storage.lock import Place
from storage.store import Store

__all__ = ["Means", "next_visit", "run"]

# The worker looks at the database at least this often, so that what another process queued is found.
LONGEST_NAP = timedelta(minutes=1)
# So long the worker waits for another process that writes, or for room on the disk, before it tries again.
LOCKED_NAP = timedelta(seconds=10)
FULL_NAP = timedelta(minutes=1)
# After a pass that a fault of our own has ended; twice as long after each further one.
FAULT_NAP, LONGEST_FAULT_NAP = timedelta(seconds=10), timedelta(minutes=10)
BEAT = 10.0  # seconds between two signs of life


async def run(
    config: Config,
    store: Store,
    *,
    fetcher: Fetcher | None = None,
    clock: Clock = utc_now,
    sleep: Sleep = asyncio.sleep,
    report: Report = lambda event: None,
    finished: Callable[[Tally], None] = lambda tally: None,
    stop: asyncio.Event | None = None,
    hup: asyncio.Event | None = None,
    sources: Callable[[], Sequence[Source]] | None = None,
    means: Means | None = None,
) -> None:
    """Crawl the enabled sources whenever they are due, until `stop` is set or SIGTERM or Ctrl-C comes.

    `sources`, asked before each pass and once a minute in it, tells those that are configured then; where it raises
    ConfigError they stay as they were, and that is reported. Paused ones are left out. After SIGHUP, or when `hup` is
    set, `means.reload` gives all settings anew; where that raises ConfigError the old ones hold, and that is said.

    Requests in flight are dropped at the end and stay due. `finished` is told the sums of each pass that asked for
    something. Raises StorageError where the database cannot be used at all, or is no longer there; what may pass (a
    lock, a full disk, an error of the disk) is reported once and waited for, and so is a fault of our own.
    """
    async with AsyncExitStack() as stack:
        hup, means = hup or asyncio.Event(), means or Means()
        if stop is None:
            stop = await stack.enter_async_context(signals(hup))
        means = replace(means, connect=None if fetcher else means.connect or partial(Fetcher, clock=clock))
        if fetcher is None:
            assert means.connect
            fetcher = await means.connect(config.settings).__aenter__()
        first = (config, store, fetcher, clock, sleep, report, finished, stop)
        daemon = _Daemon(*first, sources, means=means, hup=hup)
        try:
            await daemon.run()
        finally:
            if means.connect:
                await daemon.upkeep.fetcher.__aexit__(None, None, None)


@dataclass(slots=True)
class _Daemon:
    config: Config
    store: Store
    fetcher: Fetcher
    clock: Clock
    sleep: Sleep
    report: Report
    finished: Callable[[Tally], None]
    stop: asyncio.Event
    given: Callable[[], Sequence[Source]] | None = None
    # What is configured, as far as that was understood.
    known: Sequence[Source] = ()
    # Those of the pass that is under way, or of the last one; and those that were looked through for wrong plans.
    sources: Sequence[Source] = ()
    looked_through: Sequence[Source] = ()
    due: asyncio.Event = field(default_factory=asyncio.Event)
    hup: asyncio.Event = field(default_factory=asyncio.Event)
    # What the last pass ended with, so that it is reported once, of whichever file.
    trouble: type[Exception] | None = None
    means: Means = field(default_factory=Means)
    timetable: Timetable = field(default_factory=Timetable)
    upkeep: Upkeep = field(init=False)
    place: Place = field(init=False)
    gone: Gone | None = None

    def __post_init__(self) -> None:
        self.known = self.config.sources
        self.place = Place(self.store.path)
        self.means.vitals.locks = self.store.patience.waits
        # From here on the settings and the fetcher are those of the upkeep: both may be renewed.
        self.upkeep = Upkeep(self.config, self.store, self.fetcher, self.clock, self.means, hup=self.hup)

    async def run(self) -> None:
        errands = Errands(self.store, self.timetable, self.clock, self.sleep, self.means)
        self.timetable.start()
        living = asyncio.create_task(self._live())
        file = self.config.file
        postman = Postman(self.store, self.clock, self.means, file.parent if file else Path())
        postman.begin()
        posting = asyncio.create_task(postman.live())
        try:
            self.upkeep.begin()
            # The first pass may take hours.
            self._plan(errands)
            while not self.stop.is_set():
                self.due.clear()
                if await self.upkeep.settle():
                    self.known = self.upkeep.config.sources
                nap = await self._one_pass()
                if self.upkeep.turned.is_set():
                    self.upkeep.begin()
                    self.looked_through = ()
                self._plan(errands)
                await self._nap(nap)
        finally:
            living.cancel()
            await asyncio.gather(errands.end(), postman.end(posting))
            self.timetable.stop()
        if self.gone:
            raise self.gone

    async def _live(self) -> None:
        """Give signs of life, see whether the clock was set, and whether the database is still there."""
        while True:
            self.means.vitals.beat = tick = self.means.ticks()
            self.means.vitals.look(tick)
            self.means.beat()
            if self.upkeep.is_late():
                self.timetable.wake()
                self.due.set()
            self._look_after_the_file()
            await asyncio.sleep(BEAT)

    def _look_after_the_file(self) -> None:
        """Give up where the database is replaced, or deleted also at the next look: it may be moved, and moved back."""
        vitals, was_gone = self.means.vitals, bool(self.means.vitals.gone)
        error = Gone(self.store.path) if self.place.is_lost() else None
        vitals.gone = str(error) if error else ""
        if error is None:
            return
        if not was_gone:
            self.means.say(Notice("storage", str(error), is_trouble=True))
        is_taken = self.place.is_taken()
        if is_taken:
            self.place.clear()
        if was_gone or is_taken:
            self.gone = error
            self.stop.set()

    def _wanted(self) -> list[Source]:
        """The sources that are configured now, switched on and not paused."""
        try:
            self.known = self.given() if self.given else self.upkeep.config.sources
        except ConfigError as error:
            self.report(Event("failed", error.file, "", f"{error}; the sources stay as they were"))
        paused = self.store.paused_sources()
        return [source for source in self.known if source.enabled and source.name not in paused]

    def _next_visit(self, source: Source, now: datetime) -> datetime:
        return next_visit(source, now, jitter=self.upkeep.config.settings.jitter)

    async def _one_pass(self) -> timedelta:
        """One pass over what is due; how long to sleep after it."""
        try:
            tally = await self._crawl(AnyOf(self.stop, self.hup, self.upkeep.turned))
            now = self.clock()
            waiting, soon = self.store.waiting(now), self.store.next_due(now)
        except (DatabaseLocked, Unwritable) as error:
            if type(error) is not self.trouble:
                self.report(Event("failed", str(error.path), "", str(error)))
            self.trouble = type(error)
            self.means.vitals.failed(str(error), self.clock())
            return LOCKED_NAP if isinstance(error, DatabaseLocked) else FULL_NAP
        except StorageError:
            raise
        except Exception as error:  # A fault of ours in one pass is no reason to give up all later ones.
            return self._fault(error)
        self.trouble = None
        self.means.vitals.passed(tally, waiting, now)
        if tally.requests:
            self.finished(tally)
        if self._wanted() != self.sources:
            return timedelta(seconds=1)
        # What is due already was left aside: of strangers, or of a host that is down. It is no reason to wake soon.
        return min(max(soon - now, timedelta(seconds=1)), LONGEST_NAP) if soon else LONGEST_NAP

    async def _crawl(self, halt: asyncio.Event) -> Tally:
        self.sources = self._wanted()
        return await crawl(
            self.upkeep.config.settings,
            self.sources,
            self.store,
            fetcher=self.upkeep.fetcher,
            clock=self.clock,
            sleep=self.sleep,
            report=self.report,
            stop=halt,
            next_visit=self._next_visit,
            hosts=self.upkeep.hosts,
            # That is a chore, and would keep the requests waiting.
            prunes=False,
            is_current=lambda: self._wanted() == self.sources,
        )

    def _fault(self, error: Exception) -> timedelta:
        vitals = self.means.vitals
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        said = f"a fault in kuaixun itself ended a pass, {text}; it is tried again"
        vitals.failed(said, self.clock())
        if type(error) is not self.trouble:
            self.means.say(Notice("fault", said, is_trouble=True))
        self.trouble = type(error)
        nap: timedelta = min(FAULT_NAP * 2 ** min(vitals.failed_passes - 1, 10), LONGEST_FAULT_NAP)
        return nap

    def _plan(self, errands: Errands) -> None:
        """What is due when, as the database has it."""
        now, settings = self.clock(), self.upkeep.config.settings
        with suppress(DatabaseLocked, Unwritable):
            for source in self.sources:
                when = self.store.source_next(source.name) or now
                if source not in self.looked_through and is_too_far(source, when, now, jitter=settings.jitter):
                    when = self._next_visit(source, now)
                    self.store.set_source_next(source.name, when)
                self._plan_source(source, when)
            self.looked_through = self.sources
            chores = errands.plan(self.means.work(settings))
            self.timetable.keep({*chores, *(source.name for source in self.sources)})
        self.timetable.wake()

    def _plan_source(self, source: Source, when: datetime) -> None:
        self.timetable.put(source.name, when, partial(self._look, source))

    async def _look(self, source: Source) -> None:
        """The time of a source has come: its seeds are due, also for a pass that is under way."""
        with suppress(DatabaseLocked, Unwritable):
            await free(self.store, self.sleep)
            seed(self.store, [source], self.clock(), next_visit=self._next_visit)
            self.due.set()

    async def _nap(self, longest: timedelta) -> None:
        """Until something is due, settings or clock have changed, the daemon is stopped, or the time is over."""
        events = (self.stop, self.due, self.hup, self.upkeep.turned)
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(event.wait()) for event in events]
        waits.append(asyncio.ensure_future(self.sleep(longest.total_seconds())))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
