"""Broken servers on the loopback address: each ends as a page or as a reason, within the limits."""

import asyncio
import gzip
import re
import socket
import ssl
import struct
import time
from dataclasses import replace
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Settings
from crawler.answer import mended, zstd
from crawler.fetch import Fetcher
from crawler.page import FetchError, Request
from crawler.transport import Transport

PAGE = b"<html><title>x</title><p>text</p></html>"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(PAGE)
# A machine may be busy; who is to be kept waiting is HASTY.
SETTINGS = Settings(allow_networks=("127.0.0.0/8",), max_body=1_000_000, timeout=60, deadline=120)
HASTY = replace(SETTINGS, timeout=0.3, deadline=1.0)


def served(*answers, silent=False, drip=0.0, gets=1, settings=SETTINGS):
    """What becomes of `gets` requests to a server that gives these answers in turn, the last one for ever.

    The pages' bodies or the reasons, and how many requests arrived. A `silent` server keeps the connection open after
    its answer, one with `drip` seconds between bytes sends them one by one.
    """
    waiting, asked = list(answers), []

    async def serve(reader, writer):
        try:
            while True:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                for piece in (answer[n : n + 1] for n in range(len(answer))) if drip else (answer,):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(drip)
                if not silent:
                    return
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def one(fetcher, url):
        try:
            return (await fetcher.get(Request(url))).body
        except FetchError as error:
            return error.reason

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/1.html"
        async with Fetcher(settings) as fetcher:
            found = [await one(fetcher, url) for _ in range(gets)]
        server.close()
        return found, len(asked)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        OK + LENGTH + PAGE,
        OK + b"\r\n" + PAGE,
        OK + LENGTH + PAGE + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + OK + LENGTH + PAGE,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + OK + LENGTH + PAGE,
        b"HTTP/1.0 200 OK\r\n\r\n" + PAGE,
        b"HTTP/1.1 200\r\n" + LENGTH + PAGE,
        OK + b"".join(b"Set-Cookie: c%d=%s\r\n" % (n, b"x" * 200) for n in range(300)) + LENGTH + PAGE,
        OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(PAGE), PAGE),
        OK + b"Content-Encoding: gZip\r\n\r\n" + gzip.compress(PAGE),
        OK + b"Content-Encoding: gzip\r\n\r\n" + PAGE,
        OK + b"Content-Encoding: br\r\n\r\n" + PAGE,
        OK + b"Content-Encoding: zstd\r\n\r\n" + PAGE,
        OK + b"Content-Encoding: br\r\n\r\n" + gzip.compress(PAGE),
        OK + b"Content-Encoding: gzip\r\n\r\n" + zstd.compress(PAGE),
        OK + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(gzip.compress(PAGE)),
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE[:9]) + gzip.compress(PAGE[9:]) + bytes(9),
        OK + b"X-A: a\r\n  folded\r\n" + LENGTH + PAGE,
        OK + b"Server: \xff\xfe\r\n" + LENGTH + PAGE,
        OK + b"X-Robots-Tag: \xff\r\n" + LENGTH + PAGE,
        OK + b"X : b\r\n" + LENGTH + PAGE,
        OK + b"X Bad Name: 1\r\n" + LENGTH + PAGE,
        OK + b"nonsense\r\n" + LENGTH + PAGE,
        OK + LENGTH[:-2] + LENGTH + PAGE,
        OK + b"Content-Length: %d, %d\r\n\r\n" % (len(PAGE), len(PAGE)) + PAGE,
        OK + LENGTH + PAGE + b"\r\nextra",
        OK.replace(b"\r\n", b"\n") + LENGTH.replace(b"\r\n", b"\n") + PAGE,
        OK + b"Transfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n" % b"".join(b"1\r\n%c\r\n" % byte for byte in PAGE),
    ],
)
def test_what_can_be_read_is_read(answer):
    assert served(answer) == ([PAGE], 1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "without an answer"),
        (b"\x16\x03\x01garbage\x00\xff\r\n\r\n", "Expected HTTP/"),
        (PAGE, "Expected HTTP/"),
        (OK + b"Content-Length: 500\r\n\r\n" + PAGE, "Not enough data"),
        (OK + b"Content-Length: -5\r\n\r\n" + PAGE, "Content-Length"),
        (OK + b"Content-Length: 5\r\nContent-Length: 40\r\n\r\n" + PAGE, "Content-Length"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + PAGE, "chunk size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<html", "Not enough data|not completed"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n90000\r\n<html>" + b"a" * 9 * 2**17 + PAGE, "after chunk data"),
        (OK + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 4000) for n in range(100)) + LENGTH + PAGE, "the head is larger"),
        (OK + b"".join(b"X-%d: a\r\n" % n for n in range(50_000)) + LENGTH + PAGE, "Too many"),
        (OK + b"X: " + b"a" * 100_000 + b"\r\n" + LENGTH + PAGE, "more than 16384 bytes"),
        (OK + b"Content-Length: 2000000000\r\n\r\n" + PAGE, "larger than 1,000,000"),
        (OK + b"\r\n<html>" + bytes(2_000_000), "larger than 1,000,000"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(9_000_000)), "larger than 1,000,000"),
        (OK + b"Content-Encoding: br\r\n\r\n" + brotli.compress(bytes(9_000_000)), "larger than 1,000,000"),
        (OK + b"Content-Encoding: zstd\r\n\r\n" + zstd.compress(bytes(9_000_000)), "larger than 1,000,000"),
        (
            OK + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(gzip.compress(bytes(9_000_000))),
            "larger than 1,000,000",
        ),
        (OK + b"Content-Encoding: sdch\r\n\r\n" + PAGE, "`sdch` was not asked for"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE)[:20], "ends early"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE)[:-8] + b"12345678", "broken"),
        (OK + b"Content-Length: abc\r\n\r\n" + PAGE, "Content-Length"),
        (OK + b"Content-Length: 99999999999999999999\r\n\r\n" + PAGE, "Content-Length"),
        (OK + b"Content-Length: 20\r\n\r\n" + PAGE, "Expected HTTP/"),
        (OK + b"X: a\x00b\r\n" + LENGTH + PAGE, "header"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "status"),
        (b"HTTP/1.1 20000 OK\r\n\r\n", "status"),
        (b"HTTP/9.9 200 OK\r\n\r\n", "version"),
        (b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", "empty"),
        (b"HTTP/1.1 206 Partial\r\nContent-Range: junk 9/-1\r\n" + LENGTH + PAGE, "206"),
        (b"HTTP/1.1 302 Found\r\n" + LENGTH + PAGE, "no web address"),
        (b"HTTP/1.1 300 Multiple Choices\r\n" + LENGTH + PAGE, "status 300"),
        (b"HTTP/1.1 302 Found\r\nLocation: /1.html\r\nSet-Cookie: a=1\r\n" + LENGTH + PAGE, "circle"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "empty"),
        (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "status 101"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "304 without having been asked"),
        (b"HTTP/1.1 206 Partial Content\r\n" + LENGTH + PAGE, "206"),
        (b"HTTP/1.1 999 Denied\r\n" + LENGTH + PAGE, "status 999"),
    ],
)
def test_what_cannot_be_read_has_a_reason_and_is_asked_once(answer, reason):
    (found,), asked = served(answer)
    assert re.search(reason, str(found))
    assert asked == 1


