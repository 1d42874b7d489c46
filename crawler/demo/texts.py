"""The articles of the demo web, read from TOML into plain records.

The web has two days: on the second one an article has been corrected and two more have appeared.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib import resources
from typing import Any, Literal

ZONE = timezone(timedelta(hours=8))
EDITIONS = ("lanxi", "yunding", "chengwan", "chengbay")

Day = Literal[1, 2]
Theme = Literal["classic", "modern", "table"]


@dataclass(frozen=True, slots=True)
class Edition:
    """A newspaper of the demo web. `host` counts from 0, `prefix` is where it lives on that host.

    `charset` is what its bytes are in, `declared` what its pages say they are in.
    """

    key: str
    host: int
    prefix: str
    theme: Theme
    name: str
    lang: str
    charset: str
    declared: str
    sections: Mapping[str, str]
    labels: Mapping[str, Any]

    def section_path(self, section: str, number: int = 1) -> str:
        """Where page `number` of a section's list lives."""
        folder = f"/en/{section}/" if self.key == "chengbay" else f"{self.prefix}{section}/"
        if number == 1:
            return folder
        return f"{folder}?page={number}" if self.key == "chengbay" else f"{folder}index_{number}.html"


@dataclass(frozen=True, slots=True)
class Story:
    """One article as its editors wrote it: `pages` holds the paragraphs of each page, "## " marks a heading.

    `at` is when it was published and `changed_at` when it was corrected, both with zone. `copy_of` names the
    original of a syndicated copy as "edition/id". `lead` and `tail` are what the copying paper put around it.
    """

    edition: str
    id: int
    at: datetime
    title: str
    pages: tuple[tuple[str, ...], ...]
    section: str = ""
    author: str = ""
    editor: str = ""
    source: str = ""
    slug: str = ""
    theme: Theme = "classic"
    day: Day = 1
    flash: bool = False
    mobile: bool = False
    ad: bool = False
    copy_of: str = ""
    tail: str = ""
    changed_at: datetime | None = None

    @property
    def key(self) -> str:
        """The name of the story in the demo web, as `copy_of` uses it."""
        return f"{self.edition}/{self.id}"

    @property
    def path(self) -> str:
        """Where its first page lives on its host."""
        if self.edition == "chengbay":
            return f"/en/{self.at:%Y/%m/%d}/{self.slug}/"
        if self.edition == "chengwan":
            return f"/big5/{self.id}.html"
        if self.edition == "yunding":
            return f"/html/{self.at:%Y%m%d}/{self.id}.htm"
        return f"/{self.section}/{self.slug}-{self.id}/" if self.slug else f"/{self.id}.html"

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """All paragraphs of all pages, headings without their mark."""
        return tuple(line.removeprefix("## ") for page in self.pages for line in page)


@cache
def editions() -> Mapping[str, Edition]:
    """The newspapers of the demo web by their key."""
    labels = _toml("labels")
    places: Mapping[str, tuple[int, str, Theme]] = {
        "lanxi": (0, "/", "classic"),
        "yunding": (1, "/", "table"),
        "chengwan": (2, "/big5/", "table"),
        "chengbay": (2, "/", "modern"),
    }
    found = {}
    for key in EDITIONS:
        head = {"declared": "", **_toml(key)["host"]}
        host, prefix, theme = places[key]
        found[key] = Edition(host=host, prefix=prefix, theme=theme, labels=labels[head["lang"]], **head)
    return found


@cache
def stories(day: Day) -> tuple[Story, ...]:
    """Every article that readers find on that day, advertisements and copies included, newest first."""
    written = {story.key: story for story in _written()}
    made = [_as_of(story, day) for story in written.values()]
    made += [_copy(row, edition, written[row["of"]]) for edition in EDITIONS for row in _toml(edition).get("copy", ())]
    made += _ads()
    return tuple(sorted((story for story in made if story.day <= day), key=lambda story: story.at, reverse=True))


@cache
def _toml(name: str) -> dict[str, Any]:
    text = (resources.files(__package__) / "texts" / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _written() -> Iterator[Story]:
    for edition in EDITIONS:
        for row in _toml(edition)["article"]:
            yield _story(row, edition)


def _story(row: Mapping[str, Any], edition: str) -> Story:
    values = {key: value for key, value in row.items() if key not in ("text", "changed", "at", "theme")}
    theme: Theme = "modern" if row.get("theme") == "app" else editions()[edition].theme
    return Story(edition=edition, at=_local(row["at"]), pages=_pages(row["text"]), theme=theme, **values)


def _pages(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(page.strip().splitlines()) for page in text.split("\n---\n"))


def _local(time: datetime) -> datetime:
    return time.replace(tzinfo=ZONE)


def _as_of(story: Story, day: Day) -> Story:
    """The story with what was put right by that day."""
    changes = {row["id"]: row["changed"] for row in _toml(story.edition)["article"] if "changed" in row}
    change = changes.get(story.id) if day > 1 else None
    if not change:
        return story
    text = "\n".join(story.pages[0]) + "\n" + change["append"].strip()
    for old, new in change["replace"]:
        text = text.replace(old, new)
    return replace(story, title=change["title"], pages=_pages(text), changed_at=_local(change["at"]))


def _copy(row: Mapping[str, Any], edition: str, original: Story) -> Story:
    first, *others = original.pages[0]
    values = {key: value for key, value in row.items() if key not in ("of", "at", "lead")}
    return Story(
        edition=edition,
        at=_local(row["at"]),
        pages=((row.get("lead", "") + first, *others), *original.pages[1:]),
        author=original.author,
        theme=editions()[edition].theme,
        copy_of=original.key,
        **values,
    )


def _ads() -> list[Story]:
    made = (
        _story({"section": "cj", "editor": "会员发布", "source": "网络", **row}, "lanxi") for row in _toml("ads")["ad"]
    )
    return [replace(story, ad=True) for story in made]
