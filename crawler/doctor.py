"""What is wrong around a database, each in one line with its remedy. Pure: facts come in, findings go out.

What is in the database itself `storage/check.py` looks through; here is what a look from outside shows in a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from config import Settings
from crawler.chores import PRUNE_EVERY
from crawler.clockwork import SLACK
from crawler.screen import counted, moment, span
from storage.chores import Done

GOOD, NOTE, BAD = "good", "note", "bad"
# With less room than this (bytes) it is time; with less than this share of the files a copy will not fit.
LOW, ROOM_FOR_COPY = 500_000_000, 1.1
LONG_FAILING = timedelta(days=1)
# A list without items for so long, and for so many of its source's own pauses, has moved or is empty.
LONG_GAP, GAP_PAUSES = timedelta(hours=1), 4
MOST_NAMED = 3
# A source is silent when it brought nothing for so many times its longest pause, and longer than a long weekend.
PAUSES, WEEKEND, ENOUGH = 2, timedelta(days=3), 20


class Finding(NamedTuple):
    """What was looked at, how it is (good, note or bad), what is wrong and what helps."""

    about: str
    state: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.about}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out: sizes in bytes, times of our clock. None: that could not be known.

    `drifts` are sites that changed, each with what is told of it and the remedy; `arrivals` when articles of a source
    came, in that order.
    """

    now: datetime
    settings: Settings
    free: int | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    has_archive: bool = True
    log_size: int = 0
    holder: str = ""
    is_locked: bool = False
    last_moment: datetime | None = None
    newest_file: datetime | None = None
    server_clock: tuple[str, datetime, datetime] | None = None
    zones: bool = True
    certificates: str = ""
    chores: Mapping[str, Done] = field(default_factory=dict)
    newest_copy: datetime | None = None
    sources: Iterable[Mapping[str, Any]] = ()
    hosts: Iterable[Mapping[str, Any]] = ()
    clocks: Iterable[str] = ()
    stale: int | None = None
    robots: Iterable[str] = ()
    notices: Iterable[Mapping[str, Any]] = ()
    drifts: Iterable[tuple[str, str, str]] = ()
    arrivals: Mapping[str, Sequence[datetime]] = field(default_factory=dict)


def findings(facts: Facts) -> Iterator[Finding]:
    """All that was looked at, in the order of the list above."""
    for look in (
        _disk,
        _locks,
        _clock,
        _surroundings,
        _contact,
        _archive,
        _index,
        _copies,
        _chores,
        _sources,
        _hosts,
        _notices,
    ):
        yield from look(facts)


def _disk(facts: Facts) -> Iterator[Finding]:
    if facts.free is None:
        yield Finding("disk", BAD, "its free space cannot be read", "look whether the folder of the database is there")
        return
    room, size = f"{facts.free / 1e9:,.1f} GB free", sum(facts.sizes.values())
    if facts.free < LOW:
        yield Finding("disk", BAD, f"only {room}", "make room, or lower `keep_pages`; a full disk stops the crawl")
    elif facts.settings.backup and facts.free < size * ROOM_FOR_COPY:
        told = f"{room}, database and archive take {size / 1e9:,.1f} GB"
        yield Finding("disk", NOTE, told, "a copy on the same disk will not fit; set `backup` to a folder of another")
    else:
        yield Finding("disk", GOOD, room)
    if facts.log_size > max(LOW, size):
        told = f"the log beside the database has {facts.log_size / 1e9:,.1f} GB"
        yield Finding("disk", BAD, told, "a program reads without end; close it, then the next write folds the log in")


def _locks(facts: Facts) -> Iterator[Finding]:
    if facts.is_locked:
        remedy = "find the program that has it open (`fuser kuaixun.db`), and let it end its transaction"
        yield Finding("locks", BAD, "another process holds the write lock of the database", remedy)
    if facts.holder:
        yield Finding("locks", GOOD, f"{facts.holder.rstrip(',')} crawls into it")
    else:
        yield Finding("locks", NOTE, "nobody crawls into it", "start `kuaixun run`, or call `kuaixun crawl` by cron")


