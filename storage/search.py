"""How typed words are asked of the search index, and how a hit is shown. Pure; `words` says how texts are cut.

Words must all be there. `OR` asks for one side or the other, `NOT` or a leading `-` for what must be absent, double
quotes keep words together, brackets group, a last `*` asks for what begins so. Operators are in capitals, as in FTS5.
Any input gives a valid expression.

A word is found where its letters and digits stand in the title or the text, in whatever script, width and case, with
or without accents. Where it has anything else between them, the text has something else there too, white space or
punctuation. Chinese is found anywhere; Latin letters and digits are whole words, but where they run into Chinese a
word may begin or end within them: 小米S finds 小米SU7, 086客服 finds 10086客服. `words_to_match` finds all of this and
at times more; `checked` says what to keep.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, islice, pairwise, takewhile
from typing import NamedTuple

from storage.words import ENDS, LETTER, RUN, searchable, tokens, unaccented

_TYPED = re.compile(r'(-?)"([^"]*)"?|([^\s"]+)')
_LETTER = re.compile(LETTER)
_OPERATORS = frozenset(("AND", "OR", "NOT", "(", ")"))

# More than this many words, or pairs of one word, narrows no search; it only costs.
MAX_WORDS = 24
MAX_TOKENS = 64

# Whether a title and a text hold what was asked for.
Check = Callable[[str, str], bool]


class _Term(NamedTuple):
    """One typed word or phrase in its searchable form; `operator` is "" or what stands in a term's place."""

    word: str
    operator: str = ""


class _Found(NamedTuple):
    """What is asked for: as an FTS5 expression, as a check, and whether the expression alone finds just that."""

    match: str
    check: Check
    exact: bool


def words_to_match(words: str) -> str:
    """What a user typed, as an FTS5 expression; "" when nothing in it can be searched."""
    found = _asked(words)
    return found.match if found else ""


def checked(words: str) -> Check | None:
    """What tells the hits of `words_to_match` that hold what was typed; None when all of them do."""
    found = _asked(words)
    if found is None or found.exact:
        return None
    check = found.check
    return lambda title, text: check(form(title), form(text))


def holds(words: str) -> Check | None:
    """What tells whether title and text, both in their `form`, hold what was typed: what a search finds, without the
    index. None when nothing in it can be searched.
    """
    found = _asked(words)
    return found.check if found else None


def form(text: str) -> str:
    """The form in which texts and typed words are compared, where the index is not asked."""
    return unaccented(searchable(text))


@lru_cache(maxsize=16)
def _asked(words: str) -> _Found | None:
    terms = list(islice(_terms(words), 2 * MAX_WORDS))
    depth = 0
    for term in terms:
        depth += (term.operator == "(") - (term.operator == ")")
        if depth < 0:
            break
    if depth:  # brackets that do not pair are punctuation
        terms = [term for term in terms if term.operator not in ("(", ")")]
    return _expression(iter(terms))


def _terms(words: str) -> Iterator[_Term]:
    for minus, quoted, bare in _TYPED.findall(words):
        denied = len(bare) > 1 and bare.startswith("-")
        if minus or denied:
            yield _Term("", "NOT")
        if bare in _OPERATORS:
            yield _Term("", bare)
            continue
        if not bare:
            yield _Term(form(quoted))
            continue
        outer = bare[denied:]
        inner = outer.lstrip("(")
        yield from (_Term("", "(") for _ in range(len(outer) - len(inner)))
        word = inner.rstrip(")")
        if word:
            yield _Term(form(word))
        yield from (_Term("", ")") for _ in range(len(inner) - len(word)))


