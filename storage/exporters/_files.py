"""Files and folders that are there whole or not at all: written under another name, and renamed once on the disk."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from storage import archive, schema
from storage.exporters._about import ExportError

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]  # a module or none, and mypy knows the module only

_BUFFER = 1 << 20
MANIFEST = "manifest.json"
# How a file of SQLite begins, and where it says which program's it is (https://sqlite.org/fileformat.html).
_SQLITE, _HEAD, _MADE_BY = b"SQLite format 3\0", 100, slice(68, 72)
_OURS = (schema.APPLICATION_ID, archive.APPLICATION_ID)
_BESIDE = ("-wal", "-shm")


@contextmanager
def told(out: Path) -> Iterator[None]:
    """Turn what the file system says into a line that names `out`."""
    try:
        yield
    except OSError as error:
        raise ExportError(out, f"`{out}` cannot be written: {error.strerror or error}.") from error
    except RuntimeError as error:
        raise ExportError(out, f"`{out}` cannot be written: its links lead in a circle.") from error


def spelt(out: Path, written: Path) -> None:
    """Raise ExportError where what will be `written` of the name of `out` is no UTF-8, which JSON and SQLite need."""
    try:
        str(written).encode()
    except UnicodeEncodeError as error:
        name = os.fsencode(out).decode(errors="backslashreplace")
        raise ExportError(
            out, f"The name `{name}` is no UTF-8, so nothing could tell of it. Take another one."
        ) from error


def spare(out: Path) -> None:
    """Raise ExportError where `out`, or what it links to, is a database or an archive of ours: nothing replaces those.

    Its first bytes tell, or the log beside it, which has them while they are not in the file yet.
    """
    file = out.resolve()
    if file.is_file():
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
        made_by = int.from_bytes(head[_MADE_BY], "big") if head.startswith(_SQLITE) else 0
        if made_by in _OURS or file.with_name(f"{file.name}-wal").exists():
            raise ExportError(out, f"`{out}` is a database or an archive of pages, and no export replaces one.")
    if file.name.endswith(_BESIDE) and file.with_name(file.name[: -len(_BESIDE[0])]).exists():
        raise ExportError(out, f"`{out}` is the name of a log that a database has. Name another place.")


@contextmanager
def part_of(out: Path) -> Iterator[Path]:
    """The other name under which `out` is written; whatever still has it at the end is removed."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


class Hashed(io.BufferedWriter):
    """A new file, written from its begin to its end, that knows the SHA-256 of what it was given."""

    def __init__(self, path: Path):
        super().__init__(io.FileIO(path, "wb"), _BUFFER)
        self._digest = hashlib.sha256()

    def write(self, data: Any, /) -> int:
        """Write bytes."""
        self._digest.update(data)
        return super().write(data)

    @property
    def sha256(self) -> str:
        """Of all so far, in hexadecimal."""
        return self._digest.hexdigest()


@contextmanager
def written_to(part: Path) -> Iterator[Hashed]:
    """The open file, on the disk when the block ends."""
    with Hashed(part) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def held(place: Path) -> Iterator[None]:
    """Keep the name of a file or a folder to one export at a time, where the system has locks."""
    with locked(place.parent / f".{place.name}.lock", f"Another export is writing `{place}`."):
        yield


@contextmanager
def locked(lock: Path, problem: str) -> Iterator[None]:
    """Hold the lock that a file is, which is gone afterwards. Raises ExportError while another process holds it."""
    file = _lock(lock, problem)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)  # before it is free: see `_lock`
        file.close()


def _lock(lock: Path, problem: str) -> BinaryIO:
    while True:
        file = lock.open("wb")
        if fcntl is None:
            return file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise ExportError(lock, f"{problem} Wait for it, or stop it.") from error
        # Who had it may have deleted it after we opened it: then others make a new one, and this lock says nothing.
        with suppress(OSError):
            if os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                return file
        file.close()


def finish(part: Path, out: Path, manifest: bytes, before: Callable[[Path], None] | None = None) -> None:
    """Give a complete file its name and the manifest beside it; the file last, so that it never lacks one.

    In between it has another name (`ready_of`): after a kill that tells whose the manifest is. `before` is called with
    it when only the name is missing.
    """
    claims, ready = out.with_name(f"{out.name}.{MANIFEST}"), ready_of(out)
    with part_of(claims) as other:
        with written_to(other) as file:
            file.write(manifest)
        replace(part, ready)
        replace(other, claims)
    if before:
        before(ready)
    replace(ready, out)


def ready_of(out: Path) -> Path:
    """The name of a file that is complete, and about to get its own. A failure does not remove it."""
    return out.with_name(f".{out.name}.ready")


def replace(part: Path, out: Path) -> None:
    """Give a file or a folder its name, so that it still has it after a power cut."""
    part.replace(out)
    synced(out.parent)


def synced(folder: Path) -> None:
    """Have what a folder names on the disk."""
    with suppress(OSError):  # some file systems cannot
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def replace_folder(part: Path, out: Path) -> None:
    """Give a folder its name; one of ours that has it goes. Two renames: in between, `out` is not there."""
    former = out.with_name(f".{out.name}.former")
    if former.exists() and out.exists():
        shutil.rmtree(former)
    if out.exists():
        out.replace(former)
    replace(part, out)
    shutil.rmtree(former, ignore_errors=True)


def is_stream(out: Path) -> bool:
    """Whether this is a pipe or a device, which is written through."""
    return out.exists() and not out.is_file() and not out.is_dir()


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def written(out: Path, write: Callable[[BinaryIO], int]) -> int:
    """Write one file that needs no manifest; a pipe or a device is written through. A link stays one."""
    with told(out):
        if is_stream(out):
            with out.open("wb") as file:
                return write(file)
        spare(out)
        out = out.resolve()
        with part_of(out) as part:
            with written_to(part) as file:
                done = write(file)
            replace(part, out)
        return done
