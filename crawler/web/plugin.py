"""The room that makes Datasette ours: our pages go before its own and its console, all behind one gate.

The database is only read, so that the daemon may write meanwhile.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import tilde_encode
from datasette.utils.asgi import Forbidden, Request, Response
from jinja2 import Environment

from config import Config
from crawler.web import theirs
from crawler.web.files import ASKED, EVERY, Asgi, whole
from crawler.web.frame import Answer, Ask
from crawler.web.gate import LOCAL, guarded
from crawler.web.look import Mended, sheet
from crawler.web.reader import Reader, Unreadable, opened
from crawler.web.site import Site
from storage.connection import CACHE_KB
from storage.datasette import metadata

# Names that a database must not have there, because a page of ours has them.
_TAKEN = frozenset(("sources", "story", "article", "raw", "_internal", "_memory"))
# Pages of Datasette for those who develop it; here they serve nobody.
_FOR_DEVELOPERS = r"/-/(?:messages|allow-debug|patterns|threads(?:\.json)?)/?$"
# To suggest facets it looks at every column of a table: seconds of a processor a page.
_SETTINGS = {
    "cache_size_kb": CACHE_KB,
    "allow_download": False,
    "sql_time_limit_ms": 1000 * theirs.SECONDS,
    "suggest_facets": False,
    "truncate_cells_html": 300,
    "max_csv_mb": 0,  # no file is cut: who has enough breaks it off
}
_Method = TypeVar("_Method", bound=Callable[..., Any])


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
        self._theirs = theirs.Readable(self, path)
        self.add_database(self._theirs, name=name)

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

        def answered(db: sqlite3.Connection) -> Answer:
            return self.kuaixun_site.answer(ask, db, lambda: opened(self._path))

        answer: Answer = await theirs.threaded(self._threads, lambda: self._reader.read(answered))
        return answer

    def close(self) -> None:
        """End the threads and close the files, so that nothing of them stays beside the database."""
        self._reader.interrupt()
        self._theirs.interrupt()
        for executor in filter(None, (self._threads, self.executor)):
            executor.shutdown()
        self._reader.close()
        for database in self.databases.values():
            database.close()


# Pluggy's decorator, for methods whose types it leaves alone: it has none of its own.
_hook = cast(Callable[[_Method], _Method], hookimpl)
_around = cast(Callable[[_Method], _Method], hookimpl(hookwrapper=True))


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
        return lambda app: guarded(whole(app), datasette.kuaixun_hosts, theirs.policy)

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

    @_hook
    def forbidden(self, datasette: Datasette, message: str, request: Request) -> Response | None:
        return _fault(datasette, request, Forbidden(message)) if isinstance(datasette, Served) else None

    @_around
    def handle_exception(
        self, datasette: Datasette, request: Request, exception: Exception
    ) -> Generator[None, Any, None]:
        told = yield
        if isinstance(datasette, Served):
            # In place of its own, which would print a traceback for every mistyped address.
            told.force_result([_fault(datasette, request, exception)])


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
    ask, site = _ask(request), datasette.kuaixun_site
    try:
        answer = site.still(ask) or await datasette.kuaixun_answer(ask)
    except Unreadable as error:
        answer = site.fault(ask, 503, str(error))
    except Exception:
        traceback.print_exc(file=sys.stderr)
        answer = site.fault(ask, 500)
    return _response(answer, request)


def _ask(request: Request) -> Ask:
    home = f"{request.scheme}://{request.headers.get('host', '')}"
    return Ask(request.path, request.query_string, request.headers.get("accept-language", ""), home)


def _response(answer: Answer, request: Request) -> Response:
    tag = answer.headers.get("etag")
    if tag and tag in request.headers.get("if-none-match", ""):
        return Response("", 304, dict(answer.headers), answer.content_type)
    return Response(answer.body, answer.status, dict(answer.headers), answer.content_type)


def _fault(datasette: Served, request: Request, error: Exception) -> Response:
    """What is said where a page of Datasette fails: a page of ours, or JSON where that was asked for."""
    status, why = theirs.fault(error, asked=bool(request.query_string))
    if status == 500:
        traceback.print_exception(error, file=sys.stderr)
    if request.path.endswith(".json"):
        said = why or (f"not done in {theirs.SECONDS} seconds: ask for less" if status == 503 else "a fault")
        return Response.json({"ok": False, "error": said, "status": status, "title": None}, status=status)
    return _response(datasette.kuaixun_site.fault(_ask(request), status, why, seconds=theirs.SECONDS), request)
