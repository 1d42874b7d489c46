"""What the daemon is doing, in numbers, and what of it hangs. Counted on its loop, read by other threads too.

A sign of life is a moment of a clock that only goes forward, in seconds: a machine that slept has not hung.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from crawler.tally import Event, Tally

# Seconds without a sign of life after which something hangs: the daemon itself, a chore, one visit of a host. A visit
# may be an article of many pages at a host that wants long pauses.
STILL, CHORE, VISIT = 60.0, 300.0, 900.0
DAEMON = "the daemon"
# Seconds that another process may hold a lock, and that may pass without any event or pass, before that is trouble.
LOCKED, QUIET = 30.0, 1200.0


class Hang(NamedTuple):
    """What hangs, and for how many seconds."""

    what: str
    seconds: float


@dataclass(slots=True)
class Vitals:
    """The numbers of a daemon since its start. `beat` is its last sign of life; `chores` that of each that runs;
    `visits` when each host began to be asked; `locks` tells for how many seconds the lock of each file has been waited
    for; `lost` tells how many lines of its output could not be written.
    """

    beat: float = 0.0
    events: Counter[str] = field(default_factory=Counter)
    size: int = 0
    requests: int = 0
    passes: int = 0
    failed_passes: int = 0  # in a row
    # Why the last of them failed, and since when they do.
    why: str = ""
    failing_since: datetime | None = None
    passed_at: datetime | None = None
    waiting: int = 0
    chores: dict[str, float] = field(default_factory=dict)
    visits: Mapping[str, float] = field(default_factory=dict)
    where: str = ""
    gone: str = ""  # that the database is no longer in its place
    locks: Callable[[], Mapping[Path, float]] = dict
    # What was done until the last look, and when that had last become more; None before the first look.
    done: int = 0
    stirred: float | None = None
    lost: Callable[[], int] = lambda: 0
    fleet: dict[str, int] = field(default_factory=dict)  # of a collector: what waits, who works, what was given up

    def see(self, event: Event) -> None:
        """Count an event."""
        self.events[event.kind] += 1
        self.size += event.size

    def passed(self, tally: Tally, waiting: int, now: datetime) -> None:
        """A pass has ended well."""
        self.requests += tally.requests
        self.passes += 1
        self.failed_passes, self.why, self.failing_since = 0, "", None
        self.passed_at, self.waiting = now, waiting

    def failed(self, why: str, now: datetime) -> None:
        """A pass has ended with an error, or could not begin."""
        self.failed_passes += 1
        self.why, self.failing_since = why, self.failing_since or now

    def look(self, tick: float) -> None:
        """See whether anything was done since the last look."""
        done = self.passes + self.events.total()
        if self.stirred is None or done != self.done:
            self.done, self.stirred = done, tick

    def trouble(self, tick: float) -> str:
        """Why nothing is stored at a moment, "" where all is well: what hangs is another matter."""
        if self.gone:
            return self.gone
        if self.failed_passes:
            return self.why or "a pass failed"
        for path, seconds in self.locks().items():
            if seconds > LOCKED:
                return f"`{path}` cannot be written: another process has held it locked for {seconds:.0f} s"
        quiet = tick - self.stirred if self.stirred is not None else 0.0
        return f"nothing was asked, and no pass ended, for {quiet:.0f} s" if quiet > QUIET else ""

    def hangs(self, tick: float) -> list[Hang]:
        """What hangs at a moment: the daemon first, for then nothing else gives a sign either."""
        if tick - self.beat > STILL:
            return [Hang(DAEMON, tick - self.beat)]
        # Copies: the loop may change them meanwhile.
        signs = [(name, sign, CHORE) for name, sign in list(self.chores.items())]
        signs += [(f"the visit of {name}", sign, VISIT) for name, sign in list(self.visits.items())]
        return [Hang(name, tick - sign) for name, sign, limit in signs if tick - sign > limit]
