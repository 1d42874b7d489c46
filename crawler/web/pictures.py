"""A row of numbers as a picture: the boxes of bars, in its own units. No style stands in it, the style sheet has all.

Pure. What a picture shows is also told in words beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

BAR, GAP, HEIGHT = 8, 2, 40


class Bar(NamedTuple):
    """One bar; `value` is what it stands for, None where nothing is known."""

    x: int
    y: float
    width: int
    height: float
    value: float | None


class Picture(NamedTuple):
    """Bars beside each other; `most` is what the highest stands for."""

    width: int
    height: int
    bars: list[Bar]
    most: float


def bars(values: Sequence[float | None]) -> Picture:
    """A bar for each value, the highest as high as the picture; what is below zero has none."""
    most = max((value for value in values if value is not None), default=0)
    found = []
    for place, value in enumerate(values):
        size = max(0.0, value or 0) / most * HEIGHT if most > 0 else 0.0
        size = max(size, 1.0) if value and value > 0 else 0.0
        found.append(Bar(place * (BAR + GAP), round(HEIGHT - size, 1), BAR, round(size, 1), value))
    return Picture(len(values) * (BAR + GAP) - GAP, HEIGHT, found, most)
