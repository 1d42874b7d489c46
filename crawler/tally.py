"""What a pass tells while it runs, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import process_time
from typing import Literal

from storage.records import Outcome

EventKind = Literal[
    "fetched", "new", "changed", "same", "copy", "list", "not modified", "ad", "forbidden", "retry", "failed"
]


NoticeKind = Literal[
    "begin",
    "resume",
    "settings",
    "clock",
    "chore",
    "notices",
    "storage",
    "fault",
    "hangs",
    "moves",
    "output",
    "waiting",
    "fleet",
    "end",
]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that the daemon has to say of itself, in a sentence."""

    kind: NoticeKind
    text: str
    is_trouble: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to `url`. `text` is the title of an article, the reason of a failure, or "".

    `fetched` comes with every answer, before the event that says what it brought; `ad` instead of `new` for an
    article that is advertising; `retry` for a failure that this pass tries again. `size` is in bytes.
    """

    kind: EventKind
    url: str
    source: str
    text: str = ""
    size: int = 0


@dataclass(slots=True)
class Tally:
    """The sums of one pass. `requests` has those for robots.txt in it, `size` is in decoded bytes.

    `new`, `changed`, `same` and `copies` count articles, `headlines` items never seen before, `ads` the different
    addresses seen that are advertising. `queued` are addresses found; `failed` those given up in this pass,
    `retries` tries that were repeated. `cpu` is seconds of processor time by step: decode, extract, dedupe, store.
    """

    requests: int = 0
    size: int = 0
    not_modified: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    copies: int = 0
    headlines: int = 0
    ads: int = 0
    queued: int = 0
    retries: int = 0
    failed: int = 0
    forbidden: int = 0
    cpu: dict[str, float] = field(default_factory=lambda: {"decode": 0.0, "extract": 0.0, "dedupe": 0.0, "store": 0.0})

    def count(self, outcome: Outcome) -> None:
        """One article more that came out as `outcome`."""
        self.new += outcome == "new"
        self.changed += outcome == "changed"
        self.same += outcome == "same"
        self.copies += outcome == "copy"

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Count the processor time of the block for `step`."""
        started = process_time()
        try:
            yield
        finally:
            self.cpu[step] += process_time() - started

    def shift(self, step: str, part: str, seconds: float) -> None:
        """Count `seconds` of what `step` took for `part`, a step that is done inside it."""
        self.cpu[step] -= seconds
        self.cpu[part] += seconds
