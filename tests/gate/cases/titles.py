"""Headlines: what sites add to <title>, and pages that mark the headline in odd ways or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from tests.gate.build import Page, page
from tests.gate.furniture import SITE, stories
from tests.gate.layouts import Layout, blog, cms2018, hashed2024, magazine, mobile, office, portal2012, table2003

# What stands after the headline in <title>; in the second half of the table no element marks the headline.
SUFFIXES: tuple[tuple[str, str, Layout, str], ...] = (
    ("underscores", "reservoir", portal2012, "_财经_{site}"),
    ("dashes", "library", cms2018, " - 本地 - {site}"),
    ("tight-dash", "bridge", blog, "-{site}"),
    ("wide-pipes", "hant_port", magazine, "｜地方新聞｜{site}"),
    ("pipe-english", "en_ferry", magazine, " | Local | {site}"),
    ("bullet", "en_owls", blog, " • {site}"),
    ("em-dash", "en_bakery", hashed2024, " — {site}"),
    ("double-dash", "tea", portal2012, "--{site}"),
    ("slogan", "subway", cms2018, "_{site}：看得见的家乡，听得到的声音"),
    ("angle", "hant_film", mobile, " » {site}"),
)
UNMARKED: tuple[tuple[str, str, Layout, str], ...] = (
    ("underscores", "market", table2003, "_社会新闻_{site}"),
    ("dash", "hospital", office, " - {site}"),
    ("tight-dash", "school", table2003, "-{site}"),
    ("two-dashes", "museum", mobile, "-文化频道-{site}"),
    ("wide-pipe", "hant_typhoon", table2003, "｜{site}"),
    ("chinese-dash", "chef", mobile, "——{site}"),
    ("english", "en_chip", table2003, " - {site}"),
)


def pages() -> Iterator[Page]:
    """Suffixes, then odd places."""
    for name, story, layout, suffix in SUFFIXES:
        yield page(f"title-{name}", story, layout, suffix=suffix)
    for name, story, layout, suffix in UNMARKED:
        plain = {"table2003": "&nbsp;", "office": "<td></td>"}.get(layout.__name__, "<div></div>")
        yield page(f"title-only-in-head-{name}", story, layout, suffix=suffix, heading=plain)
    yield from _odd()


def _odd() -> Iterator[Page]:
    site = SITE["zh"]
    told = {name: s.title for name, s in stories().items()}
    yield page("title-site-first", "satellite", cms2018, page_title=f"{site} | {told['satellite']}")
    yield page("title-site-first-english", "en_chip", blog, page_title=f"{SITE['en']}: {told['en_chip']}")
    logo = f'<h1><a href="/">{site}</a></h1>'
    yield page("title-site-in-h1", "marathon", portal2012, before=logo, heading=f"<h2>{told['marathon']}</h2>")
    one, two = told["chef"].split(" ")
    yield page("title-broken-line", "chef", cms2018, heading=f"<h1>{one}<br>{two}</h1>")
    one, two = told["tea"].split(" ")
    yield page("title-two-spans", "tea", hashed2024, heading=f"<h1><span>{one}</span> <span>{two}</span></h1>")
    yield page(
        "title-linked", "price", blog, heading=f'<h1><a href="/n/1.html" rel="bookmark">{told["price"]}</a></h1>'
    )
    kicker = f'<div class="kick">深度观察</div><h1>{told["school"]}</h1><h2>——记秦岭深处的一所学校</h2>'
    yield page("title-between-others", "school", magazine, heading=kicker, gold={"body": None})
    yield page(
        "title-shorter-than-page-title", "library", portal2012,
        page_title="北洲市图书馆延长开放到晚上十点_夜读_自习室_北洲图书馆开放时间_青川新闻网",
        heading="<h1>图书馆开到晚上十点</h1>",
        gold={"title": "图书馆开到晚上十点"},
    )  # fmt: skip
    yield page(
        "title-wrong-page-title", "battery", cms2018, page_title="青川新闻网-新闻详情",
    )  # fmt: skip
    head = f'<meta property="og:title" content="{site}"><meta property="og:site_name" content="{site}">'
    yield page("title-og-is-site", "museum", hashed2024, head=head)
    one = stories()["hant_typhoon"]
    yield page("title-spaced", "hant_typhoon", portal2012, heading=f"<h1>{' '.join(one.title)}</h1>")
    inner = "中非—欧洲班列-首趟开行：三十六节车厢装满咖啡豆"
    yield page(
        "title-with-dashes-inside", "bridge", portal2012, title=inner, page_title=f"{inner}-{site}",
        gold={"title": inner},
    )  # fmt: skip
    bracket = "【视频】" + told["flood_drill"]
    yield page(
        "title-bracket", "flood_drill", mobile, title=bracket, page_title=f"{bracket}_{site}", gold={"title": bracket}
    )
    yield page(
        "title-entities",
        "en_owls",
        magazine,
        title="Owls &amp; mice: “a good year”",
        page_title="Owls & mice: “a good year” | " + SITE["en"],
        heading="<h1>Owls &amp; mice: &ldquo;a good&nbsp;year&rdquo;</h1>",
        gold={"title": "Owls & mice: “a good year”"},
    )
