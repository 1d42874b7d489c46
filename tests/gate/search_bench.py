"""`python -m tests.gate.search_bench [FILE] [--rows N]`: are the answers of a search right, and how fast are they.

The truth is a scan of all articles. Strings of one to eight characters are cut out of the texts anywhere and asked in
both scripts; words of two, three and four characters, Latin words and pairs of words are those that a dictionary cuts
and that few articles hold; tickers are as they stand. Known item: up to three words of a title, and where its article
comes. FILE has JSON lines with `title` and `text`. For more rows than it has, and without it, rows of 2 KB are made: of
its sentences, or of made-up ones.

Printed: recall and precision in our command and as a stock tool asks (each word in quotes), p50 and p95 of the
processor time in milliseconds that the first twenty take, then bytes and processor time of the index, written one
article in a transaction.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import rjieba

import storage
from crawler.ads.train import labelled
from crawler.screen import table
from storage import open_store, query
from storage.reindex import entry
from storage.search import checked, words_to_match
from storage.store import Store
from storage.words import LETTER, RUN, searchable, unaccented
from tests.gate.scale import Writer

FIRST, KNOWN = 20, 10
SIZE = 2048
AT = "2026-03-20T00:00:00.000+00:00"
_ARTICLE = f"""
    INSERT INTO articles (id, url, title, text, first_seen_at, last_seen_at, story_id, url_key, text_key, told_at)
    VALUES (?1, ?1, ?2, ?3, '{AT}', '{AT}', 1, ?1, ?1, '{AT}')
