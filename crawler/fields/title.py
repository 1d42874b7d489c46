"""The headline, without the name of the site: what the page shows, proved by what its head says.

A line that stands in <title> and looks like a headline is one. Where no line agrees, a lone <h1>, then the page's
own metadata, then the longest part of <title>.
"""

from __future__ import annotations

import re

from crawler.names import AWAY, TITLE, flags
from crawler.tree import Line
from crawler.view import Found, View, squeeze

TYPE = str

# Each run of blanks or dashes is begun at its first character alone: else a long one takes the square of its length.
_CUT = re.compile(r"(?:(?<!\s)\s++)?+[_|｜丨¦»«]++\s*+|(?<!\s)\s++[-–—·:：•>]++\s++|-{2,}|[-–—]{1,2}(?=[^-–—]{2,14}$)")
# A chain of desks at the end, as Chinese sites hang them on with dashes: -文化频道-青川网
_DESKS = re.compile(
    r"(?:(?:(?<!\s)\s++)?+(?<![-–—_|])[-–—_|]++\s*+[\u4e00-\u9fffA-Za-z0-9·]{1,10}(?:网|網|频道|頻道|在线|在線|新闻|新聞|报|報|社|中心|财经|財經|门户|论坛|正文))+\s*$"
)
# The name of a paper or site that stands before its headlines: 青川数字报-
_MEDIUM = re.compile(
    r"^\s*[\u4e00-\u9fffA-Za-z0-9·]{1,10}(?:数字报|电子报|數位報|电子版|日报|晚报|网|網|在线|人民政府)\s*[-–—_|:：]+\s*"
)
_TAGGED = re.compile(r"^[\[【][^\]】]{1,8}[\]】]\s*")
DATED_DAY = re.compile(r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}")
AGREED = 24  # characters
LONGEST = 600  # characters: what is longer is no title
KICKER = 24  # characters
_META = ("og:title", "twitter:title", "headline", "articletitle", "dc.title", "title", "sailthru.title")


def named(view: View) -> str:
    """The headline as the head of the page tells it, or ""."""
    for value in view.linked_data("headline"):
        if isinstance(value, str) and len(value) > 3:
            return value[:LONGEST]
    for key in _META:
        if len(view.meta.get(key, "")) > 3:
            return view.meta[key][:LONGEST]
    return ""


def shown(view: View) -> Found | None:
    """A line that <title> or the metadata contain, marked up as a headline: the best by mark-up and length."""
    page_title, meta = squeeze(view.tree.title), squeeze(named(view))
    best, choice = 0.0, -1
    title, elements = view.tree.title, view.tree.elements
    for number, line in enumerate(view.tree.lines):
        told = 0 < line.heading < 5 or line.text in title or (meta and line.text[:12] in title)
        if not told and not flags(elements[line.box].name) & TITLE:
            continue
        score = _headline_score(view, line, page_title, meta)
        if score > best:
            best, choice = score, number
    if choice < 0 or best < 3:
        return None
    return Found(_whole(view, choice, page_title or meta), f"line {choice} agrees with <title>", choice)


def _whole(view: View, number: int, page_title: str) -> str:
    """A headline that line breaks part: as many of its lines as <title> holds in one piece."""
    lines = view.tree.lines
    text = lines[number].text
    for line in lines[number + 1 : number + 3]:
        joined = f"{text} {line.text}"
        if not line.heading or line.box != lines[number].box or squeeze(joined) not in page_title:
            break
        text = joined
    return text


