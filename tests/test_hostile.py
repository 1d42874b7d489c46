"""Input that means harm or makes no sense: a result or ExtractError, in time that grows with the size only."""

from __future__ import annotations

import contextlib
import json
import time
from html import escape

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crawler.decode import decode
from crawler.page import ExtractError, Extraction
from crawler.parse import parse
from crawler.walk import grow
from tests.small_pages import BODY, TITLE, read


@pytest.mark.parametrize(
    "html", ["", " \n\t", "\x00", "just words", "水库放水", "\ufffd" * 50, "{}", "%PDF-1.4 \ufffd" * 20]
)
def test_what_is_no_page_is_refused(html):
    with pytest.raises(ExtractError) as refused:
        read(html)
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize(
    "html",
    [
        "<p>",
        "<html>",
        "<",
        "<!doctype html>",
        "<title>",
        "<a href=",
        "<p>\ud800\udfff</p>",
        "<p>a\x00b</p>",
        "<table><td><table>",
        "<a href='http://[::1'>一二三四五六七</a>" * 4,
        "<script>" * 50,
        "<!--" * 50 + "<p>",
        "<base href='http://[']><a href=x>y</a>",
        "<script type=application/ld+json>" + "[" * 5000 + "</script><p>a</p>",
        "<time datetime=9999-99-99>x</time><p>a</p>",
        "<link rel=canonical href='http://[x'><p>a</p>",
        "<meta property=og:image content='http://[x'><p>a</p>",
        "<p>&#x110000;&#0;</p>",
        "<p>99999999999999999999天前 0000-00-00 00:00</p><h1>a</h1>",
        "<h1>" + "长" * 5000 + "</h1>",
        "<p>٣/٣/٢٠٢٦ ٣:٣٣</p>",
        "<div style='" + "display:" * 1000 + "'>x</div>",
        "<svg><p><math><mi><p>一二三</math></svg>",
        "<frameset><frame src=x></frameset>",
    ],
)
def test_odd_pages_are_read_or_refused(html):
    with contextlib.suppress(ExtractError):
        read(html)


def nested(tag: str) -> float:
    """CPU seconds for a page of 100,000 tags within each other."""
    html = f"<title>{TITLE}</title>" + f"<{tag}>" * 100_000 + BODY[0]
    start = time.process_time()
    read(html)
    return time.process_time() - start


@pytest.mark.parametrize("tag", ["div", "b", "a href=/x"])
def test_a_hundred_thousand_nested_tags_take_less_than_a_second(tag):
    assert nested(tag) < 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "tag", ["ul><li", "table><tr><td", "span", "font", "blockquote", "p", "svg", "h1", "form", "select"]
)
def test_a_hundred_thousand_nested_tags_of_any_kind_take_less_than_three_seconds(tag):
    assert nested(tag) < 3.0


