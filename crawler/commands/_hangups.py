"""SIGHUP while a command starts: light, so that it is there before all else."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Hangups:
    """Whether SIGHUP came; `then` is what it does from now on."""

    def __init__(self) -> None:
        self.came = False
        self._then: Callable[[], None] = lambda: None

    def take(self, *_: object) -> None:
        """One came."""
        self.came = True
        self._then()

    def lead_to(self, then: Callable[[], None]) -> None:
        """Have it done by each that comes, and now where one came already."""
        self._then = then
        if self.came:
            then()


@contextmanager
def hangups() -> Iterator[Hangups]:
    """SIGHUP ends nothing meanwhile, and is not forgotten."""
    found = Hangups()
    # Only the main thread may, and Windows has none.
    number = getattr(signal, "SIGHUP", None) if threading.current_thread() is threading.main_thread() else None
    former = signal.signal(number, found.take) if number else None
    try:
        yield found
    finally:
        if number:
            signal.signal(number, former)
