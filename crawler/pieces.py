"""Addresses in pieces, and what those are made of: words, numbers, dates, hashes. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.shapes import looks_like_article, suffix

RUN = re.compile(r"[^\W_]+|.", re.S)
# A run of a name: digits alone, or behind a few letters (`t2026`, `art12`).
NUMBERED = re.compile(r"([^\W\d_]{0,4})(\d+)")
DATED = re.compile(r"\d+(?:[-_.]\d{1,2}){0,2}")
_HASHED = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{8,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FRONT_ID = re.compile(r"\d{4,}[^\d]")


@dataclass(frozen=True, slots=True)
class Cut:
    """An address in pieces: the words in front, the directories from the first number on, the name, its ending."""

    words: tuple[str, ...]
    rest: tuple[str, ...]
    name: str
    ending: str
    query: tuple[tuple[str, str], ...]

    @property
    def key(self) -> tuple[object, ...]:
        rest = tuple(re.sub(r"\d+", "9", piece) if DATED.fullmatch(piece) else "a" for piece in self.rest)
        if self.query:
            return (self.words, self.rest, self.name, self.ending, tuple(sorted(key for key, _ in self.query)))
        return (bool(self.words) or not rest, rest, kind_of(self.name), self.ending)


def cut(url: str) -> Cut:
    parts = urlsplit(url)
    ending = suffix(url)
    segments = [piece for piece in parts.path.split("/") if piece]
    name = segments.pop() if segments else ""
    if ending:
        ending = name[-len(ending) :]
        name = name[: -len(ending) - 1]
    first = next((n for n, piece in enumerate(segments) if DATED.fullmatch(piece)), len(segments))
    query: tuple[tuple[str, str], ...] = ()
    if parts.query and not looks_like_article(url.partition("?")[0]):
        pairs = (pair.partition("=") for pair in parts.query.split("&"))
        query = tuple((key, value) for key, _, value in pairs if key and value)
    return Cut(tuple(segments[:first]), tuple(segments[first:]), name, ending, query)


def kind_of(name: str) -> str:
    """What the name of a page is made of."""
    if name.isdigit():
        return "number"
    if _HASHED.fullmatch(name):
        return "hash"
    runs = RUN.findall(name)
    if len(runs) > 2 and runs[-1].isdigit() and len(runs[-1]) >= 4 and sort_of(runs[0]) == "a":
        return "words number"
    marks, words = sum(not run.isalnum() for run in runs), sum(sort_of(run) in "am" for run in runs)
    if any(map(str.isdigit, name)) and (marks <= 2 or (marks <= 4 and words <= 1)):  # or thread-70012-1-1
        return "".join(map(sort_of, runs))
    if _FRONT_ID.match(name):
        return "number words"
    return "words"


def sort_of(run: str) -> str:
    """The sort of one run: a number, one behind letters, letters, both in any order, or the mark that it is."""
    if not run.isalnum():
        return run
    if found := NUMBERED.fullmatch(run):
        return "a9" if found[1] else "9"
    return "m" if any(map(str.isdigit, run)) else "a"
