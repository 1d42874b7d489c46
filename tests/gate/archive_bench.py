"""`python -m tests.gate.archive_bench [FOLDER ...]`: how small raw pages are kept, and how fast.

A FOLDER is a corpus: `gold.jsonl` with `id` and `host`, and `pages/ID.html.gz`. Or it has pages of one host; that of
the gate is taken where none is named. All pages go into one archive in the order of the files; then those alone whose
host has as many pages as --least says, one host after the other; then those of the other hosts. Printed: how many times
smaller the bodies are kept than fetched, over all bytes, over those of pages that have earlier ones of their host,
and of the median host; gzip beside it; pages added and read a second of processor time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from storage.archive import Archive, Fetched

AT = datetime(2026, 3, 20, tzinfo=UTC)


class Kept(NamedTuple):
    """Of each page its host, its size, and its size in the archive; then seconds of processor time."""

    pages: Sequence[tuple[str, int, int]]
    writing: float
    reading: float


def corpus(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The hosts and bodies of a corpus, or of a folder with pages of one host."""
    if not (folder / "gold.jsonl").exists():
        yield from ((folder.name, path.read_bytes()) for path in sorted(folder.glob("*.html")))
        return
    for line in (folder / "gold.jsonl").read_text("utf-8").splitlines():
        page = json.loads(line)
        for path in (folder / "pages").glob(f"{page['id']}.html*"):
            body = path.read_bytes()
            yield page["host"], gzip.decompress(body) if path.suffix == ".gz" else body


def kept(pages: Sequence[tuple[str, bytes]]) -> Kept:
    """Put pages into a new archive, and read all of them again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.pages"
        with Archive(path) as archive:
            begun = time.process_time()
            for number, (host, body) in enumerate(pages):
                url = f"http://{host}/{number}.html"
                archive.add(Fetched(url, url, AT, 200, {"content-type": "text/html"}, body, host))
            writing = time.process_time() - begun
        with Archive(path, readonly=True) as archive:
            begun = time.process_time()
            bodies = [archive.body(number) for number in range(1, len(pages) + 1)]
            reading = time.process_time() - begun
            assert bodies == [body for _, body in pages]
        with sqlite3.connect(path) as db:
            sizes = [row[0] for row in db.execute("SELECT length(data) FROM bodies ORDER BY id")]
        db.close()

    return Kept([(host, len(body), size) for (host, body), size in zip(pages, sizes, strict=True)], writing, reading)


def report(name: str, pages: Sequence[tuple[str, bytes]]) -> None:
    """Print the figures of a set."""
    found = kept(pages)
    by_host = defaultdict(list)
    later: list[tuple[int, int]] = []
    for host, size, less in found.pages:
        if by_host[host]:
            later.append((size, less))
        by_host[host].append((size, less))
    zipped = sum(len(gzip.compress(body, 6)) for _, body in pages)
    total = sum(size for _, size, _ in found.pages)
    hosts = [_ratio(sizes) for sizes in by_host.values()]
    print(f"{name}: {len(pages)} pages of {len(by_host)} hosts, {total / len(pages):.0f} bytes each")
    print(f"  kept at 1/{_ratio([each[1:] for each in found.pages]):.2f}, gzip 1/{total / zipped:.2f}", end="; ")
    print(f"what has an earlier page of its host at 1/{_ratio(later):.2f}, the median host at 1/{median(hosts):.2f}")
    print(f"  {len(pages) / found.writing:.0f} added and {len(pages) / found.reading:.0f} read a CPU second")


def _ratio(sizes: Sequence[tuple[int, int]]) -> float:
    return sum(size for size, _ in sizes) / max(1, sum(less for _, less in sizes))


def main() -> int:
    """Read the pages, keep them, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.archive_bench", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--least", type=int, default=12, metavar="N", help="pages of a host that make a group")
    options = parser.parse_args()
    folders = options.folders or [Path(__file__).parent / "pages"]
    pages = [page for folder in folders for page in corpus(folder)]
    unique = {body: (host, body) for host, body in pages}
    pages = [*unique.values()]
    report("all", pages)
    counts = Counter(host for host, _ in pages)
    grouped = sorted((page for page in pages if counts[page[0]] >= options.least), key=lambda page: page[0])
    if grouped:
        report(f"hosts of {options.least} pages and more", grouped)
    few = [page for page in pages if counts[page[0]] < options.least]
    if few and grouped:
        report("the other hosts", few)
    return 0


if __name__ == "__main__":
    sys.exit(main())
