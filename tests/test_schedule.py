"""When a source is due, and the daemon that acts on it."""

import asyncio
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config import Config, ConfigError, Settings, Source
from crawler.fetch import Fetcher, utc_now
from crawler.schedule import LONGEST_NAP, next_visit, run
from storage import DatabaseLocked, Target
from tests.test_crawl import START, Clock
from tests.test_crawl import run as crawled

SITE = "http://news.example.com"
NOW = datetime(2026, 3, 20, 12, 0, 0, tzinfo=UTC)
# Ahead of the machine's clock, so that the timetable, which goes by that one, never fires by itself.
LATER = datetime(2190, 3, 20, 12, 0, tzinfo=UTC)
NEWS = Source("news", (SITE + "/",), every=timedelta(minutes=10))
CONFIG = Config(Settings(delay=0, jitter=0), (NEWS,))
LIST = "<ul><li><a href='/stock/'>股票</a></li></ul>"


@pytest.mark.parametrize(
    ("cron", "zone", "expected"),
    [
        ("*/10 * * * *", "UTC", NOW + timedelta(minutes=10)),
        ("0 8 * * *", "Asia/Shanghai", datetime(2026, 3, 21, 0, 0, tzinfo=UTC)),
        ("30 20 * * fri", "Asia/Shanghai", NOW + timedelta(minutes=30)),
    ],
)
def test_a_crontab_line_is_read_in_the_zone_of_the_source(cron, zone, expected):
    assert next_visit(Source("x", (), cron=cron, timezone=zone), NOW) == expected


def test_a_clock_change_in_spring_does_not_lose_the_visit():
    """02:30 does not exist in Berlin on 2026-03-29."""
    source = Source("x", (), cron="30 2 * * *", timezone="Europe/Berlin")
    before = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    assert before < next_visit(source, before) <= before + timedelta(days=1, hours=1)


@pytest.mark.parametrize(("chance", "minutes"), [(0.0, 9), (0.5, 10), (1.0, 11)])
def test_jitter_varies_an_interval_to_both_sides(chance, minutes):
    source = Source("x", (), every=timedelta(minutes=10))
    found = next_visit(source, NOW, jitter=0.1, chance=lambda: chance)
    assert found == NOW + timedelta(minutes=minutes)


def test_jitter_only_delays_a_crontab_time():
    source = Source("x", (), cron="*/10 * * * *", timezone="UTC")
    found = next_visit(source, NOW, jitter=0.5, chance=lambda: 1.0)
    assert found == NOW + timedelta(minutes=10, seconds=30)


def daemon(web, store, *, config=CONFIG, until=lambda tallies: True, clock=None, **options):
    """Run the daemon until `until` says so of the sums of its passes; the sums.

    Time passes only while it sleeps, so that a pass takes none however busy the machine is.
    """
    tallies, stop, clock = [], asyncio.Event(), clock or Clock(LATER)
    options.setdefault("sleep", getattr(clock, "sleep", None))

    def finished(tally):
        tallies.append(tally)
        if until(tallies):
            stop.set()

    async def go():
        async with Fetcher(config.settings, transport=web.transport, clock=clock) as fetcher:
            given = {"fetcher": fetcher, "clock": clock, "finished": finished, "stop": stop, **options}
            await asyncio.wait_for(run(config, store, **given), 60)

    asyncio.run(go())
    return tallies


def visited(store, url):
    """When an address was asked for."""
    found = store.db.execute("SELECT at FROM visits WHERE url = ? ORDER BY id", [url])
    return [datetime.fromisoformat(at) for (at,) in found]


def test_a_source_is_asked_again_whenever_its_time_has_come(web, store):
    web.add(SITE + "/", LIST, etag='"1"')
    tallies = daemon(web, store, until=lambda tallies: len(tallies) == 3)
    assert web.urls().count(SITE + "/") == 3
    assert [tally.not_modified for tally in tallies] == [0, 1, 1]
    assert visited(store, SITE + "/") == [LATER + n * NEWS.every for n in range(3)]


def test_the_timetable_wakes_a_daemon_that_naps(web, store):
    """By the machine's clock, and a nap never ends by itself."""
    every, naps = timedelta(milliseconds=30), []
    config = replace(CONFIG, sources=(replace(NEWS, every=every),))

    async def sleep(seconds):
        naps.append(seconds)
        await asyncio.Event().wait()

    web.add(SITE + "/", LIST)
    started = utc_now() - timedelta(milliseconds=1)  # the database has no less
    daemon(web, store, config=config, until=lambda tallies: len(tallies) == 3, clock=utc_now, sleep=sleep)
    times = visited(store, SITE + "/")
    assert (len(times) >= 3, len(naps) >= 2) == (True, True)
    # A busy machine asks later than it should, never sooner.
    assert all(at >= started + n * every for n, at in enumerate(times))


def test_robots_txt_is_kept_from_pass_to_pass(web, store):
    web.add(SITE + "/", LIST)
    daemon(web, store, until=lambda tallies: len(tallies) == 3)
    assert web.urls().count(SITE + "/robots.txt") == 1