def test_a_connection_that_the_server_closed_in_silence_is_replaced():
    assert served(OK + LENGTH + PAGE, gets=3) == ([PAGE] * 3, 3)


def test_a_host_has_one_connection_for_all_its_pages():
    assert served(OK + LENGTH + PAGE, silent=True, gets=3) == ([PAGE] * 3, 3)


def keys_of(name):
    """The TLS of a server, and that of a client that trusts it; made for these tests only."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(Path(__file__).with_name(name))
    client.load_verify_locations(Path(__file__).with_name(name))
    return server, client


def trusting(tls):
    allowed, patience = SETTINGS.allow_networks, SETTINGS.timeout
    return Fetcher(SETTINGS, transport=Transport(allow_networks=allowed, timeout=patience, tls=tls))


@pytest.mark.parametrize("schemes", [("http", "http"), ("http", "https"), ("https", "https")])
def test_a_host_has_one_connection_for_all_its_ports(schemes):
    """The one that waits for later use is closed, also for the server, before another port is asked."""
    server_tls, client_tls = keys_of("trusted.pem")
    open_now, most = [0], [0]

    class Serving(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])

        def data_received(self, data):
            self.transport.write(OK + LENGTH + PAGE)

        def connection_lost(self, exc):
            open_now[0] -= 1

    async def run():
        loop, places, servers = asyncio.get_running_loop(), [], []
        for scheme in schemes:
            tls = server_tls if scheme == "https" else None
            servers.append(await loop.create_server(Serving, "127.0.0.1", 0, ssl=tls))
            places.append(f"{scheme}://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/")
        async with trusting(client_tls) as fetcher:
            for url in places * 3:
                bodies = [(await fetcher.get(Request(url))).body for _ in range(2)]
                assert bodies == [PAGE, PAGE]
        for server in servers:
            server.close()

    asyncio.run(run())
    assert most == [1]


@pytest.mark.parametrize(("name", "reason"), [("expired.pem", "expired"), ("untrusted.pem", "not valid for")])
def test_a_certificate_that_has_run_out_or_is_of_another_name_is_not_valid(name, reason):
    server_tls, client_tls = keys_of(name)

    async def run():
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=server_tls)
        try:
            async with trusting(client_tls) as fetcher:
                await fetcher.get(Request(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
        finally:
            server.close()

    with pytest.raises(FetchError, match=f"the certificate is not valid .*{reason}"):
        asyncio.run(run())


@pytest.mark.parametrize(("with_tls", "reason"), [(True, "the certificate is not valid"), (False, "reset|closed|TLS")])
def test_a_page_behind_broken_tls_is_not_read(with_tls, reason):
    """A certificate that nobody signed, made for this test only; and a server that hangs up on the handshake."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(Path(__file__).with_name("untrusted.pem"))

    async def run():
        options = {"ssl": tls} if with_tls else {}
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, **options)
        try:
            async with Fetcher(SETTINGS) as fetcher:
                await fetcher.get(Request(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
        finally:
            server.close()

    with pytest.raises(FetchError, match=reason):
        asyncio.run(run())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "drip", "reason"),
    [
        (b"", 0, "no bytes came in time"),
        (OK, 0, "no bytes came in time"),
        (OK + b"Content-Length: 500\r\n\r\n<html>", 0, "no bytes came in time"),
        (OK + b"X: " + b"a" * 900, 0.05, "no bytes came in time"),
        (OK + b"\r\n" + PAGE * 100, 0.05, "in time"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 999, 0.001, "no bytes came in time"),
    ],
)
def test_who_keeps_us_waiting_is_left(answer, drip, reason):
    (found,), _ = served(answer, silent=True, drip=drip, settings=HASTY)
    assert reason in str(found)


