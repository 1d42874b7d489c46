"""What stands in the story's own box and is no story: link grids, credits, invitations, buttons."""

from __future__ import annotations

from collections.abc import Iterator

from tests.gate.build import Page, listed, p, page
from tests.gate.furniture import headlines, stories
from tests.gate.layouts import blog, cms2018, hashed2024, links, magazine, menu, mobile, office, portal2012, table2003


def pages() -> Iterator[Page]:
    """Grids first, then lines before and after the story."""
    yield from _grids()
    yield from _heads()
    yield from _tails()


def _grids() -> Iterator[Page]:
    rows = "".join(
        "<div>" + " ".join(f'<a href="{href}">{name}</a>' for name, href in menu("zh", n, 6)) + "</div>"
        for n in (0, 6, 12)
    )
    yield page("grid-channels", "reservoir", portal2012, inside=f"<div>{rows}</div>", gold={"not_in_body": ["房产"]})
    items = headlines("zh", 10, "grid/list")
    yield page(
        "grid-list-at-end", "library", blog, inside=f"<h4>推荐阅读</h4>{links(items)}",
        gold={"not_in_body": [items[0][0], "推荐阅读"]},
    )  # fmt: skip
    text = stories()["bridge"].paragraphs
    items = headlines("zh", 4, "grid/middle")
    middle = f"<div><strong>相关阅读</strong>{links(items)}</div>"
    yield page(
        "grid-in-the-middle", "bridge", cms2018, body=p(text[:2]) + middle + p(text[2:]),
        lists=[listed("related", items)], gold={"not_in_body": [items[1][0], "相关阅读"]},
    )  # fmt: skip
    text = stories()["satellite"].paragraphs
    items = headlines("zh", 2, "grid/lines")
    lines = [f'<p><a href="{href}">►延伸阅读：{title}</a></p>' for title, href in items]
    yield page(
        "grid-link-lines", "satellite", hashed2024, body=p(text[:2]) + lines[0] + p(text[2:4]) + lines[1] + p(text[4:]),
        gold={"not_in_body": ["延伸阅读", items[0][0]]},
    )  # fmt: skip
    items = headlines("zh", 12, "grid/table")
    cells = "".join(
        "<tr>" + "".join(f'<td>·<a href="{href}">{t[:11]}</a></td>' for t, href in items[n : n + 3]) + "</tr>"
        for n in range(0, 12, 3)
    )
    yield page(
        "grid-table", "tea", table2003, inside=f"<table width=100%>{cells}</table>",
        gold={"not_in_body": [items[0][0][:11]]},
    )  # fmt: skip
    pictures = "".join(
        f'<li><a href="{href}"><img src="/p/{n}.jpg"></a><a href="{href}">{t}</a></li>'
        for n, (t, href) in enumerate(headlines("zh", 4, "grid/pictures"))
    )
    yield page("grid-thumbnails", "market", portal2012, inside=f"<ul>{pictures}</ul>")


def _heads() -> Iterator[Page]:
    text = p(stories()["museum"].paragraphs)
    first = "<p>原标题：一张船票四分钱 临港展出四十年旧纸片</p><p>2026-03-19 21:44 来源：临港文化周刊</p>"
    first += "<p>字号：大 中 小</p>"
    yield page(
        "head-credits", "museum", cms2018, body=first + text, meta="",
        gold={"published_at": "2026-03-19T21:44", "source": "临港文化周刊", "not_in_body": ["原标题", "字号"]},
    )  # fmt: skip
    text = p(stories()["school"].paragraphs)
    first = '<p><a href="/app">下载秦岭教育客户端，获取更多教育新闻</a></p>'
    first += '<p>【进入<a href="/bbs">教育论坛</a>参与讨论】</p>'
    yield page("head-promotion", "school", portal2012, body=first + text, gold={"not_in_body": ["客户端", "论坛"]})
    text = p(stories()["hant_film"].paragraphs)
    first = '<div><a href="/fb">按此讚好本報專頁</a></div><div>字體： <a>大</a> <a>中</a> <a>小</a></div>'
    yield page("head-traditional", "hant_film", mobile, body=first + text, gold={"not_in_body": ["專頁", "字體"]})
    text = p(stories()["en_owls"].paragraphs)
    first = "<p>By Priya Nair</p><p>Published 19 March 2026, 21:44</p><p>4 min read</p>"
    yield page(
        "head-english", "en_owls", magazine, meta="", body=first + text,
        gold={
            "published_at": "2026-03-19T21:44", "author": ["Priya Nair"], "not_in_body": ["min read", "Published 19"],
        },
    )  # fmt: skip


