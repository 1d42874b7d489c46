"""What the daemon does besides crawling: copies, forgetting old pages, checks. When, and the work itself.

The work runs in a thread with connections of its own, so that it keeps nobody waiting, and reads one moment of a file
whoever writes meanwhile. It calls `still` often: that is its sign of life, and raises Stopped when it is to end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from config import Settings
from crawler.screen import counted
from storage import open_store
from storage.archive import Archive
from storage.audit import archive_problems
from storage.backup import backup
from storage.check import problems
from storage.chores import Done
from storage.connection import MEMORY
from storage.pair import beside
from storage.waiting import LONG, Patience

Still = Callable[[], None]

PRUNE_EVERY = timedelta(days=1)
# After a failure a chore is tried again so soon, and each time twice as late, up to its usual pause.
SOON = timedelta(minutes=10)
_STAMP = "%Y%m%dT%H%M%SZ"


class Stopped(Exception):
    """A chore ends, because the daemon does."""


class Chore(NamedTuple):
    """Something to be done again and again: `work` gives what came of it in a few words, or raises."""

    name: str
    every: timedelta
    work: Callable[[Still], str]


def chores(settings: Settings) -> list[Chore]:
    """What the settings want to be done to a database that is a file."""
    path = settings.database
    if path == MEMORY:
        return []
    found = [Chore("check", settings.check_every, partial(check, path))]
    if settings.keep_pages:
        found.append(Chore("prune", PRUNE_EVERY, partial(prune, path, settings.keep_pages)))
    if settings.backup:
        work = partial(back_up, path, settings.backup, settings.backup_keep)
        found.append(Chore("backup", settings.backup_every, work))
    return found


def due(chore: Chore, known: Done | None, now: datetime) -> datetime:
    """When a chore is to be done next; one that was never done, or is overdue, is due now.

    One that failed, or was interrupted, is tried again soon. A clock that is set back delays nothing by more than its
    usual pause.
    """
    if known is None:
        return now
    pause = chore.every
    if known.error_count or known.ended_at is None:
        pause = min(pause, SOON * 2 ** min(max(known.error_count - 1, 0), 20))
    return max(now, min(known.begun_at, now) + pause)


def back_up(path: Path, folder: Path, keep: int, still: Still, *, now: Callable[[], datetime] | None = None) -> str:
    """Copy the database and its archive into a folder, as `kuaixun backup` does; the oldest copies go.

    Only what has a name that this function gives is ever deleted.
    """
    at = now() if now else datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"{path.stem}-{at.astimezone(UTC):{_STAMP}}{path.suffix or '.db'}"
    pages = beside(path)
    pairs = [(path, copy), *([(pages, beside(copy))] if pages.exists() else [])]
    sizes = backup(pairs, lambda done, total: still())
    for old in copies(path, folder)[:-keep]:
        # The archive first: a copy of the database alone is of more use than one of the pages alone.
        beside(old).unlink(missing_ok=True)
        old.unlink(missing_ok=True)
    return f"{copy} ({sum(sizes):,} bytes)"


def copies(path: Path, folder: Path) -> list[Path]:
    """The copies of a database in a folder that `back_up` made, the oldest first."""
    name = re.compile(re.escape(path.stem) + r"-\d{8}T\d{6}Z" + re.escape(path.suffix or ".db"))
    return sorted(each for each in folder.iterdir() if name.fullmatch(each.name)) if folder.is_dir() else []


def prune(path: Path, days: int, still: Still, *, now: Callable[[], datetime] | None = None) -> str:
    """Forget the pages that are older than so many days."""
    still()
    if not beside(path).exists():
        return "there is no archive yet"
    at = now() if now else datetime.now(UTC)
    with Archive(beside(path), patience=Patience(LONG)) as archive:
        return f"{counted(archive.prune(at - timedelta(days=days)), 'page')} forgotten"


def check(path: Path, still: Still) -> str:
    """Look through database and archive. Raises Unsound where something is wrong."""
    wrong: list[str] = []
    with open_store(path, readonly=True) as store:
        store.db.execute("BEGIN")
        wrong += (str(each) for each in problems(store.db, lambda text: still()) if not each.is_note)
    pages = beside(path)
    if pages.exists():
        with Archive(pages, readonly=True) as archive:
            bodies = (f"archive: body {number}: {what}" for number, what in _bodies(archive, still))
            wrong += chain(map(str, archive_problems(pages, lambda text: still())), bodies)
    if wrong:
        raise Unsound(wrong)
    return "no problem found"


class Unsound(Exception):
    """A check has found problems: `found` has a line each."""

    def __init__(self, found: Sequence[str]):
        super().__init__(
            f"{counted(len(found), 'problem')} found; `kuaixun check` names them, the first is: {found[0]}"
        )
        self.found = found


def _bodies(archive: Archive, still: Still) -> list[tuple[int, str]]:
    found = []
    for _, number, problem in archive.verified():
        still()
        if problem:
            found.append((number, problem))
    return found
