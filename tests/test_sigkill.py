"""SIGKILL at any moment: whatever was confirmed is there, with its page, and `check` finds nothing wrong."""

from __future__ import annotations

import itertools
import os
import random
import select
import shutil
import signal
import time
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import Article, Headline, Target, Visit, open_store
from storage.archive import Archive, Fetched
from storage.audit import archive_problems, pages
from storage.backup import backup
from storage.check import problems, repair
from storage.pair import beside
from storage.waiting import transaction

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
START = datetime(2026, 3, 20, 8, tzinfo=UTC)
FIELDS = {"image": "TEXT"}
# A new file after so many kills: the making of it is killed too, and to check a small one takes less time.
FRESH = 8


def text(number):
    """A text that some others repeat, whole or in part."""
    words = random.Random(number % 40)
    story = "".join(chr(words.randrange(0x4E00, 0x5200)) for _ in range(200))
    return story if number % 3 else f"{story}\n\n另据第{number}号消息，情况仍在发展之中，本报将继续关注此事。"


def address(number):
    """Every fourth is a known address again, with another text."""
    number -= 4 * (number % 4 == 3)
    return f"http://{'abc'[number % 3]}.example/{max(number, 0)}.html"


def one_page(store, archive, number):
    """What a crawl writes: a list with headlines, an article with its page, now and then a failure."""
    at, url = START + timedelta(seconds=number), address(number)
    host = url.split("/")[2]
    store.save(
        Visit(f"http://{host}/", f"http://{host}/", "list", host, at, 200),
        headlines=[Headline(url, f"第{number % 40}号消息", f"http://{host}/", at)],
        targets=[Target(f"{url}?p={n}", "article", host, next_at=at) for n in range(3)],
    )
    body = f"<html>{text(number)}" + "<br>\n" * 100
    archive.add(Fetched(url, url, at, 200, {"etag": f'"{number}"'}, body.encode(), host))
    article = Article(url, f"第{number % 40}号消息", text(number), at, extra={"image": f"{url}.jpg"})
    store.save(
        Visit(url, url, "article", host, at, 200, size=len(body)), article=article, next_at=at + timedelta(days=1)
    )
    if number % 5 == 0:
        gone = f"http://{host}/gone/{number}"
        store.note_failure(Visit(gone, gone, "article", host, at, 404), next_at=None)


def write(path, first, confirmed):
    """Write pages for ever, and tell the number of each that is stored; every now and then something else."""
    with open_store(path, fields=FIELDS) as store, Archive(beside(path)) as archive:
        for number in itertools.count(first):
            one_page(store, archive, number)
            os.write(confirmed, number.to_bytes(4, "big"))
            match number % 24:
                case 7:
                    store.regroup(apply=True)
                case 13:
                    with transaction(store.db.conn, path):
                        repair(store.db.conn)
                case 19:
                    archive.prune(START + timedelta(seconds=number - 40))
                    backup([(path, path.with_name("copy.db")), (archive.path, path.with_name("copy.pages"))])


@contextmanager
def writing(path, first):
    """Another process that writes from a number on, until the block ends; in it, what gives the last one confirmed.

    `confirmed(seconds)` listens so long, or until one more is confirmed.
    """
    reading, confirming = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            write(path, first, confirming)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(confirming)
    last = first - 1

    def confirmed(seconds=None):
        nonlocal last
        until = time.monotonic() + (60 if seconds is None else seconds)
        while (left := until - time.monotonic()) > 0 and select.select([reading], [], [], left)[0]:
            if not (numbers := os.read(reading, 4096)):
                break
            last = int.from_bytes(numbers[-4:], "big")
            if seconds is None:
                break
        return last

    def kill():
        """What is in the pipe after the kill counts as well."""
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        return confirmed(1)

    try:
        yield confirmed
    finally:
        confirmed.last = kill()
        os.close(reading)


def killed(path, first, seconds):
    """The last number that was confirmed before the writer was killed; the one before `first` where none was."""
    with writing(path, first) as confirmed:
        confirmed(seconds)
    return confirmed.last


def wrong(path, last):
    """What is wrong with what a killed writer left behind."""
    with open_store(path, fields=FIELDS) as store, Archive(beside(path)) as archive:
        found = [str(each) for each in (*problems(store.db), *archive_problems(archive.path))]
        found += [f"body {number}: {problem}" for number, problem in archive.damaged()]
        found += [f"pages: {held}"] if (held := pages(store.db, archive.path, START)).missing else []
        row = store.db.execute("SELECT text FROM articles WHERE url = ?", (address(last),)).fetchone()
        found += [f"page {last} is not there"] if last >= 0 and (row is None or row[0] != text(last)) else []
    copy = path.with_name("copy.db")
    if copy.exists():
        with open_store(copy, readonly=True) as store:
            found += [f"copy: {each}" for each in problems(store.db)]
    return found


@pytest.fixture(autouse=True)
def _made_anew(made_before):
    """The making of a database is killed too: none is a copy of one made before."""
    made_before.clear()


def kill_often(folder, kills):
    """How many pages were confirmed before the kills."""
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice, last, stored = random.Random(seed), -1, 0
    for number in range(kills):
        path = folder / f"{number // FRESH}" / "k.db"
        if number % FRESH == 0:
            path.parent.mkdir()
            last = -1
        before, last = last, killed(path, last + 1, dice.uniform(0.0, 0.2))
        stored += last - before
        assert (seed, number, wrong(path, last)) == (seed, number, [])
    return stored


def test_a_writer_that_is_killed_leaves_all_in_order(tmp_path: Path):
    kill_often(tmp_path, 3)


@pytest.mark.slow
def test_two_hundred_kills_at_random_moments_leave_all_in_order(tmp_path: Path):
    assert kill_often(tmp_path, 200) > 200


def tear_often(folder, times):
    """What a failing disk or power leaves: a log that ends anywhere, or with bytes that nobody wrote."""
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    (folder / "whole").mkdir()
    path = folder / "whole" / "k.db"
    with pytest.MonkeyPatch.context() as patched:
        # A log that was written back in part has reached the disk before: that one no power failure tears.
        patched.setattr("storage.waiting.LOG", 10**10)
        killed(path, 0, 0.5)
    for number in range(times):
        torn = folder / str(number)
        shutil.copytree(path.parent, torn)
        for name in ("k.db-wal", "k.pages-wal"):
            log = (torn / name).read_bytes()
            end = dice.randrange(len(log)) if log else 0
            (torn / name).write_bytes(log[:end] + dice.randbytes(dice.choice((0, 512, 40_000))))
            (torn / name.replace("wal", "shm")).unlink(missing_ok=True)
        with open_store(torn / "k.db", fields=FIELDS) as store, Archive(torn / "k.pages") as archive:
            found = [str(each) for each in (*problems(store.db), *archive_problems(archive.path))]
            found += [f"body {body}: {problem}" for body, problem in archive.damaged()]
            assert (seed, number, found) == (seed, number, [])
            one_page(store, archive, 9999)


def test_a_torn_log_costs_the_last_pages_and_nothing_else(tmp_path: Path):
    tear_often(tmp_path, 2)


@pytest.mark.slow
def test_a_log_may_be_torn_anywhere(tmp_path: Path):
    tear_often(tmp_path, 60)
