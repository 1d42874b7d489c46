"""The daemon for months: settings, clocks, faults, chores and what hangs. Clocks are arguments, nothing sleeps."""

import asyncio
import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import Config, ConfigError, Settings, Source
from crawler import chores, schedule
from crawler.chores import Chore, due
from crawler.clockwork import Clockwork
from crawler.fetch import Fetcher, utc_now
from crawler.resume import resumed
from crawler.schedule import Means, next_visit
from crawler.service import health
from crawler.tally import Event, Tally
from crawler.timetable import is_too_far
from crawler.vitals import CHORE, DAEMON, QUIET, STILL, VISIT, Vitals
from crawler.watchdog import Watchdog, standing
from storage import DatabaseLocked, DiskFull, Patience, Target, Visit, open_store, setback
from storage import chores as ledger
from storage.archive import Archive, Fetched
from storage.chores import Done
from storage.errors import Gone
from storage.lock import Holder, Place
from storage.pair import beside
from storage.records import Listing

SITE = "http://news.example.com"
NOW = datetime(2026, 3, 20, 12, 0, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUICK = Source("news", (SITE + "/",), every=timedelta(milliseconds=30))
CONFIG = Config(Settings(delay=0, jitter=0), (QUICK,))
LIST = "<ul><li><a href='/stock/'>股票</a></li></ul>"


@pytest.fixture
def said():
    """What the daemon said of itself."""
    return []


def daemon(web, store, said, *, until, config=CONFIG, hup=None, stop=None, **means):
    """Run the daemon until `until` says so of the sums of its passes and of what was said."""
    tallies, stop = [], stop or asyncio.Event()

    def look():
        if until(tallies, said):
            stop.set()

    def finished(tally):
        tallies.append(tally)
        look()

    def say(notice):
        said.append(notice)
        look()

    async def go():
        means.setdefault("work", lambda settings: [])
        async with Fetcher(config.settings, transport=web.transport) as fetcher:
            running = schedule.run(
                config, store, fetcher=fetcher, finished=finished, stop=stop, hup=hup, means=Means(say=say, **means)
            )
            await asyncio.wait_for(running, 60)

    asyncio.run(go())
    return tallies


def texts(said, kind):
    return [notice.text for notice in said if notice.kind == kind]


# -- settings


def test_sighup_reads_the_settings_again(web, store, said):
    web.add(SITE + "/", LIST)
    web.add("http://other.example/", LIST)
    other = Source("other", ("http://other.example/",))
    new = Config(Settings(delay=0, keep_pages=7, metrics_port=9), (QUICK, other))
    asked = []

    def reload():
        asked.append(1)
        return new

    hup = asyncio.Event()
    hup.set()
    given = {"reload": reload}
    daemon(web, store, said, until=lambda tallies, heard: bool(texts(heard, "settings")), hup=hup, **given)
    assert asked == [1]
    assert texts(said, "settings")[0].endswith("`metrics_port` from the next start on")


def test_wrong_settings_are_told_and_the_old_ones_hold(web, store, said):
    web.add(SITE + "/", LIST)

    def reload():
        raise ConfigError("kuaixun.toml", "delay", "must be a number")

    hup = asyncio.Event()
    hup.set()
    tallies = daemon(web, store, said, until=lambda tallies, _: len(tallies) == 2, hup=hup, reload=reload)
    assert texts(said, "settings") == ["the settings stay as they were: kuaixun.toml: `delay` must be a number"]
    assert len(tallies) == 2


def test_the_signal_itself_is_heard(web, store, said):
    def reload():
        stop_soon.append(os.kill(os.getpid(), signal.SIGTERM))
        return CONFIG

    def answer(request):
        os.kill(os.getpid(), signal.SIGHUP)
        return (200, {"content-type": "text/html"}, LIST.encode())

    stop_soon = []
    web.pages[SITE + "/"] = [answer]

    async def go():
        async with Fetcher(CONFIG.settings, transport=web.transport) as fetcher:
            means = Means(reload=reload, work=lambda settings: [])
            await asyncio.wait_for(schedule.run(CONFIG, store, fetcher=fetcher, means=means), 60)

    signal.signal(signal.SIGHUP, lambda *_: None)
    former = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    asyncio.run(go())
    assert len(stop_soon) == 1
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == former
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


# -- clocks


def test_a_jump_of_the_clock_is_what_the_other_clock_does_not_know():
    clock = Clockwork(NOW, 0.0)
    jumps = [clock.jump(NOW + HOUR, 3600.0), clock.jump(NOW + 3 * HOUR, 3600.0), clock.jump(NOW, 3660.0)]
    assert jumps == [timedelta(), 2 * HOUR, -3 * HOUR - timedelta(minutes=1)]


def test_the_end_of_summer_time_costs_no_visit():
    """02:30 comes twice in Berlin on 2026-10-25; to look twice does no harm."""
    source = Source("x", (), cron="30 2 * * *", timezone="Europe/Berlin")
    at, found = datetime(2026, 10, 24, 12, tzinfo=UTC), []
    while at < datetime(2026, 10, 27, tzinfo=UTC):
        at = next_visit(source, at + timedelta(seconds=1))
        found.append(at)
    days = [each.astimezone(UTC).date().day for each in found]
    assert days == [25, 25, 26, 27]


def test_a_plan_beyond_the_interval_is_a_mistake():
    source = Source("x", (), every=timedelta(minutes=10))
    soon, late = NOW + timedelta(minutes=11), NOW + timedelta(minutes=12)
    assert [is_too_far(source, each, NOW, jitter=0.1) for each in (soon, late)] == [False, True]


def test_after_a_clock_that_was_ahead_everything_keeps_its_pause():
    ahead = NOW + 400 * DAY
    with open_store(Path(":memory:"), clock=lambda: ahead) as store:
        store.upsert_source("news", [SITE + "/"], HOUR, now=ahead)
        store.add_targets([Target(SITE + "/", "list", "news", next_at=ahead)], ahead)
        url = SITE + "/"
        visit = Visit(url, url, "list", "news", ahead, 200, "", 0.5, rest_until=ahead + timedelta(minutes=5))
        store.save(visit, next_at=ahead + HOUR, listing=Listing())
        assert setback.set_back(store.db, NOW) == ahead - NOW
        setback.put_right(store, NOW)
        times = store.db.execute("SELECT next_at, visited_at FROM frontier").fetchone()
        rest = store.db.execute("SELECT rest_until FROM hosts").fetchone()[0]
        assert times == ("2026-03-20T13:00:00.000+00:00", "2026-03-20T12:00:00.000+00:00")
        assert rest == "2026-03-20T12:05:00.000+00:00"
        assert setback.set_back(store.db, NOW) is None


def test_what_was_planned_by_the_right_clock_is_left_alone(store):
    store.add_targets([Target(SITE + "/", "list", "news", next_at=NOW + HOUR)], NOW)
    setback.put_right(store, NOW)
    assert store.next_due(NOW) == NOW + HOUR


def test_a_clock_that_is_set_back_does_not_silence_the_daemon(web, said):
    """By a year: without care nothing would be asked until then."""
    shift = timedelta()

    def clock():
        return utc_now() + shift

    def until(tallies, heard):
        nonlocal shift
        if len(tallies) == 2 and not shift:
            shift = -365 * DAY
        return len(tallies) == 4

    web.add(SITE + "/", LIST, etag='"1"')
    tallies, stop = [], asyncio.Event()

    def finished(tally):
        tallies.append(tally)
        if until(tallies, said):
            stop.set()

    async def go(store):
        async with Fetcher(CONFIG.settings, transport=web.transport, clock=clock) as fetcher:
            means = Means(say=said.append, work=lambda settings: [])
            running = schedule.run(
                CONFIG, store, fetcher=fetcher, clock=clock, finished=finished, stop=stop, means=means
            )
            await asyncio.wait_for(running, 60)

    before, schedule.BEAT = schedule.BEAT, 0.01
    try:
        with open_store(Path(":memory:"), clock=clock) as store:
            asyncio.run(go(store))
    finally:
        schedule.BEAT = before
    assert len(tallies) == 4
    assert texts(said, "clock")[0].startswith("the clock was set back by 36")


# -- faults and chores


def test_a_fault_of_ours_is_told_once_and_the_daemon_goes_on(web, store, said, monkeypatch):
    web.add(SITE + "/", LIST)
    real, times = schedule.crawl, []

    async def broken(*args, **options):
        times.append(1)
        if len(times) < 3:
            raise KeyError("oops")
        return await real(*args, **options)

    monkeypatch.setattr(schedule, "crawl", broken)
    monkeypatch.setattr(schedule, "FAULT_NAP", timedelta(milliseconds=1))
    tallies = daemon(web, store, said, until=lambda tallies, _: bool(tallies))
    assert (len(tallies), len(texts(said, "fault"))) == (1, 1)


@pytest.mark.parametrize("error", [DiskFull, DatabaseLocked])
def test_a_file_that_cannot_be_written_is_waited_for_and_no_health(web, store, said, monkeypatch, error):
    web.add(SITE + "/", LIST)
    real, ills, vitals = schedule.crawl, [], Vitals()

    async def broken(*args, **options):
        ills.append(health(vitals, vitals.beat))
        if len(ills) < 3:
            raise error(store.path)
        return await real(*args, **options)

    monkeypatch.setattr(schedule, "crawl", broken)
    monkeypatch.setattr(schedule, "FULL_NAP", timedelta(milliseconds=1))
    monkeypatch.setattr(schedule, "LOCKED_NAP", timedelta(milliseconds=1))
    assert len(daemon(web, store, said, until=lambda tallies, _: bool(tallies), vitals=vitals)) == 1
    (first, _), (second, told), (third, again) = ills
    assert (first, second, third) == (True, False, False)
    assert (told["status"], told["why"], told["failed_passes"]) == ("failing", str(error(store.path)), 1)
    assert (again["since"], again["failed_passes"]) == (told["since"], 2)
    assert health(vitals, vitals.beat)[1]["since"] is None


def test_a_database_that_is_deleted_ends_the_daemon_with_a_word(web, said, tmp_path, monkeypatch):
    path, vitals = tmp_path / "h.db", Vitals()

    def answer(request):
        path.unlink()
        return (200, {"content-type": "text/html"}, LIST.encode())

    web.pages[SITE + "/"] = [answer, (404, {}, b"")]
    monkeypatch.setattr(schedule, "BEAT", 0.005)
    with open_store(path) as store, pytest.raises(Gone, match="deleted or replaced while it was open"):
        daemon(web, store, said, until=lambda *_: False, vitals=vitals)
    assert len(texts(said, "storage")) == 1
    assert health(vitals, vitals.beat)[1]["why"] == texts(said, "storage")[0]


def test_a_database_that_replaces_another_under_the_daemon_stays_as_it_is(web, said, tmp_path, monkeypatch):
    path, other = tmp_path / "h.db", tmp_path / "other.db"
    with open_store(other) as store:
        store.upsert_source("other", (SITE,), DAY, now=NOW)
    right = other.read_bytes()

    def answer(request):
        other.replace(path)
        return (200, {"content-type": "text/html"}, LIST.encode())

    web.pages[SITE + "/"] = [answer, (404, {}, b"")]
    monkeypatch.setattr(schedule, "BEAT", 0.005)
    with open_store(path) as store, pytest.raises(Gone):
        store.upsert_source("former", (SITE,), DAY, now=NOW)
        daemon(web, store, said, until=lambda *_: False)
    with open_store(path, readonly=True) as store:
        assert [name for (name,) in store.db.execute("SELECT name FROM sources")] == ["other"]
    assert path.read_bytes() == right


def test_a_file_that_comes_back_was_not_lost(tmp_path):
    path, away = tmp_path / "h.db", tmp_path / "away"
    assert not Place(path).is_lost()
    path.write_text("")
    place = Place(path)
    path.rename(away)
    assert place.is_lost()
    away.rename(path)
    assert not place.is_lost()


def test_a_lock_that_another_process_keeps_is_no_health(tmp_path):
    tick = 0.0
    patience = Patience(120, clock=lambda: tick)
    vitals = Vitals(locks=patience.waits)
    told = []
    for tick in (0.0, 14.0, 28.0, 40.0):
        assert patience.goes_on(tmp_path)
        told.append(vitals.trouble(tick))
    assert told[:3] == ["", "", ""]
    assert told[3] == f"`{tmp_path}` cannot be written: another process has held it locked for 40 s"
    # Who waits asks again and again: this one was stopped.
    tick = 60.0
    assert vitals.trouble(tick) == ""
    assert patience.goes_on(tmp_path)
    assert patience.waits() == {tmp_path: 0.0}


def test_a_daemon_that_does_nothing_is_no_health():
    vitals = Vitals()
    assert vitals.trouble(10 * QUIET) == ""
    vitals.look(0.0)
    vitals.look(QUIET)
    vitals.see(Event("new", SITE, "news"))
    vitals.look(QUIET + 1)
    assert vitals.trouble(2 * QUIET) == ""
    assert vitals.trouble(2 * QUIET + 2) == "nothing was asked, and no pass ended, for 1201 s"
    vitals.passed(Tally(), 0, NOW)
    vitals.look(2 * QUIET + 3)
    assert vitals.trouble(2 * QUIET + 3) == ""


def test_a_chore_is_done_beside_the_crawl_and_noted(web, store, said):
    chore = Chore("backup", DAY, lambda still: still() or "copied")
    daemon(web, store, said, until=lambda _, heard: bool(texts(heard, "chore")), work=lambda settings: [chore])
    done = ledger.known(store.db)["backup"]
    assert (done.result, done.error, done.ended_at is not None) == ("copied", "", True)


def test_a_chore_that_fails_stops_nothing_and_is_told_with_its_error(web, store, said):
    web.add(SITE + "/", LIST)

    def work(still):
        raise OSError(5, "Input/output error")

    def until(tallies, heard):
        return bool(tallies) and bool(texts(heard, "chore"))

    daemon(web, store, said, until=until, work=lambda settings: [Chore("backup", DAY, work)])
    done = ledger.known(store.db)["backup"]
    assert "Input/output error" in done.error
    assert (done.error_count, done.done_at) == (1, None)


def test_a_chore_that_hangs_keeps_neither_the_crawl_nor_the_end(web, store, said, monkeypatch):
    web.add(SITE + "/", LIST, etag='"1"')
    monkeypatch.setattr("crawler.errands.FAREWELL", 0.01)

    async def never(work):
        await asyncio.Event().wait()

    chore = Chore("backup", DAY, lambda still: "")
    given = {"work": lambda settings: [chore], "apart": never}
    tallies = daemon(web, store, said, until=lambda tallies, _: len(tallies) == 3, **given)
    assert len(tallies) == 3
    assert ledger.known(store.db)["backup"].ended_at is None


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, NOW),
        (Done("check", NOW - HOUR, NOW, NOW), NOW - HOUR + DAY),
        (Done("check", NOW - 3 * DAY, NOW, NOW), NOW),
        (Done("check", NOW - timedelta(minutes=5)), NOW + timedelta(minutes=5)),
        (Done("check", NOW, NOW, error="x", error_count=3), NOW + timedelta(minutes=40)),
        (Done("check", NOW, NOW, error="x", error_count=99), NOW + DAY),
        (Done("check", NOW + 400 * DAY, NOW, NOW), NOW + DAY),
    ],
    ids=["never done", "done", "overdue", "cut off", "failing", "failing for long", "by a clock that was ahead"],
)
def test_when_a_chore_is_due(known, expected):
    assert due(Chore("check", DAY, lambda still: ""), known, NOW) == expected


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "news.db"
    with open_store(path, clock=lambda: NOW) as store, Archive(beside(path)) as archive:
        store.add_targets([Target(SITE + "/", "list", "news", next_at=NOW)], NOW)
        archive.add(Fetched(SITE, SITE, NOW, 200, {}, b"a page", "news.example.com"))
    return path


