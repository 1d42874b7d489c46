"""The pattern of a site's article addresses, drawn from examples. Pure.

Examples of one shape make a group: the same directories in words and numbers, the same kind of name, the same ending.
What all of a group have in common stays as it is, what differs becomes a class of characters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlsplit

from crawler.pieces import DATED, NUMBERED, RUN, Cut, cut, kind_of, sort_of
from crawler.shapes import looks_like_article

# Any scheme and host of the site, in front of every pattern.
HOST = "^https?://[^/]+"
# Alternatives in one pattern: more of them say that there is no pattern.
MOST = 8
# The share of articles that a pattern may lose.
TOLERATED = 0.01
# Examples that make a shape, and those from which a directory that all of them share is a part of it.
ENOUGH, MANY = 4, 10
# Pages of the shape of articles that are none: so many stand in the pattern, each for so many articles at least.
EXCEPTIONS, EACH = 8, 3

_ID = re.compile(r"[\w,.\-]{1,40}")
# How the expression of a name of several words begins.
_WORDED = "(?:[^/?_,-]+[_,-]){"


@dataclass(frozen=True, slots=True)
class Group:
    """Addresses of one shape, and the regular expression for what follows the host; `marked`: it names numbers."""

    urls: tuple[str, ...]
    expression: str
    marked: bool

    def fits(self, url: str) -> bool:
        return _compiled(self.expression).search(url) is not None

    def without(self, pages: Collection[str], doubtful: Collection[str]) -> Group | None:
        """The same shape but for these pages; None where they are too many to be exceptions, or names are of any kind.

        Beside `/why-it-rains/` stands `/about-us/`: no shape tells them apart, their names do. The `doubtful` of them
        may be articles as well, so they are no exceptions; they only must not be many.
        """
        paths = {url: urlsplit(url).path.rstrip("/") for url in pages}
        sure = sorted({path for url, path in paths.items() if url not in doubtful})
        unsure = {path for url, path in paths.items() if url in doubtful}.difference(sure)
        few = len(sure) <= EXCEPTIONS and len(sure) * EACH <= len(self.urls) and len(unsure) * 2 <= len(self.urls)
        if not few or _WORDED not in self.expression:
            return None
        names = "|".join(map(_quoted, sure))
        return replace(self, expression=rf"(?!(?:{names})/?(?:\?|$)){self.expression}") if sure else self


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(HOST + expression)


def groups(urls: Iterable[str]) -> list[Group]:
    """The shapes among addresses of articles, that of most of them first."""
    found: dict[tuple[object, ...], dict[str, Cut]] = {}
    for url in urls:
        pieces = cut(url)
        found.setdefault(pieces.key, {})[url] = pieces
    made = [_group(tuple(members), list(members.values())) for members in found.values()]
    # Two keys may come to one expression: of numbers that are long in one and short in the other.
    merged: dict[str, Group] = {}
    for group in made:
        known = merged.get(group.expression)
        urls_of = (*known.urls, *group.urls) if known else group.urls
        merged[group.expression] = Group(urls_of, group.expression, group.marked)
    return sorted(merged.values(), key=lambda group: (-len(group.urls), group.expression))


def pattern(chosen: Sequence[Group]) -> str:
    """One regular expression for the addresses of all these groups; "" for none."""
    if not chosen:
        return ""
    expressions = [group.expression for group in chosen]
    return HOST + (expressions[0] if len(expressions) == 1 else f"(?:{'|'.join(expressions)})")


def draw(
    articles: Collection[str],
    others: Collection[str],
    confirmed: Collection[str] = (),
    denied: Collection[str] = (),
    *,
    doubtful: Collection[str] = (),
    service: Collection[str] = (),
) -> str:
    """The pattern that fits `articles` and none of `others`; "" where there is none better than the general rule.

    `confirmed` are certainly articles, as they were read or stand in a feed; `denied` are pages that turned out to be
    none. The `doubtful` of `others` may be articles: they do not keep a confirmed shape of several words out. Pages of
    `service`, about the site or the reader, are its exceptions where they have that shape.
    """
    known = [url for url in articles if url not in set(denied)]
    chosen = _chosen(known, others, confirmed, denied, doubtful=doubtful, service=service)
    drawn = pattern(chosen)
    # What only a headline speaks for may be anything; of the others a pattern must lose next to none.
    sure = [url for url in known if url in set(confirmed) or looks_like_article(url)]
    lost = misses(drawn, sure)
    if not drawn or lost > TOLERATED * len(sure) or (lost > misses("", sure) and not hits("", others)):
        return ""
    # One example of each shape draws no line: there the general rule knows more.
    few = sum(len(group.urls) for group in chosen) < ENOUGH
    return "" if few and not misses("", known) and not hits("", others) else drawn


def _chosen(
    known: Collection[str],
    others: Collection[str],
    confirmed: Collection[str],
    denied: Collection[str],
    *,
    doubtful: Collection[str],
    service: Collection[str],
) -> list[Group]:
    """The groups that make the pattern: those with enough examples first, then such as look like articles too."""
    chosen: list[Group] = []
    weak: list[Group] = []
    left = set(known)
    for drawn in groups(known):
        group: Group | None = drawn
        is_seen = any(drawn.fits(url) for url in confirmed)
        if taken := [url for url in others if drawn.fits(url)]:
            group = drawn.without(taken, doubtful) if is_seen else None
        if group is not None and (about := [url for url in service if group.fits(url)]):
            group = drawn.without([*taken, *about], doubtful) or group
        if group is None or (not is_seen and any(group.fits(url) for url in denied)):
            continue
        if is_seen or (group.marked and len(group.urls) >= ENOUGH):
            chosen.append(group)
            left = {url for url in left if not group.fits(url)}
        elif group.marked or all(map(looks_like_article, group.urls)):
            weak.append(group)
    for group in weak:
        if any(group.fits(url) for url in left):
            chosen.append(group)
            left = {url for url in left if not group.fits(url)}
    return chosen[:MOST]


def misses(rule: str, articles: Iterable[str]) -> int:
    """How many articles a pattern does not know ("" is the general rule)."""
    return sum(not looks_like_article(url, rule) for url in articles)


def hits(rule: str, others: Iterable[str]) -> int:
    """How many pages that are no articles a pattern takes for some ("" is the general rule)."""
    return sum(looks_like_article(url, rule) for url in others)


def _group(urls: tuple[str, ...], cuts: Sequence[Cut]) -> Group:
    rest = [_directory([cut.rest[n] for cut in cuts]) for n in range(len(cuts[0].rest))]
    ending = cuts[0].ending and re.escape("." + cuts[0].ending)
    if cuts[0].query:
        return _by_query(urls, cuts, ending)
    dated = any("\\d" in piece for piece in rest)
    name, numbered = _name([cut.name for cut in cuts], dated=dated)
    path = _words([cut.words for cut in cuts]) + "".join(f"/{piece}" for piece in rest) + f"/{name}{ending}"
    return Group(urls, path + (r"(?:\?|$)" if ending else r"/?(?:\?|$)"), dated or numbered)


def _by_query(urls: tuple[str, ...], cuts: Sequence[Cut], ending: str) -> Group:
    """Where the path is always the same, an article is told by that part of the query which differs most."""
    values: dict[str, set[str]] = {}
    for one in cuts:
        for key, value in one.query:
            values.setdefault(key, set()).add(value)
    # The longest of equals: a number of an article is longer than that of its section.
    key = max(values, key=lambda key: (len(values[key]), max(map(len, values[key])), key))
    value = r"\d+" if all(map(str.isdigit, values[key])) else r"[^&]+"
    pieces = (*cuts[0].words, *cuts[0].rest, cuts[0].name)
    path = "".join(f"/{_quoted(piece)}" for piece in pieces if piece) or "/"
    marked = all(_ID.fullmatch(one) and any(map(str.isdigit, one)) for one in values[key])
    return Group(urls, rf"{path}{ending}/?\?(?:[^#]*&)?{_quoted(key)}={value}(?:&|$)", marked)


def _words(all_of: Sequence[tuple[str, ...]]) -> str:
    """The directories in front: those that all share as they are, if there are enough, the others as any words."""
    least, most = min(map(len, all_of)), max(map(len, all_of))
    shared = 0
    while len(all_of) >= MANY and shared < least and len({words[shared] for words in all_of}) == 1:
        shared += 1
    front = "".join(f"/{_quoted(word)}" for word in all_of[0][:shared])
    least, most = least - shared, most - shared
    if most == 0:
        return front
    if least == most:
        return front + "/[^/?]+" * most
    return front + f"(?:/[^/?]+){{{least},{most}}}"


def _directory(values: Sequence[str]) -> str:
    """One directory from the first number on. A word there is a month or a section, and both have others."""
    if not DATED.fullmatch(values[0]):
        return "[^/?]+"
    columns = zip(*(re.findall(r"\d+|\D", value) for value in values), strict=True)
    return "".join(_digits({*column}) if column[0].isdigit() else _quoted(column[0]) for column in columns)


def _digits(values: set[str]) -> str:
    lengths = {len(value) for value in values}
    if lengths == {2} and min(values) >= "10":
        return r"\d{1,2}"  # nothing tells whether the 2nd of a month will be 2 or 02
    if len(lengths) == 1 and lengths <= {2, 4, 6, 8}:
        return rf"\d{{{lengths.pop()}}}"
    return r"\d{1,2}" if lengths <= {1, 2} else r"\d+"


def _quoted(text: str) -> str:
    """Text in a regular expression; a hyphen needs no escape there."""
    return re.escape(text).replace("\\-", "-")


def _name(names: Sequence[str], *, dated: bool) -> tuple[str, bool]:
    """The name of the page, and whether a number or hash in it marks an article."""
    kind, shortest = kind_of(names[0]), min(map(len, names))
    if kind == "number":
        return (r"\d{5,}" if shortest > 5 else r"\d{4,}" if shortest > 4 else r"\d+"), shortest >= 4
    if kind == "hash":
        return rf"[\w-]{{{max(6, shortest - 2)},}}", True
    if kind == "words number":
        return r"[^/?]*[^\d/?]\d{4,}", True
    if kind == "number words":
        return r"\d{4,}[^\d/?][^/?]*", True
    if kind == "words":
        least = min(sum(name.count(mark) for mark in "-_,") for name in names)
        if dated or not least:
            return "[^/?]+", False
        end = "[^/?]+" if any("." in name for name in names) else "[^/?.]+"
        return rf"{_WORDED}{max(1, min(least - 1, 3))},}}{end}", False
    columns = [*zip(*map(RUN.findall, names), strict=True)]
    numbers = [number for column in columns for number in re.findall(r"\d+", " ".join(column))]
    is_marked = any(len(number) >= 4 for number in numbers) or any(sort_of(column[0]) == "m" for column in columns)
    return "".join(_piece({*column}, is_marked=is_marked) for column in columns), is_marked


def _piece(values: set[str], *, is_marked: bool) -> str:
    """One run of a name of mixed characters; beside a long number words may be any, for they name a section."""
    first = min(values)
    sort = sort_of(first)
    if sort == "9":
        return r"\d+"
    if sort == "m":
        return r"[^\W_]+"
    if sort == "a9":
        fronts = {found[1] for value in values if (found := NUMBERED.fullmatch(value))}
        return (fronts.pop() if len(fronts) == 1 else r"[^\W\d_]+") + r"\d+"
    if sort == "a" and (is_marked or len(values) > 1):
        return r"[^\W\d_]+"
    return _quoted(first)
