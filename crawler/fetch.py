"""One GET at a time, made safe, in the API of httpx.

What a server can do wrong ends as a FetchError with a reason: limits stand on waiting for bytes, on the whole answer,
on its size decoded, and on redirects; each address connected to is checked. Cookies are off, and so is a proxy unless
the setting `proxy` names one; the environment never does.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import httpx

from config import Settings, Source
from crawler.answer import CODINGS, HEAD, Coding, is_page, retry_after
from crawler.guard import Refused
from crawler.page import FetchError, Page, Request
from crawler.urls import resolve

if TYPE_CHECKING:
    from storage.store import Store

Check = Callable[[str, str], Awaitable[None]]

_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"
# RFC 9309, 2.3.1.2, for robots.txt: without them a site that redirects it would seem to have no rules.
_ROBOTS_REDIRECTS = 5
_TRY_LATER = frozenset((408, 425, 429))


def utc_now() -> datetime:
    return datetime.now(UTC)


@cache
def _tls() -> ssl.SSLContext:
    """The certificates to trust; reading them takes longer than a page does."""
    return httpx.create_ssl_context()


def trust() -> str:
    """What is wrong with the certificates that sites are judged by; "" for nothing."""
    try:
        known = _tls().cert_store_stats()["x509_ca"]
    except (OSError, ssl.SSLError) as error:
        return f"the certificates cannot be read: {error}"
    return "" if known else "no certificate authority is known, every https site will fail"


def _transport(settings: Settings) -> httpx.AsyncBaseTransport:
    # Loading what is beneath takes longer than a page does, and tests bring their own.
    from crawler.transport import Transport

    return Transport(allow_networks=settings.allow_networks, timeout=settings.timeout, tls=_tls(), proxy=settings.proxy)


class Fetcher:
    """GETs pages; an async context manager. `transport` replaces the network in tests, `clock` tells UTC."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = utc_now,
    ):
        self._settings, self._clock = settings, clock
        self.repeats = 0  # Requests that were sent once more, because their connection had gone stale.
        self.most = settings.concurrency  # Requests under way at once.
        self._transport = transport or _transport(settings)
        self._headers = {
            "User-Agent": user_agent(settings),
            "Accept": _ACCEPT,
            "Accept-Encoding": CODINGS,
        }

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def prepare(self, sources: Sequence[Source], store: Store) -> None:
        """A pass over these sources begins: for a fetcher that has pages read elsewhere."""

    async def get(self, request: Request, *, check: Check | None = None) -> Page:
        """The page at `request.url`, redirects followed. Raises FetchError.

        `check` is awaited before each redirect with both addresses, and raises FetchError to stop it. Status 304
        gives a page with an empty body; every other status outside 200..299 is an error, as is a type that cannot
        be a page, a feed or a sitemap.
        """
        return await self._follow(request, check, self._settings.max_body, self._settings.max_redirects, any_type=False)

    async def address(self, url: str) -> str:
        """The network address that `url` would be asked at, "" where that is not known before."""
        find = getattr(self._transport, "address", None)
        return str(await find(urlsplit(url).hostname or "")) if find else ""

    async def beginning(self, url: str, size: int, *, check: Check | None = None) -> Page:
        """The first `size` bytes at `url`, of any type. Raises FetchError.

        It is for robots.txt: five redirects are followed, whatever the settings say.
        """
        return await self._follow(Request(url), check, size, _ROBOTS_REDIRECTS, any_type=True)

    async def _follow(self, request: Request, check: Check | None, size: int, most: int, *, any_type: bool) -> Page:
        url, seen = request.url, [request.url]
        while True:
            found = await self.hop(request, url, size, any_type=any_type)
            if isinstance(found, Page):
                return found
            target, status = found
            if target in seen:
                raise FetchError(request.url, "redirects lead in a circle", status=status)
            if len(seen) > most:
                raise FetchError(request.url, f"more than {most} redirects", status=status)
            if check:
                await check(url, target)
            seen.append(target)
            url = target

    async def hop(self, request: Request, url: str, size: int, *, any_type: bool) -> Page | tuple[str, int]:
        """One answer, within the deadline: the page, or where it sends us, and its status. Raises FetchError.

        `url` is where the request stands by now. The pauses between answers are not ours.
        """
        started, deadline = perf_counter(), self._settings.deadline
        try:
            async with asyncio.timeout(deadline):
                response = await self._send(request, url)
                try:
                    target = self._redirect(response, url)
                    if target:
                        return target, response.status_code
                    page = await self._page(request, url, response, size, any_type=any_type)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise FetchError(request.url, f"no whole answer within {deadline:g} s", retry=True) from None
        return replace(page, took=perf_counter() - started)

    async def _send(self, request: Request, url: str) -> httpx.Response:
        headers = dict(self._headers)
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
        try:
            sent = httpx.Request("GET", url, headers=headers)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise FetchError(url, f"not a usable address: {error}") from error
        # A server may close an idle connection without a word: that is no failure, ask once more on a new one.
        return await self._answer(sent, may_be_stale=True) or await self._answer(sent) or httpx.Response(0)

    async def _answer(self, sent: httpx.Request, *, may_be_stale: bool = False) -> httpx.Response | None:
        """The head of the answer; None when a connection that was kept from an earlier request ended without a byte."""
        try:
            return await self._transport.handle_async_request(sent)
        except (httpx.HTTPError, Refused) as error:
            broken = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError)
            if broken and may_be_stale and sent.extensions.get("stale", True):
                self.repeats += 1
                return None
            raise _translated(str(sent.url), error) from error

    def _redirect(self, response: httpx.Response, url: str) -> str:
        """Where the answer sends us, or "" when nowhere."""
        if response.status_code not in (301, 302, 303, 307, 308):
            return ""
        location = response.headers.get("location", "")
        target = resolve(url, location)
        if not location or not target:
            reason = f"redirects to `{location[:200]}`, which is no web address"
            raise FetchError(url, reason, status=response.status_code)
        return target

    async def _page(self, request: Request, url: str, response: httpx.Response, size: int, *, any_type: bool) -> Page:
        status, headers = response.status_code, dict(response.headers.items())
        if "x-robots-tag" in headers:
            # An agent's name in it goes for the rest of its line: several headers stay several lines.
            headers["x-robots-tag"] = "\n".join(response.headers.get_list("x-robots-tag"))
        address = response.extensions.get("address") or None
        if status == 304 and not (request.etag or request.last_modified):
            raise FetchError(url, "status 304 without having been asked", status=status, retry=True)
        if status == 206:
            raise FetchError(url, "a part (status 206), where the whole was asked for", status=status)
        if status == 304:
            return Page(request, url, status, headers, b"", self._clock(), address=address)
        if not 200 <= status < 300:
            after = retry_after(headers.get("retry-after", ""), self._clock())
            retry = status in _TRY_LATER or 500 <= status < 600
            raise FetchError(url, f"status {status}", status=status, retry=retry, after=after)
        try:
            body = await self._body(url, response, size, any_type=any_type, cut=any_type or request.cut)
        except httpx.HTTPError as error:
            raise _translated(url, error) from error
        if not body and not any_type and "refresh" not in headers:
            raise FetchError(url, "the answer is empty", status=status)
        return Page(request, url, status, headers, body, self._clock(), address=address)

    async def _body(self, url: str, response: httpx.Response, size: int, *, any_type: bool, cut: bool) -> bytes:
        status, content_type = response.status_code, response.headers.get("content-type", "")
        declared = response.headers.get("content-length", "")
        too_large = FetchError(url, f"larger than {size:,} bytes (setting `max_body`)", status=status)
        if declared.isdecimal() and int(declared) > size and not cut:
            raise too_large
        try:
            coding, body = Coding(response.headers.get("content-encoding", ""), size), bytearray()
            judged = any_type
            assert isinstance(response.stream, httpx.AsyncByteStream)
            async for piece in response.stream:
                body += coding.read(piece)
                if not judged and len(body) >= HEAD:
                    judged = _judge(url, content_type, body)
                if coding.full:
                    break
            coding.end()
        except ValueError as error:
            raise FetchError(url, str(error), status=status, retry=True) from None
        if coding.full and not cut:
            raise too_large
        if body and not judged:
            _judge(url, content_type, body)
        return bytes(body)


