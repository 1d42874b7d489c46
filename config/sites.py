"""The files `sites/NAME.toml`: written for a source that was found, told apart from those that a user has edited."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol

from config.values import show_duration

# The first line of what we write; the digits are a hash of all lines below.
_MARK = re.compile(r"# Written by `kuaixun (?:source|notice)` \(([0-9a-f]{12})\)\. ")
_ABOUT = "Yours to edit: docs/configuration.md has every key."
NAME = re.compile(r"\w[\w.-]*")


class Given(Protocol):
    """What of a Source goes into a file."""

    @property
    def seeds(self) -> Sequence[str]: ...
    @property
    def every(self) -> timedelta: ...
    @property
    def article(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def encoding(self) -> str: ...


State = Literal["none", "untouched", "edited"]


def folder(file: Path | None) -> Path:
    """Where the files of the sources lie, beside this configuration or where one would be."""
    return (file.parent if file else Path()) / "sites"


def name_of(text: str) -> str:
    """A name for a source that may stand in a file name, made of any text; "" where nothing is left."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-._").lower()[:60].strip("-._")


def render(source: Given, notes: Mapping[str, Sequence[str]]) -> str:
    """The text of a file: the keys that a found source has, and commented those that it may get.

    `notes` are comments by key, those under "" stand at the top. The same for the same.
    """
    return marked("\n".join(_lines(source, notes)) + "\n", "source")


def marked(body: str, command: str) -> str:
    """A file that `kuaixun COMMAND` writes, with the line at its top that tells whether it was edited since."""
    return f"# Written by `kuaixun {command}` ({_hash(body)}). {_ABOUT}\n{body}"


def _lines(source: Given, notes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield from _comments(notes.get("", ()))
    yield from ("", "# Where to start: list pages, feeds or sitemaps.", *_comments(notes.get("seeds", ())))
    yield "seeds = ["
    yield from (f"    {_quoted(seed)}," for seed in source.seeds)
    yield "]"
    yield from (
        "",
        '# How often to look at them: "90s", "15m", "1h30m", "1d". Or a crontab line: cron = "*/10 7-23 * * *"',
    )
    yield f'every = "{show_duration(source.every)}"'
    yield from ("", "# A regular expression found in the URLs of articles. Without it a general rule decides.")
    yield from _comments(notes.get("article", ()))
    yield f"article = {_quoted(source.article)}" if source.article else "# article = '/\\d+\\.html$'"
    yield from ("", '# What the general rules get wrong on this site, if anything: field = "CSS selector".')
    yield '# select = { title = "h1", source = ".info .from" }'
    yield from ("", "# Boxes that are never body text.", '# drop = [".share", ".disclaimer"]')
    yield from ("", "# The zone of its times, and the encoding of its pages where they do not tell the truth about it.")
    yield f"timezone = {_quoted(source.timezone)}" if source.timezone else '# timezone = "Asia/Shanghai"'
    yield f"encoding = {_quoted(source.encoding)}" if source.encoding else '# encoding = "gb18030"'
    yield from ("", "# Seconds between two requests to this site, and how many links away from a seed the crawl goes.")
    yield from _comments(notes.get("delay", ()))
    yield from (
        "# delay = 2.0",
        "# max_depth = 3",
        "",
        "# false: stays in the file, is not crawled.",
        "# enabled = true",
    )


def _comments(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        # No line of a comment may end it.
        yield "# " + "".join(c if c.isprintable() else " " for c in line)


def _quoted(text: str) -> str:
    """A text as TOML has it: literal where that is possible, so that a regular expression can be read."""
    plain = text.isprintable() and "'" not in text and "\\" in text
    return f"'{text}'" if plain else json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def state(file: Path) -> State:
    """Whether a file is one of ours as it was written (untouched), or the user's (edited), or not there."""
    if not file.exists():
        return "none"
    try:
        head, _, body = file.read_text(encoding="utf-8").partition("\n")
    except UnicodeDecodeError:
        return "edited"
    mark = _MARK.match(head)
    return "untouched" if mark and mark[1] == _hash(body) else "edited"


def write(file: Path, text: str) -> None:
    """Put a file in place, whole or not at all; its folder is made. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(file)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def take_away(file: Path) -> Path | None:
    """Delete a file of ours; one that was edited is renamed instead, to the path that is returned."""
    if state(file) == "untouched":
        file.unlink()
        return None
    number, kept = 1, file.with_name(file.name + ".removed")
    while kept.exists():
        number += 1
        kept = file.with_name(f"{file.name}.removed{number}")
    file.rename(kept)
    return kept
