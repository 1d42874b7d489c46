"""What the daemon is doing, in numbers, and what of it hangs. Counted on its loop, read by other threads too.

A sign of life is a moment of a clock that only goes forward, in seconds: a machine that slept has not hung.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from crawler.tally import Event, Tally

# Seconds without a sign of life after which something hangs: the daemon itself, a chore, one visit of a host. A visit
# may be an article of many pages at a host that wants long pauses.
STILL, CHORE, VISIT = 60.0, 300.0, 900.0
DAEMON = "the daemon"


class Hang(NamedTuple):
    """What hangs, and for how many seconds."""

    what: str
    seconds: float


@dataclass(slots=True)
class Vitals:
    """The numbers of a daemon since its start. `beat` is its last sign of life; `chores` that of each that runs;
    `visits` when each host began to be asked; `lost` tells how many lines of its output could not be written.
    """

    beat: float = 0.0
    events: Counter[str] = field(default_factory=Counter)
    size: int = 0
    requests: int = 0
    passes: int = 0
    failed_passes: int = 0  # in a row
    passed_at: datetime | None = None
    waiting: int = 0
    chores: dict[str, float] = field(default_factory=dict)
    visits: Mapping[str, float] = field(default_factory=dict)
    where: str = ""
    lost: Callable[[], int] = lambda: 0

    def see(self, event: Event) -> None:
        """Count an event."""
        self.events[event.kind] += 1
        self.size += event.size

    def passed(self, tally: Tally, waiting: int, now: datetime) -> None:
        """A pass has ended well."""
        self.requests += tally.requests
        self.passes += 1
        self.failed_passes = 0
        self.passed_at, self.waiting = now, waiting

    def hangs(self, tick: float) -> list[Hang]:
        """What hangs at a moment: the daemon first, for then nothing else gives a sign either."""
        if tick - self.beat > STILL:
            return [Hang(DAEMON, tick - self.beat)]
        # Copies: the loop may change them meanwhile.
        signs = [(name, sign, CHORE) for name, sign in list(self.chores.items())]
        signs += [(f"the visit of {name}", sign, VISIT) for name, sign in list(self.visits.items())]
        return [Hang(name, tick - sign) for name, sign, limit in signs if tick - sign > limit]
