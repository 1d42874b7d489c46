"""Keys: when two addresses are one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.keys import host_of, url_key, without_tracking

ONE_PAGE = [
    "https://www.example.com/news/1.html",
    "http://www.example.com/news/1.html",
    "http://example.com/news/1.html",
    "//m.example.com/news/1.html",
    "https://3g.example.com/news/1.html",
    "https://amp.example.com/news/1.html",
    "https://mobile.example.com:443/news/1.html",
    "http://example.com:80/news/1.html",
    "HTTP://WWW.EXAMPLE.COM./news/1.html",
    "https://example.com/news/1.html#comments",
    "https://example.com/news/1.html#!/page/2",
    "https://example.com/news/1.html/",
    "https://example.com/news/1.html?",
    "https://example.com/news/1.html?utm_source=list&utm_medium=web",
    "https://example.com/news/1.html?from=timeline&isappinstalled=0",
    "https://example.com/news/1.html?spm=a2.17&fbclid=4f3",
    "https://example.com/news/1.html?source=RSS&from=singlemessage",
    "https://example.com/news/1.html?pk_campaign=spring&share_token=5f2&_=1774008000000",
    "https://example.com/news/1.html;jsessionid=0A1B",
    "https://example.com/news/1.html?sessionid=3f9c0d1e5a7b4c2d8e6f",
    "https://example.com/news/1.html?PHPSESSID=0a1b2c",
    "https://example.com/(S(lit3py55t21z5v55vlm25s55))/news/1.html",
    "https://example.com/./news/x/../1.html",
    "https://example.com/%6eews/1.html",
    " https://example.com/new\ns/1.html\t",
    "https:\\\\example.com\\news\\1.html",
]
SAME = [
    ("http://example.com", "https://www.example.com/index.html"),
    ("http://example.com/finance", "http://example.com/finance/index.shtml"),
    ("http://example.com/a?b=2&a=1", "http://example.com/a?a=1&b=2"),
    ("http://example.com/a?q=央行", "http://example.com/a?q=%e5%a4%ae%E8%A1%8C"),
    ("http://example.com/a?q=x+y", "http://example.com/a?q=x%20y"),
    ("http://例子.中国/a", "http://xn--fsqu00a.xn--fiqs8s/a"),
    ("http://example.com/?ref=homepage", "http://example.com/"),
]
TWO_PAGES = [
    ("http://example.com/article?id=1", "http://example.com/article?id=2"),
    ("http://example.com/article?id=1", "http://example.com/article?id=1&page=2"),
    ("http://example.com/list", "http://example.com/list?from=20"),
    ("http://example.com/rate?from=usd&to=cny", "http://example.com/rate?from=eur&to=cny"),
    ("http://example.com/a?1193300", "http://example.com/a?1193299"),
    ("http://example.com/a?sid=12", "http://example.com/a?sid=13"),
    (f"http://example.com/a?sid={'a1' * 16}", f"http://example.com/a?sid={'b2' * 16}"),
    ("http://example.com/a?session_id=12", "http://example.com/a?session_id=13"),
    ("http://example.com/a?pk_id=1", "http://example.com/a?pk_id=2"),
    ("http://example.com/a?share_id=71", "http://example.com/a?share_id=72"),
    ("http://example.com/a?from=beijing", "http://example.com/a?from=shanghai"),
    ("http://example.com/a?ref=sports", "http://example.com/a?ref=finance"),
    ("http://example.com/a?source=xinhua", "http://example.com/a?source=reuters"),
    ("http://example.com/a?_=1", "http://example.com/a?_=2"),
    ("http://example.com/a?enterid=7", "http://example.com/a?enterid=8"),
    ("http://example.com/index_2.html", "http://example.com/index_3.html"),
    ("http://example.com/a%2Fb", "http://example.com/a/b"),
    ("http://example.com/A", "http://example.com/a"),
    ("http://example.com/a?tag=1&tag=2", "http://example.com/a?tag=2&tag=1"),
    ("http://example.com:8080/a", "http://example.com/a"),
    ("http://www.com.cn/", "http://com.cn/"),
    ("http://news.example.com/a", "http://example.com/a"),
    ("http://127.0.0.1/a", "http://127.0.0.2/a"),
]


@pytest.mark.parametrize("url", ONE_PAGE)
def test_a_variant_of_an_address_has_its_key(url):
    assert url_key(url) == "//example.com/news/1.html"


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_have_one_key(one, other):
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(("one", "other"), TWO_PAGES)
def test_two_pages_have_two_keys(one, other):
    assert url_key(one) != url_key(other)


@given(st.text(max_size=60) | st.builds("http://{}".format, st.text(alphabet="aA.:/?&=%23é#;+\\[@", max_size=40)))
@example("http://h/%%34%31")
@example("http://h:443/a//index.html/index.htm/?")
@example("http://[::1]/a")
@example("http://www...a")
@example("http://\ud800/")
def test_the_key_of_a_key_is_itself(url):
    assert url_key(url_key(url)) == url_key(url)


SEGMENTS = st.text(alphabet="abc123-_", min_size=1, max_size=6)


@given(st.lists(SEGMENTS, min_size=1, max_size=3), st.dictionaries(SEGMENTS, SEGMENTS, max_size=3), st.data())
def test_pages_that_differ_in_a_segment_or_a_value_keep_two_keys(path, query, data):
    other_path, other_query = list(path), dict(query)
    if query and data.draw(st.booleans()):
        other_query[data.draw(st.sampled_from(sorted(query)))] = "other"
    else:
        other_path[data.draw(st.integers(0, len(path) - 1))] = "other"
    address = [
        f"http://h/{'/'.join(p)}?{'&'.join(map('='.join, q.items()))}"
        for p, q in ((path, query), (other_path, other_query))
    ]
    assert url_key(address[0]) != url_key(address[1])


@pytest.mark.parametrize("url", ["", "javascript:void(0)", "mailto:a@example.com", "http://[bad/", "/only/a/path"])
def test_what_is_no_web_address_comes_back(url):
    assert url_key(url) == url


def test_without_tracking_leaves_the_rest_as_it_is_spelt():
    assert without_tracking("http://M.example.com/a?b=2&utm_source=x&a=1#c") == "http://M.example.com/a?b=2&a=1#c"


def test_the_host_is_the_one_that_is_asked():
    assert host_of("https://M.Example.com:8443/a") == "m.example.com"
