"""`python -m tests.gate.crawl.transport`: processor time of one fetch, httpx as it comes beside our transport.

Pages of 72 KB (gzip) from hosts in another process, one request at a time to each host, all hosts at once. Both go
through the same Fetcher: only what carries the request differs. The runs are interleaved, the best of each counts.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from time import process_time

import httpx

from config import Settings
from crawler.fetch import Fetcher
from crawler.page import Request
from crawler.screen import table
from tests.gate.crawl.loopback import http, one_page, story

PAGES, ROUNDS = 1500, 3
SETTINGS = Settings(allow_networks=("127.0.0.0/8",))


def _httpx() -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None, max_keepalive_connections=None))


TRANSPORTS: dict[str, Callable[[], httpx.AsyncBaseTransport | None]] = {"httpx": _httpx, "ours": lambda: None}


async def cost(bases: list[str], made: Callable[[], httpx.AsyncBaseTransport | None]) -> float:
    """Milliseconds of processor time a page."""

    async def host(base: str) -> None:
        for n in range(PAGES // len(bases)):
            await fetcher.get(Request(f"{base}/{n}.html"))

    async with Fetcher(SETTINGS, transport=made()) as fetcher:
        await asyncio.gather(*(fetcher.get(Request(f"{base}/")) for base in bases))
        started = process_time()
        await asyncio.gather(*map(host, bases))
        return (process_time() - started) / (PAGES // len(bases) * len(bases)) * 1000


def main() -> None:
    page, rows = http(story(1, size=70_000).encode(), zipped=True), []
    for hosts in (1, 20, 100):
        found: dict[str, list[float]] = defaultdict(list)
        with one_page(hosts, page) as bases:
            for _ in range(ROUNDS):
                for name, made in TRANSPORTS.items():
                    found[name].append(asyncio.run(cost(bases, made)))
        best = {name: min(times) for name, times in found.items()}
        rows.append([hosts, f"{best['httpx']:.2f}", f"{best['ours']:.2f}", f"{best['httpx'] / best['ours']:.1f}"])
    print(table(["hosts at once", "httpx, ms a page", "ours, ms a page", "ratio"], rows))


if __name__ == "__main__":
    main()
