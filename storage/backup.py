"""Copies of databases that belong together, while others write to them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from storage.errors import StorageError, translated
from storage.waiting import is_locked

PAGES = 256  # of a file, between two calls of `told`
STEPS = 200_000  # of SQLite, while it looks through a copy
# What SQLite would take for the log of a file that comes in the place of another.
_LOGS = ("-wal", "-shm", "-journal")

Told = Callable[[int, int], None]


def backup(pairs: Sequence[tuple[Path, Path]], told: Told = lambda done, total: None) -> list[int]:
    """Copy each database (source, target) as it is at this moment; the sizes of the copies in bytes.

    One read transaction sees one state of a file, however long it takes and whoever writes meanwhile. The states are
    taken in the order of the pairs: what is committed to a later file before an earlier one is in the copies of both.
    Every copy is looked through; all of them get their names when all are complete, sound and on the disk. `told` hears
    the pages done and their number, of one file after the other. Raises StorageError.
    """
    for _, target in pairs:
        _unused(target)
    unfinished = [target.with_name(f".{target.name}.{os.getpid()}.part") for _, target in pairs]
    try:
        with ExitStack() as stack:
            readers = []
            for source, _ in pairs:
                with translated(source, reading=True):
                    readers.append(stack.enter_context(closing(_fixed(source))))
            for reader, part, (source, target) in zip(readers, unfinished, pairs, strict=True):
                with translated(target):
                    _copy(reader, part, told)
                _look_through(source, part, lambda: told(1, 1))
        sizes = [part.stat().st_size for part in unfinished]
        for part, (_, target) in zip(unfinished, pairs, strict=True):
            _unused(target)
            _gone((target,), _LOGS)
            part.replace(target)
            with suppress(OSError):  # Windows syncs no folders.
                _written(target.absolute().parent)
    finally:
        _gone(unfinished)
    return sizes


def _fixed(source: Path) -> sqlite3.Connection:
    """A reader of the state that a file has now."""
    reader = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the state is fixed by reading
    except BaseException:
        reader.close()
        raise
    return reader


def _copy(reader: sqlite3.Connection, part: Path, told: Told) -> None:
    with closing(sqlite3.connect(part, isolation_level=None)) as writer:
        reader.backup(writer, pages=PAGES, progress=lambda _, left, total: told(total - left, total))
        # The copy is a single file, whatever the log of the original held.
        writer.execute("PRAGMA journal_mode = delete")
    _written(part)


def _look_through(source: Path, part: Path, still: Callable[[], None]) -> None:
    """Raises StorageError where a copy is not sound; then its original is not either."""
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.set_progress_handler(still, STEPS)
        said = [row[0] for row in copy.execute("PRAGMA integrity_check")]
    if said != ["ok"]:
        raise StorageError(source, f"`{source}` is damaged ({said[0]}). No copy was made; `kuaixun check` says more.")


def _written(place: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    number = os.open(place, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _unused(target: Path) -> None:
    """Raises StorageError while another process has a target open.

    What a process that was killed left in a log goes into the former copy, as far as it can be read and written.
    """
    if not target.exists():
        return
    with closing(sqlite3.connect(target, isolation_level=None, timeout=0)) as former:
        try:
            former.execute("PRAGMA locking_mode = exclusive")  # only to be had while nobody else has it open
            former.execute("BEGIN EXCLUSIVE")
            former.execute("ROLLBACK")
        except sqlite3.Error as error:
            if is_locked(error):
                raise StorageError(target, f"`{target}` is in use: another process has it open. Close it.") from error
            # Whatever else it is, it gives way to the copy.


def _gone(parts: Iterable[Path], ends: Sequence[str] = ("", *_LOGS)) -> None:
    for part in parts:
        for end in ends:
            part.with_name(part.name + end).unlink(missing_ok=True)
