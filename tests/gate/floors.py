"""The floors of quality and speed: measured figures against those that were reached before. They only rise."""

from __future__ import annotations

import gc
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from crawler import bench, metrics
from crawler.decode import decode
from crawler.metrics import PageScore

HERE = Path(__file__).parent
PAGES = HERE / "pages"
FILE = HERE / "floors.json"

Figures = dict[str, float]

# What may not fall, and what may not rise. `cost` is the CPU time of decoding and extraction as a multiple of that of
# decoding, parsing and taking all text, measured page by page in the same run: so it holds on any machine.
RISING = (
    "pages", "page_f1", "exact", "segment_f1", "clean", "title", "day", "minute", "author", "editor", "source",
    "script", "absent", "kind", "next_url", "block_f1", "latest_f1", "block_kind",
)  # fmt: skip
FALLING = ("below_half", "empty", "errors", "cost")
SLACK = 0.002  # less than one page of the gate
COST_SLACK = 1.3  # what a busy machine adds


@dataclass(frozen=True)
class Broken:
    """A figure on the wrong side of its floor; None where it was not measured."""

    name: str
    floor: float
    got: float | None


def measure(folder: Path, *, repeat: int = 1) -> tuple[Figures, list[PageScore]]:
    """The figures that have floors, and the scores of the pages, each timed at its best. Raises GoldError."""
    scores, plain = [], 0.0
    gc.collect()
    gc.freeze()  # what the program around this keeps alive is not to be looked at while the clock runs
    for number, case in enumerate(bench.cases(folder)):
        body = case.body()
        if number == 0:
            bench.answer(case, body)  # imports are not timed
        plain += min(_plain_cost(body) for _ in range(repeat))
        answer = min((bench.answer(case, body) for _ in range(repeat)), key=lambda one: one.cpu)
        scores.append(bench.score(case, answer, len(body)))
    gc.unfreeze()
    found = metrics.summary(scores)
    figures = {name: found[name] for name in (*RISING, *FALLING) if name in found}
    if plain > 0:
        figures["cost"] = sum(score.cpu for score in scores) / plain
    return figures, scores


def _plain_cost(body: bytes) -> float:
    start = time.process_time()
    LexborHTMLParser(decode(body).text).root.text(deep=True)
    return time.process_time() - start


def broken(floors: Mapping[str, float], figures: Mapping[str, float]) -> Iterator[Broken]:
    """The floors that do not hold. A figure that has a floor and was not measured breaks it."""
    for name, floor in floors.items():
        got = figures.get(name)
        if got is None or (got > floor + 1e-9 if name in FALLING else got < floor - 1e-9):
            yield Broken(name, floor, got)


def raised(floors: Mapping[str, float], figures: Mapping[str, float]) -> Figures:
    """The floors moved to just below the figures, where that is stricter than before."""
    moved = dict(floors)
    for name, got in figures.items():
        new = _floor(name, got)
        old = floors.get(name, new)
        moved[name] = min(old, new) if name in FALLING else max(old, new)
    return moved


def _floor(name: str, got: float) -> float:
    if name in ("pages", "empty", "errors"):
        return got
    if name == "cost":
        return math.ceil(got * COST_SLACK * 10) / 10
    return math.ceil((got + SLACK) * 1000) / 1000 if name in FALLING else math.floor((got - SLACK) * 1000) / 1000


def load() -> dict[str, dict[str, Figures]]:
    """Both sections of the file: `gate` with the own pages, `corpora` with a set of figures for each folder."""
    found: dict[str, dict[str, Figures]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    return {"gate": {}, "corpora": {}, **found}


def save(floors: Mapping[str, Mapping[str, Figures]]) -> None:
    """Write both sections."""
    FILE.write_text(json.dumps(floors, indent=1) + "\n", encoding="utf-8")


def faults(scores: Sequence[PageScore]) -> Iterator[tuple[str, str]]:
    """Each page that is not perfect, and in what."""
    for score in scores:
        wrong = [name for name, right in score.same.items() if not right and name != "author_any"]
        if score.error:
            wrong.append(f"error: {score.error}")
        if score.body and not score.body.exact:
            wrong.append(f"body F1 {score.body.f1:.3f}")
        if score.segments and score.segments.found < score.segments.wanted:
            wrong.append("text missing")
        if score.segments and score.segments.wrong:
            wrong.append("unwanted text")
        wrong += [f"list {one.kind} F1 {one.f1:.2f}" for one in score.lists if one.f1 < 0.999]
        wrong += [f"kind of list {one.kind}" for one in score.lists if one.f1 >= 0.5 and not one.kind_right]
        if wrong:
            yield score.name, ", ".join(wrong)
