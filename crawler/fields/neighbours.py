"""The articles before and after this one, as the page links them (上一篇, 下一篇)."""

from __future__ import annotations

import re

from crawler.patterns import grouped
from crawler.urls import resolve
from crawler.view import Found, View

TYPE = str
COLUMNS = {"previous_article": str, "next_article": str}
RULES = ()

_HINT = grouped(
    "上一[篇条则]|下一[篇条则]|前一[篇条则]|后一[篇条则]|後一[篇条则]|previous|next|older|newer", ignore_case=True
)
_SHOWN = {
    "previous_article": re.compile(r"(上一[篇条则]|前一篇|previous (article|post|story)|older post)\W*$", re.I),
    "next_article": re.compile(r"(下一[篇条则]|[后後]一篇|next (article|post|story)|newer post)\W*$", re.I),
}


def decide(view: View) -> dict[str, Found]:
    """The link that a neighbour's label is, or stands before in its line."""
    found: dict[str, Found] = {}
    for number in view.tree.lines_with(_HINT):
        line = view.tree.lines[number]
        if line.size > 600:
            continue
        for anchor in (view.tree.anchors[i] for i in line.anchors):
            end = line.text.find(anchor.text)
            told = (anchor.text.partition("：")[0].partition(":")[0], line.text[max(0, end - 12) : max(0, end)])
            for name, words in _SHOWN.items():
                url = resolve(view.base, anchor.href) if any(words.search(text.strip()) for text in told) else None
                if url and anchor.text:
                    found.setdefault(name, Found(url, f"line {number}: {line.text[:40]}", number))
    return found
