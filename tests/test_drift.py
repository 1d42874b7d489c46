"""The alarm of a site whose pages stop to yield what they did, and the silence about one whose pages do not."""

import json
import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from crawler import signs
from crawler.commands._state import drifted
from crawler.extract import extract
from crawler.page import Document
from storage import drift
from storage.drifts import drifts
from storage.history import travel
from storage.records import Article, Signs, Target, Visit
from tests.gate.drift import KINDS, SOURCE, Site, alarms, made_up
from tests.test_crawl import SITE, Clock, article, listing, run

START = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
ARTICLE = "http://news.example.com/news/2026/{}.html"


def article_signs(number, **bad):
    """A good page, but for what is said to be bad."""
    lacks = dict.fromkeys(("article", "published", "clock", "source"), False) | dict.fromkeys(bad, True)
    return Signs(
        "/news/0/0.html", lacks, {"text": 1000 + number % 7 * 90, "links": 0.0, "items": 30}, {"title": number}
    )


def pages_until_alarm(after, count=99, history=60):
    """How many changed pages a site shows before its alarm, and of which signs that is."""
    site = Site()
    for number in range(history):
        assert not site.see(article_signs(number), str(number)).alarms
    for number in range(1, count):
        step = site.see(after(1000 + number), f"after {number}")
        if step.alarms:
            return number, set(step.alarms)
    return None


@pytest.mark.parametrize("sign", ["published", "source", "article", "clock"])
def test_what_is_missing_on_every_page_is_an_alarm_within_five(sign):
    number, found = pages_until_alarm(lambda n: article_signs(n, **{sign: True}))
    assert number <= 5 and found == {sign, *(["short text"] if sign == "article" else [])}


def test_texts_that_shrink_are_an_alarm_within_five_pages():
    number, found = pages_until_alarm(
        lambda n: article_signs(n)._replace(amounts={"text": 60, "links": 0, "items": 30})
    )
    assert number <= 5 and found == {"short text"}


def test_teasers_of_which_every_other_is_too_short_for_an_article_are_one_sign():
    """Neither sign would do alone: every other page is good for it."""
    short = {"text": 60, "links": 0, "items": 30}
    number, found = pages_until_alarm(
        lambda n: Signs("/news/0/0.html", {"article": True}) if n % 2 else article_signs(n)._replace(amounts=short)
    )
    assert number <= 5 and found == {"short text"}


def test_where_a_quarter_of_the_usual_text_is_common_an_eighth_is_short():
    site = Site()
    for number in range(60):
        size = 300 if number % 5 == 0 else 1500
        page = article_signs(number)._replace(amounts={"text": size, "links": 0, "items": 30})
        assert not site.see(page, str(number)).alarms
    short = [article_signs(n)._replace(amounts={"text": 100, "links": 0, "items": 30}) for n in range(100, 105)]
    assert [set(step.alarms) for step in (site.see(page, f"after {n}") for n, page in enumerate(short)) if step.alarms]


def test_a_site_that_often_has_no_article_is_no_site_of_short_texts():
    """What a site is known by may be older than this sign: nothing in it says how often a text was none."""
    site = Site()
    pages = [Signs("/news/0/0.html", {"article": True}) if n % 8 == 0 else article_signs(n) for n in range(200)]
    for number, page in enumerate(pages):
        assert not site.see(page, str(number)).alarms
        for one in (site.state["habit"], *site.habits.values()):
            one["amounts"].get("text", [0])[0] = 0
    assert not any(site.see(page, f"more {number}").alarms for number, page in enumerate(pages[:100]))


def test_one_title_on_all_pages_is_an_alarm():
    number, found = pages_until_alarm(lambda n: article_signs(n)._replace(prints={"title": 7}))
    assert number <= 6 and found == {"title again"}


def test_one_page_in_three_that_lacks_a_field_is_learnt_and_no_alarm():
    site, pages = Site(), [article_signs(n, **({"source": True} if n % 3 == 0 else {})) for n in range(300)]
    assert not any(site.see(page, str(number)).alarms for number, page in enumerate(pages))


