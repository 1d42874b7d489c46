"""`python -m tests.gate.store_bench [FILE] [--rows N]`: what it costs to store articles with everything on.

Each article's page goes into the archive, and the article through `Store.save` in a transaction of
its own: keys, story, search, history. FILE has JSON lines with url, site, time, title and text; without it, and for
more rows than it has, rows are made up as in `scale`. A page is the article in a frame of its site. Making rows and
pages is not timed, and nothing is extracted. Printed at each quarter: articles a second of processor time, of it the
archive's share, and bytes an article; then how long another process waits for its answers, in milliseconds, while
nothing is written and while --rate articles a second are: the twenty latest of a site, one article, and a search.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from crawler.ads.train import labelled
from storage import Article, Headline, Visit, open_store, query
from storage.archive import Archive, Fetched
from storage.keys import host_of
from storage.pair import beside
from storage.store import Store
from tests.gate.dedupe_adapter import CHINA
from tests.gate.scale import Writer

Row = dict[str, str]
FRAME = 20_000  # characters of a site's own around each article


@dataclass
class Bench:
    """A store with its archive, and what was spent on each, in seconds of processor time."""

    store: Store
    archive: Archive
    writer: Writer
    frames: dict[str, str]
    headlines: int = 0
    storing: float = 0.0
    archiving: float = 0.0

    def add(self, row: Row) -> None:
        """Store one row as a crawl does that has fetched its page."""
        at = datetime.fromisoformat(row["time"]).replace(tzinfo=CHINA)
        body = self._page(row)
        url = row["url"]
        article = Article(url, row["title"], row["text"], at, published_at=at, site=row["site"])
        visit = Visit(url, url, "article", "rows", at, 200, size=len(body))
        found = [
            Headline(f"{url}?{n}", f"{row['title']}{n}", url, at, position=n) for n in range(1, self.headlines + 1)
        ]
        begun = time.process_time()
        self.archive.add(Fetched(url, url, at, 200, {"content-type": "text/html"}, body, host_of(url)))
        middle = time.process_time()
        self.store.save(visit, article=article, headlines=found)
        self.archiving += middle - begun
        self.storing += time.process_time() - middle

    def _page(self, row: Row) -> bytes:
        frame = self.frames.get(row["site"])
        if frame is None:
            items = "".join(f"<li><a href='/{n}.html'>{self.writer.write(20)}</a></li>\n" for n in range(FRAME // 60))
            frame = self.frames[row["site"]] = items
        text = "".join(f"<p>{line}</p>\n" for line in row["text"].split("\n"))
        page = f"<html><title>{row['title']}</title><body><ul>{frame}</ul><h1>{row['title']}</h1>{text}</body></html>"
        return page.encode()


def rows(path: Path | None, count: int, writer: Writer) -> Iterator[Row]:
    """So many rows: those of the file, then made-up ones."""
    known = [json.loads(line) for line in path.read_text("utf-8").splitlines()][:count] if path else []
    yield from known
    for number in range(len(known), count):
        yield made(writer, number, known[-1] if known else None)


def made(writer: Writer, number: int, last: Row | None) -> Row:
    """A made-up row, told after another one."""
    row = writer.row(number)
    if last:
        at = datetime.fromisoformat(last["time"]) + timedelta(minutes=number)
        row |= {"time": at.isoformat(" ", "minutes")}
    return row


def written(bench: Bench, taken: Sequence[Row], folder: Path) -> Iterator[str]:
    """Store the rows; a line for each quarter."""
    step = max(1, (len(taken) + 3) // 4)
    for start in range(0, len(taken), step):
        bench.storing = bench.archiving = 0.0
        part = taken[start : start + step]
        for row in part:
            bench.add(row)
        size, pages = (sum(path.stat().st_size for path in folder.glob(f"*.{end}")) for end in ("db", "pages"))
        count, spent = start + len(part), bench.storing + bench.archiving
        yield (
            f"{count:>8} articles: {len(part) / spent:5.0f} a CPU second ({len(part) / bench.storing:.0f} without the "
            f"archive); {size / count:.0f} bytes each in the database, {pages / count:.0f} in the archive"
        )


def read(path: Path, seconds: float) -> None:
    """Ask again and again, as another process; print how long the answers took, sorted, as JSON."""
    took = []
    rand = random.Random(1)
    with open_store(path, readonly=True) as store:
        sites = [row[0] for row in store.db.conn.execute("SELECT DISTINCT site FROM articles")]
        words = [row["title"][:2] for row in query.latest(store.db, limit=40)]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            site = rand.choice(sites)
            for number in range(3):
                begun = time.perf_counter()
                if number == 0:
                    list(query.articles(store.db, where="site = ?", params=(site,), order="id DESC", limit=20))
                elif number == 1:
                    query.article(store.db, str(rand.randint(1, 1000)))
                else:
                    query.search(store.db, rand.choice(words), limit=5)
                took.append((time.perf_counter() - begun) * 1000)
                time.sleep(0.002)
    print(json.dumps(sorted(took)))


def waited(path: Path, bench: Bench, more: Iterator[Row], rate: int, seconds: float) -> str:
    """How long another process waits for its answers while so many articles a second are written."""
    command = [sys.executable, "-m", "tests.gate.store_bench", "--read", str(path), "--seconds", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        begun, done = time.monotonic(), 0
        while reader.poll() is None and time.monotonic() < begun + seconds + 5:
            if rate and done < rate * (time.monotonic() - begun) and (row := next(more, None)):
                bench.add(row)
                done += 1
            else:
                time.sleep(0.001)
        reached = done / (time.monotonic() - begun)
        took = json.loads(reader.communicate()[0])
    at = {share: took[min(len(took) - 1, int(len(took) * share))] for share in (0.5, 0.95, 0.99)}
    return (
        f"{reached:.0f} articles/s written: {len(took)} answers to another process, p50 {at[0.5]:.2f}, "
        f"p95 {at[0.95]:.2f}, p99 {at[0.99]:.2f}, longest {took[-1]:.1f} ms"
    )


def main() -> int:
    """Store, print; then let another process read."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.store_bench", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
    parser.add_argument("--rows", type=int, default=0, metavar="N", help="all of FILE by default, or 2000")
    parser.add_argument("--headlines", type=int, default=0, metavar="N", help="new ones beside each article")
    parser.add_argument("--rate", type=int, default=200, metavar="N", help="articles a second while another reads")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="N", help="how long it reads; 0: not at all")
    parser.add_argument("--read", type=Path, metavar="DATABASE", help="be the other process")
    options = parser.parse_args()
    if options.read:
        read(options.read, options.seconds)
        return 0
    lines = options.file.read_text("utf-8").splitlines() if options.file else []
    writer = Writer([json.loads(line)["text"] for line in lines] or [title.text for title in labelled()])
    count = options.rows or len(lines) or 2000
    taken = [*rows(options.file, count, writer)]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "bench.db"
        with open_store(path) as store, Archive(beside(path)) as archive:
            bench = Bench(store, archive, writer, {}, options.headlines)
            for line in written(bench, taken, Path(name)):
                print(line, flush=True)
            late = range(count, count + int(options.rate * options.seconds))
            more = iter([made(writer, number, taken[-1]) for number in late])
            for rate in (0, options.rate) if options.seconds else ():
                print(waited(path, bench, more, rate, options.seconds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
