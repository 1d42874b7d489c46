"""The pages of archives read by the workers of a fleet: a Pool whose processes are on any machine.

A page is a job with all that is needed. What no worker can do, because only this machine has the archive, is done here.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property
from hashlib import sha256
from itertools import count
from secrets import token_hex
from typing import Any

from crawler.fleet.engine import Job, Queue
from crawler.fleet.hub import Hub
from crawler.fleet.line import VERSION
from crawler.fleet.reads import AT_HOME, KINDS
from crawler.fleet.wire import Setup, encode, framed
from crawler.pool import Crash, Pool, Result, Thing
from storage.packing import zstd

MOST = 8  # as many workers as pages are sent ahead for; see `pool.AHEAD`


class Crew(Pool[Thing, Result]):
    """See `Pool`. `told` hears of trouble with the queue, once; meanwhile pages wait."""

    def __init__(self, queue: Callable[[], Queue], told: Callable[[str], None], make: Any, *given: Any, workers: int):
        super().__init__(make, *given, workers=workers or MOST)
        name = f"crew:{socket.gethostname()}:{os.getpid()}:{token_hex(4)}".replace(" ", "-")
        self._hub, setup = Hub(name, name, queue, told, self._beat), encode(Setup(*given[:2]))
        self._hub.setup = (f"setup {sha256(setup).hexdigest()}", setup)
        self._head = encode([make.__module__, self._hub.setup[0]])
        self._numbers, self._loop, self._over = count(), asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    def __enter__(self) -> Crew[Thing, Result]:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self) -> None:
        hub = asyncio.create_task(self._hub.run())
        await self._over.wait()
        for task in (others := asyncio.all_tasks() - {asyncio.current_task()}):
            task.cancel()
        await asyncio.gather(hub, *others, return_exceptions=True)

    async def _beat(self, queue: Queue) -> None:
        await queue.put(self._hub.to, "crew", encode({"version": VERSION}), replace=True)

    def _handed(self, thing: Thing) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(self._read(thing), self._loop)

    # All this in the thread of the loop, for SQLite's sake.

    async def _read(self, thing: Thing) -> Any:
        try:
            content = zstd.compress(framed(self._head, *self._kind.sent(thing)), 1)
        except Exception:  # what cannot travel is read here
            return self._home(thing)
        key = f"{self._hub.to} {next(self._numbers)}"
        answer = await self._hub.ask(Job(key, content, getattr(thing, "url", ""), task="read"))
        if answer == AT_HOME:
            return self._home(thing)
        return self._kind.got(answer) if answer else Crash()

    @cached_property
    def _kind(self) -> Any:
        return KINDS[self._make.__module__](*self._arguments)

    @cached_property
    def _home(self) -> Callable[[Any], Any]:
        return self._make(*self._arguments)