def test_nothing_is_judged_before_a_site_is_known():
    site = Site()
    assert not any(
        site.see(article_signs(n, **({"published": True} if n > 9 else {})), str(n)).alarms for n in range(29)
    )


def test_a_site_that_never_had_dates_lacks_none():
    site = Site()
    assert not any(site.see(article_signs(n, published=True), str(n)).alarms for n in range(400))


def test_flashes_of_another_shape_are_not_held_against_articles():
    site = Site()
    for number in range(100):
        flash = article_signs(number, source=True)._replace(shape="/flash/0", amounts={"text": 60})
        assert not site.see(flash if number % 2 else article_signs(number), str(number)).alarms
    assert not any(site.see(flash._replace(prints={"title": n}), f"flash {n}").alarms for n in range(500, 560))


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_up_site_is_quiet_for_a_thousand_pages(kind):
    chance = random.Random(5)
    assert alarms((made_up(kind, chance) for _ in range(1000)), 1000) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_made_up_site_is_quiet_for_ten_thousand_pages_but_once(kind):
    chance = random.Random(1)
    assert len(alarms((made_up(kind, chance) for _ in range(10_000)), 10_000)) <= 1


def test_the_shape_of_an_address_has_no_numbers_hashes_or_long_names():
    assert drift.shape("http://a.example/china/2026-03/20/c_112233.htm") == "/china/0-0/0/c_0.htm"
    assert drift.shape("http://a.example/news/a-very-long-name-of-something") == "/news/-"
    assert drift.shape("http://a.example/x/DG4U2HGH055284JB.html") == "/x/0.html"


# -- in the database


def visit(store, number, seen, *, text="", at=None):
    """A page of the site, with its article if it has a text."""
    url, at = ARTICLE.format(number), at or START + timedelta(minutes=number)
    page = Visit(url, url, "article", "news", at, 200, signs=seen)
    article = Article(url, f"第{number}条快讯", text, at, source="财讯网" if not seen.lacks["source"] else "")
    return store.save(page, article=article if text else None)


def drifting(store):
    """A site of sixty good pages, then four without a source."""
    for number in range(64):
        bad = {"source": True} if number >= 60 else {}
        visit(store, number, article_signs(number, **bad), text=f"{number}号报道，" + f"{number * 7919}元存款。" * 9)
    return drifts(store.db)


def test_an_alarm_names_the_site_the_time_the_sign_the_pages_and_the_articles(store):
    (found,) = drifting(store)
    assert (found["host"], found["source"], found["since"][:16]) == ("news.example.com", "news", "2026-03-20T05:00")
    assert found["signs"]["source"]["bad"] == 3 and found["pages"] == [ARTICLE.format(n) for n in range(60, 63)]
    assert found["suspects"] == 4
    assert "no source on 3 of 3 pages (before: " in drifted(found)


def test_articles_that_come_during_an_alarm_are_suspect_and_good_pages_end_it(store):
    drifting(store)
    visit(store, 70, article_signs(70, source=True), text="另一篇报道，没有来源。" * 9)
    assert drifts(store.db)[0]["suspects"] == 5
    for number in range(80, 85):
        visit(store, number, article_signs(number), text=f"{number}又有来源了，" + f"{number * 104729}吨。" * 9)
    assert drifts(store.db) == []
    ended = store.db.execute("SELECT how, ended_at FROM drifts").fetchone()
    assert ended[0] == "the pages yield again what they did" and ended[1]


def test_failures_and_what_is_gone_are_no_drift(store):
    drifting_pages = [Visit(ARTICLE.format(n), "", "article", "news", START, 503, "status 503") for n in range(99)]
    for each in drifting_pages:
        store.note_failure(each, next_at=None)
    assert store.db.execute("SELECT count(*) FROM habits").fetchone()[0] == 0


def test_an_article_that_is_visited_again_and_unchanged_says_nothing(store):
    for number in range(40):
        visit(store, number, article_signs(number), text=f"{number}号报道，" + f"{number * 7919}元存款。" * 9)
    for _ in range(20):
        visit(store, 39, article_signs(39, published=True), text="39号报道，" + f"{39 * 7919}元存款。" * 9)
    assert drifts(store.db) == []


