"""Whether an article is advertising: its title, a sample of its sentences, ways to reach a seller, and links. Pure.

Titles and sentences are rated by the model of titles; what that counts beside the other signs is trained from the
labelled articles in articles.toml.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from crawler.ads.features import contacts

SIGNS = (
    "title", "sentences", "loudest sentences", "ways to reach a seller", "asks to get in touch", "a crowd of links",
    "reported", "somebody says", "speaks to the reader", "exclamations", "short",
)  # fmt: skip

# Sellers come to the point at the start and say how to reach them at the end.
FIRST, LAST = 3, 3
LONGEST = 60
_HEAD, _TAIL = 800, 400
_SHORT = 80
_MOST = 3
_CAP = 4.0
_CROWD = 0.02

_END = re.compile(r"[。！？!?;；\n]+|\. ")
_REPORTED = re.compile(
    r"记者|本报|讯[）)\s（(]|[日社网]电[\s（(，]|通报|据.{1,14}?(?:报道|消息|介绍|了解|统计)|公告|获悉|发布会"
    r"|according to|reporters|spokes"
)
_SAYS = re.compile(
    r"表示|介绍|指出|认为|告诉|回应|提醒|[说称][，：。“]|”.{1,4}说|(?<![a-z])(?:said|told|says|announced|declined)(?![a-z])"
)
_READER = re.compile(r"[您你]|我们|我公司|我司|本公司|老板|朋友们?[，看]|(?<![a-z])(?:you|your|us|we)(?![a-z])", re.I)


def signs(title: float, text: str, links: int, rate: Callable[[str], float]) -> dict[str, float]:
    """What speaks for or against advertising, by name out of SIGNS, each about 0 to 1, or -1 to 1 where it is rated.

    `title` is the log odds of the title, `links` how many are in the text; `rate` gives the log odds of a sentence.
    """
    sentences = [sentence for part in _END.split(text) if len(sentence := part.strip()) > 3]
    sample = sentences if len(sentences) <= FIRST + LAST else sentences[:FIRST] + sentences[-LAST:]
    rated = sorted((_capped(rate(sentence[:LONGEST])) for sentence in sample), reverse=True)
    ends = text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    named, asked = contacts(ends)
    per_sentence = max(1, len(_END.findall(ends)))
    values = (
        _capped(title),
        sum(rated) / max(1, len(rated)),
        sum(rated[:2]) / max(1, len(rated[:2])),
        min(_MOST, named) / _MOST,
        min(_MOST, asked) / _MOST,
        float(links > _MOST and links > _CROWD * len(text)),
        float(_REPORTED.search(ends) is not None),
        min(1.0, len(_SAYS.findall(ends)) / _MOST),
        min(1.0, len(_READER.findall(ends)) / per_sentence),
        min(1.0, ends.count("！") / _MOST + ends.count("! ") / _MOST),
        float(len(text) < _SHORT),
    )
    return {name: value for name, value in zip(SIGNS, values, strict=True) if value}


def parts(found: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """The log odds of an article in parts: what each of its signs adds, and the bias."""
    return {"bias": weights["bias"]} | {name: weights[name] * value for name, value in found.items()}


def _capped(log_odds: float) -> float:
    return max(-_CAP, min(_CAP, log_odds)) / _CAP
