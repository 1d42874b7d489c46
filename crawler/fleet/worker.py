"""Who makes the requests: fetch, decode and extract by the functions of any crawl. It holds nothing that is not sent.

It answers to one thing, the lease: who has not reached PostgreSQL for `LEASE` seconds drops what it is at and starts
anew, before its jobs are given to others. Its clock is not believed: the time is the collector's, by way of PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from secrets import token_hex

import msgspec

from config import Settings
from crawler.ads import score_title
from crawler.fetch import Fetcher
from crawler.fleet.engine import SILENT, Queue
from crawler.fleet.line import VERSION, QueueError
from crawler.fleet.reads import AT_HOME, KINDS, Import, Reread
from crawler.fleet.wire import Ask, asks, encode, packed, parts, setups
from crawler.frontier import Owners
from crawler.links import Place
from crawler.page import ExtractError, FetchError, Page
from crawler.reading import read_safely
from storage.packing import zstd

# Seconds between two signs of life, and without an answer to them until everything is dropped; half of `SILENT`.
BEAT, LEASE = 3.0, 15.0
TITLES = 16_384


def tick() -> float:
    """Seconds that only go on, also while the machine sleeps, where there is such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Worker:
    """One worker: `own` are the settings of its machine, of which only the proxy counts."""

    def __init__(self, queue: Queue, own: Settings, name: str, concurrency: int):
        self._queue, self._own, self._name, self._concurrency = queue, own, name, concurrency
        self._sign = f"worker {name} {os.getpid()} {token_hex(4)}"
        self._setups: dict[str, tuple[Settings, Owners, Fetcher]] = {}
        self._kinds: dict[tuple[str, str], Import | Reread] = {}
        self._pages, self._earlier = 0, [(tick(), 0)]
        # The time of the last sign of life that was answered, by the clock of the fleet and by one that only goes on.
        self._then, self._tick = datetime.now().astimezone(), tick()
        self._score = lru_cache(TITLES)(score_title)

    def now(self) -> datetime:
        """The time of the collector, whatever the clock here says."""
        return self._then + timedelta(seconds=tick() - self._tick)

    async def run(self) -> None:
        """Work until cancelled. Raises QueueError."""
        await self._beat()
        beats = asyncio.create_task(self._beats())
        work = asyncio.create_task(self._queue.work({"fetch": self._fetch, "read": self._read}, self._concurrency))
        try:
            await asyncio.wait({beats, work}, return_when=asyncio.FIRST_COMPLETED)
            for task in (beats, work):
                if task.done():
                    task.result()
        finally:
            for task in (beats, work):
                task.cancel()
            await asyncio.gather(beats, work, return_exceptions=True)
            with suppress(QueueError):
                await self._queue.drop(self._sign)
            for _, _, fetcher in self._setups.values():
                await fetcher.__aexit__(None, None, None)
            self._setups.clear()

    # -- the lease

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            self._hold()
            try:
                async with asyncio.timeout(LEASE / 3):
                    await self._beat()
            except TimeoutError:
                pass
            except QueueError as error:
                if error.lasting and not error.__cause__:
                    raise

    def _hold(self) -> None:
        """See that there is a lease: a process that was stopped for so long has none either."""
        if tick() - self._tick >= LEASE:
            start_anew(f"PostgreSQL has not answered for {LEASE:.0f} s")

    async def _beat(self) -> None:
        """Say that this worker lives, and hear what time it is. Raises QueueError beside another version."""
        self._earlier = [*self._earlier[-20:], (tick(), self._pages)]
        (since, before), (till, pages) = self._earlier[0], self._earlier[-1]
        sent, ahead = tick(), 0.0
        sql = "SELECT now(), (SELECT content FROM kuaixun_parcels WHERE name = 'collector' AND at > now() - %s)"
        at, content = (await self._queue.run(sql, timedelta(seconds=SILENT)))[0]
        if content:
            state = msgspec.json.decode(content)
            ahead = state["ahead"]
            if state["version"] != VERSION:
                told_version = f"this worker is of version {VERSION}, the collector of {state['version']}"
                raise QueueError(f"{told_version}; `pip install kuaixun=={state['version']}` here", lasting=True)
        told = {
            "name": self._name,
            "version": VERSION,
            "pages": pages,
            "per_minute": round(60 * (pages - before) / max(till - since, 1)),
            "jobs": self._concurrency,
        }
        await self._queue.put(self._sign, "worker", encode(told), replace=True)
        if not await self._queue.sign():
            start_anew("its jobs were given to others")
        # Who can ask but not write is not heard of either.
        self._then, self._tick = at + timedelta(seconds=ahead), sent

    # -- the work

    async def _fetch(self, key: str, content: bytes, tries: int) -> None:
        ask = asks.decode(content)
        settings, owners, fetcher = await self._setup(ask.setup)
        if not tries or not await self._queue.has(key):
            await self._send(key, packed(await self._answer(ask, settings, owners, fetcher)))
            self._pages += 1
        # While the job lasts nobody else asks this host.
        await asyncio.sleep(settings.delay if ask.request.pause is None else ask.request.pause)

    async def _answer(
        self, ask: Ask, settings: Settings, owners: Owners, fetcher: Fetcher
    ) -> Page | tuple[str, int] | FetchError:
        self._hold()
        try:
            found = await fetcher.hop(ask.request, ask.url, ask.size, any_type=ask.any_type)
        except FetchError as error:
            return error
        except Exception as error:  # a fault of ours is an answer too
            return FetchError(ask.url, f"fetching it failed with {type(error).__name__}: {error}", later=True)
        target = ask.request.target
        if not isinstance(found, Page) or target is None or found.status == 304:
            return found
        place = Place(found.url, target, owners, found.fetched_at, ask.gaps)
        try:
            read = read_safely(found, place, settings, ad_score=self._score, timed=lambda step: nullcontext())
        except ExtractError as error:
            return replace(found, reading=error)
        return replace(found, reading=read)

    async def _send(self, key: str, content: bytes) -> None:
        """Put an answer into the queue, however long that takes: without the lease all is dropped anyhow."""
        while True:
            try:
                await self._queue.put(key, key.partition(" ")[0], content)
                return
            except QueueError:
                await asyncio.sleep(0.3)
                with suppress(QueueError):
                    if await self._queue.has(key):
                        return

    async def _setup(self, name: str) -> tuple[Settings, Owners, Fetcher]:
        """The settings and sources of that name, and a fetcher for them."""
        if name not in self._setups:
            content = await self._queue.get(name)
            if content is None:
                raise QueueError(f"`{name}` is gone")
            setup = setups.decode(content)
            settings = replace(setup.settings, proxy=self._own.proxy or setup.settings.proxy)
            fetcher = await Fetcher(settings, clock=self.now).__aenter__()
            self._setups.setdefault(name, (settings, Owners(setup.sources), fetcher))
        return self._setups[name]

    async def _read(self, key: str, content: bytes, tries: int) -> None:
        head, *page = parts(zstd.decompress(content))
        name, setup = msgspec.json.decode(head)
        if (name, setup) not in self._kinds:
            settings, owners, _ = await self._setup(setup)
            self._kinds[name, setup] = KINDS[name](settings, tuple(owners.by_name.values()))
        try:
            answer = self._kinds[name, setup].done(*page)
        except Exception:  # what needs the archive, or cannot travel
            answer = AT_HOME
        await self._send(key, answer)
        self._pages += 1


def start_anew(reason: str) -> None:
    """This process from its beginning, without any connection that it has."""
    with suppress(OSError):
        print(f"kuaixun: {reason}: the worker drops its requests and starts anew", file=sys.stderr, flush=True)
    os.execv(sys.executable, sys.orig_argv)


async def work(
    queue: Callable[[], Queue], own: Settings, name: str, concurrency: int, told: Callable[[str], None]
) -> None:
    """Work until cancelled, whatever becomes of the queue meanwhile. Raises QueueError where waiting does not help."""
    said, was_up = "", False
    # A job that is cut off by the queue is told by the queue's own error, once.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    while True:
        try:
            async with queue() as opened:
                await opened.check()
                was_up = True
                await Worker(opened, own, name, concurrency).run()
        except QueueError as error:
            # A server that comes up again may say so in any language.
            if error.lasting and not (was_up and error.__cause__):
                raise
            if str(error) != said:
                told(f"{error}; tried again until it answers")
            said = str(error)
        await asyncio.sleep(2)
