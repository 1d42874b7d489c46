"""CSS selectors that find one box of a page, and of its next versions as well. Pure.

The robust ones come first: an id, a name without digits or hashes, a tag below such a one, a path of tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

# Levels above a box that name it, characters of a name.
LEVELS, _LONGEST = 5, 40
_NAME = re.compile(r"[a-zA-Z][a-zA-Z_-]*")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}", re.I)


def selectors(node: LexborNode) -> Iterator[tuple[int, str]]:
    """CSS selectors that may find a box, with a rank: the lower, the longer it is likely to hold."""
    tag = node.tag or "*"
    own = list(names(node))
    yield from own
    steps, above = [tag], node.parent
    for _ in range(LEVELS):
        if above is None or above.tag in (None, "html", "-undef"):
            break
        for rank, css in names(above):
            yield from ((rank + 2, f"{css} {name}") for _, name in own)
            yield rank + 3, f"{css} {tag}"
            yield rank + 4, f"{css} > {' > '.join(steps)}"
        if above.tag == "body":
            break
        steps.insert(0, above.tag or "*")
        above = above.parent
    path = list(_path(node))
    yield 8, " > ".join(name for name, _ in path)
    yield 9, " > ".join(f"{name}:nth-of-type({number})" if number else name for name, number in path)


def names(node: LexborNode) -> Iterator[tuple[int, str]]:
    """What names a box by itself, with its rank: an id, its part in an article, its classes."""
    attributes = node.attributes
    identity = attributes.get("id") or ""
    if is_stable(identity):
        yield 0, f"#{identity}"
    role = attributes.get("itemprop") or ""
    if is_stable(role):
        yield 1, f'{node.tag}[itemprop="{role}"]'
    stable = [name for name in (attributes.get("class") or "").split() if is_stable(name)]
    for name in stable:
        yield 1, f".{name}"
        yield 1, f"{node.tag}.{name}"
    if len(stable) > 1:
        yield 2, "." + ".".join(stable)


def is_stable(name: str) -> bool:
    """Whether a name looks as a person gave it: words, no digits, nothing that a program mixed."""
    words = _WORD.findall(name)
    if not 2 < len(name) <= _LONGEST or not _NAME.fullmatch(name) or _CONSONANTS.search(name):
        return False
    return sum(map(len, words)) >= 3 * len(words)


def _path(node: LexborNode) -> list[tuple[str, int]]:
    """The tags from the body down to a box, each with its number among brothers of its tag, 0 for an only one."""
    path: list[tuple[str, int]] = []
    one: LexborNode | None = node
    while one is not None and one.tag not in ("html", "-undef"):
        tag = one.tag or "*"
        before = after = 0
        brother = one.prev
        while brother is not None:
            before, brother = before + (brother.tag == tag), brother.prev
        brother = one.next
        while brother is not None:
            after, brother = after + (brother.tag == tag), brother.next
        path.insert(0, (tag, before + 1 if before or after else 0))
        one = one.parent
    return path
