"""A small web on loopback addresses: one address a host, each request logged."""

from __future__ import annotations

import asyncio
import gzip
import multiprocessing
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from time import monotonic

WORDS = ("央行 宣布 下调 存款 准备金率 释放 长期 资金 市场 认为 此举 有助 稳定 预期 降低 实体 经济 融资 成本").split()

Answer = Callable[[str, str], bytes]


def addresses(count: int) -> list[str]:
    """So many loopback addresses, none of them 127.0.0.1."""
    return [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(count)]


def http(body: bytes, content_type: str = "text/html; charset=utf-8", *, zipped: bool = False) -> bytes:
    """A whole answer as bytes."""
    coding = "Content-Encoding: gzip\r\n" if zipped else ""
    body = gzip.compress(body, 6, mtime=0) if zipped else body
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{coding}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def story(number: int, links: Sequence[tuple[str, str]] = (), *, size: int = 0) -> str:
    """An article page with a list of links; `size` more bytes are a style sheet, as on real pages."""
    chance = random.Random(number)
    paragraphs = "".join(f"<p>{''.join(chance.choices(WORDS, k=40))}，报道{number}之{part}。</p>" for part in range(6))
    items = "".join(f'<li><a href="{url}">{title}</a><span>2026-03-20 10:00</span></li>' for url, title in links)
    style = "".join(f".c{chance.randrange(10**6)}{{margin:{n}px}}" for n in range(size // 24))
    title = f"第{number}条快讯：存款准备金率下调"
    return (
        f"<html lang='zh-CN'><head><title>{title}_财讯网</title><style>{style}</style></head><body><h1>{title}</h1>"
        f"<div>2026-03-20 10:00 来源：财讯网</div><div>{paragraphs}</div>"
        f"<div><h3>最新资讯</h3><ul>{items}</ul></div></body></html>"
    )


@dataclass(slots=True)
class Log:
    """What was asked: time in seconds, address, path; and the most connections that an address had at once."""

    rows: list[tuple[float, str, str]] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)


class _Connection(asyncio.Protocol):
    def __init__(self, address: str, answer: Answer, log: Log | None, latency: float):
        self.address, self.answer, self.log, self.latency = address, answer, log, latency
        self.waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.log:
            self.log.open[self.address] += 1
            self.log.most[self.address] = max(self.log.most[self.address], self.log.open[self.address])

    def connection_lost(self, exc: Exception | None) -> None:
        if self.log:
            self.log.open[self.address] -= 1

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, _, self.waiting = self.waiting.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            if self.log:
                self.log.rows.append((monotonic(), self.address, path))
            asyncio.get_running_loop().call_later(self.latency, self.transport.write, self.answer(self.address, path))


async def listen(
    places: Sequence[str], answer: Answer, *, log: Log | None = None, latency: float = 0.0
) -> tuple[list[asyncio.Server], int]:
    """Serve at all these addresses on one port; the servers and the port."""
    loop, port, servers = asyncio.get_running_loop(), 0, []
    for place in places:
        server = await loop.create_server(lambda place=place: _Connection(place, answer, log, latency), place, port)
        port = server.sockets[0].getsockname()[1]
        servers.append(server)
    return servers, port


def _serve(places: Sequence[str], page: bytes, out: Connection) -> None:
    async def go() -> None:
        _, port = await listen(places, lambda address, path: page)
        out.send(port)
        await asyncio.Event().wait()

    asyncio.run(go())


@contextmanager
def one_page(hosts: int, page: bytes) -> Iterator[list[str]]:
    """Hosts in a process of their own that answer everything with one page; their base addresses."""
    places = addresses(hosts)
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(places, page, there), daemon=True)
    process.start()
    try:
        port = here.recv()
        yield [f"http://{place}:{port}" for place in places]
    finally:
        process.terminate()
        process.join()
