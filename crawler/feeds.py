"""Feeds and sitemaps: bytes to items. Pure.

Half of all feeds break some rule of XML, so this is no XML parser: it cuts the text at the opening tags of its items
and reads the few elements that matter up to the next tag. That recovers what an unclosed tag, a bare `&`, bytes before
the declaration or a cut end leave over, takes linear time, and cannot expand an entity or fetch anything: a document
type declaration is text like any other. One reader serves RSS 0.9 to 2.0, RDF, Atom, sitemaps, news sitemaps and
their indexes; JSON Feed goes through `json`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from html import escape, unescape
from itertools import islice, pairwise
from typing import Any, Literal

from crawler.decode import decode
from crawler.urls import resolve

Kind = Literal["feed", "sitemap", "index"]

MAX_ITEMS = 50_000  # sitemaps.org: one file holds no more.
MAX_TEXT = 20_000_000  # Bytes unpacked; a full sitemap takes about half of it.
_CHINA = timezone(timedelta(hours=8))
_HEAD = 4096

_ROOT = re.compile(r"<([a-z]\w{0,20}:)?(rss|feed|rdf|urlset|sitemapindex)(?=[\s>:])[^<>]{0,4000}>?", re.I)
_START = re.compile(rb"<(?:[a-z]\w{0,20}:)?(?:rss|feed|rdf|urlset|sitemapindex)[\s>:]|\A[\s\xef\xbb\xbf]*\{", re.I)
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_ITEM = {"rss": "item", "rdf": "item", "feed": "entry", "urlset": "url", "sitemapindex": "sitemap"}
_KIND: dict[str, Kind] = {"urlset": "sitemap", "sitemapindex": "index"}
_HTML = re.compile(r"<(?:!doctype\s+html|html|body)\b", re.I)
_ATTRIBUTE = re.compile(r"""([\w:.\-]{1,40})\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_TITLE_NAMES = "(?:news:|atom:)?title"
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>"}
_MARKED = re.compile("|".join(map(re.escape, _ENDS)))
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
# When it was published rather than when it was changed, whichever stands first.
_TIME_NAMES = ("pubdate|dc:date|published|issued|(?:[a-z]+:)?publication_date", "updated|modified|lastmod")
_YEAR_MONTH_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(日?\s*)(?=[\dT]|$)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Item:
    """One link that a feed or sitemap announces; the title is "" in a plain sitemap.

    `changed_at` is when it last changed, where that is told.
    """

    url: str
    title: str = ""
    published_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """The items of one file in its own order; those of an `index` are sitemaps."""

    kind: Kind
    items: tuple[Item, ...]


def parse(body: bytes, url: str, content_type: str = "", zone: tzinfo | None = None) -> Feed | None:
    """The feed or sitemap in `body` (also gzipped) that was read at `url`; None when it is neither.

    Times without a zone are read in `zone`, else as China's where the title is Chinese, else as UTC.
    """
    body = _unpacked(body)
    if not _START.search(body, 0, _HEAD) and not body.startswith(_WIDE):
        return None
    text = decode(body, content_type).text
    if text.lstrip()[:1] == "{":
        return _json_feed(text, url, zone)
    root = _ROOT.search(text, 0, _HEAD)
    if not root or _HTML.search(text, 0, root.start()):
        return None
    prefix, name = root[1], root[2].lower()
    text = _flat(text)
    if name in _KIND:
        # Of a file that was cut off, half an address may be left at its end.
        text = text[: text.rfind("<")]
    if prefix:
        text = re.sub(rf"(</?){re.escape(prefix)}", r"\1", text)
    base = resolve(url, dict(_attributes(root[0])).get("xml:base", "")) or url
    found = (_item(chunk, base, zone) for chunk in _chunks(text, _ITEM[name]))
    return Feed(_KIND.get(name, "feed"), tuple(islice(filter(None, found), MAX_ITEMS)))


