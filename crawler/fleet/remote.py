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
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from config import Settings, Source
from crawler.fetch import Fetcher
from crawler.fleet.engine import Job, Queue
from crawler.fleet.hub import BEAT, Hub
from crawler.fleet.line import VERSION, QueueError
from crawler.fleet.wire import Ask, Setup, encode, unpacked
from crawler.page import FetchError, Page, Request
from crawler.urls import host

if TYPE_CHECKING:
    from storage.store import Store

FIRST = 5.0  # seconds that a pass waits for the queue before it begins
MOST = 1000  # requests that wait or are under way at once, each of another host


_CLAIM = """
    INSERT INTO kuaixun_parcels AS known (name, addressee, content) VALUES ('collector', 'state', %s)
    ON CONFLICT (name) DO UPDATE SET content = excluded.content, at = now()
    WHERE known.at < now() - make_interval(secs => %s) OR convert_from(known.content, 'UTF8')::json ->> 'who' = %s
    RETURNING 1
"""


def signature(path: Path) -> str:
    """Who collects into a database: no two at the same time have the same, and after a kill it is the same again."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    number = path.stat().st_ino if path.exists() else 0
    return f"{socket.gethostname()}:{path.resolve()}:{number}:{boot.read_text().strip() if boot.exists() else ''}"


async def refuse_second(queue: Queue, path: Path) -> None:
    """Raises QueueError while another database is collected into."""
    sql = "SELECT content FROM kuaixun_parcels WHERE name = 'collector' AND at > now() - make_interval(secs => %s)"
    for (content,) in await queue.run(sql, 4 * BEAT):
        if (other := msgspec.json.decode(content)["who"]) != signature(path):
            machine, place = other.split(":")[:2]
            told = f"there can be one collector, and one on {machine} collects into {place}"
            raise QueueError(told, lasting=True)


class Remote(Fetcher):
    """Puts each request into the queue. `told` hears of trouble with it, once; meanwhile requests wait.

    What a monitor wants to know of the fleet is kept up to date in `numbers`.
    """

    def __init__(
        self, settings: Settings, queue: Callable[[], Queue], told: Callable[[str], None], numbers: dict[str, int]
    ):
        super().__init__(settings)
        self._numbers = numbers
        self.most, self._hub = MOST, Hub("collect", "collector", queue, told, self._beat)
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
        about, pause = target.url if target else url, request.pause or self._settings.delay
        job = Job(f"collect {ask.key}", encode(ask), about, host(url), priority, pause=pause)
        content = await self._hub.ask(job)
        if not content:
            raise FetchError(request.url, "the workers that fetched or read it died over it", later=True)
        return unpacked(content, request)

    async def _beat(self, queue: Queue) -> None:
        """Say that this is the collector, and what time it is; wake what somebody wants again.

        Raises QueueError while another is at work.
        """
        assert self._store
        who, at = signature(self._store.path), (await queue.run("SELECT clock_timestamp()"))[0][0]
        now = self._clock()
        state = encode({"who": who, "version": VERSION, "ahead": (now - at).total_seconds()})
        if not await queue.run(_CLAIM, state, 4 * BEAT, who):
            raise QueueError("there can be one collector, and another is at work")
        for name, content in await queue.contents(await queue.sizes("again")):
            self._store.wake([msgspec.json.decode(content)["url"]], now)
            await queue.done([name])
        self._numbers["waiting"], self._numbers["workers"] = self._hub.waiting, await queue.workers()
        self._numbers["given_up"] = len(await queue.sizes("dead"))
        self._begun.set()
