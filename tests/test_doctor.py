"""The doctor: each problem in one line with what helps. Facts are made up; two runs of the command are real."""

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from config import Settings
from crawler.cli import cli
from crawler.doctor import BAD, GOOD, NOTE, Facts, findings, silence
from storage import open_store
from storage.archive import Archive, Fetched
from storage.chores import Done
from storage.pair import beside

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTINGS = Settings(contact="me@example.org", backup=Path("copies"))
SOURCE = {
    "name": "news",
    "seeds": ["http://a.example/"],
    "error": None,
    "open_gap": "",
    "every": 600,
    "last_item_at": None,
    "last_success_at": NOW.isoformat(),
}
WELL = Facts(
    NOW,
    SETTINGS,
    free=10**12,
    sizes={"news.db": 10**9},
    holder="process 7, since 2026-03-20 11:00,",
    last_moment=NOW,
    newest_copy=NOW - HOUR,
    sources=[SOURCE],
    stale=0,
)
SINCE = "2026-03-10T12:00:00.000+00:00"


def wrong(facts):
    return [str(each) for each in findings(facts) if each.state != GOOD]


def test_where_all_is_well_nothing_is_said():
    assert wrong(WELL) == []


@pytest.mark.parametrize(
    ("state", "change", "told"),
    [
        (BAD, {"free": 10**8}, "disk: only 0.1 GB free; make room"),
        (BAD, {"free": None}, "disk: its free space cannot be read"),
        (NOTE, {"free": 10**9}, "a copy on the same disk will not fit"),
        (BAD, {"log_size": 10**10}, "the log beside the database has 10.0 GB; a program reads without end"),
        (BAD, {"is_locked": True}, "locks: another process holds the write lock of the database; find the program"),
        (NOTE, {"holder": ""}, "locks: nobody crawls into it; start `kuaixun run`"),
        (
            BAD,
            {"last_moment": NOW + 3 * HOUR},
            "clock: the database was last written 3 h ahead of this machine's clock",
        ),
        (BAD, {"newest_file": NOW + 3 * HOUR}, "clock: its file was changed 3 h ahead"),
        (BAD, {"server_clock": ("a.example", NOW + DAY, NOW)}, "clock was 1 day behind that of a.example"),
        (BAD, {"server_clock": ("a.example", NOW, NOW + DAY)}, "clock was 1 day ahead of that of a.example"),
        (BAD, {"zones": False}, "time zones: the data of time zones are missing; pip install tzdata"),
        (BAD, {"certificates": "no certificate authority is known"}, "certificates: no certificate authority"),
        (BAD, {"settings": replace(SETTINGS, contact="")}, "contact: no `contact` is set; put a mail address"),
        (NOTE, {"has_archive": False}, "archive: there is no archive of pages"),
        (NOTE, {"settings": replace(SETTINGS, keep_pages=0)}, "archive: no page is kept"),
        (BAD, {"stale": 2}, "index: the search index differs in 2 articles"),
        (NOTE, {"settings": replace(SETTINGS, backup=None)}, "copies: no `backup` is set"),
        (BAD, {"newest_copy": NOW - 3 * DAY}, "copies: the last copy is 3 days old"),
        (BAD, {"newest_copy": None}, "copies: no copy in copies"),
        (
            BAD,
            {"chores": {"check": Done("check", NOW, NOW, error="3 problems found", error_since=NOW, error_count=1)}},
            "3 problems found; mend that",
        ),
        (BAD, {"chores": {"backup": Done("backup", NOW - 2 * DAY)}}, "chore backup: it runs since"),
        (NOTE, {"sources": [{**SOURCE, "error": "status 500", "error_since": NOW.isoformat()}]}, "fails for 0 s"),
        (
            BAD,
            {"sources": [{**SOURCE, "error": "status 500", "error_since": SINCE, "last_item_at": SINCE}]},
            "source news: fails for 10 days: status 500; last good item 2026-03-10",
        ),
        (NOTE, {"sources": [{**SOURCE, "open_gap": "news not seen since"}]}, "`kuaixun gaps news` lists"),
        (BAD, {"sources": [{**SOURCE, "open_gap": "no items", "unseen_since": SINCE}]}, "source news: no items"),
        (BAD, {"robots": ["news"]}, "source news: its robots.txt forbids what it starts with; ask its owner"),
        (
            BAD,
            {"hosts": [{"host": "a.example", "error": "status 403", "error_since": SINCE}]},
            "host a.example: refuses us since 2026-03-10",
        ),
        (
            BAD,
            {"drifts": [("a.example", "since 2026-03-19 10:00: no source", "`kuaixun repair news` proposes")]},
            "site a.example: its pages do not yield what they did since 2026-03-19 10:00: no source; `kuaixun repair",
        ),
        (
            BAD,
            {"arrivals": {"news": [NOW - 9 * DAY + n * HOUR for n in range(30)]}},
            "source news: answers, and brought nothing new for 8 days; its longest pause was 1 h; `kuaixun fetch http",
        ),
        (NOTE, {"clocks": ["claims of a.example 8 h ahead"]}, "clocks of sites: claims of a.example 8 h ahead"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_problem_is_one_line_with_what_helps(state, change, told):
    (found,) = (each for each in findings(replace(WELL, **change)) if each.state != GOOD)
    assert (found.state, told in str(found), "\n" in str(found), bool(found.remedy)) == (state, True, False, True)


@pytest.fixture
def folder(tmp_path):
    """A configuration whose server's clock is a day ahead, beside a database."""
    (tmp_path / "kuaixun.toml").write_text(
        '[settings]\ncontact = "me@example.org"\n[sources.news]\nseeds = ["http://a.example/"]\n'
    )
    path, now = tmp_path / "kuaixun.db", datetime.now(UTC)
    with open_store(path) as store, Archive(beside(path)) as archive:
        store.upsert_source("news", ["http://a.example/"], HOUR, now=now)
        store.keep_file("http://a.example/robots.txt", now, 200, "User-agent: *\nDisallow: /")
        date = (now + DAY).strftime("%a, %d %b %Y %H:%M:%S GMT")
        archive.add(Fetched("http://a.example/", "http://a.example/", now, 200, {"Date": date}, b"x", "a.example"))
    return tmp_path


def doctor(folder, *options):
    return CliRunner().invoke(cli, ["doctor", *options, "--config", str(folder)])


def test_the_doctor_of_a_sick_database_names_what_is_to_be_mended(folder):
    found = doctor(folder)
    assert found.exit_code == 1
    assert "clock: this machine's clock was 1 day behind that of a.example" in found.stdout.replace("23 h", "1 day")
    assert "source news: its robots.txt forbids" in found.stdout
    assert found.stdout.endswith("2 to mend\n")


def test_a_program_reads_one_object_a_line_also_of_what_is_well(folder):
    rows = [json.loads(line) for line in doctor(folder, "--json").stdout.splitlines()]
    assert {row["state"] for row in rows} == {GOOD, NOTE, BAD}
    assert all(row.keys() == {"about", "state", "what", "remedy"} for row in rows)


def test_a_database_that_is_not_there_or_of_another_program_is_told_and_the_rest_looked_at(folder):
    (folder / "kuaixun.db").unlink()
    assert "database: There is no database at" in doctor(folder).stdout
    (folder / "kuaixun.db").write_bytes(b"x" * 5000)
    found = doctor(folder)
    assert (found.exit_code, "is no kuaixun database" in found.stdout) == (1, True)


def test_names_are_looked_up_only_when_asked_to(folder, monkeypatch):
    def unknown(*args):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "host a.example" not in doctor(folder).stdout
    assert "host a.example: the name cannot be found (Name or service not known)" in doctor(folder, "--network").stdout


@pytest.mark.parametrize(
    ("days", "pause", "said"),
    [(4, 1, True), (2, 1, False), (9, 120, False), (11, 120, True)],
    ids=["days", "a weekend", "a slow source", "too long for that too"],
)
def test_a_source_is_silent_against_its_own_pauses(days, pause, said):
    arrivals = [NOW - days * DAY - n * pause * HOUR for n in range(30)][::-1]
    assert bool(silence(arrivals, NOW.isoformat())) is said


def test_few_articles_or_no_answer_say_nothing_of_silence():
    arrivals = [NOW - 90 * DAY + n * HOUR for n in range(30)]
    assert silence(arrivals[:9], NOW.isoformat()) == silence(arrivals, None) == ""


def test_a_source_whose_file_is_broken_is_named_with_file_and_key(folder):
    (folder / "sites").mkdir()
    (folder / "sites" / "x.toml").write_text('seeds = ["http://x.example/"]\nevery = 5')
    (folder / "sites" / "y.toml").write_text('seeds = ["http://y.example/"]\nselect = { text = "p[" }')
    told = doctor(folder).stdout
    assert f"source x: {folder / 'sites' / 'x.toml'}: `every` must be a duration" in told
    assert f"source y: {folder / 'sites' / 'y.toml'}: `select.text`" in told


def test_an_alarm_for_a_site_that_changed_is_told(folder):
    with open_store(folder / "kuaixun.db") as store:
        signs = json.dumps({"source": {"bad": 4, "of": 5, "usual": 0.02}})
        store.db["drifts"].insert(
            {"host": "a.example", "source": "news", "since": SINCE, "signs": signs, "pages": "[]", "noted_at": SINCE}
        )
    told = doctor(folder).stdout
    assert "site a.example: its pages do not yield what they did since 2026-03-10" in told
    assert "no source on 4 of 5 pages (before: 2%); `kuaixun repair news` proposes selectors" in told
