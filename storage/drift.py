"""Whether the pages of a site still yield what they did. Pure.

Each page shows signs that are bad or not: it holds no article, no date, a text much shorter than usual. How often each
is bad is known from the site's own past, for every shape of address by itself, so that flashes are not held against
articles. A CUSUM of Bernoulli trials (Reynolds and Stoumbos, Journal of Quality Technology 31, 1999) adds up how much
more likely each page is if nine in ten were bad than in that past, and never falls below zero: above a threshold it is
an alarm, and it began where the sum left zero. Noise that a site has shown before raises its own threshold. While any
sum is above zero its pages wait, so that what is learnt is not what is suspected. A second sum, of the opposite, ends
the alarm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import log
from typing import Any, NamedTuple

from storage.keys import parts_of
from storage.records import Signs

# Bad pages in the time of a fault; the sum that is an alarm, and the one that ends it.
BROKEN, ALARM, END = 0.9, 11.0, 9.0
# Pages of a site before anything is judged, and of one shape of address before its own habits are.
FIRST, KNOWN = 30, 8
# A sign that is bad more often than this says nothing.
OFTEN = 0.25
# Texts of a quarter of the usual size are short; where more than this share is, those of an eighth are.
RARE = 0.1
# One that was never bad still may be by chance, so that it takes three pages to be sure.
SELDOM = 0.02
# Whatever the shape of the address, these do not differ: of a new section they count, though for less.
SEVERE, DOUBT = frozenset(("article", "published", "title again", "text again")), 0.1
# Pages that wait at most; counts are halved at so many, so that a site may change slowly.
WAITING, MANY = 40, 512
# How far the habit of the site goes into that of a shape, in pages.
WEIGHT = 6.0

# Amounts as steps: of characters and items each step is twice as much, of shares it is a twentieth.
_BINS = {"text": 24, "links": 21, "items": 14}
# Steps from the usual one (the median) that make an amount bad, below or above it.
_AMOUNTS = {
    "short text": ("text", -2),
    "long text": ("text", 2),
    "links in text": ("links", 4),
    "few items": ("items", -3),
}
# What each sign says of which fields of an article.
FIELDS = {
    "article": "text", "title again": "title", "text again": "text", "short text": "text", "long text": "text",
    "links in text": "text", "published again": "published", "few items": "lists",
}  # fmt: skip

_HASH = re.compile(r"(?=[a-zA-Z]*\d)[0-9a-zA-Z]{6,}|\d+")
_LONGEST = 80

State = dict[str, Any]
Habit = dict[str, Any]


class Seen(NamedTuple):
    """A page: its visit, the article that was stored of it (0: none), the shape of its address, and its `facts`."""

    visit: int
    article: int
    shape: str
    lacks: dict[str, int]
    amounts: dict[str, int]


class Test(NamedTuple):
    """The sum of one sign: the greatest that ended by itself, and the greatest of this time; the visit at which it
    left zero, the bad pages of all since then, and in which share of pages the sign was bad before.
    """

    total: float = 0.0
    worst: float = 0.0
    peak: float = 0.0
    first: int = 0
    bad: int = 0
    of: int = 0
    usual: float = 0.0


class Step(NamedTuple):
    """What a page shows: the signs that are an alarm since now, and whether what was one is over.

    `pages` are those that show it: (visit, article or 0); `first` is the visit at which it began.
    """

    alarms: dict[str, Test]
    ended: bool = False
    first: int = 0
    pages: tuple[tuple[int, int], ...] = ()


NOTHING = Step({})


def shape(url: str) -> str:
    """What the addresses of one kind of page share: the path with 0 for numbers and hashes, and - for a long name."""
    head, _, name = parts_of(url).path.rpartition("/")
    name = _HASH.sub("0", name)
    if max(name.count("-"), name.count("_"), len(name) // 20) >= 3:
        name = "-"
    return f"{_HASH.sub('0', head)}/{name}"[:_LONGEST]


def fresh() -> State:
    """What is known of a site before its first page."""
    return {"habit": habit(), "shapes": [], "tests": {}, "alarm": {}, "waiting": [], "last": {}}


def habit() -> Habit:
    """How often each sign was bad, of how many pages, and how often each amount came."""
    return {"n": 0, "bad": {}, "amounts": {}}


def facts(state: State, signs: Signs, page: str) -> tuple[dict[str, int], dict[str, int]]:
    """What a page lacks (sign to 0 or 1) and its amounts in steps; `page` tells it from the one before it.

    Two different pages of one title or text have not been read, but something that is on every page.
    """
    lacks = {name: int(is_bad) for name, is_bad in signs.lacks.items()}
    last = state["last"]
    for name, value in signs.prints.items():
        before = last.get(name)
        if before is not None and before[0] != page:
            lacks[f"{name} again"] = int(before[1] == value)
        last[name] = [page, value]
    amounts = {name: _bin(name, value) for name, value in signs.amounts.items()}
    if lacks.get("article"):
        # A teaser may be too short for an article: a page without one has no text, and both are short ones.
        amounts["text"] = 0
    return lacks, amounts


def _bin(name: str, value: float) -> int:
    return min(_BINS[name] - 1, int(value * 20) if name == "links" else int(value).bit_length())


def learn(known: Habit, lacks: dict[str, int], amounts: dict[str, int]) -> None:
    """Take a page into a habit."""
    known["n"] += 1
    bad = known["bad"]
    for name, is_bad in lacks.items():
        pair = bad.setdefault(name, [0, 0])
        pair[0] += is_bad
        pair[1] += 1
    for name, number in amounts.items():
        counts = known["amounts"].setdefault(name, [0] * _BINS[name])
        counts[number] += 1
    if known["n"] > MANY:
        known["n"] //= 2
        known["bad"] = {name: [(a + 1) // 2, (b + 1) // 2] for name, (a, b) in bad.items()}
        known["amounts"] = {name: [(n + 1) // 2 for n in counts] for name, counts in known["amounts"].items()}


def judged(
    state: State, own: Habit, lacks: dict[str, int], amounts: dict[str, int]
) -> Iterator[tuple[str, int, float]]:
    """The signs of a page that can be judged: whether each is bad, and in which share of pages it was before.

    A good one whose sum is zero is spared: it changes nothing.
    """
    whole = state["habit"]
    going = {name for name, test in state["tests"].items() if test[0]} | state["alarm"].keys()
    if whole["n"] < FIRST:
        return
    is_new = own["n"] < KNOWN
    for name, is_bad in lacks.items():
        if (not is_bad and name not in going) or (is_new and name not in SEVERE):
            continue
        share = _share(whole["bad"].get(name, (0, 0)), own["bad"].get(name, (0, 0)))
        if share <= OFTEN:
            yield name, is_bad, max(share, DOUBT) if is_new else share
    if is_new:
        return
    for name, (amount, far) in _AMOUNTS.items():
        if amount not in amounts or amount not in own["amounts"] or amount not in whole["amounts"]:
            continue
        limit = _median(own["amounts"][amount]) + far
        if name == "short text" and _often(whole, own, limit) > RARE >= _often(whole, own, limit - 1):
            limit -= 1
        is_bad = int(amounts[amount] <= limit if far < 0 else amounts[amount] >= limit)
        if limit < 0 or (not is_bad and name not in going):
            continue
        share = _share(_beyond(whole["amounts"][amount], limit, far), _beyond(own["amounts"][amount], limit, far))
        if name == "short text":
            share = max(share, _share(whole["bad"].get("article", (0, 0)), own["bad"].get("article", (0, 0))))
        if share <= OFTEN:
            yield name, is_bad, share


def _often(whole: Habit, own: Habit, limit: int) -> float:
    """In which share of pages a text was of so many steps or fewer."""
    return _share(_beyond(whole["amounts"]["text"], limit, -1), _beyond(own["amounts"]["text"], limit, -1))


def _share(whole: tuple[float, float], own: tuple[float, float]) -> float:
    """The share of bad pages to expect of a shape: its own, drawn to that of the site while it is little known."""
    site = (whole[0] + 1) / (whole[1] + 5)
    if whole[1] < FIRST:
        return 1.0
    return max(SELDOM, (own[0] + WEIGHT * site) / (own[1] + WEIGHT))


def _median(counts: list[float]) -> int:
    half, total = sum(counts) / 2, 0.0
    for number, count in enumerate(counts):
        total += count
        if total >= half and total:
            return number
    return 0


def _beyond(counts: list[float], limit: int, far: int) -> tuple[float, float]:
    return (sum(counts[: limit + 1]) if far < 0 else sum(counts[limit:])), sum(counts)


def step(state: State, own: Habit, page: Seen) -> Step:
    """Take a page into account: `state` changes, `own` is the habit of its shape.

    `release` then gives the pages that may be learnt.
    """
    state["waiting"].append([*page])
    tests, alarm = state["tests"], state["alarm"]
    fired: dict[str, Test] = {}
    for name, is_bad, share in list(judged(state, own, page.lacks, page.amounts)):
        if name in alarm:
            weight = log(share / BROKEN) if is_bad else log((1 - share) / (1 - BROKEN))
            alarm[name] = round(max(0.0, alarm[name] + weight), 3)
            continue
        test = _weighed(Test(*tests.get(name, ())), page.visit, is_bad, share)
        if test.total >= max(ALARM, test.worst + ALARM / 2):
            fired[name], test = test, Test(worst=test.worst)
        if any(test):
            tests[name] = [*test]
    alarm.update(dict.fromkeys(fired, 0.0))
    ended = bool(alarm) and all(value >= END for value in alarm.values())
    if ended:
        # That was no change of template, or one that was taken back: the next alarm must be louder.
        for name in alarm:
            worst = Test(*tests.get(name, ())).worst
            tests[name] = [*Test(worst=max(ALARM, worst) + ALARM / 2)]
        alarm.clear()
        state["waiting"] = []
    if not fired:
        return Step({}, ended) if ended else NOTHING
    begin = min(test.first for test in fired.values())
    pages = tuple((number, article) for number, article, *_ in state["waiting"] if number >= begin)
    return Step(fired, first=begin, pages=pages)


def _weighed(test: Test, visit: int, is_bad: int, share: float) -> Test:
    """A sum after one more page; `share` is how often the sign was bad before."""
    if not test.total:
        test = Test(worst=test.worst, first=visit, usual=round(share, 4))
    total = test.total + (log(BROKEN / share) if is_bad else log((1 - BROKEN) / (1 - share)))
    if total <= 0:
        return Test(worst=max(test.worst, test.peak))
    total = round(total, 3)
    return test._replace(total=total, peak=max(test.peak, total), bad=test.bad + is_bad, of=test.of + 1)


def release(state: State) -> list[tuple[str, dict[str, int], dict[str, int]]]:
    """The pages that are above suspicion now, to be learnt: shape, what each lacks, amounts. They wait no longer."""
    if state["alarm"]:
        # What comes during an alarm is no habit; the last pages stay as witnesses of the next sign.
        state["waiting"] = state["waiting"][-WAITING:]
        return []
    waiting = state["waiting"]
    rest = waiting[-WAITING:] if any(test[0] for test in state["tests"].values()) else []
    done = waiting[: len(waiting) - len(rest)]
    state["waiting"] = rest
    return [(shape_, lacks, amounts) for _, _, shape_, lacks, amounts in done]
