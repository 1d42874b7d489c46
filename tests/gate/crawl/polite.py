"""`python -m tests.gate.crawl.polite`: a crawl with the default settings, as the hosts see it. Takes half a minute.

Four hosts, one of which asks for 3 seconds between requests, answer after 20 ms. Ends with 1 when a pause was broken,
a host was asked more than once in a second, or had two connections at once.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from config import Settings
from crawler.crawl import crawl
from crawler.fetch import Fetcher
from crawler.frontier import sources_of
from crawler.screen import table
from storage import open_store
from tests.gate.crawl.loopback import Log, addresses, http, listen, story

HOSTS, PAGES, CRAWL_DELAY = 4, 12, 3.0


def answer(address: str, path: str) -> bytes:
    """A front page of a dozen articles; the first host has a wish."""
    if path == "/robots.txt":
        wish = f"Crawl-delay: {CRAWL_DELAY:g}\n" if address == addresses(1)[0] else ""
        return http(f"User-agent: *\n{wish}Disallow: /private/\n".encode(), "text/plain")
    links = [(f"/news/{100000 + n}.html", f"第{n}条快讯：存款准备金率下调") for n in range(PAGES)]
    return http(story(hash((address, path)) % 10**9, links).encode())


async def run(database: Path) -> Log:
    log, places = Log(), addresses(HOSTS)
    servers, port = await listen(places, answer, log=log, latency=0.02)
    settings = Settings(allow_networks=("127.0.0.0/8",))
    sources = sources_of(f"http://{place}:{port}/" for place in places)
    with open_store(database) as store:
        async with Fetcher(settings) as fetcher:
            await crawl(settings, sources, store, fetcher=fetcher)
    for server in servers:
        server.close()
    return log


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = asyncio.run(run(Path(folder) / "polite.db"))
    times: dict[str, list[float]] = defaultdict(list)
    for at, address, _ in log.rows:
        times[address].append(at)
    rows, bad = [], 0
    for address, asked in times.items():
        wish = CRAWL_DELAY if address == addresses(1)[0] else 1.0
        gaps = [after - before for before, after in pairwise(asked)]
        broken = sum(gap < wish for gap in gaps)
        peak = max(sum(at <= other < at + 1 for other in asked) for at in asked)
        rows.append([address, len(asked), wish, f"{min(gaps):.2f}", broken, peak, log.most[address]])
        bad += broken > 0 or peak > 1 or log.most[address] > 1
    print(table(["host", "requests", "pause wanted", "least pause", "broken", "most a second", "connections"], rows))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
