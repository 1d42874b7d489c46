"""What the tables have of some articles becomes the fields of a data set, column by column. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from operator import eq
from typing import Any

from storage.batch import Batch, Texts
from storage.fields import FIELDS

Column = Sequence[Any]

# The columns of `articles` that are needed, and those of `stories`.
COLUMNS = (
    "id", "url", "title", "text", "kind", "is_ad", "first_seen_at", "published_at", "published_precision",
    "published_evidence", "published_flag", "published_conflict", "claimed_time", "modified_at", "revision",
    "revised_at", "gone_at", "page_sha256", "ad_score", "lang", "charset", "paywalled", "truncated", "pages",
    "source", "site", "section", "found_by", "author", "editor", "keywords", "image", "canonical", "rules", "story_id",
)  # fmt: skip
STORY = ("key", "first_seen_at", "first_article", "copies", "sites")

# The language and the script of what the extraction calls a language; any other is written in Latin letters.
_SCRIPTS = {
    "zh-Hans": ("zh", "Hans"), "zh-Hant": ("zh", "Hant"), "zh": ("zh", "Hani"), "ja": ("ja", "Jpan"),
    "ko": ("ko", "Kore"), "ru": ("ru", "Cyrl"), "uk": ("uk", "Cyrl"), "bg": ("bg", "Cyrl"), "el": ("el", "Grek"),
    "ar": ("ar", "Arab"), "he": ("he", "Hebr"), "th": ("th", "Thai"), None: (None, None),
}  # fmt: skip
_FLASH = 600  # bytes: as the extraction has it, for articles from before it was written down
_decoded = json.JSONDecoder().raw_decode


def sheet(raw: Batch, rights: Column) -> dict[str, Column]:
    """The columns of a data set, in the order of `FIELDS`.

    They are of rows with `COLUMNS`, and with `STORY`, each behind `story_`; `rights` has what is said of each.
    """
    bodies = _bodies(raw["text"])
    published = _times(raw["published_at"])
    written = [_SCRIPTS.get(lang) or (lang, "Latn") for lang in raw["lang"]]
    found: dict[str, Column] = {
        "kind": _kinds(raw["is_ad"], raw["kind"], bodies),
        "first_seen_at": _times(raw["first_seen_at"]),
        "published_at": published,
        "published_offset": _offsets(published),
        "modified_at": _times(raw["modified_at"]),
        "revised_at": _times(raw["revised_at"]),
        "gone_at": _times(raw["gone_at"]),
        "text_sha256": [hashlib.sha256(body).hexdigest() for body in bodies],
        "story_id": raw["story_key"],
        "story_first_seen_at": _times(raw["story_first_seen_at"]),
        "is_first": list(map(eq, raw["story_first_article"], raw["id"])),
        "copies_so_far": raw["story_copies"],
        "sites_so_far": raw["story_sites"],
        "language": [language for language, _ in written],
        "script": [script for _, script in written],
        "paywalled": _truths(raw["paywalled"]),
        "truncated": _truths(raw["truncated"]),
        "pages_joined": raw["pages"],
        "keywords": [_decoded(text)[0] if text else None for text in raw["keywords"]],
        "rights": rights,
        "mentions": _NONE * len(raw),
        "sessions": _NONE * len(raw),
    }
    return {name: found[name] if name in found else raw[name] for name in FIELDS}


_NONE: list[Any] = [[]]


def _bodies(texts: Column) -> Sequence[bytes]:
    return texts.bodies if isinstance(texts, Texts) else [text.encode() for text in texts]


def _kinds(ads: Column, kinds: Column, bodies: Sequence[bytes]) -> Column:
    return [
        "ad" if is_ad else kind or ("flash" if len(body) < _FLASH else "article")
        for is_ad, kind, body in zip(ads, kinds, bodies, strict=True)
    ]


def _is_empty(column: Column) -> bool:
    return column.count(None) == len(column)


def _times(column: Column) -> Column:
    if _is_empty(column):
        return column
    return [datetime.fromisoformat(text) if text else None for text in column]


def _offsets(column: Column) -> Column:
    return [_minutes(at.tzinfo) if at else None for at in column]


@lru_cache
def _minutes(zone: tzinfo | None) -> int | None:
    """How far east of UTC a zone is that is an offset, as ISO 8601 has them."""
    offset = zone.utcoffset(None) if zone else None
    return None if offset is None else int(offset.total_seconds()) // 60


def _truths(column: Column) -> Column:
    return column if _is_empty(column) else [None if value is None else bool(value) for value in column]
