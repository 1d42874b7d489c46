"""The table of companies and indices that mentions are found by: their codes and names, each with its time.

CSV in UTF-8 with the columns `code`, `name`, `how`, `from`, `to`. `how` is `name` (tells the company by itself),
`short` (an abbreviation: wants the borders of a word), `weak` (also a common word: wants a sign beside it, or the
company named in full in the same text) or `not` (something else that begins or ends like a company; its code is empty).
`from` and `to` are days, both included, and may be empty: so a company that was renamed is right at its time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple, cast

How = Literal["name", "short", "weak", "not"]

SHIPPED = Path(__file__).with_name("instruments.csv")
_COLUMNS = ("code", "name", "how", "from", "to")
_HOWS = ("name", "short", "weak", "not")
_CODE = re.compile(r"\d{6}\.(?:SH|SZ|BJ)|(?:\d{5}|[A-Z]{2,8})\.HK|[A-Z][A-Z0-9.\-]{0,8}\.US")


class Instrument(NamedTuple):
    """One name of a company or an index, and the days on which it was its name (both included; None: open)."""

    code: str
    name: str
    how: How
    first: date | None = None
    last: date | None = None

    def holds(self, day: date | None) -> bool:
        """Whether it was a name on a day; without a day, whether it is one still."""
        if day is None:
            return self.last is None
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


class TableError(ValueError):
    """A table that cannot be used; the text names file, line and remedy."""


def read(path: Path = SHIPPED) -> list[Instrument]:
    """The entries of a table. Raises TableError."""
    try:
        # Spreadsheets put a byte order mark first.
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_entries(csv.DictReader(file), path))
    except UnicodeDecodeError as error:
        raise TableError(f"`{path}` is not in UTF-8 (byte {error.start}); save it as CSV UTF-8.") from error
    except OSError as error:
        raise TableError(f"`{path}` cannot be read: {error.strerror}.") from error
    except csv.Error as error:
        raise TableError(f"`{path}` is no CSV: {error}.") from error


def _entries(table: csv.DictReader[str], path: Path) -> Iterator[Instrument]:
    missing = [name for name in _COLUMNS if name not in (table.fieldnames or ())]
    if missing:
        raise TableError(f"`{path}` has no column `{missing[0]}`; its first line must be {','.join(_COLUMNS)}.")
    for row in table:
        where = f"`{path}`, line {table.line_num}"
        code, name, how = (str(row[key] or "").strip() for key in ("code", "name", "how"))
        if how not in _HOWS:
            raise TableError(f"{where}: `how` is `{how}`; it is one of {', '.join(_HOWS)}.")
        if bool(code) == (how == "not") or (code and not _CODE.fullmatch(code)):
            raise TableError(f"{where}: `{code}` is no code; write 000001.SZ, 00700.HK or AAPL.US, with all zeros.")
        if len(name) < 2:
            raise TableError(f"{where}: the name `{name}` is too short; it needs two characters.")
        first, last = (_day(row[key], key, where) for key in ("from", "to"))
        if first and last and last < first:
            raise TableError(f"{where}: `to` ({last}) is before `from` ({first}).")
        yield Instrument(code, name, cast(How, how), first, last)


def _day(text: str | None, key: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text and text.strip() else None
    except ValueError:
        raise TableError(f"{where}: `{key}` is `{text}`; write a day as 2012-08-02.") from None
