"""The shapes of pages: each function puts the same parts into another kind of site, with its own tags and names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from tests.gate.furniture import HOT, LEGAL, NAV, SITE, headlines


@dataclass
class Parts:
    """What a page is made of. All but the titles and `language` is HTML.

    `before` stands between the menus and the headline, `inside` after the story in the story's own box, `after` below
    that box in the main column, `side` beside it.
    """

    title: str
    page_title: str
    language: str
    seed: str
    heading: str = ""
    meta: str = ""
    body: str = ""
    head: str = ""
    before: str = ""
    inside: str = ""
    after: str = ""
    side: str = ""
    hot: list[tuple[str, str]] = field(default_factory=list)
    charset: str = '<meta charset="utf-8">'


Layout = Callable[[Parts], str]


def links(items: list[tuple[str, str]], *, item: str = "li", box: str = "ul", attributes: str = "") -> str:
    """A plain list of links."""
    inner = "".join(f'<{item}><a href="{href}">{escape(title)}</a></{item}>\n' for title, href in items)
    return f"<{box}{attributes}>\n{inner}</{box}>\n"


def menu(language: str, start: int = 0, count: int = 30) -> list[tuple[str, str]]:
    """The sections of the site."""
    return [(name, f"/s{number}/") for number, name in enumerate(NAV[language][start : start + count])]


def hot_items(parts: Parts, count: int = 8) -> list[tuple[str, str]]:
    """The list that every page carries beside or below its story; remembered for the gold."""
    parts.hot = headlines(parts.language, count, parts.seed + "/hot")
    return parts.hot


def _head(parts: Parts, extra: str = "") -> str:
    return f"<head>{parts.charset}\n<title>{escape(parts.page_title)}</title>\n{parts.head}{extra}</head>"


def table2003(parts: Parts) -> str:
    """Nested layout tables, font tags, no names: a portal of 2003."""
    nav = " | ".join(f'<a href="{href}"><font color=#ffffff>{name}</font></a>' for name, href in menu(parts.language))
    hot = "<br>\n".join(f'·<a href="{href}" target=_blank>{escape(t)}</a>' for t, href in hot_items(parts))
    heading = parts.heading or f"<font size=5 color=#cc0000><b>{escape(parts.title)}</b></font>"
    return f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html>{_head(parts)}
<body bgcolor=#ffffff topmargin=0><center>
<table width=770 border=0 cellpadding=0 cellspacing=0><tr><td bgcolor=#003399 height=24 align=center>{nav}</td></tr>
</table>
<table width=770 border=0><tr><td width=570 valign=top>
{parts.before}
<table width=100% border=0><tr><td align=center height=50>{heading}</td></tr>
<tr><td align=center><font size=2>{parts.meta}</font></td></tr>
<tr><td><hr size=1 width=95%></td></tr>
<tr><td style="line-height:160%;font-size:14px">{parts.body}
{parts.inside}</td></tr></table>
{parts.after}
</td><td width=200 valign=top bgcolor=#eeeeee>
<table width=100%><tr><td bgcolor=#99ccff><b>{HOT[parts.language]}</b></td></tr><tr><td>{hot}</td></tr></table>
{parts.side}</td></tr></table>
<table width=770><tr><td align=center><font size=2>{LEGAL[parts.language]}</font></td></tr></table>
</center></body></html>"""


def portal2012(parts: Parts) -> str:
    """Divs with ids of pinyin and English, much furniture around: a portal of 2012."""
    sections = menu(parts.language)
    nav = links(sections, attributes=' class="topmenu"')
    crumbs = " &gt; ".join(f'<a href="{href}">{name}</a>' for name, href in sections[:2])
    hot = links(hot_items(parts, 10), attributes=' class="list_14 clearfix"')
    heading = parts.heading or f'<h1 id="wenzhang_bt">{escape(parts.title)}</h1>'
    footer = " | ".join(f'<a href="/about{n}/">{w}</a>' for n, w in enumerate(NAV[parts.language][-4:]))
    return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">{_head(parts)}
