"""The store: what a visit brought is there once, whole, and is never overwritten."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from storage import Article, Headline, Target, Visit, open_store, query

NOW = datetime(2026, 3, 20, 14, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CHINA = timezone(timedelta(hours=8))
URL = "http://www.example.com/news/1.html"
TEXT = "央行今日宣布下调存款准备金率零点五个百分点，释放长期资金约一万亿元，支持实体经济平稳发展。"
OTHER = "证监会今日发布新规，进一步完善上市公司分红制度，鼓励公司提高分红频次，增强投资者获得感。"
ARTICLE = Article(URL, "央行宣布降准", TEXT, NOW, published_at=datetime(2026, 3, 20, 21, 44, 32, tzinfo=CHINA))


def visit(url=URL, at=NOW, *, kind="article", status=200, **more):
    return Visit(url, more.pop("final_url", url), kind, "demo", at, status, **more)


def save(store, article=ARTICLE, *, asked=None, **more):
    """Save an article as read from its address, or from `asked` by a redirect."""
    return store.save(visit(asked or article.url, article.fetched_at, final_url=article.url), article=article, **more)


def rows(store, sql, *params):
    return store.db.conn.execute(sql, params).fetchall()


def one(store, sql, *params):
    (found,) = rows(store, sql, *params)
    return found if len(found) > 1 else found[0]


# -- the address


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/news/1.html",
        "http://m.example.com/news/1.html",
        URL + "?utm_source=rss",
        URL + "#comments",
        URL + "/",
    ],
)
def test_the_same_article_under_a_variant_of_its_address_is_one_row(store, url):
    assert save(store).outcome == "new"
    assert save(store, replace(ARTICLE, url=url, fetched_at=LATER)).outcome == "same"
    assert one(store, "SELECT count(*) FROM articles") == 1


def test_a_declared_canonical_address_makes_it_one_row(store):
    save(store)
    amp = replace(ARTICLE, url="http://example.com/amp/1.html", canonical=URL, text=TEXT + "（简版）")
    assert save(store, amp).outcome == "same"
    assert one(store, "SELECT count(*), max(text) FROM articles") == (1, TEXT)


def test_a_canonical_address_read_after_its_variant_is_one_row(store):
    save(store, replace(ARTICLE, url="http://example.com/amp/1.html", canonical=URL))
    assert save(store).outcome == "same"
    assert one(store, "SELECT count(*) FROM articles") == 1


@pytest.mark.parametrize("lie", ["http://example.com/", "http://example.com/news/list.html"])
def test_a_canonical_address_that_every_page_declares_joins_nothing(store, lie):
    save(store, replace(ARTICLE, canonical=lie))
    second = replace(ARTICLE, url="http://example.com/news/2.html", title="分红新规", text=OTHER, canonical=lie)
    assert save(store, second).outcome == "new"


def test_the_page_that_another_one_wrongly_declared_gets_its_own_row(store):
    save(store, replace(ARTICLE, url="http://example.com/news/2.html", canonical=URL))
    assert save(store, replace(ARTICLE, title="分红新规", text=OTHER)).outcome == "new"
    assert rows(store, "SELECT url, title FROM articles") == [
        ("http://example.com/news/2.html", "央行宣布降准"),
        (URL, "分红新规"),
    ]


def test_an_address_that_redirects_belongs_to_the_article_it_leads_to(store):
    saved = save(store, asked="http://example.com/old/77.shtml")
    assert store.known(["http://example.com/old/77.shtml", "http://example.com/x"]).keys() == {
        "http://example.com/old/77.shtml"
    }
    assert query.article(store.db, "http://www.example.com/old/77.shtml")["id"] == saved.article_id


# -- the text


def test_the_same_text_at_another_address_is_a_copy_with_a_row_of_its_own(store):
    first = save(store)
    second = save(store, replace(ARTICLE, url="http://x.example/9.html", title="转载|央行宣布降准", site="乙网"))
    assert (second.outcome, second.story_id) == ("copy", first.story_id)
    assert one(store, "SELECT copy_of FROM articles WHERE id = ?", second.article_id) == first.article_id


def test_a_story_counts_its_copies_and_sites(store):
    save(store)
    for number in range(3):
        save(store, replace(ARTICLE, url=f"http://b{number % 2}.example/{number}.html", fetched_at=LATER))
    story = query.story(store.db, URL)
    assert (story["copies"], story["sites"], len(story["articles"])) == (3, 3, 4)
    assert story["last_seen_at"] == "2026-03-20T15:00:00.123+00:00"


def test_a_notice_that_many_pages_show_instead_of_their_text_makes_no_copies(store):
    save(store, replace(ARTICLE, text="请登录后查看全文"))
    other = replace(ARTICLE, url="http://example.com/2.html", title="分红新规", text="请登录后查看全文")
    assert save(store, other).outcome == "new"


def test_a_changed_text_keeps_the_former_version(store):
    saved = save(store)
    changed = replace(ARTICLE, text=OTHER, title="更正", published_at=LATER, fetched_at=LATER)
    assert save(store, changed).outcome == "changed"
    row = query.article(store.db, str(saved.article_id))
    assert (row["title"], row["text"], row["revision"], row["revised_at"]) == (
        "更正",
        OTHER,
        2,
        "2026-03-20T15:00:00.123+00:00",
    )
    (former,) = query.revisions(store.db, saved.article_id)
    assert (former["title"], former["text"], former["revision"]) == ("央行宣布降准", TEXT, 1)
    assert (former["observed_at"], former["replaced_at"]) == (row["first_seen_at"], row["revised_at"])


@pytest.mark.parametrize("text", [TEXT, OTHER], ids=["same text", "new text"])
def test_a_correction_renews_what_the_page_says_beside_its_text(text):
    """What the later page is silent about stays; only a changed text makes a version."""
    old = replace(ARTICLE, editor="王", extra={"image": "a.jpg", "keywords": ["银行"], "beat": "财经", "desk": "甲"})
    new = {"author": "李", "lang": "zh", "canonical": URL, "modified_at": LATER, "fetched_at": LATER, "text": text}
    with open_store(Path(":memory:"), fields={"image": "TEXT", "keywords": "TEXT"}) as store:
        save(store, old)
        save(store, replace(ARTICLE, **new, extra={"image": "b.jpg", "keywords": [], "beat": "要闻"}))
        names = "author, editor, lang, canonical, modified_at, image, keywords, extra, last_seen_at, revision"
        assert one(store, f"SELECT {names} FROM articles") == (
            *("李", "王", "zh", URL, LATER.isoformat(), "b.jpg", '["银行"]'),
            *('{"beat":"要闻","desk":"甲"}', "2026-03-20T15:00:00.123+00:00", 1 + (text == OTHER)),
        )


def test_a_second_change_keeps_both_former_versions(store):
    for number, text in enumerate((TEXT, OTHER, TEXT + OTHER)):
        save(store, replace(ARTICLE, text=text, fetched_at=NOW + timedelta(hours=number)))
    former = query.revisions(store.db, 1)
    assert [row["text"] for row in former] == [TEXT, OTHER]
    assert former[0]["replaced_at"] == former[1]["observed_at"]


def test_an_unchanged_page_adds_nothing_but_that_it_was_seen(store):
    save(store)
    indented = TEXT.replace("，", "，\n　　")
    assert save(store, replace(ARTICLE, text=indented, fetched_at=LATER)).outcome == "same"
    assert rows(store, "SELECT first_seen_at, last_seen_at, revision FROM articles") == [
        ("2026-03-20T14:00:00.123+00:00", "2026-03-20T15:00:00.123+00:00", 1)
    ]
    assert one(store, "SELECT count(*) FROM revisions") == 0


def test_a_304_confirms_the_article(store):
    saved = save(store)
    again = store.save(visit(at=LATER, status=304))
    assert (again.outcome, again.article_id) == ("same", saved.article_id)
    assert one(store, "SELECT last_seen_at FROM articles") == "2026-03-20T15:00:00.123+00:00"


def test_the_published_time_keeps_its_offset_and_its_first_value(store):
    save(store)
    save(store, replace(ARTICLE, published_at=LATER, fetched_at=LATER))
    assert one(store, "SELECT published_at FROM articles") == "2026-03-20T21:44:32+08:00"


def test_a_published_time_found_later_is_taken(store):
    save(store, replace(ARTICLE, published_at=None))
    save(store, ARTICLE)
    assert one(store, "SELECT published_at FROM articles") == "2026-03-20T21:44:32+08:00"


def test_a_time_without_zone_is_refused_and_nothing_is_written(store):
    with pytest.raises(ValueError, match="no zone"):
        save(store, replace(ARTICLE, published_at=datetime(2026, 3, 20)))
    assert one(store, "SELECT count(*) FROM visits") == 0


# -- fields


def test_the_address_is_kept_without_what_only_tracks(store):
    save(store, replace(ARTICLE, url="http://example.com/a?id=7&utm_source=rss"))
    assert one(store, "SELECT url FROM articles") == "http://example.com/a?id=7"


def test_what_a_page_does_not_say_is_null(store):
    save(store)
    assert one(store, "SELECT author, editor, source, lang, canonical FROM articles") == (None,) * 5


def test_the_site_is_the_host_where_the_page_names_none(store):
    save(store)
    assert one(store, "SELECT site FROM articles") == "example.com"


@pytest.mark.parametrize(("score", "is_ad"), [(0.49, 0), (0.5, 1), (0.99, 1)])
def test_an_advertisement_is_marked_from_the_threshold_on(store, score, is_ad):
    save(store, replace(ARTICLE, ad_score=score), headlines=[headline(1, ad_score=score)])
    assert one(store, "SELECT is_ad, ad_score FROM articles") == (is_ad, score)
    assert one(store, "SELECT is_ad FROM headlines") == is_ad


def test_an_added_field_has_a_column_of_its_own(tmp_path):
    path, fields = Path(tmp_path, "k.db"), {"keywords": "TEXT", "pages": "INTEGER", "truncated": "INTEGER"}
    with open_store(path) as store:
        save(store)
    with open_store(path, fields=fields) as store:
        extra = {"keywords": ["央行", "降准"], "pages": 3, "truncated": False, "section": "财经"}
        save(store, replace(ARTICLE, url="http://example.com/2", text=OTHER, extra=extra))
        assert rows(store, "SELECT keywords, pages, truncated, extra FROM articles") == [
            (None, None, None, None),
            ('["央行", "降准"]', 3, 0, '{"section": "财经"}'),
        ]


def test_half_a_surrogate_pair_does_not_stop_a_page(store):
    broken = replace(ARTICLE, title="央行\ud83d降准", extra={"keywords": ["\udc00"]})
    assert save(store, broken, headlines=[headline(2, block="\ud800")]).outcome == "new"
    assert one(store, "SELECT title, extra FROM articles") == ("央行?降准", '{"keywords": ["?"]}')


# -- headlines


def headline(number, *, at=NOW, **more):
    return Headline(f"http://example.com/news/{number}.html", f"标题{number}", URL, at, position=number, **more)


def test_a_headline_is_one_row_however_often_it_is_seen(store):
    published = datetime(2026, 3, 20, 21, 53, 40, tzinfo=CHINA)
    first = [headline(2), headline(3, published_at=published, kind="latest", block="最新资讯")]
    assert store.save(visit(kind="list"), headlines=first).headlines == 2
    again = [headline(2, at=LATER, published_at=published), headline(4, at=LATER)]
    assert store.save(visit(kind="list", at=LATER), headlines=again).headlines == 1
    found = rows(store, "SELECT first_seen_at < last_seen_at, published_at, kind, block FROM headlines ORDER BY id")
    assert found[:2] == [
        (1, "2026-03-20T21:53:40+08:00", "list", None),
        (0, "2026-03-20T21:53:40+08:00", "latest", "最新资讯"),
    ]


def test_another_title_for_the_same_address_is_another_headline(store):
    store.save(visit(kind="list"), headlines=[headline(2), replace(headline(2), title="改题")])
    assert one(store, "SELECT count(*), count(DISTINCT url_key) FROM headlines") == (2, 1)


@pytest.mark.parametrize("article_first", [True, False])
def test_a_headline_knows_its_article_in_either_order(store, article_first):
    steps = [
        lambda: save(store),
        lambda: store.save(visit("http://example.com/", kind="list"), headlines=[headline(1)]),
    ]
    for step in steps if article_first else reversed(steps):
        step()
    assert one(store, "SELECT article_id FROM headlines") == 1


# -- all or nothing


def test_a_visit_is_written_whole_or_not_at_all(store):
    store.db.execute("CREATE TRIGGER broken BEFORE INSERT ON headlines BEGIN SELECT raise(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        save(store, headlines=[headline(2)], targets=[Target("http://example.com/2", "article", "demo")])
    for table in ("visits", "articles", "stories", "frontier", "article_urls", "sketches"):
        assert one(store, f"SELECT count(*) FROM {table}") == 0
    assert query.search(store.db, "降准") == []


def test_foreign_keys_hold(store):
    save(store, headlines=[headline(1)])
    save(store, replace(ARTICLE, url="http://b.example/1"))
    save(store, replace(ARTICLE, text=OTHER, fetched_at=LATER))
    assert rows(store, "PRAGMA foreign_key_check") == []


# -- reading


def test_latest_is_by_the_claimed_time_whatever_its_offset(store):
    for number, at in enumerate(
        (datetime(2026, 3, 20, 9, tzinfo=CHINA), datetime(2026, 3, 20, 5, tzinfo=UTC), None), 1
    ):
        article = replace(
            ARTICLE, url=f"http://example.com/{number}", title=str(number), text=f"{number}{OTHER}{number}" * number
        )
        save(store, replace(article, published_at=at))
    assert [row["title"] for row in query.latest(store.db)] == ["3", "2", "1"]


def test_an_article_is_found_by_id_and_by_any_of_its_addresses(store):
    saved = save(store)
    assert query.article(store.db, str(saved.article_id)) == query.article(
        store.db, "https://m.example.com/news/1.html#top"
    )
    assert query.article(store.db, "99") is query.story(store.db, "http://nowhere.example/") is None


def test_stats_count_since_a_time(store):
    save(store, headlines=[headline(2, ad_score=0.9)])
    save(store, replace(ARTICLE, url="http://b.example/1", fetched_at=LATER))
    store.save(visit(at=LATER, status=304))
    store.note_failure(visit("http://b.example/2", LATER, status=500, error="HTTP status 500"), next_at=None)
    assert store.stats() == {
        "requests": 4, "unchanged": 1, "errors": 1, "articles": 1, "copies": 1, "ads": 0, "changed": 0, "headlines": 1,
        "headline_ads": 1, "stories": 1, "waiting": 0,
    }  # fmt: skip
    assert store.stats(LATER)["requests"] == 3
