"""Feeds and sitemaps: what is read out of good, odd, broken and hostile ones."""

import gzip
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler import feeds
from crawler.feeds import Item, parse
from tests.gate.odd_feeds import AT, CASES

URL = "http://news.example.com/rss.xml"
SITE = "http://news.example.com"
CHINA = timezone(timedelta(hours=8))
TEN = datetime(2026, 3, 20, 10, 0, tzinfo=CHINA)


def items(body, **options):
    feed = parse(body.encode() if isinstance(body, str) else body, URL, **options)
    return feed.items if feed else None


def rss(item):
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><link>{SITE}/</link>{item}</channel></rss>'
    )


@pytest.mark.parametrize("end", ["/1", "/12.ht", "/12.html</l", "/12.html<"])
def test_half_an_address_at_the_end_of_a_cut_sitemap_is_none(end):
    text = f"<urlset><url><loc>http://a.example/11.html</loc></url><url><loc>http://a.example{end}"
    whole = {"http://a.example/11.html", "http://a.example/12.html"}
    found = parse(text.encode(), "http://a.example/sitemap.xml")
    assert found and {item.url for item in found.items} <= whole


def test_rss_items_have_address_title_and_time():
    link, time = f"{SITE}/1.html?a=1&amp;b=2", "Fri, 20 Mar 2026 10:00:00 +0800"
    item = f"<item><title>央行&amp;降准</title><link>{link}</link><pubDate>{time}</pubDate></item>"
    assert items(rss(item)) == (Item(SITE + "/1.html?a=1&b=2", "央行&降准", TEN),)


@pytest.mark.parametrize(
    "item",
    [
        "<item><title><![CDATA[ 快讯 ]]></title><link><![CDATA[/1.html]]></link></item>",
        '<item><title>快讯</title><guid isPermaLink="true">/1.html</guid></item>',
        '<item rdf:about="/1.html"><title>快讯</title></item>',
        "<item><media:title>Photo</media:title><title>&lt;b&gt;快讯&lt;/b&gt;</title><link>\n /1.html\n</link></item>",
        '<ITEM><TITLE>快讯</TITLE><atom:link rel="self" href="/x"/><LINK>/1.html</LINK></ITEM>',
        "<item><title>快讯<link>/1.html",
        "<item><link>/1.html</link><title>快讯</item>",
    ],
)
def test_odd_and_broken_items_are_recovered(item):
    assert items(rss(item)) == (Item(SITE + "/1.html", "快讯"),)


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_odd_feeds_are_read_right(body, expected):
    found = parse(body, AT)
    assert tuple((item.url, item.title, item.published_at) for item in found.items) == expected


@pytest.mark.parametrize("mark", ["<!--", "<![CDATA["])
def test_what_is_not_closed_hides_nothing_behind_it(mark):
    items_after = f"<item><title>{mark} 半</title></item><item><title>快讯</title><link>/1.html</link></item>"
    assert Item(SITE + "/1.html", "快讯") in items(rss(items_after))


def test_a_guid_that_is_no_permanent_link_is_no_address():
    assert items(rss('<item><title>快讯</title><guid isPermaLink="false">1.html</guid></item>')) == ()


def test_a_broken_feed_gives_the_items_that_can_be_read():
    """Junk before the declaration, a bare ampersand, an unclosed item, a cut end, a wrong type."""
    body = (
        '\njunk <?xml version="1.0" encoding="utf-8"?><rss><channel><title>A&nbsp;B <br></title>'
        "<item><title>一 & 二</title><link>/1.html</link>"
        "<item><title>三</title><link>/2.html</link></item><item><title>四</ti"
    )
    found = items(body.encode() + b"\xff\xfe", content_type="text/html")
    assert found == (Item(SITE + "/1.html", "一 & 二"), Item(SITE + "/2.html", "三"))


