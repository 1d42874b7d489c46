"""Proving the claims of a manifest again, from the files alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from storage import splits
from storage.batch import Batch, batched
from storage.exporters import _files, _manifest, _rows
from storage.exporters._about import About, ExportError, Row
from storage.exporters._formats import module
from storage.rights import reservations

SHOWN = 5  # rows that are named, of those that are not what is claimed


class Proof(NamedTuple):
    """One claim, and what is wrong with it; "" where it holds."""

    claim: str
    problem: str = ""


# What no file can prove: the articles that are not in it, and the database that it came from.
UNPROVEN = ("state", "kuaixun", "schema", "left_out", "gaps", "contact")


def verify(path: Path) -> Iterator[Proof]:
    """Each claim of the export at `path`: the file, the folder, or the manifest. Raises ExportError where none is."""
    out, claims = _located(path)
    data, sealed = claims.read_bytes(), False
    try:
        facts = _manifest.opened(data)
        sealed = True
        yield Proof("manifest")
    except _manifest.BadManifest as error:
        yield Proof("manifest", f"{claims.name}: {error}")
        try:
            facts = _manifest.guessed(data)
        except ValueError:
            return
    try:
        yield from _files_hold(out, facts)
        yield from _rows_hold(out, facts)
    except Exception as error:
        if sealed:
            raise
        # A manifest that was changed may say anything.
        yield Proof("manifest", f"{claims.name}: it cannot be understood ({error!r})")


def _located(path: Path) -> tuple[Path, Path]:
    """What was exported, and its manifest: beside what a link leads to, as an export puts it, or beside the link."""
    try:
        places = (path.resolve(), path)
    except (OSError, RuntimeError) as error:
        raise ExportError(path, f"`{path}` cannot be read: its links lead in a circle.") from error
    for out in map(_claimed, places):
        claims = _manifest.path_of(out)
        if claims.is_file():
            return out, claims
    claims = _manifest.path_of(places[0])
    raise ExportError(path, f"`{path}` has no manifest: `{claims}` is not there, so nothing is claimed of it.")


def _claimed(path: Path) -> Path:
    """What a manifest is of, where `path` is one; else the same."""
    if path.name == _files.MANIFEST and path.is_file():
        return path.parent
    if path.name.endswith(f".{_files.MANIFEST}") and path.is_file():
        return path.with_name(path.name.removesuffix(f".{_files.MANIFEST}"))
    return path


def _files_hold(out: Path, facts: Mapping[str, Any]) -> Iterator[Proof]:
    folder = out if out.is_dir() else out.parent
    for file in facts["files"]:
        yield Proof(f"file {file['path']}", _file_problem(folder / file["path"], file))
    if out.is_dir():
        known = {file["path"] for file in facts["files"]} | {_files.MANIFEST}
        found = {path.relative_to(out).as_posix() for path in out.rglob("*") if _manifest.is_file(path)}
        others = ", ".join(sorted(found - known)[:SHOWN])
        yield Proof("no other files", f"{others} is not among them" if others else "")


def _file_problem(path: Path, told: Mapping[str, Any]) -> str:
    if not path.is_file():
        return "it is not there"
    if path.stat().st_size != told["bytes"]:
        return f"it has {path.stat().st_size:,} bytes, not {told['bytes']:,}"
    digest = _files.digest(path)
    return "" if digest == told["sha256"] else f"its SHA-256 is {digest}, not {told['sha256']}"


class _Seen:
    """What the rows of an export are, as they are read back."""

    def __init__(self, about: About):
        self._about, self._last = about, dict[str, int]()
        self.sets = _rows.sets(about)
        self.wrong: dict[str, list[str]] = {"text hashes": [], "order": [], "kinds": [], "rights": []}
        self._query = about.facts["query"]

    def add(self, batch: Batch) -> None:
        """More rows."""
        for name, rows in _rows.parted(batch, self._about.sets):
            self.sets[name].add(rows)
            for row in rows.rows():
                self._look(row, name)

    def _look(self, row: Row, name: str) -> None:
        number = row.get("id")
        if "text_sha256" in row and hashlib.sha256((row["text"] or "").encode()).hexdigest() != row["text_sha256"]:
            self._note("text hashes", number, "its text is not the one of its SHA-256")
        if number is not None:
            if number <= self._last.get(name, number - 1):
                self._note("order", number, "it is not behind the one before it")
            self._last[name] = number
        if row.get("kind") == "ad" and not self._query["ads"]:
            self._note("kinds", number, "it is an advertisement")
        withheld = row.get("change") == "gone" and not (row["title"] or row["text"])
        if row.get("rights") and not withheld and reservations(row["rights"], self._query["purpose"]):
            self._note("rights", number, f"it is reserved against the purpose {self._query['purpose']}")

    def _note(self, what: str, number: Any, problem: str) -> None:
        self.wrong[what].append(f"row {number}: {problem}")


def _rows_hold(out: Path, facts: Mapping[str, Any]) -> Iterator[Proof]:
    about = _manifest.read_back(facts)
    form = module(out, facts["format"])
    seen, broken = _Seen(about), ""
    documents = getattr(form, "documents", None)
    tally = form.tally(about) if documents else None
    try:
        for rows in batched(form.read(out, about)):
            seen.add(rows)
            if tally:
                tally.add(rows)
    except ExportError:
        raise
    except Exception as error:
        # What libraries make of damaged bytes has no bounds; that they cannot be read is all that counts.
        broken = f"the rows cannot be read back: {error!r}"
    for name, told in facts["sets"].items():
        yield Proof(f"rows of {name}", broken or _set_problem(told, seen.sets[name].told()))
    if facts["split"]:
        yield Proof("split", broken or _shown([*_split_problems(out, facts, about, form)]))
    for what, problems in seen.wrong.items():
        yield Proof(what, _shown(problems))
    if documents:
        for name, content in documents(facts, tally).items():
            same = (out / name).is_file() and (out / name).read_bytes() == content
            yield Proof(f"contents of {name}", "" if same else "it says something else than the rows and the manifest")


def _split_problems(out: Path, facts: Mapping[str, Any], about: About, form: Any) -> Iterator[str]:
    """What is wrong with the parts, read once more for each of them."""

    def part(name: str) -> Iterator[Row]:
        return (row for row in form.read(out, about) if row["split"] == name)

    try:
        plan = splits.of_dict(facts["split"])
        yield from splits.problems(plan, {name: part(name) for name in facts["sets"]})
    except Exception as error:  # of a manifest that was changed, or bytes that were, as above
        yield f"it cannot be proven: {error!r}"


def _shown(problems: list[str]) -> str:
    more = f", and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return "; ".join(problems[:SHOWN]) + more


def _set_problem(told: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    if found["rows"] != told["rows"]:
        return f"there are {found['rows']:,}, not {told['rows']:,}"
    if found["interval"] != told["interval"]:
        return f"they were first seen in {found['interval']}, not {told['interval']}"
    if found["rules"] != told["rules"]:
        return f"they were made by the rules {found['rules']}, not {told['rules']}"
    return (
        ""
        if found["content"] == told["content"]
        else f"their content has the hash {found['content']}, not {told['content']}"
    )
