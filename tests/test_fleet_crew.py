"""Archives read by the workers of a fleet: the content of one machine, whatever dies; and how the fleet stands."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from storage import open_store
from storage.check import problems
from storage.digest import content_hash
from tests.test_import import page, url, write

pytest.importorskip("psycopg", reason="the extra `fleet` is not installed")
lab = pytest.importorskip("tests.fleet_lab")
engine = pytest.importorskip("crawler.fleet.engine")

pytestmark = pytest.mark.slow

QUICK = """
import crawler.fleet.engine as engine, crawler.fleet.worker as worker, crawler.fleet.hub as hub
engine.SILENT, hub.SILENT, worker.LEASE, worker.BEAT, hub.BEAT, hub.AGAIN = 6.0, 6.0, 4.0, 0.5, 0.5, 0.5
"""
DEADLY = """
import os, crawler.fleet.reads as reads
done = reads.Import.done
reads.Import.done = lambda self, head, body: os._exit(9) if b"100013.html" in head else done(self, head, body)
"""
PAGES = 90
numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A PostgreSQL with a database `ready`, in which the queue is set up."""
    with lab.postgres() as running:
        running.execute("CREATE DATABASE ready")
        code, said = lab.Site(tmp_path_factory.mktemp("ready"), running.dsn("ready")).run("fleet", "init")
        assert code == 0, said
        yield running


