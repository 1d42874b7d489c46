"""What a saved search would send, and its sending: test, send, pause, resume, retry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from config import Config, ConfigError, Search, notices
from crawler.commands import _complete
from crawler.console import FETCH, NOTHING, Failure, Moment, configured, now, patient
from crawler.screen import Live, counted, moment, plain, shown_time

if TYPE_CHECKING:
    from storage.store import Store

DAY = timedelta(days=1)
NO_FIELDS: Mapping[str, str] = MappingProxyType({})


@contextmanager
def opened(setup: Config, fields: Mapping[str, str] = NO_FIELDS) -> Iterator[Store]:
    """The database, to be written; one that is new gets these columns."""
    from storage import open_store

    with open_store(setup.settings.database, fields=fields, patience=patient(Live(None))) as store:
        yield store


def picked(setup: Config, names: tuple[str, ...]) -> list[Search]:
    """The searches of these names, or all. Raises ConfigError for an unknown one, or one that is left out."""
    for name in names:
        if name in setup.broken_searches:
            raise setup.broken_searches[name]
    return notices.chosen(setup.searches, names, setup.file)


def state(search: Search, known: Mapping[str, Any] | None) -> str:
    """How a search fares, in words; behind a colon and a space the reason, if there is one."""
    if not search.enabled:
        return "off"
    if known is None:
        return "new"
    if known["paused_at"]:
        return f"paused since {moment(known['paused_at'])}"
    if known["error"]:
        return f"fails since {moment(known['error_since'])}: {known['error']}"
    if known["failed"]:
        return f"given up: {known['last_error']}"
    if known["refused"]:
        return f"{known['refused']:,} not taken since {moment(known['refused_since'])}: {known['refused_error']}"
    return "well"


def refuse_future(since: datetime | None) -> None:
    """Raises UsageError where a time that a user gave has not come yet."""
    if since and since > now():
        raise click.UsageError(f"--since {since.isoformat()} is still to come", click.get_current_context())


def refuse_unusable(store: Store, search: Search, file: Path) -> None:
    """Raises ConfigError where the words or the SQL of a search can find nothing."""
    problem = unusable(store, search)
    if problem:
        raise ConfigError(str(file), *problem)


def unusable(store: Store, search: Search) -> tuple[str, str] | None:
    """The key of a search that is wrong, and what; None where all is well."""
    import sqlite3

    from crawler.notices import wish
    from storage.notices import problem, tried
    from storage.search import holds

    if search.search and holds(search.search) is None:
        return "search", f"has no letter or digit to search for: `{search.search}`"
    try:
        tried(store, wish(search))
    except (sqlite3.Error, sqlite3.Warning) as error:
        return "where", problem(error)
    return None


@click.command()
@configured
@click.argument("name", shell_complete=_complete.searches)
@click.option("--since", type=Moment(), metavar="TIME", help="What came in since then; else in the last day.")
@click.option("--send", "really", is_flag=True, help="Send the newest of them, marked as a test; nothing is noted.")
@click.option("--json", "as_json", is_flag=True, help="The notices themselves, one JSON object a line.")
def test(setup: Config, *, name: str, since: datetime | None, really: bool, as_json: bool) -> None:
    """Show what a saved search would have sent of the last day; nothing is sent.

    \b
    Example:
      kuaixun notice test storage
      kuaixun notice test storage --send
    """
    from crawler.delivery import bring, write_feed

    refuse_future(since)
    (search,) = picked(setup, (name,))
    at = now()
    with opened(setup) as store:
        refuse_unusable(store, search, setup.file or Path())
        found = _would_have(store, search, since or at - DAY, at)
        if really and search.to == "feed":
            write_feed(store, search, at)
            click.echo(f"Wrote {search.path}, with the notices that it has had.", err=True)
    for notice in found:
        click.echo(json.dumps(notice, ensure_ascii=False) if as_json else _told(notice))
    if not found:
        raise Failure(f"{name} would have sent nothing since {moment(since or at - DAY)}", NOTHING)
    if not as_json:
        click.echo(f"{counted(len(found), 'notice')} to {notices.shown(search)}", err=True)
    if really and search.to != "feed":
        brought = bring(search, found[-1], _base(setup), at, lambda: None)
        if brought.error:
            raise Failure(f"{name}: the test did not arrive: {brought.error}", FETCH)
        click.echo("The newest was sent, and taken.", err=True)


def _would_have(store: Store, search: Search, since: datetime, at: datetime) -> list[dict[str, Any]]:
    from crawler.notices import notice_of, wish
    from storage.notices import matching, one_a_story, seen_since

    ids = one_a_story(store, matching(store, wish(search), seen_since(store, since, at)))
    return [{**notice_of(store, search, number, f"test-{number}", at), "test": True} for number in ids]


def _told(notice: dict[str, Any]) -> str:
    article = notice["article"]
    about = (shown_time(article), article["source"], article["site"], f"id {article['id']}")
    return f"{plain(article['title'])}\n{plain(' · '.join(filter(None, about)))}\n{plain(article['url'])}\n"


def _base(setup: Config) -> Path:
    return setup.file.parent if setup.file else Path()


@click.command()
@configured
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=_complete.searches)
def send(setup: Config, *, names: tuple[str, ...]) -> None:
    """Look what came in, and send what is due; for cron, where `kuaixun run` does not run.

    What failed lately waits for its time; `retry` does not. While another process sends, nothing is done.

    \b
    Example:
      kuaixun crawl --quiet; kuaixun notice send
    """
    from crawler.delivery import Delivery
    from crawler.notices import collect, sending
    from storage.times import utc_now

    searches = [search for search in picked(setup, names) if search.enabled]
    if not searches:
        raise Failure("there is no saved search yet; `kuaixun notice add` makes one", NOTHING)
    sent = 0
    errors: dict[str, str] = {}
    with opened(setup) as store, sending(setup.settings.database):
        errors |= collect(store, searches, utc_now).errors
        while True:
            done = Delivery(store, _base(setup), utc_now).once(searches)
            sent, errors = sent + done.sent, errors | done.errors
            if not done.sent:
                break
    click.echo(f"{counted(sent, 'notice')} sent.")
    for name, error in errors.items():
        click.echo(f"notices {name}: {error}", err=True)
    if errors:
        raise Failure(
            f"notices of {', '.join(errors)} did not all go out; `kuaixun notice list` says what is tried again", FETCH
        )


@click.command()
@configured
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_complete.searches)
def pause(setup: Config, *, names: tuple[str, ...]) -> None:
    """Neither look nor send until `resume`.

    \b
    Example:
      kuaixun notice pause storage
    """
    from storage import outbox
    from storage.notices import begin

    searches = picked(setup, names)
    with opened(setup) as store:
        for search in searches:
            begin(store, search.name, now())
            outbox.pause(store, search.name, now())
            click.echo(f"{search.name} is paused.")


@click.command()
@configured
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_complete.searches)
@click.option("--from-now", is_flag=True, help="Leave out what came in meanwhile.")
def resume(setup: Config, *, names: tuple[str, ...], from_now: bool) -> None:
    """Go on where a paused search stopped: what came in meanwhile is sent too.

    \b
    Example:
      kuaixun notice resume storage
      kuaixun notice resume storage --from-now
    """
    from storage import outbox
    from storage.notices import begin

    searches = picked(setup, names)
    with opened(setup) as store:
        for search in searches:
            begin(store, search.name, now())
            outbox.resume(store, search.name, now(), skip=from_now)
            click.echo(f"{search.name} goes on{' from now' if from_now else ''}.")


@click.command()
@configured
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=_complete.searches)
def retry(setup: Config, *, names: tuple[str, ...]) -> None:
    """Send again what has failed, at once.

    `kuaixun run` does it within seconds, `kuaixun notice send` when it is called.

    \b
    Example:
      kuaixun notice retry storage
    """
    from storage import outbox

    searches = picked(setup, names)
    with opened(setup) as store:
        for search in searches:
            again = outbox.retry(store, search.name, now())
            click.echo(f"{search.name}: {counted(again, 'notice')} to be sent again.")
