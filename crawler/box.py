"""Which box of the page holds the story: every line gets a signed value, and the box with the greatest sum wins.

Sentences without links count for the box, rows of links, menus and legal lines against it. So a box that is widened
to its parent gains the paragraphs outside it and pays for the furniture around them, and no length threshold is
needed: a story of 70 characters wins as one of 7,000 does.
"""

from __future__ import annotations

import re
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
    for number, line in enumerate(tree.lines):
        worth = value(line)
        if worth > 0:
            worth *= factors[line.box]
            if number < view.title_line:
                worth *= BEFORE_TITLE
            elif number == view.title_line:
                worth = 0.0
        values.append(worth)
    return values


def _factors(view: View) -> list[float]:
    """For each element, how far its name and its ancestors' names are to be believed as body text."""
    factors: list[float] = []
    for element in view.tree.elements:
        above = factors[element.parent] if element.parent >= 0 else 1.0
        bits = flags(element.name)
        own = 1.0
        if bits & TALK:
            own = 0.1
        elif bits & (AWAY | ADS | LEGAL) and not bits & BODY:
            own = 0.3
        elif element.tag in ("aside", "nav", "footer", "form") or (element.hidden and not bits & BODY):
            own = 0.3
        elif bits & META and not bits & BODY:
            own = 0.7
        elif bits & BODY or element.tag == "article":
            own = 1.15
        factors.append(min(above * own, 1.5))
    return factors


def choose(view: View, values: list[float]) -> tuple[int, float, int, float]:
    """The number and score of the best box, and of the best box that neither holds it nor stands in it."""
    elements = view.tree.elements
    sums = list(accumulate(values, initial=0.0))
    scores = [sums[e.last] - sums[e.first] for e in elements]
    best = max(range(len(elements)), key=lambda i: (scores[i], elements[i].depth), default=-1)
    if best < 0:
        return -1, 0.0, -1, 0.0
    first, last = elements[best].first, elements[best].last
    outside = [i for i, e in enumerate(elements) if e.first >= last or e.last <= first]
    second = max(outside, key=lambda i: scores[i], default=-1)
    return best, scores[best], second, scores[second] if second >= 0 else 0.0