@pytest.fixture
def site(tmp_path, server):
    """A folder with a queue of its own."""
    name = f"c{next(numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE ready")
    (tmp_path / "site").mkdir()
    with closing(lab.Site(tmp_path / "site", server.dsn(name), QUICK)) as made:
        yield made
        assert [machine.text() for machine in made.running if "Traceback" in machine.text()] == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file of many pages, and what one machine makes of it: the folder, and the hash of its database."""
    folder = tmp_path_factory.mktemp("whole")
    # Some are equal, some are no articles, and one does not say what it is.
    pages = [(url(n, f"h{n % 5}.example"), page(n % 85)) for n in range(PAGES)]
    write(folder / "a.warc.gz", *pages, (url(9999), b"\x89PNG"), (url(8888), b""))
    site = lab.Site(folder)
    code, said = site.run("archive", "import", "a.warc.gz", "--db", "k.db", "--workers", "0", "--quiet")
    assert code == 0, said
    return folder, content(folder)


def content(folder):
    with open_store(folder / "k.db") as store:
        assert list(map(str, problems(store.db))) == []
        return content_hash(store.db)


def count(site, table="articles"):
    with closing(sqlite3.connect(site.folder / "k.db")) as db:
        try:
            return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def bring(site, whole, *options):
    shutil.copy(whole[0] / "a.warc.gz", site.folder)
    return site.start("fleet", "import", "a.warc.gz", "--db", "k.db", *options)


def asked(site, step):
    """What the queue of a site says to a function."""

    async def do():
        async with engine.Queue(site.dsn) as queue:
            return await step(queue)

    return asyncio.run(do())


def waiting(site):
    return asked(site, lambda queue: queue.run("SELECT queueing_lock FROM procrastinate_jobs"))


def test_an_import_outlives_its_workers_itself_and_the_queue(site, whole, server):
    """Two workers die, then the import; it goes on while the queue is made anew, and PostgreSQL starts again."""
    workers = [site.worker(number) for number in range(2)]
    first = bring(site, whole)
    assert lab.until(lambda: count(site) > 10, every=0.02)
    workers.pop().kill()
    workers.append(site.worker(2))
    first.kill()
    assert 10 < count(site) < PAGES
    again = bring(site, whole)
    assert lab.until(lambda: count(site) > 40, every=0.02)
    server.stop()
    server.start()
    assert again.wait() == 0, again.text()
    assert content(site.folder) == whole[1]
    assert "requests wait" not in again.text() or "pages wait" in again.text()
    third = bring(site, whole)
    assert third.wait() == 0 and "was imported already" in third.text()
    assert waiting(site) == []


def test_a_queue_that_is_made_anew_is_filled_again(site, whole):
    import_ = bring(site, whole)
    assert lab.until(lambda: len(waiting(site)) > 2)
    assert site.run("fleet", "init", "--again")[0] == 0
    site.worker(1)
    assert import_.wait() == 0, import_.text()
    assert (content(site.folder), "no worker" in import_.text()) == (whole[1], True)


def test_a_monitor_of_the_collector_sees_the_fleet(site):
    port = lab.free_port()
    seeds = '[sources.a]\nseeds = ["http://127.0.0.1:1/"]\n'
    (site.folder / "kuaixun.toml").write_text(f"[settings]\nmetrics_port = {port}\n{seeds}")
    asked(site, lambda queue: queue.put("dead 1", "dead", b"{}"))
    site.worker(1)
    site.collect()

    def told():
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return dict(re.findall(r"^kuaixun_fleet_(\w+) (\S+)$", answer.read().decode(), re.MULTILINE))

    assert lab.until(lambda: told() == {"waiting": "0.0", "workers": "1.0", "given_up": "1.0"}), told()


def test_what_waiting_does_not_help_is_said_before_anything_is_made(site, whole, server):
    server.execute("CREATE DATABASE bare")
    for name, text in (("bare", "kuaixun fleet init"), ("nowhere", "does not exist")):
        site.dsn = server.dsn(name)
        import_ = bring(site, whole, "--quiet")
        assert (import_.wait(), text in import_.text(), import_.text().count("\n")) == (4, True, 1), import_.text()
    assert not (site.folder / "k.db").exists()


def test_an_import_goes_on_when_nobody_hears_what_it_says(site, whole):
    """Its stderr is a full disk, while it says that there is no worker."""
    shutil.copy(whole[0] / "a.warc.gz", site.folder)
    command = site.command("fleet", "import", "a.warc.gz", "--db", "k.db", "--quiet")
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            command,
            cwd=site.folder,
            env={**os.environ, "KUAIXUN_FLEET_DSN": site.dsn, "PYTHONPATH": str(lab.ROOT)},
            stderr=full,
        )
    site.running.append(lab.Machine(process, site.folder / "a.warc.gz"))
    assert lab.until(lambda: len(waiting(site)) > 2)
    time.sleep(2)
    site.worker(1)
    assert process.wait(240) == 0
    assert content(site.folder) == whole[1]


def test_a_page_that_kills_its_workers_costs_only_itself(site, whole):
    site.patch += DEADLY
    brought, workers = bring(site, whole), [site.worker(0)]

    def is_done():
        if workers[-1].process.poll() is not None:  # somebody starts another
            workers.append(site.worker(len(workers)))
        return brought.process.poll() is not None

    assert lab.until(is_done)
    assert (brought.wait(), len(workers)) == (0, engine.TRIES + 1), brought.text()
    assert count(site) >= PAGES - 1
    with closing(sqlite3.connect(site.folder / "k.db")) as db:
        errors = db.execute("SELECT url FROM visits WHERE error LIKE '%died of it%'").fetchall()
    assert errors == [(url(13, "h3.example"),)]


def test_what_a_killed_import_left_behind_goes(site, whole):
    killed = bring(site, whole)
    assert lab.until(lambda: len(waiting(site)) > 2)
    killed.kill()
    assert waiting(site)

    async def later(queue):
        await queue.run("UPDATE kuaixun_parcels SET at = at - make_interval(hours => 2)")
        await queue.tidy()
        await queue.tidy()
        await queue.check()  # the mark of the tables stays, however old they are
        return await queue.run("SELECT name FROM kuaixun_parcels WHERE addressee NOT IN ('schema', 'setup')")

    assert (asked(site, later), waiting(site)) == ([], [])


def test_a_second_reading_by_workers_gives_what_one_machine_gives(site, whole, tmp_path):
    for name in ("k.db", "k.pages"):
        shutil.copy(whole[0] / name, site.folder)
        shutil.copy(whole[0] / name, tmp_path)
    rules = "\n".join(
        f'[sources.h{n}]\nseeds = ["{url(1, f"h{n}.example")}"]\ndrop = ["p:last-child"]' for n in range(5)
    )
    for folder in (site.folder, tmp_path):
        (folder / "kuaixun.toml").write_text('[settings]\ndatabase = "k.db"\n' + rules)
    site.worker(1)
    dying = site.worker(2)
    code, said = lab.Site(tmp_path).run("reextract", "--apply", "--workers", "0", "--json")
    assert code == 0, said
    reading = site.start("fleet", "reextract", "--apply", "--json")
    assert lab.until(lambda: waiting(site) != [], every=0.02)
    dying.kill()
    assert reading.wait() == 0, reading.text()
    sums = [json.loads(text[text.index("{") :].splitlines()[0]) for text in (said, reading.text())]
    assert [sums[0][name] == sums[1][name] for name in ("different", "left_out", "fields")] == [True] * 3
    assert sums[0]["different"] > 60
    assert whole[1] != content(tmp_path) == content(site.folder)


def test_the_state_of_the_fleet_and_what_it_has_given_up(site):
    dead = json.dumps({"url": "http://a.example/1", "reason": "5 workers died over it", "at": "2026-03-20T02:00:00Z"})

    async def fill(queue):
        for number in range(3):
            await queue.put(f"dead {number}", "dead", dead.replace("/1", f"/{number}").encode())
        await queue.hand_out([engine.Job(f"k{n}", b"{}", "", f"h{n % 30}.example") for n in range(60)])

    asked(site, fill)
    code, said = site.run("fleet", "status")
    assert code == 1
    for text in (
        "http://a.example/1",
        "5 workers died",
        "no worker is at work",
        "no collector",
        "h19.example",
        "10 more",
    ):
        assert text in said
    assert site.run("fleet", "retry", "http://a.example/0", "--")[1].strip() == "1 address: asked again."
    assert site.run("fleet", "drop", "--all")[1].strip() == "2 addresses: forgotten."
    assert site.run("fleet", "drop", "--all")[0] == 1
    assert asked(
        site, lambda queue: queue.run("SELECT name, content FROM kuaixun_parcels WHERE addressee = 'again'")
    ) == [("dead 0", dead.replace("/1", "/0").encode())]
    worker = site.worker(7)
    assert lab.until(lambda: len(json.loads(site.run("fleet", "status", "--json")[1])["workers"]) > 0)
    told = json.loads(site.run("fleet", "status", "--json")[1])
    assert [(one["name"], one["version"]) for one in told["workers"]] == [("w7", "0.1.0")]
    assert told["wrong"] == ["no collector is at work; `kuaixun fleet collect` is one"]
    assert worker.end() == 0


BEGUN = """
    WITH gone AS (
        INSERT INTO procrastinate_workers (last_heartbeat) SELECT now() - make_interval(secs => %s) RETURNING id
    )
    UPDATE procrastinate_jobs SET status = 'doing', worker_id = gone.id FROM gone WHERE procrastinate_jobs.id = %s
    RETURNING worker_id