def _clock(facts: Facts) -> Iterator[Finding]:
    wrong = False
    set_it = "set the clock and keep it set (timedatectl set-ntp true)"
    for what, at in (("the database was last written", facts.last_moment), ("its file was changed", facts.newest_file)):
        if at and at - facts.now > SLACK:
            wrong = True
            told = f"{what} {span(at - facts.now)} ahead of this machine's clock"
            yield Finding("clock", BAD, told, f"{set_it}; `run` and `crawl` put right what was planned")
    if facts.server_clock:
        host, server, at = facts.server_clock
        if abs(server - at) > SLACK:
            wrong = True
            way = "behind" if server > at else "ahead of"
            told = f"this machine's clock was {span(abs(server - at))} {way} that of {host} at its last answer"
            yield Finding("clock", BAD, told, set_it)
    if not wrong:
        yield Finding("clock", GOOD, moment(facts.now))
    yield from (
        Finding("clocks of sites", NOTE, told, "their times are marked, nothing is lost") for told in facts.clocks
    )


def _surroundings(facts: Facts) -> Iterator[Finding]:
    if not facts.zones:
        yield Finding(
            "time zones", BAD, "the data of time zones are missing", "pip install tzdata, or the system's tzdata"
        )
    if facts.certificates:
        yield Finding(
            "certificates", BAD, facts.certificates, "pip install --upgrade certifi, or look at SSL_CERT_FILE"
        )
    if facts.zones and not facts.certificates:
        yield Finding("surroundings", GOOD, "time zones and certificates are there")


def _contact(facts: Facts) -> Iterator[Finding]:
    settings = facts.settings
    if not settings.contact and "@" not in settings.user_agent:
        yield Finding("contact", BAD, "no `contact` is set", "put a mail address into it, or sites block you unheard")
    else:
        yield Finding("contact", GOOD, settings.contact or settings.user_agent)


def _archive(facts: Facts) -> Iterator[Finding]:
    if facts.settings.keep_pages and not facts.has_archive:
        told = "there is no archive of pages"
        yield Finding("archive", NOTE, told, "the next crawl begins one; if there was one, restore it from a copy")
    elif not facts.settings.keep_pages:
        told = "no page is kept (`keep_pages` is 0)"
        yield Finding("archive", NOTE, told, "nothing can be read again then; set the days that they are to stay")
    else:
        yield Finding("archive", GOOD, "it is there")


def _index(facts: Facts) -> Iterator[Finding]:
    if facts.stale:
        told = f"the search index differs in {counted(facts.stale, 'article')} of those looked at"
        yield Finding("index", BAD, told, "kuaixun check --repair makes it anew")
    elif facts.stale is not None:
        yield Finding("index", GOOD, "in step with the articles looked at")


def _copies(facts: Facts) -> Iterator[Finding]:
    if not facts.settings.backup:
        yield Finding("copies", NOTE, "no `backup` is set", "name a folder on another disk, and `run` copies every day")
        return
    newest, every = facts.newest_copy, facts.settings.backup_every
    if newest is None:
        yield Finding("copies", BAD, f"no copy in {facts.settings.backup}", "start `kuaixun run`, or `kuaixun backup`")
    elif facts.now - newest > 2 * every:
        told = f"the last copy is {span(facts.now - newest)} old"
        yield Finding("copies", BAD, told, "look whether `kuaixun run` works and the folder can be written")
    else:
        yield Finding("copies", GOOD, f"the last one is {span(facts.now - newest)} old")


def _chores(facts: Facts) -> Iterator[Finding]:
    settings = facts.settings
    usual = {"check": settings.check_every, "prune": PRUNE_EVERY, "backup": settings.backup_every}
    for name, done in facts.chores.items():
        if done.error:
            since = moment(done.error_since)
            yield Finding(f"chore {name}", BAD, f"fails since {since}: {done.error}", "mend that; it is tried again")
        elif done.ended_at is None and facts.holder and facts.now - done.begun_at > usual.get(name, PRUNE_EVERY):
            yield Finding(f"chore {name}", BAD, f"it runs since {moment(done.begun_at)}", "a disk hangs? start anew")


