"""Which box of the page holds the story: every line gets a signed value, and the box with the greatest sum wins.

Sentences without links count for the box, rows of links, menus and legal lines against it. So a box that is widened
to its parent gains the paragraphs outside it and pays for the furniture around them, and no length threshold is
needed: a story of 70 characters wins as one of 7,000 does.
"""

from __future__ import annotations

import re
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

from crawler.names import ADS, AWAY, BODY, CAPTION, LEGAL, META, STORY, TALK, flags
from crawler.patterns import grouped
from crawler.tree import Element, Line
from crawler.view import View

LEGAL_TEXT = grouped(
    r"copyright|©|all rights reserved|版权所有|版權所有|ICP[备证備證]|(经营|传播|出版|信息服务|節目|节目)[^，。]{0,6}(许可证|許可證)|(许可证|許可證)(编?号|[:：\d])|公安备|经营许可|免责[声聲]明|免責聲明|"
    r"本(?:网|網|站|报|刊|平台)(?:所载|所刊|转载|登载|刊载|注明)|如因作品|转载目的|风险自负|書面授權|侵犯.{0,8}(?:权益|權益|版权|著作权)|"
    r"本站.{0,12}(不对|不代表|立场)|(郑重|特别|平台|版权|广告|鄭重|特別|版權)[声聲]明[:：]|风险自担|自觉遵守.{0,16}(法律|法规)|非[經经]授[權权]|著作[權权]归|provides? information storage|무단 ?전재|無断転載|転載を禁|riproduzione riservata|tous droits réservés|alle rechte vorbehalten|все права защищены|todos los derechos reservados|wszelkie prawa zastrzeżone|不代表本(站|网|網)|未经.{0,8}(授权|书面|许可).{0,10}(不得|禁止)|违法和?不良信息|举报电话\s*[:：\d（(]|仅提供信息存储|转载.{0,3}[请須须].{0,3}注明|轉載.{0,3}[請須].{0,3}註明|僅提供資訊儲存|"
    r"未經.{0,8}(授權|書面|許可).{0,10}(不得|禁止)|terms of (use|service)|privacy policy|cookies? (policy|settings|notice|preferences)|(use|accept)s? (of )?cookies",
    ignore_case=True,
)
ONE_LINE = frozenset(("p", "a", "span", "h1", "h2", "h3", "h4", "h5", "h6", "img", "label", "button", "td"))
DATE_ONLY = re.compile(
    r"^[\W\d_]*((年|月|日|时|分|秒|前|天|小时|小時|分钟|星期|周|週|[一二三四五六日]|上午|下午|晚上|AM|PM|HKT|CST|发布|發佈|发表|更新|时间|時間)[\W\d_]*)*$",
    re.I,
)
_ASIDE = frozenset(("aside", "nav", "footer", "form"))
_TELLING = _ASIDE | {"article"}  # tags that say something, whatever the element is called
BEFORE_TITLE = 0.15
FAR = 1500.0  # so many bytes of furniture after the headline halve what a line is worth
FARTHEST = 0.3
FEED = 0.1
NAMED = 1.15  # a box called the story's text may be worth so much less than one around it
MOST = 7  # tenths of a page
NEXT_STORY = 0.3  # what follows a second <h1> is the next story of an endless page
LEAD_REACH = 8  # lines between the headline and the paragraph that leads in
LEAD_LEAST, LEAD_MOST = 80, 800  # bytes
LEAD_BARE = 110  # bytes of one without a full stop
BOX_JOIN = 30.0
JOIN = dict.fromkeys(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "figure", "br", "span", "pre", "font"),
    0.0,
)


def value(line: Line) -> float:
    """What a line says for (+) or against (-) being part of a story, in bytes of text."""
    plain = line.size - line.link
    share = line.link / line.size
    if share > 0.9 and line.ends >= 2 and line.size >= 150 and len(line.anchors) <= 1:
        return 0.3 * line.size  # a paragraph that a link has swallowed
    if share > 0.5 and (line.ends == 0 or line.size < 90 or share > 0.9):
        return -(25.0 + 0.25 * line.size)
    if len(line.anchors) >= 4 and share > 0.3 and line.ends * 4 <= len(line.anchors):
        return -(25.0 + 0.25 * line.link)
    if line.size < 1500 and LEGAL_TEXT.search(line.text):
        return -20.0
    if line.ends or line.size > 180:
        if line.ends + line.commas == 0:
            return min(0.5 * plain, 150.0)  # words without a stop are a list, however many
        return plain * (1.0 - share)
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
    far, later, told = 0.0, 1.0, 0.0
    top = tree.lines[view.title_line].box if view.title_line >= 0 else -1
    name = tree.elements[tree.lines[view.title_line].box].name if view.title_line >= 0 else ""
    title_top = view.title_line >= 0 and tree.lines[view.title_line].heading == 1
    for number, line in enumerate(tree.lines):
        worth = value(line)
        if worth > 0:
            worth *= later * factors[line.box] * max(FARTHEST, 1.0 / (1.0 + far / FAR))
            far = max(0.0, far - worth)
            if number < view.title_line:
                worth *= BEFORE_TITLE
            elif number == view.title_line:
                worth = 0.0
        elif number > view.title_line:
            far -= worth
        told += max(worth, 0.0) if number > view.title_line else 0.0
        if line.heading == 1 and title_top and told > 40 and line.size > 30 and line.text not in tree.title:
            same = tree.elements[line.box].name == name != "" and line.box != top
            later = min(later, NEXT_STORY / 10 if same else NEXT_STORY)
        values.append(worth)
    return values


