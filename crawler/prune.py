"""What goes out of the chosen box: whole boxes, sections, other stories. Every rule names itself.

The rules look at lines in the order of the page and only ever drop; `view.dropped` keeps the reason of each.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate

from crawler.box import Run
from crawler.names import ADS, AWAY, BODY, CAPTION, LEGAL, META, STORY, TALK, flags
from crawler.phrases import CAPTIONED, END_HEAD, OTHER_HEAD, POST, READ_ON, TALK_HEAD
from crawler.times import first
from crawler.tree import Element, Line
from crawler.trim import is_dated
from crawler.view import View

HAN = re.compile(r"[\u4e00-\u9fff]")
LONGEST_LIST = 100
LONGEST_TEASER = 8
UNWANTED = "name: comment, advertising or legal"
MOST_UNWANTED = 6  # tenths of a story's sentences
PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 li span blockquote b strong font em i".split())


def drop_boxes(view: View, values: list[float], run: Run, alive: list[int]) -> list[int]:
    tree = view.tree
    whole = tree.size_sum[run.last] - tree.size_sum[run.first]
    visible = sum(
        tree.lines[n].size for n in alive if tree.lines[n].ends and not tree.elements[tree.lines[n].box].hidden
    )
    # Chinese pages tell in captions what others tell in paragraphs: there they are part of the story.
    captions = not HAN.search(view.title) and _caption_size(view, run) * 3 < visible
    sums = list(accumulate(values, initial=0.0))
    total = sums[run.last] - sums[run.first]
    ends = list(accumulate((line.ends for line in tree.lines), initial=0))
    for number in range(view.box + 1, len(tree.elements)):
        element = tree.elements[number]
        if element.first >= run.last:
            break
        if (
            element.first < run.first
            or element.last > run.last
            or element.first == element.last
            or element.first in view.dropped
        ):
            continue
        worth = sums[element.last] - sums[element.first]
        share = tree.link_share(element)
        bits = flags(element.name)
        size = tree.size(element)
        sentences = ends[element.last] - ends[element.first]
        reason = ""
        if captions and _is_caption(element) and size * 3 < whole:
            reason = CAPTIONED
        elif element.tag in PARAGRAPHS and sentences and share < 0.5:
            continue
        elif number in view.teasers and (size * 2 < whole or (worth * 2 < total and _is_other(view, element))):
            reason = "teasers of other stories"
        elif share > 0.5 and sentences <= (element.last - element.first) / 3:
            reason = "link grid"
        elif bits & (TALK | ADS | LEGAL) and not bits & BODY and size * 2 < whole:
            reason = UNWANTED
        elif bits & AWAY and not bits & BODY and size * 3 < whole and (share > 0.2 or size < 200):
            reason = "name: furniture"
        elif bits & META and size < 200 and _is_meta_box(view, element, bits, sentences):
            reason = "name: date and source line"
        elif element.tag in ("nav", "footer", "form", "aside") and size * 3 < whole:
            reason = f"<{element.tag}>"
        elif element.hidden and not bits & (BODY | STORY) and not tree.elements[element.parent].hidden and visible > 60:
            reason = "hidden"
        elif worth < 0 and share > 0.35 and sentences < 2:
            reason = "more links than text"
        if reason:
            for n in range(element.first, element.last):
                view.dropped.setdefault(n, reason)
    return [n for n in alive if n not in view.dropped]


def believe(view: View, before: list[int], alive: list[int]) -> list[int]:
    """Take the boxes back that went by an unwanted name when most of a story would go with them.

    A site that calls each part of its articles so means something else by it.
    """
    lines = view.tree.lines
    gone = [n for n in before if view.dropped.get(n) == UNWANTED]
    told = sum(lines[n].size for n in before if lines[n].ends)
    if sum(lines[n].size for n in gone if lines[n].ends) * 10 <= told * MOST_UNWANTED:
        return alive
    for n in gone:
        del view.dropped[n]
    return [n for n in before if n not in view.dropped]


def _is_meta_box(view: View, element: Element, bits: int, sentences: int) -> bool:
    """Whether a box with such a name tells no story: no sentences, or a time ("19. März", "2 min." end like one)."""
    if not sentences:
        return not bits & BODY
    found = (first(line.spaced, view.fetched_at) for line in view.tree.lines[element.first : element.last])
    return any(moment is not None and moment.precision != "day" for moment in found)


def _is_other(view: View, element: Element) -> bool:
    """Whether teasers tell of other stories beyond doubt, not of the things that this one is about."""
    return element.tag == "dl" or OTHER_HEAD.match(view.tree.lines[element.first].text) is not None


def _is_caption(element: Element) -> bool:
    captioned = element.tag == "figcaption" or flags(element.name) & CAPTION
    return bool(captioned) and 0 < element.last - element.first <= 2


def _caption_size(view: View, run: Run) -> int:
    inside = (e for e in view.tree.elements if run.first <= e.first and e.last <= run.last and _is_caption(e))
    return sum(view.tree.size(element) for element in inside)


def drop_sections(view: View, run: Run, alive: list[int]) -> list[int]:
    """Comments and lists of other stories that say so in a heading of their own."""
    lines = view.tree.lines
    sizes = list(accumulate((lines[n].size for n in alive), initial=0))
    for place, n in enumerate(alive):
        line = lines[n]
        if line.size > 70 or n in view.dropped:
            continue
        talk = TALK_HEAD.match(line.text) or (sizes[place] * 2 > sizes[-1] and END_HEAD.match(line.text))
        if not talk and (line.text.endswith("。") or not OTHER_HEAD.match(line.text)):
            continue
        end = bisect_left(alive, _section_end(view, run, n))
        if talk and sizes[place] * 2 > sizes[-1]:
            end = len(alive)  # after the readers nothing of the story comes
        if not talk:
            end = _sentences_from(view, alive, place + 1, end)
        told = talk and any(lines[m].ends and lines[m].size > 60 for m in alive[:place])
        if told or (sizes[end] - sizes[place]) * 2 < sizes[-1]:
            for m in alive[place:end]:
                view.dropped.setdefault(m, f"section: {line.text[:20]}")
    return [n for n in alive if n not in view.dropped]


def drop_after(view: View, alive: list[int]) -> list[int]:
    """What follows the story in its own box: another story under a linked headline and date, or readers' posts."""
    lines = view.tree.lines
    told = end = 0
    whole = sum(lines[m].size for m in alive)
    posts = [m for m in alive if POST.match(lines[m].text)]
    headline = lines[view.title_line] if view.title_line >= 0 else None
    for n in range(alive[0], alive[-1]) if alive else ():
        line = lines[n]
        if n < end or n <= view.title_line:
            continue
        if told and line.size < 200 and line.text not in view.tree.title:
            if headline and _next_headline(view, line, headline):
                return _cut(view, alive, n, len(lines), "another story")
            linked = line.heading == 1 or (line.heading in (2, 3) and line.link * 2 > line.size)
            # A name over a date is an author; a headline is longer.
            if linked and line.size >= 30 and any(_is_meta(view, following) for following in lines[n + 1 : n + 3]):
                end = _started(view, n)
                if sum(lines[m].size for m in alive if n <= m < end) * 10 < whole * 7:
                    alive = _cut(view, alive, n, end, "another story")
            elif line.heading and line.link * 10 > line.size * 9 and (end := _read_on(view, n)):
                alive = _cut(view, alive, n, end, "another story")
            elif len(posts) - bisect_left(posts, n) >= 2 and POST.match(line.text):
                return _cut(view, alive, n, len(lines), "readers' posts")
        told += line.ends > 0 and line.size > 60 and not line.heading and n not in view.dropped
    return alive


