"""The mark-up of widely used content systems and of large sites, with all that stands around a story there.

The themes are files, because they are long: `themes/NAME.html` beside `themes.toml`, which has the gold of each.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from tests.gate.build import FETCHED, Page
from tests.gate.furniture import HERE, HOST, Story, stories

MARK = re.compile(r"\[\[(title|p\d+)\]\]")


def pages() -> Iterator[Page]:
    """Each theme, filled with its story; a theme without one carries its own text."""
    with (HERE / "themes.toml").open("rb") as file:
        themes: dict[str, dict[str, Any]] = tomllib.load(file)
    for name, theme in themes.items():
        told = stories()[theme["story"]] if "story" in theme else None
        html = (HERE / "themes" / f"{name}.html").read_text(encoding="utf-8")
        if told:
            html = _filled(html, told)
        yield Page(
            f"theme-{name}", html.encode(theme.get("encoding", "utf-8"), "xmlcharrefreplace"), _gold(name, theme)
        )


def _filled(text: str, told: Story, *, raw: bool = False) -> str:
    """A text with the headline and the paragraphs in place of their marks."""

    def part(match: re.Match[str]) -> str:
        found = told.title if match[1] == "title" else told.paragraphs[int(match[1][1:])]
        return found if raw else escape(found, quote=False)

    return MARK.sub(part, text)


def _gold(name: str, theme: Mapping[str, Any]) -> dict[str, Any]:
    told = stories()[theme["story"]] if "story" in theme else None
    gold: dict[str, Any] = {"url": f"https://{HOST['zh']}/n/{name}.html", "fetched_at": FETCHED}
    if told:
        gold |= {"lang": told.lang, "title": told.title, "body": told.paragraphs}
    for key, value in theme.items():
        if key in ("story", "encoding"):
            continue
        if key == "links":
            gold[key] = [{"kind": v["kind"], "items": [[*item, None] for item in v["items"]]} for v in value]
        elif told and key in ("body", "with"):
            gold[key] = [_filled(line, told, raw=True) for line in value]
        else:
            gold[key] = value
    return {key: value for key, value in gold.items() if value not in (None, [])}
