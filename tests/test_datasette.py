"""What Datasette is told fits the database, its queries answer, and Datasette itself takes it."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from crawler.extract import columns
from storage import Article, Visit, open_store, query
from storage.datasette import HIDDEN, QUERIES, TABLES, metadata

AT = datetime(2026, 3, 20, 8, tzinfo=UTC)
TEXTS = {
    "储能电站投运": "一座新型储能电站在青海投运，装机容量二十万千瓦，满足十万户家庭的需要，这是当地第三座。",
    "央行宣布降准": "中国人民银行今天宣布下调存款准备金率，释放长期资金约一万亿元，支持实体经济。储备充足。",
    "降准之后": "市场人士认为，货币政策仍有空间；能源股领涨，电力设备走强。",
}


@pytest.fixture
def path(tmp_path):
    """A database with three articles, one of them corrected."""
    with open_store(tmp_path / "news.db", fields=columns()) as store:
        for hour, (title, text) in enumerate(
            [*TEXTS.items(), ("储能电站投运（更新）", TEXTS["储能电站投运"] + "运行平稳。")]
        ):
            url, at = f"http://a.example/{hour % 3}", AT + timedelta(hours=hour)
            article = Article(url, title, text, at, published_at=at - timedelta(minutes=10 + hour))
            store.save(Visit(url, url, "article", "a", at, 200), article=article)
        store.upsert_source("a", ("http://a.example/",), timedelta(hours=1), now=AT)
    return tmp_path / "news.db"


@pytest.fixture
def db(path):
    with open_store(path, readonly=True) as store:
        yield store.db


def told(name="news"):
    (database,) = metadata(name)["databases"].values()
    return database


def test_every_table_and_view_is_described_and_nothing_else(db):
    made = {name for name in (*db.table_names(), *db.view_names()) if not re.match("sqlite_|articles_fts_", name)}
    assert set(told()["tables"]) == made


def test_what_is_sorted_filtered_and_described_are_columns(db):
    for name, table in told()["tables"].items():
        there = {column.name for column in (db.view(name) if name in db.view_names() else db.table(name)).columns}
        named = {*table.get("columns", ()), *table.get("facets", ())}
        named |= {table[key] for key in ("sort", "sort_desc", "label_column", "fts_pk") if key in table}
        assert (name, named - there) == (name, set())


def test_no_table_is_named_that_is_hidden():
    assert not TABLES.keys() & set(HIDDEN)


def ask(db, name, **values):
    return list(db.query(QUERIES[name]["sql"], values))


def test_the_queries_answer(db):
    assert [row["title"] for row in ask(db, "known_at", time="2026-03-20T09:30")] == ["央行宣布降准", "储能电站投运"]
    assert ask(db, "known_at", time="2026-03-21")[0]["title"] == "储能电站投运（更新）"
    assert [row["title"] for row in ask(db, "story", story_id=2)] == ["央行宣布降准"]
    assert [row["new_title"] for row in ask(db, "corrected")] == ["储能电站投运（更新）"]
    assert ask(db, "delay") == [{"site": "a.example", "articles": 3, "median_minutes": 11.0}]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_query_for_chinese_finds_any_string_just_where_it_stands(db, size):
    present = {row["title"]: row["title"] + "\n" + row["text"] for row in db.query("SELECT title, text FROM articles")}
    runs = [run for text in present.values() for run in re.findall(r"[\u4e00-\u9fff]+", text)]
    for piece in sorted({run[start : start + size] for run in runs for start in range(len(run) - size + 1)}):
        expected = {title for title, text in present.items() if piece in text}
        assert (piece, {row["title"] for row in ask(db, "search_chinese", words=piece)}) == (piece, expected)


@pytest.mark.parametrize("words", ["", " ", '"', '储"能', "储能 OR", "*"])
def test_no_words_are_an_error(db, words):
    assert len(ask(db, "search_chinese", words=words)) in {0, 1}


@pytest.mark.slow
def test_datasette_takes_it(path):
    """Its own pages, its full-text search, and every query by its address."""
    app = pytest.importorskip("datasette.app", reason="Datasette is not installed: pip install 'kuaixun[serve]'")

    async def go():
        datasette = app.Datasette([str(path)], metadata=metadata("news"), settings={"num_sql_threads": 0})
        await datasette.invoke_startup()

        async def rows(place):
            answer = await datasette.client.get(place)
            assert (place, answer.status_code) == (place, 200)
            return answer.json() if ".json" in place else answer.text

        assert "search_chinese" in await rows("/news")
        assert "when we first saw it, our clock" in await rows("/news/articles")
        found = await rows("/news/articles.json?_search=储能&_shape=array")
        known = ("time=2026-03-21", "story_id=2", "words=电站投运")
        answers = [await rows(f"/news/{name}.json?{'&'.join(known)}&_shape=array") for name in QUERIES]
        for database in datasette.databases.values():
            database.close()
        return [row["title"] for row in found], [len(each) for each in answers]

    assert asyncio.run(go()) == (["储能电站投运（更新）"], [1, 3, 1, 1, 1])


def test_a_row_that_is_searched_by_the_command_is_found_by_the_query(db):
    for words in ("储能电站", "降准", "准备金率"):
        found = {row["title"] for row in query.search(db, words)}
        assert (words, {row["title"] for row in ask(db, "search_chinese", words=words)}) == (words, found)
