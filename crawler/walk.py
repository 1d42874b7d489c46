"""One pass over the parsed page, filling the arrays of `crawler.tree`."""

from __future__ import annotations

import re
from itertools import accumulate

from selectolax.lexbor import LexborNode

from crawler.parse import VOID, parse
from crawler.tree import Anchor, Element, Image, Line, Time, Tree

MAX_ELEMENTS = 200_000

SKIP = frozenset(
    "script style noscript template svg iframe object embed select textarea canvas math audio video source "
    "datalist dialog map applet noframes".split()
)
BLOCK = frozenset(
    "address article aside blockquote body br center dd details dir div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol option p pre section summary table tbody td "
    "tfoot th thead tr ul caption frameset".split()
)
# Marks inside a line: they hold no text of their own to judge, so they are no elements of the arrays.
MARKS = frozenset("b strong i em u s font small big sub sup mark nobr tt code cite q wbr ins del strike".split())
HEADS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}

_HIDDEN = re.compile(r"display\s*:\s*none", re.I)
_SENTENCE = re.compile(r"[。！？；…!?]|[.;](?=[\s\"'”’)]|$)")
_COMMA = re.compile(r"[，、,：]")


def grow(html: str) -> Tree:
    """Walk the page once and return its arrays. Raises ExtractError where there is nothing to parse."""
    walk = _Walk()
    tree = walk.tree
    walk.visit(parse(html))
    walk.flush(0)
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
        if anchor.element < len(tree.elements):
            box = tree.elements[anchor.element]
            if box.last - box.first < 3:
                continue
            inside = tree.lines[box.first : box.last]
            if sum(line.ends for line in inside) >= 3 and sum(line.size for line in inside) > 600:
                for line in inside:
                    line.link = 0


def _name(attributes: dict[str, str | None]) -> str:
    """Class, id and itemprop in one string: all that an element is called."""
    name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    prop = attributes.get("itemprop")
    return f"{name} {prop}" if prop else name


class _Walk:
    """The state of the traversal: the open elements, the line being gathered, the open link."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.current = -1
        self.box = 0
        self.heading = 0
        self.parts: list[str] = []
        self.link_size = 0
        self.anchor = -1
        self.anchor_parts: list[str] = []
        self.boxed = False
        self.pending: list[int] = []
        # tag, element around it, box around it, heading level around it
        self.opened: list[tuple[str, int, int, int]] = []

    def visit(self, root: LexborNode) -> None:
        """Every node once, without recursion: pages nest deeper than Python's stack."""
        node: LexborNode | None = root
        opened = self.opened
        while node is not None:
            if self._enter(node):
                child = node.first_child
                if child is not None:
                    node = child
                    continue
                self._leave()
            following = node.next
            while following is None and opened:
                node = node.parent
                self._leave()
                if node is None:
                    break
                following = node.next
            node = following if opened else None
        while opened:
            self._leave()

    def _enter(self, node: LexborNode) -> bool:
        """Take a node in; True where its children are to be visited, until `_leave`."""
        tag = node.tag
        if tag == "-text":
            self._text(node.text_content or "")
            return False
        if tag is None or tag[0] == "-":
            return tag == "-document"
        if tag in SKIP:
            if tag == "script" and "ld+json" in (node.attributes.get("type") or ""):
                self.tree.scripts.append(node.text(deep=True) or "")
            return False
        if tag in VOID:
            self._void(tag, node)
            return False
        if tag == "title" and not self.tree.title and not self.tree.lines:
            self.tree.title = " ".join((node.text(deep=True) or "").split())
            return False
        self.opened.append((tag, self.current, self.box, self.heading))
        if tag in MARKS:
            return True
        block = tag in BLOCK
        if block:
            self.flush(self.box)
        attributes = node.attributes
        if tag == "a":
            self._open_anchor(attributes)
        self._open(tag, attributes, block)
        return True

    def _open(self, tag: str, attributes: dict[str, str | None], block: bool) -> None:
        tree = self.tree
        number = len(tree.elements)
        if number >= MAX_ELEMENTS:
            return
        name = _name(attributes) if attributes else ""
        element = Element(tag, self.current, name, 0, len(tree.lines))
        element.first_anchor = len(tree.anchors) - (tag == "a" and self.anchor >= 0)
        if self.current >= 0:
            parent = tree.elements[self.current]
            element.depth = parent.depth + 1
            element.hidden = parent.hidden
        if attributes:
            style = attributes.get("style")
            if "hidden" in attributes or attributes.get("aria-hidden") == "true" or (style and _HIDDEN.search(style)):
                element.hidden = True
            if attributes.get("role") == "heading":
                self.heading = HEADS.get(f"h{attributes.get('aria-level') or '2'}", 2)
        if tag in HEADS:
            self.heading = HEADS[tag]
        elif tag == "time" and attributes.get("datetime"):
            tree.times.append(Time(attributes["datetime"] or "", len(tree.lines), number))
        elif tag == "html":
            tree.html_lang = attributes.get("lang") or attributes.get("xml:lang") or ""
        element.heading = self.heading
        tree.elements.append(element)
        self.current = number
        if block:
            self.box = number

    def _leave(self) -> None:
        tag, parent, box, heading = self.opened.pop()
        if tag in MARKS:
            return
        if tag in BLOCK:
            self.flush(self.box)
        elif tag == "a":
            self._close_anchor()
        if self.current != parent:
            element = self.tree.elements[self.current]
            element.last, element.last_anchor = len(self.tree.lines), len(self.tree.anchors)
        self.current, self.box, self.heading = parent, box, heading

    def _text(self, value: str) -> None:
        self.parts.append(value)
        if self.anchor >= 0:
            self.anchor_parts.append(value)
            self.link_size += len(value.strip().encode("utf-8", "replace"))

    def flush(self, box: int) -> None:
        """End the line that is being gathered."""
        parts = self.parts
        if not parts:
            return
        text = " ".join("".join(parts).split())
        link, self.link_size = self.link_size, 0
        if not text:
            parts.clear()
            return
        spaced = " ".join(" ".join(parts).split()) if len(parts) > 1 and len(text) < 200 else text
        parts.clear()
        size = len(text.encode("utf-8", "replace"))
        line = Line(text, box, size, min(link, size), self.heading, spaced=spaced)
        if size > 24:
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
            line.anchors.append(self.anchor)
        else:
            anchor.line = len(self.tree.lines)
            if anchor.element < len(self.tree.elements):
                self.tree.elements[anchor.element].first = anchor.line
        self.boxed = True

    def _open_anchor(self, attributes: dict[str, str | None]) -> None:
        href = attributes.get("href")
        if not href:
            return
        self._close_anchor()
        tree = self.tree
        self.anchor = len(tree.anchors)
        title, rel = attributes.get("title") or "", attributes.get("rel") or ""
        tree.anchors.append(Anchor(href.strip(), "", title, len(tree.lines), len(tree.elements), rel))

    def _close_anchor(self) -> None:
        if self.anchor < 0:
            return
        if self.boxed:
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
