"""The pages of archives read by the workers of a fleet: a Pool whose processes are on any machine.

Pages go out in segments, each a parcel with all that is needed and a job that names it. What is out is held here too:
a queue that was lost is filled again. What somebody who died has left behind goes by itself, see `Queue.tidy`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from secrets import token_hex
from time import monotonic
from typing import Any

from crawler import bring, reread
from crawler.fleet import engine
from crawler.fleet.engine import VERSION, Job, Queue, QueueError, Stalled
from crawler.fleet.reads import KINDS
from crawler.fleet.wire import Segment, Setup, encode, framed, parts
from crawler.pool import Crash, Item, Pool, Result, Thing, until_raised

# Pages and bytes of a segment, and things of which none is to be read; segments that are out for each worker.
PAGES, BYTES, THINGS, AHEAD = 32, 2_000_000, 2000, 4
# Seconds: between two looks for answers, between two looks after the queue, before a queue that failed is tried again.
TICK, BEAT, AGAIN = 0.05, 2.0, 3.0
_NAMES = {bring.reader: "import", reread.reader: "reread"}
_WORKERS = """
    SELECT count(*) FROM kuaixun_parcels WHERE addressee = 'worker' AND at > now() - make_interval(secs => %s)
        AND convert_from(content, 'UTF8')::json ->> 'version' = %s
