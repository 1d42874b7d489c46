"""The link lists of a page: latest, hot and related news, each item with title, address, time and position.

A list is a box whose children each hold one link with a headline in it. Grouping is by structure; the heading before
the box and the names around it say what kind of list it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

from crawler.page import LinkItem, LinkList
from crawler.patterns import grouped
from crawler.stamps import ONLY_TIME, item_times, told_time, without_times
from crawler.tree import Anchor, Tree
from crawler.view import View, is_long
from storage.keys import without_tracking

MIN_ITEMS = 3
MIN_TITLE = 13
MAX_ITEMS = 500

# In this order: what a heading says of rank outdoes what it says of time ("今日最热").
_KINDS = (
    (
        "related",
        grouped(
            r"相关|相關|延伸|关联|關聯|更多关于|同类|为您推荐|為您推薦|猜你|你可能|您可能|related|more on|see also|further reading|similar|you may",
            ignore_case=True,
        ),
    ),
    ("list", grouped(r"推荐|推薦|头条|頭條|精选|精選|焦点|焦點|recommended|editor", ignore_case=True)),
    (
        "hot",
        grouped(
            r"热|熱|排行|点击|點擊|榜|人气|人氣|最多|一天.*一周|24小时.*一周|日.*周.*月$|most|popular|trending|top \d|hot\b|meistgelesen|beliebt|самое читаемое|популярн|najczęściej|δημοφιλή|ランキング|많이 본|인기",
            ignore_case=True,
        ),
    ),
    (
        "latest",
        grouped(
            r"最新|滚动|滾動|即时|即時|快讯|快訊|速递|速遞|刚刚|实时|24小时|最近|最后发表|latest|newest|recent|just in|breaking|neueste|aktuelle|последние|свежие|najnowsze|τελευταία|新着|최신|속보",
            ignore_case=True,
        ),
    ),
)
_NAMES = (
    ("latest", grouped(r"latest|newest|newlist|new-?list|zuixin|recent|breaking|roll", ignore_case=True)),
    ("hot", grouped(r"\bhot|rank|paihang|popular|trending|most|top10|redian", ignore_case=True)),
    ("related", grouped(r"relat|xiangguan|xgxw|correl|similar", ignore_case=True)),
)
_TRAILING_TIME = re.compile(
    r"\s*[\[(（]?(?:\d{1,4}[-/年.])?\d{1,2}[-/月.]\d{1,2}日?(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?[\])）]?\s*$|\s*(?:(?:今天|今日|昨天|昨日|前天)\s*)?\d{1,2}:\d{2}(?::\d{2})?\s*$"
)
_TIME_ENDS = frozenset("0123456789日])） ")
_STEPS = re.compile(r"^(上一篇|下一篇|上一页|下一页|更多|more|查看|阅读|全文|详细|\d+|首页|返回|prev|next)\W*", re.I)


def link_lists(view: View) -> tuple[LinkList, ...]:
    """Every list of at least three headlines outside the body, in the order of the page."""
    tree = view.tree
    titles = _titles(view)
    if len(titles) < MIN_ITEMS:
        return ()
    lists: list[LinkList] = []
    told = {n for n in view.kept if not tree.lines[n].heading}
    taken = {tree.anchors[n].line for n in titles} | told
    end, tabs = -1, []
    for box, numbers in _groups(tree, titles).items():
        items = list(_items(view, box, numbers, titles))
        if len(items) < MIN_ITEMS:
            continue
        heading = _heading(tree, numbers, taken)
        if heading:
            tabs = _tabs(heading)
        if tabs:
            heading = tabs.pop(0)
        kind = _kind(tree, box, heading, items)
        start = min(tree.anchors[n].line for n in numbers)
        if not heading and kind == "list" and lists and 0 <= start - end <= 3:
            heading, kind = lists[-1].heading, lists[-1].kind  # the next tab under one heading
        end = max(tree.anchors[n].line for n in numbers)
        lists.append(LinkList(heading, kind, tuple(items[:MAX_ITEMS])))
    return tuple(lists)


def _titles(view: View) -> dict[int, str]:
    """The anchors that carry a headline, by number."""
    tree = view.tree
    body = set(view.kept)
    timed = {stamp.line for stamp in tree.times}
    found = {}
    for number, anchor in enumerate(tree.anchors):
        if len(anchor.text) * 3 < MIN_TITLE and not anchor.title:
            continue
        line = tree.lines[anchor.line] if anchor.line in body else None
        inline = line is not None and len(anchor.text.encode("utf-8", "replace")) * 2 < line.size
        if inline or anchor.href.startswith(("#", "javascript:", "mailto:", "tel:")):
            continue
        title = _title(tree, anchor, timed=anchor.line in timed)
        if is_long(title, MIN_TITLE) and not _STEPS.fullmatch(title):
            found[number] = title
    return found


def _title(tree: Tree, anchor: Anchor, *, timed: bool = False) -> str:
    """The headline that a link shows: its longest line that is no time, completed by its title attribute."""
    text = anchor.text
    if 0 <= anchor.element < len(tree.elements):
        box = tree.elements[anchor.element]
        if box.last - box.first > 1 and box.tag == "a":
            inside = [line.text for line in tree.lines[box.first : box.last]]
            text = max((t for t in inside if not ONLY_TIME.match(t)), key=len, default="")
    if (timed or len(text) > 12) and text[-1:] in _TIME_ENDS:
        text = _TRAILING_TIME.sub("", text)
    if anchor.title:
        full = " ".join(anchor.title.split())
        cut = text.rstrip(".…")
        if full and full.startswith(cut) and (len(full) > len(cut) or cut != text):
            return full
    return text.strip()


def _groups(tree: Tree, titles: dict[int, str]) -> dict[int, list[int]]:
    """Anchors by the box that lists them: the nearest one with at least three different headlines."""
    fresh, last = [0] * len(tree.anchors), ""
    for number in titles:
        href = tree.anchors[number].href
        fresh[number] = int(href != last)
        last = href
    counts = list(accumulate(fresh, initial=0))
    groups: dict[int, list[int]] = {}
    boxes: dict[int, int] = {}  # what is found for the parent of a link: most have it in common
    for number in titles:
        index = tree.anchors[number].element
        if index not in boxes:
            boxes[index] = _list_box(tree, counts, index, boxes)
        groups.setdefault(boxes[index], []).append(number)
    groups.pop(-1, None)
    return groups


def _list_box(tree: Tree, counts: list[int], index: int, known: dict[int, int]) -> int:
    passed = []
    while index >= 0 and index not in known:
        element = tree.elements[index]
        if counts[element.last_anchor] - counts[element.first_anchor] >= MIN_ITEMS:
            known[index] = index
            break
        passed.append(index)
        index = element.parent
    found = known.get(index, -1)
    known.update(dict.fromkeys(passed, found))
    return found


def _items(view: View, box: int, numbers: list[int], titles: dict[int, str]) -> Iterator[LinkItem]:
    seen: dict[str, int] = {}
    kept: list[tuple[int, str]] = []
    for number in numbers:
        href = view.tree.anchors[number].href
        if href in seen:
            if len(titles[number]) > len(kept[seen[href]][1]):
                kept[seen[href]] = number, titles[number]
            continue
        seen[href] = len(kept)
        kept.append((number, titles[number]))
    times = item_times(view, [number for number, _ in kept], box)
    parted = without_times([title for _, title in kept])
    for position, ((number, _), (title, told), at) in enumerate(zip(kept, parted, times, strict=True), 1):
        href = view.tree.anchors[number].href
        url = view.address(href) if view.base else href  # a file without an address keeps what it says
        if url:
            yield LinkItem(title, without_tracking(url), at or (told_time(view, told) if told else None), position)


def _heading(tree: Tree, numbers: list[int], taken: set[int]) -> str:
    """The short line before the first item that is no item and no body text itself."""
    start = min(tree.anchors[n].line for n in numbers)
    for n in range(start - 1, max(-1, start - 4), -1):
        line = tree.lines[n]
        if n in taken:
            break
        if line.size > 80 or ONLY_TIME.match(line.text) or _STEPS.fullmatch(line.text):
            continue
        return line.spaced.strip(" :：>»|")
    return ""


def _tabs(heading: str) -> list[str]:
    """The headings of several lists that stand side by side above them, each of another kind; else none."""
    words = heading.split()
    kinds = [next((kind for kind, rule in _KINDS if rule.search(word)), "") for word in words]
    return words if len(words) > 1 and all(kinds) and len(set(kinds)) == len(kinds) else []


def _kind(tree: Tree, box: int, heading: str, items: list[LinkItem]) -> str:
    for kind, words in _KINDS:
        if words.search(heading):
            return kind
    if all(item.title.startswith(str(item.position)) for item in items[:9]):
        return "hot"  # numbered: a ranking
    names = (tree.elements[index].name for index in tree.ancestors(box, 3))
    return next((kind for name in names if name and (kind := _named(name))), "list")


@lru_cache(maxsize=1024)
def _named(name: str) -> str:
    """The kind of list that a class or id tells, or ""."""
    return next((kind for kind, words in _NAMES if words.search(name)), "")
