"""The pages of `serve`: what they show of a database, that nothing stored becomes markup, what they forbid."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from click.testing import CliRunner
from selectolax.lexbor import LexborHTMLParser

import config
from crawler.cli import cli
from crawler.extract import columns
from storage import Article, Headline, Visit, browse, open_store
from storage.archive import Archive, Fetched
from tests import attacks

pytest.importorskip("datasette", reason="Datasette is not installed: pip install 'kuaixun[serve]'")
# Datasette takes its time to start; what the pages decide is in `test_web`.
pytestmark = pytest.mark.slow

from crawler.web import theirs  # noqa: E402
from crawler.web.frame import POLICY, SANDBOX, Ask  # noqa: E402
from crawler.web.gate import ALWAYS, LOCAL  # noqa: E402
from crawler.web.plugin import served  # noqa: E402
from crawler.web.tables import MENDS  # noqa: E402

AT = datetime(2026, 3, 20, 8, tzinfo=UTC)
SLOW = "with+recursive+n+(i)+as+(values+(1)+union+all+select+i%2B1+from+n)+select+max(i)+from+n"
NOW = AT + timedelta(hours=12)
BODY = "一座新型储能电站在青海投运，装机容量二十万千瓦，满足十万户家庭的需要，这是当地第三座。运行平稳。"


def setup_of(path, **settings):
    setup = config.override(config.load(None, {}), "database", str(path), "--db")
    for name, value in settings.items():
        setup = config.override(setup, name, value, "test")
    return setup


class Pages:
    """The pages of a database, asked without network."""

    def __init__(self, path, *, as_of=None, **settings):
        self.setup = setup_of(path, **settings)
        self.served = served(self.setup, lambda: NOW, as_of=as_of, threads=0)

    def get(self, path, **headers):
        async def go():
            head = {"host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
            return await self.served.client.get(path, headers=head)

        return asyncio.run(go())

    def page(self, path, status=200):
        answer = self.get(path)
        assert (path, answer.status_code) == (path, status)
        return LexborHTMLParser(answer.text)

    def titles(self, path):
        return [node.text() for node in self.page(path).css(".stories .title")]

    def close(self):
        self.served.close()


def save(store, url, title, hour, text=BODY, **values):
    at = AT + timedelta(hours=hour)
    values = {"published_at": at - timedelta(minutes=5), "site": url.split("/")[2], "lang": "zh-Hans", **values}
    article = Article(url, title, text, at, **values)
    return store.save(Visit(url, url, "article", "a", at, 200), article=article)


@pytest.fixture(scope="module")
def news(tmp_path_factory):
    """Five stories: one with a copy elsewhere, one corrected, one advertisement, one in English, one with its page."""
    path = tmp_path_factory.mktemp("serve") / "news.db"
    page = f"<title>储能电站投运_甲网</title><h1>储能电站投运</h1><p>2026-03-20 15:55 来源：甲报</p><p>{BODY}</p>" * 1
    url = "http://a.example/2026/1.html"
    with open_store(path, fields=columns(), clock=lambda: AT) as store, Archive(path.with_suffix(".pages")) as archive:
        number = archive.add(Fetched(url, url, AT, 200, {"content-type": "text/html"}, page.encode(), "a.example"))
        sha = next(kept.sha256 for kept in archive.pages() if kept.id == number)
        store.upsert_source("a", ("http://a.example/",), timedelta(hours=1), now=AT)
        save(store, url, "储能电站投运", 0, source="甲报", extra={"page_sha256": sha, "section": "财经"})
    clocked = lambda hour: lambda: AT + timedelta(hours=hour, seconds=1)  # noqa: E731
    stories = (
        (1, "http://b.example/9", "储能电站投运", BODY, {}),
        (2, "http://b.example/2", "央行宣布降准", "中国人民银行今天宣布下调存款准备金率，释放长期资金约一万亿元。", {}),
        (3, "http://b.example/2", "央行宣布降准", "中国人民银行昨天宣布下调存款准备金率，释放长期资金约一万亿元。", {}),
        (
            4,
            "http://c.example/3",
            "买它买它",
            "全场五折，点击领取优惠券，立即下单，仅限今天，错过不再。",
            {"ad_score": 0.99},
        ),
        (
            5,
            "http://c.example/4",
            "Fog halts ferries",
            "Ferries stay in port until the fog lifts, the harbour said.",
            {"lang": "en"},
        ),
    )
    for hour, address, title, text, values in stories:
        with open_store(path, fields=columns(), clock=clocked(hour)) as store:
            save(store, address, title, hour, text, **values)
            if hour == 5:
                item = Headline(
                    "http://c.example/8", "又一条", "http://c.example/4", AT + timedelta(hours=6), position=1
                )
                at = AT + timedelta(hours=6)
                failed = Visit("http://a.example/", "http://a.example/", "list", "a", at, 503, error="it is tired")
                store.note_failure(failed, next_at=None)
                again = Article(
                    address, title, text, at, published_at=at - timedelta(minutes=65), site="c.example", lang="en"
                )
                store.save(Visit(address, address, "article", "a", at, 200), article=again, headlines=[item])
    return path


@pytest.fixture(scope="module")
def pages(news):
    opened = Pages(news)
    yield opened
    opened.close()


@pytest.fixture
def hasty(pages, monkeypatch):
    """What somebody types is given up soon."""
    monkeypatch.setattr(pages.served, "sql_time_limit_ms", 100)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    opened = Pages(attacks.make(tmp_path_factory.mktemp("serve") / "hostile.db"))
    yield opened
    opened.close()


# -- the front page


def test_the_newest_story_stands_first_and_copies_are_folded(pages):
    assert pages.titles("/") == ["Fog halts ferries", "央行宣布降准", "储能电站投运"]
    (told,) = pages.page("/").css(".about a")
    assert (told.text(), told.attributes["href"][:7]) == ("另有 1 家", "/story/")


def test_advertising_is_shown_when_asked_for(pages):
    assert "买它买它" in pages.titles("/?ads=1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("language=en", ["Fog halts ferries"]),
        ("site=b.example", ["央行宣布降准", "储能电站投运"]),
        ("section=财经", ["储能电站投运"]),
        ("source=甲报", ["储能电站投运"]),
        ("day=2026-03-20&language=zh-Hans", ["央行宣布降准", "储能电站投运"]),
        ("day=2026-03-19", []),
    ],
)
def test_a_facet_chooses(pages, query, expected):
    assert pages.titles(f"/?{query}") == expected


@pytest.mark.parametrize("words", ["储能", "儲能", "电站投运", "储"])
@pytest.mark.parametrize("order", ["", "&order=best"])
def test_a_search_finds_either_script_and_marks_what_was_typed(pages, words, order):
    found = pages.page(f"/?q={words}{order}")
    assert [node.text() for node in found.css(".stories .title")] == ["储能电站投运"]
    assert [node.text() for node in found.css(".stories .title mark")] == [words.replace("儲", "储")]


def test_a_search_as_it_was_finds_what_was_there(pages):
    then = (AT + timedelta(hours=2, minutes=30)).isoformat().replace("+", "%2B")
    assert pages.titles(f"/?q=今天&as_of={then}") == ["央行宣布降准"]
    assert pages.titles("/?q=今天") == []


def test_every_link_of_the_front_page_leads_somewhere(pages):
    seen = set()
    for path in ("/", "/?q=储能", "/?site=b.example&lang=en"):
        for node in pages.page(path).css("a, link[href]"):
            href = node.attributes["href"].partition("#")[0]
            if href and href not in seen:
                seen.add(href)
                assert (href, pages.get(href).status_code) == (href, 200)
    assert len(seen) > 15


def test_a_day_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("storage.browse.NEWEST", 4)
    monkeypatch.setattr("storage.browse._NEWEST", browse._NEWEST.replace("1500", "4"))
    with open_store(tmp_path / "a.db", fields=columns()) as store:
        for number in range(9):
            save(store, f"http://a.example/{number}", f"第{number}号公告", -7 * number, f"公告{number * 7919}。" * 9)
    opened = Pages(tmp_path / "a.db")
    page = opened.page("/?day=2026-03-20")
    opened.close()
    assert (len(page.css(".stories li")), page.css("a[rel=next]")) == (2, [])


def test_a_feed_has_what_is_seldom_though_it_is_far_back(tmp_path, monkeypatch):
    monkeypatch.setattr("storage.browse.NEWEST", 4)
    monkeypatch.setattr("storage.browse._NEWEST", browse._NEWEST.replace("1500", "4"))
    with open_store(tmp_path / "a.db", fields=columns()) as store:
        for number in range(24):
            site = "b" if number in (13, 23) else "a"
            save(store, f"http://{site}.example/{number}", f"第{number}号公告", -number, f"公告{number * 7919}。" * 9)
    opened = Pages(tmp_path / "a.db")
    titles = [item["title"] for item in opened.get("/feed.json?site=b.example").json()["items"]]
    opened.close()
    assert titles == ["第13号公告", "第23号公告"]


def test_a_story_that_very_many_tell_leaves_room_for_others(tmp_path, monkeypatch):
    monkeypatch.setattr("storage.browse.NEWEST", 4)
    monkeypatch.setattr("storage.browse._NEWEST", browse._NEWEST.replace("1500", "4"))
    with open_store(tmp_path / "a.db", fields=columns()) as store:
        for number in range(9):
            save(store, f"http://{number}.example/", "千站同载", number)
        for number in range(4):
            save(store, f"http://a.example/{number}", f"第{number}号公告", -1 - number, f"公告{number * 7919}。" * 9)
    opened = Pages(tmp_path / "a.db")
    titles = opened.titles("/")
    opened.close()
    assert titles == ["千站同载", "第0号公告", "第1号公告", "第2号公告"]


def test_a_value_that_makes_no_sense_takes_no_page_away(tmp_path):
    path = tmp_path / "a.db"
    with open_store(path, fields=columns()) as store:
        store.upsert_source("a", ("http://a.example/",), timedelta(hours=1), now=AT)
        for number in range(4):
            save(store, f"http://{number}.example/", "储能电站投运", number, extra={"section": "财经"})
    db = sqlite3.connect(path)
    db.execute(
        "UPDATE articles SET told_at = 'zzz', title = x'ff00e4', lang = x'7a68', published_at = 'x' WHERE id = 1"
    )
    db.execute(
        "UPDATE articles SET first_seen_at = 'zz', text = 7, url = x'00', published_precision = 'minute' WHERE id = 2"
    )
    db.execute("UPDATE links SET evidence = '[' WHERE article_id = 2")
    db.execute("UPDATE links SET evidence = '[1]' WHERE article_id = 3")
    db.execute('UPDATE links SET evidence = \'{"differing": [[], [1]], "why": 3}\' WHERE article_id = 4')
    db.commit()
    db.close()
    opened = Pages(path)
    for asked in (
        "/",
        "/?q=储能",
        "/?site=1.example",
        "/sources",
        "/article/1",
        "/article/2",
        "/story/1",
        "/story/1?a=1&b=2",
    ):
        assert (asked, opened.get(asked).status_code) == (asked, 200)
    for asked in ("/feed.atom", "/feed.json", "/feed.json?site=1.example", "/a/articles", "/a/articles/1"):
        assert (asked, opened.get(asked).status_code) == (asked, 200)
    opened.close()


def test_a_language_has_a_name(pages):
    shown = [
        node.text() for node in pages.page("/?language=zh-Hans&lang=en").css(".facets li a, .chosen bdi, .chosen a")
    ]
    assert "Chinese, simplified" in shown and "English" in shown


def test_older_pages_go_on_until_nothing_is_left(tmp_path):
    with open_store(tmp_path / "many.db", fields=columns()) as store:
        for number in range(65):
            save(
                store,
                f"http://a.example/{number}",
                f"第{number}条：{number * 7919 % 1000}号公告",
                0,
                f"公告{number * 7919}。{number}" * 9,
            )
    opened = Pages(tmp_path / "many.db")
    for query in ("", "?q=公告", "?q=公告&order=best"):
        found, path = [], f"/{query}"
        while path:
            page = opened.page(path)
            found += [node.text() for node in page.css(".stories .title")]
            following = page.css_first("a[rel=next]")
            path = following.attributes["href"] if following else ""
        assert (query, len(found), len(set(found))) == (query, 65, 65)
    opened.close()


# -- stories and articles


def test_a_story_has_its_copies_in_order_and_why_they_are_one(pages):
    page = pages.page("/story/1")
    assert [node.text(strip=True)[:2] for node in page.css(".line .about span:first-child")] == ["#1", "#2"]
    assert "第 2 篇与第 1 篇文字相同" in page.css_first(".why").text()


def test_what_differs_between_two_articles_is_marked(pages):
    page = pages.page("/story/1?a=1&b=3")
    assert page.css_first(".diff del") and page.css_first(".diff ins")


def test_an_article_has_text_fields_evidence_and_versions(pages):
    page = pages.page("/article/1")
    assert page.css_first(".text p").text() == BODY
    rows = {row.css_first("th").text(): row.css("td") for row in page.css("tbody tr")}
    assert rows["source"][0].text() == "甲报" and "来源" in rows["source"][1].text()
    changed = pages.page("/article/3")
    assert [node.text().split("] ")[1] for node in changed.css(".diff del, .diff ins")] == ["今", "昨"]
    assert changed.css_first("article").attributes["lang"] == "zh-Hans"


def test_an_article_names_the_headlines_that_were_first_seen_on_its_page(pages):
    assert "又一条" in pages.page("/article/5").css_first("[aria-labelledby=list]").text()


def test_the_list_of_a_page_that_is_read_again_marks_advertising_and_leads_to_our_own(tmp_path):
    url, items = "http://a.example/2026/9.html", [f"http://a.example/2026/{n}.html" for n in range(1, 7)]
    links = "".join(f'<li><a href="{each}">第{n}座储能电站今天投运</a></li>' for n, each in enumerate(items, 1))
    page = f"<title>标题在此</title><h1>标题在此</h1><p>{BODY * 3}</p><h3>最新新闻</h3><ul>{links}</ul>".encode()
    with open_store(tmp_path / "a.db", fields=columns()) as store, Archive(tmp_path / "a.pages") as archive:
        archive.add(Fetched(url, url, AT, 200, {"content-type": "text/html; charset=utf-8"}, page, "a.example"))
        (kept,) = archive.pages()
        save(store, items[0], "第1座储能电站今天投运", 0)
        seen = [
            Headline(each, "某", url, AT, position=n, ad_score=0.99 * (n == 2)) for n, each in enumerate(items[:2], 1)
        ]
        article = Article(url, "标题在此", BODY * 3, AT, extra={"page_sha256": kept.sha256})
        store.save(Visit(url, url, "article", "a", AT, 200), article=article, headlines=seen)
    opened = Pages(tmp_path / "a.db")
    listed = opened.page("/article/2").css("[aria-labelledby=list] li")
    opened.close()
    assert len(listed) == 6
    assert [node.css_first("a").attributes["href"] for node in listed] == ["/article/1", *items[1:]]
    assert [bool(node.css_first(".ad")) for node in listed] == [False, True, False, False, False, False]


def test_an_article_as_it_was(pages):
    then = (AT + timedelta(hours=2, minutes=30)).isoformat().replace("+", "%2B")
    assert "今天宣布" in pages.page(f"/article/3?as_of={then}").css_first(".text").text()
    assert "2026-03-20 10:30" in pages.page(f"/article/3?as_of={then}").css_first(".then").text()
    assert "那时还不知道" in pages.page(f"/article/5?as_of={then}", 404).css_first("main").text()


def test_the_page_of_an_article_is_shut_in(pages):
    frame = pages.page("/article/1?raw=1").css_first("iframe")
    assert frame.attributes["sandbox"] in ("", None)
    answer = pages.get(frame.attributes["src"])
    assert (answer.status_code, answer.headers["content-security-policy"]) == (200, SANDBOX)
    assert BODY in answer.text


def test_sources_tell_how_they_fare_in_pictures_and_in_words(pages):
    page = pages.page("/sources")
    text = page.css_first(".source").text()
    assert "失败" in text and "24 小时共 5 篇" in text and "8 次请求，1 次出错" in text
    assert len(page.css("svg[role=img][aria-label]")) == 3 and page.css("svg rect")


def test_a_source_that_brought_nothing_says_so(tmp_path):
    with open_store(tmp_path / "a.db", fields=columns()) as store:
        store.upsert_source("a", ("http://a.example/",), timedelta(hours=1), now=AT)
    opened = Pages(tmp_path / "a.db")
    text = opened.page("/sources?lang=en").css_first(".source").text()
    opened.close()
    assert "nothing came" in text and "exact to the minute" not in text


# -- feeds


def test_a_feed_of_any_state_is_an_atom_feed(pages):
    feed = ElementTree.fromstring(pages.get("/feed.atom?q=储能").text)
    titles = [entry.findtext("{*}title") for entry in feed.findall("{*}entry")]
    assert (titles, feed.findtext("{*}updated")) == (["储能电站投运"], "2026-03-20T08:00:00Z")
    assert "accept-language" in pages.get("/feed.atom").headers["vary"]


def test_a_feed_of_any_state_is_a_json_feed(pages):
    answer = pages.get("/feed.json?language=en")
    feed = answer.json()
    assert (feed["version"], answer.headers["content-type"]) == (
        "https://jsonfeed.org/version/1.1",
        "application/feed+json",
    )
    assert [(item["title"], item["language"]) for item in feed["items"]] == [("Fog halts ferries", "en")]


# -- what cannot be had


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nothing", 404, "什么也不是"),
        ("/-/messages", 404, "什么也不是"),
        ("/-/allow-debug", 404, "什么也不是"),
        ("/-/patterns", 404, "什么也不是"),
        ("/article/99", 404, "没有这篇文章"),
        ("/story/ffffffffffffffff", 404, "没有这个报道"),
        ("/story/1?a=x", 404, "没有这篇文章"),
        ("/?as_of=2026-03-20T08:00", 400, "缺时区"),
        ("/?as_of=2030-01-01T00:00Z", 400, "还没有到"),
        (f"/raw/1/{'0' * 64}", 404, "什么也不是"),
    ],
)
def test_a_problem_is_a_page_that_says_what_it_is(pages, path, status, said):
    page = pages.page(path, status)
    assert said in page.css_first("main").text() and len(page.css("h1")) == 1


def test_the_interface_speaks_english_when_asked_or_when_the_browser_does(pages):
    assert 'lang="en"' in pages.get("/?lang=en").text[:60]
    assert 'lang="en"' in pages.get("/", accept_language="en-US").text[:60]


def test_a_page_that_takes_too_long_says_so(pages, monkeypatch):
    monkeypatch.setattr("crawler.web.site.SECONDS", -1)
    db = sqlite3.connect(f"file:{pages.setup.settings.database}?mode=ro", uri=True)
    monkeypatch.setattr(
        "crawler.web.views.browse.newest",
        lambda db, *_: list(
            db.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
        ),
    )
    answer = pages.served.kuaixun_site.answer(Ask("/"), db, lambda: db)
    db.close()
    assert (answer.status, "太久了" in answer.body) == (503, True)


# -- nothing that is stored becomes markup

ELEMENTS = frozenset(
    "html head meta title link body a header div nav ul li form input label button main h1 h2 h3 p span ol time bdi "
    "strong mark footer section article table thead tbody tr th td code dl dt dd figure figcaption svg line rect "
    "select option del ins iframe br".split()
)
PLACES = (
    *"/ /?ads=1 /?q=攻击 /?q=script /article/1 /article/1?raw=1 /article/2 /story/1 /story/1?a=1&b=2 /sources".split(),
)


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_stored_comes_through_as_markup(hostile, path, lang):
    page = hostile.page(f"{path}{'&' if '?' in path else '?'}lang={lang}")
    for node in page.root.traverse():
        assert node.tag in ELEMENTS, node.html[:200]
        for name, value in node.attributes.items():
            assert not name.startswith("on") and name != "style", node.html[:200]
            if name in ("href", "src", "action"):
                _is_harmless(node, value)
    assert len(page.css("h1")) == 1


def _is_harmless(node, value):
    ours = re.match(r"/(?!/)|#", value)
    outside = value.startswith(("http://", "https://")) and "noreferrer" in (node.attributes.get("rel") or "")
    assert ours or (outside and node.tag == "a"), node.html[:200]
    assert node.tag != "form" or value.startswith("/")


@pytest.mark.parametrize("path", PLACES)
def test_every_link_has_a_text_whatever_things_are_called(hostile, path):
    for node in hostile.page(path).css("a"):
        assert node.text(strip=True).strip("\u200b\u2060"), node.html


def test_what_a_feed_holds_is_text(hostile):
    feed = ElementTree.fromstring(hostile.get("/feed.atom?ads=1").text)
    assert all(entry.find("{*}content").get("type") == "text" for entry in feed.findall("{*}entry"))
    assert "<script>" in json.loads(hostile.get("/feed.json?ads=1").text)["items"][0]["content_text"]


@pytest.mark.parametrize("path", [*PLACES[:4], "/nothing", "/feed.atom"])
def test_a_page_of_ours_may_run_nothing_and_load_nothing_from_elsewhere(hostile, path):
    headers = hostile.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert (headers["referrer-policy"], headers["x-content-type-options"]) == ("no-referrer", "nosniff")


@pytest.mark.parametrize(
    "path", "/hostile /hostile/articles /hostile/articles/1 /hostile?sql=select+1 /-/versions".split()
)
def test_a_page_of_datasette_may_run_only_what_datasette_brings(hostile, path):
    answer = hostile.get(path)
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200 and "'unsafe-inline'" not in policy.partition("style-src")[0]
    import base64
    import hashlib

    for script in LexborHTMLParser(answer.text).css("script"):
        source, text = script.attributes.get("src"), script.text()
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert (source or "").startswith("/-/static/") or f"'sha256-{digest}'" in policy, script.html


@pytest.mark.parametrize("old", [old for old, _ in MENDS])
def test_every_mend_fits_a_template_of_datasette(old):
    import datasette

    folder = Path(datasette.__file__).parent / "templates"
    assert any(old in path.read_text(encoding="utf-8") for path in folder.rglob("*.html"))


def test_a_page_that_is_shown_raw_cannot_reach_out(hostile):
    frame = hostile.page("/article/1?raw=1").css_first("iframe")
    answer = hostile.get(frame.attributes["src"])
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert not LexborHTMLParser(answer.text).css("link, base, meta")


# -- the server


def test_it_answers_under_no_foreign_name(pages):
    assert pages.get("/", host="evil.example").status_code == 421
    assert {pages.get("/", host=f"{name}:8001").status_code for name in LOCAL} == {200}


def test_the_database_cannot_be_written_and_is_seen_as_it_changes(news):
    opened = Pages(news)
    answer = opened.get("/news.json?sql=delete+from+articles")
    before = opened.titles("/")
    with open_store(news, fields=columns()) as store:
        save(store, "http://d.example/1", "后来的", 11, "后来又有一条消息，与前面的都不相干，说的是别的事情。")
    assert (answer.status_code, opened.titles("/")) == (400, ["后来的", *before])
    opened.close()


def test_a_statement_that_would_write_writes_nothing(pages):
    for sql in ("with+x+as+(select+1)+delete+from+articles", "with+x+as+(select+1)+update+sources+set+enabled=0"):
        answer = pages.get(f"/news.json?sql={sql}")
        assert (answer.status_code, "readonly" in answer.json()["error"]) == (400, True)


def test_a_database_where_nothing_can_be_written_is_shown(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    with open_store(path, fields=columns()) as store:
        save(store, "http://a.example/1", "储能电站投运", 0)
    # As if nobody could write there: the superuser may, whatever the mode says.
    monkeypatch.setattr("os.access", lambda _, mode: mode != 2)
    opened = Pages(path)
    assert (opened.titles("/"), opened.get("/a/articles").status_code) == (["储能电站投运"], 200)
    assert list(tmp_path.iterdir()) == [path]
    opened.close()


def test_nothing_stays_beside_a_database_that_was_shown(tmp_path):
    with open_store(tmp_path / "a.db", fields=columns()) as store:
        save(store, "http://a.example/1", "储能电站投运", 0, extra={"page_sha256": "0" * 64})
    with Archive(tmp_path / "a.pages"):
        pass
    opened = Pages(tmp_path / "a.db")
    for path in ("/", "/a", "/article/1"):
        opened.page(path)
    opened.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "a.pages"]


def test_a_database_that_was_put_in_the_place_of_another_is_shown(news, tmp_path):
    for name, title in (("served.db", "先前的"), ("other.db", "换上的")):
        with open_store(tmp_path / name, fields=columns()) as store:
            save(store, "http://a.example/1", title, 0)
    opened = Pages(tmp_path / "served.db")
    before = opened.titles("/"), "先前的" in opened.get("/served/articles").text
    (tmp_path / "other.db").rename(tmp_path / "served.db")
    after = opened.titles("/"), "换上的" in opened.get("/served/articles").text
    opened.close()
    assert (before, after) == ((["先前的"], True), (["换上的"], True))


def test_a_page_of_another_site_can_lead_here_and_do_nothing_else(pages):
    other = {"sec_fetch_site": "cross-site"}
    for mode, dest, status in (("navigate", "document", 200), ("navigate", "iframe", 403), ("no-cors", "image", 403)):
        for path in ("/", "/news.json?sql=select+1"):
            answer = pages.get(path, **other, sec_fetch_mode=mode, sec_fetch_dest=dest)
            assert (path, mode, dest, answer.status_code) == (path, mode, dest, status)
    own = pages.get("/", sec_fetch_site="same-origin", sec_fetch_mode="no-cors", sec_fetch_dest="image")
    assert own.status_code == 200


@pytest.mark.parametrize("sql", ["length(hex(zeroblob(400000000)))", "zeroblob(9000000)+from+news,news"])
def test_no_statement_takes_gigabytes(pages, sql):
    answer = pages.get(f"/news.json?sql=select+{sql}")
    assert answer.status_code == 400 and re.search("too big|more than 50 MB", answer.json()["error"])


def test_a_query_as_csv_is_whole_or_an_error(pages):
    many = "with+recursive+n+(i)+as+(values+(1)+union+all+select+i%2B1+from+n+limit+{})+select+i+from+n"
    answer = pages.get(f"/news.csv?sql={many.format(6000)}")
    assert (answer.status_code, len(answer.text.split())) == (200, 6001)
    too_many = pages.get(f"/news.csv?sql={many.format(600000)}")
    assert too_many.status_code in (400, 503) and re.search("more than 50 MB|算了 2 秒", too_many.text)
    assert len(pages.get(f"/news.json?sql={many.format(6000)}").json()["rows"]) == 1000


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A table of 3,500 rows."""
    path = tmp_path_factory.mktemp("many") / "many.db"
    with open_store(path, fields=columns()) as store:
        store.db.execute("DELETE FROM moments")
        rows = [(f"2026-03-20T{n % 24:02}:00:00.000+00:00",) for n in range(3500)]
        store.db.conn.executemany("INSERT INTO moments (at) VALUES (?)", rows)
        store.db.conn.execute("CREATE VIEW moments_twice AS SELECT * FROM moments UNION ALL SELECT * FROM moments")
        store.db.conn.commit()
    opened = Pages(path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("page", "rows"),
    [
        ("moments", 3500),
        ("moments?_sort=at&_next=2026,9", 3500),
        ("moments?id__gt=1000", 2500),
        ("moments_twice", 7000),
    ],
)
def test_the_csv_of_a_table_has_all_that_the_page_speaks_of(many, page, rows):
    """From whichever page the link is followed, and however the form is sent."""
    shown = many.page(f"/many/{page}")
    link = shown.css_first(".export-links a[href*=csv]").attributes["href"]
    form = shown.css_first("#export form")
    fields = "&".join(f"{one.attributes['name']}={one.attributes['value']}" for one in form.css("input[type=hidden]"))
    for address in (link, f"{form.attributes['action']}?{fields}"):
        told = many.get(address).text.split()
        assert (address, len(told), len(set(told))) == (address, rows + 1, (3500 if rows == 7000 else rows) + 1)