def test_articles_read_again_are_above_suspicion_and_the_last_ends_the_drift(store):
    drifting(store)
    suspects = [row[0] for row in store.db.execute("SELECT article_id FROM suspects").fetchall()]
    store._drifts.reread(suspects[0], "2026-03-21T00:00:00.000+00:00", is_changed=True)
    assert drifts(store.db)[0]["suspects"] == 4  # it still has no source
    store.db.execute("UPDATE articles SET source = '财讯网'")
    for number in suspects:
        store._drifts.reread(number, "2026-03-21T00:00:00.000+00:00", is_changed=True)
    assert drifts(store.db) == []
    assert store.db.execute("SELECT how FROM drifts").fetchone()[0] == "its articles were read again"


def test_what_is_accepted_is_learnt_anew(store):
    drifting(store)
    assert store._drifts.accept("news.example.com", "2026-03-21T00:00:00.000+00:00")
    assert drifts(store.db) == [] and store.db.execute("SELECT count(*) FROM suspects").fetchone()[0] == 0


def test_the_book_of_drifts_is_cheap(store):
    seen = [article_signs(n) for n in range(400)]
    visits = [Visit(ARTICLE.format(n), "", "article", "news", START, 200, signs=one) for n, one in enumerate(seen)]
    store.db.execute("BEGIN")
    begin = time.process_time()
    for number, one in enumerate(visits):
        store._drifts.note(one, number)
    took = (time.process_time() - begin) / len(visits)
    store.db.execute("ROLLBACK")
    assert took < 0.0005  # ten times what it takes alone: other work slows it down


# -- the signs of pages


def test_the_signs_of_a_page_are_what_it_yields():
    text = "".join(
        f"<p>第{n}段：央行今日宣布下调存款准备金率零点五个百分点，释放长期资金约一万亿元。</p>" for n in range(5)
    )
    html = (
        f"<html><title>快讯</title><body><h1>存款准备金率下调</h1><div>2026-03-20 10:00 来源：财讯网</div>{text}</body>"
    )
    url = ARTICLE.format(1)
    seen = signs.of_page(extract(Document(url, html, START)), Target(url, "article", "news"), SOURCE, 0)
    assert seen.lacks == {"article": False, "published": False, "clock": False, "source": False, "author": True}
    assert seen.shape == "/news/0/0.html" and seen.amounts["text"] > 150


def test_a_list_shows_how_many_articles_it_leads_to():
    assert signs.of_list("http://news.example.com/", 12).amounts == {"items": 12}


def test_a_list_that_leads_nowhere_any_more_is_an_alarm():
    site = Site()
    page = signs.of_list("http://news.example.com/", 40)
    assert not any(site.see(page, "list").alarms for _ in range(50))
    fired = [bool(site.see(signs.of_list("http://news.example.com/", 0), "list").alarms) for _ in range(5)]
    assert any(fired)


def test_a_page_that_says_that_its_article_is_gone_has_no_signs():
    assert signs.refused("http://a.example/1.html", f"no article but {signs.MISSING}") is None
    assert json.dumps(signs.refused("http://a.example/1.html", "a log-in page").lacks) == '{"article": true}'


def test_a_crawl_notes_what_its_pages_yield(store, web):
    clock = Clock()
    web.add(SITE + "/", listing(1, 2))
    for number in (1, 2):
        web.add(f"{SITE}/news/{100000 + number}.html", article(number))
    run(web, store, clock)
    habits = dict(store.db.execute("SELECT shape, habit FROM habits").fetchall())
    assert json.loads(habits["/news/0.html"])["bad"]["published"] == [0, 2]
    assert SITE + "/" in habits


def test_a_past_time_knows_no_later_drift(store):
    drifting(store)
    store.db.execute("UPDATE moments SET at = '2026-03-20T04:00:00.000+00:00' WHERE id <= 50")
    travel(store.db.conn, START + timedelta(minutes=1))
    assert drifts(store.db) == []
