"""The last and the best rows of an index: what FTS5 itself says, however few of it is read."""

import random
import sqlite3

import pytest

from storage import latest

MATCHES = (
    '"a"', '"r"', '"nothing"', '("a" OR "r")', '("a" AND "b")', '("a" NOT ("b"))', '("b" NOT ("a"))', '("a" AND "r")',
    '(("a" AND "r") OR ("b" NOT ("a" OR "r")))', '{title} : (("a" AND "b"))', '"b a"', '("r" *  AND "a")',
)  # fmt: skip


@pytest.fixture(scope="module")
def index():
    """An index of 400 rows in which two words are frequent and one is rare; some numbers are missing."""
    made, dice = sqlite3.connect(":memory:"), random.Random(5)
    made.execute("CREATE VIRTUAL TABLE articles_fts USING fts5 (title, text)")
    for number in range(1, 600):
        if dice.random() < 0.67:
            title, text = (" ".join(dice.choices("abcr", (30, 30, 5, 1), k=dice.randint(1, size))) for size in (2, 6))
            made.execute("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", (number, title, text))
    yield made
    made.close()


@pytest.mark.parametrize("near", [7, 100, 2_000])
@pytest.mark.parametrize("match", MATCHES)
def test_the_last_and_the_best_are_those_of_the_whole(index, match, near, monkeypatch):
    monkeypatch.setattr(latest, "NEAR", near)
    whole = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ? ORDER BY"
    last, best = ([n for (n,) in index.execute(f"{whole} {order}", (match,))] for order in ("rowid DESC", "rank"))
    for below in (0, 1, 5, 300, 599, 700):
        there = [number for number in last if not below or number < below]
        ranked = [number for number in best if not below or number < below]
        for most in (1, 20, 1000):
            assert latest.latest(index, match, below, most) == there[:most]
            assert latest.best(index, match, below, most, len(there)) == ranked[:most]
        assert not there or latest.best(index, match, below, 9, len(there) - 1) is None


def test_an_empty_index_has_no_last_row():
    empty = sqlite3.connect(":memory:")
    empty.execute("CREATE VIRTUAL TABLE articles_fts USING fts5 (title, text)")
    assert [latest.latest(empty, match, 0, 9) for match in MATCHES] == [[]] * len(MATCHES)
    assert latest.best(empty, MATCHES[5], 0, 9, 0) == []
    empty.close()
