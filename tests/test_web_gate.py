"""What goes before every page of `serve`: who may ask, how, and what each answer says of itself."""

from __future__ import annotations

import asyncio

import pytest

from crawler.web.gate import ALWAYS, LOCAL, guarded, is_ours


def asked(path=b"/", method="GET", hosts=LOCAL, headers=((b"host", b"localhost:8001"),), app=None):
    """Status and headers of the answer."""
    sent = []

    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "raw_path": path, "path": path.decode(), "headers": list(headers)}
    asyncio.run(guarded(app or page, hosts, lambda: b"default-src 'self'")(scope, None, send))
    return sent[0]["status"], dict(sent[0]["headers"])


async def broken(scope, receive, send):
    raise ValueError("x")


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({}, 200),
        ({"headers": [(b"host", b"evil.example")]}, 421),
        ({"headers": []}, 421),
        ({"headers": [(b"host", b"localhost"), (b"host", b"evil.example")]}, 400),
        ({"headers": [(b"host", b"localhost"), (b"sec-fetch-site", b"cross-site")]}, 403),
        ({"path": b"http://evil.example/"}, 400),
        ({"path": b"*"}, 400),
        *(({"method": method}, 405) for method in ("POST", "PUT", "DELETE", "TRACE", "OPTIONS", "FOO")),
        ({"method": "HEAD"}, 200),
        ({"app": broken}, 500),
    ],
)
def test_every_answer_has_a_policy_whatever_it_is(told, status, capsys):
    got, headers = asked(**told)
    assert (got, ALWAYS.keys() <= headers.keys()) == (status, True)
    assert b"default-src" in headers[b"content-security-policy"]
    assert (headers.get(b"allow") == b"GET, HEAD") == (status == 405)
    assert ("ValueError" in capsys.readouterr().err) == (status == 500)


def test_there_is_no_other_protocol():
    sent = []

    async def send(message):
        sent.append(message["type"])

    asyncio.run(guarded(broken, LOCAL, bytes)({"type": "websocket", "headers": []}, None, send))
    assert sent == ["websocket.close"]


@pytest.mark.parametrize(
    ("host", "hosts", "expected"),
    [
        ("localhost.", LOCAL, True),
        ("LOCALHOST.:8001", LOCAL, True),
        ("[::1]:8001", LOCAL, True),
        ("news.example:80", LOCAL | {"news.example"}, True),
        ("192.168.1.5:8001", LOCAL, False),
        ("192.168.1.5:8001", LOCAL | {"0.0.0.0"}, True),
        ("[fe80::1]", LOCAL | {"[::]"}, True),
        ("1.2.3.4.example", LOCAL | {"0.0.0.0"}, False),
        ("", LOCAL | {"0.0.0.0"}, False),
    ],
)
def test_a_name_is_ours_or_is_not(host, hosts, expected):
    assert is_ours(host, hosts) is expected
