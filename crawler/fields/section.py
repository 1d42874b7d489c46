"""The section of the site that the article stands in, from its breadcrumbs or its metadata."""

from __future__ import annotations

import re

from crawler.patterns import grouped
from crawler.view import Found, View

TYPE = str

_HERE = grouped(r"当前位置|您的位置|您现在的位置|目前位置|所在位置|你现在的位置|首页|首頁|home\b", ignore_case=True)
_STEP = re.compile(r"\s*(?:>>?|»|›|/|→|＞|-&gt;|»)\s*")
_GENERIC = re.compile(
    r"^(首页|首頁|正文|home|详细|内容|文章|新闻正文|浏览文章|查看|当前位置.*|您.*位置.*)[:：]?$", re.I
)


def breadcrumbs(view: View) -> Found | None:
    """首页 > 财经 > 正文 before the headline: the last step that names a section."""
    for number in range(min(max(view.title_line, 0), 400) - 1, -1, -1):
        line = view.tree.lines[number]
        if line.size > 200 or not _HERE.search(line.text) or not _STEP.search(line.text):
            continue
        steps = [s.strip(" :：") for s in _STEP.split(line.text)]
        names = [s for s in steps if s and len(s) <= 20 and not _GENERIC.match(s) and s not in view.title]
        if names:
            return Found(names[-1], f"line {number}: {line.text[:60]}", number)
    return None


def metadata(view: View) -> Found | None:
    """article:section or articleSection."""
    for key in ("article:section", "og:section", "parsely-section", "section"):
        if view.meta.get(key):
            return Found(view.meta[key], f"meta {key}")
    for value in view.linked_data("articleSection"):
        names = value if isinstance(value, list) else [value]
        for name in names:
            if isinstance(name, str) and name.strip():
                return Found(name.strip(), "JSON-LD articleSection")
    return None


RULES = (breadcrumbs, metadata)
