"""`python -m tests.gate.screens [--out FOLDER]`: pictures of the pages of `kuaixun serve`, of what the demo holds.

Needs Chromium, chromedriver, selenium and Datasette; asks no network. Made at three widths, some of them dark.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from crawler.cli import cli
from storage import open_store
from tests import attacks
from tests.browser import Browser, serving

Pages = dict[str, tuple[str, tuple[int, ...]]]
PHONE, TABLET, DESK = 360, 768, 1280
PAGES: Pages = {
    "front": ("/?lang=zh", (PHONE, TABLET, DESK)),
    "front-dark": ("/?lang=zh", (PHONE, DESK)),
    "search": ("/?q=储能&lang=zh", (PHONE, DESK)),
    "story": ("{story}&lang=zh", (PHONE, TABLET, DESK)),
    "article": ("/article/1?lang=zh", (PHONE, TABLET, DESK)),
    "article-dark": ("/article/1?lang=zh", (DESK,)),
    "sources": ("/sources", (PHONE, DESK)),
    "as-of": ("/?as_of=2026-03-20T23:00:00%2B08:00&lang=en", (DESK,)),
    "problem": ("/?as_of=2026-03-20", (DESK,)),
}
HOSTILE: Pages = {"hostile-article": ("/article/1", (PHONE, DESK)), "hostile-front": ("/?ads=1", (PHONE, DESK))}


def told_twice(path: Path) -> str:
    """The page of the story with the most copies, with what differs between the first and another."""
    with open_store(path, readonly=True) as store:
        found = store.db.execute("SELECT id, key, first_article FROM stories ORDER BY sites DESC, copies DESC LIMIT 1")
        number, key, first = found.fetchone()
        (other,) = store.db.execute("SELECT max(id) FROM articles WHERE story_id = ?", (number,)).fetchone()
    return f"/story/{key}?a={first}&b={other}"


def taken(browser: Browser, address: str, pages: Pages, out: Path, end: str) -> None:
    """The pictures of some pages."""
    for name, (path, widths) in pages.items():
        for width in widths:
            browser.dress(width, 900, dark=name.endswith("-dark"))
            browser.get(address + path)
            browser.picture(out / f"{name}-{width}.{end}", whole=True, most=1400)


def main(arguments: Sequence[str]) -> int:
    """Make the pictures; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.screens", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screens"))
    parser.add_argument("--hostile", action="store_true", help="also an article that attacks, to be looked at")
    parser.add_argument("--form", choices=["webp", "png"], default="webp")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    browser = Browser()
    try:
        with tempfile.TemporaryDirectory() as folder:
            made = CliRunner(env={"COLUMNS": "100"}).invoke(cli, ["demo", f"{folder}/demo"], catch_exceptions=False)
            assert made.exit_code == 0, made.output
            (path,) = Path(folder, "demo").glob("*.db")
            with serving(path, datetime(2026, 3, 21, 1, tzinfo=UTC)) as address:
                story = told_twice(path)
                pages = {name: (page.format(story=story), widths) for name, (page, widths) in PAGES.items()}
                taken(browser, address, pages, given.out, given.form)
            if given.hostile:
                path = attacks.make(Path(folder) / "hostile.db")
                with serving(path, attacks.AT) as address:
                    taken(browser, address, HOSTILE, given.out, given.form)
    finally:
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