def test_a_proxy_is_asked_for_the_page_and_for_no_private_one():
    asked = []

    async def serve(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(OK + LENGTH + PAGE)
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Fetcher(Settings(proxy=proxy)) as fetcher:
            page = await fetcher.get(Request("http://93.184.215.14/1.html"))
            with pytest.raises(FetchError, match="not public"):
                await fetcher.get(Request("http://169.254.169.254/latest/"))
        server.close()
        return page

    assert asyncio.run(run()).body == PAGE
    assert asked == [b"GET http://93.184.215.14/1.html HTTP/1.1"]


def test_a_connection_that_is_reset_in_the_middle_has_a_reason():
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 500\r\n\r\n" + PAGE)
        await writer.drain()
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            async with Fetcher(SETTINGS) as fetcher:
                await fetcher.get(Request(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
        finally:
            server.close()

    with pytest.raises(FetchError, match=r"Not enough data|connection broke|reset") as raised:
        asyncio.run(run())
    assert raised.value.retry


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["::ffff:127.0.0.1"], ["0.0.0.0"]])
def test_a_name_that_turns_private_is_not_connected_to(monkeypatch, answers):
    """The first look at a name may find a public address and the next one our own: what is connected to counts."""
    asked = []

    def resolve(host, port, **options):
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port)) for each in answers]

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        try:
            async with Fetcher(Settings()) as fetcher:
                await fetcher.get(Request(f"http://rebound.example:{server.sockets[0].getsockname()[1]}/"))
        finally:
            server.close()

    with pytest.raises(FetchError, match="not public"):
        asyncio.run(run())
    assert asked == []


