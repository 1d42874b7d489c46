"""Asking with manners: robots.txt first, one request at a time, a pause after each, redirects only within a site."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from config import Settings, Source
from crawler import frontier, rights, robots
from crawler.extract import AdScore
from crawler.fetch import Check, Fetcher, utc_now
from crawler.frontier import NextVisit, Owners
from crawler.pace import Pace
from crawler.page import FetchError, Forbidden, Moved, Page, Postponed, Request, Resting
from crawler.robots import Rules
from crawler.tally import Event, EventKind, Tally
from crawler.twins import Twins
from crawler.urls import host, same_site
from storage import query
from storage.records import Notice, Target
from storage.store import Store

# Headlines of earlier runs that a new one starts with.
MAX_REMEMBERED = 5000
# Seconds between two looks at whether a host that is being asked has become free.
_LOOK = 0.2
# Files of hosts kept in memory; the database has them all.
MAX_FILES = 5000

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], datetime]
Report = Callable[[Event], None]
# Puts an answer into the archive, before anything is made of it.
Keep = Callable[[Page], Awaitable[None]]


async def _kept_nowhere(page: Page) -> None:
    pass


def _silent(event: Event) -> None:
    """Progress for nobody."""


class Hosts:
    """What is known of the hosts and worth keeping from one pass to the next: pace, rules, addresses of one article.

    `seen` is address and title of what earlier runs saw, the oldest first. `files` are the tdmrep.json by address: when
    each was asked for, the status and the text that came. `busy` are those that are being asked; `since` has those that
    are visited, and when that began by `ticks`, in seconds.
    """

    def __init__(self, settings: Settings, seen: Iterable[tuple[str, str]] = ()):
        self.pace = Pace(settings)
        self.rules = robots.Cache()
        self.files: dict[str, tuple[datetime, int, str]] = {}
        self.twins = Twins(seen)
        self.busy: set[str] = set()
        self.since: dict[str, float] = {}
        self.ticks: Callable[[], float] = monotonic

    @classmethod
    def remembered(cls, settings: Settings, store: Store, now: datetime) -> Hosts:
        """What the database remembers of earlier runs."""
        rows = query.headlines(store.db, limit=MAX_REMEMBERED, ads=True)
        hosts = cls(settings, ((row["url"], row["title"]) for row in reversed(rows)))
        for note in store.host_notes(now):
            hosts.pace.remember(note, now)
        return hosts


@dataclass(slots=True)
class World:
    """All that a pass works with: the settings, whose address is whose, the database, the network, and the time."""

    settings: Settings
    owners: Owners
    store: Store
    fetcher: Fetcher
    ad_score: AdScore
    hosts: Hosts
    clock: Clock = utc_now
    sleep: Sleep = asyncio.sleep
    report: Report = _silent
    next_visit: NextVisit = frontier.next_visit
    keep: Keep = _kept_nowhere

    def source(self, target: Target) -> Source:
        return self.owners.by_name[target.source]

    def tell(self, kind: EventKind, target: Target, text: str = "", *, size: int = 0) -> None:
        self.report(Event(kind, target.url, target.source, text, size))


async def one_page(settings: Settings, url: str) -> Page:
    """A single page, outside of any crawl, if it and all that it redirects to may be fetched. Raises FetchError."""
    known = robots.Cache()

    async def obey(_: str, to: str) -> None:
        rules = known.get(to, utc_now())
        if rules is None:
            rules = (await rules_of(fetcher, settings, to))[0]
            known.keep(to, rules, utc_now())
        if not rules.allows(to):
            raise Forbidden(to)

    async with Fetcher(settings) as fetcher:
        await obey("", url)
        return await fetcher.get(Request(url), check=obey)


async def rules_of(
    fetcher: Fetcher, settings: Settings, url: str, *, check: Check | None = None
) -> tuple[Rules, tuple[int, str]]:
    """What the robots.txt of an address says, and as what it came: status and text.

    Raises FetchError while nothing may be fetched there.
    """
    where = robots.address(url)
    try:
        page = await fetcher.beginning(where, robots.MAX_BYTES, check=check)
    except FetchError as error:
        return robots.without(error, settings.user_agent), (error.status, "")
    text = page.body[: robots.MAX_BYTES].decode("utf-8-sig", "replace")
    return robots.parse(page.body, settings.user_agent, where), (page.status, text)


@dataclass(slots=True)
class Asker:
    """Asks for addresses one by one, keeps their host's pace up to date, and counts."""

    world: World
    tally: Tally

    async def ask(self, target: Target, *, is_turn: bool = False, own: str = "") -> Page:
        """The page at `target.url`, with validators if it has them.

        Raises FetchError, Forbidden, Moved and Postponed among it. With `is_turn` a robots.txt that must be read first
        takes the turn: nobody waits here for the pause after it, and a sitemap that it names may go before the page.
        `own` is the address that is visited where this is more of it: then the pause between the two comes first.
        """

        at, taken = target.url, {host(own or target.url): ""}

        async def check(url: str, to: str) -> None:
            nonlocal at
            if not same_site(url, to):
                raise Moved(url, to)
            await self._pause(url, to, target, taken)
            await self._obey(to, target, taken)
            at = to

        pace = self.world.hosts.pace
        try:
            if own:
                await self._pause(own, at, target, taken)
            if is_turn:
                await self._place(at)
            await self._obey(at, target, taken, is_turn=is_turn)
            self.tally.requests += 1
            # What a sitemap or feed lists up to the limit is as good without the rest.
            cut, pause = target.kind in ("sitemap", "feed"), self._gap(at, target)
            request = Request(target.url, target.etag, target.last_modified, cut=cut, target=target, pause=pause)
            page = await self.world.fetcher.get(request, check=check)
        except FetchError as error:
            is_nothing_asked = isinstance(error, Forbidden) and error.url == target.url
            if not isinstance(error, Postponed | Resting) and not is_nothing_asked:
                pace.failed(host(at), self._gap(at, target), error, self.world.clock())
            raise
        finally:
            self._release(taken, target)
        now, gap = self.world.clock(), self._gap(at, target)
        pace.answered(host(at), gap, now, address=page.address, took=page.took)
        self.tally.size += len(page.body)
        self.world.tell("fetched", target, size=len(page.body))
        return page

    async def _place(self, url: str) -> None:
        """Find out where a host is before its first request.

        Raises Postponed where another host at its network address is being asked, or was just now.
        """
        hosts, name = self.world.hosts, host(url)
        if hosts.pace.address(name) or not (address := await self.world.fetcher.address(url)):
            return
        now = self.world.clock()
        hosts.pace.place(name, address, now)
        is_shared = any(hosts.pace.address(other) == address for other in hosts.busy if other != name)
        if is_shared or hosts.pace.until(name, now) > now:
            raise Postponed(url)

    async def _pause(self, url: str, to: str, target: Target, taken: dict[str, str]) -> None:
        """The pause before a redirect from `url` is followed: a host has it between all of its requests.

        Another host is waited for until its turn has come, and is `taken` (with an address of it) until `_release`;
        that of the visit itself is there from the beginning.
        Raises Resting where that is not within `PATIENCE`.
        """
        hosts, name = self.world.hosts, host(to)
        hosts.pace.rests(host(url), self._gap(url, target), self.world.clock())
        if name in taken:
            await self.world.sleep(self._gap(to, target))
            return
        latest = self.world.clock() + frontier.PATIENCE
        while (until := hosts.pace.until(name, now := self.world.clock())) > now or name in hosts.busy:
            if max(until, now + timedelta(seconds=_LOOK)) > latest:
                raise Resting(target.url, to, (until - now).total_seconds())
            await self.world.sleep(max((until - now).total_seconds(), _LOOK))
        hosts.busy.add(name)
        taken[name] = to

    def _release(self, taken: dict[str, str], target: Target) -> None:
        """The hosts that redirects led to are free again, after their pause."""
        for name, url in ((name, url) for name, url in taken.items() if url):
            self.world.hosts.pace.rests(name, self._gap(url, target), self.world.clock())
            self.world.hosts.busy.discard(name)

    async def notices(self, target: Target, page: Page) -> tuple[Notice, ...]:
        """What the host of an article says about the use of its articles: in robots.txt, and in tdmrep.json.

        The second is asked for once a day, and only of hosts that have articles.
        """
        now, rules = self.world.clock(), self.world.hosts.rules
        known = rules.get(page.url, now)
        clauses = known.clauses if known else ()
        found = rights.notices(clauses, robots.address(page.url), rules.read_at(page.url, now))
        where = rights.tdmrep_address(page.url)
        tdmrep = replace(target, url=where, etag="", last_modified="")
        read_at, status, text = await self._tdmrep(tdmrep, own=target.url)
        if rights.is_trouble(status):
            return found
        # Written where it was asked for just now; it is known already otherwise.
        file = (status, text) if read_at >= now else None
        return (*found, *rights.notices(rights.of_tdmrep(text), where, read_at, file=file))

    async def _tdmrep(self, target: Target, *, own: str) -> tuple[datetime, int, str]:
        """When a tdmrep.json was last asked for, the status and the text that came. Asked for unless known."""
        files, now = self.world.hosts.files, self.world.clock()
        known = files.get(target.url) or query.host_file(self.world.store.db, target.url)
        if known is None or now - known[0] >= rights.lifetime(known[1]):
            try:
                page = await self.ask(target, own=own)
                text = page.body[: rights.MAX_FILE].decode("utf-8-sig", "replace")
                known = (page.fetched_at, page.status, text if rights.of_tdmrep(text) else "")
            except FetchError as error:
                # What robots.txt forbids, or another site has, is as if it were not there.
                is_none = isinstance(error, Forbidden | Moved)
                known = (self.world.clock(), 404 if is_none else error.status, "")
        files[target.url] = known
        if len(files) > MAX_FILES:
            del files[next(iter(files))]
        return known

    async def _obey(self, url: str, target: Target, taken: dict[str, str], *, is_turn: bool = False) -> None:
        """Raises Forbidden where robots.txt does not allow `url`, and reads it first where it is not known."""
        now, pace = self.world.clock(), self.world.hosts.pace
        rules = self.world.hosts.rules.get(url, now)
        if rules is None and (rules := self._remembered(url, target)) and is_turn and pace.until(host(url), now) > now:
            raise Postponed(url)
        if rules is None:
            rules = await self._read_robots(url, target, taken)
            if is_turn:
                pace.rests(host(url), self._gap(url, target), self.world.clock())
                raise Postponed(url)
            await self.world.sleep(self._gap(url, target))
        if not rules.allows(url):
            raise Forbidden(url)

    def _remembered(self, url: str, target: Target) -> Rules | None:
        """The rules that an earlier run read within the day, and with them the host's pause."""
        known, now = query.host_file(self.world.store.db, robots.address(url)), self.world.clock()
        if known is None or now - known[0] >= robots.LIFETIME:
            return None
        read_at, _, text = known
        rules = robots.parse(text.encode(), self.world.settings.user_agent, robots.address(url))
        self.world.hosts.rules.keep(url, rules, read_at)
        self.world.hosts.pace.rests(host(url), self._gap(url, target), read_at)
        return rules

    async def _read_robots(self, url: str, target: Target, taken: dict[str, str]) -> Rules:
        async def check(before: str, to: str) -> None:
            await self._pause(before, to, target, taken)

        self.tally.requests += 1
        rules, file = await rules_of(self.world.fetcher, self.world.settings, url, check=check)
        now, where = self.world.clock(), robots.address(url)
        self.world.hosts.rules.keep(url, rules, now)
        self.world.store.keep_file(where, now, *file)
        owner, priority = self.world.owners.of(url), frontier.list_priority("sitemap", 1)
        if owner and rules.sitemaps:
            found = (Target(each, "sitemap", owner.name, priority, 1, found_on=where) for each in rules.sitemaps)
            self.tally.queued += self.world.store.add_targets(found, now)
        return rules

    def _gap(self, url: str, target: Target) -> float:
        rules = self.world.hosts.rules.get(url, self.world.clock())
        return frontier.gap(self.world.settings, self.world.source(target), rules.delay if rules else None)
