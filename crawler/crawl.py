"""The main path: what is due is asked for, politely, read, and stored. One pass runs until nothing is due.

due -> robots -> fetch -> decode -> extract -> store, each in a file of its own; `visit` calls them in this order, here
is the loop around it. One thread: at most one request a host, up to `concurrency` hosts at once. Nothing is marked
as being asked, so a pass that is stopped or killed leaves its addresses due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from config import Settings, Source
from crawler import frontier
from crawler.ask import Clock, Hosts, Report, Sleep, World
from crawler.extract import AdScore
from crawler.fetch import Fetcher, utc_now
from crawler.frontier import NextVisit, Owners
from crawler.tally import Event, Tally
from crawler.urls import host
from crawler.visit import Visitor
from storage.records import Target
from storage.store import Store

__all__ = ["Event", "Hosts", "Tally", "crawl", "seed"]


def seed(
    store: Store,
    sources: Iterable[Source],
    now: datetime,
    *,
    next_visit: NextVisit = frontier.next_visit,
    force: bool = False,
) -> None:
    """Make the seeds of the sources whose time has come due; with `force` all lists and feeds of all of them.

    Which sources those are is the caller's choice: also one that is not enabled is crawled when it is named.
    """
    for source in sources:
        store.upsert_source(source.name, source.seeds, source.every, source.cron, enabled=source.enabled, now=now)
        due = store.source_next(source.name)
        if force or due is None or due <= now:
            store.add_targets(_seeds(source, now), now)
            store.wake(source.seeds, now)
            store.set_source_next(source.name, next_visit(source, now))
        if force:
            store.wake_lists(source.name, now)


def _seeds(source: Source, now: datetime) -> Iterable[Target]:
    for url in source.seeds:
        kind = frontier.kind_of_seed(url)
        yield Target(url, kind, source.name, frontier.list_priority(kind, 0), next_at=now)


async def crawl(
    settings: Settings,
    sources: Sequence[Source],
    store: Store,
    *,
    fetcher: Fetcher,
    clock: Clock = utc_now,
    sleep: Sleep = asyncio.sleep,
    report: Report = lambda event: None,
    stop: asyncio.Event | None = None,
    next_visit: NextVisit = frontier.next_visit,
    hosts: Hosts | None = None,
    ad_score: AdScore | None = None,
    force: bool = False,
) -> Tally:
    """One pass over everything that is due, until nothing is; what it came to.

    `stop` ends it early: requests in flight are dropped and stay due. `hosts` carries pace and rules over from an
    earlier pass, `force` asks lists and feeds whether due or not. Raises StorageError; a page's trouble never ends it.
    """
    if ad_score is None:
        from crawler.ads import score_title

        ad_score = score_title
    seed(store, sources, clock(), next_visit=next_visit, force=force)
    world = World(
        settings,
        Owners(sources),
        store,
        fetcher,
        ad_score,
        hosts or Hosts.remembered(settings, store),
        clock,
        sleep,
        report,
        next_visit,
    )
    visitor = Visitor(world)
    await _Loop(world, visitor).until_nothing_is_due(stop or asyncio.Event())
    return visitor.tally


@dataclass(slots=True)
class _Loop:
    """Keeps as many hosts busy as the settings allow, each with one request.

    `shared` are the hosts of nobody in this pass, on which strangers' addresses are due, and maybe some of ours.
    """

    world: World
    visitor: Visitor
    in_flight: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    async def until_nothing_is_due(self, stop: asyncio.Event) -> None:
        self.world.hosts.pace.new_pass(self.world.clock())
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                now = self.world.clock()
                while self._start(now):
                    pass
                pause = self._pause(now)
                if not self.in_flight and pause is None:
                    break
                await self._wait(stopped, pause)
        finally:
            tasks = [stopped, *self.in_flight.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, now: datetime) -> bool:
        """Ask every host that is free and has something due; whether there may be more to ask.

        Addresses of strangers, of sources that are not in this pass, are left alone.
        """
        pace, owners = self.world.hosts.pace, self.world.owners
        free = self.world.settings.concurrency - len(self.in_flight)
        busy = self.in_flight.keys() | pace.resting(now).keys() | pace.closed()
        known = len(self.shared)
        for target in self._due(now, free, busy) if free > 0 else ():
            name, source = host(target.url), owners.by_name.get(target.source) or owners.of(target.url)
            if source:
                visit = self.visitor.visit(replace(target, source=source.name))
                self.in_flight[name] = asyncio.create_task(visit)
            else:
                self.shared.add(name)
        return len(self.shared) > known

    def _due(self, now: datetime, limit: int, busy: Collection[str]) -> list[Target]:
        own = self.world.owners.by_name
        return self.world.store.due(now, limit=limit, busy_hosts=busy, shared_hosts=self.shared, own=own)

    def _pause(self, now: datetime) -> float | None:
        """Seconds until another host may be asked or a retry is due; None when there is nothing to wait for."""
        pace = self.world.hosts.pace
        closed = pace.closed()
        times = [at for url, at in self.visitor.retries.items() if at > now and host(url) not in closed]
        resting = {name: at for name, at in pace.resting(now).items() if name not in self.in_flight}
        if resting and self.in_flight:
            # Looking once too often is cheaper than finding out which of them have something due.
            times += [min(resting.values())] if len(self.in_flight) < self.world.settings.concurrency else []
        elif resting:
            waiting = self._due(now, len(resting) + 1, closed)
            times += [resting[host(target.url)] for target in waiting if host(target.url) in resting]
        return (min(times) - now).total_seconds() if times else None

    async def _wait(self, stopped: asyncio.Task[bool], pause: float | None) -> None:
        """Until a request has ended, or the pause is over, or the pass is stopped."""
        timers = [] if pause is None else [asyncio.ensure_future(self.world.sleep(pause))]
        try:
            await asyncio.wait({stopped, *timers, *self.in_flight.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for timer in timers:
                timer.cancel()
        for name, task in list(self.in_flight.items()):
            if task.done():
                del self.in_flight[name]
                task.result()
