"""The name of the site that shows the article, else its host."""

from __future__ import annotations

from urllib.parse import urlsplit

from crawler.view import Found, View, squeeze

TYPE = str


def named(view: View) -> Found | None:
    """The name that the page's metadata give."""
    for key in ("og:site_name", "application-name", "apple-mobile-web-app-title"):
        name = view.meta.get(key, "")
        if name and len(name) <= 60:
            return Found(name, f"meta {key}")
    return None


def suffix(view: View) -> Found | None:
    """What <title> adds to the headline."""
    title = view.tree.title
    if not view.title or view.title not in title:
        return None
    rest = title.replace(view.title, "", 1).strip(" \t_-–—|｜丨·•:：>»«")
    parts = [p.strip() for p in rest.replace("|", "_").replace(" - ", "_").replace("-", "_").split("_") if p.strip()]
    return Found(parts[-1], "<title> less the headline") if parts and 1 < len(squeeze(parts[-1])) <= 30 else None


def host(view: View) -> Found | None:
    """The host of the address."""
    name = (urlsplit(view.url).hostname or "") if "://" in view.url else ""
    return Found(name.removeprefix("www."), "address") if name else None


RULES = (named, suffix, host)
