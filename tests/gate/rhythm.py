"""`python -m tests.gate.rhythm`: how fresh and how cheap the polling of lists is, on made publishers; no network.

Each publisher is a list of moments from a seed, and a clock of its own. `kuaixun` is the real `rhythm.learn` and
`pause` and what the crawl does beside: further pages where a visit shows nothing known (each is a request), and where
it is said, articles whose pages show the newest items too, visited when `frontier.after_article` says; those are asked
anyway and not counted. The other rules are those of peers, restated from their configuration. Ends with 1 where a floor
is broken.
"""

from __future__ import annotations

import argparse
import heapq
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from statistics import fmean, quantiles

from config import Source
from crawler import frontier, rhythm
from crawler.screen import table
from storage.records import Rhythm, Target
from tests.gate.publishers import DAY, FAMILIES, HOUR, START, Publisher

MINUTE = timedelta(minutes=1)
# Sources are asked every ten minutes until their rhythm is known.
EVERY = 10 * MINUTE
SEEDS, FEW_SEEDS = range(8), range(2)
# The families that the goals are about; of the others a few seeds tell enough.
GOALS = ("bursty", "regular")
# So late a visit comes after its time: the pause of the host, the daemon's own.
SLACK = timedelta(seconds=2)
MAX_DEPTH = Source("made", ()).max_depth
# Family, figure: the most that is allowed. Delays in minutes.
FLOORS = {
    ("bursty", "lost"): 0.0,
    ("bursty", "asked"): 0.14,
    ("bursty", "p95"): 25.0,
    ("bursty; no further page", "lost"): 0.005,
    ("bursty; no further page", "asked"): 0.21,
    ("bursty; also in articles", "lost"): 0.0,
    ("regular", "lost"): 0.0,
    ("regular", "asked"): 0.4,
    ("regular; also in articles", "median"): 1.0,
    ("regular; also in articles", "asked"): 0.4,
}


@dataclass(slots=True)
class Sums:
    """What polling came to, after the days that are not counted."""

    requests: int = 0
    further: int = 0
    lost: int = 0
    delays: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Lost share, requests an article, further pages among them, median and 95th percentile of the delay."""
        got = len(self.delays) or 1
        cuts = quantiles(self.delays, n=20) if len(self.delays) > 1 else [0.0] * 19
        lost, asked = self.lost / (self.lost + got), (self.requests + self.further) / got
        return {"lost": lost, "asked": asked, "further": self.further / got, "median": cuts[9], "p95": cuts[18]}


# A rule is told the time, the times shown, and those of the news, and says how long to wait.
Rule = Callable[[datetime, Sequence[datetime | None], Sequence[datetime | None]], timedelta]


class Ours:
    """The real rule."""

    def __init__(self, *, paged: bool = True) -> None:
        self.known: Rhythm | None = None
        self.paged = paged

    def __call__(self, now: datetime, shown: Sequence[datetime | None], news: Sequence[datetime | None]) -> timedelta:
        self.known = rhythm.learn(self.known, now, len(shown), news, shown, paged=self.paged)
        return rhythm.pause(self.known, EVERY, now) or EVERY


def fixed(now: datetime, shown: Sequence[datetime | None], news: Sequence[datetime | None]) -> timedelta:
    """Every ten minutes."""
    return EVERY


def stormcrawler() -> Rule:
    """AdaptiveScheduler: a fifth shorter after a change, half longer after none; news-crawl's least is 90 minutes."""
    pause = 90 * MINUTE

    def rule(now: datetime, shown: Sequence[datetime | None], news: Sequence[datetime | None]) -> timedelta:
        nonlocal pause
        pause = min(max(pause * (0.8 if news else 1.5), 90 * MINUTE), DAY)
        return pause

    return rule


def mediacloud() -> Rule:
    """The share of what is known already: half the pause where it is small, longer where it is large; starts at 6 h."""
    pause = 6 * 60 * MINUTE

    def rule(now: datetime, shown: Sequence[datetime | None], news: Sequence[datetime | None]) -> timedelta:
        nonlocal pause
        known = 1 - len(news) / max(1, len(shown))
        if known < 0.5:
            pause /= 2
        elif known > 0.9:
            pause *= 1.5
        pause = min(max(pause, 5 * MINUTE), DAY)
        return pause

    return rule


RULES: dict[str, Callable[[], Rule]] = {
    "kuaixun": Ours,
    "fixed 10 min": lambda: fixed,
    "StormCrawler": stormcrawler,
    "Media Cloud": mediacloud,
}


