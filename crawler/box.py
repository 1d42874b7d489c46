"""Which box of the page holds the story: every line gets a signed value, and the box with the greatest sum wins.

Sentences without links count for the box, rows of links, menus and legal lines against it. So a box that is widened
to its parent gains the paragraphs outside it and pays for the furniture around them, and no length threshold is
needed: a story of 70 characters wins as one of 7,000 does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

from crawler.names import ADS, AWAY, BODY, LEGAL, META, TALK, flags
from crawler.tree import Line
from crawler.view import View

LEGAL_TEXT = re.compile(
    r"copyright|©|all rights reserved|版权所有|版權所有|ICP[备证備證]|许可证|許可證|公安备|经营许可|免责[声聲]明|免責聲明|"
    r"本站.{0,12}(不对|不代表|立场)|不代表本(站|网|網)|未经.{0,8}(授权|书面|许可).{0,10}(不得|禁止)|违法和?不良信息|举报电话|"
    r"terms of (use|service)|privacy policy|cookie",
    re.I,
)
BEFORE_TITLE = 0.4
FAR = 1500.0  # so many bytes of furniture after the headline halve what a line is worth
FEED = 0.2
BOX_JOIN = 30.0
JOIN = dict.fromkeys(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "figure", "br", "span", "pre", "font"),
    0.0,
)


def value(line: Line) -> float:
    """What a line says for (+) or against (-) being part of a story, in bytes of text."""
    plain = line.size - line.link
    share = line.link / line.size
    if share > 0.5 and (line.ends == 0 or line.size < 90 or share > 0.9):
        return -(25.0 + 0.25 * line.size)
    if LEGAL_TEXT.search(line.text):
        return -20.0
    if line.ends or line.size > 180:
        return plain * (1.0 - share) * (1.0 if line.ends + line.commas else 0.5)
    if line.commas:
        return 0.6 * plain
    if line.size > 60:
        return 0.3 * plain
    return 2.0 if not line.link else -8.0


def line_values(view: View) -> list[float]:
    """The value of every line, with what the boxes around it are called and where the headline stands."""
    tree = view.tree
    factors = _factors(view)
    values = []
    far = 0.0
    title_top = view.title_line >= 0 and tree.lines[view.title_line].heading == 1
    for number, line in enumerate(tree.lines):
        worth = value(line)
        if worth > 0:
            worth *= factors[line.box] / (1.0 + far / FAR)
            far = max(0.0, far - worth)
            if number < view.title_line:
                worth *= BEFORE_TITLE
            elif number == view.title_line:
                worth = 0.0
        elif number > view.title_line:
            far -= worth
        if line.heading == 1 and title_top and number > view.title_line + 3 and line.size > 30:
            far += FAR  # the next story of an endless page
        values.append(worth)
    return values


def _feeds(view: View) -> set[int]:
    """Boxes that tell other stories in short: at least three children that start with a link and go on with text."""
    tree = view.tree
    teasers: dict[int, int] = {}
    children: dict[int, int] = {}
    for element in tree.elements:
        if element.first == element.last or element.parent < 0:
            continue
        children[element.parent] = children.get(element.parent, 0) + 1
        start = tree.lines[element.first]
        if start.link * 10 > start.size * 6 and 1 < element.last - element.first < 12 and start.size >= 12:
            inside = tree.lines[element.first + 1 : element.last]
            if any(line.link * 2 < line.size and line.size > 40 for line in inside):
                teasers[element.parent] = teasers.get(element.parent, 0) + 1
    return {box for box, count in teasers.items() if count >= 3 and count * 2 >= children[box]}


def _factors(view: View) -> list[float]:
    """For each element, how far its name and its ancestors' names are to be believed as body text."""
    factors: list[float] = []
    feeds = _feeds(view)
    for number, element in enumerate(view.tree.elements):
        above = factors[element.parent] if element.parent >= 0 else 1.0
        bits = flags(element.name)
        own = 1.0
        if bits & TALK:
            own = 0.1
        elif number in feeds:
            own = FEED
        elif bits & (AWAY | ADS | LEGAL):
            own = 0.6 if bits & BODY else 0.3
        elif element.tag in ("aside", "nav", "footer", "form") or (element.hidden and not bits & BODY):
            own = 0.3
        elif bits & META and not bits & BODY:
            own = 0.7
        elif bits & BODY or element.tag == "article":
            own = 1.15
        factors.append(own if above >= 1.0 else min(above, own))
    return factors


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring children of one box: the lines `first` to `last` (half open), what they are worth, and the box."""

    score: float
    box: int
    first: int
    last: int


def choose(view: View, values: list[float]) -> tuple[Run | None, Run | None]:
    """The best run of neighbouring children of any box, and the best one that does not touch it."""
    runs = _runs(view, values)
    best = max(runs, key=lambda r: (r.score, r.box), default=None)
    if best is None:
        return None, None
    other = max((r for r in runs if r.first >= best.last or r.last <= best.first), key=lambda r: r.score, default=None)
    return best, other


def _runs(view: View, values: list[float]) -> list[Run]:
    """Every box whole, and for every box the neighbouring paragraphs with the greatest sum (Kadane's rule).

    The second kind serves stories that share a box with menus: paragraphs and bare lines join freely, furniture
    between them is bridged at its cost, but another box with text of its own ends the run.
    """
    elements = view.tree.elements
    sums = list(accumulate(values, initial=0.0))
    running: list[tuple[float, int]] = [(0.0, 0)] * len(elements)
    ended = [0] * len(elements)
    best: list[Run | None] = [None] * len(elements)

    def add(box: int, first: int, last: int, fee: float) -> None:
        worth = sums[last] - sums[first]
        score, start = running[box]
        if fee and worth > 0:
            running[box], ended[box] = (0.0, last), last
            return
        score, start = (score + worth - fee, start) if score > fee else (worth - fee, first)
        running[box], ended[box] = (score, start), last
        found = best[box]
        if score > 0 and (found is None or score > found.score):
            best[box] = Run(score, box, start, last)

    children: list[tuple[int, int, int, float]] = []
    for element in elements:
        if element.parent >= 0 and element.first < element.last:
            children.append((element.first, element.parent, element.last, JOIN.get(element.tag, BOX_JOIN)))
    lines = [(n, line.box, n + 1, 0.0) for n, line in enumerate(view.tree.lines)]
    for first, box, last, fee in sorted(children + lines):
        if first >= ended[box]:
            add(box, first, last, fee)
    whole = [Run(sums[e.last] - sums[e.first], i, e.first, e.last) for i, e in enumerate(elements)]
    return [run for run in (*whole, *best) if run is not None and run.score > 0]
