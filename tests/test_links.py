"""Which addresses of a page, a feed or a sitemap are asked next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from config import Source
from crawler.extract import extract
from crawler.feeds import Feed, Item
from crawler.frontier import Owners
from crawler.links import MAX_TARGETS, Place, changed, from_feed, from_page, is_article, neighbours, next_page
from crawler.page import Anchor, Document, Extraction
from storage.records import Headline, Target

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
SITE = "https://news.example.com"
LIST = SITE + "/stock/"
ARTICLE = SITE + "/news/100001.html"


def place(url=LIST, kind="list", *, depth=0, **source):
    made = Source("news", (SITE + "/",), **source)
    return Place(url, Target(url, kind, "news", depth=depth), Owners([made]), NOW)


def page(*anchors, headlines=(), kind="list", **fields):
    """A page with anchors (address, text) and headlines (address, title, more)."""
    return Extraction(
        kind=kind,
        article=fields.pop("article", None),
        fields={},
        evidence={},
        anchors=tuple(Anchor(SITE + path, *rest) for path, *rest in anchors),
        headlines=tuple(Headline(SITE + path, title, LIST, NOW, **more) for path, title, more in headlines),
        **fields,
    )


def found(extraction, where=None):
    targets = from_page(extraction, where or place(), ad_threshold=0.5)
    return [(target.kind, target.url.removeprefix(SITE), target.depth) for target in targets]


def test_articles_and_lists_are_told_apart():
    anchors = [
        ("/news/100001.html", "一"),
        ("/bond/", "债券"),
        ("/about.html", "关于"),
        ("/a.jpg", "图"),
        ("/login", "登录"),
    ]
    assert found(page(*anchors)) == [("article", "/news/100001.html", 0), ("list", "/bond/", 1)]


def test_headlines_come_first_the_newest_with_the_highest_priority():
    extraction = page(
        ("/news/100001.html", "一"),
        headlines=[
            ("/news/100002.html", "二", {"published_at": NOW - timedelta(days=9)}),
            ("/news/100003.html", "三", {"published_at": NOW - timedelta(hours=1)}),
        ],
    )
    targets = from_page(extraction, place(), ad_threshold=0.5)
    assert [target.url[-6] for target in targets] == ["2", "3", "1"]
    assert sorted(targets, key=lambda target: -target.priority)[0].url.endswith("3.html")


@pytest.mark.parametrize(
    ("title", "more", "wanted"),
    [
        ("央行今日下调存款准备金率", {}, True),
        ("Fed holds rates steady again", {}, True),
        ("财经", {"published_at": NOW}, True),
        ("财经", {}, False),
    ],
)
def test_a_headline_speaks_for_an_address_that_says_nothing(title, more, wanted):
    extraction = page(headlines=[("/markets/fed-holds.html", title, more)])
    assert bool(found(extraction)) is wanted


def test_a_pattern_of_the_site_overrules_headlines_too():
    extraction = page(headlines=[("/x/1.html", "央行今日下调存款准备金率", {}), ("/zblog/7.html", "七", {})])
    assert found(extraction, place(article=r"/zblog/\d+")) == [("article", "/zblog/7.html", 0)]


def test_advertising_goes_last_whatever_parameters_its_link_carries():
    extraction = page(
        ("/news/100001.html?utm_source=x", "贷款"),
        ("/news/100002.html", "二"),
        headlines=[("/news/100001.html", "贷款", {"ad_score": 0.9})],
    )
    first, second = from_page(extraction, place(), ad_threshold=0.5)
    assert (first.url[-6], second.url[-6]) == ("1", "2")
    assert first.priority < 0 < second.priority


def test_nofollow_links_and_pages_are_respected():
    assert found(page(("/news/100001.html", "一", True))) == []
    assert found(page(("/news/100001.html", "一"), nofollow=True)) == []


def test_articles_lead_to_articles_as_deep_as_the_source_allows_and_to_no_lists():
    extraction = page(("/news/100002.html", "二"), ("/bond/", "债券"), kind="article")
    assert found(extraction, place(ARTICLE, "article", depth=2)) == [("article", "/news/100002.html", 3)]
    assert found(extraction, place(ARTICLE, "article", depth=3)) == []


def test_lists_lead_to_lists_as_deep_as_the_source_allows():
    extraction = page(("/bond/", "债券"), ("/news/100002.html", "二"))
    assert found(extraction, place(depth=3)) == [("article", "/news/100002.html", 3)]


def test_pages_and_prints_of_an_article_are_not_articles():
    anchors = [("/news/100001_2.html", "2"), ("/news/100001.html", "1"), ("/print/100001.html", "打印")]
    article = page(*anchors, ("/news/100002.html", "下一篇"), kind="article", article=object())
    assert found(article, place(ARTICLE, "article")) == [("article", "/news/100002.html", 1)]


def test_a_calendar_in_the_margin_leads_nowhere():
    days = [("/news/100001.html?date=2031-10", "10月"), ("/stock/?date=2031-10", "十月"), ("/stock/?month=10", "十月")]
    assert found(page(*days, kind="article", article=object()), place(ARTICLE, "article")) == []
    assert found(page(*days[1:])) == []


def test_articles_told_apart_by_their_query_are_all_asked():
    anchors = [("/article?id=7001", "一"), ("/article?id=7002", "二")]
    where = place(SITE + "/article?id=7001", "article")
    assert found(page(*anchors, kind="article", article=object()), where) == [("article", "/article?id=7002", 1)]


def test_neighbours_with_small_numbers_are_all_articles():
    anchors = [(f"/2026-03-20/content_{n}.html", f"第{n}条") for n in (11, 12, 13)]
    assert len(found(page(*anchors))) == 3


def test_feeds_are_found_on_lists_also_at_a_stranger():
    feed = "https://feeds.example.org/news"
    (only,) = from_page(page(feeds=(feed,)), place(), ad_threshold=0.5)
    assert (only.kind, only.url, only.source) == ("feed", feed, "news")
    assert found(page(feeds=(feed,), kind="article"), place(ARTICLE, "article")) == []


def test_of_a_feed_in_several_formats_one_is_asked():
    links = (
        ("rss", "RSS", "/rss.xml"),
        ("atom", "", "/atom.xml"),
        ("atom", "财经", "/finance.xml"),
        ("rss", "", "/2.xml"),
    )
    head = "".join(
        f'<link rel="alternate" type="application/{kind}+xml" title="{title}" href="{url}">'
        for kind, title, url in links
    )
    document = Document(LIST, f"<html><head>{head}</head></html>", NOW, "utf-8")
    found = extract(document, ad_score=lambda title, url: 0.0).feeds
    assert [urlsplit(url).path for url in found] == ["/rss.xml", "/finance.xml", "/2.xml"]


def test_a_page_of_a_million_links_gives_a_bounded_number():
    anchors = [(f"/news/{n}.html", "x") for n in range(100000, 110000)]
    assert len(found(page(*anchors))) == MAX_TARGETS


@pytest.mark.parametrize(
    ("url", "anchors", "next_url", "wanted"),
    [
        (LIST, [("/stock/index_2.html", "2"), ("/stock/index_3.html", "3")], "", "/stock/index_2.html"),
        (SITE + "/stock/index_2.html", [("/stock/", "1"), ("/stock/index_3.html", "3")], "", "/stock/index_3.html"),
        (LIST, [], SITE + "/stock/?page=2", "/stock/?page=2"),
        (LIST, [("/bond/index_2.html", "2")], "", None),
        (SITE + "/stock/index_20.html", [("/stock/index_21.html", "21")], "", None),
        (ARTICLE, [("/news/100001_2.html", "2")], "", "/news/100001_2.html"),
        (ARTICLE, [("/news/100002.html", "下一篇")], SITE + "/news/100002.html", None),
    ],
)
def test_the_next_page_is_the_next_number_of_the_same_thing(url, anchors, next_url, wanted):
    target = next_page(page(*anchors, next_url=next_url), place(url))
    assert (target.url.removeprefix(SITE) if target else None) == wanted


def item(path, title="", hours=None):
    return Item(SITE + path, title, None if hours is None else NOW - timedelta(hours=hours))


def urls(feed, where=None, **options):
    return [target.url.removeprefix(SITE) for target in from_feed(feed, where or place(kind="feed"), **options)]


def test_what_a_feed_announces_is_an_article_whatever_its_address():
    feed = Feed("feed", (item("/hello/", "你好", 5), item("/news/100001.html", "一", 1), item("/a.mp3", "声音")))
    assert urls(feed) == ["/news/100001.html", "/hello/"]


def test_doubtful_items_go_last_and_strangers_are_left_out():
    feed = Feed("feed", (item("/news/100001.html", "一"), Item("https://other.example/1", "别家")))
    (only,) = from_feed(feed, place(kind="feed"), doubtful={"//news.example.com/news/100001.html"})
    assert only.priority < 0


def test_of_a_sitemap_only_what_looks_like_an_article_is_wanted_the_newest_first():
    feed = Feed(
        "sitemap",
        (item("/stock/"), item("/about.html"), item("/news/100001.html", hours=9), item("/news/100002.html", hours=1)),
    )
    assert urls(feed) == ["/news/100002.html", "/news/100001.html"]


def test_of_an_index_the_newest_sitemaps_are_asked_those_of_news_first():
    feed = Feed("index", (item("/a.xml", hours=9), item("/b.xml", hours=1), item("/news.xml")))
    assert urls(feed) == ["/news.xml", "/b.xml", "/a.xml"]
    assert urls(feed, place(kind="sitemap", depth=3)) == []


# -- a walk through a gap


def test_neighbours_are_the_articles_beside_the_lists_and_keep_the_depth():
    extraction = page(
        ("/news/100000.html", "上一篇"),
        ("/news/100002.html", "下一篇"),
        ("/news/100003.html", "相关报道"),
        ("/news/100004.html", "广告", True),
        ("/stock/", "股票"),
        headlines=[("/news/100003.html", "相关报道", {})],
        kind="article",
    )
    walked = neighbours(extraction, place(ARTICLE, "article", depth=3))
    assert [(each.url.removeprefix(SITE), each.depth) for each in walked] == [
        ("/news/100000.html", 3),
        ("/news/100002.html", 3),
    ]
    assert neighbours(replace(extraction, nofollow=True), place(ARTICLE, "article")) == []


# -- what is listed as changed


def test_what_a_file_has_as_changed_is_known_by_its_address():
    times = [NOW - timedelta(hours=n) for n in range(4)]
    feed = Feed("sitemap", tuple(Item(f"{SITE}/news/10000{n}.html", changed_at=time) for n, time in enumerate(times)))
    targets = from_feed(feed, place(SITE + "/sitemap.xml", "sitemap"))
    assert changed(feed, targets) == {f"{SITE}/news/10000{n}.html": time for n, time in enumerate(times)}


def test_a_time_that_most_items_share_is_that_of_the_file():
    items = [Item(f"{SITE}/news/10000{n}.html", changed_at=NOW) for n in range(5)]
    feed = Feed("sitemap", tuple(items))
    assert changed(feed, from_feed(feed, place(SITE + "/sitemap.xml", "sitemap"))) == {}


def test_a_pattern_finds_endings_that_only_its_site_has_and_no_pictures():
    owner = Source("news", ("http://news.example.com/",), article="/health/")
    assert is_article("http://news.example.com/health/la-heb-20120111,0,6874.story", owner)
    assert not is_article("http://news.example.com/health/la-heb-20120111.jpg", owner)
    assert not is_article("http://news.example.com/health/1.story", replace(owner, article=""))