def kept_alive(*answers):
    """The bodies or reasons of as many gets over connections that stay open, what arrived, and what was repeated.

    A server gives `answers` in turn; None stands for closing the connection without a word.
    """
    waiting, asked = list(answers), []

    async def serve(reader, writer):
        try:
            while True:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                answer = waiting.pop(0)
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/1.html"
        found = []
        async with Fetcher(SETTINGS) as fetcher:
            for _ in range(sum(answer is not None for answer in answers)):
                try:
                    found.append((await fetcher.get(Request(url))).body)
                except FetchError as error:
                    found.append(error.reason)
        server.close()
        return found, len(asked), fetcher.repeats

    return asyncio.run(run())


@pytest.mark.parametrize(
    "broken", [b"HTTP/1.1 abc OK\r\n\r\n", OK + b"Content-Length: abc\r\n\r\n", OK + b"X: a\x00b\r\n\r\n"]
)
def test_a_broken_head_on_a_kept_connection_is_asked_for_once(broken):
    found, asked, repeats = kept_alive(OK + LENGTH + PAGE, broken)
    assert (found[0], asked, repeats) == (PAGE, 2, 0)
    assert isinstance(found[1], str)


def test_a_kept_connection_that_is_closed_without_a_word_is_opened_anew_and_counted():
    assert kept_alive(OK + LENGTH + PAGE, None, OK + LENGTH + PAGE) == ([PAGE, PAGE], 3, 1)


def test_what_stands_behind_a_page_is_not_taken_for_the_next_answer():
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    assert kept_alive(OK + LENGTH + PAGE + evil, OK + LENGTH + PAGE) == ([PAGE, PAGE], 2, 0)


@given(st.binary(max_size=300) | st.builds(b"HTTP/1.1 200 OK\r\n".__add__, st.binary(max_size=300)))
def test_mending_a_mended_head_changes_nothing(start):
    found, length = mended(start)
    assert mended(found) == (found, length)
    assert length is None or length >= 0


def test_a_sound_answer_is_not_touched():
    answer = OK + b"Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-A: a\r\n folded\r\n" + LENGTH + b"X : y\r\n\r\n" + PAGE
    assert mended(answer) == (answer, answer.index(b"X : y") + len(PAGE))
    assert mended(OK + b"Transfer-Encoding: chunked\r\n" + LENGTH + PAGE)[1] is None


def test_mending_takes_time_in_proportion_to_the_head():
    heads = [
        b"a" * 10**6,
        b" " * 10**6,
        b"a " * 10**6,
        b"content-length: " + b"1," * 10**6,
        b"content-length: " + b"1" * 10**6,
    ]
    began = time.process_time()
    for head in heads:
        mended(OK + head + b"\r\n\r\n")
    assert time.process_time() - began < 2
