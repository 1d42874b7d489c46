"""Pages just large enough to show one thing, for the tests of extraction."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from crawler.extract import extract
from crawler.page import Document, Extraction

CHINA = timezone(timedelta(hours=8))
NOW = datetime(2026, 3, 20, 10, 0, tzinfo=CHINA)
TITLE = "青川水库启动春灌放水"
BODY = (
    "青川水库管理处今天上午开启两孔闸门，今年首轮春灌放水正式开始，预计持续十二天。",
    "下游柳河、石桥、南坪三个镇的农田最先受益，总放水量约八百六十万立方米。",
    "水利局提醒，放水期间渠道水流湍急，请家长看管好孩子，不要到渠边玩耍。",
)
LIST = ("河东新区首条自行车专用路动工", "老城区两百栋楼加装电梯", "云岭机场新航站楼封顶了", "北洲早市搬进大棚不怕雨")


def read(html: str, *, url: str = "https://news.example/n/1.html", now: datetime = NOW) -> Extraction:
    """What the page says; raises ExtractError."""
    return extract(Document(url, html, now))


def story(
    *, title: str = TITLE, meta: str = "", body: str = "", head: str = "", tail: str = "", after: str = ""
) -> str:
    """A page with one story in the plainest mark-up."""
    body = body or "".join(f"<p>{line}</p>" for line in BODY)
    return (
        f"<!DOCTYPE html><html><head><title>{title}_青川新闻网</title>{head}</head><body><h1>{title}</h1>"
        f"<div>{meta}</div><div>{body}{tail}</div>{after}</body></html>"
    )


def items(titles: tuple[str, ...] = LIST) -> str:
    """A list of headlines."""
    return "<ul>" + "".join(f"<li><a href=/n/{n}.html>{t}</a></li>" for n, t in enumerate(titles, 100)) + "</ul>"