def _judge(url: str, content_type: str, body: bytearray) -> bool:
    if not is_page(content_type, bytes(body[:HEAD])):
        raise FetchError(url, f"not a page (type `{content_type or 'not given'}`)", status=200)
    return True


def user_agent(settings: Settings) -> str:
    """The name that servers see, with the contact that the settings give."""
    name, contact = settings.user_agent, settings.contact
    if not contact or contact in name:
        return name
    return f"{name[:-1]}; {contact})" if name.endswith(")") else f"{name} ({contact})"


def _translated(url: str, error: Exception) -> FetchError:
    """httpx's error as a reason in words, and whether a later try may help."""
    if isinstance(error, Refused):
        return FetchError(url, str(error), later=True)
    if isinstance(error, httpx.ConnectTimeout):
        return FetchError(url, "no connection in time", retry=True)
    if isinstance(error, httpx.TimeoutException):
        return FetchError(url, "no bytes came in time", retry=True)
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError(url, f"TLS: the certificate is not valid ({cause.verify_message})", later=True)
        if isinstance(cause, ssl.SSLError):
            return FetchError(url, f"TLS failed ({cause.reason or cause})", retry=True)
        if isinstance(cause, ConnectionRefusedError):
            return FetchError(url, "connection refused", retry=True)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return FetchError(url, f"cannot be asked: {error}")
    words = str(error) or str(causes[-1]) or type(error).__name__
    return FetchError(
        url, f"the connection broke: {words}" if isinstance(error, httpx.ReadError) else words, retry=True
    )


def _causes(error: BaseException) -> Iterable[BaseException]:
    seen: BaseException | None = error
    while seen:
        yield seen
        seen = seen.__cause__ or seen.__context__
