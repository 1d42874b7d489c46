"""The manifest: what is claimed of an export, as JSON that has one spelling only, with its own SHA-256 at the end."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from storage import history, schema
from storage.dataset import Field
from storage.exporters._about import About, ExportError
from storage.exporters._files import MANIFEST, digest, ready_of
from storage.sqlite import Database

_GAPS = """
    SELECT {columns} FROM gaps WHERE datetime(from_at) <= datetime(:until)
        AND (to_at IS NULL OR datetime(to_at) >= datetime(:since))
    ORDER BY source, from_at, to_at, id
"""
_INTERNAL_GAP = ("id",)
# What rows and manifests are made of; a text comes with the revision of its article.
_MADE_OF = ("articles", "stories", "rights", "gaps")
_ELSEWHERE = re.compile(r"\b(select|last_seen_at)\b", re.I)


class BadManifest(ValueError):
    """A manifest that is none, or that was changed."""


def path_of(out: Path) -> Path:
    """Where the manifest of a file or folder is."""
    return out / MANIFEST if out.is_dir() else out.with_name(f"{out.name}.manifest.json")


def state(db: Database, *, whole: bool = False, fetches: bool = False) -> dict[str, Any]:
    """What the connection reads: the number and the time of the last moment that rows can know of.

    A crawl that found nothing, or the bookkeeping of an increment, is none; `fetches`: every fetch of an article is
    one; `whole`: any is, since a condition may ask for anything.
    """
    last = moment(db)
    if whole:
        found = last
    else:
        parts = [f"SELECT max(moment) FROM main.history_{name} WHERE moment <= :last" for name in _MADE_OF]
        if fetches:
            parts.append("SELECT max(moment) FROM main.visits WHERE moment <= :last AND article_id IS NOT NULL")
        numbers = db.conn.execute(" UNION ALL ".join(parts), {"last": last}).fetchall()
        found = max(number or 0 for (number,) in numbers)
    return {"moment": found, "at": at_of(db, found)}


def moment(db: Database) -> int:
    """The last moment that the connection reads, whatever was written in it."""
    asked = history.moment_of(db.conn)
    return int(db.conn.execute("SELECT max(id) FROM main.moments").fetchone()[0]) if asked is None else asked


def at_of(db: Database, moment: int) -> str:
    """When a moment was."""
    return str(db.conn.execute("SELECT at FROM main.moments WHERE id = ?", (moment,)).fetchone()[0])


def asks_more(where: str) -> bool:
    """Whether a condition asks for more than the article: it may hold or not without anything written to that."""
    return bool(_ELSEWHERE.search(where))


def versions(db: Database) -> dict[str, str]:
    """What made the file: the program and the last migration of the database."""
    from importlib.metadata import version

    return {"kuaixun": version("kuaixun"), "schema": max(each.name for each in schema.migrations.applied(db))}


def gaps(db: Database, since: datetime | None, until: datetime) -> list[dict[str, Any]]:
    """The gaps that reach into an interval, as they were known; one that goes on has no `to_at`."""
    names = [row[1] for row in db.conn.execute("PRAGMA main.table_info (gaps)") if row[1] not in _INTERNAL_GAP]
    limits = {"since": since.isoformat() if since else until.isoformat(), "until": until.isoformat()}
    rows = db.conn.execute(_GAPS.format(columns=", ".join(f'"{name}"' for name in names)), limits)
    return [dict(zip(names, row, strict=True)) for row in rows]


def described(fields: Mapping[str, Field]) -> dict[str, dict[str, str]]:
    """Fields as the manifest has them."""
    return {name: field._asdict() for name, field in fields.items()}


def sealed(facts: Mapping[str, Any]) -> bytes:
    """The manifest as bytes."""
    seal = hashlib.sha256(_spelt(facts)).hexdigest()
    return _spelt({**facts, "manifest_sha256": seal})


def _spelt(facts: Mapping[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(facts), indent=1) + b"\n"


def opened(data: bytes) -> dict[str, Any]:
    """The facts of a manifest. Raises BadManifest where they are not those that were sealed."""
    try:
        facts = msgspec.json.decode(data)
        seal = facts.pop("manifest_sha256")
    except (msgspec.DecodeError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise BadManifest(f"it is no manifest: {error}") from error
    if hashlib.sha256(_spelt(facts)).hexdigest() != seal or sealed(facts) != data:
        raise BadManifest("it was changed: its SHA-256 is another")
    _formed(facts)
    return dict(facts)


def _formed(facts: Mapping[str, Any]) -> None:
    """Raise BadManifest where something is missing that every export claims."""
    try:
        msgspec.convert(facts, _Facts)
    except msgspec.ValidationError as error:
        raise BadManifest(f"it is no manifest of an export: {error}") from error


class _File(msgspec.Struct):
    path: str
    bytes: int
    sha256: str
    sets: list[str]


class _Set(msgspec.Struct):
    rows: int
    content: str
    interval: list[str] | None
    rules: dict[str, int] | list[str] | None


class _Query(msgspec.Struct):
    where: str
    search: str
    ads: bool
    copies: bool
    purpose: Literal["archive", "search", "train"]


class _Facts(msgspec.Struct):
    """What is in every manifest, beside what only tells."""

    format: str
    state: dict[str, Any]
    query: _Query
    fields: dict[str, dict[str, str]]
    mention: dict[str, dict[str, str]]
    files: Annotated[list[_File], msgspec.Meta(min_length=1)]
    sets: Annotated[dict[str, _Set], msgspec.Meta(min_length=1)]
    split: dict[str, Any] | None


def guessed(data: bytes) -> dict[str, Any]:
    """What a manifest says that was changed: whatever can still be read."""
    try:
        facts = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    if not isinstance(facts, dict):
        raise ValueError("it is no object")
    return facts


def read_back(facts: Mapping[str, Any]) -> About:
    """What a reader of the files must know."""
    fields, mention = (
        {name: Field(**field) for name, field in facts.get(key, {}).items()} for key in ("fields", "mention")
    )
    return About(fields, mention, facts, list(facts["sets"]))


def check(out: Path, *, folder: bool, anew: bool = False) -> None:
    """Raise ExportError where there is something that this export must not replace; `anew`: anything at all."""
    if anew and out.exists():
        raise ExportError(out, f"`{out}` is there already, and an increment replaces nothing. Name another place.")
    if folder and out.is_file():
        raise ExportError(out, f"`{out}` is a file, and this format makes a folder. Name another place.")
    if not folder and out.is_dir():
        raise ExportError(out, f"`{out}` is a folder, and this format makes a file. Name a file in it.")
    if folder and out.is_dir() and (why := _not_ours(out)):
        problem = f"`{out}` is a folder that no export made, or that was changed since ({why}); it is left as it is."
        raise ExportError(out, f"{problem} Name another place, or remove what is not of the export.")
    if not folder and (foreign := _foreign(out.resolve())):
        problem = f"`{foreign}` is there, and no manifest of an export tells of it as it is; nothing was changed."
        raise ExportError(out, f"{problem} Name another place, or remove it.")


def is_file(path: Path) -> bool:
    """Whether what is in a folder is no folder itself; a link to one is none: it is not walked through, but read."""
    return path.is_symlink() or not path.is_dir()


def _not_ours(folder: Path) -> str:
    """Why a folder must not be replaced; "" where it is empty, or an export made all that is in it, just as it is."""
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if is_file(path))
    if not found:
        return ""
    try:
        facts = opened((folder / MANIFEST).read_bytes())
        known = {file["path"]: file for file in facts["files"]}
    except (OSError, BadManifest, KeyError, TypeError):
        return f"it has no valid `{MANIFEST}`"
    for path in found:
        if path != MANIFEST and path not in known:
            return f"`{path}` is none of its files"
        with suppress(OSError, KeyError, TypeError):
            if path == MANIFEST or _is(folder / path, known[path]):
                continue
        return f"`{path}` is not as its manifest says"
    return ""


def _foreign(out: Path) -> Path | None:
    """What must not be replaced of a file and the manifest beside it: what no export made just as it is.

    A file without content may be, and one that a killed export was about to replace: then the manifest tells of that.
    """
    claims = path_of(out)
    is_there = out.exists() and out.stat().st_size > 0
    if not claims.exists():
        return out if is_there else None
    try:
        (told,) = opened(claims.read_bytes())["files"]
        ready = ready_of(out)
        ours = not is_there or _is(out, told) or (ready.is_file() and _is(ready, told))
        return None if ours else out
    except (OSError, BadManifest, KeyError, TypeError, ValueError):
        return out if is_there else claims


def _is(path: Path, told: Mapping[str, Any]) -> bool:
    return bool(path.stat().st_size == told["bytes"] and digest(path) == told["sha256"])
