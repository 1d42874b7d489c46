"""The fleet as processes, on a throw-away PostgreSQL: the same content, the same manners, whatever breaks meanwhile.

The limits after which a worker is given up are shortened; what follows from them is not.
"""

from __future__ import annotations

import itertools
import json
import random
import signal
import threading
import time
from contextlib import closing, contextmanager

import pytest

from storage import open_store
from storage.check import problems
from storage.digest import content_hash
from tests import fleet_lab as lab
from tests.fleet_web import News, serve

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(lab.missing()), reason=lab.missing())]

QUICK = """
import crawler.fleet.engine as engine, crawler.fleet.hub as hub, crawler.fleet.worker as worker
engine.SILENT, hub.SILENT, worker.LEASE, worker.BEAT, hub.BEAT, hub.AGAIN = 4.0, 4.0, 2.0, 0.5, 0.5, 0.5
"""
PATIENT = QUICK + "engine.SILENT, hub.SILENT, worker.LEASE = 12.0, 12.0, 6.0\n"
DELAY = 0.05
HOSTS, PAGES = 20, 20
numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A PostgreSQL with a database `ready`, in which the queue is set up."""
    with lab.postgres() as running:
        running.execute("CREATE DATABASE ready")
        site = lab.Site(tmp_path_factory.mktemp("ready"), running.dsn("ready"))
        code, said = site.run("fleet", "init")
        assert code == 0, said
        yield running


@contextmanager
def at(folder, server, *, template="ready", patch=QUICK):
    """A folder whose queue is a database of its own; all that was begun there is over afterwards."""
    name = f"t{next(numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    folder.mkdir(exist_ok=True)
    with closing(lab.Site(folder, server.dsn(name), patch)) as site:
        yield site
        said = [machine.text() for machine in site.running]
        assert lab.secrets(said) == []
        assert [text for text in said if "Traceback" in text] == []


@pytest.fixture
def site(tmp_path, server):
    with at(tmp_path / "site", server) as made:
        yield made


def look(site, sql="SELECT count(*) FROM articles"):
    """The rows of a query to the database of a site."""
    with open_store(site.folder / "news.db", readonly=True) as store:
        return store.db.execute(sql).fetchall()


def content(site):
    """The hash of all that was stored, after a look for what is wrong and for what was committed twice."""
    with open_store(site.folder / "news.db") as store:
        assert list(map(str, problems(store.db))) == []
        twice = (
            "SELECT url, count(*) FROM visits WHERE status = 200 AND kind = 'article' GROUP BY url HAVING count(*) > 1"
        )
        assert store.db.execute(twice).fetchall() == []
        return content_hash(store.db)


def crawled(folder, web):
    """What a crawl on one machine stores."""
    folder.mkdir(exist_ok=True)
    with closing(lab.Site(folder)) as site:
        site.configure(web, delay=0.02)
        code, said = site.run("crawl", "--quiet")
        assert code == 0, said
        return content(site)


# -- the same content and the same manners


def test_the_fleet_and_one_machine_take_turns_with_the_same_database(tmp_path, server):
    """Two days, each crawled by either: the content is equal, the manners are kept, nothing is asked twice."""
    news = News(4, 12, delays={"127.1.0.1": 0.12}, busy={"127.1.0.2": 1})
    pauses = {host: news.delays.get(host, DELAY) for host in news.hosts}
    found = []
    with serve(news.hosts, news.answer) as web:
        for order in (("crawl", "collect"), ("collect", "crawl")):
            with at(tmp_path / order[0], server, patch=PATIENT) as site:
                site.configure(web, delay=DELAY)
                read = [0, 0]
                for day, how in enumerate(order):
                    news.begin_again(articles=12 + 6 * day)
                    web.log.clear()
                    one_day(site, how)
                    assert (how, web.log.overlaps(), web.log.hasty(pauses), waits(web.log)) == (how, [], [], [])
                    assert (how, set(web.log.robots().values()) <= {1}, web.log.again()) == (how, True, 0)
                    read[day] = sum(each.path.startswith("/news/") and each.status == 200 for each in web.log)
                assert sum(read) == news.stored()
                found.append((look(site), content(site)))
    assert found[0] == found[1]
    assert found[0][0] == [(news.stored(),)]


def one_day(site, how):
    """One pass by one machine, or by two workers and a collector."""
    workers = [site.worker(number) for number in range(2)] if how == "collect" else []
    command = ["fleet", "collect", "--once", "--force"] if how == "collect" else ["crawl", "--force"]
    code, said = site.run(*command)
    assert code == 0, said
    for worker in workers:
        assert worker.end() == 0, worker.text()


def waits(log):
    """Requests that came before a host that had refused wanted to be asked again."""
    found = []
    for rows in log.hosts().values():
        for before, after in itertools.pairwise(rows):
            if before.status == 429 and after.begin < before.end + 1:
                found.append(after)
    return found


# -- what breaks


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A web, what a crawl of it stores when nothing breaks, and the folder where it did."""
    news, folder = News(HOSTS, PAGES), tmp_path_factory.mktemp("whole")
    with serve(news.hosts, news.answer) as web:
        yield news, web, crawled(folder, web), folder


