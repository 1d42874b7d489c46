"""Sites that lie, loop or never end: what of them is stored, and how often they are asked."""

import gzip
import ssl
from time import process_time

import httpx
import pytest

from crawler.parse import parse
from tests.test_crawl import SITE, Clock, article, listing, pages, run, stored

PAGE = SITE + "/news/100001.html"
REAL = SITE + "/real/100009.html"


@pytest.fixture
def clock():
    return Clock()


def crawled(web, store, clock, body, *, status=200, robots="", **headers):
    """The addresses stored of a site whose list leads to a page like this, and to a good one."""
    web.add(SITE + "/", listing(1, 2))
    if robots:
        web.add(SITE + "/robots.txt", robots, content_type="text/plain")
    web.add(PAGE, body, status, **headers)
    web.add(f"{SITE}/news/100002.html", article(2))
    run(web, store, clock)
    found = stored(store)
    assert f"{SITE}/news/100002.html" in found
    return [url for url in found if not url.endswith("100002.html")]


def refresh(to, delay="0"):
    return f'<html><head><meta http-equiv="Refresh" content="{delay}; URL={to}"><title>跳转</title></head></html>'


def test_a_page_that_refreshes_to_the_real_one_leads_there(web, store, clock):
    web.add(REAL, article(9))
    assert crawled(web, store, clock, refresh("/real/100009.html")) == [REAL]


@pytest.mark.parametrize("body", ["", "<html><head><title>跳转</title></head></html>"])
def test_a_header_that_refreshes_to_the_real_page_leads_there(web, store, clock, body):
    web.add(REAL, article(9))
    assert crawled(web, store, clock, body, refresh="0; url=/real/100009.html") == [REAL]


@pytest.mark.parametrize(
    "to", ["/news/100001.html", "javascript:x()", "http://10.0.0.1/x", "http://other.example/1.html"]
)
def test_a_refresh_to_itself_or_to_strangers_is_not_followed(web, store, clock, to):
    assert crawled(web, store, clock, refresh(to)) == []
    assert pages(web).count("/news/100001.html") == 1
    assert {url.split("/")[2] for url in web.urls()} == {"news.example.com"}


def test_refreshes_without_end_are_left_at_the_depth_of_the_source(web, store, clock):
    for n in range(20):
        web.add(f"{SITE}/news/2000{n:02}.html", refresh(f"/news/2000{n + 1:02}.html"))
    assert crawled(web, store, clock, refresh("/news/200000.html")) == []
    assert len(pages(web)) <= 8


def test_a_page_that_is_refreshed_now_and_then_stays_where_it_is(web, store, clock):
    web.add(REAL, article(9))
    head = '<meta http-equiv="refresh" content="300; url=/real/100009.html">'
    assert crawled(web, store, clock, article(1, head=head)) == [PAGE]
    assert REAL not in web.urls()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (article(1).encode("gbk", "replace"), {"content_type": "text/html; charset=utf-8"}),
        (article(1).encode(), {"content_type": "text/html; charset=gbk"}),
        (article(1).encode(), {"content_type": "text/html; charset=iso-8859-1"}),
        (article(1).encode("gbk", "replace"), {"content_type": "text/html; charset=big5"}),
        (article(1).encode("gbk", "replace"), {"content_type": "text/html; charset=klingon"}),
        (article(1).encode("utf-16"), {"content_type": "text/html"}),
        (gzip.compress(article(1).encode()), {}),
        (gzip.compress(gzip.compress(article(1).encode())), {"content_encoding": "gzip"}),
        (article(1).encode(), {"content_type": "application/octet-stream"}),
        (article(1).encode(), {"content_type": "text/plain"}),
        (article(1).encode(), {"content_type": ""}),
        (article(1).encode(), {"content_type": "application/pdf"}),
        (article(1, head='<base href="http://10.0.0.1/">').encode(), {}),
        (article(1, head='<link rel="canonical" href="/">').encode(), {}),
        (article(1, head='<link rel="canonical" href="http://other.example/1.html">').encode(), {}),
        (article(1, head='<link rel="canonical" href="/news/100002.html">').encode(), {}),
        (
            article(1, more=f'<a href="/{"x" * 10_000}.html">x</a><a href="http://u:p@10.0.0.1/1.html">x</a>').encode(),
            {},
        ),
    ],
)
def test_an_article_is_read_whatever_lies_around_it(web, store, clock, body, headers):
    assert crawled(web, store, clock, body, **headers) == [PAGE]
    assert "存款准备金率" in store.db.execute("select title from articles where url = ?", (PAGE,)).fetchone()[0]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, {}),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, {}),
        (bytes(range(256)) * 40, {}),
        (b'{"title": "x", "content": "y"}', {"content_type": "application/json"}),
        (b"<html></html>", {}),
        (b'<html><body><div id="app"></div><script src="app.js"></script></body></html>', {}),
        (b'<frameset cols="*"><frame src="http://10.0.0.1/"></frameset>', {}),
        (gzip.compress(b" " * 20_000_000), {}),
    ],
)
def test_what_is_no_article_is_not_stored_and_asked_for_once(web, store, clock, body, headers):
    assert crawled(web, store, clock, body, **headers) == []
    assert pages(web).count("/news/100001.html") == 1


@pytest.mark.parametrize("location", ["/", "/?from=404", SITE, "/login?next=/news/100001.html", "/user/login.html"])
def test_an_address_that_leads_to_the_front_page_or_to_a_log_in_is_no_article(web, store, clock, location):
    for path in ("/?from=404", "/login?next=/news/100001.html", "/user/login.html"):
        web.add(SITE + path, article(7))
    assert crawled(web, store, clock, "", status=302, location=location) == []


