"""The daemon: the only file that imports apscheduler.

When a source is due is written in the database (`sources.next_at`), so a restart forgets nothing; the scheduler holds
one job a source that fires at that time, makes its seeds due and wakes the worker, which makes one pass after another.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from config import Config, ConfigError, Source
from crawler.ask import Clock, Hosts, Report, Sleep
from crawler.crawl import crawl, seed
from crawler.fetch import Fetcher, utc_now
from crawler.keep import free
from crawler.tally import Event, Tally
from storage import DatabaseLocked, DiskFull, StorageError
from storage.store import Store

# The worker looks at the database at least this often, so that what another process queued is found.
LONGEST_NAP = timedelta(minutes=1)
# So long the worker waits for another process that writes, or for room on the disk, before it tries again.
LOCKED_NAP = timedelta(seconds=10)
FULL_NAP = timedelta(minutes=1)
_CRON_SPREAD = 60.0

# A late job still runs, once, and never twice at a time; the defaults drop one that is a second late.
_JOBS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}


def next_visit(
    source: Source, now: datetime, *, jitter: float = 0.0, chance: Callable[[], float] = random.random
) -> datetime:
    """When a source is looked at again, after its crontab line or its interval; UTC.

    `jitter` (0 to 1) varies an interval by that share to both sides, and delays a crontab time by that share of a
    minute, so that many sources do not fire at once. A crontab line is read in the source's zone or the machine's.
    """
    if source.cron:
        trigger = CronTrigger.from_crontab(source.cron, timezone=ZoneInfo(source.timezone) if source.timezone else None)
        found: datetime | None = trigger.get_next_fire_time(now, now)
        if found:
            return found.astimezone(UTC) + timedelta(seconds=_CRON_SPREAD * jitter * chance())
    return now + source.every * (1 + jitter * (2 * chance() - 1))


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
    sources: Callable[[], Sequence[Source]] | None = None,
) -> None:
    """Crawl the enabled sources whenever they are due, until `stop` is set or SIGTERM or Ctrl-C comes.

    `sources`, asked before each pass and once a minute in it, tells those that are configured then; where it raises
    ConfigError they stay as they were, and that is reported. Paused ones are left out.

    Requests in flight are dropped then and stay due. `finished` is told the sums of each pass that asked for something.
    Raises StorageError, but for a database that another process holds locked and for a full disk: those are reported
    once and waited for.
    """
    async with AsyncExitStack() as stack:
        if fetcher is None:
            fetcher = await stack.enter_async_context(Fetcher(config.settings, clock=clock))
        if stop is None:
            stop = await stack.enter_async_context(_signals())
        daemon = _Daemon(config, store, fetcher, clock, sleep, report, finished, stop, sources)
        await daemon.run()


@asynccontextmanager
async def _signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop, loop, numbers = asyncio.Event(), asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
    # Windows has no such handlers; Ctrl-C is a KeyboardInterrupt there.
    with suppress(NotImplementedError):
        for number in numbers:
            loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)


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
    # Those of the pass that is under way, or of the last one.
    sources: Sequence[Source] = ()
    due: asyncio.Event = field(default_factory=asyncio.Event)
    # What the last pass ended with, so that it is reported once, of whichever file.
    trouble: type[StorageError] | None = None

    def __post_init__(self) -> None:
        self.known = self.config.sources

    async def run(self) -> None:
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=_JOBS)
        scheduler.start()
        try:
            hosts = Hosts.remembered(self.config.settings, self.store, self.clock())
            while not self.stop.is_set():
                self.due.clear()
                nap = await self._one_pass(hosts)
                self._plan(scheduler)
                await self._nap(nap)
        finally:
            # `shutdown(wait=True)` would cancel running jobs; there is nothing to wait for once they are paused.
            scheduler.pause()
            scheduler.shutdown(wait=False)

    def _wanted(self) -> list[Source]:
        """The sources that are configured now, switched on and not paused."""
        try:
            self.known = self.given() if self.given else self.config.sources
        except ConfigError as error:
            self.report(Event("failed", error.file, "", f"{error}; the sources stay as they were"))
        paused = self.store.paused_sources()
        return [source for source in self.known if source.enabled and source.name not in paused]

    def _next_visit(self, source: Source, now: datetime) -> datetime:
        return next_visit(source, now, jitter=self.config.settings.jitter)

    async def _one_pass(self, hosts: Hosts) -> timedelta:
        """One pass over what is due; how long to sleep after it."""
        try:
            self.sources = self._wanted()
            tally = await crawl(
                self.config.settings,
                self.sources,
                self.store,
                fetcher=self.fetcher,
                clock=self.clock,
                sleep=self.sleep,
                report=self.report,
                stop=self.stop,
                next_visit=self._next_visit,
                hosts=hosts,
                is_current=lambda: self._wanted() == self.sources,
            )
        except (DatabaseLocked, DiskFull) as error:
            if type(error) is not self.trouble:
                self.report(Event("failed", str(error.path), "", str(error)))
            self.trouble = type(error)
            return LOCKED_NAP if isinstance(error, DatabaseLocked) else FULL_NAP
        self.trouble = None
        if tally.requests:
            self.finished(tally)
        if self._wanted() != self.sources:
            return timedelta(seconds=1)
        now = self.clock()
        # What is due already was left aside: of strangers, or of a host that is down. It is no reason to wake soon.
        soon = self.store.next_due(now)
        return min(max(soon - now, timedelta(seconds=1)), LONGEST_NAP) if soon else LONGEST_NAP

    def _plan(self, scheduler: AsyncIOScheduler) -> None:
        """A job for each source at the time that the database has for it."""
        for job in scheduler.get_jobs():
            if job.id not in {source.name for source in self.sources}:
                job.remove()
        for source in self.sources:
            when = self.store.source_next(source.name) or self.clock()
            scheduler.add_job(
                partial(self._look, source), DateTrigger(when), id=source.name, name=source.name, replace_existing=True
            )

    async def _look(self, source: Source) -> None:
        """The time of a source has come: its seeds are due, also for a pass that is under way."""
        with suppress(DatabaseLocked, DiskFull):
            await free(self.store, self.sleep)
            seed(self.store, [source], self.clock(), next_visit=self._next_visit)
            self.due.set()

    async def _nap(self, longest: timedelta) -> None:
        """Until a source is due, the daemon is stopped, or the time is over."""
        waits = [
            asyncio.ensure_future(self.stop.wait()),
            asyncio.ensure_future(self.due.wait()),
            asyncio.ensure_future(self.sleep(longest.total_seconds())),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
