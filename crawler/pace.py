"""How fast each host may be asked, and how much of it in one pass. Pure; times come in, nothing is waited for here.

A pause has a reason: our own `delay`, the host's Crawl-delay, or else failures, slow answers and Retry-After. Other
hosts are asked meanwhile. When only hosts that rest are left, the pass waits for those that are back within
`frontier.PATIENCE`, or within our own `delay` where that is longer, and leaves the rest to the next pass.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config import Settings
from crawler.frontier import PATIENCE
from crawler.page import FetchError
from crawler.urls import host
from storage.records import HostNote, Target

# So many failures in a row, whatever the address, and a host is left alone for the rest of the pass.
GIVE_UP = 8
# Lists asked of one host in one pass, and of one path with different queries: a calendar has no end.
MAX_LISTS = 200
MAX_QUERIES = 30
# So long after its last turn a daemon forgets where a host answers from, and so many it remembers at all.
FORGOTTEN = timedelta(days=1)
MAX_HOSTS = 20_000
# A host that takes this many seconds to answer is tired: it rests as long as it took, at most a minute.
SLOW = 2.0
_LONGEST_REST = 60.0


@dataclass(slots=True)
class _Host:
    next_at: datetime
    requests: int = 0
    failures: int = 0
    closed: bool = False
    is_well: bool = False
    address: str = ""
    lists: set[str] = field(default_factory=set)
    queries: Counter[str] = field(default_factory=Counter)


class Pace:
    """What is known of each host, and of each network address that several hosts share."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._hosts: dict[str, _Host] = {}
        self._addresses: dict[str, datetime] = {}

    def adopt(self, settings: Settings) -> None:
        """Go by other settings from now on; what is known of the hosts stays."""
        self._settings = settings

    def _host(self, name: str, now: datetime) -> _Host:
        if name not in self._hosts and len(self._hosts) >= MAX_HOSTS:
            self._forget(now)
        return self._hosts.setdefault(name, _Host(now))

    def _forget(self, now: datetime) -> None:
        """Leave only the hosts that were asked lately or must rest, at most half of what there is room for."""
        kept = sorted(self._hosts.items(), key=lambda each: each[1].next_at)[-MAX_HOSTS // 2 :]
        self._hosts = {name: each for name, each in self._hosts.items() if each.next_at > now} | dict(kept)
        self._addresses = {address: at for address, at in self._addresses.items() if at > now}

    def remember(self, note: HostNote, now: datetime) -> None:
        """Take over what an earlier run knew of a host."""
        known = self._host(note.host, now)
        known.address = note.address
        if note.rest_until and note.rest_until > known.next_at:
            known.next_at = note.rest_until

    def new_pass(self, now: datetime) -> None:
        """Budgets start again, and hosts that were given up get another chance; pauses stay."""
        for name, each in list(self._hosts.items()):
            each.requests, each.failures, each.closed = 0, 0, False
            each.lists.clear()
            each.queries.clear()
            if each.next_at <= now and (not each.address or now - each.next_at > FORGOTTEN):
                # Nothing is left to know of it: a daemon must not grow with the hosts that it once met.
                del self._hosts[name]
        self._addresses = {address: at for address, at in self._addresses.items() if at > now}

    def answered(self, name: str, gap: float, now: datetime, *, address: str | None = None, took: float = 0.0) -> None:
        """A request to the host ended well: the next one `gap` seconds from now, later after a slow answer.

        `address` is the network address that answered, None where that is not known; `took` in seconds.
        """
        known = self._host(name, now)
        known.failures, known.address, known.is_well = 0, address or known.address, True
        rest = min(took, _LONGEST_REST) if took >= SLOW else 0.0
        self._count(known, now, max(gap, rest))
        self._share(known, now, max(min(gap, self._settings.delay), rest))

    def _share(self, known: _Host, now: datetime, gap: float) -> None:
        """A Crawl-delay is the wish of one host; the others at its address are held to the general pause."""
        if known.address:
            until = now + timedelta(seconds=gap)
            self._addresses[known.address] = max(until, self._addresses.get(known.address, until))

    def rests(self, name: str, gap: float, now: datetime) -> None:
        """A host was asked for something that is no page: the regular pause follows, its budget stays."""
        known = self._host(name, now)
        known.next_at = max(known.next_at, now + timedelta(seconds=gap))
        self._share(known, now, min(gap, self._settings.delay))

    def failed(self, name: str, gap: float, error: FetchError, now: datetime) -> None:
        """A request failed. The pause doubles with each failure in a row; Retry-After stops the whole host.

        A status such as 404 is an answer about a page and says nothing about the host.
        """
        known = self._host(name, now)
        is_down = error.retry or (error.later and not known.is_well)
        known.failures = known.failures + 1 if is_down else 0
        slower = max(gap, 1.0) * 2 ** min(known.failures, 6) if known.failures > 1 else gap
        self._count(known, now, max(slower, error.after or 0.0))
        self._share(known, now, min(gap, self._settings.delay))
        known.closed |= known.failures >= GIVE_UP
        # A bad certificate or a refused address holds for all pages of the host that has it, unless some came: by http.
        known.closed |= error.later and not error.retry and host(error.url) == name and not known.is_well

    def _count(self, known: _Host, now: datetime, gap: float) -> None:
        known.requests += 1
        known.next_at = max(known.next_at, now + timedelta(seconds=gap))
        known.closed |= known.requests >= self._settings.max_pages_per_host

    def until(self, name: str, now: datetime) -> datetime:
        """From when on a host may be asked, by its own pause and by that of its network address; at least `now`."""
        known = self._hosts.get(name)
        if known is None:
            return now
        return max(now, known.next_at, self._addresses.get(known.address, now))

    def rest(self, name: str, now: datetime) -> datetime | None:
        """Until when a host must be left alone, also by a later run; None when it may be asked."""
        known = self._hosts.get(name)
        return known.next_at if known and known.next_at > now else None

    def is_awaited(self, name: str, now: datetime) -> bool:
        """Whether a pass that has nothing else to do waits until this host may be asked."""
        known = self._hosts.get(name)
        return known is None or known.next_at - now <= max(PATIENCE, timedelta(seconds=self._settings.delay))

    def address(self, name: str) -> str:
        """The network address that the host last answered from, "" where that is not known."""
        known = self._hosts.get(name)
        return known.address if known else ""

    def place(self, name: str, address: str, now: datetime) -> None:
        """The host will be asked at this network address, whose pause holds for it from its first request on."""
        self._host(name, now).address = address

    def is_closed(self, name: str) -> bool:
        """Whether this pass has done with a host: it is down, or its budget is used up."""
        known = self._hosts.get(name)
        return known is not None and known.closed

    def admits(self, target: Target, now: datetime) -> bool:
        """Whether a new list fits into its host's and its path's budget for this pass; other kinds always do."""
        if target.kind != "list" or target.depth == 0:
            return True
        known = self._host(host(target.url), now)
        if target.url in known.lists:
            return True
        path, mark, _ = target.url.partition("?")
        if len(known.lists) >= MAX_LISTS or (mark and known.queries[path] >= MAX_QUERIES):
            return False
        known.lists.add(target.url)
        known.queries[path] += bool(mark)
        return True
