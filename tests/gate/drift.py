"""How soon a change of template is noticed, and how often nothing has changed: `python -m tests.gate.drift [CORPORA]`.

The signs of made-up pages, and of the pages of each host of a corpus with enough of them, are drawn at random and in
runs (a page of the same kind follows), which is harder. A change is a rewriting of these pages, read by the rules.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from config import Source
from crawler import signs
from crawler.decode import decode
from crawler.extract import extract
from crawler.page import Document, ExtractError
from storage import drift
from storage.drift import Seen
from storage.records import Signs, Target

NOW = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
SOURCE = Source("site", ("http://site.example/",))
HISTORY, UNDISTURBED, ROUNDS = 200, 10_000, 20


class Site:
    """What the book of drifts remembers of one site, in memory."""

    def __init__(self) -> None:
        self.state, self.habits, self.number = drift.fresh(), {}, 0

    def see(self, page: Signs, name: str) -> drift.Step:
        """One more page."""
        self.number += 1
        own = self.habits.setdefault(page.shape, drift.habit())
        lacks, amounts = drift.facts(self.state, page, name)
        step = drift.step(self.state, own, Seen(self.number, self.number, page.shape, lacks, amounts))
        for shape, *facts in drift.release(self.state):
            drift.learn(self.habits.setdefault(shape, drift.habit()), *facts)
            drift.learn(self.state["habit"], *facts)
        return step


class Sample(NamedTuple):
    """A page as it was, and as each change of its template leaves it."""

    plain: Signs
    changed: dict[str, Signs]


# -- changes of a template


def _scripted(html: str) -> str:
    """The story is filled in by a script: every paragraph of it is gone."""
    return re.sub(r"(<(p|div|td)\b[^>]*>)[^<]{40,}", r"\1", re.sub(r"<br\s*/?>[^<]{20,}", "<br>", html))


def _undated(html: str) -> str:
    """No date and no time on the page, nor in its metadata and address."""
    return re.sub(r"20\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?|\d{1,2}:\d\d(:\d\d)?|\d{8}T\d+", "", html)


def _teaser(html: str) -> str:
    """The first words of each paragraph, the rest after a log-in."""
    return re.sub(r"(?<=>)([^<]{12})[^<]{30,}", r"\1", html)


def _titled(html: str) -> str:
    """One title for all pages: the site's name; no headline."""
    html = re.sub(r"<title>[^<]*", "<title>Portal", html, flags=re.I)
    html = re.sub(r"<h\d[^>]*>.*?</h\d>", "<h1>Portal</h1>", html, flags=re.I | re.S)
    return re.sub(r"<meta[^>]+(?:title|headline)[^>]*>|<script[^>]*json.*?</script>", "", html, flags=re.I | re.S)


CHANGES: dict[str, Callable[[str], str]] = {
    "the text comes by script": _scripted,
    "no date": _undated,
    "teasers only": _teaser,
    "one title for all": _titled,
}


def measured(html: str, url: str) -> Signs:
    """The signs of a page."""
    try:
        found = extract(Document(url, html, NOW, source=SOURCE))
    except ExtractError:
        found = None
    seen = signs.of_page(found, Target(url, "article", "site"), SOURCE, 0) if found else signs.refused(url)
    assert seen
    return seen


def hosts(corpora: Path, least: int = 10) -> Iterator[tuple[str, list[Sample]]]:
    """The pages of each host of which there are enough."""
    pages: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for gold in sorted(corpora.glob("*/gold.jsonl")):
        for line in gold.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            url = row.get("url") or f"http://{row['host']}/news/{row['id']}.html"
            pages[row["host"]].append((url, str(gold.parent / row["page"])))
    for name, several in pages.items():
        if len(several) >= least:
            yield name, [_sample(url, decode(gzip.decompress(Path(file).read_bytes())).text) for url, file in several]


def _sample(url: str, html: str) -> Sample:
    plain = measured(html, url)
    changed = {name: measured(change(html), url) for name, change in CHANGES.items()}
    return Sample(plain, {name: seen for name, seen in changed.items() if _differs(plain, seen)})


def _differs(plain: Signs, seen: Signs) -> bool:
    """Whether the change touched what is read at all: the rules get along with many."""
    size, after = plain.amounts.get("text", 0), seen.amounts.get("text", 0)
    return plain.lacks != seen.lacks or after * 4 < size or plain.prints.get("title") != seen.prints.get("title")


