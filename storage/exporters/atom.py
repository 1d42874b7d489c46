"""An Atom feed (RFC 4287): an entry for each article, with its text, but for control characters, which XML forbids."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError, iterparse
from xml.sax.saxutils import escape

import msgspec

from storage.batch import Batch, rows_of
from storage.dataset import FIELDS, Field
from storage.exporters._about import ADDED, About, Row

_ATOM = "{http://www.w3.org/2005/Atom}"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HELD = (
    "change", "id", "url", "title", "text", "first_seen_at", "published_at", "revised_at", "author", "source", "site",
    "language", "story_id", "story_first_seen_at", "split",
)  # fmt: skip
_ENTITIES = {'"': "&quot;", "\r": "&#13;", "\t": "&#9;", "\n": "&#10;"}
# What an entry is filed under, each with the scheme that says so.
_FILED = ("change", "id", "first_seen_at", "source", "site", "story_id", "story_first_seen_at", "split")
_SCHEMES = {name: f"tag:kuaixun,2026:{name}" for name in _FILED}


def fields(about: About) -> Mapping[str, Field]:
    """What of a row a feed holds."""
    known = {**FIELDS, **ADDED}
    return {name: known[name] for name in _HELD if name in about.fields}


def prepared(batches: Iterable[Batch], about: About) -> Iterator[Batch]:
    """The rows as XML can hold them."""
    texts = set(about.of("text", "category"))
    for batch in batches:
        columns = {name: _as_xml(batch[name]) if name in texts else batch[name] for name in about.fields}
        yield Batch(columns, len(batch))


def _as_xml(texts: Sequence[str | None]) -> Sequence[str | None]:
    return [_NOT_XML.sub("", text) if text and _NOT_XML.search(text) else text for text in texts]


def begin(query: Mapping[str, Any]) -> str:
    """How the feed of a query begins: nothing else does."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, msgspec.json.encode(query, order="sorted").decode())
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>urn:uuid:{name}</id>\n"
    )


def write(batches: Iterable[Batch], out: BinaryIO, about: About) -> None:
    """Write the feed. It was updated when the database last was."""
    title = _text(about.facts.get("title", "kuaixun"))
    head = (
        f"{begin(about.facts['query'])}<title>{title}</title>\n<updated>{_time(about.at)}</updated>\n"
        "<author><name>kuaixun</name></author>\n<generator>kuaixun</generator>\n"
    )
    out.write(head.encode())
    for row in rows_of(batches):
        out.write("".join(_entry(row)).encode())
    out.write(b"</feed>\n")


def _entry(row: Row) -> Iterator[str]:
    language = f" xml:lang={_quoted(row['language'])}" if row["language"] else ""
    yield f"<entry{language}>\n<id>{_text(row['url'])}</id>\n<title>{_text(row['title'])}</title>\n"
    yield f"<updated>{_time(row['revised_at'] or row['first_seen_at'])}</updated>\n"
    if row["published_at"]:
        yield f"<published>{_time(row['published_at'])}</published>\n"
    yield f'<link rel="alternate" href={_quoted(row["url"])}/>\n'
    if row["author"]:
        yield f"<author><name>{_text(row['author'])}</name></author>\n"
    for name, scheme in _SCHEMES.items():
        if row.get(name) is not None:
            value = _time(row[name]) if isinstance(row[name], datetime) else str(row[name])
            yield f'<category scheme="{scheme}" term={_quoted(value)}/>\n'
    yield f'<content type="text">{_text(row["text"])}</content>\n</entry>\n'


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: str) -> str:
    return escape(value, {"\r": "&#13;"})


def _quoted(value: str) -> str:
    return '"' + escape(value, _ENTITIES) + '"'


def read(path: Path, about: About) -> Iterator[dict[str, Any]]:
    """The rows of a feed. Raises ValueError."""
    try:
        feed = None
        for event, element in iterparse(path, ("start", "end")):
            if feed is None:
                feed = element
            elif event == "end" and element.tag == f"{_ATOM}entry":
                yield {name: value for name, value in _row(element).items() if name in about.fields}
                feed.clear()
    except (ParseError, KeyError, TypeError) as error:
        raise ValueError(f"it is no feed of ours: {error}") from error


def _row(entry: Any) -> dict[str, Any]:
    filed = {each.get("scheme"): each.get("term") for each in entry.findall(f"{_ATOM}category")}
    told = {name: filed.get(scheme) for name, scheme in _SCHEMES.items()}

    def found(path: str) -> str | None:
        part = entry.find("/".join(f"{_ATOM}{name}" for name in path.split("/")))
        return None if part is None else part.text or ""

    first, story = told["first_seen_at"], told["story_first_seen_at"]
    updated, published = found("updated"), found("published")
    return {
        **told,
        "id": int(told["id"] or ""),
        "url": found("id"),
        "title": found("title"),
        "text": found("content"),
        "first_seen_at": datetime.fromisoformat(first or ""),
        "story_first_seen_at": datetime.fromisoformat(story) if story else None,
        "published_at": datetime.fromisoformat(published) if published else None,
        "revised_at": datetime.fromisoformat(updated or "").astimezone(UTC) if updated != first else None,
        "author": found("author/name"),
        "language": entry.get("{http://www.w3.org/XML/1998/namespace}lang"),
    }
