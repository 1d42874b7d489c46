"""How FTS5 ranks what it finds, so that the same can be reckoned for a collection that is no more. Pure.

The formula is that of SQLite's `bm25`, added up in its order, so that even the last bit agrees. A phrase counts in a
row when it and every bracket around it hold there; what stands behind NOT never counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

K1, B = 1.2, 0.75
LEAST_IDF = 1e-6

_PARTS = re.compile(r'"[^"]*"(?: \*)?|AND|OR|NOT|[()]')


class Node(NamedTuple):
    """A bracket: its operator and what it joins. A phrase has no operator; `text` is what FTS5 is told."""

    text: str
    operator: str = ""
    parts: tuple[Node, ...] = ()


class Totals(NamedTuple):
    """A collection: how many rows it has, and how many tokens are in them."""

    rows: int
    tokens: int

    def length(self, tokens: int) -> float:
        """What the length of a row comes to in the formula: long rows count for less."""
        return K1 * (1 - B + B * tokens / (self.tokens / self.rows))

    def idf(self, hits: int) -> float:
        """The weight of a phrase that so many rows hold."""
        found = math.log((self.rows - hits + 0.5) / (hits + 0.5))
        return found if found > 0.0 else LEAST_IDF


def parsed(match: str) -> Node:
    """An expression as `search.words_to_match` makes them: every operator has its brackets."""
    return _group(iter(_PARTS.findall(match)))


def _group(words: Iterator[str]) -> Node:
    parts: list[Node] = []
    operator = ""
    for word in words:
        if word == ")":
            break
        if word == "(":
            parts.append(_group(words))
        elif word[0] == '"':
            parts.append(Node(word))
        else:
            operator = word
    if len(parts) == 1:
        return parts[0]
    return Node("(" + f" {operator} ".join(part.text for part in parts) + ")", operator, tuple(parts))


def is_tangled(node: Node, *, root: bool = True, sure: bool = True, joined: bool = False) -> bool:
    """Whether FTS5's own ranking of an expression may be off.

    FTS5 forgets hits of an OR inside an AND that is itself inside of something (once that AND meets a row in which all
    words are and a phrase is not), and it counts what stands behind NOT where it gave up early what stands before
    (inside an OR, or behind another NOT). `sure`: nothing around goes on without this node; `joined`: such an AND is
    around it.
    """
    if (node.operator == "OR" and joined) or (node.operator == "NOT" and not sure):
        return True
    joined = joined or (node.operator == "AND" and not root)
    kept = sure and node.operator != "OR"
    return any(
        is_tangled(part, root=False, sure=kept and not (behind and node.operator == "NOT"), joined=joined)
        for behind, part in enumerate(node.parts)
    )


def frequency(score: float, idf: float, length: float) -> int:
    """How often a row holds the only phrase of an expression, weighted, from the score that FTS5 gave it."""
    share = -score / idf
    return round(share * length / (K1 + 1.0 - share))


def score(phrases: Iterable[tuple[float, int]], length: float) -> float:
    """The score of a row from weight and frequency of each phrase, in the expression's order; less is better."""
    total = 0.0
    for idf, often in phrases:
        total += idf * ((often * (K1 + 1.0)) / (often + length))
    return -1.0 * total
