"""Another process holds the write lock, or the disk is full: nothing is lost, and the crawl goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import Config, Settings
from crawler import schedule
from crawler.cli import report
from crawler.console import STORAGE, patient
from crawler.fetch import Fetcher
from crawler.frontier import sources_of
from crawler.keep import free
from crawler.screen import Live
from storage import DatabaseLocked, DiskFull, Patience, Visit, open_store
from storage.archive import Archive, Fetched
from storage.pair import beside
from tests.conftest import Web
from tests.test_crawl import SITE, START, Clock, article, listing, run

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
        store = open_store(path, timeout=0, patience=Patience(60, freed(other, said)))
        store.save(VISIT)
    with store:
        assert store.stats()["requests"] == 1
    assert said == [f"Waiting: another process holds `{path}` locked. Nothing is lost meanwhile."]


def test_the_archive_waits_too(path, monkeypatch):
    monkeypatch.setattr("storage.archive.SHORT", 0)
    said = []
    with closing(locked(beside(path))) as other:
        archive = Archive(beside(path), patience=Patience(60, freed(other, said)))
        number = archive.add(PAGE)
    with archive:
        assert archive.body(number) == b"<p>"
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


def test_bringing_a_file_up_to_date_waits_too(path):
    said = []
    with (
        closing(locked(path)) as other,
        open_store(path, fields={"mood": "TEXT"}, timeout=0, patience=Patience(60, freed(other, said))) as store,
    ):
        assert [column.name for column in store.db.table("articles").columns][-1] == "mood"
    assert len(said) == 1


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
readers = [sqlite3.connect(name, isolation_level=None) for name in sys.argv[2:]]
for reader in readers:
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
for other in others:
    other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[1]))
for other in others:
    other.execute("COMMIT")
"""


@pytest.mark.slow
def test_a_lock_of_thirty_seconds_of_another_process_loses_nothing(path, site):
    said, answer = [], site.answer
    command = [sys.executable, "-c", HOLD, "30", path, beside(path)]
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
    assert 1 <= len(said) <= 2
    assert stored(path) == (PAGES, PAGES + 1, [])


def limit(db, more):
    """SQLite's own limit stands for the disk's: the error is the same. None: there is room."""
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {2**31 if more is None else pages + more}")


class SmallArchive(Archive):
    """An archive on a disk with no room, or with all of it."""

    room = 1

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        limit(self._db, self.room)


@pytest.fixture
def large(site):
    """The site with articles of 24 KB, which nothing compresses."""
    for n in range(1, PAGES + 1):
        url = f"{SITE}/news/{100000 + n}.html"
        noise = "".join(chr(0x4E00 + (n * 7919 + i * i * 31) % 20000) for i in range(8000))
        site.pages[url] = []
        site.add(url, article(n, more=f"<p>{noise}</p>"))
    return site


@pytest.mark.parametrize("which", ["database", "archive"])
def test_a_full_disk_ends_a_crawl_with_a_clear_error_and_the_next_one_goes_on(path, large, which, monkeypatch):
    if which == "archive":
        monkeypatch.setattr("crawler.keep.Archive", SmallArchive)
    with open_store(path) as store:
        if which == "database":
            limit(store.db, 3)
        with pytest.raises(DiskFull, match=r"the disk is full.*goes on from there"):
            run(large, store, Clock())
        before = store.stats()["articles"]
        limit(store.db, None)
        monkeypatch.setattr(SmallArchive, "room", None)
        run(large, store, Clock(START + timedelta(minutes=30)))
        assert (before < PAGES, store.stats()["articles"]) == (True, PAGES)
    assert stored(path)[2] == []
    assert len(large.asked) <= 2 * (PAGES + 3)


def test_the_daemon_says_once_that_the_disk_is_full_and_goes_on_when_there_is_room(path, large):
    heard, naps, stop = [], [], asyncio.Event()
    config = Config(Settings(delay=0, jitter=0, keep_pages=0), sources_of([SITE + "/"]))

    async def go():
        async def nap(seconds):
            naps.append(seconds)
            if naps.count(schedule.FULL_NAP.total_seconds()) == 3:
                limit(store.db, None)
            await asyncio.sleep(0)

        async with Fetcher(config.settings, transport=large.transport) as fetcher:
            running = schedule.run(
                config, store, fetcher=fetcher, sleep=nap, stop=stop, report=heard.append, finished=finished
            )
            await asyncio.wait_for(running, 60)

    def finished(tally):
        stop.set()

    with open_store(path) as store:
        limit(store.db, 0)
        asyncio.run(go())
        assert store.stats()["articles"] == PAGES
    assert len([event for event in heard if "disk is full" in event.text]) == 1


