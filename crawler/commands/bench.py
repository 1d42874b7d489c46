"""`kuaixun bench`: quality and speed of the extraction on pages whose right answers are known."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.console import CONFIG, MANY, USAGE, Failure, print_json
from crawler.screen import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.metrics import PageScore

# What the table shows, where a folder has gold for it: the figure, its heading, digits after the point.
COLUMNS = (
    ("pages", "pages", 0), ("page_f1", "pageF1", 3), ("f1", "F1", 3), ("exact", "exact", 3), ("below_half", "<.5", 2),
    ("segment_f1", "segF1", 3), ("clean", "clean", 3), ("title", "title", 3), ("day", "day", 3),
    ("minute", "minute", 3), ("author", "author", 3), ("editor", "editor", 3), ("source", "source", 3),
    ("block_f1", "blockF1", 3), ("latest_f1", "latestF1", 3), ("block_kind", "list", 3), ("kind", "kind", 3),
    ("empty", "empty", 0), ("errors", "err", 0), ("ms", "ms", 1), ("pages_s", "pages/s", 0),
)  # fmt: skip


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--limit", type=MANY, help="Only the first N pages of each folder.", metavar="N")
@click.option("--worst", type=MANY, help="Also name the N pages with the worst body.", metavar="N")
@click.option("--peers", "beside", is_flag=True, help="Also other extractors that are installed beside it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a folder, with every figure.")
def command(folder: Path, *, limit: int | None, worst: int | None, beside: bool, as_json: bool) -> None:
    """Measure the extraction on pages with known answers.

    It prints quality, and pages per CPU second. DIR, or each folder in it, holds either `gold.jsonl` and the pages that
    it names, or NAME.html beside NAME.json.

    \b
    Figures (shares of 1): pageF1 is the mean F1 of the pages' bodies, F1 that of mean precision and
    recall, `exact` bodies without any fault, `<.5` pages with an F1 below a half, segF1 pieces of
    text that must and must not be there, `clean` unwanted pieces left out, title to source pages
    with the right answer, blockF1 and latestF1 the best list found for each list of the page, `list`
    lists with the right kind, `kind` pages with the right kind. `empty` counts pages without any
    body where there is one, `ms` is CPU time a page.

    --peers measures trafilatura, readability-lxml, newspaper4k, goose3, resiliparse, justext and
    boilerpy3, as many as are installed beside kuaixun: title, body and CPU time, a row each.

    \b
    Example:
      kuaixun bench tests/gate/pages
      kuaixun bench corpora --limit 50 --json
      kuaixun bench tests/gate/pages --peers
    """
    from crawler import bench, metrics, peers

    ours, others = "", peers.installed() if beside else {}
    if beside:
        if not others:
            raise Failure(f"none of the peers is installed here: pip install {peers.INSTALLS}", CONFIG)
        ours = f"kuaixun {version('kuaixun')}"
    scored: dict[tuple[str, str], list[PageScore]] = {}
    try:
        for one in bench.corpora(folder):
            scored[one.name, ours] = bench.run(one, limit=limit)
            for name, number in others.items():
                scored[one.name, f"{name} {number}"] = bench.run_peer(one, name, limit=limit)
    except bench.GoldError as error:
        raise Failure(str(error), USAGE) from error
    figures = {key: metrics.summary(scores) for key, scores in scored.items()}
    if as_json:
        print_json(
            {"folder": name}
            | ({"extractor": who} if who else {})
            | found
            | ({"worst": _worst(scored[name, who], worst)} if worst else {})
            for (name, who), found in figures.items()
        )
        return
    heads = ["folder", "extractor"] if others else ["folder"]
    click.echo(_shown(heads, figures))
    if worst:
        lines = [[*k[: len(heads)], page["page"], page["f1"]] for k in scored for page in _worst(scored[k], worst)]
        click.echo("\n" + table([*heads, "page", "F1"], lines))


def _shown(heads: Sequence[str], figures: Mapping[tuple[str, str], Mapping[str, float]]) -> str:
    used = [column for column in COLUMNS if any(column[0] in found for found in figures.values())]
    rows = [
        [*key[: len(heads)], *(f"{found[name]:.{digits}f}" if name in found else "" for name, _, digits in used)]
        for key, found in figures.items()
    ]
    # A figure that is cut would be another figure, so the table takes the width that it needs.
    return table([*heads, *(heading for _, heading, _ in used)], rows, width=1000)


def _worst(scores: Sequence[PageScore], count: int) -> list[dict[str, object]]:
    bodies = sorted((s.body.f1, s.name) for s in scores if s.body)
    return [{"page": name, "f1": round(f1, 3)} for f1, name in bodies[:count]]
