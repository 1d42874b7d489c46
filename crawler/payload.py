"""What a notice says: one JSON object, or the one that a receiver wants in its place. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage.search import snippet

Row = Mapping[str, Any]

# Characters of the passage around the first word that was searched.
PASSAGE = 200
_TOLD = ("id", "url", "title", "text", "published_at", "first_seen_at", "source", "site", "lang", "author", "is_ad")
_NAME = re.compile(r"\{(\w+)\}")


def payload(article: Row, story: Row, *, name: str, words: str, key: str, found_at: datetime) -> dict[str, Any]:
    """The notice of an article (a row of `query.articles`) and its story (a row of `stories`)."""
    told = {field: article.get(field) for field in _TOLD}
    told["is_ad"] = bool(told["is_ad"])
    told["section"] = article.get("section")
    told["passage"] = snippet(article["text"], words, width=PASSAGE, marks=("", ""))
    return {
        "key": key,
        "search": name,
        "found_at": found_at.isoformat(timespec="milliseconds"),
        "article": told,
        "story": {"key": story["key"], "copies": story["copies"], "sites": story["sites"]},
    }


def body(notice: Mapping[str, Any], template: str = "") -> bytes:
    """The notice as JSON in UTF-8. In the texts of a `template`, which is JSON too, `{title}` and the like stand for
    what is known of the article, `{key}`, `{search}` and `{found_at}` for the notice; other braces stay as they are.
    """
    told: Any = notice
    if template:
        known = {name: value for name, value in notice.items() if isinstance(value, str)} | notice["article"]
        told = _filled(json.loads(template), known)
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _NAME.sub(lambda match: _text(known[match[1]]) if match[1] in known else match[0], value)
    if isinstance(value, dict):
        return {name: _filled(item, known) for name, item in value.items()}
    return [_filled(item, known) for item in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return "" if value is None else str(value)