def test_a_csv_that_fails_on_the_way_does_not_look_whole(many, monkeypatch):
    execute = theirs.Readable.execute

    async def failing(self, sql, params=None, truncate=False, **told):
        return await execute(self, "SELECT nothing" if "> :p0" in sql else sql, params, truncate, **told)

    monkeypatch.setattr(theirs.Readable, "execute", failing)
    with pytest.raises(AssertionError):  # of the client, to which the answer is not complete
        many.get("/many/moments.csv?_size=max&_stream=1")


def test_what_a_search_of_ours_needs_is_no_table_of_datasettes(pages):
    pages.page("/?q=储能")
    assert "temp" not in pages.page("/news").css_first("main").text().split()


@pytest.mark.parametrize("name", ["新闻 100%?#.db", "sources.db", "a.b.sqlite"])
def test_a_database_may_have_any_name(tmp_path, name):
    with open_store(tmp_path / name, fields=columns()) as store:
        save(store, "http://a.example/1", "储能电站投运", 0)
    opened = Pages(tmp_path / name)
    page = opened.page("/")
    tables = page.css_first("header nav li:nth-child(3) a").attributes["href"]
    assert [node.text() for node in page.css(".stories .title")] == ["储能电站投运"]
    assert opened.page(f"{tables}/articles").css_first("h1").text(strip=True) == "articles"
    assert opened.page("/sources").css_first("h1").text() == "来源状况"
    opened.close()


