"""What goes before every page, ours and Datasette's: who may ask, how, and what each answer must say of itself."""

from __future__ import annotations

import ipaddress
import re
import sys
import traceback
from collections.abc import Callable
from typing import Any

from crawler.web.files import Asgi

LOCAL = frozenset(("localhost", "127.0.0.1", "[::1]"))
METHODS = ("GET", "HEAD")
# Of what a page of Datasette, or nothing at all, says of itself; a page of ours may say more.
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
NOTHING = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_FOREIGN_NAME = b"This server is not asked for under that name; see `kuaixun serve --help` for --name.\n"
_FOREIGN_PAGE = b"A page of another site may lead here by a link, and ask for nothing itself.\n"
_NO_PATH = b"What is asked for is a path, which begins with a slash, of one host.\n"
_ONLY_READ = b"These pages are only read: GET or HEAD.\n"
_FAULT = b"Something went wrong; the terminal has the details.\n"


def guarded(app: Asgi, hosts: frozenset[str] | None, policy: Callable[[], bytes]) -> Asgi:
    """Every answer with its policy (`policy` for whatever has none of its own); what must not be asked is refused.

    `hosts` are the names under which it may be asked for; None: any.
    """

    async def gate(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})  # there are none
            return
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        refused = _refused(scope, hosts)
        if refused:
            await _plain(send, *refused)
            return
        begun = False

        async def sent(message: dict[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": _with_all(message["headers"], policy())}
            await send(message)

        try:
            await app(scope, receive, sent)
        except Exception:
            if begun:
                raise
            traceback.print_exc(file=sys.stderr)
            await _plain(send, 500, _FAULT)

    return gate


def _refused(scope: dict[str, Any], hosts: frozenset[str] | None) -> tuple[int, bytes] | None:
    """Status and text where a request is refused."""
    names = [value for name, value in scope["headers"] if name == b"host"]
    path = scope.get("raw_path") or scope["path"].encode()
    if len(names) > 1 or not path.startswith(b"/"):
        return 400, _NO_PATH
    if hosts is not None and not is_ours(b"".join(names).decode("latin-1"), hosts):
        return 421, _FOREIGN_NAME
    if scope["method"] not in METHODS:
        return 405, _ONLY_READ
    return (403, _FOREIGN_PAGE) if _is_fetched_by_another(dict(scope["headers"])) else None


def is_ours(host: str, hosts: frozenset[str]) -> bool:
    """Whether a Host, with or without a port, is one of the names.

    With a name for every network address among them (`0.0.0.0`, `[::]`) any number is ours: it needs no name service,
    and so nobody can make one of another's mean this machine.
    """
    name = re.sub(r":\d+$", "", host.lower()).removesuffix(".")
    return name in hosts or (not hosts.isdisjoint(("0.0.0.0", "[::]")) and _is_number(name))


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name[1:-1] if name.startswith("[") else name)
    except ValueError:
        return False
    return True


def _is_fetched_by_another(headers: dict[bytes, bytes]) -> bool:
    """Whether a page of another site asks, for more than to lead a reader here: it could keep the processor busy."""
    if headers.get(b"sec-fetch-site", b"none") in (b"none", b"same-origin"):
        return False
    return (headers.get(b"sec-fetch-mode"), headers.get(b"sec-fetch-dest")) != (b"navigate", b"document")


def _with_all(headers: Any, policy: bytes) -> list[Any]:
    known = {name.lower() for name, _ in headers}
    more = {**ALWAYS, b"content-security-policy": policy}
    return [*headers, *((name, value) for name, value in more.items() if name not in known)]


async def _plain(send: Any, status: int, text: bytes) -> None:
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    head += [(b"allow", ", ".join(METHODS).encode())] if status == 405 else []
    await send({"type": "http.response.start", "status": status, "headers": _with_all(head, NOTHING)})
    await send({"type": "http.response.body", "body": text})
