"""Odd feeds as they stand on the web, each with what a reader should find: a name, the bytes, the items.

An item is (address, title, time); the time is an instant, None where none is told. All are read at `AT`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

AT = "http://news.example.com/feeds/rss.xml"
SITE = "http://news.example.com"
TEN = datetime(2026, 3, 20, 2, 0, tzinfo=UTC)

Expected = tuple[str, str, datetime | None]
Case = tuple[str, bytes, tuple[Expected, ...]]

_DATE = "<pubDate>Fri, 20 Mar 2026 10:00:00 +0800</pubDate>"
_LINK = f"<link>{SITE}/1.html</link>"
_ITEM = f"<item><title>快讯</title>{_LINK}{_DATE}</item>"
_ONE: Expected = (f"{SITE}/1.html", "快讯", TEN)
_ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
_WHEN = "2026-03-20T10:00:00+08:00"
_ENTRY = f'<entry><title>快讯</title><link href="{SITE}/1.html"/><updated>{_WHEN}</updated></entry>'
_RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
_DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def _rss(items: str, *, head: str = '<?xml version="1.0" encoding="utf-8"?>', more: str = "") -> str:
    return f'{head}<rss version="2.0" {more}><channel><title>Site</title><link>{SITE}/</link>{items}</channel></rss>'


def _atom(entries: str, more: str = "") -> str:
    head = f"<title>Site</title><link href='{SITE}/'/><id>x</id>"
    return f'<?xml version="1.0"?><feed {_ATOM} {more}>{head}{entries}</feed>'


def _json(*items: dict[str, object]) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Site", "items": items})


def _item(inner: str) -> str:
    return _rss(f"<item>{inner}</item>")


_CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
_LONG = "<![CDATA[<p>长文 <a href='/x'>x</a><title>no</title></p>]]>"
_TITLE = "<title>快讯</title>"
_PROSE = "<!-- 市场人士认为此举有助于稳定预期，降低实体经济融资成本，释放长期资金约一万亿元，支持实体经济的发展。 -->"

_TEXTS: list[tuple[str, str | bytes, tuple[Expected, ...]]] = [
    ("rss 2.0", _rss(_ITEM), (_ONE,)),
    ("rss 0.91 with a document type", _rss(_ITEM, head='<?xml version="1.0"?><!DOCTYPE rss SYSTEM "x.dtd">'), (_ONE,)),
    (
        "rss 0.90 in rdf",
        f'<rdf:RDF {_RDF.replace("purl.org/rss/1.0", "my.netscape.com/rdf/simple/0.9")}>'
        f"<channel><title>S</title></channel><item>{_TITLE}{_LINK}</item></rdf:RDF>",
        ((_ONE[0], "快讯", None),),
    ),
    (
        "rss 1.0 with dc:date",
        f'<rdf:RDF {_RDF} {_DC}><channel rdf:about="{SITE}/"><title>S</title></channel>'
        f'<item rdf:about="{SITE}/1.html">{_TITLE}{_LINK}<dc:date>{_WHEN}</dc:date></item></rdf:RDF>',
        (_ONE,),
    ),
    ("atom 1.0", _atom(_ENTRY), (_ONE,)),
    (
        "atom 0.3",
        f'<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry>{_TITLE}'
        f'<link rel="alternate" href="{SITE}/1.html"/><issued>{_WHEN}</issued></entry></feed>',
        (_ONE,),
    ),
    ("json feed", _json({"id": "1", "url": _ONE[0], "title": "快讯", "date_published": _WHEN}), (_ONE,)),
    ("json feed with a number as id", _json({"id": 7, "url": "/1.html", "title": "快讯"}), ((_ONE[0], "快讯", None),)),
    ("content:encoded", _rss(f"<item><content:encoded>{_LONG}</content:encoded>{_ITEM[6:]}", more=_CONTENT), (_ONE,)),
    ("content before the title", _item(f"<description>{_LONG}</description>{_TITLE}{_LINK}{_DATE}"), (_ONE,)),
    ("no date", _item(_TITLE + _LINK), ((_ONE[0], "快讯", None),)),
    ("a date that is none", _item(f"{_TITLE}{_LINK}<pubDate>yesterday</pubDate>"), ((_ONE[0], "快讯", None),)),
    ("an empty date", _item(f"{_TITLE}{_LINK}<pubDate/>"), ((_ONE[0], "快讯", None),)),
    ("an ISO date in RSS", _item(f"{_TITLE}{_LINK}<pubDate>{_WHEN}</pubDate>"), (_ONE,)),
    ("a date without zone", _item(f"{_TITLE}{_LINK}<pubDate>2026-03-20 10:00:00</pubDate>"), (_ONE,)),
    ("CST in China", _item(f"{_TITLE}{_LINK}<pubDate>Fri, 20 Mar 2026 10:00:00 CST</pubDate>"), (_ONE,)),
    ("a date with slashes", _item(f"{_TITLE}{_LINK}<pubDate>2026/03/20 10:00:00</pubDate>"), (_ONE,)),
    ("a date in Chinese", _item(f"{_TITLE}{_LINK}<pubDate>2026年03月20日 10:00</pubDate>"), (_ONE,)),
    ("a wrong weekday", _item(_TITLE + _LINK + _DATE.replace("Fri", "Mon")), (_ONE,)),
    ("a date of one digit", _item(f"{_TITLE}{_LINK}<pubDate>6 Mar 2026 2:00 GMT</pubDate>"),
     ((_ONE[0], "快讯", TEN.replace(day=6)),)),
    ("cdata", _item(f"<title><![CDATA[快讯]]></title><link><![CDATA[{_ONE[0]}]]></link>{_DATE}"), (_ONE,)),
    ("cdata with white space", _item(f"<title>\n <![CDATA[ 快讯 ]]>\n</title>{_LINK}{_DATE}"), (_ONE,)),
    ("cdata in two parts", _item(f"<title><![CDATA[快]]><![CDATA[讯]]></title>{_LINK}{_DATE}"), (_ONE,)),
    ("markup in the title", _item(f"<title>&lt;b&gt;快讯&lt;/b&gt;</title>{_LINK}{_DATE}"), (_ONE,)),
    ("html in an atom title", _atom(_ENTRY.replace(_TITLE, '<title type="html">&lt;em&gt;快讯&lt;/em&gt;</title>')),
     (_ONE,)),
    ("xhtml in an atom title", _atom(_ENTRY.replace(
        _TITLE, '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><b>快讯</b></div></title>')), (_ONE,)),
    ("entities twice", _item(f"<title>A &amp;amp; B</title>{_LINK}{_DATE}"), ((_ONE[0], "A & B", TEN),)),
    ("entities of HTML", _item(f"<title>央行&mdash;降准&nbsp;快讯</title>{_LINK}{_DATE}"),
     ((_ONE[0], "央行—降准 快讯", TEN),)),
    ("a bare ampersand", _item(f"<title>A & B</title><link>{SITE}/a?b=1&c=2</link>{_DATE}"),
     ((f"{SITE}/a?b=1&c=2", "A & B", TEN),)),
    ("a relative link", _item(f"{_TITLE}<link>/1.html</link>{_DATE}"), (_ONE,)),
    ("a link relative to the feed", _item(f"{_TITLE}<link>../1.html</link>{_DATE}"), (_ONE,)),
    ("white space in a link", _item(f"{_TITLE}<link>\n  {_ONE[0]}\n  </link>{_DATE}"), (_ONE,)),
    ("xml:base at the feed", _atom(_ENTRY.replace(_ONE[0], "1.html"), f'xml:base="{SITE}/"'), (_ONE,)),
    ("xml:base at the entry", _atom(_ENTRY.replace(_ONE[0], "1.html").replace("<entry", f'<entry xml:base="{SITE}/"')),
     (_ONE,)),
    ("several links", _atom(_ENTRY.replace("<link ", f'<link rel="self" href="{SITE}/self"/><link rel="enclosure" '
     f'href="{SITE}/a.mp3"/><link rel="alternate" ')), (_ONE,)),
    ("the alternate of type html", _atom(_ENTRY.replace("<link ", f'<link rel="edit" href="{SITE}/e"/><link ')),
     (_ONE,)),
    ("only a guid", _item(f'{_TITLE}<guid isPermaLink="true">{_ONE[0]}</guid>{_DATE}'), (_ONE,)),
    ("a guid beside the link", _item(f'{_TITLE}<guid isPermaLink="false">x1</guid>{_LINK}{_DATE}'), (_ONE,)),
    ("media:title before the title", _rss(f"<item><media:title>图</media:title>{_ITEM[6:]}",
     more='xmlns:media="http://search.yahoo.com/mrss/"'), (_ONE,)),
    ("atom:link in an item", _rss(f'<item><atom:link rel="self" href="{SITE}/x"/>{_ITEM[6:]}',
     more='xmlns:atom="http://www.w3.org/2005/Atom"'), (_ONE,)),
    ("a namespace prefix on all", f'<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:title>快讯</a:title>'
     f'<a:link href="{_ONE[0]}"/><a:updated>{_WHEN}</a:updated></a:entry></a:feed>', (_ONE,)),
    ("an undeclared prefix", _item(f"{_TITLE}{_LINK}<dc:date>{_WHEN}</dc:date>"), (_ONE,)),
    ("published and updated", _atom(_ENTRY.replace("<updated>", "<updated>2026-03-21T09:00:00Z</updated><published>")
     .replace("</updated></entry>", "</published></entry>")), (_ONE,)),
    ("upper case", _rss(_ITEM).replace("<item>", "<ITEM>").replace("</item>", "</ITEM>"), (_ONE,)),
    ("junk before the declaration", "\n\n<!-- x -->" + _rss(_ITEM), (_ONE,)),
    ("cut in the second item", _rss(_ITEM + "<item><title>半").split("半")[0] + "半", (_ONE,)),
    ("an item that is not closed", _rss(_ITEM.replace("</item>", "") + _ITEM.replace("1.html", "2.html")),
     (_ONE, (f"{SITE}/2.html", "快讯", TEN))),
    ("a comment in an item", _item(f"<!-- <link>{SITE}/no</link> -->{_TITLE}{_LINK}{_DATE}"), (_ONE,)),
    ("control characters", _rss(_ITEM.replace("快讯", "快\x08讯")), (_ONE,)),
    ("a byte order mark", b"\xef\xbb\xbf" + _rss(_ITEM).encode(), (_ONE,)),
    ("utf-16", _rss(_ITEM, head='<?xml version="1.0" encoding="utf-16"?>').encode("utf-16"), (_ONE,)),
    ("gb2312", _rss(_ITEM.replace("快讯", "镕基快讯"), head='<?xml version="1.0" encoding="gb2312"?>')
     .encode("gb18030"), ((_ONE[0], "镕基快讯", TEN),)),
    ("declared utf-8, is gbk", _rss(_ITEM.replace("快讯", "央行今日宣布下调存款准备金率") + _PROSE).encode("gbk"),
     ((_ONE[0], "央行今日宣布下调存款准备金率", TEN),)),
    ("declared gbk, is utf-8", _rss(_ITEM.replace("快讯", "央行今日宣布下调存款准备金率") + _PROSE,
     head='<?xml version="1.0" encoding="gbk"?>').encode(), ((_ONE[0], "央行今日宣布下调存款准备金率", TEN),)),
    ("big5", _rss(_ITEM.replace("快讯", "快訊"), head='<?xml version="1.0" encoding="big5"?>').encode("big5"),
     ((_ONE[0], "快訊", TEN),)),
    ("a bomb of entities",
     _rss(_ITEM, head='<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'), (_ONE,)),
]  # fmt: skip

CASES: tuple[Case, ...] = tuple(
    (name, body if isinstance(body, bytes) else body.encode(), expected) for name, body, expected in _TEXTS
)