def poll(publisher: Publisher, rule: Rule, *, walks: bool, articles: bool = False) -> Sums:
    """Look at a publisher's list whenever a rule wants, and at its articles where those show the list as well."""
    sums, order = Sums(), count()
    end = START + publisher.days * DAY
    seen: dict[int, tuple[datetime, int]] = {}
    before, last = 0, START
    due: list[tuple[datetime, int, Target | None, int]] = [(START + HOUR, next(order), None, 0)]

    def found(items: Sequence[int], now: datetime, depth: int) -> None:
        for item in items:
            seen[item] = now, depth
            if articles:
                heapq.heappush(
                    due,
                    (now + SLACK, next(order), Target(str(item), "article", "made", depth=depth, next_at=now), item),
                )

    while due and due[0][0] < end:
        now, _, target, item = heapq.heappop(due)
        newest = bisect_right(publisher.shown, now)
        page = range(max(0, newest - publisher.size + len(publisher.pinned)), newest)
        news = [each for each in page if each not in seen]
        if target:
            known = rule.known if isinstance(rule, Ours) else None
            found(news if target.depth < MAX_DEPTH else (), now, target.depth + 1)
            again = frontier.after_article(target, publisher.shown[item], now, known)
            if again:
                heapq.heappush(due, (again + SLACK, next(order), replace(target, visited_at=now, next_at=again), item))
            continue
        counts = START + publisher.skip * DAY <= now < end - DAY
        sums.requests += counts
        # As in `paging.found`: what an article named first, since the last visit, is news of the list too.
        fresh = [each for each in page if each not in seen or (seen[each][1] and seen[each][0] > last)]
        # Nothing that was there at the last visit is shown: the further pages are asked until one shows it.
        if walks and before and page and page[0] >= before and fresh:
            first = page[0]
            while first >= before:
                first = max(0, first - publisher.size)
                sums.further += counts
            found([each for each in range(max(first, 0), page[0]) if each not in seen], now, 0)
        before = newest
        times = [*publisher.pinned, *(publisher.said[each] for each in page)]
        pause = rule(now, times, [publisher.said[each] for each in fresh])
        found(news, now, 0)
        last = now
        heapq.heappush(due, (now + pause + SLACK, next(order), None, 0))
    return _counted(sums, publisher, seen, bisect_right(publisher.shown, end - DAY))


def _counted(sums: Sums, publisher: Publisher, seen: dict[int, tuple[datetime, int]], until: int) -> Sums:
    """With the delays of the items that count, and those that were never seen."""
    for item, at in enumerate(publisher.shown[:until]):
        if at < START + publisher.skip * DAY:
            continue
        if item in seen:
            sums.delays.append((seen[item][0] - at) / MINUTE)
        else:
            sums.lost += 1
    return sums


def measure(family: str, name: str, *, walks: bool, articles: bool = False) -> dict[str, float]:
    """The mean figures over the seeds."""
    figures = []
    for seed in SEEDS if family in GOALS else FEW_SEEDS:
        rule = Ours(paged=walks) if name == "kuaixun" else RULES[name]()
        figures.append(poll(FAMILIES[family](seed), rule, walks=walks, articles=articles).figures())
    return {key: fmean(each[key] for each in figures) for key in figures[0]}


def main() -> int:
    """Measure, print, compare; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.rhythm", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="also the rules of others, without further pages")
    parser.add_argument("--all", action="store_true", help="also publishers that the rules were not made on")
    options = parser.parse_args()
    rows, bad = [], 0
    began = time.perf_counter()
    for family in FAMILIES if options.all else GOALS:
        runs = [(family, "kuaixun", True, False), (family + "; no further page", "kuaixun", False, False)]
        if not family.startswith("six"):
            runs.append((family + "; also in articles", "kuaixun", True, True))
        if options.peers and family in GOALS:
            runs += [(family, name, False, False) for name in RULES if name != "kuaixun"]
        for label, name, walks, articles in runs:
            got = measure(family, name, walks=walks, articles=articles)
            broken = [key for key in got if name == "kuaixun" and got[key] > FLOORS.get((label, key), 1e9)]
            bad += len(broken)
            cells = [f"{got['lost']:.2%}", *(f"{got[key]:.3f}" for key in ("asked", "further"))]
            cells += [f"{got[key]:.1f}" for key in ("median", "p95")]
            rows.append([label, name, *cells, "BROKEN " + ", ".join(broken) if broken else ""])
    head = ["publisher", "rule", "lost", "requests an article", "further pages", "median min", "p95 min", ""]
    print(table(head, rows, width=160))
    print(f"\n{time.perf_counter() - began:.1f} s; " + (f"{bad} floors are broken." if bad else "every floor holds."))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
