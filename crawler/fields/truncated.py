"""Whether the text breaks off: 1 with the sign of it, 0 where the text ends as texts do."""

from __future__ import annotations

import re

from crawler.phrases import READ_ON
from crawler.view import Found, View

TYPE = bool

_DOTS = r"(?:…+|\.{3,}|。{3,}|⋯+)"
_MORE = r"(?:阅读|閱讀|查看|点击|點擊)?(?:全文|更多|详情|詳情|原文)|read (?:more|on|the full \w+)|continue reading|more|weiterlesen|lire la suite|leer más"
# 【……阅读全文】, […], ... Read more »
_CUT = re.compile(rf"[\[［]\s*{_DOTS}\s*[\]］]\W*$|{_DOTS}\s*[\[(（【<《]?\s*(?:{_MORE})\s*[\])）】>》»→]*\s*$", re.I)
_TRAILS_OFF = re.compile(rf"{_DOTS}\s*$")
_ENDED = re.compile(r"""[.!?。！？;；…」』”’"')）\]】〕》>]\s*$""")
_NEAR = 3  # lines below the text


def cut(view: View) -> Found | None:
    """The last line ends in a pointer to the rest: ……阅读全文, […]."""
    last = _last(view)
    if last >= 0 and _CUT.search(view.tree.lines[last].text[-80:]):
        return Found(True, f"line {last}: {view.tree.lines[last].text[-40:]}", last)
    return None


def pointed(view: View) -> Found | None:
    """The last line ends in dots or in the middle of a sentence, and a pointer to the rest stands below it.

    Without such an end it is a button that unfolds what is there already.
    """
    last = _last(view)
    if last < 0:
        return None
    text = view.tree.lines[last].text[-80:]
    if _ENDED.search(text) and not _TRAILS_OFF.search(text):
        return None
    for number in range(last + 1, min(last + 1 + _NEAR, len(view.tree.lines))):
        if READ_ON.match(view.tree.lines[number].text):
            return Found(True, f"line {number}: {view.tree.lines[number].text[:40]}", number)
    return None


def whole(view: View) -> Found | None:
    """No sign of the kind: the text is all there is."""
    return Found(False, "no sign that it breaks off") if view.kept else None


def _last(view: View) -> int:
    return view.kept[-1] if view.kept else -1


RULES = (cut, pointed, whole)
