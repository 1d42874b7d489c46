"""Stories: the same articles make the same stories, in whatever order they come, and say why."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database
from test_storage_stories import LINES, REPORT, TEXT, TITLE

from storage import Article, Headline, Visit, clusters, open_store, schema, sketches

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)
FOOT = "\n沪上资讯客户端，每天为您送上新鲜财经大餐，尽在掌握。"
VERSIONS = (
    TEXT,
    TEXT + "\n本站客服热线每天早九点到晚六点为您服务。",
    "\n".join(LINES[:2]),
    "\n".join(LINES[2:]),
    "\n".join(LINES[1:4]),
    TEXT.replace("五艘", "六艘"),
    TEXT.replace("336米", "366米"),
    "\n".join([LINES[0], LINES[3], LINES[1], LINES[4], LINES[2]]),
    REPORT,
    REPORT.replace("35.6", "41.2"),
    "\n".join(REPORT.split("\n")[:2]),
    "\n".join([*LINES[:3], *REPORT.split("\n")]),
    *(REPORT.split("\n")[n] + "\n" + LINES[n] + "\n" + LINES[4 - n] + FOOT for n in range(3)),
)
TITLES = (TITLE, "快讯：首艘甲醇动力箱船在沪交付", "收评：沪指涨0.48%")


def article(number, version, *, title=0, hours=0, days=0):
    at = NOW + timedelta(hours=hours, days=days)
    return Article(
        f"http://s{number}.example/{number}.html", TITLES[title], VERSIONS[version], NOW, published_at=at, site="甲网"
    )


def random_order(count):
    return sorted(range(count), key=lambda n: n * 17 % count)


def save(store, one, at=NOW):
    return store.save(Visit(one.url, one.url, "article", "demo", at, 200), article=one)


def stories(store):
    """What each address belongs to, what it repeats, and how its story is told."""
    sql = """
        SELECT a.url, s.key, o.url, l.level, l.score, s.copies, s.sites, (SELECT url FROM articles WHERE id = a.copy_of)
        FROM articles a JOIN stories s ON s.id = a.story_id
        LEFT JOIN links l ON l.article_id = a.id AND l.level != 'alike' LEFT JOIN articles o ON o.id = l.other_id
        ORDER BY a.url
    """
    return store.db.conn.execute(sql).fetchall()


SETS = st.lists(
    st.tuples(st.integers(0, len(VERSIONS) - 1), st.integers(0, len(TITLES) - 1), st.integers(-30, 0)),
    min_size=2,
    max_size=8,
)


@given(SETS, st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_same_articles_make_the_same_stories_in_any_order(found, random):
    articles = [article(n, version, title=title, hours=hours * 7) for n, (version, title, hours) in enumerate(found)]
    with open_store(Path(":memory:")) as one, open_store(Path(":memory:")) as other:
        for item in articles:
            save(one, item)
        random.shuffle(articles)
        for item in articles:
            save(other, item)
        assert stories(one) == stories(other)


@pytest.mark.slow
@given(SETS, st.integers(1, 3), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_so_do_more_articles_than_are_compared(found, most, random):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "MOST", most)
        test_the_same_articles_make_the_same_stories_in_any_order.hypothesis.inner_test(found, random)


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.integers(0, len(VERSIONS) - 1), st.integers(0, len(TITLES) - 1), st.integers(-9, 0)),
        min_size=5,
        max_size=14,
    ),
    st.integers(1, 3),
    st.sampled_from([1, 3, 512]),
    st.randoms(use_true_random=False),
)
@settings(max_examples=15, deadline=None)
def test_so_do_crowds_that_share_their_passages(found, crowded, wait, random):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sketches, "CROWDED", crowded)
        patch.setattr(sketches, "WAIT", wait)
        test_the_same_articles_make_the_same_stories_in_any_order.hypothesis.inner_test(found, random)


def test_a_story_that_very_many_sites_tell_stays_one(store):
    for n in random_order(40):
        save(store, article(n, n % 2, hours=n - 41))
    assert {row[5] for row in stories(store)} == {39}


@given(SETS)
@settings(max_examples=20, deadline=None)
def test_to_find_all_stories_again_changes_nothing(found):
    with open_store(Path(":memory:")) as store:
        for n, (version, title, hours) in enumerate(found):
            save(store, article(n, version, title=title, hours=hours * 7))
        before = stories(store)
        assert (store.regroup(apply=False), store.regroup(apply=True), stories(store)) == ([], [], before)


def test_the_first_publisher_may_come_last(store):
    save(store, article(1, 0, hours=-1))
    save(store, article(2, 1, hours=-2))
    save(store, article(3, 7, hours=-3))
    told = store.db.conn.execute("SELECT first_article, first_seen_article, copies FROM stories").fetchall()
    assert told == [(3, 1, 2)]


def test_a_time_learnt_later_names_the_first_publisher(store):
    one = article(1, 0, hours=-5)
    save(store, replace(one, published_at=None))
    save(store, article(2, 1, hours=-2))
    save(store, one)
    told = store.db.conn.execute("SELECT first_article, copies FROM stories").fetchall()
    moves = store.db.conn.execute("SELECT article_id FROM story_moves").fetchall()
    assert (told, (2,) in moves, store.regroup(apply=False)) == ([(1, 1)], True, [])


def test_an_absurd_time_makes_no_first_publisher(store):
    save(store, article(1, 0))
    save(store, replace(article(2, 1), published_at=datetime(1, 1, 1, tzinfo=UTC)), NOW + timedelta(hours=1))
    assert store.db.conn.execute("SELECT first_article FROM stories").fetchall() == [(1,)]


NOTICE = "本文为会员专享内容，请登录后继续阅读全文。如果您还不是会员，请点击注册，享受更多优质内容，客服全天为您服务。"


@pytest.mark.parametrize(("title", "days"), [("上海车展下周开幕", 0), ("港口吞吐量创新高", 400)])
def test_a_notice_under_another_title_or_a_year_later_is_no_copy(store, title, days):
    first = Article("http://a.example/1.html", "港口吞吐量创新高", NOTICE, NOW, published_at=NOW)
    later = NOW + timedelta(days=days)
    save(store, first)
    save(store, replace(first, url="http://b.example/2.html", title=title, fetched_at=later, published_at=later), later)
    assert len(stories(store)) == 2


def test_what_parts_two_stories_is_written_down(store):
    save(store, article(1, 8, hours=-2))
    save(store, article(2, 9, hours=-1))
    ((level, evidence),) = store.db.conn.execute("SELECT level, evidence FROM links").fetchall()
    assert (level, json.loads(evidence)["differing"]) == ("alike", [["356000万", "412000万"]])


def test_a_correction_splits_a_story_and_the_move_is_kept(store):
    save(store, article(1, 0, hours=-2))
    save(store, article(2, 0, hours=-1))
    save(store, article(2, 6, hours=-1), NOW + timedelta(hours=1))
    keys = [row[1] for row in stories(store)]
    moves = store.db.conn.execute("SELECT article_id, from_key, to_key FROM story_moves").fetchall()
    assert (moves, len(set(keys))) == ([(2, *keys)], 2)


def test_a_correction_of_the_first_lets_its_copies_go(store):
    save(store, article(1, 0, hours=-3))
    save(store, article(2, 0, hours=-2))
    save(store, article(3, 1, hours=-1))
    save(store, article(1, 6, hours=-3), NOW + timedelta(hours=1))
    assert [row[7] for row in stories(store)] == [None, None, "http://s2.example/2.html"]


def test_lines_that_a_site_repeats_are_no_common_text(store):
    for n, text in enumerate(("甲" * 9, "乙" * 9, "丙" * 9)):
        one = Article(f"http://h.example/{n}", f"题目{text}", f"{text}{n}\n" + "\n".join(LINES[:3]), NOW, site="丁网")
        save(store, one)
    assert {row[5] for row in stories(store)} == {0}


def headline(title, url="http://list.example/x/9.html"):
    return Headline(url, title, "http://list.example/", NOW)


@pytest.mark.parametrize("title", [TITLE, f"【快讯】{TITLE}", "江南造船交付首艘甲醇動力集裝箱船"])
@pytest.mark.parametrize("tail", ["", " - 东海新闻网", " 10:23"])
@pytest.mark.parametrize("first", ["article", "headline"])
def test_a_headline_finds_its_article_by_its_title(store, title, tail, first):
    def announce():
        visit = Visit("http://list.example/", "http://list.example/", "list", "demo", NOW, 200)
        store.save(visit, headlines=[headline(title + tail)])

    if first == "headline":
        announce()
    save(store, article(1, 0))
    if first == "article":
        announce()
    assert store.db.conn.execute("SELECT article_id, matched_by FROM headlines").fetchall() == [(1, "title")]


def test_a_headline_that_was_cut_finds_its_article(store):
    save(store, article(1, 0))
    cut = [headline(TITLE[:13] + "…")]
    store.save(Visit("http://l.example/", "http://l.example/", "list", "demo", NOW, 200), headlines=cut)
    assert store.db.conn.execute("SELECT article_id FROM headlines").fetchall() == [(1,)]


@pytest.mark.parametrize("title", [TITLE + "二号", TITLE[:8], "国际快讯", ""])
def test_another_title_finds_nothing(store, title):
    save(store, article(1, 0))
    store.save(Visit("http://l.example/", "http://l.example/", "list", "demo", NOW, 200), headlines=[headline(title)])
    assert store.db.conn.execute("SELECT article_id FROM headlines").fetchall() == [(None,)]


def test_every_link_can_be_read_with_sql(store):
    save(store, article(1, 0, hours=-1))
    save(store, article(2, 1))
    levels = store.db.conn.execute("SELECT level, count(*) FROM duplicates GROUP BY level ORDER BY level").fetchall()
    assert levels == [("address", 2), ("story", 1)]


def test_a_database_of_an_older_version_gets_its_stories(tmp_path):
    path = tmp_path / "old.db"
    with Database(path) as db:
        (before,) = (one.name for one in schema.migrations.pending(db) if one.name.endswith("_stories"))
        schema.migrations.apply(db, stop_before=before)
        with db.atomic():
            db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            for n, version in enumerate((0, 1, 8), 1):
                one = article(n, version, hours=n - 4)
                values = (n, one.url, one.title, one.published_at.isoformat(), NOW.isoformat(), NOW.isoformat())
                db.execute(
                    "INSERT INTO articles (id, url, title, published_at, first_seen_at, last_seen_at, story_id,"
                    " url_key, text_key, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*values, n, one.url.removeprefix("http:"), f"{n}", one.text),
                )
                db.execute(
                    "INSERT INTO stories (id, first_article, first_seen_at, last_seen_at) VALUES (?1, ?1, '', '')", [n]
                )
    with open_store(path) as store:
        assert [(row[2], row[3]) for row in stories(store)] == [
            (None, None),
            ("http://s1.example/1.html", "story"),
            (None, None),
        ]
        assert save(store, article(4, 9)).outcome == "new" and save(store, article(5, 2)).story_id == 1


@pytest.mark.parametrize("wait", [1, 2, 512])
def test_a_copy_is_found_whether_or_not_its_original_is_in_the_index_yet(tmp_path, monkeypatch, wait):
    monkeypatch.setattr(sketches, "WAIT", wait)
    for number, version in enumerate((0, 8, 1)):
        with open_store(tmp_path / "a.db") as store:
            save(store, article(number, version, hours=number - 5))
    with open_store(tmp_path / "a.db") as store:
        assert [row[5] for row in stories(store)] == [1, 0, 1]


def test_what_another_process_wrote_is_found(tmp_path):
    with open_store(tmp_path / "a.db") as one, open_store(tmp_path / "a.db") as other:
        for store, number, version in ((one, 1, 8), (other, 2, 0), (one, 3, 1)):
            save(store, article(number, version, hours=number - 5))
        assert [row[5] for row in stories(one)] == [0, 1, 1]
