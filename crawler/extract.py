"""Document to article and headlines: the steps in their order, each in a file of its own.

tree -> title -> text -> the other fields -> link lists -> what kind of page this is.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

from crawler import ads, fields, headlines, markdown
from crawler.fields import text as text_field
from crawler.fields._announcements import is_announcement
from crawler.page import Anchor, Document, Extraction, LinkItem, LinkList
from crawler.refusals import refusal, service
from crawler.shapes import is_page_of
from crawler.tree import Line
from crawler.urls import resolve
from crawler.view import Found, View, look
from storage.records import Article, Headline

# Fields that an Article has an attribute for; every other one goes to `Article.extra`.
_OWN = frozenset(("title", "text", "published", "modified", "author", "editor", "source", "site", "lang"))
# What is known of a page as a whole, and stored beside the fields: see `columns`.
_MADE = {"kind": "TEXT", "charset": "TEXT", "pages": "INTEGER", "page_sha256": "TEXT"}
_FIRST = ("title", "text", "lang", "published")
_LAST = ("conflicts",)
_FEED = re.compile(r"application/(rss|atom|feed)\+(xml|json)", re.I)
# What the title of a feed says of its format, and what it leaves then.
_FORMAT = re.compile(r"rss|atom|json|feed|[\d.\W_]+")
_NEXT = re.compile(r"^[\s\[(]*(下一页|下一頁|下页|后一页|next( page)?|older( posts)?)[\s\])»›>]*$", re.I)
_ROOT = re.compile(r"https?://[^/]+/?")
_FLASH = 600

AdScore = Callable[[str, str], float]


@cache
def field_modules() -> Mapping[str, ModuleType]:
    """The fields, in the order in which they may lean on each other: the folder is the list."""
    names = [m.name for m in pkgutil.iter_modules(fields.__path__) if not m.name.startswith("_")]
    ordered = [*_FIRST, *sorted(n for n in names if n not in _FIRST + _LAST), *_LAST]
    return {n: importlib.import_module(f"{fields.__name__}.{n}") for n in ordered if n in names}


def columns() -> dict[str, str]:
    """The extra fields with their SQLite types, for opening a store.

    Beside those of `crawler/fields/`: `kind` (article, flash, announcement), `charset`, `pages` that the text was
    joined of, and `page_sha256`, the name of the page in the archive.
    """
    types: dict[str, type] = {}
    for name, module in field_modules().items():
        types |= {name: module.TYPE} if module.RULES else {}
        types |= getattr(module, "COLUMNS", {})
    sqlite = {str: "TEXT", list: "TEXT", int: "INTEGER", bool: "INTEGER", float: "REAL"}
    return {name: sqlite.get(kind, "TEXT") for name, kind in types.items() if name not in _OWN} | _MADE


def analyse(document: Document) -> View:
    """Run every field over a document. Raises ExtractError where there is nothing to read."""
    view = look(document)
    for name, module in field_modules().items():
        if name == "text":
            found = text_field.locate(view)
            if found:
                view.found["text"] = found
        elif hasattr(module, "decide"):
            view.found.update(module.decide(view))
        else:
            found = _chosen(module, name, view) or _first(module, view)
            if found:
                view.found[name] = found
        if name == "title" and "title" in view.found:
            view.title, view.title_line = view.found["title"].value, view.found["title"].line
    return view


def _chosen(module: ModuleType, name: str, view: View) -> Found | None:
    """What a site's own selector says of a field, before any general rule; `read` of the field makes a value of it."""
    found = view.chosen(name)
    if found is None or (module.TYPE is not str and not hasattr(module, "read")):
        return None
    value = module.read(found.value) if hasattr(module, "read") else found.value
    return Found(value, found.evidence, found.line) if value else None


def _first(module: ModuleType, view: View) -> Found | None:
    for rule in module.RULES:
        found: Found | None = rule(view)
        if found:
            return found
    return None


