"""A Fetcher whose requests are made by workers, and whose pages are read there.

To the crawl it is any other: the frontier, the pauses and robots.txt stay here, and one transaction commits a page.
A request has a name that follows from its address and its state in the frontier, so that a collector that starts again
finds what its forerunner asked for, and nothing that was committed is ever taken twice.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from config import Settings, Source
from crawler.fetch import Fetcher
from crawler.fleet.engine import VERSION, Job, Queue, QueueError
from crawler.fleet.hub import BEAT, Hub
from crawler.fleet.wire import Ask, Setup, encode, unpacked
from crawler.page import FetchError, Page, Request
from crawler.urls import host

if TYPE_CHECKING:
    from storage.store import Store

FIRST = 5.0  # seconds that a pass waits for the queue before it begins
MOST = 1000  # requests that wait or are under way at once, each of another host


class Remote(Fetcher):
    """Puts each request into the queue. `told` hears of trouble with it, once; meanwhile requests wait."""

    def __init__(self, settings: Settings, queue: Callable[[], Queue], told: Callable[[str], None]):
        super().__init__(settings)
        self.most, self._hub = MOST, Hub("collect", queue, told, self._beat)
        self._store: Store | None = None
        self._begun = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await super().__aexit__(kind, error, trace)

    async def prepare(self, sources: Sequence[Source], store: Store) -> None:
        """A pass over these sources begins: workers read by them. What is wanted again is due by then."""
        content = encode(Setup(self._settings, tuple(sources)))
        self._store, self._hub.setup = store, (f"setup {sha256(content).hexdigest()}", content)
        self._task = self._task or asyncio.create_task(self._hub.run())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._begun.wait(), FIRST)

    async def hop(self, request: Request, url: str, size: int, *, any_type: bool) -> Page | tuple[str, int]:
        """What a worker got; see `Fetcher.hop`."""
        target = request.target
        gaps = self._store.gaps(target.source) if self._store and target and target.kind == "article" else ()
        ask = Ask(request, url, size, any_type, self._hub.setup[0], tuple(gaps))
        priority = target.priority if target else MOST
        content = await self._hub.ask(Job(f"collect {ask.key}", encode(ask), url, host(url), priority))
        if not content:
            raise FetchError(request.url, "the workers that fetched or read it died over it", later=True)
        return unpacked(content, request)

    async def _beat(self, queue: Queue) -> None:
        """Say that this is the collector, and what time it is; wake what somebody wants again.

        Raises QueueError while another is at work.
        """
        assert self._store
        now, who = self._clock(), f"{socket.gethostname()}:{self._store.path.resolve()}"
        sql = "SELECT now(), (SELECT content FROM kuaixun_parcels WHERE name = 'collector' AND at > now() - %s)"
        at, content = (await queue.run(sql, timedelta(seconds=4 * BEAT)))[0]
        if content and (other := msgspec.json.decode(content)["who"]) != who:
            raise QueueError(f"there can be one collector, and {other} is at work")
        state = {"who": who, "version": VERSION, "ahead": (now - at).total_seconds()}
        await queue.put("collector", "state", encode(state), replace=True)
        for name, content in await queue.all("again"):
            self._store.wake([msgspec.json.decode(content)["url"]], now)
            await queue.done([name])
        self._begun.set()
