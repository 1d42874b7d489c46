"""Another process holds the write lock, or the disk is full: nothing is lost, it is said once, and the crawl goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config import Config, Settings
from crawler import schedule
from crawler.fetch import Fetcher
from crawler.frontier import sources_of
from storage import DatabaseLocked, DiskFull, Patience, Visit, open_store
from storage.archive import Archive, Fetched, beside
from tests.conftest import Web
from tests.test_crawl import SITE, Clock, article, listing, run

NOW = datetime(2026, 3, 20, tzinfo=UTC)
VISIT = Visit("http://a.example/", "http://a.example/", "list", "a", NOW, 200)
PAGE = Fetched(VISIT.url, VISIT.url, NOW, 200, {}, b"<p>", "a.example")
PAGES = 6


class RealClock(Clock):
    """The real time, a little faster."""

    async def sleep(self, seconds):
        await asyncio.sleep(min(seconds, 0.2))
        await super().sleep(seconds)


@pytest.fixture
def path(tmp_path):
    open_store(tmp_path / "k.db").close()
    Archive(beside(tmp_path / "k.db")).close()
    return tmp_path / "k.db"


@pytest.fixture
def site():
    web = Web()
    web.add(SITE + "/", listing(*range(1, PAGES + 1)))
    for n in range(1, PAGES + 1):
        web.add(f"{SITE}/news/{100000 + n}.html", article(n))
    return web


def locked(path):
    """Another program's write lock."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other


def freed(other, said):
    """Whom a waiting writer tells: it notes what it hears, and the lock goes."""

    def told(text):
        said.append(text)
        other.execute("ROLLBACK")

    return told


def test_a_writer_waits_for_a_lock_says_so_once_and_writes(path):
    said = []
    with closing(locked(path)) as other:
        with open_store(path, timeout=0, patience=Patience(60, freed(other, said))) as store:
            store.save(VISIT)
            assert store.stats()["requests"] == 1
    assert said == [f"Waiting: another process holds `{path}` locked. Nothing is lost meanwhile."]


def test_the_archive_waits_too(path, monkeypatch):
    monkeypatch.setattr("storage.archive.SHORT", 0)
    said = []
    with closing(locked(beside(path))) as other:
        with Archive(beside(path), patience=Patience(60, freed(other, said))) as archive:
            assert archive.body(archive.add(PAGE)) == b"<p>"
    assert len(said) == 1


def test_who_waits_in_vain_has_written_nothing_and_may_try_again(path):
    times = iter(range(100))
    with closing(locked(path)) as other, open_store(path, timeout=0) as store:
        store.patience = Patience(5, clock=lambda: next(times))
        for _ in range(2):
            with pytest.raises(DatabaseLocked):
                store.save(VISIT)
        other.execute("ROLLBACK")
        store.save(VISIT)
        assert store.stats()["requests"] == 1


def stored(path):
    with open_store(path, readonly=True) as store, Archive(beside(path), readonly=True) as archive:
        return store.stats()["articles"], len(list(archive.pages())), list(archive.damaged())


@pytest.mark.parametrize("which", [lambda path: path, beside], ids=["database", "archive"])
def test_a_crawl_waits_for_either_file_while_its_requests_go_on(path, site, which, monkeypatch):
    monkeypatch.setattr("storage.archive.SHORT", 0)
    said = []
    with closing(sqlite3.connect(which(path), isolation_level=None)) as other:
        answer = site.answer

        def locking(request):
            if request.url.path.endswith("3.html"):
                other.execute("BEGIN IMMEDIATE")
            return answer(request)

        site.answer = locking
        with open_store(path, timeout=0, patience=Patience(60, freed(other, said))) as store:
            tally, _ = run(site, store, Clock())
    assert (tally.new, tally.failed, len(said)) == (PAGES, 0, 1)
    assert stored(path) == (PAGES, PAGES + 1, [])


HOLD = """
import sqlite3, sys, time
others = [sqlite3.connect(name, isolation_level=None) for name in sys.argv[2:]]
for other in others:
    other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[1]))
for other in others:
    other.execute("COMMIT")
"""


@pytest.mark.slow
@pytest.mark.parametrize("files", [["k.db"], ["k.pages"], ["k.db", "k.pages"]], ids=" ".join)
def test_a_lock_of_thirty_seconds_of_another_process_loses_nothing(path, site, files):
    said, answer = [], site.answer
    command = [sys.executable, "-c", HOLD, "30", *(str(path.parent / name) for name in files)]
    processes = []

    def locking(request):
        if request.url.path.endswith("2.html") and not processes:
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            assert processes[0].stdout.readline() == "locked\n"
        return answer(request)

    site.answer = locking
    began = time.monotonic()
    with open_store(path, patience=Patience(120, said.append)) as store:
        tally, _ = run(site, store, RealClock())
    assert processes[0].wait() == 0
    processes[0].stdout.close()
    assert time.monotonic() - began > 29
    assert (tally.new, tally.failed) == (PAGES, 0)
    assert 1 <= len(said) <= len(files)
    assert stored(path) == (PAGES, PAGES + 1, [])


