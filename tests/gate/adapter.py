"""The functions that scorers from outside call: our rules under plain signatures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crawler.decode import decode
from crawler.extract import extract as extract_page
from crawler.page import Document
from tests.gate.ads_adapter import is_spam

__all__ = ["extract", "is_spam"]


def __getattr__(name: str) -> Any:
    """`make` is loaded when it is asked for: the database and its word list are no part of an extraction's memory."""
    if name != "make":
        raise AttributeError(name)
    from tests.gate.dedupe_adapter import make

    return make


def extract(html: bytes, url: str | None) -> dict[str, Any]:
    """Bytes to the fields that the scorers compare."""
    found = extract_page(Document(url or "", decode(html).text, datetime.now(UTC), seen_then=False))
    published = found.fields.get("published")
    day = found.fields.get("published_precision") == "day"
    return {
        "title": found.fields.get("title", ""),
        "text": "\n".join(found.paragraphs),
        "published_at": None
        if not isinstance(published, datetime)
        else (published.date() if day else published).isoformat(),
        "author": found.fields.get("author") or [],
        "source": found.fields.get("source", ""),
        "items": [
            {"title": item.title, "href": item.url, "time": item.published_at, "block": number, "kind": block.kind}
            for number, block in enumerate(found.lists)
            for item in block.items
        ],
    }
