"""A thread that says what hangs, and since when: the daemon itself cannot, when a slow disk holds it.

It ends nothing. What hangs is said once, and once more when it goes on; a service manager that waits for signs of
life may start the daemon anew.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import FrameType

from crawler.fetch import utc_now
from crawler.screen import moment, span
from crawler.tally import Notice
from crawler.vitals import DAEMON, Hang, Vitals

# Seconds between two looks.
LOOK = 10.0
_OURS = ("storage", "crawler", "config")


class Watchdog:
    """Says once what hangs, and once that it goes on. `ticks` is the clock of `vitals`, `where` tells at which line of
    the code the daemon stands.
    """

    def __init__(
        self,
        vitals: Vitals,
        say: Callable[[Notice], None],
        *,
        ticks: Callable[[], float] = time.monotonic,
        clock: Callable[[], datetime] = utc_now,
        where: Callable[[], str] = lambda: "",
    ):
        self._vitals, self._say, self._ticks, self._clock, self._where = vitals, say, ticks, clock, where
        self._said: dict[str, datetime] = {}

    def look(self) -> None:
        """Say what is new since the last look."""
        now, found = self._clock(), {hang.what: hang for hang in self._vitals.hangs(self._ticks())}
        for name, hang in found.items():
            if name not in self._said:
                self._said[name] = now - timedelta(seconds=hang.seconds)
                self._say(Notice("hangs", self._text(hang, self._said[name]), is_trouble=True))
        # While the daemon stands nobody knows of the others.
        for name in [] if DAEMON in found else [name for name in self._said if name not in found]:
            since = self._said.pop(name)
            self._say(Notice("moves", f"{name} is no longer held up, after {span(now - since)}"))

    def _text(self, hang: Hang, since: datetime) -> str:
        where = self._where() if hang.what == DAEMON else ""
        text = f"{hang.what} shows no sign of life since {moment(since)}"
        return f"{text}; it stands in {where}: a slow disk?" if where else f"{text}; the rest goes on"


@contextmanager
def watching(watchdog: Watchdog, every: float = LOOK) -> Iterator[None]:
    """Let the watchdog look in a thread of its own meanwhile."""
    over = threading.Event()

    def go() -> None:
        while not over.wait(every):
            watchdog.look()

    thread = threading.Thread(target=go, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def standing(thread: int) -> Callable[[], str]:
    """What tells at which line of ours a thread stands, as `storage/store.py:120 (save)`; "" where that is unknown."""

    def where() -> str:
        frame: FrameType | None = sys._current_frames().get(thread)
        while frame:
            name = frame.f_globals.get("__name__", "")
            if name.split(".")[0] in _OURS:
                return f"{name.replace('.', '/')}.py:{frame.f_lineno} ({frame.f_code.co_name})"
            frame = frame.f_back
        return ""

    return where
