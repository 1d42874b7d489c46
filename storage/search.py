"""How a text is cut for the search index, and how typed words are asked of it. Pure.

FTS5's own tokenizers take a run of Chinese for one word, so the cutting is done here and the index gets the tokens,
parted by spaces. A run of Chinese, Japanese or Korean gives every pair of neighbours and then its last character alone:
货币政策 gives 货币 币政 政策 策. Anything else gives whole words. A pair finds a word of two characters, a phrase of
pairs any longer string, and a prefix any single character, since every character begins exactly one token; the
lone last one keeps a phrase from running on into the next run.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate, islice
from operator import add

from storage.texts import fold

# Han with its iteration marks and extensions, kana, bopomofo, Hangul.
_CJK = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W_{_CJK}]"
# A run of Chinese, Japanese or Korean, or else a word of another script.
_RUN = re.compile(rf"([{_CJK}]+)|({_LETTER}+)")
_ALL_CJK = re.compile(rf"[{_CJK}]+")
_MIXED_NAME = re.compile(rf"(?<=[{_CJK}])[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]*[a-z][a-z0-9]*(?=[{_CJK}])")
_TYPED = re.compile(r'"([^"]*)"|(\S+)')

# More than this many words, or pairs of one word, narrows no search; it only costs.
MAX_WORDS = 24
MAX_TOKENS = 64


def index_tokens(folded: str) -> str:
    """The tokens of a folded text (`texts.fold`), in order, parted by spaces; then its mixed names."""
    out = _tokens(_RUN.findall(folded))
    out.extend(_mixed_names(folded))
    return " ".join(out)


def _tokens(runs: Iterable[tuple[str, str]]) -> list[str]:
    out: list[str] = []
    for chinese, word in runs:
        if chinese:
            out.extend(map(add, chinese, chinese[1:]))
        out.append(word or chinese[-1])
    return out


def _mixed_names(folded: str) -> Iterable[str]:
    """A股, 5G基站, 小米SU7 as one token each: FTS5 takes such a word for one token when a stock tool asks for it."""
    found: dict[str, None] = {}
    for name in _MIXED_NAME.finditer(folded):
        start, end = name.span()
        for joined in (folded[start : end + 1], folded[start : end + 2], folded[max(0, start - 2) : end]):
            if _ALL_CJK.fullmatch(joined.replace(name[0], "", 1)):
                found[joined] = None
    return found


def words_to_match(words: str) -> str:
    """What a user typed, as an FTS5 expression that every word must meet; "" when nothing in it can be searched.

    Any input gives a valid expression. Words in double quotes stay together: `"interest rate"`.
    """
    phrases = dict.fromkeys(filter(None, map(_phrase, _typed(words))))
    return " ".join(list(phrases)[:MAX_WORDS])


def _typed(words: str) -> Iterator[str]:
    for quoted, bare in _TYPED.findall(fold(words)):
        yield quoted or bare


def _phrase(word: str) -> str:
    """One typed word as a phrase of tokens; a last single character of Chinese asks for what begins with it."""
    runs = _RUN.findall(word)
    tokens = _tokens(runs)
    last = runs[-1][0] if runs else ""
    if not last:
        return _quoted(tokens) if tokens else ""
    return _quoted(tokens) + " *" if len(last) == 1 else _quoted(tokens[:-1])


def _quoted(tokens: list[str]) -> str:
    return f'"{" ".join(tokens[:MAX_TOKENS])}"'


def snippet(text: str, words: str, *, width: int = 60, marks: tuple[str, str] = ("[", "]")) -> str:
    """About `width` characters of the original text around the first typed word in it, each such word between `marks`.

    The text's beginning when none is in it (the word may be in the title).
    """
    patterns = [pattern for word in islice(_typed(words), MAX_WORDS) if (pattern := _pattern(word))]
    pieces = [_fold_character(character) for character in text]
    ends = list(accumulate(map(len, pieces)))
    hits = re.finditer("|".join(patterns) or r"(?!)", "".join(pieces))
    spans = [(bisect_right(ends, hit.start()), bisect_right(ends, hit.end() - 1) + 1) for hit in hits]
    start = max(0, spans[0][0] - width // 3) if spans else 0
    return _cut(text, start, min(len(text), start + width), spans, marks)


def _cut(text: str, start: int, end: int, spans: list[tuple[int, int]], marks: tuple[str, str]) -> str:
    out, done = "…" if start else "", start
    for left, right in spans:
        if left >= done and right <= end:
            out += text[done:left] + marks[0] + text[left:right] + marks[1]
            done = right
    out += text[done:end] + ("…" if end < len(text) else "")
    return " ".join(out.split())


def _pattern(word: str) -> str:
    """Where a typed word stands in folded text: its runs in order, with nothing but punctuation between them."""
    runs = _RUN.findall(word)
    if not runs:
        return ""
    before = rf"(?<!{_LETTER})" if runs[0][1] else ""
    after = rf"(?!{_LETTER})" if runs[-1][1] else ""
    return before + r"[\W_]*".join(re.escape(chinese or word) for chinese, word in runs) + after


@lru_cache(maxsize=16384)
def _fold_character(character: str) -> str:
    return fold(character)
