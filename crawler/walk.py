"""One pass over the parsed page, filling the arrays of `crawler.tree`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from selectolax.lexbor import LexborNode

from crawler.gather import MAX_ELEMENTS, Gatherer
from crawler.parse import parse, selected
from crawler.tags import (
    ANCHOR,
    BLOCK_TAG,
    HEADS,
    MARK,
    SKIP_TAG,
    TEXT,
    TEXT_NODE,
    UNKNOWN,
    kinds,
)
from crawler.tree import Anchor, Element, Time, Tree

_TELLING = frozenset(("style", "hidden", "aria-hidden", "itemprop", "role", "datetime", "lang", "xml:lang"))
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)


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


class _Walk(Gatherer):
    """The way through the tree."""

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
                    self.split_lines(value)
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
                self.special(kind, tag, node)
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

    def _open(self, kind: int, tag: str, node: LexborNode) -> Around:
        around = (kind, self.current, self.box, self.heading)
        if kind == BLOCK_TAG and self.parts:
            self.flush(self.box)
        tree = self.tree
        attributes = node.attributes
        if kind == ANCHOR:
            self.open_anchor(attributes)
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
            self.close_anchor()
        if self.current != parent:
            tree = self.tree
            element = tree.elements[self.current]
            element.last, element.last_anchor = len(tree.lines), len(tree.anchors)
            if self.pre and element.tag == "pre":
                self.pre -= 1
        self.current, self.box, self.heading = parent, box, heading

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
