"""Bytes whose encoding is declared rightly, wrongly, late or not at all."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace

from tests.gate.build import Page, page
from tests.gate.layouts import Layout, blog, cms2018, mobile, office, portal2012, table2003

# name, story, layout, encoding of the bytes, declaration in the page ("" for none), HTTP header
CASES: tuple[tuple[str, str, Layout, str, str, str], ...] = (
    ("gb2312-with-gbk", "museum", table2003, "gbk", "gb2312", ""),
    ("gbk-header-only", "tea", portal2012, "gbk", "", "text/html; charset=GBK"),
    ("gbk-as-utf8", "reservoir", portal2012, "gb18030", "utf-8", "text/html; charset=utf-8"),
    ("gbk-as-latin1", "subway", office, "gbk", "iso-8859-1", "text/html; charset=ISO-8859-1"),
    ("gbk-undeclared", "chef", table2003, "gbk", "", ""),
    ("gbk-as-big5", "school", cms2018, "gbk", "big5", ""),
    ("utf8-as-gb2312", "market", cms2018, "utf-8", "gb2312", "text/html; charset=gb2312"),
    ("utf8-undeclared", "library", mobile, "utf-8", "", ""),
    ("utf8-unknown-name", "hospital", blog, "utf-8", "utf-8mb4", "text/html; charset=none"),
    ("big5-declared", "hant_port", table2003, "big5", "big5", ""),
    ("big5-undeclared", "hant_typhoon", portal2012, "big5", "", ""),
    ("big5-as-gbk", "hant_port", mobile, "big5", "gb2312", ""),
    ("cp1251-declared", "ru_bridge", portal2012, "cp1251", "windows-1251", ""),
    ("cp1251-undeclared", "ru_school", table2003, "cp1251", "", ""),
    ("koi8-declared", "ru_school", blog, "koi8-r", "koi8-r", ""),
    ("sjis-declared", "ja_station", table2003, "cp932", "Shift_JIS", ""),
    ("sjis-undeclared", "ja_snow", portal2012, "cp932", "", ""),
    ("eucjp-declared", "ja_station", blog, "euc_jp", "EUC-JP", ""),
    ("euckr-declared", "ko_market", portal2012, "cp949", "euc-kr", ""),
    ("euckr-undeclared", "ko_market", table2003, "cp949", "", ""),
    ("cp1253-declared", "el_ferry", portal2012, "cp1253", "windows-1253", ""),
    ("latin2-declared", "pl_tram", table2003, "iso8859_2", "iso-8859-2", ""),
    ("cp1252-as-latin1", "de_bahn", portal2012, "cp1252", "iso-8859-1", ""),
)


def pages() -> Iterator[Page]:
    """The table, then the odd ones."""
    for name, story, layout, encoding, declared, header in CASES:
        yield page(
            f"encoding-{name}", story, layout, encoding=encoding, charset=_declaration(declared),
            gold={"content_type": header} if header else None,
        )  # fmt: skip
    made = page("encoding-bom-over-meta", "bridge", cms2018, charset=_declaration("gbk"))
    yield replace(made, html=codecs.BOM_UTF8 + made.html)
    made = page("encoding-utf16", "astronomy", mobile, charset=_declaration("utf-16"), encoding="utf-16-le")
    yield replace(made, html=codecs.BOM_UTF16_LE + made.html)
    late = "<!-- " + "built by the page system, node 7; " * 60 + " -->" + _declaration("gbk")
    yield page("encoding-declared-late", "flood_drill", portal2012, encoding="gbk", charset=late)
    made = page("encoding-bad-bytes", "price", table2003, encoding="gbk", charset=_declaration("gb2312"))
    head, tail = made.html.split(b"<hr size=1", 1)
    yield replace(
        made, html=head.replace(b"<center>", b"<center>\xff\xfe\x80 ", 1) + b"<hr size=1" + tail + b"\xa1\xff\xb0"
    )
    made = page("encoding-cut-in-a-character", "satellite", mobile)
    end = made.html.rindex("授权不得".encode()) + 2
    yield replace(made, html=made.html[:end], gold={**made.gold, "not_in_body": ["版权所有"]})
    made = page("encoding-nul-bytes", "hospital", office)
    yield replace(made, html=made.html.replace(b"<p>", b"<p>\x00").replace(b"</td>", b"\x00</td>"))


def _declaration(name: str) -> str:
    return f'<meta http-equiv="Content-Type" content="text/html; charset={name}">' if name else ""
