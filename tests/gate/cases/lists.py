"""Link lists: before, beside and below the story, with and without times, and pages that are nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from tests.gate.build import FETCHED, Page, listed, page
from tests.gate.furniture import HOST, LEGAL, SITE, headlines
from tests.gate.layouts import blog, cms2018, hashed2024, links, magazine, menu, office, portal2012, table2003


def pages() -> Iterator[Page]:
    """Beside stories first, then pages that are lists."""
    yield from _beside()
    yield from _forms()
    yield from _indexes()


def _beside() -> Iterator[Page]:
    items = headlines("zh", 8, "list/times")
    times = [f"2026-03-20T0{9 - n}:1{n}" for n in range(8)]
    rows = "".join(
        f'<li><a href="{h}">{t}</a><span>{times[n][5:].replace("T", " ")}</span></li>' for n, (t, h) in enumerate(items)
    )
    block = f"<h3>滚动新闻</h3><ul>{rows}</ul>"
    yield page("list-latest-with-times", "reservoir", cms2018, side=block, lists=[listed("latest", items, times)])
    rows = "".join(f'<p><i>{times[n][11:]}</i> <a href="{h}">{t}</a></p>' for n, (t, h) in enumerate(items))
    block = f"<div><strong>即时播报</strong>{rows}</div>"
    yield page("list-latest-before-story", "library", portal2012, before=block, lists=[listed("latest", items, times)])
    items = headlines("zh", 7, "list/plain")
    block = f'<dl class="zuixin"><dt>最新</dt>{"".join(f"<dd><a href={h}>{t}</a></dd>" for t, h in items)}</dl>'
    yield page("list-definition", "tea", table2003, side=block, lists=[listed("latest", items)])
    items = headlines("zh-Hant", 6, "list/hant")
    yield page(
        "list-traditional", "hant_port", blog, after=f"<h2>即時新聞</h2>{links(items)}",
        lists=[listed("latest", items)],
    )  # fmt: skip
    items = headlines("en", 6, "list/en")
    tags = "".join(
        f'<li><time datetime="2026-03-20T0{n}:00:00Z">{n}h ago</time><a href="{h}"><h3>{t}</h3></a></li>'
        for n, (t, h) in enumerate(items, 1)
    )
    yield page(
        "list-english-time-tags", "en_owls", magazine, after=f"<section><h2>Just in</h2><ul>{tags}</ul></section>",
        lists=[listed("latest", items)],
    )  # fmt: skip
    yield page("list-three-kinds", "marathon", portal2012, latest=True, related=True)
    yield page("list-three-kinds-hashed", "market", hashed2024, latest=True, related=True)
    yield page("list-three-kinds-english", "en_chip", blog, latest=True, related=True)


def _forms() -> Iterator[Page]:
    items = headlines("zh", 6, "list/pictures")
    cards = "".join(
        f'<div class="c"><a href="{h}"><img src="/t/{n}.jpg" alt="{t}"></a><a href="{h}">{t}</a></div>'
        for n, (t, h) in enumerate(items)
    )
    yield page(
        "list-double-links",
        "bridge",
        cms2018,
        after=f"<div><h4>推荐阅读</h4>{cards}</div>",
        lists=[listed("list", items)],
    )
    items = headlines("zh", 8, "list/cut")
    rows = "".join(f'<li><a href="{h}" title="{t}">{t[:10]}...</a></li>' for t, h in items)
    yield page(
        "list-cut-titles",
        "subway",
        portal2012,
        side=f"<h3>最新资讯</h3><ul>{rows}</ul>",
        lists=[listed("latest", items)],
    )
    items = headlines("zh", 6, "list/tracking")
    rows = "".join(f'<li><a href="{h}?utm_source=side&amp;spm=a1.b{n}">{t}</a></li>' for n, (t, h) in enumerate(items))
    yield page(
        "list-tracking", "satellite", blog, side=f"<h3>最新文章</h3><ul>{rows}</ul>", lists=[listed("latest", items)]
    )
    items = headlines("zh", 6, "list/sections")
    rows = "".join(f'<li>[<a href="/s1/">本地</a>] <a href="{h}">{t}</a> (03-19)</li>' for t, h in items)
    yield page(
        "list-with-sections",
        "hospital",
        table2003,
        after=f"<b>最近更新</b><ul>{rows}</ul>",
        lists=[listed("latest", items)],
    )
    items = headlines("zh", 9, "list/table")
    rows = "".join(
        f"<tr><td>{n}</td><td><a href={h}>{t}</a></td><td>{900 - n}</td></tr>" for n, (t, h) in enumerate(items)
    )
    yield page(
        "list-in-table", "chef", office, side=f"<table><tr><td colspan=3>本周热文</td></tr>{rows}</table>",
        lists=[listed("hot", items)],
    )  # fmt: skip
    first, second = headlines("zh", 12, "list/tabs")[:6], headlines("zh", 12, "list/tabs")[6:]
    tabs = (
        '<div class="tab"><div class="tab-h"><span>今日最新</span><span>一周热门</span></div>'
        f'<div class="tab-b">{links(first)}</div><div class="tab-b" style="display:none">{links(second)}</div></div>'
    )
    yield page(
        "list-tabs",
        "astronomy",
        portal2012,
        side=tabs,
        lists=[listed("latest", first), listed("hot", second)],
        gold={"kind": None},
    )


def _index(
    name: str,
    body: str,
    lists: list[dict[str, Any]],
    *,
    title: str = "滚动新闻",
    language: str = "zh",
    kind: str = "list",
    **gold: Any,
) -> Page:
    """A page without a story."""
    nav = links(menu(language), attributes=' class="nav"')
    html = (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}_{SITE[language]}</title></head><body>'
        f"<div>{nav}</div>{body}<div class=foot><p>{LEGAL[language]}</p></div></body></html>"
    )
    url = f"https://{HOST[language]}/{name}/"
    told = {"url": url, "fetched_at": FETCHED, "kind": kind, "links": lists, **gold}
    return Page(name, html.encode(), {key: value for key, value in told.items() if value})


def _indexes() -> Iterator[Page]:
    items = headlines("zh", 30, "index/rolling")
    times = [f"2026-03-{20 - n // 10}T{(9 - n) % 24:02}:0{n % 10}" for n in range(30)]
    rows = "".join(
        f'<li><a href="{h}">{t}</a><span>{times[n].replace("T", " ")}</span></li>' for n, (t, h) in enumerate(items)
    )
    pager = '<div>1 <a href="index_2.html">2</a> <a href="index_3.html">3</a> <a href="index_2.html">下一页</a></div>'
    yield _index(
        "index-rolling", f"<h1>滚动新闻</h1><ul>{rows}</ul>{pager}", [listed("latest", items, times)],
        next_url=f"https://{HOST['zh']}/index-rolling/index_2.html",
    )  # fmt: skip
    cards = "".join(
        f'<div class="item"><h2><a href="{h}">{t}</a></h2><p>{t}。记者从有关部门了解到，'
        "这项工作进展顺利，预计下月可以完成，届时将有更多居民受益。</p><span>2026-03-19 1{n}:00</span></div>".replace(
            "{n}", str(n % 9)
        )
        for n, (t, h) in enumerate(headlines("zh", 12, "index/cards"))
    )
    yield _index(
        "index-with-summaries",
        f"<h1>本地新闻</h1>{cards}",
        [listed("list", headlines("zh", 12, "index/cards"))],
        title="本地新闻",
    )
    blocks, gold = "", []
    for number, heading in enumerate(("最新消息", "热点排行", "图片新闻", "社会万象")):
        items = headlines("zh", 32, "index/front")[number * 8 : number * 8 + 8]
        blocks += f'<div class="b{number}"><h2>{heading}</h2>{links(items)}</div>'
        gold.append(listed(("latest", "hot", "list", "list")[number], items))
    yield _index("index-front-page", blocks, gold, title="首页")
    items = headlines("en", 15, "index/en")
    cards = "".join(
        f'<article><a href="{h}"><img src="/{n}.jpg"><h3>{t}</h3></a><span>Local</span></article>'
        for n, (t, h) in enumerate(items)
    )
    yield _index(
        "index-english",
        f"<main><h1>Latest news</h1>{cards}</main>",
        [listed("latest", items)],
        title="Latest news",
        language="en",
    )
    rows = "".join(
        f'<tr><td>·<a href="{h}">{t}</a></td><td>03-1{n % 9}</td></tr>'
        for n, (t, h) in enumerate(headlines("zh", 20, "index/t"))
    )
    yield _index(
        "index-table", f"<table>{rows}</table>", [listed("list", headlines("zh", 20, "index/t"))], title="通知公告"
    )
    found = "".join(
        f'<div><a href="{h}">{escape(t)}</a><div>……{t[:8]}……图书馆……</div><cite>{HOST["zh"]}{h}</cite></div>'
        for t, h in headlines("zh", 10, "index/found")
    )
    yield _index(
        "index-search",
        f"<p>找到 10 条结果</p>{found}",
        [listed("list", headlines("zh", 10, "index/found"))],
        title="搜索 图书馆",
    )
    yield _index(
        "other-not-found",
        "<h1>404</h1><p>您访问的页面不存在，三秒后返回首页。</p>",
        [],
        title="页面不存在",
        kind="other",
    )
    form = "<form><h2>用户登录</h2><input name=u><input name=p type=password>"
    form += "<button>登录</button><a href=/r>注册</a></form>"
    yield _index("other-login", form, [], title="用户登录", kind="other")
    pictures = "".join(f'<li><img src="/big/{n}.jpg"><p>第{n}张：湖滨油菜花海航拍</p></li>' for n in range(1, 13))
    yield _index(
        "gallery", f"<h1>高清组图：湖滨油菜花海</h1><div>2026-03-19 21:44</div><ul>{pictures}</ul>", [],
        title="高清组图：湖滨油菜花海", kind="gallery", published_at="2026-03-19T21:44",
    )  # fmt: skip
    player = "<h1>视频：南河大桥合龙瞬间</h1><div>2026-03-19 21:44</div>"
    player += '<video src="/v/1.mp4" controls poster="/v/1.jpg"></video>'
    yield _index("video", player, [], title="视频：南河大桥合龙瞬间", kind="video", published_at="2026-03-19T21:44")
