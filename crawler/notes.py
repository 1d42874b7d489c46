"""What is written down of a visit: the records that the store keeps. Pure, but for the clock of the world."""

from __future__ import annotations

from dataclasses import replace

from crawler.ask import World
from crawler.page import ExtractError, FetchError, Forbidden, Page
from crawler.urls import host
from storage.records import Article, Target, Visit


def visited(world: World, target: Target, page: Page, *, validators: bool = True) -> Visit:
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
    )


def unread(target: Target, error: ExtractError) -> FetchError:
    """A page that came and could not be read, as a failed visit."""
    return FetchError(target.url, error.reason, status=200, later=error.ours)


def continued(article: Article, more: Article) -> Article:
    """An article with the text of its next page."""
    if not more.text or more.text in article.text:
        return article
    return replace(article, text=f"{article.text}\n{more.text}")
