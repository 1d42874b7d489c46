"""How near an extraction comes to the right answer: the measures of one page, and their sums over many. Pure.

Body: the shingle measure of the article-extraction-benchmark (github.com/scrapinghub). A text is a multiset of runs of
four tokens: words, or for Chinese and Japanese single letters and digits after NFKC and lower-casing. Links: the best
F1 that a returned list has with each list of the page. Other fields: equal or not, after NFKC, case folding and removal
of white space.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import fmean
from urllib.parse import unquote, urlsplit

GRAM = 4
CHARACTER_LANGUAGES = frozenset(("zh", "ja"))
HEADLINE_REACH = 3  # so many lines of a body may begin with the headline, which is neither right nor wrong there
SAME_LIST = 0.5  # a list is found when its best F1 is at least this

_NAMES = re.compile(r"[;,、，；/|]|\s+and\s+|\s&\s")
_BY = re.compile(r"^(?:by|von|par|por|作者|记者|文|撰文)[:：\s]*", re.I)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shared, wrong and missing shingles as shares of 1 (all 0 where both texts are empty), and equality of tokens."""

    shared: float
    wrong: float
    missing: float
    exact: bool

    @property
    def f1(self) -> float:
        """2 * shared / (2 * shared + wrong + missing); 0 where nothing is shared."""
        return 2 * self.shared / (2 * self.shared + self.wrong + self.missing) if self.shared else 0.0


@dataclass(frozen=True, slots=True)
class Segments:
    """How many of the wanted and of the unwanted pieces of text were found."""

    found: int
    wanted: int
    wrong: int
    unwanted: int


@dataclass(frozen=True, slots=True)
class ListScore:
    """One list of the gold: the F1 of the best returned list, its kind, and whether that one is of this kind."""

    f1: float
    kind: str
    kind_right: bool


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """Addresses in the right lists and returned, of all kinds and of the kind latest."""

    shared: int
    returned: int
    wanted: int
    latest_shared: int
    latest: int


@dataclass(frozen=True, slots=True)
class PageScore:
    """The measures of one page; None or empty where the gold says nothing.

    `cpu` is in seconds, `size` in bytes. `same` maps a field to whether it is equal to the gold.
    """

    name: str
    cpu: float
    size: int
    empty: bool = False
    error: str = ""
    body: Overlap | None = None
    segments: Segments | None = None
    links: LinkCounts | None = None
    lists: tuple[ListScore, ...] = ()
    same: Mapping[str, bool] = field(default_factory=dict)


def squeezed(text: object) -> str:
    """NFKC, case-folded, without white space; character references resolved."""
    return "".join(unicodedata.normalize("NFKC", html.unescape(str(text or ""))).casefold().split())


def tokens(text: str, by_character: bool) -> list[str]:
    """What a shingle is made of."""
    if by_character:
        return [c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum()]
    return re.findall(r"\w+", text)


def _shingles(of: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(of[i : i + GRAM]) for i in range(max(1, len(of) - GRAM + 1)) if of)


def overlap(gold: str, got: str, *, by_character: bool) -> Overlap:
    """Compare two texts."""
    right, said = tokens(gold, by_character), tokens(got, by_character)
    a, b = _shingles(right), _shingles(said)
    shared = (a & b).total()
    wrong, missing = b.total() - shared, a.total() - shared
    whole = shared + wrong + missing or 1
    return Overlap(shared / whole, wrong / whole, missing / whole, right == said)


def without_headline(text: str, titles: Iterable[str]) -> str:
    """The text less the first line of its first three that is one of these headlines; empty lines go too."""
    lines = [line for line in text.split("\n") if line.strip()]
    keys = {key for title in titles if len(key := squeezed(title)) >= GRAM}
    for number, line in enumerate(lines[:HEADLINE_REACH]):
        if squeezed(line) in keys:
            return "\n".join(lines[:number] + lines[number + 1 :])
    return "\n".join(lines)


def segments(text: str, wanted: Sequence[str], unwanted: Sequence[str]) -> Segments:
    """Which pieces a text holds."""
    whole = squeezed(text)
    return Segments(
        sum(squeezed(piece) in whole for piece in wanted), len(wanted),
        sum(squeezed(piece) in whole for piece in unwanted), len(unwanted),
    )  # fmt: skip


def people(value: str | Sequence[str]) -> set[str]:
    """The names in a field, without labels."""
    parts = _NAMES.split(value) if isinstance(value, str) else value
    clean = (_BY.sub("", " ".join(unicodedata.normalize("NFKC", str(part)).split())) for part in parts)
    return {squeezed(name) for name in clean if name.strip()}


def same_time(gold: datetime | date, got: datetime | date | None) -> tuple[bool, bool | None]:
    """Whether the day and the minute are the same; None for the minute where the gold has none.

    Clock readings are compared, but the same instant in another zone counts for both.
    """
    minute = isinstance(gold, datetime)
    if got is None:
        return False, False if minute else None
    if isinstance(gold, datetime) and isinstance(got, datetime):
        both_zoned = gold.tzinfo is not None and got.tzinfo is not None
        if both_zoned and _to_minute(gold.astimezone(got.tzinfo)) == _to_minute(got):
            return True, True
        return gold.date() == got.date(), _to_minute(gold) == _to_minute(got)
    return _day(gold) == _day(got), False if minute else None


