"""How a text is cut for the search index. Pure.

FTS5's own tokenizers take a run of Chinese for one word, so the cutting is done here and the index gets the tokens,
parted by spaces. A run of Chinese, Japanese or Korean gives every pair of neighbours and then its last character alone:
货币政策 gives 货币 币政 政策 策. Anything else gives whole words. A pair finds a word of two characters, a phrase of
pairs any longer string, and a prefix any single character, since every character begins exactly one token; the
lone last one keeps a phrase from running on into the next run.

Behind these stand the tokens for tools that know nothing of pairs and ask for a word as it is typed: the words of
three characters and more that a dictionary knows (货币政策), and mixed names (A股, 5G基站). And the ends of words that
run into Chinese (10086客服: 6客 86客 086客 0086客), for what is typed from the middle of such a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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


def searchable(text: str) -> str:
    """The form in which texts and typed words meet: NFKC, case folded, in simplified characters."""
    return simplified(fold(text))


def index_tokens(form: str) -> str:
    """The tokens of a text (`searchable`), in order, parted by spaces; then its mixed names and dictionary words."""
    runs = RUN.findall(form)
    out = tokens(runs)
    out.extend(_mixed_names(form))
    out.extend(_ends(form))
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


def _ends(form: str) -> Iterable[str]:
    """The last characters of each word that runs into Chinese, with the first of that."""
    found: dict[str, None] = {}
    for word in _WORD.finditer(form):
        after = form[word.end() : word.end() + 1]
        if after and _ALL_CJK.match(after):
            start, end = word.span()
            found |= {form[end - size : end + 1]: None for size in range(1, min(ENDS + 1, end - start))}
    return found


def _mixed_names(form: str) -> Iterable[str]:
    """A股, 5G基站, 小米SU7 as one token each: FTS5 takes such a word for one token when a stock tool asks for it."""
    found: dict[str, None] = {}
    for name in _NAME.finditer(form):
        start, end = name.span()
        before, after = form[max(0, start - 1) : start], form[end : end + 1]
        if end - start > LONGEST_NAME or not (_CJK_ONE.match(before) or _CJK_ONE.match(after)):
            continue
        if not any(map(str.isalpha, name[0])):
            continue
        for joined in (form[start : end + 1], form[start : end + 2], form[max(0, start - 2) : end]):
            if _ALL_CJK.fullmatch(joined.replace(name[0], "", 1)):
                found[joined] = None
    return found
