"""`kuaixun export`: the articles as a file or a folder, with a manifest; and proving such a manifest."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config import Config
from crawler.commands import _complete
from crawler.commands._gaps import name_gaps
from crawler.console import NOTHING, STORAGE, Failure, as_of_option, bad_table, configured, live, reading, tidy
from crawler.screen import counted, span

if TYPE_CHECKING:
    from storage.exporters import Job, Split

_SESSIONS = (
    "Where `first_seen_at` falls in the hours of markets, XSHG,XNYS; `mentioned`: of those that --mentions finds."
)
_SUFFIXES = {"db": "sqlite", "sqlite3": "sqlite", "xml": "atom", "ndjson": "jsonl"}
_GZIP = ".gz"


@click.command()
@configured
@click.argument("out", metavar="OUT", required=False, shell_complete=_complete.files)
@click.option(
    "--format",
    "form",
    shell_complete=_complete.formats,
    help="One of jsonl, csv, parquet, hf, atom, sqlite, warc; else the suffix of OUT decides.",
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
@click.option("--mentions", is_flag=True, help="Find companies and indices in the texts; takes its time.")
@click.option("--sessions", default=None, metavar="MARKETS", help=_SESSIONS)
@click.option("--split", default="", metavar="PARTS", help="Parts by time, time:0.8,0.1,0.1; no story is in two.")
@click.option("--embargo", default="", metavar="TIME", help="With --split: the pause behind each boundary, 7d or 12h.")
@as_of_option
@click.option(
    "--since-last", "name", default=None, metavar="NAME", help="Only what is new, changed or gone since then."
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
    """Write the articles to a file or a folder.

    OUT `-` is stdout; the format `hf` makes a folder. Equal content gives equal bytes. OUT gets its name when it is
    complete, and OUT.manifest.json (in a folder manifest.json) says what is in it; --verify proves that from the files
    alone.

    \b
    Example:
      kuaixun export news.jsonl
      kuaixun export - --format csv --copies
      kuaixun export then.parquet --as-of 2026-03-20T08:00+08:00 --where "lang LIKE 'zh%'"
      kuaixun export dataset --format hf --purpose train --mentions --split time:0.8,0.1,0.1 --embargo 7d
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

    known, suffix = formats(), Path(out.removesuffix(_GZIP)).suffix.removeprefix(".")
    wanted = form or ("jsonl" if out == "-" else _SUFFIXES.get(suffix, suffix))
    if not form and out.endswith(_GZIP) and wanted != "warc":
        problem = (
            f"`{out}`: of the formats only warc is gzip (`.warc.gz`); name the file without `{_GZIP}`, and compress it"
        )
        raise click.UsageError(f"{problem} afterwards, or take parquet.", click.get_current_context())
    if wanted not in known:
        asked = f"There is no format `{wanted}`" if wanted else f"`{out}` has no suffix that names a format"
        raise click.UsageError(f"{asked}; there is {', '.join(known)} (--format).", click.get_current_context())
    return wanted


def _export(
    setup: Config,
    out: str,
    form: str,
    as_of: datetime | None,
    *,
    quiet: bool,
    name: str | None,
    split: str,
    embargo: str,
    mentions: bool,
    sessions: str | None,
    **asked: Any,
) -> int:
    from storage.exporters import Choice, Job, Since, export, stream
    from storage.exporters.parquet import without_pandas
    from storage.pair import beside

    database, parts = setup.settings.database, _split(split, embargo, name)
    finders = _finders(setup, mentions=mentions, sessions=sessions)
    with ExitStack() as stack:
        since = None
        if name is not None:
            since = stack.enter_context(Since(database, name, Choice(**asked), form, **finders["found_by"]))
            if since.adopted and not quiet:
                click.echo(f"{since.adopted} was complete; `{name}` goes on from there.", err=True)
            if since.adopted == Path(out).resolve():
                return 0
        more = {"archive": beside(database), "contact": setup.settings.contact, **finders}
        job = Job(Choice(**asked), since=since, split=parts, **more)
        db = stack.enter_context(reading(setup, as_of))
        name_gaps(setup, db, as_of)
        if out == "-":
            stream(db, sys.stdout.buffer, form, job)
            return 0
        if form in ("parquet", "hf"):
            without_pandas()
        with live(quiet=quiet) as line:
            facts = export(db, Path(out), form, _watched(job, line))
    if not quiet:
        click.echo(_summary(facts, out, form), err=True)
    return 0


def _split(split: str, embargo: str, name: str | None) -> Split | None:
    """The parts that are asked for. Raises UsageError."""
    from storage import splits
    from storage.exporters import Split

    context = click.get_current_context()
    if embargo and not split:
        raise click.UsageError("--embargo needs --split.", context)
    if split and name is not None:
        raise click.UsageError("--split needs all rows; --since-last has some of them.", context)
    try:
        return Split(splits.shares(split), splits.pause(embargo)) if split else None
    except splits.SplitError as error:
        raise click.UsageError(str(error), context) from error


def _finders(setup: Config, *, mentions: bool, sessions: str | None) -> dict[str, Any]:
    """What finds mentions and knows the hours of markets, and what the manifest says of them. Raises Failure."""
    found: dict[str, Any] = {"found_by": {}}
    if mentions:
        from storage import instruments
        from storage.mentions import Finder

        table = setup.settings.mentions or instruments.SHIPPED
        try:
            found["mentions"] = Finder(instruments.read(table))
        except instruments.TableError as error:
            raise Failure(str(bad_table(setup) or error), STORAGE) from error
        found["found_by"]["mentions"] = {"table_sha256": hashlib.sha256(table.read_bytes()).hexdigest()}
    if sessions is not None:
        from storage.sessions import Sessions, UnknownMarket

        if sessions == "mentioned" and not mentions:
            raise click.UsageError("--sessions mentioned needs --mentions.", click.get_current_context())
        markets = () if sessions == "mentioned" else tuple(sessions.split(","))
        try:
            found["markets"] = Sessions(markets)
        except UnknownMarket as error:
            raise click.UsageError(str(error), click.get_current_context()) from error
        found["found_by"]["sessions"] = {"markets": list(markets), "calendars": found["markets"].version}
    return found


def _summary(facts: Mapping[str, Any], out: str, form: str) -> str:
    number = sum(part["rows"] for part in facts["sets"].values())
    several = len(facts["sets"]) > 1
    parts = ", ".join(f"{name} {told['rows']:,}" for name, told in facts["sets"].items()) if several else ""
    told = [f"{counted(number, 'article')} left out: {why}" for why, number in facts["left_out"].items()]
    wrote = f"Wrote {counted(number, 'page' if form == 'warc' else 'article')} to {out}{f' ({parts})' if parts else ''}"
    if form == "hf" and not number:
        told.append("`datasets.load_dataset` opens no set without rows, but with `streaming=True`")
    return "; ".join((wrote, *told)) + "."


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
