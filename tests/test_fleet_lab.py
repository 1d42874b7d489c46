"""The laboratory itself: a server that comes back, a cable that is silent, a log that sees what is impolite."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import fleet_lab as lab
from tests.fleet_web import Asked, Log, News, Reply, serve

needs_server = pytest.mark.skipif(bool(lab.missing()), reason=lab.missing())


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


@pytest.mark.slow
@needs_server
def test_a_server_keeps_what_was_committed_whatever_ends_it():
    import psycopg

    with lab.postgres() as server:
        server.execute("CREATE TABLE kept AS SELECT 1 AS n")
        for end in (server.stop, server.kill, server.kill):
            end()
            with pytest.raises(psycopg.OperationalError):
                server.execute("SELECT 1")
            server.start()
            server.execute("INSERT INTO kept SELECT count(*) + 1 FROM kept")
        assert server.execute("SELECT max(n) FROM kept") == [(4,)]
        assert server.cpu() > 0
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.dsn(user="locked", password="guessed"))
        psycopg.connect(server.dsn(user="locked", password=lab.PASSWORD)).close()
        silent_when_cut(server)


def silent_when_cut(server):
    """No answer while the cable is cut, all of them when it is whole again, an error where it was reset."""
    import psycopg

    with lab.cable(server.port) as cable, psycopg.connect(server.dsn(port=cable.port), autocommit=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        cable.cut()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(lambda: connection.execute("SELECT 2").fetchone())
            time.sleep(0.5)
            assert not asked.done()
            with pytest.raises(psycopg.OperationalError, match="timeout"):
                psycopg.connect(server.dsn(port=cable.port), connect_timeout=2)
            cable.heal()
            assert asked.result(10) == (2,)
        cable.reset()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 3")


@pytest.mark.slow
@pytest.mark.skipif(not lab.faked_clock(), reason="no libfaketime: install Debian's `libfaketime`")
def test_a_wrong_clock_is_a_day_ahead_and_counts_seconds_as_any():
    code = "import time; print(time.time(), time.monotonic())"
    env = {**os.environ, **lab.wrong_clock("+1d")}
    wall, steady = map(float, subprocess.check_output([sys.executable, "-c", code], env=env).split())
    assert (round((wall - time.time()) / 3600), round((steady - time.monotonic()) / 3600)) == (24, 0)


def test_the_log_sees_overlaps_short_pauses_and_what_was_asked_again():
    one, two, three = Asked(0, 1, "a", "/1", 200), Asked(0.9, 1.2, "a", "/2", 0), Asked(1.5, 2, "a", "/2", 200)
    log = Log([three, one, two, Asked(0, 9, "b", "/1", 429), Asked(9.1, 9.2, "b", "/1", 200)])
    assert log.overlaps() == [(one, two)]
    assert [each.begin for *_, each in log.hasty(0.2)] == [0.9, 9.1]
    assert log.hasty({"a": -1.0, "b": 0.05}) == []
    assert log.again() == 1


def test_a_request_is_logged_from_its_begin_to_its_end():
    with serve(["127.0.0.1"], lambda host, path: Reply(b"x", after=0.05)) as web, ThreadPoolExecutor(2) as pool:
        list(pool.map(get, [web.url("127.0.0.1", "/1"), web.url("127.0.0.1", "/2")]))
    assert len(web.log.overlaps()) == 1
    assert all(0.04 < each.end - each.begin < 5 for each in web.log)


def test_the_news_say_what_they_announce():
    news = News(2, 20)
    statuses = [news.answer(host, f"/news/{100_000 + n}.html").status for host in news.hosts for n in range(1, 21)]
    assert statuses.count(200) == news.stored()
    assert news.answer(news.hosts[0], "/news/100004.html") == news.answer(news.hosts[1], "/news/100004.html")
    assert news.answer(news.hosts[0], "/news/100005.html") != news.answer(news.hosts[1], "/news/100005.html")
