"""The Atom file of a saved search: its newest notices, the newest first. The same notices give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from storage import dataset
from storage.batch import batched
from storage.exporters import _files, atom
from storage.exporters._about import ExportError, about
from storage.sqlite import Database

# When a feed without an entry was last changed.
EMPTY = datetime(1970, 1, 1, tzinfo=UTC)


def refuse_foreign(out: Path, name: str) -> None:
    """Raise ExportError where anything is at `out` that is not the feed of this search: it is not replaced.

    An empty file is nothing.
    """
    with _files.told(out):
        if not out.exists():
            return
        if not out.is_file():
            raise ExportError(out, f"`{out}` cannot be written: it is no file. Name another place.")
        _files.spare(out)
        ours = atom.begin(_query(name)).encode()
        with out.open("rb") as file:
            head = file.read(len(ours))
        if head not in (b"", ours):
            problem = f"`{out}` is there, and is not the feed of the notices `{name}`, so it is not replaced"
            raise ExportError(out, f"{problem}. Name another file, or move that one away.")


def _query(name: str) -> dict[str, str]:
    return {"notices": name}


def write(db: Database, out: Path, name: str, found: Mapping[int, datetime]) -> None:
    """Write the articles that were found, in their order, whole or not at all.

    Raises ExportError, also where something else is there than the feed of this search.
    """
    listed = ", ".join(map(str, found)) or "NULL"
    rows = {row["id"]: row for row in dataset.rows(db, where=f"articles.id IN ({listed})", ads=True, copies=True)}
    at = max(found.values(), default=EMPTY)
    told = about(facts={"query": _query(name), "state": {"at": at.isoformat()}, "title": name})
    ordered = [rows[number] for number in found if number in rows]
    with _files.told(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    refuse_foreign(out, name)

    def entries(file: BinaryIO) -> int:
        atom.write(atom.prepared(batched(ordered), told), file, told)
        return len(ordered)

    _files.written(out, entries)
