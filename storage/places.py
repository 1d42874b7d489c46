"""Patterns of paths as robots.txt and tdmrep.json have them (RFC 9309, 2.2.3). Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from itertools import islice
from typing import Any
from urllib.parse import quote

from storage.keys import parts_of

MAX_STARS = 5  # of a pattern: more make SQLite's GLOB slow, and no host needs them
MAX_PATTERN = 4096  # in characters: no address is longer, and SQLite refuses patterns of 50,000 bytes

_VISIBLE = set(string.printable) - set(string.whitespace)
# What addresses have as it is (WHATWG URL); a lone % is itself.
_IN_PATH, _IN_QUERY = ("".join(_VISIBLE - set(odd)) for odd in ('"<>`{}', "\"<>'"))
_PLAIN = re.compile(r"[\w!&()+,\-./:;=?@\[\]^|~]*", re.ASCII)
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")


def path_of(url: str) -> str:
    """What patterns are held against: the path with its query, in the spelling of `spellings`."""
    parts = parts_of(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return path if _PLAIN.fullmatch(path) else _canonical(_encoded(path).replace("*", "%2A").replace("$", "%24"))


def spellings(pattern: str) -> tuple[str, ...]:
    """A pattern as it is compared with `path_of`, and, where that differs, as addresses may have it.

    Compared is what RFC 9309, 2.2.2 says: what needs no escape has none, hex digits are upper case, and what addresses
    escape is escaped. SQL has only the addresses as they are: the others, with hex digits in lower case and as the
    pattern has them, are for those.
    """
    if _PLAIN.fullmatch(pattern.replace("*", "")):
        return (pattern,)
    end = "$" if pattern.endswith("$") else ""
    encoded = _encoded(pattern.removesuffix("$"))
    canonical = _canonical(encoded.replace("$", "%24"))
    lower = _ESCAPE.sub(lambda found: found[0].lower(), canonical)
    return tuple(dict.fromkeys(each + end for each in (canonical, lower, encoded)))


def cut(pattern: str) -> str:
    """A pattern that is not too long and has not too many stars: its beginning, which covers more.

    Stars in the place of what was cut keep the length, by which it takes precedence; a run of them costs what one does.
    """
    stars = list(islice(re.finditer(r"\*+", pattern), MAX_STARS + 1))
    if len(stars) > MAX_STARS:
        pattern = pattern[: stars[-2].start()].ljust(len(pattern), "*")
    return pattern if len(pattern) <= MAX_PATTERN else pattern[: MAX_PATTERN - 1] + "*"


def _encoded(text: str) -> str:
    """A path with its query as the URL Standard spells it; dots are left, since `/.` is a pattern too."""
    path, mark, asked = text.partition("?")
    return quote(path.replace("\\", "/"), _IN_PATH, errors="replace") + mark + quote(asked, _IN_QUERY, errors="replace")


def _canonical(encoded: str) -> str:
    return _ESCAPE.sub(_one, encoded)


def _one(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def covers(location: str, path: str) -> bool:
    """Whether a pattern with `*` and a `$` at its end covers a path, in time in proportion; "" covers everything."""
    first, *pieces = location.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at, last = len(first), pieces.pop() if pieces and location.endswith("$") else ""
    for piece in pieces:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if not location.endswith("$"):
        return True
    return path.endswith(last) and len(path) - len(last) >= at if "*" in location else path == first


def closest(placed: Iterable[tuple[Any, str, Any]], path: str) -> list[Any]:
    """Of things said of places, those that hold for a path: the longest pattern of each subject decides.

    Each is subject, pattern and what is said; they come back in their order.
    """
    covering = [(subject, location, said) for subject, location, said in placed if covers(location, path)]
    longest: dict[Any, int] = {}
    for subject, location, _ in covering:
        longest[subject] = max(longest.get(subject, 0), len(location))
    return [said for subject, location, said in covering if len(location) == longest[subject]]


def covers_in_sql(location: str, path: str) -> str:
    """`covers` as SQL, for the names of two columns."""
    glob = "replace(replace({}, '[', '[[]'), '?', '[?]')"
    return (
        f"{path} GLOB iif({location} LIKE '%$', {glob.format(f'substr({location}, 1, length({location}) - 1)')}, "
        f"{glob.format(location)} || '*')"
    )
