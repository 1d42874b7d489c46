"""The table `exports`: up to which moment each named export has had everything. It opens no transaction.

An increment is written in four steps: its file is complete but for its name; here it is noted as `ready`, with the name
that it has until then; it gets its name; here it is noted as done. After a kill between two of them the next run looks
for the file under its name: one that is there, and is the one that was noted, was given out, and no other was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

_READ = "SELECT moment, query, ready, ready_moment, ready_out FROM exports WHERE name = ?"
_BEGIN = """
    INSERT INTO exports (name, query, ready, ready_moment, ready_out) VALUES (:name, :query, :ready, :moment, :out)
    ON CONFLICT (name) DO UPDATE SET ready = excluded.ready, ready_moment = excluded.ready_moment,
        ready_out = excluded.ready_out
    WHERE moment IS :since AND exports.ready IS NULL
"""
_DONE = """
    UPDATE exports SET moment = ready_moment, at = (SELECT at FROM moments WHERE id = ready_moment), out = ready_out,
        ready = NULL, ready_moment = NULL, ready_out = NULL
    WHERE name = ? AND ready = ?
"""
_DROP = "UPDATE exports SET ready = NULL, ready_moment = NULL, ready_out = NULL WHERE name = ? AND ready = ?"


class State(NamedTuple):
    """What is known of a named export: `moment` None is before the first; `ready` is a file that may lack its name."""

    moment: int | None = None
    query: Mapping[str, Any] | None = None
    ready: Path | None = None
    ready_moment: int | None = None
    out: Path | None = None


def state(connection: sqlite3.Connection, name: str) -> State:
    """What is known of a named export."""
    row = connection.execute(_READ, (name,)).fetchone()
    if row is None:
        return State()
    moment, query, ready, ready_moment, out = row
    return State(moment, json.loads(query), ready and Path(ready), ready_moment, out and Path(out))


class Ready(NamedTuple):
    """A complete file: from one moment to another; the name that it has, and the one that it is to have."""

    since: int | None
    moment: int
    part: Path
    out: Path


def ready(connection: sqlite3.Connection, name: str, query: Mapping[str, Any], file: Ready) -> bool:
    """Note that a file is complete but for its name; False where another export of that name was faster."""
    told = json.dumps(query, ensure_ascii=False, sort_keys=True)
    values = {**file._asdict(), "ready": str(file.part), "out": str(file.out), "name": name, "query": told}
    del values["part"]
    return connection.execute(_BEGIN, values).rowcount == 1


def done(connection: sqlite3.Connection, name: str, part: Path) -> bool:
    """Note that the file that was ready as `part` has its name: the next increment goes on behind it."""
    return connection.execute(_DONE, (name, str(part))).rowcount == 1


def dropped(connection: sqlite3.Connection, name: str, part: Path) -> bool:
    """Note that the file will not get its name: the next increment begins where this one did."""
    return connection.execute(_DROP, (name, str(part))).rowcount == 1
