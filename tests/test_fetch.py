"""The fetcher: what it sends, what it refuses, and how it says so."""

import asyncio
import gzip
import zlib
from datetime import UTC, datetime

import brotli
import httpx
import pytest

from config import Settings
from crawler.answer import zstd
from crawler.fetch import Fetcher, user_agent
from crawler.page import FetchError, Request

URL = "http://news.example.com/1.html"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PAGE = "<html><title>快讯</title></html>"


def get(web, url=URL, *, check=None, settings=None, **request):
    """The page at `url` of the web in memory."""

    async def run():
        async with Fetcher(settings or Settings(), transport=web.transport, clock=lambda: NOW) as fetcher:
            return await fetcher.get(Request(url, **request), check=check)

    return asyncio.run(run())


def error(web, url=URL, **options):
    with pytest.raises(FetchError) as raised:
        get(web, url, **options)
    return raised.value


def test_a_page_brings_its_bytes_its_headers_and_its_time(web):
    web.add(URL, PAGE, etag='"1"')
    page = get(web)
    assert (page.url, page.status, page.body.decode(), page.fetched_at) == (URL, 200, PAGE, NOW)
    assert page.headers["etag"] == '"1"'


def test_the_user_agent_names_the_contact(web):
    web.add(URL, PAGE)
    get(web, settings=Settings(contact="editor@example.com"))
    assert web.asked[0].headers["user-agent"].endswith("; editor@example.com)")


def test_a_plain_user_agent_gets_the_contact_in_brackets():
    assert user_agent(Settings(user_agent="bot/1", contact="a@b.c")) == "bot/1 (a@b.c)"


def test_validators_go_out_and_a_304_comes_back_empty(web):
    web.add(URL, PAGE, etag='"1"')
    page = get(web, etag='"1"', last_modified="Fri, 20 Mar 2026 11:00:00 GMT")
    assert (page.status, page.body) == (304, b"")
    assert web.asked[0].headers["if-modified-since"] == "Fri, 20 Mar 2026 11:00:00 GMT"


def test_cookies_are_not_sent_back(web):
    web.add(URL, "", 302, location="/2.html", set_cookie="a=b")
    web.add("http://news.example.com/2.html", PAGE)
    get(web)
    assert "cookie" not in web.asked[1].headers


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", lambda body: gzip.compress(body) + b"\x00padding"),
        ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("br", brotli.compress),
        ("ZSTD", zstd.compress),
        ("zstd", lambda body: zstd.compress(body[:9]) + zstd.compress(body[9:])),
        ("gzip, br", lambda body: brotli.compress(gzip.compress(body))),
        ("identity", bytes),
        ("gzip", bytes),
    ],
)
def test_codings_are_undone(web, name, pack):
    web.add(URL, pack(PAGE.encode()), content_encoding=name)
    assert get(web).body.decode() == PAGE


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("compress", b"x", "content encoding `compress`"),
        ("gzip, gzip, gzip", b"x", "content encoding"),
        ("br", b"no brotli at all", "broken"),
        ("br", brotli.compress(PAGE.encode() * 99)[:-4], "ends early"),
        ("zstd", b"no zstd at all", "broken"),
        ("zstd", zstd.compress(PAGE.encode() * 99)[:-4], "ends early"),
        ("gzip", gzip.compress(PAGE.encode() * 999)[:-20], "ends early"),
        ("gzip", b"not gzip at all", "broken"),
    ],
)
def test_a_broken_coding_is_an_error(web, coding, body, reason):
    web.add(URL, body, content_encoding=coding)
    assert reason in error(web).reason


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("br", brotli.compress),
        ("zstd", zstd.compress),
        ("gzip, gzip", lambda body: gzip.compress(gzip.compress(body))),
    ],
)
def test_a_bomb_is_cut_at_the_limit_of_decoded_bytes(web, coding, pack):
    web.add(URL, pack(b"<html>" + bytes(3_000_000)), content_encoding=coding)
    assert "larger than 1,000,000 bytes" in error(web, settings=Settings(max_body=1_000_000)).reason


