"""Lines, links, pictures and metadata, gathered while the walk goes by.

`Gatherer` holds the state of the traversal: the open element and box, the line being gathered, the open link.
"""

from __future__ import annotations

import re
import sys

from selectolax.lexbor import LexborNode

from crawler.tags import PLAYER, SCRIPT, VOID_TAG
from crawler.tree import (
    MAX_ANCHORS,
    MAX_ELEMENTS,
    MAX_LINE,
    MAX_LINES,
    MAX_OTHERS,
    MAX_TITLE,
    Anchor,
    Image,
    Line,
    Tree,
)

REST = sys.maxsize  # stands for an open link that is one too many to be kept: its text still counts as a link's

_PLAYERS = ("player", "video", "youku", "youtube", "v.qq.com", "bilibili", "vimeo", ".swf")
_POINT = re.compile(r"[.;](?=[\s\"'”’)]|$)")


def _stops(text: str) -> tuple[int, int]:
    """How many sentences and how many clauses end in a text. Counting single marks costs less than a pattern."""
    count = text.count
    ends, commas = count("!") + count("?"), count(",")
    if "." in text or ";" in text:
        ends += len(_POINT.findall(text))
    if not text.isascii():
        ends += count("。") + count("！") + count("？") + count("；") + count("…")
        commas += count("，") + count("、") + count("：")
    return ends, commas


class Gatherer:
    """What the page has told so far, and what is still open."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.elements, self.lines, self.anchors = self.tree.elements, self.tree.lines, self.tree.anchors
        self.current, self.box, self.heading = -1, 0, 0
        self.parts: list[str] = []
        self.link_size = 0
        self.anchor = -1
        self.anchor_parts: list[str] = []
        self.boxed, self.pre = False, 0
        self.pending: list[int] = []
        self.wrapping: dict[int, None] = {}  # the links around whole lines, in their order
        self.chosen: dict[int, str] = {}

    def text(self, value: str) -> None:
        """A text inside a link or a <pre>."""
        if self.pre and "\n" in value:
            self._split_lines(value)
            return
        self.parts.append(value)
        if self.anchor >= 0:
            self.anchor_parts.append(value)
            self.link_size += len(value.strip())

    def _split_lines(self, value: str) -> None:  # the text of a <pre>: its line ends are borders
        for line in value.split("\n"):
            self.parts.append(line)
            self.flush(self.box)

    def special(self, kind: int, tag: str, node: LexborNode) -> None:
        if kind == VOID_TAG:
            self._void(tag, node)
        elif kind == PLAYER:
            source = (node.attributes.get("src") or "").lower()
            if len(self.tree.players) < MAX_OTHERS and (tag == "video" or any(word in source for word in _PLAYERS)):
                self.tree.players.append(len(self.tree.lines))
        elif kind == SCRIPT:
            if len(self.tree.scripts) < MAX_OTHERS and "ld+json" in (node.attributes.get("type") or ""):
                self.tree.scripts.append(node.text(deep=True) or "")
        elif not self.tree.title and not self.tree.lines:
            self.tree.title = " ".join((node.text(deep=True) or "")[:MAX_TITLE].split())

    def flush(self, box: int) -> None:
        """End the line that is being gathered."""
        parts, pending, link = self.parts, self.pending, self.link_size
        single = len(parts) == 1
        whole = link > 0 and single and len(pending) == 1 and self.anchor < 0  # the line is one link
        if whole:
            text = self.anchors[pending[0]].text
        else:
            raw = parts[0] if single else "".join(parts)
            text = " ".join((raw if len(raw) <= MAX_LINE else raw[:MAX_LINE]).split())
        self.link_size = 0
        if not text or len(self.lines) >= MAX_LINES:
            parts.clear()
            return
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if whole:
            link, linked = size, True
        elif link:
            # `link` counts characters: the share of them is the share of bytes.
            link = min(size, link * size // len(text))
            linked = link * 2 > size
        else:
            linked = False
        spaced = text if single or linked or len(text) >= 200 else " ".join(" ".join(parts).split())
        parts.clear()
        ends = commas = 0
        if size > 24 and (size >= 90 or not linked):
            ends, commas = _stops(text)
        if pending:
            self.pending = []
            self.lines.append(Line(text, box, size, link, self.heading, spaced, ends, commas, pending))
        else:
            self.lines.append(Line(text, box, size, link, self.heading, spaced, ends, commas))
        if self.anchor >= 0:
            self._flushed_in_anchor(self.lines[-1])

    def _flushed_in_anchor(self, line: Line) -> None:
        """A box inside a link ends the line: what stood before the link is a line of its own."""
        self.boxed = True
        if self.anchor == REST:
            return
        self.wrapping[self.anchor] = None
        anchor = self.tree.anchors[self.anchor]
        if any(part.strip() for part in self.anchor_parts):
            line.anchors = [*line.anchors, self.anchor]
        else:
            anchor.line = len(self.tree.lines)
            element = self.tree.elements[anchor.element]
            if element.tag == "a":
                element.first = anchor.line

    def open_anchor(self, attributes: dict[str, str | None]) -> None:
        href = attributes.get("href")
        if not href:
            return
        self.close_anchor()
        tree = self.tree
        self.anchor = len(tree.anchors)
        if self.anchor >= MAX_ANCHORS:
            self.anchor = REST
            return
        title, rel = attributes.get("title") or "", attributes.get("rel") or ""
        element = len(tree.elements) if len(tree.elements) < MAX_ELEMENTS else self.current
        tree.anchors.append(Anchor(href.strip(), "", title, len(tree.lines), element, rel))

    def close_anchor(self) -> None:
        if self.anchor < 0:
            return
        if self.boxed:
            if self.parts:
                self.flush(self.box)
            self.boxed = False
        if self.anchor != REST:
            self.tree.anchors[self.anchor].text = " ".join("".join(self.anchor_parts).split())
            if self.parts:
                self.pending.append(self.anchor)
        self.anchor_parts.clear()
        self.anchor = -1

    def _void(self, tag: str, node: LexborNode) -> None:
        tree = self.tree
        if tag in ("br", "hr"):
            if self.parts:
                before = len(tree.lines)
                self.flush(self.box)
                if len(tree.lines) > before:
                    tree.lines[-1].broken = True
        elif len(tree.images) + len(tree.metas) + len(tree.links) >= MAX_OTHERS:
            pass
        elif tag == "img":
            attributes = node.attributes
            src = attributes.get("data-src") or attributes.get("data-original") or attributes.get("src") or ""
            tree.images.append(Image(src, attributes.get("alt") or "", len(tree.lines), self.current))
            if 0 <= self.anchor < REST:
                tree.anchors[self.anchor].image = True
        elif tag == "meta":
            attributes = node.attributes
            key = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
            key = key or attributes.get("http-equiv") or ""
            if key:
                tree.metas.append((key.strip().lower(), (attributes.get("content") or "").strip()))
        elif tag == "link":
            tree.links.append(node.attributes)
        elif tag == "base" and not tree.base:
            tree.base = (node.attributes.get("href") or "").strip()
