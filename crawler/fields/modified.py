"""When the article says that it was last changed, where that is not the time of publication."""

from __future__ import annotations

from datetime import datetime

from crawler.fields._zones import default_zone
from crawler.fields.published import shown_change
from crawler.times import Moment, first
from crawler.view import Found, View

TYPE = datetime

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


RULES = (chosen, shown, linked, metadata)
