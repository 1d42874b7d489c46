"""What the live status shows, and in which order. Pure: what was read comes in, sections of cells go out.

What is wrong stands first. Where the screen is too low, the longest section gives way and says how much is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.screen import counted, plain, span

WELL, BAD, QUIET, USUAL = "well", "bad", "quiet", ""
# An answer that came within so long is what the crawl is at.
JUST_NOW = timedelta(minutes=1)
# Lines of a section beside its rows: the head, and an empty line behind it.
AROUND = 2


class Line(NamedTuple):
    """The cells of a row, and in which tone it is shown: well, bad, quiet or usual."""

    cells: tuple[object, ...]
    tone: str = USUAL


@dataclass(frozen=True, slots=True)
class Section:
    """A table. Its `long` columns, by number, give way to the others; `left_out` rows had no room."""

    head: tuple[str, ...]
    lines: Sequence[Line]
    long: Collection[int] = ()
    left_out: int = 0

    @property
    def height(self) -> int:
        """Rows of the screen that it takes."""
        return AROUND + len(self.lines) + bool(self.left_out)


def heading(found: Mapping[str, Any], at: datetime) -> list[Line]:
    """Who crawls, and what there is: the lines above all sections."""
    total, day = found["total"], found["last_24_hours"]
    by = found["crawled_by"]
    who = f"process {by['process']} on {by['host']}, since {_ago(by['since'], at)}" if by else "nobody crawls into it"
    sums = f"{counted(total['articles'], 'article')} (+{day['articles']:,} in 24 hours), {total['waiting']:,} waiting"
    return [
        Line((f"{plain(str(found['database']))}: {plain(who)}",), USUAL if by else BAD),
        Line((f"{sums}, {counted(day['requests'], 'request')} in 24 hours",), QUIET),
    ]


def sections(found: Mapping[str, Any], at: datetime, height: int) -> list[Section]:
    """The sections that have something to show, cut so that they fit into so many rows, if that can be."""
    given = [
        Section(("alarm",), [Line((plain(text),), BAD) for text in found["alarms"]], {0}),
        Section(("source", "last success", "next", "articles", "waiting", "state"), _sources(found, at), {5}),
        Section(("host in trouble", "last success", "next", "failures", "error"), _hosts(found, at), {4}),
        Section(("asked", "address", "answer", "seconds"), _recent(found, at), {1, 2}),
        Section(("notices of", "sent", "waiting", "failed", "error"), _notices(found), {4}),
        Section(("chore", "last done", "what came of it"), _chores(found, at), {2}),
    ]
    return fitted([section for section in given if section.lines], height)


def fitted(given: Sequence[Section], height: int) -> list[Section]:
    """The sections with so many rows taken from the ends of the longest ones that they fit; each keeps one."""
    kept = list(given)
    while sum(section.height for section in kept) > height:
        number = max(range(len(kept)), key=lambda n: len(kept[n].lines))
        section = kept[number]
        # Two at first, for the line that says so.
        fewer = section.lines[: -1 if section.left_out else -2]
        if not fewer:
            break
        left_out = section.left_out + len(section.lines) - len(fewer)
        kept[number] = replace(section, lines=fewer, left_out=left_out)
    return kept


def _sources(found: Mapping[str, Any], at: datetime) -> list[Line]:
    """Those in trouble first, then those whose turn comes first; the ones that are off last."""
    rows = sorted(found["sources"], key=lambda row: (not row["error"], row["next_at"] is None, row["next_at"] or ""))
    return [
        Line(
            (
                plain(row["name"]),
                _ago(row["last_success_at"], at),
                _ahead(row["next_at"], at),
                row["articles"],
                row["waiting"],
                plain(row["state"]),
            ),
            BAD if row["error"] or row["drifts"] else QUIET if row["next_at"] is None else USUAL,
        )
        for row in rows
    ]


def _hosts(found: Mapping[str, Any], at: datetime) -> list[Line]:
    return [
        Line(
            (
                plain(row["host"]),
                _ago(row["last_success_at"], at),
                _ahead(row["next_at"], at),
                row["failures"],
                plain(row["error"]),
            ),
            BAD,
        )
        for row in found["hosts"]
        if row["error"]
    ]


def _recent(found: Mapping[str, Any], at: datetime) -> list[Line]:
    return [
        Line(
            (
                _ago(row["at"], at),
                plain(_address(row["url"])),
                plain(row["error"] or str(row["status"])),
                round(row["took"], 2),
            ),
            BAD if row["error"] else WELL if at - datetime.fromisoformat(row["at"]) < JUST_NOW else QUIET,
        )
        for row in found["recent"]
    ]


def _address(url: str) -> str:
    """An address without its scheme, which tells nothing here."""
    parts = urlsplit(url)
    return url.removeprefix(f"{parts.scheme}://")


def _notices(found: Mapping[str, Any]) -> list[Line]:
    lines = []
    for row in found["notices"]:
        error = row["error"] or row["refused_error"] or ""
        counts = (row["sent"], row["waiting"], row["failed"])
        lines.append(Line((plain(row["name"]), *counts, plain(error)), BAD if row["failed"] or error else USUAL))
    return lines


def _chores(found: Mapping[str, Any], at: datetime) -> list[Line]:
    return [
        Line(
            (plain(row["name"]), _ago(row["done_at"], at), plain(row["error"] or row["result"] or "")),
            BAD if row["error"] else USUAL,
        )
        for row in found["chores"]
    ]


def _ago(moment: str | None, at: datetime) -> str:
    return f"{span(at - datetime.fromisoformat(moment))} ago" if moment else "never"


def _ahead(moment: str | None, at: datetime) -> str:
    if not moment:
        return ""
    left = datetime.fromisoformat(moment) - at
    return f"in {span(left)}" if left > timedelta() else "due"
