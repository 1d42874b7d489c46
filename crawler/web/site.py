"""An address to an answer: what is asked for is read, and a page is found that answers it.

Knows neither the network nor Datasette: it is given a connection to read from, and a fresh one where a page looks back.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from config import Config
from crawler.web import look, views
from crawler.web.frame import Answer, Ask, Frame, House, Missing, Visit, page
from crawler.web.safe import title
from crawler.web.state import LANGUAGES, BadState, State, arguments, carried, read
from crawler.web.words import preferred, words
from storage import history
from storage.past_search import steady

SECONDS = 5  # that a page may take


class Site:
    """The pages of a database. `tables` is where Datasette shows it; `clock` tells what the present is.

    With `as_of` that time is the present: nothing is known of what came later.
    """

    def __init__(self, setup: Config, *, tables: str, clock: Callable[[], datetime], as_of: datetime | None = None):
        self._house = House(setup, tables, ZoneInfo(setup.settings.timezone or "UTC"), as_of)
        self._now = clock
        self._routes: list[tuple[str, Callable[[Visit], Answer]]] = [
            (r"/", views.front),
            (r"/feed\.(atom|json)", views.feeds),
            (r"/story/([0-9a-z]{1,18})", views.story),
            (r"/article/(\d{1,18})", views.article),
            (r"/raw/(\d{1,18})/([0-9a-f]{64})", views.raw),
            (r"/sources", views.sources),
        ]

    @property
    def routes(self) -> list[str]:
        """Regular expressions of the paths that are ours."""
        return [rf"{path}$" for path, _ in self._routes] + [r"/(?:style|tables)\.[0-9a-f]{12}\.css$"]

    def still(self, ask: Ask) -> Answer | None:
        """The answer to what needs no database: a style sheet, or the address of a page with a slash too many."""
        for address, sheet in map(look.sheet, ("style", "tables")):
            if ask.path == address:
                kept = {"cache-control": "max-age=31536000, immutable"}
                return Answer(200, "text/css; charset=utf-8", sheet, kept)
        short = ask.path.removesuffix("/")
        if short != ask.path and any(re.fullmatch(path, short) for path, _ in self._routes):
            return Answer(308, "text/plain", "", {"location": f"{short}?{ask.query}" if ask.query else short})
        return None

    def answer(self, ask: Ask, db: sqlite3.Connection, fresh: Callable[[], sqlite3.Connection]) -> Answer:
        """The answer to a request. `db` reads the present, `fresh` gives a connection that may look back."""
        t = words(_language(ask))
        try:
            state = read(ask.query, self._present())
        except BadState as error:
            said = t("bad_key", key=error.key, value=title(error.value), why=getattr(t, error.why))
            return self._problem(400, t.bad_request, said, Frame(self._house, ask, State(), t))
        frame = Frame(self._house, ask, state, t)
        try:
            return self._dispatched(frame, db, fresh)
        except history.TooEarly as error:
            said = t("too_early", at=error.since.isoformat(" ", "minutes"))
            return self._problem(404, t.not_found, said, Frame(self._house, ask, State(lang=state.lang), t))
        except Missing as error:
            said = getattr(t, str(error)) + (" " + t.not_known_then if state.as_of else "")
            return self._problem(404, t.not_found, said, frame)
        except sqlite3.OperationalError as error:
            if error.args != ("interrupted",):
                raise
            return self._problem(503, t.too_slow_title, t("too_slow", n=SECONDS), frame)

    def _present(self) -> datetime:
        return self._house.as_of or self._now()

    def fault(self, ask: Ask, status: int, why: str = "", *, seconds: float = SECONDS) -> Answer:
        """The page that says that there was a fault of that status; `why` is what is known of it.

        503 with nothing known: it took longer than `seconds`.
        """
        t = words(_language(ask))
        heading, said = {
            403: (t.forbidden, ""),
            404: (t.not_found, t.no_address),
            500: (t.fault, t.fault_text),
            503: (t.unreadable, t.unreadable_text) if why else (t.too_slow_title, t("too_slow", n=seconds)),
        }.get(status, (t.bad_request, ""))
        message = " ".join(filter(None, (said, title(why))))
        return self._problem(status, heading, message, Frame(self._house, ask, State(lang=_asked_for(ask)), t))

    def _dispatched(self, frame: Frame, db: sqlite3.Connection, fresh: Callable[[], sqlite3.Connection]) -> Answer:
        for path, view in self._routes:
            found = re.fullmatch(path, frame.ask.path)
            if found is None:
                continue
            with _reading(db, fresh, frame.state.as_of or self._house.as_of) as connection:
                return view(Visit(frame, connection, self._present(), found.groups()))
        raise Missing("no_address")

    def _problem(self, status: int, heading: str, message: str, frame: Frame) -> Answer:
        going = carried(frame.state)
        context = {"heading": heading, "message": message, "front": going.address("/")}
        frame = frame._replace(ask=frame.ask._replace(path="/"), state=going)
        return page("problem.html", frame, context, status=status)


def _language(ask: Ask) -> str:
    """The language of the interface that an address asks for, or else a browser."""
    return _asked_for(ask) or preferred(ask.accept_language)


def _asked_for(ask: Ask) -> str:
    try:
        asked = arguments(ask.query).get("lang", "")
    except ValueError:
        return ""
    return asked if asked in LANGUAGES else ""


@contextmanager
def _reading(
    db: sqlite3.Connection, fresh: Callable[[], sqlite3.Connection], as_of: datetime | None
) -> Iterator[sqlite3.Connection]:
    """A connection that reads one state of the file, the present or a former one, for a few seconds at most."""
    connection = fresh() if as_of else db
    factory, connection.row_factory = connection.row_factory, None
    end = time.monotonic() + SECONDS
    connection.set_progress_handler(partial(_is_over, end), 10_000)
    try:
        if as_of:
            history.travel(connection, as_of)
        with steady(connection):
            yield connection
    finally:
        connection.set_progress_handler(None, 0)
        connection.row_factory = factory
        if as_of:
            connection.close()


def _is_over(end: float) -> bool:
    return time.monotonic() > end