def test_copies_are_dated_and_the_oldest_go_but_nothing_else(file, tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "news-mine.db").write_bytes(b"")
    for day in range(4):
        chores.back_up(file, folder, 2, lambda: None, now=lambda day=day: NOW + day * DAY)
    names = ["news-20260322T120000Z", "news-20260323T120000Z"]
    expected = [f"{name}{end}" for name in names for end in (".db", ".pages")] + ["news-mine.db"]
    assert sorted(each.name for each in folder.iterdir()) == expected


def test_the_settings_say_which_chores_there_are(file, tmp_path):
    settings = Settings(database=file, backup=tmp_path, keep_pages=0)
    assert [chore.name for chore in chores.chores(settings)] == ["check", "backup"]


def test_pages_are_forgotten_and_a_sound_file_is_found_sound(file):
    assert chores.check(file, lambda: None) == "no problem found"
    assert chores.prune(file, 5, lambda: None, now=lambda: NOW + 9 * DAY) == "1 page forgotten"


def test_a_check_that_finds_something_says_what(file):
    with open_store(file) as store:
        store.db.execute("INSERT INTO crowds (era, hash, moment, article_id) VALUES (1, 1, 1, 99)")
    with pytest.raises(chores.Unsound, match="found; `kuaixun check` names"):
        chores.check(file, lambda: None)


