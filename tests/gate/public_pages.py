"""`python -m tests.gate.public_pages CLONE scrapinghub`: a public benchmark, in the layout of `kuaixun bench`.

CLONE is one of github.com/scrapinghub/article-extraction-benchmark: `ground-truth.json` and `html/ID.html.gz`. Without
--all only the half is written on which the figures of docs/peers.md were measured: the pages of domains whose SHA-1 is
even. The folder must be called `scrapinghub`, for its authors count a headline in the body as wrong
(`crawler.bench.EXACT_HEADLINES`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

# Labels below which a country sells names: news.com.br, bbc.co.uk.
SECOND_LEVEL = ("ac", "co", "com", "edu", "gov", "net", "org")


def domain(url: str) -> str:
    """The domain that somebody registered."""
    labels = (urlsplit(url).hostname or "").split(".")
    is_below = len(labels) > 2 and labels[-2] in SECOND_LEVEL and len(labels[-1]) == 2
    return ".".join(labels[-3 if is_below else -2 :])


def is_ours(url: str) -> bool:
    """Whether it is of the half that was looked at."""
    return hashlib.sha1(domain(url).encode(), usedforsecurity=False).digest()[-1] % 2 == 0


def write(clone: Path, out: Path, *, every: bool = False) -> int:
    """How many pages were written."""
    known = json.loads((clone / "ground-truth.json").read_text(encoding="utf-8"))
    chosen = {name: told for name, told in sorted(known.items()) if every or is_ours(told["url"])}
    out.mkdir(parents=True)
    lines = []
    for name, told in chosen.items():
        page = f"{name[:12]}.html.gz"
        shutil.copy(clone / "html" / f"{name}.html.gz", out / page)
        gold = {"id": name[:12], "page": page, "url": told["url"], "lang": "en", "text": told["articleBody"]}
        lines.append(json.dumps(gold, ensure_ascii=False) + "\n")
    (out / "gold.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gate.public_pages", description=__doc__)
    parser.add_argument("clone", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--all", action="store_true", dest="every", help="both halves")
    options = parser.parse_args()
    print(f"{write(options.clone, options.out, every=options.every)} pages in {options.out}")


if __name__ == "__main__":
    main()