"""
_KEYS = "SELECT queueing_lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND queueing_lock LIKE %s"


@dataclass(slots=True)
class _Out:
    """A segment: each item with its thing and, if that was sent, its place among them."""

    key: str
    items: list[tuple[Any, Any, int | None]] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    answers: list[bytes] | None = None
    suspect: bytes | None = None  # where a worker was when it died
    deadly: tuple[int, ...] = ()


class Crew(Pool[Thing, Result]):
    """See `Pool`. `told` hears of trouble with the queue, once; meanwhile pages wait. Raises QueueError.

    What no worker can do is done in this process.
    """

    def __init__(self, queue: Callable[[], Queue], told: Callable[[str], None], make: Any, *given: Any, workers: int):
        super().__init__(make, *given, workers=workers)
        self._open, self._say, self._said = queue, told, ""
        self._kind: Any = KINDS[_NAMES[make]](*given)
        setup = encode(Setup(*given[:2]))
        self._setup = (f"setup {sha256(setup).hexdigest()}", "setup", setup)
        self._name = f"crew {socket.gethostname()}:{os.getpid()}:{token_hex(2)}"
        self._segment = Segment(_NAMES[make], self._setup[0], self._name)
        self._out, self._known = dict[str, _Out](), set[str]()
        self._count, self._most, self._looked = 0, AHEAD, 0.0
        self._queue: Queue | None = None
        self._runner = asyncio.Runner()

    def __enter__(self) -> Crew[Thing, Result]:
        self._runner.run(self._served(None))
        return self

    def __exit__(self, *_: object) -> None:
        with self._runner, suppress(QueueError):
            self._runner.run(self._leave())

    def map(
        self, items: Iterable[Item], of: Callable[[Item], Thing | None]
    ) -> Iterator[tuple[Item, Result | Crash | None]]:
        """See `Pool.map`; what comes, comes by segments."""
        waiting: deque[_Out] = deque()
        raised: list[Exception] = []
        flow = until_raised(items, raised)
        while (out := self._filled(flow, of)).items:
            waiting.append(out)
            if out.sent:
                self._out[out.key] = out
                self._runner.run(self._served(None))
            while len(waiting) >= self._most:
                yield from self._results(waiting.popleft())
        while waiting:
            yield from self._results(waiting.popleft())
        if raised:
            raise raised[0]

    def _filled(self, items: Iterator[Item], of: Callable[[Item], Thing | None]) -> _Out:
        """The next segment; without items after the last one."""
        self._count, size = self._count + 1, 0
        out = _Out(f"{self._name} #{self._count}")
        for item in items:
            thing, place = of(item), None
            with suppress(Exception):  # what cannot travel is read here
                if thing is not None:
                    head, body = self._kind.sent(thing)
                    place, size = len(out.sent) // 2, size + len(head) + len(body)
                    out.sent += (head, body)
            out.items.append((item, thing, place))
            if len(out.sent) >= 2 * PAGES or size >= BYTES or len(out.items) >= THINGS:
                break
        return out

    def _results(self, out: _Out) -> Iterator[tuple[Any, Any]]:
        if out.sent:
            self._runner.run(self._served(out))
        for item, thing, place in out.items:
            if place in out.deadly:
                yield item, Crash()
            elif place is not None and out.answers and (answer := out.answers[place]):
                yield item, self._kind.got(answer)
            else:
                yield item, None if thing is None else self._home(thing)

    @cached_property
    def _home(self) -> Callable[[Any], Any]:
        return self._make(*self._arguments)

    # -- on the loop, which stands still otherwise

    async def _leave(self) -> None:
        if self._queue:
            await self._queue.forget([self._name], [self._name, f"{self._name} out"])
            await self._queue.tidy()
            await self._queue.__aexit__()

    def _tell(self, text: str) -> None:
        if text and text != self._said:
            self._say(f"{text}; pages wait")
        self._said = text

    async def _served(self, wanted: _Out | None) -> None:
        """Hand out what is new and take what comes, until all of `wanted` is there, whatever becomes of the queue."""
        while True:
            try:
                if self._queue is None:
                    self._queue, self._looked = await self._open().__aenter__(), 0.0
                    await self._queue.check()
                return await self._serve(self._queue, wanted)
            except QueueError as error:
                if self._queue:
                    await self._queue.__aexit__()
                self._queue = None
                if error.lasting or not self._count:
                    raise
                self._tell(str(error))
                await asyncio.sleep(AGAIN)

    async def _serve(self, queue: Queue, wanted: _Out | None) -> None:
        while True:
            if monotonic() - self._looked >= BEAT:
                await self._look_after(queue)
            for key, content in await queue.all(self._name):
                if out := self._out.pop(key, None):
                    out.answers = list(parts(content))
                await queue.forget([key, f"{key} pages"])
            for key in self._out.keys() - self._known:
                out = self._out[key]
                await queue.put(f"{key} pages", f"{self._name} out", framed(*out.sent))
                await queue.hand_out([Job(key, encode(replace(self._segment, but=out.deadly)), task="read")])
                self._known.add(key)
            if wanted is None or wanted.answers is not None:
                return
            await asyncio.sleep(TICK)

    async def _look_after(self, queue: Queue) -> None:
        """Give a sign of life, see what is in the queue and who works there, put back what dead workers had."""
        told = {"version": VERSION, "segments": len(self._out)}
        await queue.put(self._name, "crew", encode(told), replace=True)
        await queue.put(*self._setup)
        await queue.tidy()
        self._known = {key for (key,) in await queue.run(_KEYS, f"{self._name} %")}
        ((workers,),) = await queue.run(_WORKERS, engine.SILENT, VERSION)
        self._tell("" if workers else f"no worker of version {VERSION} is there: `kuaixun fleet worker` starts one")
        self._most = AHEAD * max(workers, 1)
        for job in await queue.stalled("read"):
            if out := self._out.get(job.key):
                await self._put_back(queue, job, out)
        self._looked = monotonic()

    async def _put_back(self, queue: Queue, job: Stalled, out: _Out) -> None:
        """A page over which two workers have died, who had been told to say where they are, is left out."""
        at = await queue.get(f"{job.key} at {job.tries - 1}")
        if at is None or at != out.suspect:
            out.suspect = at
            await queue.again(job, 0)
        else:
            out.deadly = (*out.deadly, int(at))
            await queue.give_up(job)
            self._known.discard(job.key)
