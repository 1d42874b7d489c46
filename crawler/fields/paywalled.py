"""Whether the page shows only the beginning of the article: 1 with the evidence, nothing where no sign of it is seen."""

from __future__ import annotations

from crawler.phrases import WALL
from crawler.view import Found, View

TYPE = bool

_TIERS = ("article:content_tier", "og:article:content_tier", "content_tier")


def linked(view: View) -> Found | None:
    """JSON-LD isAccessibleForFree, which sites set for search engines (schema.org)."""
    for item in view.objects:
        if str(item.get("isAccessibleForFree", "")).lower() == "false":
            return Found(True, "JSON-LD isAccessibleForFree")
    return None


def metadata(view: View) -> Found | None:
    """A content tier that is not free."""
    for key in _TIERS:
        if view.meta.get(key, "").lower() in ("locked", "metered", "paid"):
            return Found(True, f"meta {key} {view.meta[key]}")
    return None


def shown(view: View) -> Found | None:
    """A line below the beginning of the story that asks to pay or to log in for the rest."""
    last = view.kept[-1] if view.kept else view.title_line
    lines = view.tree.lines
    for number in range(max(0, view.title_line + 1), min(len(lines), last + 6)):
        line = lines[number]
        if line.size < 200 and WALL.search(line.text):
            return Found(True, f"line {number}: {line.text[:60]}", number)
    return None


RULES = (linked, metadata, shown)
