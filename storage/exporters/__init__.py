"""Files out of the database. The folder is the list: `NAME.py` with `write(rows, out)` is the format NAME."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from sqlite_utils import Database

from storage import query
from storage.errors import StorageError

Progress = Callable[[int, int], None]
_STEP = 500


class ExportError(StorageError):
    """A file that cannot be written, or a format that does not exist; `path` is the file."""


def formats() -> list[str]:
    """The names of the formats there are."""
    return sorted(module.name for module in iter_modules(__path__))


def export(
    db: Database,
    out: Path,
    format: str,
    *,
    where: str = "",
    params: Sequence[Any] = (),
    ads: bool = False,
    copies: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write the articles to the file `out`, oldest id first, in constant memory; how many rows.

    The columns are those of `query.columns`, in that order. The rows are written under another name beside `out`,
    which (or what it links to) is replaced only when all are there; a pipe or a device is written to.
    `progress(done, total)` is called now and then and at the end. Raises ExportError.
    """
    if format not in formats():
        raise ExportError(out, f"There is no format `{format}`; there are {', '.join(formats())}.")
    writer = import_module(f"{__name__}.{format}")
    chosen: dict[str, Any] = {"where": where, "params": params, "ads": ads, "copies": copies}
    # One transaction, so that the rows are those of the count whatever the crawl writes meanwhile.
    with db.atomic():
        try:
            total = query.count(db, **chosen)
        except sqlite3.OperationalError as error:
            raise ExportError(out, f"`{where}` is no condition on articles: {error}.") from error
        rows = query.articles(db, **chosen)
        return written(out, lambda file: writer.write(_counted(rows, total, progress), file))


def written(out: Path, write: Callable[[Any], int]) -> int:
    """Write a file under another name first; a pipe or a device is written through. A link stays one."""
    try:
        if out.exists() and not out.is_file():
            with out.open("wb") as file:
                return write(file)
        return _replaced(out.resolve(), write)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise ExportError(out, f"`{out}` cannot be written: {reason}.") from error


def _replaced(out: Path, write: Callable[[Any], int]) -> int:
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            done = write(file)
        part.replace(out)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return done


def _counted(rows: Iterable[Mapping[str, Any]], total: int, progress: Progress | None) -> Iterator[Mapping[str, Any]]:
    done = 0
    for done, row in enumerate(rows, 1):
        yield row
        if progress and done % _STEP == 0:
            progress(done, total)
    if progress:
        progress(done, total)