def extract(document: Document, *, ad_score: AdScore | None = None) -> Extraction:
    """Everything that a page yields; `ad_score` rates the title and address of a list item, 0..1, and
    without it nothing is rated.

    Raises ExtractError where the bytes hold no page.
    """
    view = analyse(document)
    lists = _scored(headlines.link_lists(view), ad_score)
    paragraphs = tuple(text_field.paragraphs(view))
    kind, refused = page_kind(view, lists), ""
    if kind in ("article", "flash", "other"):
        refused = refusal(view.title, "\n".join(paragraphs))
        if not refused and kind != "other" and not _own_time(view):
            refused = service(view.title, map(_text, view.tree.lines))
        kind = "other" if refused else kind
    values = {name: found.value for name, found in view.found.items()}
    values |= {"charset": document.encoding, "pages": 1}
    if kind in ("article", "flash"):
        values["kind"] = "announcement" if is_announcement(view.title, "\n".join(paragraphs)) else kind
    canonical = _canonical(view)
    return Extraction(
        kind=kind,
        article=_article(view, values, canonical, ad_score) if kind in ("article", "flash") else None,
        fields=values,
        evidence={name: found.evidence for name, found in view.found.items()},
        paragraphs=paragraphs,
        markdown=markdown.render(view),
        lists=lists,
        headlines=tuple(_headlines(view, lists)),
        anchors=tuple(_anchors(view)),
        feeds=tuple(_feeds(view)),
        canonical=canonical,
        next_url=_next_url(view, kind),
        refused=refused,
        metas=view.tree.metas,
        trace=tuple(text_field.trace(view)),
        linked=_linked(view),
    )


def _linked(view: View) -> float:
    lines = [view.tree.lines[n] for n in view.kept]
    return sum(line.link for line in lines) / max(1, sum(line.size for line in lines))


def _text(line: Line) -> str:
    return line.text


def page_kind(view: View, lists: tuple[LinkList, ...]) -> str:
    """What sort of page this is: article, flash, list or other.

    An article tells a story: it has sentences under a title and, where they are few, a time of its own, not one
    that stands beside an item of a list. The front page of a host is none.
    """
    lines = view.tree.lines
    story = sum(lines[n].size for n in view.kept if lines[n].ends)
    size = sum(lines[n].size for n in view.kept)
    items = sum(len(block.items) for block in lists)
    otherwise = _picture_page(view, story) or ("list" if items >= 3 else "other")
    if not size or not view.title or (items >= 3 and _ROOT.fullmatch(view.url)):
        return otherwise
    dated = _own_time(view)
    if items >= 3 and not dated and any(index in view.teasers for index in view.tree.ancestors(view.box, 2)):
        return "list"
    if not story and not (dated and size >= 60 and otherwise not in ("gallery", "video")):
        return otherwise
    if story < 300 and items >= 3 and not dated:
        return otherwise
    return "flash" if size < _FLASH else "article"


def _picture_page(view: View, story: int) -> str:
    """gallery or video, for a page with hardly a sentence that shows five pictures or a player below its headline."""
    if story >= 200 or view.title_line < 0:
        return ""
    last = max(view.kept, default=view.title_line + 2) + 1
    if any(view.title_line < line <= last for line in view.tree.players):
        return "video"
    pictures = sum(view.title_line < image.line <= last for image in view.tree.images)
    return "gallery" if pictures >= 5 else ""


def _own_time(view: View) -> bool:
    """Whether the time of publication is the page's own, not that of a list item."""
    published = view.found.get("published")
    if published is None:
        return False
    if published.line < 0:
        return True
    if any(index in view.teasers for index in view.tree.ancestors(view.tree.lines[published.line].box, 2)):
        return False
    items = {a.line for a in view.tree.anchors if len(a.text.encode("utf-8", "replace")) >= headlines.MIN_TITLE}
    around = {published.line, published.line - 1} if published.line - 1 > view.title_line else {published.line}
    return not around & items


