"""Selectors for a site whose template changed, from pages of which is known what they say. Pure; no language model.

The known title, text, time, source and author of an article are looked for in its new page. A candidate must select one
box on most pages and never several. What is proposed is what reads most fields right when the pages are extracted with
it; where the general rules read as well without, nothing is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from statistics import fmean
from typing import Any, NamedTuple

from selectolax.lexbor import LexborNode

from config import Source
from crawler.extract import extract
from crawler.metrics import overlap
from crawler.page import Document, ExtractError
from crawler.parse import parse
from crawler.selectors import names
from crawler.spots import TELLING, Sample, candidates, is_one, same_minute
from crawler.view import squeeze

FIELDS = ("title", "text", "published", "source", "author", "editor")
# Candidates of one field that are tried.
TRIED = 6
# A selector is right on so many of the pages on which it finds something, and better than none by so much: of texts,
# which are right by degrees, less is enough.
_RIGHT, _BETTER, _BETTER_TEXT = 0.75, 0.05, 0.02
# By so little two texts may differ and are as right.
_SAME = 0.005
_MOST_DROPS = 8


class Choice(NamedTuple):
    """What is proposed for a field: a selector or "" for the general rules, the share of it that is right on the pages
    by the present rules and by the proposed ones, and on how many pages it is known.
    """

    field: str
    selector: str
    before: float
    after: float
    pages: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """The source with the proposed rules, and what these do for each field."""

    source: Source
    choices: tuple[Choice, ...]

    @property
    def changes(self) -> bool:
        """Whether anything is better with them."""
        return any(choice.after > choice.before for choice in self.choices)


def propose(samples: Sequence[Sample], source: Source) -> Proposal:
    """The rules that read most of what is known of these pages."""
    roots = [parse(one.document.html)[0] for one in samples]
    before = scores(samples, source)
    usable = {name: css for name, css in source.select.items() if name not in FIELDS or is_one(roots, css)}
    best = replace(source, select=usable)
    for name in FIELDS:
        if any(sample.known.get(name) for sample in samples):
            best = _best(name, samples, roots, best)
    after = scores(samples, best)
    choices = (
        Choice(name, best.select.get(name, ""), _mean(before[name]), _mean(after[name]), len(before[name]))
        for name in FIELDS
        if before[name]
    )
    return Proposal(best, tuple(choices))


def scores(samples: Iterable[Sample], source: Source) -> dict[str, list[float]]:
    """How right each known field is, page by page: 0 to 1."""
    found: dict[str, list[float]] = {name: [] for name in FIELDS}
    for sample in samples:
        given = read(sample.document, source)
        for name in FIELDS:
            if sample.known.get(name):
                found[name].append(rightness(name, sample.known[name], given.get(name)))
    return found


def read(document: Document, source: Source) -> dict[str, Any]:
    """The fields of a page by the rules of a source; none where there is no article."""
    try:
        article = extract(replace(document, source=source)).article
    except ExtractError:
        article = None
    if article is None:
        return {}
    values = {name: getattr(article, name) for name in ("title", "text", "source", "author", "editor")}
    return {**values, "published": article.published_at}


def rightness(name: str, known: Any, given: Any) -> float:
    """How near a value comes to the known one: 1 for the same; of texts the F1 of their shingles."""
    if not given:
        return 0.0
    if name == "text":
        return overlap(known, given, by_character=sum(map(str.isascii, known)) * 2 < len(known)).f1
    if isinstance(known, datetime):
        return float(same_minute(known, given))
    return float(squeeze(str(known)) == squeeze(str(given)))


def _best(name: str, samples: Sequence[Sample], roots: Sequence[LexborNode], source: Source) -> Source:
    """The source with the selector of one field that reads most of it right; ties go to what is there, then to none.

    What makes another field worse is out: the byline may stand beside a box that holds the text.
    """
    rest = {key: css for key, css in source.select.items() if key != name}
    options = [source] if name in source.select else []
    options.append(replace(source, select=rest))
    told = [scores(samples, option) for option in options]
    sums = [_sum(name, one) for one in told]
    best, pages = max(sums), list(zip(samples, roots, strict=True))
    chosen, had, least = (
        options[sums.index(best)],
        told[sums.index(best)],
        best[0] + (_BETTER_TEXT if name == "text" else _BETTER),
    )
    for css in islice(candidates(name, samples, roots), TRIED) if best[0] < 1 else ():
        option = replace(source, select={**rest, name: css})
        option = _dropped(samples, roots, option) if name == "text" else option
        one = scores(samples, option)
        # Right on a page or two by chance is no rule.
        is_rule = name == "text" or _precision(name, css, pages, one[name]) >= _RIGHT
        if is_rule and _mean(one[name]) >= least and not _worse(name, had, one) and _sum(name, one) > best:
            chosen, best = option, _sum(name, one)
            if best[0] == 1:
                break
    return chosen


def _sum(name: str, told: Mapping[str, Sequence[float]]) -> tuple[float, float]:
    """How right one field is, and all together."""
    return round(_mean(told[name]), 3), round(sum(map(_mean, told.values())), 3)


def _worse(name: str, before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]]) -> list[str]:
    """The other fields that are less right than they were."""
    return [other for other in FIELDS if other != name and _mean(after[other]) < _mean(before[other]) - _SAME]


def _precision(name: str, css: str, pages: Sequence[tuple[Sample, LexborNode]], values: Sequence[float]) -> float:
    """How often a selector that finds something finds what is right: on a page that has no such field it must not."""
    right, hits = 0.0, 0
    given = iter(values)
    for sample, root in pages:
        value = next(given) if sample.known.get(name) else 0.0 if sample.known.get("text") else None
        if value is not None and root.css_first(css) is not None:
            right, hits = right + value, hits + 1
    return right / hits if hits else 0.0


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


# -- what stands in the text and is none of it


def _dropped(samples: Sequence[Sample], roots: Sequence[LexborNode], source: Source) -> Source:
    """The source with selectors of boxes that are in its text box and never part of a text, where they help."""
    css = source.select.get("text")
    if css is None:
        return source
    best = _mean(scores(samples, source)["text"])
    for drop in islice(_strangers(css, samples, roots), _MOST_DROPS):
        if best == 1:
            break
        option = replace(source, drop=(*source.drop, drop))
        score = _mean(scores(samples, option)["text"])
        if score > best:
            source, best = option, score
    return source


def _strangers(css: str, samples: Sequence[Sample], roots: Sequence[LexborNode]) -> Iterator[str]:
    """Names of boxes inside the text box that hold no line of the known text on most of their pages, those with most
    in them first. Not on all: what was known of a page may itself hold what is no text, as comments of readers.
    """
    inside = f":is({css})" if "," in css else css
    sizes: Counter[str] = Counter()
    found: Counter[str] = Counter()
    guilty: Counter[str] = Counter()
    for sample, root in zip(samples, roots, strict=True):
        known = str(sample.known.get("text") or "")
        text, lines = squeeze(known), [line for line in map(squeeze, known.split("\n")) if len(line) >= TELLING]
        own, other = set(), set()
        for node in root.css(f"{inside} *") if text else ():
            there = squeeze(node.text(deep=True))
            named = {f"{inside} {name}" for _, name in names(node)} if there else set()
            if there in text or any(line in there for line in lines):
                own |= named
            else:
                other |= named
                sizes.update(dict.fromkeys(named, len(there)))
        guilty.update(own)
        found.update(other - own)
    ordered = sorted(found, key=lambda name: (-sizes[name], name))
    yield from (name for name in ordered if found[name] > 2 * guilty[name])
