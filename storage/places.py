"""Patterns of paths as robots.txt and tdmrep.json have them (RFC 9309, 2.2.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

MAX_STARS = 5  # of a pattern: more make SQLite's GLOB slow, and no host needs them


def path_of(url: str) -> str:
    """What patterns are held against: the path with its query."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


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
