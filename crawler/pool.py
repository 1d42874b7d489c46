"""The same work on many things, on all cores: results in order, few things at a time, and a crash costs one of them.

Workers are processes that are started afresh, so that they share no open database with this one. Ctrl-C is for this
process alone: it lets them finish what they are at. When it dies, they end by themselves.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import util
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Thing = TypeVar("Thing")
Result = TypeVar("Result")

# Items under way for each worker: enough that none waits, few enough to hold in memory.
AHEAD = 12

_work: Callable[[Any], Any] | None = None


class Crash(Exception):
    """The process that worked on a thing died of it."""

    def __init__(self) -> None:
        super().__init__("the process that read it died of it")


class CannotStart(RuntimeError):
    """No worker comes to life."""

    def __init__(self) -> None:
        super().__init__("no process can be started to read pages; `--workers 0` reads them in this one")


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True)
class _Out(Generic[Item, Thing, Result]):
    """An item that waits for its turn; `future` is None where nothing is to be done."""

    item: Item
    thing: Thing | None
    future: Future[Result] | None


class Pool(Generic[Thing, Result]):
    """Workers, each with a function that `make(*arguments)` gives there; `make` and what it gets must be picklable.

    Without workers (0) the work is done in this process. Use it as a context manager.
    """

    def __init__(self, make: Callable[..., Callable[[Thing], Result]], *arguments: Any, workers: int):
        self._make, self._arguments, self._workers = make, arguments, workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Pool[Thing, Result]:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def map(
        self, items: Iterable[Item], of: Callable[[Item], Thing | None]
    ) -> Iterator[tuple[Item, Result | Crash | None]]:
        """Each item with what came of the thing that is `of` it, in order; None where there is none.

        `items` is read only a little ahead. What it raises comes after the results of all items before. Raises
        CannotStart.
        """
        if not self._workers:
            work = self._make(*self._arguments)
            for item in items:
                thing = of(item)
                yield item, None if thing is None else work(thing)
            return
        waiting: deque[_Out[Item, Thing, Result]] = deque()
        raised: list[Exception] = []
        for item in until_raised(items, raised):
            thing = of(item)
            waiting.append(_Out(item, thing, None if thing is None else self._handed(thing)))
            while waiting and (waiting[0].future is None or len(waiting) >= AHEAD * self._workers):
                yield self._taken(waiting)
        while waiting:
            yield self._taken(waiting)
        if raised:
            raise raised[0]

    def _handed(self, thing: Thing) -> Future[Result]:
        try:
            return self._running().submit(_do, thing)
        except BrokenProcessPool as error:
            broken: Future[Result] = Future()
            broken.set_exception(error)
            return broken

    def _taken(self, waiting: deque[_Out[Item, Thing, Result]]) -> tuple[Item, Result | Crash | None]:
        first = waiting.popleft()
        if first.future is None or first.thing is None:
            return first.item, None
        try:
            return first.item, first.future.result()
        except BrokenProcessPool:
            pass
        # Which of those handed out did it? The first one is tried alone, the others again after it.
        result = self._alone(first.thing)
        for out in waiting:
            out.future = None if out.thing is None else self._handed(out.thing)
        return first.item, result

    def _alone(self, thing: Thing) -> Result | Crash:
        self._restart()
        try:
            self._running().submit(_is_ready).result()
        except BrokenProcessPool:
            raise CannotStart from None
        alone: Future[Result] = self._handed(thing)
        try:
            return alone.result()
        except BrokenProcessPool:
            self._restart()
            return Crash()

    def _restart(self) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        self._pool = None

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, context, _begin, (self._make, self._arguments))
        return self._pool


def until_raised(items: Iterable[Item], raised: list[Exception]) -> Iterator[Item]:
    """The items; what they raise is put into `raised` and ends them."""
    try:
        yield from items
    except Exception as error:
        raised.append(error)


def _begin(make: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> None:
    """What a worker does first."""
    global _work  # noqa: PLW0603 - one worker, one work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nothing is to be put away, and some libraries complain while they are taken down.
    util.Finalize(None, os._exit, (0,), exitpriority=0)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _work = make(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


def _is_ready() -> bool:
    return _work is not None


def _do(thing: Any) -> Any:
    assert _work
    return _work(thing)
