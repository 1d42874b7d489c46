"""The times in which a list was not seen: found, told by kind, ended, mended, and named to whoever reads across one."""

import asyncio
import itertools
import json
import os
import random
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from click.testing import CliRunner
from sqlite_utils import Database

from config import Config, Settings, Source
from crawler import console, gaps, schedule
from crawler.cli import cli
from crawler.commands import _gaps
from crawler.fetch import Fetcher
from crawler.gaps import Before, Found
from crawler.page import FetchError
from storage import open_store
from storage.gaps import spanning
from storage.records import Gap, Rhythm, Sign, Target
from storage.schema import APPLICATION_ID, migrations
from storage.times import stamp
from tests.conftest import Web
from tests.test_crawl import SITE, START, Clock, article, listing, run

LIST = SITE + "/stock/"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SOURCE = Source("news", (LIST,))
LATER = datetime(2099, 3, 20, 4, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return Clock()


def shows(web, *numbers, more="", url=LIST, read=False):
    """The list shows these articles from now on; only where they are to be `read` they are there."""
    web.pages[url] = []
    web.add(url, listing(*numbers, more=more))
    for page in (f"{SITE}/news/{100000 + n}.html" for n in numbers if read):
        web.pages[page] = []
        web.add(page, article(int(page[-11:-5]) - 100000))


def fails(web, status=503, body="", url=LIST):
    web.pages[url] = []
    web.add(url, body, status)


def crawled(web, store, clock, after=20 * MINUTE, **options):
    clock.now += after
    return run(web, store, clock, sources=[SOURCE], settings=Settings(delay=0, retries=1), **options)


def rows(store, columns="kind, to_at IS NULL, mended_at IS NOT NULL"):
    return [tuple(row) for row in store.db.execute(f"SELECT {columns} FROM gaps ORDER BY id")]


def test_however_often_a_list_fails_it_has_one_gap_from_its_last_good_visit(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    seen_at = store.rhythm(LIST).seen_at
    fails(web)
    for _ in range(4):
        crawled(web, store, clock)
    assert rows(store) == [("down", 1, 0)]
    assert rows(store, "source, url, from_at, reason") == [("news", LIST, stamp(seen_at), "status 503")]


def test_a_gap_ends_with_the_next_good_visit_and_is_mended_where_something_known_is_shown(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    fails(web)
    crawled(web, store, clock)
    shows(web, 5, 4, 3)
    crawled(web, store, clock)
    assert rows(store) == [("down", 0, 1)]
    assert rows(store, "to_at") == [(stamp(store.rhythm(LIST).seen_at),)]


def test_where_nothing_known_is_shown_the_gap_stays_and_is_paged_back(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    fails(web)
    crawled(web, store, clock)
    shows(web, 9, 8, 7)
    crawled(web, store, clock)
    assert rows(store) == [("down", 0, 0)]  # no second one for the overrun
    shows(web, 1, 2, 3)
    crawled(web, store, clock, DAY)
    fails(web)
    crawled(web, store, clock)
    pager = '<div class="pager"><a href="/stock/index_2.html">2</a></div>'
    shows(web, 19, 18, 17, more=pager)
    shows(web, 16, 15, 3, url=LIST + "index_2.html", read=True)
    crawled(web, store, clock, DAY)
    assert rows(store)[-1] == ("down", 0, 1)
    assert store.db.execute("SELECT count(*) FROM articles WHERE url LIKE '%100015%'").fetchone()[0] == 1


def test_a_page_that_has_not_changed_shows_that_nothing_is_missing(web, store, clock):
    web.add(LIST, listing(1, 2), etag='"1"')
    crawled(web, store, clock)
    fails(web)
    crawled(web, store, clock)
    web.pages[LIST] = []
    web.add(LIST, listing(1, 2), etag='"1"')
    crawled(web, store, clock)
    assert store.db.execute("SELECT last_status FROM frontier WHERE url = ?", (LIST,)).fetchone()[0] == 304
    assert rows(store) == [("down", 0, 1)]


WALL = "<html><title>安全验证</title><body><h1>安全验证</h1><p>请完成验证码后继续访问。</p></body></html>"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((401, ""), "blocked"),
        ((403, ""), "blocked"),
        ((429, ""), "blocked"),
        ((451, ""), "blocked"),
        ((200, WALL), "blocked"),
        ((404, ""), "down"),
        ((500, ""), "down"),
        ((200, ""), "down"),
        ((200, "<html><body><p>Wartung</p></body></html>"), "down"),
        (httpx.ConnectTimeout("x"), "down"),
    ],
)
def test_what_fails_how_gives_the_gap_its_kind(web, store, clock, answer, kind):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    web.pages[LIST] = []
    if isinstance(answer, tuple):
        web.add(LIST, answer[1], answer[0])
    else:
        web.fail(LIST, answer)
    crawled(web, store, clock)
    assert rows(store) == [(kind, 1, 0)]


def test_what_robots_txt_forbids_is_a_gap_until_it_allows_it(web, store, clock):
    shows(web, 1, 2, 3)
    web.add(SITE + "/robots.txt", "User-agent: *\nDisallow: /stock", content_type="text/plain")
    crawled(web, store, clock)
    assert rows(store) == [("robots", 1, 0)]
    web.pages[SITE + "/robots.txt"] = []
    web.add(SITE + "/robots.txt", "", content_type="text/plain")
    crawled(web, store, clock, 2 * DAY)
    assert [row[1] for row in rows(store)] == [0]


def test_another_kind_in_the_middle_is_told_by_the_evidence(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    fails(web)
    crawled(web, store, clock)
    crawled(web, store, clock)
    fails(web, 403)
    crawled(web, store, clock)
    assert rows(store) == [("down", 1, 0)]
    gap = store.ongoing_gap("news", LIST)
    assert [(sign.kind, sign.reason) for sign in gap.signs] == [("down", "status 503"), ("blocked", "status 403")]


def test_a_list_that_was_never_seen_has_a_gap_from_the_first_try(web, store, clock):
    fails(web)
    crawled(web, store, clock)
    tried_at = store.ongoing_gap("news", LIST).from_at
    crawled(web, store, clock, 3 * HOUR)
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    assert (START < tried_at < START + HOUR, rows(store)) == (True, [("down", 0, 1)])  # it shows what came before that


def test_a_failure_that_the_next_try_gets_over_misses_nothing(web, store, clock):
    web.fail(LIST, httpx.ConnectTimeout("x"))
    web.add(LIST, listing(1, 2, 3))
    crawled(web, store, clock)
    assert rows(store) == [("down", 0, 1)]


def test_a_list_that_a_page_named_and_that_the_site_took_away_is_not_missed(web, store, clock):
    web.add(LIST, listing(1, 2) + '<a href="/stock/list/">股票</a>')
    web.add(SITE + "/stock/list/", listing(4, 5))
    crawled(web, store, clock)
    assert store.rhythm(SITE + "/stock/list/").size == 2
    web.pages[SITE + "/stock/list/"] = []
    web.add(SITE + "/stock/list/", "", 404)
    crawled(web, store, clock, 2 * HOUR, force=True)
    assert SITE + "/stock/list/" in web.urls()[-3:]
    assert rows(store, "url") in ([], [(LIST,)])


def test_a_list_without_its_items_is_down(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    web.pages[LIST] = []
    web.add(LIST, "<html><head><title>财讯网</title></head><body><a href='/stock/b/'>股票</a></body></html>")
    crawled(web, store, clock)
    assert rows(store, "kind, reason") == [("down", "the list shows no item any more")]


# -- nobody asked


def test_a_list_that_was_due_and_not_asked_for_long_has_a_gap_of_ours(web, store, clock):
    shows(web, 1, 2, 3)
    for _ in range(3):
        crawled(web, store, clock)
    seen_at = store.rhythm(LIST).seen_at
    shows(web, 9, 8, 7)
    crawled(web, store, clock, 2 * DAY)
    assert rows(store) == [("outage", 0, 0)]
    assert rows(store, "from_at, to_at") == [(stamp(seen_at), stamp(store.rhythm(LIST).seen_at))]


def test_nothing_is_lost_where_the_list_still_shows_what_was_known(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    shows(web, 4, 3, 2)
    crawled(web, store, clock, 2 * DAY)
    assert rows(store) == [("outage", 0, 1)]


def test_a_list_that_fails_when_somebody_asks_again_was_missed_by_us_first(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    fails(web)
    crawled(web, store, clock, 2 * DAY)
    assert rows(store) == [("outage", 1, 0)]
    assert [sign.kind for sign in store.ongoing_gap("news", LIST).signs] == ["outage", "down"]


def test_a_pass_every_quarter_of_an_hour_has_no_gap(web, store, clock):
    """Also a busy list, that should be asked every minute: it still shows what was known."""
    for n in range(12):
        shows(web, *range(n + 6, n, -1))
        crawled(web, store, clock, 16 * MINUTE)
    assert rows(store) == []


def test_a_pass_once_a_day_is_a_rhythm_and_no_gap_after_the_second_time(web, store, clock):
    for n in range(7):
        shows(web, *range(n + 6, n, -1))
        crawled(web, store, clock, DAY)
    assert len(rows(store)) <= 2
    assert all(row == ("outage", 0, 1) for row in rows(store))
    crawled(web, store, clock, 4 * DAY)
    assert rows(store)[-1][0] == "outage" and len(rows(store)) <= 3


def test_a_host_that_wanted_to_be_left_alone_is_no_fault_of_ours(web, store, clock):
    """Retry-After stops the whole host: its lists are not asked, because it refuses."""
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    shows(web, 4, 3, 2)
    web.pages[f"{SITE}/news/100004.html"] = []
    web.add(f"{SITE}/news/100004.html", "", 429, retry_after="14400")
    crawled(web, store, clock)
    shows(web, 9, 8, 7)
    crawled(web, store, clock, 4 * HOUR + MINUTE)
    assert rows(store, "kind, reason") == [("blocked", "its host was left alone: status 429")]


@pytest.fixture
def later():
    """A clock that is ahead of the machine's, by which the scheduler would fire at once all the time."""
    return Clock(LATER)


def by_daemon(web, store, clock, passes):
    """The daemon, until it has made so many passes that asked for something."""
    stop, done = asyncio.Event(), []

    def finished(tally):
        done.append(tally)
        if len(done) == passes:
            stop.set()

    async def go():
        config = Config(Settings(delay=0, retries=0, jitter=0), (SOURCE,))
        async with Fetcher(config.settings, transport=web.transport, clock=clock) as fetcher:
            await asyncio.wait_for(
                schedule.run(
                    config, store, fetcher=fetcher, clock=clock, sleep=clock.sleep, finished=finished, stop=stop
                ),
                10,
            )

    asyncio.run(go())


def test_the_daemon_has_a_gap_for_the_time_it_was_down_and_none_while_it_runs(web, store, later):
    shows(web, 1, 2, 3)
    by_daemon(web, store, later, 6)
    assert (rows(store), later.now - LATER > HOUR) == ([], True)
    seen_at = store.rhythm(LIST).seen_at
    later.now += 2 * DAY
    shows(web, 9, 8, 7)
    by_daemon(web, store, later, 3)
    assert rows(store, "kind, from_at") == [("outage", stamp(seen_at))]


def test_a_machine_that_sleeps_is_an_outage_of_a_daemon_that_never_ended(web, store, later):
    shows(web, 1, 2, 3)
    slept, sleep = [], later.sleep

    async def suspended(seconds):
        await sleep(seconds)
        if later.now - LATER > 2 * HOUR and not slept:
            slept.append(later.now)
            later.now += 9 * HOUR
            shows(web, 9, 8, 7)

    later.sleep = suspended
    by_daemon(web, store, later, 12)
    assert len(slept) == 1
    assert rows(store) == [("outage", 0, 0)]


def test_of_a_host_that_is_down_the_lists_that_nobody_tried_are_down_too(web, store, clock):
    urls = [f"{SITE}/{name}/" for name in "stock fund bond gold bank oil ipo fx tax world".split()]
    source = Source("news", tuple(urls))

    def one_pass(after):
        clock.now += after
        run(web, store, clock, sources=[source], settings=Settings(delay=0, retries=0))

    for n, url in enumerate(urls):
        shows(web, 10 * n + 1, 10 * n + 2, url=url)
    one_pass(MINUTE)
    for url in urls:
        web.pages[url] = []
        web.fail(url, httpx.ConnectError("x"))
    one_pass(20 * MINUTE)
    tried = len(rows(store))
    for n, url in enumerate(urls):
        shows(web, 10 * n + 7, 10 * n + 8, url=url)
    one_pass(20 * MINUTE)
    found = rows(store, "url, kind")
    assert (0 < tried < len(urls), {kind for _, kind in found}) == (True, {"down"})
    assert sorted(url for url, _ in found) == sorted(urls)


def test_a_seed_that_is_taken_out_is_not_missed_any_more(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    fails(web)
    crawled(web, store, clock)
    other = Source("news", (SITE + "/fund/",))
    shows(web, 4, 5, url=SITE + "/fund/")
    for _ in range(3):
        clock.now += 20 * MINUTE
        run(web, store, clock, sources=[other], settings=Settings(delay=0, retries=1))
    assert rows(store, "url, kind, to_at IS NULL, mended_at IS NULL") == [(LIST, "down", 0, 1)]


# -- the decisions, as values

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
TARGET = Target(LIST, "list", "news")
KNOWN = Rhythm(NOW - DAY, NOW - HOUR, 20, 5, None, (0.0,) * 24, None, NOW - 45 * MINUTE)


def test_a_gap_keeps_few_signs_however_long_it_lasts():
    before = Before(KNOWN)
    for n in range(100):
        error = FetchError(LIST, f"status 50{n % 7}", status=500)
        before = Before(KNOWN, gaps.failed(TARGET, SOURCE, error, NOW, before=before, is_last=False))
    assert len(before.gap.signs) == gaps.MOST_SIGNS
    assert before.gap.signs[-1].reason == "status 501"


def test_a_list_that_is_given_up_ends_its_gap():
    error, named = FetchError(LIST, "status 500", status=500), replace(TARGET, found_on=SITE)
    ended = gaps.failed(named, SOURCE, error, NOW, before=Before(KNOWN), is_last=True)
    assert (ended.to_at, ended.mended_at) == (NOW, None)


@pytest.mark.parametrize("url", [LIST + "index_2.html"])
def test_further_pages_are_not_watched(url):
    source = Source("news", (LIST, url))
    assert not gaps.is_watched(replace(TARGET, url=url, depth=1), source, KNOWN)
    assert gaps.is_watched(replace(TARGET, url=url, depth=0), source, None)


def test_an_article_lies_in_the_gap_of_its_time_once_that_has_ended():
    sign = Sign(NOW, "down", "")
    going_on = Gap("news", LIST, NOW - HOUR, None, "", NOW, "down", (sign,))
    ended = replace(going_on, to_at=NOW + HOUR)
    assert gaps.around([going_on], NOW) is None
    assert [gaps.around([ended], NOW + n * HOUR) is ended for n in (-1, 0, 1, 2)] == [False, True, True, False]


def test_a_visit_in_time_has_no_sign_of_any_gap():
    assert gaps.answered(TARGET, SOURCE, Found(3, [NOW - DAY]), NOW - 40 * MINUTE, before=Before(KNOWN)) is None


# -- whoever reads


def spans(store, start, now, **options):
    return [(row["source"], row["kind"]) for row in spanning(store.db, start, now, **options)]


def gap(start, end, *, source="news", mended=None):
    sign = Sign(start, "down", "status 503")
    return Gap(source, LIST, start, end, "status 503", start, "down", (sign,), mended)


def test_an_answer_spans_what_reaches_into_its_time(store):
    for one in (gap(NOW - 5 * HOUR, NOW - 4 * HOUR), gap(NOW - 3 * HOUR, None), gap(NOW - 9 * HOUR, NOW, mended=NOW)):
        store._gaps.write(one)
    assert spans(store, NOW - 2 * HOUR, NOW) == [("news", "down")]
    assert len(spans(store, NOW - 4.5 * HOUR, NOW)) == 2
    assert len(spans(store, None, NOW, mended=True)) == 3
    assert spans(store, None, NOW - 6 * HOUR) == []
    assert spans(store, None, NOW, source="other") == []


def test_a_source_that_nobody_asks_has_a_gap_before_anybody_writes_it_down(web, store, clock):
    shows(web, 1, 2, 3)
    crawled(web, store, clock)
    assert spans(store, None, clock.now + 15 * MINUTE) == []
    assert spans(store, None, clock.now + 2 * HOUR) == [("news", "outage")]
    assert spans(store, None, clock.now + 2 * HOUR, watched=["another"]) == []


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """A folder with the database of a source that fails now, the web, and the time."""
    folder, web, clock = tmp_path_factory.mktemp("gaps"), Web(), Clock()
    with open_store(folder / "then.db", clock=clock) as store:
        shows(web, 1, 2, 3, read=True)
        crawled(web, store, clock)
        fails(web)
        crawled(web, store, clock)
    clock.now += MINUTE
    return folder, web, clock


def said(folder, clock, monkeypatch, *arguments):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KUAIXUN_DATABASE", "then.db")
    monkeypatch.setattr(console, "now", lambda as_of=None: as_of or clock.now)
    for module in ("_gaps", "gaps", "status", "sources"):
        monkeypatch.setattr(f"crawler.commands.{module}.now", console.now)
    result = CliRunner().invoke(cli, arguments, prog_name="kuaixun")
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize(
    "command",
    [
        ("latest",),
        ("latest", "--headlines", "--json"),
        ("search", "存款", "--json"),
        ("story", "1"),
        ("export", "-", "--quiet"),
        ("sources",),
        ("status", "--json"),
    ],
    ids=" ".join,
)
def test_every_command_that_reads_names_the_gap_beside_its_answer(failing, monkeypatch, command):
    folder, _, clock = failing
    result = said(folder, clock, monkeypatch, *command)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("gap:")]
    assert line == f"gap: news not seen since {_gaps.moment(START + 20 * MINUTE)} (down: status 503)"
    assert "gap:" not in result.stdout


def test_the_command_lists_them_with_their_evidence(failing, monkeypatch, tmp_path):
    folder, web, now = failing
    (tmp_path / "then.db").write_bytes((folder / "then.db").read_bytes())
    clock = Clock(now.now)

    def told(*arguments):
        return said(tmp_path, clock, monkeypatch, "gaps", *arguments).stdout

    assert "status 503" in told()
    (row,) = map(json.loads, told("--json").splitlines())
    assert (row["kind"], row["to_at"], row["evidence"][0]["reason"]) == ("down", None, "status 503")
    assert told("--source", "other") == "No gap.\n"
    shows(web, 3, 2, 1)
    with open_store(tmp_path / "then.db", clock=clock) as store:
        crawled(web, store, clock)
    assert told() == "No gap.\n"
    assert "down" in told("--all")
    assert "goes on" in told("--as-of", now.now.isoformat())
    assert told("--all", "--since", clock.now.isoformat()) == "No gap.\n"


def row(source, kind="down", end=None, url=LIST):
    return {"source": source, "kind": kind, "url": url, "from_at": stamp(NOW), "to_at": end, "reason": "status 503"}


def test_at_most_three_sources_are_named_those_first_that_are_not_seen_now():
    rows = [row(name, end=stamp(NOW + n * HOUR)) for n, name in enumerate("abcd")] + [row("e"), row("e")]
    told = _gaps.lines(rows)
    assert [line.split()[1] for line in told] == ["e", "d", "c", "and"]
    assert (told[0][-17:], told[-1]) == ("; and 1 more time", "gap: and 2 more sources; `kuaixun gaps` lists all")


def test_sources_that_nobody_asks_are_one_line():
    (told,) = _gaps.lines([row(name, "outage", url=None) for name in "abcd"])
    assert told.startswith("gap: 4 sources not asked since ")


# -- killed at any moment


def passes(database, kill_at):
    """A process that crawls a site which fails and comes back, killed when it asks for the `kill_at`-th time."""
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        web, clock, count = Web(), Clock(), 0
        answer = web.answer

        def watched(request):
            nonlocal count
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer(request)

        web.answer = watched
        with open_store(database, clock=clock) as store:
            known = store.rhythm(LIST)
            clock.now = max(START, known.seen_at if known else START)
            for n, status in enumerate((200, 503, 503, 403, 200, 503, 200)):
                shows(web, *range(n + 3, n, -1)) if status == 200 else fails(web, status)
                crawled(web, store, clock, 30 * MINUTE)
    finally:
        os._exit(0)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_after_any_kill_the_gaps_of_a_list_are_whole_and_apart(tmp_path):
    for kill_at in random.Random(1).sample(range(1, 30), 20):
        database = tmp_path / f"{kill_at}.db"
        passes(database, kill_at)
        passes(database, 0)
        with open_store(database) as store:
            found = rows(store, "from_at, coalesce(to_at, '9'), noted_at")
            assert all(start <= noted <= end for start, end, noted in found)
            assert all(before[1] <= after[0] for before, after in itertools.pairwise(found)), kill_at
            assert all(end != "9" for _, end, _ in found)


def test_the_gaps_and_claims_of_an_earlier_version_are_kept_and_judged(tmp_path):
    path, at = tmp_path / "old.db", stamp(NOW)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        old = Database(connection)
        migrations.apply(old, stop_before="m013_gaps_and_claims")
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute("ALTER TABLE articles ADD COLUMN published_precision TEXT")
        old["gaps"].insert({"source": "news", "url": LIST, "from_at": at, "to_at": at, "reason": "x", "noted_at": at})
        old["stories"].insert({"id": 1, "first_article": 1, "first_seen_at": at, "last_seen_at": at, "key": "k"})
        claims = {1: ("2026-03-20T21:00:00+08:00", "minute"), 2: ("1970-01-01T00:00:00+00:00", "day"), 3: (None, None)}
        claims |= {4: ("2026-03-21T00:00:00+08:00", "day"), 5: ("2026-03-20T20:03:00+08:00", "minute")}
        for n, (claim, precision) in claims.items():
            keys = {"url_key": str(n), "text_key": "", "title_key": n, "told_at": at, "story_id": 1}
            text = {"url": str(n), "title": "t", "text": "t", "published_at": claim, "published_precision": precision}
            old["articles"].insert({"id": n, "first_seen_at": at, "last_seen_at": at, **keys, **text})
    with open_store(path) as store:
        assert rows(store, "source, url, kind, from_at, to_at, mended_at") == [("news", LIST, "overrun", at, at, None)]
        (gap,) = store.gaps("news")
        assert [sign.kind for sign in gap.signs] == ["overrun"]
        flags = dict(store.db.execute("SELECT id, published_flag FROM articles").fetchall())
        assert flags == {1: "future", 2: "impossible", 3: None, 4: None, 5: None}
        assert store.db.execute("SELECT count(*) FROM freshness, news").fetchone()[0] == 0