"""
JOBS = "SELECT id, queueing_lock, status::text, attempts FROM procrastinate_jobs ORDER BY id"


async def begun(queue, key, silent=60.0):
    """The number of a job that a worker began which was heard of so many seconds ago, and the worker's."""
    await queue.hand_out([engine.Job(key, b"{}", "", key, pause=30.0)])
    number = (await queue.run("SELECT max(id) FROM procrastinate_jobs"))[0][0]
    return number, (await queue.run(BEGUN, silent, number))[0][0]


def test_a_job_that_was_asked_for_again_does_not_hold_up_the_queue_when_its_worker_dies(site):
    """As a robots.txt whose worker died in the pause after it had answered that the server is overloaded."""

    async def step(queue):
        await begun(queue, "collect robots")
        await queue.hand_out([engine.Job("collect robots", b"{}", "", "collect robots", pause=30.0)])
        silent = await queue.signs()
        for job, _, _ in await queue.stalled("collect", await queue.signs()):
            await queue.again(job, 0, silent)
        return [row[1:] for row in await queue.run(JOBS)], await queue.stalled("collect", await queue.signs())

    assert asked(site, step) == ([("collect robots", "todo", 0)], [])


def test_a_job_that_was_given_to_another_is_not_ended_by_who_had_it(site):
    """Whose word was under way for long; and the other begins it after the pause that its host is due."""

    async def step(queue):
        number, _ = await begun(queue, "collect 1")
        await queue.again(number, 0, await queue.signs())
        with pytest.raises(engine.QueueError):
            await queue.run("SELECT procrastinate_finish_job_v1(%s, 'succeeded', true)", number)
        due = "SELECT scheduled_at - now() > make_interval(secs => 20) FROM procrastinate_jobs"
        return [row[1:] for row in await queue.run(JOBS)], await queue.run(due)

    assert asked(site, step) == ([("collect 1", "todo", 1)], [(True,)])