def on_a_small_disk(folder):
    """A crawl and a daemon on a real file system of 4 MB, which grows in the end; run as a program of its own."""
    web, path = Web(), folder / "k.db"
    web.add(SITE + "/", listing(*range(1, 31)))
    for n in range(1, 31):
        noise = "".join(chr(0x4E00 + (n * 7919 + i * i * 31) % 20000) for i in range(20000))
        web.add(f"{SITE}/news/{100000 + n}.html", article(n, more=f"<p>{noise}</p>"))

    def room(size):
        subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)

    for minutes in (0, 30):
        with pytest.raises(DiskFull, match="the disk is full"), open_store(path) as store:
            run(web, store, Clock(START + timedelta(minutes=minutes)))
    (folder / "filler").write_bytes(b"")
    before, pages, damaged = stored(path)
    assert (before in range(1, 30), pages >= before, damaged) == (True, True, []), (before, pages)
    for left in shutil.disk_usage(folder).free, 0:
        with (folder / "filler").open("ab") as filler, contextlib.suppress(OSError):
            filler.write(bytes(left))
    naps, said, stop = [], [], asyncio.Event()

    async def nap(seconds):
        naps.append(seconds)
        if naps.count(schedule.FULL_NAP.total_seconds()) == 2:
            room("64m")
        await asyncio.sleep(0)

    async def go():
        config = Config(Settings(delay=0, jitter=0), sources_of([SITE + "/"]))
        async with Fetcher(config.settings, transport=web.transport) as fetcher:
            running = schedule.run(
                config, store, fetcher=fetcher, sleep=nap, stop=stop, report=said.append, finished=lambda _: stop.set()
            )
            await asyncio.wait_for(running, 60)

    with open_store(path) as store:
        asyncio.run(go())
    assert len([event for event in said if "disk is full" in event.text]) == 1, said
    assert (stored(path)[0], stored(path)[2]) == (30, [])
    with open_store(path) as store:
        assert [row[0] for row in store.db.execute("PRAGMA integrity_check")] == ["ok"]
    print("went on")


SMALL = "from pathlib import Path; import sys; from tests.test_waiting import *; on_a_small_disk(Path(sys.argv[1]))"


@pytest.mark.slow
def test_a_disk_that_is_really_full_loses_nothing(tmp_path):
    """Needs a file system of its own, which also a user without rights may mount where the system has user spaces."""
    if not shutil.which("unshare"):
        pytest.skip("this system has no `unshare`")
    own = ["unshare", "--mount", *(["--user", "--map-root-user"] if os.getuid() else []), "sh", "-c"]
    mount = 'mount -t tmpfs -o size=4m tmpfs "$0"'
    if subprocess.run([*own, mount, str(tmp_path)], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a small file system")
    command = [*own, f'{mount} && exec "$@"', str(tmp_path), sys.executable, "-c", SMALL, str(tmp_path)]
    root = Path(__file__).parent.parent
    told = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root, timeout=120)
    assert (told.stdout, told.stderr[-3000:], told.returncode) == ("went on\n", "", 0)


def test_what_is_written_to_one_file_does_not_end_the_waiting_for_the_other(path):
    said, times = [], iter((0.0, 3.0, 6.0))
    patience = Patience(5, said.append, lambda: next(times))
    found = []
    for _ in range(3):
        found.append(patience.goes_on(beside(path)))
        with open_store(path, patience=patience) as store:
            store.save(VISIT)
    assert (found, len(said)) == ([True, True, False], 1)


def test_who_waits_lets_others_work(path):
    """The lock goes by the work of another task: who waited without giving way would wait in vain."""
    done = []

    async def wait():
        await free(store, lambda seconds: asyncio.sleep(0))
        done.append("waited")

    async def work():
        other.execute("ROLLBACK")
        done.append("worked")

    async def go():
        await asyncio.gather(wait(), work())

    with closing(locked(path)) as other, open_store(path, timeout=0, patience=Patience(5)) as store:
        asyncio.run(go())
        store.save(VISIT)
    assert done == ["worked", "waited"]


@pytest.mark.parametrize("error", [DatabaseLocked, DiskFull])
def test_a_source_that_cannot_be_made_due_does_not_wake_the_daemon_from_its_pause(path, monkeypatch, error):
    def fail(*args, **options):
        raise error(path)

    monkeypatch.setattr(schedule, "seed", fail)
    config = Config(Settings(), sources_of([SITE + "/"]))

    async def go():
        nothing = (None, Clock(), asyncio.sleep, print, print, asyncio.Event())
        daemon = schedule._Daemon(config, store, *nothing)
        await daemon._look(config.sources[0])
        return daemon.due.is_set()

    with open_store(path) as store:
        assert asyncio.run(go()) is False


def test_that_a_crawl_waits_is_said_on_stderr_whatever_else_is_silent(capsys, path):
    waiting = patient(Live(None))
    assert [waiting.goes_on(path), waiting.goes_on(path)] == [True, True]
    assert capsys.readouterr().err.count("Waiting: another process holds") == 1


def test_a_full_disk_is_a_failure_of_storage_in_one_line(capsys):
    assert report(DiskFull(Path("k.db"))) == STORAGE
    told = capsys.readouterr().err
    assert told == (
        "kuaixun: `k.db` cannot be written: the disk is full. What was stored is safe; make room, and the next run goes"
        " on from there.\n"
    )


@pytest.mark.parametrize("which", [lambda path: path, beside], ids=["database", "archive"])
def test_a_log_is_written_back_before_it_takes_more_room_than_the_data(path, which, monkeypatch):
    monkeypatch.setattr("storage.waiting.LOG", 100_000)
    with open_store(path) as store, Archive(beside(path)) as archive:
        for number in range(60):
            archive.add(PAGE._replace(body=b"%d" % number, url=f"{PAGE.url}{number}"))
            store.save(VISIT)
        assert 0 < which(path).with_name(which(path).name + "-wal").stat().st_size < 400_000


@pytest.mark.parametrize("which", [lambda path: path, beside], ids=["database", "archive"])
def test_with_little_room_a_log_is_empty_before_each_transaction(path, which, monkeypatch):
    usage = shutil.disk_usage(path.parent)
    log = which(path).with_name(which(path).name + "-wal")
    with open_store(path) as store, Archive(beside(path)) as archive:

        def write():
            archive.add(PAGE)
            store.save(VISIT)
            return log.stat().st_size

        for _ in range(30):
            much = write()
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=5_000_000))
        write()
        little = write()
        assert (len(list(archive.pages())), store.stats()["requests"]) == (32, 32)
    assert 0 < little < much / 4
