"""Asking an unknown site, for `discover`: robots.txt first, one request at a time with pauses, so many at most.

Nothing is stored. A redirect is a request like any other, and so is a robots.txt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from config import Settings, Source
from crawler import frontier, robots
from crawler.ask import Clock, Sleep, rules_of
from crawler.discover import Answer, explore
from crawler.fetch import Fetcher, utc_now
from crawler.page import FetchError, Forbidden, Page, Request
from crawler.robots import Rules
from crawler.survey import Survey
from crawler.urls import host

MOST = 15


class Spent(FetchError):
    """No request is left."""


class Scout:
    """Asks for pages, `MOST` at most. `asked` are all addresses that were, robots.txt and redirects included; `made`
    are those asked before.
    """

    def __init__(
        self,
        settings: Settings,
        fetcher: Fetcher,
        *,
        made: Sequence[str] = (),
        clock: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
        told: Callable[[str], None] = lambda url: None,
    ):
        self.settings, self.fetcher = settings, fetcher
        self.clock, self.sleep, self.told = clock, sleep, told
        self.asked: list[str] = [*made]
        self._rules = robots.Cache()
        self._source = Source("", ())

    async def survey(self, url: str, source: Source) -> Survey:
        """Everything that can be found out of the site at an address. Raises no FetchError: the survey tells."""
        self._source = source
        explorer = explore(url, source, agent=robots.product(self.settings.user_agent))
        wanted = next(explorer)
        while True:
            try:
                wanted = explorer.send(await self._answer(wanted))
            except StopIteration as end:
                found: Survey = end.value
                return replace(found, requests=tuple(self.asked))

    async def _answer(self, url: str) -> Answer:
        try:
            outcome: Page | FetchError = await self._page(url)
        except FetchError as error:
            outcome = error
        rules = self._rules.get(outcome.url, self.clock())
        left = MOST - len(self.asked)
        return Answer(outcome, left, rules.sitemaps if rules else (), rules.delay if rules else None)

    async def _page(self, url: str) -> Page:
        async def check(_: str, to: str) -> None:
            await self._obey(to)
            await self._turn(to)

        await check("", url)
        return await self.fetcher.get(Request(url, cut=True), check=check)

    async def _obey(self, url: str) -> None:
        """Raises Forbidden where robots.txt does not allow it; it is read first where it is not known."""
        rules = self._rules.get(url, self.clock())
        if rules is None:
            where = robots.address(url)

            async def check(_: str, to: str) -> None:
                await self._turn(to)

            await self._turn(where)
            rules, _ = await rules_of(self.fetcher, self.settings, where, check=check)
            self._rules.keep(url, rules, self.clock())
        if not rules.allows(url):
            raise Forbidden(url)

    async def _turn(self, url: str) -> None:
        """The pause before a request, and its place among those that may be made. Raises Spent."""
        if len(self.asked) >= MOST:
            raise Spent(url, f"not asked: {MOST} requests were made")
        if any(host(one) == host(url) for one in self.asked):
            await self.sleep(self._gap(url))
        self.asked.append(url)
        self.told(url)

    def _gap(self, url: str) -> float:
        rules: Rules | None = self._rules.get(url, self.clock())
        return frontier.gap(self.settings, self._source, rules.delay if rules else None)
