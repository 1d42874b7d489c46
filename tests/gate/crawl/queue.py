"""`python -m tests.gate.crawl.queue`: a queue of 200,000 addresses on 2,000 hosts: what a pick takes, and memory.

A pass then works on it, with a web in memory, for a thousand pages.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import httpx

from config import Settings
from crawler.crawl import crawl
from crawler.fetch import Fetcher
from crawler.frontier import sources_of
from crawler.tally import Event
from storage import Target, open_store
from storage.store import Store
from tests.gate.crawl.loopback import story


def peak() -> float:
    """The most memory that this process has held, in MB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1e6 if sys.platform == "darwin" else 1e3)


def fill(store: Store, hosts: int, pages: int, now: datetime) -> None:
    for host in range(hosts):
        urls = (f"http://h{host}.example/news/{100000 + n}.html" for n in range(pages))
        store.add_targets((Target(url, "article", f"h{host}.example", n % 60) for n, url in enumerate(urls)), now)


def picks(store: Store, hosts: int, now: datetime) -> float:
    """Milliseconds of one pick, over all hosts."""
    started = perf_counter()
    for host in range(hosts):
        assert store.best(f"h{host}.example", now)
    return (perf_counter() - started) / hosts * 1000


async def work(store: Store, hosts: int, pages: int) -> tuple[int, float]:
    """A pass that is stopped after so many pages: how many it asked for, and the seconds it took."""
    stop, seen = asyncio.Event(), 0

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            return httpx.Response(404)
        page = story(hash(str(request.url)) % 10**9)
        return httpx.Response(200, html=page, headers={"content-type": "text/html; charset=utf-8"})

    def report(event: Event) -> None:
        nonlocal seen
        seen += event.kind == "fetched"
        if seen >= pages:
            stop.set()

    sources, settings = sources_of(f"http://h{n}.example/" for n in range(hosts)), Settings()
    started = perf_counter()
    async with Fetcher(settings, transport=httpx.MockTransport(answer)) as fetcher:
        await crawl(settings, sources, store, fetcher=fetcher, report=report, stop=stop)
    return seen, perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gate.crawl.queue", description=__doc__)
    parser.add_argument("--hosts", type=int, default=2000)
    parser.add_argument("--addresses", type=int, default=200_000)
    options = parser.parse_args()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "queue.db") as store:
        fill(store, options.hosts, options.addresses // options.hosts, now)
        print(f"{options.addresses:,} addresses on {options.hosts:,} hosts: peak {peak():.0f} MB")
        started = perf_counter()
        hosts = store.hosts_due(now)
        print(f"which hosts have something due: {(perf_counter() - started) * 1000:.1f} ms for {len(hosts):,}")
        print(f"one pick: {picks(store, options.hosts, now):.3f} ms")
        seen, seconds = asyncio.run(work(store, options.hosts, 1000))
        print(f"a pass over it: {seen:,} pages in {seconds:.1f} s, peak {peak():.0f} MB")


if __name__ == "__main__":
    main()
