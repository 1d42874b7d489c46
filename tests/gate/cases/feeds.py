"""Other whole stories under the story, and readers' comments."""

from __future__ import annotations

from collections.abc import Iterator

from tests.gate.build import Page, p, page
from tests.gate.furniture import headlines, stories
from tests.gate.layouts import blog, cms2018, hashed2024, magazine, mobile, portal2012, table2003

TALK = (
    "说得太好了，我们小区也应该这样做，支持！",
    "上个月我去过一次，人实在太多，排队排了四十分钟，希望能够改进。",
    "楼上说的不对，周末人多很正常，平时去就很宽松，停车也方便。",
    "转发给家里老人看看，谢谢记者的报道，这样的新闻越多越好。",
    "请问具体的时间安排在哪里可以查到？网站上好像没有写清楚。",
)


def pages() -> Iterator[Page]:
    """Feeds, then comments."""
    yield from _feeds()
    yield from _comments()


def _feeds() -> Iterator[Page]:
    cards = "".join(
        f'<div class="card"><h3><a href="{href}">{title}</a></h3>'
        f"<p>本报讯 {title}。有关负责人昨天介绍，这项工作已经准备了两年，预计年底见效，市民可以通过热线提出意见。</p>"
        f"<span>2026-03-1{n % 9} 08:0{n % 10}</span></div>"
        for n, (title, href) in enumerate(headlines("zh", 8, "feed/cards"))
    )
    yield page("feed-summaries", "chef", cms2018, after=cards, gold={"not_in_body": ["有关负责人昨天介绍"]})
    others = [stories()[name] for name in ("reservoir", "library", "battery")]
    whole = "".join(
        f'<div class="next"><h2><a href="/n/{n}.html">{s.title}</a></h2><div>2026-03-1{n} 09:00 来源：{s.source}</div>'
        f"<div>{p(s.paragraphs)}</div></div>"
        for n, s in enumerate(others, 3)
    )
    yield page("feed-whole-stories", "marathon", portal2012, after=whole, gold={"not_in_body": ["春灌放水", "钠电池"]})
    second = stories()["battery"]
    again = (
        f'<section class="css-p0o9"><div class="css-1q2w"><h1 class="css-1vkm6nb">{second.title}</h1>'
        f'<div class="css-3e4r"><span>2026-03-18 09:12</span> <span>来源：{second.source}</span></div></div>'
        f'<div class="css-zx81"><div class="css-vb77">{p(second.paragraphs)}</div></div></section>'
    )
    yield page("feed-endless", "subway", hashed2024, after=again, gold={"not_in_body": ["硬碳", "零下20摄氏度"]})
    long = stories()["reservoir"]
    article = (
        f'<article class="post"><header class="entry-header"><h1 class="entry-title">{long.title}</h1></header>'
        f'<div class="entry-content">{p(long.paragraphs)}</div></article>'
    )
    yield page("feed-short-first", "flash_photo", blog, after=article, gold={"not_in_body": ["吴立春"], "kind": None})
    nearby = stories()["tea"]
    rest = (
        f'<hr><h3><a href="/n/1.html">{nearby.title}</a></h3>{p(nearby.paragraphs[:3])}<a href="/n/1.html">阅读全文</a>'
    )
    yield page("feed-in-the-same-box", "price", mobile, inside=rest, gold={"not_in_body": ["头茬鲜叶", "龚大勇"]})
    cards = "".join(
        f'<article class="tile"><a href="{href}"><h3>{title}</h3></a><p>{title}, and what it means for the people who '
        "live there, according to those who know the place best.</p></article>"
        for title, href in headlines("en", 6, "feed/tiles")
    )
    yield page(
        "feed-english",
        "en_chip",
        magazine,
        after=f"<section>{cards}</section>",
        gold={"not_in_body": ["know the place best"]},
    )
    lead = "".join(
        f'<p><a href="{href}">{title}</a><br>{title}，这是今天最受关注的消息之一，详细内容请看本报今天的报道。</p>'
        for title, href in headlines("zh", 4, "feed/before")
    )
    yield page("feed-before-story", "astronomy", table2003, before=lead, gold={"not_in_body": ["最受关注的消息"]})


def _comments() -> Iterator[Page]:
    talk = "".join(
        f'<div class="css-c{n}"><span class="css-u1">网友{n}23***</span><span class="css-d1">2026-03-20 0{n}:15</span>'
        f'<p class="css-b1">{text}</p><a href="#">回复</a> <a href="#">赞({n})</a></div>'
        for n, text in enumerate(TALK, 1)
    )
    gold = {"not_in_body": [TALK[0][:10], TALK[1][:10], "网友123"]}
    block = f'<div class="css-cc0"><div class="css-ch">评论（5）</div>{talk}</div>'
    yield page("comments-hashed", "hospital", hashed2024, after=block, gold=gold)
    yield page("comments-inside", "flash_one", portal2012, inside=f"<h4>网友评论</h4>{talk}", gold=gold)
    said = (
        "I took this crossing every day for six years, and the noise was the worst of it.",
        "Great news. When will the timetable be published? The old one was never right.",
        "My father worked on the engine of the first one. He would have loved this.",
    )
    items = "".join(
        f'<li><div class="vcard">reader{n}</div><time datetime="2026-03-20T0{n}:00:00Z">March 20, 2026</time><p>{t}</p>'
        '<a rel="nofollow" href="#r">Reply</a></li>'
        for n, t in enumerate(said)
    )
    block = f'<div id="comments"><h3>3 thoughts on this story</h3><ol class="comment-list">{items}</ol></div>'
    yield page("comments-english", "en_ferry", blog, after=block, gold={"not_in_body": ["the noise was the worst"]})
    rows = "".join(f"<tr><td>游客{n}</td><td>{text * 2}</td></tr>" for n, text in enumerate(TALK))
    block = f"<table><tr><td colspan=2>发表评论</td></tr>{rows}</table>"
    yield page("comments-longer-than-story", "flash_rain", table2003, after=block, gold={"not_in_body": [TALK[2][:10]]})
