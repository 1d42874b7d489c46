"""HTML text to Lexbor's tree, behind a guard: no page may cost more than its size.

Lexbor follows the HTML standard in linear time but for two things: every open element is looked at for each new one,
so 50,000 nested tags take seconds, and so does every attribute of a tag for its next one. Both are counted before
parsing; tags deeper than any page needs are cut, and so are the attributes of a tag that has more than anybody writes.
Memory goes with the number of nodes, about 300 bytes for each: behind more tags than any page has the rest is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode, SelectolaxError

from crawler.page import ExtractError

MAX_DEPTH = 400
MAX_PAGE = 20_000_000  # characters
MAX_ATTRIBUTES = 1000
MAX_TAGS = 60_000  # eight times those of the largest real pages
# Old charsets make letters of any byte, but no page has more than one or two of these. Not in it: what sets lines, NUL
# (bad software pads with it) and escape (ISO-2022-JP).
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MANY_CONTROLS = 6
FEW_TAGS = 5_000  # so many nested tags still parse in milliseconds

VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_CLOSED_BY_THE_NEXT = VOID | {"p", "li", "td", "tr", "th", "dd", "dt", "option"}
_HEADS = frozenset("title h1 h2 h3 h4 h5 h6".split())
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>?")
# What makes a node: a start tag, a comment or what passes for one, and the end tags that make an element of their own.
_NODE = re.compile(r"<(?!/[a-z])|</(?:p|br)\b", re.I)
_TAG_NAME = re.compile(r"<[a-zA-Z][^\s/>]*")
_QUOTED = re.compile(r"""=\s*(?:"[^"]*"|'[^']*')""")
_SPACES = re.compile(r"[\s/=]+")
_ANY_TAG = re.compile(r"<(?:!doctype|[a-z][a-z0-9]*[\s>/])", re.I)


def parse(html: str) -> tuple[LexborNode, bool]:
    """The root of the page, and whether its end was cut off; `scripting` keeps a <noscript> from closing the head.

    Raises ExtractError for a text that is empty, holds no mark-up or is binary.
    """
    size, html = len(html), html[:MAX_PAGE]
    if not html.strip():
        raise ExtractError("The page is empty.")
    if not _ANY_TAG.search(html) or html.count("\ufffd", 0, 4000) * 10 > len(html[:4000]):
        raise ExtractError("The page is no HTML: it holds no mark-up.")
    if len(set(_CONTROL.findall(html, 0, 4000))) >= MANY_CONTROLS:
        raise ExtractError("The page is no HTML: it is binary or compressed data.")
    # Without events: nobody listens to the tree while it grows.
    options = LexborDocumentOptions.WO_EVENTS
    # After the others: what they take out is no reason to lose the story behind it.
    flat = _flat(_bare(html))
    end = _end(flat)
    root = LexborHTMLParser(flat[:end], scripting=True, options=options).root
    if root is None:
        raise ExtractError("The page holds no element.")
    return root, end < len(flat) or size > MAX_PAGE


def _end(html: str) -> int:
    """Where the first `MAX_TAGS` tags and comments of a page end: its length, for any real page."""
    if html.count("<") <= MAX_TAGS:
        return len(html)
    first_too_many = next(islice(_NODE.finditer(html), MAX_TAGS, None), None)
    return first_too_many.start() if first_too_many else len(html)


def selected(root: LexborNode, selectors: Iterable[str]) -> list[LexborNode]:
    """The nodes that CSS selectors match. Raises ExtractError that names a selector which is none."""
    found = []
    for selector in selectors:
        try:
            found += root.css(selector)
        except SelectolaxError as error:
            raise ExtractError(f"`{selector}` is no CSS selector: {error}.", ours=True) from None
    return found


def _bare(html: str) -> str:
    """The page whose tags of very many attributes have none; the same string where there are none."""
    pieces, done = [], 0
    for start, end in _long_pieces(html, 2 * MAX_ATTRIBUTES):
        tag = _TAG_NAME.search(html, start, end)
        # Values may be long and hold spaces; only names count.
        if tag and sum(1 for _ in _SPACES.finditer(_QUOTED.sub(" ", html[tag.end() : end]))) > MAX_ATTRIBUTES:
            pieces.append(html[done : tag.end()])
            done = end
    return "".join(pieces) + html[done:] if pieces else html


def _long_pieces(html: str, size: int) -> Iterator[tuple[int, int]]:
    """Where more than so many characters stand without a `>`; jumps from one `>` to the last within reach."""
    start = 0
    while start + size < len(html):
        last = html.rfind(">", start, start + size + 1)
        if last < 0:
            last = html.find(">", start)
            last = last if last >= 0 else len(html)
            yield start, last
        start = last + 1


def _flat(html: str) -> str:
    """The page without the tags below `MAX_DEPTH`; the same string where there are none."""
    if html.count("<") < FEW_TAGS:
        return html
    depth = 0
    for match in _TAG.finditer(html):
        if match[1]:
            depth -= depth > 0
        elif match[2].lower() not in _CLOSED_BY_THE_NEXT:
            depth += 1
            if depth > 4 * MAX_DEPTH:
                return _cut(html)
    return html


def _cut(html: str) -> str:
    depth = heads = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth, heads
        tag = match[2].lower()
        if tag in _CLOSED_BY_THE_NEXT:
            return match[0]
        if tag in _HEADS:  # they say what the page is about, however deep they stand
            heads = max(0, heads - 1) if match[1] else heads + 1
            return match[0] if heads <= MAX_DEPTH else " "
        if match[1]:
            depth -= depth > 0
            return match[0] if depth < MAX_DEPTH else " "
        depth += 1
        return match[0] if depth <= MAX_DEPTH else " "

    return _TAG.sub(keep, html)