def test_nothing_can_be_sent_to_a_page(pages):
    async def go():
        return await pages.served.client.post("/", headers={"host": "localhost"})

    answer = asyncio.run(go())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/news/articles/1/x", 404, "什么也不是"),
        ("/-/x/y/z", 404, "什么也不是"),
        ("/news/a/b/c/d", 404, "什么也不是"),
        ("/-/static-plugins/a/b", 404, "什么也不是"),
        ("/-/threads", 404, "什么也不是"),
        ("/-/threads.json", 404, "什么也不是"),
        ("/news/none", 404, "Table not found"),
        ("/news/nowhere/1", 404, "什么也不是"),
        ("/news.db", 403, "不可以看"),
        ("/news/articles?_sort=nothing", 400, "Cannot sort"),
        ("/news/articles?_through={}", 400, "地址有误"),
        (f"/news?sql={SLOW}", 503, "算了 2 秒"),
        (f"/news.csv?sql={SLOW}", 503, "算了 2 秒"),
    ],
)
@pytest.mark.usefixtures("hasty")
def test_a_problem_of_datasettes_is_a_page_of_ours(pages, path, status, said, capsys):
    answer = pages.get(path)
    assert (answer.status_code, answer.headers["content-security-policy"]) == (status, POLICY)
    assert {name.decode() for name in ALWAYS} <= set(answer.headers)
    assert said in LexborHTMLParser(answer.text).css_first("main").text() and "<script" not in answer.text
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("hasty")
def test_a_problem_of_datasettes_is_json_where_that_is_asked_for(pages):
    answer = pages.get(f"/news.json?sql={SLOW}")
    assert (answer.status_code, answer.json()["error"]) == (503, "not done in 2 seconds: ask for less")
    assert "not found" in pages.get("/news/none.json").json()["error"]


