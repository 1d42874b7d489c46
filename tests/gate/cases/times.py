"""When: the notations of news pages, and the times on a page that are not the article's."""

from __future__ import annotations

from collections.abc import Iterator

from tests.gate.build import Page, p, page
from tests.gate.furniture import headlines, stories
from tests.gate.layouts import (
    Layout,
    blog,
    cms2018,
    hashed2024,
    links,
    magazine,
    mobile,
    office,
    portal2012,
    table2003,
)  # fmt: skip

# What stands under the headline, and the time that it says; pages are fetched at 10:00 on 20 March 2026, +08:00.
SHOWN: tuple[tuple[str, str, Layout, str, str], ...] = (
    ("chinese", "reservoir", portal2012, "2026年03月19日 21:44", "2026-03-19T21:44"),
    ("chinese-weekday", "library", table2003, "2026年3月19日 星期四 21时44分", "2026-03-19T21:44"),
    ("seconds", "bridge", cms2018, "发布时间：2026-03-19 21:44:05", "2026-03-19T21:44"),
    ("slashes", "tea", office, "日期：2026/3/19 9:04", "2026-03-19T09:04"),
    ("dots", "subway", mobile, "2026.03.19 21:44", "2026-03-19T21:44"),
    ("clock-first", "hant_port", portal2012, "21:44 2026-03-19", "2026-03-19T21:44"),
    ("hongkong", "hant_typhoon", blog, "2026-03-19 HKT 21:44", "2026-03-19T21:44"),
    ("traditional-half", "hant_film", magazine, "2026/03/19 下午9:44", "2026-03-19T21:44"),
    ("morning", "hant_port", cms2018, "2026年3月19日 上午8:21", "2026-03-19T08:21"),
    ("noon", "hant_film", hashed2024, "2026年3月19日 中午12:05", "2026-03-19T12:05"),
    ("relative-hours", "satellite", hashed2024, "3小时前", "2026-03-20T07:00"),
    ("relative-minutes", "market", mobile, "25分钟前", "2026-03-20T09:35"),
    ("today", "flash_rain", cms2018, "今天 08:30", "2026-03-20T08:30"),
    ("yesterday", "hospital", hashed2024, "昨天 21:44", "2026-03-19T21:44"),
    ("no-year", "museum", mobile, "03-19 21:44", "2026-03-19T21:44"),
    ("no-year-chinese", "school", cms2018, "3月19日 21:44", "2026-03-19T21:44"),
    ("day-only", "price", office, "2026-03-19", "2026-03-19"),
    ("split-spans", "marathon", cms2018, "<b>2026</b> <i><em>03</em>/<em>19</em></i> <u>21:44:05</u>",
     "2026-03-19T21:44"),
    ("split-parts", "chef", hashed2024, "<span>2026</span>年<span>03</span>月<span>19</span>日 <span>21:44</span>",
     "2026-03-19T21:44"),
    ("split-boxes", "astronomy", magazine, "<div>2026年3月19日</div><div>21:44</div>", "2026-03-19T21:44"),
    ("english-pm", "en_ferry", magazine, "March 19, 2026 at 9:44 p.m.", "2026-03-19T21:44"),
    ("english-short", "en_owls", blog, "Thu 19 Mar 2026, 09:44 PM", "2026-03-19T21:44"),
    ("english-ordinal", "en_chip", hashed2024, "Posted on 19th March 2026", "2026-03-19"),
    ("english-us", "en_bakery", portal2012, "3/9/2026 9:44 AM", "2026-03-09T09:44"),
    ("english-ago", "en_ferry", hashed2024, "2 hours ago", "2026-03-20T00:00+00:00"),
    ("german", "de_bahn", magazine, "19. März 2026, 21:44 Uhr", "2026-03-19T21:44"),
    ("german-numbers", "de_imker", blog, "Stand: 19.03.2026, 21:44 Uhr", "2026-03-19T21:44"),
    ("russian", "ru_bridge", magazine, "19 марта 2026, 21:44", "2026-03-19T21:44"),
    ("polish", "pl_tram", blog, "19 marca 2026, 21:44", "2026-03-19T21:44"),
    ("greek", "el_olive", magazine, "19 Μαρτίου 2026, 21:44", "2026-03-19T21:44"),
    ("japanese", "ja_snow", cms2018, "2026年3月19日 21時44分", "2026-03-19T21:44"),
    ("japanese-short", "ja_station", mobile, "2026/03/19 21:44", "2026-03-19T21:44"),
    ("korean", "ko_market", cms2018, "입력 2026.03.19 21:44", "2026-03-19T21:44"),
)  # fmt: skip


