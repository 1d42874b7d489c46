"""Who: source, author and editor in the forms in which pages credit them, in the meta line or in the story."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.gate.build import TOLD, Page, p, page
from tests.gate.furniture import stories
from tests.gate.layouts import Layout, blog, cms2018, hashed2024, magazine, mobile, office, portal2012, table2003

T = "2026-03-19 21:44"
# name, story, layout, the meta line, what it says
LINES: tuple[tuple[str, str, Layout, str, dict[str, Any]], ...] = (
    ("source-colon", "reservoir", portal2012, f"{T}　来源：青川日报", {"source": "青川日报"}),
    ("source-linked", "library", cms2018, f'{T} 来源：<a href="http://bzwb.example">北洲晚报</a>',
     {"source": "北洲晚报"}),
    ("source-origin", "bridge", office, f"稿源：江岭新闻网 发布时间：{T}", {"source": "江岭新闻网"}),
    ("source-article", "tea", table2003, f"{T} 文章来源：云岭商报 点击：1208", {"source": "云岭商报"}),
    ("source-before-time", "subway", mobile, f"海澜都市报　{T}", {"source": "海澜都市报"}),
    ("source-after-time", "satellite", cms2018, f"<span>{T}</span><span>天枢科技报</span>", {"source": "天枢科技报"}),
    ("source-split", "hospital", hashed2024, f"<span>来源：</span><span>松原健康报</span><span>{T}</span>",
     {"source": "松原健康报"}),
    ("source-title-marks", "market", portal2012, f"{T} 来源：《江南生活报》", {"source": "江南生活报"}),
    ("source-traditional", "hant_port", cms2018, f"{T} 來源：東灣時報 記者 梁詠詩",
     {"source": "東灣時報", "author": ["梁詠詩"]}),
    ("source-brackets", "museum", table2003, f"【{T}】【来源：临港文化周刊】【字号：大 中 小】",
     {"source": "临港文化周刊"}),
    ("source-and-author", "school", portal2012, f"{T} 来源：秦岭教育报 作者：阎小北",
     {"source": "秦岭教育报", "author": ["阎小北"]}),
    ("source-and-editor", "chef", cms2018, f"{T} 来源：和平区融媒体中心 编辑：古月",
     {"source": "和平区融媒体中心", "editor": "古月", "absent": ["author"]}),
    ("source-spaced", "marathon", office, f"来源： 湖滨体育网   时间： {T}   浏览次数： 77", {"source": "湖滨体育网"}),
    ("source-own", "price", blog, f"{T} 来源：本站原创", {"source": "本站原创"}),
    ("author-reporter", "battery", portal2012, f"{T} 启明工业周刊 记者 邵子墨",
     {"source": "启明工业周刊", "author": ["邵子墨"]}),
    ("author-two", "flood_drill", cms2018, f"{T} 作者：祝融 娄晓东", {"author": ["祝融", "娄晓东"]}),
    ("author-comma", "library", hashed2024, f"记者：郑书航、高一鸣 | {T}", {"author": ["郑书航", "高一鸣"]}),
    ("author-slash", "tea", mobile, f"文/苏晚晴　{T}", {"author": ["苏晚晴"]}),
    ("author-bar", "market", hashed2024, f"撰文｜严冬　编辑｜乔叶　{T}", {"author": ["严冬"], "editor": "乔叶"}),
    ("author-traditional", "hant_film", blog, f"{T} 文：顏子悠 責任編輯：盧家寶",
     {"author": ["顏子悠"], "editor": "盧家寶"}),
    ("author-by", "en_ferry", magazine, "By Nora Whitfield | 19 March 2026, 21:44", {"author": ["Nora Whitfield"]}),
    ("author-by-two", "en_bakery", blog, "By Ellis Grant and Mary Okoro<br>19 March 2026, 21:44",
     {"author": ["Ellis Grant", "Mary Okoro"]}),
    ("author-linked", "en_owls", hashed2024, '<a rel="author" href="/by/priya">Priya Nair</a> · 19 March 2026, 21:44',
     {"author": ["Priya Nair"]}),
    ("author-posted", "en_chip", cms2018, "Posted by Ben Castillo on 19 March 2026 21:44",
     {"author": ["Ben Castillo"]}),
    ("author-german", "de_bahn", blog, "Von Katrin Vollmer, 19.03.2026, 21:44 Uhr", {"author": ["Katrin Vollmer"]}),
    ("author-japanese", "ja_station", portal2012, "2026年3月19日 21:44　記者 佐伯美咲", {"author": ["佐伯美咲"]}),
    ("author-russian", "ru_school", magazine, "Автор: Игорь Мельников, 19.03.2026 21:44",
     {"author": ["Игорь Мельников"]}),
    ("author-desk", "en_brief", magazine, "By Staff Writer, 19 March 2026, 21:44",
     {"absent": ["author"], "kind": None}),
)  # fmt: skip


def pages() -> Iterator[Page]:
    """Under the headline, then in the story and in the head of the page."""
    for name, story, layout, meta, gold in LINES:
        yield page(f"credit-{name}", story, layout, meta=meta, gold={"published_at": TOLD, **gold})
    yield from _in_story()
    yield from _in_head()


def _in_story() -> Iterator[Page]:
    """Datelines and last lines; a dateline is part of the story, a line of credits is not."""
    text = stories()["hospital"].paragraphs
    dateline = ["本报讯（记者 姜南 廖小明）" + text[0], *text[1:]]
    yield page(
        "credit-dateline", "hospital", portal2012, body=p(dateline), meta=T,
        gold={"body": dateline, "published_at": TOLD, "author": ["姜南", "廖小明"]},
    )  # fmt: skip
    text = stories()["subway"].paragraphs
    dateline = ["海澜都市报记者 潘一凡 报道 " + text[0], *text[1:]]
    yield page(
        "credit-dateline-medium", "subway", cms2018, body=p(dateline), meta=T,
        gold={"body": dateline, "published_at": TOLD, "author": ["潘一凡"]},
    )  # fmt: skip
    text = stories()["satellite"].paragraphs
    ending = [*text[:-1], text[-1] + "（记者 孟知行）"]
    yield page(
        "credit-end-of-story", "satellite", office, body=p(ending), meta=T,
        gold={"body": ending, "published_at": TOLD, "author": ["孟知行"]},
    )  # fmt: skip
    text = stories()["flood_drill"].paragraphs
    first = ["■本报记者 祝融 娄晓东", *text]
    yield page(
        "credit-own-line", "flood_drill", portal2012, body=p(first), meta=T,
        gold={"published_at": TOLD, "author": ["祝融", "娄晓东"], "body": None, "with": text},
    )  # fmt: skip
    lines = "<p>来源：云岭台网</p><p>责编：贺俊</p><p>审核：白雪 李青</p>"
    yield page(
        "credit-tail-lines", "flash_quake", hashed2024, inside=lines, meta=T,
        gold={"published_at": TOLD, "source": "云岭台网", "editor": "贺俊", "absent": ["author"]},
    )  # fmt: skip
    yield page(
        "credit-editor-number", "marathon", cms2018, inside="<div>(责任编辑：涂明 HN031)</div>", meta=T,
        gold={"published_at": TOLD, "editor": "涂明", "absent": ["author"]},
    )  # fmt: skip
    yield page(
        "credit-bracket-source", "astronomy", mobile, inside="<p>（来源：星空天文台）</p>", meta=T,
        gold={"published_at": TOLD, "source": "星空天文台"},
    )  # fmt: skip
    text = stories()["school"].paragraphs
    text = [*text[:4], "“记者你好，请一定把我们写进去。”一个学生说。"]
    yield page(
        "credit-person-in-story", "school", table2003, body=p(text), meta=T,
        gold={"published_at": TOLD, "absent": ["author", "source"], "body": text},
    )  # fmt: skip


def _in_head() -> Iterator[Page]:
    head = (
        '<script type="application/ld+json">{"@context":"https://schema.org","@type":["NewsArticle"],"headline":"'
        f'{stories()["en_bakery"].title}","author":[{{"@type":"Person","name":"Ellis Grant"}},{{"@type":"Person",'
        '"name":"Mary Okoro"}],"publisher":{"@type":"Organization","name":"Harlow Bay Courier"}}</script>'
    )
    yield page("credit-linked-data", "en_bakery", hashed2024, head=head, gold={"author": ["Ellis Grant", "Mary Okoro"]})
    head = '<meta name="author" content="Ben Castillo"><meta name="source" content="Circuit Weekly">'
    yield page("credit-meta", "en_chip", blog, head=head, gold={"author": ["Ben Castillo"], "source": "Circuit Weekly"})
    head = '<meta name="author" content="admin"><meta name="mediaid" content="农贸信息网">'
    yield page(
        "credit-meta-admin", "price", portal2012, head=head, meta=T,
        gold={"published_at": TOLD, "source": "农贸信息网", "absent": ["author"]},
    )  # fmt: skip
