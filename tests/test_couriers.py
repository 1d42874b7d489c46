"""One POST, one program: what comes of it when all is well, and when the other side hangs, fails or drips."""

import json
import os
import signal
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config import ConfigError, Search, load, notices
from crawler import couriers
from crawler.chores import Stopped
from crawler.couriers import Parcel, post, run
from crawler.delivery import bring

NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)
GOOD = b"HTTP/1.1 204 No Content\r\n\r\n"
NOTICE = {
    "key": "abc",
    "search": "watch",
    "found_at": "t",
    "article": {"url": "http://a.example/1", "title": "储能\0一"},
}


@contextmanager
def receiver(*answers):
    """A server that gives these answers, one each; a function gets the connection. Its address, and what it got."""
    asked, over = [], threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with suppress(OSError):
                for answer in answers:
                    connection, _ = server.accept()
                    with connection:
                        asked.append(read(connection))
                        if callable(answer):
                            answer(connection, over)
                        else:
                            connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/secret-path", asked
        finally:
            over.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(60)


def read(connection):
    """A request, whole."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, rest = got.partition(b"\r\n\r\n")
    size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(rest) < size:
        rest += connection.recv(65536)
    return head.decode(), json.loads(rest)


def hang(connection, over):
    over.wait(5)


def drip(connection, over):
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    with suppress(OSError):
        while not over.wait(0.02):
            connection.sendall(b"x")


def send(url, seconds=60, **more):
    return post(Parcel(url, {"Idempotency-Key": "abc"}, b"{}"), seconds=seconds, now=NOW, **more)


def webhook(url, **more):
    return Search("watch", "webhook", search="储能", url=url, **more)


def try_bring(search, base=Path(), still=lambda: None):
    return bring(search, NOTICE, base, NOW, still)


# -- a webhook


def test_a_webhook_gets_the_notice_as_json_with_its_key():
    with receiver(GOOD) as (url, asked):
        assert try_bring(webhook(url)).error == ""
    head, told = asked[0]
    assert head.startswith("POST /secret-path HTTP/1.1") and "idempotency-key: abc" in head.lower()
    assert told == NOTICE


@pytest.mark.parametrize(
    ("answer", "told", "alone", "wait"),
    [
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "HTTP status 500", False, None),
        (b"HTTP/1.1 429 No\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n", "HTTP status 429", False, 90.0),
        (b"HTTP/1.1 503 No\r\nRetry-After: Fri, 20 Mar 2026 09:00:00 GMT\r\n\r\n", "HTTP status 503", False, 3600.0),
        (b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", "HTTP status 400", True, None),
        (b"HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "a redirect, which is not followed", False, None),
        (b"nonsense\r\n\r\n", "no answer: RemoteProtocolError", False, None),
        (b"", "no answer: RemoteProtocolError", False, None),
    ],
)
def test_an_answer_that_is_not_good_is_told(answer, told, alone, wait):
    with receiver(answer) as (url, _):
        brought = send(url)
    assert (told in brought.error, brought.is_of_the_notice, brought.wait) == (True, alone, wait), brought
    assert "secret" not in brought.error


@pytest.mark.parametrize("answer", [hang, pytest.param(drip, marks=pytest.mark.slow)])
def test_a_receiver_that_hangs_or_drips_is_left(answer):
    with receiver(answer) as (url, _):
        assert send(url, seconds=0.1).error == "no answer in 0.1 s"


def test_nobody_there_is_told_without_the_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/secret").error == "no connection: Connection refused"
    assert send("nonsense://secret").error == "`url` is no web address"


@pytest.mark.slow
def test_the_end_of_the_daemon_ends_a_post():
    def still():
        raise Stopped

    with receiver(hang) as (url, _), pytest.raises(Stopped):
        send(url, still=still)


def test_secrets_are_read_when_they_are_needed_and_shown_nowhere(tmp_path, monkeypatch, caplog):
    caplog.set_level(0)
    (tmp_path / "token").write_text("of-the-file\n")
    monkeypatch.setenv("HOOK_TOKEN", "of-the-environment")
    with receiver(GOOD) as (url, asked):
        search = webhook(url + "/${HOOK_TOKEN}", headers={"Authorization": "Bearer ${file:token}"})
        assert try_bring(search, tmp_path).error == ""
    assert "/secret-path/of-the-environment" in asked[0][0] and "Bearer of-the-file" in asked[0][0]
    assert notices.shown(search).endswith("/…") and "secret" not in notices.shown(search)
    assert not [record for record in caplog.records if "of-the" in record.getMessage()]
    monkeypatch.delenv("HOOK_TOKEN")
    assert try_bring(search, tmp_path).error == "the variable HOOK_TOKEN is not set in the environment"
    missing = webhook(url, headers={"X": "${file:nowhere}"})
    assert try_bring(missing, tmp_path).error == "nowhere cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://hooks.example:8443/a?b=c", "https://hooks.example:8443/…"),
        ("http://[::1]:80/x", "http://[::1]:80/…"),
        ("https://hooks.example/${A}", "https://hooks.example/…"),
        ("https://${HOST}/x", "(secret)"),
        ("${URL}", "(secret)"),
    ],
)
def test_of_an_address_the_host_is_shown(url, told):
    assert notices.shown(webhook(url)) == told


# -- a program


def program(text, folder, seconds=60.0, **more):
    """Run some Python as the program."""
    env = {**os.environ, "NOTICE": "x"}
    return run([sys.executable, "-S", "-c", text], b'{"a": 1}', env=env, folder=folder, seconds=seconds, **more)


def test_a_program_gets_the_notice_and_its_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/of-the-manager")
    text = (
        "import os, sys; open('out', 'w').write(sys.stdin.read() + repr(sorted(k for k in os.environ if 'NOTI' in k)))"
    )
    search = Search("watch", "command", search="储能", command=(sys.executable, "-S", "-c", text))
    assert try_bring(search, tmp_path).error == ""
    told, names = (tmp_path / "out").read_text(encoding="utf-8").split("}[")
    assert json.loads(told + "}") == NOTICE
    assert names == "'NOTICE_KEY', 'NOTICE_SEARCH', 'NOTICE_TITLE', 'NOTICE_URL']"


def test_a_program_that_fails_is_told_with_what_it_said_last(tmp_path):
    found = program("import sys; sys.stderr.write('x' * 9000 + ' no\\nroom'); sys.exit(3)", tmp_path)
    assert "ended with code 3: xxx" in found.error and found.error.endswith("x no room") and len(found.error) < 400
    assert "cannot be run: No such file" in run(["/no/such"], b"", env={}, folder=tmp_path, seconds=60).error


@pytest.mark.slow
def test_a_program_that_hangs_is_killed_with_its_children(tmp_path):
    os.mkfifo(tmp_path / "alive")
    # Both have the pipe open for writing as long as they live.
    text = "import subprocess; f = open('alive', 'w'); subprocess.run(['sleep', '60'], pass_fds=[f.fileno()])"
    ended = []

    def listen():
        with (tmp_path / "alive").open("rb") as pipe:
            ended.append(pipe.read())

    thread = threading.Thread(target=listen)
    thread.start()
    assert program(text, tmp_path, seconds=0.3).error.endswith("took more than 0.3 s and was killed")
    thread.join(60)
    assert ended == [b""]


@pytest.mark.slow
def test_a_program_that_need_not_read_and_leaves_a_child_behind_is_well(tmp_path):
    text = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, file=open('child', 'w'))"
    assert program(text, tmp_path).error == ""
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


@pytest.mark.slow
def test_the_end_of_the_daemon_lets_a_program_end_and_kills_one_that_does_not(tmp_path, monkeypatch):
    def still():
        raise Stopped

    assert program("import os; os.read(0, 99)", tmp_path, still=still).error == ""
    monkeypatch.setattr(couriers, "FAREWELL", 0.1)
    with pytest.raises(Stopped):
        program("import time; time.sleep(60)", tmp_path, still=still)


# -- the configuration


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('search = "a"', '`to` is missing: "webhook", "command" or "feed"'),
        ('to = "mail"\nsearch = "a"', 'must be "webhook", "command" or "feed", not `mail`'),
        ('to = "webhook"\nsearch = "a"', '`url` is missing, and `to = "webhook"` needs it'),
        ('to = "feed"\nsearch = "a"\npath = "x"\nurl = "http://a.example/"', "`url` is of a webhook"),
        ('to = "feed"\npath = "x"', "`search` is missing: words, or `where`"),
        ('to = "webhook"\nsearch = "a"\nurl = "http://u:p@a.example/"', "must have no password in it"),
        ('to = "webhook"\nsearch = "a"\nurl = "nowhere"', "must be a web address"),
        ('to = "webhook"\nsearch = "a"\nurl = "http://a.example/"\nbody = "{"', "`body` is no JSON"),
        ('to = "webhook"\nsearch = "a"\nurl = "http://a.example/"\nheaders = { "a b" = "" }', "no HTTP header"),
        ('to = "feed"\nsearch = "a"\npaht = "x"', "`paht` is not known; did you mean `path`?"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(text, told, tmp_path):
    (tmp_path / "kuaixun.toml").touch()
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "watch.toml").write_text(text, encoding="utf-8")
    found = load(tmp_path, {})
    error = found.broken_searches["watch"]
    assert told in str(error) and "watch.toml" in str(error) and found.searches == ()
    (tmp_path / "kuaixun.toml").write_text("[notices.watch]\n" + text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {})
    assert told.rpartition("`")[2] in str(caught.value) and "notices.watch" in str(caught.value)


def test_what_is_written_is_read_back(tmp_path):
    made = webhook(
        "https://hooks.example/${A}", headers={"X-A": 'b"c'}, where="source = '新华社'", body='{"a": "{title}"}'
    )
    (tmp_path / "kuaixun.toml").write_text('[notices.other]\nto = "feed"\npath = "a.atom"\nsearch = "b"\n', "utf-8")
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "watch.toml").write_text(notices.render(made), encoding="utf-8")
    other, again = load(tmp_path, {}).searches
    assert (again, other.path) == (made, tmp_path / "a.atom")
