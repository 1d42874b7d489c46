"""How typed words are asked of the search index, and how a hit is shown. Pure; `words` says how texts are cut.

Words must all be there. `OR` asks for one side or the other, `NOT` or a leading `-` for what must be absent, double
quotes keep words together, brackets group, a last `*` asks for what begins so. Operators are in capitals, as in FTS5.
Any input gives a valid expression.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, islice
from typing import NamedTuple

from storage.words import ENDS, LETTER, RUN, searchable, tokens

_TYPED = re.compile(r'(-?)"([^"]*)"?|([^\s"]+)')
_OPERATORS = frozenset(("AND", "OR", "NOT", "(", ")"))

# More than this many words, or pairs of one word, narrows no search; it only costs.
MAX_WORDS = 24
MAX_TOKENS = 64


class Term(NamedTuple):
    """One typed word or phrase in its searchable form; `operator` is "" or what stands in a term's place."""

    word: str
    operator: str = ""


def words_to_match(words: str) -> str:
    """What a user typed, as an FTS5 expression; "" when nothing in it can be searched."""
    terms = list(islice(_terms(words), 2 * MAX_WORDS))
    depth = 0
    for term in terms:
        depth += (term.operator == "(") - (term.operator == ")")
        if depth < 0:
            break
    if depth:  # brackets that do not pair are punctuation
        terms = [term for term in terms if term.operator not in ("(", ")")]
    return _expression(iter(terms))


def _terms(words: str) -> Iterator[Term]:
    for minus, quoted, bare in _TYPED.findall(words):
        denied = len(bare) > 1 and bare.startswith("-")
        if minus or denied:
            yield Term("", "NOT")
        if bare in _OPERATORS:
            yield Term("", bare)
            continue
        if not bare:
            yield Term(searchable(quoted))
            continue
        outer = bare[denied:]
        inner = outer.lstrip("(")
        yield from (Term("", "(") for _ in range(len(outer) - len(inner)))
        word = inner.rstrip(")")
        if word:
            yield Term(searchable(word))
        yield from (Term("", ")") for _ in range(len(inner) - len(word)))


def _expression(terms: Iterator[Term]) -> str:
    """The terms up to the closing bracket, or to the end."""
    sides: list[str] = []
    wanted: dict[str, None] = {}
    absent: dict[str, None] = {}
    denied = False
    for word, operator in terms:
        if operator == ")":
            break
        if operator == "OR":
            sides.append(_all_of(wanted, absent))
            wanted, absent = {}, {}
        elif operator in ("AND", "NOT"):
            denied = operator == "NOT"
            continue
        else:
            found = _expression(terms) if operator else _phrase(word)
            if found:
                (absent if denied else wanted)[found] = None
        denied = False
    sides.append(_all_of(wanted, absent))
    sides = [side for side in sides if side]
    return sides[0] if len(sides) == 1 else f"({' OR '.join(sides)})" if sides else ""


def _all_of(wanted: dict[str, None], absent: dict[str, None]) -> str:
    """A search for absence alone finds nothing: it would be nearly everything."""
    if not wanted:
        return ""
    found = " AND ".join(list(wanted)[:MAX_WORDS])
    found = f"({found})" if len(wanted) > 1 else found
    return f"({found} NOT ({' OR '.join(absent)}))" if absent else found


def _phrase(word: str) -> str:
    """One typed word as a phrase of tokens.

    A last single character of Chinese asks for what begins with it. Where Latin letters or digits meet Chinese, a word
    may have been typed from the middle of theirs or to the middle: 小米S finds 小米SU7, 086客服 finds 10086客服.
    """
    runs = RUN.findall(word)
    if not runs:
        return ""
    mixed = any(chinese for chinese, _ in runs) and any(latin for _, latin in runs)
    found = _quoted(runs, open_end=mixed or word.endswith("*"))
    if not _runs_into(word, runs):
        return found
    end = f'"{runs[0][1][-ENDS:]}{runs[1][0][0]}"'
    return f"({found} OR ({end} AND {_quoted(runs[1:], open_end=True)}))"


def _runs_into(word: str, runs: list[tuple[str, str]]) -> bool:
    """Whether a word begins with Latin letters or digits that Chinese follows at once."""
    return len(runs) > 1 and runs[0][1] != "" and runs[1][0] != "" and word.startswith(runs[0][1] + runs[1][0])


def _quoted(runs: list[tuple[str, str]], *, open_end: bool) -> str:
    parts, last = tokens(runs), runs[-1][0]
    if last and len(last) > 1:
        parts, open_end = parts[:-1], False
    elif last:
        open_end = True
    return f'"{" ".join(parts[:MAX_TOKENS])}"' + (" *" if open_end and len(parts) <= MAX_TOKENS else "")


def pieces(words: str) -> list[str]:
    """The typed words that must stand in a text as they are, because the index alone cannot tell: mixed ones."""
    found = []
    denied = False
    terms = list(islice(_terms(words), 2 * MAX_WORDS))
    if any(term.operator in ("OR", "(") for term in terms):
        return []
    for word, operator in terms:
        runs = RUN.findall(word)
        if not denied and _runs_into(word, runs):
            found.append(word.rstrip("*"))
        denied = operator == "NOT"
    return found


def snippet(text: str, words: str, *, width: int = 60, marks: tuple[str, str] = ("[", "]")) -> str:
    """About `width` characters of the original text around the first typed word in it, each such word between `marks`.

    The text's beginning when none is in it (the word may be in the title).
    """
    typed = (term.word for term in islice(_terms(words), MAX_WORDS) if term.word)
    patterns = [pattern for word in typed if (pattern := _pattern(word))]
    folded = [_fold_character(character) for character in text]
    ends = list(accumulate(map(len, folded)))
    hits = re.finditer("|".join(patterns) or r"(?!)", "".join(folded))
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
    runs = RUN.findall(word)
    if not runs:
        return ""
    mixed = any(chinese for chinese, _ in runs)
    before = rf"(?<!{LETTER})" if runs[0][1] and not mixed else ""
    after = rf"(?!{LETTER})" if runs[-1][1] and not mixed and not word.endswith("*") else ""
    return before + r"[\W_]*".join(re.escape(chinese or word) for chinese, word in runs) + after


@lru_cache(maxsize=16384)
def _fold_character(character: str) -> str:
    return searchable(character)
