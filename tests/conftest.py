"""What several test files share: a web that answers from a dictionary, an empty database."""

from __future__ import annotations

import contextlib
import gc
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings
from sqlite_utils import Database

from storage import connection, open_store
from storage.pair import is_archive
from storage.store import Store

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class Web:
    """A web in memory: `pages` maps a URL to its answers, the last one for ever; `asked` is what was asked of it.

    An answer is (status, headers, body), an exception to raise, or a function of the request that gives either.
    A page with an ETag or Last-Modified answers 304 to a request that names it. Unknown addresses are 404.
    """

    pages: dict[str, list[Answer | Exception | Callable[[httpx.Request], Answer]]] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def add(self, url: str, body: str | bytes = b"", status: int = 200, **headers: str) -> None:
        """Another answer of `url`; `content_type="text/html"` and the like become headers."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names.setdefault("content-type", "text/html; charset=utf-8")
        body = body.encode() if isinstance(body, str) else body
        self.pages.setdefault(url, []).append((status, names, body))

    def fail(self, url: str, error: Exception) -> None:
        self.pages.setdefault(url, []).append(error)

    def urls(self) -> list[str]:
        """The addresses asked, in order."""
        return [str(request.url) for request in self.asked]

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the web says to one request."""
        self.asked.append(request)
        answers = self.pages.get(str(request.url)) or [(404, {}, b"")]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        for name, condition in (("etag", "if-none-match"), ("last-modified", "if-modified-since")):
            if status == 200 and headers.get(name) and headers[name] == request.headers.get(condition):
                return httpx.Response(304)
        return httpx.Response(status, headers=dict(headers), stream=_Body(body))


class _Body(httpx.AsyncByteStream):
    """The bytes as they come, so that a content coding stays on."""

    def __init__(self, body: bytes):
        self.body = body

    async def __aiter__(self):
        for start in range(0, len(self.body), 65536):
            yield self.body[start : start + 65536]


@pytest.fixture
def web() -> Web:
    """A web in memory; `web.transport` is for the Fetcher."""
    return Web()


@pytest.fixture(scope="session", autouse=True)
def made_before() -> Iterator[dict[tuple[str, ...], bytes]]:
    """New databases are copies of the first of their kind: to make one takes all migrations, twenty times as long.

    A test of the making empties it. And nobody waits for the disk: a power failure is nothing that a test can see.
    """
    really, opens, known = connection.connect, connection._open, {}
    copies: list[bytes] = []

    def opened(*what: Any) -> sqlite3.Connection:
        database = opens(*what)
        if copies:
            database.deserialize(copies.pop())
        return database

    def connect(path: Path, *, fields: Mapping[str, str], readonly: bool, **more: Any) -> Database:
        memory = path == connection.MEMORY
        kind = ("memory" if memory else "file", *(f"{name} {fields[name]}" for name in fields))
        fresh = memory or not (readonly or os.path.lexists(path) or is_archive(path))
        if fresh and kind in known:
            if memory:
                copies.append(known[kind])
            else:
                with contextlib.suppress(OSError):  # which the real one tells
                    _put(path, known[kind])
        database = really(path, fields=fields, readonly=readonly, **more)
        if fresh and kind not in known:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            known[kind] = database.conn.serialize() if memory else path.read_bytes()
        if not readonly:
            database.execute("PRAGMA synchronous = OFF")
        return database

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connection, "connect", connect)
        patched.setattr(connection, "_open", opened)
        yield known


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all, as SQLite makes a file: a test may kill its process at any moment."""
    part = path.with_name(f"{path.name}-{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


@pytest.fixture
def store() -> Iterator[Store]:
    """A new database in memory, closed after the test."""
    with open_store(Path(":memory:")) as opened:
        yield opened


# Each time a part of what could be tried; all of it with `--hypothesis-profile thorough`.
settings.register_profile("quick", max_examples=40)
settings.register_profile("thorough", max_examples=100)
settings.load_profile("quick")


def pytest_collection_finish() -> None:
    """What the tests are made of stays to the end: to go through it again and again is a tenth of the time."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """At the end all of it may go."""
    gc.unfreeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Gzip writes the time into its bytes, and the processes that run the tests must name each of them alike."""
    return f"gzip{len(val)}" if isinstance(val, bytes) and b"\x1f\x8b\x08" in val else None
