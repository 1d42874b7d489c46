"""When the article says that it was last changed, where that is not the time of publication."""

from __future__ import annotations

import re
from datetime import datetime

from crawler.fields._evidence import own_lines
from crawler.fields._zones import default_zone
from crawler.fields.published import shown_change
from crawler.times import Moment, first
from crawler.view import Found, View

TYPE = datetime

_CLOCK = re.compile(
    r"(?:更新|修改|updated|aktualisiert)(?:于|於|时间|時間|at|um)?[\s:：]*(?P<hour>\d{1,2})[:：](?P<minute>\d{2})(?![\d:：])",
    re.I,
)

_META = (
    "article:modified_time",
    "datemodified",
    "og:updated_time",
    "last-modified",
    "dcterms.modified",
    "lastmod",
    "revised",
    "updated",
)


def shown(view: View) -> Found | None:
    """A time that the page shows beside 更新, "updated" or the like."""
    found = shown_change(view)
    return _at(view, found.value, found.evidence) if found else None


def shown_clock(view: View) -> Found | None:
    """更新 23:00 without a day: that of the publication, beside which it stands."""
    published = view.found.get("published")
    for number in own_lines(view) if published else ():
        text = view.tree.lines[number].spaced
        match = _CLOCK.search(text) if len(text) < 200 else None
        if match and published and int(match["hour"]) < 24 and int(match["minute"]) < 60:
            at = published.value.replace(hour=int(match["hour"]), minute=int(match["minute"]), second=0)
            if published.value < at <= view.fetched_at:
                return _at(view, Moment(at, "minute", match.start(), match.end()), f"line {number}: {text[:80]}")
    return None


def linked(view: View) -> Found | None:
    """JSON-LD dateModified."""
    for value in view.linked_data("dateModified"):
        moment = first(str(value), view.fetched_at)
        if moment:
            return _at(view, moment, f"JSON-LD dateModified {value}")
    return None


def metadata(view: View) -> Found | None:
    """A <meta> for the last change."""
    for key in _META:
        moment = first(view.meta.get(key, ""), view.fetched_at)
        if moment:
            return _at(view, moment, f"meta {key} {view.meta[key]}")
    return None


def _at(view: View, moment: Moment, evidence: str) -> Found | None:
    at = moment.at if moment.at.tzinfo else moment.at.replace(tzinfo=default_zone(view)[0])
    published = view.found.get("published")
    if published and abs((published.value - at).total_seconds()) < 60:
        return None
    return Found(at, evidence)


def chosen(view: View) -> Found | None:
    """The time in the box that the site's own selector names."""
    found = view.chosen("modified")
    moment = first(found.value, view.fetched_at) if found else None
    return _at(view, moment, found.evidence) if found and moment else None


RULES = (chosen, shown, shown_clock, linked, metadata)
