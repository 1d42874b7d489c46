"""The whole demo web as a mapping from (host, path) to a response. Pure, and the same on every machine and day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from crawler.demo.markup import Markup, fill
from crawler.demo.pages import Around, article, list_pager, listing, page_path
from crawler.demo.texts import ZONE, Day, Edition, Story, editions, stories

HOSTS = 3
# The latest list is long where advertisements take a third of it. What no short list shows, only paging leads to.
LATEST = {"lanxi": 15}
FEW = 10
PER_PAGE = 4
RELATED = 3
# When the editors last touched what carries no date of its own.
BUILT = datetime(2026, 3, 1, 9, 0, tzinfo=ZONE)

Web = Mapping[tuple[int, str], "Response"]


@dataclass(frozen=True, slots=True)
class Response:
    """What a host answers. Header names are as they go out."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


NOT_FOUND = Response(404, {"Content-Type": "text/html; charset=utf-8"}, "<h1>404 没有这个页面</h1>".encode())


def build(bases: Sequence[str], day: Day) -> Web:
    """Every response of the web on that day; `bases` are the addresses of its hosts, without the last slash."""
    web: dict[tuple[int, str], Response] = {}
    for edition in editions().values():
        web.update(((edition.host, path), made) for path, made in _edition(edition, bases[edition.host], day))
    for host, base in enumerate(bases):
        web.update(((host, path), made) for path, made in _machine_files(host, base, day))
    return web


def answer(web: Web, host: int, target: str, etag: str = "", since: str = "") -> Response:
    """The response to a GET: a query that no page knows is ignored, a page that has not changed is a 304.

    `etag` and `since` are the request's If-None-Match and If-Modified-Since; the first goes before the second
    (RFC 9110, 13.1).
    """
    path = target.partition("?")[0]
    found = web.get((host, target)) or web.get((host, path)) or NOT_FOUND
    if found.status == 200 and _unchanged(found, etag, since):
        return Response(304, {name: found.headers[name] for name in ("ETag", "Last-Modified")})
    return found


def _unchanged(response: Response, etag: str, since: str) -> bool:
    if etag:
        return etag.strip() == "*" or response.headers["ETag"] in {tag.strip() for tag in etag.split(",")}
    try:
        return parsedate_to_datetime(response.headers["Last-Modified"]) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def _page(body: bytes, content_type: str, changed: datetime) -> Response:
    return Response(
        200,
        {
            "Content-Type": content_type,
            "ETag": f'"{sha256(body).hexdigest()[:20]}"',
            "Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True),
        },
        body,
    )


def _html(edition: Edition, text: str, changed: datetime) -> Response:
    """A page in the charset of its edition; only the pages themselves tell the old charsets."""
    declared = "" if edition.declared else f"; charset={edition.charset}"
    return _page(text.encode(edition.charset), f"text/html{declared}", changed)


def _moved(location: str) -> Response:
    return Response(301, {"Location": location, "Content-Type": "text/html"})


def news(edition: Edition, day: Day) -> list[Story]:
    """What the edition has published by that day, newest first, without advertisements."""
    return [story for story in stories(day) if story.edition == edition.key and not story.ad]


def latest(edition: Edition, day: Day) -> list[Story]:
    """The edition's latest list: advertisements stand between the news, each with a time like any other."""
    return [story for story in stories(day) if story.edition == edition.key][: LATEST.get(edition.key, FEW)]


def _edition(edition: Edition, base: str, day: Day) -> Iterator[tuple[str, Response]]:
    yield from _articles(edition, base, day)
    yield from _sections(edition, base, day)
    yield edition.prefix, _home(edition, base, day)


def _articles(edition: Edition, base: str, day: Day) -> Iterator[tuple[str, Response]]:
    for story in (story for story in stories(day) if story.edition == edition.key):
        around = _around(edition, base, story, day)
        for number in range(1, len(story.pages) + 1):
            made = _html(edition, article(edition, story, around, number), story.changed_at or story.at)
            yield page_path(story, number), made
            if story.mobile:
                yield f"/m/{story.id}.html", made
        if story.theme == "modern":
            yield story.path.rstrip("/"), _moved(story.path)
        yield f"/?p={story.id}", _moved(story.path)


def _around(edition: Edition, base: str, story: Story, day: Day) -> Around:
    """A page is written once: what stands around it is as it was on the day it was published or corrected."""
    written = day if story.day == day or story.changed_at else 1
    line = news(edition, written)
    place = line.index(story) if story in line else None
    return Around(
        base,
        latest=latest(edition, written),
        hot=_hot(edition),
        related=[other for other in line if other.section == story.section and other.key != story.key][:RELATED],
        newer=line[place - 1] if place else None,
        older=line[place + 1] if place is not None and place + 1 < len(line) else None,
    )


