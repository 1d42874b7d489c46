"""Subscriptions of feed readers: read whatever they look like, refused where they are dangerous, and written."""

import pytest

from config import Source
from crawler.opml import OpmlError, Outline, parse, render, sources

HEAD = '<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><head><title>x</title></head><body>'
FOLDERS = (
    HEAD + '<outline text="News"><outline text="A" type="rss" xmlUrl="https://a.example/feed?x=1&amp;y=2"/>'
    '<outline title="B 新闻" type="rss" XMLURL="feed://b.example/rss.xml" htmlUrl="https://b.example/"/></outline>'
    '<outline text="no address"/><outline text="C" type="link" url="https://c.example/list/"/>'
    '<outline text="A again" xmlUrl="https://a.example/feed?x=1&amp;y=2"/><outline xmlUrl="javascript:alert(1)"/>'
    "</body></opml>"
)


def test_subscriptions_are_found_in_folders_once_each_and_junk_is_left_out():
    assert parse(FOLDERS.encode()) == [
        Outline("A", "https://a.example/feed?x=1&y=2"),
        Outline("B 新闻", "http://b.example/rss.xml"),
        Outline("C", "https://c.example/list/"),
    ]


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16"])
def test_other_encodings_are_read(coding):
    assert parse(FOLDERS.replace("UTF-8", coding.removesuffix("-sig")).encode(coding))[1].title == "B 新闻"


BOMB = (
    '<!DOCTYPE opml [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><opml><body><outline text="&b;"/></body></opml>'
)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB.encode(), "DTD"),
        (BOMB.encode("utf-16"), "DTD"),
        (b'<!DOCTYPE opml SYSTEM "http://evil.example/x.dtd"><opml/>', "DTD"),
        (HEAD.encode(), "no valid XML"),
        (b"", "no valid XML"),
        (b"\x00\xff\x00", "no valid XML"),
        (b"<rss><channel/></rss>", "begins with <rss>"),
        (b'<?xml version="1.0" encoding="no-such"?><opml/>', "unknown encoding"),
        (b" " * 10_000_001, "larger than"),
    ],
)
def test_what_is_no_opml_or_may_be_a_trap_is_refused(data, words):
    with pytest.raises(OpmlError, match=words):
        parse(data)


def test_feeds_of_one_host_are_one_source():
    given = [Outline("世界", "https://www.a.example/1.xml"), Outline("财经", "https://a.example/2.xml")]
    assert sources([*given, Outline("b-news", "https://b.example/rss")]) == [
        ("a.example", ("https://www.a.example/1.xml", "https://a.example/2.xml")),
        ("b-news", ("https://b.example/rss",)),
    ]


def test_what_is_written_is_read_back_the_same():
    given = [
        Source("news", ("https://a.example/feed.xml", "https://a.example/list/", "https://other.example/rss")),
        Source("b&<\"'", ("https://b.example/?a=1&b=<2>",)),
    ]
    assert render(given) == render(given)
    found = sources(parse(render(given)))
    assert found[0] == ("news", given[0].seeds)
    assert found[1][0] == "b&<\"'"
