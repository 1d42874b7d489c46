"""What every rule gets to see: the page as arrays, and what earlier steps found in it."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.tree import Tree
from crawler.urls import resolve
from crawler.walk import grow

# A string, or a comma with nothing but a closing bracket behind it.
_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"|,\s*+(?P<end>[\]}])', re.S)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DEEP = 100
MAX_META = 2_000  # characters: rules look for names in them, and no name is so long

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config import Source
    from crawler.page import Document
    from crawler.times import Moment


class Found(NamedTuple):
    """A value and where it came from; `line` is the line of the page that showed it, or -1."""

    value: Any
    evidence: str
    line: int = -1


@dataclass(slots=True)
class View:
    """The page under extraction. `title_line`, `teasers`, `others` and `kept` are filled by the steps in order."""

    url: str
    tree: Tree
    fetched_at: datetime
    source: Source | None
    meta: dict[str, str]
    objects: list[dict[str, Any]]
    seen_then: bool = True
    title: str = ""
    title_line: int = -1
    box: int = -1
    kept: list[int] = field(default_factory=list)
    lead: list[int] = field(default_factory=list)
    dropped: dict[int, str] = field(default_factory=dict)
    teasers: set[int] = field(default_factory=set)
    others: set[int] | None = None
    dated: set[int] | None = None
    times: dict[str, list[Moment]] = field(default_factory=dict)
    base: str = ""
    addresses: dict[str, str | None] = field(default_factory=dict)
    html: str = field(default="", repr=False)
    found: dict[str, Found] = field(default_factory=dict)

    @property
    def first_kept(self) -> int:
        """The number of the first body line that is no lead, or the number of lines where there is no body."""
        return next((n for n in self.kept if n not in self.lead), len(self.tree.lines))

    def address(self, href: str) -> str | None:
        """What a link means on this page, None for junk. Menus, lists and bodies share links: each is resolved once."""
        if href not in self.addresses:
            self.addresses[href] = resolve(self.base, href)
        return self.addresses[href]

    def chosen(self, name: str) -> Found | None:
        """The text of the boxes that the site's own selector names for a field."""
        if name not in self.tree.picked:
            return None
        text = " ".join(filter(None, self.tree.picked[name]))
        lines = self.chosen_lines(name)
        return Found(text, f"the site's selector for {name}", lines[0] if lines else -1) if text else None

    def chosen_lines(self, name: str) -> list[int]:
        """The numbers of the lines in those boxes."""
        boxes = [self.tree.elements[i] for i in self.tree.chosen.get(name, ())]
        return sorted({n for box in boxes for n in range(box.first, box.last)})

    def linked_data(self, key: str) -> Iterator[Any]:
        """The values of a key in the page's JSON-LD articles, outermost first."""
        for item in self.objects:
            value = item.get(key)
            if value:
                yield value


def squeeze(text: str) -> str:
    """Letters and digits only, of one width and case: for comparing what two places say."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def is_long(text: str, size: int) -> bool:
    """Whether a text has so many bytes in UTF-8; most answers need no encoding."""
    return len(text) >= size or (len(text) * 4 >= size and len(text.encode("utf-8", "replace")) >= size)


def look(document: Document) -> View:
    """Parse a document into a view. Raises ExtractError."""
    source = document.source
    tree = grow(document.html, drop=source.drop, select=source.select) if source else grow(document.html)
    meta: dict[str, str] = {}
    for key, value in tree.metas:
        if value:
            meta.setdefault(key, value[:MAX_META])
    objects = _articles(tree.scripts)
    base = (resolve(document.url, tree.base) if tree.base else None) or document.url
    return View(
        document.url,
        tree,
        document.fetched_at,
        document.source,
        meta,
        objects,
        document.seen_then,
        html=document.html,
        base=base,
    )


def _articles(scripts: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for script in scripts[:20]:
        data = _json(script)
        known = {item["@id"]: item for item in _objects(data) if isinstance(item.get("@id"), str) and len(item) > 1}
        found += [_resolved(item, known) if known else item for item in _objects(data) if _is_article(item)]
    return found


def _json(script: str) -> Any:
    """What a script of JSON-LD says, None where it cannot be read; a comma before a closing bracket is forgiven."""
    text = script.strip().rstrip(";")
    try:
        data = _loads(text)
        if data is None:
            data = _loads(_COMMA.sub(_bracket, text))
    except RecursionError:
        return None
    # JSON can name half a character, which no file and no database takes: such halves come only as escapes.
    return _whole(data) if _HALF.search(text) else data


def _loads(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return None


def _bracket(match: re.Match[str]) -> str:
    return match["end"] or match[0]


def _whole(data: Any, depth: int = 0) -> Any:
    """JSON without halves of characters: U+FFFD stands for each."""
    if isinstance(data, str):
        return _SURROGATE.sub("\ufffd", data)
    if depth > _DEEP:
        return None
    if isinstance(data, list):
        return [_whole(item, depth + 1) for item in data]
    if isinstance(data, dict):
        return {_whole(key): _whole(value, depth + 1) for key, value in data.items()}
    return data


def _resolved(item: dict[str, Any], known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An article whose author and publisher are written out, where it only names objects beside it by their @id."""
    named = {key: _followed(item[key], known) for key in ("author", "publisher") if key in item}
    return item | named


def _followed(value: Any, known: dict[str, dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_followed(one, known) for one in value[:50]]
    at = value.get("@id") if isinstance(value, dict) and "name" not in value else None
    return known.get(at, value) if isinstance(at, str) else value


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON-LD script, three levels deep at most: @graph and lists are unfolded."""
    if isinstance(data, list):
        for item in data[:50]:
            yield from _objects(item)
    elif isinstance(data, dict):
        yield data
        graph = data.get("@graph")
        if isinstance(graph, list):
            yield from (item for item in graph[:50] if isinstance(item, dict))
        main = data.get("mainEntity")
        if isinstance(main, dict):
            yield main


def _is_article(item: dict[str, Any]) -> bool:
    kinds = item.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(n, str) and n.endswith(("Article", "Posting", "Report")) for n in names)
