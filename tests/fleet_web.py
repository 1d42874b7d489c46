"""A news web with truth for the fleet: many hosts on loopback addresses, each request logged from its begin to its end.

It runs in a thread of its own, so that crawls in other processes ask it while a test does something else. Needs a
system where all of 127.0.0.0/8 is loopback, as on Linux.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from time import monotonic

from tests.gate.crawl.loopback import WORDS, addresses

ROBOTS = "/robots.txt"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a host says, `after` so many seconds."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass(frozen=True, order=True, slots=True)
class Asked:
    """One request as its host saw it; times in seconds of this machine's monotonic clock.

    `status` is 0 where who asked went away before the answer; the request ends then.
    """

    begin: float
    end: float
    host: str
    path: str
    status: int


Answer = Callable[[str, str], Reply]


class Log(list[Asked]):
    """All requests in the order in which they ended."""

    def hosts(self) -> dict[str, list[Asked]]:
        """The requests of each host in the order in which they began."""
        found = defaultdict(list)
        for each in sorted(self):
            found[each.host].append(each)
        return found

    def overlaps(self) -> list[tuple[Asked, Asked]]:
        """Pairs of which the second began before the first had ended, on one host."""
        return [pair for rows in self.hosts().values() for pair in pairwise(rows) if pair[1].begin < pair[0].end]

    def hasty(self, pause: float | Mapping[str, float], slack: float = 0.01) -> list[tuple[float, Asked, Asked]]:
        """Seconds between, the one before and the request that came too soon after it; `slack` is given.

        `pause` in seconds, for all hosts or for each.
        """
        found = []
        for host, rows in self.hosts().items():
            wanted = pause if isinstance(pause, float) else pause[host]
            gaps = [(after.begin - before.end, before, after) for before, after in pairwise(rows)]
            found += [each for each in gaps if each[0] < wanted - slack]
        return found

    def pages(self) -> list[Asked]:
        """All but those of robots.txt."""
        return [each for each in self if each.path != ROBOTS]

    def robots(self) -> Counter[str]:
        """How often each host was asked for its robots.txt."""
        return Counter(each.host for each in self if each.path == ROBOTS)

    def again(self) -> int:
        """How many requests asked for an address that had been asked for before and had not refused: 200 or cut off."""
        times = Counter((each.host, each.path) for each in self.pages() if each.status in (0, 200))
        return sum(times.values()) - len(times)


class _Connection(asyncio.Protocol):
    def __init__(self, host: str, answer: Answer, log: Log):
        self.host, self.answer, self.log = host, answer, log
        self.waiting, self.begun = b"", dict[str, float]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        for path in list(self.begun):
            self._ended(path, 0)

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, _, self.waiting = self.waiting.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            self.begun[path] = monotonic()
            reply = self.answer(self.host, path)
            asyncio.get_running_loop().call_later(reply.after, self._reply, path, reply)

    def _reply(self, path: str, reply: Reply) -> None:
        if path not in self.begun:
            return
        given = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(reply.body)), **reply.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        # The end is noted before the bytes go: who asked cannot ask again before.
        self._ended(path, reply.status)
        self.transport.write(f"HTTP/1.1 {reply.status} -\r\n{head}\r\n".encode() + reply.body)

    def _ended(self, path: str, status: int) -> None:
        self.log.append(Asked(self.begun.pop(path), monotonic(), self.host, path, status))


@dataclass(slots=True)
class Served:
    """A running web."""

    hosts: Sequence[str]
    port: int
    log: Log

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"


@contextmanager
def serve(hosts: Sequence[str], answer: Answer) -> Iterator[Served]:
    """Serve at all these addresses on one port while the block lasts."""
    loop, log = asyncio.new_event_loop(), Log()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> tuple[list[asyncio.Server], int]:
        port, servers = 0, []
        for host in hosts:
            made = await loop.create_server(lambda host=host: _Connection(host, answer, log), host, port)
            port = made.sockets[0].getsockname()[1]
            servers.append(made)
        return servers, port

    async def close() -> None:
        for server in servers:
            server.close()

    servers, port = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    try:
        yield Served(hosts, port, log)
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(slots=True)
class News:
    """What the hosts say: each has two lists and `articles` articles, of which every fourth stands on all hosts.

    Some articles are redirected to, some are gone, some are in GB 18030. `delays` are Crawl-delays in seconds by host;
    a host in `busy` refuses its third page once, with Retry-After, and says how many seconds. `latency` in seconds.
    """

    count: int
    articles: int
    size: int = 0
    latency: float = 0.0
    delays: Mapping[str, float] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def hosts(self) -> list[str]:
        return addresses(self.count)

    def stored(self) -> int:
        """How many articles a whole crawl of it stores."""
        return self.count * sum(number % 10 != 7 for number in range(1, self.articles + 1))

    def requests(self) -> int:
        """How many pages a whole crawl of it asks for, redirects among them."""
        moved = sum(number % 10 == 5 for number in range(1, self.articles + 1))
        return self.count * (2 + self.articles + moved)

    def answer(self, host: str, path: str) -> Reply:
        if path == ROBOTS:
            wish = f"Crawl-delay: {self.delays[host]:g}\n" if host in self.delays else ""
            rules = f"User-agent: *\n{wish}Disallow: /private/\n".encode()
            return Reply(rules, headers={"Content-Type": "text/plain"}, after=self.latency)
        self.asked[host] += 1
        if host in self.busy and self.asked[host] == 3:
            return Reply(b"later", 429, {"Retry-After": str(self.busy[host])}, self.latency)
        status, body, headers = _page(self.hosts.index(host), path, self.articles, self.size)
        return Reply(body, status, headers, self.latency)

    def begin_again(self, articles: int = 0) -> None:
        """Whoever comes next is the first; there may be more articles now."""
        self.asked.clear()
        self.articles = articles or self.articles

    def make(self) -> None:
        """Make all pages now, so that it costs nothing when they are asked for."""
        for host in range(self.count):
            for number in range(1, self.articles + 1):
                _page(host, f"/news/{100_000 + number}.html", self.articles, self.size)


Made = tuple[int, bytes, dict[str, str]]


@cache
def _page(host: int, path: str, articles: int, size: int) -> Made:
    half = articles // 2
    if path == "/":
        return 200, _list(range(1, half + 1), '<div class="pager"><a href="/index_2.html">2</a></div>'), {}
    if path == "/index_2.html":
        return 200, _list(range(half + 1, articles + 1)), {}
    folder, _, name = path.strip("/").partition("/")
    number = int(name.removesuffix(".html")) - 100_000 if name.endswith(".html") else 0
    if folder not in ("news", "moved") or not 1 <= number <= articles or (folder == "news" and number % 10 == 7):
        return 404, b"gone", {}
    if folder == "moved":
        return 302, b"", {"Location": f"/news/{100_000 + number}.html"}
    text = _article(number if number % 4 == 0 else 10_000 * (host + 1) + number, size)
    if number % 10 == 3:
        return 200, text.encode("gb18030"), {"Content-Type": "text/html; charset=gb2312"}
    return 200, text.encode(), {}


def _article(story: int, size: int) -> str:
    """A page that tells the story of a number, alike on all hosts, with `size` more characters of style."""
    dice = random.Random(story)
    # Words of news, so that it passes for Chinese in any charset, and common characters, so that no two are alike.
    pairs = [bytes((dice.randrange(0xB0, 0xD7), dice.randrange(0xA1, 0xFF))).decode("gb2312") for _ in range(360)]
    words = [dice.choice(WORDS) + "".join(pairs[start : start + 3]) for start in range(0, 360, 3)]
    lines = ["，".join(words[start : start + 12]) + "。" for start in range(12, 120, 12)]
    style = "".join(f".c{dice.randrange(10**6)}{{margin:{n}px}}" for n in range(size // 24))
    title = f"{words[0]}{words[1]}第{story}号快讯{words[2]}"
    return (
        f"<html lang='zh-CN'><head><title>{title}_财讯网</title><style>{style}</style></head><body><h1>{title}</h1>"
        f"<div>2026-03-{story % 28 + 1:02} {story % 24:02}:{story % 60:02} 来源：财讯网</div>"
        f"<div>{''.join(f'<p>{line}</p>' for line in lines)}</div></body></html>"
    )


def _list(numbers: Sequence[int], more: str = "") -> bytes:
    folders = {number: "moved" if number % 10 == 5 else "news" for number in numbers}
    items = "".join(
        f'<li><a href="/{folder}/{100_000 + number}.html">第{number}条快讯：存款准备金率再度下调</a>'
        "<span>2026-03-20 10:00</span></li>"
        for number, folder in folders.items()
    )
    return f"<html lang='zh-CN'><head><title>财讯网</title></head><body><ul>{items}</ul>{more}</body></html>".encode()
