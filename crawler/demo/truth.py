"""What a perfect crawl of the demo web finds, told by those who wrote it: the measure of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crawler.demo.pages import page_path
from crawler.demo.site import latest
from crawler.demo.texts import Day, Story, editions, stories


@dataclass(frozen=True, slots=True)
class Expected:
    """One article as a crawl should know it. `pages` are the addresses of all its pages, the first one is `url`.

    `paragraphs` belong to each page in turn, headings among them. `copy_of` is the address of the original, or
    "". `revised` says that its first version read otherwise.
    """

    url: str
    title: str
    pages: tuple[str, ...]
    paragraphs: tuple[tuple[str, ...], ...]
    published_at: datetime
    author: str
    editor: str
    source: str
    site: str
    ad: bool
    copy_of: str
    revised: bool


@dataclass(frozen=True, slots=True)
class ExpectedItem:
    """One item of a latest list."""

    url: str
    title: str
    published_at: datetime
    ad: bool


def articles(bases: Sequence[str], day: Day) -> dict[str, Expected]:
    """Every article of the web on that day by its one address; `bases` are the hosts, without the last slash."""
    found = stories(day)
    urls = {story.key: _base(story, bases) + story.path for story in found}
    return {urls[story.key]: _expected(story, _base(story, bases), urls) for story in found}


def latest_items(bases: Sequence[str], edition: str, day: Day) -> list[ExpectedItem]:
    """The latest list that the edition's home page shows, in its order."""
    paper = editions()[edition]
    return [
        ExpectedItem(_base(story, bases) + story.path, story.title, story.at, story.ad) for story in latest(paper, day)
    ]


def _base(story: Story, bases: Sequence[str]) -> str:
    return bases[editions()[story.edition].host]


def _expected(story: Story, base: str, urls: dict[str, str]) -> Expected:
    return Expected(
        url=urls[story.key],
        title=story.title,
        pages=tuple(base + page_path(story, number) for number in range(1, len(story.pages) + 1)),
        paragraphs=tuple(tuple(line.removeprefix("## ") for line in page) for page in story.pages),
        published_at=story.at,
        author=story.author,
        editor=story.editor,
        source=story.source,
        site=editions()[story.edition].name,
        ad=story.ad,
        copy_of=urls.get(story.copy_of, ""),
        revised=story.changed_at is not None,
    )
