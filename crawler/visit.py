"""One visit: ask for an address with manners, read the answer, store all of it in one transaction.

What is wrong with an address is noted as a failed visit and stays its own matter: only the database's trouble
(StorageError) leaves this room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from config import Settings, Source
from crawler import frontier, robots
from crawler.extract import AdScore
from crawler.fetch import Fetcher, utc_now
from crawler.frontier import NextVisit, Owners, Pace
from crawler.links import Place
from crawler.page import ExtractError, FetchError, Page, Request
from crawler.reading import Reading, read
from crawler.robots import Rules
from crawler.tally import Event, EventKind, Tally
from crawler.urls import host, same_site
from storage.keys import url_key
from storage.records import Saved, Target, Visit
from storage.store import Store

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], datetime]
Report = Callable[[Event], None]

_EVENT: dict[str, EventKind] = {"new": "new", "changed": "changed", "same": "same", "copy": "copy", "none": "list"}


def _silent(event: Event) -> None:
    """Progress for nobody."""


class Hosts:
    """What is known of the hosts and worth keeping from one pass to the next: their pace and their rules."""

    def __init__(self, settings: Settings):
        self.pace = Pace(settings)
        self.rules = robots.Cache()


class Forbidden(FetchError):
    """robots.txt does not allow it; nothing was asked."""

    def __init__(self, url: str):
        super().__init__(url, "forbidden by robots.txt")


class Moved(FetchError):
    """The page is at another site now, at `to`, which is asked in its own turn."""

    def __init__(self, url: str, to: str):
        super().__init__(url, f"moved to `{to}`, another site")
        self.to = to


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


@dataclass(slots=True)
class Visitor:
    """Visits addresses one by one and keeps the sums; `retries` are those that this pass tries again, and when."""

    world: World
    tally: Tally = field(default_factory=Tally)
    retries: dict[str, datetime] = field(default_factory=dict)
    _next: dict[str, datetime] = field(default_factory=dict)
    _fresh: set[int] = field(default_factory=set)
    _ads: set[int] = field(default_factory=set)

    async def visit(self, target: Target) -> None:
        """Ask for one address, read the answer and store it; its own trouble is noted and stays its own."""
        self.retries.pop(target.url, None)
        try:
            page = await self._ask(target)
            self._keep(target, page)
        except Moved as moved:
            self._follow(target, moved)
        except FetchError as error:
            self._note(target, error)
        except ExtractError as error:
            self._note(target, FetchError(target.url, error.reason, status=200))

    async def _ask(self, target: Target) -> Page:
        """The page, with the manners that its host asks for."""

        async def check(url: str, to: str) -> None:
            if not same_site(url, to):
                raise Moved(url, to)
            await self._obey(to, source)

        source, name = self.world.owners.by_name[target.source], host(target.url)
        try:
            await self._obey(target.url, source)
            self.tally.requests += 1
            page = await self.world.fetcher.get(Request(target.url, target.etag, target.last_modified), check=check)
        except FetchError as error:
            if not isinstance(error, Forbidden) or error.url != target.url:
                self.world.hosts.pace.failed(name, self._gap(target.url, source), error, self.world.clock())
            raise
        self.world.hosts.pace.answered(name, self._gap(target.url, source), self.world.clock())
        self.tally.size += len(page.body)
        self._tell("fetched", target, size=len(page.body))
        return page

    async def _obey(self, url: str, source: Source) -> None:
        """Raises FetchError where robots.txt forbids `url`, and reads it first where it is not known."""
        rules = self.world.hosts.rules.get(url, self.world.clock())
        if rules is None:
            rules = await self._read_robots(url)
            await self.world.sleep(self._gap(url, source))
        if not rules.allows(url):
            raise Forbidden(url)

    async def _read_robots(self, url: str) -> Rules:
        agent, where = self.world.settings.user_agent, robots.address(url)
        self.tally.requests += 1
        try:
            page = await self.world.fetcher.beginning(where, robots.MAX_BYTES)
            rules = robots.parse(page.body, agent, where)
        except FetchError as error:
            rules = robots.without(error, agent)
        self.world.hosts.rules.keep(url, rules, self.world.clock())
        owner = self.world.owners.of(url)
        if owner and rules.sitemaps:
            priority = frontier.list_priority("sitemap", 1)
            found = (Target(each, "sitemap", owner.name, priority, 1, found_on=where) for each in rules.sitemaps)
            self.tally.queued += self.world.store.add_targets(found, self.world.clock())
        return rules

    def _gap(self, url: str, source: Source) -> float:
        rules = self.world.hosts.rules.get(url, self.world.clock())
        return frontier.gap(self.world.settings, source, rules.delay if rules else None)

    # -- what came

    def _keep(self, target: Target, page: Page) -> None:
        """Read an answer and store all of it in one transaction."""
        place = Place(page.url, target, self.world.owners, page.fetched_at)
        reading = Reading() if page.status == 304 else self._read(page, place)
        targets, has_news = self._unknown(target, reading)
        visit = self._visit(target, page)
        next_at = self._next_at(target, place.source, reading, has_news=has_news)
        with self.tally.timed("store"):
            saved = self.world.store.save(
                visit, article=reading.article, headlines=reading.headlines, targets=targets, next_at=next_at
            )
        self._count(target, page, reading, saved)

    def _read(self, page: Page, place: Place) -> Reading:
        try:
            return read(
                page,
                place,
                ad_score=self.world.ad_score,
                ad_threshold=self.world.settings.ad_threshold,
                timed=self.tally.timed,
            )
        except ExtractError:
            raise
        except Exception as error:  # A page that breaks a rule of ours must not stop the other pages.
            raise ExtractError(f"reading it failed with {type(error).__name__}: {error}") from error

    def _unknown(self, target: Target, reading: Reading) -> tuple[list[Target], bool]:
        """The addresses to queue, and whether the page shows any that no earlier pass knew."""
        now = self.world.clock()
        with self.tally.timed("store"):
            known = self.world.store.known(each.url for each in reading.targets)
        targets = [
            each for each in reading.targets if each.url not in known and self.world.hosts.pace.admits(each, now)
        ]
        articles = [each for each in reading.targets if each.kind == "article"]
        news = [each for each in articles if each.url not in known or hash(url_key(each.url)) in self._fresh]
        self._fresh.update(hash(url_key(each.url)) for each in targets)
        following = reading.following
        if following and news and self.world.hosts.pace.admits(following, now):
            targets.append(following)
            # All of it is news: something may have scrolled off since the last visit, so page 2 is asked again.
            if target.visited_at and len(news) == len(articles):
                self.world.store.wake([following.url], now)
        return targets, bool(news)

    def _next_at(self, target: Target, source: Source, reading: Reading, *, has_news: bool) -> datetime | None:
        now = self.world.clock()
        if target.kind == "article":
            return frontier.after_article(target, reading.article.published_at if reading.article else None, now)
        return frontier.after_list(target, source, self._source_next(source), now, has_news=has_news)

    def _source_next(self, source: Source) -> datetime:
        """When the source is looked at again; a pass that outlasts that sets the time after."""
        known = self._next.get(source.name) or self.world.store.source_next(source.name)
        if known is None or known <= self.world.clock():
            known = self.world.next_visit(source, self.world.clock())
            self.world.store.set_source_next(source.name, known)
        self._next[source.name] = known
        return known

    # -- what went wrong

    def _note(self, target: Target, error: FetchError) -> None:
        source = self.world.owners.by_name[target.source]
        again = frontier.after_failure(
            target, error, self.world.settings, self._source_next(source), self.world.clock()
        )
        self.world.store.note_failure(self._visit(target, error=error.reason, status=error.status), next_at=again.at)
        if again.soon and again.at:
            self.retries[target.url] = again.at
            self.tally.retries += 1
            self._tell("retry", target, error.reason)
        elif isinstance(error, Forbidden):
            self.tally.forbidden += 1
            self._tell("forbidden", target, error.reason)
        else:
            self.tally.failed += 1
            self._tell("failed", target, error.reason)

    def _follow(self, target: Target, moved: Moved) -> None:
        """The address leads to another site: asked there if that is a source of ours, otherwise a failure."""
        owner = self.world.owners.of(moved.to)
        if owner:
            to = Target(moved.to, target.kind, owner.name, target.priority, target.depth, found_on=target.url)
            saved = self.world.store.save(self._visit(target, error=moved.reason, status=302), targets=[to])
            self.tally.queued += saved.queued
        else:
            self._note(target, moved)

    # -- records

    def _visit(self, target: Target, page: Page | None = None, *, error: str = "", status: int = 0) -> Visit:
        if page is None:
            return Visit(target.url, target.url, target.kind, target.source, self.world.clock(), status, error)
        return Visit(
            target.url,
            page.url,
            target.kind,
            target.source,
            page.fetched_at,
            page.status,
            took=page.took,
            size=len(page.body),
            etag=page.headers.get("etag", ""),
            last_modified=page.headers.get("last-modified", ""),
        )

    def _count(self, target: Target, page: Page, reading: Reading, saved: Saved) -> None:
        tally, article = self.tally, reading.article
        tally.headlines += saved.headlines
        tally.queued += saved.queued
        scored = [(item.url, item.ad_score) for item in reading.headlines]
        if article:
            scored.append((article.url, article.ad_score))
        self._ads.update(hash(url_key(url)) for url, score in scored if self._is_ad(score))
        tally.ads = len(self._ads)
        if page.status == 304:
            tally.not_modified += 1
            self._tell("not modified", target)
        elif article is None:
            self._tell("list", target)
        else:
            tally.count(saved.outcome)
            is_new_ad = saved.outcome == "new" and self._is_ad(article.ad_score)
            self._tell("ad" if is_new_ad else _EVENT[saved.outcome], target, article.title)

    def _is_ad(self, score: float) -> bool:
        return score >= self.world.settings.ad_threshold

    def _tell(self, kind: EventKind, target: Target, text: str = "", *, size: int = 0) -> None:
        self.world.report(Event(kind, target.url, target.source, text, size))
