"""The address of the lead picture."""

from __future__ import annotations

from urllib.parse import urljoin

from crawler.view import Found, View

TYPE = str


def metadata(view: View) -> Found | None:
    """The picture that the page offers for sharing."""
    for key in ("og:image", "twitter:image", "image", "og:image:url"):
        if view.meta.get(key):
            return _address(view, view.meta[key], f"meta {key}")
    return None


def first(view: View) -> Found | None:
    """The first picture between the headline and the end of the body."""
    last = view.kept[-1] + 1 if view.kept else 0
    for image in view.tree.images:
        if view.title_line < image.line <= last and image.src and not image.src.startswith("data:"):
            return _address(view, image.src, f"<img> before line {image.line}")
    return None


def _address(view: View, src: str, evidence: str) -> Found | None:
    try:
        return Found(urljoin(view.base, src), evidence)
    except ValueError:
        return None


RULES = (metadata, first)
