"""Two texts laid side by side: the passages that they share, and what stands between them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

_NUMERIC = frozenset("0123456789.万亿")
_NUMERIC_START, _NUMERIC_END = re.compile(r"[\d.万亿]+"), re.compile(r"[\d.万亿]+$")

# In characters.
ANCHOR = 6  # so many in a row that are alone of their kind in a text fix it to the other
SWAP = 30  # a longer gap on both sides is another passage, not another wording
MOVED = 18  # a passage that stands earlier than the one before it in the other text is no shorter
EDGE = 6  # the same before the first and after the last agreement, where agencies and footers stand
LEAD, LEAD_LEAST = 80, 30  # the beginning of a text is a quarter of it within these


CONTEXT = 8  # so much of what agrees is looked at beside a gap


class Gap(NamedTuple):
    """What stands in the one text and what in the other, and the little that agrees before and after it."""

    left: str
    right: str
    before: str
    after: str


class Block(NamedTuple):
    """`size` characters that agree, from `a` in the one text and from `b` in the other."""

    a: int
    b: int
    size: int


def align(a: str, b: str) -> list[Block]:
    """The passages that two texts share, in the order of `b`. Linear: anchors are runs that occur once in `a`."""
    places = _anchors(a)
    found: list[Block] = []
    done = at = 0
    last = len(b) - ANCHOR
    while at <= last:
        place = places.get(b[at : at + ANCHOR], -1)
        if place < 0:
            at += 1
            continue
        size = ANCHOR + _common(a, b, place + ANCHOR, at + ANCHOR)
        back = 0
        while back < min(place, at - done) and a[place - back - 1] == b[at - back - 1]:
            back += 1
        if found and place < found[-1].a + found[-1].size and size + back < MOVED:
            at += 1
            continue
        found.append(Block(place - back, at - back, size + back))
        done = at = at + size
    return _with_ends(a, b, found)


# One text is compared with several, one after the other.
@lru_cache(maxsize=4)
def _anchors(text: str) -> dict[str, int]:
    """Where each run of `ANCHOR` characters stands in a text; -1 for those that stand in several places."""
    runs = [text[place : place + ANCHOR] for place in range(len(text) - ANCHOR + 1)]
    places = dict(zip(runs, range(len(runs)), strict=True))
    if len(places) < len(runs):
        places |= dict.fromkeys([run for place, run in enumerate(runs) if places[run] != place], -1)
    return places


def _with_ends(a: str, b: str, found: list[Block]) -> list[Block]:
    """The blocks, and what agrees at the very beginning and the very end, however short."""
    first = found[0] if found else Block(len(a), len(b), 0)
    head = next((n for n in range(min(first.a, first.b)) if a[n] != b[n]), min(first.a, first.b))
    last = found[-1] if found else Block(head, head, 0)
    free = min(len(a) - last.a - last.size, len(b) - last.b - last.size)
    tail = next((n for n in range(free) if a[-1 - n] != b[-1 - n]), max(0, free))
    start = [Block(0, 0, head)] if head else []
    return [*start, *found, *([Block(len(a) - tail, len(b) - tail, tail)] if tail else [])]


def _common(a: str, b: str, i: int, j: int) -> int:
    """How many characters agree from two places on."""
    start, step = i, 64
    while step:
        if i + step <= len(a) and a[i : i + step] == b[j : j + step]:
            i, j = i + step, j + step
        else:
            step //= 2
    return i - start


def covered(found: Iterable[Block]) -> int:
    """How many characters of the first text the blocks hold; where two overlap they count once."""
    total = end = 0
    for block in sorted(found):
        total += max(0, block.a + block.size - max(end, block.a))
        end = max(end, block.a + block.size)
    return total


def gaps(a: str, b: str, found: Sequence[Block]) -> Iterator[Gap]:
    """What stands in the one text and what in the other between two passages that follow one another in both.

    One of the two may be empty. A number is taken whole, also where only its last digits differ.
    """
    ends = [Block(0, 0, 0), *found, Block(len(a), len(b), 0)]
    for left, right in pairwise(ends):
        i, j, m, n = left.a + left.size, left.b + left.size, right.a, right.b
        if m < i or n < j or (m == i and n == j):
            continue
        limit = SWAP if left.size and right.size else EDGE
        if m - i > limit or n - j > limit:
            continue
        if m < len(a) and _in_number(a[max(i, m - 1) : m], b[max(j, n - 1) : n]):
            more = _NUMERIC_START.match(a, m, right.a + right.size)
            m, n = (m + len(more[0]), n + len(more[0])) if more else (m, n)
        if _in_number(a[i : min(m, i + 1)], b[j : min(n, j + 1)]):
            back = _NUMERIC_END.search(a[left.a : i])
            i, j = (i - len(back[0]), j - len(back[0])) if back else (i, j)
        yield Gap(a[i:m], b[j:n], a[max(left.a, i - CONTEXT) : i], a[m : min(right.a + right.size, m + CONTEXT)])


def _in_number(one: str, other: str) -> bool:
    """Whether a gap begins or ends, in either text, with a part of a number."""
    return one in _NUMERIC or other in _NUMERIC


def replaced(found: Sequence[Block]) -> int:
    """How many characters stand in the one text where others stand in the other, between passages that agree."""
    gaps = ((right.a - left.a - left.size, right.b - left.b - left.size) for left, right in pairwise(found))
    first = found[0] if found else Block(0, 0, 0)
    return min(first.a, first.b) + sum(max(0, min(gap)) for gap in gaps)


def longest_run(found: Sequence[Block]) -> int:
    """How many characters agree in the longest passage, small differences inside it allowed."""
    best = run = 0
    for left, right in pairwise([Block(0, 0, 0), *found]):
        gap = right.a - left.a - left.size, right.b - left.b - left.size
        run = right.size + (run if min(gap) > -SWAP and max(gap) <= SWAP else 0)
        best = max(best, run)
    return best


def lead_agrees(a: str, b: str, found: Sequence[Block]) -> bool:
    """Whether the beginning of either text is to be found in the other: a common footer is no common story."""
    for side, length in ((0, len(a)), (1, len(b))):
        lead = min(length, max(LEAD_LEAST, min(LEAD, length // 4)))
        within = sum(max(0, min(lead, block[side] + block.size) - block[side]) for block in found)
        if within >= lead / 2:
            return True
    return False