def _next_headline(view: View, line: Line, headline: Line) -> bool:
    """Whether a heading is set as the page's own headline is, in a box of its own: there the next story starts."""
    if line.heading != 1 or headline.heading != 1 or line.box == headline.box or line.size < 30:
        return False
    name = view.tree.elements[headline.box].name.strip()
    return name != "" and view.tree.elements[line.box].name.strip() == name


def _read_on(view: View, n: int) -> int:
    """Where the beginning of a story ends that line `n` heads, after its "read more"; 0 where there is none."""
    for m in range(n + 1, min(len(view.tree.lines), n + 1 + LONGEST_TEASER)):
        line = view.tree.lines[m]
        if line.heading:
            return 0
        if line.size < 60 and READ_ON.match(line.text):
            return m + 1
    return 0


def _started(view: View, n: int) -> int:
    """Where the largest box ends that starts with line `n`."""
    end, index = n + 1, view.tree.lines[n].box
    while index >= 0 and view.tree.elements[index].first == n:
        end = view.tree.elements[index].last
        index = view.tree.elements[index].parent
    return end


def _is_meta(view: View, line: Line) -> bool:
    return line.size < 120 and not line.ends and is_dated(view, line.text)


def _cut(view: View, alive: list[int], start: int, end: int, reason: str) -> list[int]:
    for n in alive:
        if start <= n < end:
            view.dropped.setdefault(n, reason)
    return [n for n in alive if not start <= n < end]


def _section_end(view: View, run: Run, n: int) -> int:
    """Where the section that line `n` heads ends: with the outermost box that starts there, else with its parent."""
    elements = view.tree.elements
    index = view.tree.lines[n].box
    end = n + 1
    while index >= 0 and index != run.box:
        element = elements[index]
        end = max(end, element.last)
        if element.first < n or element.last > n + 1:
            break
        index = elements[index].parent
    return min(run.last, end if index != run.box else run.last)


def _sentences_from(view: View, alive: list[int], start: int, end: int) -> int:
    """The place of the first sentence that is no link: there the story goes on below a list of links."""
    end = min(end, start + LONGEST_LIST)
    for place in range(start, end):
        line = view.tree.lines[alive[place]]
        if line.link * 2 < line.size and (line.ends or line.size > 90):
            return place
    return end
