"""Where the facts about an article stand: the lines between headline and body, and the credits at its end."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.view import View

REACH = 25


def meta_lines(view: View) -> Iterator[int]:
    """Line numbers in the order in which they are likely to tell time, source and author.

    First what stands between headline and first paragraph, then the credit lines that were cut out of the body,
    then the few lines around both.
    """
    lines = view.tree.lines
    first, start = view.first_kept, view.title_line
    seen: set[int] = set()
    head = range(start + 1, min(first, start + 1 + REACH)) if 0 <= start < first else range(max(0, first - 8), first)
    last = view.kept[-1] if view.kept else first
    cut = [n for n, why in view.dropped.items() if why == "credit line" and n > first]
    around = [*range(max(0, start - 4), max(0, start)), *range(last + 1, min(len(lines), last + 7))]
    for n in [*head, *cut, *around]:
        if n not in seen and 0 <= n < len(lines):
            seen.add(n)
            yield n


def body_edges(view: View) -> list[int]:
    """The first three and the last three lines of the body, where bylines hide."""
    return [*view.kept[:3], *view.kept[-3:]] if len(view.kept) > 6 else list(view.kept)
