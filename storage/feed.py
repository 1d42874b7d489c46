"""The Atom file of a saved search: its newest notices, the newest first. The same notices give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from storage import dataset
from storage.batch import batched
from storage.exporters import _files, atom
from storage.exporters._about import ExportError, about

# The first bytes of a file, in which a feed of ours has its id.
_HEAD = 1000
# When a feed without an entry was last changed.
EMPTY = datetime(1970, 1, 1, tzinfo=UTC)


def write(db: Database, out: Path, name: str, found: Mapping[int, datetime]) -> None:
    """Write the articles that were found, in their order, whole or not at all.

    Raises ExportError, also where something else is there than a former feed of this search.
    """
    refuse_other(out, name)
    listed = ", ".join(map(str, found)) or "NULL"
    rows = {row["id"]: row for row in dataset.rows(db, where=f"articles.id IN ({listed})", ads=True, copies=True)}
    at = max(found.values(), default=EMPTY)
    facts = {"query": _query(name), "state": {"at": at.isoformat()}, "title": name}
    told = about(facts=facts)
    ordered = [rows[number] for number in found if number in rows]
    with _files.told(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with _files.part_of(out) as part:
            with _files.written_to(part) as file:
                atom.write(atom.prepared(batched(ordered), told), file, told)
            _files.replace(part, out)


def refuse_other(out: Path, name: str) -> None:
    """Raise ExportError where a file is there that is neither empty nor a feed of this search: nothing replaces it."""
    with _files.told(out):
        _files.spare(out)
        if not out.exists():
            return
        if not out.is_file():
            raise ExportError(out, f"`{out}` cannot be written: it is no file. Name another place.")
        with out.open("rb") as file:
            head = file.read(_HEAD)
        if head and atom.identity(_query(name)).encode() not in head:
            raise ExportError(
                out,
                f"`{out}` is there already, and is no feed of the notices `{name}`. Name another place, or delete it.",
            )


def _query(name: str) -> dict[str, str]:
    return {"notices": name}
