"""`python -m tests.gate.scale`: what finding copies costs as the database grows, on rows made up on the spot.

Rows of about 640 characters come a minute apart, every twentieth followed by an edited copy. At each step it prints the
rows a CPU second over the last stretch, bytes on disk, peak memory, and which copies were found. With --store
each row goes through `Store.save`, search index and all, in a transaction of its own, as in a crawl; otherwise through
the scorers' adapter. Reading and making rows is not timed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from crawler.ads.train import labelled
from storage import Article, Visit, open_store
from tests.gate.dedupe_adapter import CHINA, make

STEPS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
START = datetime(2024, 1, 1)
EVERY = 20
SITES = 40


class _Taker(Protocol):
    def add(self, row: dict[str, Any]) -> str | None: ...

    def close(self) -> None: ...


class Writer:
    """Makes up text: each character follows those before it as in the texts that it learnt from."""

    def __init__(self, texts: list[str], seed: int = 4):
        self._random = random.Random(seed)
        self._after: dict[str, str] = {}
        after: dict[str, list[str]] = defaultdict(list)
        for text in texts:
            for place in range(len(text) - 2):
                after[text[place]].append(text[place + 1])
                after[text[place : place + 2]].append(text[place + 2])
        self._after = {before: "".join(found) for before, found in after.items()}
        self._starts = [key for key in self._after if len(key) == 2]

    def write(self, size: int) -> str:
        """So many characters. What two are followed by in too few texts, one decides."""
        rand, after = self._random.random, self._after
        pair = self._starts[int(rand() * len(self._starts))]
        found = [pair]
        for _ in range(size - 2):
            choices = after.get(pair, "")
            if len(choices) < 4:
                choices = after.get(pair[1], "") or pair
            last = choices[int(rand() * len(choices))]
            found.append(last)
            pair = pair[1] + last
        return "".join(found)

    def row(self, number: int) -> dict[str, str]:
        """A made-up article, as the scorers have them."""
        site = self._random.randrange(SITES)
        return {
            "id": str(number),
            "url": f"https://s{site}.example/{number}.html",
            "site": f"站{site}",
            "time": (START + timedelta(minutes=number)).isoformat(" ", "minutes"),
            "title": self.write(20),
            "text": "\n".join(self.write(self._random.randint(90, 150)) for _ in range(5)),
        }


def edited(row: dict[str, str]) -> dict[str, str]:
    """A copy on another site: retitled, cut, with a line of its own under it."""
    first, _, *rest = row["text"].split("\n")
    text = "\n".join([first, *rest, f"责任编辑:王敏 来源:{row['site']}"])
    more = {
        "id": row["id"] + "c",
        "url": row["url"] + "?c=1",
        "site": f"{row['site']}网",
        "title": "快讯:" + row["title"],
    }
    return {**row, **more, "text": text}


class Crawled:
    """Takes rows as a crawl does."""

    def __init__(self, path: str):
        self._store = open_store(Path(path), fields={"row": "TEXT"})

    def add(self, row: dict[str, Any]) -> str | None:
        """Save a row; the id of the first of its story, if that is another one."""
        at = datetime.fromisoformat(row["time"]).replace(tzinfo=CHINA)
        article = Article(
            row["url"], row["title"], row["text"], at, published_at=at, site=row["site"], extra={"row": row["id"]}
        )
        saved = self._store.save(Visit(row["url"], row["url"], "article", "rows", at, 200), article=article)
        if saved.outcome != "copy":
            return None
        sql = "SELECT row FROM articles WHERE id = ?"
        return str(self._store.db.conn.execute(sql, (saved.story_id,)).fetchone()[0])

    def close(self) -> None:
        self._store.close()


def rows(writer: Writer, most: int) -> Iterator[tuple[dict[str, str], str | None]]:
    """Rows, and for each the id of the one that it is a copy of."""
    for number in range(most):
        row = writer.row(number)
        yield row, None
        if number % EVERY == 0:
            yield edited(row), row["id"]


def run(taker: _Taker, folder: Path, writer: Writer, most: int) -> Iterator[str]:
    """A line of figures at each step."""
    steps = [step for step in STEPS if step < most] + [most]
    cpu = 0.0
    last = copies = found = wrong = firsts = 0
    for taken, (row, original) in enumerate(rows(writer, most), 1):
        begun = time.process_time()
        got = taker.add(row)
        cpu += time.process_time() - begun
        firsts += original is None
        copies += original is not None
        found += got is not None and got == original
        wrong += got is not None and got != original
        if original is None and steps[0] == firsts:
            size = sum(path.stat().st_size for path in folder.iterdir())
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            yield (
                f"{firsts:>9} rows: {(taken - last) / cpu:6.0f} a CPU second, {size / taken:6.0f} bytes a row, peak "
                f"{peak:.0f} MB, copies found {found / copies:.4f}, false {wrong / taken:.5f}"
            )
            cpu, last = 0.0, taken
            steps.pop(0)


def main() -> int:
    """Read the options, print the lines."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, metavar="N")
    parser.add_argument("--texts", type=Path, metavar="FILE", help="learn from the `text` of these JSON lines instead")
    parser.add_argument("--store", action="store_true", help="through Store.save, as in a crawl")
    options = parser.parse_args()
    texts = [title.text for title in labelled()]
    if options.texts:
        texts = [json.loads(line)["text"] for line in options.texts.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "scale.db")
        taker: _Taker = Crawled(path) if options.store else make(path)
        for line in run(taker, Path(folder), Writer(texts), options.rows):
            print(line, flush=True)
        taker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
