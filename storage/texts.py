"""What makes two texts one text, and what a text is found by: pure functions of strings.

Three forms of a text, each made from the one before: `fold` (width and case), `plain` (simplified script, no layout)
and `exact` (numbers and dates in one spelling as well). The sketch is of the plain form, so that a text costs little
that meets no other; the exact form is what `stories` compares.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from storage.figures import dated, figured

# All but layout; a point inside a number is no layout: 3.5 and 35 are two numbers. Neither is a currency, the sign of a
# share or of a grade (A-); a dash between two numbers or words, and one that leads a line, is.
_WORDS = re.compile(
    r"\w+(?:(?<=\d)\.(?=\d)\w+)*|[$€£¥‰]"
    r"|(?<![\da-z%‰°年月日号度元万亿倍])-(?=\d+(?:\.\d+)?[%‰°度]|\d+\.\d)|(?<=[abc])[-+](?![\da-z])"
)
_WORDS_AND_BREAKS = re.compile(rf"\n|{_WORDS.pattern}")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^\w.]+(?=\d)")
# Nearly all that NFKC changes in Chinese text: widths, spaces, numerals, signs in one character.
_WIDE = re.compile(
    "[\u00a0\u2002-\u200a\u2024-\u2026\u2100-\u214f\u2160-\u217f\u2460-\u24ff\u3000\u3200-\u33ff\ufe30-\ufe6f\uff01-\uffee]"
)
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]+")

# Lines that stand under (or over) a story and are none of it, whoever prints it: labels with a colon, and phrases.
_LABELS = (
    "责任?编辑|责编|编辑|编审|校对|审核|监制|来源|信息来源|(?:本文|文章|稿件|原文)(?:来源|转自|链接|地址)|原?标题|作者|标签|关键[词字]|tags?"
    "|(?:免责|版权|郑重|特别|重要)?(?:声明|提示)|风险提示|(?:相关|推荐|延伸|热门|更多|精彩).{0,2}(?:阅读|新闻|文章|链接|报道|推荐|内容)"
    "|[上下]一[篇条]|分享(?:到|至)?|举报电话|(?:阅读|点击)(?:量|数|次数)?"
)
_PHRASES = (
    "版权所有|未经.{0,6}(?:授权|许可|同意)|(?:本文|本稿|文章内容)(?:不代表|仅代表|系转载|仅供参考|由.{0,12}(?:发布|提供))|(?:更多|最新).{0,12}(?:尽在|请关注|请下载)"
    "|(?:请?扫(?:描|码)?|长按|识别|点击).{0,10}(?:二维码|蓝字|关注|下载|阅读原文|查看原文)|(?:欢迎|敬请)关注|(?:股市|市场|投资)有风险|关于我们|联系我们"
    "|(?:本网|本站|本报)(?:转载|声明|所有)|(?:推荐|相关|延伸|热门)(?:阅读|新闻|文章|链接)$|返回.{0,6}(?:首页|顶部|列表)$"
)
_FURNITURE = re.compile(rf"\W*(?:(?:{_LABELS})\s*[:|/】\]]|(?:{_PHRASES}))")
# Longer lines tell something.
_FURNITURE_LENGTH = 160

# What a list or a reprint puts before a title.
_LABEL = re.compile(
    r"^(?:[\[【(（][^\]】)）]{1,8}[\]】)）]\s*|(?:快讯|突发|最新|独家|关注|重磅|视频|组图|图解|转载)\s*[：:|！!]\s*)+"
)
# And what stands behind one: the site's name, the time.
_TAIL = re.compile(r"(?:\s*[-_|–—]\s*[^-_|–—]{1,12}[网报台社]|\s+\d{1,2}:\d\d)\s*$")
TITLE_BEGIN, TITLE_LEAST = 10, 8

SHINGLE = 5
SKETCH_SIZE = 32
_CRC = 2**32


@cache
def _narrow(wide: str) -> str:
    return unicodedata.normalize("NFKC", wide)


def fold(text: str) -> str:
    """NFKC, then case folded: full-width and half-width, upper and lower case are one."""
    # With these replaced one by one, normalising ends at its quick check, which is several times faster.
    for wide in {*_WIDE.findall(text)}:
        text = text.replace(wide, _narrow(wide))
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _script() -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds a traditional or variant character, and the table that simplifies them all."""
    lines = (Path(__file__).parent / "simplified.txt").read_text("utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    traditional, simple = "".join(lines[::2]), "".join(lines[1::2])
    table = dict(zip(traditional, simple, strict=True))
    # Followed to the end, so that it does not matter which is replaced first.
    return re.compile(f"[{traditional}]"), {one: table.get(other, other) for one, other in table.items()}


@cache
def _mainland() -> tuple[re.Pattern[str], dict[str, str]]:
    lines = (Path(__file__).parent / "taiwan.txt").read_text("utf-8").splitlines()
    words = dict(line.split(" ") for line in lines if not line.startswith("#"))
    return re.compile("|".join(sorted(words, key=len, reverse=True))), words


def mainland(text: str) -> str:
    """Plain text with the words of Taiwan replaced by the mainland's: 专案 by 项目, 资料 by 数据.

    Some of them are words of the mainland too, so this is for comparing what differs, not for reading.
    """
    found, words = _mainland()
    return found.sub(lambda word: words[word[0]], text)


def simplified(text: str) -> str:
    """The text in simplified characters, one for one: 財經 and 财经 are one."""
    found, table = _script()
    # Few of the table's characters are in any text, and to translate all the others costs five times as much.
    for traditional in {*found.findall(text)}:
        text = text.replace(traditional, table[traditional])
    return text


def alike(text: str) -> str:
    """The folded text in simplified script, without entities that a page left behind."""
    if "&" in text:
        text = html.unescape(text)
    return simplified(fold(text))


def plain(folded: str) -> str:
    """Folded text without white space, punctuation and symbols."""
    return "".join(_WORDS.findall(folded.replace("_", " ")))


def exact(folded: str) -> str:
    """Plain text in which numbers and dates have one spelling: 1.2万, 12,000 and 12000; 3月5日, 03-05 and 三月五日.

    Two numbers side by side are parted by a space.
    """
    return figured(plain_but_spaces(dated(_UNSEEN.sub("", folded))))


def plain_but_spaces(text: str) -> str:
    """`plain`, with a space left where digits would run together."""
    parts = _BETWEEN_DIGITS.split(text)
    return " ".join(map(plain, parts)) if len(parts) > 1 else plain(text)


def is_furniture(line: str) -> bool:
    """Whether a line (`alike`) is one that any site prints around a story: a disclaimer, an editor, links to others."""
    return len(line) <= _FURNITURE_LENGTH and _FURNITURE.match(line) is not None


class Whole(NamedTuple):
    """The lines of a text in plain form, and those of them that are its story (all, when none seems to be)."""

    lines: tuple[str, ...]
    story: tuple[str, ...]


def read(alike_text: str) -> Whole:
    """The lines of a text that went through `alike`."""
    # All lines at once: a line break is a word here, and all that is left between two of them is a line.
    words = "".join(_WORDS_AND_BREAKS.findall(alike_text.replace("_", " "))).split("\n")
    both = [(line, words) for line, words in zip(alike_text.split("\n"), words, strict=True) if words]
    lines = tuple(words for _, words in both)
    return Whole(lines, tuple(words for line, words in both if not is_furniture(line)) or lines)


def story_lines(alike_text: str) -> list[str]:
    """The lines of a text (`alike`) that are its story; all of them when none seems to be."""
    lines = [line for line in alike_text.split("\n") if line.strip()]
    return [line for line in lines if not is_furniture(line)] or lines


def text_key(text: str) -> str:
    """32 hex digits, equal for texts that differ in layout, punctuation, width, case, script or furniture alone.

    "" for no text at all.
    """
    return plain_key("".join(read(alike(text)).story))


def _bare(title: str) -> str:
    """A title without what a list or a site puts around it."""
    return _TAIL.sub("", _LABEL.sub("", title.strip()))


@lru_cache(maxsize=1024)  # A title stands on many pages of its site.
def title_key(title: str) -> int:
    """Equal for titles that begin alike: a list cuts them, another script or width writes them. 0 for a title too
    short to tell one story from another."""
    begin = exact(alike(_bare(title)))[:TITLE_BEGIN]
    return crc32(begin.encode("utf-8", "replace")) if len(begin) >= TITLE_LEAST else 0


def same_title(one: str, other: str) -> bool:
    """Whether two titles are one, or one of them is the other cut short (it ends in dots then)."""
    a, b = (exact(alike(_bare(title))) for title in (one, other))
    if a == b:
        return len(a) >= TITLE_LEAST
    cut = [(x, y) for x, y, title in ((a, b, one), (b, a, other)) if title.rstrip().endswith(("…", "...", ".."))]
    return any(len(short) >= TITLE_BEGIN and whole.startswith(short) for short, whole in cut)


def plain_key(text: str) -> str:
    """`text_key` of a text that is plain already."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest() if text else ""


@cache
def _chosen() -> re.Pattern[str]:
    """One character of eight, at random but the same for ever: where the shingles begin that go first."""
    points = (point for point in range(0x30, 0xFFFF) if not 0xD800 <= point < 0xE000)
    # The multiplier is Knuth's.
    characters = "".join(chr(point) for point in points if not (point * 2654435761 >> 13) % 8)
    return re.compile(f"[{re.escape(characters)}]")


def fingerprint(text: str) -> frozenset[int]:
    """A sketch of a plain text: about `SKETCH_SIZE` 32-bit hashes of its shingles of five characters.

    Texts that share passages share hashes, in proportion. Those shingles go first that begin with a chosen character;
    a long text keeps of them the hashes below a bound that falls with their number, a short one has all of them and of
    the others as many as there is room for. So what is in a long text's sketch and in the short text is in the short
    one's sketch too, and only one shingle in eight of a long text is ever hashed.
    """
    data, width = text.encode("utf-16-le", "replace"), 2 * SHINGLE
    end = len(data) - width + 1
    if end <= 0:
        return frozenset()
    starts = [2 * found.start() for found in _chosen().finditer(text, 0, (end + 1) // 2)]
    sketch = _hashed(data, starts, SKETCH_SIZE)
    if len(starts) >= SKETCH_SIZE:
        return sketch
    others = sorted(set(range(0, end, 2)).difference(starts))
    return sketch | _hashed(data, others, SKETCH_SIZE - len(starts))


def _hashed(data: bytes, starts: Sequence[int], size: int) -> frozenset[int]:
    """About so many of the hashes of the shingles that begin there."""
    bound, width = min(_CRC, _CRC * size // max(1, len(starts))), 2 * SHINGLE
    return frozenset([found for start in starts if (found := crc32(data[start : start + width])) < bound])
