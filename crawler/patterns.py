"""Long alternations that cost little: grouped by first character, so that a search skips other places at a glance.

Python's `re` looks at every alternative at every place of a text, unless each begins with a plain character; under
IGNORECASE, or behind a border or a group, it never sees that they do. Measured on class names and on lines of news
pages: five to ten times less time, same matches.
"""

from __future__ import annotations

import re

_SPECIAL = frozenset("\\[].*+?{}()|^$")


def grouped(*parts: str, ignore_case: bool = False) -> re.Pattern[str]:
    """The pattern of all alternatives in `parts`, each a pattern with bars between its alternatives.

    An alternative begins with a character, with a border and a character, or with a group of such. Raises ValueError
    for any other, which would undo the gain.
    """
    groups: dict[str, list[str]] = {}
    for alternative in (one for part in parts for whole in _split(part) for one in _opened(whole)):
        bordered = alternative.startswith(r"\b")
        first, rest = alternative[2 * bordered :][:1], alternative[2 * bordered + 1 :]
        if not first or first in _SPECIAL or rest[:1] in ("?", "*", "{"):
            raise ValueError(f"`{alternative}` does not begin with a plain character")
        # Sharp s and the like change their length with their case: they stay as they are.
        cases = {first.lower(), first.upper()} if ignore_case and len(first.upper()) == 1 else {first}
        for letter in sorted(cases):
            groups.setdefault(letter, []).append(rf"(?<=\b{letter}){rest}" if bordered else rest)
    flag = "i" if ignore_case else ""
    return re.compile("|".join(f"{letter}(?{flag}:{'|'.join(rest)})" for letter, rest in groups.items()))


def _split(pattern: str) -> list[str]:
    """The alternatives of a pattern: split at the bars outside of groups and sets."""
    found, depth, start, place = [], 0, 0, 0
    while place < len(pattern):
        character = pattern[place]
        if character == "\\":
            place += 1
        elif character == "[":
            place = pattern.index("]", place + 2)
        elif character == "|" and not depth:
            found.append(pattern[start:place])
            start = place + 1
        else:
            depth += (character == "(") - (character == ")")
        place += 1
    return [*found, pattern[start:]]


def _opened(alternative: str) -> list[str]:
    """An alternative that begins with a group, as one for each member of the group."""
    if not alternative.startswith("("):
        return [alternative]
    depth = 0
    for place, character in enumerate(alternative):
        depth += (character == "(") - (character == ")")
        if not depth:
            inside = alternative[1:place].removeprefix("?:")
            return [one + alternative[place + 1 :] for member in _split(inside) for one in _opened(member)]
    raise ValueError(f"`{alternative}` has a group that is not closed")
