"""What a page yielded, as signs of whether its site is still read as it was: see `storage.drift`. Pure."""

from __future__ import annotations

from zlib import crc32

from config import Source
from crawler.page import Extraction
from crawler.refusals import MISSING
from storage.drift import shape
from storage.records import Signs, Target

# Bytes of a text that tell it from others.
_BEGIN = 400
_CLOCKED = ("minute", "second")


def of_page(found: Extraction, target: Target, source: Source, items: int) -> Signs | None:
    """The signs of a page; of a list these are its `items`, the addresses of articles that it leads to."""
    if target.kind != "article":
        return of_list(target.url, items)
    article = found.article
    if article is None:
        return refused(target.url)
    lacks = {
        "article": False,
        "published": article.published_at is None,
        "clock": article.extra.get("published_precision") not in _CLOCKED,
        "source": not article.source,
        "author": not article.author,
    }
    own = [found.evidence.get(name, "") for name in source.select]
    if own:
        lacks["selectors"] = not all(said.startswith("the site's selector") for said in own)
    amounts = {
        "text": len(article.text),
        "links": found.linked,
        "items": sum(len(block.items) for block in found.lists),
    }
    prints = {"title": _print(article.title), "text": _print(article.text[:_BEGIN])}
    if article.published_at:
        prints["published"] = _print(article.published_at.isoformat())
    return Signs(shape(target.url), lacks, amounts, prints)


def of_list(url: str, items: int) -> Signs:
    """The signs of a list or feed: each is a kind of its own."""
    return Signs(url, {}, {"items": items})


def refused(url: str, reason: str = "") -> Signs | None:
    """The signs of a page that came and holds no article; None of one that says that there is none any more."""
    return None if MISSING in reason else Signs(shape(url), {"article": True})


def _print(text: str) -> int:
    return crc32(text.encode("utf-8", "replace"))
