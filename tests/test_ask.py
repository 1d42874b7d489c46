"""Asking with manners: robots.txt in every state it can be in, and the pauses on the way through redirects."""

import asyncio
import gzip
from datetime import timedelta
from itertools import pairwise

import httpx
import pytest

from config import Settings, Source
from crawler.robots import MAX_BYTES
from tests.test_crawl import SITE, START, Clock, article, listing, run

ROBOTS = SITE + "/robots.txt"
PAGE = SITE + "/news/100001.html"
FORBIDDEN = "User-agent: *\nDisallow: /news/\n"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site(web):
    """A list and its article; robots.txt is for the test to add."""
    web.add(SITE + "/", listing(1))
    web.add(PAGE, article(1))
    return web


def is_asked(web, store, clock, **options):
    """Whether a pass asks for the article."""
    run(web, store, clock, **options)
    return PAGE in web.urls()


def hops(web, number, status=302):
    """Robots.txt at the end of a chain of redirects through other hosts."""
    at = ROBOTS
    for n in range(number):
        to = f"http://rules{n}.example/robots.txt"
        web.add(at, "", status, location=to)
        at = to
    web.add(at, FORBIDDEN, content_type="text/plain")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_five_redirects_to_the_rules_are_followed_to_other_hosts_too(site, store, clock, status):
    hops(site, 5, status)
    assert not is_asked(site, store, clock)


def test_more_redirects_mean_that_there_are_no_rules(site, store, clock):
    hops(site, 6)
    assert is_asked(site, store, clock)
    assert len([url for url in site.urls() if url.endswith("/robots.txt")]) == 6


@pytest.mark.parametrize("location", [ROBOTS, "", "file:///etc/passwd"])
def test_redirects_that_lead_nowhere_mean_that_there_are_no_rules(site, store, clock, location):
    site.add(ROBOTS, "", 302, location=location)
    assert is_asked(site, store, clock)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ((FORBIDDEN + "# padding\n" * MAX_BYTES).encode(), {}),
        (("\ufeff" + FORBIDDEN).encode(), {}),
        (FORBIDDEN.encode(), {"content_type": "text/html"}),
        (FORBIDDEN.encode(), {"content_type": "application/octet-stream"}),
        (gzip.compress(FORBIDDEN.encode()), {"content_encoding": "gzip"}),
        (FORBIDDEN.replace("\n", "\r").encode(), {}),
        (b"\xff\xfe junk \x00\n" + FORBIDDEN.encode(), {}),
    ],
    ids=["5 MB", "BOM", "as HTML", "as a file", "compressed", "CR", "junk"],
)
def test_rules_are_read_in_every_wrapping(site, store, clock, body, headers):
    site.add(ROBOTS, body, **{"content_type": "text/plain", **headers})
    assert not is_asked(site, store, clock)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_no_rules_forbid_nothing(site, store, clock, status):
    site.add(ROBOTS, FORBIDDEN, status)
    assert is_asked(site, store, clock)


@pytest.mark.parametrize("status", [304, 429, 500, 503, 599])
def test_while_the_rules_cannot_be_had_nothing_is_asked(site, store, clock, status):
    site.add(ROBOTS, "", status)
    assert not is_asked(site, store, clock)
    assert set(site.urls()) == {ROBOTS}
    (error,) = {row[0] for row in store.db.execute("select error from visits")}
    assert "nothing may be fetched while robots.txt cannot be read" in error


def test_a_host_that_cannot_be_reached_is_asked_for_nothing_else(site, store, clock):
    site.fail(ROBOTS, httpx.ConnectError("x"))
    assert not is_asked(site, store, clock)


def test_the_rules_are_asked_for_once_a_day(site, store, clock):
    from crawler.crawl import Hosts

    hosts = Hosts(Settings())
    for hours in (0, 23, 25):
        before = clock.now
        run(site, store, clock, hosts=hosts, force=True)
        clock.now = before + timedelta(hours=23 if hours == 0 else 2)
    assert site.urls().count(ROBOTS) == 2


def test_a_later_run_asks_for_the_rules_again_only_after_a_day(site, store, clock):
    site.add(ROBOTS, FORBIDDEN, content_type="text/plain")
    for hours in (0, 23, 25):
        clock.now = START + timedelta(hours=hours)
        assert not is_asked(site, store, clock, force=True)
    assert site.urls().count(ROBOTS) == 2


