"""`kuaixun run` as a process: what it says, and what becomes of it where that cannot be said."""

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.commands import run
from crawler.commands._log import Log
from crawler.commands._voice import Lasting, Outputs, Voice, lasting
from crawler.console import INTERRUPTED, STORAGE
from crawler.extract import columns
from crawler.screen import Live
from crawler.tally import Event, Notice
from crawler.vitals import Vitals
from storage import open_store
from storage.errors import StorageError

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
FULL = Path("/dev/full")


class Fickle(io.StringIO):
    """A stream that takes nothing while its disk is full."""

    full, has_buffer = False, True

    def write(self, text):
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)

    def flush(self):
        if self.full and self.has_buffer:
            raise OSError(28, "No space left on device")


def streams(monkeypatch):
    """Stdout and stderr of the process, from inside a test: before it pytest puts its own in their place."""
    out, err = Fickle(), Fickle()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    return out, err


def texts(stream):
    return [json.loads(line).get("text", "") for line in stream.getvalue().splitlines()]


def test_a_log_that_cannot_be_written_ends_nothing_and_what_is_lost_is_told_once(monkeypatch):
    _, err = streams(monkeypatch)
    vitals = Vitals()
    with lasting() as outputs:
        voice = Voice(Live(None), outputs, journal=Log(clock=lambda: NOW))
        voice.counted_by(vitals)
        err.full = True
        for number in range(3):
            voice.report(Event("new", f"http://a.example/{number}", "news", f"title {number}"))
        assert (vitals.lost(), err.getvalue()) == (3, "")
        err.full = False
        voice.say(Notice("clock", "four"))
        voice.say(Notice("clock", "five"))
    mended = "stderr can be written again; up to 3 lines of it got lost (No space left on device)"
    assert texts(err) == ["four", mended, "five"]


@pytest.mark.parametrize("has_buffer", [False, True])
def test_that_events_cannot_be_written_is_said_on_the_other_stream(monkeypatch, has_buffer):
    out, err = streams(monkeypatch)
    out.has_buffer = has_buffer
    with lasting() as outputs:
        voice = Voice(Live(None), outputs, to_json=True)
        out.full = True
        for number in range(3):
            voice.report(Event("new", f"http://a.example/{number}", "news"))
        out.full = False
        voice.report(Event("new", "http://a.example/4", "news"))
    assert err.getvalue().splitlines() == [
        "stdout cannot be written: No space left on device; the crawl goes on, and what it says is lost",
        "stdout can be written again; up to 3 lines of it got lost (No space left on device)",
    ]
    assert [json.loads(line)["url"] for line in out.getvalue().splitlines()] == ["http://a.example/4"]


def test_a_closed_stream_and_half_a_character_are_borne_too():
    narrow = Lasting(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), "stdout")
    narrow.write("\ud800\n")
    assert narrow.lost == 1
    narrow._stream.close()
    narrow.write("more\n")
    narrow.flush()
    narrow.let_go()
    assert narrow.lost == 2
    assert Outputs(narrow, narrow).lost() == 4


# -- what it says before it crawls, and at the end


def started(tmp_path, *options, before=lambda: None, monkeypatch):
    """The command in this process, with something that happens where the heavy parts would begin."""

    def crawl(*args, hup, **given):
        before()

        async def nothing():
            heard.append(hup.is_set())

        return nothing()

    heard = []
    monkeypatch.setattr("crawler.schedule.run", crawl)
    result = CliRunner().invoke(cli, ["run", "--config", str(tmp_path), "--db", str(tmp_path / "h.db"), *options])
    return result, heard


@pytest.fixture
def one_source(tmp_path):
    """A configuration with one source that can be used, and one that cannot."""
    (tmp_path / "kuaixun.toml").write_text('[sources.a]\nseeds = ["http://a.example/"]\n')
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "b.toml").write_text("sedes = []\n")
    return tmp_path


