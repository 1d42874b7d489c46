"""`kuaixun notice`, the feed, and the notices of the daemon: from the command line to what arrives."""

import asyncio
import json
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from config import Search
from crawler import postman
from crawler.cli import cli
from crawler.console import CONFIG, FETCH, NOTHING, STORAGE, USAGE
from crawler.couriers import Brought
from crawler.delivery import Delivery, write_feed
from crawler.demo.server import serve
from crawler.notices import collect, sending
from crawler.postman import Postman, see_to
from crawler.upkeep import Means
from storage import Article, Visit, notices, open_store, outbox
from storage.exporters._about import ExportError
from storage.times import utc_now

ATOM = "{http://www.w3.org/2005/Atom}"
ENDLESS = "(WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r)"
MINUTE, NOW = timedelta(minutes=1), datetime(2026, 3, 20, 8, tzinfo=UTC)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a configuration and an empty database."""
    for name in [name for name in os.environ if name.startswith("KUAIXUN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kuaixun.toml").touch()
    open_store(tmp_path / "kuaixun.db").close()
    return tmp_path


def put(number, title="储能{}", at=None, host="a.example", seed=None):
    """An article comes into the database of the folder."""
    at, url = at or utc_now(), f"http://{host}/{number}"
    chance = random.Random(number if seed is None else seed)
    text = "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(150))
    with open_store(Path("kuaixun.db")) as store:
        article = Article(url, title.format(number), text, at, site=host)
        store.save(Visit(url, url, "article", host, at, 200), article=article)


def run(*words, code=0):
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["notice", *words], prog_name="kuaixun")
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def titles(file):
    return [title.text for title in ElementTree.parse(file).iterfind(f"{ATOM}entry/{ATOM}title")]


@pytest.mark.slow
def test_from_add_to_a_feed_that_stays_the_same_until_there_is_more(here):
    put(1)
    told = run("add", "storage", "--search", "储能", "--feed", "out/news.atom")
    assert told.startswith("Wrote notices/storage.toml")
    put(2)
    put(3, "别的{}")
    assert run("send") == "1 notice sent.\n"
    file = here / "out" / "news.atom"
    assert (titles(file), run("send")) == (["储能2"], "0 notices sent.\n")
    before = file.read_bytes()
    put(4, host="b.example", seed=2, title="储能2")  # a copy
    file.unlink()
    run("send")
    assert file.read_bytes() == before
    put(5)
    run("send")
    assert titles(file) == ["储能5", "储能2"]
    (row,) = map(json.loads, run("list", "--json").splitlines())
    assert (row["sent"], row["state"], row["goes_to"]) == (2, "well", str(file))


@pytest.mark.slow
def test_test_shows_what_would_have_come_and_sends_when_it_is_told_to(here):
    put(1)
    put(2, host="b.example", seed=1, title="储能1")
    put(3, at=utc_now() - timedelta(days=3))
    script = "import sys, pathlib; pathlib.Path('out').write_text(sys.stdin.read(), 'utf-8')"
    run("add", "storage", "--search", "储能", "--command", shlex.join([sys.executable, "-S", "-c", script]))
    title, about, address, *_ = run("test", "storage").splitlines()
    assert (title, "a.example" in about, address) == ("储能1", True, "http://a.example/1")
    assert not (here / "out").exists()
    run("test", "storage", "--send")
    told = json.loads((here / "out").read_text("utf-8"))
    assert (told["test"], told["article"]["title"]) == (True, "储能1")
    assert run("send") == "0 notices sent.\n"


@pytest.mark.slow
def test_what_does_not_arrive_is_told_and_can_be_tried_again(here):
    run("add", "storage", "--search", "储能", "--command", "/no/such")
    put(1)
    assert "notices storage: `/no/such` cannot be run" in run("send", code=FETCH)
    assert "fails since" in run("list") and "1 waiting" in run("show", "storage")
    assert run("send") == "0 notices sent.\n"
    assert run("retry", "storage") == "storage: 1 notice to be sent again.\n"
    file = here / "notices" / "storage.toml"
    file.write_text(file.read_text("utf-8").replace("/no/such", "/bin/true"), "utf-8")
    assert run("send") == "1 notice sent.\n"


@pytest.mark.slow
def test_pause_resume_and_remove(here):
    run("add", "storage", "--search", "储能", "--command", "true")
    run("pause", "storage")
    put(1)
    assert run("send") == "0 notices sent.\n"
    assert "paused since" in run("list")
    run("resume", "storage")
    assert run("send") == "1 notice sent.\n"
    assert run("remove", "storage").splitlines() == ["Deleted notices/storage.toml.", "1 notice forgotten."]
    run("list", code=NOTHING)
    # Saved again it begins anew.
    run("add", "storage", "--search", "储能", "--command", "true", "--since", "2026-01-01T00:00Z")
    assert run("send") == "1 notice sent.\n"


def test_secrets_are_not_shown(here):
    address = "https://hooks.example/${HOOK_TOKEN}"
    run("add", "storage", "--search", "储能", "--webhook", address, "--header", "Authorization: Bearer plain-secret")
    for shown in (run("list"), run("list", "--json"), run("show", "storage"), run("show", "storage", "--json")):
        assert "https://hooks.example/…" in shown and "plain-secret" not in shown and "HOOK_TOKEN" not in shown
    put(1)
    assert "the variable HOOK_TOKEN is not set" in run("send", code=FETCH)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("a b", "--search", "x", "--feed", "f"), USAGE, "must be of letters"),
        (("a", "--search", "x"), USAGE, "one of --webhook, --command and --feed is needed"),
        (("a", "--search", "x", "--feed", "f", "--command", "true"), USAGE, "one of --webhook"),
        (("a", "--feed", "f"), CONFIG, "`search` is missing"),
        (("a", "--where", "colour = 1", "--feed", "f"), CONFIG, "no such column: colour"),
        (("a", "--search", "x", "--webhook", "nowhere"), CONFIG, "must be a web address"),
        (("a", "--search", "x", "--command", "'"), USAGE, "--command: No closing quotation"),
        (("a", "--search", "x", "--webhook", "http://a.example/", "--header", "X"), USAGE, "must be `Name: value`"),
        (
            ("a", "--search", "x", "--webhook", "http://a.example/${KUAIXUN_A}"),
            CONFIG,
            "`url` names the variable `KUAIXUN",
        ),
        (("a", "--search", "x", "--feed", "f", "--since", "2999-01-01T00:00Z"), USAGE, "is still to come"),
    ],
)
def test_what_cannot_be_saved_is_refused(here, words, code, told):
    assert told in run("add", *words, code=code)
    assert not (here / "notices").exists()


@pytest.mark.slow
def test_a_crawl_fills_the_outbox_and_the_doctor_says_what_failed(here):
    run("add", "storage", "--search", "储能", "--command", "/no/such")
    put(1)
    (here / "seeds.txt").write_text("http://127.0.0.1:9/\n")
    CliRunner().invoke(cli, ["crawl", "--seeds", "seeds.txt", "--quiet", "--delay", "0"])
    with open_store(here / "kuaixun.db", readonly=True) as store:
        assert outbox.states(store.db)[0]["waiting"] == 1
    run("send", code=FETCH)
    told = CliRunner().invoke(cli, ["doctor"]).stdout
    assert "note: notices storage: fails for" in told and "1 waiting; mend that" in told


def test_only_one_process_sends(here):
    with sending(here / "kuaixun.db"), pytest.raises(ExportError, match="Another process is sending notices"):
        see_to(here / "kuaixun.db", [], here, utc_now)


def test_a_feed_replaces_nothing_that_is_not_its_own(here):
    (here / "kuaixun.toml").write_text("delay = 2\n", "utf-8")
    (here / "folder").mkdir()
    write_feed_of(here / "other.atom", "other")
    before = {file: file.read_bytes() for file in here.iterdir() if file.is_file()}
    for taken in ("kuaixun.toml", "other.atom", "kuaixun.db", "folder"):
        assert f"{taken}`" in run("add", "a", "--search", "储能", "--feed", taken, code=STORAGE)
        with pytest.raises(ExportError, match=r"Name another|no export"):
            write_feed_of(here / taken, "a")
    assert not (here / "notices").exists()
    assert {file: file.read_bytes() for file in before} == before


def test_a_feed_replaces_what_it_was_and_an_empty_file(here):
    (here / "f.atom").touch()
    write_feed_of(here / "f.atom", "a")
    (here / "link").symlink_to("f.atom")
    write_feed_of(here / "link", "a")
    assert (titles(here / "f.atom"), (here / "link").is_symlink()) == ([], True)
    run("add", "a", "--search", "储能", "--feed", "f.atom")


def write_feed_of(path, name):
    with open_store(Path("kuaixun.db")) as store:
        write_feed(store, Search(name, "feed", search="储能", path=path), utc_now())


def test_the_list_says_why_a_search_fails_in_full_also_on_a_narrow_screen(here):
    run("add", "storage", "--search", "储能", "--feed", "f.atom")
    error = "HTTP status 301, a redirect, which is not followed: set `url` to the address that it leads to"
    with open_store(here / "kuaixun.db") as store:
        outbox.down(store, "storage", error, utc_now(), pause=MINUTE, most=9)
    told = CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["notice", "list"]).stdout.splitlines()
    assert told[-2] == "" and told[-1].startswith("storage: fails since") and told[-1].endswith(f": {error}")


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--search", "，"), ("--where", "1; DROP TABLE articles"), ("--where", "1) OR (")])
def test_what_can_find_nothing_is_refused(here, words):
    told = run("add", "a", *words, "--feed", "f", code=CONFIG)
    assert "has no letter or digit" in told or "is no condition" in told


# -- in the daemon


def post(here, search, until, said):
    """Let the postman of a daemon work until that is so."""

    async def go():
        with open_store(here / "kuaixun.db") as store:
            means = Means(said.append, searches=lambda: [search])
            worker = Postman(store, utc_now, means, here, every=0.005)
            living = asyncio.create_task(worker.live())
            async with asyncio.timeout(60):
                while not until():
                    await asyncio.sleep(0.005)
            await worker.end(living)

    asyncio.run(go())


def test_the_daemon_sends_what_comes_in_and_says_trouble_once(here):
    search, said = Search("storage", "command", search="储能", command=("/no/such",)), []
    collect_all(search)
    put(1)
    post(here, search, lambda: said, said)
    assert [(notice.kind, notice.is_trouble) for notice in said] == [("notices", True)]
    with open_store(here / "kuaixun.db") as store:
        outbox.retry(store, "storage", utc_now())
    good = Search("storage", "feed", search="储能", path=here / "f.atom")
    post(here, good, lambda: [notice for notice in said if "sent" in notice.text], said)
    assert titles(here / "f.atom") == ["储能1"]


@pytest.mark.slow
def test_what_arrives_again_is_said(here):
    (here / "f.atom").mkdir()
    search, said = Search("storage", "feed", search="储能", path=here / "f.atom"), []
    collect_all(search)
    put(1)

    def mend():
        if said and (here / "f.atom").is_dir():
            (here / "f.atom").rmdir()
            with open_store(here / "kuaixun.db") as store:
                outbox.retry(store, "storage", utc_now())
        return len(said) > 2

    post(here, search, mend, said)
    assert "f.atom` cannot be written" in said[0].text
    assert [notice.text for notice in said[1:]] == ["notices storage: they arrive again", "1 notice sent"]


@pytest.mark.slow
def test_the_real_daemon_sends_and_a_place_that_hangs_keeps_nothing_waiting(here):
    with serve() as demo, socket.create_server(("127.0.0.1", 0)) as hung:
        lines = ['contact = "a@b.example"', "delay = 0.01", 'allow_networks = ["127.0.0.0/8"]']
        lines += ["[sources.a]", f'seeds = ["{next(iter(demo.bases))}/"]']
        lines += ["[notices.hung]", 'to = "webhook"', 'where = "1"', 'max_age = "366d"']
        lines += [f'url = "http://127.0.0.1:{hung.getsockname()[1]}/"']
        lines += ["[notices.feed]", 'to = "feed"', 'where = "1"', 'max_age = "366d"', 'path = "f.atom"']
        (here / "kuaixun.toml").write_text("\n".join(lines), "utf-8")
        daemon = subprocess.Popen(
            [sys.executable, "-c", "from crawler.cli import main; main()", "run", "--quiet"], env=environment()
        )
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until and not ((here / "f.atom").exists() and titles(here / "f.atom")):
                threading.Event().wait(0.2)
            assert len(titles(here / "f.atom")) > 3
        finally:
            daemon.terminate()
            daemon.wait(20)
        with open_store(here / "kuaixun.db", readonly=True) as store:
            row = next(row for row in outbox.states(store.db) if row["name"] == "hung")
        assert row["waiting"] > 3 and row["sent"] == 0


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}


def collect_all(search):
    with open_store(Path("kuaixun.db")) as store:
        collect(store, [search], utc_now)


def test_a_fault_of_ours_is_said_once_and_ends_nothing(here, monkeypatch):
    said, looks = [], []

    def broken(*_):
        looks.append(1)
        raise RuntimeError("broken")

    monkeypatch.setattr(postman, "is_pending", broken)
    post(here, Search("a", "feed", search="b", path=here / "f"), lambda: len(looks) > 2, said)
    assert [notice.text for notice in said] == ["notices notices: a fault in kuaixun itself: RuntimeError: broken"]


def test_a_search_that_took_too_long_rests_until_it_is_another(here):
    endless, mended = (Search("a", "feed", where=where, path=here / "f") for where in ("endless", "1"))
    with open_store(here / "kuaixun.db") as store:
        worker = Postman(store, utc_now, Means(print), here, _slow={"a": (endless, NOW)})
    assert [worker._rests(endless, NOW + time) for time in (-MINUTE, 0 * MINUTE, 9 * MINUTE, postman.REST)] == [
        False, True, True, False
    ]  # fmt: skip
    assert not worker._rests(mended, NOW)


def test_the_daemon_lets_a_search_that_took_too_long_rest(here, monkeypatch):
    monkeypatch.setattr(notices, "SECONDS", 0.01)
    endless, said, rested = Search("a", "feed", where=ENDLESS, path=here / "f"), [], []
    really = postman.is_pending

    def is_pending(store, searches, now, resting):
        rested.append(resting)
        return really(store, searches, now, resting)

    monkeypatch.setattr(postman, "is_pending", is_pending)
    collect_all(endless)
    put(1)
    post(here, endless, lambda: len(rested) > 1, said)
    assert (len(said), rested[:2]) == (1, [set(), {"a"}])


def test_sql_without_end_is_not_saved(here, monkeypatch):
    monkeypatch.setattr(notices, "SECONDS", 0.01)
    put(1)
    assert "`where` takes more than 0.01 s" in run("add", "a", "--where", ENDLESS, "--feed", "f", code=CONFIG)
    assert not (here / "notices").exists()


# -- SIGKILL


def child(path, search, folder):
    """What a process does until it is killed: articles come in, notices are found and written down by a receiver."""

    def receive(search, notice, base, now, still):
        with (folder / "taken").open("a") as out:
            out.write(notice["key"] + "\n")
        return Brought()

    with open_store(path) as store:
        for _ in range(10_000):
            (number,) = store.db.conn.execute("SELECT coalesce(max(id), 0) FROM articles").fetchone()
            at, story = utc_now(), number - number % 3
            chance = random.Random(story)
            text = "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(150))
            url = f"http://{'abc'[number % 3]}.example/{number}"
            article = Article(url, f"储能{story}", text, at, site=url[7:16])
            store.save(Visit(url, url, "article", "a", at, 200), article=article)
            collect(store, [search], utc_now)
            Delivery(store, folder, utc_now, bring=receive).once([search])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_sigkill_at_any_moment_misses_nothing_and_doubles_nothing(here):
    search, path = Search("storage", "webhook", search="储能"), here / "kuaixun.db"
    collect_all(search)
    chance, kills = random.Random(1), 60
    for _ in range(kills):
        number = os.fork()
        if not number:
            try:
                child(path, search, here)
            finally:
                os._exit(1)
        threading.Event().wait(0.05 + chance.random() * 0.2)
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
    with open_store(path) as store:
        collect(store, [search], utc_now)
        stories = store.db.conn.execute("SELECT count(*) FROM stories").fetchone()[0]
        rows = store.db.conn.execute("SELECT key, state, story FROM outbox").fetchall()
    taken = (here / "taken").read_text().split()
    assert stories > kills / 2 and len(rows) == len({story for _, _, story in rows}) == stories
    sent = {key for key, state, _ in rows if state == "sent"}
    waiting = {key for key, state, _ in rows if state == "waiting"}
    # Whatever was noted as sent was taken; what was taken twice is at most one a kill.
    assert sent <= set(taken) <= sent | waiting
    assert len(taken) - len(set(taken)) <= kills
