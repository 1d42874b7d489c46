"""What carries a request beneath httpx's API: the only file that imports aiohttp.

httpx's own pool walks over all its connections at every request (1.5 ms a request with 20 hosts, 4.5 ms with 100);
aiohttp does not (0.65 ms with either). Here are also the limits that a client must set before it sees an answer: which
addresses are connected to, how long and how large a head may be, one connection a host.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from crawler.answer import is_whole, mended
from crawler.guard import Network, Refused, first_address, judged, networks, refusal, resolved

MAX_HEAD = 256 * 1024
MAX_FIELD, MAX_FIELDS = 16 * 1024, 500
KEEP_ALIVE, DNS_LIFETIME = 30.0, 300  # seconds
HEAD_FACTOR = 1.2  # A little over the wait for a connection, so that this one is told apart.
MOST_ADDRESSES = MOST_LINES = 10_000  # Origins and hosts of which something is remembered.


@dataclass(slots=True)
class _Attempt:
    """What became of the connection of one request: whether one was opened, and why not."""

    opened: bool = False
    refused: str = ""
    address: str = ""  # The one tried last, which is the one that connected if any did.
    line: _Handler | None = None


# Connections are opened in tasks of aiohttp's own; they see the same object.
_attempt: ContextVar[_Attempt] = ContextVar("attempt")


class _Resolver(AbstractResolver):
    """Names by `guard.resolved`, which a hanging name server cannot hold up at the end."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await resolved(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in dict.fromkeys(found)
        ]

    async def close(self) -> None:
        """Nothing is held."""


class _Handler(ResponseHandler):
    """Mends what browsers bear in an answer, and tells who waits for it what became of it.

    aiohttp tells only the connection of a broken chunk behind a large one, and the wait would have no end.
    """

    _begun = False  # whether a byte of the answer has come
    _left: int | None = None  # bytes of it that are still to come, None where that is not known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if attempt := _attempt.get(None):
            attempt.line = self

    def close(self) -> None:
        """At once: TLS would stay open until the server says farewell too, up to 30 s."""
        self.abort()

    def set_response_params(self, **params: Any) -> None:
        self._begun, self._left = False, None
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        if data and self._parser is not None:
            if not self._begun:
                self._begun = True
                data, self._left = mended(data)
            if self._left is not None:
                if len(data) > self._left and is_whole(data[: self._left]):
                    # The page is complete: what stands behind it must not spoil it, nor the next answer.
                    data = data[: self._left]
                    self.force_close()
                self._left = max(0, self._left - len(data))
        super().data_received(data)

    def set_exception(self, exc: Any, *cause: Any) -> None:
        payload = self._payload
        exc.unanswered = not self._begun
        super().set_exception(exc, *cause)
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            payload.set_exception(exc)


