"""`kuaixun dedupe`: find every story again, and see what changes."""

from __future__ import annotations

import time

import click

from config import Config
from crawler.console import NOTHING, configured, live, print_json, tidy
from crawler.screen import counted, plain


@click.command()
@configured
@click.option("--check", "how", flag_value="check", help="Say what would change, and change nothing.")
@click.option("--apply", "how", flag_value="apply", help="Change it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a change.")
def command(setup: Config, *, how: str | None, as_json: bool) -> int:
    """Find all stories again from the stored texts.

    One of `--check` and `--apply` has to be given. Ends with 1 when `--check` finds something to change. All is done in
    one transaction, during which nothing else can write: stopped by Ctrl-C, it has changed nothing.

    \b
    Example:
      kuaixun dedupe --check
    """
    from storage import MissingDatabase, open_store

    if how is None:
        raise click.UsageError("Say what to do: `--check` or `--apply`.")
    path = setup.settings.database
    if not path.exists():
        raise MissingDatabase(path)
    begun, count = time.monotonic(), 0

    def told(done: int, total: int) -> None:
        nonlocal count
        count = total
        line.show(lambda: f"{done:,} of {total:,} articles compared, {time.monotonic() - begun:.0f} s")

    with tidy(), open_store(path, ad_threshold=setup.settings.ad_threshold) as store, live() as line:
        try:
            changes = store.regroup(apply=how == "apply", told=told)
        except KeyboardInterrupt:
            line.line(f"{path}: stopped; nothing was changed")
            raise
    took = time.monotonic() - begun
    if as_json:
        print_json([change._asdict() for change in changes])
        return NOTHING if changes and how == "check" else 0
    for change in changes:
        click.echo(f"{change.article_id}  {plain(change.title)}: {change.from_key} -> {change.to_key} ({change.why})")
    done = "moved" if how == "apply" else "would move"
    click.echo(f"{path}: {len(changes):,} of {counted(count, 'article')} {done} to another story ({took:.0f} s)")
    return NOTHING if changes and how == "check" else 0
