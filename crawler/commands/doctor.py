"""`kuaixun doctor`: what is wrong around the database, and what helps."""

from __future__ import annotations

import shutil
import socket
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from config import Config
from crawler.commands._gaps import lines
from crawler.commands._state import drift_remedy, drift_told, wrong_clock
from crawler.commands.crawl import unreadable
from crawler.console import NOTHING, bad_table, configured, now, print_json

if TYPE_CHECKING:
    from crawler.doctor import Facts, Finding
    from storage.sqlite import Database

# Seconds that a lock is waited for: a transaction of ours is over by then.
PATIENCE = 2.0
# Answers whose Date is held against our clock, and articles that are held against the index.
ANSWERS, ARTICLES = 25, 500
LATELY = timedelta(hours=1)


@click.command()
@configured
@click.option("--network", is_flag=True, help="Also ask the name server for the hosts of the sources.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, of what is well too.")
@click.option("--all", "everything", is_flag=True, help="Also what is well.")
def command(setup: Config, *, network: bool, as_json: bool, everything: bool) -> int:
    """Say in one line each what is wrong here, and what helps.

    Looked at are disk, locks, clock, time zones, certificates, contact, archive, search index (the newest articles),
    copies, the chores of the daemon, sources that fail, fall silent or changed (drift), robots.txt, hosts that refuse
    us, and notices. Nothing is changed, and no site is asked. `kuaixun check` looks through the files themselves. A
    line that begins with `note:` is no fault. The exit code is 0 when all is well, and 1 when something is wrong.

    \b
    Example:
      kuaixun doctor
      kuaixun doctor --network --json
    """
    from crawler.doctor import BAD, GOOD, NOTE

    found = list(_found(setup, network=network))
    if as_json:
        print_json(each._asdict() for each in found)
    else:
        for each in found:
            if each.state != GOOD or everything:
                click.echo(f"note: {each}" if each.state == NOTE else str(each))
    wrong = sum(each.state == BAD for each in found)
    if not as_json:
        click.echo(f"{setup.settings.database}: {f'{wrong} to mend' if wrong else 'nothing to mend'}")
    return NOTHING if wrong else 0


def _found(setup: Config, *, network: bool) -> Iterator[Finding]:
    from crawler.doctor import BAD, Finding, findings
    from storage import StorageError

    for name, error in {**setup.broken, **unreadable(setup)}.items():
        yield Finding(f"source {name}", BAD, str(error), "it is left out until that is mended")
    if not setup.sources and not setup.broken:
        yield Finding("configuration", BAD, "there is no source", "`kuaixun init` writes one")
    for name, error in setup.broken_searches.items():
        yield Finding(f"notices {name}", BAD, str(error), "they are left out until that is mended")
    if wrong := bad_table(setup):
        yield Finding("mentions", BAD, str(wrong))
    facts = _outside(setup)
    try:
        facts = _inside(setup, facts)
    except StorageError as error:
        yield Finding("database", BAD, str(error))
    yield from findings(facts)
    if network:
        yield from _names(setup)


def _outside(setup: Config) -> Facts:
    """What shows without the database."""
    from crawler.chores import copies
    from crawler.doctor import Facts
    from crawler.fetch import trust
    from storage.lock import holder
    from storage.pair import beside

    settings, path = setup.settings, setup.settings.database
    pages = beside(path)
    files = [each for each in (path, pages) if each.exists()]
    free = None
    with suppress(OSError):
        free = shutil.disk_usage(path.absolute().parent).free
    kept = copies(path, settings.backup) if settings.backup else []
    return Facts(
        now(),
        settings,
        free=free,
        sizes={each.name: each.stat().st_size for each in files},
        has_archive=pages.exists() or not path.exists(),
        log_size=sum(_size(each.with_name(each.name + "-wal")) for each in files),
        holder=str(holder(path) or ""),
        is_locked=_is_locked(path),
        newest_file=max((_changed(each) for each in files), default=None),
        server_clock=_server_clock(pages) if pages.exists() else None,
        zones=_has_zones(),
        certificates=trust(),
        newest_copy=_changed(kept[-1]) if kept else None,
    )


