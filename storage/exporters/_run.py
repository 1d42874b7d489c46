"""One export at work: which rows, what is told of them, and what there is to say of them afterwards."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from storage import dataset, history, open_store, splits
from storage.batch import Batch
from storage.exporters import _manifest, _rows, _where
from storage.exporters._about import About, Choice, ExportError, about
from storage.exporters._since import Since
from storage.rights import Statements
from storage.sqlite import Database
from storage.times import parse, stamp

Progress = Callable[[int, int], None]
_CACHE_KB = 4096
_TICK = timedelta(milliseconds=1)  # of our clock
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))  # in milliseconds
_UNKNOWN = re.compile(r"no such column: (\S+)")


class Split(NamedTuple):
    """What parts to make by time: their shares, and the pause behind each boundary (`splits`)."""

    shares: tuple[float, ...]
    embargo: timedelta

    @property
    def told(self) -> dict[str, str]:
        """As the manifest has it, and as the options are written."""
        number = self.embargo // _TICK
        unit = next(unit for unit, size in _UNITS if not number % size)
        shares = ",".join(format(Decimal(repr(share)), "f") for share in self.shares)
        return {"split": f"time:{shares}", "embargo": f"{number // dict(_UNITS)[unit]}{unit}"}


@dataclass(frozen=True)
class Job:
    """What is to be written, beside the choice of rows.

    `since` gives the rows of an increment in place of all. `archive` is the file of the raw pages, `contact` whom a
    reader may ask, `found_by` what the manifest says of `mentions` and `markets`. `progress(done, total)`
    is called now and then and at the end.
    """

    choice: Choice = field(default_factory=Choice)
    split: Split | None = None
    mentions: dataset.Finder | None = None
    markets: dataset.Markets | None = None
    since: Since | None = None
    found_by: Mapping[str, Any] = field(default_factory=dict)
    archive: Path | None = None
    contact: str = ""
    progress: Progress | None = None


class Run:
    """An export: its rows, counted as they go by, and what there is to say of them afterwards. In one transaction."""

    def __init__(self, db: Database, out: Path, form: ModuleType, job: Job):
        self._db, self._out, self._job, self._form = db, out, job, form
        if wrong := _wrong(db, job.choice):
            raise ExportError(out, f"`{job.choice.where}` is no condition on articles: {wrong}.")
        query = {**job.choice.told, **(job.since.told(db) if job.since else {}), **job.found_by}
        query |= job.split.told if job.split else {}
        self._split = _plan(db, out, job) if job.split else None
        whole, fetches = _manifest.asks_more(job.choice.where), _has_fetches(form)
        state = _manifest.state(db, whole=whole, fetches=fetches)
        known = {
            "format": form.__name__.rpartition(".")[2],
            **_manifest.versions(db),
            "state": state,
            "query": query,
            **({"contact": job.contact} if job.contact else {}),
        }
        names = self._split.names if self._split else ("all",)
        wanted = about(
            change=job.since is not None, split=bool(job.split), facts=known, sets=names, archive=job.archive, db=db
        )
        kept = getattr(self._form, "fields", lambda about: about.fields)
        self.about: About = replace(wanted, fields=kept(wanted))
        if job.split and "split" not in self.about.fields:
            raise ExportError(out, f"`{known['format']}` has no place for parts of a data set; use another format.")
        self.sets = _rows.sets(self.about)

    @property
    def split(self) -> dict[str, Any] | None:
        """The parts, as the manifest has them."""
        return self._split.as_dict() if self._split else None

    def batches(self) -> Iterator[Batch]:
        """The rows as the format holds them. Raises ExportError, also while they are read."""
        try:
            found = self._parts(self._split) if self._split else self._chosen()
            prepared = getattr(self._form, "prepared", lambda batches, about: batches)
            yield from _rows.tallied(prepared(found, self.about), self.sets)
        except UnicodeDecodeError as error:
            problem = f"The text of an article is no UTF-8 ({error}); `kuaixun check` names those that are damaged."
            raise ExportError(self._out, problem) from error
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # of the file, not of the question
                raise
            raise ExportError(self._out, _no_condition(self._db, self._job.choice.where, error)) from error

    def _chosen(self) -> Iterator[Batch]:
        job, out = self._job, self.about.left_out
        if job.since:
            upto, fetches = self.about.facts["state"]["moment"], _has_fetches(self._form)
            found = job.since.batches(self._db, self._select, upto, out, fetches=fetches)
            return _counted(found, 0, job.progress)
        total = _total(self._db, job.choice) if job.progress else 0
        return _counted(self._select(self._db, left_out=out), total, job.progress)

    def _parts(self, plan: splits.Plan) -> Iterator[Batch]:
        """The rows of each part in turn, as they were known before it ended."""
        total = _total(self._db, self._job.choice) if self._job.progress else 0
        return _counted(self._parted(plan), total, self._job.progress)

    def _parted(self, plan: splits.Plan) -> Iterator[Batch]:
        told = splits.Told()
        for name, start, end in zip(plan.names, (None, *plan.starts), (*plan.starts, None), strict=True):
            limits = ((">=", start), ("<", end))
            also = " AND ".join(f"first_seen_at {sign} '{stamp(at)}'" for sign, at in limits if at)
            with _before(self._db, end, self._out) as db:
                if end and (late := self._stored_late(db, also)):
                    self.about.left_out[splits.STORED_LATE] += late
                # What is reserved by now is, whenever it was seen.
                rights = Statements(self._db.conn)
                for batch in self._select(db, also, self.about.left_out, statements=rights):
                    yield from _sided(batch, name, plan, told, self.about.left_out)
            told.next()

    def _stored_late(self, then: Database, also: str) -> int:
        """How many of the articles of a part were not stored yet when it ended: fetched before, written after."""
        moment = history.moment_of(then.conn)
        born = f"articles.id IN (SELECT id FROM main.history_articles WHERE moment > {moment:d} AND NOT there)"
        return _total(self._db, self._job.choice, f"{also} AND {born}")

    def _select(
        self, db: Database, also: str = "", left_out: Counter[str] | None = None, **more: Any
    ) -> Iterator[Batch]:
        """The chosen rows of a database, those for which `also` holds; `more` as `dataset.batches` has it."""
        job = self._job
        if job.choice.where:
            _where.settle(db.conn)
        # On lines of its own, so that a comment in it ends with it.
        where = " AND ".join(f"(\n{one}\n)" for one in (also, job.choice.where) if one)
        choice: dict[str, Any] = {**asdict(job.choice), "where": where}
        choice |= {"mentions": job.mentions, "markets": job.markets, **more}
        return dataset.batches(db, **choice, left_out=left_out)

    def facts(self, files: list[dict[str, Any]]) -> dict[str, Any]:
        """What the manifest says."""
        sets = {name: one.told() for name, one in self.sets.items()}
        if self._split and (empty := [name for name, one in sets.items() if not one["rows"]]):
            problem = f"The part `{empty[0]}` has no rows: take a shorter embargo, other shares or more articles."
            raise ExportError(self._out, problem)
        starts = [parse(one["interval"][0]) for one in sets.values() if one["interval"]]
        return {
            **self.about.facts,
            "fields": _manifest.described(self.about.fields),
            "mention": _manifest.described(self.about.mention),
            "files": files,
            "sets": sets,
            "split": self.split,
            "left_out": dict(sorted(self.about.left_out.items())),
            "gaps": _manifest.gaps(self._db, min(starts, default=None), self.about.at),
        }


def _has_fetches(form: ModuleType) -> bool:
    """Whether a format holds every fetch of an article."""
    return bool(getattr(form, "FETCHES", False))


def _wrong(db: Database, choice: Choice) -> str:
    """What is wrong with the condition, "" for nothing."""
    if not choice.where:
        return ""
    _where.settle(db.conn)
    try:
        return _where.problem(choice.where, _names(db)) or _where.forgotten(db.conn, choice.where, choice.params)
    except (sqlite3.Error, sqlite3.Warning) as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR:  # of the file
            raise
        return _reason(db, error)


def _names(db: Database) -> set[str]:
    """The names that a condition may have in quotes."""
    sql = """
        SELECT name FROM main.sqlite_master WHERE name NOT LIKE 'history%' UNION SELECT columns.name
        FROM main.sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
        WHERE tables.type IN ('table', 'view')
    """
    return {name for (name,) in db.conn.execute(sql)}


@contextmanager
def reading(db: Database) -> Iterator[None]:
    """One transaction, so that all is of one state whatever the crawl writes meanwhile; with little memory, since no
    page of the database is needed twice.
    """
    (former,) = db.conn.execute("PRAGMA cache_size").fetchone()
    with db.atomic():
        db.conn.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        try:
            yield
        finally:
            db.conn.execute(f"PRAGMA cache_size = {former}")


def _plan(db: Database, out: Path, job: Job) -> splits.Plan:
    """Where the boundaries of the parts are, for these rows."""
    assert job.split
    try:
        choice: dict[str, Any] = asdict(job.choice)
        return splits.plan(dataset.times(db, **choice), job.split.shares, job.split.embargo)
    except splits.SplitError as error:
        raise ExportError(out, str(error)) from error
    except sqlite3.OperationalError as error:
        raise ExportError(out, _no_condition(db, job.choice.where, error)) from error


@contextmanager
def _before(db: Database, end: datetime | None, out: Path) -> Iterator[Database]:
    """The database as it was known before a time; itself where there is no time. Raises ExportError."""
    if end is None:
        yield db
        return
    (path,) = (row[2] for row in db.conn.execute("PRAGMA database_list") if row[1] == "main")
    with open_store(Path(path), readonly=True) as store, reading(store.db):
        try:
            moment = history.moment_at(store.db.conn, end - _TICK)
        except history.TooEarly as error:
            what = f"A part would end at {stamp(end)}, and {error}: nothing tells what was known then. Take later rows"
            raise ExportError(out, f"{what}, --where \"first_seen_at >= '{stamp(error.since)}'\".") from error
        history.travel_to(store.db.conn, moment)
        yield store.db


def _sided(batch: Batch, name: str, plan: splits.Plan, told: splits.Told, left_out: Counter[str]) -> Iterator[Batch]:
    """The rows that are of a part, with its name as `split`; the others are counted."""
    reasons = [why for _, why in map(plan.place, batch["first_seen_at"], batch["story_first_seen_at"])]
    left_out.update(filter(None, reasons))
    kept = batch.kept([not why for why in reasons])
    fresh = told.add(kept["story_id"])
    left_out.update([splits.SHARED] * fresh.count(False))
    kept = kept.kept(fresh)
    if kept:
        yield Batch({**kept.columns, "split": [name] * len(kept)}, len(kept))


def _total(db: Database, choice: Choice, also: str = "1") -> int:
    """About how many rows there will be: nobody counts what a search finds before it is read."""
    shown = ("" if choice.ads else "AND NOT is_ad ") + ("" if choice.copies else "AND copy_of IS NULL")
    # On lines of its own, so that a comment in it ends with it.
    where = f"(\n{choice.where}\n)" if choice.where else "1"
    sql = f"SELECT count(*) FROM articles WHERE {where} {shown} AND ({also})"
    return int(db.conn.execute(sql, choice.params).fetchone()[0])


def _no_condition(db: Database, where: str, error: Exception) -> str:
    return f"`{where}` is no condition on articles: {_reason(db, error)}."


def _reason(db: Database, error: Exception) -> str:
    """What SQLite has against a condition, in our words."""
    unknown = _UNKNOWN.search(str(error))
    if unknown:
        names = ", ".join(row[1] for row in db.conn.execute("PRAGMA main.table_info (articles)"))
        return f"there is no field `{unknown[1]}`; there are {names}"
    if "number of bindings" in str(error):
        return "it has a `?` without a value"
    if _where.REFUSED in str(error):
        return "it asks for the time or the zone of the machine, and the rows must follow from what is stored"
    return str(error).rstrip(".")


def _counted(batches: Iterator[Batch], total: int, progress: Progress | None) -> Iterator[Batch]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        if progress:
            progress(done, max(done, total))
    if progress:
        progress(done, done)