def _headline_score(view: View, line: Line, page_title: str, meta: str) -> float:
    if not 4 <= line.size <= 600:
        return 0.0
    element = view.tree.elements[line.box]
    bits = flags(element.name)
    marked = 3.0 - 0.5 * (line.heading - 1) if 0 < line.heading < 5 else (1.0 if bits & TITLE else 0.0)
    key = squeeze(line.text)
    if len(key) < 2:
        return 0.0
    score = marked
    if page_title and key in page_title:
        score += 4.0 * len(key) / len(page_title)
        score += (
            2.0
            if page_title.startswith(key)
            else 1.0
            if page_title.endswith(key) and len(key) * 2 > len(page_title)
            else 0.0
        )
    elif len(key) > 11 and page_title and _common(key, page_title) > 0.8 * len(key):
        score += 2.0
    elif not (meta and (key == meta)):
        return 0.0
    if meta and key == meta:
        score += 2.0
    if line.link * 2 > line.size:
        score -= 2.5
    if bits & AWAY or element.hidden:
        score -= 1.0
    return score if len(key) > 3 else score - 2.5


def _common(key: str, title: str) -> int:
    """The length of the common start."""
    length = 0
    for a, b in zip(key, title, strict=False):
        if a != b:
            break
        length += 1
    return length


def kicked(view: View) -> Found | None:
    """A second-rank heading that ends in the headline of the <title>, a kicker before it, on a page without a first rank."""
    told = strip_site(view.tree.title, view)
    key = squeeze(told)
    if any(line.heading == 1 for line in view.tree.lines):
        return None
    for number, line in enumerate(view.tree.lines):
        if line.heading == 2 and line.link * 2 < line.size and len(key) > 11:
            whole = squeeze(line.text)
            if len(whole) < len(key) + KICKER and whole.endswith(key):
                return Found(told, f"line {number} holds the <title>", number)
    return None


def heading(view: View) -> Found | None:
    """The only <h1> of the page, where no line agrees with its <title>."""
    tops = [n for n, line in enumerate(view.tree.lines) if line.heading == 1 and line.link * 2 < line.size]
    if len(tops) == 1 and view.tree.lines[tops[0]].size >= 12:
        text = view.tree.lines[tops[0]].text
        text = _agreed(view.tree.lines[tops[0]], view.tree.title) or text
        bare = _TAGGED.sub("", text)  # the sort of a thread stands before its title
        text = bare if squeeze(bare) and squeeze(bare) in squeeze(view.tree.title) else text
        return Found(text, f"line {tops[0]}, the only <h1>", tops[0])
    return None


def _agreed(line: Line, page_title: str) -> str:
    """The words with which a heading and the <title> begin, where another element follows on them; else ""."""
    same = line.spaced[: _common(line.spaced, page_title)].rstrip()
    ends = len(same) < len(line.text) and line.spaced[len(same)] == " " and line.text[len(same)] != " "
    return same if ends and len(same) >= AGREED else ""


def dated(view: View) -> Found | None:
    """The only heading with a date right below it, where no line agrees with the <title>."""
    lines = view.tree.lines
    tops = [
        n
        for n, line in enumerate(lines[:-1])
        if line.heading
        and line.size >= 24
        and line.link * 2 < line.size
        and any(below.size < 90 and DATED_DAY.search(below.text) for below in lines[n + 1 : n + 3])
    ]
    return Found(lines[tops[0]].text, f"line {tops[0]}, a heading over a date", tops[0]) if len(tops) == 1 else None


def metadata(view: View) -> Found | None:
    """What the metadata call the article, less the site's name."""
    name = named(view)
    return Found(strip_site(name, view), "metadata") if name else None


def page_title(view: View) -> Found | None:
    """The longest part of <title>."""
    title = view.tree.title
    return Found(strip_site(title, view), "<title>") if title else None


def strip_site(title: str, view: View) -> str:
    """Cut a title at its separators and keep the first part that is longer than a name."""
    title = title[:LONGEST]
    title = _DESKS.sub("", title)
    title = _MEDIUM.sub("", title) or title
    parts = [p for p in _CUT.split(title) if p and p.strip()]
    if len(parts) < 2:
        return title.strip()
    site = squeeze(view.meta.get("og:site_name", ""))
    parts = [p for p in parts if not site or squeeze(p) != site] or parts
    longest = max(parts, key=len)
    first = parts[0]
    return (first if len(first) * 2 >= len(longest) else longest).strip()


RULES = (shown, kicked, heading, dated, metadata, page_title)
