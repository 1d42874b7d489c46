"""Answers that are files for other programs, CSV: whole, or an error, or visibly broken off. Never cut in silence.

Of a table Datasette can write page after page, each from where the last one ended; this is for any size. A query and a
view have no such order: they are read at one go, and are an error where that takes too much.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

Asgi = Callable[..., Awaitable[None]]

# As many rows as there are, and one that Datasette asks for beyond them.
EVERY = 2**62


@dataclass
class File:
    """A file that is asked for; `paged`: page after page; `broken`: one of them could not be read."""

    paged: bool
    broken: bool = False


class _BrokenOff(BaseException):
    """The rest of a file cannot be had, or nobody wants it any more. No error of Datasette's: it would write on."""


ASKED: ContextVar[File | None] = ContextVar("asked", default=None)


def whole(app: Asgi) -> Asgi:
    """An application that knows when it is `ASKED` for a file, and that breaks the connection off within a file rather
    than end it as if it were whole.
    """

    async def answered(scope: dict[str, Any], receive: Any, send: Any) -> None:
        told: list[bytes] = scope.get("query_string", b"").split(b"&")
        if not scope.get("path", "").endswith(".csv"):
            ASKED.set(None)
            await app(scope, receive, send)
            return
        file = File(any(part.startswith(b"_stream=") for part in told))
        ASKED.set(file)
        if file.paged:  # from the first row, whichever page the link stands on
            told = [part for part in told if not part.startswith(b"_next=")]
        gone = asyncio.create_task(_gone(receive))
        begun = False

        async def sent(message: dict[str, Any]) -> None:
            nonlocal begun
            if begun and (file.broken or gone.done()):
                raise _BrokenOff
            begun = begun or (message["type"] == "http.response.start" and message["status"] == 200)
            await send(message)

        try:
            await app({**scope, "query_string": b"&".join(told)}, receive, sent)
        except _BrokenOff:
            pass
        finally:
            gone.cancel()

    return answered


async def _gone(receive: Any) -> None:
    """Wait until the one who asked is gone: to write on would keep the processor busy for nobody."""
    while (await receive())["type"] != "http.disconnect":
        pass
