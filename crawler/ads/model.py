"""The trained model: a weight for each run of characters and each plain sign, and how they add up.

The file is text, so that a new training shows in a diff: a line of JSON, then one line for each weight with the
runs that have it. Weights are whole numbers of -127..127 (signs may be heavier) in units of `scale`, a log odds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from crawler.ads.features import features

FORMAT = 2
# Runs may hold a space, and spaces part the runs of a line.
_SPACE = "␣"


@dataclass(frozen=True, slots=True)
class Model:
    """`version` names what it was trained on; `bias`, `signs` and `runs` are the weights of a title.

    `article` are those of an article's signs, log odds each, its `bias` among them.
    """

    version: str
    scale: float
    bias: int
    signs: Mapping[str, int]
    runs: Mapping[str, int]
    article: Mapping[str, float]

    def log_odds(self, title: str) -> float:
        """How much more likely the title is advertising than not, as a natural logarithm."""
        signs, runs = features(title)
        total = sum(filter(None, map(self.runs.get, runs)))
        return self.scale * (self.bias + sum(map(self.signs.__getitem__, signs)) + total / math.sqrt(len(runs) or 1))

    def parts(self, title: str) -> dict[str, float]:
        """The log odds in parts: what each sign and each run of the title adds; their sum is `log_odds`."""
        signs, runs = features(title)
        unit = self.scale / math.sqrt(len(runs) or 1)
        found = {f"“{run}”": unit * self.runs[run] for run in runs if run in self.runs}
        return {"bias": self.scale * self.bias} | {sign: self.scale * self.signs[sign] for sign in signs} | found


def probability(log_odds: float) -> float:
    """The logistic function; a log odds beyond 60 counts as 60."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, log_odds))))


def dumps(model: Model) -> str:
    """The text of a model file; the same model gives the same text."""
    head = {"format": FORMAT, "version": model.version, "scale": model.scale, "bias": model.bias}
    lines = [json.dumps({**head, "signs": dict(model.signs), "article": dict(model.article)}, ensure_ascii=False)]
    by_weight: dict[int, list[str]] = {}
    for run, weight in sorted(model.runs.items()):
        by_weight.setdefault(weight, []).append(run.replace(" ", _SPACE))
    lines += [f"{weight} {' '.join(runs)}" for weight, runs in sorted(by_weight.items())]
    return "\n".join(lines) + "\n"


def loads(text: str) -> Model:
    """The model in the text of a file; raises ValueError for another format than this program's."""
    first, *lines = text.rstrip("\n").split("\n")
    head = json.loads(first)
    if head["format"] != FORMAT:
        raise ValueError(
            f"The model has format `{head['format']}` and not `{FORMAT}`: run `python -m crawler.ads.train`."
        )
    runs: dict[str, int] = {}
    for line in lines:
        weight, *words = line.split(" ")
        runs.update(dict.fromkeys([word.replace(_SPACE, " ") for word in words], int(weight)))
    return Model(head["version"], head["scale"], head["bias"], head["signs"], runs, head["article"])
