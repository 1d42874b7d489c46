"""Where the known values of an article stand in a page, and which selectors find them there. Pure.

Of each box that holds a value come candidates, the robust ones first: an id, a name without digits or hashes, a tag
below such a one, a path of tags. A site has several templates at a time, for long and short headlines, with and without
a picture: so there are also candidates of several parts, each for pages on which no other finds anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborNode, SelectolaxError

from crawler.page import Document
from crawler.selectors import selectors
from crawler.times import first
from crawler.view import squeeze

# Boxes of one page that candidates come of.
BOXES = 3
# Parts of one selector, pages on which each is right, and the rank from which a path is too brittle for that.
PARTS, SHARED, BRITTLE = 4, 2, 8
# Characters of a line that tell a text, and by how much a box may be longer than the short field in it.
TELLING, _LONGER = 8, 24
_TEXT_BOXES = "body, main, article, section, div, td, p"


@dataclass(frozen=True, slots=True)
class Sample:
    """A page as it is now, and the fields of its article that are known from elsewhere: `published` as a datetime."""

    document: Document
    known: Mapping[str, Any]


def candidates(name: str, samples: Sequence[Sample], roots: Sequence[LexborNode]) -> Iterator[str]:
    """Selectors of one field, those first that find it on most pages, of these the most robust."""
    found: dict[str, set[int]] = {}
    ranks: dict[str, int] = {}
    for number, (sample, root) in enumerate(zip(samples, roots, strict=True)):
        for box in islice(boxes(name, sample, root), BOXES) if sample.known.get(name) else ():
            for rank, css in selectors(box):
                found.setdefault(css, set()).add(number)
                ranks[css] = min(rank, ranks.get(css, rank))
    ordered = sorted(found, key=lambda css: (-len(found[css]), ranks[css], len(css), css))
    named = [css for css in ordered if ranks[css] < BRITTLE]
    single = next((css for css in named if is_one(roots, css)), "")
    if len(found.get(single, ())) < sum(bool(sample.known.get(name)) for sample in samples):
        joined = _joined(named, found, roots)
        if joined and is_one(roots, joined):
            yield joined
    yield from (css for css in ordered if is_one(roots, css))


def _joined(ordered: Sequence[str], found: Mapping[str, set[int]], roots: Sequence[LexborNode]) -> str:
    """A selector of several parts, each for pages of its own, on which it finds one box, that of the value; or ""."""
    parts: list[str] = []
    covered: set[int] = set()
    for css in ordered:
        own = found[css]
        if len(own) < SHARED or len(parts) == PARTS:
            break
        if own & covered:
            continue
        try:
            numbers = [len(root.css(css)) for root in roots]
        except SelectolaxError:
            continue
        if max(numbers) == 1 and {n for n, count in enumerate(numbers) if count} == own:
            parts.append(css)
            covered |= own
    return ", ".join(parts) if len(parts) > 1 else ""


def is_one(roots: Sequence[LexborNode], css: str) -> bool:
    """Whether a selector finds one box on most pages and never several; where it finds none the general rules read."""
    try:
        numbers = [len(root.css(css)) for root in roots]
    except SelectolaxError:
        return False
    return max(numbers) == 1 and sum(numbers) * 2 > len(numbers)


def boxes(name: str, sample: Sample, root: LexborNode) -> Iterator[LexborNode]:
    """The boxes of a page that hold a known value, the nearest to it first."""
    known = sample.known[name]
    if name == "text":
        yield from _text_boxes(known, root)
        return
    body = root.css_first("body") or root
    hits = []
    for node in body.css("*"):
        text = node.text(deep=True, separator=" ", strip=True)
        if node.tag not in ("script", "style", "option") and 0 < len(text) <= 240:
            extra = _extra(name, known, text, sample.document.fetched_at)
            if extra is not None:
                hits.append((extra, node))
    hits.reverse()  # of equals the innermost, which comes last, is the one
    yield from (node for _, node in sorted(hits, key=lambda hit: hit[0]))


def _extra(name: str, known: Any, text: str, now: datetime) -> int | None:
    """How many characters a box has beside a value, None where it does not hold it."""
    if name == "published":
        moment = first(text, now)
        at = moment.at if moment else None
        return len(text) if isinstance(at, datetime) and same_minute(known, at) else None
    wanted, there = squeeze(str(known)), squeeze(text)
    return len(there) - len(wanted) if wanted in there and len(there) - len(wanted) <= _LONGER else None


def _text_boxes(known: str, root: LexborNode) -> Iterator[LexborNode]:
    """The boxes that hold most of a text and least beside it."""
    lines = [line for line in map(squeeze, known.split("\n")) if len(line) >= TELLING]
    whole = sum(map(len, lines))
    hits = []
    for node in root.css(_TEXT_BOXES):
        there = squeeze(node.text(deep=True))
        if not whole or len(there) * 2 < whole:
            continue
        shared = sum(len(line) for line in lines if line in there)
        hits.append((round(2 * shared / (whole + len(there)), 4), node))
    hits.reverse()
    yield from (node for share, node in sorted(hits, key=lambda hit: -hit[0]) if share > 0.3)


def same_minute(known: datetime, given: datetime) -> bool:
    if (known.tzinfo is None) == (given.tzinfo is None) and abs((known - given).total_seconds()) < 60:
        return True
    return known.replace(tzinfo=None, second=0, microsecond=0) == given.replace(tzinfo=None, second=0, microsecond=0)
