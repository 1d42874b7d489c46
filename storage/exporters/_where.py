"""What a condition may not ask, because the answer would not follow from what is stored. Pure.

SQLite takes "nosuch" for a text where there is no such column, and says nothing; the clock and the dice give another
answer each time, so that equal content would give other bytes, and an increment would lose rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection

# A text, a quoted name (both double their quotes), or a comment.
_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*')|"(?P<name>(?:[^"]|"")*)"|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))""", re.S
)
_NOW = re.compile(r"'\s*now\s*'", re.I)
_UNSETTLED = re.compile(
    r"\b(?:random|randomblob|current_(?:date|time|timestamp)|changes|total_changes|last_insert_rowid)\b"
    r"|\b(?:date|time|datetime|julianday|unixepoch)\s*\(\s*\)|\bstrftime\s*\(\s*''\s*\)",
    re.I,
)


def problem(where: str, names: Collection[str]) -> str:
    """What is wrong with a condition, "" for nothing; `names` are those of columns and tables."""
    unknown = [name for found in _TOKEN.finditer(where) if (name := found["name"]) is not None and name not in names]
    if unknown:
        return f"there is no field `{unknown[0]}`; a text stands in single quotes"
    texts = [found["text"] for found in _TOKEN.finditer(where) if found["text"]]
    bare = _TOKEN.sub(lambda found: "''" if found["text"] else " ", where)
    asked = _UNSETTLED.search(bare) or next(filter(None, map(_NOW.fullmatch, texts)), None)
    return f"`{asked[0]}` has another value each time, and the rows must follow from what is stored" if asked else ""
