"""`python -m tests.gate.crawl.cores`: does reading pages off the event loop help? On it, in two threads, two processes.

Pages come from 20 hosts in a process of their own, each is fetched, decoded and extracted; nothing is stored.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from time import perf_counter

from config import Settings, Source
from crawler.ads import score_title
from crawler.fetch import Fetcher
from crawler.frontier import Owners
from crawler.links import Place
from crawler.page import Page, Request
from crawler.reading import Reading, read
from crawler.screen import table
from storage.records import Target
from tests.gate.crawl.loopback import http, one_page, story

HOSTS, PAGES = 20, 600
SETTINGS = Settings(allow_networks=("127.0.0.0/8",))

Job = Callable[[Page], Awaitable[Reading]]


def reading(page: Page) -> Reading:
    """What a page says, as in a crawl."""
    source = Source("bench", (page.url,))
    place = Place(page.url, Target(page.url, "article", source.name), Owners([source]), page.fetched_at)
    return read(page, place, ad_score=score_title, ad_threshold=0.5, timed=lambda step: nullcontext())


def _warm(_: int) -> int:
    """The rules and the model are loaded with the module; the process is named."""
    return os.getpid()


async def run(bases: list[str], pool: Executor | None) -> float:
    """Seconds for all pages."""

    async def host(base: str) -> None:
        for n in range(PAGES // HOSTS):
            page = await fetcher.get(Request(f"{base}/news/{100000 + n}.html"))
            if pool is None:
                reading(page)
            else:
                await asyncio.get_running_loop().run_in_executor(
                    pool, reading, replace(page, headers=dict(page.headers))
                )

    async with Fetcher(SETTINGS) as fetcher:
        started = perf_counter()
        await asyncio.gather(*map(host, bases))
        return perf_counter() - started


def cpu() -> float:
    """Seconds of processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    links = [(f"/news/{200000 + n}.html", f"第{n}条快讯：存款准备金率下调") for n in range(40)]
    page, rows = http(story(1, links, size=40_000).encode(), zipped=True), []
    pools: dict[str, Callable[[], Executor | None]] = {
        "on the loop": lambda: None,
        "two threads": lambda: ThreadPoolExecutor(2),
        "two processes": lambda: ProcessPoolExecutor(2),
    }
    for name, made in pools.items():
        # The children are counted when they end, and those of the server before them.
        with one_page(HOSTS, page) as bases:
            before, pool = cpu(), made()
            if pool:
                list(pool.map(_warm, range(8)))
            seconds = asyncio.run(run(bases, pool))
            if pool:
                pool.shutdown()
            used = cpu() - before
        rows.append([name, f"{seconds / PAGES * 1000:.2f}", f"{used / PAGES * 1000:.2f}"])
    print(table(["pages are read", "ms of wall a page", "ms of processor a page"], rows))


if __name__ == "__main__":
    main()
