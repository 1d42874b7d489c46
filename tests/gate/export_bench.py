"""How fast an export is, and how much memory it takes: rows a CPU second, peak RSS, bytes a row, for each format.

    python -m tests.gate.export_bench --rows 100000 --formats jsonl,csv,parquet [--db FILE] [--verify]

Makes a database of articles of about 2 KB where FILE is not there yet. Each export runs in a process of its own; CPU is
user and system time of it, the start of Python (also told) included.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

WORDS = (
    "储能 电站 央行 降准 稀土 出口 芯片 航运 黄金 业绩 公告 市场 消息 记者 获悉 分析 指出 同比 增长 下降 公司".split()
)


def make(path: Path, number: int) -> None:
    """A database of that many articles, written past the crawl: only what an export reads is as a crawl leaves it."""
    from crawler.extract import columns
    from storage import open_store

    dice = random.Random(1)
    with open_store(path, fields=columns()) as store:
        db = store.db.conn
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("BEGIN")
        for trigger in ("articles_born", "stories_born"):
            db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for n in range(1, number + 1):
            text = "\n".join("，".join("".join(dice.choices(WORDS, k=8)) for _ in range(5)) + "。" for _ in range(8))
            at = f"2026-03-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:00.{n % 1000:03}+00:00"
            url = f"https://news{n % 40}.example/2026/{n}.html"
            db.execute(
                "INSERT INTO stories (id, first_article, first_seen_at, last_seen_at, key) VALUES (?, ?, ?, ?, ?)",
                (n, n, at, at, f"{n:016x}"),
            )
            row = {
                "id": n, "url": url, "title": f"{''.join(dice.choices(WORDS, k=9))}{n}", "text": text,
                "published_at": at.replace("+00:00", "")[:19] + "+08:00", "first_seen_at": at, "last_seen_at": at,
                "author": "张三", "source": f"来源{n % 30}", "site": f"网站{n % 40}", "lang": "zh-Hans", "story_id": n,
                "found_by": f"news{n % 40}", "url_key": url[6:], "text_key": f"{n:x}", "told_at": at,
                "published_precision": "second", "kind": "article", "charset": "utf-8",
                "keywords": '["储能", "电站"]', "page_sha256": f"{n:064x}",
            }  # fmt: skip
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            db.execute(f"INSERT INTO articles ({names}) VALUES ({marks})", list(row.values()))
        db.execute("INSERT INTO moments (at) VALUES ('2026-04-01T00:00:00.000+00:00')")
        db.execute("COMMIT")


def read(database: Path) -> None:
    """Read the rows of an export and write nothing: what no format can be faster than."""
    from storage import dataset, open_store

    with open_store(database, readonly=True) as store:
        for _ in dataset.rows(store.db, ads=True, copies=True):
            pass


def one(form: str, database: Path, out: Path) -> None:
    """Export in this process."""
    from storage import open_store
    from storage.exporters import Choice, Job, export

    if form in ("parquet", "hf"):
        from storage.exporters.parquet import without_pandas

        without_pandas()  # as the command does
    with open_store(database, readonly=True) as store:
        export(store.db, out, form, Job(Choice(ads=True, copies=True)))


def measured(*arguments: object) -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of this program with other arguments."""
    child = os.spawnv(
        os.P_NOWAIT, sys.executable, [sys.executable, "-m", "tests.gate.export_bench", *map(str, arguments)]
    )
    _, status, use = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{arguments} failed")
    return use.ru_utime + use.ru_stime, use.ru_maxrss / 1024


def size(path: Path) -> int:
    """The bytes of a file, or of the files of a folder."""
    return (
        sum(each.stat().st_size for each in path.rglob("*") if each.is_file()) if path.is_dir() else path.stat().st_size
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--formats", default="jsonl,csv,parquet,hf,atom,sqlite")
    parser.add_argument("--db", type=Path)
    parser.add_argument("--verify", action="store_true", help="prove each manifest, and time that")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        form, out = options.one
        if form == "start":
            import storage.exporters  # noqa: F401 - what loading it costs is measured
        elif form == "rows":
            read(options.db)
        elif form == "verify":
            from storage.exporters import verify

            sys.exit(any(proof.problem for proof in verify(Path(out))))
        else:
            one(form, options.db, Path(out))
        return
    with tempfile.TemporaryDirectory() as folder:
        database = options.db or Path(folder, "bench.db")
        if not database.exists():
            make(database, options.rows)
        start, _ = measured("--one", "start", "-")
        print(
            f"{options.rows:,} rows, {database.stat().st_size // options.rows:,} bytes a row in the database; ", end=""
        )
        print(f"start of Python {start:.2f} CPU s")
        cpu, _ = measured("--db", database, "--one", "rows", "-")
        print(f"rows read, nothing written: {options.rows / cpu:9,.0f} rows/CPU s", flush=True)
        for form in options.formats.split(","):
            out = Path(folder, f"out.{form}")
            cpu, memory = measured("--db", database, "--one", form, out)
            told = f"{form:8} {options.rows / cpu:9,.0f} rows/CPU s  peak {memory:5.0f} MB"
            told += f"  {size(out) / options.rows:7,.0f} bytes/row"
            if options.verify:
                cpu, memory = measured("--one", "verify", out)
                told += f"; verify {options.rows / cpu:9,.0f} rows/CPU s  peak {memory:5.0f} MB"
            print(told, flush=True)


if __name__ == "__main__":
    main()
