"""More titles out of the labelled ones: patterns filled in, phrases regrouped, evasions played through. Pure.

Whatever looks random is drawn from the titles themselves, so that every run and every machine makes the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

# One title in so many.
JOINED = 12
UNPARTED = 3
EVADED = 3
BROKEN = 7
# So deep may fillings hold slots in whatever order.
DEPTH = 3


class Title(NamedTuple):
    """A labelled title: `label` is 1 for advertising, `kind` what it sells or tells of."""

    label: int
    kind: str
    text: str


def draw(*seed: object) -> int:
    """A number of 32 bits that depends on the seed alone."""
    # The multiplier (Knuth's) spreads what CRC leaves close together.
    return crc32("\t".join(map(str, seed)).encode()) * 2654435761 % 2**32


def expanded(path: Path) -> list[Title]:
    """The patterns of a TOML file filled in; each table is a pattern, its name the kind of its titles."""
    titles = []
    for name, pattern in tomllib.loads(path.read_text("utf-8")).items():
        for number in range(pattern["count"]):
            text = _pick(pattern["templates"], name, number)
            # Again for those that a later filling brought.
            for slot, fillings in [*pattern["slots"].items()] * DEPTH:
                text = _filled(text, slot, fillings, number)
            titles.append(Title(pattern["label"], name, text))
    return titles


def _filled(text: str, slot: str, fillings: list[str], number: int) -> str:
    parts = text.split(f"{{{slot}}}")
    filled = parts[0]
    for turn, part in enumerate(parts[1:]):
        filled += _pick(fillings, text, number, slot, turn) + part
    return filled


def _pick(choices: list[str], *seed: object) -> str:
    return choices[draw(*seed) % len(choices)]


def halved(titles: Iterable[Title]) -> Iterator[Title]:
    """Parts of each advertisement that is a chain of phrases: any two or three of them should be enough to tell."""
    for title in titles:
        phrases = title.text.split()
        if title.label and len(phrases) > 3:
            for start in sorted({0, draw(title.text) % (len(phrases) - 2), len(phrases) // 2}):
                yield title._replace(text=" ".join(phrases[start : start + 2 + draw(title.text, 1) % 2]))


def unparted(titles: Iterable[Title]) -> Iterator[Title]:
    """Titles without the gaps between their phrases, or with commas there: the words must tell by themselves."""
    for title in titles:
        if " " in title.text and not title.text.isascii() and draw(title.text, "unpart") % UNPARTED == 0:
            yield title._replace(text=title.text.replace(" ", ("", ",")[draw(title.text) % 2]))


def joined(titles: Iterable[Title]) -> Iterator[Title]:
    """Now and then two news side by side: headlines of three phrases are rare, but no advertisements for that."""
    short = [title for title in titles if not title.label and len(title.text) < 18]
    for title in short:
        if draw(title.text, "join") % JOINED == 0:
            other = short[draw(title.text) % len(short)].text
            yield title._replace(text=f"{title.text} {other}".replace(":", " "))


def evaded(titles: Iterable[Title]) -> Iterator[Title]:
    """Advertisements as a seller writes them who fears a filter; folding undoes most of it."""
    for title in titles:
        if title.label and draw(title.text, "evade") % EVADED == 0:
            yield title._replace(text="".join(_broken(title.text)))


def _broken(text: str) -> Iterator[str]:
    for place, character in enumerate(text):
        yield character
        if "\u4e00" <= character <= "\u9fff" and draw(text, place) % BROKEN == 0:
            yield "·*~ "[draw(text, place, 1) % 4]