def _inside(setup: Config, facts: Facts) -> Facts:
    """The same with what the database tells. Raises StorageError."""
    from storage import chores, clocks, drifts, open_store, outbox, setback, watch
    from storage.errors import translated
    from storage.gaps import spanning
    from storage.reindex import stale

    path = setup.settings.database
    wanted = {source.name for source in setup.sources if source.enabled}
    sought = {search.name for search in setup.searches if search.enabled}
    with open_store(path, readonly=True) as store, translated(path, reading=True):
        db = store.db
        rows = [row for row in watch.sources(db) if row["name"] in wanted and row["enabled"]]
        gone_on = [gap for gap in spanning(db, None, facts.now, watched=wanted) if gap["to_at"] is None]
        told = {gap["source"]: lines([gap])[0].removeprefix("gap: ") for gap in gone_on}
        return replace(
            facts,
            last_moment=setback.last_moment(db),
            chores=chores.known(db),
            sources=[{**row, "open_gap": "" if row["error"] else told.get(row["name"], "")} for row in rows],
            hosts=watch.hosts(db),
            clocks=[*map(wrong_clock, clocks.faults(db))],
            stale=stale(db.conn, ARTICLES),
            robots=[*_forbidden(setup, db)],
            notices=[row for row in outbox.states(db) if row["name"] in sought and not row["paused_at"]],
            drifts=[(each["host"], drift_told(each), drift_remedy(each)) for each in drifts.drifts(db)],
            arrivals=watch.arrivals(db),
        )


def _forbidden(setup: Config, db: Database) -> Iterator[str]:
    """The sources of which robots.txt, as it was read last, forbids every seed."""
    from crawler import robots
    from storage import query

    for source in setup.sources:
        answers = []
        for seed in source.seeds:
            known = query.host_file(db, robots.address(seed))
            text = known[2].encode() if known else b""
            answers.append(robots.parse(text, setup.settings.user_agent, robots.address(seed)).allows(seed))
        if source.enabled and answers and not any(answers):
            yield source.name


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        from storage.waiting import is_locked

        return is_locked(error)
    except sqlite3.Error:
        pass  # opening it says what is wrong
    return False


def _server_clock(pages: Path) -> tuple[str, datetime, datetime] | None:
    """A host, its Date and our clock at one of the last answers: the one in the middle, as single servers are wrong."""
    from storage import StorageError
    from storage.archive import Archive

    found = []
    with suppress(StorageError, sqlite3.Error), Archive(pages, readonly=True) as archive:
        for page in deque(archive.pages(since=_changed(pages) - LATELY), ANSWERS):
            with suppress(ValueError, TypeError):
                date = parsedate_to_datetime(_header(page.headers, "date")).astimezone(UTC)
                found.append((date - page.at, urlsplit(page.final_url).netloc, date, page.at))
    if not found:
        return None
    return sorted(found)[len(found) // 2][1:]


def _header(headers: Mapping[str, Any], name: str) -> str:
    return next((str(value) for key, value in headers.items() if key.lower() == name), "")


def _names(setup: Config) -> Iterator[Finding]:
    """Hosts of sources that the name server does not know."""
    from crawler.doctor import BAD, GOOD, Finding

    hosts = {urlsplit(seed).hostname or "" for source in setup.sources if source.enabled for seed in source.seeds}
    unknown = 0
    for host in sorted(hosts):
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            unknown += 1
            what = f"the name cannot be found ({error.strerror or error})"
            yield Finding(f"host {host}", BAD, what, "look at the address, and whether other names are found (DNS)")
    if hosts and not unknown:
        yield Finding("names", GOOD, f"all {len(hosts)} are found")


def _has_zones() -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