@contextmanager
def unharmed(big, site, *, workers=2, delay=0.1, twice=0.02):
    """A crawl by workers, during which the block breaks things: nothing is lost, impolite or asked twice too often.

    The goal is one request of a hundred; what is printed says how many it was, chance may double it.
    """
    news, web, whole, _ = big
    web.log.clear()
    site.configure(web, delay=delay)
    crew = [site.worker(number, concurrency=HOSTS) for number in range(workers)]
    yield crew, web.log
    robots = web.log.robots()
    print(f"{len(web.log)} requests, {web.log.again()} of them again, robots.txt {sum(robots.values())} times")
    assert web.log.overlaps() == []
    assert web.log.hasty(delay) == []
    assert sum(robots.values()) <= HOSTS + 1
    assert web.log.again() <= twice * news.requests()
    assert (look(site), content(site)) == ([(news.stored(),)], whole)


def advance(log, collector, pages):
    """Wait until so many more requests have ended; they must, as long as the collector has not."""
    goal = len(log) + pages
    assert lab.until(lambda: len(log) >= goal or (None if collector.process.poll() is not None else False), every=0.02)


def test_ten_killed_workers_lose_nothing(big, site):
    seed = random.randrange(1_000_000)
    dice = random.Random(seed)
    print(f"seed {seed}")
    # The longer the pauses, the less is under way at any moment, as with real hosts.
    with unharmed(big, site, workers=4, delay=0.8) as (crew, log):
        collector = site.collect("--once")
        for kill in range(10):
            advance(log, collector, dice.randint(10, 40))
            crew.pop(dice.randrange(len(crew))).kill()
            crew.append(site.worker(100 + kill, concurrency=HOSTS))
        assert collector.wait() == 0


def test_collector_and_postgresql_may_be_killed(big, site, server):
    """And PostgreSQL be stopped in good order, which cuts all connections too: shorter than any limit."""
    site.patch = PATIENT
    with unharmed(big, site, twice=0.03) as (_, log):
        for _ in range(2):
            collector = site.collect("--once")
            advance(log, collector, 80)
            collector.kill()
        collector = site.collect("--once")
        for end in (server.stop, server.kill):
            advance(log, collector, 80)
            end()
            time.sleep(0.5)
            server.start()
        assert collector.wait() == 0


@pytest.mark.skipif(not lab.faked_clock(), reason="no libfaketime: install Debian's `libfaketime`")
def test_the_clock_of_a_worker_is_not_believed(tmp_path, server):
    """It is a day ahead, and works before there is anybody to tell it the time."""
    news = News(2, 8)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server) as site:
        site.configure(web, delay=DELAY)
        worker = site.worker(env=lab.wrong_clock("+1d"))
        assert lab.until(lambda: rows(server, site, "SELECT 1 FROM kuaixun.kuaixun_parcels WHERE addressee = 'worker'"))
        begun = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        assert site.collect("--once").wait() == 0
        assert worker.end() == 0
        ended = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
        times = [at for (at,) in look(site, "SELECT at FROM visits UNION SELECT first_seen_at FROM articles")]
        assert [at for at in times if not begun <= at[:19] <= ended] == []
        assert look(site) == [(news.stored(),)]


def rows(server, site, sql):
    """What is in the queue of a site."""
    return server.execute(sql, site.dsn.rpartition("/")[2])