def test_every_line_of_the_log_is_json_also_while_another_process_writes(one_source, monkeypatch):
    open_store(one_source / "h.db", fields=columns()).close()
    real, held = run.patience, []

    def impatient(told):
        held.append(real(told))
        held[0].seconds = 1e-9
        return held[0]

    monkeypatch.setattr(run, "patience", impatient)
    with closing(sqlite3.connect(one_source / "h.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def write():
            with open_store(one_source / "h.db", timeout=0, patience=held[0]) as store:
                store.pause_source("a", NOW)

        result, _ = started(one_source, "--log", "json", before=write, monkeypatch=monkeypatch)
    lines = list(map(json.loads, result.stderr.splitlines()))
    assert [line["kind"] for line in lines] == ["settings", "waiting", "end"]
    assert "the source `b` is left out" in lines[0]["text"]
    assert "Waiting: another process holds" in lines[1]["text"]
    assert "is locked: another process is writing to it" in lines[2]["text"]
    assert result.exit_code == STORAGE


def test_what_is_left_out_is_said_to_people_too(one_source, monkeypatch):
    result, _ = started(one_source, "--quiet", monkeypatch=monkeypatch)
    assert result.exit_code == 0
    assert result.stderr.startswith("kuaixun: ")
    assert result.stderr.count("the source `b` is left out") == 1


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_hangup_before_the_crawl_begins_is_heard_when_it_does(one_source, monkeypatch):
    def hang_up():
        os.kill(os.getpid(), signal.SIGHUP)

    former = signal.getsignal(signal.SIGHUP)
    result, heard = started(one_source, before=hang_up, monkeypatch=monkeypatch)
    assert (result.exit_code, heard) == (0, [True])
    assert signal.getsignal(signal.SIGHUP) is former


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGTERM")
@pytest.mark.parametrize("options", [(), ("--log", "json")])
def test_to_be_stopped_before_the_crawl_begins_is_an_end_as_any(one_source, monkeypatch, options):
    result, heard = started(
        one_source, *options, before=lambda: os.kill(os.getpid(), signal.SIGTERM), monkeypatch=monkeypatch
    )
    assert (result.exit_code, heard) == (INTERRUPTED, [])
    assert "interrupted" in result.stderr.splitlines()[-1]


# -- the process itself


PAGE = """<html lang="zh"><head><title>{title}</title></head><body><h1>{title}</h1><p>2026-03-20 08:00</p>
<div class="body"><p>{text}</p><p>{text}</p></div></body></html>"""


class _News(BaseHTTPRequestHandler):
    """A list with ten articles."""

    def do_GET(self):
        number = self.path.strip("/").removesuffix(".html")
        if number.isdigit():
            body = PAGE.format(title=f"第{number}号储能电站今日投运", text=f"第{number}号电站的消息如下，" * 30)
        elif self.path == "/":
            body = "".join(f'<li><a href="/{n}.html">第{n}号储能电站今日投运</a></li>' for n in range(100, 110))
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def news(tmp_path):
    """The address of a small site, configured in the folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _News) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        where = f"http://127.0.0.1:{server.server_port}/"
        (tmp_path / "kuaixun.toml").write_text(
            '[settings]\ndatabase = "h.db"\ndelay = 0.02\nallow_networks = ["127.0.0.0/8"]\n'
            f'[sources.a]\nseeds = ["{where}"]\n'
        )
        yield where
        server.shutdown()


def begun(tmp_path, *options, **streams):
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "run", *options]
    return subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}, **streams
    )


def articles(tmp_path):
    """How many are stored; 0 before there is a database."""
    try:
        with open_store(tmp_path / "h.db", readonly=True) as store:
            return store.db.execute("SELECT count(*) FROM articles").fetchone()[0]
    except StorageError:
        return 0


def until(condition, seconds=60.0):
    """Look again and again, at most so long."""
    over = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if condition():
            return True
        over.wait(0.1)
    return False


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("options", [(), ("--json",), ("--log", "json"), ("--quiet",)])
def test_the_daemon_stores_everything_where_nothing_can_be_said(tmp_path, news, options):
    with FULL.open("w") as full, begun(tmp_path, *options, stdout=full, stderr=full) as daemon:
        assert until(lambda: articles(tmp_path) == 10)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--json",), ("--log", "json")])
def test_the_daemon_outlives_who_reads_it(tmp_path, news, options):
    read, write = os.pipe()
    with begun(tmp_path, *options, stdout=write, stderr=write) as daemon:
        os.close(write)
        os.read(read, 10)
        os.close(read)
        assert until(lambda: articles(tmp_path) == 10)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0
