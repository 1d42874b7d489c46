"""Where the facts about an article stand: the lines between headline and body, and the credits at its end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.phrases import CAPTIONED
from crawler.times import HINT
from crawler.view import View

_DIGIT = re.compile(r"\d")
REACH = 25
CREDITS = ("credit line", "date line", "byline")
GAP = 4  # the items of a list are no more lines apart

# The first characters of nearly all Chinese family names (Ministry of Public Security, name report of 2020).
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江"
    "史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪"
    "靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀"
    "劉張陳楊趙黃吳孫馬羅鄭謝韓馮蕭鄧許呂蘇盧蔣賈葉閻鍾範譚鄒陸喬賀賴龔龐蘭顏倪嚴蘆魯韋畢聶叢齊莊歐項陽衛鮑單寧閔車邊饒"
    "麦麥湯龍錢萬鐘閆欒繆婁鄔鄺關談屠宗卞利区區岑冼招布虞尉迟應应游盧項杭支樂乐匡晁占展敖楚阎閻仝冷南桑濮燕仲仇凤鳳姬喻揭"
)


def meta_lines(view: View) -> Iterator[int]:
    """Line numbers in the order in which they are likely to tell time, source and author.

    First what stands between headline and first paragraph, then the credit lines that were cut out of the body,
    then the few lines around both.
    """
    seen: set[int] = set()
    for n in (*own_lines(view), *near_lines(view)):
        if n not in seen:
            seen.add(n)
            yield n


def own_lines(view: View) -> list[int]:
    """The lines between headline and first paragraph, and those that were cut out of the body as credits."""
    first, start = view.first_kept, view.title_line
    head = range(start + 1, min(first, start + 1 + REACH)) if 0 <= start < first else range(max(0, first - 8), first)
    cut = [
        n
        for n, why in view.dropped.items()
        if n > first and (why in CREDITS or (why != CAPTIONED and n <= first + GAP))
    ]
    return [n for n in (*head, *cut) if n < len(view.tree.lines)]


def near_lines(view: View) -> list[int]:
    """The few lines above the headline and below the body."""
    start = view.title_line
    last = view.kept[-1] if view.kept else view.first_kept
    around = (*range(max(0, start - 4), max(0, start)), *range(last + 1, last + 11))
    return [n for n in around if n < len(view.tree.lines)]


def item_lines(view: View) -> set[int]:
    """The lines that belong to lists of other stories, with the dates beside their headlines; found once a page."""
    if view.others is not None:
        return view.others
    body = set(view.kept)
    links = [
        anchor.line
        for anchor in view.tree.anchors
        if len(anchor.text) >= (25 if anchor.text.isascii() else 10)
        and anchor.line not in body
        and not anchor.text.startswith("http")
    ]
    found: set[int] = set()
    for before, n, after in zip(links, links[1:], links[2:], strict=False):
        if n - before <= GAP and after - n <= GAP:
            found.update((before, n, after))
    found |= {k for m in found for k in (m - 1, m + 1) if k not in found and _is_date(view, k)}
    view.others = found
    return found


def dated_lines(view: View) -> set[int]:
    """The lines that may hold a time; found once a page."""
    if view.dated is None:
        view.dated = set(view.tree.lines_with(HINT))
    return view.dated


def _is_date(view: View, n: int) -> bool:
    lines = view.tree.lines
    return 0 <= n < len(lines) and lines[n].size < 40 and _DIGIT.search(lines[n].text) is not None


def body_edges(view: View) -> list[int]:
    """The first three and the last three lines of the body, where bylines hide."""
    return [*view.kept[:3], *view.kept[-3:]] if len(view.kept) > 6 else list(view.kept)


def is_han_name(text: str) -> bool:
    """Whether a string reads as the name of one person in Chinese characters."""
    if "·" in text:
        return 3 <= len(text) <= 12
    return 2 <= len(text) <= 4 and text[0] in _SURNAMES
