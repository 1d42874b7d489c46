"""What is written down of a visit: the records that the store keeps, made with the clock and the store of the world."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from crawler import gaps, refusals
from crawler.ask import World
from crawler.gaps import Before
from crawler.page import ExtractError, FetchError, Forbidden, Page
from crawler.signs import refused
from crawler.urls import host
from storage.keys import url_key
from storage.records import Article, Gap, Rhythm, Signs, Target, Visit

# What a status says of an article at an address.
GONE = {404: "not found", 410: "gone"}


def visited(
    world: World, target: Target, page: Page, *, validators: bool = True, gone: str = "", signs: Signs | None = None
) -> Visit:
    """A visit that was answered; without `validators` the next one asks for the whole page again."""
    return Visit(
        target.url,
        page.url,
        target.kind,
        target.source,
        page.fetched_at,
        page.status,
        took=page.took,
        size=len(page.body),
        etag=page.headers.get("etag", "") if validators else "",
        last_modified=page.headers.get("last-modified", "") if validators else "",
        address=page.address or "",
        rest_until=world.hosts.pace.rest(host(target.url), world.clock()),
        gone=gone,
        signs=signs,
    )


def failed(world: World, target: Target, error: FetchError) -> Visit:
    """A visit that brought nothing."""
    at = world.clock()
    rest = world.hosts.pace.rest(host(target.url), at)
    return Visit(
        target.url,
        target.url,
        target.kind,
        target.source,
        at,
        error.status,
        error.reason,
        rest_until=rest,
        asked=not (isinstance(error, Forbidden) and error.url == target.url),
        gone=_gone(error),
        signs=refused(target.url, error.reason) if _is_first_refusal(target, error) else None,
    )


def _is_first_refusal(target: Target, error: FetchError) -> bool:
    """Whether an address brought a page that holds no article, for the first time, and that is no fault of ours."""
    return target.kind == "article" and error.status == 200 and not (target.tries or error.retry or error.later)


def before(world: World, target: Target) -> Before:
    """What was known of a list before it was visited."""
    store, url, now = world.store, target.url, world.clock()
    known, trouble = store.rhythm(url), None
    if known and known.due_at and gaps.missed(known, world.source(target).every, now):
        trouble = store.host_trouble(target.source, url, known.due_at, now)
    return Before(known, store.ongoing_gap(target.source, url), trouble)


def last_seen(world: World, target: Target, urls: Collection[str]) -> tuple[datetime | None, set[str]]:
    """When a list was last visited, None for never, and which of the addresses on it an article named first."""
    known = world.store.rhythm(target.url) if target.kind != "article" else None
    return (known.seen_at, world.store.deeper(urls, target.depth)) if known else (None, set())


def rhythm_of(world: World, target: Target) -> Rhythm | None:
    """What is known of the list that named an article, or of a seed of its source: of the first that has a beat."""
    lists = (target.found_on, *world.source(target).seeds[:3])
    return next((known for url in lists if url and (known := world.store.rhythm(url)) and known.beat), None)


def missed(world: World, target: Target, error: FetchError, *, is_last: bool) -> Gap | None:
    """What a failed visit says about the times in which a list was not seen; see `gaps`."""
    if target.kind == "article":
        return None
    known, source, now = before(world, target), world.source(target), world.clock()
    return gaps.failed(target, source, error, now, before=known, is_last=is_last)


def _gone(error: FetchError) -> str:
    """How an article is no longer there, if that is what the error says."""
    if error.status in GONE:
        return GONE[error.status]
    return refusals.MISSING if error.status == 200 and refusals.MISSING in error.reason else ""


def elsewhere(target: Target, page: Page) -> str:
    """How an article is no longer there when its address leads to another one that has none: a soft 404."""
    is_other = target.kind == "article" and page.status == 200 and url_key(page.url) != url_key(target.url)
    return f"leads to {page.url}, which is no article" if is_other else ""


def unread(target: Target, error: ExtractError) -> FetchError:
    """A page that came and could not be read, as a failed visit."""
    return FetchError(target.url, error.reason, status=200, later=error.ours)


def continued(article: Article, more: Article) -> Article:
    """An article with the text of its next page."""
    if not more.text or more.text in article.text:
        return article
    extra = {**article.extra, "pages": article.extra.get("pages", 1) + 1}
    if "truncated" in more.extra:
        extra["truncated"] = more.extra["truncated"]  # the end of it is there
    return replace(article, text=f"{article.text}\n{more.text}", extra=extra)