def test_a_crawl_delay_outlives_a_restart(site, store, clock):
    asked = []
    site.add(ROBOTS, "User-agent: *\nCrawl-delay: 20", content_type="text/plain")
    site.add(SITE + "/news/100002.html", article(2))
    transport = httpx.MockTransport(lambda request: (asked.append(clock.now), site.answer(request))[1])
    for n in (1, 2):
        site.pages[SITE + "/"] = []
        site.add(SITE + "/", listing(*range(1, n + 1)))
        run(site, store, clock, transport=transport, force=True)
        clock.now = asked[-1] + timedelta(seconds=1)
    assert len(asked) > 5
    assert min(b - a for a, b in pairwise(asked)) >= timedelta(seconds=20)


class Shared(httpx.MockTransport):
    """A web all of whose hosts are at one network address, and answer slowly."""

    def __init__(self, web, clock):
        super().__init__(web.answer)
        self.web, self.clock, self.asked, self.open, self.most = web, clock, [], 0, 0

    async def address(self, host):
        return "192.0.2.1"

    async def handle_async_request(self, request):
        self.asked.append(self.clock.now)
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return self.web.answer(request)


def test_hosts_at_one_network_address_share_its_pause_from_the_first_request_on(web, store, clock):
    sources = [Source(f"s{n}", (f"http://s{n}.example/",)) for n in range(12)]
    for source in sources:
        web.add(source.seeds[0], listing())
    transport = Shared(web, clock)
    run(web, store, clock, sources=sources, settings=Settings(delay=1), transport=transport)
    assert len(transport.asked) == 24
    assert transport.most == 1
    assert min(b - a for a, b in pairwise(transport.asked)) >= timedelta(seconds=1)


def test_a_redirect_to_what_is_forbidden_is_not_followed(site, store, clock):
    site.add(ROBOTS, "User-agent: *\nDisallow: /secret/", content_type="text/plain")
    site.pages[PAGE].clear()
    site.add(PAGE, "", 302, location="/secret/1.html")
    assert is_asked(site, store, clock)
    assert SITE + "/secret/1.html" not in site.urls()


def other_host(web, clock, asked):
    """A site two of whose hosts have articles; all pages of the first lead to the second."""
    other = "http://two.news.example.com"
    web.add(SITE + "/", listing(1, 2, 3))
    web.add(other + "/", listing())
    for n in range(1, 7):
        web.add(f"{other}/news/{100000 + n}.html", article(n))
    for n in (1, 2, 3):
        web.add(f"{SITE}/news/{100000 + n}.html", "", 302, location=f"{other}/news/{100000 + n}.html")
    more = "".join(f'<li><a href="{other}/news/{100000 + n}.html">第{n}条快讯：降准</a></li>' for n in (4, 5, 6))
    web.pages[SITE + "/"] = []
    web.add(SITE + "/", listing(1, 2, 3).replace("</ul>", f"{more}</ul>"))

    def answer(request):
        asked.append((request.url.host, clock.now, str(request.url)))
        return web.answer(request)

    return httpx.MockTransport(answer)


def test_a_host_that_redirects_lead_to_has_its_pause_too(web, store, clock):
    asked = []
    transport = other_host(web, clock, asked)
    run(web, store, clock, settings=Settings(delay=5), transport=transport)
    assert store.db.execute("select count(*) from articles").fetchone() == (6,)
    for name in ("news.example.com", "two.news.example.com"):
        times = [at for found, at, _ in asked if found == name]
        assert len(times) > 4
        assert min(b - a for a, b in pairwise(times)) >= timedelta(seconds=5)


def test_a_redirect_to_a_host_that_must_be_left_alone_waits_for_its_time(web, store, clock):
    asked = []
    transport = other_host(web, clock, asked)
    two = "http://two.news.example.com/news/100004.html"
    web.pages[two].insert(0, (429, {"retry-after": "3600"}, b""))
    for _ in range(4):
        run(web, store, clock, settings=Settings(delay=1), transport=transport)
        clock.now += timedelta(hours=3)
    refused = next(at for _, at, url in asked if url == two)
    times = [at for name, at, _ in asked if name == "two.news.example.com" and at > refused]
    assert min(times) - refused >= timedelta(hours=1)
    assert store.db.execute("select count(*) from articles").fetchone() == (6,)


def test_a_host_has_its_pause_before_a_redirect_too(site, store, clock):
    asked = []
    site.pages[PAGE].clear()
    site.add(PAGE, "", 302, location="/news/2.html")
    site.add(SITE + "/news/2.html", "", 301, location="/news/100003.html")
    site.add(SITE + "/news/100003.html", article(3))
    transport = httpx.MockTransport(lambda request: (asked.append(clock.now), site.answer(request))[1])
    run(site, store, clock, settings=Settings(delay=5), transport=transport)
    assert store.db.execute("select url from articles").fetchone() == (SITE + "/news/100003.html",)
    assert min(b - a for a, b in pairwise(asked)) >= timedelta(seconds=5)
