"""`kuaixun repair`: new selectors for a site that changed its template."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import config
from config import Config, ConfigError, Source
from crawler.commands import _complete
from crawler.console import NOTHING, Failure, Moment, configured, now, patient, print_json, reading, screen_width
from crawler.screen import Live, clip, plain, table

if TYPE_CHECKING:
    from crawler.mend import Proposal
    from crawler.spots import Sample
    from storage.sqlite import Database

# Pages that are looked at; those of which all is known come first.
MOST = 12


@click.command()
@click.argument("name", metavar="SOURCE", shell_complete=_complete.sources)
@configured
@click.option("--since", type=Moment(), metavar="TIME", help="When the template changed; else when the drift began.")
@click.option("--ask", type=click.IntRange(0, 20), default=0, help="Ask the site again for so many known articles.")
@click.option("--write", "is_written", is_flag=True, help="Write the selectors into the TOML of the source.")
@click.option("--accept", "is_accepted", is_flag=True, help="What the pages yield now is right: end the drift.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    setup: Config, *, name: str, since: datetime | None, ask: int, is_written: bool, is_accepted: bool, as_json: bool
) -> None:
    """Propose selectors for a site that changed its template.

    The titles, texts, times and sources of articles that were stored before are looked for in the pages of the archive
    that were fetched of them since, and titles of lists in the pages of new articles. Where too few of them came, --ask
    fetches known ones again. What the selectors would give is shown field by field, and what the present rules give.
    Nothing is written without --write; after it, `kuaixun reextract --source SOURCE --apply` reads the suspect articles
    again.

    \b
    Example:
      kuaixun repair mrkx
      kuaixun repair mrkx --since 2026-03-20T08:00+08:00 --ask 5
      kuaixun repair mrkx --write
      kuaixun repair mrkx --accept
    """
    from crawler.mend import propose

    (source,) = config.pick(setup, (name,))
    source = config.zoned((source,), setup.settings)[0]
    if is_accepted:
        _accept(setup, name)
        return
    samples = _samples(setup, source, since, ask)
    proposal = propose(samples, source)
    if as_json:
        print_json([_as_json(proposal)])
    else:
        for line in _lines(proposal, samples, screen_width()):
            click.echo(line)
    if is_written and proposal.changes:
        file = _write(setup, proposal)
        click.echo(f"Wrote {file}. Next: kuaixun reextract --source {name}", err=as_json)
    elif not as_json:
        click.echo(
            "Nothing was written; --write does." if proposal.changes else "No selector reads these pages better."
        )


def _accept(setup: Config, name: str) -> None:
    from storage import MissingDatabase, open_as
    from storage.rewrite import Rewriter
    from storage.witnesses import drifting_hosts

    file = setup.settings.database
    if not file.exists():
        raise MissingDatabase(file)
    with open_as(Rewriter, file, patience=patient(Live(None))) as store:
        hosts = drifting_hosts(store.db, name)
        for host in hosts:
            store.accept_drift(host)
    if not hosts:
        raise Failure(f"the pages of `{name}` yield what they did; there is nothing to accept", NOTHING)
    click.echo(f"{', '.join(hosts)}: what the pages yield now is learnt anew")


def _samples(setup: Config, source: Source, since: datetime | None, ask: int) -> list[Sample]:
    """The pages since the change of which something is known. Raises Failure where these are too few."""
    from storage.witnesses import drift_of, has_articles, latest

    with reading(setup) as db, ExitStack() as stack:
        begun = since or drift_of(db, source.name)
        if begun is None and not has_articles(db, source.name):
            told = f"no article of `{source.name}` is known yet; `kuaixun crawl {source.name}` fetches some"
            raise Failure(told, NOTHING)
        if begun is None:
            raise Failure(
                f"the pages of `{source.name}` yield what they did; --since TIME says when that changed",
                NOTHING,
            )
        found = [*_kept(setup, db, source, begun, stack)]
        if ask:
            found += _asked(setup, db, source, [*latest(db, source.name, begun, ask)], begun)
    if len(found) < 2:
        raise Failure(
            f"since {begun.isoformat(timespec='minutes')} {len(found)} pages came of articles of `{source.name}` that "
            "were known before; --ask 5 fetches some again",
            NOTHING,
        )
    found.sort(key=lambda one: -len(one.known))
    return found[:MOST]


def _kept(setup: Config, db: Database, source: Source, since: datetime, stack: ExitStack) -> Iterator[Sample]:
    """The pages of a source in the archive."""
    from crawler.frontier import Owners
    from storage.archive import Archive
    from storage.pair import beside

    path = beside(setup.settings.database)
    if not path.exists():
        return
    archive, owners, some = stack.enter_context(Archive(path, readonly=True)), Owners(setup.sources), 0
    for page in archive.pages(since=since, latest=True):
        owner = owners.of(page.final_url)
        if page.status == 200 and owner and owner.name == source.name and some < 20 * MOST:
            body, kind = archive.body(page.id), page.headers.get("content-type", "")
            if sample := _sample(db, source, (page.final_url, body, kind), page.at, since):
                some += 1
                yield sample


def _asked(setup: Config, db: Database, source: Source, urls: list[str], since: datetime) -> Iterator[Sample]:
    """Known articles as their pages are now."""
    import asyncio

    from crawler.ask import one_page
    from crawler.page import FetchError

    async def ask() -> list[Any]:
        pages = []
        for number, url in enumerate(urls):
            if number:
                await asyncio.sleep(source.delay or setup.settings.delay)
            try:
                pages.append(await one_page(setup.settings, url))
            except FetchError as error:
                click.echo(str(error), err=True)
        return pages

    for page in asyncio.run(ask()):
        kind = page.headers.get("content-type", "")
        if sample := _sample(db, source, (page.url, page.body, kind), now(), since):
            yield sample


def _sample(db: Database, source: Source, page: tuple[str, bytes, str], at: datetime, since: datetime) -> Sample | None:
    """A page (address, body, Content-Type) and what is known of it; None where nothing is."""
    from crawler import feeds
    from crawler.decode import decode
    from crawler.page import Document
    from crawler.spots import Sample
    from storage.keys import url_key
    from storage.witnesses import known

    url, body, kind = page
    told = known(db, url_key(url), since)
    if not told or feeds.parse(body, url, kind):
        return None
    decoded = decode(body, kind, source.encoding)
    return Sample(Document(url, decoded.text, at, decoded.encoding, source), told)


def _lines(proposal: Proposal, samples: list[Sample], width: int) -> Iterator[str]:
    """What is proposed, and what it gives on each page."""
    from crawler.mend import read, rightness

    rows = [
        [one.field, one.selector or "general rules", one.pages, f"{one.before:.2f}", f"{one.after:.2f}"]
        for one in proposal.choices
    ]
    yield table(["field", "selector", "pages", "right now", "then"], rows, width=width)
    if proposal.source.drop:
        yield f"left out of the text: {', '.join(proposal.source.drop)}"
    for sample in samples:
        yield f"\n{plain(sample.document.url)}"
        given = read(sample.document, proposal.source)
        for one in proposal.choices:
            wanted = sample.known.get(one.field)
            if wanted:
                right = rightness(one.field, wanted, given.get(one.field))
                value = clip(plain(" ".join(str(given.get(one.field) or "nothing").split())), max(20, width - 24))
                yield f"  {one.field:10} {right:.2f}  {value}"
    yield ""


def _as_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "source": proposal.source.name,
        "select": dict(proposal.source.select),
        "drop": list(proposal.source.drop),
        "fields": [one._asdict() for one in proposal.choices],
    }


def _write(setup: Config, proposal: Proposal) -> Path:
    """Write the rules into the file that has the source. Raises ConfigError where a person must do it."""
    from config.edit import with_rules

    name = proposal.source.name
    assert setup.file
    file, where = setup.file.parent / "sites" / f"{name}.toml", ""
    if not file.exists():
        file, where = setup.file, f"sources.{name}"
    text = file.read_text(encoding="utf-8-sig")
    try:
        made = with_rules(text, where, proposal.source.select, proposal.source.drop)
    except (ValueError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(file), f"{where}.select".lstrip("."), f"{error}; write it by hand") from None
    part = file.with_suffix(".toml.part")
    part.write_text(made, encoding="utf-8")
    part.replace(file)
    return file
