"""What a robots.txt says to crawlers that gather texts for the training of models: a host's word on that purpose. Pure.

Most hosts that reserve their texts against training say so by shutting these crawlers out by name. It is evidence about
the use of the texts, not an order to this crawler.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

# Product tokens, in lower case, of which the operators say that what they fetch may be trained on.
TRAINERS = frozenset((
    "ai2bot", "amazonbot", "anthropic-ai", "applebot-extended", "bytespider", "ccbot", "claudebot",
    "cohere-training-data-crawler", "facebookbot", "google-extended", "gptbot", "icc-crawler", "meta-externalagent",
    "pangubot", "webzio-extended",
))  # fmt: skip
_ORDERED = sorted(TRAINERS)
# The lines that say something to a group and so end the head that names it; others (Sitemap, Host) belong to none.
_RULES = frozenset(("allow", "disallow", "crawl-delay", "content-signal", "content-usage"))
_NAME = re.compile(r"(\*|[\w\-]+)(?:/[^\s,;]*)?")
_ROOTS = ("", "/", "/*")


class Said(NamedTuple):
    """Whether some of these crawlers, parted by spaces, may have the paths of a pattern (RFC 9309, 2.2.3)."""

    agents: str
    location: str
    allowed: bool


def rules(text: str) -> Iterator[tuple[Mapping[str, bool], str, str]]:
    """The rules of a robots.txt: the agents of the group (none before the first), name in lower case, value.

    Agents are product tokens in lower case, each with whether it is the one that a line begins with: `GPTBot/1.2` is
    `gptbot`, `GPTBot, CCBot` names both, though most readers see the first only.
    """
    agents: dict[str, bool] = {}
    in_head = False
    for line in text.splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            agents = agents if in_head else {}
            in_head = True
            named = [found[1].lower() for found in _NAME.finditer(value)] or [value.lower()]
            for place, agent in enumerate(named):
                agents[agent] = agents.get(agent, False) or place == 0
        elif name in _RULES:
            in_head = False
            yield agents, name, value


def told(text: str) -> Iterator[Said]:
    """What is said to them, those to whom the same is said together; nothing where nobody is shut out of anything."""
    found: dict[str, dict[str, bool]] = {}
    for agents, name, value in rules(text):
        if name in ("allow", "disallow") and value.startswith(("/", "*")):
            place = "/" if value in _ROOTS else value
            for agent in _ORDERED:
                if agent in agents:
                    said = found.setdefault(agent, {})
                    # Of two rules for one pattern the more generous one holds (RFC 9309, 2.2.2).
                    said[place] = said.get(place, False) or name == "allow"
    yield from _together({agent: said for agent, said in found.items() if not all(said.values())})


def _together(rules: dict[str, dict[str, bool]]) -> Iterator[Said]:
    alike: dict[Sequence[tuple[str, bool]], list[str]] = {}
    for agent, said in rules.items():
        alike.setdefault(tuple(sorted(said.items())), []).append(agent)
    for patterns, agents in alike.items():
        yield from (Said(" ".join(sorted(agents)), location, allowed) for location, allowed in patterns)
