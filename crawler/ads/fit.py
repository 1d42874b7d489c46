"""Logistic regression in the standard library: labelled titles in, a model out. Pure, and the same on every run."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from crawler.ads import article
from crawler.ads.augment import Title, draw, evaded, halved, joined, unparted
from crawler.ads.features import SIGNS, features
from crawler.ads.model import Model, probability

EPOCHS = 8
STEP = 0.2
SHRINK = 1e-5
# How much a sign counts beside a run of characters: weights of signs learn SIGN ** 2 times slower.
SIGN = 0.3
# A false alarm costs more than a missed advertisement: news weighs more, and every verdict starts this much lower.
NEWS_WEIGHT = 2.0
MARGIN = 1.0
# Runs of fewer titles are left out, and so is what has next to no weight: the file must stay small.
SEEN = 2
KEPT = 24_000

# For articles.
ARTICLE_STEPS, ARTICLE_STEP, ARTICLE_SHRINK, ARTICLE_MARGIN = 400, 1.0, 0.0005, 0.5
CROWDED = 0.8

Cut = tuple[list[str], set[str]]


@dataclass(frozen=True, slots=True)
class _Sample:
    label: int
    signs: tuple[int, ...]
    runs: array[int]
    share: float


def train(titles: Sequence[Title], articles: Sequence[Title] = (), version: str = "") -> Model:
    """The model of these titles and of what `augment` makes of them, and of these articles (the title in line 1)."""
    rows = [*titles, *halved(titles), *joined(titles), *unparted(titles)]
    rows += list(evaded(rows))
    cuts = [features(row.text) for row in rows]
    known = _vocabulary(cuts)
    samples = [_sample(row.label, cut, known) for row, cut in zip(rows, cuts, strict=True)]
    bias, signs, runs = _descend(samples, len(known))
    model = _quantised(version, bias, signs, dict(zip(known, runs, strict=True)))
    return replace(model, article=weigh(articles, model))


def weigh(articles: Sequence[Title], model: Model) -> dict[str, float]:
    """The weights of an article's signs. Few signs and many articles: plain steps downhill over all of them."""
    names = ("bias", *article.SIGNS)
    weights = dict.fromkeys(names, 0.0)
    rows = []
    for one in articles:
        title, _, text = one.text.partition("\n")
        found = article.signs(model.log_odds(title), text, 0, model.log_odds)
        rows.append((one.label, {"bias": 1.0, **found}))
    for _ in range(ARTICLE_STEPS):
        slopes = dict.fromkeys(names, 0.0)
        for label, found in rows:
            odds = sum(weights[name] * value for name, value in found.items())
            error = (probability(odds) - label) / len(rows)
            for name, value in found.items():
                slopes[name] += error * value
        for name, slope in slopes.items():
            weights[name] -= ARTICLE_STEP * (slope + ARTICLE_SHRINK * weights[name])
    # No made-up article has a crowd of links, so this one is set by hand.
    weights["bias"] -= ARTICLE_MARGIN
    return {name: round(value, 2) for name, value in weights.items()} | {"a crowd of links": CROWDED}


def _vocabulary(cuts: Iterable[Cut]) -> dict[str, int]:
    count = Counter(run for _, runs in cuts for run in runs)
    return {run: number for number, run in enumerate(sorted(run for run, n in count.items() if n >= SEEN))}


def _sample(label: int, cut: Cut, known: dict[str, int]) -> _Sample:
    signs, runs = cut
    # The sign after the last one is the bias: every title has it.
    places = (*map(SIGNS.index, signs), len(SIGNS))
    return _Sample(label, places, array("l", sorted(known[run] for run in runs if run in known)), share(len(runs)))


def share(runs: int) -> float:
    """What one run of characters counts among so many: long titles are not surer than short ones for their length."""
    return 1 / math.sqrt(runs or 1)


def _descend(samples: Sequence[_Sample], size: int) -> tuple[float, list[float], list[float]]:
    """The bias, the weights of the signs and those of the runs; each epoch takes the samples in another order.

    AdaGrad: a weight moves by STEP over the root of the sum of its squared gradients, so that a rare run learns as
    much from its few titles as a common one.
    """
    runs, run_squares = [0.0] * size, [0.01] * size
    signs, sign_squares = [0.0] * (len(SIGNS) + 1), [0.01] * (len(SIGNS) + 1)
    for epoch in range(EPOCHS):
        for number in sorted(range(len(samples)), key=lambda number: draw(epoch, number)):
            sample = samples[number]
            odds = SIGN * sum(map(signs.__getitem__, sample.signs))
            odds += sample.share * sum(map(runs.__getitem__, sample.runs))
            error = (probability(odds) - sample.label) * (1 if sample.label else NEWS_WEIGHT)
            _move(signs, sign_squares, sample.signs, error * SIGN)
            _move(runs, run_squares, sample.runs, error * sample.share)
    *signs, bias = [SIGN * weight for weight in signs]
    return bias - MARGIN, signs, runs


def _move(weights: list[float], squares: list[float], places: Iterable[int], slope: float) -> None:
    for place in places:
        squares[place] += slope * slope
        weights[place] -= STEP * (slope + SHRINK * weights[place]) / math.sqrt(squares[place])


def _quantised(version: str, bias: float, signs: Iterable[float], runs: dict[str, float]) -> Model:
    """Whole numbers instead of fractions: 127 for the heaviest run; of the runs, the KEPT heaviest."""
    scale = float(f"{max(map(abs, runs.values())) / 127:.6g}")
    whole = {run: round(weight / scale) for run, weight in runs.items()}
    heaviest = sorted((run for run, weight in whole.items() if weight), key=lambda run: (-abs(whole[run]), run))
    return Model(
        version,
        scale,
        round(bias / scale),
        {sign: round(weight / scale) for sign, weight in zip(SIGNS, signs, strict=True)},
        {run: whole[run] for run in heaviest[:KEPT]},
        {},
    )
