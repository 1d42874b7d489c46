"""Kinds of sites: AMP, messenger accounts, bundled themes, articles in several pages, paywalls, other languages."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.gate.build import TOLD, Page, p, page
from tests.gate.furniture import HOST, headlines, stories
from tests.gate.layouts import (
    Layout,
    Parts,
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

# Plain pages in each language, without any trouble but the language.
LANGUAGES: tuple[tuple[str, str, Layout], ...] = (
    ("german", "de_bahn", hashed2024), ("german-blog", "de_imker", portal2012), ("russian", "ru_bridge", cms2018),
    ("russian-table", "ru_school", table2003), ("polish", "pl_teatr", magazine), ("polish-table", "pl_tram", office),
    ("greek", "el_ferry", blog), ("greek-portal", "el_olive", portal2012), ("japanese", "ja_station", hashed2024),
    ("japanese-blog", "ja_snow", blog), ("korean", "ko_market", magazine), ("english-office", "en_owls", office),
)  # fmt: skip


def pages() -> Iterator[Page]:
    """Kinds of sites, then languages."""
    yield page("site-amp", "en_ferry", _amp)
    yield page("site-messenger", "tea", _messenger, meta="云岭商报", gold={"published_at": TOLD, "source": "云岭商报"})
    yield page(
        "site-bundled", "battery", hashed2024, head=_linked_data("battery"), latest=True, gold={"author": ["邵子墨"]}
    )
    yield from _parts()
    yield from _walls()
    for name, story, layout in LANGUAGES:
        yield page(f"language-{name}", story, layout, latest=True)


def _linked_data(story: str) -> str:
    told = stories()[story]
    data = {
        "@context": "https://schema.org", "@type": "NewsArticle", "headline": told.title,
        "datePublished": "2026-03-19T13:44:00.000Z",
        "author": [{"@type": "Person", "name": name} for name in told.author],
        "publisher": {"@type": "Organization", "name": told.source}, "articleBody": "".join(told.paragraphs),
    }  # fmt: skip
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'


def _amp(parts: Parts) -> str:
    """An accelerated page: own tags, hidden until its script has run."""
    parts.hot = headlines(parts.language, 4, parts.seed)
    cards = "".join(
        f'<a href="{h}"><amp-img src="/1.jpg" width=1 height=1></amp-img><p>{t}</p></a>' for t, h in parts.hot
    )
    return f"""<!doctype html><html amp lang="en"><head><meta charset="utf-8"><title>{parts.page_title}</title>
<link rel="canonical" href="/n/1.html"><style amp-boilerplate>body{{visibility:hidden}}</style></head>
<body><header><a href="/">Harlow Bay Courier</a></header>
<amp-sidebar id="s"><ul><li><a href="/s1/">News</a></ul></amp-sidebar>
<article class="a"><h1 class="a-h">{parts.title}</h1><p class="a-t">{parts.meta}</p>
<amp-img src="/2.jpg" width="600" height="400" layout="responsive"></amp-img>
<div class="a-b">{parts.body.replace("</p>", '</p><amp-ad width=300 height=250 type="x"></amp-ad>', 2)}</div></article>
<div class="a-r"><h2>Most read</h2>{cards}</div>
<footer>Copyright 2026 Harlow Media Ltd. All rights reserved.</footer></body></html>"""


def _messenger(parts: Parts) -> str:
    """A post of a messenger account: nested sections with styles, the time only in a script and in a meta tag."""
    sections = parts.body.replace("<p>", '<section style="margin:0 8px"><section><span style="font-size:15px">')
    sections = sections.replace("</p>", "</span></section></section>")
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title></title>
<meta property="og:title" content="{parts.title}">
<meta property="og:article:published_time" content="2026-03-19T21:44:00+08:00">
<meta property="article:published_time" content="2026-03-19T21:44:00+08:00"></head>
<body id="activity-detail"><div class="msg_area"><h1 class="msg_title" id="activity-name">{parts.title}</h1>
<div id="meta_content"><span class="msg_meta_nickname"><a href="javascript:void(0);">{parts.meta}</a></span>
<em id="publish_time"></em></div>
<div id="js_article" style="visibility: hidden;">{sections}
<section><span>点击下方“阅读原文”查看更多</span></section></div></div>
<div><a href="javascript:;">阅读原文</a><span>阅读 10万+</span><span>在看 315</span></div>
<script>var ct="1773927840";</script></body></html>"""


def _parts() -> Iterator[Page]:
    """Articles in several pages, and links to the neighbours."""
    told = f"https://{HOST['zh']}/n/555_2.html"
    bar = '<div align="center">1 <a href="555_2.html">2</a> <a href="555_3.html">3</a> '
    bar += '<a href="555_2.html">下一页</a> <a href="555_3.html">尾页</a></div>'
    url = {"url": f"https://{HOST['zh']}/n/555.html"}
    yield page(
        "parts-pager",
        "reservoir",
        portal2012,
        inside=bar,
        gold={"next_url": told, "not_in_body": ["下一页", "尾页"], **url},
    )
    bar = '<p>[<b>1</b>] [<a href="/n/555_2.html">2</a>] [<a href="/n/555_2.html">后一页</a>] '
    bar += '<a href="/n/555_all.html">阅读全文</a></p>'
    yield page(
        "parts-pager-in-story",
        "museum",
        table2003,
        inside=bar,
        gold={"next_url": told, "not_in_body": ["后一页"], **url},
    )
    head = '<link rel="next" href="/n/555_2.html">'
    yield page("parts-link-next", "satellite", cms2018, head=head, gold={"next_url": told, **url})
    items = headlines("zh", 2, "parts/neighbours")
    bar = f'<div><a rel="prev" href="{items[0][1]}">← {items[0][0]}</a>'
    bar += f' <a rel="next" href="{items[1][1]}">{items[1][0]} →</a></div>'
    yield page("parts-neighbours-are-no-parts", "tea", blog, after=bar, gold={"absent": ["next_url"]})


def _walls() -> Iterator[Page]:
    text = stories()["en_chip"].paragraphs[:2]
    wall = "<div><h3>To continue reading, become a member</h3><p>Get unlimited access for $1 a week. "
    wall += "Cancel at any time.</p><a href=/join>Join now</a></div>"
    yield page(
        "wall-english", "en_chip", magazine, body=p(text), inside=wall,
        gold={"body": text, "not_in_body": ["unlimited access", "become a member"], "kind": None},
    )  # fmt: skip
    text = stories()["battery"].paragraphs[:2]
    wall = "<div>剩余70%的内容需订阅后阅读</div><div>订阅本刊，每月仅需18元，畅读全部文章</div>"
    wall += "<a href=/vip>立即开通会员</a>"
    yield page(
        "wall-chinese", "battery", hashed2024, body=p(text), inside=wall,
        gold={"body": text, "not_in_body": ["订阅后阅读", "立即开通"], "kind": None},
    )  # fmt: skip
    items = headlines("zh", 3, "wall/app")
    more = f"<div>展开全文</div><div>打开APP，查看更多精彩内容</div>{links(items)}"
    yield page(
        "wall-open-app", "price", mobile, inside=more, gold={"not_in_body": ["展开全文", "打开APP"], "links": None}
    )
