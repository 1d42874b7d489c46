"""`kuaixun demo`: the whole line on a small news web that ships with the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.commands._progress import Watch
from crawler.console import live, screen_width
from crawler.screen import clip, counted, moment, plain, table

if TYPE_CHECKING:
    from crawler.demo.run import Pass, Summary


@click.command()
@click.argument("folder", metavar="[DIR]", default="kuaixun-demo", type=click.Path(path_type=Path))
@click.option("--quiet", is_flag=True, help="No progress, only the summary.")
def command(*, folder: Path, quiet: bool) -> None:
    """Serve a small news web on this machine, crawl it, and show what was found.

    No network is used. The database stays in DIR (kuaixun-demo); a second run finds next to nothing new.

    \b
    Example:
      kuaixun demo
    """
    from crawler.demo.run import run

    with live(quiet=quiet) as line:
        line.line("Serving a small news web on this machine and crawling it; no network is used.")
        summary = run(folder, Watch(line).see)
    for number, one in enumerate(summary.passes, 1):
        click.echo(_pass(number, one))
    if not summary.first_run:
        click.echo("It was crawled before: nearly every page had not changed, and articles are never read twice.")
    click.echo(_found(summary))


def _pass(number: int, one: Pass) -> str:
    brought, cpu = one.brought, one.tally.cpu
    news = (
        counted(brought.articles, "new article"),
        counted(brought.headlines, "new headline"),
        counted(brought.copies, "copy", "copies"),
        counted(brought.changed, "correction"),
        counted(brought.ads, "advertising article"),
    )
    split = ", ".join(f"{step} {seconds / one.requests * 1000:.1f}" for step, seconds in cpu.items())
    return (
        f"Pass {number}: {', '.join(news)}\n"
        f"  {counted(one.requests, 'request')}, {one.unchanged:,} of them answered 304 (not modified), "
        f"{one.bytes / 1e6:.1f} MB, {one.seconds:.1f} s\n"
        f"  CPU a request: {sum(cpu.values()) / one.requests * 1000:.1f} ms ({split})"
    )


def _found(summary: Summary) -> str:
    total, path = summary.total, summary.database
    ads = f"{total.ads + total.headline_ads} ads ({total.ads} articles, {total.headline_ads} headlines)"
    known = f"{counted(total.articles, 'article')}, {counted(total.copies, 'copy', 'copies')}, {ads}"
    hits = "\n".join(clip(f"  {moment(h['published_at'])}  {plain(h['title'])}", screen_width()) for h in summary.hits)
    rows = table(list(summary.rows[0]), [list(row.values()) for row in summary.rows]) if summary.rows else ""
    return (
        f"The database holds {known}; {counted(total.headlines, 'headline')}; {total.addresses} further addresses of "
        f"known articles.\n\n"
        f"$ kuaixun search {summary.words} --db {path}\n{hits}\n\n"
        f'$ sqlite-utils {path} "{summary.sql}" -t\n{rows}\n\n'
        f"Database: {path}"
    )
