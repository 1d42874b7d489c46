"""What a robots.txt says to crawlers that gather texts for the training of models: a host's word on that purpose. Pure.

Most hosts that reserve their texts against training say so by shutting these crawlers out by name. It is evidence about
the use of the texts, not an order to this crawler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

# Product tokens, in lower case, of which the operators say that what they fetch may be trained on.
TRAINERS = frozenset((
    "ai2bot", "amazonbot", "anthropic-ai", "applebot-extended", "bytespider", "ccbot", "claudebot",
    "cohere-training-data-crawler", "facebookbot", "google-extended", "gptbot", "icc-crawler", "meta-externalagent",
    "pangubot", "webzio-extended",
))  # fmt: skip
_ROOTS = ("", "/", "/*")


class Said(NamedTuple):
    """Whether some of these crawlers, parted by spaces, may have the paths of a pattern (RFC 9309, 2.2.3)."""

    agents: str
    location: str
    allowed: bool


def told(text: str) -> Iterator[Said]:
    """What is said to them, those to whom the same is said together; nothing where nobody is shut out of anything."""
    rules: dict[str, dict[str, bool]] = {}
    agents: list[str] = []
    in_head = False
    for line in text.splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            agents = agents if in_head else []
            agents += [value.lower()] * (value.lower() in TRAINERS)
        in_head = name == "user-agent"
        if name in ("allow", "disallow") and value.startswith(("/", "*")):
            for agent in agents:
                said = rules.setdefault(agent, {})
                place = "/" if value in _ROOTS else value
                # Of two rules for one pattern the more generous one holds (RFC 9309, 2.2.2).
                said[place] = said.get(place, False) or name == "allow"
    yield from _together({agent: said for agent, said in rules.items() if not all(said.values())})


def _together(rules: dict[str, dict[str, bool]]) -> Iterator[Said]:
    alike: dict[Sequence[tuple[str, bool]], list[str]] = {}
    for agent, said in rules.items():
        alike.setdefault(tuple(sorted(said.items())), []).append(agent)
    for patterns, agents in alike.items():
        yield from (Said(" ".join(sorted(agents)), location, allowed) for location, allowed in patterns)
