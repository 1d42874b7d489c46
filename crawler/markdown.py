"""The body as Markdown (CommonMark): headings, lists, quotes, links, pictures and data tables keep their form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.phrases import CAPTIONED
from crawler.tree import Image, Line
from crawler.urls import resolve
from crawler.view import View

_SPECIAL = re.compile(r"[\\`*_\[\]<>]")
_LIST = {"ul": "- ", "ol": "1. "}
_JOINED = ("- ", "1. ", "| ", "> ", "    ")
# What would make a heading or a list of a paragraph.
_LEADING = re.compile(r"(?:#{1,6}|[-+]|\d{1,9}(?=[.)]))(?=\s|[.)]\s)")


def render(view: View) -> str:
    """The kept lines of a page as Markdown, and the pictures that stand among them."""
    parts = []
    previous = None
    for block in _blocks(view):
        form = next((mark for mark in _JOINED if block.startswith(mark)), "")
        joined = form and previous is not None and previous.startswith(form)
        parts.append(("\n" if joined else "\n\n") + block)
        previous = block
    return "".join(parts).strip("\n")


def _blocks(view: View) -> Iterator[str]:
    """Paragraphs, rows and pictures in the order of the page. A row of a table stands where its first cell does."""
    tables, pictures = _data_tables(view), _pictures(view)
    place = 0
    told: set[int] = set()
    headed: set[int] = set()
    for n in view.kept:
        while place < len(pictures) and pictures[place].line <= n:
            yield _picture(view, pictures[place])
            place += 1
        table, row = _row(view, n, tables)
        if table < 0:
            yield _marked(view, n)
        elif row not in told:
            told.add(row)
            yield from _table_row(_cells(view, row), headed, table)
    for picture in pictures[place:]:
        yield _picture(view, picture)


def _cells(view: View, row: int) -> list[str]:
    """The cells of a row, empty ones too, each on one line."""
    kept = set(view.kept)
    cells = []
    for element in view.tree.elements[row + 1 :]:
        if element.parent < row and element.first >= view.tree.elements[row].last:
            break
        if element.parent == row and element.tag in ("td", "th"):
            lines = (view.tree.lines[n] for n in range(element.first, element.last) if n in kept)
            cells.append(" ".join(_inline(view, line) for line in lines).replace("|", "\\|"))
    return cells


def _table_row(cells: list[str], headed: set[int], table: int) -> Iterator[str]:
    yield "| " + " | ".join(cells) + " |"
    if table not in headed:
        headed.add(table)
        yield "| " + " | ".join("---" for _ in cells) + " |"


def _pictures(view: View) -> list[Image]:
    """The pictures among the kept lines, and those of the story's own box above the first and below the last."""
    if not view.kept:
        return []
    box = view.tree.elements[max(view.box, 0)]
    first, last = max(min(box.first, view.kept[0]), view.title_line + 1), max(box.last, view.kept[-1])
    stay = [view.dropped.get(image.line, CAPTIONED) == CAPTIONED for image in view.tree.images]
    return [
        image
        for image, stays in zip(view.tree.images, stay, strict=True)
        if stays and first <= image.line <= last and _is_picture(image.src)
    ]


def _picture(view: View, picture: Image) -> str:
    return f"![{_plain(picture.alt)}]({resolve(view.base, picture.src) or picture.src})"


def _is_picture(src: str) -> bool:
    return bool(src) and not src.startswith("data:")


def _marked(view: View, n: int) -> str:
    line = view.tree.lines[n]
    text = _inline(view, line)
    if line.heading:
        return "#" * max(2, min(6, line.heading)) + " " + text
    for index in view.tree.ancestors(line.box, 3):
        tag = view.tree.elements[index].tag
        if tag in _LIST:
            return _LIST[tag] + text
        if tag == "blockquote":
            return "> " + text
        if tag == "pre":
            return f"    {line.text}"
    match = _LEADING.match(text)
    if not match:
        return text
    at = match.end() if match[0].isdigit() else 0
    return f"{text[:at]}\\{text[at:]}"


def _inline(view: View, line: Line) -> str:
    """The text of a line with its links; anchors that carry no address stay text."""
    text, start, done = line.text, 0, []
    for number in line.anchors:
        anchor = view.tree.anchors[number]
        at = text.find(anchor.text, start) if anchor.text else -1
        url = resolve(view.base, anchor.href) if at >= 0 else None
        if not url:
            continue
        done.append(_plain(text[start:at]) + f"[{_plain(anchor.text)}]({url})")
        start = at + len(anchor.text)
    return "".join(done) + _plain(text[start:])


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text) if _SPECIAL.search(text) else text


def _data_tables(view: View) -> dict[int, int]:
    """Rows (by element number) of tables that hold data: two rows and more, each of two short cells and more.

    Two rows can be a page's frame: they count where no cell has a box of its own and no more than one line.
    """
    elements = view.tree.elements
    rows: dict[int, int] = {}
    cells: dict[int, list[int]] = {}
    for _index, element in enumerate(elements):
        if element.tag in ("td", "th") and element.parent >= 0:
            cells.setdefault(element.parent, []).append(view.tree.size(element))
    by_table: dict[int, list[int]] = {}
    for tr, sizes in cells.items():
        if len(sizes) >= 2 and max(sizes) < 200:
            table = next((i for i in view.tree.ancestors(tr) if elements[i].tag == "table"), -1)
            by_table.setdefault(table, []).append(tr)
    for table, trs in by_table.items():
        if table >= 0 and (len(trs) >= 3 or (len(trs) == 2 and _is_plain(view, table))):
            rows.update(dict.fromkeys(trs, table))
    return rows


def _is_plain(view: View, table: int) -> bool:
    """Whether every cell of a table is one line or none."""
    return all(
        element.tag not in ("td", "th") or element.last - element.first <= 1
        for element in view.tree.elements[table + 1 :]
        if element.first >= view.tree.elements[table].first and element.last <= view.tree.elements[table].last
    )


def _row(view: View, n: int, tables: dict[int, int]) -> tuple[int, int]:
    for index in view.tree.ancestors(view.tree.lines[n].box, 4):
        if index in tables:
            return tables[index], index
    return -1, -1
