"""What differs between two texts, in time that grows with them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from storage.align import Block, align

LONGEST = 40_000  # characters of a text that are compared
# A passage that differs is looked at character by character if it is short, and these are not many.
SHORT, REFINED = 160, 60
MANY = 400  # passages
AROUND = 60  # characters of an equal passage that are shown before and behind what differs


class Part(NamedTuple):
    """A passage: `how` is same, gone (only in the first text), new (only in the second) or cut (left out here)."""

    how: str
    text: str


def changes(one: str, other: str) -> list[Part]:
    """The passages of two texts, one after the other."""
    a, b = one[:LONGEST], other[:LONGEST]
    blocks = [Block(0, 0, 0), *_rising(align(a, b)), Block(len(a), len(b), 0)]
    found, refined = list[Part](), 0
    for left, right in pairwise(blocks):
        gone, new = a[left.a + left.size : right.a], b[left.b + left.size : right.b]
        if gone and new and max(len(gone), len(new)) <= SHORT and refined < REFINED:
            refined += 1
            found += _refined(gone, new)
        else:
            found += [Part("gone", gone), Part("new", new)]
        found.append(Part("same", a[right.a : right.a + right.size]))
    return list(_joined(found))


def shortened(parts: list[Part]) -> list[Part]:
    """The same with long equal passages cut down to what stands beside a change."""
    found = list[Part]()
    for place, part in enumerate(parts):
        first, last = place == 0, place == len(parts) - 1
        room = AROUND * (1 if first or last else 2)
        if part.how != "same" or len(part.text) <= room + 20:
            found.append(part)
            continue
        head, tail = ("" if first else part.text[:AROUND]), ("" if last else part.text[-AROUND:])
        found += [Part("same", head), Part("cut", ""), Part("same", tail)]
    return [part for part in found if part.text or part.how == "cut"]


def _rising(blocks: list[Block]) -> list[Block]:
    """Those blocks that stand in the same order in both texts, with the most text in them."""
    blocks = sorted(blocks, key=lambda block: -block.size)[:MANY]
    blocks.sort(key=lambda block: (block.b, block.a))
    best, before = list[int](), list[int]()
    for place, block in enumerate(blocks):
        known = [
            (best[other], other)
            for other in range(place)
            if blocks[other].a + blocks[other].size <= block.a and blocks[other].b + blocks[other].size <= block.b
        ]
        most, last = max(known, default=(0, -1))
        best.append(most + block.size)
        before.append(last)
    place = max(range(len(blocks)), key=best.__getitem__, default=-1)
    chosen = list[Block]()
    while place >= 0:
        chosen.append(blocks[place])
        place = before[place]
    return chosen[::-1]


def _refined(gone: str, new: str) -> Iterator[Part]:
    for how, i, m, j, n in SequenceMatcher(None, gone, new, autojunk=False).get_opcodes():
        if how == "equal":
            yield Part("same", gone[i:m])
        else:
            yield Part("gone", gone[i:m])
            yield Part("new", new[j:n])


def _joined(parts: list[Part]) -> Iterator[Part]:
    """Without empty passages, and with one in place of several alike that follow each other."""
    last = Part("", "")
    for part in parts:
        if not part.text:
            continue
        if part.how == last.how:
            last = Part(last.how, last.text + part.text)
            continue
        if last.text:
            yield last
        last = part
    if last.text:
        yield last
