"""Whether two articles tell one story in the same words: the texts are laid side by side, and what differs decides.

No single number parts copies from look-alikes: yesterday's market report agrees with today's in nine characters of
ten, a cut and retitled copy with its original in three. So the texts are aligned, and a number that changed at the
same place makes another article, while a paragraph that was dropped or added does not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from storage.align import LEAD, Block, Gap, align, covered, gaps, lead_agrees, longest_run, replaced
from storage.conflicts import denied, opposed, proper, turned
from storage.texts import alike, exact, mainland, plain, story_lines

_NUMBER = re.compile(r"\d+(?:\.\d+)?[万亿]?")
_CALENDAR = frozenset("年月日季")

# In characters of the exact form.
TIGHT = 4  # numbers stand at the same place when no more than this stands beside them, or the same does
STUB = 60  # below, a text may be the log-in notice of any article, so the titles must agree too
LONG = 300  # from here on (layout and all) the same text is the same article at any time
NOTICE = 40  # below, without a number in it, it may be a notice that stands under any title
SHORT = 150  # below, it is a flash, and a flash differs from the next in one word
GARBLED = 2  # so many slips of a scanner, and there may be some in numbers
FOOTER = 200  # what a reprint may add around a flash

# As shares.
COVERED, COVERED_SHORT = 0.5, 0.65  # of the shorter text that the longer one must hold
WHOLE, NEARLY_ALL = 0.75, 0.95  # below the first, one run must make up half of it; the second needs no like title
REPLACED, REPLACED_SHORT = (
    0.25,
    0.15,
)  # of what agrees and what stands in its place: a follow-up says other things between the quotations
EXCERPT = 0.4  # of the longer text, below which the shorter one must be its beginning
SWAPPED = 0.06  # of what agrees: so many changes of wording make another text


class Told(NamedTuple):
    """An article as it is compared: title and text in exact form, the text without furniture; the Latin names in it."""

    title: str
    text: str
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether two texts are one; `score` is the share of the shorter that the longer holds, `why` what decided.

    `conflict`: they follow one pattern and say different things, so that no third text may join them. `differing`
    are the pairs of passages that stand at the same place and differ.
    """

    copy: bool
    score: float
    why: str
    conflict: bool = False
    differing: tuple[tuple[str, str], ...] = field(default=())


# What looks like one article looks like the next as well.
@lru_cache(maxsize=1024)
def told(title: str, text: str, furniture: frozenset[str] = frozenset()) -> Told:
    """Prepare an article; `furniture` are lines (plain form) that its site repeats under every article."""
    lines = story_lines(alike(text))
    own = [line for line in lines if plain(line) not in furniture] if furniture else lines
    return Told(exact(alike(title)), exact("\n".join(own or lines)), proper(text))


def judge(one: Told, other: Told) -> Verdict:
    """Compare two articles. Symmetric."""
    if one > other:
        one, other = other, one
    return _judged(one, other)


# A story that many tell is decided again with each of them, and most pairs are those of the time before.
@lru_cache(maxsize=1024)
def _judged(one: Told, other: Told) -> Verdict:
    verdict, worded = _judge(one, other)
    if not worded:
        return verdict
    # The same in the words of Taiwan: compared again, both in the mainland's.
    one, other = (Told(mainland(told.title), mainland(told.text), told.names) for told in (one, other))
    return _judge(one, other)[0]


def _judge(one: Told, other: Told) -> tuple[Verdict, bool]:
    """The verdict, and whether some of what differs is one thing in the words of two places."""
    if (len(one.text), one.text, one.title) > (len(other.text), other.text, other.title):
        one, other = other, one
    a, b = one.text, other.text
    found = align(a, b)
    score = covered(found) / len(a) if a else 0.0
    if score < (COVERED_SHORT if len(a) < SHORT else COVERED):
        return Verdict(False, score, "too little in common"), False
    between = list(gaps(a, b, found))
    swaps = [gap[:2] for gap in between if gap.left and gap.right]
    worded = any(mainland(left) == mainland(right) for left, right in swaps)
    clash = _clash(swaps, between, len(a)) or _opposed(one, other, between) or _titles_clash(one, other, swaps)
    if clash:
        return Verdict(False, score, f"`{clash[0]}` against `{clash[1]}`", True, (clash,)), worded
    refusal = _refusal(one, other, found, score, len(swaps))
    why = refusal or f"{score:.0%} of the shorter text"
    return Verdict(not refusal, score, why, differing=tuple(swaps[:8])), worded


def _refusal(one: Told, other: Told, found: Sequence[Block], score: float, swaps: int) -> str:
    """Why two texts that do not contradict one another are two all the same; "" when they are one."""
    a, b = one.text, other.text
    agreed = sum(block.size for block in found)
    if swaps > max(1, SWAPPED * agreed):
        return f"{swaps} passages worded otherwise"
    others = min(replaced(found), len(a) - covered(found))
    if others > (REPLACED_SHORT if len(a) < SHORT else REPLACED) * (agreed + others):
        return "other passages in their place"
    if score < WHOLE and 2 * longest_run(found) < agreed:
        return "phrases here and there"
    if not lead_agrees(a, b, found):
        return "another beginning"
    alike_titles = like(one.title, other.title)
    if len(a) < SHORT and not alike_titles and score < NEARLY_ALL and 3 * len(a) < 2 * len(b):
        return "a part of another text"
    if noticed(one, other) or (len(a) < STUB and not alike_titles and score <= NEARLY_ALL):
        return "a few words under another title"
    far = len(a) < EXCERPT * len(b) and len(b) - len(a) > FOOTER
    if far and not (alike_titles and min(block.b for block in found) < LEAD):
        return "a passage of a longer text"
    return ""


