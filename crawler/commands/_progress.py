"""The progress of a crawl, from its events: for a person on one line, for a program one JSON object an event."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.screen import Live, counted, span

if TYPE_CHECKING:
    from crawler.tally import Event, Tally

# Pages of a host from which its pace is known, and how many hosts a program is told of.
ENOUGH, SHOWN_HOSTS = 3, 20
# What a person wants to read while it happens, besides the live line.
_SAID = {"failed": "failed", "forbidden": "not allowed", "retry": "will be tried again"}


class Watch:
    """Counts the events of a crawl and keeps the live line true.

    `queue` gives how many addresses are due at each host; it is asked for now and then, when the line is drawn.
    `each` prints failures as they come.
    """

    def __init__(
        self,
        line: Live,
        *,
        queue: Callable[[], Mapping[str, int]] | None = None,
        each: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.counts: Counter[str] = Counter()
        self._line, self._each, self._clock = line, each, clock
        self._queue, self._look_at = queue, clock()
        self._queued: Mapping[str, int] = {}
        self._started, self._size, self._host = clock(), 0, ""
        self._hosts: dict[str, tuple[float, int]] = {}
        self._told: dict[str, str] = {}
        self.last_failure = ""

    def failed_only(self) -> bool:
        """Whether something was asked for and nothing came."""
        return bool(self.last_failure) and not self.counts["fetched"]

    def see(self, event: Event) -> None:
        """Take an event in."""
        self.counts[event.kind] += 1
        self._size += event.size
        self._host = urlsplit(event.url).netloc
        if event.kind == "fetched":
            self._told.pop(self._host, None)
        if event.kind == "fetched" and self._queue:
            name = urlsplit(event.url).hostname or ""
            first, pages = self._hosts.get(name, (self._clock(), 0))
            self._hosts[name] = (first, pages + 1)
        if event.kind in _SAID:
            self.last_failure = f"{event.url}: {event.text}"
        if self._each and event.kind in _SAID and self._is_news(event):
            self._line.line(f"{_SAID[event.kind]}: {self.last_failure}")
        self._line.show(self._text)

    def _is_news(self, event: Event) -> bool:
        """Whether it was not said of this host since it answered last: what keeps one address keeps the others too."""
        if event.kind != "retry":
            return True
        former, self._told[self._host] = self._told.get(self._host), event.text
        return former != event.text

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
        hosts = self._due()
        if hosts:
            parts.append(_waiting(hosts))
        left = self._seconds_left(hosts)
        if left is not None:
            parts.append(f"about {span(timedelta(seconds=left))} left")
        parts += [f"{self._size / 1e6:,.1f} MB", f"{count['fetched'] / seconds:,.1f}/s", self._host]
        return " · ".join(parts)

    def progress(self) -> dict[str, object]:
        """What a program wants to know while it happens; `hosts` are those at which most is due."""
        hosts, counts = self._due(), self.counts
        left = self._seconds_left(hosts)
        return {
            "kind": "progress",
            "seconds": round(self._clock() - self._started, 1),
            "pages": counts["fetched"],
            "new": counts["new"],
            "changed": counts["changed"],
            "copies": counts["copy"],
            "ads": counts["ad"],
            "failed": counts["failed"],
            "waiting": sum(hosts.values()),
            "hosts": dict(islice(hosts.items(), SHOWN_HOSTS)),
            "seconds_left": None if left is None else round(left),
        }

    def _due(self) -> Mapping[str, int]:
        """How much is due at each host; asked again so seldom that it costs next to nothing."""
        now = self._clock()
        if self._queue and now >= self._look_at:
            self._queued = self._queue()
            self._look_at = self._clock() + max(1.0, 50 * (self._clock() - now))
        return self._queued

    def _seconds_left(self, hosts: Mapping[str, int]) -> float | None:
        """How long what is due will take at the pace of each host until now; None where no pace is known."""
        now, pages = self._clock(), self.counts["fetched"]
        paces = {name: (now - first) / count for name, (first, count) in self._hosts.items() if count >= ENOUGH}
        if not hosts or not paces:
            return None
        usual = median(paces.values())
        slowest = max(waiting * paces.get(name, usual) for name, waiting in hosts.items())
        return max(slowest, sum(hosts.values()) * (now - self._started) / pages)


def _waiting(hosts: Mapping[str, int]) -> str:
    text = f"{sum(hosts.values()):,} waiting"
    if len(hosts) > 1:
        name, most = max(hosts.items(), key=lambda each: each[1])
        text += f" at {len(hosts):,} hosts (most: {name} {most:,})"
    return text


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