# -- made-up sites


def made_up(kind: str, chance: random.Random) -> Signs:
    """A page of a made-up site: of flashes and articles, without dates, of long and short texts at week ends."""
    flash = kind == "mixed" and chance.random() < 0.4
    size = chance.lognormvariate(4.4 if flash else 7.2, 0.3 if flash else 0.7)
    lacks = {
        "article": chance.random() < 0.01,
        "published": kind == "undated" or chance.random() < 0.01,
        "clock": kind == "undated" or chance.random() < 0.05,
        "source": flash or chance.random() < 0.1,
        "author": chance.random() < 0.6,
    }
    prints = {"title": chance.getrandbits(32), "text": chance.getrandbits(32)}
    shape = "/flash/0" if flash and chance.random() < 0.5 else "/news/0/0.html"
    return Signs(shape, lacks, {"text": size, "links": chance.random() ** 4 / 3, "items": chance.gauss(30, 8)}, prints)


KINDS = ("plain", "mixed", "undated")


def drawn(pages: Sequence[Sample], chance: random.Random, runs: float) -> Iterator[Sample]:
    """Pages without end; with the chance `runs` the next one is of the kind of the one before it."""
    key: dict[int, tuple[bool, ...]] = {id(one): (*one.plain.lacks.values(),) for one in pages}
    one = chance.choice(pages)
    while True:
        alike = [other for other in pages if key[id(other)] == key[id(one)]] if chance.random() < runs else pages
        one = chance.choice(alike)
        yield one


def _fresh_prints(page: Signs, number: int) -> Signs:
    """The same page as another article: what told two apart still does."""
    return page._replace(prints={name: value ^ number * 2654435761 for name, value in page.prints.items()})


def alarms(pages: Iterator[Signs], count: int) -> list[tuple[int, str]]:
    """The alarms of a site whose pages have not changed."""
    site, found = Site(), []
    for number, page in zip(range(count), pages, strict=False):
        step = site.see(page, str(number))
        found += [(number, sign) for sign in step.alarms]
    return found


def until(before: Iterator[Signs], after: Iterator[Signs]) -> int:
    """Pages from the change to the alarm; 0 where there was one before, 99 where none came."""
    site = Site()
    for number, page in zip(range(HISTORY), before, strict=False):
        site.see(page, str(number))
    if site.state["alarm"]:
        return 0
    for number, page in zip(range(1, 99), after, strict=False):
        if site.see(page, f"after {number}").alarms:
            return number
    return 99


def main(corpora: Path | None) -> None:
    chance = random.Random(1)
    print("made-up sites: alarms on 10,000 undisturbed pages")
    for kind in KINDS:
        found = alarms((made_up(kind, chance) for _ in range(UNDISTURBED)), UNDISTURBED)
        print(f"  {kind:10} {len(found)} {found[:3]}")
    if corpora is None:
        return
    total, pages_seen = [0, 0], 0
    delays: dict[str, list[int]] = defaultdict(list)
    for name, pages in hosts(corpora):
        pages_seen += UNDISTURBED
        for which, runs in enumerate((0.0, 0.7)):
            stream = drawn(pages, chance, runs)
            found = alarms((_fresh_prints(next(stream).plain, n) for n in range(UNDISTURBED)), UNDISTURBED)
            total[which] += len(found)
            if found:
                print(f"  {name} (runs {runs}): {len(found)} false: {found[:4]}")
        for change in CHANGES:
            touched = [one for one in pages if change in one.changed]
            if len(touched) < len(pages) * 0.9:
                continue
            for _ in range(ROUNDS):
                stream = drawn(pages, chance, 0.0)
                before = (_fresh_prints(next(stream).plain, n) for n in range(HISTORY + 1))
                # A title that is on all pages stays the same.
                after = (chance.choice(touched).changed[change] for _ in range(99))
                if change != "one title for all":
                    after = (_fresh_prints(one, n) for n, one in enumerate(after, 9**6))
                delays[change].append(until(before, after))
    for which, number in zip(("at random", "in runs of a kind"), total, strict=True):
        print(f"corpora: {number} false alarms on {pages_seen:,} undisturbed pages {which}")
    for change, several in delays.items():
        late = sum(number > 5 for number in several)
        print(f"  {change:26} median {median(several):g}, max {max(several)}, over 5: {late} of {len(several)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
