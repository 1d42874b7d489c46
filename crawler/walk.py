"""One pass over the parsed page, filling the arrays of `crawler.tree`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from selectolax.lexbor import LexborNode

from crawler.parse import parse, selected
from crawler.tags import (
    ANCHOR,
    BLOCK_TAG,
    HEADS,
    MARK,
    PLAYER,
    SCRIPT,
    SKIP_TAG,
    TEXT,
    TEXT_NODE,
    UNKNOWN,
    VOID_TAG,
    kinds,
)
from crawler.tree import Anchor, Element, Image, Line, Time, Tree

MAX_ELEMENTS = 200_000

_TELLING = frozenset(("style", "hidden", "aria-hidden", "itemprop", "role", "datetime", "lang", "xml:lang"))
_PLAYER = re.compile(r"player|video|youku|youtube|v\.qq\.com|bilibili|vimeo|\.swf", re.I)
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)
_SENTENCE = re.compile(r"[。！？；…!?]|[.;](?=[\s\"'”’)]|$)")
_COMMA = re.compile(r"[，、,：]")


def grow(html: str, *, drop: Sequence[str] = (), select: Mapping[str, str] | None = None) -> Tree:
    """Walk the page once and return its arrays. Raises ExtractError where there is nothing to parse.

    A site's own CSS selectors take boxes out before the walk (`drop`) or mark those that hold a field (`select`).
    """
    root = parse(html)
    walk = _Walk()
    tree = walk.tree
    for node in selected(root, drop):
        node.decompose()
    for name, selector in (select or {}).items():
        nodes = selected(root, (selector,))
        walk.chosen.update({node.mem_id: name for node in nodes})
        tree.picked[name] = [" ".join(node.text(deep=True, separator=" ").split()) for node in nodes]
    walk.visit(root)
    lines, anchors = len(tree.lines), len(tree.anchors)
    for element in tree.elements:
        if element.last < 0:
            element.last, element.last_anchor = lines, anchors
    _unlink_wrapped(tree)
    tree.size_sum = list(accumulate((line.size for line in tree.lines), initial=0))
    tree.link_sum = list(accumulate((line.link for line in tree.lines), initial=0))
    return tree


def _unlink_wrapped(tree: Tree) -> None:
    """A link around whole paragraphs was never closed: its text is no link text."""
    for anchor in tree.anchors:
        box = tree.elements[anchor.element]
        if box.tag == "a" and box.last - box.first >= 3:
            inside = tree.lines[box.first : box.last]
            if sum(line.ends for line in inside) >= 3 and sum(line.size for line in inside) > 600:
                for line in inside:
                    line.link = 0


# What an element leaves when it closes: its kind, the element and the box around it, the heading level there.
Around = tuple[int, int, int, int]
_MARKED: Around = (MARK, 0, 0, 0)


class _Walk:
    """The state of the traversal: the open elements, the line being gathered, the open link."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.current, self.box, self.heading = -1, 0, 0
        self.parts: list[str] = []
        self.link_size = 0
        self.anchor = -1
        self.anchor_parts: list[str] = []
        self.boxed, self.pre = False, 0
        self.pending: list[int] = []
        self.chosen: dict[int, str] = {}

    def visit(self, root: LexborNode) -> None:
        """Every node once, without recursion: pages nest deeper than Python's stack. The loop is hot: 1 us a node."""
        parts, anchor_parts = self.parts, self.anchor_parts
        kind_of = kinds().get
        path: list[LexborNode] = []
        opened: list[Around] = []  # what stands around each node in `path`
        node: LexborNode | None = root
        while node is not None:
            kind, tag = kind_of(node.tag_id, UNKNOWN)
            if kind == TEXT:
                value = node.text_content or ""
                if self.pre and "\n" in value:
                    self._lines(value)
                elif parts or not value.isspace():
                    parts.append(value)
                    if self.anchor >= 0:
                        anchor_parts.append(value)
                        self.link_size += len(value.strip())
            elif kind == ANCHOR and self._plain_link(node):
                pass
            elif kind >= MARK:
                child = node.first_child
                around = _MARKED if kind == MARK else self._open(kind, tag, node)
                if child is not None:
                    path.append(node)
                    opened.append(around)
                    node = child
                    continue
                if around is not _MARKED:
                    self._leave(*around)
            elif kind != SKIP_TAG:
                self._special(kind, tag, node)
            following = node.next
            while following is None and path:
                node = path.pop()
                around = opened.pop()
                if around is not _MARKED:
                    self._leave(*around)
                following = node.next
            node = following
        if parts:
            self.flush(0)

    def _lines(self, value: str) -> None:  # the text of a <pre>: its line ends are borders
        for line in value.split("\n"):
            self.parts.append(line)
            self.flush(self.box)

    def _special(self, kind: int, tag: str, node: LexborNode) -> None:
        if kind == VOID_TAG:
            self._void(tag, node)
        elif kind == PLAYER:
            attributes = node.attributes
            if tag == "video" or _PLAYER.search(attributes.get("src") or ""):
                self.tree.players.append(len(self.tree.lines))
        elif kind == SCRIPT:
            if "ld+json" in (node.attributes.get("type") or ""):
                self.tree.scripts.append(node.text(deep=True) or "")
        elif not self.tree.title and not self.tree.lines:
            self.tree.title = " ".join((node.text(deep=True) or "").split())

    def _open(self, kind: int, tag: str, node: LexborNode) -> Around:
        around = (kind, self.current, self.box, self.heading)
        if kind == BLOCK_TAG and self.parts:
            self.flush(self.box)
        tree = self.tree
        attributes = node.attributes
        if kind == ANCHOR:
            self._open_anchor(attributes)
        elements = tree.elements
        number = len(elements)
        if number >= MAX_ELEMENTS:
            return around
        first_anchor = len(tree.anchors) - (kind == ANCHOR and self.anchor >= 0)
        name, hidden = "", self.current >= 0 and elements[self.current].hidden
        if attributes:
            name, identity = attributes.get("class") or "", attributes.get("id")
            if identity:
                name = f"{name} {identity}"
            if not _TELLING.isdisjoint(attributes):
                name, hidden = self._attributes(tag, attributes, name, hidden)
        if tag in HEADS:
            self.heading = HEADS[tag]
        elif tag == "pre":
            self.pre += 1
        if self.chosen and node.mem_id in self.chosen:
            tree.chosen.setdefault(self.chosen[node.mem_id], []).append(number)
        elements.append(Element(tag or node.tag or "", self.current, name, len(tree.lines), hidden, first_anchor))
        self.current = number
        if kind == BLOCK_TAG:
            self.box = number
        return around

    def _attributes(self, tag: str, attributes: dict[str, str | None], name: str, hidden: bool) -> tuple[str, bool]:
        """What the rarer attributes of an element tell: its name completed, and whether it is hidden."""
        style = attributes.get("style")
        if "hidden" in attributes or attributes.get("aria-hidden") == "true" or (style and _HIDDEN.search(style)):
            hidden = True
        if attributes.get("itemprop"):
            name = f"{name} {attributes['itemprop']}"
        if attributes.get("role") == "heading":
            self.heading = HEADS.get(f"h{attributes.get('aria-level') or '2'}", 2)
        if tag == "time" and attributes.get("datetime"):
            number = len(self.tree.elements)
            self.tree.times.append(Time(attributes["datetime"] or "", len(self.tree.lines), number))
        elif tag == "html":
            self.tree.html_lang = attributes.get("lang") or attributes.get("xml:lang") or ""
        return name, hidden

    def _leave(self, kind: int, parent: int, box: int, heading: int) -> None:
        if kind == BLOCK_TAG:
            if self.parts:
                self.flush(self.box)
        elif kind == ANCHOR:
            self._close_anchor()
        if self.current != parent:
            tree = self.tree
            element = tree.elements[self.current]
            element.last, element.last_anchor = len(tree.lines), len(tree.anchors)
            if self.pre and element.tag == "pre":
                self.pre -= 1
        self.current, self.box, self.heading = parent, box, heading

    def flush(self, box: int) -> None:
        """End the line that is being gathered."""
        parts = self.parts
        single = len(parts) == 1
        raw = parts[0] if single else "".join(parts)
        text = " ".join(raw.split())
        link, self.link_size = self.link_size, 0
        if not text:
            parts.clear()
            return
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        # `link` counts characters: the share of them is the share of bytes.
        link = min(size, link * size // len(text)) if link else 0
        linked = link * 2 > size
        spaced = text if single or linked or len(text) >= 200 else " ".join(" ".join(parts).split())
        parts.clear()
        line = Line(text, box, size, link, self.heading, spaced)
        if size > 24 and (not linked or size >= 90):
            line.ends = len(_SENTENCE.findall(text))
            line.commas = len(_COMMA.findall(text))
        if self.pending:
            line.anchors, self.pending = self.pending, []
        self.tree.lines.append(line)
        if self.anchor >= 0:
            self._flushed_in_anchor(line)

    def _flushed_in_anchor(self, line: Line) -> None:
        """A box inside a link ends the line: what stood before the link is a line of its own."""
        anchor = self.tree.anchors[self.anchor]
        if any(part.strip() for part in self.anchor_parts):
            line.anchors = [*line.anchors, self.anchor]
        else:
            anchor.line = len(self.tree.lines)
            element = self.tree.elements[anchor.element]
            if element.tag == "a":
                element.first = anchor.line
        self.boxed = True

    def _open_anchor(self, attributes: dict[str, str | None]) -> None:
        href = attributes.get("href")
        if not href:
            return
        self._close_anchor()
        tree = self.tree
        self.anchor = len(tree.anchors)
        title, rel = attributes.get("title") or "", attributes.get("rel") or ""
        element = len(tree.elements) if len(tree.elements) < MAX_ELEMENTS else self.current
        tree.anchors.append(Anchor(href.strip(), "", title, len(tree.lines), element, rel))

    def _plain_link(self, node: LexborNode) -> bool:
        """Take a link that holds one text and nothing else, as most do, in one step; False for any other."""
        child = node.first_child
        if child is None or child.tag_id != TEXT_NODE or child.next is not None or self.chosen or self.pre:
            return False
        attributes = node.attributes
        href, value = attributes.get("href"), child.text_content or ""
        tree, parts = self.tree, self.parts
        number, lines, anchors = len(tree.elements), len(tree.lines), len(tree.anchors)
        if not href or number >= MAX_ELEMENTS or self.anchor >= 0 or value.isspace():
            return False
        parent = self.current
        name, hidden = attributes.get("class") or "", parent >= 0 and tree.elements[parent].hidden
        if len(attributes) > 1:
            identity = attributes.get("id")
            if identity:
                name = f"{name} {identity}"
            if not _TELLING.isdisjoint(attributes):
                heading = self.heading
                name, hidden = self._attributes("a", attributes, name, hidden)
                if self.heading != heading:
                    self.heading = heading
                    return False
        title, rel = attributes.get("title") or "", attributes.get("rel") or ""
        tree.elements.append(Element("a", parent, name, lines, hidden, anchors, lines, anchors + 1))
        tree.anchors.append(Anchor(href.strip(), " ".join(value.split()), title, lines, number, rel))
        self.link_size += len(value.strip())
        parts.append(value)
        self.pending.append(anchors)
        return True

    def _close_anchor(self) -> None:
        if self.anchor < 0:
            return
        if self.boxed:
            if self.parts:
                self.flush(self.box)
            self.boxed = False
        self.tree.anchors[self.anchor].text = " ".join("".join(self.anchor_parts).split())
        self.anchor_parts.clear()
        if self.parts:
            self.pending.append(self.anchor)
        self.anchor = -1

    def _void(self, tag: str, node: LexborNode) -> None:
        tree = self.tree
        if tag in ("br", "hr"):
            if self.parts:
                before = len(tree.lines)
                self.flush(self.box)
                if len(tree.lines) > before:
                    tree.lines[-1].broken = True
        elif tag == "img":
            attributes = node.attributes
            src = attributes.get("data-src") or attributes.get("data-original") or attributes.get("src") or ""
            tree.images.append(Image(src, attributes.get("alt") or "", len(tree.lines), self.current))
            if self.anchor >= 0:
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
