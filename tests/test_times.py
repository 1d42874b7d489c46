"""Times: every notation of news pages, and which of a page's times is that of publication."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.times import first, moments
from tests.small_pages import BODY, CHINA, NOW, read, story


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-03-19 21:44", "2026-03-19T21:44:00"),
        ("2026-03-19T21:44:05+08:00", "2026-03-19T21:44:05+08:00"),
        ("2026-03-19T13:44:00.000Z", "2026-03-19T13:44:00+00:00"),
        ("2026/3/9 9:04", "2026-03-09T09:04:00"),
        ("2026.03.19 21:44", "2026-03-19T21:44:00"),
        ("2026年3月19日21时44分", "2026-03-19T21:44:00"),
        ("2026 年 3 月 19 日 21 : 44", "2026-03-19T21:44:00"),
        ("２０２６年３月１９日　２１：４４", "2026-03-19T21:44:00"),
        ("2026-03-19  星期四 21:44", "2026-03-19T21:44:00"),
        ("2026年3月19日(周四) 下午9:44", "2026-03-19T21:44:00"),
        ("2026年3月19日 晚上9点44分", "2026-03-19T21:44:00"),
        ("2026-03-19 上午 08:21", "2026-03-19T08:21:00"),
        ("21:44 2026-03-19", "2026-03-19T21:44:00"),
        ("2026-03-1921:44", "2026-03-19T21:44:00"),
        ("发布时间:2026-03-19 21:44来源:青川日报", "2026-03-19T21:44:00"),
        ("2026-03-19 21:44 HKT", "2026-03-19T21:44:00+08:00"),
        ("2026-03-19 HKT 21:44", "2026-03-19T21:44:00"),
        ("2026-03-19 21:44 CST 来源：青川日报", "2026-03-19T21:44:00+08:00"),
        ("March 19, 2026 9:44 PM CST", "2026-03-19T21:44:00-06:00"),
        ("March 19, 2026 9:44 PM ET", "2026-03-19T21:44:00-04:00"),
        ("19 March 2026 9:44 PM IST", "2026-03-19T21:44:00+05:30"),
        ("19 mars 2026 21:44 et demie", "2026-03-19T21:44:00"),
        ("刚刚", "2026-03-20T10:00:00+08:00"),
        ("1小时30分钟前", "2026-03-20T08:30:00+08:00"),
        ("民國115年3月19日 21:44", "2026-03-19T21:44:00"),
        ("2026-03-19", "2026-03-19"),
        ("03-19 21:44", "2026-03-19T21:44:00"),
        ("3月19日 21:44", "2026-03-19T21:44:00"),
        ("12-31 23:50", "2025-12-31T23:50:00"),
        ("今天 08:30", "2026-03-20T08:30:00"),
        ("昨天 21:44", "2026-03-19T21:44:00"),
        ("前天 07:00", "2026-03-18T07:00:00"),
        ("3小时前", "2026-03-20T07:00:00+08:00"),
        ("半小时前", "2026-03-20T09:30:00+08:00"),
        ("1 分钟前", "2026-03-20T09:59:00+08:00"),
        ("2天前", "2026-03-18"),
        ("2 hours ago", "2026-03-20T08:00:00+08:00"),
        ("an hour ago", "2026-03-20T09:00:00+08:00"),
        ("Yesterday at 21:44", "2026-03-19T21:44:00"),
        ("March 19, 2026 9:44 pm", "2026-03-19T21:44:00"),
        ("Mar. 19, 2026, 9:44 a.m.", "2026-03-19T09:44:00"),
        ("19th March 2026", "2026-03-19"),
        ("Thu, 19 Mar 2026 13:44:00 GMT", "2026-03-19T13:44:00+00:00"),
        ("2026-03-19 12:30 AM", "2026-03-19T00:30:00"),
        ("19/03/2026 21:44", "2026-03-19T21:44:00"),
        ("19.03.2026, 21:44 Uhr", "2026-03-19T21:44:00"),
        ("19. März 2026 21:44", "2026-03-19T21:44:00"),
        ("19 mars 2026 à 21h44", "2026-03-19T21:44:00"),
        ("19 de marzo de 2026, 21:44", "2026-03-19T21:44:00"),
        ("19 марта 2026, 21:44", "2026-03-19T21:44:00"),
        ("19 marca 2026, 21:44", "2026-03-19T21:44:00"),
        ("19 Μαρτίου 2026, 21:44", "2026-03-19T21:44:00"),
        ("2026年3月19日 21時44分", "2026-03-19T21:44:00"),
        ("2026-03-19 24:00", "2026-03-19"),
        ("格林尼治标准时间 2026年3月19日 13:44", "2026-03-19T13:44:00+00:00"),
        ("2026年3月19日, 格林尼治标准时间13:44", "2026-03-19T13:44:00+00:00"),
        ("美东时间2026年3月19日09:44", "2026-03-19T09:44:00-04:00"),
        ("2026年3月19日 美東時間 09:44", "2026-03-19T09:44:00-04:00"),
        ("北京时间 2026年3月19日 21:44", "2026-03-19T21:44:00+08:00"),
        ("21:44 19.03.2026", "2026-03-19T21:44:00"),
        ("21:44, 19 марта 2026", "2026-03-19T21:44:00"),
        ("2026.03.19. 오후 9:44", "2026-03-19T21:44:00"),
        ("20260319 21:44:10", "2026-03-19T21:44:10"),
        ("26-03-19 21:44", "2026-03-19T21:44:00"),
        ("Thu 19 Mar 2026 21.44 GMT", "2026-03-19T21:44:00+00:00"),
        ("3/19(木) 21:44", "2026-03-19T21:44:00"),
        ("2026年3月19日 中午1:30", "2026-03-19T13:30:00"),
        ("2026年3月19日 中午12:30", "2026-03-19T12:30:00"),
        ("2026年3月19日 9时5分", "2026-03-19T09:05:00"),
        ("两小时前", "2026-03-20T08:00:00+08:00"),
        ("十五分钟前", "2026-03-20T09:45:00+08:00"),
        ("三天前", "2026-03-17"),
        ("昨晚21:44", "2026-03-19T21:44:00"),
        ("昨晚9:44", "2026-03-19T21:44:00"),
        ("今晨6:30", "2026-03-20T06:30:00"),
        ("昨夜11点20分", "2026-03-19T23:20:00"),
        ("周四 21:44", "2026-03-19T21:44:00"),
        ("星期五 21:44", "2026-03-13T21:44:00"),
        ("星期五 08:30", "2026-03-20T08:30:00"),
        ("二〇二六年三月十九日", "2026-03-19"),
        ("二零二五年十二月三十一日 21:44", "2025-12-31T21:44:00"),
    ],
)
def test_a_time_is_read_in_the_notation_of_the_page(text, told):
    moment = first(text, NOW)
    assert moment is not None
    assert (moment.at.date() if moment.precision == "day" else moment.at).isoformat() == told


@pytest.mark.parametrize(
    "text",
    [
        "2032年05月",
        "March 2026",
        "2026-02-30 10:00",
        "阅读 2031-05",
        "192.168.2026.1",
        "1.2.3.4",
        "1773927840",
        "第2026号",
        "2026年",
        "电话：2026-0319",
        "21:44",
        "比分 3-19",
        "每周四 21:44",
        "二〇二六年三月",
        "二〇二六年二月三十日",
        "",
    ],
)
def test_what_is_no_day_is_no_time(text):
    assert list(moments(text, NOW)) == []


def test_month_and_day_change_places_in_the_american_notation():
    us, other = first("3/9/2026", NOW, month_first=True), first("3/9/2026", NOW)
    assert us and other and (us.at.month, other.at.month) == (3, 9)


def published(html: str, **known: str) -> str | None:
    found = read(html, **known).fields.get("published")
    return found.isoformat(timespec="minutes") if isinstance(found, datetime) else None


LINKED = '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"%s"}</script>'


@pytest.mark.parametrize(
    ("meta", "head", "told"),
    [
        ("2026-03-19 21:44", "", "2026-03-19T21:44+08:00"),
        ("<b>2026</b> <i><em>03</em>/<em>19</em></i> <u>21:44:05</u>", "", "2026-03-19T21:44+08:00"),
        ("<span>2026</span>年<span>03</span>月<span>19</span>日 <span>21:44</span>", "", "2026-03-19T21:44+08:00"),
        ("<div>2026-03-19</div><div>21:44</div>", "", "2026-03-19T21:44+08:00"),
        ("更新：2026-03-20 08:00 发布：2026-03-19 21:44", "", "2026-03-19T21:44+08:00"),
        ("2026-03-19 21:44", LINKED % "2026-03-19T12:44:00Z", "2026-03-19T21:44+09:00"),
        ("", LINKED % "2026-03-19T13:44:00Z", "2026-03-19T21:44+08:00"),
        ("", '<meta property="article:published_time" content="2026-03-19T21:44:00+08:00">', "2026-03-19T21:44+08:00"),
        ("<time datetime=2026-03-19T21:44:00+08:00>2 days ago</time>", "", "2026-03-19T21:44+08:00"),
    ],
)
def test_the_time_of_publication(meta, head, told):
    assert published(story(meta=meta, head=head)) == told


def test_what_the_reader_sees_goes_before_the_metadata_and_the_difference_is_kept():
    head = '<meta property="article:published_time" content="2026-01-02T08:00:00+08:00">'
    found = read(story(meta="2026-03-19 21:44", head=head))
    assert found.fields["published"] == datetime(2026, 3, 19, 21, 44, tzinfo=CHINA)
    assert "2026-01-02" in str(found.fields["published_conflict"])


@pytest.mark.parametrize(
    "before",
    [
        "<div>2032年05月<table><tr><td>1<td>2<td>3</table></div>",
        "<div>Copyright 2009/11/1 版权所有</div>",
        "<div>今天是 2026年3月20日 星期五</div>",
        "<ul><li><a href=/1>河东新区自行车专用路动工</a> 2026-03-18 07:00</ul>",
    ],
)
def test_other_dates_above_the_headline_are_not_its_time(before):
    html = story(meta="2026-03-19 21:44").replace("<body>", f"<body>{before}")
    assert published(html) == "2026-03-19T21:44+08:00"


def test_a_date_in_the_story_is_not_its_time():
    body = f"<p>2025年12月31日18时，老城区的最后一盏煤油路灯熄灭了。</p><p>{BODY[0]}</p>"
    assert published(story(meta="2026-03-19 21:44", body=body)) == "2026-03-19T21:44+08:00"


def test_the_address_gives_the_day_where_the_page_gives_nothing():
    found = read(story(), url="https://news.example/2026-03/19/c_1.htm").fields
    assert (found["published"].date().isoformat(), found["published_precision"]) == ("2026-03-19", "day")


def test_a_time_in_the_future_is_no_time_of_publication():
    found = read(story(meta="2026-05-01 08:00")).fields
    assert "published" not in found and found["claimed_time"] == datetime(2026, 5, 1, 8, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("url", "zone"), [("https://a.de/1", 1), ("https://a.cn/1", 8), ("https://a.jp/1", 9), ("https://a.uk/1", 0)]
)
def test_a_time_without_zone_has_that_of_the_country(url, zone):
    found = read(story(meta="2026-03-19 21:44"), url=url).fields["published"]
    assert found.utcoffset() == timedelta(hours=zone)


def test_a_modified_time_is_told_where_it_differs():
    head = '<meta property="article:modified_time" content="2026-03-20T08:00:00+08:00">'
    assert read(story(meta="2026-03-19 21:44", head=head)).fields["modified"] == datetime(2026, 3, 20, 8, tzinfo=CHINA)


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="0123456789年月日时分:：-/. 上下午前天小pmAPMT+Z周一", max_size=40))
def test_any_run_of_digits_is_a_possible_time_or_none(text):
    for moment in moments(text, NOW):
        assert 1990 <= moment.at.year <= NOW.year + 1 or moment.at <= NOW
        assert moment.precision in ("day", "minute", "second") and 0 <= moment.start <= moment.end <= len(text)


@settings(max_examples=25, deadline=None)
@given(st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2026, 3, 1)))
def test_every_minute_is_read_back_from_the_usual_notations(at):
    at = at.replace(second=0, microsecond=0)
    for form in ("%Y-%m-%d %H:%M", "%Y年%m月%d日 %H:%M", "%Y/%m/%d %H:%M", "%d.%m.%Y, %H:%M Uhr", "%H:%M %Y-%m-%d"):
        moment = first(at.strftime(form), NOW.astimezone(UTC))
        assert moment is not None and (moment.at, moment.precision) == (at, "minute")


def test_a_time_of_change_serves_where_no_other_is_found():
    assert published(story(meta="更新时间：2026-03-19 22:10")) == "2026-03-19T22:10+08:00"
    assert published(story(meta="2026-03-18 22:10 更新：2026-03-19 22:10")) == "2026-03-18T22:10+08:00"


@pytest.mark.parametrize("said", ["更新：2026-03-19 23:00", "更新 23:00", "（更新时间：23:00）"])
def test_a_change_that_the_page_shows_goes_before_the_metadata(said):
    head = '<meta property="article:modified_time" content="2026-03-19T22:00:00+08:00">'
    found = read(story(meta=f"2026-03-19 21:44 {said}", head=head)).fields
    assert found["modified"] == datetime(2026, 3, 19, 23, tzinfo=CHINA)


@pytest.mark.parametrize(
    "calendar",
    [
        "<div class=calendar><div>2025年12月01日</div></div>",
        "<table id=rili><tr><td>2025-12-01 08:00</table>",
        "<div><div>2025年12月01日</div><table><tr>" + "".join(f"<td>{n}" for n in range(1, 15)) + "</table></div>",
    ],
)
def test_a_day_in_a_calendar_is_no_time_of_publication(calendar):
    assert published(story(after=calendar)) is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2026-03-19T20:10:00+08:00", True),
        ("2026-03-19T21:40:00+08:00", False),
        ("2026-03-19T13:44:00Z", False),
        ("2026-03-19T21:44:00Z", False),
        ("2026-03-19T13:44:00", False),
        ("2026-03-19", False),
    ],
)
def test_minutes_that_disagree_are_kept_unless_a_zone_explains_them(said, kept):
    found = read(story(meta="2026-03-19 21:44 +0800", head=LINKED % said), url="https://news.example/1.html").fields
    assert ("published_conflict" in found) == kept