def test_atom_entries_resolve_against_their_base():
    body = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="{SITE}/news/">
    <title>T</title><link rel="self" href="/atom.xml"/>
    <entry><title type="html">A &amp;amp; &lt;i&gt;B&lt;/i&gt;</title><link rel="enclosure" href="/a.mp3"/>
    <link rel='alternate' href='1.html'/><updated>2026-03-20T10:00:00+08:00</updated></entry>
    <entry><title>C</title><link href="2.html"/></entry></feed>"""
    assert items(body) == (Item(SITE + "/news/1.html", "A & B", TEN, TEN), Item(SITE + "/news/2.html", "C"))


def test_a_declared_encoding_is_read():
    body = rss("<item><title>朱镕基</title><link>/1.html</link></item>").replace("?>", ' encoding="gb2312"?>', 1)
    assert items(body.encode("gb18030"))[0].title == "朱镕基"


def test_a_json_feed():
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"url": "/1.html", "title": "快讯", "date_published": "2026-03-20T10:00:00+08:00"}, {"url": 5}, 7],
    }
    assert items(json.dumps(feed))[0] == Item(SITE + "/1.html", "快讯", TEN)


def test_a_sitemap_gzipped_with_news_and_pictures():
    body = f"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
    <url><loc>{SITE}/1.html</loc><image:image><image:loc>{SITE}/1.jpg</image:loc><image:title>P</image:title></image:image>
    <news:news><news:publication_date>2026-03-20T10:00:00+08:00</news:publication_date><news:title>快讯</news:title></news:news></url>
    <url><loc> {SITE}/2.html </loc><lastmod>2026-03-20</lastmod></url></urlset>"""
    feed = parse(gzip.compress(body.encode()), URL)
    assert feed.kind == "sitemap"
    assert feed.items == (
        Item(SITE + "/1.html", "快讯", TEN),
        Item(SITE + "/2.html", "", *[datetime(2026, 3, 20, tzinfo=UTC)] * 2),
    )


def test_a_sitemap_index_names_sitemaps():
    feed = parse(f"<sitemapindex><sitemap><loc>{SITE}/a.xml.gz</loc></sitemap></sitemapindex>".encode(), URL)
    assert (feed.kind, feed.items) == ("index", (Item(SITE + "/a.xml.gz"),))


@pytest.mark.parametrize(
    ("written", "title", "read"),
    [
        ("Fri, 20 Mar 2026 02:00:00 GMT", "A", TEN),
        ("2026-03-20 10:00:00 +0800", "A", TEN),
        ("2026-03-20T02:00:00.5Z", "A", TEN + timedelta(milliseconds=500)),
        ("2026-03-20 10:00:00", "快讯", TEN),
        ("2026/03/20 02:00", "A", TEN),
        ("Fri, 20 Mar 2026 10:00:00 CST", "快讯", TEN),
        ("Fri, 20 Mar 2026 10:00:00", "快讯", TEN),
        ("0000-00-00 25:61:61", "A", None),
        ("0001-01-01T00:00:00Z", "A", None),
        ("soon", "A", None),
    ],
)
def test_times_are_read_with_their_zone(written, title, read):
    found = items(rss(f"<item><title>{title}</title><link>/1.html</link><pubDate>{written}</pubDate></item>"))
    assert found[0].published_at == read


def test_the_zone_of_the_site_is_used_where_none_is_stated():
    item = "<item><title>快讯</title><link>/1.html</link><pubDate>2026-03-20 10:00:00</pubDate></item>"
    assert items(rss(item), zone=UTC)[0].published_at == datetime(2026, 3, 20, 10, tzinfo=UTC)


def test_entities_are_neither_expanded_nor_fetched():
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{bomb}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    body = head + "<rss><channel><item><title>&l9;&f;</title><link>/1.html</link></item></channel></rss>"
    assert items(body) == (Item(SITE + "/1.html", "&l9;&f;"),)


@pytest.mark.parametrize(
    "body", ["", "<html><body><rss></body></html>", "{}", '{"version": 1}', "plain", "[1]", "{" * 9999]
)
def test_what_is_no_feed_is_none(body):
    assert items(body) is None


def test_a_packed_bomb_is_cut(monkeypatch):
    monkeypatch.setattr(feeds, "MAX_TEXT", 100)
    body = "<urlset><url><loc>/1.html</loc></url>" + " " * 100 + "<url><loc>/2.html</loc></url></urlset>"
    assert items(gzip.compress(body.encode())) == (Item(SITE + "/1.html"),)


@pytest.mark.parametrize(
    "piece", ["<item", "<item>", "<item><title><![CDATA[", "<title", "<![CDATA[", "<link ", "<item a=", "&"]
)
def test_hostile_repetition_takes_linear_time(piece):
    """30,000 times the same opening is read in no time; a quadratic reader would take minutes."""
    assert items("<rss><item>" + piece * 30_000) is not None


PIECES = [
    "<rss>",
    "<item>",
    "</item>",
    "<title>",
    "<link>",
    "/1.html",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "<",
    '="',
    "<pubDate>",
    "2026-03-20",
    "\x00",
    "快",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("<rss><item><link>/1.html<pubDate>9999-12-31T23:59:59-23:59")
def test_any_text_is_read_without_error(text):
    assert all(item.url.startswith("http") for item in items(text) or ())
