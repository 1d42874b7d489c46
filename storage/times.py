"""Times as the database keeps them: ISO 8601 text with offset."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def utc_now() -> datetime:
    """Our clock."""
    return datetime.now(UTC)


@lru_cache(maxsize=256)
def stamp(at: datetime) -> str:
    """A time of our own clock: UTC with milliseconds, so that text order is time order."""
    return _aware(at).astimezone(UTC).isoformat(timespec="milliseconds")


def claim(at: datetime | None) -> str | None:
    """A time that a page claims, with the offset it claims it in."""
    return None if at is None else _aware(at).isoformat()


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"The time `{at}` has no zone.")
    return at
