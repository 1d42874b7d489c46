"""An extraction as JSON, text, Markdown, or an account of its own reasons: for the screen and for programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crawler.extract import byline, columns
from crawler.page import Extraction, LinkItem, LinkList
from crawler.screen import clip, plain
from storage.values import jsonable

# The keys that come first, in this order, each with the name of its field.
NAMES = {
    "title": "title",
    "published_at": "published",
    "modified_at": "modified",
    "author": "author",
    "editor": "editor",
    "source": "source",
    "site": "site",
    "lang": "lang",
}


def as_json(extraction: Extraction, *, url: str, threshold: float) -> dict[str, Any]:
    """Everything known of a page, ready for `json.dumps`; what is unknown is null.

    Times are ISO 8601 with offset. `author` is one string, as it is stored, and `authors` its names. `script` is Hans
    or Hant (ISO 15924) for Chinese. `latest` holds the items of the page's latest-news lists, each once; `spam` says
    that the ad score of an item reaches the threshold.
    """
    article, fields = extraction.article, dict(extraction.fields)
    record: dict[str, Any] = {"url": url or None, "kind": extraction.kind}
    for name, field in NAMES.items():
        found = fields.pop(field, None)
        record[name] = jsonable(getattr(article, name) if article else found) or None
    authors = extraction.fields.get("author")
    record["authors"] = list(authors) if isinstance(authors, list) else []
    record["author"] = byline(record["authors"], str(record["lang"] or "")) or None
    record["script"] = str(record["lang"] or "").partition("-")[2] or None
    if article:
        record |= {"ad_score": round(article.ad_score, 4), "spam": article.ad_score >= threshold}
    fields.pop("text", None)
    record["body"] = list(extraction.paragraphs)
    record["text"] = article.text if article else "\n".join(extraction.paragraphs)
    record["latest"] = [_item(item, threshold) for item in _latest(extraction)]
    record["lists"] = [
        {"heading": found.heading, "kind": found.kind, "items": [_item(item, threshold) for item in found.items]}
        for found in extraction.lists
    ]
    record |= {"canonical": extraction.canonical or None, "next_url": extraction.next_url or None}
    record |= {"feeds": list(extraction.feeds)}
    record |= {name: jsonable(fields.get(name)) for name in columns() if name not in record}
    record |= {"refused": extraction.refused or None}
    return record | {"evidence": dict(extraction.evidence)}


def as_text(extraction: Extraction) -> str:
    """The article as plain text: title, a line of what is known, the paragraphs; a list page's items with addresses."""
    lists = (
        "\n".join([found.heading or found.kind, *(f"{item.title}  {item.url}" for item in found.items)])
        for found in _own_lists(extraction)
    )
    return "\n\n".join(filter(None, (_title(extraction), _line(extraction), *extraction.paragraphs, *lists)))


def as_markdown(extraction: Extraction) -> str:
    """The article as Markdown: title as first heading, then the body with its headings, lists, links and images.

    A list page's items are links.
    """
    body = extraction.markdown or "\n\n".join(extraction.paragraphs)
    lists, title = map(_markdown_list, _own_lists(extraction)), _title(extraction)
    return "\n\n".join(filter(None, (f"# {title}" if title else "", _line(extraction), body, *lists)))


def as_explanation(extraction: Extraction) -> Iterator[str]:
    """What was decided and why: the kind, each field with its evidence, then the trace of the rules."""
    yield f"kind: {extraction.kind}" + (f"  ({extraction.refused})" if extraction.refused else "")
    for name, value in sorted(extraction.fields.items()):
        said = extraction.evidence.get(name, "")
        yield f"{name}: {clip(plain(str(jsonable(value))), 100)}" + (f"  ({said})" if said else "")
    if extraction.article:
        yield advertising(extraction.article.title, extraction.article.text, extraction.article.ad_score)
    for found in extraction.lists:
        yield f"list: {found.kind}, {len(found.items)} items, heading `{found.heading}`"
    yield from extraction.trace


def advertising(title: str, text: str, score: float) -> str:
    """How much an article looks like advertising, and the signs that decided, weightiest first."""
    from crawler.ads import explain_article

    signs = (f"{plain(name)} {weight:+.1f}" for name, weight in explain_article(title, text) if name != "bias")
    return f"looks like advertising: {score:.2f}  ({', '.join(list(signs)[:6])})"


def _latest(extraction: Extraction) -> list[LinkItem]:
    items = (item for found in extraction.lists if found.kind == "latest" for item in found.items)
    return list({item.url: item for item in items}.values())


def _item(item: LinkItem, threshold: float) -> dict[str, Any]:
    return {
        "title": item.title,
        "url": item.url,
        "position": item.position,
        "published_at": jsonable(item.published_at),
        "spam": item.ad_score >= threshold,
    }


def _own_lists(extraction: Extraction) -> tuple[LinkList, ...]:
    """The lists that are what the page is about: none, where they stand beside an article."""
    return () if extraction.article else extraction.lists


def _markdown_list(found: LinkList) -> str:
    items = (f"- [{_unbracketed(item.title)}](<{item.url}>)" for item in found.items)
    return "\n".join([f"## {found.heading or found.kind}\n", *items])


def _unbracketed(text: str) -> str:
    """Text that cannot end the link it stands in."""
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _title(extraction: Extraction) -> str:
    return str(extraction.fields.get("title") or "") or (extraction.article.title if extraction.article else "")


def _line(extraction: Extraction) -> str:
    """Time, source, author and editor in one line, as far as they are known."""
    article = extraction.article
    if article is None:
        return ""
    when = article.published_at.isoformat(" ", "minutes") if article.published_at else ""
    return " · ".join(filter(None, (when, article.source, article.author, article.editor)))
