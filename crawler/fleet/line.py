"""How PostgreSQL is reached, and what its errors mean to those who wait for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import procrastinate
import psycopg
import psycopg_pool

from crawler.page import CrawlerError

VERSION = version("kuaixun")
LATE = 15.0  # seconds that PostgreSQL may take to answer
SLOW = 50_000  # bytes a second that any line carries
# Why nobody gets in that passes by itself; all else is a matter of the DSN or of rights, in whatever language.
_PASSING = ("refused", "timeout", "timed out", "unreachable", "no route", "starting up", "shutting down", "closed",
            "too many", "slots", "resolve", "translate", "No such file", "reset", "broken")  # fmt: skip
# A cut cable must be noticed; the owner of the DSN may set others.
LINE: dict[str, Any] = {"connect_timeout": 10, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
         "tcp_user_timeout": 10_000, "application_name": f"kuaixun-{VERSION}"}  # fmt: skip


class QueueError(CrawlerError):
    """The queue cannot be used: the sentence says why, and what helps. `lasting`: waiting does not."""

    def __init__(self, text: str, *, lasting: bool = False):
        super().__init__(text)
        self.lasting = lasting


@asynccontextmanager
async def told(seconds: float | None = LATE) -> AsyncIterator[None]:
    """Errors of the database, and its silence, as QueueError; of the DSN no more is told than host, port and user."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except psycopg.errors.DuplicateSchema as error:
        raise QueueError("the queue is there; `kuaixun fleet init --again` makes it anew", lasting=True) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction) as error:
        raise QueueError("the queue is not set up; run `kuaixun fleet init`", lasting=True) from error
    except (TimeoutError, psycopg_pool.PoolTimeout) as error:
        raise QueueError("PostgreSQL does not answer") from error
    except (psycopg.Error, procrastinate.exceptions.ProcrastinateException, OSError) as error:
        cause = error.__cause__ if isinstance(error, procrastinate.exceptions.ConnectorException) else error
        said = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
        text = " ".join((said or str(cause or error)).split())[:300] or type(cause).__name__
        # What the server says before it lets anybody in has no code.
        refused = isinstance(cause, psycopg.OperationalError) and not (cause.sqlstate or is_passing(text))
        lasting = refused or isinstance(cause, psycopg.errors.InsufficientPrivilege)
        raise QueueError(f"PostgreSQL: {text}", lasting=lasting) from error


def is_passing(text: str) -> bool:
    """Whether it helps to wait."""
    return any(why in text for why in _PASSING)


def has_password(dsn: str) -> bool:
    """Whether a password stands in a DSN. Raises QueueError."""
    return any("password" in name for name in parts_of(dsn))


def parts_of(dsn: str) -> dict[str, Any]:
    """What a DSN says, by the names that PostgreSQL has for it. Raises QueueError, which tells nothing of it."""
    try:
        return psycopg.conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        wanted = "postgresql://USER:PASSWORD@HOST/DATABASE, in a password %40 for @, %2F for / and so on"
        raise QueueError(f"the DSN cannot be read; write {wanted}", lasting=True) from None


async def each_for_itself(connection: psycopg.AsyncConnection[Any]) -> None:
    """Let each statement be a transaction of its own."""
    await connection.set_autocommit(True)


async def refuse_dead(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raise where a connection has ended: of a server that was away all have, and each would fail somebody once."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        if selector.select(0):  # the end, or a notice; to ask the server costs as much as what is wanted of it
            await psycopg_pool.AsyncConnectionPool.check_connection(connection)
