"""Every article read again from the archive: which of them, on all cores, what that changes, and the change written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from config import Settings, Source
from crawler import rules
from crawler.compare import Report
from crawler.extract import columns as added_fields
from crawler.frontier import Owners
from crawler.pool import Crash, Pool
from crawler.reread import ASKED, Job, Outcome, source_of
from storage.keys import url_key
from storage.rewrite import FIELDS, Reread
from storage.shelf import Shelf
from storage.sqlite import Database

# Articles that are looked up, and that are written, at a time.
LOOKED_UP, WRITTEN = 500, 100
# Added fields that are compared with the time of publication, that say where it was read, or from which page.
_BESIDE = ("published_precision", "published_evidence", "page_sha256")
NO_PAGE = "no page of it is in the archive"

_CHOSEN = "FROM articles LEFT JOIN readings ON article_id = articles.id WHERE articles.id > :after"
Write = Callable[[list[Reread]], None]


class Item(NamedTuple):
    """An article: the job that is to be done, or why there is none; "" where it was read by these rules already."""

    article_id: int
    job: Job | None = None
    reason: str = ""


class _Row(NamedTuple):
    """An article as it is stored: by which rules it was made and read again, from which page, and its fields.

    `seen_at` is when the last page was fetched that held it.
    """

    number: int
    url: str
    key: str
    found_by: str
    made: str | None
    read: str | None
    page: str | None
    seen_at: str
    stored: dict[str, Any]


class Reextraction:
    """One pass over the articles of a database; `report` has what came of it, `current` how many needed no reading.

    `source` names the source whose articles are read, `since` when a page of theirs must have been fetched at least.
    `told` hears after every article how many are done.
    """

    def __init__(
        self,
        db: Database,
        shelf: Shelf,
        pool: Pool[Job, Outcome],
        report: Report,
        *,
        settings: Settings,
        sources: tuple[Source, ...],
    ):
        self._db, self._shelf, self._pool, self.report = db, shelf, pool, report
        self._settings, self._owners = settings, Owners(sources)
        self.source = ""
        self.since: datetime | None = None
        self.told: Callable[[int], None] = lambda done: None
        self.current = 0

    @property
    def total(self) -> int:
        """How many articles there are to look at."""
        sql = f"SELECT count(*) {self._chosen}"
        return int(self._db.execute(sql, {"after": 0, "source": self.source}).fetchone()[0])

    @property
    def sources(self) -> set[str]:
        """The names of the sources that found an article."""
        rows = self._db.execute("SELECT DISTINCT found_by FROM articles WHERE found_by IS NOT NULL")
        return {name for (name,) in rows}

    @property
    def _chosen(self) -> str:
        return _CHOSEN + (" AND found_by = :source" if self.source else "")

    def run(self, write: Write | None = None) -> None:
        """Read all of them; `write` is given what is to be stored, some at a time. Raises StorageError."""
        waiting: list[Reread] = []
        for done, (item, outcome) in enumerate(self._pool.map(self._items(), of=_job_of), 1):
            if item.job is None:
                self.current += not item.reason
                if item.reason:
                    self.report.leave_out(item.reason)
            elif isinstance(outcome, Outcome):
                self._count(outcome)
                if not outcome.left_out:
                    waiting.append(Reread(item.article_id, outcome.rules, outcome.page, outcome.article))
            else:
                self.report.leave_out(str(outcome or Crash()))
            if write and len(waiting) >= WRITTEN:
                write(waiting)
            if len(waiting) >= WRITTEN:
                waiting = []
            self.told(done)
        if write and waiting:
            write(waiting)

    def _count(self, outcome: Outcome) -> None:
        if outcome.left_out:
            self.report.leave_out(outcome.left_out, outcome.change)
        else:
            self.report.add(outcome.kinds, outcome.change)

    def _items(self) -> Iterator[Item]:
        """The articles in the order of their numbers; those of one site that are looked up together follow each other.

        So the first pages of a site, which its others are compressed with, are unpacked once.
        """
        columns = {row[1] for row in self._db.execute("PRAGMA table_info (articles)")}
        own = [*FIELDS, *(name for name in added_fields() if name in columns and name not in _BESIDE)]
        names = ", ".join(f'articles."{name}"' for name in own)
        sql = f"""
            SELECT articles.id, url, url_key, coalesce(found_by, ''), articles.rules, readings.rules, page,
                coalesce((SELECT max(coalesce(page_at, at)) FROM visits WHERE article_id = articles.id), last_seen_at),
                {names}
            {self._chosen} ORDER BY articles.id LIMIT {LOOKED_UP}
        """
        last = 0
        while rows := self._db.execute(sql, {"after": last, "source": self.source}).fetchall():
            items = [self._item(_row(row, own)) for row in rows]
            yield from sorted(items, key=_place)
            last = rows[-1][0]

    def _item(self, row: _Row) -> Item:
        job = Job(row.number, row.url, row.found_by, row.stored, ())
        version = rules.version(source_of(job, self._owners, self._settings))
        if row.read is None and row.made == version:
            return Item(row.number)  # whether its page is kept need not be looked up
        pages = self._shelf.of({row.key, url_key(row.url)}, row.seen_at, 1 + ASKED)
        if not pages:
            return Item(row.number, reason=NO_PAGE)
        is_done = (row.read, row.page) == (version, pages[0].sha256)
        if is_done or (self.since and pages[0].at < self.since):
            return Item(row.number)
        return Item(row.number, job._replace(pages=pages))


def _row(row: Sequence[Any], names: Sequence[str]) -> _Row:
    number, url, key, found_by, made, read, page, seen_at, *values = row
    return _Row(number, url, key, found_by, made, read, page, seen_at, dict(zip(names, values, strict=True)))


def _place(item: Item) -> tuple[str, int]:
    return (url_key(item.job.url).split("/")[2], item.job.pages[0].id) if item.job else ("", item.article_id)


def _job_of(item: Item) -> Job | None:
    return item.job
