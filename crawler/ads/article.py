"""Whether an article is advertising: its title, a sample of its sentences, ways to reach a seller, and links. Pure.

There are too few labelled articles to train on, so these few weights are set by hand; titles and sentences are rated
by the trained model.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from crawler.ads.features import contacts

# A neutral title over a sales talk with two ways to reach the seller comes out above even, a news title over news
# that names one hotline far below.
TITLE = 0.6
SENTENCES = 0.6
CONTACT = 0.8
CONTACT_WORD = 0.5
CROWDED = 0.8

# Sellers come to the point at the start and say how to reach them at the end.
FIRST, LAST = 3, 3
LONGEST = 60
_HEAD, _TAIL = 800, 400
_MOST = 3
_CAP = 4.0
_CROWD = 0.02

_END = re.compile(r"[。！？!?;；\n]+")


def log_odds(title: float, text: str, links: int, rate: Callable[[str], float]) -> float:
    """The log odds of an article from those of its title, its text and the links in it; `rate` is for sentences."""
    sentences = [sentence for part in _END.split(text) if len(sentence := part.strip()) > 3]
    if not sentences:
        return title
    sample = sentences if len(sentences) <= FIRST + LAST else sentences[:FIRST] + sentences[-LAST:]
    mean = sum(max(-_CAP, min(_CAP, rate(sentence[:LONGEST]))) for sentence in sample) / len(sample)
    named, asked = contacts(text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}")
    score = TITLE * title + SENTENCES * mean + CONTACT * min(_MOST, named) + CONTACT_WORD * min(_MOST, asked)
    return score + (CROWDED if links > _MOST and links > _CROWD * len(text) else 0.0)
