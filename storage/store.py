"""The one writer. Whatever a visit brought is written in one transaction: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from storage import history, query, records, sources
from storage.articles import Articles
from storage.connection import temporary_file
from storage.drifts import DriftBook
from storage.gaps import GapBook
from storage.headlines import HeadlineBook
from storage.hosts import HostBook
from storage.keys import url_key
from storage.queue import Queue
from storage.records import Article, Gap, Headline, HostNote, Listing, Outcome, Rhythm, Saved, Target, Visit, encodable
from storage.regroup import Change, regroup
from storage.rhythms import RhythmBook
from storage.rights import RightsBook
from storage.sources import SourceBook
from storage.sqlite import Database
from storage.times import parse, stamp
from storage.waiting import NONE, Patience, transaction

_VISIT = """
    INSERT INTO visits (url, final_url, kind, source, at, status, error, took, size, moment)
    VALUES (?, nullif(?, ?), ?, ?, ?, ?, nullif(?, ''), ?, ?, ?)
"""


class _NotApplied(Exception):
    """Takes back what a transaction wrote."""


class Store:
    """An open database and everything that may be written to it. Close it, or use it as a context manager.

    It belongs to the thread that opened it. `db` is for reading, see `query`. StorageError when it cannot be written.
    """

    def __init__(
        self, db: Database, path: Path, *, ad_threshold: float, clock: Callable[[], datetime], patience: Patience = NONE
    ):
        self.db, self.path, self.patience = db, path, patience
        self._clock, self._moment = clock, 0
        self._run = db.conn.execute
        self._queue, self._hosts = Queue(db.conn), HostBook(db.conn)
        self._rhythms, self._gaps, self._rights = RhythmBook(db.conn), GapBook(db.conn), RightsBook(db.conn)
        self._drifts = DriftBook(db.conn)
        self._sources = SourceBook(db.conn)
        self._articles = Articles(db.conn, ad_threshold)
        self._headlines = HeadlineBook(db.conn, ad_threshold)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; SQLite then folds its log back into it."""
        self.db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with transaction(self.db.conn, self.path, self.patience):
                # After the lock was had: so the moments follow each other as their times do.
                self._moment = history.begin(self.db.conn, self._clock())
                yield
                history.end(self.db.conn, self._moment, self._clock())
        except BaseException:
            self._articles.forget()
            raise

    # -- a visit

    def save(
        self,
        visit: Visit,
        *,
        article: Article | None = None,
        headlines: Sequence[Headline] = (),
        targets: Sequence[Target] = (),
        next_at: datetime | None = None,
        state: str = "done",
        listing: Listing | None = None,
        rights: Sequence[records.Notice] = (),
    ) -> Saved:
        """Write what an answer brought: the visit, its article, headlines and new addresses, and when to come back.

        `next_at` None: never again. `state`: done, gone or failed. `listing` is what a list says about its source,
        `rights` what was said about the use of the article. A 304 confirms the article known at its address.
        """
        what = (targets, listing, rights, next_at, state)
        try:
            return self._save(visit, article, headlines, *what)
        except UnicodeEncodeError:
            # Half of a surrogate pair, out of some page's JSON: no UTF-8 has it.
            mended = encodable(article) if article else None
            return self._save(visit, mended, [*map(encodable, headlines)], *what)

    def _save(  # noqa: PLR0917 - what `save` was given, in its order
        self,
        visit: Visit,
        article: Article | None,
        headlines: Sequence[Headline],
        targets: Sequence[Target],
        listing: Listing | None,
        rights: Sequence[records.Notice],
        next_at: datetime | None,
        state: str,
    ) -> Saved:
        with self._transaction():
            number = self._note(visit)
            before = self._articles.dedupe_cpu
            outcome, article_id, story_id = self._put(visit, article)
            if article_id:
                self._run("UPDATE visits SET article_id = ? WHERE id = ?", (article_id, number))
            if article and outcome in ("new", "copy", "changed"):
                self._headlines.announced(article.title)
            self._drifts.note(visit, number, article_id, outcome)
            if article_id and rights:
                self._rights.keep(article_id, rights)
            fresh = self._headlines.put(headlines)
            queued = self._queue.add(targets, stamp(visit.at))
            self._queue.finish(visit, state, _stamped(next_at))
            if listing:
                self._rhythms.put(visit, listing, next_at)
                self._gaps.put(visit, listing)
                self._queue.wake(map(url_key, listing.wake), stamp(visit.at))
                self._queue.wake_changed(listing.changed, visit.at)
            told = {"items": outcome in ("new", "copy") or fresh > 0, "lists": visit.kind != "article"}
            self._run(sources.WELL, {**told, "at": stamp(visit.at), "name": visit.source})
        return Saved(outcome, article_id, story_id, queued, fresh, self._articles.dedupe_cpu - before)

    def note_failure(self, visit: Visit, *, next_at: datetime | None, gap: Gap | None = None) -> None:
        """Write that no usable answer came, and when to try again; None: never. `gap` is what that says of a list."""
        with self._transaction():
            self._drifts.note(visit, self._note(visit))
            if visit.gone:
                self._articles.remove(visit)
            self._queue.fail(visit, _stamped(next_at))
            if gap:
                self._gaps.write(gap)
            if visit.kind != "article":
                self._rhythms.plan(visit, next_at)
                error = visit.error or f"HTTP status {visit.status}"
                self._run(sources.ILL, {"at": stamp(visit.at), "error": error, "name": visit.source})

    def _note(self, visit: Visit) -> int:
        what = (visit.url, visit.final_url, visit.url, visit.kind, visit.source, stamp(visit.at))
        row = (*what, visit.status, visit.error, round(visit.took, 4), visit.size, self._moment)
        number = self._run(_VISIT, row).lastrowid
        self._hosts.note(visit)
        return int(number or 0)

    def _put(self, visit: Visit, article: Article | None) -> tuple[Outcome, int | None, int | None]:
        if article:
            return self._articles.put(article, visit)
        if visit.gone:
            self._articles.remove(visit)
        known = self._articles.confirm(visit) if visit.status == 304 else None
        return ("same", *known) if known else ("none", None, None)

    def regroup(self, *, apply: bool, told: Callable[[int, int], None] = lambda *_: None) -> list[Change]:
        """Find every article's story again from the stored texts: what that changes, written when `apply`.

        `told` is called with how many articles are done and how many there are.
        """
        with temporary_file(self.db.conn), suppress(_NotApplied), self._transaction():
            changes = regroup(self.db.conn, told)
            if not apply:
                raise _NotApplied
        self._articles.forget()
        return changes

    # -- the frontier

    def add_targets(self, targets: Iterable[Target], now: datetime) -> int:
        """Queue those addresses that are not known in any of their variants; how many those were."""
        with self._transaction():
            return self._queue.add(targets, stamp(now))

    def hosts_due(self, now: datetime) -> list[str]:
        """The hosts (`keys.host_of`) of which something may be due."""
        return self._queue.hosts_due(stamp(now))

    def best(self, host: str, now: datetime, own: Collection[str] | None = None) -> Target | None:
        """What a host may be asked for now, the best first; None when nothing is due.

        `own` leaves the addresses of other sources than those named aside.
        """
        return self._queue.best(host, stamp(now), own)

    def next_due(self, now: datetime) -> datetime | None:
        """When the next address falls due, those left aside that are due already; None if none will."""
        return self._queue.next_due(stamp(now))

    def waiting(self, now: datetime) -> int:
        """How many addresses are due."""
        return self._queue.waiting(stamp(now))

    def known(self, urls: Iterable[str]) -> dict[str, datetime | None]:
        """Those of the addresses that need no queueing, and since when each is known; None for a stored article's.

        An address is known in all its variants, as a target or as another one of an article.
        """
        return {url: parse(since) if since else None for url, since in self._queue.known(urls).items()}

    def deeper(self, urls: Iterable[str], depth: int) -> set[str]:
        """Those of the addresses that are known as further from the seeds than `depth`."""
        return self._queue.deeper(urls, depth)

    def rhythm(self, url: str) -> Rhythm | None:
        """What is known of a list; None when it was never visited."""
        return self._rhythms.get(url)

    def gaps(self, source: str) -> list[Gap]:
        """The gaps of a source that nothing has mended, the oldest first."""
        return self._gaps.open(source)

    def ongoing_gap(self, source: str, url: str) -> Gap | None:
        """The gap of a list that goes on; None where the last visit went well."""
        return self._gaps.ongoing(source, url)

    def host_trouble(self, source: str, url: str, since: datetime, now: datetime) -> tuple[datetime, str] | None:
        """Until when the host of a source's list was left alone because of an error, and the error; None for none."""
        return self._hosts.trouble(url) or self._gaps.beside(source, url, since, now)

    def host_notes(self, now: datetime) -> list[HostNote]:
        """The hosts that must still be left alone, and those that share their network address with others."""
        return list(self._hosts.remembered(stamp(now)))

    def keep_file(self, url: str, read_at: datetime, status: int, text: str) -> None:
        """Remember a file that speaks for a whole host: see `query.host_file`."""
        with self._transaction():
            self._rights.keep_file(url, read_at, status, text)

    def settle(self, urls: Iterable[str]) -> None:
        """Never ask for these addresses, which wait: what they lead to was read by another way in."""
        with self._transaction():
            self._queue.settle(map(url_key, urls))

    def wake(self, urls: Iterable[str], now: datetime, *, learnt: bool = True) -> int:
        """Make known addresses due now, as a source's seeds are when its time has come; how many.

        Without `learnt` those whose rhythm is known keep the time that follows from it.
        """
        with self._transaction():
            return self._queue.wake(map(url_key, urls), stamp(now), learnt=learnt)

    def wake_lists(self, source: str, now: datetime) -> int:
        """Make the lists, feeds and sitemaps of a source due now, but for those never asked again; how many."""
        with self._transaction():
            return self._queue.wake_lists(source, stamp(now))

    # -- sources

    def upsert_source(
        self, name: str, seeds: Sequence[str], every: timedelta, cron: str = "", *, enabled: bool = True, now: datetime
    ) -> None:
        """Take a source over from the settings. What is known of its visits stays."""
        with self._transaction():
            self._sources.keep(name, seeds, every, cron, enabled=enabled, now=now)
            self._gaps.drop(name, seeds, now)

    def source_next(self, name: str) -> datetime | None:
        """When a source is due; None when it was never visited, or is not known."""
        return self._sources.next(name)

    def set_source_next(self, name: str, next_at: datetime) -> None:
        with self._transaction():
            self._sources.set_next(name, next_at)

    def pause_source(self, name: str, since: datetime | None) -> None:
        """A source is not crawled by itself from then on, whatever the settings say; None: it is again."""
        with self._transaction():
            self._sources.pause(name, since)

    def paused_sources(self) -> dict[str, datetime]:
        """The sources that are paused, and since when."""
        return self._sources.paused()

    def stats(self, since: datetime | None = None) -> dict[str, int]:
        """Counts since a time, or of everything: see `query.stats`."""
        return query.stats(self.db, since)


def _stamped(at: datetime | None) -> str | None:
    return stamp(at) if at else None