def test_a_declared_length_over_the_limit_is_refused_unread(web):
    web.add(URL, b"<html>", content_length="2000000000")
    assert "larger than" in error(web).reason


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n" + bytes(2000)),
        ("text/html", b"%PDF-1.7 ..."),
        ("application/octet-stream", bytes(2000)),
        ("text/css", b"body { color: red }"),
        ("application/pdf", b"nothing like a page"),
    ],
)
def test_a_file_is_not_a_page(web, content_type, body):
    web.add(URL, body, content_type=content_type)
    assert "not a page" in error(web).reason


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=gbk", "快讯".encode("gbk")),
        ("", b"  <!DOCTYPE html><title>x</title>"),
        ("application/octet-stream", b"junk before <rss version='2.0'>"),
        ("image/png", b"<html>a page with a wrong label</html>"),
        ("application/feed+json", b'{"items": []}'),
        ("application/gzip", gzip.compress(b"<urlset/>")),
        ("text/plain", b"a\x00title"),
    ],
)
def test_pages_and_feeds_pass_whatever_their_label(web, content_type, body):
    web.add(URL, body, content_type=content_type)
    assert get(web).body == body


@pytest.mark.parametrize("body", [b"", b"<html>"])
def test_an_empty_answer_is_an_error(web, body):
    web.add(URL, body)
    if body:
        assert get(web).body == body
    else:
        assert "empty" in error(web).reason


def test_redirects_are_followed_and_the_final_address_is_told(web):
    web.add(URL, "", 301, location="/2.html#top")
    web.add("http://news.example.com/2.html", "", 302, location="//m.example.com/3.html")
    web.add("http://m.example.com/3.html", PAGE)
    assert get(web).url == "http://m.example.com/3.html"


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://example.com/", "data:text/html,x", "", "http://[::1"]
)
def test_redirects_lead_only_to_web_addresses(web, location):
    web.add(URL, "", 302, location=location)
    assert "no web address" in error(web).reason


def test_a_circle_of_redirects_is_stopped(web):
    web.add(URL, "", 302, location="/2.html")
    web.add("http://news.example.com/2.html", "", 302, location="/1.html")
    assert "circle" in error(web).reason
    assert len(web.asked) == 2


def test_a_long_chain_of_redirects_is_stopped(web):
    for number in range(9):
        web.add(f"http://a.example/{number}", "", 302, location=f"/{number + 1}")
    assert "more than 5 redirects" in error(web, "http://a.example/0").reason
    assert len(web.asked) == 6


def test_rules_that_moved_are_read_also_where_no_redirect_of_a_page_is_followed(web):
    async def run():
        async with Fetcher(Settings(max_redirects=0), transport=web.transport) as fetcher:
            return await fetcher.beginning("http://a.example/robots.txt", 100)

    web.add("http://a.example/robots.txt", "", 301, location="/1")
    web.add("http://a.example/1", "", 301, location="/2")
    web.add("http://a.example/2", "Disallow: /", content_type="text/plain")
    assert asyncio.run(run()).body == b"Disallow: /"
    assert "more than 0 redirects" in error(web, "http://a.example/1", settings=Settings(max_redirects=0)).reason


def test_each_redirect_is_checked_before_it_is_followed(web):
    async def check(url, target):
        raise FetchError(target, f"not from {url}")

    web.add(URL, "", 302, location="http://10.0.0.1/")
    assert error(web, check=check).reason == f"not from {URL}"
    assert web.urls() == [URL]


@pytest.mark.parametrize(
    ("status", "retry"), [(403, False), (404, False), (410, False), (429, True), (500, True), (503, True), (999, False)]
)
def test_a_status_says_whether_a_later_try_may_help(web, status, retry):
    web.add(URL, PAGE, status)
    found = error(web)
    assert (found.status, found.retry, found.reason) == (status, retry, f"status {status}")


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("120", 120),
        ("Fri, 20 Mar 2026 12:02:00 GMT", 120),
        ("Fri, 20 Mar 2026 11:00:00 GMT", 0),
        ("999999999999", 86400),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(web, value, after):
    web.add(URL, PAGE, 503, retry_after=value)
    assert error(web).after == after


