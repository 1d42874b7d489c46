"""The Atom file of a saved search: its newest notices, the newest first. The same notices give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from storage import dataset
from storage.batch import batched
from storage.exporters import _files, atom
from storage.exporters._about import about
from storage.sqlite import Database

# When a feed without an entry was last changed.
EMPTY = datetime(1970, 1, 1, tzinfo=UTC)


def write(db: Database, out: Path, name: str, found: Mapping[int, datetime]) -> None:
    """Write the articles that were found, in their order, whole or not at all.

    Raises ExportError, also where the file is a database of ours.
    """
    listed = ", ".join(map(str, found)) or "NULL"
    rows = {row["id"]: row for row in dataset.rows(db, where=f"articles.id IN ({listed})", ads=True, copies=True)}
    at = max(found.values(), default=EMPTY)
    facts = {"query": {"notices": name}, "state": {"at": at.isoformat()}, "title": name}
    told = about(facts=facts)
    ordered = [rows[number] for number in found if number in rows]
    with _files.told(out):
        _files.spare(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with _files.part_of(out) as part:
            with _files.written_to(part) as file:
                atom.write(atom.prepared(batched(ordered), told), file, told)
            _files.replace(part, out)