def test_when_a_source_is_due_is_in_the_database_and_survives_a_restart(web, store):
    web.add(SITE + "/", LIST)
    slow = Config(Settings(delay=0), (Source("news", (SITE + "/",), every=timedelta(hours=1)),))
    daemon(web, store, config=slow)
    due = store.source_next("news") - LATER
    assert timedelta(minutes=53) < due < timedelta(minutes=67)
    web.asked.clear()

    async def soon(seconds):
        stop.set()

    stop = asyncio.Event()
    daemon(web, store, config=slow, stop=stop, sleep=soon)
    assert web.asked == []


def test_a_disabled_source_is_not_asked(web, store):
    stop = asyncio.Event()

    async def soon(seconds):
        stop.set()

    config = Config(Settings(), (Source("news", (SITE + "/",), enabled=False),))
    daemon(web, store, config=config, stop=stop, sleep=soon)
    assert web.asked == []


def test_what_is_due_of_no_source_does_not_keep_the_daemon_awake(web, store):
    store.add_targets([Target("http://gone.example/1.html", "article", "gone")], NOW)
    stop, naps = asyncio.Event(), []

    async def sleep(seconds):
        naps.append(seconds)
        stop.set()

    daemon(web, store, config=Config(Settings(), ()), stop=stop, sleep=sleep)
    assert naps == [LONGEST_NAP.total_seconds()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_and_what_was_in_flight_stays_due(store, number):
    import httpx

    async def hang(request):
        if request.url.path == "/":
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        return httpx.Response(404)

    async def go():
        async with Fetcher(CONFIG.settings, transport=httpx.MockTransport(hang)) as fetcher:
            await asyncio.wait_for(run(CONFIG, store, fetcher=fetcher), 60)

    asyncio.run(go())
    assert store.waiting(utc_now()) == 1


def test_a_locked_database_is_waited_for(web, store, monkeypatch):
    web.add(SITE + "/", LIST)
    naps, save = [], store.save

    def locked(*args, **options):
        monkeypatch.setattr(store, "save", save)
        raise DatabaseLocked(store.path)

    async def nap(seconds):
        naps.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(store, "save", locked)
    tallies = daemon(web, store, sleep=nap)
    assert 10.0 in naps
    assert len(tallies) == 1


OTHER = "http://other.example.com"


def test_a_paused_source_is_left_alone_until_it_goes_on(web, store):
    web.add(SITE + "/", LIST)
    asked, due, clock = [], [], Clock(LATER)

    def until(tallies):
        if len(tallies) == 1:
            store.pause_source("news", utc_now())
            due.append(store.source_next("news"))
        return len(tallies) == 2

    async def sleep(seconds):
        await clock.sleep(seconds)
        if store.paused_sources() and clock.now > due[0]:
            asked.append(len(web.asked))
            due.append(store.source_next("news"))
            store.pause_source("news", None)

    daemon(web, store, until=until, clock=clock, sleep=sleep)
    assert len(asked) == 1
    assert due[0] == due[1]
    assert len(web.asked) > asked[0]


def test_sources_that_come_and_go_are_seen_before_the_next_pass(web, store):
    web.add(SITE + "/", LIST)
    web.add(OTHER + "/", LIST)
    given = [CONFIG.sources]

    clock = Clock(LATER)

    def until(tallies):
        given[0] = (Source("other", (OTHER + "/",), every=timedelta(minutes=50)),)
        return len(tallies) == 3

    slow = Config(CONFIG.settings, (Source("news", (SITE + "/",), every=timedelta(hours=1)),))
    given[0] = slow.sources
    daemon(web, store, config=slow, until=until, sources=lambda: given[0], clock=clock)
    assert clock.slept[0] == 1.0  # what is due next is an hour away, but the sources are others now
    hosts = [url.split("/")[2] for url in web.urls()]
    assert hosts == sorted(hosts)  # never the first one again
    assert set(hosts) == {"news.example.com", "other.example.com"}


def test_a_broken_configuration_is_told_and_the_sources_stay(web, store):
    web.add(SITE + "/", LIST)
    said = []

    def sources():
        raise ConfigError("kuaixun.toml", "sources.x.seeds", "is missing")

    daemon(web, store, until=lambda tallies: len(tallies) == 2, sources=sources, report=said.append)
    assert "is missing; the sources stay as they were" in said[0].text
    assert web.urls().count(SITE + "/") == 2


def test_a_pass_takes_no_more_when_the_sources_are_others_now(web, store):
    """The daemon looks once a minute; what is under way is ended in good order, the rest stays due."""
    clock, known = Clock(), iter([True, True, False])
    links = "".join(f"<li><a href='/{n}.html'>第{n}条新闻的标题写得足够长</a></li>" for n in range(10000, 10100))
    web.add(SITE + "/", f"<ul>{links}</ul>")
    source = Source("news", (SITE + "/",), delay=10)
    crawled(web, store, clock, sources=(source,), is_current=lambda: next(known))
    minutes = (clock.now - START).total_seconds() / 60
    assert 2 <= minutes < 3
    assert store.waiting(clock.now) > 80