def test_cut_cables_are_survived(big, site, server):
    """One worker is cut off for longer than its jobs are kept for it, and another does not run for so long; then the
    collector is cut off, and at last all connections are reset.
    """
    with lab.cable(server.port) as left, lab.cable(server.port) as right, unharmed(big, site, delay=0.4) as (crew, log):
        database = site.dsn.rpartition("/")[2]
        site.worker(8, concurrency=HOSTS, dsn=server.dsn(database, port=left.port))
        collector = site.collect("--once", dsn=server.dsn(database, port=right.port))
        advance(log, collector, 80)
        left.cut()
        crew[0].process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        left.heal()
        crew[0].process.send_signal(signal.SIGCONT)
        advance(log, collector, 80)
        right.cut()
        time.sleep(2)
        right.heal()
        advance(log, collector, 80)
        left.reset()
        right.reset()
        assert collector.wait() == 0


def test_a_result_that_arrives_twice_changes_nothing(tmp_path, server):
    """The queue does not hear that a result was stored, and gives it to the next collector too."""
    deaf = """
        CREATE FUNCTION kuaixun.deaf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER deaf BEFORE UPDATE OR DELETE ON kuaixun.kuaixun_parcels FOR EACH ROW
        WHEN (OLD.addressee = 'collect') EXECUTE FUNCTION kuaixun.deaf();
    """
    news = News(3, 8)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server, patch=PATIENT) as site:
        site.configure(web, delay=DELAY)
        rows(server, site, deaf)
        site.worker()
        assert site.collect("--once").wait() == 0
        before = content(site), len(web.log)
        assert rows(server, site, "SELECT count(*) FROM kuaixun.kuaixun_parcels WHERE addressee = 'collect'") != [(0,)]
        assert site.collect("--once").wait() == 0
        assert (content(site), len(web.log)) == before
        assert before[0] == crawled(tmp_path / "alone", web)


CUT = """
    CREATE SEQUENCE kuaixun.cuts;
    CREATE FUNCTION kuaixun.cut() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
        IF nextval('kuaixun.cuts') BETWEEN 3 AND 6 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN coalesce(NEW, OLD);
    END$$;
    CREATE TRIGGER cut BEFORE {at} FOR EACH ROW {when} EXECUTE FUNCTION kuaixun.cut();
"""
CUTS = {
    "the start of a job": ("UPDATE ON kuaixun.procrastinate_jobs", "WHEN (NEW.status = 'doing')"),
    "the end of a job": ("DELETE ON kuaixun.procrastinate_jobs", "WHEN (OLD.status = 'doing')"),
    "a sign of life": ("UPDATE ON kuaixun.procrastinate_workers", ""),
}


@pytest.mark.parametrize("what", CUTS)
def test_a_connection_that_breaks_under_the_queue_holds_up_nobody(tmp_path, server, what):
    """A few times, while all others are whole: whose job was at its end is done, and nobody's is given away."""
    news = News(3, 12)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server) as site:
        site.patch = PATIENT
        site.configure(web, delay=0.6)
        rows(server, site, CUT.format(at=CUTS[what][0], when=CUTS[what][1]))
        registered = "SELECT last_value FROM kuaixun.procrastinate_workers_id_seq"
        first = rows(server, site, registered)[0][0] + 1
        worker = site.worker()
        assert site.collect("--once").wait() == 0
        assert (web.log.overlaps(), web.log.hasty(0.6), web.log.again()) == ([], [], 0)
        assert look(site) == [(news.stored(),)]
        assert worker.end() == 0
        assert rows(server, site, "SELECT last_value > 6 FROM kuaixun.cuts") == [(True,)]
        assert (what == "a sign of life") == (rows(server, site, registered) == [(first,)])


UNHEARD = """
    CREATE SEQUENCE kuaixun.signs;
    CREATE FUNCTION kuaixun.unheard() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {what} RETURN NEW; END$$;
    CREATE TRIGGER unheard BEFORE UPDATE ON kuaixun.procrastinate_workers
    FOR EACH ROW EXECUTE FUNCTION kuaixun.unheard();
"""