"""
_STORY = f"INSERT INTO stories (id, key, first_article, first_seen_at, last_seen_at) VALUES (1, 'x', 1, '{AT}', '{AT}')"
_TICKER = re.compile(r"(?<![\w.])(?:[0-9]{6}(?:\.[A-Z]{2})?|[0-9]{5}\.HK|[A-Z]{2,5})(?![\w.])")
_SEPARATOR = re.compile(r"[\W_]+")
_LATIN = re.compile(LETTER)
# A word that every twentieth article holds narrows no search.
RARE = 0.05

Row = tuple[str, str]
Asking = Callable[[str, int], list[int]]


class Answers(NamedTuple):
    """What came of the questions of one kind."""

    recall: float
    precision: float
    took: Sequence[float]


def normal(form: str) -> str:
    """A searchable form without accents, in which everything but letters and digits is one space."""
    return _SEPARATOR.sub(" ", unaccented(form)).strip()


def scan(piece: str, normals: Sequence[str]) -> set[int]:
    """The truth: which of the texts (`normal`) hold a piece (`normal`)."""
    return {number for number, text in enumerate(normals) if holds(piece, text)}


def holds(piece: str, text: str) -> bool:
    """Whether a text holds a piece; where Latin letters or digits do not meet Chinese in it, as whole words."""
    at = text.find(piece)
    if at < 0:
        return False
    whole = re.fullmatch(rf"({LETTER}*)(.*?)({LETTER}*)", piece)
    assert whole
    first, middle, last = whole.groups()
    ends = (bool(first) and middle[:1] in ("", " "), bool(last or not middle) and middle[-1:] in ("", " "))
    while at >= 0:
        before, after = text[max(0, at - 1) : at], text[at + len(piece) : at + len(piece) + 1]
        if not (ends[0] and _LATIN.match(before)) and not (ends[1] and _LATIN.match(after)):
            return True
        at = text.find(piece, at + 1)
    return False


def traditional() -> dict[int, str]:
    """Simplified to traditional characters, for those that have one."""
    lines = (Path(storage.__file__).parent / "simplified.txt").read_text("utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    pairs = zip("".join(lines[1::2]), "".join(lines[::2]), strict=True)
    return str.maketrans({simple: other for simple, other in pairs if searchable(other) == simple})


def made(known: Sequence[Row], count: int, rand: random.Random) -> Iterator[Row]:
    """Rows of 2 KB of the sentences of others."""
    sentences = [sentence for _, text in known for sentence in re.findall(r"[^。\n]+。?", text)]
    for _ in range(count):
        text: list[str] = []
        size = 0
        while size < SIZE - 60:
            text.append(rand.choice(sentences))
            size += len(text[-1].encode())
        yield rand.choice(known)[0], "".join(text)


def questions(rows: Sequence[Row], count: int, rand: random.Random) -> dict[str, list[str]]:
    """Of each kind so many, cut out of the rows."""
    some = rand.sample(rows, min(3000, len(rows)))
    forms = [searchable(f"{title}\n{text}") for title, text in some]
    words = Counter(word for form in forms for word in {*rjieba.cut(form)})
    usual = [word for word, found in words.items() if 3 <= found <= RARE * len(forms)]
    chinese = {
        size: [word for word in usual if len(word) == size and (run := RUN.fullmatch(word)) and run[1]]
        for size in (2, 3, 4)
    }
    kinds = {f"word of {size}": sorted(found) for size, found in chinese.items()}
    kinds["Latin word"] = sorted(word for word in usual if re.fullmatch("[a-z]{2,8}", word))
    kinds["ticker"] = sorted({ticker for title, text in some for ticker in _TICKER.findall(f"{title}\n{text}")})
    asked = {kind: rand.sample(found, min(count, len(found))) for kind, found in kinds.items()}
    asked["two words"] = [*islice(_pairs(forms, {*chinese[2], *chinese[4]}, rand), count)]
    other = traditional()
    for size in range(1, 9):
        pieces = [*islice(_pieces(forms, size, rand), count)]
        asked[f"string of {size}"] = [piece.translate(other) if n % 2 else piece for n, piece in enumerate(pieces)]
        mixed = (piece for piece in _pieces(forms, size, rand) if len({bool(_LATIN.match(c)) for c in piece}) > 1)
        if size > 1:
            asked[f"mixed of {size}"] = [*islice(mixed, count)]
    return asked


def _pairs(forms: Sequence[str], words: set[str], rand: random.Random) -> Iterator[str]:
    for _ in range(100 * len(forms)):
        found = sorted(words.intersection(rjieba.cut(rand.choice(forms))))
        if len(found) > 1:
            yield " ".join(rand.sample(found, 2))


def _pieces(forms: Sequence[str], size: int, rand: random.Random) -> Iterator[str]:
    """Pieces of runs of letters and digits of any script that are not cut out of the middle of a Latin word alone."""
    while True:
        runs = [run for run in re.findall(r"[^\W_]+", rand.choice(forms)) if len(run) >= size]
        if runs:
            run = rand.choice(runs)
            start = rand.randint(0, len(run) - size)
            piece = run[start : start + size]
            if holds(piece, run):
                yield piece


def known_items(rows: Sequence[Row], count: int, rand: random.Random) -> Iterator[tuple[int, str]]:
    """The numbers of rows, each with up to three words of its title."""
    for number in rand.sample(range(len(rows)), min(count, len(rows))):
        cut = dict.fromkeys(rjieba.cut(searchable(rows[number][0])))
        words = [word for word in cut if len(word) > 1 and (run := RUN.fullmatch(word)) and run[1]]
        if len(words) > 1:
            yield number, " ".join(rand.sample(words, min(3, len(words))))


def build(store: Store, rows: Sequence[Row]) -> tuple[float, float, float]:
    """Write the rows and their index; bytes as it grew, bytes merged, seconds of processor time an article."""
    run = store.db.conn.execute
    with store.db.atomic():
        run("INSERT INTO moments (at) VALUES (?)", (AT,))
        run(_STORY)
        store.db.conn.executemany(_ARTICLE, ((n, *row) for n, row in enumerate(rows, 1)))
    before = _size(store)
    begun = time.process_time()
    for number, row in enumerate(rows, 1):
        run("BEGIN")
        run("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", (number, *entry(*row)))
        run("COMMIT")
    spent, grown = time.process_time() - begun, _size(store)
    run("INSERT INTO articles_fts (articles_fts) VALUES ('optimize')")
    return (grown - before) / len(rows), (_size(store) - before) / len(rows), spent / len(rows)


def _size(store: Store) -> int:
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (store.db.conn.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return int((pages - free) * size)


def askers(store: Store, rows: Sequence[Row]) -> dict[str, Asking]:
    """The ways to ask: for so many numbers of rows, the best first, or for all (-1) in any order."""
    run = store.db.conn.execute

    def ours(words: str, limit: int) -> list[int]:
        if limit >= 0:
            return [row["id"] - 1 for row in query.search(store.db, words, limit=limit)]
        check = checked(words)
        found = (row[0] - 1 for row in run("SELECT rowid FROM articles_fts (?)", (words_to_match(words),)))
        return [number for number in found if check is None or check(*rows[number])]

    def stock(words: str, limit: int) -> list[int]:
        match = " ".join(f'"{word}"' for word in words.split())
        order = f"ORDER BY rank LIMIT {limit}" if limit >= 0 else ""
        return [
            row[0] - 1 for row in run(f"SELECT rowid FROM articles_fts WHERE articles_fts MATCH ? {order}", (match,))
        ]

    return {"ours": ours, "stock": stock}


def answers(ask: Asking, asked: Sequence[str], truth: Mapping[str, set[int]]) -> Answers:
    """Ask, and compare with the truth where it is known."""
    right = found = wanted = 0
    took = []
    for words in asked:
        begun = time.process_time()
        ask(words, FIRST)
        took.append((time.process_time() - begun) * 1000)
        if words in truth:
            got = {*ask(words, -1)}
            right, found, wanted = right + len(got & truth[words]), found + len(got), wanted + len(truth[words])
    return Answers(right / max(1, wanted), right / max(1, found) if found else 1.0, sorted(took))


def reciprocal(ask: Asking, known: Sequence[tuple[int, str]]) -> float:
    """The mean of 1/place of the articles that the words are of, 0 from the eleventh place on."""
    places = [(ask(words, KNOWN), number) for number, words in known]
    return sum(1 / (1 + got.index(number)) for got, number in places if number in got) / max(1, len(known))


def loaded(path: Path | None, count: int, rand: random.Random) -> list[Row]:
    """The rows of a file, or made-up ones; with those that are missing to `count` (0: none)."""
    if path:
        lines = (json.loads(line) for line in path.read_text("utf-8").splitlines())
        rows = [(line["title"], line["text"]) for line in lines]
    else:
        writer = Writer([title.text for title in labelled()])
        rows = [(row["title"], row["text"]) for row in map(writer.row, range(min(count or 2000, 2000)))]
    return [*rows[: count or None], *made(rows, max(0, count - len(rows)), rand)]


def main() -> int:
    """Build, ask, print; 1 where our command's answers are not all right."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.search_bench", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
    parser.add_argument("--rows", type=int, default=0, metavar="N", help="as many as FILE has by default")
    parser.add_argument("--questions", type=int, default=60, metavar="N", help="of each kind")
    parser.add_argument("--no-scan", action="store_true", help="do not look whether answers are right")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where the database is made")
    options = parser.parse_args()
    rand = random.Random(7)
    rows = loaded(options.file, options.rows, rand)
    asked = questions(rows, options.questions, rand)
    truth: dict[str, set[int]] = {}
    if not options.no_scan:
        normals = [f"{normal(searchable(title))}\n{normal(searchable(text))}" for title, text in rows]
        for words in {words for found in asked.values() for words in found}:
            parts = [words] if words == searchable(words) and " " not in words else searchable(words).split()
            truth[words] = set.intersection(*(scan(normal(part), normals) for part in parts))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, open_store(Path(folder) / "search.db") as store:
        grown, merged, cpu = build(store, rows)
        found = {
            (way, kind): answers(ask, asked[kind], truth) for way, ask in askers(store, rows).items() for kind in asked
        }
        known = [*known_items(rows, 5 * options.questions, rand)]
        ranks = {way: reciprocal(ask, known) for way, ask in askers(store, rows).items()}
    report(found, ranks)
    text = sum(len(title.encode()) + len(text.encode()) for title, text in rows) / len(rows)
    times = SIZE / text
    print(
        f"{len(rows)} rows of {text:.0f} bytes; the index, for {SIZE} bytes: {grown * times:.0f} bytes as it grew, ",
        end="",
    )
    print(f"{merged * times:.0f} merged; {cpu * times * 1000:.2f} ms CPU")
    wrong = [kind for (way, kind), one in found.items() if way == "ours" and (one.recall < 1 or one.precision < 1)]
    return 1 if truth and wrong else 0


def report(found: Mapping[tuple[str, str], Answers], ranks: Mapping[str, float]) -> None:
    """Print the figures."""
    lines = [
        [
            way,
            kind,
            len(one.took),
            f"{one.recall:.4f}",
            f"{one.precision:.4f}",
            *map("{:.2f}".format, _percentiles(one.took)),
        ]
        for (way, kind), one in found.items()
        if one.took
    ]
    print(table(["", "question", "asked", "recall", "precision", "p50 ms", "p95 ms"], lines))
    for way, rank in ranks.items():
        every = sorted(took for (one, _), answer in found.items() if one == way for took in answer.took)
        p50, p95 = _percentiles(every)
        print(f"{way}: known item MRR@{KNOWN} {rank:.3f}; all questions p50 {p50:.2f} ms, p95 {p95:.2f} ms")


def _percentiles(took: Sequence[float]) -> tuple[float, float]:
    return took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.95))]


if __name__ == "__main__":
    sys.exit(main())