@pytest.mark.parametrize(
    "part",
    [
        "水库放水，",
        "a",
        "<a href=/n/1.html>河东新区首条自行车专用路</a>",
        "<p>水库放水。</p>",
        "&amp;",
        "<br>",
        "2026-03-19 21:44 ",
        "</div>",
        "<b>一</b>",
        "<",
        "<!--",
        "本报记者 ",
        "作者：",
        "来源",
        " - ",
        "1",
        "年月日",
        "（",
        "<td>1",
        "By A and ",
        "<time datetime=1>",
    ],
)
def test_time_grows_with_the_size_only(part):
    """Eight times the input may not take much more than eight times as long."""
    small = 240_000 // max(4, len(part))
    before, after = (
        _least_cpu(f"<title>{TITLE}</title><h1>{TITLE}</h1><div>" + part * n + "</div>") for n in (small // 8, small)
    )
    assert after < 0.15 + 20 * before


def _least_cpu(html: str) -> float:
    start = time.process_time()
    with contextlib.suppress(ExtractError):
        read(html)
    return time.process_time() - start


def list_of(count: int) -> tuple[Extraction, float]:
    """A page of so many links, and the CPU seconds that it takes."""
    rows = "".join(f"<li><a href=/n/{n}.html>河东新区首条自行车专用路动工{n}</a></li>" for n in range(count))
    start = time.process_time()
    found = read(f"<title>{TITLE}</title><h1>{TITLE}</h1><ul>{rows}</ul>")
    return found, time.process_time() - start


def test_a_list_of_very_many_links_is_cut_to_a_length():
    found, spent = list_of(4_000)
    assert spent < 1.0 and 0 < len(found.lists[0].items) <= 1000


@pytest.mark.slow
def test_fifty_thousand_links_take_time_in_proportion():
    assert list_of(50_000)[1] < 8 * list_of(10_000)[1] + 0.2


@pytest.mark.slow
def test_a_million_links_take_seconds_and_hide_no_story():
    links = "".join(f"<a href=/n/{n}.html>河东新区首条自行车专用路动工{n}</a>" for n in range(1_000_000))
    story = "".join(f"<p>{paragraph}</p>" for paragraph in BODY)
    start = time.process_time()
    found = read(f"<title>{TITLE}</title><h1>{TITLE}</h1>{story}<div>{links}</div>")
    assert time.process_time() - start < 15
    assert found.paragraphs == tuple(BODY)
    assert any(line.startswith("cut: ") for line in found.trace)


@pytest.mark.parametrize("part", ["<tr><td>字<td>x", "字<br>", "<option>x", "<h2>x</h2>", "<!---->", "</p>"])
def test_a_page_of_small_tags_only_takes_no_more_memory_than_a_large_one(part, monkeypatch):
    """Each node takes 300 bytes: seven megabytes of these would take half a gigabyte."""
    most = 3000
    monkeypatch.setattr("crawler.parse.MAX_TAGS", most)
    story = "".join(f"<p>{paragraph}</p>" for paragraph in BODY)
    html = f"<title>{TITLE}</title><h1>{TITLE}</h1>{story}<table>" + part * (2 * most)
    assert sum(1 for _ in parse(html)[0].traverse(include_text=True)) < 3 * most
    found = read(html)
    assert found.paragraphs[: len(BODY)] == tuple(BODY)
    assert any(line.startswith("cut: ") for line in found.trace)


def test_the_largest_real_pages_are_read_whole():
    rows = "".join(f"<li><a href=/n/{n}.html>桥</a></li>" for n in range(10_000))
    assert not parse(f"<title>{TITLE}</title><ul>{rows}</ul>")[1]


@pytest.mark.slow
def test_links_beyond_those_that_are_kept_are_still_no_text():
    links = "".join(f"<a href=/n/{n}.html><b>河东新区</b>首条自行车专用路今天动工，{n}。</a>" for n in range(25_000))
    found = read(f"<title>{TITLE}</title><h1>{TITLE}</h1><div><p>{BODY[0]}</p><p>{BODY[1]}</p></div><div>{links}</div>")
    assert len(found.anchors) == 20_000
    assert found.paragraphs == tuple(BODY[:2])


@pytest.mark.slow
def test_fifty_megabytes_in_one_line_take_seconds():
    assert _least_cpu(f"<title>{TITLE}</title><h1>{TITLE}</h1><p>" + "word and, " * 5_000_000) < 5


@pytest.mark.parametrize("around", ["div", "span", "font", "section"])
def test_a_story_below_fifty_thousand_nested_tags_keeps_headline_and_paragraphs(around):
    story = f"<title>{TITLE}</title><h1>{TITLE}</h1>" + "".join(f"<p>{paragraph}</p>" for paragraph in BODY)
    found = read(f"<{around}>" * 50_000 + story + f"</{around}>" * 50_000)
    assert found.fields["title"] == TITLE and found.paragraphs == tuple(BODY)


def line_of(count: int) -> float:
    """The CPU seconds of a page with so many links in one line, among sentences that keep it a story."""
    part = "河东新区首条自行车专用路今天上午动工，<a href=/n/{n}.html>工期两年</a>，沿线居民表示期待。"
    return _least_cpu(f"<title>{TITLE}</title><h1>{TITLE}</h1><p>" + "".join(part.format(n=n) for n in range(count)))


@pytest.mark.slow
def test_links_in_one_line_take_time_in_proportion():
    assert line_of(40_000) < 8 * line_of(10_000) + 0.2


@pytest.mark.slow
def test_a_line_of_a_million_characters_takes_less_than_three_seconds():
    assert _least_cpu(f"<title>{TITLE}</title><h1>{TITLE}</h1><p>" + "水库今天放水，来源不明" * 100_000) < 3.0


# -- properties

TAGS = "a b p br div td tr table ul li h1 h2 span article section title time script meta base link form nav".split()
WORDS = [
    "水库",
    "来源：",
    "记者 周雨桐",
    "2026-03-19",
    "21:44",
    "最新",
    "相关新闻",
    "评论",
    "。",
    "，",
    "By A",
    "责任编辑：",
    "3小时前",
]


@st.composite
def pages(draw: st.DrawFn) -> str:
    """Tag soup that looks like news."""
    parts = []
    for _ in range(draw(st.integers(0, 25))):
        tag = draw(st.sampled_from(TAGS))
        name = draw(
            st.sampled_from(
                ["", " class=content", " class=comment", " style=display:none", " href=/n/1.html", " datetime=x"]
            )
        )
        text = "".join(draw(st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=5)))
        parts.append(
            draw(st.sampled_from([f"<{tag}{name}>", f"</{tag}>", f"<{tag}{name}>{escape(text)}</{tag}>", text]))
        )
    return "".join(parts)


