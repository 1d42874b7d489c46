"""What goes into the body of an article and what stays out, as real pages taught it."""

from __future__ import annotations

import pytest

from tests.small_pages import BODY, LIST, TITLE, items, read, story

LEAD = "青川水库今天开始春灌放水，三个镇八万亩农田将在十二天里依次得到灌溉，这比去年早了整整一周。"
DEK = "After four days of talks, the members settled on a plan that most had opposed before."


def test_the_lead_that_stands_in_a_box_of_its_own_opens_the_story():
    page = story().replace("</h1>", f"</h1><div class=lead>{LEAD}</div>{items()}")
    assert read(page).paragraphs == (LEAD, *BODY)


def test_an_english_summary_above_the_story_is_no_part_of_it():
    body = "".join(f"<p>The council met on day {n} and agreed on the plan for the old bridge.</p>" for n in range(4))
    page = (
        "<html lang=en><title>Council agrees on the bridge</title><h1>Council agrees on the bridge</h1>"
        f"<div><p>{DEK}</p></div>{items(LIST + LIST)}<div class=text>{body}</div>"
    )
    assert DEK not in read(page).paragraphs


def test_an_appeal_that_comes_again_and_again_is_left_out_and_a_refrain_stays():
    appeal = "<p>Our newsroom lives on what its readers give, so please think of giving something today.</p>"
    told = [f"The council met on day {n} and agreed on part {n} of the plan for the old bridge." for n in range(9)]
    page = "<html lang=en><title>Council agrees</title><h1>Council agrees</h1><div class=text>{}</div>"
    mixed = "".join(f"<p>{line}</p>{appeal if n % 3 == 0 else ''}" for n, line in enumerate(told))
    assert read(page.format(mixed)).paragraphs == tuple(told)
    refrain = [line for pair in zip(told[:3], [told[8]] * 3, strict=True) for line in pair]
    assert read(page.format("".join(f"<p>{line}</p>" for line in refrain))).paragraphs == tuple(refrain)


def test_news_in_a_definition_list_below_the_story_is_left_out():
    others = "".join(
        f"<dt>10:1{n} <a href=/n/{n}.html>{title}</a><dd>{title}，有关部门昨天发布了消息，更多的情况还在了解之中。"
        for n, title in enumerate(LIST)
    )
    assert read(story(tail=f"<dl>{others}</dl>")).paragraphs == BODY


@pytest.mark.parametrize(
    "tail",
    [
        "<p>反侵权公告：<p>任何单位或个人使用本报原创内容，必须事先得到同意。<p>欢迎读者提供线索。",
        "<p>郑 重 声 明<p>1. 任何言论纯属作者个人观点，与乐趣园无关；",
        "<h3>作者简介</h3><p>他在水利部门工作了二十年，写过许多关于水的文章。",
        "<h3>网友评论</h3><div><p>写得好！</div><div><p>我家也在下游，终于等到水了，谢谢。</div>",
        "<p>以上内容为创作者平台用户上传并发布，本平台仅提供信息存储服务。",
        "<p>(內容由新浪北京提供。未經授權，不得轉載。)",
        "<p>本作品为本台原创，转载时务请注明出处。",
        "<div>加载中...</div>",
        "<p>回复【公租房】查看最新消息",
        "<p>(曹文明 編輯)",
        "<p>除了新浪微博外，我們也登陸Facebook專頁，天天為朋友帶來消息。",
        f"<h3><a href=/n/9.html>{LIST[0]}</a></h3><p>工程昨天开工，全长十二公里，明年完成。<p>市民表示支持。"
        "<p><a href=/n/9.html>阅读全文</a>",
    ],
)
def test_what_comes_after_the_story_is_left_out(tail):
    assert read(story(tail=tail)).paragraphs == BODY


def test_a_cell_called_comment_ends_no_story():
    rows = "".join(
        f"<tr><td><p>state {n}</p><td><p>The worker takes up the task {n} and goes on.</p>" for n in range(6)
    )
    page = story(tail=f"<table><tr><td><p>Status</p><td><p>Comment</p>{rows}</table>")
    assert "takes up the task 5" in read(page).fields["text"]


def test_a_tweet_within_the_story_stays():
    quoted = (
        "<div class=social-media-embed><blockquote><p>The water is here at last, and the whole valley is out. "
        "<a href=https://t.example/1>t.example/1</a></blockquote></div>"
    )
    body = f"<p>{BODY[0]}</p>{quoted}<p>{BODY[1]}</p><p>{BODY[2]}</p>"
    assert "the whole valley is out" in read(story(body=body)).fields["text"]


def test_a_sentence_with_cookies_is_no_legal_line():
    line = "Fill the jar with cookies while they are warm, and close it only when they are cold."
    assert line in read(story(tail=f"<p>{line}</p>")).paragraphs


def test_a_page_of_a_few_words_is_its_own_text():
    assert read("<title>Links</title><a href=/1><p>abc</p></a><a href=/2>def</a>").paragraphs == ("abc", "def")


