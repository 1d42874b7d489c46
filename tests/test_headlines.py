"""The link lists of a page: what is one, of which kind, with which titles and times."""

from __future__ import annotations

import pytest

from crawler.extract import extract
from crawler.page import Document
from tests.small_pages import LIST, NOW, items, read, story


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("最新消息", "latest"),
        ("滚动新闻", "latest"),
        ("即時新聞", "latest"),
        ("24小时快讯", "latest"),
        ("Latest news", "latest"),
        ("点击排行", "hot"),
        ("一周热门", "hot"),
        ("熱門新聞", "hot"),
        ("Most read", "hot"),
        ("Trending", "hot"),
        ("相关新闻", "related"),
        ("延伸閱讀", "related"),
        ("Related stories", "related"),
        ("社会万象", "list"),
    ],
)
@pytest.mark.parametrize("mark", ["<h3>{}</h3>", "<div><b>{}</b></div>"])
def test_the_heading_says_what_kind_of_list_it_is(heading, kind, mark):
    (block,) = read(story(after=f"<div>{mark.format(heading)}{items()}</div>")).lists
    assert (block.kind, block.heading, [item.title for item in block.items]) == (kind, heading, list(LIST))


@pytest.mark.parametrize(
    ("each", "box"),
    [
        ("<li><a href='{h}'>{t}</a></li>", "ul"),
        ("<dd><a href='{h}'>{t}</a></dd>", "dl"),
        ("<a href='{h}'>{t}</a><br>", "div"),
        ("<div><h4><a href='{h}'>{t}</a></h4></div>", "div"),
        ("<tr><td><a href='{h}'>{t}</a></td></tr>", "table"),
        ("<p>·<a href='{h}'>{t}</a></p>", "div"),
        ("<li><a href='{h}'><img src=/1.jpg></a><a href='{h}'>{t}</a></li>", "ul"),
        ("<a href='{h}'><div><img><h3>{t}</h3></div></a>", "section"),
        ("<li><i>1</i><a href='{h}' title='{t}'>{c}...</a></li>", "ol"),
        ("<li>[<a href=/s/>本地</a>] <a href='{h}'>{t}</a></li>", "ul"),
        ("<li><a href='{h}?utm_source=x'>{t}</a></li>", "ul"),
    ],
)
def test_a_list_is_found_in_any_mark_up(each, box):
    rows = "".join(each.format(h=f"/n/{n}.html", t=t, c=t[:8]) for n, t in enumerate(LIST))
    (block,) = read(story(after=f"<div><h3>最新消息</h3><{box}>{rows}</{box}></div>")).lists
    assert [(item.title, item.url, item.position) for item in block.items] == [
        (t, f"https://news.example/n/{n}.html", n + 1) for n, t in enumerate(LIST)
    ]


@pytest.mark.parametrize(
    ("row", "hour"),
    [
        ("<a href='{h}'>{t}</a><span>03-20 0{n}:10</span>", "0{n}:10"),
        ("<i>0{n}:10</i> <a href='{h}'>{t}</a>", None),
        ("<a href='{h}'>{t}</a> (2026-03-20 0{n}:10)", "0{n}:10"),
        ("<a href='{h}'>{t}</a><em>今天 0{n}:10</em>", "0{n}:10"),
        ("<a href='{h}'>{t} <span>2026-03-20 0{n}:10</span></a>", "0{n}:10"),
    ],
)
def test_an_item_has_the_time_beside_it_and_not_in_its_title(row, hour):
    rows = "".join(f"<li>{row.format(h=f'/n/{n}.html', t=t, n=n)}</li>" for n, t in enumerate(LIST))
    (block,) = read(story(after=f"<div><h3>最新消息</h3><ul>{rows}</ul></div>")).lists
    assert [item.title for item in block.items] == list(LIST)
    if hour:
        times = [item.published_at.isoformat(timespec="minutes") if item.published_at else "" for item in block.items]
        assert times == [f"2026-03-20T{hour.format(n=n)}+08:00" for n in range(len(LIST))]


@pytest.mark.parametrize(
    ("inside", "when"),
    [
        ("{t} 5分钟前", "2026-03-20T09:55+08:00"),
        ("{t}<span>5分钟前</span>", "2026-03-20T09:55+08:00"),
        ("{t}<em>刚刚</em>", "2026-03-20T10:00+08:00"),
        ("{t}<em>今天 08:30</em>", "2026-03-20T08:30+08:00"),
        ("{t}<em>昨天 21:44</em>", "2026-03-19T21:44+08:00"),
        ("<span>2小时前</span>{t}", "2026-03-20T08:00+08:00"),
        ("<span>08:30</span>{t}", "2026-03-20T08:30+08:00"),
        ("<em>今天 08:30</em> {t}", "2026-03-20T08:30+08:00"),
        ("[21:44] {t}", "2026-03-19T21:44+08:00"),
    ],
)
def test_a_time_inside_a_link_is_its_time_and_not_its_title(inside, when):
    rows = "".join(f"<li><a href=/n/{n}.html>{inside.format(t=t)}</a></li>" for n, t in enumerate(LIST))
    (block,) = read(story(after=f"<div><h3>最新消息</h3><ul>{rows}</ul></div>")).lists
    assert [(i.title, i.published_at and i.published_at.isoformat(timespec="minutes")) for i in block.items] == [
        (title, when) for title in LIST
    ]


def test_one_title_that_begins_with_a_time_keeps_it():
    titles = ("3小时前的那场雨下遍了全城", *LIST)
    (block,) = read(story(after=f"<div><h3>最新消息</h3>{items(titles)}</div>")).lists
    assert [item.title for item in block.items] == list(titles)


@pytest.mark.parametrize("footer", ["<p>本站成立于2009年11月1日</p>", "<div>2026-03-18 10:00 制作</div>"])
def test_a_date_below_a_list_is_not_the_time_of_its_last_item(footer):
    (block,) = read(story(after=f"<div><h3>最新消息</h3>{items()}</div>{footer}")).lists
    assert [item.published_at for item in block.items] == [None] * len(LIST)


def test_menus_and_short_links_are_no_list():
    nav = "".join(f"<li><a href=/s{n}>频道{n}</a></li>" for n in range(20))
    assert read(story(after=f"<ul>{nav}</ul>")).lists == ()


def test_headlines_know_where_they_were_seen():
    found = read(story(after=f"<div><h3>最新消息</h3>{items()}</div>")).headlines
    assert {(one.seen_on, one.seen_at, one.kind, one.block) for one in found} == {
        ("https://news.example/n/1.html", NOW, "latest", "最新消息")
    }


def test_an_ad_score_is_asked_for_each_item():
    html = story(after=items())
    found = extract(Document("https://news.example/", html, NOW), ad_score=lambda title, url: float("电梯" in title))
    assert [item.ad_score for item in found.lists[0].items] == [0.0, 1.0, 0.0, 0.0]


def test_a_bare_heading_over_a_dated_list_is_its_heading_and_no_body():
    titles = [f"某市公布第{n}季度居民收入数据情况" for n in range(1, 13)]
    rows = "".join(f"<li><a href=/a/{n}>{t}</a> <span>2026-03-0{n % 9 + 1}</span>" for n, t in enumerate(titles))
    found = read(f"<html><head><title>青川新闻网</title></head><body><h3>最新</h3><ul>{rows}</ul>")
    (block,) = found.lists
    assert (found.kind, found.paragraphs) == ("list", ())
    assert (block.heading, block.kind, len(block.items)) == ("最新", "latest", 12)