def test_a_worker_whose_sign_of_life_cannot_be_written_drops_what_it_is_at(tmp_path, server):
    """It reads as well as ever, and works on; but its jobs are another's when it has been silent for so long."""
    is_first = "OLD.id = (SELECT min(id) FROM kuaixun.procrastinate_workers)"
    first = f"IF {is_first} THEN RAISE 'no space' USING ERRCODE = 'disk_full'; END IF;"
    news = News(2, 8, latency=2.0)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server, patch=PATIENT) as site:
        site.configure(web, delay=1.0)
        site.worker(0)
        collector = site.collect("--once")
        advance(web.log, collector, 4)
        site.worker(1)
        rows(server, site, UNHEARD.format(what=first))
        assert collector.wait() == 0
        assert (web.log.overlaps(), web.log.hasty(1.0)) == ([], [])
        assert web.log.again() <= 2 * len(web.hosts)
        assert look(site) == [(news.stored(),)]


def test_a_job_is_not_given_to_another_because_its_worker_was_not_heard_of_before_it_began(tmp_path, server):
    """The connection of a sign of life dies while there is nothing to do."""
    dies = "IF nextval('kuaixun.signs') <= 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
    news = News(4, 2, latency=2.0)
    patch = PATIENT + "engine.SILENT, hub.SILENT, worker.LEASE, worker.BEAT = 9.0, 9.0, 6.0, 3.0\n"
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server, patch=patch) as site:
        site.configure(web, delay=0.5)
        rows(server, site, UNHEARD.format(what=dies))
        site.worker(0)
        site.worker(1)
        assert lab.until(lambda: rows(server, site, "SELECT last_value > 1 FROM kuaixun.signs") == [(True,)])
        time.sleep(10)
        assert site.collect("--once").wait() == 0
        assert (web.log.overlaps(), web.log.hasty(0.5), web.log.again()) == ([], [], 0)
        assert look(site) == [(news.stored(),)]


def test_the_clock_of_postgresql_may_be_set(tmp_path, server):
    """Ahead by an hour: nobody's job is given to another. Back by a day: who dies then keeps no job for that long."""
    news = News(4, 3, latency=3.0)
    set_by = "UPDATE kuaixun.procrastinate_workers SET last_heartbeat = last_heartbeat + interval '{} hours'"
    known = "SELECT count(*) FROM kuaixun.procrastinate_workers"
    doing = "SELECT count(*) FROM kuaixun.procrastinate_jobs WHERE status = 'doing'"
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server, patch=PATIENT) as site:
        site.configure(web, delay=0.2)
        workers = [site.worker(number) for number in range(3)]  # one is enough: the others take what is given away
        assert lab.until(lambda: rows(server, site, known) == [(3,)])
        collector = site.collect("--once")
        assert lab.until(lambda: rows(server, site, doing) == [(4,)], every=0.02)
        for _ in range(15):
            rows(server, site, set_by.format(-1))
            time.sleep(0.1)
        advance(web.log, collector, 5)
        assert (web.log.overlaps(), web.log.hasty(0.2), web.log.again()) == ([], [], 0)
        assert lab.until(lambda: rows(server, site, doing) == [(4,)], every=0.02)
        for worker in workers:
            worker.process.send_signal(signal.SIGSTOP)
        rows(server, site, set_by.format(24))
        site.worker(3)
        assert collector.wait() == 0
        assert look(site) == [(news.stored(),)]


@pytest.mark.parametrize("what", ["fetch_job_v2", "finish_job_v1"])
def test_a_connection_that_falls_silent_holds_up_nobody(tmp_path, server, what):
    """It is never answered, nor does it end, while all others are whole: as of a proxy that forgot it."""
    news, hush = News(3, 12), (f"procrastinate_{what}".encode(), 4)
    with (
        serve(news.hosts, news.answer) as web,
        at(tmp_path / "site", server) as site,
        lab.cable(server.port, hush) as cable,
    ):
        site.patch = PATIENT + "engine.LATE, engine.LARGE = 2.0, 0\n"
        site.configure(web, delay=0.3)
        worker = site.worker(dsn=server.dsn(site.dsn.rpartition("/")[2], port=cable.port))
        assert site.collect("--once").wait() == 0
        assert (web.log.overlaps(), web.log.hasty(0.3), web.log.again()) == ([], [], 0)
        assert look(site) == [(news.stored(),)]
        assert worker.end() == 0
        assert cable.hushed > 4


