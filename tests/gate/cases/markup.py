"""Text that stands in other tags than <p>, layout tables, data tables, mark-up that is wrong, text that is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from tests.gate.build import Page, p, page
from tests.gate.furniture import headlines, stories
from tests.gate.layouts import blog, cms2018, hashed2024, magazine, menu, mobile, office, portal2012, table2003


def pages() -> Iterator[Page]:
    """By the kind of trouble."""
    yield from _without_p()
    yield from _wrong()
    yield from _tables()
    yield from _hidden()


def _text(story: str) -> list[str]:
    return stories()[story].paragraphs


def _without_p() -> Iterator[Page]:
    yield page("text-br-in-td", "reservoir", table2003, body="<br><br>\n".join(f"　　{t}" for t in _text("reservoir")))
    nbsp = "<br />\n".join("&nbsp;&nbsp;&nbsp;&nbsp;" + t for t in _text("museum"))
    yield page("text-bare-in-div", "museum", portal2012, body=nbsp, related=True)
    yield page(
        "text-div-each", "satellite", hashed2024, body=p(_text("satellite"), tag="div", attributes=' class="css-q1"')
    )
    spans = "".join(f'<span style="display:block">{t}</span><br>' for t in _text("market"))
    yield page("text-span-each", "market", cms2018, body=spans)
    fonts = "".join(f'<font size="3" face="宋体">　　{t}<br><br></font>' for t in _text("marathon"))
    yield page("text-font-in-td", "marathon", table2003, body=fonts)
    yield page("text-pre", "astronomy", office, body="<pre>" + "\n\n".join(_text("astronomy")) + "</pre>")
    words = "".join(
        '<div class="css-l1"><div class="css-l2">'
        + "".join(f"<span>{part}，</span>" for part in t.split("，"))[: -len("，</span>")]
        + "</span></div></div>"
        for t in _text("hospital")
    )
    yield page("text-nested-spans", "hospital", hashed2024, body=words)
    yield page("text-unclosed-p", "chef", table2003, body="".join(f"<P>　　{t}" for t in _text("chef")))
    heads = ("夜里的座位", "谁来出钱", "还差一班车")
    mixed, gold = "", []
    for number, text in enumerate(_text("library")):
        if number % 2 == 0:
            mixed += f"<b>{heads[number // 2]}</b><br>"
            gold.append(heads[number // 2])
        mixed += f"{text}<br>"
        gold.append(text)
    yield page("text-bold-headings", "library", cms2018, body=mixed, gold={"body": gold})
    text = _text("astronomy")
    listing = f"<p>{text[0]}</p><ul>{''.join(f'<li>{t}</li>' for t in text[1:])}</ul>"
    yield page("text-list", "astronomy", blog, body=listing)
    quote = p(_text("school")[:3]) + f"<blockquote>{_text('school')[3]}</blockquote>" + p(_text("school")[4:])
    yield page("text-quote", "school", magazine, body=quote)
    english = "<br><br>".join(_text("en_bakery"))
    yield page("text-english-br", "en_bakery", table2003, body=english)
    terms = {"钠离子电池": "/k/1", "锂电池": "/k/2", "石墨": "/k/3", "出租车": "/k/4", "储能电站": "/k/5"}
    body = p(_text("battery"))
    for word, href in terms.items():
        body = body.replace(word, f'<a class="kw" href="{href}">{word}</a>')
    yield page("text-keyword-links", "battery", portal2012, body=body)
    yield page("text-captions", "museum", magazine, **_captions())


def _captions() -> dict[str, object]:
    """Captions in the body are part of it."""
    text, caption = _text("museum"), "观众在“纸上生活”展上看老船票。"
    figure = f'<figure><img src="/i/1.jpg" alt="船票"><figcaption>{caption}</figcaption></figure>'
    return {"body": p(text[:1]) + figure + p(text[1:]), "gold": {"body": [text[0], caption, *text[1:]]}}


def _wrong() -> Iterator[Page]:
    body = p(_text("bridge"))
    yield page("wrong-unclosed-link", "bridge", portal2012, body=body.replace("<p>", '<p><a href="/photo/3.html">', 1))
    cleared = "".join(f'<div class="clear"/><div class="para">{t}</div>' for t in _text("tea"))
    yield page("wrong-self-closed-div", "tea", portal2012, body=cleared)
    yield page("wrong-page-in-form", "subway", _wrapped(cms2018, '<form id="aspnetForm" method="post">', "</form>"))
    wrapper = '<div class="content-right sidebar-share-layout">'
    yield page("wrong-names", "flood_drill", _wrapped(portal2012, wrapper, "</div>"))
    yield page(
        "wrong-half-page", "market", lambda parts: cms2018(parts).split('<div class="detail-share">')[0],
        gold={"links": None, "not_in_body": None},
    )  # fmt: skip
    deep = "<div>" * 60 + p(_text("price")) + "</div>" * 60
    yield page("wrong-deep", "price", office, body=deep)
    twice = p(_text("hospital")[:1]) + "</div></div></td></tr></table>" + p(_text("hospital")[1:])
    yield page("wrong-extra-end-tags", "hospital", mobile, body=twice)
    split = p(_text("chef")[:2]) + '<div id="ad_300"><script>ad()</script></div>' + p(_text("chef")[2:])
    yield page("wrong-advert-between", "chef", cms2018, body=split)


def _wrapped(layout, opening: str, closing: str):
    """The layout with everything in its body inside one more element."""

    def wrapped(parts) -> str:
        head, body = layout(parts).split("<body", 1)
        start = body.index(">") + 1
        return f"{head}<body{body[:start]}{opening}{body[start:]}".replace("</body>", f"{closing}</body>")

    return wrapped


def _tables() -> Iterator[Page]:
    inner = "".join(f"<tr><td height=30>　　{t}</td></tr>" for t in _text("flood_drill"))
    body = (
        f"<table width=100%><tr><td><table><tr><td><table width=95%>{inner}</table></td></tr></table></td></tr></table>"
    )
    yield page("table-row-each", "flood_drill", table2003, body=body)
    left = "<br>".join(f'<a href="{href}">{name}</a>' for name, href in menu("zh"))
    story = "<br>".join(f"　　{t}" for t in _text("marathon"))
    right = "<br>".join(f'<a href="{href}">{t}</a>' for t, href in headlines("zh", 12, "table/right"))
    body = f"<table><tr><td width=100>{left}</td><td>{story}</td><td width=180>{right}</td></tr></table>"
    yield page("table-three-columns", "marathon", office, body=body, gold={"not_in_body": ["房产", "论坛"]})
    rows = (
        ("品种", "批发价", "涨跌"),
        ("大白菜", "1.26", "-11.8%"),
        ("黄瓜", "3.90", "-9.5%"),
        ("蒜薹", "9.74", "6.2%"),
    )
    table = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    text = _text("price")
    body = p(text[:2]) + f"<table border=1>{table}</table>" + p(text[2:])
    yield page("table-data", "price", cms2018, body=body, gold={"body": None, "with": [*text, "大白菜", "9.74"]})
    body = f'<table><tr><td><img src="/1.jpg"></td></tr><tr><td>观众在看展。</td></tr></table>{p(_text("museum"))}'
    yield page("table-picture", "museum", portal2012, body=body, gold={"body": ["观众在看展。", *_text("museum")]})


def _hidden() -> Iterator[Page]:
    shut = f'<div id="js_c" style="visibility: hidden; opacity: 0;">{p(_text("tea"))}</div>'
    yield page("hidden-until-script", "tea", mobile, body=shut)
    shut = f'<div style="display:none" id="txt9">{p(_text("satellite"))}</div>'
    yield page("hidden-display-none", "satellite", portal2012, body=shut)
    spam = "".join(f'<a href="http://x{n}.example/">彩种{n}大全官方网址{n}</a>\n' for n in range(400))
    yield page(
        "hidden-link-spam", "library", cms2018, before=f'<div style="display:none">{spam}</div>',
        gold={"not_in_body": ["官方网址7"]},
    )  # fmt: skip
    lure = "本站提供最全面的资料，欢迎长期访问，我们每天更新，内容丰富，种类齐全，深受大家喜爱。" * 30
    yield page(
        "hidden-text-spam", "school", portal2012, after=f'<div style="position:absolute;display: none;">{lure}</div>',
        gold={"not_in_body": ["种类齐全"]},
    )  # fmt: skip
    again = f"<noscript>{p(_text('market'))}</noscript>"
    data = f'<script type="application/json">{{"text": "{escape(_text("market")[0])}"}}</script>'
    data += f"<template>{p(_text('tea'))}</template>"
    yield page("hidden-copies", "market", hashed2024, after=again + data, gold={"not_in_body": ["采茶机器人"]})