<body><div id="page"><div class="top_wrap"><div class="logo"><a href="/">{SITE[parts.language]}</a></div>{nav}</div>
<div class="path">{crumbs}</div>
{parts.before}
<div class="layout clearfix"><div class="col_l">
<div class="wz_box">{heading}
<div class="wz_xx">{parts.meta}</div>
<div class="wz_nr" id="zoomcon">
{parts.body}
{parts.inside}
</div></div>
{parts.after}
</div><div class="col_r">
<div class="mod"><div class="mod_hd"><h3>{HOT[parts.language]}</h3></div><div class="mod_bd">{hot}</div></div>
{parts.side}</div></div>
<div class="ft"><p>{footer}</p><p>{LEGAL[parts.language]}</p></div></div></body></html>"""


def cms2018(parts: Parts) -> str:
    """The theme of a common Chinese content system: detail boxes, share buttons, a QR code."""
    nav = "".join(f'<a href="{href}" class="n-item">{name}</a>' for name, href in menu(parts.language, 0, 12))
    hot = "".join(
        f'<div class="rank-item"><em>{n}</em><a href="{href}" title="{escape(t)}">{escape(t)}</a></div>'
        for n, (t, href) in enumerate(hot_items(parts), 1)
    )
    heading = parts.heading or f'<h1 class="detail-bt">{escape(parts.title)}</h1>'
    return f"""<!doctype html>
<html lang="{parts.language}">{_head(parts, '<meta name="viewport" content="width=device-width">')}
<body class="p-detail"><header class="hd"><div class="w1200">{nav}<form action="/so"><input name="q">
<button>OK</button></form></div></header>
{parts.before}
<div class="w1200 main-wrap"><div class="detail-l">
<div class="detail-t">{heading}<div class="detail-fbt">{parts.meta}</div></div>
<div class="detail-con">
{parts.body}
{parts.inside}
</div>
<div class="detail-share"><span class="s1">微信</span><span class="s2">微博</span><span class="s3">QQ</span></div>
{parts.after}
</div><div class="detail-r"><div class="rank"><div class="rank-t">{HOT[parts.language]}</div>{hot}</div>{parts.side}
</div></div>
<footer class="bt"><div class="w1200">{LEGAL[parts.language]}</div></footer>
<script>var _hmt=_hmt||[];</script></body></html>"""


def hashed2024(parts: Parts) -> str:
    """A theme made by a bundler: every class is a hash, sections and mains, buttons without words."""
    nav = "".join(
        f'<li class="css-1m2x9a"><a class="css-k3f0aa" href="{href}">{name}</a></li>'
        for name, href in menu(parts.language, 0, 9)
    )
    hot = "".join(
        f'<div class="css-9zqq1"><a class="css-1f8dd" href="{href}"><h4 class="css-0aa1">{escape(t)}</h4></a></div>'
        for t, href in hot_items(parts, 6)
    )
    heading = parts.heading or f'<h1 class="css-1vkm6nb">{escape(parts.title)}</h1>'
    return f"""<!doctype html><html lang="{parts.language}">{_head(parts)}
<body><div id="__app"><div class="css-ab12"><ul class="css-7t6y">{nav}</ul></div>
{parts.before}
<main class="css-44dd"><section class="css-p0o9"><div class="css-1q2w">{heading}<div class="css-3e4r">{parts.meta}
</div></div>
<div class="css-zx81"><div class="css-vb77">
{parts.body}
</div>{parts.inside}</div></section>
{parts.after}
<section class="css-mn5b"><h3 class="css-tt20">{HOT[parts.language]}</h3>{hot}</section>{parts.side}</main>
<div class="css-ff00"><p class="css-ff01">{LEGAL[parts.language]}</p></div></div>
<script>window.__STATE__={{"a":1}}</script></body></html>"""


def blog(parts: Parts) -> str:
    """The theme of a blog system: entry-title, entry-content, widgets."""
    nav = links(menu(parts.language), attributes=' id="menu-main" class="menu"')
    hot = links(hot_items(parts, 6))
    heading = parts.heading or f'<h1 class="entry-title">{escape(parts.title)}</h1>'
    return f"""<!DOCTYPE html><html lang="{parts.language}">{_head(parts)}
