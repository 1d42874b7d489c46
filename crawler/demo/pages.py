"""The articles and lists of the demo web as HTML, in three themes as different as real ones.

classic   a Chinese blog engine: paragraphs, a line of editor and source at the end, a calendar, the latest list
modern    a script-built page: JSON-LD, names without meaning, the latest list before the article, comments after
table     a layout of tables: font tags, lines cut by <br>, no paragraph element at all
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC

from crawler.demo.markup import EMPTY, Markup, fill, fill_file, html
from crawler.demo.texts import Edition, Story, Theme

_NUMBER_OF_NAMES = 40

# One item of a page's latest list; the table theme has related articles there.
_BESIDE: dict[Theme, str] = {
    "classic": '<li><div class="img"><a href="$path" title="$title"><img src="/zb_users/pic/$number.jpg" alt=""></a>'
    '</div><a href="$path" title="$title" target="_blank">$title</a><br><span>$second</span><p>&nbsp;</p></li>\n',
    "modern": '<a class="sc-x0a" href="$base$path?utm_source=side&amp;utm_medium=latest"><div class="sc-t">$title</div>'
    '<time datetime="$iso">$clock</time></a>',
    "table": '<IMG src="/img/dot.gif" alt=""> <A href="$path">$title</A><BR>\n',
}
_ITEM: dict[Theme, str] = {
    "classic": '<li><a href="$path">$title</a><span class="date">$second</span><p>$summary</p></li>\n',
    "modern": '<a class="sc-card" href="$path"><h2 class="sc-t">$title</h2><p class="sc-s">$summary</p>'
    '<time datetime="$iso">$minute</time></a>\n',
    "table": '<TR><TD><IMG src="/img/dot.gif" alt=""> <A href="$path">$title</A></TD>'
    '<TD width="130"><FONT size="2" color="#999999">$minute</FONT></TD></TR>\n',
}
_NAV: dict[Theme, str] = {
    "classic": '<li><a href="$path">$name</a></li>',
    "modern": '<a href="$path">$name</a>',
    "table": '<A href="$path"><FONT color="#FFFFFF">$name</FONT></A>　',
}
_PARAGRAPH = {"classic": "<p>$line</p>\n", "modern": '<p class="sc-p3"><span>$line</span></p>\n'}
_HEADING = {"classic": "<h2>$line</h2>\n", "modern": '<h3 class="sc-h3">$line</h3>\n'}


@dataclass(frozen=True, slots=True)
class Around:
    """What a page shows besides its own matter. `base` is the host's address without the last slash.

    `latest` goes beside an article (advertisements among it), `hot` is the ranking, `related` belongs to the
    section, `newer` and `older` are the neighbours in time.
    """

    base: str
    latest: Sequence[Story] = ()
    hot: Sequence[Story] = ()
    related: Sequence[Story] = ()
    newer: Story | None = None
    older: Story | None = None


def page_path(story: Story, number: int) -> str:
    """Where page `number` (from 1) of an article lives."""
    return story.path if number == 1 else story.path.replace(".html", f"_{number}.html")


def article(edition: Edition, story: Story, around: Around, number: int = 1) -> str:
    """Page `number` of an article in its theme."""
    labels = edition.labels
    values = {
        **_frame(edition, story.theme),
        "title": story.title,
        "base": around.base,
        "canonical": around.base + story.path,
        "section_path": edition.section_path(story.section),
        "section_name": edition.sections[story.section],
        "time": f"{story.at:%Y-%m-%d %H:%M:%S}" if story.theme == "classic" else f"{story.at:{labels['time']}}",
        "iso_time": story.at.isoformat(),
        "summary": _summary(story),
        "byline": _byline(story, labels["author"]),
        "editor_line": _editor_line(story, labels["duty_editor"]),
        "json_ld": _json_ld(edition, story),
        "paragraphs": _paragraphs(story, number),
        "pager": _article_pager(edition, story, number),
        "neighbours": _neighbours(edition, around),
        "calendar": _calendar(),
        "latest": _rows(_BESIDE[story.theme], around.latest, around.base),
        "hot": _rows('<li><a href="$path">$title</a></li>', around.hot, around.base),
        "related": _rows(_BESIDE["table"], around.related, around.base),
        "editor": story.editor,
        "source": story.source,
        "comments": Markup("\n").join(fill(_PARAGRAPH["modern"], line=line) for line in labels["remarks"]),
        "comment_count": len(labels["remarks"]),
    }
    return fill_file(f"{story.theme}/article.html", **values)


def listing(
    edition: Edition,
    heading: str,
    stories: Sequence[Story],
    around: Around,
    *,
    pager: Markup = EMPTY,
    extra: Markup = EMPTY,
) -> str:
    """A list page: `pager` and `extra` are markup, made by `list_pager` and the site."""
    return fill_file(
        f"{edition.theme}/list.html",
        **_frame(edition, edition.theme),
        heading=heading,
        items=_rows(_ITEM[edition.theme], stories, around.base),
        hot=_rows('<li><a href="$path">$title</a></li>', around.hot, around.base),
        pager=pager,
        extra=extra,
    )


def list_pager(edition: Edition, section: str, number: int, count: int) -> Markup:
    """The links to the other pages of a list."""
    links = []
    if number > 1:
        links.append(_link(edition.section_path(section, number - 1), edition.labels["previous_page"]))
    links += [html(n) if n == number else _link(edition.section_path(section, n), str(n)) for n in range(1, count + 1)]
    if number < count:
        links.append(_link(edition.section_path(section, number + 1), edition.labels["next_page"]))
    return Markup(" ").join(links) if count > 1 else EMPTY


def _frame(edition: Edition, theme: Theme) -> dict[str, object]:
    labels = edition.labels
    nav = [(edition.prefix, labels["home"])]
    nav += [(edition.section_path(key), name) for key, name in edition.sections.items()]
    nav += {"chengwan": [("/", "English")], "chengbay": [("/big5/", "中文版")]}.get(edition.key, [])
    words = ("home", "here", "share", "legal", "footer")
    marks = ("editor", "source", "latest", "hot", "related", "comments")
    return {
        "lang": edition.lang,
        "site": edition.name,
        "declared": edition.declared,
        "home_path": edition.prefix,
        "nav": Markup().join(fill(_NAV[theme], path=path, name=name) for path, name in nav),
        **{word: labels[word] for word in words},
        **{f"{mark}_label": labels[mark] for mark in marks},
    }


def _rows(template: str, stories: Iterable[Story], base: str) -> Markup:
    return Markup().join(
        fill(
            template,
            base=base,
            path=story.path,
            title=story.title,
            number=story.id % _NUMBER_OF_NAMES,
            summary=_summary(story),
            second=f"{story.at:%Y-%m-%d %H:%M:%S}",
            minute=f"{story.at:%Y-%m-%d %H:%M}",
            clock=f"{story.at:%H:%M}",
            iso=story.at.isoformat(),
        )
        for story in stories
    )


def _summary(story: Story) -> str:
    return story.pages[0][0][:40] + "…"


def _byline(story: Story, label: str) -> Markup:
    if not story.author:
        return EMPTY
    return fill(
        "<span>$label$author</span>" if story.theme == "modern" else "$label$author", label=label, author=story.author
    )


def _editor_line(story: Story, label: str) -> Markup:
    if not story.editor:
        return EMPTY
    template = '<div class="sc-ed">$label$editor</div>' if story.theme == "modern" else "$label$editor"
    return fill(template, label=label, editor=story.editor)


def _paragraphs(story: Story, number: int) -> Markup:
    lines = list(story.pages[number - 1])
    if story.tail and number == len(story.pages):
        lines.append(story.tail)
    if story.theme == "table":
        return Markup("<BR><BR>\n　　").join(html(line) for line in lines)
    return Markup().join(
        fill(_HEADING[story.theme], line=line[3:])
        if line.startswith("## ")
        else fill(_PARAGRAPH[story.theme], line=line)
        for line in lines
    )


def _json_ld(edition: Edition, story: Story) -> Markup:
    """Structured data in UTC, as scripts write it; "<" is spelt out so that no text can end the script."""
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "datePublished": f"{story.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "author": [{"@type": "Person", "name": story.author}] if story.author else [],
        "publisher": {"@type": "Organization", "name": edition.name},
    }
    return Markup(json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"))


def _article_pager(edition: Edition, story: Story, number: int) -> Markup:
    count = len(story.pages)
    if count == 1:
        return EMPTY
    links = [html(n) if n == number else _link(page_path(story, n), str(n)) for n in range(1, count + 1)]
    if number < count:
        links.append(_link(page_path(story, number + 1), edition.labels["next_page"]))
    return fill('<div class="pages">$links</div>', links=Markup(" ").join(links))


def _neighbours(edition: Edition, around: Around) -> Markup:
    pairs = ((around.older, edition.labels["older"]), (around.newer, edition.labels["newer"]))
    return Markup().join(fill("<li>$link</li>", link=_link(story.path, label)) for story, label in pairs if story)


def _link(path: str, label: str) -> Markup:
    return fill('<a href="$path">$label</a>', path=path, label=label)


def _calendar() -> Markup:
    """A widget for a month far off: its numbers are no dates of any article."""
    weeks = calendar.monthcalendar(2031, 11)
    cells = (Markup().join(fill("<td>$day</td>", day=day or "") for day in week) for week in weeks)
    return Markup().join(fill("<tr>$cells</tr>", cells=row) for row in cells)
