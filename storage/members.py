"""An article as the stories see it, when it was told, and where it belongs."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from storage.claims import OLDEST_YEAR
from storage.sitelines import SiteLine
from storage.sketches import Era, Found, era_of, moment
from storage.stories import Verdict
from storage.times import parse, stamp

# The stamp of when an article was told, and its address: those told at once come in the order of their addresses.
Order = tuple[str, str]


class Member(NamedTuple):
    """An article as the stories see it. `told_at` and `seen_at` are stamps, so that text order is time order."""

    id: int
    title: str
    text: str
    text_key: str
    url_key: str
    site: str | None
    story: int
    told_at: str
    seen_at: str

    @property
    def moment(self) -> int:
        return moment(parse(self.told_at), self.url_key)

    @property
    def order(self) -> Order:
        return self.told_at, self.url_key

    @property
    def era(self) -> Era:
        return era_of(parse(self.told_at))


class Place(NamedTuple):
    """Where an article belongs: the article that it repeats (None: it is the first), its story, and why.

    `refused` are look-alikes with what told them apart, `later` the articles that may have to be decided again.
    """

    parent: int | None
    story: int
    level: str
    verdict: Verdict | None
    refused: tuple[tuple[int, Verdict], ...]
    later: frozenset[int]
    sketch: frozenset[int]
    found: Found
    lines: tuple[SiteLine, ...]

    @property
    def link(self) -> tuple[int, str, float] | None:
        """What it repeats, at which level, and how much of it."""
        if self.parent is None or self.verdict is None:
            return None
        return self.parent, self.level, round(self.verdict.score, 4)


def story_key(url_key: str) -> str:
    """The name of the story that begins at an address: 16 hex digits."""
    return blake2b(url_key.encode("utf-8", "replace"), digest_size=8).hexdigest()


def told_at(published: datetime | None, seen: datetime) -> str:
    """The stamp of when an article was told: the time it claims, unless that is after it was seen, or absurd."""
    return min(stamp(published), stamp(seen)) if published and published.year >= OLDEST_YEAR else stamp(seen)
