"""What is asked of the workers, and what they answer: one hub for each who hands out work.

What is asked is held here and in the queue, and either may be lost: who starts again finds what he asked for before by
its key, and a queue that was made anew is filled again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from time import monotonic

from crawler.fleet.engine import SILENT, TRIES, Job, Queue
from crawler.fleet.line import QueueError
from crawler.fleet.wire import encode

# Seconds: between two looks for answers, between two looks after the queue, before a queue that failed is tried again.
TICK, BEAT, AGAIN = 0.05, 2.0, 3.0
RECKON = 5  # beats between two looks for what was lost
PORTION = 4_000_000  # bytes of answers that are taken at once
TIDY = 60.0  # seconds between two looks for what nobody takes


class Hub:
    """Answers for `to`. `told` hears of trouble with the queue, once; meanwhile all waits.

    `beat` comes every 2 s, and signs by the name of `sign`, which is taken back at the end.
    """

    def __init__(
        self,
        to: str,
        sign: str,
        queue: Callable[[], Queue],
        told: Callable[[str], None],
        beat: Callable[[Queue], Awaitable[None]],
    ):
        self.sign = sign
        self.to, self._queue, self._told, self._beat, self._said = to, queue, told, beat, ""
        self._waiting: dict[str, tuple[Job, asyncio.Future[bytes]]] = {}
        self._new, self._taken, self.setup = set[str](), list[str](), ("", b"")
        self._wake, self._lack, self._tidied = asyncio.Event(), "", 0.0
        # The last sign of life of each worker, and when it was seen first.
        self._signs: dict[int, tuple[datetime, float]] = {}

    @property
    def waiting(self) -> int:
        """How much is asked and not answered."""
        return len(self._waiting)

    async def ask(self, job: Job) -> bytes:
        """What a worker answers; nothing where `TRIES` of them have died over it."""
        found: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[job.key] = job, found
        self._new.add(job.key)
        self._wake.set()
        try:
            content = await found
        finally:
            self._waiting.pop(job.key, None)
            self._new.discard(job.key)
        if task := asyncio.current_task():
            # Until the task that asked has ended nothing is committed: after a kill the answer must be there still.
            task.add_done_callback(lambda ended: self._end(job.key, ended))
        return content

    def _end(self, key: str, asker: asyncio.Task[object]) -> None:
        if not asker.cancelled():
            self._taken.append(key)

    async def run(self) -> None:
        """Serve what is asked, whatever becomes of the queue meanwhile."""
        while True:
            try:
                async with self._queue() as queue:
                    await queue.check()
                    try:
                        await self._serve(queue)
                    except asyncio.CancelledError:
                        with suppress(QueueError):
                            await queue.done(self._taken)
                            await queue.drop(self.sign)
                        raise
            except QueueError as error:
                self.tell(str(error))
            except Exception as error:  # no fault of ours may leave alone what was asked
                self.tell(f"a fault in kuaixun itself, {type(error).__name__}: {error}")
            await asyncio.sleep(AGAIN)

    def tell(self, text: str) -> None:
        """Say what is wrong, once; "" for nothing any more."""
        if text and text != self._said:
            self._told(f"{text}; what is to be done waits until that is over")
        self._said = text

    async def _serve(self, queue: Queue) -> None:
        # Keys of jobs that are in the queue, and keys that are neither there nor answered.
        known, missing = await queue.keys(self.to, self._waiting), set[str]()
        self._new, set_up, looked_at, beats = set(self._waiting), "", 0.0, 0
        while True:
            if monotonic() - looked_at >= BEAT:
                await self._look_after(queue)
                looked_at, beats = monotonic(), beats + 1
                if beats % RECKON == 0:
                    known, set_up = await queue.keys(self.to, self._waiting), ""
                    lost = self._waiting.keys() - known - self._new
                    self._new, missing = self._new | lost & missing, lost
            done = len(self._taken)
            await queue.done(self._taken[:done])
            del self._taken[:done]  # not before: what the queue did not hear is told again
            sizes = await queue.sizes(self.to)
            self._new -= sizes.keys()
            known -= sizes.keys()
            for key, content in await queue.contents(self._next(sizes)):
                if key in self._waiting and not (future := self._waiting[key][1]).done():
                    future.set_result(content)
            if set_up != self.setup[0]:
                set_up, content = self.setup
                await queue.put(set_up, "setup", content, replace=True)
            jobs = [self._waiting[key][0] for key in self._new if key not in known]
            await queue.hand_out(jobs)
            known.update(job.key for job in jobs)
            self._new -= known
            self.tell(self._lack)
            self._wake.clear()
            with suppress(TimeoutError):
                await (
                    asyncio.sleep(TICK) if self._waiting or self._taken else asyncio.wait_for(self._wake.wait(), BEAT)
                )

    def _next(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """As much of what came for those who wait as is taken at once."""
        taken, size = dict[str, int](), 0
        for key in self._waiting.keys() & sizes.keys():
            if not self._waiting[key][1].done() and (not taken or size + sizes[key] <= PORTION):
                taken[key] = sizes[key]
                size += sizes[key]
        return taken

    async def _look_after(self, queue: Queue) -> None:
        """Say that somebody is here, and put back what dead workers had."""
        await self._beat(queue)
        is_left = self._waiting and not await queue.workers()
        self._lack = "no worker is there, start `kuaixun fleet worker`" if is_left else ""
        silent = await self._silent(queue)
        for number, (job, key, tries) in enumerate(await queue.stalled(self.to, silent)):
            if tries < TRIES:
                # A page that kills its worker takes those beside it along: one after the other it is found.
                await queue.again(job, number * (tries - 1), silent)
                continue
            if key in self._waiting:
                dead = {"url": self._waiting[key][0].about, "reason": f"{tries} workers died over it"}
                await queue.put(f"dead {job}", "dead", encode(dead))
                await queue.put(key, self.to, b"")
            await queue.give_up(job, silent)
        if monotonic() - self._tidied > TIDY:
            await queue.tidy()
            self._tidied = monotonic()

    async def _silent(self, queue: Queue) -> dict[int, datetime]:
        """Workers, and their last signs of life, that have been the same for `SILENT` seconds.

        By the clock here, which only goes on: that of PostgreSQL may be set at any time.
        """
        asked, found, now = monotonic(), await queue.signs(), monotonic()
        before, self._signs = self._signs, {worker: (at, now) for worker, at in found.items()}
        self._signs |= {worker: sign for worker, sign in before.items() if sign[0] == found.get(worker)}
        return {worker: at for worker, (at, since) in self._signs.items() if asked - since >= SILENT}
