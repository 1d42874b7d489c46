"""Searching the articles as they were: the same hits in the same order, whatever came or changed since."""

import random
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage import Article, Visit, history, open_store
from storage.past_search import _Index, _scores
from storage.query import search
from storage.ranking import Node, Totals, is_tangled, parsed
from storage.search import words_to_match
from tests.test_crawl import Clock

# Few words, so that they meet often, in every script and form; some begin alike.
WORDS = (
    "央行",
    "降准",
    "央行降准",
    "A股",
    "5G基站",
    "小米SU7",
    "600519",
    "rate",
    "rates",
    "Straße",
    "한국",
    "儲能",
    "é́",
    "𫠠央",
)
QUERIES = (
    "央行", "央", "降准", "央行降准", "rate", "rate*", "rates rate", '"rate rates"', "A股", "5G基站", "基站",
    "米SU7", "储能", "央行 降准", "央行 OR A股", "(央行 OR rate) NOT 降准", "央行 (降准 OR A股)", "600519 -央行",
    "央行 降准 OR rate 한국", "5G基站 央行 -降准", "央行 -5G基站", "rate (A股 OR 5G基站) OR 储能", "央行 没有",
    "(没有 NOT 央行) OR 降准", "降准 -(央行 -rate)", "STRASSE", "한국", "没有", "𫠠", "e", "央行 央行 rate", "NOT 央行",
)  # fmt: skip


class Archive:
    """A database that articles are put into one after another, each in its own minute."""

    def __init__(self, folder, seed=0):
        self.path, self.dice, self.clock = Path(folder) / "then.db", random.Random(seed), Clock()
        self.store = open_store(self.path, clock=self.clock)
        self.count = 0

    def put(self, title, text, number=None, **more):
        """A new article, or another text of a known one."""
        self.count += number is None
        url = f"http://www.example.com/news/{1000 + (self.count if number is None else number)}.html"
        self.clock.now += timedelta(minutes=1)
        at = self.clock.now
        article = Article(url, title, text, at, published_at=at - timedelta(hours=self.dice.randint(0, 30)), **more)
        self.store.save(Visit(url, url, "article", "s", at, 200), article=article)

    def text(self, size):
        return "".join(self.dice.choice(WORDS) + self.dice.choice(("", "", " ", "，")) for _ in range(size))

    def change(self):
        """Something happens: an article comes, now and then one is worded anew, or comes in another's words."""
        number = self.dice.randint(1, self.count) if self.count and self.dice.random() < 0.4 else None
        text = self.text(self.dice.choice((1, 3, 8, 20)))
        self.put(self.text(2) or "?", text, number, ad_score=self.dice.choice((0.0, 0.0, 0.9)))

    def asked(self, queries, at=None, **options):
        """What each search gives now, or as of a time, in a connection of its own as a command has it."""
        with open_store(self.path, readonly=True) as store:
            if at:
                history.travel(store.db.conn, at)
            return {words: search(store.db, words, **options) for words in queries}


@pytest.fixture
def archive(tmp_path):
    made = Archive(tmp_path)
    yield made
    made.store.close()


OPTIONS = ({"ads": True, "copies": True}, {"newest": True, "limit": 3}, {"limit": -1, "copies": True}, {"limit": 2})


def test_a_search_gives_at_every_time_what_it_gave_then(archive):
    recorded = []
    for number in range(12):
        for _ in range(3):
            archive.change()
        options = OPTIONS[number % len(OPTIONS)]
        then = archive.asked(QUERIES[number % 3 :: 3], **options)
        recorded.append((archive.clock.now, options, then))
    assert sum(len(rows) for _, _, then in recorded for rows in then.values()) > 100
    for at, options, then in recorded:
        assert archive.asked(then, at, **options) == then


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_any_search_gives_at_every_time_what_it_gave_then(tmp_path, seed):
    archive, recorded = Archive(tmp_path, seed), []
    typed = (*WORDS, *(word[:2] for word in WORDS), "rat*", "(", ")", "OR", "OR", "NOT", "-A股", "-(", '"', "没有")
    for _ in range(60):
        archive.change()
        queries = [" ".join(archive.dice.choices(typed, k=archive.dice.randint(1, 9))) for _ in range(30)]
        options = {"limit": -1, "ads": True, "copies": True, "newest": archive.dice.random() < 0.2}
        recorded.append((archive.clock.now, options, archive.asked(queries, **options)))
    wrong = [(at, o) for at, o, then in recorded if archive.asked(then, at, **o) != then]
    archive.store.close()
    assert wrong == []


def test_before_the_first_article_nothing_is_found(archive):
    before = archive.clock.now
    assert not any(archive.asked(QUERIES).values())
    archive.put("央行降准", "rate")
    assert not any(archive.asked(QUERIES, before).values())


