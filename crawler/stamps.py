"""The time beside each item of a link list: after the link or before it, in a <time> or in text.

Which of the two a list does is decided once, at its first item, because "before" of one item is "after" of another.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import datetime, timedelta
from itertools import pairwise

from crawler.fields._evidence import dated_lines
from crawler.fields._zones import default_zone
from crawler.times import Moment, first
from crawler.view import View

ONLY_TIME = re.compile(
    r"^[\[(（]?(?:[\d\s:：\-/.年月日时分秒前今昨天小时分钟]+"
    r"|\d+\s?(?:s|m|h|d|sec|min|hr|hour|day|minute|second)s?\.?(?: ago)?)[\])）]?$",
    re.I,
)
REACH = 4
# Times as lists write them into their links.
_WHEN = (
    r"[\[(（【]?(?:刚刚|剛剛|\d{1,3}\s?(?:秒|分钟|分鐘|小时|小時|天)前"
    r"|(?:(?:今天|今日|昨天|昨日|前天|\d{1,2}[-/月]\d{1,2}日?)\s*)?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?)[\])）】]?"
)
_LEADING = re.compile(rf"^(?P<time>{_WHEN})[\s|·,，]*(?=[^\s\d])")
_TRAILING = re.compile(rf"(?:(?<![\s|·,，])[\s|·,，]++)?+(?P<time>{_WHEN})$")
_CLOCK = re.compile(r"\D?(\d{1,2})[:：](\d{2})(?:[:：]\d{2})?\D?")


def without_times(titles: list[str]) -> list[tuple[str, str]]:
    """The titles of a list and the time that each begins or ends with ("" for none), where most of them do so.

    One title alone may begin like that and mean it: "3小时前的那场雨". A list that does so is made by a template.
    """
    for pattern in (_LEADING, _TRAILING):
        found = [pattern.search(title) for title in titles]
        if sum(map(bool, found)) * 3 >= len(titles) * 2:
            return [
                (title[: m.start()] + title[m.end() :], m["time"]) if m and len(m[0]) < len(title) else (title, "")
                for title, m in zip(titles, found, strict=True)
            ]
    return [(title, "") for title in titles]


def told_time(view: View, text: str) -> datetime | None:
    """The time that a title began or ended with; a bare clock means its last hour of that name before the fetch."""
    now = _now(view)
    clock = _CLOCK.fullmatch(text)
    if not clock:
        return _first_time(view, [text], now)
    if not view.seen_then or int(clock[1]) > 23 or int(clock[2]) > 59:
        return None
    at = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    return at if at <= now else at - timedelta(days=1)


def item_times(view: View, numbers: list[int], box: int) -> list[datetime | None]:
    """The time of each anchor of a list, in its order; `box` is the element that holds the list."""
    end = view.tree.elements[box].last
    inside = [(stamp.element, stamp.value) for stamp in view.tree.times if stamp.element > box and stamp.line <= end]
    if inside:
        found = _by_element(view, numbers, box, inside)
        if any(found):
            return found
    return _by_line(view, numbers, box)


def _by_element(view: View, numbers: list[int], box: int, stamps: list[tuple[int, str]]) -> list[datetime | None]:
    places = [element for element, _ in stamps]
    anchors = [view.tree.anchors[n].element for n in numbers]
    before = bisect_right(places, anchors[0]) > bisect_right(places, box)
    edges = [box, *anchors] if before else [*anchors, len(view.tree.elements)]
    found: list[datetime | None] = []
    for start, end in pairwise(edges):
        place = bisect_right(places, start)
        value = stamps[place][1] if place < len(places) and places[place] < end else ""
        found.append(_at(view, first(value, _now(view))) if value else None)
    return found


def _by_line(view: View, numbers: list[int], box: int) -> list[datetime | None]:
    lines, anchors = view.tree.lines, view.tree.anchors
    starts = [anchors[n].line for n in numbers]
    top, bottom = view.tree.elements[box].first, view.tree.elements[box].last
    dated = dated_lines(view)
    if dated.isdisjoint(range(min(starts) - 1, max(starts) + REACH)):
        return [None] * len(numbers)
    before = starts[0] > top and ONLY_TIME.match(lines[starts[0] - 1].text) is not None
    now = _now(view)
    found: list[datetime | None] = []
    for place, (number, line) in enumerate(zip(numbers, starts, strict=True)):
        # What follows the last item belongs to the page, not to the list: often the footer.
        following = starts[place + 1] if place + 1 < len(starts) else max(line + 1, min(line + REACH, bottom))
        if following == line or (place and starts[place - 1] == line):
            texts = [_after(view, number, numbers[place + 1] if place + 1 < len(numbers) else -1)]
        elif before:
            last = max(top, starts[place - 1] if place else top, line - REACH + 1)
            texts = [lines[n].text for n in range(line, last - 1, -1) if n in dated]
        else:
            texts = [lines[n].text for n in range(line, min(following, line + REACH, len(lines))) if n in dated]
        found.append(_first_time(view, texts, now) if texts else None)
    return found


def _after(view: View, number: int, following: int) -> str:
    """What stands between two links of one line."""
    anchor = view.tree.anchors[number]
    text = view.tree.lines[anchor.line].text if anchor.line < len(view.tree.lines) else ""
    end = text.find(anchor.text) + len(anchor.text) if anchor.text else 0
    until = text.find(view.tree.anchors[following].text, end) if following >= 0 else -1
    return text[end:until] if until >= 0 else text[end:]


def _first_time(view: View, texts: list[str], now: datetime) -> datetime | None:
    for text in texts:
        if len(text) > 200:
            continue
        moment = first(text, now)
        if moment and moment.at.replace(tzinfo=None) <= now.replace(tzinfo=None) + timedelta(days=366):
            return moment.at if moment.at.tzinfo else moment.at.replace(tzinfo=now.tzinfo)
    return None


def _now(view: View) -> datetime:
    return view.fetched_at.astimezone(default_zone(view)[0])


def _at(view: View, moment: Moment | None) -> datetime | None:
    if moment is None:
        return None
    return moment.at if moment.at.tzinfo else moment.at.replace(tzinfo=default_zone(view)[0])
