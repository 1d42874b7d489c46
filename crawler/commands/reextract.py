"""`kuaixun reextract`: today's rules over the archive, and what they change."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from config import Config
from crawler.commands import _complete
from crawler.console import (
    STORAGE,
    Failure,
    Moment,
    configured,
    live,
    patient,
    print_json,
    refuse_broken,
    screen_width,
    tidy,
)
from crawler.screen import beside, counted, plain, span, table

if TYPE_CHECKING:
    from crawler.compare import Report, Sample
    from crawler.pool import Pool
    from crawler.reextract import Reextraction, Write
    from crawler.screen import Live

# Lines of a text that are shown before and behind what differs, and characters of any other field.
AROUND, SHOWN = 1, 200


@click.command()
@configured
@click.option(
    "--source",
    default="",
    metavar="NAME",
    shell_complete=_complete.sources,
    help="Only the articles that this source found.",
)
@click.option("--since", type=Moment(), metavar="TIME", help="Only where a page was fetched since: ISO 8601 with zone.")
@click.option("--dry-run", "how", flag_value="dry-run", help="Say what would change; the default.")
@click.option("--apply", "how", flag_value="apply", help="Store what changes, as new versions.")
@click.option(
    "--samples", type=click.IntRange(0, 1000), default=10, show_default=True, help="Changes shown, the worst."
)
@click.option("--workers", type=click.IntRange(0, 256), help="Processes that read; 0: this one. Default: a core each.")
@click.option("--json", "as_json", is_flag=True, help="The sums, then the samples, one JSON object a line.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    setup: Config,
    *,
    source: str,
    since: datetime | None,
    how: str | None,
    samples: int,
    workers: int | None,
    as_json: bool,
    quiet: bool,
    pool: Callable[..., Pool[Any, Any]] | None = None,
) -> None:
    """Read the archived pages again by today's rules, offline.

    The report says for each field how often it is unchanged, changed, lost and gained, and shows the most suspicious
    changes side by side: lost fields, texts that shrink, other titles.

    With --apply each article that differs gets a new version. The former one stays in `revisions`, with `rules` as its
    cause, and --as-of still answers with what was known then. What was stopped goes on: an article that today's rules
    have read is not read again.

    \b
    Example:
      kuaixun reextract
      kuaixun reextract --source mrkx --since 2026-03-01T00:00+08:00 --samples 30
      kuaixun reextract --apply
    """
    refuse_broken(setup, source)
    is_applied = how == "apply"
    with tidy(), live(quiet=quiet) as line, ExitStack() as stack:
        work, write = _reextraction(setup, stack, line, workers, pool, is_applied=is_applied)
        if source:
            _refuse_unknown(setup, source, work.sources)
        work.source, work.since, work.report.most = source, since, samples
        shown = _Shown(line, work)
        work.told = shown.told
        try:
            work.run(write)
        except KeyboardInterrupt:
            line.line("stopped; what is stored stays, and the next --apply goes on" if is_applied else "stopped")
            raise
    report, seconds = work.report, max(time.monotonic() - shown.started, 0.001)
    if as_json:
        print_json(_as_json(report, work.current, seconds, is_applied=is_applied))
        return
    for shown_line in _lines(report, screen_width()):
        click.echo(shown_line)
    read = report.same + report.different
    done = (
        f"{counted(read, 'article')} read in {span(timedelta(seconds=seconds))} ({read / max(seconds, 0.001):,.0f}/s)"
    )
    verb = "have a new version" if is_applied else "would change"
    click.echo(f"{done}: {report.different:,} {verb}; {work.current:,} need no reading")
    if not is_applied and report.different:
        click.echo("Nothing was written; --apply does.")


def _reextraction(
    setup: Config,
    stack: ExitStack,
    line: Live,
    workers: int | None,
    crew: Callable[..., Pool[Any, Any]] | None,
    *,
    is_applied: bool,
) -> tuple[Reextraction, Write | None]:
    """What reads the archive again, and what writes the result if it is to be; `stack` closes all that is open.

    A `crew` reads the pages, or processes here. Raises StorageError and Failure.
    """
    from crawler.compare import Report
    from crawler.extract import columns
    from crawler.pool import Pool, cores
    from crawler.reextract import Reextraction
    from crawler.reread import reader
    from storage import MissingDatabase, open_as, open_store
    from storage.archive import Archive
    from storage.lock import alone
    from storage.pair import beside
    from storage.rewrite import Rewriter
    from storage.shelf import Shelf

    settings = setup.settings
    path, pages = settings.database, beside(settings.database)
    if not path.exists():
        raise MissingDatabase(path)
    if not pages.exists():
        raise Failure(
            f"{pages}: there is no archive to read; a crawl writes it (`keep_pages` in the settings)", STORAGE
        )
    write: Write | None = None
    if is_applied:
        rewriter = stack.enter_context(
            open_as(Rewriter, path, fields=columns(), ad_threshold=settings.ad_threshold, patience=patient(line))
        )
        stack.enter_context(alone(path))
        db, write = rewriter.db, rewriter.rewrite
    else:
        db = stack.enter_context(open_store(path, readonly=True)).db
    archive = stack.enter_context(Archive(pages, readonly=True))
    shelf = Shelf(archive, lambda done: line.show(lambda: f"{done:,} pages of the archive looked up"))
    stack.enter_context(shelf)
    given = (settings, setup.sources, pages)
    pool = stack.enter_context((crew or Pool)(reader, *given, workers=cores() if workers is None else workers))
    return Reextraction(db, shelf, pool, Report(), settings=settings, sources=setup.sources), write


def _refuse_unknown(setup: Config, source: str, found: Collection[str]) -> None:
    """Raises ConfigError where a source is neither configured nor the one that `found` an article."""
    from config import ConfigError
    from config.tables import nearest

    known = {*found, *(each.name for each in setup.sources)}
    if source not in known:
        where = f"{setup.file or 'configuration'} and {setup.settings.database}"
        raise ConfigError(where, "", f"have no source `{source}`; {nearest(source, known)}")


class _Shown:
    """How far a reading is, how fast, and how long it still takes."""

    def __init__(self, line: Live, work: Reextraction):
        self._line, self._work, self._total = line, work, work.total
        self.started = time.monotonic()

    def told(self, done: int) -> None:
        """Another article is done."""
        self._line.show(lambda: self._text(done))

    def _text(self, done: int) -> str:
        seconds, report = max(time.monotonic() - self.started, 0.001), self._work.report
        read = report.same + report.different
        left = timedelta(seconds=(self._total - done) * seconds / done)
        return (
            f"{done:,} of {counted(self._total, 'article')} · {read:,} read ({read / seconds:,.0f}/s) · "
            f"{report.different:,} differ · about {span(left)} left"
        )


def _lines(report: Report, width: int) -> Iterator[str]:
    """The report: the samples first, so that the sums stand where the eye is at the end."""
    from crawler.compare import KINDS

    for change in report.samples():
        yield from _sample(change, width)
        yield ""
    rows = [[name, *(kinds[kind] for kind in KINDS)] for name, kinds in sorted(report.fields.items())]
    if rows:
        yield table(["field", *KINDS], rows, width=width)
    for reason, count in report.left_out.most_common():
        yield f"left out, {counted(count, 'article')}: {plain(reason)}"


def _sample(change: Sample, width: int) -> Iterator[str]:
    """A change, the stored version beside what would be."""
    yield plain(f"id {change.article_id}  {change.url}")
    if change.why:
        yield plain(f"nothing is left of it: {change.why}")
        return
    for name, stored in change.stored.items():
        before, after = (_parts(value) for value in (stored, change.found[name]))
        yield from beside(before, after, (f"{name}, as stored", f"{name}, as read now"), width=width, around=AROUND)


def _parts(value: object) -> list[str]:
    """A value in lines that are not too long to look at."""
    return [line[:SHOWN] for line in str("" if value is None else value).splitlines()]


def _as_json(report: Report, current: int, seconds: float, *, is_applied: bool) -> Iterator[dict[str, Any]]:
    read = report.same + report.different
    yield {
        "kind": "sums",
        "applied": is_applied,
        "read": read,
        "different": report.different,
        "current": current,
        "left_out": dict(report.left_out),
        "fields": {name: dict(kinds) for name, kinds in report.fields.items()},
        "seconds": round(seconds, 1),
        "per_second": round(read / seconds, 1),
    }
    for change in report.samples():
        yield {"kind": "change", **change._asdict()}
