"""`kuaixun fetch`: one page, fetched with the manners of a crawl, and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from config import Config, Source
from crawler.console import EXTRACT, FETCH, Failure, configured, is_no_page

if TYPE_CHECKING:
    from crawler.tally import Event, Tally
    from storage.store import Store

_SAID = {
    "new": "A new article",
    "ad": "A new article that is advertising",
    "changed": "A known article in a new version",
    "same": "A known article, unchanged",
    "copy": "A copy of a known article",
    "list": "No article: its headlines were stored",
    "not modified": "Not modified since the last visit",
}


@click.command()
@configured
@click.argument("url")
@click.option("--no-store", is_flag=True, help="Print what the page says as JSON, and store nothing.")
def command(setup: Config, *, url: str, no_store: bool) -> None:
    """Fetch one page, if robots.txt allows it, and store it.

    A page without an article is one of headlines, or exit code 6.

    \b
    Example:
      kuaixun fetch https://mrkx.qghjm.com/1192287.html
      kuaixun fetch https://mrkx.qghjm.com/1192287.html --no-store
    """
    from crawler.commands import _pages

    if not url.startswith(("http://", "https://")):
        what = _pages.no_address(url)
        raise click.UsageError(f"`{url}` {what}", click.get_current_context())
    if no_store:
        click.echo(_pages.told(setup, _pages.read_answer(setup, _pages.fetch(setup, url))))
        return
    click.echo(_stored(setup, url))


def _stored(setup: Config, url: str) -> str:
    import asyncio

    from crawler.commands.search import describe
    from crawler.extract import columns
    from storage import open_store, query

    events: list[Event] = []
    settings = setup.settings
    with open_store(settings.database, fields=columns(), ad_threshold=settings.ad_threshold) as store:
        tally = asyncio.run(_visit(setup, url, store, events))
        last = events[-1]
        if last.kind not in _SAID:
            raise Failure(f"{url}: {last.text}", EXTRACT if is_no_page(query.last_status(store.db, url)) else FETCH)
        row = query.article(store.db, url)
        if last.kind == "list" and not (row or tally.queued or query.lists_anything(store.db, url)):
            raise Failure(f"{url}: holds neither an article nor a list", EXTRACT)
    return f"{_SAID[last.kind]}.\n{describe(row)}" if row else f"{_SAID[last.kind]}."


async def _visit(setup: Config, url: str, store: Store, events: list[Event]) -> Tally:
    """Visit the address as a crawl would. Of a site that is not configured, this page alone is taken."""
    from crawler.ads import score_title
    from crawler.fetch import Fetcher
    from crawler.frontier import Owners, kind_of_seed
    from crawler.urls import host
    from crawler.visit import Hosts, Visitor, World
    from storage import Target

    owner = Owners(setup.sources).of(url)
    source = owner or Source(host(url), (url,), timezone=setup.settings.timezone, max_depth=0)
    kind = kind_of_seed(url) if owner and url in owner.seeds else "article"
    target = Target(url, kind, source.name, depth=0 if owner else 1)
    async with Fetcher(setup.settings) as fetcher:
        owners = Owners([source, *(each for each in setup.sources if each.name != source.name)])
        world = World(setup.settings, owners, store, fetcher, score_title, Hosts(setup.settings), report=events.append)
        visitor = Visitor(world)
        await visitor.visit(target)
    return visitor.tally
