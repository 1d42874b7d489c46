"""Which articles tell one story in the same words: candidates out of a sketch index, then a careful look at both texts.

No single number parts copies from look-alikes: yesterday's market report agrees with today's in nine characters of
ten, a cut and retitled copy with its original in three. So the texts are aligned, and what differs decides: a number
that changed at the same place makes another article, a paragraph that was dropped or added does not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from storage.keys import fold

# A number (thousands' commas taken out), a word, or one character of Chinese.
_TOKEN = re.compile(r"\d+(?:\.\d+)*|[a-z]+|[^\W_]")
_COMMA = re.compile(r"(?<=\d),(?=\d{3})")
_DIGITS = frozenset("一二三四五六七八九十百千万亿两零〇")

# In tokens.
ANCHOR = 4  # so many in a row that are alone of their kind in a text fix it to the other
SWAP = 24  # a longer gap on both sides is another passage, not another wording
EDGE = 6  # the same before the first and after the last agreement, where agencies and footers stand
LEAD = 60  # the beginning of a text
STUB = 40  # below, a text may be the log-in notice of any article, so the titles must agree too
SHORT = 120  # below, it is a flash, and a flash differs from the next in one word
FOOTER = 150  # what a reprint may add around a flash

# As shares.
COVERED, COVERED_SHORT = 0.5, 0.85  # of the shorter text that the longer one must hold
EXCERPT = 0.5  # of the longer text, below which the shorter one must be its beginning
SWAPPED = 0.06  # of the tokens that agree: so many changes of wording make another text


class Block(NamedTuple):
    """`size` tokens that agree, from `a` in the one text and from `b` in the other."""

    a: int
    b: int
    size: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether two texts are one; `score` is the share of the shorter that the longer holds, `why` what decided."""

    copy: bool
    score: float
    why: str


def judge(one: tuple[str, str], other: tuple[str, str]) -> Verdict:
    """Compare two (title, text). Symmetric."""
    a, b = tokens(one[1]), tokens(other[1])
    if (len(a), a) > (len(b), b):
        a, b, one, other = b, a, other, one
    found = align(a, b)
    score = covered(found) / len(a) if a else 0.0
    if score < (COVERED_SHORT if len(a) < SHORT else COVERED):
        return Verdict(False, score, "too little in common")
    swaps = list(_swaps(a, b, found))
    for left, right in swaps:
        if _numbers(left) != _numbers(right):
            return Verdict(False, score, f"`{' '.join(left)}` against `{' '.join(right)}`")
    if len(swaps) > SWAPPED * sum(block.size for block in found):
        return Verdict(False, score, f"{len(swaps)} passages worded otherwise")
    names = _names(one[0], other[0])
    if names and _told_apart(names, "".join(a), "".join(b)):
        return Verdict(False, score, f"`{names[0]}` against `{names[1]}`")
    if not _lead_agrees(a, b, found):
        return Verdict(False, score, "another beginning")
    if len(a) < STUB and not like(one[0], other[0]):
        return Verdict(False, score, "a few words under another title")
    far = len(a) < EXCERPT * len(b) and len(b) - len(a) > FOOTER
    if far and not (like(one[0], other[0]) and found and min(block.b for block in found) < LEAD):
        return Verdict(False, score, "a passage of a longer text")
    return Verdict(True, score, f"{score:.0%} of the shorter text")


def tokens(text: str) -> list[str]:
    return _TOKEN.findall(_COMMA.sub("", fold(text)))


def align(a: Sequence[str], b: Sequence[str]) -> list[Block]:
    """The passages that two texts share, in the order of `b`. Linear: anchors are runs that occur once in `a`."""
    places: dict[tuple[str, ...], int] = {}
    for place, gram in enumerate(_grams(a)):
        places[gram] = -1 if gram in places else place
    found: list[Block] = []
    done = 0
    for at, gram in enumerate(_grams(b)):
        place = places.get(gram, -1)
        if at < done or place < 0:
            continue
        size = ANCHOR
        while place + size < len(a) and at + size < len(b) and a[place + size] == b[at + size]:
            size += 1
        back = 0
        while back < min(place, at - done) and a[place - back - 1] == b[at - back - 1]:
            back += 1
        found.append(Block(place - back, at - back, size + back))
        done = at + size
    return found


def covered(found: Iterable[Block]) -> int:
    """How many tokens of the first text the blocks hold; where two overlap they count once."""
    total = end = 0
    for block in sorted(found):
        total += max(0, block.a + block.size - max(end, block.a))
        end = max(end, block.a + block.size)
    return total


def _grams(text: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(text[start:] for start in range(ANCHOR)), strict=False)


def _swaps(a: Sequence[str], b: Sequence[str], found: Sequence[Block]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """What stands in the one text and what in the other between two passages that follow one another in both."""
    ends = [Block(0, 0, 0), *found, Block(len(a), len(b), 0)]
    for left, right in pairwise(ends):
        in_a, in_b = a[left.a + left.size : right.a], b[left.b + left.size : right.b]
        limit = SWAP if left.size and right.size else EDGE
        if 0 < len(in_a) <= limit and 0 < len(in_b) <= limit and right.a >= left.a + left.size:
            yield in_a, in_b


def _numbers(text: Iterable[str]) -> list[str]:
    return [token for token in text if token[0].isdigit() or token in _DIGITS]


def _names(one: str, other: str) -> tuple[str, str] | None:
    """Where two titles follow one pattern, what fills it: 伊朗 and 智利 in 欢迎伊朗总统访华 and 欢迎智利总统访华."""
    one, other = ("".join(tokens(title)) for title in (one, other))
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    end = next((at for at in range(shorter - start) if one[-1 - at] != other[-1 - at]), shorter - start)
    names = one[start : len(one) - end], other[start : len(other) - end]
    return names if all(names) and start + end >= shorter / 2 else None


def _told_apart(names: tuple[str, str], a: str, b: str) -> bool:
    """Whether each text speaks of its own name only."""
    return names[0] in a and names[1] in b and names[0] not in b and names[1] not in a


def _lead_agrees(a: Sequence[str], b: Sequence[str], found: Sequence[Block]) -> bool:
    """Whether the beginning of either text is to be found in the other: a common footer is no common story."""
    for side, length in ((0, len(a)), (1, len(b))):
        lead = min(LEAD, length)
        within = sum(max(0, min(lead, block[side] + block.size) - block[side]) for block in found)
        if within >= lead / 2:
            return True
    return False


def like(one: str, other: str) -> bool:
    """Whether two titles have half of the shorter one's pairs of characters in common."""
    a, b = (set(pairwise(re.sub(r"\W", "", fold(title)))) for title in (one, other))
    return 2 * len(a & b) >= min(len(a), len(b)) > 0


def best_first(hits: Iterable[tuple[int, int]], sketch: int) -> list[int]:
    """Article ids out of (hash, id) rows: those that share most with a sketch of so many hashes, no chance hits."""
    shared = Counter(article for _, article in hits)
    return [article for article, count in shared.most_common(4) if count >= max(2, sketch // 8)]