def _unpacked(body: bytes) -> bytes:
    """The bytes, ungzipped where they are; a cut or broken end loses only itself."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(47).decompress(body, MAX_TEXT)
    except zlib.error:
        return b""


def _flat(text: str) -> str:
    """The text without comments, and with its CDATA sections as escaped text: no tag in them is one of the feed's.

    A section or comment that is not closed, or closed by the next one's end, is left as it is.
    """
    parts, at, ends = [], 0, dict.fromkeys(_ENDS, 0)
    for found in _MARKED.finditer(text):
        mark, start = found[0], found.end()
        if found.start() < at:
            continue
        if 0 <= ends[mark] < start:
            ends[mark] = text.find(_ENDS[mark], start)
        end = ends[mark]
        if end >= 0 and text.find(mark, start, end) < 0:
            parts += [text[at : found.start()], escape(text[start:end]) if mark != "<!--" else ""]
            at = end + 3
    return "".join((*parts, text[at:]))


def _chunks(text: str, name: str) -> Iterator[str]:
    """The text of each item: from its opening tag to its end tag, to the next opening one, or to the end."""
    opening = re.compile(rf"<(?:\w{{1,20}}:)?{name}(?=[\s>])[^<>]*>", re.I)
    ending = re.compile(rf"</(?:\w{{1,20}}:)?{name}\s*>", re.I)
    starts = [found.start() for found in islice(opening.finditer(text), MAX_ITEMS)]
    for start, following in pairwise([*starts, len(text)]):
        end = ending.search(text, start, following)
        yield text[start : end.start() if end else following]


def _item(chunk: str, base: str, zone: tzinfo | None) -> Item | None:
    if "xml:base" in chunk:
        base = resolve(base, dict(_attributes(chunk[: chunk.find(">")])).get("xml:base", "")) or base
    url = resolve(base, _address(chunk))
    if not url or url == base:
        return None
    title = _title(_markup(chunk) or _value(chunk, _TITLE_NAMES))
    published_at, changed_at = (_time(_value(chunk, names), title, zone) for names in _TIME_NAMES)
    return Item(url, title, published_at or changed_at, changed_at)


def _address(chunk: str) -> str:
    """`<loc>`, the text of `<link>`, the href of an alternate one, or a guid that is a permanent link."""
    found = _value(chunk, "loc") or _value(chunk, "link") or _alternate(chunk)
    if not found and 'ispermalink="false' not in chunk.lower():
        found = _value(chunk, "guid")
    return found if found or "about=" not in chunk else dict(_attributes(chunk[: chunk.find(">")])).get("rdf:about", "")


def _alternate(chunk: str) -> str:
    links = [dict(_attributes(tag)) for tag in re.findall(r"<(?:atom:)?link\b[^<>]*", chunk, re.I)]
    for rel in ("alternate", ""):
        for link in links:
            if link.get("rel", "") == rel and link.get("href"):
                return link["href"]
    return ""


def _attributes(tag: str) -> Iterator[tuple[str, str]]:
    for name, double, single in _ATTRIBUTE.findall(tag):
        yield name.lower(), unescape(double or single)


def _value(chunk: str, names: str) -> str:
    """The text of the first element of these names, up to the next tag or through its CDATA section."""
    tag = re.search(rf"<(?:{names})(?=[\s>])[^<>]*>\s*", chunk, re.I)
    if not tag:
        return ""
    rest = tag.end()
    if chunk.startswith("<![CDATA[", rest):
        end = chunk.find("]]>", rest)
        return chunk[rest + 9 : end if end >= 0 else None].strip()
    end = chunk.find("<", rest)
    return unescape(chunk[rest : end if end >= 0 else None]).strip()


def _markup(chunk: str) -> str:
    """The title of an entry that is written in elements of XHTML, "" for any other."""
    if "xhtml" not in chunk:
        return ""
    found = re.search(r"<title\s[^<>]*xhtml[^<>]*>", chunk, re.I)
    end = chunk.find("</title", found.end()) if found else -1
    return chunk[found.end() : end] if found and end >= 0 else ""


def _title(text: str) -> str:
    """A title as plain text: feeds escape markup in it once more."""
    text = _CONTROL.sub("", text)
    if "<" in text or "&" in text:
        text = unescape(_TAG.sub("", unescape(text)))
    return " ".join(text.split())[:1000]


def _time(text: str, title: str, zone: tzinfo | None) -> datetime | None:
    """RFC 822 or ISO 8601 as an aware time; None when it is neither or lies outside of 1990 to 2100."""
    try:
        found = _iso(text) if text[:4].isdigit() else parsedate_to_datetime(text)
        chinese = _CHINESE.search(title) is not None
        # RFC 822 knows CST as a zone of America; in a Chinese feed it is China's.
        if found.tzinfo is None or (chinese and text.endswith("CST")):
            found = found.replace(tzinfo=zone or (_CHINA if chinese else UTC))
        return found if 1990 <= found.year < 2100 and found.astimezone(UTC) else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _iso(text: str) -> datetime:
    """Year first, in figures or with the characters for year, month and day."""
    text = _YEAR_MONTH_DAY.sub(_dashed, text, count=1)
    return datetime.fromisoformat(re.sub(r"\s*([+-]\d\d:?\d\d|Z)$", r"\1", text.strip()))


def _dashed(found: re.Match[str]) -> str:
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}{' ' if found[4] else ''}"


def _json_feed(text: str, url: str, zone: tzinfo | None) -> Feed | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or "jsonfeed.org" not in str(data.get("version")):
        return None
    items = data.get("items")
    found = (_json_item(item, url, zone) for item in items) if isinstance(items, list) else iter(())
    return Feed("feed", tuple(islice(filter(None, found), MAX_ITEMS)))


def _json_item(item: Any, base: str, zone: tzinfo | None) -> Item | None:
    if not isinstance(item, dict):
        return None
    url = resolve(base, str(item.get("url") or item.get("external_url") or ""))
    if not url or url == base:
        return None
    title = _title(str(item.get("title") or ""))
    published_at, changed_at = (
        _time(str(item.get(name) or ""), title, zone) for name in ("date_published", "date_modified")
    )
    return Item(url, title, published_at or changed_at, changed_at)
