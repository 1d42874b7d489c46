"""One pass over the parsed page: numbers per element and per line, so that no later step touches the tree again.

A *line* is what a reader sees as one: the text between two block borders or line breaks. Every line knows the box
(element) that holds it, how much of it is link text, and its anchors; every element knows the range of lines inside
it. Sizes are bytes of UTF-8, because a Chinese character carries about as much as three Latin letters: so the same
thresholds serve both scripts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.page import ExtractError

MAX_DEPTH = 400
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
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
HEADS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>?")
_SELF_CLOSING = VOID | {"p", "li", "td", "tr", "th", "dd", "dt", "option"}
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)
_SENTENCE = re.compile(r"[。！？；…!?]|[.;](?=[\s\"'”’)]|$)")
_COMMA = re.compile(r"[，、,：]")


@dataclass(slots=True)
class Element:
    """An element that may hold text: `first` and `last` bound its lines (half open)."""

    tag: str
    parent: int
    name: str
    depth: int
    first: int
    last: int = -1
    hidden: bool = False
    heading: int = 0
    first_anchor: int = 0
    last_anchor: int = -1


@dataclass(slots=True)
class Anchor:
    """A link with the line it stands in; `start` and `end` are offsets in the raw text of that line."""

    href: str
    text: str
    title: str
    line: int
    element: int
    rel: str
    image: bool = False


@dataclass(slots=True)
class Line:
    """One line of the page. `link` is the part of `size` that stands in links.

    `spaced` is the text with a blank between the elements that style sheets set apart: "NAME 12:30", not "NAME12:30".
    """

    text: str
    box: int
    size: int
    link: int = 0
    heading: int = 0
    ends: int = 0
    commas: int = 0
    anchors: list[int] = field(default_factory=list)
    broken: bool = False
    spaced: str = ""


@dataclass(slots=True)
class Image:
    """A picture and the line before which it stands."""

    src: str
    alt: str
    line: int
    element: int


@dataclass(slots=True)
class Time:
    """A <time datetime> with the line it belongs to."""

    value: str
    line: int
    element: int


class Tree:
    """The arrays of one page, filled by `grow`."""

    __slots__ = (
        "anchors", "base", "elements", "html_lang", "images", "lines", "link_sum", "links", "metas", "scripts",
        "size_sum", "times", "title",
    )  # fmt: skip

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.lines: list[Line] = []
        self.anchors: list[Anchor] = []
        self.images: list[Image] = []
        self.times: list[Time] = []
        self.metas: list[tuple[str, str]] = []
        self.links: list[dict[str, str | None]] = []
        self.scripts: list[str] = []
        self.title = ""
        self.base = ""
        self.html_lang = ""
        self.size_sum: list[int] = [0]
        self.link_sum: list[int] = [0]

    def size(self, element: Element) -> int:
        """Bytes of text inside an element."""
        return self.size_sum[element.last] - self.size_sum[element.first]

    def link_share(self, element: Element) -> float:
        """The part of an element's text that stands in links, 0..1."""
        size = self.size(element)
        return (self.link_sum[element.last] - self.link_sum[element.first]) / size if size else 0.0

    def ancestors(self, index: int) -> list[int]:
        """The chain of element numbers from `index` up to the root."""
        chain = []
        while index >= 0:
            chain.append(index)
            index = self.elements[index].parent
        return chain


def flatten(html: str) -> str:
    """Cut tags nested deeper than a page ever is: Lexbor's time grows with the square of the depth."""
    if html.count("<") < MAX_DEPTH:
        return html
    depth, deepest = 0, 0
    for slash, name in _TAG.findall(html) if html.count("<") < 20_000 else _deep_tags(html):
        if slash:
            depth -= depth > 0
        elif name.lower() not in _SELF_CLOSING:
            depth += 1
            deepest = max(deepest, depth)
    return html if deepest <= 4 * MAX_DEPTH else _drop_deep(html)


def _deep_tags(html: str) -> list[tuple[str, str]]:
    return [(m[1], m[2]) for m in _TAG.finditer(html)]


