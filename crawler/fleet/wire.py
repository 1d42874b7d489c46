"""What the fleet sends: a request to a worker, and its answer back. Pure.

JSON, because it keeps the offset of a time, and the body of a page as it is behind it. Nobody runs what comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from config import Settings, Source
from crawler.page import ExtractError, FetchError, Page, Request
from crawler.reading import Reading
from storage.packing import zstd
from storage.records import Article, Gap

_HEAD = 4  # bytes that say how long a part is
_AT = ""  # the key of what is a time where JSON would make it a text


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


def framed(*parts: bytes) -> bytes:
    """Several things as one."""
    return b"".join(len(part).to_bytes(_HEAD) + part for part in parts)


def parts(content: bytes) -> Iterator[bytes]:
    """What was made one."""
    start = 0
    while start < len(content):
        begin = start + _HEAD
        start = begin + int.from_bytes(content[start:begin])
        yield content[begin:start]


def marked(article: Article | None) -> Article | None:
    """An article whose `extra` comes back as it was: see `unmarked`."""
    if article is None:
        return None
    extra = {name: {_AT: it} if isinstance(it, datetime) else it for name, it in article.extra.items()}
    return replace(article, extra=extra)


def unmarked(article: Article | None) -> Article | None:
    """The article of which `marked` came."""
    return article and replace(article, extra={name: _time(it) for name, it in article.extra.items()})


def _time(value: Any) -> Any:
    return datetime.fromisoformat(value[_AT]) if isinstance(value, dict) and value.keys() == {_AT} else value


def packed(outcome: Page | tuple[str, int] | FetchError) -> bytes:
    """What a worker sends back; a reading that cannot travel is left to the one who asked."""
    if isinstance(outcome, FetchError):
        error = outcome
        failed = (error.url, error.reason, error.status, error.retry, error.later, error.after)
        return _sent(_Answer(failed=failed))
    if isinstance(outcome, tuple):
        return _sent(_Answer(leads=outcome))
    read, bare = outcome.reading, replace(outcome, body=b"", reading=None)
    if isinstance(read, ExtractError):
        answer = _Answer(bare, unread=(read.reason, read.ours))
    else:
        answer = _Answer(bare, reading=read and replace(read, article=marked(read.article)))
    try:
        return _sent(answer, outcome.body)
    except UnicodeEncodeError:  # lone surrogates; the store puts `?` in their place
        return _sent(_Answer(bare), outcome.body)


def _sent(answer: _Answer, body: bytes = b"") -> bytes:
    content: bytes = zstd.compress(framed(encode(answer), body), 1)
    return content


def unpacked(content: bytes, request: Request) -> Page | tuple[str, int]:
    """The page, or where the request leads. Raises FetchError as the worker did."""
    head, body = parts(zstd.decompress(content))
    answer = _answers.decode(head)
    if answer.failed:
        url, reason, status, retry, later, after = answer.failed
        raise FetchError(url, reason, status=status, retry=retry, later=later, after=after)
    if answer.leads:
        return answer.leads
    assert answer.page
    read = answer.reading and replace(answer.reading, article=unmarked(answer.reading.article))
    told = ExtractError(answer.unread[0], ours=answer.unread[1]) if answer.unread else read
    return replace(answer.page, request=request, body=body, reading=told)
