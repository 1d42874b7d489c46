"""Signals as events of the loop, and work in threads that nobody has to wait for at the end."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal


@asynccontextmanager
async def signals(hup: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; SIGHUP sets `hup`. Afterwards they do what they did before."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    wanted = [(signal.SIGTERM, stop), (signal.SIGINT, stop)]
    wanted += [(signal.SIGHUP, hup)] if hasattr(signal, "SIGHUP") else []
    former = {number: signal.getsignal(number) for number, _ in wanted}
    # Windows has no such handlers; Ctrl-C is a KeyboardInterrupt there.
    with suppress(NotImplementedError):
        for number, event in wanted:
            loop.add_signal_handler(number, event.set)
    try:
        yield stop
    finally:
        with suppress(NotImplementedError):
            for number, _ in wanted:
                loop.remove_signal_handler(number)
                signal.signal(number, former[number])


async def apart(work: Callable[[], str]) -> str:
    """What `work` gives, done in a thread. It ends with the process: a disk that hangs must not keep that alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def settle(result: str, error: BaseException | None) -> None:
        if not done.done():
            if error:
                done.set_exception(error)
            else:
                done.set_result(result)

    def go() -> None:
        result, error = "", None
        try:
            result = work()
        except BaseException as caught:
            error = caught
        # The loop may be gone by now.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=go, name="chore", daemon=True).start()
    return await done


class AnyOf(asyncio.Event):
    """Set as soon as one of several events is."""

    def __init__(self, *events: asyncio.Event):
        super().__init__()
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)

    async def wait(self) -> Literal[True]:
        waits = [asyncio.ensure_future(event.wait()) for event in self._events]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        return True
