"""Watching a crawl: the live line, what a program is told, and how sources and hosts fare."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from crawler.commands._progress import Watch
from crawler.screen import Live
from crawler.tally import Event
from storage import Target, Visit, watch
from storage.records import Gap, Listing

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Seconds:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


def fetched(seen, seconds, host, pages, *, every=2.0):
    for _ in range(pages):
        seen.see(Event("fetched", f"http://{host}/x", host))
        seconds.now += every


def test_the_line_says_what_waits_where_and_how_long_it_will_take(seconds):
    seen = Watch(Live(None), queue=lambda: {"a.example": 30, "b.example": 5}, clock=seconds)
    fetched(seen, seconds, "a.example", 10)
    assert "35 waiting at 2 hosts (most: a.example 30) · about 1 min left" in seen._text()


def test_a_pace_that_is_not_known_gives_no_time(seconds):
    seen = Watch(Live(None), queue=lambda: {"a.example": 30}, clock=seconds)
    fetched(seen, seconds, "a.example", 2)
    assert "30 waiting · 0.0 MB" in seen._text()
    assert seen.progress()["seconds_left"] is None


def test_a_program_is_told_the_queue_of_the_hosts(seconds):
    hosts = {f"{n}.example": 100 - n for n in range(50)}
    seen = Watch(Live(None), queue=lambda: hosts, clock=seconds)
    fetched(seen, seconds, "0.example", 4)
    told = seen.progress()
    assert (told["pages"], told["waiting"], len(told["hosts"])) == (4, sum(hosts.values()), 20)
    assert told["hosts"]["0.example"] == 100


def test_a_dear_queue_is_asked_seldom(seconds):
    asked = []

    def queue():
        asked.append(seconds.now)
        seconds.now += 0.5
        return {"a.example": 1}

    seen = Watch(Live(None), queue=queue, clock=seconds)
    while seconds.now < 100:
        seen.progress()
        seconds.now += 1
    assert len(asked) == 4


def test_what_keeps_a_host_from_answering_is_said_once_until_it_answers(seconds, capsys):
    def see(url, kind, text=""):
        seen.see(Event(kind, url, "news", text))

    seen = Watch(Live(sys.stdout), each=True, clock=seconds)
    for url in ("http://a.example/", "http://a.example/feed.xml", "http://b.example/", "http://a.example/"):
        see(url, "retry", "the name was not found")
    see("http://a.example/", "fetched")
    see("http://a.example/2", "retry", "the name was not found")
    see("http://a.example/3", "failed", "404")
    see("http://a.example/4", "failed", "404")
    told = [line.split(": ")[1] for line in capsys.readouterr().out.splitlines() if ": " in line]
    assert told == [f"http://{where}" for where in ("a.example/", "b.example/", *(f"a.example/{n}" for n in (2, 3, 4)))]


def visit(path, status=200, *, host="a.example", kind="list", error="", at=NOW):
    url = f"http://{host}{path}"
    return Visit(url, url, kind, "news", at, status, error, took=0.5)


def test_a_source_and_a_host_say_how_they_fare(store):
    store.upsert_source("news", ["http://a.example/"], HOUR, now=NOW)
    found = [Target(f"http://a.example/{n}.html", "article", "news") for n in range(3)]
    gap = Gap("news", "http://a.example/", NOW - HOUR, NOW, "no item of the list was known before", NOW)
    store.save(visit("/"), targets=found, next_at=NOW + HOUR, listing=Listing(gap=gap))
    store.note_failure(visit("/", 0, host="b.example", error="refused", at=NOW + HOUR), next_at=NOW + 2 * HOUR)
    (source,) = watch.sources(store.db)
    ill, well = watch.hosts(store.db)
    assert [source[name] for name in ("found", "waiting", "gaps", "error")] == [3, 5, 1, "refused"]
    assert [well[name] for name in ("host", "found", "waiting", "gaps", "took")] == ["a.example", 3, 4, 1, 0.5]
    assert (well["last_success_at"], well["next_at"], well["error"]) == (
        "2026-03-20T12:00:00.000+00:00",
        "2026-03-20T12:00:00.000+00:00",
        None,
    )
    assert (ill["host"], ill["error"], ill["last_success_at"]) == ("b.example", "refused", None)
    assert ill["error_since"] == "2026-03-20T13:00:00.000+00:00"


def test_what_is_due_is_counted_host_by_host_the_most_first(store):
    urls = ["http://a.example/1", "http://b.example/1", "http://b.example/2", "http://c.example/1"]
    store.add_targets([Target(url, "article", "news") for url in urls[:3]], NOW)
    store.add_targets([Target(urls[3], "article", "news", next_at=NOW + HOUR)], NOW)
    assert list(watch.due(store.db, NOW).items()) == [("b.example", 2), ("a.example", 1)]
