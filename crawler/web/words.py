"""The words of the interface. They stand in `words.toml`, each in every language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from crawler.web.state import LANGUAGES

TAGS = {"zh": "zh-Hans", "en": "en"}


class Words(SimpleNamespace):
    """The words of one language; `tag` is its name for a page."""

    tag: str

    def __call__(self, name: str, /, **values: Any) -> str:
        """A word by its name, filled in."""
        word: str = getattr(self, name)
        return word.format(**values)


@cache
def words(language: str) -> Words:
    """The words of a language: zh or en."""
    place = LANGUAGES.index(language)
    return Words(tag=TAGS[language], **{name: each[place] for name, each in table().items()})


@cache
def table() -> dict[str, list[str]]:
    """Every word: its name, and what it is in each of `LANGUAGES`."""
    found: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    return found


def preferred(accept: str) -> str:
    """The language that a browser would rather have, by its Accept-Language; Chinese when it says nothing of either."""
    best, weight = "zh", 0.0
    for part in accept.split(",")[:20]:
        tag, _, rest = part.strip().partition(";")
        language = tag.split("-")[0].lower()
        if language in LANGUAGES and (its := _weight(rest)) > weight:
            best, weight = language, its
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
