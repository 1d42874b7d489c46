"""The version of the rules that pages are read by: that of the program, and a hash of all that decides on an answer.

Two readings of a page under one version are the same. A source's own selectors are a part of its rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version as version_of
from importlib.resources import files
from importlib.resources.abc import Traversable

from config import Source

# The rooms of the crawler that read a page; a test keeps this true.
ROOMS = (
    "ads", "box", "decode", "extract", "fields", "gather", "headlines", "markdown", "names", "parse", "patterns",
    "phrases", "prune", "reading", "refusals", "shapes", "stamps", "tags", "times", "tree", "trim", "urls", "view",
    "walk", "zones",
)  # fmt: skip
# What the models are trained from decides nothing by itself.
_TRAINING = frozenset(("train.py", "augment.py", "fit.py", "articles.toml", "titles.tsv", "lookalikes.txt"))
_DIGITS = 8


def version(source: Source) -> str:
    """The rules for the pages of a source: `0.1.0+1a2b3c4d`, with a hash of its own rules behind it if it has any."""
    own = (sorted(source.select.items()), source.drop, source.encoding, source.timezone)
    return f"{_general()}.{_hash(json.dumps(own).encode())}" if any(own) else _general()


@cache
def _general() -> str:
    room = files(__package__)
    found = (one for name in ROOMS for one in (room / f"{name}.py", room / name) if one.is_file() or one.is_dir())
    parts = [f"{name}\n".encode() + data for one in found for name, data in _contents(one)]
    return f"{version_of('kuaixun')}+{_hash(b''.join(parts))}"


def _contents(place: Traversable) -> Iterator[tuple[str, bytes]]:
    """The files of a room, code and data, in a fixed order."""
    if place.is_file():
        yield place.name, place.read_bytes()
        return
    for one in sorted(place.iterdir(), key=lambda each: each.name):
        if one.is_file() and one.name not in _TRAINING:
            yield one.name, one.read_bytes()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]
