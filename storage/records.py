"""The plain records that cross the door of `storage`.

Every time is an aware `datetime`; the database keeps it as ISO 8601 with offset. A record knows nothing of
HTML, HTTP or SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

TargetKind = Literal["list", "feed", "sitemap", "article"]
Outcome = Literal["new", "same", "changed", "copy", "none", "older", "gone"]
# Why a list was not seen, or not whole: more came than it shows; no usable answer; we were refused; robots.txt forbids
# it; we did not ask.
GapKind = Literal["overrun", "down", "blocked", "robots", "outage"]


@dataclass(frozen=True, slots=True)
class Article:
    """One article as a page told it.

    `url` is the address it was read from (after redirects), `canonical` the address that the page itself
    declares, or "". `published_at` and `modified_at` are what the page claims; `fetched_at` is our clock.
    `ad_score` is a probability in 0..1. `extra` holds the fields that have no attribute of their own; the store
    keeps each in a column of its name. `rules` is the version of the rules that the page was read by, "" for none.
    """

    url: str
    title: str
    text: str
    fetched_at: datetime
    canonical: str = ""
    published_at: datetime | None = None
    modified_at: datetime | None = None
    author: str = ""
    editor: str = ""
    source: str = ""
    site: str = ""
    lang: str = ""
    ad_score: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """One item of a link list seen on a page: `kind` is latest, hot, related or list; `position` counts from 1.

    `ad_score` is the probability (0..1) that the item is advertising, not news.
    """

    url: str
    title: str
    seen_on: str
    seen_at: datetime
    published_at: datetime | None = None
    position: int = 0
    kind: str = "list"
    block: str = ""
    ad_score: float = 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that the frontier knows: what it is, and when it may be asked.

    Higher `priority` goes first. `etag` and `last_modified` are the validators of the last answer (RFC 9110,
    8.8), `tries` counts failures in a row since the last success, `visited_at` is when it was last asked.
    """

    url: str
    kind: TargetKind
    source: str
    priority: int = 0
    depth: int = 0
    next_at: datetime | None = None
    found_on: str = ""
    etag: str = ""
    last_modified: str = ""
    tries: int = 0
    visited_at: datetime | None = None


class Signs(NamedTuple):
    """What a page yielded, for `drift`: the kind of its address, what it lacks, its amounts, and prints of its fields.

    `lacks` has whether each sign is bad (`published`: no time was found), `amounts` characters of text, the share of
    links in it, list items. Of `prints` only whether two pages have the same counts.
    """

    shape: str
    lacks: Mapping[str, bool] = {}
    amounts: Mapping[str, float] = {}
    prints: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request and how it ended. `took` is in seconds, `size` in bytes of the decoded body.

    `status` is 0 when no answer came; `error` then names why. `address` is the network address that answered, ""
    where that is not known; `rest_until` is set when the whole host must be left alone until then.
    Without `asked` nothing was sent, because robots.txt forbids it: that says nothing of the host.
    `gone` says how an article is no longer there ("not found", ...), "" where it is or nothing is known of that.
    `signs` is what the page yielded, where that tells whether its site is still read as it was.
    """

    url: str
    final_url: str
    kind: TargetKind
    source: str
    at: datetime
    status: int
    error: str = ""
    took: float = 0.0
    size: int = 0
    etag: str = ""
    last_modified: str = ""
    address: str = ""
    rest_until: datetime | None = None
    asked: bool = True
    gone: str = ""
    signs: Signs | None = None


@dataclass(frozen=True, slots=True)
class HostNote:
    """What a later run must know of a host: where it answers from, and until when it must not be asked."""

    host: str
    address: str = ""
    rest_until: datetime | None = None


class Beat(NamedTuple):
    """The clock by which a publisher writes: an item each `period` seconds, one of them at `at`.

    Most lie within `deviation` seconds of it.
    """

    period: float
    at: datetime
    deviation: float = 0.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When the items of a list come.

    `size` is how many it shows at once, `items` how many came since the first visit; `hours` how many to expect in
    each hour of the day (UTC), `pause` the seconds until the next visit as learnt, None while that is not known.
    `due_at` is when it was to be visited next, None when that was never planned; `late` and `late_before` by how many
    seconds the last two visits came after their time. `came` and `expected` are how many items came of late, and how
    many the hours had promised; both fade within an hour. Items show up `lag` seconds later than they say.
    `paged`: the list has been seen to go on, on a further page; `newest_at` is the latest time that it showed.
    """

    since: datetime
    seen_at: datetime
    size: int
    items: int
    last_item_at: datetime | None
    hours: tuple[float, ...]
    pause: float | None = None
    due_at: datetime | None = None
    late: float = 0.0
    late_before: float = 0.0
    came: float = 0.0
    expected: float = 0.0
    beat: Beat | None = None
    lag: float = 0.0
    paged: bool = False
    newest_at: datetime | None = None


class Sign(NamedTuple):
    """What was seen of a gap at one visit."""

    at: datetime
    kind: GapKind
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which a source may have had items that were not seen: the list at `url` was not seen, or not whole.

    It begins with the last good visit, or the first try; `to_at` is None while it goes on. `kind` and `reason` are as
    it began, `signs` what was seen of it wherever that changed, `noted_at` when it was noticed, `mended_at` when it
    turned out that nothing is missing. Source, address and `noted_at` tell one gap from another.
    """

    source: str
    url: str
    from_at: datetime
    to_at: datetime | None
    reason: str
    noted_at: datetime
    kind: GapKind = "overrun"
    signs: tuple[Sign, ...] = ()
    mended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a visit to a list says about its source: its rhythm, a gap, gaps mended, further pages to look at.

    `gap` is one that was found, or that was known and ends or shows more of itself. `changed` has the addresses that it
    lists with the time when each last changed.
    """

    rhythm: Rhythm | None = None
    gap: Gap | None = None
    mended: Sequence[Gap] = ()
    wake: Sequence[str] = ()
    changed: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Right:
    """One statement about the use of articles: `noai`, `tdm-reservation` = 1, `ai-train` = no.

    `via` is how it was said: meta, header, robots.txt or tdmrep.json. `agent` is whom it is said to, "*" for everybody;
    `applies` says whether that means this crawler, `location` which paths are meant (`places`), "" all.
    """

    kind: str
    value: str
    via: str
    agent: str = "*"
    applies: bool = True
    location: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """All that one address said about the use of its host's articles, or of one of them, when it was read.

    `file` is the status and the text of a file of the host that is worth keeping for a day: see `query.host_file`.
    """

    read_on: str
    scope: Literal["host", "article"]
    read_at: datetime
    rights: tuple[Right, ...] = ()
    file: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What the store made of a visit: how the article stood to those it had, and the new URLs it queued.

    Only an import finds an article `older` than the version that is known.

    `dedupe_cpu`: what looking for an earlier article of the same text took, in seconds of processor time.
    """

    outcome: Outcome
    article_id: int | None = None
    story_id: int | None = None
    queued: int = 0
    headlines: int = 0
    dedupe_cpu: float = 0.0


_Record = TypeVar("_Record", Article, Headline)


def encodable(record: _Record) -> _Record:
    """The record with `?` for what UTF-8 cannot hold (lone surrogates), in all its texts."""
    return replace(record, **{item.name: _encodable(getattr(record, item.name)) for item in fields(record)})


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list | tuple) else value