def _day(at: datetime | date) -> date:
    return at.date() if isinstance(at, datetime) else at


def _to_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0, tzinfo=None)


def address(href: str) -> str:
    """The last step of a link's path and its query: the same for relative and resolved forms."""
    parts = urlsplit(unquote(href).strip())
    steps = [step for step in parts.path.split("/") if step]
    last = steps[-1] if steps else parts.netloc.removeprefix("www.")
    return f"{last}?{parts.query}" if parts.query else last


Lists = Sequence[tuple[str, Sequence[str]]]  # kind, addresses


def list_scores(gold: Lists, got: Lists) -> tuple[ListScore, ...]:
    """For each list of the gold the best of the returned ones."""
    said = [(kind, {address(href) for href in hrefs}) for kind, hrefs in got]
    scores = []
    for kind, hrefs in gold:
        true = {address(href) for href in hrefs}
        ranked = ((2 * len(true & s) / (len(true) + len(s)), number) for number, (_, s) in enumerate(said))
        best, number = max(ranked, key=lambda pair: (pair[0], str(pair[1])), default=(0.0, -1))
        scores.append(ListScore(best, kind, best >= SAME_LIST and said[number][0] == kind))
    return tuple(scores)


def link_counts(gold: Lists, got: Lists, neutral: Sequence[str]) -> LinkCounts:
    """All items of all lists; neutral addresses count neither way."""
    true = {address(href) for _, hrefs in gold for href in hrefs}
    latest = {address(href) for kind, hrefs in gold if kind == "latest" for href in hrefs}
    said = {address(href) for _, hrefs in got for href in hrefs} - ({address(href) for href in neutral} - true)
    return LinkCounts(len(true & said), len(said), len(true), len(latest & said), len(latest))


def harmonic(precision: float, recall: float) -> float:
    """F1; 0 where either is 0."""
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0


def summary(scores: Sequence[PageScore]) -> dict[str, float]:
    """Every figure of a set of pages, by name; only those that the gold has answers for."""
    out: dict[str, float] = {"pages": len(scores)}
    for part in (_bodies, _pieces, _fields, _links, _costs):
        out.update(part(scores))
    return out


def _bodies(scores: Sequence[PageScore]) -> dict[str, float]:
    bodies = [s.body for s in scores if s.body]
    if not bodies:
        return {}
    precision = _mean([b.shared / (b.shared + b.wrong) for b in bodies if b.shared + b.wrong])
    recall = _mean([b.shared / (b.shared + b.missing) for b in bodies if b.shared + b.missing])
    pages = [b.f1 for b in bodies]
    return {
        "page_f1": fmean(pages), "f1": harmonic(precision, recall), "precision": precision, "recall": recall,
        "exact": _mean([b.exact for b in bodies]), "below_half": _mean([f < 0.5 for f in pages]),
    }  # fmt: skip


def _pieces(scores: Sequence[PageScore]) -> dict[str, float]:
    """Unwanted pieces left out on all pages; F1 on the pages that also name wanted ones."""
    pieces = [s.segments for s in scores if s.segments]
    unwanted = sum(p.unwanted for p in pieces)
    out = {"clean": 1 - sum(p.wrong for p in pieces) / unwanted} if unwanted else {}
    pieces = [p for p in pieces if p.wanted]
    if pieces:
        found, wanted, wrong = (sum(getattr(p, name) for p in pieces) for name in ("found", "wanted", "wrong"))
        out["segment_f1"] = harmonic(found / (found + wrong) if found else 0.0, found / wanted)
    return out


def _fields(scores: Sequence[PageScore]) -> dict[str, float]:
    names = dict.fromkeys(name for s in scores for name in s.same)
    return {name: _mean([s.same[name] for s in scores if name in s.same]) for name in names}


def _links(scores: Sequence[PageScore]) -> dict[str, float]:
    counts = [s.links for s in scores if s.links]
    lists = [one for s in scores for one in s.lists]
    out: dict[str, float] = {}
    if counts:
        shared, returned, wanted = (sum(getattr(c, name) for c in counts) for name in ("shared", "returned", "wanted"))
        out["link_f1"] = harmonic(shared / returned if returned else 0.0, shared / wanted if wanted else 0.0)
        latest_wanted = sum(c.latest for c in counts)
        if latest_wanted:
            out["latest_recall"] = sum(c.latest_shared for c in counts) / latest_wanted
    if lists:
        out["block_f1"] = _mean([one.f1 for one in lists])
        out["block_kind"] = _mean([one.kind_right for one in lists])
    latest = [one.f1 for one in lists if one.kind == "latest"]
    return {**out, "latest_f1": fmean(latest)} if latest else out


def _costs(scores: Sequence[PageScore]) -> dict[str, float]:
    cpu = sum(s.cpu for s in scores)
    out: dict[str, float] = {"empty": sum(s.empty for s in scores), "errors": sum(bool(s.error) for s in scores)}
    if cpu > 0:
        size = sum(s.size for s in scores)
        out |= {"ms": 1000 * cpu / len(scores), "pages_s": len(scores) / cpu, "mb_s": size / 1e6 / cpu}
    return out


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0
