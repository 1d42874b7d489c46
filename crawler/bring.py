"""Foreign archives through the same line as a crawl: record, archive, decode, extract, dedupe, store.

Pages are read on all cores and stored by one writer, in the order of the file. What is stored is remembered in the
same transaction, so that a killed import goes on behind it. No link is followed, and nobody is asked for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from config import Settings, Source
from crawler.ads import score_title
from crawler.answer import HEAD, Coding, is_page
from crawler.frontier import Owners
from crawler.links import Place, is_article
from crawler.notes import GONE
from crawler.page import ExtractError, Page, Request
from crawler.pool import Crash, Pool
from crawler.reading import Reading, read
from crawler.refusals import MISSING
from crawler.robots import product
from crawler.urls import host, resolve
from storage.archive import Archive, Fetched
from storage.foreign import BrokenOff, Record, records
from storage.intake import Intake, Progress
from storage.records import Target, TargetKind, Visit

# Records without a page after which it is written how far the file is read.
OFTEN = 2000


class Answer(NamedTuple):
    """What a worker made of a page: whose it is, the body without its coding if it had one, what was read or why not.

    `is_page` is false for a picture or an error page, of which nothing is kept; `gone` is set where it says that there
    is no article at its address (see `Visit`).
    """

    source: str
    kind: TargetKind = "list"
    is_page: bool = True
    body: bytes | None = None
    reading: Reading = Reading()
    error: str = ""
    gone: str = ""


@dataclass(slots=True)
class Sums:
    """What an import came to: the pages by what they were, the headlines never seen before, the answers without a page.

    `gone` are articles that were no longer there, `older` those of which a later version is known, `further` pages
    those behind the first of an article, which reading again joins, `unread` pages that cannot be read, with the
    `reasons`.
    """

    new: int = 0
    changed: int = 0
    same: int = 0
    copies: int = 0
    older: int = 0
    gone: int = 0
    lists: int = 0
    further: int = 0
    unread: int = 0
    headlines: int = 0
    other: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        """One page more that came out so."""
        name = {"copy": "copies", "none": "lists"}.get(outcome, outcome)
        setattr(self, name, getattr(self, name) + 1)


def reader(settings: Settings, sources: tuple[Source, ...]) -> Callable[[Fetched], Answer]:
    """What a worker does with a page."""
    owners = Owners(sources)

    def work(page: Fetched) -> Answer:
        source = owners.of(page.final_url) or Source(
            host(page.final_url), (page.final_url,), timezone=settings.timezone
        )
        kind: TargetKind = "article" if is_article(page.final_url, source) else "list"
        answer = Answer(source.name, kind)
        if page.status in GONE:
            return answer._replace(is_page=False, error=f"status {page.status}", gone=GONE[page.status])
        try:
            body = _decoded(page, settings.max_body)
            if page.status != 200 or not is_page(page.headers.get("content-type", ""), body[:HEAD]):
                return answer._replace(is_page=False)
            answer = answer._replace(body=None if body is page.body else body)
            return answer._replace(reading=_read(page._replace(body=body), source, kind, settings))
        except ExtractError as error:
            gone = MISSING if MISSING in error.reason else ""
            return answer._replace(error=error.reason, gone=gone)
        except Exception as error:  # A page that breaks a rule of ours must not stop the other pages.
            return answer._replace(error=f"reading it failed with {type(error).__name__}: {error}")

    return work


def _read(page: Fetched, source: Source, kind: TargetKind, settings: Settings) -> Reading:
    target = Target(page.final_url, kind, source.name)
    place = Place(page.final_url, target, Owners((source,)), page.at)
    answer = Page(Request(page.url), page.final_url, page.status, page.headers, page.body, page.at)
    agent = product(settings.user_agent)
    reading = read(
        answer,
        place,
        ad_score=score_title,
        ad_threshold=settings.ad_threshold,
        timed=lambda step: nullcontext(),
        agent=agent,
        follow=False,
    )
    article = reading.article
    if article and reading.following:
        # It is a beginning, and to be read again when the archive has the rest.
        article = replace(article, rules="")
    # Nothing is queued: what need not travel back does not.
    kept = Reading(article, reading.headlines, notices=reading.notices)
    return replace(kept, article=None, further=True) if reading.further else kept


def _decoded(page: Fetched, most: int) -> bytes:
    """The body without its content coding. Raises ExtractError."""
    names = page.headers.get("content-encoding", "")
    if not names:
        return page.body
    try:
        coding = Coding(names, most)
        body = coding.read(page.body)
        coding.end()
    except ValueError as error:
        raise ExtractError(str(error)) from None
    if coding.full:
        raise ExtractError(f"larger than {most:,} bytes (setting `max_body`)")
    return body


class Importer:
    """Brings files into a database. `keep` is the archive that pages go into, or None; `clock` is ours.

    `told` hears after every record how far it is and whether that was a page, `wrong` of a record that cannot be used.
    """

    def __init__(
        self,
        store: Intake,
        pool: Pool[Fetched, Answer],
        *,
        keep: Archive | None,
        clock: Callable[[], datetime],
        most: int,
    ):
        self._store, self._pool, self._keep, self._clock, self._most = store, pool, keep, clock, most
        self.told: Callable[[Progress, bool], None] = lambda progress, is_page: None
        self.wrong: Callable[[Record], None] = lambda record: None
        self.sums = Sums()

    def bring(self, file: Path, progress: Progress) -> None:
        """All of a file from where `progress` stands. Raises NoWarc, BrokenOff, OSError and StorageError.

        Whatever it raises, what came before is stored, and the next import goes on behind it.
        """
        idle = 0
        with file.open("rb", buffering=1 << 20) as opened:
            try:
                for record, answer in self._pool.map(self._records(opened, progress), of=_page_of):
                    progress.records += 1
                    progress.place = record.end
                    is_page = self._take(record, answer, progress)
                    idle = 0 if is_page else idle + 1
                    if idle >= OFTEN:
                        self._store.advance(progress)
                        idle = 0
                    self.told(progress, is_page)
            except BrokenOff:
                self._store.advance(progress)
                raise
        self._store.advance(progress, finished_at=self._clock())

    def _records(self, file: BinaryIO, progress: Progress) -> Iterator[Record]:
        """The records that are left, each page with an address as the crawl writes it."""
        for record in records(file, progress.place, most=self._most, done=progress.records):
            page = record.page
            url = resolve("", page.final_url) if page else None
            if page and url:
                asked = resolve("", page.url) or url
                yield record._replace(page=page._replace(url=asked, final_url=url, site=host(url)))
            else:
                yield record._replace(page=None)

    def _take(self, record: Record, answer: Answer | Crash | None, progress: Progress) -> bool:
        """Keep what a record brought; whether anything was written."""
        page = record.page
        if record.problem:
            progress.broken += 1
            self.wrong(record)
        if page is None or answer is None:
            return False
        if isinstance(answer, Crash):
            answer = Answer(host(page.final_url), error=str(answer))
        is_removal = answer.gone and self._store.is_article(page.final_url)
        if not answer.is_page and not is_removal:
            self.sums.other += 1
            return False
        if answer.body is not None:
            headers = {name: value for name, value in page.headers.items() if name != "content-encoding"}
            page = page._replace(body=answer.body, headers=headers)
        now = self._clock()
        # A page cannot have been fetched after we got it.
        page = page._replace(at=min(page.at, now), received=now)
        if answer.is_page and self._keep and page.body and not self._keep.holds(page):
            self._keep.add(page)
        progress.pages += answer.is_page
        self._save(page, answer, progress, now)
        return True

    def _save(self, page: Fetched, answer: Answer, progress: Progress, now: datetime) -> None:
        reading, address = answer.reading, page.final_url
        kind: TargetKind = "article" if reading.article else answer.kind
        visit = Visit(
            page.url,
            address,
            kind,
            answer.source,
            now,
            page.status,
            answer.error,
            size=len(page.body),
            gone=answer.gone,
        )
        saved = self._store.bring(
            progress,
            visit,
            page.at,
            article=replace(reading.article, fetched_at=now) if reading.article else None,
            headlines=[replace(item, seen_at=now) for item in reading.headlines],
            rights=[replace(notice, read_at=now) for notice in reading.notices],
        )
        self.sums.headlines += saved.headlines
        if saved.outcome == "gone" or not answer.is_page:
            self.sums.count("other" if saved.outcome == "none" else saved.outcome)
        elif answer.error:
            self.sums.unread += 1
            self.sums.reasons[answer.error] = self.sums.reasons.get(answer.error, 0) + 1
        else:
            self.sums.count("further" if reading.further else saved.outcome)


def _page_of(record: Record) -> Fetched | None:
    return record.page