def _opposed(one: Told, other: Told, between: Sequence[Gap]) -> tuple[str, str] | None:
    """The first place where the texts name another person, place, unit or direction, or one denies the other."""
    if denied(one.title, one.text, other.title, other.text):
        return one.title, other.title
    slips = sum(_slip(gap.left, gap.right) for gap in between)
    names = one.names, other.names
    for gap in between:
        # Where a scanner lost more, it lost a 不 as well.
        if opposed(gap, names) and not (slips > GARBLED and _slip(gap.left, gap.right)):
            return gap[:2]
    return None


def _clash(swaps: Sequence[tuple[str, str]], between: Sequence[Gap], size: int) -> tuple[str, str] | None:
    """The first place where the texts say another number, if that is no slip of a scanner.

    A text with slips in its words may have some in its numbers: a digit lost, doubled or misread.
    """
    numbers = [swap for swap in swaps if _same_place(*swap) and _numbers(swap[0]) != _numbers(swap[1])]
    if not numbers:
        return None
    if any(_dated(gap) and len(gap.left) == len(gap.right) for gap in between if gap[:2] in numbers):
        return numbers[0]
    slips = sum(_slip(gap.left, gap.right) for gap in between)
    garbled = size >= SHORT and slips >= max(GARBLED, len(numbers)) and all(_one_digit(*swap) for swap in numbers)
    return None if garbled else numbers[0]


def _slip(left: str, right: str) -> bool:
    """One character that a scanner lost, added or misread."""
    return max(len(left), len(right)) == 1 and not _NUMBER.search(left + right) and not turned(left, right)


def _dated(gap: Gap) -> bool:
    """Whether the number that differs is part of a date, a weekday or a quarter."""
    return gap.after[:1] in _CALENDAR or gap.before[-1:] in _CALENDAR or gap.before.endswith("周")


def _same_place(left: str, right: str) -> bool:
    """Whether both have numbers, and what stands beside them is next to nothing or much the same."""
    one, other = _NUMBER.sub("", left), _NUMBER.sub("", right)
    if one == left or other == right:
        return False
    common = sum((Counter(one) & Counter(other)).values())
    return max(len(one), len(other)) <= TIGHT or 2 * common >= max(len(one), len(other))


def _numbers(text: str) -> list[str]:
    return sorted(_NUMBER.findall(text))


def _one_digit(left: str, right: str) -> bool:
    """Whether one digit more, less or other makes the digits of the one those of the other."""
    a, b = ("".join(filter(str.isdigit, text)) for text in (left, right))
    if abs(len(a) - len(b)) > 1:
        return False
    start = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    return rest_a[1:] == rest_b or rest_b[1:] == rest_a or rest_a[1:] == rest_b[1:]


def _titles_clash(one: Told, other: Told, swaps: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """Where two titles follow one pattern and each text speaks of what its own title says there."""
    names = _names(one.title, other.title)
    if not names:
        return None
    numbers = [_numbers(name) for name in names]
    if all(numbers) and numbers[0] != numbers[1]:
        return names
    if names in swaps or names[::-1] in swaps:
        return names
    shares = (_own_share(names[0], one.text, other.text), _own_share(names[1], other.text, one.text))
    return names if min(shares) >= 0.5 else None


def _own_share(name: str, text: str, other: str) -> float:
    """The share of a name's pairs of characters that its own text has and the other has not."""
    pairs = _pairs(name)
    return sum(pair in text and pair not in other for pair in pairs) / len(pairs)


def _pairs(name: str) -> list[str]:
    return list(map("".join, pairwise(name))) if len(name) > 1 else [name]


def _names(one: str, other: str) -> tuple[str, str] | None:
    """Where two titles follow one pattern, what fills it: 伊朗 and 智利 in 欢迎伊朗总统访华 and 欢迎智利总统访华."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    end = next((at for at in range(shorter - start) if one[-1 - at] != other[-1 - at]), shorter - start)
    names = one[start : len(one) - end], other[start : len(other) - end]
    return names if all(names) and start + end >= shorter / 2 else None


def same_text(one: tuple[str, str], other: tuple[str, str], near: bool) -> bool:
    """Whether two articles (title and text) of one text are one; `near`: told within the window of copies.

    A short text may be a warning that is given again, or a notice that stands under any title.
    """
    return min(len(one[1]), len(other[1])) >= LONG or (near and not noticed(told(*one), told(*other)))


def noticed(one: Told, other: Told) -> bool:
    """Whether the shorter text may be a notice that stands under any title: short, and nothing in it is particular."""
    text = min(one.text, other.text, key=len)
    return len(text) < NOTICE and not like(one.title, other.title) and not _NUMBER.search(text)


def like(one: str, other: str) -> bool:
    """Whether two titles have half of the shorter one's pairs of characters in common."""
    a, b = set(pairwise(one)), set(pairwise(other))
    return 2 * len(a & b) >= min(len(a), len(b)) > 0
