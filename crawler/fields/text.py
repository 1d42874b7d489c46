"""The body of the article.

1. Every line gets a value, and the run of lines in one box with the greatest sum is the body (`crawler.box`).
2. Inside it, whole boxes that are furniture go: link grids, sharing, comments, teasers (`drop_boxes`).
3. Sections go that say in their heading what they are: comments, related stories (`drop_sections`).
4. Other stories below the first, and readers' posts, go with their headline and date (`drop_after`).
5. Single lines go that are no story: editor, source and date lines, invitations, legal text (`drop_lines`).

Steps 2 to 4 are in `crawler.prune`, step 5 is in `crawler.trim`, their phrases in `crawler.phrases`.
"""

from __future__ import annotations

from itertools import groupby

from crawler.box import Run, choose, leads, line_values, widen
from crawler.prune import believe, drop_after, drop_boxes, drop_sections
from crawler.trim import drop_ends, drop_lines
from crawler.view import Found, View

TYPE = str
RULES = ()

FEW_LINES, FEW_BYTES = 10, 3000


def locate(view: View) -> Found | None:
    """Fill `view.box`, `view.kept` and `view.dropped`; the value is the body, a paragraph a line."""
    picked = view.chosen_lines("text")
    if picked:
        view.box = view.tree.chosen["text"][0]
        view.kept = drop_lines(view, [n for n in picked if n != view.title_line])
        return Found("\n".join(paragraphs(view)), "the site's selector for text") if view.kept else None
    values = line_values(view)
    run, other = choose(view, values)
    if run is None:
        return _all(view)
    run = widen(view, run, values)
    view.box = run.box
    alive = [n for n in range(run.first, run.last) if n != view.title_line]
    alive = believe(view, alive, drop_boxes(view, values, run, alive))
    alive = drop_sections(view, run, alive)
    alive = drop_after(view, alive)
    view.lead = leads(view, run)
    view.kept = [*view.lead, *drop_ends(view, drop_lines(view, alive))]
    evidence = f"{_name(view, run)}; runner-up {_name(view, other)}"
    return Found("\n".join(paragraphs(view)), evidence) if view.kept else None


def _all(view: View) -> Found | None:
    """A page of a few words that shows no headline is its own text."""
    lines = view.tree.lines
    few = 0 < len(lines) <= FEW_LINES and view.tree.size_sum[-1] < FEW_BYTES and not view.tree.cut
    if view.title_line >= 0 or not few or any(line.ends for line in lines):
        return None
    view.box, view.kept = 0, list(range(len(lines)))
    return Found("\n".join(paragraphs(view)), "all of a page of a few lines")


def paragraphs(view: View) -> list[str]:
    """The body, paragraph by paragraph."""
    return [view.tree.lines[n].text for n in view.kept]


def trace(view: View) -> list[str]:
    """The chosen box and its runner-up, then every block that was dropped from it: its lines, the rule, its text."""
    found = view.found.get("text")
    told = [f"body: {found.evidence}, {len(view.kept)} lines kept" if found else "body: none"]
    if view.tree.cut:
        told.append("cut: the page has more tags, lines or links than are read")
    lines = view.tree.lines
    for reason, numbers in groupby(sorted(view.dropped), key=lambda n: view.dropped[n]):
        block = list(numbers)
        text = " / ".join(lines[n].text for n in block)
        told.append(f"dropped lines {block[0]}-{block[-1]}, {reason}: {text[:80]}")
    return told


def _name(view: View, run: Run | None) -> str:
    if run is None:
        return "none"
    element = view.tree.elements[run.box]
    name = f" {element.name.strip()}" if element.name.strip() else ""
    return f"<{element.tag}{name}> lines {run.first}-{run.last - 1} score {run.score:.0f}"
