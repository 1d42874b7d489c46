"""The progress of a crawl, from its events: for a person on one line, for a program one JSON object an event."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.screen import Live, counted, span

if TYPE_CHECKING:
    from crawler.tally import Event, Tally

# What a person wants to read while it happens, besides the live line.
_SAID = {"failed": "failed", "forbidden": "not allowed", "retry": "will be tried again"}


class Watch:
    """Counts the events of a crawl and keeps the live line true.

    `waiting` gives the number of addresses that are due now, None where nobody knows; it is asked for only when the
    line is drawn. `each` prints failures as they come.
    """

    def __init__(
        self,
        line: Live,
        *,
        waiting: Callable[[], int | None] = lambda: None,
        each: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.counts: Counter[str] = Counter()
        self._line, self._waiting, self._each, self._clock = line, waiting, each, clock
        self._started, self._size, self._host = clock(), 0, ""
        self.last_failure = ""

    def failed_only(self) -> bool:
        """Whether something was asked for and nothing came."""
        return bool(self.last_failure) and not self.counts["fetched"]

    def see(self, event: Event) -> None:
        """Take an event in."""
        self.counts[event.kind] += 1
        self._size += event.size
        self._host = urlsplit(event.url).netloc
        if event.kind in _SAID:
            self.last_failure = f"{event.url}: {event.text}"
        if self._each and event.kind in _SAID:
            self._line.line(f"{_SAID[event.kind]}: {self.last_failure}")
        self._line.show(self._text)

    def say(self, text: str) -> None:
        """Print lines that stay, above the live one."""
        for line in text.splitlines():
            self._line.line(line)

    def _text(self) -> str:
        count, seconds = self.counts, max(self._clock() - self._started, 0.001)
        parts = [
            counted(count["fetched"], "page"),
            f"{count['new']:,} new",
            f"{count['changed']:,} changed",
            counted(count["copy"], "copy", "copies"),
            counted(count["ad"], "ad"),
            f"{count['failed']:,} failed",
        ]
        waiting = self._waiting()
        if waiting is not None:
            parts.append(f"{waiting:,} waiting")
        parts += [f"{self._size / 1e6:,.1f} MB", f"{count['fetched'] / seconds:,.1f}/s", self._host]
        return " · ".join(parts)


def summary(tally: Tally, seconds: float) -> str:
    """The sums of a pass in two lines."""
    brought = (
        counted(tally.new, "new article"),
        f"{tally.changed:,} changed",
        counted(tally.copies, "copy", "copies"),
        counted(tally.headlines, "new headline"),
        counted(tally.ads, "ad"),
    )
    asked = (
        f"{tally.not_modified:,} not modified",
        f"{tally.retries:,} repeated",
        f"{tally.failed:,} failed",
        f"{tally.forbidden:,} not allowed",
    )
    return (
        f"{', '.join(brought)}\n"
        f"{counted(tally.requests, 'request')} ({', '.join(asked)}), {tally.size / 1e6:,.1f} MB, "
        f"{span(timedelta(seconds=seconds))}"
    )
