"""What all commands share: the exit codes, the failure that carries one, `--config` and `--db`."""

from __future__ import annotations

import functools
import json
import shutil
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import config
from crawler.screen import Live, plain

if TYPE_CHECKING:
    from storage import Patience
    from storage.sqlite import Database

NOTHING, USAGE, CONFIG, STORAGE, FETCH, EXTRACT, FAULT, INTERRUPTED = 1, 2, 3, 4, 5, 6, 70, 130
EXIT_CODES = {
    0: "Done; a page that failed in a crawl is a row in the database, not a failure.",
    NOTHING: "It ran and found nothing to show, or `check`, `doctor` or `export --verify` found something wrong.",
    USAGE: "The command line is wrong: unknown option, missing argument, no such file.",
    CONFIG: "The configuration is wrong: unknown key, bad value, no such source; or an extra is not installed.",
    STORAGE: "The database or a file cannot be opened, read or written.",
    FETCH: "No usable answer from the network: refused, not found, forbidden.",
    EXTRACT: "Not a page that can be read: no HTML, empty, nothing to show.",
    FAULT: "A fault in kuaixun itself; `--debug` shows it.",
    INTERRUPTED: "Stopped by Ctrl-C or SIGTERM; the database is in order, and the next run goes on from there.",
}

SECTIONS = {
    "Start": ("demo", "init", "config"),
    "Crawl": ("crawl", "run", "fetch", "extract"),
    "Read": ("serve", "search", "latest", "story", "export", "gaps"),
    "Look after": (
        "source",
        "sources",
        "notice",
        "status",
        "doctor",
        "check",
        "repair",
        "dedupe",
        "archive",
        "reextract",
        "fleet",
        "backup",
        "datasette",
        "bench",
        "version",
        "completion",
    ),
}


class _Many(click.IntRange):
    """How many of something are asked for: at least one, and no more than any database takes."""

    def __init__(self) -> None:
        super().__init__(1, 2**31)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"`{value}` is no whole number from {self.min} to {self.max}", param, ctx)


MANY = _Many()


class Moment(click.ParamType[datetime]):
    """A time with its zone, as ISO 8601 writes it."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time. Raises BadParameter where it is none, or has no zone."""
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            at.astimezone(UTC)  # in UTC the first and the last days of the calendar may lie outside of it
        except (ValueError, OverflowError):
            self.fail(f"`{value}` is no ISO 8601 time with a zone, such as 2026-03-20T08:00+08:00", param, ctx)
        if at.tzinfo is None:
            self.fail(f"`{value}` has no zone: 08:00 in Beijing is written 2026-03-20T08:00+08:00", param, ctx)
        return at


class Failure(click.ClickException):
    """What went wrong and the exit code that says so."""

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code


def code_of(error: Exception) -> int:
    """The exit code of an error of ours, by the root of its family."""
    if isinstance(error, click.ClickException):
        return error.code if isinstance(error, Failure) else error.exit_code
    families = {kind.__name__ for kind in type(error).__mro__}
    codes = {
        "ConfigError": CONFIG,
        "MissingExtra": CONFIG,
        "StorageError": STORAGE,
        "QueueError": STORAGE,
        "FetchError": FETCH,
        "ExtractError": EXTRACT,
    }
    # The network did what it should; what came is no page.
    if "FetchError" in families and is_no_page(getattr(error, "status", 0), again=getattr(error, "retry", False)):
        return EXTRACT
    for family, code in codes.items():
        if family in families:
            return code
    return STORAGE if isinstance(error, OSError | sqlite3.Error) else FAULT


def is_no_page(status: int, *, again: bool = False) -> bool:
    """Whether a failed visit with this status brought what cannot be read; `again`: another try may bring more."""
    return status == 200 and not again


