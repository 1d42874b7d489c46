"""What a page and its host say about the use of articles, and what of it is an order to a crawler. Pure.

Read are the robots meta tag and X-Robots-Tag, the TDM Reservation Protocol (header, meta and the host's tdmrep.json),
Content-Signal and Content-Usage (header, and lines of robots.txt), and which crawlers for training robots.txt shuts
out. Everything is kept as evidence, also what is said to other agents; `Orders` are what this crawler obeys at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import chain, islice
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.trainers import rules
from crawler.trainers import told as trainers_told
from storage.places import cut, spellings
from storage.records import Notice, Right
from storage.rights import RESERVED

EVERYBODY = "*"
# The kind of statement that a robots.txt makes to crawlers for training: "no" shuts them out.
TRAINERS = "train-bots"
MAX_CLAUSES = 200  # of a file by one means; a pattern has up to three spellings
MAX_RIGHTS = 50
MAX_VALUE = 2048
MAX_FILE = 64 * 1024
# How long a tdmrep.json is known, and how long a host that did not give it is not asked again.
LIFETIME, FAILED_LIFETIME = timedelta(hours=24), timedelta(hours=1)

_EVIDENCE = ("nofollow", "noai", "noimageai")
# Directives with a value; any other name before a colon is an agent's.
_VALUED = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
_WEEKDAY = re.compile(r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,", re.I)
_SIGNAL = re.compile(r"([a-z][a-z\-]{0,30})\s*=\s*(yes|no|y|n)\b", re.I)
_PATH = re.compile(r"\s*([/*]\S*)\s")
_DECODER = json.JSONDecoder()
_START, _BETWEEN, _END = map(re.compile, (r"\s*\[\s*", r"\s*,\s*", r"[\s,]*\]\s*"))
_SIGNAL_NAMES = ("content-signal", "content-usage")

Meta = Sequence[tuple[str, str]]


class Clause(NamedTuple):
    """A statement of a host's file; `location` is a pattern as in robots.txt, "" for the whole host."""

    location: str
    right: Right


@dataclass(frozen=True, slots=True)
class Orders:
    """What a page asks of who reads it: not to be stored, and not to lead on."""

    noindex: bool = False
    nofollow: bool = False


@dataclass(frozen=True, slots=True)
class _Word:
    """One directive of a robots tag, lower case, with whom it is said to and by what means."""

    agent: str
    name: str
    value: str
    via: str


def orders(headers: Mapping[str, str], metas: Meta, agent: str, now: datetime) -> Orders:
    """The orders of a page to `agent` (a product token) and to everybody; the strictest holds.

    A page whose `unavailable_after` has passed is not to be stored.
    """
    words = [word for word in _words(headers, metas, agent) if _applies(word.agent, agent)]
    if not words:
        return Orders()
    names = {word.name for word in words}
    expired = any(word.name == "unavailable_after" and _has_passed(word.value, now) for word in words)
    return Orders("noindex" in names or "none" in names or expired, "nofollow" in names or "none" in names)


def of_page(headers: Mapping[str, str], metas: Meta, agent: str) -> tuple[Right, ...]:
    """What a page says about its use, in its header and in its meta tags."""
    found = [
        Right(
            "nofollow" if word.name == "none" else word.name, "yes", word.via, word.agent, _applies(word.agent, agent)
        )
        for word in _words(headers, metas, agent)
        if word.name in (*_EVIDENCE, "none")
    ]
    for via, told in (("header", headers.items()), ("meta", metas)):
        found += (right for name, value in told if name.startswith("tdm-") and (right := _tdm(name, value, via)))
    for line in filter(None, map(headers.get, _SIGNAL_NAMES)):
        found += (Right(kind, value, "header") for kind, value in _signals(line))
    if not found:
        return ()
    # What reserves comes first, then what is said to us, where there is more than anybody says.
    rights = sorted(_strictest(found).values(), key=lambda right: (not _binds(right), not right.applies))
    return tuple(rights[:MAX_RIGHTS])


