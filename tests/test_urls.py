"""URLs: what a link on a hostile page becomes, and what an address looks like."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.urls import (
    MAX_LENGTH,
    bare_host,
    host,
    is_page_of,
    looks_like_article,
    looks_like_list,
    page_number,
    resolve,
    same_site,
    worth_fetching,
)

BASE = "http://news.example.com:8100/finance/2026/a.html?x=1"
SITE = "https://www.example.com"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("b.html", "http://news.example.com:8100/finance/2026/b.html"),
        ("/b/../c/./d.html#top", "http://news.example.com:8100/c/d.html"),
        ("../../../../e", "http://news.example.com:8100/e"),
        ("//m.example.com/y", "http://m.example.com/y"),
        ("?page=2", "http://news.example.com:8100/finance/2026/a.html?page=2"),
        ("HTTP://EXAMPLE.com:80", "http://example.com/"),
        ("https://example.com:443/a", "https://example.com/a"),
        ("  /a b.html\n", "http://news.example.com:8100/a%20b.html"),
        ("/a\tb\r\n.html", "http://news.example.com:8100/ab.html"),
        ("\\\\other.example\\x", "http://other.example/x"),
        ("/财经/快讯.html", "http://news.example.com:8100/%E8%B4%A2%E7%BB%8F/%E5%BF%AB%E8%AE%AF.html"),
        ("http://例子.测试/", "http://xn--fsqu00a.xn--0zwm56d/"),
        ("/%zz%", "http://news.example.com:8100/%zz%"),
        ("/a?q=[1]&r=中", "http://news.example.com:8100/a?q=[1]&r=%E4%B8%AD"),
        ("http://[::1]:80/x", "http://[::1]/x"),
    ],
)
def test_a_link_becomes_the_address_that_a_browser_would_open(href, expected):
    assert resolve(BASE, href) == expected


@pytest.mark.parametrize(
    "href",
    [
        "javascript:void(0)",
        "JavaScript:void(0)",
        "mailto:a@b.c",
        "data:text/html,<h1>x</h1>",
        "ftp://example.com/x",
        "file:///etc/passwd",
        "about:blank",
        "http://[::1",
        "http://a b/",
        "http://user:password@example.com/",
        "http://example.com:999999/",
        "http://example.com:port/",
        "http://" + "a" * 300 + ".test/",
        "http://%31%32%37.0.0.1/",
        "http://a..b/",
        "https:",
        "/" + "x" * 100_000,
        "/x" * MAX_LENGTH,
        "/a\x01b",
        "/a\ud83d",
    ],
)
def test_junk_is_dropped(href):
    assert resolve(BASE, href) is None


@given(st.text(max_size=40))
@example("http:\\\\[")
@example("//\u2100/")
@example("/\u0130")
def test_any_text_resolves_to_nothing_or_to_an_address_that_stays_itself(href):
    """Resolving is idempotent, and what comes out is plain ASCII with a host."""
    found = resolve(BASE, href)
    assert found is None or (found.isascii() and host(found) and resolve("http://other.example/", found) == found)


@given(st.text(alphabet="abhttps:/\\.?#[]@%25 \t0189-_中", max_size=60))
def test_no_address_breaks_a_judgement(href):
    found = resolve(BASE, href)
    if found:
        assert looks_like_article(found) in (True, False)
        assert looks_like_list(found) in (True, False)
        assert page_number(found) >= 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://www.example.com/a", "https://m.example.com/b", True),
        ("https://example.com/", "https://finance.example.com/", True),
        ("https://3g.163.com/", "https://www.163.com/", True),
        ("https://example.com/", "https://example.org/", False),
        ("https://badexample.com/", "https://example.com/", False),
        ("http://127.0.0.1/", "http://1.127.0.0.1/", False),
        ("http://127.0.0.1:1/", "http://127.0.0.1:2/", True),
    ],
)
def test_twins_and_subdomains_are_one_site(one, other, same):
    assert same_site(one, other) is same
    assert same_site(other, one) is same


def test_parts_of_an_address():
    assert host("https://WWW.Example.com:8443/a") == "www.example.com"
    assert bare_host("http://m.example.com.cn/") == "example.com.cn"
    assert bare_host("http://www.com/") == "www.com"


@pytest.mark.parametrize(("url", "worth"), [("/a.jpg", 0), ("/app.apk", 0), ("/a.PDF", 0), ("/a", 1), ("/rss.xml", 1)])
def test_files_are_not_worth_fetching(url, worth):
    assert worth_fetching(SITE + url) is bool(worth)


ARTICLES = """
/zblog/1192287.html
/finance/2026-03-20/1192287.html
/archives/1192287/
/article?id=1192287
/article?id=1192287&page=2
/news/202603/t20260320_1192287.htm
/2026-03/20/content_12345.htm
/c/2026-03-20/doc-inabc1234567.shtml
/dy/article/DXJ4K2P905198CJN.html
/stock/2026/03/20/fed-holds
/world/this-is-how-it-goes
/news/world-europe-12345678
/a/20260320/A03Z.html
/p/3712345
/?p=123
/show.php?id=77
/article/1234
/4de94fdb-a293-4a2f-99d9-f85c0b1ce49e
""".strip().splitlines()
LISTS = """
/
/finance/
/finance/index_2.html
/stock/index.shtml
/roll
/2026-03-20/node_1.htm
/node_12345.htm
/channel/10051/
/category/markets
/politics/us-news/
/news?page=2
/news/page/3/
/list.php?catid=12&page=3
""".strip().splitlines()
NEITHER = """
/about.html
/about/
/login?next=/
/tag/stocks
/search?q=abc
/2026/03/20/
/20260320/
/cal/2026/3/
/events/2031/05/
/cal/2026/3/12.html
/list?page=393&sort=time&view=3
/a.jpg
/download/app.apk
/a/b/c/d/e/f/
""".strip().splitlines()


@pytest.mark.parametrize("path", ARTICLES)
def test_one_named_thing_is_an_article(path):
    assert looks_like_article(SITE + path)


@pytest.mark.parametrize("path", LISTS)
def test_short_paths_of_plain_words_are_lists(path):
    assert looks_like_list(SITE + path)
    assert not looks_like_article(SITE + path)


@pytest.mark.parametrize("path", NEITHER)
def test_services_calendars_and_files_are_neither(path):
    assert not looks_like_list(SITE + path)
    assert not looks_like_article(SITE + path)


def test_a_site_pattern_decides_alone():
    assert looks_like_article(SITE + "/about.html", r"/about\.html$")
    assert not looks_like_article(SITE + "/finance/2026-03-20/1192287.html", r"/zblog/\d+\.html$")


def test_a_long_link_text_is_no_menu_item():
    assert not looks_like_list(
        SITE + "/finance/",
        "人民银行公布三月贷款市场报价利率一年期与五年期以上均维持不变市场人士称符合预期各方将继续关注",
    )


@pytest.mark.parametrize(
    ("url", "other", "number"),
    [
        ("/finance/index_2.html", "/finance/", 2),
        ("/finance/index_2.html", "/finance/index_3.html", 2),
        ("/news/page/3/", "/news/", 3),
        ("/news?page=4", "/news", 4),
        ("/1192287_2.html", "/1192287.html", 2),
        ("/archives/1192287/2/", "/archives/1192287/", 2),
        ("/article?id=7&page=2", "/article?id=7", 2),
    ],
)
def test_pages_of_one_thing_know_each_other(url, other, number):
    assert page_number(SITE + url) == number
    assert is_page_of(SITE + url, SITE + other)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("/1192287.html", "/1192288.html"),
        ("/news/12.html", "/news/13.html"),
        ("/article?id=1", "/article?id=2"),
        ("/a/", "/b/"),
    ],
)
def test_neighbours_are_not_pages_of_one_thing(url, other):
    assert not is_page_of(SITE + url, SITE + other)
