"""Files out of the database. The folder is the list: `NAME.py` is the format NAME.

A format has `write(batches, out, about)`, which gets the rows as columns (`storage.batch`), and `read(path, about)`,
which gives the same rows back. It may say with `PLACE` that `out` is no open file but the `path` of one; with
`fields(about)` that it holds others than those of the data set, and with `prepared(batches, about)` how rows become
what it holds. One whose `PLACE` is a `folder` has `export` for `write` and `documents` for the files that are made of
the others.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from storage.exporters import _files, _manifest
from storage.exporters._about import Choice, ExportError
from storage.exporters._files import written
from storage.exporters._formats import formats, module
from storage.exporters._run import Job, Run, Split, reading
from storage.exporters._since import Since
from storage.exporters._verify import verify
from storage.sqlite import Database

__all__ = [
    "Choice",
    "ExportError",
    "Job",
    "Since",
    "Split",
    "export",
    "formats",
    "module",
    "stream",
    "verify",
    "written",
]


def export(db: Database, out: Path, format: str, job: Job | None = None) -> dict[str, Any]:
    """Write the articles, oldest id first, in constant memory, and the manifest beside or inside; what that says.

    What is written has another name, beside `out`, until all of it is there; a pipe or a device is written to, without
    a manifest. Equal content gives equal bytes. Raises ExportError.
    """
    job, form = job or Job(), module(out, format)
    with _files.told(out):
        if _files.is_stream(out):
            with out.open("wb") as file:
                return stream(db, file, format, job)
        folder, place = getattr(form, "PLACE", "") == "folder", out.resolve()
        _files.spelt(out, place if job.since else Path(place.name))
        for each in (out, _manifest.path_of(place)):
            _files.spare(each)
        make = form.export if folder else _file
        with _files.held(place):
            _manifest.check(out, folder=folder, anew=job.since is not None)
            facts: dict[str, Any] = make(db, place, job, form)
    if job.since:
        job.since.after()
    return facts


def _file(db: Database, out: Path, job: Job, form: ModuleType) -> dict[str, Any]:
    with _files.part_of(out) as part:
        with reading(db):
            run = Run(db, out, form, job)
            if getattr(form, "PLACE", "") == "path":
                form.write(run.batches(), part, run.about)
                digest = _files.digest(part)
            else:
                with _files.written_to(part) as file:
                    form.write(run.batches(), file, run.about)
                digest = file.sha256
            made = {"path": out.name, "bytes": part.stat().st_size, "sha256": digest, "sets": list(run.sets)}
            facts = run.facts([made])
        _files.finish(part, out, _manifest.sealed(facts), job.since.before(out) if job.since else None)
    return facts


def stream(db: Database, out: BinaryIO, format: str, job: Job | None = None) -> dict[str, Any]:
    """Write the articles to an open file; what a manifest would say of them. Raises ExportError."""
    job, form, name = job or Job(), module(Path("-"), format), Path(getattr(out, "name", "-"))
    if hasattr(form, "PLACE") or job.since:
        raise ExportError(
            name, f"`{format}` cannot be written to a pipe{' as an increment' * bool(job.since)}; name a file."
        )
    with _files.told(name), reading(db):
        run = Run(db, name, form, job)
        form.write(run.batches(), out, run.about)
        out.flush()
        return run.facts([])