def outcome(html: str) -> Extraction | str:
    try:
        return read(html)
    except ExtractError as error:
        return error.reason


SOON = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SOON
@given(st.text() | pages())
@example("<p>\ud800")
def test_any_text_is_read_or_refused(html):
    assert isinstance(outcome(html), Extraction | str)


@SOON
@given(
    st.binary(max_size=400),
    st.sampled_from(["", "text/html; charset=gbk", "text/html; charset=utf-16", "x; charset=\x00"]),
)
def test_any_bytes_are_decoded_then_read_or_refused(body, header):
    assert isinstance(outcome(decode(body, header).text), Extraction | str)
    assert isinstance(outcome(decode(b"<p>" + body, header).text), Extraction | str)


@SOON
@given(pages())
def test_the_same_page_gives_the_same_result(html):
    assert outcome(html) == outcome(html)


@SOON
@given(pages())
def test_what_comes_out_was_on_the_page(html):
    """No paragraph is invented, none is empty, and every item has an address."""
    found = outcome("<title>t</title>" + html)
    if isinstance(found, Extraction):
        shown = {line.text for line in grow("<title>t</title>" + html).lines}
        assert set(found.paragraphs) <= shown and all(found.paragraphs)
        assert all(one.url.startswith("http") and one.title for one in found.headlines)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(alphabet=st.characters(), max_size=8)
    | st.just("\ud800x\udfff"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.just("name") | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_JSON, st.sampled_from(["headline", "author", "keywords", "publisher", "articleSection", "image", "@id"]))
@example("\ud800 half a character", "headline")
@example({"name": "J\udc00hn Smith"}, "author")
@example([""], "articleSection")
def test_whatever_linked_data_says_can_be_written_to_a_file(value, key):
    data = json.dumps({"@type": "NewsArticle", key: value}).replace("<", "\\u003c")
    found = read(f'<script type="application/ld+json">{data}</script><h1>{TITLE}</h1><p>{BODY[0]}</p><p>{BODY[1]}</p>')
    assert str((found.fields, found.evidence, found.paragraphs, found.lists)).encode()
    assert all(
        str(one).encode() for each in found.fields.values() for one in (each if isinstance(each, list) else [each])
    )


