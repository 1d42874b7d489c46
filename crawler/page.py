"""What goes from step to step on the way in: a request, the page it brought, the document made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from storage.records import Article, Headline, Target

if TYPE_CHECKING:
    from config import Source


class CrawlerError(Exception):
    """Root of the crawler's errors.

    CrawlerError
    +-- FetchError     no usable answer from a URL: `url`, `reason`, and whether a later try may help
    +-- ExtractError   bytes that hold no readable page: `reason`
    """


class FetchError(CrawlerError):
    """No usable answer. `retry` says whether a try in a moment may help; `after` is the server's wish in seconds.

    `later`: the address itself is not to blame, but a certificate, a setting or a fault of ours; once that is
    mended it can be asked, and nothing helps before.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        *,
        status: int = 0,
        retry: bool = False,
        later: bool = False,
        after: float | None = None,
    ):
        super().__init__(f"{url}: {reason}")
        self.url, self.reason, self.status, self.after = url, reason, status, after
        self.retry, self.later = retry, later


class Forbidden(FetchError):
    """robots.txt does not allow it; nothing was asked."""

    def __init__(self, url: str):
        super().__init__(url, "forbidden by robots.txt")


class Moved(FetchError):
    """The page is at another site now, at `to`, which is asked in its own turn."""

    def __init__(self, url: str, to: str):
        super().__init__(url, f"moved to `{to}`, another site")
        self.to = to


class Resting(FetchError):
    """A redirect leads to a host that must be left alone for `after` seconds; the address is asked again then."""

    def __init__(self, url: str, to: str, after: float):
        super().__init__(url, f"leads to `{to}`, whose host must be left alone", later=True, after=after)


class Postponed(FetchError):
    """The turn of the host went to its robots.txt; nothing else was asked."""

    def __init__(self, url: str):
        super().__init__(url, "waits for the next turn of its host")


class ExtractError(CrawlerError):
    """The bytes hold no page that could be read; `reason` says why.

    `ours`: the page is not to blame, but a fault of ours or a selector in the configuration.
    """

    def __init__(self, reason: str, *, ours: bool = False):
        super().__init__(reason)
        self.reason, self.ours = reason, ours


@dataclass(frozen=True, slots=True)
class Request:
    """One GET to make. Validators go out as If-None-Match and If-Modified-Since.

    With `cut` the beginning of an answer that is too large is taken, which is an error otherwise. `target` is what is
    asked for, None for what is only a file of its host; `pause` are the seconds in which the host is asked nothing else
    afterwards, None for the general ones. Both are for a fetcher that has others ask.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    cut: bool = False
    target: Target | None = None
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: `url` is the final address, `body` the decoded bytes, `took` seconds, `fetched_at` UTC.

    A 304 has an empty body. Header names are lower case. `address` is the network address that answered, None where
    it is not known. `reading` is what was read of it where it was fetched: a Reading, or the ExtractError; None where
    that is still to be done.
    """

    request: Request
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    took: float = 0.0
    address: str | None = None
    reading: Any = None


@dataclass(frozen=True, slots=True)
class Document:
    """Decoded HTML and what is known around it: all that the extraction gets to see.

    `fetched_at` resolves relative times ("3小时前"); `source` carries a site's own selectors, time zone and
    encoding, or is None. `seen_then` is False for a file of which nobody knows when it was fetched: then metadata are
    believed more than "3小时前".
    """

    url: str
    html: str
    fetched_at: datetime
    encoding: str = "utf-8"
    source: Source | None = None
    seen_then: bool = True


class Anchor(NamedTuple):
    """A link of the page, resolved against its base. `nofollow` is rel=nofollow on the link itself."""

    url: str
    text: str
    nofollow: bool = False


class LinkItem(NamedTuple):
    """One item of a link list; `position` counts from 1."""

    title: str
    url: str
    published_at: datetime | None
    position: int
    ad_score: float = 0.0


@dataclass(frozen=True, slots=True)
class LinkList:
    """A list of links with its heading; `kind` is latest, hot, related or list."""

    heading: str
    kind: str
    items: tuple[LinkItem, ...]


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything that one page yielded.

    `kind` is article, flash, list, gallery, video or other; `article` is None unless the page is an article or
    a flash. `fields` holds every field found, by its name in `crawler/fields/`; `evidence` says where each came
    from. `headlines` are the items of `lists`, ready to store. `feeds` are the addresses that the page declares
    as RSS, Atom or JSON feeds; `next_url` is the next page of the same list or article, or "". `refused` says what a
    page is that answers in an article's place (a log-in page, "not found"), or "". `metas` are the meta tags, name
    (lower case) and content; `nofollow`: no link of this page may be followed. `linked` is the share of links in the
    text.
    """

    kind: str
    article: Article | None
    fields: Mapping[str, object]
    evidence: Mapping[str, str]
    paragraphs: tuple[str, ...] = ()
    markdown: str = ""
    lists: tuple[LinkList, ...] = ()
    headlines: tuple[Headline, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    feeds: tuple[str, ...] = ()
    canonical: str = ""
    next_url: str = ""
    nofollow: bool = False
    refused: str = ""
    metas: Sequence[tuple[str, str]] = ()
    trace: tuple[str, ...] = field(default=())
    linked: float = 0.0
