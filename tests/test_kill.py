"""A crawl that is killed at any moment goes on where it was: nothing is lost, little is asked twice."""

import os
import random
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from config import Settings
from crawler.frontier import sources_of
from storage import open_store
from storage.audit import pages
from storage.check import problems
from storage.pair import beside
from tests.conftest import Web
from tests.test_crawl import START, Clock, article, listing, run

HOSTS, PAGES = ("a.example", "b.example", "c.example"), 12
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


def site():
    """Three hosts, each a list of two pages and twelve articles; some stand on all three hosts."""
    web = Web()
    for number, host in enumerate(HOSTS):
        base = f"http://{host}"
        more = '<div class="pager"><a href="/index_2.html">2</a></div>'
        web.add(base + "/", listing(*range(1, 8), more=more), etag='"1"')
        web.add(base + "/index_2.html", listing(*range(8, PAGES + 1)))
        for n in range(1, PAGES + 1):
            web.add(f"{base}/news/{100000 + n}.html", article(n if n % 4 == 0 else 1000 * (number + 1) + n))
    return web


def crawl(database, asked, kill_at=0):
    """One pass in a process of its own, killed when it asks for the `kill_at`-th time; `asked` is its log."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        web, log = site(), os.open(asked, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        answer, count = web.answer, 0

        def watched(request):
            nonlocal count
            count += 1
            os.write(log, f"{request.url}\n".encode())
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer(request)

        web.answer = watched
        sources = sources_of(f"http://{host}/" for host in HOSTS)
        with open_store(database) as store:
            run(web, store, Clock(), sources=sources, settings=Settings(delay=0))
    finally:
        os._exit(0)


def content(database):
    """All that a crawl is for, without the ids and times of one run."""
    with open_store(database) as store:
        asked = (
            "SELECT url, title, text, published_at, source FROM articles ORDER BY url",
            "SELECT url, title FROM headlines ORDER BY url, title",
            "SELECT url, state, kind, next_at IS NULL FROM frontier ORDER BY url",
            "SELECT count(*), sum(copies) FROM stories",
        )
        return [[tuple(row) for row in store.db.execute(sql)] for sql in asked]


def wrong(database):
    """What `check` finds, the pages of the archive among it."""
    with open_store(database) as store:
        found = [str(problem) for problem in problems(store.db)]
        held = pages(store.db, beside(database), START - timedelta(days=1))
    return found + ([f"pages: {held}"] if held.missing or held.before else [])


def killed_and_restarted(folder, kill_at):
    """The content after a kill and a restart, and what was asked in both runs."""
    database, asked = folder / f"{kill_at}.db", folder / f"{kill_at}.txt"
    for at in (kill_at, 0):
        crawl(database, asked, at)
        assert (kill_at, at, wrong(database)) == (kill_at, at, [])
    return content(database), Counter(asked.read_text().split())


def check(folder, points):
    """Compare each killed crawl with one that was left alone."""
    crawl(folder / "whole.db", folder / "whole.txt")
    whole, asked = content(folder / "whole.db"), Counter((folder / "whole.txt").read_text().split())
    assert (len(whole[0]), max(asked.values())) == (len(HOSTS) * PAGES, 1)
    for kill_at in points(sum(asked.values())):
        found, twice = killed_and_restarted(folder, kill_at)
        again = [url for url, times in twice.items() if times > 1 and not url.endswith("/robots.txt")]
        assert (kill_at, found) == (kill_at, whole)
        assert len(again) <= len(HOSTS)


@pytest.mark.slow
def test_a_killed_crawl_ends_with_the_content_of_one_that_was_not(tmp_path: Path):
    check(tmp_path, lambda requests: (2, requests // 2, requests))


@pytest.mark.slow
def test_a_crawl_can_be_killed_at_twenty_points(tmp_path: Path):
    check(tmp_path, lambda requests: random.Random(7).sample(range(1, requests + 1), 20))
