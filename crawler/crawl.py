"""The main path: what is due is asked for, politely, read, and stored. One pass runs until nothing is due.

due -> robots -> fetch -> decode -> extract -> store, each in a file of its own; `visit` calls them in this order, here
is the loop around it. One thread: at most one request a host and a network address, up to `concurrency` hosts at once.
The hosts stand in memory (`turns`), their addresses in the database: each pick is one seek there. Nothing is marked
as being asked, so a pass that is stopped or killed leaves its addresses due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from config import Settings, Source
from crawler import frontier
from crawler.ask import Clock, Hosts, Report, Sleep, World
from crawler.extract import AdScore
from crawler.fetch import Fetcher, utc_now
from crawler.frontier import NextVisit, Owners
from crawler.keep import free, kept
from crawler.tally import Event, Tally
from crawler.turns import Turns
from crawler.urls import host
from crawler.visit import Visitor
from storage.records import Target
from storage.store import Store

# How often a pass asks the database which hosts have something due, also for what another process queued; sooner where
# something falls due meanwhile, but with this pause at least: the question costs some milliseconds.
LOOK, LEAST_LOOK = timedelta(minutes=1), timedelta(seconds=2)
# Titles whose score is remembered: one stands on many pages of its site.
TITLES = 16_384

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
            store.wake(source.seeds, now, learnt=force or bool(source.cron))
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
    prunes: bool = True,
    is_current: Callable[[], bool] = lambda: True,
) -> Tally:
    """One pass over everything that is due, until nothing is; what it came to.

    `stop` ends it early: requests in flight are dropped and stay due. When `is_current`, asked once a minute, says no,
    nothing more is asked for: the sources are others now. `hosts` carries pace and rules over from an
    earlier pass, `force` asks lists and feeds whether due or not, `prunes` forgets old pages first.
    Raises StorageError; a page's trouble never ends it.
    """
    if ad_score is None:
        from crawler.ads import score_title

        ad_score = lru_cache(TITLES)(score_title)
    await free(store, sleep)
    seed(store, sources, clock(), next_visit=next_visit, force=force)
    world = World(
        settings,
        Owners(sources),
        store,
        fetcher,
        ad_score,
        hosts or Hosts.remembered(settings, store, clock()),
        clock,
        sleep,
        report,
        next_visit,
    )
    repeats = fetcher.repeats
    await fetcher.prepare(sources, store)
    with kept(settings, store, clock(), sleep, prunes=prunes) as keep:
        visitor = Visitor(replace(world, keep=keep))
        await _Loop(visitor.world, visitor, is_current).until_nothing_is_due(stop or asyncio.Event())
    visitor.tally.requests += fetcher.repeats - repeats
    return visitor.tally


@dataclass(slots=True)
class _Loop:
    """Keeps as many hosts busy as the fetcher allows, each with one request.

    `shared` are the hosts of nobody in this pass, on which strangers' addresses are due, and maybe some of ours.
    """

    world: World
    visitor: Visitor
    is_current: Callable[[], bool]
    in_flight: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    turns: Turns = field(default_factory=Turns)
    # When the database is to be asked for hosts, and whether something falls due then; whether anything has happened.
    look_at: datetime | None = None
    is_due_then: bool = False
    news: bool = True
    is_over: bool = False

    async def until_nothing_is_due(self, stop: asyncio.Event) -> None:
        self.world.hosts.pace.new_pass(self.world.clock())
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                now = self.world.clock()
                if self.look_at is None or not now < self.look_at <= now + LOOK:
                    self.is_over = not self.is_current()
                    self._look(now)
                if not self.is_over:
                    self._start(now)
                pause = None if self.is_over else self._pause(now)
                if self.in_flight or pause is not None:
                    await self._wait(stopped, pause)
                elif self.news and not self.is_over:
                    self._look(now)
                else:
                    break
        finally:
            for task in (stopped, *self.in_flight.values()):
                task.cancel()
            self.world.hosts.busy.difference_update(self.in_flight)
            self.world.hosts.since.clear()
            await asyncio.gather(stopped, *self.in_flight.values(), return_exceptions=True)

    def _look(self, now: datetime) -> None:
        """Give every host that has something due its turn: also for what another process queued."""
        self.news = False
        soon = self.world.store.next_due(now)
        self.is_due_then = soon is not None and soon < now + LOOK
        self.look_at = max(soon, now + LEAST_LOOK) if soon and self.is_due_then else now + LOOK
        for name in self.world.store.hosts_due(now):
            if name not in self.in_flight and not self.world.hosts.pace.is_closed(name):
                self.turns.put(name, self.world.hosts.pace.until(name, now))

    def _start(self, now: datetime) -> None:
        """Ask as many hosts as there is room for, whose turn it is and that have something due."""
        later: list[str] = []
        while len(self.in_flight) < self.world.fetcher.most and (name := self.turns.take(now)):
            if name in self.in_flight or self.world.hosts.pace.is_closed(name):
                continue
            until = self.world.hosts.pace.until(name, now)
            if until > now:
                self.turns.put(name, until)
            elif self._is_address_busy(name):
                later.append(name)
            else:
                self._ask(name, now)
        for name in later:
            self.turns.put(name, now)

    def _is_address_busy(self, name: str) -> bool:
        """Whether a redirect is being followed there, or another host at its network address is asked."""
        pace, busy = self.world.hosts.pace, self.world.hosts.busy
        address = pace.address(name)
        others = (*self.in_flight, *busy)
        return name in busy or (bool(address) and any(pace.address(other) == address for other in others))

    def _ask(self, name: str, now: datetime) -> None:
        """Ask for the best of what is due of a host; when nothing is, it has its next turn with a retry."""
        found = self._best(name, now)
        while found and self.visitor.is_settled(found):
            found = self._best(name, now)
        if found:
            # Before the task begins: a redirect that is followed meanwhile must not take the host.
            self.world.hosts.busy.add(name)
            self.world.hosts.since[name] = self.world.hosts.ticks()
            self.in_flight[name] = asyncio.create_task(self.visitor.visit(found, is_turn=True))
        else:
            self._later(name, now)

    def _best(self, name: str, now: datetime) -> Target | None:
        """The best of what is due of a host, but for addresses of strangers, of sources that are not in this pass."""
        owners = self.world.owners
        target = self.world.store.best(name, now, owners.by_name if name in self.shared else None)
        if target is None:
            return None
        source = owners.by_name.get(target.source) or owners.of(target.url)
        if source:
            return replace(target, source=source.name)
        if name in self.shared:
            return None
        self.shared.add(name)
        return self._best(name, now)

    def _later(self, name: str, now: datetime) -> None:
        """Give a host its turn after its pause if something of it is due or will be tried again; else it has none."""
        again = [at for url, at in self.visitor.retries.items() if at > now and host(url) == name]
        if self._best(name, now):
            again.append(now)
        if again:
            self.turns.put(name, max(min(again), self.world.hosts.pace.until(name, now)))

    def _pause(self, now: datetime) -> float | None:
        """Seconds until another host may be asked or a retry is due; None when there is nothing to wait for."""
        full = len(self.in_flight) >= self.world.fetcher.most
        # Who waits for a request to end, for a busy address or for room, has its turn when one has.
        times = () if full else (at for name, at in self.turns if at > now and self._is_awaited(name, now))
        first = min(times, default=None)
        return max((first - now).total_seconds(), 0.001) if first else None

    def _is_awaited(self, name: str, now: datetime) -> bool:
        return bool(self.in_flight) or self.world.hosts.pace.is_awaited(name, now)

    async def _wait(self, stopped: asyncio.Task[bool], pause: float | None) -> None:
        """Until a request has ended, the pause is over, something falls due, or the pass is stopped."""
        if self.look_at and self.is_due_then and not self.is_over:
            # A host that takes long must not keep the others waiting.
            until = max((self.look_at - self.world.clock()).total_seconds(), 0.001)
            pause = until if pause is None else min(pause, until)
        timers = [] if pause is None else [asyncio.ensure_future(self.world.sleep(pause))]
        try:
            await asyncio.wait({stopped, *timers, *self.in_flight.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for timer in timers:
                timer.cancel()
        now = self.world.clock()
        for name, task in list(self.in_flight.items()):
            if task.done():
                del self.in_flight[name]
                self.world.hosts.busy.discard(name)
                self.world.hosts.since.pop(name, None)
                task.result()
                self.news = True
                self._later(name, now)
        for name in self.visitor.queued_hosts:
            if name not in self.in_flight:
                self.turns.put(name, self.world.hosts.pace.until(name, now))
        self.visitor.queued_hosts.clear()
