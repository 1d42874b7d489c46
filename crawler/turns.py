"""Whose turn it is: the hosts of a pass in the order in which they may be asked. Pure; times come in.

Only hosts are held here, one entry each; their addresses stay in the database.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime


class Turns:
    """Hosts by the time from which each may be asked; of equal times the one that was put in first."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, str]] = []
        self._entries: dict[str, tuple[datetime, int]] = {}
        self._count = 0

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, name: str, at: datetime) -> None:
        """Let a host have its turn from `at` on; an earlier turn that it has already stays."""
        known = self._entries.get(name)
        if known and known[0] <= at:
            return
        self._count += 1
        self._entries[name] = (at, self._count)
        heapq.heappush(self._heap, (at, self._count, name))

    def take(self, now: datetime) -> str | None:
        """The host whose turn it is, which then has none any more; None when nobody's time has come."""
        while self._heap and self._heap[0][0] <= now:
            at, count, name = heapq.heappop(self._heap)
            # An entry that was overtaken by an earlier one is only dropped here.
            if self._entries.get(name) == (at, count):
                del self._entries[name]
                return name
        return None

    def __iter__(self) -> Iterator[tuple[str, datetime]]:
        """Each host and its time, in no order."""
        return ((name, at) for name, (at, _) in self._entries.items())