def of_robots_txt(text: str, agent: str) -> tuple[Clause, ...]:
    """The Content-Signal and Content-Usage lines of a robots.txt, each with the agents of its group, and `TRAINERS`."""
    own, ours = agent.lower(), False
    lines: list[tuple[Mapping[str, bool], str]] = []
    for agents, name, value in rules(text):
        # Who has a group of his own is not meant by that of everybody (RFC 9309, 2.2.1).
        ours |= agents.get(own, False)
        if name in _SIGNAL_NAMES:
            lines.append((agents or {EVERYBODY: True}, value))
    us = (own,) if ours else (own, EVERYBODY)
    to_us = (each for agents, line in lines for one in us if one in agents for each in _clauses(line, one, True))
    to_others = (
        each for agents, line in lines for one in agents if one not in us for each in _clauses(line, one, False)
    )
    trainers = (
        Clause(said.location, Right(TRAINERS, "yes" if said.allowed else "no", "robots.txt", said.agents, False))
        for said in trainers_told(text)
    )
    # What is said to us comes first where there is more than anybody says.
    signals = chain(_bounded(to_us), islice(_bounded(islice(to_others, MAX_CLAUSES)), MAX_CLAUSES))
    return (*signals, *_bounded(trainers))


def _clauses(line: str, agent: str, applies: bool) -> Iterator[Clause]:
    path = _PATH.match(line + " ")
    for kind, said in _signals(line):
        yield Clause(path[1] if path else "", Right(kind, said, "robots.txt", agent, applies))


def of_tdmrep(text: str) -> tuple[Clause, ...]:
    """The clauses of a tdmrep.json; anything else than a list of objects has none.

    What comes after its end, where it breaks off, nobody knows: having reserved something it reserves the whole host.
    """
    told, is_whole = _listed(text)
    found: list[Clause] = []
    for each in told:
        if isinstance(each, dict):
            location = each.get("location")
            place = location.strip() if isinstance(location, str) else ""
            rights = (_tdm(name, value, "tdmrep.json") for name, value in each.items() if name.startswith("tdm-"))
            found += (Clause(place if place.startswith("/") else "", right) for right in rights if right)
    reserved = [] if is_whole else [clause for clause in found if _reserves(clause.right)]
    return _bounded([*reserved, Clause("", reserved[0].right)] if reserved else found)


def _listed(text: str) -> tuple[list[Any], bool]:
    """The values of a list in JSON up to where it breaks off, and whether these are all."""
    try:
        told = json.loads(text)
        return told if isinstance(told, list) else [told], True
    except (ValueError, RecursionError):
        pass
    found: list[Any] = []
    at = 0
    with suppress(ValueError, RecursionError):
        while gap := (_BETWEEN if at else _START).match(text, at):
            value, at = _DECODER.raw_decode(text, gap.end())
            found.append(value)
    return found, _END.fullmatch(text, at) is not None


def tdmrep_address(url: str) -> str:
    """Where the reservations of the host of `url` are."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/.well-known/tdmrep.json"


def notices(
    clauses: Sequence[Clause], read_on: str, read_at: datetime, *, file: tuple[int, str] | None = None
) -> tuple[Notice, ...]:
    """What a host's file says, as evidence that belongs to the host: each statement with the paths that it is about."""
    return (Notice(read_on, "host", read_at, tuple(right for _, right in clauses), file),)