def _expression(terms: Iterator[_Term]) -> _Found | None:
    """The terms up to the closing bracket, or to the end."""
    sides: list[_Found | None] = []
    wanted: dict[str, _Found] = {}
    absent: dict[str, _Found] = {}
    denied = False
    for word, operator in terms:
        if operator == ")":
            break
        if operator == "OR":
            sides.append(_all_of([*wanted.values()], [*absent.values()]))
            wanted, absent = {}, {}
        elif operator in ("AND", "NOT"):
            denied = operator == "NOT"
            continue
        else:
            found = _expression(terms) if operator else _phrase(word)
            if found:
                (absent if denied else wanted)[word or found.match] = found
        denied = False
    sides.append(_all_of([*wanted.values()], [*absent.values()]))
    return _any_of([side for side in sides if side])


def _any_of(sides: list[_Found]) -> _Found | None:
    if len(sides) < 2:
        return sides[0] if sides else None
    match = f"({' OR '.join(side.match for side in sides)})"
    return _Found(
        match, lambda title, text: any(side.check(title, text) for side in sides), all(side.exact for side in sides)
    )


def _all_of(wanted: list[_Found], absent: list[_Found]) -> _Found | None:
    """A search for absence alone finds nothing: it would be nearly everything."""
    if not wanted:
        return None
    match = " AND ".join(one.match for one in wanted[:MAX_WORDS])
    match = f"({match})" if len(wanted) > 1 else match
    # What finds too much must not exclude too much.
    sure = [one.match for one in absent if one.exact]
    match = f"({match} NOT ({' OR '.join(sure)}))" if sure else match

    def check(title: str, text: str) -> bool:
        return all(one.check(title, text) for one in wanted) and not any(one.check(title, text) for one in absent)

    return _Found(match, check, len(wanted) <= MAX_WORDS and all(one.exact for one in (*wanted, *absent)))


def _phrase(word: str) -> _Found | None:
    """One typed word as tokens: a phrase, and one token for each place where Latin letters or digits meet Chinese."""
    runs, find = [*RUN.finditer(word)], _finder(word)
    if not find:
        return None
    joined = [left.end() == right.start() for left, right in pairwise(runs)]
    borders = [_border(*pair) for pair, close in zip(pairwise(runs), joined, strict=True) if close]
    # At such a place the word may begin or end in the middle of another one, and its token says all there is to say.
    closed = bool(joined) and joined[-1] and (runs[-1][2] is not None or len(runs[-1][0]) == 1)
    whole = runs[bool(joined) and joined[0] and runs[0][2] is not None : len(runs) - closed]
    if len(whole) == 1 and len(whole[0][0]) == 1 and closed:
        whole = []
    parts = [f'"{border}"' for border in dict.fromkeys(borders)]
    if whole:
        parts.append(_quoted(RUN.findall(word[whole[0].start() : whole[-1].end()]), closed, word.endswith("*")))
    mixed = any(run[1] for run in runs) and any(run[2] for run in runs)
    # What stands at the end of a text's tokens may follow on it by chance, and begin as a word does that is not there.
    exact = not mixed and (len(runs) == 1 or not runs[0][1]) and (bool(runs[0][1]) or not word.endswith("*"))
    return _Found(
        f"({' AND '.join(parts)})" if len(parts) > 1 else parts[0],
        lambda title, text: bool(find.first(title) or find.first(text)),
        exact and len(tokens(RUN.findall(word))) <= MAX_TOKENS,
    )


def _border(left: re.Match[str], right: re.Match[str]) -> str:
    """The token of a place where Latin letters or digits meet Chinese."""
    return left[0][-ENDS:] + right[0][0] if left[2] else left[0][-1] + right[0][:ENDS]


def _quoted(runs: list[tuple[str, str]], closed: bool, star: bool) -> str:
    """The phrase of some runs; `closed`: the last one ends where it does in the text."""
    parts, last = tokens(runs), runs[-1][0]
    begun = not closed and (len(last) == 1 or (not last and star))
    if len(last) > 1 and not closed:
        parts = parts[:-1]
    return f'"{" ".join(parts[:MAX_TOKENS])}"' + (" *" if begun and len(parts) <= MAX_TOKENS else "")


