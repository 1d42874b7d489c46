"""WARC files: what the archive writes any reader reads."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO

import pytest
from warcio.archiveiterator import ArchiveIterator

from storage import foreign, warc
from storage.archive import Archive, Fetched

NOW = datetime(2026, 3, 20, 14, 5, 6, 789000, tzinfo=UTC)
URL = "http://news.example/1.html"
BODY = "<p>水库放水</p>".encode("gbk") * 50
HEADERS = {"content-type": "text/html; charset=gbk", "content-encoding": "gzip", "x-a": "1"}


@pytest.fixture
def written(tmp_path):
    out = BytesIO()
    with Archive(tmp_path / "k.pages") as pages:
        pages.add(Fetched(URL, URL, NOW, 200, HEADERS, BODY, "news.example"))
        pages.add(Fetched(URL + "?2", URL + "?3", NOW, 599, {}, b"", "news.example"))
        assert warc.write(out, pages, pages.pages(), damaged=lambda page, error: None) == 2
    out.seek(0)
    return out


def test_a_reader_of_the_standard_reads_what_is_written(written):
    records = [
        (record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), record.raw_stream.read())
        for record in ArchiveIterator(written, check_digests="raise")
    ]
    assert records == [("warcinfo", None, records[0][2]), ("response", URL, BODY), ("response", URL + "?3", b"")]
    assert written.getvalue()[:2] == b"\x1f\x8b"
    assert gzip.decompress(written.getvalue()).startswith(b"WARC/1.1\r\n")


def test_the_address_that_was_asked_for_is_written_where_another_one_answered(written):
    answers = [record for record in ArchiveIterator(written) if record.rec_type == "response"]
    assert [answer.rec_headers.get_header(warc.ASKED) for answer in answers] == [None, URL + "?2"]


def test_what_is_written_comes_back_the_same(written):
    first, second = (record.page for record in foreign.records(written, most=10**6) if record.page)
    headers = {"content-type": "text/html; charset=gbk", "x-a": "1"}
    assert first == Fetched(URL, URL, NOW, 200, headers, BODY, "news.example")
    assert second == Fetched(URL + "?2", URL + "?3", NOW, 599, {}, b"", "news.example")


def test_a_damaged_body_is_left_out_and_named(tmp_path):
    named = []
    with Archive(tmp_path / "k.pages") as pages:
        pages.add(Fetched(URL, URL, NOW, 200, {}, BODY, "news.example"))
        pages.add(Fetched(URL, URL, NOW, 200, {}, b"<p>", "other.example"))
        with closing(sqlite3.connect(tmp_path / "k.pages")) as db, db:
            db.execute("UPDATE bodies SET data = x'00' WHERE id = 1")
        out = BytesIO()
        assert warc.write(out, pages, pages.pages(), damaged=lambda page, error: named.append(page.id)) == 1
    out.seek(0)
    assert ([record.page.body for record in foreign.records(out, most=10**6) if record.page], named) == ([b"<p>"], [1])
