"""A request and its answer, and what stands around every page."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from config import Config
from crawler.web import look, pages
from crawler.web.state import State, arguments, carried
from crawler.web.words import Words

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# Of a stored page: without `allow-...` no script runs, no form is sent, nothing is refreshed.
SANDBOX = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
HTML, ATOM, JSON = "text/html; charset=utf-8", "application/atom+xml; charset=utf-8", "application/feed+json"


class Ask(NamedTuple):
    """A request: its path and query as they stand in the address, and what the browser says of itself."""

    path: str
    query: str = ""
    accept_language: str = ""
    home: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    content_type: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Missing(LookupError):
    """There is no such thing; the name of the word that says so."""


class House(NamedTuple):
    """What is the same for all pages: the configuration, where Datasette shows the tables, the zone of times.

    `as_of` is the time that all of them look back to, whatever else is asked for.
    """

    setup: Config
    tables: str
    zone: ZoneInfo
    as_of: datetime | None = None


class Frame(NamedTuple):
    """What stands around every page: what is asked, its state, the words."""

    house: House
    ask: Ask
    state: State
    t: Words


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that is understood; `db` is to be read, `values` are those in the path."""

    frame: Frame
    db: sqlite3.Connection
    now: datetime
    values: tuple[str, ...] = ()

    @property
    def ask(self) -> Ask:
        return self.frame.ask

    @property
    def state(self) -> State:
        return self.frame.state

    @property
    def t(self) -> Words:
        return self.frame.t

    @property
    def house(self) -> House:
        return self.frame.house

    @property
    def args(self) -> dict[str, str]:
        """Those arguments that are no part of a state."""
        return arguments(self.ask.query)


def page(template: str, frame: Frame, context: dict[str, Any], *, place: str = "", status: int = 200) -> Answer:
    """A page of a template, with what stands around it. `more` of the context are arguments beside the state."""
    _, ask, state, t = frame
    going, more = carried(state), context.get("more", {})

    def here(**changes: Any) -> str:
        inside = {name: changes.pop(name) for name in ("a", "b", "raw") if name in changes}
        address = state.address(ask.path, **changes)
        extra = urlencode({name: value for name, value in (more | inside).items() if value})
        return f"{address}{'&' if '?' in address else '?'}{extra}" if extra else address

    everywhere = {
        "t": t,
        "then": state.as_of or frame.house.as_of,
        "state": state,
        "search_state": state if place == "front" else going,
        "style": look.sheet("style")[0],
        "tables": frame.house.tables,
        "zone": frame.house.zone.key,
        "place": place,
        "path": ask.path,
        "here": here,
        "to": going.address,
        "other_language": "en" if t.tag != "en" else "zh",
        "names": {key: getattr(t, key) for key in pages.KEYS},
        "more": more,
    }
    body = look.render(template, everywhere | context, frame.house.zone)
    headers = {"content-security-policy": POLICY, "vary": "accept-language"}
    return Answer(status, HTML, body, headers)
