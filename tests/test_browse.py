"""What pages read: windows of what is newest and found, cards, stories, and how sources fare hour by hour."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from crawler.web import pages
from storage import Article, Headline, Visit, browse, health, history, open_store
from storage.records import Gap
from storage.times import stamp

AT = datetime(2026, 3, 20, 8, tzinfo=UTC)
BODY = "一座新型储能电站在青海投运，装机容量二十万千瓦，满足十万户家庭的需要，这是当地第三座。运行平稳。"


def save(store, url, title, text, minutes, **values):
    at = AT + timedelta(minutes=minutes)
    article = Article(url, title, text, at, published_at=at - timedelta(minutes=3), site=url.split("/")[2], **values)
    return store.save(Visit(url, url, "article", "a", at, 200), article=article).article_id


@pytest.fixture
def db(store):
    """Two stories, one told twice, and an advertisement; the source failed once."""
    store.upsert_source("a", ("http://a.example/",), timedelta(hours=1), now=AT)
    save(store, "http://a.example/1", "储能电站投运", BODY, 0, extra={"published_precision": "minute"})
    save(store, "http://b.example/1", "储能电站投运", BODY, 1)
    save(store, "http://a.example/2", "央行宣布降准", "中国人民银行今天宣布下调存款准备金率。储备充足。", 2)
    save(store, "http://a.example/3", "买它", "全场五折，点击领取优惠券，储值有礼。", 3, ad_score=0.99)
    failed = Visit("http://a.example/", "http://a.example/", "list", "a", AT + timedelta(hours=1), 503)
    gap = Gap("a", "http://a.example/", AT, None, "it is tired", AT + timedelta(hours=1), "down")
    store.note_failure(failed, next_at=None, gap=gap)
    return store.db.conn


def ids(window):
    return [brief.id for brief in window.briefs]


def test_the_newest_come_first_and_go_on_from_any_place(db):
    window = browse.newest(db)
    assert (ids(window), window.whole) == ([4, 3, 2, 1], True)
    third = window.briefs[1]
    assert ids(browse.newest(db, (third.told_at, third.id))) == [2, 1]
    assert ids(browse.newest(db, None, third.told_at)) == [2, 1]
    assert browse.newest(db, None, "", third.told_at) == (window.briefs[:2], True)


def test_a_window_is_as_large_as_it_may_be_and_says_so(db, monkeypatch):
    monkeypatch.setattr(browse, "NEWEST", 2)
    monkeypatch.setattr(browse, "_NEWEST", browse._NEWEST.replace("1500", "2"))
    assert browse.newest(db)[0:2] == ([*browse.newest(db).briefs], False)
    assert ids(browse.newest(db)) == [4, 3]


@pytest.mark.parametrize(
    ("words", "expected"), [("储能", [2, 1]), ("儲能", [2, 1]), ("储", [4, 3, 2, 1]), ("储 NOT 能", [4, 3]), ("!", [])]
)
def test_what_is_found_has_the_words_the_last_to_come_first(db, words, expected):
    assert ids(browse.found(db, words)) == expected
    assert ids(browse.found(db, words, 3)) == [number for number in expected if number < 3]
    assert sorted(ids(browse.found(db, words, best=True)), reverse=True) == expected


@pytest.mark.parametrize("ranked", [15_000, 1])
def test_the_best_of_those_that_were_there_are_the_same_when_more_came(db, store, monkeypatch, ranked):
    monkeypatch.setattr(browse, "RANKED", ranked)
    before = ids(browse.found(db, "储", best=True))
    save(store, "http://a.example/9", "储储储", "储备，储蓄，储能，储存，都是储。", 4)
    assert ids(browse.found(db, "储", best=True)) != before == ids(browse.found(db, "储", 5, best=True))


def test_of_too_many_hits_those_with_the_word_in_the_title_are_the_best(db, monkeypatch):
    monkeypatch.setattr(browse, "RANKED", 1)
    assert ids(browse.found(db, "储", best=True)) == [2, 1, 4, 3]


def test_hits_that_had_to_be_looked_up_end_where_the_looking_did(db, monkeypatch):
    """So that the next page goes on from there, although the last of them is none."""
    monkeypatch.setattr(browse, "FOUND_CHECKED", 2)
    monkeypatch.setattr(browse, "_frequent", lambda *_, **__: None)
    monkeypatch.setattr(browse, "checked", lambda words: lambda title, text: "电站" in title)
    window = browse.found(db, "储")
    assert ([(brief.id, brief.copy_of) for brief in window.briefs], window.whole) == ([(3, 3)], False)
    assert ids(browse.found(db, "储", 3)) == [2, 1]


def test_cards_come_as_asked_for_with_what_their_story_tells(db):
    first, other = browse.cards(db, [3, 1])
    assert (first["id"], first["sites"], other["sites"], other["copies"]) == (3, 1, 2, 1)
    assert other["section"] is None  # no crawl has made that column


def test_a_story_has_its_articles_as_told_and_their_links(db):
    key = browse.story_key(db, 2)
    told = browse.story(db, key)
    assert [card["id"] for card in told["articles"]] == [1, 2]
    assert [(link["article_id"], link["other_id"], link["level"]) for link in told["links"]] == [(2, 1, "text")]
    assert browse.story(db, "none") is browse.story_key(db, 99) is None


def test_who_was_first_in_a_story_may_be_beyond_what_is_shown_of_it(db, store, monkeypatch):
    monkeypatch.setattr(browse, "MEMBERS", 2)
    for number, minutes in enumerate((-20, -30)):
        at = AT + timedelta(minutes=minutes)
        url = f"http://c.example/{number}"
        late = Article(url, "储能电站投运", BODY, at, published_at=at - timedelta(hours=5 * number), site="c")
        store.save(Visit(url, url, "article", "a", at, 200), article=late)
    told = browse.story(db, browse.story_key(db, 1))
    monkeypatch.setattr(browse, "MEMBERS", 1)
    cut = browse.story(db, browse.story_key(db, 1))
    assert len(cut["articles"]) == 1 and len(told["articles"]) == 2
    for name, at in (("first_article", "told_at"), ("first_seen_article", "first_seen_at")):
        (first,) = db.execute(
            f"SELECT id FROM articles WHERE story_id = ? ORDER BY {at} LIMIT 1", (told["id"],)
        ).fetchone()
        assert (name, told[f"{name}_card"]["id"], cut[f"{name}_card"]["id"]) == (name, first, first)


def test_headlines_belong_to_the_page_that_carried_them_first(db, store):
    at, url = AT + timedelta(hours=2), "http://a.example/9"
    items = [Headline(f"http://a.example/{n}", f"第{n}条", url, at, position=n) for n in (8, 7)]
    visit = Visit(url, url, "article", "a", at, 200)
    number = store.save(visit, article=Article(url, "标题", "正文。" * 30, at), headlines=items).article_id
    assert [row["title"] for row in browse.carried(db, number, url)] == ["第7条", "第8条"]
    assert browse.carried(db, 1, url) == []


def test_of_the_addresses_of_a_list_it_is_known_which_are_advertising_and_which_are_ours(db, store):
    at, url = AT + timedelta(hours=2), "http://a.example/9"
    urls = ["http://a.example/1", "http://a.example/ad", "http://a.example/'"]
    items = [
        Headline(each, f"第{n}条", url, at, position=n, ad_score=0.99 * (n == 2)) for n, each in enumerate(urls, 1)
    ]
    visit = Visit(url, url, "article", "a", at, 200)
    store.save(visit, article=Article(url, "标题", "正文。" * 30, at), headlines=items[:2])
    told = browse.announced(db, urls)
    assert [(told[each]["article_id"], told[each]["is_ad"]) for each in urls] == [(1, 0), (None, 1), (None, 0)]


def test_a_source_is_told_hour_by_hour(db):
    (row,) = health.sources(db, AT + timedelta(hours=1, minutes=30))
    assert (row["brought"][-2:], row["asked"][-2:], row["failed"][-2:]) == ([4, 0], [4, 1], [0, 0])
    assert (row["delay"], row["delays"][-2:]) == (3.0, [3.0, None])
    assert [gap["reason"] for gap in row["open_gaps"]] == ["it is tired"]
    assert (browse.unseen(db, AT), row["unasked"]) == (["a"], "")


def test_a_source_that_nobody_asks_any_more_is_not_well(store):
    store.upsert_source("a", ("http://a.example/",), timedelta(hours=1), now=AT)
    visit = Visit("http://a.example/", "http://a.example/", "list", "a", AT, 200)
    store.save(visit)
    store.db.conn.execute(
        "UPDATE sources SET last_visit_at = ?, next_at = ?", (stamp(AT), stamp(AT + timedelta(hours=1)))
    )
    soon, late = AT + timedelta(hours=1, minutes=30), AT + timedelta(days=99)
    for now, watched, there in ((soon, None, False), (late, None, True), (late, ["b"], False), (late, ["a"], True)):
        (row,) = health.sources(store.db.conn, now, watched)
        told = (bool(row["unasked"]), bool(row["open_gaps"]), browse.unseen(store.db.conn, now, watched) == ["a"])
        assert (now, told) == (now, (there,) * 3)
    assert pages.source(row)["state"] == "unasked"


@pytest.mark.slow
def test_at_any_moment_the_newest_and_the_found_are_those_that_were_there(tmp_path):
    dice, hour = random.Random(3), timedelta(hours=1)
    times = [AT + number * hour for number in range(24)]
    clock = iter(times)
    now = [AT]
    with open_store(tmp_path / "a.db", clock=lambda: now[0]) as store:
        for now[0] in clock:
            number, late = dice.randrange(9), dice.randrange(30)
            url, title, text = (
                f"http://a.example/{number}",
                f"第{number}条{dice.choice('甲乙丙')}",
                BODY[dice.randrange(20) :],
            )
            article = Article(url, title, text, now[0], published_at=now[0] - late * hour, site=dice.choice("ab"))
            store.save(Visit(url, url, "article", "a", now[0], 200), article=article)
    for at in times:
        with open_store(tmp_path / "a.db", readonly=True) as store:
            db = store.db.conn
            history.travel(db, at)
            there = db.execute("SELECT id, told_at FROM articles ORDER BY told_at DESC, id DESC").fetchall()
            window = browse.newest(db)
            assert (at, [brief[:2] for brief in window.briefs]) == (at, there)
            half = there[len(there) // 2]
            assert [brief[:2] for brief in browse.newest(db, (half[1], half[0])).briefs] == there[len(there) // 2 + 1 :]
            held = sorted(
                (i for i, text in db.execute("SELECT id, text FROM articles") if "青海" in text), reverse=True
            )
            assert (at, ids(browse.found(db, "青海"))) == (at, held)
            assert sorted(ids(browse.found(db, "青海", best=True)), reverse=True) == held
            all_of_it = sorted((number for number, _ in there), reverse=True)
            assert [number for window in every(db, "第") for number in ids(window)] == all_of_it


@pytest.mark.slow
def test_a_frequent_character_is_found_in_the_past_as_it_would_have_been(tmp_path, monkeypatch):
    """What came later or was worded anew since is not looked at."""
    monkeypatch.setattr(browse, "FOUND_CHECKED", 4)
    now = [AT]
    with open_store(tmp_path / "a.db", clock=lambda: now[0]) as store:
        for number in range(12):
            now[0] += timedelta(minutes=1)
            save(
                store,
                f"http://a.example/{number}",
                f"{'储' if number % 4 else '无'}{number}",
                f"{number}句。" * 30,
                number,
            )
        before, then = [ids(window) for window in every(store.db.conn, "储")], now[0]
        now[0] += timedelta(minutes=1)
        save(store, "http://a.example/3", "改", "改过了，没有那个字。" * 9, 20)
        save(store, "http://a.example/99", "储后来", "后来的一条消息。" * 9, 21)
    with open_store(tmp_path / "a.db", readonly=True) as store:
        history.travel(store.db.conn, then)
        assert [ids(window) for window in every(store.db.conn, "储")] == before


def every(db, words):
    """The windows of a search, one after the other, without what only says how far it was looked."""
    found = [browse.found(db, words)]
    while not found[-1].whole:
        found.append(browse.found(db, words, found[-1].briefs[-1].id))
    return [window._replace(briefs=[one for one in window.briefs if one.copy_of != one.id]) for window in found]


def test_a_character_that_most_articles_hold_is_found_without_the_index(db, monkeypatch):
    """And the pages of what is found follow each other without a break, whichever way each was found."""
    monkeypatch.setattr(browse, "FOUND_CHECKED", 2)
    seen = [browse.found(db, "储")]
    while not seen[-1].whole:
        seen.append(browse.found(db, "储", seen[-1].briefs[-1].id))
    assert [ids(window) for window in seen] == [[4, 3], [2, 1], []]
    monkeypatch.setattr(browse, "FOUND_CHECKED", 4)
    monkeypatch.setattr(browse, "RANKED", 1)
    assert ids(browse.found(db, "储", best=True)) == [2, 1, 4, 3]
