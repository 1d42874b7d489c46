"""What the fleet sends: a request to a worker, and its answer back. Pure.

JSON, because it keeps the offset of a time, and the body of a page as it is behind it. Nobody runs what comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from config import Settings, Source
from crawler.page import ExtractError, FetchError, Page, Request
from crawler.reading import Reading
from storage.records import Gap

_HEAD = 4  # bytes that say how long the JSON is


@dataclass(frozen=True, slots=True)
class Setup:
    """By which settings and for which sources pages are fetched and read."""

    settings: Settings
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One answer that is wanted, see `Fetcher.hop`. `setup` is the name of the Setup, `gaps` are for `Place`."""

    request: Request
    url: str
    size: int
    any_type: bool
    setup: str
    gaps: tuple[Gap, ...] = ()

    @property
    def key(self) -> str:
        """One name for the same question at the same state of its address in the frontier, whoever asks it."""
        target = self.request.target
        state = (target.url, target.visited_at, target.tries, target.next_at) if target else ()
        return sha256(repr((self.url, self.request.url, self.any_type, *state)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Answer:
    """A page without its body, or where it leads, or a FetchError; `unread` is the ExtractError of the page."""

    page: Page | None = None
    leads: tuple[str, int] | None = None
    failed: tuple[str, str, int, bool, bool, float | None] | None = None
    reading: Reading | None = None
    unread: tuple[str, bool] | None = None


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _typed(kind: type, value: Any) -> Any:
    return Path(value) if kind is Path else value


encode = msgspec.json.Encoder(enc_hook=_plain).encode
_answers = msgspec.json.Decoder(_Answer)
asks = msgspec.json.Decoder(Ask)
setups = msgspec.json.Decoder(Setup, dec_hook=_typed)


def packed(outcome: Page | tuple[str, int] | FetchError) -> bytes:
    """What a worker sends back; a reading that cannot travel is left to the one who asked."""
    if isinstance(outcome, FetchError):
        error = outcome
        return _packed(
            _Answer(failed=(error.url, error.reason, error.status, error.retry, error.later, error.after)), b""
        )
    if isinstance(outcome, tuple):
        return _packed(_Answer(leads=outcome), b"")
    read, bare = outcome.reading, replace(outcome, body=b"", reading=None)
    unread = (read.reason, read.ours) if isinstance(read, ExtractError) else None
    try:
        return _packed(_Answer(bare, reading=None if unread else read, unread=unread), outcome.body)
    except UnicodeEncodeError:  # lone surrogates; the store puts `?` in their place
        return _packed(_Answer(bare), outcome.body)


def _packed(answer: _Answer, body: bytes) -> bytes:
    head = encode(answer)
    return len(head).to_bytes(_HEAD) + head + body


def unpacked(content: bytes, request: Request) -> Page | tuple[str, int]:
    """The page, or where the request leads. Raises FetchError as the worker did."""
    start = _HEAD + int.from_bytes(content[:_HEAD])
    answer = _answers.decode(content[_HEAD:start])
    if answer.failed:
        url, reason, status, retry, later, after = answer.failed
        raise FetchError(url, reason, status=status, retry=retry, later=later, after=after)
    if answer.leads:
        return answer.leads
    assert answer.page
    reading = ExtractError(answer.unread[0], ours=answer.unread[1]) if answer.unread else answer.reading
    return replace(answer.page, request=request, body=content[start:], reading=reading)
