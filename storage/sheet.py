"""What the tables have of some articles becomes the fields of a data set, column by column. Pure."""

from __future__ import annotations

import hashlib
import json
import re
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

# The language and the script of what the extraction calls a language.
_CHINESE: dict[str | None, tuple[str | None, str | None]] = {
    "zh-Hans": ("zh", "Hans"), "zh-Hant": ("zh", "Hant"), "zh": ("zh", "Hani"), None: (None, None),
}  # fmt: skip
# Scripts (ISO 15924) of the languages (ISO 639-1) that have one. Of those that have several, such as
# az, kk, ku, mn, pa, sd, sr and uz, the language does not tell which.
_WRITTEN = {
    "Latn": "aa af ak an ay bi bm br bs ca ch co cs cy da de ee en eo es et eu fi fj fo fr fy ga gd gl gn gv ha "
    "hr ht hu ho hz ia id ie ig ik io is it jv kg ki kj kl kr kw la lb lg li ln lt lu lv mg mh mi ms mt "
    "na nb nd ng nl nn no nr nv ny oc om pl pt qu rm rn ro rw sc se sg sk sl sm sn so sq ss st su sv sw "
    "tl tn to ts tr tw ty ve vi vo wa wo xh yo zu",
    "Cyrl": "ab av ba be bg ce cu cv kv ky mk os ru tg tt uk",
    "Arab": "ar fa ps ug ur", "Hebr": "he yi", "Deva": "hi mr ne sa", "Beng": "as bn", "Ethi": "am ti", "Tibt": "bo dz",
    "Grek": "el", "Jpan": "ja", "Kore": "ko", "Thai": "th", "Laoo": "lo", "Mymr": "my", "Khmr": "km", "Geor": "ka",
    "Armn": "hy", "Taml": "ta", "Telu": "te", "Knda": "kn", "Mlym": "ml", "Gujr": "gu", "Orya": "or", "Sinh": "si",
    "Thaa": "dv", "Yiii": "ii",
}  # fmt: skip
_SCRIPTS: dict[str | None, tuple[str | None, str | None]] = {
    name: (name, script) for script, names in _WRITTEN.items() for name in names.split()
}
_SCRIPTS |= _CHINESE
_FLASH = 600  # bytes: as the extraction has it, for articles from before it was written down
_COMMAS = re.compile("[,，;；、]")
_decoded = json.JSONDecoder().raw_decode


def sheet(raw: Batch, rights: Column) -> dict[str, Column]:
    """The columns of a data set, in the order of `FIELDS`.

    They are of rows with `COLUMNS`, and with `STORY`, each behind `story_`; `rights` has what is said of each.
    """
    bodies = _bodies(raw["text"])
    published = _times(raw["published_at"])
    written = [_SCRIPTS.get(lang) or (lang, None) for lang in raw["lang"]]
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
        "keywords": [_list(text) if text else None for text in raw["keywords"]],
        "rights": rights,
        "mentions": _NONE * len(raw),
        "sessions": _NONE * len(raw),
    }
    return {name: found[name] if name in found else raw[name] for name in FIELDS}


_NONE: list[Any] = [[]]


def _list(text: str) -> list[Any]:
    """A list as JSON; what an added column has otherwise is taken as words between commas."""
    try:
        found = _decoded(text)[0]
    except ValueError:
        found = None
    return found if isinstance(found, list) else list(filter(None, map(str.strip, _COMMAS.split(text))))


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
