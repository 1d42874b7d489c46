"""`python -m tests.gate.reread_bench [FOLDER]`: how fast pages are imported, and how fast they are read again.

The pages of a folder of corpora (else the gate's) go into a WARC file, out of it into a new database, and are read once
more by rules that call themselves others. All cores are used; seconds of processor time are those of all processes.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.bench import GoldError, cases, corpora
from crawler.cli import cli
from crawler.screen import table
from storage import open_store
from tests.gate.floors import PAGES


def write(folder: Path, file: Path) -> tuple[int, int]:
    """A WARC file of all pages below a folder; how many, and their bytes."""
    count = size = 0
    with file.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        for corpus in corpora(folder):
            for case in cases(corpus):
                body, kind = case.body(), case.gold.get("content_type") or "text/html"
                record = writer.create_warc_record(
                    case.gold.get("url") or f"http://{corpus.name}.example/{count}.html",
                    "response",
                    payload=BytesIO(body),
                    length=len(body),
                    http_headers=StatusAndHeaders("200 OK", [("Content-Type", kind)], protocol="HTTP/1.1"),
                    warc_headers_dict={"WARC-Date": "2026-03-20T14:00:00Z"},
                )
                writer.write_record(record)
                count, size = count + 1, size + len(body)
    return count, size


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time of this process and its children."""
    started, before = time.monotonic(), used()
    work()
    return time.monotonic() - started, used() - before


def used() -> float:
    whose = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in whose)


def call(*arguments: str) -> None:
    """A command of ours that must end well."""
    if code := cli.main([*arguments], standalone_mode=False):
        sys.exit(code)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gate.reread_bench", description=__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", default=PAGES, help="pages with gold, or a folder of such folders"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        file, path = Path(place, "pages.warc.gz"), Path(place, "bench.db")
        try:
            count, size = write(options.folder, file)
        except GoldError as error:
            print(error, file=sys.stderr)
            return 2
        db = ("--db", str(path))
        brought = timed(lambda: call("archive", "import", str(file), *db, "--quiet"))
        with open_store(path) as store, store.db.atomic():
            store.db.execute("UPDATE articles SET rules = 'others'")
            articles = store.db.execute("SELECT count(*) FROM articles").fetchone()[0]
        again = timed(lambda: call("reextract", *db, "--quiet", "--samples", "0"))
    rows = [
        [what, number, round(number / seconds, 1), round(1000 * cpu / number, 2)]
        for what, number, (seconds, cpu) in (("import", count, brought), ("reextract", articles, again))
    ]
    print(f"\n{count:,} pages of {size / max(count, 1) / 1000:,.0f} KB")
    print(table(["", "pages", "a second", "CPU ms a page"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
