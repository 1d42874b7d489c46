"""May I fetch this, and how fast: robots.txt as RFC 9309 reads it, by protego. Pure, but for the cache.

An answer of 4xx means that there are no rules (2.3.1.3), and so do redirects that end nowhere (2.3.1.2); with 5xx, or
none at all, nothing may be fetched (2.3.1.4), so such an error stays an error. 429 counts as the second: the host asks
for less, not for everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from crawler.page import FetchError
from crawler.rights import Clause, of_robots_txt
from crawler.urls import resolve

MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: at least this much is read.
LIFETIME = timedelta(hours=24)  # RFC 9309, 2.4.
MAX_DELAY = 300.0
MAX_SITEMAPS = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """What one robots.txt says to one agent: `delay` in seconds or None, `sitemaps` as absolute addresses.

    `clauses` are what it says about the use of what is fetched: see `rights`.
    """

    text: Protego
    agent: str
    delay: float | None = None
    sitemaps: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()

    def allows(self, url: str) -> bool:
        return self.text.can_fetch(url, self.agent)


def origin(url: str) -> str:
    """Scheme, host and port: what one robots.txt speaks for (RFC 9309, 2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def address(url: str) -> str:
    """Where the rules for `url` are."""
    return origin(url) + "/robots.txt"


def product(user_agent: str) -> str:
    """The product token that groups are matched by (RFC 9309, 2.2.1): `kuaixun` of `kuaixun/0.1 (+https://...)`."""
    named = re.search(r"compatible;\s*([A-Za-z_\-]+)", user_agent) or re.match(r"([A-Za-z_\-]+)", user_agent)
    return named[1] if named else user_agent


def parse(body: bytes, user_agent: str, url: str = "") -> Rules:
    """The rules in a robots.txt that was read at `url`. HTML, or anything without a valid line, forbids nothing."""
    text = _whole_lines(body).decode("utf-8-sig", "replace").replace("\x00", "")
    if text.lstrip().startswith("<"):
        text = ""
    parsed, agent = Protego.parse(text), product(user_agent)
    wish = parsed.crawl_delay(agent)
    sitemaps = (resolve(url, found) for found in parsed.sitemaps)
    return Rules(
        parsed,
        agent,
        min(float(wish), MAX_DELAY) if wish and wish > 0 else None,
        tuple(dict.fromkeys(filter(None, sitemaps)))[:MAX_SITEMAPS],
        of_robots_txt(text, agent),
    )


def _whole_lines(body: bytes) -> bytes:
    """What is read of a robots.txt. Half of a line would forbid more than was meant, or allow it: it is left out."""
    if len(body) < MAX_BYTES:
        return body
    # At exactly this size nobody knows whether more came: the file may have been cut before.
    body = body[:MAX_BYTES]
    return body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]


def without(error: FetchError, user_agent: str) -> Rules:
    """The rules of a host whose robots.txt could not be had: none after 4xx; otherwise raises the error again."""
    leads_nowhere = 300 <= error.status < 400 and error.status != 304
    if leads_nowhere or (400 <= error.status < 500 and error.status != 429):
        return parse(b"", user_agent)
    raise FetchError(
        error.url,
        f"nothing may be fetched while robots.txt cannot be read ({error.reason})",
        status=error.status,
        retry=error.retry or error.status == 429 or error.status >= 500,
        later=True,
        after=error.after,
    ) from error


class Cache:
    """The rules of each origin, for a day from when they were read; of so many origins, those read last."""

    MOST = 5000

    def __init__(self) -> None:
        self._rules: dict[str, tuple[datetime, Rules]] = {}

    def get(self, url: str, now: datetime) -> Rules | None:
        """The rules for `url`, or None when they must be read (again)."""
        read_at, rules = self._rules.get(origin(url), (now, None))
        return rules if rules and now - read_at < LIFETIME else None

    def read_at(self, url: str, now: datetime) -> datetime:
        """When the rules for `url` were read; `now` when they were not."""
        return self._rules[origin(url)][0] if origin(url) in self._rules else now

    def keep(self, url: str, rules: Rules, now: datetime) -> None:
        self._rules.pop(origin(url), None)
        self._rules[origin(url)] = (now, rules)
        if len(self._rules) > self.MOST:
            del self._rules[next(iter(self._rules))]