class Transport(httpx.AsyncBaseTransport):
    """Sends one GET and gives its answer undecoded. Raises httpx's errors, and Refused.

    `timeout` in seconds is for a connection and for each wait for the next bytes; the whole head may take a fifth more.
    The extension `address` of an answer is the numeric address that it came from, `reused` whether its connection was
    opened for an earlier request. With `proxy` the proxy connects; names are still judged as far as they resolve here.
    """

    def __init__(self, *, allow_networks: tuple[str, ...], timeout: float, tls: Any, proxy: str = ""):
        self._allowed, self._timeout, self._tls, self._proxy = networks(allow_networks), timeout, tls, proxy
        self._addresses: dict[str, str] = {}
        self._lines: dict[str, tuple[str, _Handler]] = {}  # By host: the last connection, and the origin it leads to.
        self._client: aiohttp.ClientSession | None = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._client is None:
            connector = aiohttp.TCPConnector(
                limit=0,
                limit_per_host=1,
                keepalive_timeout=KEEP_ALIVE,
                ssl=self._tls,
                resolver=_Resolver(),
                ttl_dns_cache=DNS_LIFETIME,
                happy_eyeballs_delay=None,  # One after the other: the last socket made is the one that connected.
                socket_factory=lambda info: _socket(info, None if self._proxy else self._allowed),
            )
            self._client = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=self._timeout),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
                max_line_size=MAX_FIELD,
                max_field_size=MAX_FIELD,
                max_headers=MAX_FIELDS,
                read_bufsize=MAX_HEAD,
            )
            connector._factory = cast("Any", partial(_Handler, loop=asyncio.get_running_loop()))
            # It would ask again after a failure on a new connection too, and nobody would count that request.
            self._client._retry_connection = False
        return self._client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        attempt = _Attempt()
        _attempt.set(attempt)
        origin = f"{request.url.scheme}://{request.url.host}:{request.url.port}"
        await self._hang_up(request.url.host, origin)
        try:
            # The timeout stands inside: what it cancels comes out as a TimeoutError, which gets its name there.
            with _named(attempt, request.url.host):
                async with asyncio.timeout(self._timeout * HEAD_FACTOR):
                    answer = await self._ask(request)
        except httpx.TransportError as error:
            error.request = request
            request.extensions["stale"] = not attempt.opened and _is_unanswered(error)
            raise
        finally:
            self._remember(request.url.host, origin, attempt)
        if attempt.opened and not self._proxy:
            self._addresses.pop(origin, None)
            self._addresses[origin] = attempt.address
            if len(self._addresses) > MOST_ADDRESSES:
                del self._addresses[next(iter(self._addresses))]
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(answer, attempt, request),
            request=request,
            extensions={"address": self._addresses.get(origin, ""), "reused": not attempt.opened},
        )

    async def address(self, host: str) -> str:
        """The network address that a host would be asked at; "" where it is not known or a proxy asks."""
        return "" if self._proxy else await first_address(host, self._timeout)

    async def _hang_up(self, host: str, origin: str) -> None:
        """Wait until nothing is open to a host but what can be used again: one connection is enough for all its ports.

        aiohttp limits connections by port only, and does not wait for those that it closes.
        """
        leads_to, line = self._lines.get(host, ("", None))
        if line is None:
            return
        if leads_to != origin:
            line.close()
        if line.transport is None and line.closed:
            await asyncio.gather(line.closed, return_exceptions=True)

    def _remember(self, host: str, origin: str, attempt: _Attempt) -> None:
        if attempt.line is not None:
            self._lines.pop(host, None)
            self._lines[host] = (origin, attempt.line)
            if len(self._lines) > MOST_LINES:
                del self._lines[next(iter(self._lines))]

    async def _ask(self, request: httpx.Request) -> aiohttp.ClientResponse:
        url = request.url.copy_with(userinfo=b"") if request.url.userinfo else request.url
        if self._proxy:
            await judged(request.url.host, self._allowed)
        answer = await self._opened().request(
            request.method,
            URL(str(url), encoded=True),
            headers=request.headers.multi_items(),
            allow_redirects=False,
            proxy=self._proxy or None,
        )
        if sum(len(name) + len(value) for name, value in answer.raw_headers) > MAX_HEAD:
            answer.close()
            raise httpx.RemoteProtocolError(f"the head is larger than {MAX_HEAD:,} bytes")
        return answer

    async def aclose(self) -> None:
        if self._client:
            await self._client.close()


def _is_unanswered(error: BaseException) -> bool:
    """Whether the connection ended before a byte of the answer had come."""
    cause: BaseException | None = error
    while cause:
        if getattr(cause, "unanswered", False) or isinstance(cause, aiohttp.ClientConnectionResetError):
            return True
        cause = cause.__cause__
    return False


class _Body(httpx.AsyncByteStream):
    """The bytes of an answer as they come."""

    def __init__(self, answer: aiohttp.ClientResponse, attempt: _Attempt, request: httpx.Request):
        self._answer, self._attempt, self._request = answer, attempt, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _named(self._attempt, self._request.url.host):
            async for piece in self._answer.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        # A connection with unread bytes on it is closed by this, any other one kept.
        self._answer.release()


def _socket(info: Any, allowed: tuple[Network, ...] | None) -> socket.socket:
    """A socket for one address, if `guard` lets it pass. Raises OSError, after which the next address is tried.

    None is for the proxy that the settings name.
    """
    family, kind, protocol, _, (address, *_) = info
    attempt = _attempt.get()
    reason = "" if allowed is None else refusal(address, allowed)
    if reason:
        attempt.refused = reason
        raise OSError(reason)
    attempt.opened, attempt.refused, attempt.address = True, "", str(address)
    return socket.socket(family, kind, protocol)


@contextmanager
def _named(attempt: _Attempt, host: str) -> Iterator[None]:
    """aiohttp's errors as httpx's, so that nobody above has to know both."""
    try:
        yield
    except aiohttp.ClientConnectorDNSError as error:
        raise httpx.ConnectError(f"the name `{host}` was not found") from error
    except aiohttp.ClientConnectorError as error:
        if attempt.refused:
            raise Refused(attempt.refused) from None
        # aiohttp's own errors of TLS look like those of ssl and lack what these carry.
        cause = error.__cause__ or error
        raise httpx.ConnectError(str(cause) or "the connection was closed while it was being opened") from cause
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except aiohttp.ServerDisconnectedError as error:
        raise httpx.RemoteProtocolError("the server closed the connection without an answer") from error
    except aiohttp.InvalidURL as error:
        raise httpx.UnsupportedProtocol(str(error)) from error
    except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, HttpProcessingError) as error:
        words = getattr(error, "message", "") or str(error.__cause__ or error)
        raise httpx.RemoteProtocolError(" ".join(words.split())[:200] or "a broken answer") from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error)) from error
    except ValueError as error:
        raise httpx.LocalProtocolError(str(error)) from error