def _scored(lists: tuple[LinkList, ...], ad_score: AdScore | None) -> tuple[LinkList, ...]:
    if ad_score is None:
        return lists
    return tuple(
        LinkList(block.heading, block.kind, tuple(
            LinkItem(i.title, i.url, i.published_at, i.position, ad_score(i.title, i.url)) for i in block.items
        ))
        for block in lists
    )  # fmt: skip


def _article(view: View, values: Mapping[str, Any], canonical: str, ad_score: AdScore | None) -> Article:
    author = values.get("author") or []
    text = "\n".join(text_field.paragraphs(view))
    return Article(
        url=view.url,
        title=values.get("title", ""),
        text=text,
        fetched_at=view.fetched_at,
        canonical=canonical,
        published_at=values.get("published"),
        modified_at=values.get("modified"),
        author=byline(author, values.get("lang", "")),
        editor=values.get("editor", ""),
        source=values.get("source", ""),
        site=values.get("site", ""),
        lang=values.get("lang", ""),
        ad_score=ads.score_article(values.get("title", ""), text, _body_links(view)) if ad_score else 0.0,
        extra={name: value for name, value in values.items() if name not in _OWN},
    )


def byline(names: Sequence[str], lang: str) -> str:
    """The names of the authors in one string, as the language parts them."""
    return ("、" if lang.startswith(("zh", "ja")) else ", ").join(names)


def _body_links(view: View) -> int:
    return sum(len(view.tree.lines[n].anchors) for n in view.kept)


def _headlines(view: View, lists: tuple[LinkList, ...]) -> Iterator[Headline]:
    for block in lists:
        for item in block.items:
            if "://" not in item.url:
                continue
            yield Headline(
                item.url, item.title, view.url, view.fetched_at, item.published_at, item.position, block.kind,
                block.heading, item.ad_score,
            )  # fmt: skip


def _join(base: str, href: str) -> str:
    return resolve(base, href) or ""


def _anchors(view: View) -> Iterator[Anchor]:
    make, address = Anchor._make, view.address
    for anchor in view.tree.anchors:
        href, rel = anchor.href, anchor.rel
        url = None if href.startswith(("javascript:", "mailto:")) else address(href)
        if url:
            yield make((url, anchor.text or anchor.title, bool(rel) and "nofollow" in rel.lower()))


def _feeds(view: View) -> Iterator[str]:
    """The feeds that a page declares; of one that is there in several formats the first."""
    formats: dict[str, str] = {}
    for link in view.tree.links:
        kind = (link.get("type") or "").strip().lower()
        if "alternate" in (link.get("rel") or "").lower() and _FEED.search(kind):
            url = _join(view.base, link.get("href") or "")
            title = _FORMAT.sub("", (link.get("title") or "").lower())
            if url and formats.setdefault(title, kind) == kind:
                yield url


def _canonical(view: View) -> str:
    for link in view.tree.links:
        if (link.get("rel") or "").lower() == "canonical" and link.get("href"):
            return _join(view.base, link["href"] or "")
    return _join(view.base, view.meta["og:url"]) if view.meta.get("og:url") else ""


def _next_url(view: View, kind: str) -> str:
    """The next page of this list or article. On an article rel=next often names the neighbouring article instead."""
    base = view.base
    named = [link.get("href") or "" for link in view.tree.links if (link.get("rel") or "").lower() == "next"]
    named += [anchor.href for anchor in view.tree.anchors if "next" in anchor.rel.lower().split()]
    for href in named:
        url = _join(base, href)
        if url and (kind == "list" or is_page_of(url, view.url)):
            return url
    shown = (anchor.href for anchor in view.tree.anchors if 1 < len(anchor.text) < 24 and _NEXT.match(anchor.text))
    return next((url for href in shown if not href.startswith(("#", "javascript")) and (url := _join(base, href))), "")
