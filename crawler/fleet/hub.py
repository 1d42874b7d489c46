"""What is asked of the workers, and what they answer: one hub for each who hands out work.

What is asked is held here and in the queue, and either may be lost: who starts again finds what he asked for before by
its key, and a queue that was made anew is filled again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

from crawler.fleet.engine import TRIES, Job, Queue, QueueError
from crawler.fleet.wire import encode

# Seconds: between two looks for answers, between two looks after the queue, before a queue that failed is tried again.
TICK, BEAT, AGAIN = 0.05, 2.0, 3.0
RECKON = 5  # beats between two looks for what was lost


class Hub:
    """Answers for `to`. `told` hears of trouble with the queue, once; meanwhile all waits. `beat` comes every 2 s."""

    def __init__(
        self, to: str, queue: Callable[[], Queue], told: Callable[[str], None], beat: Callable[[Queue], Awaitable[None]]
    ):
        self.to, self._queue, self._told, self._beat, self._said = to, queue, told, beat, ""
        self._waiting: dict[str, tuple[Job, asyncio.Future[bytes]]] = {}
        self._new, self._taken, self.setup = set[str](), list[str](), ("", b"")
        self._wake, self._lack = asyncio.Event(), ""

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
        self._taken.append(job.key)
        return content

    async def run(self) -> None:
        """Serve what is asked, whatever becomes of the queue meanwhile."""
        while True:
            try:
                async with self._queue() as queue:
                    await queue.check()
                    await self._serve(queue)
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
        # Keys of jobs that are in the queue, answers that nobody has asked for yet, keys without either.
        known, left, missing = await queue.keys(self.to), set[str](), set[str]()
        self._new, set_up, looked_at, beats = set(self._waiting), "", 0.0, 0
        while True:
            if monotonic() - looked_at >= BEAT:
                await self._look_after(queue)
                looked_at, beats = monotonic(), beats + 1
                if beats % RECKON == 0:
                    known, set_up = await queue.keys(self.to), ""
                    lost = self._waiting.keys() - known - self._new
                    self._new, missing = self._new | lost & missing, lost
            done, self._taken = self._taken, []
            await queue.done(done)
            left -= self._new
            for key, content in await queue.all(self.to, sorted(left)):
                known.discard(key)
                self._new.discard(key)
                if key not in self._waiting:
                    left.add(key)
                elif not (future := self._waiting[key][1]).done():
                    future.set_result(content)
            if set_up != self.setup[0]:
                set_up, content = self.setup
                await queue.put(set_up, "setup", content)
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

    async def _look_after(self, queue: Queue) -> None:
        """Say that somebody is here, and put back what dead workers had."""
        await self._beat(queue)
        is_left = self._waiting and not await queue.workers()
        self._lack = "no worker is there, start `kuaixun fleet worker`" if is_left else ""
        for number, (job, key, tries) in enumerate(await queue.stalled(self.to)):
            if tries < TRIES:
                # A page that kills its worker takes those beside it along: one after the other it is found.
                await queue.again(job, number * (tries - 1))
                continue
            if key in self._waiting:
                dead = {"url": self._waiting[key][0].about, "reason": f"{tries} workers died over it"}
                await queue.put(f"dead {job}", "dead", encode(dead))
                await queue.put(key, self.to, b"")
            await queue.give_up(job)
        await queue.tidy()
