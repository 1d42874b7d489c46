"""From what a page or a feed says to the addresses worth asking next. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from config import Source
from crawler.feeds import Feed, Item
from crawler.frontier import AD_PRIORITY, MAX_PAGE, Owners, article_priority, list_priority
from crawler.page import Anchor, Extraction
from crawler.shapes import (
    is_page_of,
    is_service,
    long_number,
    looks_like_article,
    looks_like_list,
    may_be_page,
    page_number,
    unpaged,
    worth_fetching,
)
from storage.keys import url_key
from storage.records import Gap, Target

# A page of a million links is no page of news.
MAX_TARGETS = 1000
MAX_ANCHORS = 5000
MAX_NEIGHBOURS = 10
MAX_SITEMAPS = 50
# So many of an index go before the lists of their site.
FIRST_SITEMAPS = 3
# Bytes from which the text of a link is a headline rather than the name of a section: 8 Chinese characters, 4 words.
_TITLE = 24


@dataclass(frozen=True, slots=True)
class Place:
    """Where links were found: the final address, what was asked for there, whose addresses are whose, and when.

    `gaps` are the open ones of its source, for articles.
    """

    url: str
    target: Target
    owners: Owners
    now: datetime
    gaps: Sequence[Gap] = ()

    @property
    def source(self) -> Source:
        return self.owners.by_name[self.target.source]

    def owner(self, url: str) -> Source | None:
        """The source that an address belongs to which stands here."""
        return self.owners.of(url, self.target.source)


def from_page(page: Extraction, place: Place, *, ad_threshold: float) -> list[Target]:
    """New addresses on a page: articles, and from lists also lists and feeds.

    The items of link lists come first, then anchors that look like articles. What is announced like advertising goes
    last, and its text decides; rel=nofollow and the addresses of strangers are left out. `max_depth` bounds how far
    lists lead to lists and articles to articles.
    """
    if page.nofollow:
        return []
    target, anchors = place.target, page.anchors[:MAX_ANCHORS]
    is_list = target.kind != "article" or page.kind == "list"
    depth = target.depth if is_list else target.depth + 1
    barred = {url_key(anchor.url) for anchor in anchors if anchor.nofollow}
    doubtful = {url_key(item.url) for item in page.headlines if item.ad_score >= ad_threshold}
    first_of_each: dict[str, Anchor] = {}
    for anchor in anchors:
        first_of_each.setdefault(anchor.url, anchor)
    anchors = tuple(first_of_each.values())
    found: dict[str, Target] = {}
    if depth <= place.source.max_depth:
        for each in _articles(page, anchors, place, depth):
            found.setdefault(url_key(each.url), each)
    if is_list:
        for each in (*_feeds(page, place), *_lists(anchors, place)):
            found.setdefault(url_key(each.url), each)
    wanted = [_last(each) if key in doubtful else each for key, each in found.items() if key not in barred]
    return wanted[:MAX_TARGETS]


def _last(target: Target) -> Target:
    return replace(target, priority=AD_PRIORITY)


def _articles(page: Extraction, anchors: Collection[Anchor], place: Place, depth: int) -> Iterator[Target]:
    for item in page.headlines:
        owner = place.owner(item.url)
        if owner and _may_be_article(item.url, item.title, owner, dated=item.published_at is not None):
            priority = article_priority(item.published_at, place.now)
            yield Target(item.url, "article", owner.name, priority, depth, found_on=place.url)
    first_pages = {unpaged(url) for url in _addresses(page, anchors, place) if page_number(url) == 1}
    for anchor in anchors:
        owner = place.owner(anchor.url)
        further = page_number(anchor.url) > 1 and unpaged(anchor.url) in first_pages
        itself = page.article is not None and _is_itself(anchor.url, place.url)
        if owner and is_article(anchor.url, owner) and not further and not itself:
            yield Target(
                anchor.url, "article", owner.name, article_priority(None, place.now), depth, found_on=place.url
            )


def neighbours(page: Extraction, place: Place) -> list[Target]:
    """The articles that an article leads to beside its lists, as the one before and the one after it.

    They keep its depth: so a walk from one to the next has no end but that of the gap it goes through.
    """
    if page.nofollow:
        return []
    listed = {url_key(item.url) for item in page.headlines}
    found: dict[str, Target] = {}
    for anchor in page.anchors[:MAX_ANCHORS]:
        owner, key = place.owner(anchor.url), url_key(anchor.url)
        if anchor.nofollow or key in listed or owner is None or not is_article(anchor.url, owner):
            continue
        if not _is_itself(anchor.url, place.url):
            priority = article_priority(None, place.now)
            found[key] = Target(anchor.url, "article", owner.name, priority, place.target.depth, found_on=place.url)
    return list(found.values())[:MAX_NEIGHBOURS]


def _is_itself(url: str, own: str) -> bool:
    """Whether an article's link leads to itself in another form: to print, its comments, a calendar in its margin."""
    path = own.partition("?")[0]
    same_number = bool(long_number(own)) and long_number(url) == long_number(own)
    return url == own or same_number or (url.partition("?")[0] == path and looks_like_article(path))