def test_a_table_as_a_page_has_no_more_rows_because_a_file_is_spoken_of(pages):
    many = "with+recursive+n+(i)+as+(values+(1)+union+all+select+i%2B1+from+n+limit+1500)+select+i+from+n"
    assert len(pages.page(f"/news?sql={many}&_format=csv").css(".rows-and-columns tbody tr")) == 1000


def test_a_moment_without_a_database_passes(tmp_path, capsys):
    path, other = tmp_path / "a.db", tmp_path / "old.db"
    with open_store(path, fields=columns()) as store:
        save(store, "http://a.example/1", "储能电站投运", 0)
    opened = Pages(path)
    for asked in ("/", "/?as_of=2026-03-20T09:00Z", "/a/articles", "/a.json"):
        for bad in (None, "x\n", "x" * 40_000):
            path.rename(other)
            if bad:
                path.write_text(bad)
            answer = opened.get(asked)
            assert (asked, bad, answer.status_code) == (asked, bad, 503)
            assert asked.endswith("json") or "眼下读不了数据库" in answer.text
            other.rename(path)
            assert (asked, opened.get(asked).status_code) == (asked, 200)
    opened.close()
    assert "Traceback" not in capsys.readouterr().err


def test_a_slash_too_many_leads_to_the_page(pages):
    for path in ("/sources", "/article/1", "/story/1", "/feed.atom"):
        answer = pages.get(f"{path}/?lang=en")
        assert (answer.status_code, answer.headers["location"]) == (308, f"{path}?lang=en")
    assert pages.get("/nothing/").status_code == 404