EVIL = [
    "http://127.254.169.254/x",
    "http://2147396094/x",
    "http://0x7ffea9fe/x",
    "http://0177.0376.0251.0376/x",
    "http://127.254.43518/x",
    "http://[::ffff:127.254.169.254]/x",
    "http://[::ffff:7ffe:a9fe]/x",
    "http://127.254.169.254./x",
    "http://１２７.254.169.254/x",
    "http://user@127.254.169.254/x",
    "http://localhost/x",
    "javascript:alert(1)",
    "gopher://127.254.169.254/x",
    "data:text/html,<h1>x</h1>",
]


@pytest.mark.parametrize("location", EVIL)
def test_a_redirect_to_the_inside_is_not_followed_in_any_notation(web, store, clock, location):
    location = location.encode("ascii", "xmlcharrefreplace").decode()
    assert crawled(web, store, clock, "", status=302, location=location) == []
    assert {url.split("/")[2] for url in web.urls()} == {"news.example.com"}


def test_links_to_the_inside_are_not_followed(web, store, clock):
    links = "".join(
        f'<li><a href="{url}/100009.html">央行今日宣布下调存款准备金率{n}</a></li>' for n, url in enumerate(EVIL)
    )
    assert crawled(web, store, clock, article(1, more=links)) == [PAGE]
    assert {url.split("/")[2] for url in web.urls()} == {"news.example.com"}


def sitemap(*urls, kind="urlset", item="url"):
    return f"<{kind}>" + "".join(f"<{item}><loc>{url}</loc></{item}>" for url in urls) + f"</{kind}>"


def test_an_index_of_sitemaps_that_names_itself_and_ever_new_ones_comes_to_an_end(web, store, clock):
    for n in range(60):
        names = [f"{SITE}/sitemap{m}.xml" for m in (n, n + 1, n + 2)]
        web.add(f"{SITE}/sitemap{n}.xml", sitemap(*names, kind="sitemapindex", item="sitemap"), content_type="text/xml")
    assert crawled(web, store, clock, article(1), robots=f"Sitemap: {SITE}/sitemap0.xml") == [PAGE]
    assert len([path for path in pages(web) if "sitemap" in path]) <= 10


@pytest.mark.parametrize(
    "body",
    [b"\x1f\x8bnot gzip at all", b"", gzip.compress(sitemap(REAL).encode())[:-9], gzip.compress(b" " * 30_000_000)],
)
def test_a_broken_sitemap_stops_nothing(web, store, clock, body):
    web.add(SITE + "/sitemap.xml.gz", body, content_type="application/gzip")
    assert crawled(web, store, clock, article(1), robots=f"Sitemap: {SITE}/sitemap.xml.gz") == [PAGE]


def test_a_sitemap_that_is_no_gzip_although_its_name_says_so_is_read(web, store, clock):
    web.add(REAL, article(9))
    web.add(SITE + "/sitemap.xml.gz", sitemap(REAL), content_type="application/gzip")
    assert crawled(web, store, clock, article(1), robots=f"Sitemap: {SITE}/sitemap.xml.gz") == [PAGE, REAL]


@pytest.mark.slow
def test_a_sitemap_of_very_many_addresses_is_cut(web, store, clock):
    urls = [f"{SITE}/news/{7_000_000 + n}.html" for n in range(120_000)]
    web.add(SITE + "/sitemap.xml", sitemap(*urls), content_type="text/xml")
    crawled(web, store, clock, article(1), robots=f"Sitemap: {SITE}/sitemap.xml")
    assert store.db.execute("select count(*) from frontier").fetchone()[0] <= 10_010


@pytest.mark.parametrize(
    "attributes",
    ["a%d=1 ", "a%d ", 'a%d="x y" ', "a%d/"],
)
def test_a_tag_of_very_many_attributes_costs_no_more_than_its_size(attributes):
    """Each attribute is compared with all before it: 100,000 of them would take half a minute."""
    html = "<html><body><h1 " + "".join(attributes % n for n in range(100_000)) + ">标题</h1><p>正文</p>"
    started = process_time()
    root, _ = parse(html)
    assert process_time() - started < 2
    assert root.css_first("h1").text() == "标题"


def test_a_bad_certificate_behind_some_links_does_not_close_the_host_for_the_others(web, store, clock):
    secure = SITE.replace("http:", "https:")
    items = [
        f"{SITE}/news/100001.html",
        *(f"{secure}/news/20000{n}.html" for n in range(9)),
        f"{SITE}/news/100002.html",
    ]
    links = "".join(
        f'<li><a href="{url}">第{n}条快讯：存款准备金率下调</a> <span>2026-03-20 {11 - n:02}:30</span></li>'
        for n, url in enumerate(items)
    )
    web.add(SITE + "/", f"<html><head><title>财讯网</title></head><body><ul>{links}</ul></body></html>")
    for n in (1, 2):
        web.add(f"{SITE}/news/10000{n}.html", article(n))
    broken = httpx.ConnectError("TLS")
    broken.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    broken.__cause__.verify_message = "self-signed certificate"
    web.fail(secure + "/robots.txt", broken)
    run(web, store, clock)
    assert len(stored(store)) == 2
    errors = store.db.execute("select distinct error from visits where error is not null").fetchall()
    assert "the certificate is not valid" in errors[0][0]
