"""Document to article and headlines."""

from __future__ import annotations

from crawler.fields import text, title
from crawler.page import Document
from crawler.view import View, look


def analyse(document: Document) -> tuple[View, list[str]]:
    view = look(document)
    for rule in title.RULES:
        found = rule(view)
        if found:
            view.title, view.title_line = found.value, found.line
            view.found["title"] = found
            break
    return view, text.locate(view)