def snippet(text: str, words: str, *, width: int = 60, marks: tuple[str, str] = ("[", "]")) -> str:
    """About `width` characters of the original text around the first typed word in it, each such word between `marks`.

    The text's beginning when none is in it (the word may be in the title).
    """
    folded = form(text)
    finders = _finders(words)
    first = min((hit for find in finders if (hit := find.first(folded))), default=None)
    if first is None:
        return _cut(text, 0, width, [], marks)
    start = max(0, first[0] - width // 3)
    end = start + width
    # Nearly always one character was made of each; else the place of each in the original is looked up.
    if "".join(map(_FOLDED.__getitem__, text[start:end])) != folded[start:end]:
        return _looked_up(text, finders, width, marks)
    return _cut(text, start, end, _spans(finders, folded, end), marks)


def _looked_up(text: str, finders: Sequence[_Finder], width: int, marks: tuple[str, str]) -> str:
    forms = [*map(_FOLDED.__getitem__, text)]
    ends = list(accumulate(map(len, forms)))
    hits = _spans(finders, "".join(forms), ends[-1])
    spans = [(bisect_right(ends, left), bisect_right(ends, right - 1) + 1) for left, right in hits]
    start = max(0, spans[0][0] - width // 3) if spans else 0
    return _cut(text, start, start + width, spans, marks)


def _spans(finders: Sequence[_Finder], folded: str, end: int) -> list[tuple[int, int]]:
    """Where the typed words stand that begin before a place, in order."""
    return sorted(span for find in finders for span in takewhile(lambda span: span[0] < end, find.all(folded)))


@lru_cache(maxsize=16)
def _finders(words: str) -> tuple[_Finder, ...]:
    typed = (term.word for term in islice(_terms(words), MAX_WORDS) if term.word)
    return tuple(find for word in typed if (find := _finder(word)))


def _cut(text: str, start: int, end: int, spans: list[tuple[int, int]], marks: tuple[str, str]) -> str:
    out, done = "…" if start else "", start
    for left, right in spans:
        if left >= done and right <= end:
            out += text[done:left] + marks[0] + text[left:right] + marks[1]
            done = right
    out += text[done:end] + ("…" if end < len(text) else "")
    return " ".join(out.split())


class _Finder(NamedTuple):
    """Finds a typed word in folded text: what it looks like, and whether it begins and ends whole words."""

    find: re.Pattern[str]
    whole_left: bool
    whole_right: bool

    def first(self, folded: str) -> tuple[int, int] | None:
        return next(self.all(folded), None)

    def all(self, folded: str) -> Iterator[tuple[int, int]]:
        """Every place, from and to, in order; none that reaches into the one before."""
        hit = self.find.search(folded)
        while hit:
            left, right = hit.span()
            cut = self.whole_left and left and _LETTER.match(folded, left - 1)
            cut = cut or (self.whole_right and _LETTER.match(folded, right))
            if not cut:
                yield left, right
            hit = self.find.search(folded, left + 1 if cut else right)


@lru_cache(maxsize=64)
def _finder(word: str) -> _Finder | None:
    """What finds a typed word in its searchable form; None for one of punctuation."""
    runs = [*RUN.finditer(word)]
    if not runs:
        return None
    joined = [left.end() == right.start() for left, right in pairwise(runs)]
    found = re.escape(runs[0][0])
    for close, run in zip(joined, runs[1:], strict=True):
        found += ("" if close else r"[\W_]+") + re.escape(run[0])
    # A word of Latin letters or digits may be cut where it runs into Chinese, and only there.
    whole_left = bool(runs[0][2]) and not (joined and joined[0])
    whole_right = bool(runs[-1][2]) and not (joined and joined[-1]) and not word.endswith("*")
    return _Finder(re.compile(found), whole_left, whole_right)


class _Folded(dict[str, str]):
    """Each character in its searchable form, once it has been asked for."""

    def __missing__(self, character: str) -> str:
        self[character] = made = form(character)
        return made


_FOLDED = _Folded()