def configured(function: Callable[..., Any], *, says: bool = True) -> Callable[..., Any]:
    """Gives a command `--config` and `--db`, and passes it the Config that comes of them as first argument.

    It `says` what is left out, unless the command does that itself.
    """

    @click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The configuration; else $KUAIXUN_CONFIG, else ./kuaixun.toml.",
    )
    @click.option("--db", type=click.Path(), metavar="FILE", help="The database, in place of the configured one.")
    @functools.wraps(function)
    def command(*args: Any, config_file: Path | None, db: str | None, **options: Any) -> Any:
        setup = config.load(config_file)
        if db is not None:
            setup = config.override(setup, "database", db, "--db")
        for text in left_out(setup) if says else ():
            click.echo(f"kuaixun: {text}", err=True)
        return function(setup, *args, **options)

    return command


def left_out(setup: config.Config) -> Iterator[str]:
    """What is said of the sources and saved searches whose settings cannot be used, while the others are."""
    for name, error in setup.broken.items():
        yield unused(name, error)
    for name, error in setup.broken_searches.items():
        yield unused(name, error, "notices")


def unused(name: str, error: Exception, what: str = "source") -> str:
    """The same of one of them."""
    verb = "is" if what == "source" else "are"
    return f"{plain(str(error))}; the {what} `{plain(name)}` {verb} left out"


def refuse_broken(setup: config.Config, only: str | None = None) -> None:
    """Raises ConfigError where a source is left out: its pages would be read without its rules. `only`: just those."""
    for name, error in setup.broken.items():
        if only in (None, "", name):
            raise error


def bad_table(setup: config.Config) -> config.ConfigError | None:
    """What is wrong with the table that `mentions` names, which only exports read; None where nothing is."""
    from storage import instruments

    if setup.settings.mentions is None:
        return None
    try:
        instruments.read(setup.settings.mentions)
    except instruments.TableError as error:
        told = f"names a table that cannot be used: {str(error).rstrip('.')}"
        where = setup.origins.get("mentions", "")
        return config.ConfigError(
            where, "mentions", f"{told}; mend it, or take `mentions` out for the one that comes along"
        )
    return None


# Of every command that reads: what it would have shown at a time.
as_of_option = click.option(
    "--as-of", type=Moment(), metavar="TIME", help="As it was known then: ISO 8601 with zone, 2026-03-20T08:00+08:00."
)


def now(as_of: datetime | None = None) -> datetime:
    """The time that an answer is given for: the one that is asked about, or else the present."""
    return as_of or datetime.now(UTC)


@contextmanager
def reading(setup: config.Config, as_of: datetime | None = None) -> Iterator[Database]:
    """The configured database, open for reading, as it is or as it was.

    Raises StorageError, also for what goes wrong while it is read, and Failure where nothing is known of that time.
    """
    from storage import history, open_store
    from storage.errors import translated

    path = setup.settings.database
    with open_store(path, readonly=True) as store, translated(path, reading=True):
        if as_of:
            if as_of > now():
                raise Failure(f"--as-of {as_of.isoformat()} is still to come", USAGE)
            try:
                history.travel(store.db.conn, as_of)
            except history.TooEarly as error:
                raise Failure(f"{path}: {error}; --as-of cannot go further back", NOTHING) from error
        yield store.db


@contextmanager
def tidy() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that nothing half-made stays behind."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # where nobody may, and nobody sends signals either
        return
    former = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line."""
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False, default=str))


def live(*, quiet: bool = False) -> Live:
    """The live line of a long job, on stderr."""
    return Live(None if quiet else sys.stderr, width=screen_width)


def patient(line: Live) -> Patience:
    """How long a crawl waits for another process's lock; it is said on stderr, whatever else is silent there."""

    def told(text: str) -> None:
        line.clear()
        click.echo(text, err=True)

    return patience(told)


def patience(told: Callable[[str], None]) -> Patience:
    """The same, said to whom it concerns."""
    from storage.waiting import LONG, Patience

    return Patience(LONG, told)


def screen_width() -> int:
    """Columns of the terminal; 120 where there is none."""
    return shutil.get_terminal_size((120, 24)).columns
