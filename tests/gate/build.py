"""One page of the gate: a story in a layout, and the gold that follows from what was put into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from zlib import crc32

from tests.gate.furniture import HOST, LATEST, LEGAL, RELATED, SITE, Story, headlines, stories
from tests.gate.layouts import Layout, Parts, links

FETCHED = "2026-03-20T10:00:00+08:00"
TOLD = "2026-03-19T21:44"
# How the time of `TOLD` and the source stand under a headline, where a case shows nothing else.
META = {
    "zh": "<span>2026-03-19 21:44</span> <span>来源：{source}</span>",
    "zh-Hant": "<span>2026-03-19 21:44</span> <span>來源：{source}</span>",
    "en": "<span>19 March 2026, 21:44</span>",
    "de": "<span>19.03.2026, 21:44 Uhr</span>",
    "ru": "<span>19.03.2026 21:44</span>",
    "pl": "<span>19.03.2026, 21:44</span>",
    "el": "<span>19/03/2026 21:44</span>",
    "ja": "<span>2026年3月19日 21:44</span>",
    "ko": "<span>2026-03-19 21:44</span>",
}
# Characters from which on a text is no flash for anybody.
ARTICLE = {"zh": 230, "zh-Hant": 230, "ja": 230, "ru": 400, "el": 400}


@dataclass(frozen=True)
class Page:
    """A file of the gate and its gold."""

    name: str
    html: bytes
    gold: Mapping[str, Any]


def p(paragraphs: Iterable[str], *, tag: str = "p", attributes: str = "") -> str:
    """Each paragraph in a tag of its own."""
    return "".join(f"<{tag}{attributes}>{escape(text, quote=False)}</{tag}>\n" for text in paragraphs)


def listed(kind: str, items: Iterable[tuple[str, str]], times: Iterable[str | None] = ()) -> dict[str, Any]:
    """A list of links as the gold has it."""
    told = [*times]
    return {
        "kind": kind,
        "items": [[t, href, told[n] if n < len(told) else None] for n, (t, href) in enumerate(items)],
    }


def page(
    name: str,
    story: str,
    layout: Layout,
    *,
    gold: Mapping[str, Any] | None = None,
    lists: Iterable[Mapping[str, Any]] = (),
    suffix: str = "_{site}",
    encoding: str = "utf-8",
    latest: bool = False,
    related: bool = False,
    **parts: str,
) -> Page:
    """A page of the gate. `gold` replaces or (with None) removes what follows from the story.

    `latest` and `related` put such a list beside and below the story. The keywords left are those of `Parts`.
    """
    told = stories()[story]
    own = dict(parts)
    if latest:
        items = headlines(told.language, 6, name + "/latest")
        block = f"<div><h3>{LATEST[told.language]}</h3>{links(items)}</div>"
        own["side"] = block + own.get("side", "")
        lists = [*lists, listed("latest", items)]
    if related:
        items = headlines(told.language, 5, name + "/related")
        own["after"] = f"<div><h4>{RELATED[told.language]}</h4>{links(items)}</div>" + own.get("after", "")
        lists = [*lists, listed("related", items)]
    made = _parts(told, name, suffix, own)
    html = layout(made)
    answers = _gold(told, name, made, "meta" in parts)
    answers["links"] = [*lists, listed("hot", made.hot)] if made.hot else [*lists]
    answers |= gold or {}
    answers = {key: value for key, value in answers.items() if value not in (None, [])}
    return Page(name, html.encode(encoding, "xmlcharrefreplace"), answers)


def _parts(told: Story, name: str, suffix: str, own: dict[str, str]) -> Parts:
    language = told.language
    own.setdefault("page_title", told.title + suffix.format(site=SITE[language]))
    own.setdefault("meta", META[language].format(source=told.source))
    own.setdefault("body", p(told.paragraphs))
    own.setdefault("title", told.title)
    return Parts(language=language, seed=name, **own)


def _gold(told: Story, name: str, made: Parts, own_meta: bool) -> dict[str, Any]:
    size = sum(map(len, told.paragraphs))
    shows_source = not own_meta and told.language in ("zh", "zh-Hant")
    return {
        "url": f"https://{HOST[told.language]}/n/{100_000 + crc32(name.encode()) % 900_000}.html",
        "fetched_at": FETCHED,
        "lang": told.lang,
        "title": told.title,
        "published_at": None if own_meta else TOLD,
        "source": told.source if shows_source else None,
        "body": told.paragraphs,
        "not_in_body": [LEGAL[told.language][:12], *(title for title, _ in made.hot[:2])],
        "kind": "flash" if size < 130 else "article" if size >= ARTICLE.get(told.language, 650) else None,
    }