def test_a_hidden_copy_of_the_headline_is_not_the_headline():
    page = story(meta="2026-03-20 08:30").replace("<body>", f"<body><div style='display:none'><h1>{TITLE}</h1></div>")
    found = read(page)
    assert found.fields["published"].minute == 30


def test_a_heading_over_a_date_is_the_headline_where_the_page_title_names_the_desk():
    page = f"<title>新闻动态</title><h5>{TITLE}</h5><div>2026-03-20</div><div><p>{'<p>'.join(BODY)}</div>"
    assert read(page).fields["title"] == TITLE


@pytest.mark.parametrize("before", ["", "<p>另有一段交代背景的话，也属于这条新闻。</p>"])
def test_a_second_headline_set_like_the_first_starts_another_story(before):
    first = f'<article><h1 class="entry-title">{TITLE}</h1><div><p>{BODY[0]}</p>{before}</div></article>'
    other = '<article><h1 class="entry-title">河东新区首条自行车专用路动工建设</h1><div><p>' + "</p><p>".join(
        ("新区规划局表示，专用路全长八公里，沿途设有六处驿站，预计明年夏天通车。",) * 4
    )
    page = f"<html><head><title>{TITLE}_青川新闻网</title></head><body><main>{first}{other}</p></div></article></main>"
    assert all("规划局" not in line for line in read(page).paragraphs)
    assert BODY[0] in read(page).paragraphs


def test_a_first_paragraph_whose_link_nobody_closed_is_told():
    lines = "".join(f"<p>{line}{line}</p>" for line in BODY)
    page = story(body=lines.replace("<p>", '<p><a href="/photo/3.html">', 1))
    assert read(page).paragraphs[0] == BODY[0] * 2


def test_a_heading_that_heads_nothing_is_no_end_of_a_story():
    assert read(story(tail="<h3>更多精彩</h3>")).paragraphs == tuple(BODY)


def test_a_table_of_two_rows_keeps_its_form():
    table = "<table><tr><td>闸门</td><td>流量</td></tr><tr><td>一号</td><td>三十立方米</td></tr></table>"
    page = story(body=f"<p>{BODY[0]}</p><p>{BODY[1]}</p>{table}<p>{BODY[2]}</p>")
    assert "| 闸门 | 流量 |\n| --- | --- |\n| 一号 | 三十立方米 |" in read(page).markdown


def test_a_site_that_calls_every_part_of_its_story_advertising_is_not_believed():
    parts = "".join(f'<div class="ad-block"><h3>{n}</h3><p>{line}{line}</p></div>' for n, line in enumerate(BODY))
    told = read(story(body=parts)).paragraphs
    assert [line * 2 for line in BODY if line * 2 in told] == [line * 2 for line in BODY]


def test_one_part_that_is_called_advertising_goes():
    ad = '<div class="ad-block"><p>现在开户享受新客优惠，名额有限，先到先得，详情请咨询客服。</p></div>'
    page = story(body=f"<p>{BODY[0]}</p><p>{BODY[1]}</p>{ad}<p>{BODY[2]}</p>")
    assert read(page).paragraphs == tuple(BODY)


TELLS = "城西储能电站的公告昨日发布，工程总投资十二亿元，工期十八个月，由省电力公司负责。"
ENDS = "监管部门提醒消费者注意保护个人信息，遇到类似情况可以拨打热线反映。"


@pytest.mark.parametrize(
    "line",
    [
        "消费者下载该应用后，通过微信支付完成付款。",
        "警方在搜索中发现，嫌疑人通过微信联系买家。",
        "他加入公司后，我们一起完成了这个项目。",
        "按计划明年年底，我们会尽力提前完成全部工程。",
        "法院认为，被告未经许可不得使用该商标，侵犯了著作权。",
        "该公司已取得支付业务许可证，今年将扩大业务范围。",
        "更多的人选择了离开。",
        "微信：月活用户突破十三亿，同比增长百分之三，创下新高。",
        "版权：谁来保护原创者？",
        "编辑部的故事。",
        "记者：项目为何选址城西？",
    ],
)
@pytest.mark.parametrize("place", [1, 2])
def test_a_sentence_that_begins_like_a_button_or_a_label_is_told(line, place):
    told = [TELLS, BODY[1], ENDS]
    told.insert(place, line)
    assert line in read(story(body="".join(f"<p>{one}</p>" for one in told))).paragraphs


@pytest.mark.parametrize(
    "line",
    [
        "欢迎扫描二维码关注我们的公众号。",
        "请下载客户端阅读全文",
        "（责任编辑：林致远）",
        "未经授权不得转载，侵犯著作权必究",
        "原标题：谁来保护原创者？",
    ],
)
def test_what_a_site_says_below_a_story_is_not_told(line):
    page = story(body=f"<p>{TELLS}</p><p>{BODY[1]}</p><p>{ENDS}</p>", tail=f"<p>{line}</p>")
    assert line not in read(page).paragraphs
