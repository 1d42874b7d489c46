"""What a page is asked for. All of it stands in the address, so that every state has a link that lasts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from storage.times import stamp

# Characters of what is searched for, and of another value: a site may call itself what it likes.
LONGEST, LONGEST_VALUE = 200, 2000
LANGUAGES = ("zh", "en")
_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z,(\d{1,18})", re.ASCII)
_NUMBER = re.compile(r"(\d{1,18})(?:-(\d{1,17}))?", re.ASCII)


class BadState(ValueError):
    """An address that asks for what cannot be: the key, the value, and `why`, a name in `words`."""

    def __init__(self, key: str, value: str, why: str):
        super().__init__(f"{key}={value}: {why}")
        self.key, self.value, self.why = key, value, why


@dataclass(frozen=True, slots=True)
class State:
    """The state of a page.

    `q` is what is searched for, `site`, `source`, `section`, `language` and `day` (in the zone of the pages) choose,
    `ads` shows advertising, `order` is `best` or, for the newest first, "", `before` where the page begins; `as_of` is
    the time that is looked back to, `lang` the language of the interface ("": the reader's own).
    """

    q: str = ""
    site: str = ""
    source: str = ""
    section: str = ""
    language: str = ""
    day: str = ""
    ads: bool = False
    order: str = ""
    before: str = ""
    as_of: datetime | None = None
    lang: str = ""

    def address(self, path: str, **changes: object) -> str:
        """The address of a path in this state, with some changes; what is as usual is left out."""
        state = replace(self, **changes)  # type: ignore[arg-type]  # which field each is, its name says
        told = {field.name: _told(getattr(state, field.name)) for field in fields(state)}
        query = urlencode({name: value for name, value in told.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def place(self) -> tuple[str, int] | None:
        """Where the page begins among the newest: the stamp and the id of the article before it."""
        found = _PLACE.fullmatch(self.before)
        return (f"{found[1]}+00:00", int(found[2])) if found else None

    @property
    def number(self) -> int:
        """Where the page begins among hits: the id of the one before it, or how many are before it."""
        found = _NUMBER.fullmatch(self.before)
        return int(found[1]) if found else 0

    @property
    def last(self) -> int:
        """The highest id among the hits when the reader began with the best ones; 0 where he begins now."""
        found = _NUMBER.fullmatch(self.before)
        return int(found[2] or 0) if found else 0

    @property
    def chosen(self) -> dict[str, str]:
        """What the articles are chosen by."""
        names = ("section", "site", "source", "language", "day")
        return {name: value for name in names if (value := getattr(self, name))}


# What stays when a reader goes to another page.
def carried(state: State) -> State:
    """The state that goes with a reader to another page: the time and the language."""
    return State(as_of=state.as_of, lang=state.lang)


def place(told_at: str, number: int) -> str:
    """The value of `before` for what comes after an article."""
    return f"{told_at.removesuffix('+00:00')}Z,{number}"


def arguments(query: str) -> dict[str, str]:
    """The arguments of a query string; of what is given twice the first counts. Raises ValueError for very many."""
    given = parse_qs(query, errors="replace", max_num_fields=40)
    return {name: values[0].replace("\0", "").strip() for name, values in given.items()}


def read(query: str, now: datetime) -> State:
    """The state that a query string asks for; keys that mean nothing here are passed over. Raises BadState."""
    try:
        told = arguments(query)
    except ValueError as error:
        raise BadState("?", query[:LONGEST], "too_long") from error
    for name in (field.name for field in fields(State)):
        if len(told.get(name, "")) > (LONGEST if name == "q" else LONGEST_VALUE):
            raise BadState(name, told[name][:40] + "…", "too_long")
    state = State(
        **{name: told.get(name, "") for name in ("q", "site", "source", "section", "language")},
        day=_day(told),
        ads=_one_of(told, "ads", ("1", "0")) == "1",
        order=_one_of(told, "order", ("best",)),
        before=_before(told),
        as_of=moment("as_of", told.get("as_of", ""), now),
        lang=_one_of(told, "lang", LANGUAGES),
    )
    if state.order and not state.q:
        return replace(state, order="")
    return state


def moment(key: str, value: str, now: datetime) -> datetime | None:
    """A time with its zone, not one to come. Raises BadState."""
    if not value:
        return None
    try:
        # In an address a plus stands for a blank, and so it is often typed.
        at = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", value))
        if at.tzinfo is None:
            raise BadState(key, value, "no_zone")
        at = at.astimezone(at.tzinfo)
        at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, BadState):
            raise
        raise BadState(key, value, "no_time") from error
    if at > now:
        raise BadState(key, value, "to_come")
    return at


def bounds(day: str, zone: ZoneInfo) -> tuple[str, str]:
    """The stamps between which a day lies in a zone."""
    begin = datetime.combine(date.fromisoformat(day), time(), zone)
    end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), zone)
    return stamp(begin), stamp(end)


def _day(told: Mapping[str, str]) -> str:
    value = told.get("day", "")
    if not value:
        return ""
    try:
        found = date.fromisoformat(value)
    except ValueError as error:
        raise BadState("day", value, "no_day") from error
    if not 1900 <= found.year <= 9000 or found.isoformat() != value:
        raise BadState("day", value, "no_day")
    return value


def _before(told: Mapping[str, str]) -> str:
    value = told.get("before", "")
    try:
        found = _PLACE.fullmatch(value)
        if found:
            datetime.fromisoformat(found[1])
    except ValueError as error:
        raise BadState("before", value, "no_place") from error
    if value and not found and not _NUMBER.fullmatch(value):
        raise BadState("before", value, "no_place")
    return value


def _one_of(told: Mapping[str, str], key: str, allowed: tuple[str, ...]) -> str:
    value = told.get(key, "")
    if value and value not in allowed:
        raise BadState(key, value, "no_choice")
    return value


def _told(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return ("1" if value else "") if isinstance(value, bool) else str(value or "")
