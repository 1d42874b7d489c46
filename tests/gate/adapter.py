"""The functions that scorers from outside call: our extractor under one plain signature."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crawler.decode import decode
from crawler.extract import analyse
from crawler.page import Document

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def extract(html: bytes, url: str | None) -> dict[str, Any]:
    view, paragraphs = analyse(Document(url or "", decode(html).text, _NOW))
    return {"title": view.title, "text": "\n".join(paragraphs)}
