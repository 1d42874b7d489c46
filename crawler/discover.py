"""An unknown site's address in, a `Survey` of it out: which pages to ask for, and what their answers say. Pure.

`explore` is a generator: it yields addresses one by one, and is sent an `Answer` for each. Who drives it asks the
network, or a shelf of saved pages. Nothing depends on chance, and on the clock only what a page says of "3 hours ago":
so one site gives one survey.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from config import Source
from crawler import feeds, stencil
from crawler.feeds import Feed
from crawler.page import FetchError, Page
from crawler.robots import origin
from crawler.shapes import is_service, looks_like_article, looks_like_list, page_number, suffix
from crawler.sighting import Seen, Sight
from crawler.survey import Seed, Survey, Tried, Trouble
from crawler.trial import next_try, trouble_of, try_article, why_none, why_not
from crawler.urls import same_site

TRIES = 5
# Requests that are kept for articles; one more for a redirect.
RESERVE = TRIES + 1
# Where feeds are when no page names one.
PLACES = ("/feed", "/rss.xml")
SITEMAP = "/sitemap.xml"
# Declared feeds that are asked for: one has the news, another often the comments.
MAX_FEEDS = 2
# Of the addresses in a sitemap.
MAX_SITEMAP = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came for an address: a page or an error. `sitemaps` and `delay` are of its host's robots.txt; `left` is how
    many requests may still be made.
    """

    outcome: Page | FetchError
    left: int
    sitemaps: tuple[str, ...] = ()
    delay: float | None = None


T = TypeVar("T")
Asking = Generator[str, Answer, T]


class _End(Exception):
    """Nothing can be made of the site."""

    def __init__(self, trouble: Trouble, reason: str):
        super().__init__(reason)
        self.trouble, self.reason = trouble, reason


def explore(url: str, source: Source, *, agent: str = "kuaixun") -> Asking[Survey]:
    """Look at a site, from one of its addresses: a front page, a list, a feed, a sitemap or an article.

    `source` has what is known before (encoding, zone), `agent` is the product token that orders are given to.
    """
    explorer = _Explorer(source, agent)
    try:
        yield from explorer.begin(url)
        yield from explorer.feeds()
        yield from explorer.sitemaps()
        yield from explorer.section()
        yield from explorer.articles()
    except _End as end:
        return replace(explorer.survey(), trouble=end.trouble, reason=end.reason)
    return explorer.survey()


