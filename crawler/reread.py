"""The archive read again by today's rules, without network: what that makes of each article, against what is stored.

Of an article the page of its present version is read. As in the crawl, the pages of a long article are joined, a field
that this page is silent about keeps what an earlier one said, and a time of publication is the first that was claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from config import Settings, Source
from crawler import rules
from crawler.compare import NOTHING_LEFT, Sample, differences, sample
from crawler.frontier import Owners
from crawler.links import Place
from crawler.notes import continued
from crawler.page import ExtractError, Page, Request
from crawler.reading import Reading, read
from crawler.robots import product
from crawler.urls import host
from storage.archive import Archive, Damaged, Kept
from storage.claims import claim_time
from storage.records import Article, Target, encodable
from storage.rewrite import FIELDS, values

# Pages of an article, no body twice, that are asked what the latest does not say.
ASKED = 6
# Nothing was said; that something is not so, is something.
_SILENT: tuple[object, ...] = (None, "", [], {})
# What is said of a time of publication, and goes with it.
_CLAIM = ("published_precision", "published_evidence")
# The further pages of an article were fetched with its first.
TOGETHER = timedelta(hours=6)


class Job(NamedTuple):
    """An article to be read again: its fields as stored, and its pages in the archive, the latest first.

    The first of them is that of the present version: those after it, if any, held no article when they were fetched.
    """

    article_id: int
    url: str
    found_by: str
    stored: Mapping[str, Any]
    pages: Sequence[Kept]


class Outcome(NamedTuple):
    """What came of a job. `kinds` and `change` say what differs; without `article` nothing is to be written.

    `page` is the SHA-256 of the page; `left_out` says why there is nothing to compare.
    """

    rules: str
    page: str = ""
    article: Article | None = None
    kinds: Mapping[str, str] = {}
    change: Sample | None = None
    left_out: str = ""


def reader(settings: Settings, sources: tuple[Source, ...], archive: Path) -> Callable[[Job], Outcome]:
    """What a worker does with a job."""
    return _Reader(settings, sources, Archive(archive, readonly=True)).work


def reader_afar(settings: Settings, sources: tuple[Source, ...]) -> Callable[[Job, bytes], Outcome]:
    """The same where the archive is not, but the body of the latest page. Raises NotHere."""
    sent = _Sent()
    work = _Reader(settings, sources, sent).work

    def read(job: Job, body: bytes) -> Outcome:
        sent.page, sent.content = job.pages[0].id, body
        return work(job)

    return read


class NotHere(Exception):
    """Another page is needed, which only the archive has."""


class _Pages(Protocol):
    """What is asked of an archive."""

    def body(self, page: int) -> bytes: ...

    def pages(self, *, url: str) -> Iterator[Kept]: ...


class _Sent:
    """In place of an archive: one page. Raises NotHere for all others."""

    page, content = 0, b""

    def body(self, page: int) -> bytes:
        if page != self.page:
            raise NotHere
        return self.content

    def pages(self, *, url: str) -> Iterator[Kept]:
        raise NotHere


class _Reader:
    """Reads the pages of articles. A page that breaks a rule of ours costs only its article."""

    def __init__(self, settings: Settings, sources: tuple[Source, ...], archive: _Pages):
        self._settings, self._owners, self._archive = settings, Owners(sources), archive
        self._agent = product(settings.user_agent)

    def work(self, job: Job) -> Outcome:
        """Read an article again."""
        source = source_of(job, self._owners, self._settings)
        version = rules.version(source)
        try:
            article = self._article(job.pages[0], source)
            if any(self._is_open(name, before, article, job) for name, before in job.stored.items()):
                article = self._asked(job.pages[1:], source, article)
        except ExtractError as error:
            lost = None if error.ours else Sample(NOTHING_LEFT, job.article_id, job.url, job.stored, {}, error.reason)
            return Outcome(version, change=lost, left_out=error.reason)
        except NotHere:
            raise
        except Exception as error:
            return Outcome(version, left_out=f"reading it failed with {type(error).__name__}: {error}")
        article = _storable(article)
        found = self._values(article, job)
        kinds = differences(job.stored, found)
        if all(kind == "unchanged" for kind in kinds.values()):
            return Outcome(version, job.pages[0].sha256, kinds=kinds)
        change = sample(job.article_id, job.url, job.stored, found, kinds)
        return Outcome(version, job.pages[0].sha256, article, kinds, change)

    @staticmethod
    def _values(article: Article, job: Job) -> dict[str, Any]:
        return values(article, [name for name in job.stored if name not in FIELDS])

    def _is_open(self, name: str, before: Any, article: Article, job: Job) -> bool:
        """Whether an earlier page may say what the latest one does not, or claimed another time."""
        after = self._values(article, job).get(name)
        return len(job.pages) > 1 and bool(before) and (not after or (name == "published_at" and before != after))

    def _article(self, page: Kept, source: Source) -> Article:
        """The article of a page, with its further pages. Raises ExtractError, which says why there is none."""
        first = self._read(page, source, page.url)
        if first.article is None:
            raise ExtractError("no article any more")
        article, following, texts = first.article, first.following, set[str]()
        while following and article.text not in texts:
            texts.add(article.text)
            kept = [one for one in self._archive.pages(url=following.url) if abs(one.at - page.at) <= TOGETHER]
            if not kept:
                raise ExtractError("a further page of it is not in the archive", ours=True)
            more = self._read(min(kept, key=lambda one: abs(one.at - page.at)), source, page.url)
            if more.article is None:
                raise ExtractError("a further page of it holds no article", ours=True)
            article, following = continued(article, more.article), more.following
        return article

    def _asked(self, earlier: Sequence[Kept], source: Source, article: Article) -> Article:
        """An article with what earlier pages said, where its own is silent, and the first time that was claimed."""
        told = []
        for page in earlier:
            with suppress(ExtractError):
                reading = self._read(page, source, page.url)
                told += [reading.article] if reading.article else []
        if not told:
            return article
        first = next((one for one in reversed(told) if claim_time(one)), article)
        silent = {
            name: next((value for one in told if (value := getattr(one, name))), None)
            for name in ("author", "editor", "source", "modified_at", "lang")
            if not getattr(article, name)
        }
        every = (item for one in (*reversed(told), article) for item in one.extra.items())
        extra = {name: value for name, value in every if value not in _SILENT}
        extra |= {name: first.extra.get(name) for name in _CLAIM}
        if first.published_at is None:
            extra["claimed_time"] = first.extra.get("claimed_time")
        return replace(
            article,
            published_at=first.published_at,
            extra=extra,
            **{name: value for name, value in silent.items() if value},
        )

    def _read(self, kept: Kept, source: Source, asked: str) -> Reading:
        """One page as the crawl reads it. Raises ExtractError."""
        try:
            body = self._archive.body(kept.id)
        except (Damaged, KeyError) as error:
            raise ExtractError("its page in the archive is damaged", ours=True) from error
        page = Page(Request(kept.url), kept.final_url, kept.status, kept.headers, body, kept.at)
        place = Place(kept.final_url, Target(asked, "article", source.name), Owners((source,)), kept.at)
        threshold = self._settings.ad_threshold
        return read(
            page,
            place,
            ad_score=_unrated,
            ad_threshold=threshold,
            timed=lambda step: nullcontext(),
            agent=self._agent,
            follow=False,
        )


def source_of(job: Job, owners: Owners, settings: Settings) -> Source:
    """The source by whose rules an article is read: the one that found it, else the one it belongs to, else none."""
    known = owners.by_name.get(job.found_by) or owners.of(job.url)
    return known or Source(host(job.url), (job.url,), timezone=settings.timezone)


def _unrated(title: str, url: str) -> float:
    """The items of lists are not asked for here."""
    return 0.0


def _storable(article: Article) -> Article:
    """As the database has it: see `storage.records.encodable`."""
    try:
        f"{article.title}{article.text}{article.author}{article.extra}".encode()
    except UnicodeEncodeError:
        return encodable(article)
    return article
