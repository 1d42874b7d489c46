"""A Fetcher whose requests are made by workers, and whose pages are read there.

To the crawl it is any other: the frontier, the pauses and robots.txt stay here, and one transaction commits a page.
A request has a name that follows from its address and its state in the frontier, so that a collector that starts again
finds what its forerunner asked for, and nothing that was committed is ever taken twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from hashlib import sha256
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from config import Settings, Source
from crawler.fetch import Fetcher, utc_now
from crawler.fleet.engine import SILENT, TRIES, VERSION, Job, Queue, QueueError
from crawler.fleet.wire import Ask, Setup, asks, encode, packed, unpacked
from crawler.page import FetchError, Page, Request
from crawler.urls import host
from storage.times import stamp

if TYPE_CHECKING:
    from storage.store import Store

# Seconds: between two looks for answers, between two looks after the queue, before a queue that failed is tried again.
TICK, BEAT, AGAIN = 0.02, 2.0, 3.0
MOST = 1000  # requests that wait or are under way at once, each of another host
_OLD = """
    DELETE FROM kuaixun_parcels WHERE at < now() - make_interval(hours => 1) AND addressee IN ('', 'collect', 'worker')
"""


class Remote(Fetcher):
    """Puts each request into the queue. `told` hears of trouble with it, once; meanwhile requests wait."""

    def __init__(self, settings: Settings, queue: Callable[[], Queue], told: Callable[[str], None], **more: object):
        super().__init__(settings, clock=utc_now)
        self.most, self._queue, self._say, self._said = MOST, queue, told, ""
        self._waiting: dict[str, tuple[Job, asyncio.Future[bytes]]] = {}
        self._new: set[str] = set()
        self._taken: list[str] = []
        self._setup = ("", b"")
        self._store: Store | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await super().__aexit__(kind, error, trace)

    def prepare(self, sources: Sequence[Source], store: Store) -> None:
        """A pass over these sources begins: workers read by them."""
        self._store = store
        content = encode(Setup(self._settings, tuple(sources)))
        self._setup = (f"setup {sha256(content).hexdigest()}", content)
        self._wake.set()

    async def hop(self, request: Request, url: str, size: int, *, any_type: bool) -> Page | tuple[str, int]:
        """What a worker got; see `Fetcher.hop`."""
        target = request.target
        gaps = self._store.gaps(target.source) if self._store and target and target.kind == "article" else ()
        ask = Ask(request, url, size, any_type, self._setup[0], tuple(gaps))
        key, priority = ask.key, target.priority if target else MOST
        found: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[key] = Job(key, encode(ask), host(url), priority), found
        self._new.add(key)
        self._wake.set()
        try:
            content = await found
        finally:
            self._waiting.pop(key, None)
            self._new.discard(key)
        self._taken.append(key)
        return unpacked(content, request)

    async def _run(self) -> None:
        """Serve the requests, whatever becomes of the queue meanwhile."""
        await self._wake.wait()
        while True:
            try:
                async with self._queue() as queue:
                    await queue.check()
                    await self._serve(queue)
            except QueueError as error:
                self._tell(str(error))
            except Exception as error:  # no fault of ours may leave the requests alone
                self._tell(f"a fault in kuaixun itself, {type(error).__name__}: {error}")
            await asyncio.sleep(AGAIN)

    def _tell(self, text: str) -> None:
        if text != self._said:
            self._say(f"{text}; requests wait until that is over")
        self._said = text

    async def _serve(self, queue: Queue) -> None:
        await self._claim(queue)
        known, missing = await queue.keys(), set[str]()
        self._new, put, left, looked_at, beats = set(self._waiting), "", set[str](), 0.0, 0
        while True:
            if monotonic() - looked_at >= BEAT:
                await self._look_after(queue)
                looked_at, beats = monotonic(), beats + 1
                if beats % 10 == 0:
                    # What was lost with a server is asked for again, once it is missing for two looks.
                    known = await queue.keys()
                    lost = self._waiting.keys() - known - self._new
                    self._new, missing = self._new | lost & missing, lost
            done, self._taken = self._taken, []
            if done:
                await queue.done(done)
            left -= self._new
            for key, content in await queue.all("collect", sorted(left)):
                known.discard(key)
                self._new.discard(key)
                if key in self._waiting:
                    self._answered(key, content)
                else:
                    left.add(key)  # of an earlier collector; it may be asked for yet
            if put != self._setup[0]:
                await queue.put(self._setup[0], "setup", self._setup[1])
                put = self._setup[0]
            jobs = [self._waiting[key][0] for key in self._new if key not in known]
            if jobs:
                await queue.hand_out(jobs)
                known.update(job.key for job in jobs)
            self._new.difference_update(known)
            await self._pause()

    def _answered(self, key: str, content: bytes) -> None:
        found = self._waiting[key][1]
        if not found.done():
            found.set_result(content)

    async def _pause(self) -> None:
        """Until there may be something to do."""
        if self._waiting or self._taken:
            await asyncio.sleep(TICK)
            return
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), BEAT)

    async def _claim(self, queue: Queue) -> None:
        """Say that this is the collector, and what time it is. Raises QueueError while there is another."""
        who = f"{socket.gethostname()}:{self._store.path.resolve() if self._store else ''}"
        sql = "SELECT now(), (SELECT content FROM kuaixun_parcels WHERE name = 'collector' AND at > now() - %s)"
        at, content = (await queue.run(sql, timedelta(seconds=4 * BEAT)))[0]
        if content and (other := msgspec.json.decode(content)["who"]) != who:
            raise QueueError(f"there can be one collector, and {other} is at work")
        state = {"who": who, "version": VERSION, "ahead": (self._clock() - at).total_seconds()}
        await queue.put("collector", "state", encode(state), replace=True)
        alive = "SELECT 1 FROM kuaixun_parcels WHERE addressee = 'worker' AND at > now() - %s LIMIT 1"
        if self._waiting and not await queue.run(alive, timedelta(seconds=SILENT)):
            self._tell("no worker is there, start `kuaixun fleet worker`")
        else:
            self._said = ""

    async def _look_after(self, queue: Queue) -> None:
        """Say how the fleet stands, put back what dead workers had, and wake what somebody wants again."""
        await self._claim(queue)
        now = self._clock()
        for number, job in enumerate(await queue.stalled()):
            if job.tries < TRIES:
                # A page that kills its worker takes those beside it along: one after the other it is found.
                await queue.again(job, number * (job.tries - 1))
                continue
            ask, reason = asks.decode(job.ask), f"{job.tries} workers died over it"
            dead = {"url": ask.request.url, "reason": reason, "at": stamp(now)}
            await queue.put(f"dead {job.id}", "dead", encode(dead))
            await queue.put(job.key, "collect", packed(FetchError(ask.request.url, reason, later=True)))
            await queue.give_up(job)
        for name, content in await queue.all("again"):
            if self._store:
                self._store.wake([msgspec.json.decode(content)["url"]], now)
            await queue.done([name])
        await queue.run(_OLD)