class _Explorer:
    def __init__(self, source: Source, agent: str):
        self.source, self.agent = source, agent
        self.seen = Seen()
        self.home = ""
        self.left = 0
        self.robots: tuple[str, ...] = ()
        self.delay: float | None = None
        self.asked: list[str] = []
        self.seeds: list[Seed] = []
        self.rest: list[Seed] = []
        self.tried: list[Tried] = []
        self.shell = ""

    # -- asking

    def ask(self, url: str) -> Asking[Page | FetchError]:
        answer = yield url
        self.asked.append(url)
        self.left = answer.left
        if len(self.asked) == 1 or not self.delay:
            self.robots, self.delay = answer.sitemaps or self.robots, answer.delay
        return answer.outcome

    def maybe(self, url: str) -> Asking[Page | None]:
        """As `ask`, where the page is not needed and requests are left beside those for articles."""
        if url in self.asked or self.left <= RESERVE:
            return None
        outcome = yield from self.ask(url)
        return outcome if isinstance(outcome, Page) else None

    def feed_of(self, page: Page) -> Feed | None:
        return feeds.parse(page.body, page.url, page.headers.get("content-type", ""))

    # -- the steps

    def begin(self, url: str) -> Asking[None]:
        """The address that was given, and the front page where that is no list itself."""
        page = yield from self.needed(url)
        feed = self.feed_of(page)
        if feed:
            self.home = page.url
            self.take_feed(page.url, feed)
            first = next((item.url for item in feed.items), page.url)
            front = origin(first if feed.kind == "feed" else page.url) + "/"
            outcome = yield from self.ask(front)
            if isinstance(outcome, Page) and not self.feed_of(outcome):
                self.take_list(outcome)
            return
        sight = self.sight(page)
        forwarded = sight.forwarded if not sight.anchors else ""
        if forwarded and same_site(forwarded, page.url):
            page = yield from self.needed(forwarded)
            sight = self.sight(page)
        if sight.article and origin(page.url) + "/" != page.url:
            self.seen.article(page.url, sight.title, None)
            page = yield from self.needed(origin(page.url) + "/")
            sight = self.sight(page)
        self.look(sight)

    def needed(self, url: str) -> Asking[Page]:
        outcome = yield from self.ask(url)
        if isinstance(outcome, Page):
            return outcome
        raise _End(*why_not(outcome))

    def sight(self, page: Page) -> Sight:
        try:
            return Sight.of(page, self.source, self.agent)
        except FetchError as error:
            raise _End("nothing", error.reason) from error

    def look(self, sight: Sight) -> None:
        """Take the first list in; it decides whether the site can be read at all."""
        if sight.refused and not sight.items:
            raise _End(trouble_of(sight.refused), f"it answers with {sight.refused}")
        self.shell = sight.shell
        self.home = sight.url
        self.seen.take(sight, self.home)
        if sight.nofollow:
            raise _End("forbidden", "the page forbids to follow its links (nofollow)")

    def take_list(self, page: Page) -> None:
        try:
            sight = Sight.of(page, self.source, self.agent)
        except FetchError:
            return
        self.home, self.shell = sight.url, sight.shell
        self.seen.take(sight, self.home)

    def take_feed(self, url: str, feed: Feed) -> bool:
        """Whether it names articles of this site: then it is a seed."""
        ours = [item for item in feed.items if same_site(item.url, self.home) and not is_service(item.url)]
        if feed.kind == "feed" or any(item.title for item in ours):
            known = [item for item in ours if suffix(item.url) not in ("xml", "gz", "mp3", "mp4")]
            for item in known:
                self.seen.article(item.url, item.title, item.published_at, fed=True)
            if known:
                self.seeds.append(Seed(url, "feed" if feed.kind == "feed" else "sitemap", len(known)))
            return bool(known)
        for item in islice(ours, MAX_SITEMAP):
            self.seen.named.setdefault(item.url)
        if ours and feed.kind == "sitemap":
            self.rest.append(Seed(url, "sitemap", len(ours)))
        return bool(ours)

    def feeds(self) -> Asking[None]:
        """Those that a page declares or links, else those in common places."""
        if any(seed.kind == "feed" for seed in self.seeds):
            return
        declared = [url for url in self.seen.feeds if "comment" not in url][:MAX_FEEDS]
        found = yield from self.first_feed(declared or self.seen.linked_feeds[:MAX_FEEDS])
        if not found and not declared:
            yield from self.first_feed([origin(self.home) + place for place in PLACES])

    def first_feed(self, urls: list[str]) -> Asking[bool]:
        for url in urls:
            page = yield from self.maybe(url)
            feed = self.feed_of(page) if page else None
            if page and feed and feed.kind == "feed" and self.take_feed(page.url, feed):
                return True
        return False

    def sitemaps(self) -> Asking[None]:
        """One of those that robots.txt names, or the usual one; of an index its newest part."""
        where = min(self.robots, key=lambda url: "news" not in url, default=origin(self.home) + SITEMAP)
        page = yield from self.maybe(where)
        feed = self.feed_of(page) if page else None
        if page and feed and feed.kind == "index":
            parts = [item for item in feed.items if same_site(item.url, self.home)]
            chosen = min(parts, key=_newest_news_first, default=None)
            page = (yield from self.maybe(chosen.url)) if chosen else None
            feed = self.feed_of(page) if page else None
        if page and feed and feed.kind == "sitemap":
            self.take_feed(page.url, feed)

    def section(self) -> Asking[None]:
        """One list beside the first page: below it the articles lie, or it is the first of the menu."""
        lists = [url for url in self.seen.others if looks_like_list(url) and page_number(url) < 2 and url != self.home]
        if not lists or self.seen.paging:
            return
        found = [url for url in self.seen.articles if same_site(url, self.home)]
        counts = {url: sum(one.startswith(url.rstrip("/") + "/") for one in found) for url in lists}
        page = yield from self.maybe(max(lists, key=lambda url: (counts[url], -lists.index(url))))
        if page and not self.feed_of(page):
            try:
                self.seen.take(Sight.of(page, self.source, self.agent), self.home)
            except FetchError:
                return

    def articles(self) -> Asking[None]:
        """Five articles of the shapes that most have; another one for each that turns out to be none."""
        if not self.seen.articles:
            self.from_sitemap()
        wanted = TRIES
        while wanted and self.left and (url := next_try(self.seen, self.tried)):
            outcome = yield from self.ask(url)
            tried, sight = try_article(url, outcome, self.source, self.agent, self.seen.articles.get(url))
            self.tried.append(tried)
            if tried.problem:
                self.seen.denied.add(url)
            else:
                self.seen.confirmed.add(url)
                wanted -= 1
            if sight:
                self.seen.take(sight, self.home, is_list=False)
        if not self.seen.confirmed:
            raise _End(*why_none(self.tried, self.shell))

    def from_sitemap(self) -> None:
        """Where no page shows an article, what a sitemap names may be some: then that is where to start."""
        named = [url for url in self.seen.named if looks_like_article(url)] or self.most_alike()
        for url in named:
            self.seen.article(url, "", None)
        if self.seen.articles:
            self.seeds += self.rest
            self.rest = []

    def most_alike(self) -> list[str]:
        """The addresses of the commonest shape in a sitemap, where they are many: trying some tells what they are."""
        named = [url for url in self.seen.named if url != self.home and not is_service(url) and page_number(url) < 2]
        shapes = stencil.groups(named)
        return list(shapes[0].urls) if shapes and len(shapes[0].urls) >= stencil.MANY else []

    # -- the end

    def survey(self) -> Survey:
        seen, home = self.seen, self.home
        articles = [url for url in seen.articles if url not in seen.denied]
        others = [url for url in seen.others if url not in seen.articles]
        sure = seen.confirmed | seen.fed.keys()
        doubtful = seen.occasional()
        drawn = stencil.draw(articles, others, sure, seen.denied, doubtful=doubtful, service=seen.service)
        seeds = list(self.seeds)
        if seen.listed and home not in {seed.url for seed in seeds}:
            seeds.append(Seed(home, "list", seen.listed))
        return Survey(
            url=home,
            seeds=seeds,
            article=drawn,
            articles=articles,
            others=others,
            tried=self.tried,
            paging=seen.paging,
            sitemaps=[seed for seed in self.rest if seed.url not in self.robots],
            crawl_delay=self.delay,
            requests=self.asked,
        )


def _newest_news_first(item: feeds.Item) -> tuple[bool, float, str]:
    at = item.changed_at or item.published_at
    return "news" not in item.url.lower(), -at.timestamp() if at else 0.0, item.url