def test_a_feed_that_is_known_is_not_sent_again(pages):
    for path in ("/feed.atom", "/feed.json?language=en"):
        first = pages.get(path)
        again = pages.get(path, if_none_match=f"W/{first.headers['etag']}")
        assert (first.status_code, again.status_code, again.text) == (200, 304, "")
        assert pages.get(path, if_none_match='"other"').status_code == 200


def test_the_command_says_what_is_missing(tmp_path):
    result = CliRunner().invoke(cli, ["serve", "--db", str(tmp_path / "none.db")])
    assert (result.exit_code, "none.db" in result.stderr) == (4, True)


def test_a_server_that_looks_back_knows_nothing_of_later(news):
    opened = Pages(news, as_of=AT + timedelta(hours=2, minutes=30))
    page = opened.page("/")
    assert [node.text() for node in page.css(".stories .title")] == ["央行宣布降准", "储能电站投运"]
    assert "2026-03-20 10:30" in page.css_first(".then").text() and not page.css(".then a")
    later = (AT + timedelta(hours=5)).isoformat().replace("+", "%2B")
    assert "还没有到" in opened.page(f"/?as_of={later}", 400).css_first("main").text()
    opened.close()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_the_address_that_it_tells_is_one_that_it_answers_under(news, tmp_path):
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "serve", "--db", str(news), "--host", "::"]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            address = re.search(r"http://\[::1\]:\d+/", run.stdout.readline())[0]
            assert httpx.get(address, timeout=20).status_code == 200
            assert "no password" in run.stderr.readline()
        finally:
            run.send_signal(signal.SIGINT)
            run.wait(20)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["--host", ""], "it is empty"),
        (["--name", "news.example:8080"], "no name of a host"),
        (["--name", "https://news.example"], "no name of a host"),
        (["--name", ""], "no name of a host"),
    ],
)
def test_an_address_that_would_never_be_met_is_refused(news, told, said):
    result = CliRunner().invoke(cli, ["serve", "--db", str(news), *told])
    assert (result.exit_code, said in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("signal_", "code", "said"), [(signal.SIGINT, 130, "kuaixun: interrupted"), (signal.SIGTERM, 0, "")]
)
def test_the_command_serves_until_it_is_stopped(news, signal_, code, said):
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "serve", "--db", str(news), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            told = running.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+/", told)[0]
            answer = httpx.get(address, timeout=20)
            assert (answer.status_code, "储能电站投运" in answer.text) == (200, True)
            assert httpx.get(f"{address}article/1", timeout=20).status_code == 200
            taken = CliRunner().invoke(cli, ["serve", "--db", str(news), "--port", address.split(":")[2].strip("/")])
            assert (taken.exit_code, "try another --port" in taken.stderr) == (2, True)
        finally:
            running.send_signal(signal_)
        assert (running.wait(20), running.stderr.read().strip()) == (code, said)
    assert not list(news.parent.glob("*.pages-*"))
