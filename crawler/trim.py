"""Which single lines of the body are no part of the story: dates, bylines, credits, invitations, legal text.

Like the rules of `crawler.prune` these look at lines in the order of the page and only ever drop.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

from crawler.box import DATE_ONLY, is_legal
from crawler.phrases import BYLINE, CALL, CALL_INSIDE, CREDIT, DATED, FOLLOW, INVITE, INVITE_SIGN, POINTER, STAMP
from crawler.times import first, hints_at_time, moments
from crawler.tree import Line
from crawler.view import View, squeeze

APPEAL_LEAST = 60  # bytes
HAN = re.compile(r"[\u4e00-\u9fff]")
OFTEN = 3  # a story says no sentence so many times
HEAD_REACH = 6
ENDING = 8  # lines in which the reader is asked to follow
FIRST = 3  # so many lines are the head of a story
SUMMARY_LEAST, SUMMARY_MOST = 40, 1_000  # bytes
SUMMARY = re.compile(r"^\W*(?:(?:内容|內容)?(?:摘\s?要|提要))\W+")
CUT_OFF = re.compile(r"(?:\.\.\.|…)\W*$")
SUMMARY_NAME = re.compile(r"summary|abstract|excerpt|intro|zhaiyao|digest", re.I)
RULER = re.compile(r"^[-—=_*~·.\s]{4,}(?:\w{1,6}[-—=_*~·.\s]{4,})?$")
# A question is no credit, but for the headline that a piece had elsewhere.
_QUESTION = re.compile(r"\W*(?!.{0,2}原[标標]?[题題])[^:：]{1,8}[:：].*[？?]\W*$")
_FULL_STOPS = frozenset("。！？!?.…")
DIGITS = re.compile(r"\d{4}|\d[:.]\d\d")


def drop_lines(view: View, alive: list[int]) -> list[int]:
    kept: list[int] = []
    title = squeeze(view.title)
    told = 0
    again = _summaries(view, alive)
    head = _head_end(view, alive)
    appeals = _appeals(view, alive)
    for place, n in enumerate(alive):
        line = view.tree.lines[n]
        reason = _line_reason(line, inside=told > 0 and place * 3 < len(alive) * 2)
        if not reason and n < view.title_line <= alive[-1] and (not line.ends or line.size < 150):
            reason = "before the headline"
        if not reason and len(kept) < 3 and line.size < 300 and squeeze(line.text) == title:
            reason = "the headline again"
        if not reason and n in again:
            reason = "a summary that the story repeats"
        if not reason and line.text in appeals:
            reason = "an appeal, said again and again"
        if not reason and not told:
            reason = _head_reason(view, line)
        if not reason and place * 3 >= len(alive) * 2 and line.size < 120 and not line.ends and DATED.search(line.text):
            reason = "date line"
        if (
            not reason
            and place * 2 >= len(alive) > 1
            and line.size < 400
            and _invites(line.text, last=place + ENDING >= len(alive))
        ):
            reason = "invitation"
        if reason:
            view.dropped[n] = reason
        else:
            kept.append(n)
            told += n >= head and (line.ends > 0 or line.size > 120)
    return kept


def _invites(text: str, *, last: bool) -> bool:
    if INVITE_SIGN.search(text) and INVITE.search(text):
        return True
    return last and FOLLOW.search(text) is not None


def _appeals(view: View, alive: list[int]) -> set[str]:
    """Sentences that stand in a body again and again, where most of it is not such: the site asks for something."""
    if len(alive) <= OFTEN * 3:
        return set()
    said = Counter(line.text for n in alive if (line := view.tree.lines[n]).ends and line.size >= APPEAL_LEAST)
    often = {text for text, count in said.items() if count >= OFTEN and not HAN.search(text)}
    return often if sum(said[text] for text in often) * 3 < said.total() else set()


def _head_end(view: View, alive: list[int]) -> int:
    """The line of date and byline that stands below a summary: what stands above it is no story yet."""
    for n in alive[1:HEAD_REACH]:
        line = view.tree.lines[n]
        if line.size < 200 and line.link * 2 < line.size and is_stamp(view, line):
            return n
    return -1


def is_stamp(view: View, line: Line) -> bool:
    """Whether a line tells when the story was told, with a clock or the byline, and no story."""
    found = first(line.spaced, view.fetched_at) if hints_at_time(line.spaced) else None
    if found is None or found.at.date() > (view.fetched_at + timedelta(days=1)).date():
        return False
    named = BYLINE.match(line.text) or STAMP.match(line.text)
    return found.precision != "day" and (named is not None or (line.size < 160 and is_dated(view, line.text)))


def _summaries(view: View, alive: list[int]) -> set[int]:
    """Lines at the head whose words open one of the next paragraphs: the summary that a page sets above its story."""
    lines = view.tree.lines
    found = set()
    for place, n in enumerate(alive[:FIRST]):
        if not SUMMARY_LEAST <= lines[n].size < SUMMARY_MOST or lines[n].heading:
            continue
        cut = CUT_OFF.search(lines[n].text) is not None or SUMMARY.match(lines[n].text) is not None
        if not cut and not _is_summary(view, lines[n].box):
            continue
        key = squeeze(SUMMARY.sub("", lines[n].text))
        if any(squeeze(lines[m].text[: len(lines[n].text) + 40]).startswith(key) for m in alive[place + 1 : place + 4]):
            found.add(n)
    return found


def _is_summary(view: View, box: int) -> bool:
    return any(SUMMARY_NAME.search(view.tree.elements[i].name) for i in view.tree.ancestors(box, 2))


def drop_ends(view: View, kept: list[int]) -> list[int]:
    """A heading or two at the very end head nothing that is left; more of them are a list of their own."""
    lines, end = view.tree.lines, len(kept)
    while end and lines[kept[end - 1]].heading and not lines[kept[end - 1]].ends:
        end -= 1
    follows = kept[-1] + 1 if kept else 0
    if len(kept) - end > 2 or (not end and (follows >= len(lines) or not lines[follows].anchors)):
        return kept
    view.dropped.update(dict.fromkeys(kept[end:], "heading of nothing"))
    return kept[:end]


def _head_reason(view: View, line: Line) -> str:
    """Before the first sentence stand date, source and byline, each short and in a box of its own."""
    if line.size < 160 and (is_dated(view, line.text) or (STAMP.match(line.text) and DIGITS.search(line.text))):
        return "date line"
    if line.ends or line.size > 60 or line.heading:
        return ""
    if DATE_ONLY.match(line.text) or BYLINE.match(line.text):
        return "byline"
    tag = view.tree.elements[line.box].tag
    return (
        "short line before the first sentence"
        if tag not in ("p", "td", "blockquote", "pre") and not line.broken and not _ends_broken(view, line)
        else ""
    )


def _ends_broken(view: View, line: Line) -> bool:
    """Whether a line is the last of those that line breaks part, as in a poem."""
    lines = view.tree.lines
    first, last = view.tree.elements[line.box].first, view.tree.elements[line.box].last
    return last - first > 2 and lines[last - 1] is line and lines[last - 2].broken and lines[last - 2].box == line.box


def is_dated(view: View, text: str) -> bool:
    """Whether a line is a date with little beside it, in any notation that is known."""
    if DATED.search(text) and not text.endswith(("。", "！", "？", ".")):
        return True
    if not any(map(str.isdigit, text)):
        return False
    spans = {m.start: m.end - m.start for m in moments(text, view.fetched_at)}
    return bool(spans) and sum(spans.values()) * 2 >= len(text)


def _line_reason(line: Line, *, inside: bool) -> str:
    """`inside`: between the first sentence of the story and its last third, where a sentence is a sentence."""
    said = line.ends > 0 and line.text.rstrip("”’\"'）)")[-1:] in _FULL_STOPS
    if line.size < 120 and CREDIT.match(line.text) and not (said and (inside or _QUESTION.match(line.text))):
        return "credit line"
    if line.size < 60 and not line.ends and line.text[-1:] != "。" and POINTER.match(line.text):
        return "credit line"
    if line.size < 200 and (CALL.match(line.text) or CALL_INSIDE.search(line.text)):
        return "invitation"
    if line.size < 100 and RULER.match(line.text):
        return "a ruler"
    if line.size < 600 and not (inside and said and not line.link and line.text[0] != "©") and is_legal(line):
        return "legal text"
    if line.ends == 0 and (line.link * 2 > line.size or (len(line.anchors) >= 4 and line.link * 3 > line.size)):
        return "link line"
    return ""
