"""Which addresses are one article by another way in: below its section, below `/old/`, for phones. Pure.

Sites number their articles. One long number in another address of the site is a hint that it is the same article, and
one title above both is a stronger one: such an address is asked last. It need not be asked at all once an article of
that number and title was read; where the first address brings nothing, the second does.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from crawler.shapes import long_number, path_date
from crawler.urls import bare_host
from storage.keys import url_key

# Titles and numbers remembered, so that a daemon does not grow; beyond that the oldest half is forgotten.
MAX_TWINS = 100_000
# A number that so many addresses share is that of a section, or of the site.
_SHARED = 5

_Value = TypeVar("_Value")


class Twins:
    """Addresses that carry one long number, under one title, on one site."""

    def __init__(self, seen: Iterable[tuple[str, str]] = ()) -> None:
        """`seen`: address and title of what earlier passes saw, the oldest first."""
        self._first: dict[int, int] = {}
        self._numbered: dict[int, tuple[int, ...]] = {}
        for url, title in seen:
            self.is_twin(url, title)

    def is_twin(self, url: str, title: str) -> bool:
        """Whether another address of this article was seen before; the first one seen is not a twin."""
        self._first = _bounded(self._first)
        number = long_number(url)
        if not number or not title:
            return False
        own = hash(url_key(url))
        return self._first.setdefault(hash((bare_host(url), number, title)), own) != own

    def may_be_twin(self, url: str) -> bool:
        """Whether the number of an address, in its last segment or query, was seen before in another address."""
        self._numbered = _bounded(self._numbered)
        number = _own_number(url)
        if not number:
            return False
        key, own = hash((bare_host(url), number)), hash(url_key(url))
        known = self._numbered.get(key, ())
        if own not in known and len(known) < _SHARED:
            known = self._numbered[key] = (*known, own)
        return known[0] != own and len(known) < _SHARED


def is_read_as(url: str, others: Iterable[str]) -> bool:
    """Whether `url` is one of `others`, articles under its title, by another way in.

    That is the same number on one site, and no other date where both have one: some sites number each day anew.
    """
    number = long_number(url)
    return bool(number) and any(
        long_number(other) == number and bare_host(other) == bare_host(url) and _is_same_day(url, other)
        for other in others
    )


def _is_same_day(url: str, other: str) -> bool:
    one, two = path_date(url), path_date(other)
    return one.startswith(two) or two.startswith(one)


def _own_number(url: str) -> str:
    """The long number that an address itself bears, not one of the directories above it."""
    path, mark, query = url.partition("?")
    return long_number(path.rstrip("/").rpartition("/")[2] + mark + query)


def _bounded(known: dict[int, _Value]) -> dict[int, _Value]:
    return dict(islice(known.items(), MAX_TWINS // 2, None)) if len(known) >= MAX_TWINS else known
