"""Folds a title to the form that the model counts: what sellers write to get past a filter becomes what they mean.

In order: Unicode compatibility forms (full width, circled digits: NFKC, UAX 15), look-alikes and traditional
characters, what cannot be seen, case; then words spelt apart, and names of chat programs in disguise. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

PICTURE = "\u263a"
HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff"
)
_MARKS = "\\s·•・*~^_`'´¨┆│┊★☆◆●○▲△▼■□◇./\\\\-"
# Blocks of arrows, signs, dingbats and emoji: which one it is says little, that it is there says much.
_PICTURES = ((0x2190, 0x2200), (0x2600, 0x2605), (0x2607, 0x27C0), (0x2B00, 0x2C00), (0x1F000, 0x1FB00))

_UNSEEN = re.compile(f"[{_INVISIBLE}]+")
# A dot between digits (0.38) or letters (t.me) means something; beside a Chinese character it only parts a word.
_INSIDE = re.compile(
    f"(?<=[{HAN}])[{_MARKS}]+(?=[{HAN}a-z0-9+])|(?<=[a-z0-9+])[{_MARKS}]+(?=[{HAN}])|\\s+(?=[{HAN}])",
)
_SPELT = re.compile(r"(?<![a-z0-9])[a-z0-9](?:[\s·*~_.\-][a-z0-9]){2,}(?![a-z0-9])")
_BETWEEN = re.compile(r"[\s·*~_.\-]")
_WECHAT = re.compile("[薇徽威溦微]☺*[信芯心]|[薇徽威溦微][☺x]|v[信芯心☺x]|(?<![a-z])(?:wechat|weixin|wx|vx)(?![a-z])")


def _table() -> dict[int, str]:
    """The table for `str.translate`: pictures first, then what lookalikes.txt says, which knows better."""
    table = {point: PICTURE for low, high in _PICTURES for point in range(low, high)}
    for line in (Path(__file__).parent / "lookalikes.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            sources, targets = line.split(" ")
            table.update(zip(map(ord, sources), targets * (len(sources) // len(targets)), strict=True))
    return table


_TABLE = _table()


def unify(title: str) -> str:
    """One spelling for every character: NFKC, look-alikes, simplified, lower case, nothing invisible; spaces stay."""
    if title.isascii():
        return title.lower()
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", title).translate(_TABLE)).lower()


def close_up(unified: str) -> str:
    """Puts together what was spelt apart: marks and spaces beside Chinese characters, letters one by one."""
    closed = _INSIDE.sub("", unified)
    return _WECHAT.sub("微信", _SPELT.sub(lambda found: _BETWEEN.sub("", found[0]), closed)).strip()


def fold(title: str) -> str:
    """Both steps: the form of a title in which evasions look like what they stand for.

    >>> fold("加 薇❤信：Ａ Ｂ Ｃ，代·开*发~票")
    '加微信:abc,代开发票'
    """
    return close_up(unify(title))
