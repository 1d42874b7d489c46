"""`kuaixun archive import`: what others fetched, through the same line as a crawl."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config import Config
from crawler.console import STORAGE, Failure, configured, live, patient, print_json, refuse_broken, tidy
from crawler.screen import counted, moment, span

if TYPE_CHECKING:
    from crawler.bring import Importer, Sums
    from crawler.pool import Pool
    from crawler.screen import Live
    from storage.foreign import Record
    from storage.intake import Intake, Progress

SHOWN_REASONS = 5


@click.command("import")
@configured
@click.argument(
    "files",
    metavar="FILE.warc.gz...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--workers", type=click.IntRange(0, 256), help="Processes that read pages; 0: this one. Default: a core each."
)
@click.option("--json", "as_json", is_flag=True, help="The sums as one JSON object.")
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def command(
    setup: Config,
    *,
    files: tuple[Path, ...],
    workers: int | None,
    as_json: bool,
    quiet: bool,
    pool: Callable[..., Pool[Any, Any]] | None = None,
) -> None:
    """Read the pages of WARC files as a crawl reads what it fetches.

    They are kept in the archive, and their articles and headlines are stored; no link is followed. A page counts from
    today, when it came in. When it was fetched only says what `3 hours ago` on it means, and whether an article is
    older than what is known: then it changes nothing.

    A damaged record costs only itself. What was stopped goes on where it was, and a file that was read is not read
    again; one that breaks off ends with 4, and more of it is read when it is there.

    \b
    Example:
      kuaixun archive import CC-NEWS-20260301013955-00812.warc.gz
      kuaixun archive import old/*.warc.gz --db old.db --workers 8
    """
    refuse_broken(setup)
    begun, bad, total = time.monotonic(), 0, sum(file.stat().st_size for file in files)
    with tidy(), live(quiet=quiet or as_json) as line, _importer(setup, workers, line, pool) as (store, importer):
        shown = _Shown(line, total)
        importer.told, importer.wrong = shown.told, shown.wrong
        for file in files:
            progress = store.begin(file)
            shown.begin(file, progress)
            if progress.finished_at:
                line.line(f"{file}: was imported already, at {moment(progress.finished_at)}; nothing was done")
                continue
            bad += not _bring(importer, file, progress, line)
    if as_json:
        print_json([{**asdict(importer.sums), "seconds": round(time.monotonic() - begun, 1), "bad_files": bad}])
    elif not quiet:
        click.echo(summary(importer.sums, shown.pages, time.monotonic() - begun))
    if bad:
        raise Failure(f"{counted(bad, 'file')} could not be read to the end; what came before is stored", STORAGE)


@contextmanager
def _importer(
    setup: Config, workers: int | None, line: Live, crew: Callable[..., Pool[Any, Any]] | None
) -> Iterator[tuple[Intake, Importer]]:
    """The database and what brings files into it; one process at a time writes. Pages are read by a `crew`, or here."""
    from contextlib import ExitStack

    from crawler.bring import Importer, reader
    from crawler.extract import columns
    from crawler.pool import Pool, cores
    from storage import open_as
    from storage.archive import Archive
    from storage.connection import MEMORY
    from storage.intake import Intake
    from storage.lock import alone
    from storage.pair import beside
    from storage.times import utc_now

    settings = setup.settings
    path = settings.database
    with ExitStack() as stack:
        store = stack.enter_context(
            open_as(Intake, path, fields=columns(), ad_threshold=settings.ad_threshold, patience=patient(line))
        )
        stack.enter_context(alone(path))
        is_kept = settings.keep_pages and path != MEMORY
        keep = stack.enter_context(Archive(beside(path), patience=store.patience)) if is_kept else None
        pool = stack.enter_context(
            (crew or Pool)(reader, settings, setup.sources, workers=cores() if workers is None else workers)
        )
        yield store, Importer(store, pool, keep=keep, clock=utc_now, most=settings.max_body)


def _bring(importer: Importer, file: Path, progress: Progress, line: Live) -> bool:
    """Bring in one file; whether it was read to its end."""
    from storage.foreign import BrokenOff, NoWarc

    try:
        importer.bring(file, progress)
    except (BrokenOff, NoWarc) as error:
        line.line(f"{file}: {error}")
        return False
    except BaseException:
        line.line(f"{file}: stopped at byte {progress.place:,}; the next import of it goes on from there")
        raise
    return True


class _Shown:
    """What a person sees of an import: how far, how fast, how long still, and each record that cannot be used."""

    def __init__(self, line: Live, total: int):
        self._line, self._total, self._started = line, total, time.monotonic()
        # Bytes of former files, and of what an earlier import had read.
        self._before, self._skipped = 0, 0
        self._file, self.pages = Path(), 0

    def begin(self, file: Path, progress: Progress) -> None:
        """A file is next."""
        self._before += self._file.stat().st_size if self._file.name else 0
        self._file = file
        self._skipped += file.stat().st_size if progress.finished_at else progress.place

    def told(self, progress: Progress, is_page: bool) -> None:
        """Another record is done."""
        self.pages += is_page
        self._line.show(lambda: self._text(progress))

    def wrong(self, record: Record) -> None:
        """A record that cannot be used."""
        self._line.line(f"{self._file}: the record at byte {record.start:,} is left out: {record.problem}")

    def _text(self, progress: Progress) -> str:
        seconds, done = max(time.monotonic() - self._started, 0.001), self._before + progress.place
        fresh = max(done - self._skipped, 1)
        left = timedelta(seconds=(self._total - done) / fresh * seconds)
        parts = (
            self._file.name,
            f"{100 * done / max(self._total, 1):.1f} %",
            f"{progress.records:,} records",
            f"{self.pages:,} pages ({self.pages / seconds:,.0f}/s)",
            f"{progress.articles:,} new articles",
            f"about {span(left)} left",
        )
        return " · ".join(parts)


def summary(sums: Sums, pages: int, seconds: float) -> str:
    """The sums in lines: the pages, what else there was, and why pages could not be read."""
    told = (
        counted(sums.new, "new article"),
        f"{sums.changed:,} changed",
        f"{sums.same:,} known",
        f"{sums.older:,} older than what is known",
        *([f"{sums.gone:,} gone"] if sums.gone else []),
        counted(sums.copies, "copy", "copies"),
        counted(sums.lists, "list"),
        *([f"{counted(sums.further, 'further page')} of articles (reextract joins them)"] if sums.further else []),
        f"{sums.unread:,} unreadable",
    )
    other = counted(sums.other, "answer that is no page", "answers that are no page")
    rest = f"{counted(sums.headlines, 'new headline')}, {other}"
    lines = [f"{counted(pages, 'page')} in {span(timedelta(seconds=seconds))}: {', '.join(told)}", rest]
    most = sorted(sums.reasons.items(), key=lambda item: -item[1])[:SHOWN_REASONS]
    return "\n".join([*lines, *(f"unreadable, {count:,} times: {why}" for why, count in most)])
