"""A folder as the Hugging Face hub has it: Parquet shards, README.md with its YAML head and card, Croissant metadata.

An export that was killed goes on: shards that were complete are kept, if they are the ones that their hashes say, and
if the database is read as it was then. All rows are read again, so that all else is counted and hashed anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from storage.batch import Batch
from storage.exporters import _card, _croissant, _files, _manifest, parquet
from storage.exporters._about import About, ExportError
from storage.exporters._files import MANIFEST
from storage.exporters._rows import Set, parted
from storage.exporters._run import Job, Run, reading
from storage.sqlite import Database

PLACE = "folder"
SHARD = 50_000  # rows: of articles, about 50 MB
CARD, CROISSANT, DATA = "README.md", "croissant.json", "data"
_JOURNAL = ".journal.json"


def export(db: Database, out: Path, job: Job, form: ModuleType) -> dict[str, Any]:
    """Make the folder; what its manifest says."""
    parquet.library()
    part = out.with_name(f".{out.name}.part")
    with reading(db):
        run = Run(db, out, form, job)
        journal = _Journal(part, run.about, run.split)
        counts = tally(run.about)
        files = _shards(run, counts, part, journal)
        facts = run.facts(files)
        for name, content in documents(facts, counts).items():
            facts["files"].append(_written(part / name, content))
        facts["files"].sort(key=lambda file: file["path"])
        (part / MANIFEST).write_bytes(_manifest.sealed(facts))
        journal.close()
        for path in (part, part / DATA):
            _files.synced(path)
        if job.since:
            job.since.before(out)(part)
        _files.replace_folder(part, out)
    return facts


def tally(about: About) -> _card.Tally:
    """What counts the rows for the card."""
    return _card.Tally(about)


def documents(facts: Mapping[str, Any], counts: _card.Tally) -> dict[str, bytes]:
    """The files that are made of what is known of the others."""
    return {CARD: _card.card(facts, counts).encode(), CROISSANT: _croissant.metadata(facts)}


def _written(path: Path, content: bytes) -> dict[str, Any]:
    with _files.written_to(path) as file:
        file.write(content)
    return {"path": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "sets": []}


def shown(about: About) -> About:
    """The fields as columns: which split a row is in, its file tells."""
    return About({name: field for name, field in about.fields.items() if name != "split"}, about.mention)


def _shards(run: Run, counts: _card.Tally, part: Path, journal: _Journal) -> list[dict[str, Any]]:
    writers = {name: _Shards(name, part, run.about, journal) for name in run.about.sets}
    try:
        for batch in run.batches():
            counts.add(batch)
            for name, rows in parted(batch, run.about.sets):
                writers[name].add(rows)
        for writer in writers.values():
            writer.end()
    finally:
        for writer in writers.values():
            writer.abandon()
    return [file for writer in writers.values() for file in writer.files]


class _Shards:
    """The shards of one set of rows, one after the other."""

    def __init__(self, name: str, part: Path, about: About, journal: _Journal):
        self._name, self._part, self._journal = name, part, journal
        self._about = shown(about)
        self.files: list[dict[str, Any]] = []
        self._open: tuple[_files.Hashed, parquet.Writer] | None = None
        self._next()

    def _next(self) -> None:
        self._set = Set(self._about.fields)
        self._path = f"{DATA}/{_card.part(self._name)}-{len(self.files):05d}.parquet"
        self._known = self._journal.files.get(self._path)

    def add(self, rows: Batch) -> None:
        """More rows; a full shard is closed."""
        start = 0
        while start < len(rows):
            some = rows.cut(start, start + SHARD - self._set.rows)
            start += len(some)
            self._set.add(some)
            if self._known is None:
                self._writer().add(some)
            if self._set.rows == SHARD:
                self._finish()

    def _writer(self) -> parquet.Writer:
        if self._open is None:
            file = _files.Hashed(self._part / self._path)
            self._open = file, parquet.Writer(file, self._about, plain=True)
        return self._open[1]

    def _finish(self) -> None:
        told = {"rows": self._set.rows, "content": self._set.content.state}
        if self._known is None:
            self._writer()
            digest = self._close()
            size = (self._part / self._path).stat().st_size
            self._known = {"path": self._path, "bytes": size, "sha256": digest, "sets": [self._name], **told}
            self._journal.note(self._known)
        elif {name: self._known[name] for name in told} != told:
            problem = f"`{self._part}` was begun with other rows. Remove it, and export again."
            raise ExportError(self._part, problem)
        self.files.append(self._known)
        self._next()

    def end(self) -> None:
        """No more rows come. A set without rows has a shard all the same, which tells its columns.

        pandas, Polars, DuckDB and `datasets` as a stream open it; `load_dataset` as it is has none without rows.
        """
        if self._set.rows or not self.files:
            self._finish()

    def _close(self) -> str:
        """The SHA-256 of the file, which is on the disk then."""
        assert self._open
        file, writer = self._open
        with file:
            writer.close()
            file.flush()
            os.fsync(file.fileno())
        self._open = None
        return file.sha256

    def abandon(self) -> None:
        """Close what is still open: a shard that is not complete will be written again."""
        if self._open:
            file, writer = self._open
            self._open = None
            writer.abandon()
            file.close()


class _Journal:
    """The shards that are complete in a folder that is being made, for who has to go on with it."""

    def __init__(self, part: Path, about: About, split: Mapping[str, Any] | None):
        self._path = part / _JOURNAL
        known = {**about.facts, "fields": about.fields, "shard": SHARD, "group": parquet.GROUP, "split": split}
        self._key = hashlib.sha256(msgspec.json.encode(known, order="deterministic")).hexdigest()
        self.files: dict[str, dict[str, Any]] = {}
        if part.exists() and not self._resumed(part):
            shutil.rmtree(part)
        (part / DATA).mkdir(parents=True, exist_ok=True)
        for shard in (part / DATA).iterdir():
            if f"{DATA}/{shard.name}" not in self.files:
                shard.unlink()

    def _resumed(self, part: Path) -> bool:
        """Whether the folder was begun by the same export; its sound shards are then in `files`."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = msgspec.json.decode(self._path.read_bytes())
            if told["key"] == self._key:
                for file in told["files"]:
                    if _files.digest(part / file["path"]) == file["sha256"]:
                        self.files[file["path"]] = file
                return True
        return False

    def note(self, file: dict[str, Any]) -> None:
        """A shard is complete."""
        self.files[file["path"]] = file
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode({"key": self._key, "files": list(self.files.values())}))
        fresh.replace(self._path)

    def close(self) -> None:
        """The folder is complete."""
        self._path.unlink(missing_ok=True)


def read(path: Path, about: About) -> Iterator[dict[str, Any]]:
    """The rows of all shards, each set in turn, with their `split` where there are several. Raises ValueError."""
    shards = [file for file in about.facts["files"] if file["sets"]]
    for name in about.sets:
        for file in (file for file in shards if file["sets"] == [name]):
            for row in parquet.read(path / file["path"], shown(about)):
                if "split" in about.fields:
                    row["split"] = name
                yield row
