"""`python -m tests.gate.mentions`: how well companies and indices are found in 600 labelled sentences.

A mention counts as found where code and place are those of the label. Labelled are the companies of the table that
comes along, and every code of Shanghai, Shenzhen, Beijing, Hong Kong and the United States. A third are traps.

The rules were fitted to the 450 of `dev`; the 150 of `test` were written after them, and nothing was changed for these.
(So it went three times, 150 by 150: precision .934, .957, .980, recall .966, .992, .986 when first measured.) All were
written by who wrote the rules. `--faults` prints what went wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from storage.mentions import Finder

FILE = Path(__file__).with_name("mentions.jsonl")
FLOORS = {"dev": (0.985, 0.985), "test": (0.975, 0.975)}
_MARK = re.compile(r"\[([^\]|]+)\|([^\]]+)\]")

Place = tuple[str, int, int]


class Sentence(NamedTuple):
    """A sentence with its labels: code, begin and end."""

    half: str
    at: datetime
    text: str
    labels: frozenset[Place]


def sentences() -> Iterator[Sentence]:
    """The labelled sentences; in the file each label is `[surface|code]`."""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        text, labels, end = "", set(), 0
        for mark in _MARK.finditer(case["marked"]):
            text += case["marked"][end : mark.start()]
            labels.add((mark[2], len(text), len(text) + len(mark[1])))
            text, end = text + mark[1], mark.end()
        at = datetime.fromisoformat(case["at"]).replace(tzinfo=UTC)
        yield Sentence(case["half"], at, text + case["marked"][end:], frozenset(labels))


def found(finder: Finder, one: Sentence) -> frozenset[Place]:
    """What is found in a sentence."""
    return frozenset((each.code, each.start, each.end) for each in finder.mentions(one.text, one.at))


def measure() -> dict[str, tuple[float, float, int, int]]:
    """For each half and both: precision, recall, sentences, labels."""
    finder, figures = Finder(), {}
    cases = [(one, found(finder, one)) for one in sentences()]
    for half in ("dev", "test", ""):
        chosen = [(one.labels, got) for one, got in cases if half in ("", one.half)]
        right = sum(len(labels & got) for labels, got in chosen)
        told, wanted = sum(len(got) for _, got in chosen), sum(len(labels) for labels, _ in chosen)
        figures[half or "all"] = (right / max(told, 1), right / max(wanted, 1), len(chosen), wanted)
    return figures


def main() -> int:
    """Print the figures; 1 where one is below its floor."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.mentions", description=__doc__)
    parser.add_argument("--faults", metavar="HALF", help="print the sentences of this half that are not perfect")
    wanted = parser.parse_args().faults
    finder = Finder()
    for one in sentences() if wanted else ():
        got = found(finder, one)
        if one.half == wanted and got != one.labels:
            parts = (
                sorted((code, one.text[a:b]) for code, a, b in each) for each in (one.labels - got, got - one.labels)
            )
            print(f"{one.text}\n  missed {next(parts)}, wrong {next(parts)}")
    figures = measure()
    for half, (precision, recall, count, labels) in figures.items():
        print(f"{half}: precision {precision:.3f}, recall {recall:.3f} ({count} sentences, {labels} mentions)")
    return int(any(figures[half][:2] < floor or figures[half][1] < floor[1] for half, floor in FLOORS.items()))


if __name__ == "__main__":
    sys.exit(main())
