"""Stored text as a page may show it. The templates escape; here goes what escaping leaves. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.screen import plain, safe

# Around a word that was searched for, until it becomes an element: no text that is shown has such a character.
MARKS = ("\ue000", "\ue001")
LONGEST_TITLE = 300
# Characters and paragraphs of a text that a page shows: the longest real ones have a quarter of that.
LONGEST_TEXT, MOST_PARAGRAPHS = 200_000, 3_000
_MARKED = re.compile(f"({MARKS[0]}[^{MARKS[0]}{MARKS[1]}]*{MARKS[1]})")
_PRIVATE = dict.fromkeys(map(ord, MARKS))
# What turns the direction of a line: in running text it ends with its paragraph, in a title it serves nobody.
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C))
# Where more characters that combine than any script has may follow each other: neither letters nor what is usual
# between words.
_MAY_PILE = re.compile(r"[^\w\s!-~\u2010-\u205e\u3000-\u303f\uff00-\uff0f]{5,}")
MOST_COMBINING = 4
# What is seen: beside blanks, that is all but the characters that fonts leave blank (Default_Ignorable_Code_Point of
# Unicode, and the empty pattern of Braille).
_SEEN = re.compile(
    "[^\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Piece(NamedTuple):
    """A piece of text; `marked`: it was searched for, or it is what differs."""

    text: str
    marked: bool


def _told(value: object) -> str:
    """A stored value as text: the file may have been written by anybody, and a BLOB stand where text should."""
    if isinstance(value, str):
        return value
    return "" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def title(value: object) -> str:
    """One line without what cannot be seen, and no longer than anybody reads; "" where nothing of it can be."""
    text = _told(value)
    if text and len(text) <= LONGEST_TITLE and text.isprintable():
        return _flat(" ".join(text.split())) if _SEEN.search(text) else ""  # nearly always
    start = text.translate(_PRIVATE).translate(_TURNS)[: 2 * LONGEST_TITLE]
    line = _flat(plain(_SURROGATE.sub("\ufffd", start)))
    if not _SEEN.search(line):
        return ""
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…"


def body(value: object, most: int | None = None) -> str:
    """Text of several lines without control characters, of its first `most` characters."""
    text = _told(value)[:most]
    if text and text.replace("\n", "").isprintable():
        return _flat(text)  # nearly always
    return _flat(safe(_SURROGATE.sub("\ufffd", text.translate(_PRIVATE))))


def _flat(text: str) -> str:
    """Text without those characters that would pile up on another one: they reach far out of their line."""
    return text if text.isascii() else _MAY_PILE.sub(_unpiled, text)


def _unpiled(found: re.Match[str]) -> str:
    kept, piled = list[str](), 0
    for character in found[0]:
        kind = unicodedata.category(character)
        piled = piled + 1 if kind[0] == "M" else piled if kind == "Cf" else 0
        if kind[0] != "M" or piled <= MOST_COMBINING:
            kept.append(character)
    return "".join(kept)


def paragraphs(value: object) -> tuple[list[str], bool]:
    """The paragraphs of a text, of which each is laid out by itself; whether there is more than can be shown."""
    text = _told(value)
    found = [line.strip() for line in body(text[:LONGEST_TEXT]).split("\n") if line.strip()]
    return found[:MOST_PARAGRAPHS], len(text) > LONGEST_TEXT or len(found) > MOST_PARAGRAPHS


def link(value: object) -> str:
    """The address, if a page may link to it: of the web, and nothing that a browser would make another of; else ""."""
    url = _told(value)
    if not url or len(url) > 4000 or not url.isprintable() or "\\" in url or " " in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else ""


def pieces(text: str) -> Iterator[Piece]:
    """A text in which words stand between `MARKS`."""
    for part in _MARKED.split(text):
        if part.startswith(MARKS[0]):
            yield Piece(part[1:-1], True)
        elif part:
            yield Piece(part.translate(_PRIVATE), False)


def language(value: object) -> str:
    """The language of a text for its `lang`; "" where it is none that a browser knows how to set."""
    tag = _told(value)
    return tag if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", tag) else ""


def seen(value: object, zone: tzinfo | None = None) -> str:
    """A time to the minute with its offset, in a zone or, without one, as it stands; text that is no time as it is."""
    if not value:
        return ""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(_told(value))
        at = at.astimezone(zone) if zone and at.tzinfo else at
    except (ValueError, OverflowError):
        return title(value)
    text = at.isoformat(" ", "minutes")
    return f"{text[:16]} {text[16:]}" if at.tzinfo else text


def is_time(value: object) -> bool:
    """Whether a text is a time, as `datetime` of an element may hold it."""
    try:
        return datetime.fromisoformat(_told(value)) is not None
    except ValueError:
        return False