def test_who_is_stopped_ends_also_while_postgresql_is_silent(tmp_path, server):
    """In the middle of its requests: worker and collector are cut off, and the cable stays so."""
    news = News(3, 12)
    with (
        serve(news.hosts, news.answer) as web,
        lab.cable(server.port) as cable,
        at(tmp_path / "site", server, patch=PATIENT + "engine.ENDING, engine.LATE = 2.0, 2.0\n") as site,
    ):
        site.configure(web, delay=0.3)
        site.dsn = server.dsn(site.dsn.rpartition("/")[2], port=cable.port)
        worker, collector = site.worker(), site.collect("--quiet")
        advance(web.log, collector, 6)
        cable.cut()
        worker.process.terminate()
        collector.process.terminate()
        assert (worker.wait(90), "Stopped" in worker.text()) == (0, True)
        assert collector.wait(90) == 0


def test_what_the_queue_did_not_hear_to_be_stored_is_told_again(tmp_path, server):
    """Else it would lie there, and be taken for the answer to the same question later."""
    news = News(3, 12)
    cut = CUT.format(at="UPDATE ON kuaixun.kuaixun_parcels", when="WHEN (OLD.addressee = 'collect')")
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server, patch=PATIENT) as site:
        site.configure(web, delay=0.3)
        rows(server, site, cut.replace("BETWEEN 3 AND 6", "BETWEEN 3 AND 14"))
        site.worker()
        assert site.collect("--once").wait() == 0
        assert rows(server, site, "SELECT last_value > 14 FROM kuaixun.cuts") == [(True,)]
        left = rows(server, site, "SELECT name FROM kuaixun.kuaixun_parcels WHERE addressee = 'collect'")
        assert len(left) <= len(web.hosts)  # the last of each, when it ended


def test_a_queue_whose_making_anew_breaks_off_is_used_as_before(tmp_path, server):
    """In the middle of it the cable is cut for good, so that PostgreSQL does not hear the end of it."""
    news = News(2, 12)
    with (
        serve(news.hosts, news.answer) as web,
        lab.cable(server.port, (b"CREATE TABLE kuaixun_parcels", 1)) as cable,
        at(tmp_path / "site", server, patch=QUICK + "engine.LATE = 4.0\n") as site,
    ):
        site.configure(web, delay=0.3)
        site.worker()
        collector = site.collect("--once")
        advance(web.log, collector, 6)
        init = site.start("fleet", "init", "--again", dsn=server.dsn(site.dsn.rpartition("/")[2], port=cable.port))
        assert lab.until(lambda: cable.hushed == 1)
        assert collector.wait() == 0
        assert look(site) == [(news.stored(),)]
        assert init.wait() == 4, init.text()


# -- bad days


def bad(server, how):
    """The DSN of a queue that cannot be used, and the Python that makes it so."""
    name = f"t{next(numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {'postgres' if how == 'not set up' else 'ready'}")
    dsn, patch = server.dsn(name, user="locked", password=lab.PASSWORD), ""
    match how:
        case "no server":
            dsn = server.dsn(name, user="locked", password=lab.PASSWORD, port=lab.free_port())
        case "wrong password":
            dsn = server.dsn(name, user="locked", password=lab.PASSWORD + "x")
        case "older schema":
            patch = "import crawler.fleet.engine as engine; engine.SCHEMA += 1"
        case "no such database":
            dsn = server.dsn("nowhere", user="locked", password=lab.PASSWORD)
        case "no DSN at all":
            dsn = f"mysql:{lab.PASSWORD}"
    return dsn, patch


WORDS = {
    "wrong password": "authentication failed",
    "not set up": "kuaixun fleet init",
    "older schema": "kuaixun fleet init",
    "no such database": "nowhere",
    "no DSN at all": "postgresql://",
}


@pytest.mark.parametrize("how", WORDS)
def test_what_waiting_does_not_help_is_told_in_one_line(tmp_path, server, how):
    news = News(1, 4)
    dsn, patch = bad(server, how)
    with serve(news.hosts, news.answer) as web, closing(lab.Site(tmp_path, dsn, patch)) as site:
        site.configure(web, delay=0)
        commands = [["worker"], ["collect", "--once"], ["status"]]
        for machine in [site.start("fleet", *command) for command in commands]:  # at once
            code, said = machine.wait(), machine.text()
            lines = said.splitlines()
            assert (code not in (0, 1, 2, 70), lab.secrets([said])) == (True, []), said
            assert WORDS[how] in lines[-1], said
            assert len(lines) <= 2, said
        assert web.log == []


