"""`python -m tests.gate.fleet_bench [--hosts N] [--articles N] [--put N] [--check]`: what the fleet costs a page.

One web of made-up news, its pages as heavy as real ones, is crawled by one process and then by a collector with two
workers. What is counted lies between the first tenth of the requests and the last, so that starting costs nothing:
processor time of our processes a page, the same with PostgreSQL's own, and pages a second of wall time, which depends
on the cores. Then jobs are put into the queue, 1,000 at once. With --check it ends with 1 where a floor is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.screen import table
from storage import open_store
from storage.digest import content_hash
from tests.fleet_lab import Machine, Postgres, Site, missing, postgres, seconds, until
from tests.fleet_web import News, Served, serve

# Floors: times the processor time of one process, share that is asked for twice, jobs a second.
RATIO, TWICE, JOBS = 1.35, 0.01, 3000
BATCH = 1000
SIZE = 40_000  # characters beside the article
PATIENCE = 900.0


@dataclass(slots=True)
class Course:
    """What one way of crawling took between two marks: seconds of processor time and of wall time, and requests.

    `server` is the processor time of PostgreSQL. `content` is the hash of all that was stored.
    """

    ours: float
    server: float
    wall: float
    requests: int
    overlaps: int = 0
    again: int = 0
    lost: int = 0
    content: str = ""

    def row(self, name: str, base: Course) -> list[str]:
        ours, whole = self.ours / self.requests, (self.ours + self.server) / self.requests
        one = base.ours / base.requests
        return [
            name,
            f"{ours * 1000:.2f}",
            f"{ours / one:.2f}",
            f"{whole * 1000:.2f}",
            f"{whole / one:.2f}",
            f"{self.requests / self.wall:.0f}",
            str(self.overlaps),
            str(self.again),
            str(self.lost),
        ]


def course(site: Site, web: Served, news: News, server: Postgres | None, machines: list[Machine]) -> Course:
    """Wait for the last of the machines, whose clocks are read at two marks."""

    def read() -> Course:
        ours = sum(seconds(machine.process.pid) for machine in machines)
        return Course(ours, server.cpu() if server else 0.0, time.monotonic(), len(web.log))

    def reaches(share: float) -> Course:
        goal = int(news.requests() * share)
        assert until(
            lambda: len(web.log) >= goal or (None if last.process.poll() is not None else False), PATIENCE, 0.01
        )
        return read()

    last = machines[-1]
    begin, end = reaches(0.1), reaches(0.95)
    assert last.wait(PATIENCE) == 0, last.text()
    for machine in machines[:-1]:
        machine.end()
    found = Course(
        end.ours - begin.ours, end.server - begin.server, end.wall - begin.wall, end.requests - begin.requests
    )
    found.overlaps, found.again = len(web.log.overlaps()), web.log.again()
    with open_store(site.folder / "news.db", readonly=True) as store:
        found.lost = news.stored() - store.db.execute("SELECT count(*) FROM articles").fetchone()[0]
        found.content = content_hash(store.db)
    return found


def crawl(folder: Path, web: Served, news: News, server: Postgres | None, workers: int = 2) -> Course:
    """By one process, or with a server by the fleet."""
    web.log.clear()
    folder.mkdir()
    with closing(Site(folder)) as site:
        site.configure(web, delay=0.0)
        machines = [] if server else [site.start("crawl", "--quiet")]
        if server:
            server.execute("CREATE DATABASE fleet")
            site.dsn = server.dsn("fleet")
            code, said = site.run("fleet", "init")
            assert code == 0, said
            machines = [site.worker(number, concurrency=32) for number in range(workers)]
            machines.append(site.collect("--once", "--quiet"))
        return course(site, web, news, server, machines)


def jobs_a_second(server: Postgres, count: int) -> float:
    """How many jobs are put into the queue in a second, so many at once."""
    from crawler.fleet.engine import Job, Queue

    content = b"x" * 400  # about as long as a request is

    async def put() -> float:
        async with Queue(server.dsn("fleet")) as queue:
            begun = time.perf_counter()
            for start in range(0, count, BATCH):
                await queue.hand_out(
                    [Job(f"{n:064}", content, f"host{n % 997}.example") for n in range(start, start + BATCH)]
                )
            return count / (time.perf_counter() - begun)

    return asyncio.run(put())


def misses(one: Course, fleet: Course, jobs: float) -> list[str]:
    """Which floors are missed."""
    ratio = fleet.ours / fleet.requests / (one.ours / one.requests)
    checks: dict[str, Any] = {
        f"{ratio:.2f} times the processor time a page, at most {RATIO}": ratio <= RATIO,
        f"{fleet.overlaps} overlaps on a host": not fleet.overlaps,
        f"{fleet.again} of {fleet.requests} requests asked again": fleet.again <= TWICE * fleet.requests,
        f"{fleet.lost} articles lost": not fleet.lost,
        f"{jobs:.0f} jobs a second, at least {JOBS}": jobs >= JOBS,
        "the content is not that of one machine": fleet.content == one.content,
    }
    return [text for text, is_well in checks.items() if not is_well]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=60, help="how many hosts the web has")
    parser.add_argument("--articles", type=int, default=50, help="how many articles each has")
    parser.add_argument("--put", type=int, default=20_000, help="how many jobs are put into the queue")
    parser.add_argument("--check", action="store_true", help="end with 1 where a floor is missed")
    options = parser.parse_args()
    if lack := missing():
        print(lack)
        return 1 if options.check else 0
    news = News(options.hosts, options.articles, size=SIZE)
    news.make()
    with tempfile.TemporaryDirectory() as name, serve(news.hosts, news.answer) as web, postgres() as server:
        one = crawl(Path(name) / "one", web, news, None)
        fleet = crawl(Path(name) / "fleet", web, news, server)
        jobs = jobs_a_second(server, options.put)
    head = ["crawled by", "ms a page", "times", "with PostgreSQL", "times", "pages/s", "overlaps", "again", "lost"]
    print(table(head, [one.row("one process", one), fleet.row("collector, 2 workers", one)]))
    print(f"{jobs:,.0f} jobs a second are put into the queue, {BATCH:,} at once")
    missed = misses(one, fleet, jobs)
    print("\n".join(f"missed: {text}" for text in missed) or "no floor is missed")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