def is_article(url: str, owner: Source) -> bool:
    """Whether an address looks like an article by its site's pattern or by the general rule."""
    return (may_be_page(url) if owner.article else worth_fetching(url)) and looks_like_article(url, owner.article)


def _may_be_article(url: str, title: str, owner: Source, *, dated: bool) -> bool:
    """A headline is evidence too: under a time or a long title, an address that says nothing may be an article."""
    if owner.article or is_article(url, owner):
        return is_article(url, owner)
    headline = dated or len(title.encode("utf-8", "replace")) >= _TITLE
    return headline and worth_fetching(url) and page_number(url) < 2 and not is_service(url)


def _addresses(page: Extraction, anchors: Collection[Anchor], place: Place) -> Iterator[str]:
    yield from (place.url, page.canonical or place.url)
    yield from (anchor.url for anchor in anchors)


def _feeds(page: Extraction, place: Place) -> Iterator[Target]:
    for url in page.feeds:
        name = (place.owner(url) or place.source).name
        depth = place.target.depth
        yield Target(url, "feed", name, list_priority("feed", depth), depth, found_on=place.url)


def _lists(anchors: Collection[Anchor], place: Place) -> Iterator[Target]:
    depth = place.target.depth + 1
    if depth > place.source.max_depth:
        return
    for anchor in anchors:
        owner = place.owner(anchor.url)
        if owner and page_number(anchor.url) < 2 and looks_like_list(anchor.url, anchor.text):
            yield Target(anchor.url, "list", owner.name, list_priority("list", depth), depth, found_on=place.url)


def next_page(page: Extraction, place: Place) -> Target | None:
    """The page after this one of the same list or article; None after the last one and beyond `MAX_PAGE`."""
    number = page_number(place.url) + 1
    if number > MAX_PAGE or page.nofollow:
        return None
    digits = str(number)  # looked for first, because that costs next to nothing and nearly no address has them
    for url in (page.next_url, *(anchor.url for anchor in page.anchors[:MAX_ANCHORS])):
        if digits in url and page_number(url) == number and is_page_of(url, place.url):
            depth = max(1, place.target.depth)
            return Target(url, "list", place.target.source, list_priority("list", depth) - 1, depth, found_on=place.url)
    return None


def is_further(page: Extraction, place: Place) -> bool:
    """Whether this is page 2 or later of an article, whose first page it leads to."""
    if page_number(place.url) < 2:
        return False
    anchors = (anchor.url for anchor in page.anchors[:MAX_ANCHORS])
    return any(page_number(url) == 1 and is_page_of(url, place.url) for url in anchors)


def from_feed(feed: Feed, place: Place, *, doubtful: Collection[str] = ()) -> list[Target]:
    """All addresses in a feed or sitemap, the newest first; those whose key is `doubtful` are asked last."""
    if feed.kind == "index":
        return list(_sitemaps(feed, place))
    found: dict[str, Target] = {}
    for item in sorted(feed.items, key=_newest_first):
        owner = place.owner(item.url)
        if owner and _is_wanted(item, owner, is_feed=feed.kind == "feed"):
            is_doubtful = bool(doubtful) and url_key(item.url) in doubtful
            priority = AD_PRIORITY if is_doubtful else article_priority(item.published_at, place.now)
            if item.published_at is None and feed.kind != "feed":
                priority -= 1  # a sitemap that dates nothing names the oldest as well; what a list shows is news
            found.setdefault(item.url, Target(item.url, "article", owner.name, priority, found_on=place.url))
    return list(found.values())


def changed(feed: Feed, targets: Collection[Target]) -> dict[str, datetime]:
    """When each of the `targets` last changed, as the file says; nothing where most share one time.

    Such a time is that of the file, written anew for whoever asks.
    """
    told = {item.url: item.changed_at for item in feed.items if item.changed_at}
    found = {each.url: told[each.url] for each in targets if each.url in told}
    most = max(Counter(found.values()).values(), default=0)
    return {} if len(found) > 3 and most * 2 > len(found) else found


def _newest_first(item: Item) -> float:
    return -item.published_at.timestamp() if item.published_at else 0.0


def _is_wanted(item: Item, owner: Source, *, is_feed: bool) -> bool:
    """A feed announces articles; a sitemap also sections, and pages about the site."""
    if owner.article or is_article(item.url, owner):
        return is_article(item.url, owner)
    return worth_fetching(item.url) and (is_feed or bool(item.title))


def _sitemaps(feed: Feed, place: Place) -> Iterator[Target]:
    """The newest sitemaps of an index, those of news first."""
    depth = place.target.depth + 1
    if depth > place.source.max_depth:
        return
    ordered = sorted(feed.items, key=lambda item: ("news" not in urlsplit(item.url).path.lower(), _newest_first(item)))
    for number, item in enumerate(ordered[:MAX_SITEMAPS]):
        name = (place.owner(item.url) or place.source).name
        # An archive of years must not keep the front page waiting.
        priority = list_priority("sitemap", depth if number < FIRST_SITEMAPS else 4)
        yield Target(item.url, "sitemap", name, priority, depth, found_on=place.url)
