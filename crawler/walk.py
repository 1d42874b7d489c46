"""One pass over the parsed page, filling the arrays of `crawler.tree`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from selectolax.lexbor import LexborNode

from crawler.gather import REST, Gatherer
from crawler.parse import parse, selected
from crawler.tags import (
    ANCHOR,
    BLOCK_TAG,
    HEADS,
    MARK,
    SKIP_TAG,
    TEXT_NODE,
    UNKNOWN,
    kinds,
)
from crawler.tree import MAX_ANCHORS, MAX_ELEMENTS, MAX_OTHERS, Anchor, Element, Time, Tree

_TELLING = frozenset(("style", "hidden", "aria-hidden", "itemprop", "role", "datetime", "lang", "xml:lang"))
_SET_APART = frozenset((*HEADS, "pre"))
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)


def grow(html: str, *, drop: Sequence[str] = (), select: Mapping[str, str] | None = None) -> Tree:
    """Walk the page once and return its arrays. Raises ExtractError where there is nothing to parse.

    A site's own CSS selectors take boxes out before the walk (`drop`) or mark those that hold a field (`select`).
    """
    root, shortened = parse(html)
    walk = _Walk()
    tree = walk.tree
    tree.shortened = shortened
    for node in selected(root, drop):
        node.decompose()
    for name, selector in (select or {}).items():
        nodes = selected(root, (selector,))
        walk.chosen.update({node.mem_id: name for node in nodes})
        tree.picked[name] = [" ".join(node.text(deep=True, separator=" ").split()) for node in nodes]
    walk.visit(root)
    _unlink_wrapped(tree, walk.wrapping)
    tree.size_sum = list(accumulate([line.size for line in tree.lines], initial=0))
    tree.link_sum = list(accumulate([line.link for line in tree.lines], initial=0))
    return tree


def _unlink_wrapped(tree: Tree, wrapping: Iterable[int]) -> None:
    """A link around whole paragraphs was never closed: its text is no link text."""
    for number in wrapping:
        box = tree.elements[tree.anchors[number].element]
        if box.tag == "a" and box.last - box.first >= 3:
            inside = tree.lines[box.first : box.last]
            if sum(line.ends for line in inside) >= 3 and sum(line.size for line in inside) > 600:
                for line in inside:
                    line.link = 0


# What an element leaves when it closes: its kind, the element and the box around it, the heading level there.
Around = tuple[int, int, int, int]
_MARKED: Around = (MARK, 0, 0, 0)


class _Walk(Gatherer):
    """The way through the tree. Its loop and what it calls are hot: bytecodes count, so the lists have short names."""

    def visit(self, root: LexborNode) -> None:
        """Every node once, without recursion: pages nest deeper than Python's stack."""
        parts = self.parts
        kind_of = kinds().get
        path: list[LexborNode] = []
        opened: list[Around] = []  # what stands around each node in `path`
        node: LexborNode | None = root
        while node is not None:
            number = node.tag_id
            if number == TEXT_NODE:
                value = node.text_content or ""
                if parts or not value.isspace():
                    if self.anchor >= 0 or self.pre:
                        self.text(value)
                    else:
                        parts.append(value)
            else:
                kind, tag = kind_of(number, UNKNOWN)
                if kind == MARK:
                    child = node.first_child
                    if child is not None:
                        path.append(node)
                        opened.append(_MARKED)
                        node = child
                        continue
                elif kind > MARK:
                    if kind != ANCHOR or not self._plain_link(node):
                        around = self._open(kind, tag, node)
                        child = node.first_child
                        if child is not None:
                            path.append(node)
                            opened.append(around)
                            node = child
                            continue
                        self._leave(around)
                elif kind != SKIP_TAG:
                    self.special(kind, tag, node)
            following = node.next
            while following is None and path:
                node = path.pop()
                around = opened.pop()
                if around is not _MARKED:
                    self._leave(around)
                following = node.next
            node = following
        if parts:
            self.flush(0)

    def _open(self, kind: int, tag: str, node: LexborNode) -> Around:
        parent, elements = self.current, self.elements
        around = (kind, parent, self.box, self.heading)
        if self.parts and kind == BLOCK_TAG:
            self.flush(self.box)
        attributes = node.attributes
        first_anchor = len(self.anchors)
        if kind == ANCHOR:
            self.open_anchor(attributes)
            first_anchor = len(self.anchors) - (0 <= self.anchor < REST)
        number = len(elements)
        if number >= MAX_ELEMENTS:
            return around
        name, hidden = "", parent >= 0 and elements[parent].hidden
        if attributes:
            name, identity = attributes.get("class") or "", attributes.get("id")
            if identity:
                name = f"{name} {identity}"
            if not _TELLING.isdisjoint(attributes):
                name, hidden = self._attributes(tag, attributes, name, hidden)
        if tag in _SET_APART:
            if tag == "pre":
                self.pre += 1
            else:
                self.heading = HEADS[tag]
        if self.chosen and node.mem_id in self.chosen:
            self.tree.chosen.setdefault(self.chosen[node.mem_id], []).append(number)
        elements.append(Element(tag or node.tag or "", parent, name, len(self.lines), hidden, first_anchor))
        self.current = number
        if kind == BLOCK_TAG:
            self.box = number
        return around

    def _attributes(self, tag: str, attributes: dict[str, str | None], name: str, hidden: bool) -> tuple[str, bool]:
        """What the rarer attributes of an element tell: its name completed, and whether it is hidden."""
        style = attributes.get("style")
        if (
            "hidden" in attributes
            or attributes.get("aria-hidden") == "true"
            or (style and "none" in style.lower() and _HIDDEN.search(style))
        ):
            hidden = True
        if attributes.get("itemprop"):
            name = f"{name} {attributes['itemprop']}"
        if attributes.get("role") == "heading":
            self.heading = HEADS.get(f"h{attributes.get('aria-level') or '2'}", 2)
        if tag == "time" and attributes.get("datetime") and len(self.tree.times) < MAX_OTHERS:
            number = len(self.tree.elements)
            self.tree.times.append(Time(attributes["datetime"] or "", len(self.tree.lines), number))
        elif tag == "html":
            self.tree.html_lang = attributes.get("lang") or attributes.get("xml:lang") or ""
        return name, hidden

    def _leave(self, around: Around) -> None:
        kind, parent, box, heading = around
        if kind == BLOCK_TAG:
            if self.parts:
                self.flush(self.box)
        elif kind == ANCHOR:
            self.close_anchor()
        if self.current != parent:
            element = self.elements[self.current]
            element.last, element.last_anchor = len(self.lines), len(self.anchors)
            if self.pre and element.tag == "pre":
                self.pre -= 1
            self.current = parent
        self.box, self.heading = box, heading

    def _plain_link(self, node: LexborNode) -> bool:
        """Take a link that holds one text and nothing else, as most do, in one step; False for any other."""
        child = node.first_child
        if child is None or child.tag_id != TEXT_NODE or self.anchor >= 0 or child.next is not None:
            return False
        attributes, value, elements = node.attributes, child.text_content or "", self.elements
        href, number = attributes.get("href"), len(elements)
        text = " ".join(value.split())
        if not href or number >= MAX_ELEMENTS or self.chosen or self.pre or (not text and value):
            return False
        if len(self.anchors) >= MAX_ANCHORS:
            return False
        parent = self.current
        name, hidden = "", parent >= 0 and elements[parent].hidden
        title = rel = ""
        if len(attributes) > 1:
            name, identity = attributes.get("class") or "", attributes.get("id")
            if identity:
                name = f"{name} {identity}"
            if not _TELLING.isdisjoint(attributes):
                heading = self.heading
                name, hidden = self._attributes("a", attributes, name, hidden)
                if self.heading != heading:
                    self.heading = heading
                    return False
            title, rel = attributes.get("title") or "", attributes.get("rel") or ""
        lines, anchor = len(self.lines), len(self.anchors)
        elements.append(Element("a", parent, name, lines, hidden, anchor, lines, anchor + 1))
        self.anchors.append(Anchor(href.strip(), text, title, lines, number, rel))
        self.link_size += len(value.strip())
        self.parts.append(value)
        self.pending.append(anchor)
        return True
