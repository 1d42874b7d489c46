"""`python -m tests.gate.serve_bench [--rows 100000] [--db FILE]`: what a page of `kuaixun serve` costs.

Makes a database of articles of about 2 KB, with sections, copies and advertising, where FILE is not there yet. Each
page is asked for again and again, as Datasette answers it, without network; told are the milliseconds of processor time
of the median answer and of the slowest, the first aside. `GOALS` says how many they may be.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from urllib.parse import quote

import config
from tests.gate import export_bench

NOW = datetime(2026, 4, 2, tzinfo=UTC)
SECTIONS = "财经 公司 产业 社会 国际 民生 文体 科技".split()
CROWD, COPIES = 500, 600  # the article that is told again and again, and how often
GOALS = {"front": 50.0, "story": 20.0, "search": 50.0, "search, best first": 50.0, "as of": 50.0}


def make(path: Path, rows: int) -> None:
    """The database: every seventh article a copy of the one before it, every eleventh an advertisement, one story of
    hundreds of copies.
    """
    from storage import open_store
    from storage.reindex import entry

    export_bench.make(path, rows)
    dice = random.Random(2)
    with open_store(path) as store:
        db = store.db.conn
        db.execute("BEGIN")
        for trigger in ("articles_changed", "stories_changed", "links_born"):
            db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for number in range(1, rows + 1):
            month, day = 1 + number * 3 // rows % 12, 1 + number * 84 // rows % 28
            seen = f"2026-{month:02}-{day:02}T{number % 24:02}:{number % 60:02}:00.{number % 1000:03}+00:00"
            values = (dice.choice(SECTIONS), int(number % 11 == 0), seen, seen, number)
            db.execute(
                "UPDATE articles SET section = ?, is_ad = ?, told_at = ?, first_seen_at = ? WHERE id = ?", values
            )
            first = CROWD if CROWD < number <= CROWD + COPIES else number - 1 if number % 7 == 0 else 0
            if first:
                db.execute("UPDATE articles SET copy_of = ?, story_id = ? WHERE id = ?", (first, first, number))
                db.execute("UPDATE stories SET copies = copies + 1, sites = 2 WHERE id = ?", (first,))
                evidence = '{"why": "the same text", "differing": []}'
                link = (number, first, "text", 1.0, evidence)
                db.execute(
                    "INSERT INTO links (article_id, other_id, level, score, evidence) VALUES (?, ?, ?, ?, ?)", link
                )
        (held,) = db.execute("SELECT count(*) FROM articles_fts_docsize").fetchone()
        if not held:
            found = db.execute("SELECT id, title, text FROM articles")
            entries = ((number, *entry(title, text)) for number, title, text in found)
            db.executemany("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", entries)
        db.execute("COMMIT")


def pages(path: Path) -> dict[str, list[str]]:
    """The addresses of each kind of page."""
    from storage import open_store

    with open_store(path, readonly=True) as store:
        run = store.db.conn.execute
        (key, first, last) = run(
            "SELECT key, first_article, (SELECT max(id) FROM articles WHERE story_id = stories.id) FROM stories "
            "WHERE copies > 0 ORDER BY id DESC LIMIT 1"
        ).fetchone()
        (title, told) = run("SELECT title, told_at FROM articles ORDER BY id DESC LIMIT 1 OFFSET 5000").fetchone()
    before = quote(f"{told.removesuffix('+00:00')}Z,1")
    words = ("储能", "储能电站", "储能 央行", "央行 OR 降准", title[-6:], "央行 NOT 芯片", "储", "xyzzy")
    several = "央行 NOT 芯片 NOT 储能 NOT 降准"
    return {
        "front": ["/", "/?ads=1", f"/?before={before}", "/?language=en", "/?site=none", "/?day=2026-02-10"],
        "story": [f"/story/{key}", f"/story/{key}?a={first}&b={last}", f"/story/{CROWD}"],
        "article": [f"/article/{last}", f"/article/{first}"],
        "search": [f"/?q={quote(word)}" for word in words],
        "search, best first": [f"/?q={quote(word)}&order=best" for word in words],
        "search, several NOT": [f"/?q={quote(several)}", f"/?q={quote(several)}&order=best"],
        "feed": ["/feed.atom", f"/feed.json?q={quote(words[0])}"],
        "sources": ["/sources"],
        "as of": [f"{page}as_of=2026-04-01T12:00Z" for page in ("/?", f"/?q={quote(words[0])}&", f"/story/{key}?")],
    }  # fmt: skip


async def measured(path: Path, kinds: dict[str, list[str]], times: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of processor time of every answer but the first, by kind and address."""
    from crawler.web.plugin import served

    setup = config.override(config.load(None, {}), "database", str(path), "--db")
    made = served(setup, lambda: NOW, threads=0)
    found: dict[str, dict[str, list[float]]] = {}
    for kind, addresses in kinds.items():
        for address in addresses:
            took = found.setdefault(kind, {}).setdefault(address, [])
            for _ in range(times + 1):
                begun = time.process_time()
                answer = await made.client.get(address, headers={"host": "localhost"})
                took.append(1000 * (time.process_time() - begun))
                assert answer.status_code == 200, (address, answer.status_code)
            del took[0]
    return found


def main(arguments: Sequence[str]) -> int:
    """Print what each page costs; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.serve_bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--db", type=Path)
    parser.add_argument("--times", type=int, default=9)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = given.db or Path(folder) / "serve.db"
        if not path.exists():
            make(path, given.rows)
        found = asyncio.run(measured(path, pages(path), given.times))
    missed = False
    for kind, addresses in found.items():
        worst = max(median(took) for took in addresses.values())
        goal = GOALS.get(kind)
        missed = missed or bool(goal and worst > goal)
        print(
            f"{kind}: {worst:.1f} ms, the dearest of {len(addresses)} pages" + (f" (goal {goal:.0f})" if goal else "")
        )
        for address, took in addresses.items():
            print(f"    {median(took):6.1f}  {max(took):6.1f}  {address}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
