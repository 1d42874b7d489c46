"""Where the metadata say another title, author or source than the page shows: the shown one is kept, and so is this."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crawler.fields import author, source, title
from crawler.view import Found, View, squeeze

TYPE = str
RULES = ()
COLUMNS = {"title_conflict": str, "author_conflict": str, "source_conflict": str}


def decide(view: View) -> dict[str, Found]:
    """For each of the three fields that a line of the page shows: the metadata that disagree, with where they stand."""
    out = {}
    for name, claims in _CLAIMS.items():
        shown = view.found.get(name)
        if shown is None or shown.line < 0:
            continue
        known = [squeeze(one) for one in (shown.value if isinstance(shown.value, list) else [shown.value])]
        others = [
            f"{where}: {', '.join(values)}"
            for where, values in claims(view)
            if values and not any(_agree(squeeze(one), had) for one in values for had in known)
        ]
        if others:
            out[f"{name}_conflict"] = Found(
                "; ".join(dict.fromkeys(others)), f"the page shows otherwise: {shown.evidence}"
            )
    return out


def _agree(one: str, other: str) -> bool:
    """Whether two values say the same, or one of them in short."""
    return not one or not other or one in other or other in one


def _titles(view: View) -> Iterable[tuple[str, list[str]]]:
    for value in view.linked_data("headline"):
        if isinstance(value, str):
            yield "JSON-LD headline", [value.strip()]
    if view.meta.get("og:title"):
        yield "meta og:title", [title.strip_site(view.meta["og:title"], view)]


def _authors(view: View) -> Iterable[tuple[str, list[str]]]:
    for found in filter(None, (author.linked(view), author.metadata(view))):
        yield found.evidence, found.value


def _sources(view: View) -> Iterable[tuple[str, list[str]]]:
    found = source.metadata(view)
    if found:
        yield found.evidence, [found.value]


_CLAIMS: dict[str, Callable[[View], Iterable[tuple[str, list[str]]]]] = {
    "title": _titles,
    "author": _authors,
    "source": _sources,
}
