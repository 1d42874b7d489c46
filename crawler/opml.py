"""OPML, the form in which feed readers exchange their subscriptions. Pure.

Read by expat, and nothing is expanded: a file with a document type declaration is refused, for only such a file can
have entities of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.parsers import expat

from config import Source
from crawler.shapes import looks_like_feed
from crawler.urls import bare_host, resolve

MAX_BYTES = 10_000_000
MAX_OUTLINES = 10_000
# Some readers write feed://host/ or feed:https://host/.
_FEED_SCHEME = re.compile(r"^feed:(?://(?!/)|(?=https?:))", re.I)


class OpmlError(ValueError):
    """A file that is no OPML; says why."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One subscription: its title and its address, of a feed or of a page."""

    title: str
    url: str


def parse(data: bytes) -> list[Outline]:
    """The subscriptions of a file, whatever folders they lie in; each address once. Raises OpmlError."""
    if len(data) > MAX_BYTES:
        raise OpmlError(f"is larger than {MAX_BYTES:,} bytes")
    found: dict[str, Outline] = {}
    reader = expat.ParserCreate()
    roots: list[str] = []

    def refuse(*_: object) -> None:
        raise OpmlError("has a document type declaration (DTD), which is refused")

    def opened(name: str, attributes: dict[str, str]) -> None:
        roots.append(name) if not roots else None
        if name.lower() != "outline" or len(found) >= MAX_OUTLINES:
            return
        given = {key.lower(): value for key, value in attributes.items()}
        address = given.get("xmlurl") or given.get("url") or given.get("htmlurl") or ""
        url = resolve("", _FEED_SCHEME.sub(_web, address.strip()))
        if url:
            found.setdefault(url, Outline((given.get("text") or given.get("title") or "").strip(), url))

    reader.StartDoctypeDeclHandler = refuse
    reader.EntityDeclHandler = refuse
    reader.StartElementHandler = opened
    try:
        reader.Parse(data, True)
    except expat.ExpatError as error:
        raise OpmlError(f"is no valid XML: {error}") from None
    except (LookupError, ValueError) as error:
        raise error if isinstance(error, OpmlError) else OpmlError(f"cannot be read: {error}") from None
    if roots and roots[0].lower() != "opml":
        raise OpmlError(f"is no OPML: it begins with <{roots[0]}>")
    return list(found.values())


def _web(scheme: re.Match[str]) -> str:
    return "http://" if scheme[0].endswith("//") else ""


def sources(outlines: Iterable[Outline]) -> list[tuple[str, tuple[str, ...]]]:
    """The subscriptions by site: a title that all of a site share, or its host, and the addresses."""
    sites: dict[str, list[Outline]] = {}
    for outline in outlines:
        sites.setdefault(bare_host(outline.url), []).append(outline)
    merged: dict[str, list[str]] = {}
    for host, ones in sites.items():
        titles = {one.title for one in ones}
        title = titles.pop() if len(titles) == 1 else ""
        merged.setdefault(title if title and " " not in title else host, []).extend(one.url for one in ones)
    return [(name, tuple(urls)) for name, urls in merged.items()]


def render(given: Iterable[Source]) -> bytes:
    """The seeds of the sources as OPML 2.0, feeds as subscriptions and other pages as links; without a date."""
    root = ElementTree.Element("opml", version="2.0")
    ElementTree.SubElement(ElementTree.SubElement(root, "head"), "title").text = "kuaixun"
    body = ElementTree.SubElement(root, "body")
    for source in given:
        for seed in source.seeds:
            kind = ("rss", "xmlUrl") if looks_like_feed(seed) else ("link", "url")
            ElementTree.SubElement(body, "outline", {"text": source.name, "type": kind[0], kind[1]: seed})
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"