def _bounded(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """Clauses as they are compared and stored, of those that differ the strictest, and not too many.

    Past the limit what reserves is kept before what grants: leaving a grant out reserves more. Where that is too much,
    what is over is said of the whole host, and nothing grants.
    """
    rights: Collection[Right] = _strictest(replace(right, location=place) for place, right in clauses).values()
    if len(rights) > MAX_CLAUSES:
        binding = [right for right in rights if _binds(right)]
        if over := binding[MAX_CLAUSES:]:
            rights = [*binding[:MAX_CLAUSES], *(replace(right, location="") for right in over)]
        else:
            rights = [*binding, *[right for right in rights if not _binds(right)][: MAX_CLAUSES - len(binding)]]
    return tuple(Clause(right.location, right) for right in _strictest(_placed(rights)).values())


def _placed(rights: Iterable[Right]) -> Iterator[Right]:
    for right in rights:
        for spelling in spellings("" if right.location in ("/", "/*") else right.location):
            place = cut(spelling)
            # What is cut covers more: what reserves may, what grants may not.
            if place == spelling or _reserves(right):
                yield replace(right, location=place)


def lifetime(status: int) -> timedelta:
    """How long the answer to the question for a host's file holds: an hour where the host was in trouble."""
    return FAILED_LIFETIME if is_trouble(status) else LIFETIME


def is_trouble(status: int) -> bool:
    """Whether a status says nothing about the file; 404 and the like say that there is none."""
    return status in (0, 429) or status >= 500


def _binds(right: Right) -> bool:
    """Whether a statement reserves articles against a purpose."""
    is_meant = right.applies or right.kind == TRAINERS
    return is_meant and any((right.kind, right.value) in reserved for reserved in RESERVED.values())


def _reserves(right: Right) -> bool:
    return right.value in ("no", "1")


def _strictest(rights: Iterable[Right]) -> dict[tuple[str, ...], Right]:
    """One statement of a kind by each means to each agent of each place: of two that differ, the one that reserves."""
    found: dict[tuple[str, ...], Right] = {}
    for each in rights:
        key = (each.kind, each.via, each.agent, each.location)
        if key not in found or _reserves(each):
            found[key] = each
    return found


def _words(headers: Mapping[str, str], metas: Meta, agent: str) -> Iterator[_Word]:
    """The directives of the robots meta tags and of X-Robots-Tag, of which each line is one header."""
    own = agent.lower()
    for name, content in metas:
        if name in ("robots", own):
            yield from _line(content, EVERYBODY if name == "robots" else name, "meta")
    for line in headers.get("x-robots-tag", "").splitlines():
        yield from _line(line, EVERYBODY, "header")


def _line(text: str, agent: str, via: str) -> Iterator[_Word]:
    """`noindex, otherbot: noai, nofollow`: an agent's name goes for all that follows it."""
    for part in _WEEKDAY.sub("", text).split(","):
        name, colon, value = part.strip().partition(":")
        if colon and via == "header" and name.strip().lower() not in _VALUED:
            agent = name.strip().lower()[:100]
            name, _, value = value.strip().partition(":")
        # Some write them without commas.
        for word in name.lower().split() if not value else [name.strip().lower()]:
            yield _Word(agent, word, value.strip(), via)


def _has_passed(date: str, now: datetime) -> bool:
    try:
        when = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError, IndexError):
        try:
            when = datetime.fromisoformat(date)
        except ValueError:
            return False
    return (when if when.tzinfo else when.replace(tzinfo=UTC)) <= now


def _tdm(name: str, value: Any, via: str) -> Right | None:
    """A statement of the TDM Reservation Protocol; None for what is none."""
    text = str(int(value) if isinstance(value, bool) else value).strip()
    if name == "tdm-reservation" and (flag := text.removesuffix(".0")) in ("0", "1"):
        return Right(name, flag, via)
    if name == "tdm-policy" and text:
        return Right(name, text.encode("utf-8", "replace").decode()[:MAX_VALUE], via)
    return None


def _signals(text: str) -> Iterator[tuple[str, str]]:
    """`search=yes, ai-train=no` as pairs; `y` and `n` are the short forms."""
    for name, value in _SIGNAL.findall(text):
        yield name.lower(), "yes" if value.lower() in ("y", "yes") else "no"


def _is(name: str, agent: str) -> bool:
    return name.strip().lower() == agent.lower()


def _applies(told: str, agent: str) -> bool:
    return told == EVERYBODY or _is(told, agent)
