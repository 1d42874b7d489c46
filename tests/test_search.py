"""Search: any word of any script is found, by our command and, as far as they can, by stock tools."""

import re
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage import Article, Visit, open_store
from storage.check import repair
from storage.query import search
from storage.reindex import differing
from storage.search import snippet, words_to_match
from storage.words import index_tokens, searchable, unaccented
from tests.gate import search_bench
from tests.gate.search_bench import normal, scan

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)
TEXTS = {
    "央行宣布降准": "央行今日下调存款准备金率0.5个百分点，逆回购操作同步进行。货币政策保持稳健。",
    "A股放量上涨": "沪指收涨1.2%，小米SU7产业链领涨，5G基站概念走强，600519.SH 创新高。",
    "维生素价格回落": "Vitamin prices fell on Friday as interest rates rose. 业内人士称后市看涨。",
    "삼성전자 실적 발표": "한국은행 기준금리 동결. 東京でも株価が上がった。",
}


def put(store, title, text, *, url=None, ad_score=0.0):
    url = url or f"http://example.com/{abs(hash(title))}.html"
    visit = Visit(url, url, "article", "s", NOW, 200)
    return store.save(visit, article=Article(url, title, text, NOW, ad_score=ad_score))


@pytest.fixture
def filled(store):
    for title, text in TEXTS.items():
        put(store, title, text)
    return store


def titles(store, words, **options):
    return [row["title"] for row in search(store.db, words, **options)]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("央行", "央行宣布降准"),
        ("逆回购", "央行宣布降准"),
        ("存款准备金率", "央行宣布降准"),
        ("货币政策保持稳健", "央行宣布降准"),
        ("健", "央行宣布降准"),
        ("货", "央行宣布降准"),
        ("央行 逆回购", "央行宣布降准"),
        ("Ａ股", "A股放量上涨"),
        ("5G基站", "A股放量上涨"),
        ("小米su7", "A股放量上涨"),
        ("米SU7产", "A股放量上涨"),
        ("600519", "A股放量上涨"),
        ("600519.SH", "A股放量上涨"),
        ("VITAMIN", "维生素价格回落"),
        ('"interest rates"', "维生素价格回落"),
        ("한국은행", "삼성전자 실적 발표"),
        ("株価", "삼성전자 실적 발표"),
    ],
)
def test_a_word_of_any_length_and_script_is_found(filled, words, title):
    assert titles(filled, words) == [title]


@pytest.mark.parametrize(
    "words", ["行今", "准备率", "布降逆", '"rates interest"', "央行 逆回购 基站", "…！？", "", '"""']
)
def test_what_is_not_there_is_not_found(filled, words):
    expected = ["央行宣布降准"] if words == "行今" else []
    assert titles(filled, words) == expected


def test_every_piece_of_a_text_is_found_and_nothing_else(filled):
    text = TEXTS["央行宣布降准"].split("，")[0]
    pieces = {text[start : start + size] for size in range(1, 9) for start in range(len(text) - size)}
    pure = [piece for piece in pieces if not set(piece) & set("0.5")]
    missed = [piece for piece in pure if "央行宣布降准" not in titles(filled, piece)]
    assert missed == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("降准 OR 维生素", {"央行宣布降准", "维生素价格回落"}),
        ("降准 OR", {"央行宣布降准"}),
        ("(降准 OR 放量) NOT 沪指", {"央行宣布降准"}),
        ("看涨 -降准", {"维生素价格回落"}),
        ('涨 NOT "interest rates"', {"A股放量上涨"}),
        ("NOT 降准", set()),
        ("降准 AND 稳健", {"央行宣布降准"}),
        ("vita*", {"维生素价格回落"}),
        ("货币*", {"央行宣布降准"}),
        ("(降准", {"央行宣布降准"}),
        ("降准) OR (放量", {"央行宣布降准", "A股放量上涨"}),
        ("or and not", set()),
    ],
)
def test_operators_join_and_exclude(filled, words, expected):
    assert set(titles(filled, words)) == expected


@pytest.mark.parametrize("words", ["維生素", "维生素", "貨幣政策", "货币政策", "業內人士"])
def test_either_script_finds_the_other(filled, words):
    assert titles(filled, words)


def test_the_snippet_of_the_other_script_marks_the_original(store):
    put(store, "財經快訊", "央行宣布下調存款準備金率，貨幣政策保持穩健。")
    (row,) = search(store.db, "货币政策")
    assert "[貨幣政策]" in row["snippet"]


