"""How a text is cut for the search index. Pure.

FTS5's own tokenizers take a run of Chinese for one word, so the cutting is done here and the index gets the tokens,
parted by spaces. A run of Chinese, Japanese or Korean gives every pair of neighbours and then its last character alone:
货币政策 gives 货币 币政 政策 策. Anything else gives whole words. A pair finds a word of two characters, a phrase of
pairs any longer string, and a prefix any single character, since every character begins exactly one token; the
lone last one keeps a phrase from running on into the next run.

Behind these stand the tokens for tools that know nothing of pairs and ask for a word as it is typed: the words of
three characters and more that a dictionary knows (货币政策), and mixed names (A股, 5G基站). And wherever Latin letters
or digits meet Chinese, up to `ENDS` of them with the one character (10086客服: 6客 86客 086客 0086客; 小米SU7: 米s 米su
米su7): a string that crosses such a border may begin or end in the middle of a word, and is found by these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from operator import add

from storage.texts import fold, simplified

# Han with its iteration marks and extensions, kana, bopomofo, Hangul.
_CJK = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
LETTER = rf"[^\W_{_CJK}]"
# A run of Chinese, Japanese or Korean, or else a word of another script.
RUN = re.compile(rf"([{_CJK}]+)|({LETTER}+)")
_ALL_CJK = re.compile(rf"[{_CJK}]+")
_CJK_ONE = re.compile(f"[{_CJK}]")
_NAME = re.compile(r"[a-z0-9]+")
LONGEST_NAME = 24
# Shorter words are pairs already; longer ones are titles and sayings that nobody types.
LEAST, MOST = 3, 8
ENDS = 4
_WORD = re.compile(rf"{LETTER}+")
_ACCENTED = re.compile("[\u00c0-\u0233\u1e00-\u1eff]")


def searchable(text: str) -> str:
    """The form in which texts and typed words meet: NFKC, case folded, in simplified characters."""
    return simplified(fold(text))


def unaccented(form: str) -> str:
    """The form without the accents of Latin letters, which FTS5 leaves aside: café and cafe are one word."""
    return _ACCENTED.sub(lambda found: _bare(found[0]), form)


@cache
def _bare(letter: str) -> str:
    # Letters with two accents FTS5 leaves as they are.
    parts = unicodedata.normalize("NFD", letter)
    return parts[0] if len(parts) == 2 and parts[0].isascii() else letter


def index_tokens(form: str) -> str:
    """The tokens of a text (`searchable`), in order, parted by spaces; then those of its borders, and its words."""
    runs = RUN.findall(form)
    out = tokens(runs)
    out.extend(_borders(form))
    out.extend(_words(runs))
    return " ".join(out)


def tokens(runs: Iterable[tuple[str, str]]) -> list[str]:
    """The pairs and words of runs (`RUN`)."""
    out: list[str] = []
    for chinese, word in runs:
        if chinese:
            out.extend(map(add, chinese, chinese[1:]))
        out.append(word or chinese[-1])
    return out


def _words(runs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Every dictionary word of three characters and more, wherever it begins, and those that the cut makes up."""
    import rjieba  # 30 MB, which reading does without

    text = " ".join(chinese for chinese, _ in runs if len(chinese) >= LEAST)
    known = {word: None for word in rjieba.cut_all(text) if LEAST <= len(word) <= MOST}
    known |= {word: None for word in rjieba.cut(text) if LEAST <= len(word) <= MOST}
    yield from known


def _borders(form: str) -> Iterable[str]:
    """Parts of words with the Chinese that they meet, and A股, 5G基站, 小米SU7 as one token each.

    FTS5 takes such a name for one token when a stock tool asks for it.
    """
    found: dict[str, None] = {}
    for word in _WORD.finditer(form):
        start, end = word.span()
        before, after = _CJK_ONE.match(form, start - 1) if start else None, _CJK_ONE.match(form, end)
        if not (before or after):
            continue
        sizes = range(1, min(ENDS, end - start) + 1)
        if before:
            found |= {form[start - 1 : start + size]: None for size in sizes}
        if after:
            found |= {form[end - size : end + 1]: None for size in sizes}
        if end - start > LONGEST_NAME or not _NAME.fullmatch(word[0]) or word[0].isdecimal():
            continue
        names = [form[start : end + size] for size in (1, 2)] if after else []
        for name in (*names, form[start - 2 : end]) if before and start > 1 else names:
            if _ALL_CJK.fullmatch(name.replace(word[0], "", 1)):
                found[name] = None
    return found
