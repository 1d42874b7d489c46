"""Foreign archives: their pages go the way of a crawl's, once, and take back nothing that is known better."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from config import Settings, Source
from crawler.bring import Importer, reader
from crawler.cli import cli
from crawler.console import STORAGE
from crawler.extract import columns
from crawler.pool import Pool
from storage import open_as, query, warc
from storage.archive import Archive, Fetched
from storage.foreign import BrokenOff
from storage.intake import Intake
from storage.keys import url_key
from storage.records import Target, Visit
from tests.small_pages import TITLE, items, story

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
THEN = datetime(2026, 3, 20, 2, tzinfo=UTC)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def url(number: int, host: str = "news.example") -> str:
    return f"http://{host}/2026/03/20/{100000 + number}.html"


def page(number: int, **parts: str) -> str:
    """An article of its own."""
    lines = [
        f"{word}乡第{number * 17 + n}号水闸今天开闸放水，下游农田受益面积约{number * 31 + n}亩。"
        for n, word in enumerate("东西南北")
    ]
    return story(title=f"{TITLE}{number}", body="".join(f"<p>{line}</p>" for line in lines), **parts)


def write(
    file: Path,
    *pages: tuple[str, str | bytes],
    at: datetime = THEN,
    kind: str = "text/html; charset=utf-8",
    status: str = "200 OK",
) -> Path:
    """A WARC file of these addresses and bodies."""
    with file.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        writer.write_record(writer.create_warcinfo_record(file.name, {"software": "another"}))
        for address, body in pages:
            data = body.encode() if isinstance(body, str) else body
            record = writer.create_warc_record(
                address,
                "response",
                payload=BytesIO(data),
                length=len(data),
                http_headers=StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1"),
                warc_headers_dict={"WARC-Date": at.strftime("%Y-%m-%dT%H:%M:%SZ")},
            )
            writer.write_record(record)
    return file


@cache
def empty() -> bytes:
    """A new database. Most of the time of a short test goes into making one."""
    with tempfile.TemporaryDirectory() as folder:
        open_as(Intake, Path(folder) / "k.db", fields=columns()).close()
        return (Path(folder) / "k.db").read_bytes()


class Desk:
    """A database and its archive, and imports into them in this process."""

    def __init__(self, folder: Path, sources: tuple[Source, ...] = (), clock: Callable[[], datetime] | None = None):
        folder.mkdir(exist_ok=True)
        self.now, self.sources = NOW, sources
        if not (folder / "k.db").exists():
            (folder / "k.db").write_bytes(empty())
        self.clock = clock or (lambda: self.now)
        self.store = open_as(Intake, folder / "k.db", fields=columns(), clock=self.clock)
        self.archive = Archive(folder / "k.pages")

    def bring(self, file: Path, **options: object) -> Importer:
        with Pool(reader, Settings(), self.sources, workers=0) as pool:
            importer = Importer(self.store, pool, keep=self.archive, clock=self.clock, most=10**6)
            for name, value in options.items():
                setattr(importer, name, value)
            importer.bring(file, self.store.begin(file))
        return importer

    def rows(self, sql: str) -> list[tuple]:
        return self.store.db.execute(sql).fetchall()


@pytest.fixture
def desk(tmp_path):
    opened = Desk(tmp_path)
    with opened.store, opened.archive:
        yield opened


def test_articles_headlines_and_pages_of_foreign_hosts_come_in(desk, tmp_path):
    file = write(tmp_path / "a.warc.gz", (url(1), page(1, after=items())), (url(2, "www.other.example"), page(2)))
    sums = desk.bring(file).sums
    assert (sums.new, sums.headlines) == (2, 4)
    rows = desk.rows("SELECT url, title, found_by, first_seen_at, revision FROM articles ORDER BY id")
    assert rows[0] == (url(1), TITLE + "1", "news.example", "2026-06-01T08:00:00.000+00:00", 1)
    assert rows[1][2] == "www.other.example"
    assert [(kept.url, kept.at) for kept in desk.archive.pages()] == [
        (url(1), THEN),
        (url(2, "www.other.example"), THEN),
    ]
    assert query.search(desk.store.db, "水闸", limit=5)


def test_a_page_counts_from_when_it_came_in_and_its_hours_from_when_it_was_fetched(desk, tmp_path):
    desk.bring(write(tmp_path / "a.warc.gz", (url(1), page(1, meta="3小时前　来源：青川日报"))))
    ((published, seen, visited, fetched),) = desk.rows(
        "SELECT published_at, first_seen_at, visits.at, page_at FROM articles JOIN visits ON article_id = articles.id"
    )
    assert datetime.fromisoformat(published) == THEN - timedelta(hours=3)
    assert (seen, visited, fetched) == (NOW.isoformat(timespec="milliseconds"),) * 2 + (
        "2026-03-20T02:00:00.000+00:00",
    )


def test_a_configured_source_reads_its_pages_by_its_own_rules(tmp_path):
    desk = Desk(tmp_path, (Source("mine", ("http://news.example/",), select={"author": ".who"}),))
    with desk.store, desk.archive:
        desk.bring(write(tmp_path / "a.warc.gz", (url(1), page(1, meta="<i class=who>王小明</i>"))))
        assert desk.rows("SELECT found_by, author FROM articles") == [("mine", "王小明")]


def test_the_address_that_was_asked_for_comes_back_from_an_archive_of_ours(desk, tmp_path):
    asked = ["http://news.example/?p=1", "no address", ""]
    with Archive(tmp_path / "o.pages") as pages:
        for number, address in enumerate(asked):
            body = page(number).encode()
            pages.add(Fetched(address, url(number), THEN, 200, {"content-type": "text/html"}, body, "news.example"))
        with (tmp_path / "a.warc.gz").open("wb") as out:
            warc.write(out, pages, pages.pages(), damaged=lambda page, error: None)
    assert desk.bring(tmp_path / "a.warc.gz").sums.new == 3
    assert desk.rows("SELECT url, final_url FROM visits ORDER BY id") == [
        (asked[0], url(0)),
        (url(1), None),
        (url(2), None),
    ]
    known = dict(desk.rows("SELECT url_key, article_id FROM article_urls"))
    assert known[url_key(asked[0])] == known[url_key(url(0))]
    assert len(known) == 4
    assert next((one.url, one.final_url) for one in desk.archive.pages()) == (asked[0], url(0))


def test_the_frontier_the_hosts_and_the_sources_are_left_alone(desk, tmp_path):
    again, known = NOW + timedelta(hours=1), url(1)
    target = Target(known, "article", "mine")
    desk.store.upsert_source("mine", ["http://news.example/"], timedelta(minutes=5), now=LONG_AGO)
    desk.store.add_targets([target], LONG_AGO)
    desk.store.save(Visit(known, known, "article", "mine", LONG_AGO, 200), next_at=again)
    asked = [f"SELECT * FROM {table}" for table in ("frontier", "hosts", "sources", "rhythms", "gaps")]
    before = [desk.rows(sql) for sql in asked]
    desk.bring(write(tmp_path / "a.warc.gz", (known, page(1, after=items())), ("http://news.example/", items())))
    assert [desk.rows(sql) for sql in asked] == before
    assert query.stats(desk.store.db)["requests"] == 1


def test_a_second_import_of_a_file_does_nothing_under_any_name(desk, tmp_path):
    file = write(tmp_path / "a.warc.gz", (url(1), page(1)), (url(2), page(2)))
    desk.bring(file)
    before = [desk.rows(f"SELECT * FROM {table}") for table in ("articles", "visits")]
    file.rename(tmp_path / "b.warc.gz")
    assert desk.store.begin(tmp_path / "b.warc.gz").finished_at == NOW
    # The same pages in another file: nothing is new, and nothing is kept twice.
    sums = desk.bring(write(tmp_path / "c.warc.gz", (url(1), page(1)), (url(2), page(2)))).sums
    assert (sums.same, sums.new, len(list(desk.archive.pages()))) == (2, 0, 2)
    assert desk.rows("SELECT count(*), max(revision) FROM articles") == [(2, 1)] and len(before[0]) == 2


def test_an_older_page_takes_nothing_back_and_a_newer_one_is_a_new_version(desk, tmp_path):
    desk.now = THEN
    desk.bring(write(tmp_path / "a.warc.gz", (url(1), page(1)), at=THEN - timedelta(hours=1)))
    desk.now = NOW
    older, newer = page(1).replace("开闸", "关闸"), page(1).replace("今天", "昨天")
    assert desk.bring(write(tmp_path / "b.warc.gz", (url(1), older), at=LONG_AGO)).sums.older == 1
    assert desk.rows("SELECT revision, last_seen_at FROM articles") == [(1, "2026-03-20T02:00:00.000+00:00")]
    assert desk.bring(write(tmp_path / "c.warc.gz", (url(1), newer), at=THEN - timedelta(minutes=9))).sums.changed == 1
    assert desk.rows("SELECT revision, revised_at FROM articles") == [(2, "2026-06-01T08:00:00.000+00:00")]
    # All three are in the archive, to be read again.
    assert len(list(desk.archive.pages(url=url(1)))) == 3


def test_an_article_that_others_saw_gone_is_gone_until_it_is_back(desk, tmp_path):
    def bring(name: str, days: int, text: str, **answer: str) -> Importer:
        desk.now += timedelta(minutes=1)
        return desk.bring(write(tmp_path / name, (url(1), text), at=THEN + timedelta(days=days), **answer))

    bring("a", 0, page(1))
    told = "SELECT gone_at, status, how, observed_at, back_at FROM articles JOIN removals ON article_id = articles.id"
    # Of an address without an article it says nothing; what was fetched before the article changes nothing.
    assert desk.bring(write(tmp_path / "b", (url(2), "none"), at=THEN, status="404 Not Found")).sums.other == 1
    assert bring("c", -9, "none", status="404 Not Found").sums.older == 1
    assert desk.rows(told) == []
    assert bring("d", 9, "none", status="410 Gone").sums.gone == 1
    gone = desk.now.isoformat(timespec="milliseconds")
    assert desk.rows(told) == [(gone, 410, "gone", gone, None)]
    # Another saw it before that: it is gone all the same. Seen after that, it is back.
    assert bring("e", 8, page(1)).sums.older == 1
    assert desk.rows("SELECT gone_at FROM articles") == [(gone,)]
    assert bring("f", 10, page(1)).sums.same == 1
    back = desk.now.isoformat(timespec="milliseconds")
    assert desk.rows(told) == [(None, 410, "gone", gone, back)]
    assert bring("g", 11, "<title>404 页面不存在</title><p>页面不存在").sums.gone == 1
    assert desk.rows("SELECT gone_at IS NULL, count(*) FROM articles JOIN removals") == [(0, 2)]
    assert len(list(desk.archive.pages())) == 4  # error pages are not kept, as in a crawl


def test_two_captures_of_the_same_second_are_both_kept(desk, tmp_path):
    desk.bring(write(tmp_path / "a.warc.gz", (url(1), page(1)), (url(1), page(1).replace("开闸", "关闸"))))
    assert desk.rows("SELECT revision FROM articles") == [(2,)] and len(list(desk.archive.pages())) == 2


def test_what_the_crawl_saw_later_stays(desk, tmp_path):
    desk.bring(write(tmp_path / "a.warc.gz", (url(1), page(1))))
    desk.store.save(Visit(url(1), url(1), "article", "mine", NOW + timedelta(days=1), 304))
    desk.now = NOW + timedelta(days=3)
    file = write(tmp_path / "b.warc.gz", (url(1), page(1).replace("开闸", "关闸")), at=NOW + timedelta(hours=5))
    assert desk.bring(file).sums.older == 1


def test_foreign_pages_stay_as_long_as_if_they_had_been_fetched_when_they_came(desk, tmp_path):
    desk.bring(write(tmp_path / "a.warc.gz", (url(1), page(1)), at=LONG_AGO))
    assert desk.archive.prune(NOW - timedelta(days=1)) == 0
    assert [len(list(desk.archive.pages(until=at))) for at in (NOW - timedelta(days=1), NOW)] == [0, 1]
    assert desk.archive.prune(NOW + timedelta(days=1)) == 1


@pytest.mark.slow
def test_an_archive_of_the_first_version_takes_foreign_pages(tmp_path):
    first = Desk(tmp_path)
    with first.store, first.archive:
        first.bring(write(tmp_path / "a.warc.gz", (url(1), page(1))))
    with closing(sqlite3.connect(tmp_path / "k.pages")) as db, db:
        db.execute("ALTER TABLE pages DROP COLUMN received")
    with Archive(tmp_path / "k.pages", readonly=True) as old:
        assert [len(list(old.pages(until=at))) for at in (LONG_AGO, NOW)] == [0, 1]
    again = Desk(tmp_path)
    with again.store, again.archive:
        again.bring(write(tmp_path / "b.warc.gz", (url(2), page(2)), at=LONG_AGO))
        assert [len(list(again.archive.pages(until=at))) for at in (LONG_AGO, NOW)] == [0, 2]


class Stop(Exception):
    """The process is killed."""


@pytest.mark.parametrize(
    ("after", "is_one_member"),
    [(3, True), pytest.param(1, False, marks=pytest.mark.slow), pytest.param(5, False, marks=pytest.mark.slow)],
)
def test_what_was_stopped_goes_on_and_ends_as_if_it_had_not(tmp_path, after, is_one_member):
    pages = [(url(number), page(number, after=items() if number == 3 else "")) for number in range(6)]
    whole, halved = Desk(tmp_path / "w"), Desk(tmp_path / "h")
    file = write(tmp_path / "a.warc.gz", *pages)
    if is_one_member:
        file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes())))
    seen = 0

    def told(progress, is_page):
        nonlocal seen
        seen += 1
        if seen == after:
            raise Stop

    with whole.store, whole.archive, halved.store, halved.archive:
        whole.bring(file)
        with pytest.raises(Stop):
            halved.bring(file, told=told)
        halved.bring(file)
        content = (
            "SELECT url, title, text, story_id FROM articles ORDER BY url",
            "SELECT url, title FROM headlines ORDER BY url",
            "SELECT url FROM visits ORDER BY url",
            "SELECT place, records, pages, articles, broken FROM imports",
        )
        assert [halved.rows(sql) for sql in content] == [whole.rows(sql) for sql in content]
        assert len(list(halved.archive.pages())) == len(list(whole.archive.pages()))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_an_import_can_be_killed_anywhere(tmp_path):
    pages = [(url(number), page(number, after=items())) for number in range(8)]
    file = write(tmp_path / "a.warc.gz", *pages)
    content = (
        "SELECT url, title, text, story_id FROM articles ORDER BY url",
        "SELECT url, title FROM headlines ORDER BY url",
        "SELECT url FROM visits ORDER BY url",
        "SELECT place, records, pages, articles, broken FROM imports",
    )
    whole = Desk(tmp_path / "w")
    with whole.store, whole.archive:
        whole.bring(file)
        expected = [whole.rows(sql) for sql in content]
    dice = random.Random(3)
    for number in range(20):
        folder = tmp_path / f"h{number}"
        folder.mkdir()
        (folder / "k.db").write_bytes(empty())  # whole: it is the import that is killed
        killed_within(dice.uniform(0.01, 0.4), lambda folder=folder: Desk(folder).bring(file))
        again = Desk(folder)
        with again.store, again.archive:
            progress = again.store.begin(file)
            if not progress.finished_at:
                again.bring(file)
            assert [again.rows(sql) for sql in content] == expected
            assert len({kept.url for kept in again.archive.pages()}) == len(list(again.archive.pages())) == 8
            assert again.rows("PRAGMA integrity_check") == [("ok",)]


def killed_within(seconds: float, work: Callable[[], object]) -> None:
    """Work in a process of its own that is killed after a time, wherever it is then."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process, also inside of SQLite
        signal.setitimer(signal.ITIMER_REAL, seconds)
        work()
    finally:
        os._exit(0)