def test_the_newest_come_first_when_asked_for(store):
    for day, title in ((1, "降准快讯一则，降准在即"), (9, "昨日新闻中提到降准一事")):
        url = f"http://example.com/{day}.html"
        at = NOW.replace(day=day)
        store.save(Visit(url, url, "article", "s", NOW, 200), article=Article(url, title, title, NOW, published_at=at))
    assert titles(store, "降准", newest=True) == ["昨日新闻中提到降准一事", "降准快讯一则，降准在即"]


@pytest.mark.parametrize("words", ["货币政策", "准备金", "产业链", "百分点", "维生素"])
def test_stock_tools_find_longer_words_that_a_dictionary_knows(filled, words):
    assert [row["title"] for row in filled.db.table("articles").search(words)]


MIXED = ("小米SU7与10086客服合作，5G基站3.5万座，A股第2季度涨12%，ETF申购", "第二篇：客服电话1008612，su7小米，G基因")


@pytest.mark.parametrize("size", range(1, 9))
def test_any_piece_of_a_mixed_text_is_found_exactly_where_it_stands(store, size):
    for number, text in enumerate(MIXED):
        put(store, f"题目{number}号", text + "。" + "".join(chr(0x4E00 + number * 200 + n) for n in range(60)))
    runs = [run for text in MIXED for run in re.findall(r"[^\W_]+", searchable(text))]
    pieces = {run[start : start + size] for run in runs for start in range(len(run) - size + 1)}
    for piece in sorted(piece for piece in pieces if not piece.isascii()):
        expected = {f"题目{number}号" for number, text in enumerate(MIXED) if piece in searchable(text)}
        assert (piece, set(titles(store, piece))) == (piece, expected)


MOST_SCRIPTS = st.text(alphabet="央行降準准货aeé5G ,。·", min_size=1, max_size=24)


@given(st.lists(MOST_SCRIPTS, min_size=2, max_size=4), st.data())
@settings(max_examples=25, deadline=None)
@example(["股，a5", "股a5"], None)
@example(["5 月15月", "15月 5月"], None)
def test_a_search_finds_what_a_scan_finds(texts, data):
    """Any piece of any text, cut anywhere, across punctuation too."""
    with open_store(Path(":memory:")) as store:
        for number, text in enumerate(texts):
            put(store, f"题目{number}号", text)
        source = data.draw(st.sampled_from(texts)) if data else texts[0]
        start = data.draw(st.integers(0, len(source) - 1)) if data else 0
        piece = source[start : start + data.draw(st.integers(1, 8))] if data else source
        normals = [normal(searchable(text)) for text in texts]
        found = {f"题目{number}号" for number in scan(normal(searchable(piece)), normals)} if normal(piece) else set()
        assert {*titles(store, f'"{piece}"', copies=True)} == found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("股A", {"挨着"}),
        ("货币 NOT 股A", {"隔开"}),
        ("(股A OR 5月) 货币", {"挨着", "隔开"}),
        ("货币 -5月", {"挨着"}),
        ('"5 月"', set()),
        ("086*", set()),
        ("100*", {"隔开"}),
        ("cafe店", {"挨着"}),
        ("café -股A", set()),
        ('"货币 股"', {"挨着"}),
    ],
)
def test_what_the_index_cannot_tell_the_text_does(store, words, expected):
    put(store, "挨着", "货币。股A指数 café店")
    put(store, "隔开", "货币政策，股，A15月拨打10086客服")
    assert {*titles(store, words)} == expected


def test_accents_are_left_aside_as_fts5_leaves_them():
    codes = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
    letters = {form for code in codes if len(form := searchable(chr(code))) == 1}
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        db.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(t, 'instance')")
        db.executemany("INSERT INTO t (rowid, x) VALUES (?, ?)", [(ord(letter), letter) for letter in letters])
        found = {chr(row): term for row, term in db.execute("SELECT doc, term FROM terms")}
    db.close()
    assert {letter: unaccented(letter) for letter in found} == found


def test_the_index_is_compared_with_the_articles_and_made_anew(store):
    put(store, "央行宣布降准", TEXTS["央行宣布降准"])
    put(store, "A股放量上涨", TEXTS["A股放量上涨"])
    assert list(differing(store.db.conn)) == []
    with store.db.atomic():
        store.db.execute("UPDATE articles SET text = text || '逆风翻盘' WHERE id = 1")
        store.db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
        store.db.execute("INSERT INTO articles_fts (rowid, title, text) VALUES (1, '央行', '央行'), (7, 'x', 'y')")
    assert sorted(differing(store.db.conn)) == [1, 2, 7]
    assert repair(store.db.conn) == 2
    assert (list(differing(store.db.conn)), titles(store, "逆风翻盘")) == ([], ["央行宣布降准"])


def test_the_title_counts_more_than_the_text(store):
    put(store, "楼市周报", "本周降准传闻再起，市场反应平淡，成交回落。")
    put(store, "降准来了", "市场等待已久的消息终于公布，机构纷纷点评后市。")
    assert titles(store, "降准") == ["降准来了", "楼市周报"]