def test_a_job_whose_worker_is_heard_of_again_stays_with_it(site):
    async def step(queue):
        number, worker = await begun(queue, "collect 1")
        silent = await queue.signs()
        stalled = await queue.stalled("collect", silent)
        await queue.run("UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %s", worker)
        await queue.again(number, 0, silent)
        await queue.give_up(number, silent)
        gone, _ = await begun(queue, "collect 2")
        silent = await queue.signs()
        await queue.give_up(gone, silent)
        await queue.give_up(gone, silent)  # somebody else was quicker
        await queue.again(gone, 0, silent)
        return stalled == [(number, "collect 1", 1)], [row[1:] for row in await queue.run(JOBS)]

    assert asked(site, step) == (True, [("collect 1", "doing", 0)])


def test_numbers_of_a_queue_that_was_made_anew_were_never_given_before(site):
    """Who works on meanwhile must neither end what others do, nor be heard of in the place of one that has died."""

    async def step(queue):
        before = await begun(queue, "collect 1")
        await queue.make(again=True)
        return [new > old for old, new in zip(before, await begun(queue, "collect 2"), strict=True)]

    assert asked(site, step) == [True, True]


def test_many_large_jobs_have_their_time_on_a_slow_line(site, monkeypatch):
    """Longer than anything else may take; else they would be sent again and again."""
    monkeypatch.setattr(engine, "LATE", 1.0)
    wait = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END'"
    slow = "CREATE TRIGGER slow BEFORE INSERT ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION wait()"

    async def step(queue):
        await queue.run(wait)
        await queue.run(slow)
        await queue.hand_out([engine.Job(f"crew {n}", b"x" * 50_000, "", task="read") for n in range(30)])
        return len(await queue.run(JOBS))

    assert asked(site, step) == 30


def test_a_job_that_a_frozen_postgresql_process_holds_keeps_up_no_other(site, monkeypatch):
    """As of one that was stopped while it wrote the end of it."""
    monkeypatch.setattr(engine, "LATE", 3.0)

    async def step(queue):
        held, _ = await begun(queue, "collect 1")
        free, _ = await begun(queue, "collect 2")
        silent = await queue.signs()
        async with queue.pool.connection() as frozen, frozen.transaction():
            await frozen.execute("SELECT 1 FROM procrastinate_jobs WHERE id = %s FOR UPDATE", [held])
            await queue.again(held, 0, silent)
            await queue.give_up(held, silent)
            await queue.again(free, 0, silent)
        return [row[1:] for row in await queue.run(JOBS)]

    assert asked(site, step) == [("collect 1", "doing", 0), ("collect 2", "todo", 1)]
