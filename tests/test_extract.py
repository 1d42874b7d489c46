"""Text to article and headlines, one behaviour a test."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config import Source
from crawler.extract import extract
from crawler.page import Document, ExtractError
from crawler.walk import grow
from tests.small_pages import BODY, LIST, NOW, TITLE, items, read, story

# -- lines


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<p>一二</p><p>三四</p>", ["一二", "三四"]),
        ("一二<br>三四<br/>五六", ["一二", "三四", "五六"]),
        ("<div>一二<div>三四</div>五六</div>", ["一二", "三四", "五六"]),
        ("<p>一<b>二</b>三<font color=red>四</font></p>", ["一二三四"]),
        ("<p>a <b>b</b>\n c</p>", ["a b c"]),
        ("<p>一&nbsp;&nbsp;二　三</p>", ["一 二 三"]),
        ("<p>一<!-- 注 -->二</p>", ["一二"]),
        ("<p>一<script>var a=1</script>二<style>p{}</style></p>", ["一二"]),
        ("<p>一<noscript>二</noscript><template>三</template></p>", ["一"]),
        ("<ul><li>一<li>二</ul>", ["一", "二"]),
        ("<table><tr><td>一<td>二<tr><td>三</table>", ["一", "二", "三"]),
        ("<p>&lt;b&gt; &amp; &#26085;&hellip;</p>", ["<b> & 日…"]),
        ("<dl><dt>一<dd>二</dl>", ["一", "二"]),
    ],
)
def test_a_line_is_what_a_reader_sees_as_one(html, lines):
    assert [line.text for line in grow(html).lines] == lines


def test_what_a_line_holds_in_links_is_counted_in_bytes():
    (line,) = grow("<p>水库<a href=/1>放水</a></p>").lines
    assert (line.size, line.link) == (12, 6)


def test_a_page_that_says_it_is_missing_is_of_another_kind_and_no_article():
    page = "<html><head><title>页面不存在_青川新闻网</title></head><body><p>404</p>"
    page += "<p>您访问的页面不存在，三秒后返回首页。</p>"
    found = read(page)
    assert (found.kind, found.article) == ("other", None)
    assert "does not exist" in found.refused


def test_a_front_page_that_lists_articles_is_one_also_when_its_title_is_404():
    linked = "".join(f'<li><a href="/n/{n}.html">{title}</a></li>' for n, title in enumerate(LIST))
    page = f"<html><head><title>404</title></head><body><h1>列表</h1><ul>{linked}</ul></body></html>"
    found = read(page, url="https://www.example.com/")
    assert (found.kind, found.refused, bool(found.headlines)) == ("list", "", True)
    assert read("<title>404</title><p>没有这样的页面。</p>", url="https://www.example.com/").refused


# -- title


@pytest.mark.parametrize(
    "added",
    [
        "_青川新闻网",
        "_财经_青川新闻网",
        " - 青川新闻网",
        "-青川新闻网",
        "--青川新闻网",
        "—青川新闻网",
        "|青川新闻网",
        " | 青川新闻网",
        "｜地方新聞｜青川新闻网",
        " » 青川新闻网",
        " · 青川新闻网",
        "_青川新闻网：看得见的家乡",
    ],
)
@pytest.mark.parametrize("mark", ["<h1>{}</h1>", "<h2 class=a>{}</h2>", "<div class=news-title>{}</div>", ""])
def test_the_name_of_the_site_is_no_part_of_the_headline(added, mark):
    title = "一张四十年前的船票里看见的城市变迁"
    html = story(title=title).replace(f"<h1>{title}</h1>", mark.format(title))
    html = html.replace(f"<title>{title}_青川新闻网</title>", f"<title>{title}{added}</title>")
    assert read(html).fields["title"] == title


def test_a_site_name_in_the_first_heading_is_no_headline():
    html = story().replace("<body>", "<body><h1><a href=/>青川新闻网</a></h1>").replace(f"<h1>{TITLE}", f"<h2>{TITLE}")
    assert read(html).fields["title"] == TITLE


def test_a_dash_inside_the_headline_stays():
    title = "中非—欧洲班列-首趟开行"
    assert read(story(title=title)).fields["title"] == title


def test_the_headline_of_the_page_goes_before_its_longer_page_title():
    html = story().replace("<title>", "<title>青川县春灌时间表_")
    assert read(html).fields["title"] == TITLE


def test_a_page_without_any_mark_up_for_the_headline_has_the_one_of_its_metadata():
    html = story(head=f'<meta property="og:title" content="{TITLE}">').replace(f"<h1>{TITLE}</h1>", "")
    assert read(html.replace(f"<title>{TITLE}_青川新闻网</title>", "")).fields["title"] == TITLE


# -- text


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<p>", "</p>"),
        ("<div>", "</div>"),
        ("", "<br>"),
        ("　　", "<br><br>"),
        ("&nbsp;&nbsp;", "<br />"),
        ("<span style='display:block'>", "</span><br>"),
        ("<P>", ""),
        ("<section><span>", "</span></section>"),
        ("<font size=3>", "</font><br>"),
        ("<table><tr><td>", "</td></tr></table>"),
        ("<li>", "</li>"),
        ("<blockquote>", "</blockquote>"),
        ("<div><div><p><span>", "</span></p></div></div>"),
    ],
)
def test_the_body_is_found_in_any_mark_up(opening, closing):
    body = "".join(opening + line + closing for line in BODY)
    assert read(story(body=body, after=items())).paragraphs == BODY


@pytest.mark.parametrize(
    "line",
    [
        "（责任编辑：林致远）",
        "责任编辑：林致远",
        "来源：青川日报",
        "编辑：林致远",
        "原标题：水库放水了",
        "作者：周雨桐",
        "分享到：微信 微博 QQ空间",
        "扫描二维码，关注青川日报公众号",
        "下载青川新闻客户端，看更多新闻",
        "版权所有 未经授权不得转载",
        "<a href=/zt>&gt;&gt;点击进入专题：春灌</a>",
        "关键词：<a href=/1>水库</a> <a href=/2>春灌</a>",
        "（编辑 林致远）",
        "上一篇：<a href=/1.html>河东新区首条自行车专用路动工</a>",
        "声明：本文仅代表作者个人观点，与本网无关。",
    ],
)
def test_a_line_after_the_story_is_no_part_of_it(line):
    assert read(story(tail=f"<p>{line}</p>")).paragraphs == BODY


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-19 21:44",
        "来源：青川日报 2026-03-19 21:44",
        "字号：大 中 小",
        "原标题：水库放水了",
        "作者：周雨桐",
        "<a href=/app>下载青川新闻客户端</a>",
        TITLE,
    ],
)
def test_a_line_before_the_story_is_no_part_of_it(line):
    body = f"<p>{line}</p>" + "".join(f"<p>{text}</p>" for text in BODY)
    assert read(story(body=body)).paragraphs == BODY


def test_a_story_of_one_sentence_does_not_take_the_page_along():
    nav = "".join(f"<a href=/s{n}>频道{n}</a> " for n in range(40))
    html = f"<title>{TITLE}</title><div>{nav}</div><h1>{TITLE}</h1><div><p>{BODY[1]}</p></div>{items() * 5}"
    assert read(html).paragraphs == (BODY[1],)


def test_a_legal_paragraph_longer_than_the_story_does_not_win():
    legal = "版权所有，未经书面授权，不得转载、摘编、镜像，违者将被追究法律责任，本站所载文章不代表本站立场，" * 8
    assert read(story(body=f"<p>{BODY[1]}</p>", after=f"<div><p>{legal}</p></div>")).paragraphs == (BODY[1],)


@pytest.mark.parametrize("style", ["visibility:hidden", "display:none", "opacity:0"])
def test_a_story_that_a_style_hides_is_read(style):
    body = f'<div style="{style}">' + "".join(f"<p>{line}</p>" for line in BODY) + "</div>"
    assert read(story(body=body)).paragraphs == BODY


def test_hidden_links_are_not_read():
    spam = (
        '<div style="display:none">' + "".join(f"<a href=/x{n}>彩种大全官方网址{n}</a>" for n in range(200)) + "</div>"
    )
    assert read(story(after=spam).replace("<body>", f"<body>{spam}")).paragraphs == BODY


def test_a_list_of_links_within_the_story_is_left_out():
    body = f"<p>{BODY[0]}</p><div><b>相关阅读</b>{items()}</div><p>{BODY[1]}</p><p>{BODY[2]}</p>"
    assert read(story(body=body)).paragraphs == BODY


def test_links_in_sentences_stay():
    body = (
        "".join(f"<p>{line}</p>" for line in BODY)
        .replace("水库", "<a href=/k/1>水库</a>")
        .replace("石桥", "<a href=/k>石桥</a>")
    )
    assert read(story(body=body)).paragraphs == BODY


def test_readers_comments_are_no_part_of_the_story():
    talk = "".join(f"<div><b>网友{n}</b><p>说得太好了，我们小区也应该这样做，大力支持！</p></div>" for n in range(2))
    assert read(story(after=f"<div class=comments><h3>评论</h3>{talk}</div>")).paragraphs == BODY


def test_a_picture_caption_in_the_story_stays():
    figure = "<figure><img src=/1.jpg><figcaption>水库管理处开启闸门。</figcaption></figure>"
    body = f"<p>{BODY[0]}</p>{figure}<p>{BODY[1]}</p>"
    assert read(story(body=body)).paragraphs == (BODY[0], "水库管理处开启闸门。", BODY[1])


def test_markdown_marks_headings_items_and_quotes():
    body = f"<p>{BODY[0]}</p><h2>三个镇先受益</h2><ul><li>{BODY[1]}</li></ul><blockquote>{BODY[2]}</blockquote>"
    parts = read(story(body=body)).markdown.split("\n\n")
    assert parts == [BODY[0], "## 三个镇先受益", f"- {BODY[1]}", f"> {BODY[2]}"]


# -- the kind of page


def test_a_story_is_an_article_and_a_sentence_a_flash():
    text = "".join(f"<p>{line}</p>" for line in BODY * 3)
    assert (
        read(story(meta="2026-03-19 21:44", body=text)).kind,
        read(story(meta="2026-03-19 21:44", body=f"<p>{BODY[1]}</p>")).kind,
    ) == (
        "article",
        "flash",
    )


def test_a_page_of_headlines_is_a_list_and_stores_no_article():
    many = tuple(f"{t}第{n}期" for n in range(6) for t in LIST)
    found = read(f"<title>滚动新闻_青川新闻网</title><h1>滚动新闻</h1>{items(many)}")
    assert (found.kind, found.article, len(found.headlines)) == ("list", None, 24)


def test_an_article_carries_what_the_page_said():
    found = read(story(meta="2026-03-19 21:44 来源：青川日报 作者：周雨桐", tail="<p>责任编辑：林致远</p>")).article
    assert found is not None
    assert (found.title, found.text, found.source, found.author, found.editor) == (
        TITLE,
        "\n".join(BODY),
        "青川日报",
        "周雨桐",
        "林致远",
    )
    assert (found.url, found.fetched_at, found.lang) == ("https://news.example/n/1.html", NOW, "zh-Hans")


# -- a site's own selectors


SITE_PAGE = """<html lang=zh><title>标题甲_某网</title><body><h1>标题甲</h1>
<div class=m><span class=s>来源：甲报</span><span class=t>2026-03-19 21:44</span>
<b class=w>作者：王小明、李四光</b></div>
<div class=c><p>第一段讲了一件事，大家都来听。</p><p class=ad>这一段是广告，请不要当真。</p>
<p>第二段讲了另一件事，大家也来听。</p></div>
<div class=d><p>另一个盒子里有更长的一段话，一般的规则会选它。</p><p>因为它的句子更多。真的更多。非常多。</p></div>"""


def read_with(**rules: object):
    source = Source("site", ("https://a.example/",), **rules)
    at = datetime(2026, 3, 20, tzinfo=UTC)
    return extract(Document("https://a.example/1.html", SITE_PAGE, at, source=source))


def test_a_selector_of_the_site_decides_over_every_general_rule():
    found = read_with(select={"text": ".c", "source": ".s", "author": ".w", "published": ".t", "title": ".d p"})
    assert found.paragraphs == (
        "第一段讲了一件事，大家都来听。", "这一段是广告，请不要当真。", "第二段讲了另一件事，大家也来听。",
    )  # fmt: skip
    assert (found.fields["source"], found.fields["author"]) == ("甲报", ["王小明", "李四光"])
    assert found.fields["published"].isoformat() == "2026-03-19T21:44:00+08:00"
    assert found.fields["title"].startswith("另一个盒子里")
    assert found.evidence["source"] == "the site's selector for source"


def test_a_dropped_box_is_in_no_field():
    assert read_with(select={"text": ".c"}, drop=(".ad",)).paragraphs[1] == "第二段讲了另一件事，大家也来听。"


def test_the_zone_of_the_site_reads_its_times():
    found = read_with(timezone="Europe/Berlin")
    assert found.fields["published"].isoformat() == "2026-03-19T21:44:00+01:00"


def test_a_broken_selector_is_named():
    with pytest.raises(ExtractError, match=r"`p\[\[` is no CSS selector"):
        read_with(drop=("p[[",))


@pytest.mark.parametrize(
    ("title", "kind"),
    [("联系我们", "about the site"), ("隐私政策", "about the site"), ("Privacy Policy", "about the site")],
)
def test_a_page_about_the_site_is_no_article(title, kind):
    body = "".join(f"<p>本站重视每一位访问者，相关事项请阅读第{n}条的说明，如有疑问可以来信。</p>" for n in range(6))
    found = read(story(title=title, body=body))
    assert (found.kind, found.article) == ("other", None)
    assert kind in found.refused


def test_a_thing_to_buy_is_no_article():
    found = read(story(title="城西牌蓝牙耳机", after="<div>￥199</div><div><a href=/buy>加入购物车</a></div>"))
    assert (found.kind, found.refused) == ("other", "a page of a shop")
    assert read(story(meta="2026-03-19 21:44", after="<a href=/buy>加入购物车</a>")).article


def test_a_page_of_nothing_but_links_is_no_article_however_many_they_are():
    links = "".join(f'<a href="/n/{n}.html">河东新区首条自行车专用路动工{n}</a>' for n in range(4_000))
    assert read(f"<html><head><title>t</title></head><body>{links}</body></html>").article is None


@pytest.mark.parametrize("title", ["404", "登录", "页面不存在"])
def test_a_list_of_news_is_a_list_whatever_its_title(title):
    page = f"<html><head><title>{title}</title></head><body><h3>最新</h3>{items()}</body></html>"
    assert (read(page).kind, read(page).refused) == ("list", "")


def test_links_and_pictures_start_at_the_base_that_a_page_names():
    body = f'<p>{BODY[0]}<a href="b.html">公告</a></p><p><img src="i.jpg"></p><p>{BODY[1]}</p>'
    tail = '<p>上一篇：<a href="p.html">河东新区首条自行车专用路动工</a></p>'
    found = read(story(head='<base href="https://cdn.example/x/">', body=body, after=tail))
    assert "(https://cdn.example/x/b.html)" in found.markdown and "(https://cdn.example/x/i.jpg)" in found.markdown
    assert found.fields["image"] == "https://cdn.example/x/i.jpg"
    assert found.fields["previous_article"] == "https://cdn.example/x/p.html"


def test_a_table_keeps_empty_cells_and_broken_lines_in_their_place():
    rows = "<tr><th>项<th>一月<th>二月</tr><tr><td>甲<td><td>20</tr><tr><td>乙<br>丙<td>3<td></tr>"
    body = f"<p>{BODY[0]}</p><table>{rows}</table><p><img src=/i.jpg></p><p>{BODY[1]}</p>"
    table = (
        "| 项 | 一月 | 二月 |\n| --- | --- | --- |\n| 甲 |  | 20 |\n| 乙 丙 | 3 |  |\n\n![](https://news.example/i.jpg)"
    )
    assert table in read(story(body=body)).markdown


@pytest.mark.parametrize("start", ["# ", "- ", "+ ", "3. "])
def test_a_paragraph_that_looks_like_markdown_stays_a_paragraph(start):
    assert f"\n\n{start[0]}" not in read(story(body=f"<p>{BODY[0]}</p><p>{start}{BODY[1]}</p>")).markdown.replace(
        "3\\.", ""
    )


def test_pictures_above_the_first_and_below_the_last_paragraph_are_kept():
    body = f"<img src=/a.jpg><p>{BODY[0]}</p><p>{BODY[1]}</p><p>{BODY[2]}</p><img src=/b.jpg>"
    told = read(story(body=body)).markdown
    assert told.startswith("![](https://news.example/a.jpg)") and told.endswith("![](https://news.example/b.jpg)")