# -- one place of a page that is very long


RUNS = (
    "_-|", "-", " ", "- ", "|", "\u3000 ", "\xa0", "，", "。", "…", "、", "·", "：", "）", "]", "（", "/", "\\", "'",
    '"', "<", "作者：", "来源：", "本报记者", "责任编辑：", "-新闻网 ", "频道", "张三、", "日电", "1小时前 ", "1",
    "12:30 ", "2026-", "年月日", "ab, ", "and ", "By A ", "A ", "a@", "http://a", "//", "更多", "点击",
    "\u200b", "\u0301", "가", "あ",
)  # fmt: skip
METAS = (
    *("og:title", "author", "og:site_name", "keywords", "description", "article:published_time", "source", "og:image"),
    *("article:section", "robots", "news_keywords", "editor", "article:author", "publishdate", "copyright"),
)
KEYS = (
    "headline datePublished author articleSection keywords image inLanguage articleBody isAccessibleForFree url".split()
)


def pages_with(run: str) -> dict[str, str]:
    """Pages that have something very long in one place, by the place."""
    told, body = escape(run), "".join(f"<p>{paragraph}</p>" for paragraph in BODY)
    head, top = f"<title>{TITLE}</title>", f"<h1>{TITLE}</h1>"
    metas = "".join(f'<meta name="{name}" content="x{told}y">' for name in METAS)
    linked = json.dumps({"@type": "NewsArticle", "publisher": {"name": run}} | dict.fromkeys(KEYS, run))
    boxes = "".join(f"<span class={name}>{told}</span>" for name in ("author", "source", "time", "editor"))
    named = f"<a rel=next href='{told}'>下一页</a>"
    items = "".join(f"<li><a href=/n/{n}.html>{told if n < 3 else LINK}{n}</a> {told}</li>" for n in range(6))
    return {
        "title": f"<title>标题{told}</title>{top}{body}",
        "title's beginning": f"<title>{told}标题</title><h1>别的</h1>{body}",
        "heading": f"<title>{TITLE}{told}</title><h1>{TITLE}{told}</h1>{body}",
        "paragraph": f"{head}{top}<p>{told}</p>{body}<p>{told}x</p>",
        "byline": f"{head}{top}<div class='info time'>来源：{told} 作者：{told} 2026-03-19 21:44 {told}</div>{body}",
        "boxes": f"{head}{top}{boxes}{body}<p>（{told}）</p>",
        "metadata": f"{head}{metas}<h1>别的</h1>{body}",
        "JSON-LD": f"{head}<script type=application/ld+json>{linked}</script><h1>别的</h1>{body}",
        "script": f"{head}<script type=application/ld+json>{run}</script><script>pubdate:'{run}'</script>{body}",
        "links": f"{head}{top}{body}<ul>{items}</ul>",
        "attributes": f"{head}<h1 class='{told}'>{TITLE}</h1><time datetime='{told}'></time>{named}{body}",
        "breadcrumbs": f"{head}<div class=crumb>您的位置：{told} &gt; {told}</div>{top}{body}<p>{told}</p>",
    }


LINK = "河东新区首条自行车专用路动工"


@pytest.mark.parametrize("run", ["_-|", " ", "-新闻网 ", "，"])
def test_a_title_of_thirty_thousand_characters_holds_nothing_up(run):
    pages = pages_with(run * (30_000 // len(run)))
    for place in ("title", "title's beginning", "metadata", "links"):
        assert (place, _least_cpu(pages[place]) < 0.8) == (place, True)


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS)
def test_a_hundred_thousand_characters_in_one_place_hold_nothing_up(run):
    for place, html in pages_with(run * (100_000 // len(run))).items():
        assert (place, _least_cpu(html) < 2) == (place, True)