def feeds(view: View) -> set[int]:
    """Boxes that tell other stories in short: at least three children that are teasers, half of all of them."""
    teasers: dict[int, int] = {}
    children: dict[int, int] = {}
    lines = view.tree.lines
    for element in view.tree.elements:
        size, parent = element.last - element.first, element.parent
        if not size or parent < 0:
            continue
        children[parent] = children.get(parent, 0) + 1
        if element.tag == "dt":
            teasing = element.last < len(lines) and _is_link(lines[element.first]) and not _is_link(lines[element.last])
        else:
            teasing = size < 12 and element.tag not in ONE_LINE and _is_teaser(view, element)
        if teasing:
            teasers[parent] = teasers.get(parent, 0) + 1
    return {box for box, count in teasers.items() if count >= 3 and count * 2 >= children[box]}


def _is_teaser(view: View, element: Element) -> bool:
    """A link or a heading, then text and perhaps a date, in one small box."""
    lines = view.tree.lines
    start = lines[element.first]
    if element.last - element.first == 1:
        if element.tag != "li" or not start.anchors or start.link * 2 > start.size:
            return False
        anchor = view.tree.anchors[start.anchors[0]].text
        return len(anchor.encode("utf-8", "replace")) > 24 and start.text.startswith(anchor)
    inside = lines[element.first + 1 : element.last]
    if not _is_link(start) and start.size < 60 and inside and _is_link(inside[0]):
        start, inside = inside[0], inside[1:]
    if _is_link(start) or _starts_with_link(view, start):
        return any(line.link * 2 < line.size and line.size > 40 for line in inside)
    return bool(start.heading) and any(line.size < 40 and DATE_ONLY.match(line.text) for line in inside)


def _starts_with_link(view: View, line: Line) -> bool:
    if not line.anchors or line.ends or line.link * 3 < line.size:
        return False
    text = view.tree.anchors[line.anchors[0]].text
    return len(text) > 8 and line.text.startswith(text)


def _is_link(line: Line) -> bool:
    return line.size >= 15 and line.link * 10 > line.size * 6


def _factors(view: View) -> list[float]:
    """For each element, how far its name and its ancestors' names are to be believed as body text."""
    factors: list[float] = []
    teasing = view.teasers = feeds(view)
    whole = view.tree.size_sum[-1]
    headline = view.tree.lines[view.title_line].size if view.title_line >= 0 else 0
    sums = view.tree.size_sum
    for number, element in enumerate(view.tree.elements):
        above = factors[element.parent] if element.parent >= 0 else 1.0
        first, last = element.first, element.last
        if first == last:
            factors.append(above)  # no line looks at it
            continue
        bits = flags(element.name) if element.name else 0
        if not bits and not element.hidden and element.tag not in _TELLING and number not in teasing:
            factors.append(above if above < 1.0 else 1.0)
            continue
        own = 1.0
        size = sums[last] - sums[first]
        if size * 10 > whole * MOST or (first <= view.title_line < last and size > 4 * headline):
            bits &= BODY  # what holds the headline, or nearly all of the page, is no furniture, whatever its name
        if bits & TALK:
            own = 0.02
        elif number in teasing:
            own = FEED
        elif bits & (AWAY | ADS | LEGAL):
            own = 0.6 if bits & BODY else 0.3
        elif element.tag in _ASIDE or (element.hidden and not bits & BODY):
            own = 0.3
        elif bits & META and not bits & BODY:
            own = 0.7
        elif bits & BODY or element.tag == "article":
            own = 1.15
        factors.append(own if above >= 1.0 else min(above, own))
    return factors


class Run(NamedTuple):
    """Neighbouring children of one box: the lines `first` to `last` (half open), what they are worth, and the box."""

    score: float
    box: int
    first: int
    last: int


def choose(view: View, values: list[float]) -> tuple[Run | None, Run | None]:
    """The best run of neighbouring children of any box, and the best one that does not touch it."""
    runs = _runs(view, values)
    if not runs:
        return None, None
    elements = view.tree.elements
    # No run of under 1 / NAMED of the best score can win by its name.
    least = max(runs)[0] / NAMED
    ranks = [(r[0] * (NAMED if flags(elements[r[1]].name) & STORY else 1.0), r[1], r) for r in runs if r[0] >= least]
    best = max(ranks, key=itemgetter(0, 1))[2]
    others = [r for r in runs if r[2] >= best[3] or r[3] <= best[2]]
    return Run(*best), Run(*max(others, key=itemgetter(0))) if others else None