def test_of_a_file_that_breaks_off_the_rest_comes_later(desk, tmp_path):
    file = write(tmp_path / "a.warc.gz", *((url(number), page(number)) for number in range(4)))
    data = file.read_bytes()
    file.write_bytes(data[:-300])
    with pytest.raises(BrokenOff):
        desk.bring(file)
    assert desk.rows("SELECT count(*) FROM articles") == [(3,)]
    file.write_bytes(data)
    assert desk.bring(file).sums.new == 1
    assert desk.rows("SELECT place, records, articles, finished_at IS NULL FROM imports") == [(len(data), 5, 4, 0)]


def test_what_cannot_be_used_costs_only_itself(desk, tmp_path, monkeypatch):
    broken = write(tmp_path / "a.warc.gz", *((url(number), page(number)) for number in range(3)))
    data = bytearray(broken.read_bytes())
    data[len(data) // 2] ^= 0xFF
    broken.write_bytes(bytes(data))
    named = []
    sums = desk.bring(broken, wrong=named.append).sums
    assert (sums.new, len(named)) == (2, 1)
    assert desk.rows("SELECT broken FROM imports") == [(1,)]
    assert desk.bring(write(tmp_path / "b.warc.gz", (url(8), b"\x89PNG"), kind="image/png")).sums.other == 1
    sums = desk.bring(write(tmp_path / "c.warc.gz", (url(9), "<title>404 页面不存在</title><p>页面不存在"))).sums
    assert (sums.unread, *sums.reasons.values()) == (1, 1)


def test_the_command_says_what_came_and_what_was_done_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.warc.gz", (url(1), page(1)), (url(2), page(2)))
    first = CliRunner().invoke(cli, ["archive", "import", "a.warc.gz", "--workers", "0"])
    assert first.exit_code == 0 and "2 pages" in first.stdout and "2 new articles" in first.stdout
    second = CliRunner().invoke(cli, ["archive", "import", "a.warc.gz", "--workers", "0"])
    assert "was imported already" in second.stderr
    (tmp_path / "b.warc.gz").write_bytes(b"no archive")
    third = CliRunner().invoke(cli, ["archive", "import", "b.warc.gz", "--workers", "0", "--json"])
    assert (third.exit_code, json.loads(third.stdout)["bad_files"]) == (STORAGE, 1)
