"""What addresses look like, by general rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.shapes import is_page_of, looks_like_article, looks_like_list, page_number, worth_fetching
from crawler.urls import resolve

SITE = "https://www.example.com"


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


@given(st.text(alphabet="abhttps:/\\.?#[]@%25 \t0189-_中", max_size=60))
def test_no_address_breaks_a_judgement(href):
    found = resolve(SITE + "/finance/", href)
    if found:
        assert looks_like_article(found) in (True, False)
        assert looks_like_list(found) in (True, False)
        assert page_number(found) >= 0
