"""What foreign archives bring: the table `imports`, and pages that others fetched, beside what the crawl writes.

A page counts from when we got it; the time at which another fetched it is kept as `visits.page_at`, and decides only
whether it is older than what is known: then it takes nothing back. The frontier, the hosts and the sources are left
as they are, because nothing was asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from storage.keys import url_key
from storage.records import Article, Headline, Notice, Saved, Visit, encodable
from storage.store import Store
from storage.times import parse, stamp

# The first record of a WARC file says when and as what it was written, so a little tells files apart.
HEAD = 1024

_BEGIN = """
    INSERT INTO imports (name, head, size, begun_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (head) DO UPDATE SET name = excluded.name,
        finished_at = iif(excluded.size > size, NULL, finished_at), size = max(size, excluded.size)
"""
_DONE = "SELECT id, place, records, pages, articles, broken, finished_at FROM imports WHERE head = ?"
_ADVANCE = """
    UPDATE imports SET place = :place, records = :records, pages = :pages, articles = :articles, broken = :broken
    WHERE id = :id
"""
# The last time at which an article was seen, or was seen to be gone, whoever saw it.
_KNOWN = """
    SELECT max(coalesce((SELECT max(coalesce(page_at, at)) FROM visits WHERE article_id = articles.id), last_seen_at),
        coalesce((
            SELECT max(coalesce(page_at, observed_at)) FROM removals
                LEFT JOIN visits ON visits.at = observed_at AND visits.url = removals.url
            WHERE removals.article_id = articles.id AND back_at IS NULL
        ), ''))
    FROM articles WHERE id = (SELECT article_id FROM article_urls WHERE article_urls.url_key = ?)
"""


@dataclass(slots=True)
class Progress:
    """How far a file is stored: the byte from which reading goes on, and the sums up to there."""

    id: int
    place: int = 0
    records: int = 0
    pages: int = 0
    articles: int = 0
    broken: int = 0
    finished_at: datetime | None = None


class Intake(Store):
    """The store as an import writes to it."""

    def begin(self, file: Path) -> Progress:
        """Where to go on with a file: at its beginning, where a former import of it ended, or not at all.

        A file is known again by its first bytes, under any name; one that has grown is not finished. Raises OSError.
        """
        with file.open("rb") as opened:
            head = hashlib.sha256(opened.read(HEAD)).hexdigest()
        with self._transaction():
            self._run(_BEGIN, (file.name, head, file.stat().st_size, stamp(self._clock())))
            *sums, finished = self._run(_DONE, (head,)).fetchone()
        progress = Progress(*sums)
        progress.finished_at = parse(finished) if finished else None
        return progress

    def bring(
        self,
        progress: Progress,
        visit: Visit,
        page_at: datetime,
        *,
        article: Article | None = None,
        headlines: Sequence[Headline] = (),
        rights: Sequence[Notice] = (),
    ) -> Saved:
        """Write what one page brought, and that it is done. `page_at` is when another fetched it.

        The outcome `older` stands for an article of which a later version is known: nothing of it is written. `gone`
        stands for one that is known and was no longer there (`visit.gone`).
        """
        try:
            return self._bring(progress, visit, page_at, article, headlines, rights)
        except UnicodeEncodeError:
            mended = encodable(article) if article else None
            return self._bring(progress, visit, page_at, mended, [*map(encodable, headlines)], rights)

    def _bring(  # noqa: PLR0917 - what `bring` was given, in its order
        self,
        progress: Progress,
        visit: Visit,
        page_at: datetime,
        article: Article | None,
        headlines: Sequence[Headline],
        rights: Sequence[Notice],
    ) -> Saved:
        with self._transaction():
            number = self._note(replace(visit, asked=False))
            self._run(
                "UPDATE visits SET import_id = ?, page_at = ? WHERE id = ?", (progress.id, stamp(page_at), number)
            )
            before = self._articles.dedupe_cpu
            fresh = self._headlines.put(headlines)
            saved = Saved("none", headlines=fresh)
            address = article.url if article else visit.final_url
            if (article or visit.gone) and self._is_older(address, page_at):
                saved = replace(saved, outcome="older")
            elif visit.gone:
                removed = self._articles.remove(visit)
                saved = replace(saved, outcome="gone" if removed else "none", article_id=removed)
            elif article:
                outcome, article_id, story_id = self._articles.put(article, visit)
                self._run("UPDATE visits SET article_id = ? WHERE id = ?", (article_id, number))
                if outcome != "same":
                    self._headlines.announced(article.title)
                if rights:
                    self._rights.keep(article_id, rights)
                spent = self._articles.dedupe_cpu - before
                saved = Saved(outcome, article_id, story_id, headlines=fresh, dedupe_cpu=spent)
            # Only when all of it can be written does it count.
            progress.articles += saved.outcome in ("new", "copy")
            self._advance(progress)
        return saved

    def advance(self, progress: Progress, *, finished_at: datetime | None = None) -> None:
        """Write how far a file is stored, and when its end was reached."""
        with self._transaction():
            self._advance(progress)
            if finished_at:
                self._run("UPDATE imports SET finished_at = ? WHERE id = ?", (stamp(finished_at), progress.id))

    def _advance(self, progress: Progress) -> None:
        self._run(_ADVANCE, asdict(progress))

    def is_article(self, url: str) -> bool:
        """Whether an article of this address is known."""
        return self._run("SELECT 1 FROM article_urls WHERE url_key = ?", (url_key(url),)).fetchone() is not None

    def _is_older(self, url: str, page_at: datetime) -> bool:
        """Whether a later version of the article of an address is known than that of a page."""
        row = self._run(_KNOWN, (url_key(url),)).fetchone()
        return row is not None and stamp(page_at) < row[0]