def widen(view: View, run: Run, values: list[float]) -> Run:
    """Take in paragraphs that belong to the run though they stand apart from it.

    In the same box they may be parted from it by links, up to the headline and down to the end. Outside it, where
    broken mark-up has closed the box too early, they touch it.
    """
    tree = view.tree
    box = tree.elements[run.box]
    top = view.title_line + 1 if 0 <= view.title_line < run.first else run.first

    def belongs(n: int) -> bool:
        line = tree.lines[n]
        own = line.box == run.box or (tree.elements[line.box].parent == run.box and tree.elements[line.box].tag in JOIN)
        return own and line.ends > 0 and values[n] >= 15

    first = next((n for n in range(max(box.first, top), run.first) if belongs(n)), run.first)
    last = next((n + 1 for n in range(box.last - 1, run.last - 1, -1) if belongs(n)), run.last)
    while first > top and _touches(view, values, first - 1, ("p", "div", "section", "td")):
        first -= 1
    if first > top and _swallowed(tree.lines[first - 1]):
        first -= 1
    while last < len(tree.lines) and _touches(view, values, last, ("p",)) and view.title_line >= 0:
        last += 1
    return Run(run.score, run.box, first, last)


def leads(view: View, run: Run) -> list[int]:
    """The paragraph that stands right below the headline, in a box of its own, above the box of the story.

    English pages do not open the story there: what they set below a headline sums it up.
    """
    lines = view.tree.lines
    if not 0 <= view.title_line < run.first or view.tree.html_lang[:2].lower() == "en":
        return []
    for n in range(view.title_line + 1, min(run.first, view.title_line + 1 + LEAD_REACH)):
        line = lines[n]
        told = line.ends > 0 and value(line) >= 0.9 * line.size
        told = told or (n == view.title_line + 1 and line.size >= LEAD_BARE and view.tree.lines[run.first].ends > 0)
        if told and not line.link and LEAD_LEAST <= line.size <= LEAD_MOST:
            box = view.tree.elements[line.box]
            plain = not (box.hidden or box.tag in ("figcaption", "li") or flags(box.name) & (CAPTION | TALK | ADS))
            return [n] if plain and all(line.text[:40] not in lines[m].text for m in range(run.first, run.last)) else []
    return []


def _swallowed(line: Line) -> bool:
    """Whether a paragraph is one long link: its first words link somewhere, and nobody closed that link."""
    return len(line.anchors) == 1 and line.link == line.size >= 90 and line.ends > 0 and line.commas > 0


def _touches(view: View, values: list[float], n: int, tags: tuple[str, ...]) -> bool:
    """Whether a line beside a run is a paragraph of its own right: sentences, no links, no name against it."""
    line = view.tree.lines[n]
    return line.ends > 0 and not line.link and values[n] >= 0.9 * line.size and view.tree.elements[line.box].tag in tags


def _runs(view: View, values: list[float]) -> list[tuple[float, int, int, int]]:
    """Every box whole, and for every box the neighbouring paragraphs with the greatest sum (Kadane's rule).

    The second kind serves stories that share a box with menus: paragraphs and bare lines join freely, furniture
    between them is bridged at its cost, but another box with text of its own ends the run.
    Plain tuples with the fields of a Run: there are hundreds of them a page.
    """
    elements = view.tree.elements
    sums = list(accumulate(values, initial=0.0))
    running: dict[int, tuple[float, int, int]] = {}  # score, start and end of the run that each box is in
    best: dict[int, tuple[float, int, int, int]] = {}
    whole: list[tuple[float, int, int, int]] = []
    children: list[tuple[int, int, int, float]] = [(n, line.box, n + 1, 0.0) for n, line in enumerate(view.tree.lines)]
    for number, element in enumerate(elements):
        first, last = element.first, element.last
        if first < last:
            if element.parent >= 0:
                children.append((first, element.parent, last, JOIN.get(element.tag, BOX_JOIN)))
            if sums[last] > sums[first]:
                whole.append((sums[last] - sums[first], number, first, last))
    children.sort()
    for first, box, last, fee in children:
        score, start, end = running.get(box, (0.0, 0, 0))
        if first < end:
            continue
        worth = sums[last] - sums[first]
        if fee and worth > 0:
            running[box] = (0.0, last, last)
            continue
        score, start = (score + worth - fee, start) if score > fee else (worth - fee, first)
        running[box] = (score, start, last)
        if score > 0 and (box not in best or score > best[box][0]):
            best[box] = (score, box, start, last)
    return [*whole, *(best[box] for box in sorted(best))]
