"""URLs: what a link on a hostile page becomes, and what an address looks like."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.urls import (
    MAX_LENGTH,
    bare_host,
    host,
    resolve,
    same_site,
)
from storage.keys import TWIN_LABELS, url_key

BASE = "http://news.example.com:8100/finance/2026/a.html?x=1"


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
        ("http://%31%32%37.0.0.1/", "http://127.0.0.1/"),
        ("http://2147396094/x", "http://127.254.169.254/x"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
        ("/a/%2E%2e/b?", "http://news.example.com:8100/b"),
        ("/??", "http://news.example.com:8100/??"),
        ("/a?b?", "http://news.example.com:8100/a?b?"),
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


PAGES = st.tuples(
    st.sampled_from(["news.example", "m.news.example", "news.example:8100", "xn--fsqu00a.xn--0zwm56d"]),
    st.lists(st.text("abZ019-_~é新;+%", min_size=1, max_size=4), max_size=3),
    st.lists(st.tuples(st.sampled_from("abp"), st.text("xY1-新'é", max_size=3)), max_size=2),
)


def spelt(page, *, strange=False):
    """One address of a page: the plain one, or one that a careless page may give it."""
    name, path, query = page
    path = [part.replace("%", "%25") for part in path]
    if strange:
        name = name.upper() if ":" in name else name.upper() + ":80"
        path = ["x", "..", *(part for one in path for part in (".", one))]
    tail = "?" + "&".join(f"{key}={value}" for key, value in query) if query else ""
    joint = "\\" if strange else "/"
    return f"http:{joint * 2}{name}{joint}" + joint.join(path) + tail + ("#top" if strange else "")


@given(PAGES, PAGES)
def test_two_pages_keep_two_addresses_and_one_page_has_one_however_it_is_spelt(one, other):
    first, second = resolve(BASE, spelt(one)), resolve(BASE, spelt(other))
    assert (first == second) is (one == other)
    assert resolve(BASE, spelt(one, strange=True)) == first


@given(PAGES)
def test_a_page_is_found_from_any_of_its_neighbours(page):
    url = resolve(BASE, spelt(page))
    path = url.split("/", 3)[3]
    assert resolve(f"http://{page[0]}/some/where.html?x=1#y", "/" + path) == url
    assert resolve(f"http://{page[0]}/some/where/", "../../" + path) == url


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_raises(base, href):
    resolve(base, href)
    resolve(BASE, f"http://{href}/")
    resolve(f"http://{base}/", href)


@given(
    st.text(max_size=40) | st.text("?#&=%/.:;@a", max_size=12) | st.builds("http://h/{}".format, st.text("?#&=%/.:"))
)
@example("http://h/??")
@example("http:\\\\[")
@example("//\u2100/")
@example("/\u0130")
def test_any_text_resolves_to_nothing_or_to_an_address_that_stays_itself(href):
    """Resolving is idempotent, and what comes out is plain ASCII with a host."""
    found = resolve(BASE, href)
    assert found is None or (found.isascii() and host(found) and resolve("http://other.example/", found) == found)


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


@pytest.mark.parametrize("label", sorted(TWIN_LABELS))
def test_what_is_one_site_has_one_key(label):
    twin, url = f"https://{label}.example.com/1.html", "https://example.com/1.html"
    assert bare_host(twin) == bare_host(url)
    assert url_key(twin) == url_key(url)


def test_parts_of_an_address():
    assert host("https://WWW.Example.com:8443/a") == "www.example.com"
    assert bare_host("http://m.example.com.cn/") == "example.com.cn"
    assert bare_host("http://www.com/") == "www.com"
