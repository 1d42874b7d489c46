"""`kuaixun demo`: serve the demo web, crawl it with the code of a real crawl, and sum up what came of it.

The web has an evening and a next morning, on which an article has been corrected and two more have appeared. The first
run makes a pass in each; a later run makes one more, twenty minutes on, and finds next to nothing. The clock of the
crawl is the demo's own, so that the result is the same on every day.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config import Settings, Source
from crawler.crawl import Hosts, crawl
from crawler.demo.server import Served, serve
from crawler.demo.texts import ZONE, Day
from crawler.extract import columns
from crawler.fetch import Fetcher
from crawler.screen import MARKS
from crawler.tally import Event, Tally
from storage import StorageError, open_store
from storage.query import search

if TYPE_CHECKING:
    from storage.sqlite import Database
    from storage.store import Store

EVENING = datetime(2026, 3, 20, 22, 0, tzinfo=ZONE)
MORNING = datetime(2026, 3, 21, 8, 30, tzinfo=ZONE)
LATER = timedelta(minutes=20)

WORDS = "储能"
HITS = 3
SQL = (
    "select site, count(*) as articles, sum(copy_of is not null) as copies, sum(is_ad) as ads,"
    " sum(revision > 1) as corrected from articles group by site order by articles desc"
)

# Defaults, but for the loopback addresses and no pauses.
SETTINGS = Settings(delay=0.0, jitter=0.0, allow_networks=("127.0.0.0/8",))

Progress = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the database holds. `articles` are neither copies nor advertising, `changed` those with a former version.

    `addresses` are those that lead to an article beside its first one, `headline_ads` are among the `headlines`.
    """

    articles: int
    copies: int
    ads: int
    changed: int
    addresses: int
    headlines: int
    headline_ads: int

    def since(self, before: Counts) -> Counts:
        """What has been added to `before`."""
        return Counts(*(getattr(self, name) - getattr(before, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over what was due at `at`: what it brought, and how the hosts answered.

    `unchanged` counts the answers 304, `bytes` the bodies of all others; `tally` is what the crawl says itself.
    """

    at: datetime
    brought: Counts
    requests: int
    unchanged: int
    bytes: int
    seconds: float
    tally: Tally


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run has to tell: `port` is in all addresses, `total` what the database holds now, `rows` what `sql` gives.

    `first_run` also when an earlier one was interrupted. `hits` are the first `HITS` rows of the search for `words`,
    with `MARKS` in their snippets.
    """

    first_run: bool
    database: Path
    port: int
    passes: tuple[Pass, ...]
    total: Counts
    words: str
    hits: tuple[dict[str, Any], ...]
    sql: str
    rows: tuple[dict[str, Any], ...]

    @property
    def requests(self) -> int:
        """All requests of this run, those for robots.txt among them."""
        return sum(one.requests for one in self.passes)


def run(folder: Path, progress: Progress | None = None) -> Summary:
    """Serve, crawl and sum up; the database is kept in `folder`, which is made if need be.

    Raises PortsTaken, StorageError, OSError. Whatever ends it, the server is closed and what was read is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with serve() as served:
        database = _file(folder, served.port)
        clock = _Clock()
        with open_store(database, fields=columns(), clock=clock) as store:
            hosts, plan = Hosts(SETTINGS), _plan(_last_visit(store.db))
            passes = tuple(
                _one_pass(served, store, hosts, day=day, clock=clock.start(at), progress=progress or _silent)
                for day, at in plan
            )
            return _summary(store, database, served.port, passes)


def sources(bases: Sequence[str]) -> tuple[Source, ...]:
    """The three hosts as a configuration would name them; they may be asked without a pause."""
    lanxi, yunding, chengbay = bases
    every = timedelta(minutes=15)
    return (
        Source("lanxi", (f"{lanxi}/", f"{lanxi}/feed.xml"), every=every, delay=0.0),
        Source("yunding", (f"{yunding}/",), every=every, delay=0.0),
        Source("chengbay", (f"{chengbay}/", f"{chengbay}/big5/", f"{chengbay}/sitemap.xml"), every=every, delay=0.0),
    )


def _file(folder: Path, port: int) -> Path:
    """The database: `demo.db`, unless that has the web of another port.

    Addresses hold the port, so one web would be all news beside the other.
    """
    file, seeds = folder / "demo.db", ""
    with suppress(StorageError), open_store(file, readonly=True) as store:
        seeds = " ".join(row["seeds"] for row in store.db.query("select seeds from sources"))
    return file if not seeds or f":{port}/" in seeds else folder / f"demo-{port}.db"


def _last_visit(db: Database) -> datetime | None:
    found = db.execute("select max(at) from visits").fetchone()[0]
    return datetime.fromisoformat(found) if found else None


def _plan(last: datetime | None) -> list[tuple[Day, datetime]]:
    """The passes to make: evening and morning, or what is left of them, or one more after both."""
    if last is None:
        return [(1, EVENING), (2, MORNING)]
    if last < MORNING:
        return [(1, last + timedelta(seconds=1)), (2, MORNING)]
    return [(2, last + LATER)]


class _Clock:
    """The time in the demo: that of its evening and its morning, running on from where it was started."""

    def __init__(self) -> None:
        self.start(EVENING)

    def start(self, at: datetime) -> _Clock:
        """It is `at` now."""
        self.at, self._started = at, time.monotonic()
        return self

    def __call__(self) -> datetime:
        return self.at.astimezone(UTC) + timedelta(seconds=time.monotonic() - self._started)


def _one_pass(served: Served, store: Store, hosts: Hosts, *, day: Day, clock: _Clock, progress: Progress) -> Pass:
    served.turn_to(day)
    before, asked, started = _count(store), len(served.log), time.monotonic()
    tally = asyncio.run(_crawl(served, store, hosts, clock, progress))
    log = served.log[asked:]
    return Pass(
        at=clock.at,
        brought=_count(store).since(before),
        requests=len(log),
        unchanged=sum(one.status == 304 for one in log),
        bytes=sum(one.size for one in log),
        seconds=time.monotonic() - started,
        tally=tally,
    )


async def _crawl(
    served: Served, store: Store, hosts: Hosts, clock: Callable[[], datetime], progress: Progress
) -> Tally:
    async with Fetcher(SETTINGS, clock=clock) as fetcher:
        return await crawl(
            SETTINGS, sources(served.bases), store, fetcher=fetcher, clock=clock, report=progress, hosts=hosts
        )


def _silent(event: Event) -> None:
    """Progress for nobody."""


def _count(store: Store) -> Counts:
    sql = "select (select count(*) from article_urls) - (select count(*) from articles)"
    found = {"addresses": store.db.execute(sql).fetchone()[0], **store.stats()}
    return Counts(**{name: found[name] for name in Counts.__slots__})


def _summary(store: Store, database: Path, port: int, passes: tuple[Pass, ...]) -> Summary:
    return Summary(
        first_run=len(passes) > 1,
        database=database,
        port=port,
        passes=passes,
        total=_count(store),
        words=WORDS,
        hits=tuple(search(store.db, WORDS, limit=HITS, marks=MARKS)),
        sql=SQL,
        rows=tuple(store.db.query(SQL)),
    )
