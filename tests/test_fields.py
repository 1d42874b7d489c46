"""Who, where and what else: the fields of an article from what its page shows, then from its head."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.extract import extract
from crawler.page import Document
from tests.small_pages import BODY, NOW, TITLE, items, read, story

TIME = "2026-03-19 21:44"
LINKED = '<script type="application/ld+json">{{"@type":"NewsArticle",{}}}</script>'


@pytest.mark.parametrize(
    ("meta", "source"),
    [
        (f"{TIME} 来源：青川日报", "青川日报"),
        (f"{TIME} 来源: <a href=/>青川日报</a>", "青川日报"),
        (f"来源：青川日报 {TIME}", "青川日报"),
        (f"{TIME} 稿源：青川新闻网 作者：周雨桐", "青川新闻网"),
        (f"{TIME} 文章来源：青川日报 点击：12", "青川日报"),
        (f"<span>来源：</span><span>青川日报</span><span>{TIME}</span>", "青川日报"),
        (f"<div>来源：</div><div>青川日报</div><div>{TIME}</div>", "青川日报"),
        (f"{TIME} 來源：東灣時報", "東灣時報"),
        (f"{TIME} 来源：《青川日报》", "青川日报"),
        (f"{TIME} 【来源：青川日报】【字号：大 中 小】", "青川日报"),
        (f"{TIME} 转自：青川日报", "青川日报"),
        (f"{TIME}　青川日报", "青川日报"),
        (f"青川日报　{TIME}", "青川日报"),
        (f"<span class=source>青川日报</span><span>{TIME}</span>", "青川日报"),
        (f"{TIME} 来源：青川日报 责任编辑：林致远", "青川日报"),
        (f"{TIME} 来源：BBC中文网", "BBC中文网"),
    ],
)
def test_the_source_that_a_page_credits(meta, source):
    assert read(story(meta=meta)).fields.get("source") == source


@pytest.mark.parametrize(
    "tail", ["<p>（来源：青川日报）</p>", "<p>来源：青川日报</p>", "<p>稿件来源：青川日报 编辑：林致远</p>"]
)
def test_the_source_below_the_story(tail):
    assert read(story(meta=TIME, tail=tail)).fields.get("source") == "青川日报"


def test_an_agency_in_the_dateline_is_the_source():
    body = f"<p>新华社北京3月19日电（记者 周雨桐）{BODY[0]}</p><p>{BODY[1]}</p>"
    found = read(story(meta=TIME, body=body)).fields
    assert (found.get("source"), found.get("author")) == ("新华社", ["周雨桐"])


@pytest.mark.parametrize("meta", [TIME, f"{TIME} 浏览：12 字号：大 中 小"])
def test_buttons_and_counters_are_no_source(meta):
    assert "source" not in read(story(meta=meta)).fields


@pytest.mark.parametrize(
    ("meta", "author"),
    [
        (f"{TIME} 作者：周雨桐", ["周雨桐"]),
        (f"{TIME} 作者：周雨桐 李青", ["周雨桐", "李青"]),
        (f"{TIME} 记者：郑书航、高一鸣", ["郑书航", "高一鸣"]),
        (f"{TIME} 本报记者 周雨桐", ["周雨桐"]),
        (f"{TIME} 青川日报记者 周雨桐", ["周雨桐"]),
        (f"文/周雨桐 {TIME}", ["周雨桐"]),
        (f"文 | 周雨桐 {TIME}", ["周雨桐"]),
        (f"{TIME} 文：周雨桐 責任編輯：林致遠", ["周雨桐"]),
        (f"撰文：周雨桐 {TIME}", ["周雨桐"]),
        (f"{TIME} 記者 周雨桐", ["周雨桐"]),
        ("By Nora Whitfield | 19 March 2026, 21:44", ["Nora Whitfield"]),
        ("By Nora Whitfield, Executive Editor, Harbour Watch", ["Nora Whitfield"]),
        ("By Ellis Grant and Mary Okoro", ["Ellis Grant", "Mary Okoro"]),
        ("Von Katrin Vollmer, 19.03.2026", ["Katrin Vollmer"]),
    ],
)
def test_the_authors_that_a_page_credits(meta, author):
    assert read(story(meta=meta)).fields.get("author") == author


@pytest.mark.parametrize(
    ("lead", "author"),
    [
        ("本报讯（记者 姜南）", ["姜南"]),
        ("本报讯（记者姜南）", ["姜南"]),
        ("青川日报讯（记者 周雨桐 李青）", ["周雨桐", "李青"]),
        ("新华社北京3月19日电（记者周雨桐）", ["周雨桐"]),
    ],
)
def test_the_reporters_of_the_dateline(lead, author):
    body = f"<p>{lead}{BODY[0]}</p><p>{BODY[1]}</p>"
    assert read(story(meta=TIME, body=body)).fields.get("author") == author


@pytest.mark.parametrize(
    "text", ["责任编辑：林致远", "编辑：林致远", "记者从水利局获悉", "记者了解到，放水还将继续", "By Staff Writer"]
)
def test_who_is_no_author(text):
    assert "author" not in read(story(meta=TIME, tail=f"<p>{text}</p>")).fields


def test_linked_data_name_the_authors_where_the_page_does_not():
    data = '{"@type":"NewsArticle","author":[{"@type":"Person","name":"Ellis Grant"},{"name":"Mary Okoro"}]}'
    head = f'<script type="application/ld+json">{data}</script>'
    assert read(story(head=head)).fields["author"] == ["Ellis Grant", "Mary Okoro"]


@pytest.mark.parametrize(
    "credit",
    [
        "（责任编辑：林致远）",
        "责任编辑：林致远 HN031",
        "责编：林致远",
        "编辑：林致远 审核：李青",
        "[责任编辑:林致远]",
        "責任編輯：林致远",
        "【编辑：林致远】",
        "网络编辑：林致远",
        "责任编辑： 林致远",
    ],
)
def test_the_editor_that_a_page_credits(credit):
    assert read(story(meta=TIME, tail=f"<p>{credit}</p>")).fields.get("editor") == "林致远"


# -- other fields


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        (BODY, "zh-Hans"),
        (("港務局昨日公布，今年首兩個月處理的貨櫃較去年同期增加一成三。", "這是歷年同期新高。"), "zh-Hant"),
        (("The ferry that has crossed the bay every half hour made its first trip on batteries on Thursday.",), "en"),
        (("Der Zug ist am Freitagabend an die Küste gestartet und alle Plätze waren verkauft.",), "de"),
        (("冬に積もった雪を倉庫にため、その冷気で夏まで野菜を保存する取り組みが広がっている。",), "ja"),
        (("시장 상인회는 빈 점포의 임대료를 2년 동안 절반으로 낮추고 시설을 지원했다.",), "ko"),
        (("В субботу в городе открыли пешеходный мост через реку, который соединил старый город с новым.",), "ru"),
    ],
)
def test_the_language_is_that_of_the_text(text, lang):
    assert read(story(body="".join(f"<p>{line}</p>" for line in text))).fields["lang"] == lang


UKRAINIAN = "Національний банк оголосив, що облікова ставка залишається незмінною, а ринок є стабільним."
RUSSIAN = "В субботу в городе открыли пешеходный мост через реку, который соединил старый город с новым районом."
PERSIAN = "بانک مرکزی امروز اعلام کرد که نرخ بهره بدون تغییر باقی می‌ماند و بازار ارز با ثبات است."


@pytest.mark.parametrize(
    ("text", "declared", "lang"),
    [
        (UKRAINIAN, "uk", "uk"),
        (UKRAINIAN, "uk_UA", "uk"),
        (UKRAINIAN, "en", "ru"),  # the nearest that the letters say
        (RUSSIAN, "uk-UA", "ru"),  # has letters that Ukrainian has not
        (RUSSIAN, "ar", "ru"),
        ("Народната банка денес објави дека каматната стапка останува непроменета.", "mk", "mk"),
        (PERSIAN, "fa", "fa"),
        (PERSIAN, "zh", "ar"),
        ("रिज़र्व बैंक ने आज घोषणा की कि दरें नहीं बदलेंगी।", "hi", "hi"),
        ("The ferry that has crossed the bay made its first trip on batteries.", "fa", "en"),
    ],
)
def test_a_page_says_which_language_of_its_letters_it_is(text, declared, lang):
    html = f'<html lang="{declared}"' + story(body=f"<p>{text}</p>").partition("<html")[2]
    assert read(html).fields["lang"] == lang


def test_the_section_is_the_last_step_of_the_breadcrumbs_that_names_one():
    html = story().replace("<body>", "<body><div><a href=/>首页</a> &gt; <a href=/c/>财经</a> &gt; 正文</div>")
    assert read(html).fields["section"] == "财经"


def test_keywords_image_site_and_canonical_address_come_from_the_head():
    head = (
        '<meta name="keywords" content="水库,春灌，农田"><meta property="og:image" content="/pic/1.jpg">'
        '<meta property="og:site_name" content="青川新闻网"><link rel="canonical" href="/n/1.html?from=x">'
    )
    found = read(story(head=head))
    assert found.fields["keywords"] == ["水库", "春灌", "农田"]
    assert (found.fields["image"], found.fields["site"]) == ("https://news.example/pic/1.jpg", "青川新闻网")
    assert found.canonical.startswith("https://news.example/n/1.html")


@pytest.mark.parametrize("word", ["下一页", "下页", "下一頁", "Next page", "下一页 &gt;"])
def test_the_next_page_of_an_article(word):
    assert read(story(tail=f"<p>1 <a href=1_2.html>2</a> <a href=1_2.html>{word}</a></p>")).next_url.endswith(
        "/n/1_2.html"
    )


def test_feeds_are_the_addresses_that_the_head_declares():
    head = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    assert read(story(head=head)).feeds == ("https://news.example/feed.xml",)


def test_the_wishes_of_the_page_towards_robots_are_told():
    found = read(story(head='<meta name="Robots" content="noindex, nofollow">'))
    assert ("robots", "noindex, nofollow") in found.metas


def test_addresses_start_at_the_base_of_the_page():
    html = story(after=items().replace("href=/n/", "href=")).replace(
        "<head>", '<head><base href="https://b.example/x/">'
    )
    assert read(html).headlines[0].url == "https://b.example/x/100.html"


@pytest.mark.parametrize(
    ("meta", "source"),
    [
        (
            "<div>2026-03-20 08:30 来源：澎湃新闻·澎湃号·政务</div><div class=name>中国广州发布</div><div>关注</div>",
            "中国广州发布",
        ),
        ("<div>2026-03-20 08:30</div><div>扬眼</div><div>企鹅号</div>", "扬眼"),
        ("<div>2026-03-20 08:30 来源：澎湃新闻·澎湃号·政务</div>", "澎湃新闻·澎湃号·政务"),
    ],
)
def test_the_source_on_a_platform_is_the_account(meta, source):
    assert read(story(meta=meta)).fields["source"] == source


@pytest.mark.parametrize(
    ("tail", "author"),
    [
        ("<p>（袁源）</p>", ["袁源"]),
        ("<p>今年的水比往年来得更早。（常书香 马丹阳 ）</p>", ["常书香", "马丹阳"]),
        ("<p>大家都说好。(文/图 刘玺东 易赛楠)</p>", ["刘玺东", "易赛楠"]),
        ("<p>作者: 赵 培</p>", ["赵培"]),
    ],
)
def test_the_authors_that_sign_a_story(tail, author):
    assert read(story(tail=tail)).fields["author"] == author


def test_a_reporter_without_a_family_name_is_an_author():
    body = f"<p>据新华社拉萨电（记者 格桑边觉）{BODY[0]}</p>" + "".join(f"<p>{line}</p>" for line in BODY[1:])
    assert read(story(body=body)).fields["author"] == ["格桑边觉"]


def test_the_date_of_the_dateline_serves_where_no_other_is():
    body = f"<p>【新唐人2026年1月11日讯】{BODY[0]}</p><p>{BODY[1]}</p><p>{BODY[2]}</p>"
    assert read(story(body=body)).fields["published"].date().isoformat() == "2026-01-11"


def test_an_exact_time_goes_before_a_rough_one():
    head = '<meta property="article:published_time" content="2026-03-19T21:44:00+08:00">'
    found = read(story(head=head, meta="Published 2 hours ago"))
    assert found.fields["published"].isoformat() == "2026-03-19T21:44:00+08:00"


def test_the_time_of_a_change_is_not_that_of_publication():
    head = '<meta property="article:published_time" content="2026-03-19T21:44:00+08:00">'
    found = read(story(head=head, meta="Aktualisiert am 20.03.2026 - 08:50 Uhr"))
    assert found.fields["published"].isoformat() == "2026-03-19T21:44:00+08:00"


@pytest.mark.parametrize(
    ("head", "key", "said"),
    [
        (LINKED.format('"headline":"县里开闸放水"'), "title_conflict", "县里开闸放水"),
        ('<meta property="og:title" content="县里开闸放水">', "title_conflict", "县里开闸放水"),
        ('<meta name="author" content="李四光">', "author_conflict", "李四光"),
        ('<meta name="source" content="东湾晚报">', "source_conflict", "东湾晚报"),
    ],
)  # fmt: skip
def test_metadata_that_disagree_with_what_is_shown_are_kept_beside_it(head, key, said):
    page = story(meta=f"{TIME} 来源：青川日报 作者：周雨桐", head=head)
    found = read(page)
    assert said in found.fields[key]
    assert (found.fields["title"], found.fields["author"], found.fields["source"]) == (TITLE, ["周雨桐"], "青川日报")


def test_metadata_that_say_the_same_in_short_are_no_conflict():
    head = f'<meta property="og:title" content="{TITLE} - 青川新闻网"><meta name="author" content="周雨桐">'
    found = read(story(meta=f"{TIME} 作者：周雨桐 李青", head=head)).fields
    assert not [name for name in found if name.endswith("_conflict")]


def test_a_japanese_reporter_counts_behind_the_label():
    body = "<p>利用者が一日四十人ほどの無人駅の待合室に三月、小さな本屋が開店した。</p>" * 2
    found = read(story(title="無人駅に小さな本屋が開店", meta=f"{TIME}　記者 佐伯美咲", body=body)).fields
    assert (found["author"], found.get("source")) == (["佐伯美咲"], None)


@pytest.mark.parametrize("menu", ["<ul><li><a href=/1>文化</a><li><a href=/2>房产</a><li><a href=/3>汽车</a></ul>"])
def test_a_word_of_a_menu_is_no_author(menu):
    page = f"<html><head><title>{TITLE}_青川新闻网</title></head><body>{menu}<div><p>{'</p><p>'.join(BODY)}</p></div>"
    assert "author" not in read(page).fields
    assert "author" not in read(story(meta=menu)).fields


@pytest.mark.parametrize("name", ["游客0", "游客123", "网友"])
def test_a_commenter_without_a_name_is_no_author(name):
    assert "author" not in read(story(meta=f"<div>{name}</div>")).fields


def test_a_relative_time_wins_over_metadata_of_another_day_when_the_page_was_seen_then():
    head = '<meta property="article:published_time" content="2026-03-11T08:00:00+08:00">'
    found = read(story(meta="3小时前", head=head)).fields
    assert found["published"] == NOW - timedelta(hours=3)
    assert "2026-03-11" in found["published_conflict"]


def test_a_relative_time_of_a_file_of_unknown_age_yields_to_metadata():
    head = '<meta property="article:published_time" content="2026-03-11T08:00:00+08:00">'
    document = Document("", story(meta="3小时前", head=head), NOW, seen_then=False)
    assert extract(document).fields["published"].isoformat() == "2026-03-11T08:00:00+08:00"


@pytest.mark.parametrize(
    "word",
    [
        "更新",
        "星期四",
        "周四",
        "发表于",
        "阅读量",
        "热度",
        "第A03版",
        "农历二月初一",
        "IP属地",
        "财经",
        "北京",
        "原创",
        "朗读",
    ],
)
@pytest.mark.parametrize("form", ["{time} {word}", "{word} {time}"])
def test_what_else_stands_beside_the_time_is_no_source(word, form):
    assert "source" not in read(story(meta=form.format(time=TIME, word=word))).fields


@pytest.mark.parametrize(
    ("meta", "source"),
    [
        (f"{TIME} 来源：青川日报（记者 张三）", "青川日报"),
        (f"{TIME} 来源丨青川日报", "青川日报"),
        (f"{TIME} 来源 | 青川日报", "青川日报"),
        (f"{TIME} 转载自：青川日报", "青川日报"),
        (f"{TIME} 来源：&nbsp;作者：张三", None),
    ],
)
def test_a_source_ends_where_the_next_label_begins(meta, source):
    assert read(story(meta=meta)).fields.get("source") == source


def test_authors_that_linked_data_only_point_to_are_found_in_its_graph():
    data = (
        '{"@graph":[{"@type":"NewsArticle","author":[{"@id":"#p1"},{"@id":"#p2"}],"publisher":{"@id":"#o"}},'
        '{"@type":"Person","@id":"#p1","name":"Ann Brook"},{"@type":"Person","@id":"#p2","name":"Jo Marsh"},'
        '{"@type":"Organization","@id":"#o","name":"The Valley Post"}]}'
    )
    found = read(story(head=f'<script type="application/ld+json">{data}</script>')).fields
    assert found["author"] == ["Ann Brook", "Jo Marsh"]


def test_linked_data_with_a_comma_too_many_are_read():
    data = (
        '{"@type":"NewsArticle","headline":"a,] b","datePublished":"2026-03-19T13:44:00+08:00","keywords":["a","b",],}'
    )
    found = read(story(head=f'<script type="application/ld+json">{data}</script>')).fields
    assert found["published"].isoformat() == "2026-03-19T13:44:00+08:00"
