"""Datasette's own pages: the file that they read, the templates and scripts that they have, what to say of a fault."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor
from functools import cache
from pathlib import Path
from typing import Any

import datasette as package
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted
from datasette.utils.asgi import Base400
from datasette.views.base import DatasetteError

from crawler.web.files import ASKED
from crawler.web.reader import Reader, Unreadable, opened
from crawler.web.tables import mended

SECONDS = 2  # that a statement may take which somebody typed
# What Datasette's code fails with where it is given arguments that it does not expect.
_MISREAD = (LookupError, ValueError, TypeError, AssertionError, AttributeError)


class Readable(Database):  # type: ignore[misc]  # Datasette has no types
    """A database file of any name, that is read and never written: by statements that somebody typed."""

    def __init__(self, served: Datasette, path: Path):
        super().__init__(served, path=str(path), is_mutable=True)
        self._reader = Reader(path, self._prepared)

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """A connection that only reads. Raises PermissionError where one is asked for that writes."""
        if write:
            raise PermissionError(f"{self.path}: is only read here")
        return opened(Path(self.path), typed=True)

    async def execute(self, sql: str, params: Any = None, truncate: bool = False, **told: Any) -> Any:
        """Rows of a statement. Of a query Datasette gives the first thousand, and of one that fails none: in a file
        nothing would say so, which therefore has all rows, or DatasetteError is raised.
        """
        told["log_sql_errors"] = False  # who typed it is told
        file = ASKED.get()
        if file is None or not truncate:
            return await super().execute(sql, params, truncate=truncate, **told)
        try:
            return await super().execute(sql, params, **told)
        except (QueryInterrupted, sqlite3.DatabaseError) as error:
            file.broken = True
            if isinstance(error, (QueryInterrupted, Unreadable)):
                raise
            raise DatasetteError(str(error), status=400) from error

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        """What a function gives, of a connection of its thread."""
        return await threaded(self.ds.executor, lambda: self._reader.read(fn))

    def interrupt(self) -> None:
        """End what is being read."""
        self._reader.interrupt()

    def close(self) -> None:
        self._reader.close()

    def _prepared(self) -> sqlite3.Connection:
        made = self.connect()
        self.ds._prepare_connection(made, self.name)
        return made


async def threaded(executor: Executor | None, do: Callable[[], Any]) -> Any:
    """What is done in a thread of the executor; without one in this thread."""
    return await asyncio.get_running_loop().run_in_executor(executor, do) if executor else do()


def fault(error: Exception, *, asked: bool) -> tuple[int, str]:
    """The status that an error of Datasette's has, and what it says; `asked`: the address has arguments.

    503 with nothing said: a statement took too long. 500: it is nobody's fault but the program's.
    """
    if isinstance(error, Unreadable):
        return 503, str(error)
    if isinstance(error, QueryInterrupted) or (isinstance(error, DatasetteError) and error.message_is_html):
        return 503, ""
    if isinstance(error, Base400):
        said = str(error.args[0]) if error.args else ""
        return error.status, "" if said == str(error.status) else said
    if isinstance(error, DatasetteError):
        if not asked and str(error.message).startswith("no such table"):
            return 404, str(error.message)
        return 400 if error.status == 500 else error.status, str(error.message)
    if isinstance(error, sqlite3.OperationalError) or (asked and isinstance(error, _MISREAD)):
        return 400, str(error)
    return 500, ""


@cache
def policy() -> bytes:
    """What Datasette's own pages may do: run its files, and those scripts of its templates that are the same for all.

    Nothing of it can be another's: a script has its hash here or does not run.
    """
    folder = Path(package.__file__).parent / "templates"
    texts = [mended(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))]
    scripts = {script for text in texts for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL)}
    # The one script that is made for a page says whether facets may be asked for.
    known = {re.sub(r"\{\{.*?\}\}", value, script) for script in scripts for value in ("true", "false")}
    hashes = (
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in sorted(known)
        if "{" + "%" not in script
    )
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ).encode()
