"""What a page tells its own scripts: the time of publication, where nobody but them is told one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from crawler.times import FIRST_YEAR, Moment, first
from crawler.view import Found, View

# The time as a page tells it to its own scripts: "publishTime":"2026-03-19 21:44", var createTime = 1773927840, data-time="…"
_SCRIPTED = re.compile(
    r"""(?<![a-z])(?:(?:publish|create|pub|post|input|show)(?:ed)?[_-]?(?:time(?:stamp)?|date|at|on|dt)|date[_-]?published)(?:_?ms)?["']?\s*[:=]\s*["']?"""
    r"""(?P<value>\d{13}(?!\d)|\d{10}(?!\d)|(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}(?:[T ]\d\d:\d\d[:\d.]*(?:Z|[+-]\d\d:?\d\d)?)?)"""
    r"""|\bdata-(?:time|date|timestamp|ts|pubtime)=["'](?P<data>\d{13}|\d{10})["']""",
    re.I,
)
# Pieces of those words, by which they are found faster than by any pattern, and how often each is looked at.
_SCRIPT_WORDS = (
    "ublish", "reateT", "reate_t", "reate-t", "ubtime", "ubTime", "ub_time", "ubdate", "ubDate", "ub_date", "osttime",
    "ostTime", "ost_date", "ostDate", "nputtime", "nputTime", "howTime", "data-t", "data-date",
)  # fmt: skip
_SCRIPT_LOOKS = 12


def scripted(view: View) -> Found | None:
    """The first time of publication that the page tells its own scripts; asked where nothing else tells one."""
    html = view.html
    for place in sorted(_places(html)):
        match = _SCRIPTED.search(html, max(0, place - 8), place + 80)
        if not match:
            continue
        value = match["value"] or match["data"]
        if value.isdigit():
            seconds = int(value) / (1000 if len(value) == 13 else 1)
            moment: Moment | None = Moment(datetime.fromtimestamp(seconds, UTC), "second", 0, len(value))
        else:
            moment = first(value, view.fetched_at)
        if moment and FIRST_YEAR <= moment.at.year <= view.fetched_at.year:
            return Found(moment, f"script {match[0][:60]}")
    return None


def _places(html: str) -> Iterator[int]:
    for word in _SCRIPT_WORDS:
        place = html.find(word)
        for _ in range(_SCRIPT_LOOKS):
            if place < 0:
                break
            yield place
            place = html.find(word, place + 1)
