"""The only room that knows Datasette: its own pages and console stay, ours go before them, all with a policy.

The database is only read, so that the daemon may write meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import sqlite3
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import datasette as package
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted
from datasette.plugins import pm
from datasette.utils import tilde_encode
from datasette.utils.asgi import Request, Response
from datasette.views.base import DatasetteError
from jinja2 import Environment

from config import Config
from crawler.web.files import ASKED, EVERY, Asgi, whole
from crawler.web.frame import Answer, Ask
from crawler.web.look import Mended, sheet
from crawler.web.reader import Reader, opened
from crawler.web.site import Site
from crawler.web.tables import mended
from storage.connection import CACHE_KB
from storage.datasette import metadata

# Names that a database must not have there, because a page of ours has them.
_TAKEN = frozenset(("sources", "story", "article", "raw", "_internal", "_memory"))
# Pages of Datasette for those who develop it; here they serve nobody.
_FOR_DEVELOPERS = r"/-/(?:messages|allow-debug|patterns)/?$"
# To suggest facets it looks at every column of a table: seconds of a processor a page.
# No file is cut: who has enough breaks it off.
_SETTINGS = {"cache_size_kb": CACHE_KB, "allow_download": False, "sql_time_limit_ms": 2000, "suggest_facets": False}
_SETTINGS |= {"max_csv_mb": 0}
LOCAL = frozenset(("localhost", "127.0.0.1", "[::1]"))
_FOREIGN_NAME = b"This server is not asked for under that name; see `kuaixun serve --help` for --name.\n"
_FOREIGN_PAGE = b"A page of another site may lead here by a link, and ask for nothing itself.\n"
_Method = TypeVar("_Method", bound=Callable[..., Any])

_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}


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
        file = ASKED.get()
        if file is None or not truncate:
            return await super().execute(sql, params, truncate=truncate, **told)
        try:
            return await super().execute(sql, params, **told)
        except (QueryInterrupted, sqlite3.DatabaseError) as error:
            file.broken = True
            said = "interrupted: it takes too long" if isinstance(error, QueryInterrupted) else str(error)
            raise DatasetteError(said, status=400) from error

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        """What a function gives, of a connection of its thread."""
        return await _threaded(self.ds.executor, lambda: fn(self._reader.mine()))

    def close(self) -> None:
        self._reader.close()

    def _prepared(self) -> sqlite3.Connection:
        made = self.connect()
        self.ds._prepare_connection(made, self.name)
        return made


class Served(Datasette):  # type: ignore[misc]  # nor has this
    """Datasette with our pages before its own; see `served`. Close it."""

    def __init__(self, site: Site, path: Path, name: str, threads: int, hosts: frozenset[str] | None):
        # Before all else: the routes are asked for while it is made.
        self.kuaixun_site, self.kuaixun_hosts, self.kuaixun_database = site, hosts, name
        self._path, self._reader = path, Reader(path, lambda: opened(path))
        # Of their own, so that nobody waits for what others type.
        self._threads = ThreadPoolExecutor(threads) if threads else None
        super().__init__([], metadata=metadata(name), settings={**_SETTINGS, "num_sql_threads": threads})
        self.remove_database("_memory")
        self.add_database(Readable(self, path), name=name)

    @property
    def max_returned_rows(self) -> int:
        """The most rows of a table on a page; in a file that is not written page by page all there are."""
        file = ASKED.get()
        return self._most if file is None or file.paged else EVERY

    @max_returned_rows.setter
    def max_returned_rows(self, most: int) -> None:
        self._most = most

    async def kuaixun_answer(self, ask: Ask) -> Answer:
        """The answer of a page of ours."""

        def answered() -> Answer:
            return self.kuaixun_site.answer(ask, self._reader.mine(), lambda: opened(self._path))

        answer: Answer = await _threaded(self._threads, answered)
        return answer

    def close(self) -> None:
        """End the threads and close the files, so that nothing of them stays beside the database."""
        for executor in filter(None, (self._threads, self.executor)):
            executor.shutdown()
        self._reader.close()
        for database in self.databases.values():
            database.close()


async def _threaded(executor: Executor | None, do: Callable[[], Any]) -> Any:
    """What is done in a thread of the executor; without one in this thread."""
    return await asyncio.get_running_loop().run_in_executor(executor, do) if executor else do()


# Pluggy's decorator, for methods whose types it leaves alone: it has none of its own.
_hook = cast(Callable[[_Method], _Method], hookimpl)


class Plugin:
    """What Datasette asks of a plugin. It answers for what we serve, and for no other instance."""

    # The package of a plugin, as Datasette thinks, where it would look for templates in place of its own.
    __name__ = "kuaixun_pages"

    @_hook
    def register_routes(self, datasette: Datasette) -> list[tuple[str, Any]]:
        if not isinstance(datasette, Served):
            return []
        # What is neither a page of ours nor in the rooms of Datasette is nothing, and we say so.
        theirs = rf"/(?!(?:-|{re.escape(tilde_encode(datasette.kuaixun_database))}|favicon\.ico)(?:[/.]|$)).*$"
        return [(path, _page) for path in (*datasette.kuaixun_site.routes, _FOR_DEVELOPERS, theirs)]

    @_hook
    def asgi_wrapper(self, datasette: Datasette) -> Callable[[Asgi], Asgi]:
        if not isinstance(datasette, Served):
            return lambda app: app
        return lambda app: _guarded(whole(app), datasette.kuaixun_hosts)

    @_hook
    def prepare_jinja2_environment(self, env: Environment, datasette: Datasette) -> None:
        if isinstance(datasette, Served) and env.loader is not None:
            env.loader = Mended(env.loader)

    @_hook
    def extra_css_urls(self, datasette: Datasette) -> list[str]:
        return [sheet("tables")[0]] if isinstance(datasette, Served) else []

    @_hook
    def menu_links(self, datasette: Datasette) -> list[dict[str, str]]:
        return [{"href": "/", "label": "kuaixun"}] if isinstance(datasette, Served) else []


_PLUGIN = Plugin()


def served(
    setup: Config,
    clock: Callable[[], datetime],
    *,
    as_of: datetime | None = None,
    threads: int = 3,
    hosts: frozenset[str] | None = LOCAL,
) -> Served:
    """Datasette with our pages before its own. `threads` 0: everything in the thread of the loop.

    With `as_of` the pages show nothing that was not known then, as if that were the present.

    `hosts` are the names under which it may be asked for; None: any. Else a page of the web could make its own name
    mean this machine, and read along.
    """
    if not pm.is_registered(_PLUGIN):
        pm.register(_PLUGIN, name="kuaixun")
    path = setup.settings.database
    name = path.stem if path.stem not in _TAKEN else f"{path.stem}-tables"
    return Served(Site(setup, tables=f"/{tilde_encode(name)}", clock=clock, as_of=as_of), path, name, threads, hosts)


async def _page(request: Request, datasette: Served) -> Response:
    """Any page of ours."""
    if request.method not in ("GET", "HEAD"):
        return Response.text("These pages are only read: GET or HEAD.\n", status=405, headers={"allow": "GET, HEAD"})
    ask = Ask(
        request.path,
        request.query_string,
        request.headers.get("accept-language", ""),
        f"{request.scheme}://{request.headers.get('host', '')}",
    )
    try:
        answer = await datasette.kuaixun_answer(ask)
    except Exception:
        traceback.print_exc(file=sys.stderr)
        answer = datasette.kuaixun_site.fault(ask)
    return Response(answer.body, answer.status, dict(answer.headers), answer.content_type)


def _guarded(app: Asgi, hosts: frozenset[str] | None) -> Asgi:
    """Every answer with its policy; what is asked for under a foreign name is refused."""

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        told = dict(scope["headers"])
        asked = told.get(b"host", b"").decode("latin-1").lower()
        if hosts is not None and re.sub(r":\d+$", "", asked) not in hosts:
            await _refuse(send, 421, _FOREIGN_NAME)
            return
        if _is_fetched_by_another(told):
            await _refuse(send, 403, _FOREIGN_PAGE)
            return

        async def sent(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message["headers"]}
                more = {**_ALWAYS, b"content-security-policy": _policy()}
                added = [(name, value) for name, value in more.items() if name not in known]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await app(scope, receive, sent)

    return guarded


def _is_fetched_by_another(headers: dict[bytes, bytes]) -> bool:
    """Whether a page of another site asks, for more than to lead a reader here: it could keep the processor busy."""
    if headers.get(b"sec-fetch-site", b"none") in (b"none", b"same-origin"):
        return False
    return (headers.get(b"sec-fetch-mode"), headers.get(b"sec-fetch-dest")) != (b"navigate", b"document")


async def _refuse(send: Any, status: int, text: bytes) -> None:
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": text})


@cache
def _policy() -> bytes:
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