def _drop_deep(html: str) -> str:
    depth = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth
        if match[2].lower() in _SELF_CLOSING:
            return match[0]
        if match[1]:
            depth -= depth > 0
            return match[0] if depth < MAX_DEPTH else " "
        depth += 1
        return match[0] if depth <= MAX_DEPTH else " "

    return _TAG.sub(keep, html)


def parse(html: str) -> LexborNode:
    """The root of the page by the HTML standard; `scripting` keeps <noscript> from closing the head."""
    root = LexborHTMLParser(flatten(html), scripting=True).root
    if root is None:
        raise ExtractError("The page holds no element.")
    return root


class _Walk:
    """The state of the one traversal: open elements, the line being gathered, the open anchor."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.parts: list[str] = []
        self.linked: list[tuple[int, int]] = []
        self.link_size = 0
        self.anchor = -1
        self.anchor_parts: list[str] = []
        self.heading = 0
        self.pending: list[int] = []
        self.boxed = False

    def text(self, value: str) -> None:
        self.parts.append(value)
        if self.anchor >= 0:
            self.anchor_parts.append(value)
            self.link_size += len(value.strip().encode("utf-8", "replace"))

    def flush(self, box: int, broken: bool = False) -> None:
        if not self.parts:
            return
        text = " ".join("".join(self.parts).split())
        spaced = " ".join(" ".join(self.parts).split()) if len(self.parts) > 1 and len(text) < 200 else text
        self.parts.clear()
        link, self.link_size = self.link_size, 0
        if not text:
            return
        size = len(text.encode("utf-8", "replace"))
        line = Line(text, box, size, min(link, size), self.heading, broken=broken, spaced=spaced)
        if size > 24:
            line.ends = len(_SENTENCE.findall(text))
            line.commas = len(_COMMA.findall(text))
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
            element = self.tree.elements[anchor.element]
            anchor.line = element.first = len(self.tree.lines)
        self.boxed = True

    def open_anchor(self, node: LexborNode, element: int) -> None:
        attributes = node.attributes
        href = attributes.get("href") or ""
        if not href:
            return
        self.close_anchor()
        anchors = self.tree.anchors
        self.anchor = len(anchors)
        anchors.append(
            Anchor(
                href.strip(),
                "",
                attributes.get("title") or "",
                len(self.tree.lines),
                element,
                attributes.get("rel") or "",
            )  # fmt: skip
        )

    def close_anchor(self, box: int = 0) -> None:
        if self.anchor < 0:
            return
        if self.boxed:
            self.flush(box)
            self.boxed = False
        anchor = self.tree.anchors[self.anchor]
        anchor.text = " ".join("".join(self.anchor_parts).split())
        self.anchor_parts.clear()
        if self.parts:
            self.pending.append(self.anchor)
        self.anchor = -1


def grow(html: str) -> Tree:
    """Walk the page once and return its arrays.

    Raises ExtractError where nothing can be parsed.
    """
    walk = _Walk()
    tree = walk.tree
    _visit(parse(html), walk)
    walk.flush(0)
    for element in tree.elements:
        element.last = len(tree.lines) if element.last < 0 else element.last
        element.last_anchor = len(tree.anchors) if element.last_anchor < 0 else element.last_anchor
    _unlink_wrapped(tree)
    tree.size_sum = list(accumulate((line.size for line in tree.lines), initial=0))
    tree.link_sum = list(accumulate((line.link for line in tree.lines), initial=0))
    return tree


def _unlink_wrapped(tree: Tree) -> None:
    """A link around whole paragraphs was never closed: its text is no link text."""
    for anchor in tree.anchors:
        if anchor.element < len(tree.elements):
            box = tree.elements[anchor.element]
            inside = tree.lines[box.first : box.last]
            if len(inside) >= 3 and sum(line.ends for line in inside) >= 3 and sum(line.size for line in inside) > 600:
                for line in inside:
                    line.link = 0


def _visit(root: LexborNode, walk: _Walk) -> None:
    elements, lines = walk.tree.elements, walk.tree.lines
    node: LexborNode | None = root
    current, box = -1, 0
    # (tag, element number or -1, number of the box around it, heading level around it)
    opened: list[tuple[str, int, int, int]] = []
    while node is not None:
        tag = node.tag
        child = None
        if tag == "-text":
            walk.text(node.text_content or "")
        elif tag is None or tag[0] == "-" or tag in SKIP:
            if tag == "script":
                _script(node, walk)
        elif tag in VOID:
            _void(tag, node, walk, current, box)
        else:
            if tag == "title" and not walk.tree.title and not lines:
                walk.tree.title = " ".join((node.text(deep=True) or "").split())
            else:
                child = node.first_child
        if child is not None or (tag in BLOCK and tag not in VOID):
            opened.append((tag or "", current, box, walk.heading))
            if tag in BLOCK:
                walk.flush(box)
            if tag == "a":
                walk.open_anchor(node, len(elements))
            current, box = _open(tag or "", node, walk, current, box)
            if child is not None:
                node = child
                continue
            current, box = _close(opened.pop(), walk, current, box)
        following = node.next
        while following is None and opened:
            node = node.parent
            current, box = _close(opened.pop(), walk, current, box)
            if node is None:
                return
            following = node.next
        node = following if opened else None
    while opened:
        current, box = _close(opened.pop(), walk, current, box)


def _open(tag: str, node: LexborNode, walk: _Walk, current: int, box: int) -> tuple[int, int]:
    tree = walk.tree
    if len(tree.elements) >= MAX_ELEMENTS:
        return current, box
    attributes = node.attributes
    name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    element = Element(
        tag, current, name, 0, len(tree.lines), first_anchor=len(tree.anchors) - (tag == "a" and walk.anchor >= 0)
    )
    if current >= 0:
        parent = tree.elements[current]
        element.depth = parent.depth + 1
        element.hidden = parent.hidden
    style = attributes.get("style")
    if "hidden" in attributes or attributes.get("aria-hidden") == "true" or (style and _HIDDEN.search(style)):
        element.hidden = True
    number = len(tree.elements)
    tree.elements.append(element)
    if tag in HEADS:
        walk.heading = HEADS[tag]
    elif attributes.get("role") == "heading":
        level = attributes.get("aria-level") or "2"
        walk.heading = int(level) if level in "123456" else 2
    element.heading = walk.heading
    if tag == "time" and attributes.get("datetime"):
        tree.times.append(Time(attributes["datetime"] or "", len(tree.lines), number))
    elif tag == "html":
        tree.html_lang = attributes.get("lang") or attributes.get("xml:lang") or ""
    return number, number if tag in BLOCK else box


def _close(opened: tuple[str, int, int, int], walk: _Walk, current: int, box: int) -> tuple[int, int]:
    tag, parent, outer, heading = opened
    if tag in BLOCK:
        walk.flush(box)
    if tag == "a":
        walk.close_anchor(box)
    if current >= 0 and current != parent:
        walk.tree.elements[current].last = len(walk.tree.lines)
        walk.tree.elements[current].last_anchor = len(walk.tree.anchors)
    walk.heading = heading
    return parent, outer


def _void(tag: str, node: LexborNode, walk: _Walk, current: int, box: int) -> None:
    tree = walk.tree
    if tag in ("br", "hr"):
        walk.flush(box, broken=True)
    elif tag == "img":
        attributes = node.attributes
        src = attributes.get("data-src") or attributes.get("data-original") or attributes.get("src") or ""
        tree.images.append(Image(src, attributes.get("alt") or "", len(tree.lines), current))
        if walk.anchor >= 0:
            tree.anchors[walk.anchor].image = True
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


def _script(node: LexborNode, walk: _Walk) -> None:
    if "ld+json" in (node.attributes.get("type") or ""):
        walk.tree.scripts.append(node.text(deep=True) or "")
