"""What service managers and monitoring see of the daemon: signs of life, health, metrics, the journal."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from config import notify_socket
from crawler.cli import cli
from crawler.commands import run as run_command
from crawler.commands import status
from crawler.commands._log import Log
from crawler.commands.status import again
from crawler.service import application, health, notify, served
from crawler.tally import Event, Notice, Tally
from crawler.vitals import STILL, Vitals
from storage import chores, notices, open_store

OPS = Path(__file__).parent.parent / "docs" / "ops"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
serving = partial(served, 0, poll=0.005)


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "news.db"
    with open_store(path) as store:
        store.upsert_source("news", ["http://a.example/"], timedelta(hours=1), now=NOW)
        store.db.execute("UPDATE sources SET last_success_at = '2026-03-20T12:00:00.000+00:00'")
        chores.begin(store, "backup", NOW)
        chores.end(store, "backup", NOW, error="no room")
        notices.begin(store, "bank", NOW)
    return path


def asked(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_tell_of_the_daemon_and_of_its_database(database):
    vitals = Vitals()
    vitals.see(Event("new", "http://a.example/1", "news", size=7))
    vitals.passed(Tally(requests=3), 5, NOW)
    with serving(application(vitals, database, ticks=lambda: 1.0)) as port:
        status, text = asked(port, "/metrics")
    lines = set(text.splitlines())
    assert status == 200
    assert lines >= {
        'kuaixun_events_total{kind="new"} 1.0',
        "kuaixun_requests_total 3.0",
        "kuaixun_received_bytes_total 7.0",
        "kuaixun_waiting 5.0",
        'kuaixun_source_last_success_timestamp_seconds{source="news"} 1.774008e+09',
        'kuaixun_chore_failures{chore="backup"} 1.0',
        'kuaixun_search_notices_waiting{search="bank"} 0.0',
        'kuaixun_search_notices_sent{search="bank"} 0.0',
        'kuaixun_search_notices_failed{search="bank"} 0.0',
    }


def test_metrics_come_also_when_the_database_cannot_be_read(tmp_path):
    with serving(application(Vitals(), tmp_path / "none.db", ticks=lambda: 0.0)) as port:
        status, text = asked(port, "/metrics")
    assert (status, "kuaixun_passes_total 0.0" in text) == (200, True)


def test_health_is_503_while_something_hangs(database):
    tick, vitals = 0.0, Vitals()
    with serving(application(vitals, database, ticks=lambda: tick)) as port:
        well = asked(port, "/healthz")
        tick = STILL + 1
        ill = asked(port, "/healthz")
        nothing = asked(port, "/")
    assert (well[0], json.loads(well[1])["status"]) == (200, "ok")
    assert (ill[0], json.loads(ill[1])["hangs"]) == (503, [{"what": "the daemon", "seconds": 61}])
    assert nothing[0] == 404


def test_who_asks_slowly_is_cut_off(database):
    answer = application(Vitals(), database)
    with serving(answer, deadline=0.05) as port, socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
        slow.sendall(b"GET /healthz HTTP/1.0\r\nX: ")
        assert slow.recv(1) == b""


def test_who_asks_slowly_holds_up_neither_others_nor_the_end(database, capsys):
    with socket.socket() as slow:
        slow.settimeout(5)
        with serving(application(Vitals(), database, ticks=lambda: 0.0)) as port:
            slow.connect(("127.0.0.1", port))
            slow.sendall(b"GET /healthz HTTP/1.0\r\n")
            assert asked(port, "/healthz")[0] == 200
            begun = time.monotonic()
        assert time.monotonic() - begun < 3
    assert capsys.readouterr().err == ""


def test_passes_that_fail_are_no_health():
    assert health(Vitals(failed_passes=2), 0.0)[1]["status"] == "failing"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is not this machine")
def test_only_the_loopback_address_is_served(database):
    with serving(application(Vitals(), database)) as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=60)


def test_the_service_manager_hears_signs_of_life(tmp_path):
    where = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(where)
        notify(where, "WATCHDOG=1")
        assert manager.recv(100) == b"WATCHDOG=1"
    notify(where + "-gone", "WATCHDOG=1")
    notify("", "WATCHDOG=1")
    assert notify_socket({"NOTIFY_SOCKET": where}) == where


def test_the_journal_has_a_line_with_time_and_level_for_everything():
    lines = []
    log = Log(lines.append, lambda: NOW)
    log.event(Event("failed", "http://a.example/", "news", "status 500"))
    log.tally(Tally(requests=2), 1.5)
    log.notice(Notice("hangs", "backup hangs", is_trouble=True))
    failed, tally, hangs = map(json.loads, lines)
    assert failed == {
        "at": "2026-03-20T12:00:00.000+00:00",
        "level": "warning",
        "kind": "failed",
        "url": "http://a.example/",
        "source": "news",
        "text": "status 500",
        "size": 0,
    }
    assert (tally["kind"], tally["requests"], tally["seconds"]) == ("pass", 2, 1.5)
    assert (hangs["level"], hangs["text"]) == ("warning", "backup hangs")


def test_metrics_without_their_library_are_a_failure_that_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "kuaixun.toml").write_text(
        '[settings]\nmetrics_port = 9464\n[sources.a]\nseeds = ["http://a.example/"]\n'
    )

    def missing(*args):
        raise ImportError

    monkeypatch.setattr("crawler.service.application", missing)
    found = CliRunner().invoke(cli, ["run", "--quiet", "--config", str(tmp_path)])
    assert (found.exit_code, "pip install 'kuaixun[ops]'" in found.stderr) == (3, True)


def test_a_port_that_is_taken_is_told_with_what_helps(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = f'[settings]\nmetrics_port = {port}\n[sources.a]\nseeds = ["http://a.example/"]\n'
        (tmp_path / "kuaixun.toml").write_text(text)
        found = CliRunner().invoke(cli, ["run", "--quiet", "--config", str(tmp_path)])
    told = f"kuaixun: `metrics_port` {port} is in use by another program; set another, or 0 for none"
    assert (found.exit_code, found.stderr.splitlines()[-1]) == (3, told)


def test_settings_are_read_anew_with_the_database_of_the_command_line(tmp_path):
    file = tmp_path / "kuaixun.toml"
    file.write_text('[sources.a]\nseeds = ["http://a.example/"]\n')
    from config import load, override

    setup = override(load(file), "database", str(tmp_path / "mine.db"), "--db")
    file.write_text('[settings]\ndelay = 9\n[sources.a]\nseeds = ["http://a.example/"]\n')
    new = run_command._Files(setup, say=lambda notice: None).reload()
    assert (new.settings.delay, new.settings.database) == (9, tmp_path / "mine.db")


def test_a_live_status_tells_what_the_daemon_did_beside_the_crawl(database, monkeypatch):
    def once(show, *, before):
        show()

    monkeypatch.setattr(status, "again", once)
    told = json.loads(CliRunner().invoke(cli, ["status", "--live", "--json", "--db", str(database)]).stdout)
    assert (told["crawled_by"], told["chores"][0]["error"]) == (None, "no room")
    usual = json.loads(CliRunner().invoke(cli, ["status", "--json", "--db", str(database)]).stdout)
    assert told.keys() - usual.keys() == {"crawled_by", "chores", "notices", "sources", "recent", "alarms"}


def test_a_live_status_is_shown_again_until_it_is_stopped(capsys):
    shown = []

    def sleep(seconds):
        if len(shown) == 3:
            raise KeyboardInterrupt

    again(lambda: shown.append(1), before="-", sleep=sleep)
    assert (len(shown), capsys.readouterr().out) == (3, "---")


@pytest.mark.parametrize("options", [["--live"], ["--live", "--as-of", "2026-03-20T08:00+08:00"]])
def test_a_live_status_wants_a_terminal_and_the_present(database, options):
    found = CliRunner().invoke(cli, ["status", *options, "--db", str(database)])
    assert (found.exit_code, "--live" in found.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="this system has no systemd-analyze")
def test_the_unit_is_understood_and_hardened(tmp_path):
    unit = tmp_path / "kuaixun.service"
    text = (OPS / "kuaixun.service").read_text().replace("/opt/kuaixun/bin/kuaixun", "/bin/true")
    unit.write_text(text)
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], check=False, capture_output=True, text=True)
    assert (verified.returncode, str(unit) in verified.stderr) == (0, False), verified.stderr
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_the_container_runs_as_nobody_and_asks_for_its_health():
    text = (OPS / "Containerfile").read_text()
    assert [text.count(f"\n{word} ") for word in ("USER", "HEALTHCHECK", "ENTRYPOINT")] == [1, 1, 1]
    assert "USER 10001" in text
    assert "/healthz" in text
