"""The editor in charge (责任编辑), as the page credits one."""

from __future__ import annotations

import re

from crawler.fields._evidence import body_edges, meta_lines
from crawler.patterns import grouped
from crawler.view import Found, View

TYPE = str

_EDITOR = re.compile(
    r"(?:责任编辑|責任編輯|责编|責編|本文编辑|值班编辑|网络编辑|网站编辑|编辑|編輯|editor)\s*[:：|｜]\s*"
    r"(?P<name>[^\s:：\]】）)|,，;；。]{1,20}(?:\s[A-Z][a-z]+)?)(?=\s|$|[\]】）)|,，;；。])",
    re.I,
)
# A cheap look that spares the long pattern.
_SAYS = grouped("编|編|editor", ignore_case=True)


def credited(view: View) -> Found | None:
    """编辑：NAME around the headline or at the end of the body."""
    for number in [*meta_lines(view), *body_edges(view)]:
        line = view.tree.lines[number]
        match = _EDITOR.search(line.spaced) if line.size < 600 and _SAYS.search(line.text) else None
        if match:
            return Found(match["name"].strip(), f"line {number}: {line.text[:60]}", number)
    return None


RULES = (credited,)


def read(text: str) -> str:
    """The name in a text that is known to hold it, less its label."""
    return re.sub(r"^\s*(?:责任编辑|責任編輯|编辑|編輯|editor)\s*[:：]?\s*", "", text, flags=re.I).strip()