# -- what hangs


def test_what_hangs_is_said_once_and_again_when_it_goes_on(said):
    tick, vitals = 0.0, Vitals()
    dog = Watchdog(vitals, said.append, ticks=lambda: tick, clock=lambda: NOW + timedelta(seconds=tick))
    vitals.chores["backup"] = 0.0
    for tick in (0.0, CHORE + 1, CHORE + 20):
        vitals.beat = tick
        dog.look()
    del vitals.chores["backup"]
    dog.look()
    assert [notice.kind for notice in said] == ["hangs", "moves"]
    assert said[0].text.startswith("backup shows no sign of life since 2026-03-")


def test_a_daemon_that_stands_is_told_with_the_line_it_stands_at(said):
    tick, vitals = STILL + 1, Vitals()
    dog = Watchdog(
        vitals, said.append, ticks=lambda: tick, clock=lambda: NOW, where=lambda: "storage/store.py:1 (save)"
    )
    dog.look()
    vitals.beat = tick
    dog.look()
    assert "stands in storage/store.py:1 (save): a slow disk?" in said[0].text
    assert said[1].text == f"{DAEMON} is no longer held up, after 1 min"


def test_a_visit_may_take_long_before_it_hangs():
    vitals = Vitals(beat=VISIT + 1, visits={"news.example.com": 0.0, "other.example": VISIT})
    assert [hang.what for hang in vitals.hangs(VISIT + 1)] == ["the visit of news.example.com"]


def test_where_a_thread_stands_is_told_by_the_code_of_ours_in_it():
    where = standing(threading.get_ident())
    assert where().startswith("crawler/watchdog.py:")


# -- a start


def test_a_start_says_what_it_goes_on_from():
    with open_store(Path(":memory:"), clock=lambda: NOW) as store:
        assert resumed(store, None, NOW) is None
        store.add_targets([Target(SITE + "/", "list", "news", next_at=NOW)], NOW)
        ledger.begin(store, "backup", NOW)
        told = resumed(store, Holder("77", "", NOW), NOW + HOUR)
    assert told.is_trouble
    assert "process 77" in told.text
    assert "was killed" in told.text
    assert "1 h ago" in told.text
    assert "1 address due at 1 host; backup cut off, to be done again; nothing that was stored is lost." in told.text
