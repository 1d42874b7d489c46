"""Times of list items, and that they are never taken for the article's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.extract import extract
from crawler.page import Document, Extraction

AT = datetime(2026, 3, 21, tzinfo=UTC)
ITEMS = [(f"第{n}条新闻的标题写得足够长{n}", f"/n/{n}.html", f"2026-03-20T2{n}:15:00+08:00") for n in range(4)]
STORY = """<h1>本文的标题在这里</h1>{meta}
<div class=c><p>第一段说了一件事，大家都在听。</p><p>第二段说了另一件事，也很长。</p></div>"""
LINKED = '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2026-03-19T13:44:32Z"}</script>'

SHAPES = {
    "inline": lambda t, u, w: f'<a href="{u}"><span>{t}</span><time datetime="{w}">{w[11:16]}</time></a>',
    "after": lambda t, u, w: f'<li><a href="{u}">{t}</a><time datetime="{w}">{w[11:16]}</time></li>',
    "before": lambda t, u, w: f'<div><time datetime="{w}">{w[11:16]}</time><a href="{u}">{t}</a></div>',
    "text after": lambda t, u, w: f'<li><a href="{u}">{t}</a><br><i>{w[:10]} {w[11:16]}</i></li>',
    "text before": lambda t, u, w: f'<li><div>{w[:10]} {w[11:16]}</div><div><a href="{u}">{t}</a></div></li>',
    "one line": lambda t, u, w: f'<a href="{u}">{t}</a> {w[:10]} {w[11:16]} ',
}


def read(body: str, head: str = "") -> Extraction:
    html = f"<html lang=zh><head><title>本文的标题在这里_某报</title>{head}</head><body>{body}</body></html>"
    return extract(Document("https://a.example/n/9.html", html, AT))


def box(shape: str) -> str:
    return "<aside><h3>最新资讯</h3><div>" + "".join(SHAPES[shape](*item) for item in ITEMS) + "</div></aside>"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("first", [True, False])
def test_each_item_has_its_own_time_and_a_title_without_it(shape: str, first: bool):
    story = STORY.format(meta="<p>2026-03-19 21:44:32</p>")
    found = read(box(shape) + story if first else story + box(shape))
    (latest,) = found.lists
    assert [(i.title, i.published_at and i.published_at.isoformat()) for i in latest.items] == [
        (title, when) for title, _, when in ITEMS
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("first", [True, False])
def test_an_items_time_is_not_the_articles(shape: str, first: bool):
    story = STORY.format(meta="")
    found = read(box(shape) + story if first else story + box(shape), LINKED)
    assert found.fields["published"].isoformat() == "2026-03-19T21:44:32+08:00"
    assert found.evidence["published"].startswith("JSON-LD")
