"""The first page of a list as a feed: Atom (RFC 4287) or JSON Feed 1.1. Pure."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crawler.web.look import render
from crawler.web.safe import body, language, link, title
from crawler.web.state import State
from crawler.web.words import Words

Row = dict[str, Any]

LONGEST = 10_000  # characters of an entry
_NEVER = "1970-01-01T00:00:00Z"  # when a feed without entries was updated

# XML has no such characters, not even as references.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def entry(card: Mapping[str, Any], text: str) -> Row:
    """An article as an entry."""
    claimed = card["published_at"] if not card["published_flag"] else None
    return {
        "id": card["id"],
        "uid": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, str(card['url']))}",
        "heading": _clean(title(card["title"])) or f"#{card['id']}",
        "text": _clean(body(text, LONGEST)) + ("…" if len(text) > LONGEST else ""),
        "href": _clean(link(card["url"])),
        "author": _clean(title(card["source"] or card["site"])) or "?",
        "language": language(card["lang"]),
        "updated": _utc(card["revised_at"] or card["first_seen_at"]),
        "seen": _utc(card["first_seen_at"]),
        "published": _utc(claimed) if claimed else "",
    }


def atom(entries: Sequence[Row], state: State, heading: str, home: str, t: Words) -> str:
    """The entries as Atom; `home` is the address of this site."""
    context = {
        "id": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, home + state.address('/'))}",
        "heading": _clean(heading),
        "updated": max((one["updated"] for one in entries), default=_NEVER),
        "entries": entries,
        "state": state,
        "home": home,
        "t": t,
    }
    return render("feed.atom", context, UTC)


def as_json(entries: Sequence[Row], state: State, heading: str, home: str, t: Words) -> str:
    """The same as JSON Feed."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": heading,
        "home_page_url": home + state.address("/"),
        "feed_url": home + state.address("/feed.json"),
        "language": t.tag,
        "items": [
            {
                "id": one["uid"],
                "url": f"{home}/article/{one['id']}",
                **({"external_url": one["href"]} if one["href"] else {}),
                "title": one["heading"],
                "content_text": one["text"],
                "date_published": one["published"] or one["seen"],
                "date_modified": one["updated"],
                "authors": [{"name": one["author"]}],
                **({"language": one["language"]} if one["language"] else {}),
            }
            for one in entries
        ],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1) + "\n"


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _utc(value: str) -> str:
    """A stored time as feeds have it; one without an offset is taken for UTC, what is no time for that of nothing."""
    try:
        at = datetime.fromisoformat(value)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _NEVER
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
