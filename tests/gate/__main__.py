"""`python -m tests.gate`: measures the extraction on the gate's pages, and ends with 1 where a floor is broken.

With --corpora PATH the folders of other corpora below PATH are measured too. With --raise the floors move up to the
figures; they never move down.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from crawler.bench import GoldError, corpora
from crawler.screen import table
from tests.gate import floors
from tests.gate.floors import Figures


def main() -> int:
    """Measure, print, compare; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate", description=__doc__)
    parser.add_argument("--corpora", type=Path, metavar="PATH", help="folder of corpora, each with its gold.jsonl")
    parser.add_argument("--raise", action="store_true", dest="lift", help="move the floors up to today's figures")
    parser.add_argument("--faults", action="store_true", help="name each page of the gate that is not perfect")
    options = parser.parse_args()
    known = floors.load()
    try:
        figures, scores = floors.measure(floors.PAGES, repeat=3)
        found: dict[str, dict[str, Figures]] = {"gate": {"pages": figures}, "corpora": {}}
        if options.corpora:
            found["corpora"] = {one.name: floors.measure(one)[0] for one in corpora(options.corpora)}
    except GoldError as error:
        print(error, file=sys.stderr)
        return 2
    if options.faults:
        print(table(["page", "faults"], list(floors.faults(scores)), width=160), end="\n\n")
    bad = sum([shown(section, known[section], found[section]) for section in found])
    if options.lift:
        for section, measured in found.items():
            for name, values in measured.items():
                known[section][name] = floors.raised(known[section].get(name, {}), values)
        floors.save(known)
    print(f"\n{bad} floors are broken." if bad else "\nEvery floor holds.")
    return 1 if bad else 0


def shown(section: str, known: Mapping[str, Figures], found: Mapping[str, Figures]) -> int:
    """Print the figures of a section beside their floors; the number of broken ones."""
    rows, bad = [], 0
    for name, figures in found.items():
        wrong = {one.name: one for one in floors.broken(known.get(name, {}), figures)}
        bad += len(wrong)
        for figure in (*floors.RISING, *floors.FALLING):
            if figure in figures or figure in wrong:
                floor = known.get(name, {}).get(figure)
                rows.append([name, figure, figures.get(figure), floor, "BROKEN" if figure in wrong else ""])
    if rows:
        cells = [[f"{c:.3f}".removesuffix(".000") if isinstance(c, float) else c for c in row] for row in rows]
        print(table([section, "figure", "now", "floor", ""], cells))
    return bad


if __name__ == "__main__":
    sys.exit(main())