def _tails() -> Iterator[Page]:
    tail = "<p>（责任编辑：冯宁）</p><p>来源：海澜都市报</p>"
    yield page(
        "tail-credits", "subway", portal2012, meta="2026-03-19 21:44", inside=tail,
        gold={
            "published_at": "2026-03-19T21:44", "source": "海澜都市报", "editor": "冯宁", "absent": ["author"],
            "not_in_body": ["责任编辑", "来源：海澜"],
        },
    )  # fmt: skip
    tail = "<p>扫描二维码下载“江南生活”客户端，看更多身边新闻</p><p>长按识别二维码，关注江南生活报公众号</p>"
    yield page("tail-invitation", "market", hashed2024, inside=tail, gold={"not_in_body": ["二维码", "公众号"]})
    items = headlines("zh", 2, "tail/topic")
    tail = "<p><strong>此前报道：</strong></p>" + "".join(f'<p><a href="{h}">{t}</a></p>' for t, h in items)
    tail += '<p><a href="/zt/">&gt;&gt;点击进入专题：湖滨马拉松</a></p>'
    yield page(
        "tail-topic", "marathon", cms2018, inside=tail, gold={"not_in_body": ["此前报道", items[0][0], "进入专题"]}
    )
    tail = (
        '<div>分享到： <a href="#">新浪微博</a> <a href="#">人人网</a> <a href="#">更多</a></div>'
        '<div>【<a href="#">打印</a>】【<a href="#">关闭窗口</a>】【<a href="#">返回顶部</a>】</div>'
    )
    yield page("tail-buttons", "flood_drill", table2003, inside=tail, gold={"not_in_body": ["分享到", "打印"]})
    tail = '<p>关键词： <a href="/t1">蔬菜</a> <a href="/t2">批发价格</a> <a href="/t3">农贸</a></p>'
    yield page("tail-keywords", "price", portal2012, inside=tail, gold={"not_in_body": ["关键词"]})
    items = headlines("zh", 2, "tail/steps")
    tail = "".join(f'<p>{w}：<a href="{h}">{t}</a></p>' for w, (t, h) in zip(("上一篇", "下一篇"), items, strict=True))
    yield page("tail-steps", "astronomy", blog, inside=tail, gold={"not_in_body": ["上一篇", items[1][0]]})
    tail = "<p>編輯：馮國強</p><p>更多即時新聞請下載南島新聞社 APP</p>"
    yield page(
        "tail-traditional", "hant_typhoon", cms2018, inside=tail,
        gold={"editor": "馮國強", "not_in_body": ["編輯", "APP"]},
    )  # fmt: skip
    text = stories()["en_ferry"].paragraphs
    form = "<div><p>Sign up for our weekly letter and never miss a story.</p>"
    form += "<form><input><button>Subscribe</button></form></div>"
    tail = "<p>Follow us on Facebook and Mastodon.</p><p><em>Edited by Paul Denby</em></p>"
    yield page(
        "tail-english", "en_ferry", blog, body=p(text[:2]) + form + p(text[2:]), inside=tail,
        gold={"not_in_body": ["weekly letter", "Follow us"], "body": text},
    )  # fmt: skip
    tail = (
        "<p>记者：路遥远</p><p>摄影：丁一</p><p>编辑：古月</p><p>审核：白雪</p>"
        '<p><a href="mailto:a@heping.example">新闻热线：000-12345</a></p>'
    )
    yield page(
        "tail-staff", "chef", office, inside=tail,
        gold={"author": ["路遥远"], "editor": "古月", "not_in_body": ["摄影", "审核", "热线"]},
    )  # fmt: skip
