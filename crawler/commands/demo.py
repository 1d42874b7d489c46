"""`kuaixun demo`: the whole line on a small news web that ships with the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.commands._progress import Watch
from crawler.commands.search import describe
from crawler.console import live
from crawler.screen import counted

if TYPE_CHECKING:
    from crawler.demo.run import Pass, Summary


@click.command()
@click.argument("folder", metavar="[DIR]", default="kuaixun-demo", type=click.Path(path_type=Path))
@click.option("--quiet", is_flag=True, help="No progress, only the summary.")
def command(*, folder: Path, quiet: bool) -> None:
    """Crawl a small news web on this machine and show the result.

    No network is used. The database stays in DIR (kuaixun-demo); a second run finds next to nothing new.

    \b
    Example:
      kuaixun demo
    """
    from crawler.demo.run import run
    from crawler.demo.server import PORTS

    with live(quiet=quiet) as line:
        line.line("Serving a small news web on this machine and crawling it; no network is used.")
        summary = run(folder, Watch(line).see)
    if summary.port != PORTS[0]:
        click.echo(
            f"Port {PORTS[0]} is taken: the addresses have {summary.port} in its place here, also those of the tour."
        )
    for number, one in enumerate(summary.passes, 1):
        click.echo(_pass(number, one))
    if not summary.first_run:
        click.echo("It was crawled before: nearly every page had not changed, and articles are never read twice.")
    click.echo(_found(summary))
    _asked_further(summary)


def _pass(number: int, one: Pass) -> str:
    brought, cpu = one.brought, one.tally.cpu
    news = (
        counted(brought.articles, "new article"),
        counted(brought.headlines, "new headline"),
        counted(brought.copies, "copy", "copies"),
        counted(brought.changed, "correction"),
        counted(brought.ads, "advertising article"),
    )
    # A run that was interrupted between its passes finds nothing due when it takes up the first.
    requests = max(one.requests, 1)
    split = ", ".join(f"{step} {seconds / requests * 1000:.1f}" for step, seconds in cpu.items())
    return (
        f"Pass {number}: {', '.join(news)}\n"
        f"  {counted(one.requests, 'request')}, {one.unchanged:,} of them answered 304 (not modified), "
        f"{one.bytes / 1e6:.1f} MB, {one.seconds:.1f} s\n"
        f"  CPU a request: {sum(cpu.values()) / requests * 1000:.1f} ms ({split})"
    )


def _found(summary: Summary) -> str:
    total = summary.total
    every = total.articles + total.copies + total.ads
    more = f"{counted(total.copies, 'copy', 'copies')} and {counted(total.ads, 'advertisement')}"
    return (
        f"The database holds {counted(total.articles, 'article')} ({every} with {more}); "
        f"{counted(total.headlines, 'headline')}, {total.headline_ads} of them advertising; {total.addresses} further "
        f"addresses of known articles.\n"
    )


def _asked_further(summary: Summary) -> None:
    """Two ways to ask the database, each with what it prints."""
    from sqlite_utils.cli import cli as sqlite_utils

    click.echo(f"$ kuaixun search {summary.words} --limit {len(summary.hits)} --db {summary.database}")
    click.echo("\n\n".join(map(describe, summary.hits)))
    click.echo(f'\n$ sqlite-utils {summary.database} "{summary.sql}" -t')
    sqlite_utils.main([str(summary.database), summary.sql, "-t"], standalone_mode=False)
    click.echo(f"\nDatabase: {summary.database}")
