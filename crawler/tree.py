"""A page as arrays: numbers per element and per line, so that no rule ever touches the parser's tree.

A *line* is what a reader sees as one: the text between two block borders or line breaks. Every line knows the box
(element) that holds it, how much of it is link text, and its anchors; every element knows the range of lines inside
it. Sizes are bytes of UTF-8, because a Chinese character carries about as much as three Latin letters: so the same
thresholds serve both scripts.

There are a thousand of these objects a page, so they are structs of msgspec: made in a third of the time that a
dataclass takes, and left alone by the garbage collector, for nothing in them ever forms a circle.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from msgspec import Struct

# How much of a page is kept; real pages have less than a fifth of it. The text of the links beyond is still known to
# be that of links, what stands in lines beyond is not read.
MAX_ELEMENTS, MAX_ANCHORS, MAX_LINES, MAX_OTHERS = 50_000, 20_000, 50_000, 10_000
MAX_LINE = 1_000_000  # characters
MAX_TITLE = 2_000  # characters of <title>: of a headline, a name, and the blanks of a template


class Element(Struct, gc=False):
    """An element that may hold text: `first` and `last` bound its lines (half open)."""

    tag: str
    parent: int
    name: str
    first: int
    hidden: bool
    first_anchor: int
    last: int = -1
    last_anchor: int = -1


class Anchor(Struct, gc=False):
    """A link with the line it stands in; `start` and `end` are offsets in the raw text of that line."""

    href: str
    text: str
    title: str
    line: int
    element: int
    rel: str
    image: bool = False


class Line(Struct, gc=False):
    """One line of the page. `link` is the part of `size` that stands in links.

    `spaced` is the text with a blank between the elements that style sheets set apart: "NAME 12:30", not "NAME12:30".
    `legal` says whether the text is a legal notice, once somebody has asked.
    """

    text: str
    box: int
    size: int
    link: int
    heading: int
    spaced: str
    ends: int = 0
    commas: int = 0
    anchors: Sequence[int] = ()
    broken: bool = False
    legal: bool | None = None


class Image(Struct, gc=False):
    """A picture and the line before which it stands."""

    src: str
    alt: str
    line: int
    element: int


class Time(Struct, gc=False):
    """A <time datetime> with the line it belongs to."""

    value: str
    line: int
    element: int


class Tree:
    """The arrays of one page, filled by `crawler.walk`."""

    __slots__ = (
        "_starts", "_text", "anchors", "base", "chosen", "elements", "html_lang", "images", "lines", "link_sum",
        "links", "metas", "picked", "players", "scripts", "shortened", "size_sum", "times",
        "title",
    )  # fmt: skip

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.lines: list[Line] = []
        self.anchors: list[Anchor] = []
        self.images: list[Image] = []
        self.times: list[Time] = []
        self.players: list[int] = []
        # What a site's own selectors found: the elements and the texts by the name of the field.
        self.chosen: dict[str, list[int]] = {}
        self.picked: dict[str, list[str]] = {}
        self.metas: list[tuple[str, str]] = []
        self.links: list[dict[str, str | None]] = []
        self.scripts: list[str] = []
        self.shortened = False  # the parser was not given all of it
        self.title = ""
        self.base = ""
        self.html_lang = ""
        self._text = ""
        self._starts: list[int] = []
        self.size_sum: list[int] = [0]
        self.link_sum: list[int] = [0]

    @property
    def cut(self) -> bool:
        """Whether the page has more than is kept."""
        full = len(self.elements) >= MAX_ELEMENTS or len(self.anchors) >= MAX_ANCHORS or len(self.lines) >= MAX_LINES
        return full or self.shortened

    def size(self, element: Element) -> int:
        """Bytes of text inside an element."""
        return self.size_sum[element.last] - self.size_sum[element.first]

    def link_share(self, element: Element) -> float:
        """The part of an element's text that stands in links, 0..1."""
        size = self.size(element)
        return (self.link_sum[element.last] - self.link_sum[element.first]) / size if size else 0.0

    @property
    def text(self) -> str:
        """The text of the page, a line a line; joined once."""
        if not self._starts:
            self._text = "\n".join([line.text for line in self.lines])
            self._starts = list(accumulate((len(line.text) + 1 for line in self.lines), initial=0))
        return self._text

    def lines_with(self, pattern: re.Pattern[str]) -> list[int]:
        """The numbers of the lines in which a pattern is found, in one scan of the page: lines are many and short.

        The pattern must not match across a line end, and `^` and `$` mean nothing in it.
        """
        text, starts = self.text, self._starts
        found = []
        match = pattern.search(text)
        while match:
            number = bisect_right(starts, match.start()) - 1
            found.append(number)
            match = pattern.search(text, starts[number + 1])
        return found

    def ancestors(self, index: int, most: int = sys.maxsize) -> list[int]:
        """The chain of element numbers from `index` up to the root, or the first `most` of it."""
        chain: list[int] = []
        while index >= 0 and len(chain) < most:
            chain.append(index)
            index = self.elements[index].parent
        return chain
