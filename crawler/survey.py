"""What was found out of an unknown site: seeds, pattern, paging, the articles tried; and how sure that is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from crawler import stencil
from crawler.metrics import squeezed
from crawler.screen import counted
from storage.records import TargetKind

# Why nothing can be made of a site: a page of scripts, a log-in, a ban, something in between, no news at all.
Trouble = Literal["", "browser", "login", "forbidden", "blocked", "unreachable", "nothing"]

# Points of what speaks for a source; together 100.
_READ, _TIMED, _AGREES, _FITS, _LISTED = 40, 20, 15, 15, 10
# A list and a page may differ by a zone that one of them does not tell.
_SAME_DAY = timedelta(hours=26)
# So much of a title, at least, stands where the other one is cut.
_PART = 8
ENOUGH_ITEMS = 5


@dataclass(frozen=True, slots=True)
class Seed:
    """A place to start from, and how many addresses of articles it names."""

    url: str
    kind: TargetKind
    articles: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One article as it would be stored. `listed` and `listed_at` are title and time in the list that led there.

    `problem` says why nothing would be stored, or is "".
    """

    url: str
    title: str = ""
    published_at: datetime | None = None
    source: str = ""
    author: str = ""
    start: str = ""
    size: int = 0
    listed: str = ""
    listed_at: datetime | None = None
    problem: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether its title is the announced one; None where none was announced."""
        one, other = squeezed(self.title), squeezed(self.listed.rstrip(".…"))
        if not other or not one or self.problem:
            return None
        short, long = sorted((one, other), key=len)
        return short == long or (len(short) >= _PART and short in long)

    @property
    def is_timed_right(self) -> bool:
        """Whether it has a time, and not another day than its list says."""
        if self.published_at is None or self.problem:
            return False
        return self.listed_at is None or abs(self.published_at - self.listed_at) <= _SAME_DAY


@dataclass(frozen=True, slots=True)
class Survey:
    """All of it. `url` is the page that lists the news; `articles` are known addresses of articles, `others` of pages
    that are none; `sitemaps` are those that no seed names, with their number of addresses. `requests` were made.
    """

    url: str
    trouble: Trouble = ""
    reason: str = ""
    seeds: Sequence[Seed] = ()
    article: str = ""
    articles: Sequence[str] = ()
    others: Sequence[str] = ()
    tried: Sequence[Tried] = ()
    paging: str = ""
    sitemaps: Sequence[Seed] = ()
    crawl_delay: float | None = None
    requests: Sequence[str] = ()
    warnings: Sequence[str] = field(default=())

    @property
    def read(self) -> list[Tried]:
        """The articles that would be stored."""
        return [tried for tried in self.tried if not tried.problem]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How sure a survey is: 0 to 100, and in words what counts for it and against it."""

    certainty: int
    pros: tuple[str, ...]
    cons: tuple[str, ...]


def judge(survey: Survey) -> Verdict:
    """How sure it is that a crawl with these seeds and this pattern brings the articles, and brings them right."""
    pros: list[str] = []
    cons: list[str] = []
    points = 0.0
    for weight, share, words in _signs(survey):
        points += weight * share
        (pros if share > 0.75 else cons).append(words)
    for cost, words in _faults(survey):
        points -= cost
        cons.append(words)
    return Verdict(max(0, round(points)), tuple(pros), tuple(cons))


def _signs(survey: Survey) -> Iterator[tuple[int, float, str]]:
    """Points, the share of them that is earned, and why."""
    tried, read = len(survey.tried), survey.read
    yield _READ, _share(len(read), tried), f"{len(read)} of {tried} pages tried are articles with title and text"
    timed = sum(one.is_timed_right for one in read)
    yield _TIMED, _share(timed, len(read)), f"{timed} of {len(read)} articles tell when they were published"
    told = [one.agrees for one in read if one.agrees is not None]
    if told:
        yield _AGREES, _share(sum(told), len(told)), f"{sum(told)} of {len(told)} titles are those that lists announce"
    else:
        yield _AGREES, 0.5, "no list announces the titles that were tried"
    yield _FITS, *_fitting(survey)
    most = max((seed.articles for seed in survey.seeds), default=0)
    words = f"the best of {counted(len(survey.seeds), 'seed')} names {counted(most, 'article')}"
    yield _LISTED, min(1.0, most / ENOUGH_ITEMS), words


def _fitting(survey: Survey) -> tuple[float, str]:
    known = len(survey.articles)
    missed, wrong = stencil.misses(survey.article, survey.articles), stencil.hits(survey.article, survey.others)
    share = _share(known - missed, known) * _share(len(survey.others) - wrong, len(survey.others), empty=1.0)
    rule = "the pattern" if survey.article else "the general rule"
    others = f"{wrong} of {len(survey.others)} other pages" if wrong else f"none of {len(survey.others)} other pages"
    return share, f"{rule} fits {known - missed} of {known} known article addresses, and {others}"


def _faults(survey: Survey) -> Iterator[tuple[int, str]]:
    titles = Counter(squeezed(one.title) for one in survey.read)
    if survey.read and max(titles.values()) > 1:
        yield 30, "several articles have the same title: it may be the site's"
    texts = Counter(one.start for one in survey.read)
    if survey.read and max(texts.values()) > 1:
        yield 30, "several articles begin with the same words: they may be the site's"
    yield from ((10, words) for words in survey.warnings)


def _share(part: int, whole: int, *, empty: float = 0.0) -> float:
    return part / whole if whole else empty