def test_who_cannot_reach_postgresql_says_so_once_and_waits(tmp_path, server):
    """Both begin before PostgreSQL does; the crawl by one machine goes on beside that."""
    news = News(2, 6)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "later", server) as site:
        site.configure(web, delay=0.02)
        site.dsn = server.dsn(site.dsn.rpartition("/")[2], user="locked", password=lab.PASSWORD)
        server.stop()
        try:
            waiting = [site.worker(), site.collect("--once")]
            assert lab.until(lambda: all("refused" in machine.text() for machine in waiting))
            whole = crawled(tmp_path / "alone", web)
        finally:
            server.start()
        assert waiting[1].wait() == 0
        assert [machine.text().count("refused") for machine in waiting] == [1, 1]
        assert waiting[0].end() == 0
        assert content(site) == whole


def test_a_full_disk_of_the_queue_is_told_and_waited_for(tmp_path, server):
    news = News(2, 6)
    full = """
        CREATE FUNCTION kuaixun.full() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END$$;
        CREATE TRIGGER is_full BEFORE INSERT ON kuaixun.procrastinate_jobs EXECUTE FUNCTION kuaixun.full();
    """
    with serve(news.hosts, news.answer) as web, at(tmp_path / "full", server) as site:
        site.configure(web, delay=0.02)
        rows(server, site, full)
        worker, collector = site.worker(), site.collect("--once")
        assert lab.until(lambda: "No space left" in collector.text()), collector.text()
        time.sleep(2)
        rows(server, site, "DROP TRIGGER is_full ON kuaixun.procrastinate_jobs")
        assert collector.wait() == 0
        assert collector.text().count("No space left") == 1
        assert look(site) == [(news.stored(),)]
        assert worker.end() == 0


def test_a_worker_of_another_version_is_refused(tmp_path, server):
    news = News(1, 4)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "old", server) as site:
        site.configure(web, delay=0.02)
        collector = site.collect("--once")
        site.patch = QUICK + "worker.VERSION = '0.0.1'; engine._QUEUE = 'kuaixun-0.0.1'"
        old = site.worker()
        assert old.wait() not in (0, 1, 2, 70)
        assert "0.0.1" in old.text().splitlines()[-1]
        assert web.log == []
        site.patch = QUICK
        worker = site.worker(1)
        assert collector.wait() == 0
        assert worker.end() == 0


# -- watching, and pages that kill


def test_a_page_that_kills_its_workers_is_put_aside_and_can_be_tried_again(tmp_path, server):
    news = News(2, 10)
    killer = "/news/100002.html"
    dying = f"""
import os
real = worker.Worker._answer
async def answer(self, ask, *more):
    if ask.url.endswith({killer!r}) and "127.1.0.1" in ask.url:
        os.kill(os.getpid(), 9)
    return await real(self, ask, *more)
worker.Worker._answer = answer
engine.TRIES = hub.TRIES = 2
"""
    with serve(news.hosts, news.answer) as web, at(tmp_path / "dying", server, patch=QUICK + dying) as site:
        site.configure(web, delay=0.02)
        over, kept = threading.Event(), threading.Thread(target=lambda: keep(site, over))
        kept.start()
        try:
            assert site.collect("--once").wait() == 0
        finally:
            over.set()
            kept.join()
        assert look(site) == [(news.stored() - 1,)]
        dead = json.loads(site.run("fleet", "status", "--json")[1])["dead"]
        assert [(each["url"].endswith(killer), "died" in each["reason"]) for each in dead] == [(True, True)]
        site.patch = QUICK
        assert site.run("fleet", "retry", "--all")[0] == 0
        site.worker(50)
        assert site.collect("--once").wait() == 0
        assert look(site) == [(news.stored(),)]
        assert json.loads(site.run("fleet", "status", "--json")[1])["dead"] == []


def keep(site, over):
    """Start a worker again whenever it has died."""
    number, machine = itertools.count(), None
    while not over.wait(0.1):
        if machine is None or machine.process.poll() is not None:
            machine = site.worker(next(number))