def pages() -> Iterator[Page]:
    """The notations, then the traps."""
    for name, story, layout, shown, told in SHOWN:
        yield page(f"time-{name}", story, layout, meta=shown, gold={"published_at": told})
    yield from _elsewhere()
    yield from _traps()


def _elsewhere() -> Iterator[Page]:
    """Where the page shows no time under its headline."""
    head = '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2026-03-19T13:44:00Z"}</script>'
    yield page(
        "time-linked-data-beside-shown", "battery", hashed2024, head=head, meta="2026-03-19 21:44",
        gold={"published_at": "2026-03-19T21:44+08:00"},
    )  # fmt: skip
    graph = head.replace('{"@type"', '{"@context":"https://schema.org","@graph":[{"@type":"WebSite"},{"@type"').replace(
        "}<", "}]}<"
    )
    yield page(
        "time-linked-data-graph", "en_owls", hashed2024, head=graph, meta="",
        gold={"published_at": "2026-03-19T13:44+00:00"},
    )  # fmt: skip
    head = '<meta property="article:published_time" content="2026-03-19T21:44:00+08:00">'
    yield page("time-meta-only", "market", cms2018, head=head, meta="", gold={"published_at": "2026-03-19T21:44"})
    tag = '<time datetime="2026-03-19T21:44:00+08:00">2 days ago</time>'
    yield page("time-tag", "en_chip", magazine, meta=tag, gold={"published_at": "2026-03-19T21:44+08:00"})
    yield page(
        "time-address-only", "school", table2003, meta="",
        gold={"published_at": "2026-03-19", "url": "https://news.qingchuan.example/2026-03/19/content_1234.htm"},
    )  # fmt: skip
    yield page(
        "time-below-story", "chef", portal2012, meta="", inside="<p>2026-03-19 21:44 来源：和平区融媒体中心</p>",
        gold={"published_at": "2026-03-19T21:44", "source": "和平区融媒体中心"},
    )  # fmt: skip
    yield page(
        "time-above-headline", "astronomy", blog, meta="", heading=(
            f'<div class="d">2026-03-19 21:44</div><h1>{stories()["astronomy"].title}</h1>'
        ), gold={"published_at": "2026-03-19T21:44"},
    )  # fmt: skip
    yield page("time-none", "museum", table2003, meta="", gold={"absent": ["published"]})


def _traps() -> Iterator[Page]:
    """Other times on the page."""
    days = "".join(f"<td>{n}</td>" for n in range(1, 31))
    calendar = f"<table><caption>2032年05月</caption><tr>{days}</tr></table>"
    yield page("time-calendar", "tea", portal2012, before=f"<div>{calendar}</div>")
    yield page("time-calendar-only", "hospital", portal2012, before=calendar, meta="", gold={"absent": ["published"]})
    top = "<div>Copyright 2009/11/1 - 2026 青川新闻网 版权所有</div><div>今天是 2026年3月20日 星期五</div>"
    yield page("time-copyright-above", "subway", office, before=top)
    items = headlines("zh", 6, "time/list")
    rows = "".join(f'<li><a href="{h}">{t}</a> 2026-03-2{n % 1} 0{n}:1{n}</li>' for n, (t, h) in enumerate(items))
    yield page(
        "time-lists-above", "bridge", cms2018, before=f"<div><h3>快讯</h3><ul>{rows}</ul></div>", gold={"links": None}
    )
    both = "更新时间：2026-03-20 08:00　发布时间：2026-03-19 21:44"
    yield page("time-updated-first", "reservoir", cms2018, meta=both, gold={"published_at": "2026-03-19T21:44"})
    both = "Published 19 March 2026, 21:44 | Updated 20 March 2026, 01:10"
    yield page("time-updated-second", "en_bakery", magazine, meta=both, gold={"published_at": "2026-03-19T21:44"})
    text = ["2025年12月31日18时，老城区的最后一盏煤油路灯熄灭了。", *stories()["market"].paragraphs]
    yield page("time-in-the-story", "market", mobile, body=p(text), gold={"body": text})
    coming = "2026-03-19 21:44　活动时间：2026年4月12日 09:00"
    yield page("time-of-an-event", "library", portal2012, meta=coming, gold={"published_at": "2026-03-19T21:44"})
    talk = f"<div>{links(headlines('zh', 4, 'time/talk'))}<p>网友 2026-03-20 09:12 说：很好。</p></div>"
    yield page("time-of-a-comment", "price", blog, after=talk, gold={"links": None})
    numbers = "2026-03-19 21:44　阅读 2031-05　编号：2024-11-03-0017"
    yield page("time-beside-numbers", "satellite", office, meta=numbers, gold={"published_at": "2026-03-19T21:44"})
