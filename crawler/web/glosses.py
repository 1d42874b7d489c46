"""What the program says in English of what it did, in the language of the interface. Pure, but for its own table."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

from crawler.web.words import Words

LONGEST = 400  # characters: nothing longer is ours
_DEPTH = 3


def glossed(text: str, t: Words) -> str:
    """A reason or an evidence as the reader is told it; as it stands where nothing fits."""
    return _glossed(text, t.tag[:2]) if len(text) <= LONGEST else text


@lru_cache(maxsize=1024)  # the links of a story say the same again and again
def _glossed(text: str, language: str, depth: int = 0) -> str:
    for pattern, said in _table().get(language, ()) if depth <= _DEPTH else ():
        found = pattern.fullmatch(text)
        if found:
            groups = {name: _glossed(value, language, depth + 1) for name, value in found.groupdict().items() if value}
            return said.format(found[0], *found.groups(), **groups)
    return text


@cache
def _table() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    told = tomllib.loads(Path(__file__).with_name("glosses.toml").read_text(encoding="utf-8"))
    return {language: [(re.compile(pattern, re.S), said) for pattern, said in some] for language, some in told.items()}
