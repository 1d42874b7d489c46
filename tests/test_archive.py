"""The archive of pages: what goes in comes out, once, checked, and little of it is stored."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import NotOurDatabase, archive, packing
from storage.archive import Archive, Fetched

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)
URL = "http://news.example/1.html"


def page(number: int) -> bytes:
    """A page of a site: the same furniture around another story."""
    words = random.Random(number)
    story = "".join(chr(words.randrange(0x4E00, 0x9000)) for _ in range(300))
    furniture = "".join(f'<li><a href="/c{n}/">栏目{n * n}</a></li>' for n in range(300))
    return f"<html><body><ul>{furniture}</ul><p>{story}</p></body></html>".encode()


def add(store: Archive, body: bytes, *, url: str = URL, at: datetime = NOW, site: str = "news.example") -> int:
    return store.add(Fetched(url, url, at, 200, {"content-type": "text/html"}, body, site))


def test_a_page_comes_back_as_it_was(tmp_path):
    with Archive(tmp_path / "k.pages") as pages:
        number = pages.add(
            Fetched(URL, URL + "?a=1", NOW, 404, {"content-type": "text/html"}, b"\x00\xff<p>", "news.example")
        )
    with Archive(tmp_path / "k.pages", readonly=True) as pages:
        (kept,) = pages.pages()
        assert pages.body(number) == b"\x00\xff<p>"
    assert (kept.url, kept.final_url, kept.at, kept.status) == (URL, URL + "?a=1", NOW, 404)
    assert kept.headers == {"content-type": "text/html"}


def test_pages_of_a_site_cost_a_fraction_of_what_they_cost_alone(tmp_path):
    with Archive(tmp_path / "k.pages") as pages:
        for number in range(40):
            add(pages, page(number), url=f"{URL}?{number}")
        count, fetched, kept = pages.sizes()
    alone = sum(len(archive.zstd.compress(page(number), 3)) for number in range(40))
    assert count == 40 and kept * 2 < alone < fetched


def test_a_body_is_kept_once_however_often_it_is_fetched(tmp_path):
    with Archive(tmp_path / "k.pages") as pages:
        first, second = add(pages, page(1)), add(pages, page(1), at=NOW + timedelta(hours=1))
        assert pages.body(first) == pages.body(second) == page(1)
        once = pages.sizes()[2]
        assert (len(list(pages.pages())), once) == (2, len(packing.zstd.compress(page(1), packing.FIRST_LEVEL)))


def test_pages_are_found_by_address_time_and_number(tmp_path):
    with Archive(tmp_path / "k.pages") as pages:
        for hour in range(4):
            add(pages, page(hour), url=f"{URL}?{hour % 2}", at=NOW + timedelta(hours=hour))
        assert [kept.at.hour for kept in pages.pages(url=f"{URL}?1")] == [15, 17]
        assert [kept.id for kept in pages.pages(since=NOW + timedelta(hours=2))] == [3, 4]
        assert [kept.id for kept in pages.pages(after=3)] == [4]
        assert [kept.id for kept in pages.pages(latest=True)] == [3, 4]
        assert [kept.id for kept in pages.pages(last=2)] == [4, 3]


def test_a_body_that_rots_is_named(tmp_path):
    with Archive(tmp_path / "k.pages") as pages:
        for number in range(10):
            add(pages, page(number))
        assert list(pages.damaged()) == []
        with closing(sqlite3.connect(tmp_path / "k.pages")) as db, db:
            db.execute("UPDATE bodies SET data = zeroblob(length(data)) WHERE id = 9")
            db.execute("UPDATE bodies SET data = (SELECT data FROM bodies WHERE id = 7) WHERE id = 8")
        assert sorted(number for number, _ in pages.damaged()) == [8, 9]
        with pytest.raises(archive.Damaged):
            pages.body(9)
        assert pages.body(10) == page(9)


def test_what_is_old_goes_and_what_is_left_stays_readable(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "GROUP", 8)
    with Archive(tmp_path / "k.pages") as pages:
        numbers = [add(pages, page(day), at=NOW + timedelta(days=day)) for day in range(20)]
        assert pages.prune(NOW + timedelta(days=15)) == 15
        assert [pages.body(number) for number in numbers[15:]] == [page(day) for day in range(15, 20)]
        with pytest.raises(KeyError):
            pages.body(numbers[0])
        with closing(sqlite3.connect(tmp_path / "k.pages")) as db:
            assert db.execute("SELECT min(id) FROM bodies").fetchone() == (9,)  # the first group is gone
        assert add(pages, page(30)) and list(pages.damaged()) == []


def test_another_programs_file_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "k.pages")) as db, db:
        db.execute("CREATE TABLE other (x)")
    with pytest.raises(NotOurDatabase, match="no archive of pages"):
        Archive(tmp_path / "k.pages")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.binary(max_size=200)), max_size=30))
def test_any_bodies_come_back(tmp_path_factory, bodies):
    with Archive(tmp_path_factory.mktemp("a") / "k.pages") as pages:
        numbers = [add(pages, body, site=site) for site, body in bodies]
        assert [pages.body(number) for number in numbers] == [body for _, body in bodies]


WRITER = """
import sys
from pathlib import Path
from tests.test_archive import add, page
from storage.archive import Archive
with Archive(Path(sys.argv[1])) as pages:
    for number in range(100000):
        print(add(pages, page(number)), flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 3, 7, 20, 57])
def test_what_was_promised_is_there_after_a_kill(tmp_path, after):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "k.pages")]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": "."}) as writer:
        assert writer.stdout
        for _ in range(after):
            last = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
    with Archive(tmp_path / "k.pages") as pages:
        assert pages.body(last) == page(last - 1)
        assert list(pages.damaged()) == []
        add(pages, b"<p>")