<body class="post-template-default single single-post"><div id="page" class="site">
<header class="site-header"><p class="site-title"><a href="/">{SITE[parts.language]}</a></p><nav>{nav}</nav></header>
{parts.before}
<div class="content-area"><main class="site-main"><article class="post type-post status-publish">
<header class="entry-header">{heading}<div class="entry-meta">{parts.meta}</div></header>
<div class="entry-content">
{parts.body}
{parts.inside}
</div></article>
{parts.after}
</main></div>
<aside id="secondary" class="widget-area">
<section class="widget"><h2 class="widget-title">{HOT[parts.language]}</h2>{hot}</section>{parts.side}</aside>
<footer class="site-footer"><div class="site-info">{LEGAL[parts.language]}</div></footer></div></body></html>"""


def mobile(parts: Parts) -> str:
    """A page for telephones: little around the story, the list of others below it."""
    hot = links(hot_items(parts, 5), item="p", box="div", attributes=' class="more"')
    heading = parts.heading or f'<h2 class="t">{escape(parts.title)}</h2>'
    viewport = '<meta name="viewport" content="width=device-width,user-scalable=no">'
    return f"""<!DOCTYPE html><html>{_head(parts, viewport)}
<body><div class="bar"><a href="/">{SITE[parts.language]}</a><a href="/menu">≡</a></div>
{parts.before}
<div class="v">{heading}<p class="i">{parts.meta}</p>
<div class="c">{parts.body}
{parts.inside}</div></div>
{parts.after}
<div class="g"><p class="gt">{HOT[parts.language]}</p>{hot}</div>{parts.side}
<div class="b"><p>{LEGAL[parts.language]}</p></div></body></html>"""


def office(parts: Parts) -> str:
    """The site of an office: a table around everything, an editor's box, large print."""
    nav = "".join(f'<td><a href="{href}">{name}</a></td>' for name, href in menu(parts.language, 0, 8))
    hot = links(hot_items(parts, 6), attributes=' style="list-style:none"')
    heading = parts.heading or f'<td class="bt28">{escape(parts.title)}</td>'
    return f"""<!DOCTYPE html><html>{_head(parts, '<meta name="SiteName" content="' + SITE[parts.language] + '">')}
<body><table class="daohang" width="1000" align="center"><tr>{nav}</tr></table>
{parts.before}
<table width="1000" align="center"><tr>{heading}</tr><tr><td class="xl_sj">{parts.meta}</td></tr>
<tr><td class="nr"><div class="TRS_View"><div class="view">
{parts.body}
{parts.inside}
</div></div></td></tr></table>
{parts.after}
<table width="1000" align="center"><tr><td><b>{HOT[parts.language]}</b>{hot}</td><td>{parts.side}</td></tr></table>
<table width="1000" align="center"><tr><td align="center">{LEGAL[parts.language]}</td></tr></table></body></html>"""


def magazine(parts: Parts) -> str:
    """HTML 5 with header, figure and aside; names in the manner of large English sites."""
    nav = links(menu(parts.language), attributes=' class="primary-links" role="menubar"')
    hot = "".join(
        f'<li class="rail__item"><a href="{href}"><span class="rail__title">{escape(t)}</span></a></li>'
        for t, href in hot_items(parts)
    )
    heading = parts.heading or f'<h1 class="headline__text">{escape(parts.title)}</h1>'
    return f"""<!DOCTYPE html><html lang="{parts.language}">{_head(parts)}
<body><header role="banner"><a class="brand" href="/">{SITE[parts.language]}</a>{nav}</header>
{parts.before}
<main id="main"><div class="zone zone--lead"><div class="headline">{heading}</div>
<div class="headline__sub">{parts.meta}</div></div>
<div class="zone zone--wide"><div class="prose">
{parts.body}
{parts.inside}
</div>
<aside class="rail"><h2 class="rail__head">{HOT[parts.language]}</h2><ol>{hot}</ol>{parts.side}</aside></div>
{parts.after}</main>
<footer><p>{LEGAL[parts.language]}</p></footer></body></html>"""


ALL: tuple[Layout, ...] = (table2003, portal2012, cms2018, hashed2024, blog, mobile, office, magazine)