def test_copies_and_advertisements_are_left_out_unless_asked_for(store):
    text = "央行今日下调存款准备金率，释放长期资金约一万亿元，支持实体经济发展，降低社会融资成本。"
    put(store, "央行降准", text, url="http://a.example/1")
    put(store, "转载：央行降准", text, url="http://b.example/9")
    put(store, "央行存款代办 欢迎对接", "本公司代办开户存款业务，量大从优，诚邀合作。", ad_score=0.9)
    assert len(titles(store, "存款")) == 1
    assert len(titles(store, "存款", ads=True)) == 2
    assert len(titles(store, "存款", ads=True, copies=True)) == 3


def test_limit_counts_what_is_shown(filled):
    assert len(titles(filled, "涨", limit=1)) == 1 < len(titles(filled, "涨"))


@pytest.mark.parametrize("words", ["央行", "A股", "5G基站", "小米SU7", "vitamin", "600519", "央行 降准"])
def test_stock_tools_find_words_of_two_characters_and_mixed_names(filled, words):
    assert [row["title"] for row in filled.db.table("articles").search(words)]


def test_a_revised_article_is_found_by_its_new_words_only(store):
    put(store, "快讯", "央行宣布降准的消息不实，此前报道有误，请以公告为准。", url="http://a.example/1")
    put(store, "快讯", "证监会发布新规，完善上市公司分红制度，即日起施行。", url="http://a.example/1")
    assert (titles(store, "降准"), titles(store, "分红")) == ([], ["快讯"])


def test_the_index_agrees_with_its_own_check(filled):
    """FTS5 checks its own structure; the comparison with the content is ours, since the tokens are."""
    filled.db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 0)")


@given(st.text(max_size=80))
@example('"')
@example('a" OR "b')
@example("NEAR(央行, 2) * ^ - :")
@example("\x00\ud800")
@example("央" * 500)
@example(" ".join(map(chr, range(0x4E00, 0x4E90))))
def test_no_input_is_a_syntax_error(words):
    match = words_to_match(words)
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        db.execute("SELECT * FROM t WHERE t MATCH ?", (match or '""',)).fetchall()
    db.close()


TEXT = st.text(alphabet="央行降准货币a5G 。，", max_size=40)


@given(TEXT, st.data())
def test_any_run_of_chinese_in_a_text_matches_its_tokens(text, data):
    runs = re.findall("[央行降准货币]+", text)
    if not runs:
        return
    run = data.draw(st.sampled_from(runs))
    start = data.draw(st.integers(0, len(run) - 1))
    piece = run[start : data.draw(st.integers(start + 1, len(run)))]
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        db.execute("INSERT INTO t VALUES (?)", (index_tokens(searchable(text)),))
        assert db.execute("SELECT 1 FROM t WHERE t MATCH ?", (words_to_match(piece),)).fetchone()
    db.close()


def test_a_snippet_marks_the_words_in_the_original_text():
    text = "开头" * 40 + "……Ａ股大涨，央行表态" + "结尾" * 40
    assert "…[Ａ股]大涨，[央行]表态" in snippet(text, "a股 央行").replace("……", "…")


def test_a_snippet_without_the_word_is_the_beginning():
    assert snippet("今日收盘，沪指涨1%。" * 20, "降准", width=8) == "今日收盘，沪指涨…"


def test_latin_words_are_marked_whole():
    assert snippet("The banker at the bank.", "bank") == "The banker at the [bank]."


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_snippet_never_fails(text, words):
    assert len(snippet(text, words, width=20)) <= 20 + 2 * 20 + 2


def test_words_may_be_asked_of_a_file_that_is_only_read(tmp_path):
    path = Path(tmp_path, "k.db")
    with open_store(path) as store:
        put(store, "央行宣布降准", TEXTS["央行宣布降准"])
    with open_store(path, readonly=True) as store:
        assert titles(store, "降准") == ["央行宣布降准"]


@pytest.mark.parametrize("piece", ["a", "a1", "1", "ab c", "中a"])
def test_a_text_is_cut_in_time_that_grows_with_its_length(piece):
    """A key or a picture in a text is one word of many thousand letters."""
    started = time.process_time()
    index_tokens(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 5


@pytest.mark.slow
def test_all_answers_are_right_on_made_up_articles(capsys):
    """Every kind of question against a scan, and stock tools on the words that they are said to find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["search_bench", "--rows", "800", "--questions", "60"])
        assert search_bench.main() == 0
    assert re.search(r"stock +word of 2 +\d+ +1\.0000 +1\.0000", capsys.readouterr().out)
