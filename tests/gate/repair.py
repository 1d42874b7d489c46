"""What `repair` makes of sites whose template changes: `python -m tests.gate.repair CORPORA`.

What the general rules read of the pages of a host is what is known. Then the template is rewritten: names of classes
and ids, tags of headlines and paragraphs, wrappers, furniture that looks like a story. Selectors are proposed from half
of the pages, and measured on the other half: page F1 and equal fields, without repair and with it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from config import Source
from crawler.decode import decode
from crawler.mend import FIELDS, propose, read, scores
from crawler.page import Document
from crawler.spots import Sample

NOW = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
SOURCE = Source("site", ("http://site.example/",))
_WORDS = (
    "amber birch cedar delta ember fjord grove haven inlet juniper lagoon meadow nectar orchid prairie sage".split()
)
_STRANGER = "".join(
    f"<p>{line}</p>"
    for line in (
        "Readers who register before the end of the month receive the weekly letter and the evening edition.",
        "本站声明：网友发言仅代表其个人观点，不代表本站立场。欢迎下载客户端，随时随地了解最新资讯。",
    )
    * 12
)


def renamed(name: str) -> str:
    """Another name for a class or an id, the same each time."""
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16)
    return f"{_WORDS[number % 16]}-{_WORDS[number // 16 % 16]}-{_WORDS[number // 256 % 16]}"


def names(html: str) -> str:
    """Every class and id has another name."""

    def other(match: re.Match[str]) -> str:
        return f'{match[1]}="{" ".join(map(renamed, match[3].split()))}"'

    return re.sub(r"""\b(class|id)\s*=\s*(["'])(.*?)\2""", other, html, flags=re.I | re.S)


def tags(html: str) -> str:
    """No headline is one, no paragraph either; no metadata tell anything."""
    html = re.sub(r"<(/?)(?:h[1-6])\b", r"<\1div", html, flags=re.I)
    html = re.sub(r"<(/?)(?:article|main|section)\b", r"<\1div", html, flags=re.I)
    html = re.sub(r"<meta(?![^>]*charset)[^>]*>", "", html, flags=re.I)
    html = re.sub(r"<script[^>]*ld\+json.*?</script>", "", html, flags=re.I | re.S)
    return re.sub(r"<title>.*?</title>", "<title>Portal</title>", html, flags=re.I | re.S)


def wrapped(html: str) -> str:
    """The page stands in two more boxes, behind a long box of furniture."""
    begin = rf'\1<div class="shell"><div class="notice-box">{_STRANGER}</div>'
    html = re.sub(r"(<body[^>]*>)", begin, html, flags=re.I)
    return re.sub(r"</body>", "</div></body>", html, flags=re.I)


CHANGES = {"names": (names,), "names and tags": (names, tags), "names, tags, furniture": (names, tags, wrapped)}


def hosts(corpora: Path, least: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The pages, as address and HTML, of each host with enough of them."""
    pages: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for gold in sorted(corpora.glob("*/gold.jsonl")):
        for line in gold.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            url = row.get("url") or f"http://{row['host']}/news/{row['id']}.html"
            pages[row["host"]].append((url, gold.parent / row["page"]))
    for name, several in pages.items():
        if len(several) >= least:
            yield name, [(url, decode(gzip.decompress(file.read_bytes())).text) for url, file in several]


def samples(pages: list[tuple[str, str]], change: str) -> list[Sample]:
    """The pages after a change, each with what the rules read of it before."""
    made = []
    for url, html in pages:
        known = {name: value for name, value in read(Document(url, html, NOW), SOURCE).items() if value}
        if known.get("text"):
            after = html
            for step in CHANGES[change]:
                after = step(after)
            made.append(Sample(Document(url, after, NOW), known))
    return made


def main(corpora: Path) -> None:
    found: dict[str, list[tuple[str, dict[str, list[float]], dict[str, list[float]]]]] = defaultdict(list)
    for name, pages in hosts(corpora, 8):
        for change in CHANGES:
            several = samples(pages[:24], change)
            if len(several) < 6:
                continue
            first, second = several[::2], several[1::2]
            proposal = propose(first[:8], SOURCE)
            found[change].append((name, scores(second, SOURCE), scores(second, proposal.source)))
    for change, told in found.items():
        print(f"{change}: {len(told)} hosts, {sum(len(after['text']) for _, _, after in told)} pages")
        for field in FIELDS:
            before = [value for _, one, _ in told for value in one[field]]
            after = [value for _, _, one in told for value in one[field]]
            if before:
                said = f"without repair {fmean(before):.3f}, after it {fmean(after):.3f}"
                print(f"  {field:10} {len(before):4} pages: {said}")
        worst = sorted(((fmean(one["text"]), name) for name, _, one in told))[:3]
        print("  least text:", ", ".join(f"{name} {value:.2f}" for value, name in worst))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