@pytest.mark.parametrize(
    ("raised", "reason", "retry"),
    [
        (httpx.ReadTimeout("x"), "no bytes came in time", True),
        (httpx.ConnectTimeout("x"), "no connection in time", True),
        (httpx.RemoteProtocolError("illegal status line"), "illegal status line", True),
        (httpx.UnsupportedProtocol("x"), "cannot be asked", False),
    ],
)
def test_failures_of_the_connection_have_a_reason(web, raised, reason, retry):
    web.fail(URL, raised)
    found = error(web)
    assert reason in found.reason
    assert (found.status, found.retry) == (0, retry)


def test_a_connection_that_had_gone_stale_is_opened_anew(web):
    web.fail(URL, httpx.RemoteProtocolError("Server disconnected without sending a response."))
    web.add(URL, PAGE)
    assert get(web).status == 200


def test_the_whole_answer_has_a_deadline():
    async def hang(request):
        await asyncio.Event().wait()

    async def run():
        async with Fetcher(Settings(deadline=0.01), transport=httpx.MockTransport(hang)) as fetcher:
            await fetcher.get(Request(URL))

    with pytest.raises(FetchError, match=r"no whole answer within 0\.01 s"):
        asyncio.run(run())


def test_the_beginning_of_an_answer_is_cut_not_refused(web):
    async def run():
        async with Fetcher(Settings(), transport=web.transport) as fetcher:
            return await fetcher.beginning(URL, 10)

    web.add(URL, b"User-agent: *\n" * 10, content_type="application/x-unknown", content_length="140")
    assert asyncio.run(run()).body == b"User-agent"


async def with_server(answer, settings, ask):
    """`ask(fetcher, port)` while a server on the loopback address writes `answer` to who connects."""
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        async with Fetcher(settings) as fetcher:
            return await ask(fetcher, server.sockets[0].getsockname()[1]), asked
    finally:
        server.close()
        await server.wait_closed()


HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
LOOPBACK = Settings(allow_networks=("127.0.0.0/8",))


async def reason(fetcher, url):
    try:
        await fetcher.get(Request(url))
    except FetchError as error:
        return error.reason
    return ""


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_the_machine_itself_is_not_connected_to(name):
    """The address is judged, not its notation: every spelling of the loopback address is refused unasked."""
    found, asked = asyncio.run(
        with_server(HELLO, Settings(), lambda fetcher, port: reason(fetcher, f"http://{name}:{port}/"))
    )
    assert ("not public" in found and "allow_networks" in found) or "canonical" in found
    assert asked == []


def test_a_network_that_the_settings_name_is_connected_to():
    async def ask(fetcher, port):
        return await fetcher.get(Request(f"http://127.0.0.1:{port}/"))

    page, asked = asyncio.run(with_server(HELLO, LOOPBACK, ask))
    assert (page.body, page.address) == (b"<html>", "127.0.0.1")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", "Expected HTTP/"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<html>", "Not enough data"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n", "more than 16384 bytes"),
        (b"", "without an answer"),
    ],
)
def test_garbage_is_an_error_of_that_page(answer, expected):
    found, _ = asyncio.run(
        with_server(answer, LOOPBACK, lambda fetcher, port: reason(fetcher, f"http://127.0.0.1:{port}/"))
    )
    assert expected in found


def test_a_refused_connection_and_an_unknown_name_are_told_apart():
    async def ask(fetcher, port):
        return await reason(fetcher, "http://127.0.0.1:1/"), await reason(fetcher, "http://name.invalid/")

    (refused, unknown), _ = asyncio.run(with_server(HELLO, LOOPBACK, ask))
    assert refused == "connection refused"
    assert unknown == "the name `name.invalid` was not found"