def _hot(edition: Edition) -> list[Story]:
    """The ranking: nothing of today, and the same for the whole demo."""
    return sorted(news(edition, 1)[FEW:], key=lambda story: story.id * 7 % 11)[:PER_PAGE]


def _sections(edition: Edition, base: str, day: Day) -> Iterator[tuple[str, Response]]:
    for section, name in edition.sections.items():
        line = [story for story in news(edition, day) if story.section == section]
        chunks = [line[start : start + PER_PAGE] for start in range(0, len(line), PER_PAGE)]
        for number, chunk in enumerate(chunks, 1):
            pager = list_pager(edition, section, number, len(chunks))
            text = listing(edition, name, chunk, Around(base, hot=_hot(edition)), pager=pager)
            yield edition.section_path(section, number), _html(edition, text, _newest(line))


def _home(edition: Edition, base: str, day: Day) -> Response:
    line = latest(edition, day)
    extra = fill(_LINKS[edition.key], base=base)
    text = listing(edition, edition.labels["latest"], line, Around(base, hot=_hot(edition)), extra=extra)
    return _html(edition, text, _newest(line))


# What a home page links besides its news: one article under other addresses, and what a crawler must leave alone.
_LINKS = {
    "lanxi": '<dl><dt>专题</dt><dd><a href="/?p=10111">老城电梯</a> <a href="/m/10118.html">一元早餐 手机版</a> '
    '<a href="/10118.html?utm_source=home&amp;utm_medium=banner&amp;spm=a21.b7">一元早餐</a> '
    '<a href="$base/kj/stair-robot-10104">送药小车</a> <a href="/neibu/paiban.html">编辑部排班</a> '
    '<a rel="nofollow" href="/vip/baogao.html">付费报告</a></dd></dl>',
    "yunding": "",
    "chengwan": "",
    "chengbay": '<div class="sc-more"><a href="/en/2026/03/18/night-bus-map">Night buses</a> '
    '<a href="/drafts/editorial.html">Drafts</a></div>',
}


def _newest(line: Sequence[Story]) -> datetime:
    return max(story.changed_at or story.at for story in line)


def _machine_files(host: int, base: str, day: Day) -> Iterator[tuple[str, Response]]:
    """robots.txt, sitemap and feed. The second host has none of them: that allows everything (RFC 9309, 2.3.1.3)."""
    papers = [edition for edition in editions().values() if edition.host == host]
    if host == 1:
        return
    line = [story for story in stories(day) if any(story.edition == paper.key for paper in papers) and not story.ad]
    forbidden = "/neibu/" if host == 0 else "/drafts/"
    robots = f"User-agent: *\nDisallow: {forbidden}\n\nSitemap: {base}/sitemap.xml\n"
    yield "/robots.txt", _page(robots.encode(), "text/plain; charset=utf-8", BUILT)
    yield "/sitemap.xml", _page(_sitemap(base, line).encode(), "application/xml", _newest(line))
    paper = papers[-1]
    yield "/feed.xml", _page(_feed(paper, base, news(paper, day)).encode(), "application/rss+xml", _newest(line))
    for path in (f"{forbidden}paiban.html", "/drafts/editorial.html", "/login.html", "/vip/baogao.html"):
        yield path, _page(_PRIVATE.encode(), "text/html; charset=utf-8", BUILT)


_PRIVATE = "<html><body><h1>内部页面</h1><p>抓取程序不该读到这里。</p></body></html>"


def _sitemap(base: str, line: Sequence[Story]) -> Markup:
    rows = Markup("\n").join(
        fill("<url><loc>$loc</loc><lastmod>$at</lastmod></url>", loc=base + story.path, at=_w3c(story))
        for story in line
    )
    return fill(
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        "$rows\n</urlset>\n",
        rows=rows,
    )


def _w3c(story: Story) -> str:
    return (story.changed_at or story.at).isoformat()


def _feed(paper: Edition, base: str, line: Sequence[Story]) -> Markup:
    items = Markup("\n").join(
        fill(
            '<item><title>$title</title><link>$link?utm_source=rss</link><guid isPermaLink="true">$link</guid>'
            "<pubDate>$date</pubDate><description>$text</description></item>",
            title=story.title,
            link=base + story.path,
            date=format_datetime(story.at),
            text=story.pages[0][0],
        )
        for story in line[:FEW]
    )
    return fill(
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>$name</title><link>$base/</link>'
        "<description>$name</description><language>$lang</language>\n$items\n</channel></rss>\n",
        name=paper.name,
        base=base,
        lang=paper.lang,
        items=items,
    )