def _sources(facts: Facts) -> Iterator[Finding]:
    found = False
    for row in facts.sources:
        name = row["name"]
        look = f"`kuaixun fetch {row['seeds'][0]}` shows it now" if row["seeds"] else ""
        if row["error"]:
            found = True
            since = datetime.fromisoformat(row["error_since"])
            state = BAD if facts.now - since > LONG_FAILING else NOTE
            last = f"; last good item {moment(row['last_item_at'])}" if row["last_item_at"] else ""
            yield Finding(f"source {name}", state, f"fails for {span(facts.now - since)}: {row['error']}{last}", look)
        if row["open_gap"]:
            found = True
            lasting = (
                facts.now - datetime.fromisoformat(row["unseen_since"]) if row.get("unseen_since") else timedelta()
            )
            state = BAD if lasting > max(GAP_PAUSES * timedelta(seconds=row["every"]), LONG_GAP) else NOTE
            yield Finding(f"source {name}", state, row["open_gap"], f"`kuaixun gaps {name}` lists what may be missed")
        if not row["error"] and (told := silence(facts.arrivals.get(name, ()), row["last_success_at"])):
            found = True
            remedy = f"{look}; a moved list wants another seed, a dead one `kuaixun source pause {name}`"
            yield Finding(f"source {name}", BAD, told, remedy.removeprefix("; "))
    for host, told, remedy in facts.drifts:
        found = True
        yield Finding(f"site {host}", BAD, f"its pages do not yield what they did {told}", remedy)
    for name in facts.robots:
        found = True
        remedy = "ask its owner for leave, or take the source out; robots.txt is always obeyed"
        yield Finding(f"source {name}", BAD, "its robots.txt forbids what it starts with", remedy)
    if not found:
        yield Finding("sources", GOOD, "none fails")


def silence(arrivals: Sequence[datetime], last_success: str | None) -> str:
    """What is to be said of a source that answers and brings nothing new, against its own longest pause; "" if nothing.

    Times of a machine that was off count as pauses too: it is held against more, never against less.
    """
    if len(arrivals) < ENOUGH or not last_success:
        return ""
    longest = max(later - earlier for earlier, later in pairwise(arrivals))
    quiet = datetime.fromisoformat(last_success) - arrivals[-1]
    if quiet <= max(PAUSES * longest, WEEKEND):
        return ""
    return f"answers, and brought nothing new for {span(quiet)}; its longest pause was {span(longest)}"


def _hosts(facts: Facts) -> Iterator[Finding]:
    from crawler.gaps import BLOCKED

    blocked = [
        row for row in facts.hosts if row["error"] and any(f"status {code}" in row["error"].lower() for code in BLOCKED)
    ]
    for row in blocked[:MOST_NAMED]:
        remedy = "raise `delay` for it, set `contact`, and ask its owner; nothing here gets around a block"
        yield Finding(
            f"host {row['host']}", BAD, f"refuses us since {moment(row['error_since'])}: {row['error']}", remedy
        )
    if len(blocked) > MOST_NAMED:
        yield Finding("hosts", BAD, f"{len(blocked) - MOST_NAMED} more refuse us", "`kuaixun status` lists them")


def _notices(facts: Facts) -> Iterator[Finding]:
    for row in facts.notices:
        about, again = f"notices {row['name']}", f"mend that; then `kuaixun notice retry {row['name']}`"
        if row["failed"]:
            told = (
                f"{counted(row['failed'], 'notice')} since {moment(row['failed_since'])} given up: {row['last_error']}"
            )
            yield Finding(about, BAD, told, again)
        if row["error"]:
            lasting = facts.now - datetime.fromisoformat(row["error_since"])
            told = f"fails for {span(lasting)}: {row['error']}; {row['waiting']:,} waiting"
        elif row["refused"]:
            lasting = facts.now - datetime.fromisoformat(row["refused_since"])
            told = f"{counted(row['refused'], 'notice')} not taken for {span(lasting)}: {row['refused_error']}"
        else:
            continue
        yield Finding(about, BAD if lasting > LONG_FAILING else NOTE, told, "mend that; it is tried again")
