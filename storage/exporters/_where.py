"""What a condition may not ask, because the answer would not follow from what is stored, or not be that of its time.

SQLite takes "nosuch" for a text where there is no such column, and says nothing; the clock and the dice give another
answer each time, so that equal content would give other bytes, and an increment would lose rows. What is not remembered
as it was (the index of the search, the numbers of rows) would answer for now where a past time is asked for.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

from storage.history import TRACKED, moment_of

# A text, a quoted name (both double their quotes), or a comment.
_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*')|"(?P<name>(?:[^"]|"")*)"|`(?P<tick>(?:[^`]|``)*)`|\[(?P<bracket>[^\]]*)\]"""
    r"""|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))""",
    re.S,
)
_NAMES = ("name", "tick", "bracket")
_UNSETTLED = re.compile(
    r"\b(?:random|randomblob|current_(?:date|time|timestamp)|changes|total_changes|last_insert_rowid)\b"
    r"|\b(?:date|time|datetime|julianday|unixepoch)\s*\(\s*\)|\bstrftime\s*\(\s*''\s*\)",
    re.I,
)
# A table by the name of its file is the present one; a row of a view has no number.
_OF_FILE = re.compile(r"(?:\b(?:main|temp)|'')\s*\.", re.I)
_ROWID = re.compile(r"\b(?:rowid|oid|_rowid_)\b", re.I)
# Tables that SQLite makes of a value.
_OF_VALUES = frozenset(("json_each", "json_tree"))
_TRAVELS = frozenset((*TRACKED, "visits"))

# The functions of time, and which of their arguments are times.
_TIMES = dict.fromkeys(("date", "time", "datetime", "julianday", "unixepoch"), slice(1))
_TIMES |= {"strftime": slice(1, 2), "timediff": slice(2)}
_CLOCK = frozenset(("now", "subsec", "subsecond"))
_ZONE = frozenset(("localtime", "utc"))
# What SQLite says where a function of ours refuses: it does not tell why.
REFUSED = "user-defined function raised exception"


def problem(where: str, names: Collection[str]) -> str:
    """What is wrong with a condition, "" for nothing; `names` are those of columns and tables. Pure."""
    tokens = list(_TOKEN.finditer(where))
    quoted = (found[kind] for found in tokens for kind in _NAMES if found[kind] is not None)
    unknown = next((name for name in quoted if name not in names), None)
    if unknown is not None:
        return f"there is no field `{unknown}`; a text stands in single quotes"
    bare = _TOKEN.sub(lambda found: "''" if found["text"] else " ", where)
    # `now` is a text like others here: what asks for a time with it is refused when it is asked, see `settle`.
    if asked := _UNSETTLED.search(bare):
        return f"`{asked[0]}` has another value each time, and the rows must follow from what is stored"
    if found := _ROWID.search(bare):
        return f"`{found[0]}` is not remembered; the number of an article is `id`"
    if _OF_FILE.search(bare):
        return "a table is asked for by its own name, without that of its file: so it is that of the asked time"
    return ""


class _Read(NamedTuple):
    """A table that is read: of which file, and through which view, if any."""

    table: str
    file: str | None
    view: str | None


def forgotten(connection: sqlite3.Connection, where: str, params: Sequence[Any]) -> str:
    """What is wrong with the tables that a condition reads, "" for nothing. Raises sqlite3.Error for no condition."""
    views = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'view'")}
    late = moment_of(connection) is not None
    for read in _reads(connection, where, params):
        travels = read.table in _TRAVELS | views and (not late or read.view or read.file != "main")
        history = read.view and read.table.removeprefix("history_") in TRACKED
        if not travels and not history and read.table not in _OF_VALUES:
            words = "; words are asked for with --search" if read.table.startswith("articles_fts") else ""
            return f"`{read.table}` is not remembered as it was, and the rows must be those of the asked time{words}"
    return ""


def _reads(connection: sqlite3.Connection, where: str, params: Sequence[Any]) -> list[_Read]:
    found = []

    def note(action: int, table: str | None, _: str | None, file: str | None, view: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table:
            found.append(_Read(table, file, view))
        return sqlite3.SQLITE_OK

    # On a line of its own, so that a comment in it ends with it.
    sql = f"EXPLAIN SELECT 1 FROM articles WHERE (\n{where}\n)"
    connection.execute(sql, params).close()  # json_each is declared by its first use, which reads the schema
    connection.set_authorizer(note)
    try:
        connection.execute(sql, params).close()
    finally:
        connection.set_authorizer(None)
    return found


def settle(connection: sqlite3.Connection) -> None:
    """Have the functions of time on a connection refuse the clock and the machine's zone, however they are spelt.

    Their answers are SQLite's own. What they refuse is an OperationalError that says `REFUSED`. It lasts as long as the
    connection, and a second time changes nothing.
    """
    sqlite3.enable_callback_tracebacks(False)  # Datasette turns them on; what is refused is told in a line
    found = connection.execute("SELECT name, min(builtin) FROM pragma_function_list GROUP BY name").fetchall()
    known = dict(found)
    clockless = _Clockless()
    for name in _TIMES:
        if known.get(name):
            connection.create_function(name, -1, partial(clockless, name), deterministic=True)


class _Clockless:
    """The functions of time, on a connection of their own, since a function cannot call the one that it stands for."""

    def __init__(self) -> None:
        self._own = sqlite3.connect(":memory:", check_same_thread=False)

    def __call__(self, name: str, *values: Any) -> Any:
        """What SQLite answers. Raises ValueError where that would depend on the clock or on the machine."""
        times = values[_TIMES[name]]
        if not times or not _CLOCK.isdisjoint(map(_text, times)) or not _ZONE.isdisjoint(map(_text, values)):
            raise ValueError(f"{name} asks the clock or the zone of the machine")
        marks = ", ".join("?" * len(values))
        return self._own.execute(f"SELECT {name}({marks})", values).fetchone()[0]

    def __del__(self) -> None:
        self._own.close()


def _text(value: Any) -> Any:
    """A value as SQLite reads the name of a time: also out of bytes, and to the first zero."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return value.partition("\0")[0].strip().lower() if isinstance(value, str) else value