def test_a_text_that_came_back_is_found_then_and_now_but_not_between(archive):
    times = []
    for text in ("央行宣布降准的消息", "此前的消息不实", "央行宣布降准的消息"):
        archive.put("快讯", text, 1)
        times.append(archive.clock.now)
    assert [len(archive.asked(["降准"], at)["降准"]) for at in times] == [1, 0, 1]


def test_what_became_an_advertisement_or_a_copy_later_is_shown_as_it_was(archive):
    archive.put("央行降准", "央行今日下调存款准备金率，释放长期资金约一万亿元，支持实体经济发展。")
    then, at = archive.asked(["央行"]), archive.clock.now
    archive.clock.now += timedelta(minutes=1)
    with archive.store.db.atomic():
        history.begin(archive.store.db.conn, archive.clock.now)
        archive.store.db.execute("UPDATE articles SET is_ad = 1")
    assert (archive.asked(["央行"]), archive.asked(["央行"], at)) == ({"央行": []}, then)


def test_what_is_written_meanwhile_is_not_read(archive):
    """A search of the past asks several questions; before each of them another article changes."""
    for number in range(12):
        archive.put("央行", f"降准 {number}")
    then, at = archive.asked(["央行"], copies=True), archive.clock.now
    others = iter(range(1, 13))
    with open_store(archive.path, readonly=True) as reader:
        history.travel(reader.db.conn, at)
        reader.db.conn.set_trace_callback(lambda _: archive.put("rate", "A股", next(others, 12)))
        assert search(reader.db, "央行", copies=True) == then["央行"]
        reader.db.conn.set_trace_callback(None)
    assert len(archive.asked(["rate"], copies=True)["rate"]) > 5


@pytest.fixture(scope="module")
def indexed():
    """An FTS5 table with few words in many rows."""
    dice = random.Random(5)
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE VIRTUAL TABLE articles_fts USING FTS5 (title, text, content='')")
    db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('rank', 'bm25(4.0, 1.0)')")
    texts = ((" ".join(dice.choices("abcdef", k=2)), " ".join(dice.choices("abcdefgh", k=n % 8))) for n in range(60))
    db.executemany("INSERT INTO articles_fts (title, text) VALUES (?, ?)", texts)
    yield db
    db.close()


PHRASE = st.sampled_from([f'"{words}"' for words in ("a", "b", "g", "a b", "b c", "c c d", "x", "h g")] + ['"a f" *'])


def _joined(parts):
    several = st.lists(parts, min_size=2, max_size=3)
    joined = st.builds(
        lambda operator, each: f"({f' {operator} '.join(each)})", st.sampled_from(("AND", "OR")), several
    )
    return joined | st.builds("({} NOT {})".format, parts, parts)


UNBRACKETED = str.maketrans("", "", "()")
EXPRESSION = st.recursive(PHRASE, _joined, max_leaves=7)


@given(EXPRESSION)
@example('("a" NOT ("b" AND "g"))')
@example('("a" OR ("b" AND "c c d"))')
def test_the_scores_are_those_of_fts5_to_the_last_bit(indexed, match):
    tree = parsed(match)
    ours = {number: score for score, number in _scores([_Index(indexed, 60, ())], tree)}
    theirs = dict(indexed.execute("SELECT rowid, rank FROM articles_fts WHERE articles_fts MATCH ?", (match,)))
    assert ours.keys() == theirs.keys()
    assert ours == theirs or is_tangled(tree)


@pytest.mark.parametrize(
    ("match", "tangled"),
    [
        ('"a"', False),
        ('("a" AND ("b" OR "c"))', False),
        ('(("a" AND "b") OR ("c" AND "d"))', False),
        ('(("a" AND "b") NOT ("c" OR "d"))', False),
        ('(("a" AND ("b" OR "c")) NOT "d")', True),
        ('(("a" NOT "b") OR "c")', True),
        ('("a" NOT ("b" NOT "c"))', True),
    ],
)
def test_where_fts5_forgets_hits_or_counts_too_many_is_known(match, tangled):
    assert is_tangled(parsed(match)) == tangled


def test_what_fts5_forgets_is_counted(indexed):
    """FTS5 gives a row of the first kind less than the same row of the second, though the hits are the same."""
    plain, tangled = '("a" AND ("g" OR "h"))', '(("a" AND ("g" OR "h")) NOT "x")'
    ours = [list(_scores([_Index(indexed, 60, ())], parsed(match))) for match in (plain, tangled)]
    assert ours[0] == ours[1] != []


@given(st.text(alphabet='央行A5 ab()"*-ORNTD', max_size=40))
def test_an_expression_is_read_to_its_end(words):
    match = words_to_match(words)
    if match:
        assert parsed(match).text.translate(UNBRACKETED) == match.translate(UNBRACKETED)


def test_brackets_around_one_are_none():
    assert parsed('(("a"))') == Node('"a"')


def test_a_common_phrase_weighs_next_to_nothing():
    assert Totals(10, 100).idf(9) == 1e-6 < Totals(10, 100).idf(1)