def test_the_daemon_is_watched_and_stopped(tmp_path, server):
    """`fleet collect` without --once, what `fleet status` says of it, and a second one."""
    news = News(3, 16)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server, patch=PATIENT) as site:
        site.configure(web, delay=0.2)
        worker, collector = site.worker(1), site.collect("--quiet")
        advance(web.log, collector, 12)
        code, said = site.run("fleet", "status", "--json")
        assert code == 0, said
        assert [each["name"] for each in json.loads(said)["workers"]] == ["w1"]
        code, said = site.run("fleet", "status")
        assert (code, "w1" in said) == (0, True), said
        assert lab.until(lambda: look(site) == [(news.stored(),)])
        assert collector.end() == 0, collector.text()
        assert worker.end() == 0, worker.text()
        assert (web.log.overlaps(), web.log.hasty(0.2), web.log.again()) == ([], [], 0)


# -- archives


@pytest.fixture(scope="module")
def archived(big):
    """A WARC file of all pages of a crawl; what one machine stores by an import of it, and by reading that again."""
    folder = big[-1]
    with closing(lab.Site(folder)) as site:
        for command in ("export", "import"):
            code, said = site.run(
                "archive", command, "pages.warc.gz", "--db", "news.db" if command == "export" else "imported.db"
            )
            assert code == 0, said
        (folder / "imported.db").replace(folder / "news.db")
        (folder / "imported.pages").replace(folder / "news.pages")
        imported = content(site)
        spoil(site)
        code, said = site.run("reextract", "--apply", "--quiet", "--samples", "0")
        assert code == 0, said
        return folder / "pages.warc.gz", imported, content(site)


def spoil(site):
    """As if other rules had read all articles, and seen no source."""
    with open_store(site.folder / "news.db") as store, store.db.atomic():
        store.db.execute("UPDATE articles SET rules = 'others', source = NULL")


def test_archives_are_read_by_the_workers_and_go_on_after_a_kill(archived, big, site):
    """The content is that of an import, and of a reading again, by one machine."""
    file, imported, again = archived
    site.configure(big[1])
    crew = [site.worker(number) for number in range(2)]
    importer = site.start("fleet", "import", str(file))
    time.sleep(2)
    importer.kill()
    crew[0].kill()
    crew.append(site.worker(3))
    code, said = site.run("fleet", "import", str(file))
    assert (code, content(site)) == (0, imported), said
    spoil(site)
    code, said = site.run("fleet", "reextract", "--apply")
    assert (code, content(site)) == (0, again), said


# -- what fresh eyes found


def test_a_second_collector_is_refused_and_the_first_goes_on(tmp_path, server):
    news = News(2, 16)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server, patch=PATIENT) as site:
        site.configure(web, delay=0.2)
        worker, collector = site.worker(1), site.collect("--quiet")
        advance(web.log, collector, 6)
        code, said = site.run("fleet", "collect", "--once", "--db", "other.db")
        assert (code, "one collector" in said, len(said.splitlines())) == (4, True, 1), said
        assert lab.until(lambda: look(site) == [(news.stored(),)])
        assert (collector.end(), worker.end()) == (0, 0)
        assert json.loads(site.run("fleet", "status", "--json")[1])["workers"] == []


def test_what_nobody_wants_any_more_is_not_asked(tmp_path, server):
    """A source that was taken out while its request waited."""
    news = News(3, 8)
    with serve(news.hosts, news.answer) as web, at(tmp_path / "site", server) as site:
        site.configure(web, delay=DELAY)
        collector = site.collect("--quiet")
        assert lab.until(lambda: len(rows(server, site, "SELECT 1 FROM kuaixun.procrastinate_jobs")) == 3)
        collector.kill()
        file = site.folder / "kuaixun.toml"
        file.write_text(file.read_text().rpartition("[sources.h2]")[0])
        collector = site.collect("--once")
        assert lab.until(lambda: len(rows(server, site, "SELECT 1 FROM kuaixun.procrastinate_jobs")) == 2)
        worker = site.worker(1)
        assert (collector.wait(), worker.end()) == (0, 0)
        assert {each.host for each in web.log} == set(web.hosts[:2])


def test_options_of_a_dsn_lead_to_the_same_queue(tmp_path, server):
    with at(tmp_path / "site", server) as site:
        site.dsn += "?options=-c%20statement_timeout%3D20000"
        code, said = site.run("fleet", "init", "--again")
        assert (code, site.run("fleet", "init")[0]) == (0, 4), said
        assert rows(server, site, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
