"""`kuaixun export`: the articles as a file or a folder, with a manifest; and proving such a manifest."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config import Config
from crawler.console import NOTHING, as_of_option, configured, live, reading, tidy
from crawler.screen import counted, span

if TYPE_CHECKING:
    from storage.exporters import Job

_SUFFIXES = {"db": "sqlite", "sqlite3": "sqlite", "gz": "warc", "xml": "atom", "ndjson": "jsonl"}


@click.command()
@configured
@click.argument("out", metavar="OUT", required=False)
@click.option(
    "--format", "form", help="One of jsonl, csv, parquet, hf, atom, sqlite, warc; else the suffix of OUT decides."
)
@click.option("--where", default="", metavar="SQL", help="Only articles for which this holds: SQL on their columns.")
@click.option(
    "--search", default="", metavar="WORDS", help="Only articles that hold these words, as `search` finds them."
)
@click.option("--ads", is_flag=True, help="Advertisements too.")
@click.option("--copies", is_flag=True, help="Copies of other articles too.")
@click.option(
    "--purpose",
    type=click.Choice(["archive", "search", "train"]),
    default="archive",
    show_default=True,
    help="Leave out what is reserved against it.",
)
@as_of_option
@click.option(
    "--since-last", "name", default="", metavar="NAME", help="Only what is new, changed or gone since the last of it."
)
@click.option(
    "--verify", "claimed", type=click.Path(path_type=Path), metavar="PATH", help="Prove the manifest of PATH."
)
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def command(
    setup: Config,
    *,
    out: str | None,
    form: str | None,
    as_of: datetime | None,
    claimed: Path | None,
    quiet: bool,
    **asked: Any,
) -> int:
    """Write the articles to OUT, a file or (hf) a folder, or to stdout for `-`.

    Equal content gives equal bytes. OUT gets its name when it is complete, and OUT.manifest.json (in a folder
    manifest.json) says what is in it; --verify proves that from the files alone.

    \b
    Example:
      kuaixun export news.jsonl
      kuaixun export - --format csv --copies
      kuaixun export then.parquet --as-of 2026-03-20T08:00+08:00 --where "lang LIKE 'zh%'"
      kuaixun export dataset --format hf --purpose train
      kuaixun export today.jsonl --since-last daily
      kuaixun export --verify dataset
    """
    if claimed:
        return _verify(claimed, quiet=quiet)
    if not out:
        raise click.UsageError("Missing argument 'OUT'.", click.get_current_context())
    form = _format(out, form)
    with tidy():
        return _export(setup, out, form, as_of, quiet=quiet, **asked)


def _format(out: str, form: str | None) -> str:
    """The wanted format, or the one that the suffix names. Raises UsageError for one that does not exist."""
    from storage.exporters import formats

    known, suffix = formats(), Path(out).suffix.removeprefix(".")
    wanted = form or ("jsonl" if out == "-" else _SUFFIXES.get(suffix, suffix))
    if wanted not in known:
        asked = f"There is no format `{wanted}`" if wanted else f"`{out}` has no suffix that names a format"
        raise click.UsageError(f"{asked}; there is {', '.join(known)} (--format).", click.get_current_context())
    return wanted


def _export(setup: Config, out: str, form: str, as_of: datetime | None, *, quiet: bool, name: str, **asked: Any) -> int:
    from storage.archive import beside
    from storage.exporters import Choice, Job, Since, export, stream

    database, since = setup.settings.database, None
    if name:
        since = Since(database, name, Choice(**asked), form)
        if since.adopted and not quiet:
            click.echo(f"{since.adopted} was complete; `{name}` goes on from there.", err=True)
        if since.adopted == Path(out).absolute():
            return 0
    job = Job(Choice(**asked), since=since, archive=beside(database), contact=setup.settings.contact)
    with reading(setup, as_of) as db:
        if out == "-":
            stream(db, sys.stdout.buffer, form, job)
            return 0
        with live(quiet=quiet) as line:
            facts = export(db, Path(out), form, _watched(job, line))
    if not quiet:
        told = ", ".join(f"{counted(number, 'article')} left out: {why}" for why, number in facts["left_out"].items())
        what = "page" if form == "warc" else "article"
        number = sum(part["rows"] for part in facts["sets"].values())
        click.echo(f"Wrote {counted(number, what)} to {out}{'; ' if told else ''}{told}.", err=True)
    return 0


def _watched(job: Job, line: Any) -> Job:
    """The job with its progress on the live line."""
    from dataclasses import replace

    started = time.monotonic()

    def progress(done: int, total: int) -> None:
        line.show(lambda: _progress(done, total, time.monotonic() - started))

    return replace(job, progress=progress)


def _progress(done: int, total: int, seconds: float) -> str:
    left = seconds / done * (total - done) if done else 0.0
    return f"{done:,} of {counted(total, 'article')}, about {span(timedelta(seconds=left))} left"


def _verify(path: Path, *, quiet: bool) -> int:
    from storage.exporters import verify

    proofs = list(verify(path))
    wrong = [proof for proof in proofs if proof.problem]
    for proof in wrong:
        click.echo(f"{path}: {proof.claim}: {proof.problem}")
    if not quiet:
        good = ", ".join(proof.claim for proof in proofs if not proof.problem)
        verdict = f"{counted(len(wrong), 'claim')} of {len(proofs)} failed" if wrong else "all claims hold"
        click.echo(f"{path}: {verdict}{f' ({good})' if good and not wrong else ''}")
    return NOTHING if wrong else 0
