"""What a person sees: a live line, tables and times, measured in terminal columns. Knows nothing of news."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from types import TracebackType
from typing import Any, TextIO

ELLIPSIS = "…"
# Around a word that was searched for, until it is known how the output shows such a word.
MARKS = ("⟦", "⟧")


def plain(text: str) -> str:
    """Text without control characters, so that a hostile title cannot steer the terminal; one line, single spaces."""
    kept = (" " if character.isspace() else character for character in text)
    return " ".join("".join(c for c in kept if not unicodedata.category(c).startswith("C")).split())


def safe(text: str) -> str:
    """Text of several lines without control characters; its spaces and lines stay as they are."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def columns(text: str) -> int:
    """How many terminal columns a text takes: wide characters two, combining ones none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def clip(text: str, width: int) -> str:
    """The text, cut to at most `width` columns with an ellipsis where something was left out."""
    if columns(text) <= width:
        return text
    used, out = 1, ""
    for character in text:
        used += _columns(character)
        if used > width:
            break
        out += character
    return out + ELLIPSIS if width > 0 else ""


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text filled with spaces to `width` columns; `right` puts the text at the right edge."""
    gap = " " * max(0, width - columns(text))
    return gap + text if right else text + gap


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, width: int = 100) -> str:
    """Rows as aligned text at most `width` columns wide; the widest column gives way first, numbers stand right."""
    cells = [[plain("" if value is None else str(value)) for value in row] for row in rows]
    grid = [list(headers), *cells]
    widths = [max(columns(row[index]) for row in grid) for index in range(len(headers))]
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(headers))]
    lines = [
        "  ".join(pad(clip(cell, widths[i]), widths[i], right=right[i]) for i, cell in enumerate(row)) for row in grid
    ]
    return "\n".join(line.rstrip() for line in lines)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 page`, `2 pages`, `1,200 pages`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(value: datetime | str | None) -> str:
    """A time of our clock to the minute, in this machine's zone; "" for none, and text that is no time as it is."""
    return _minutes(value, lambda when: when.astimezone())


def claimed(value: datetime | str | None) -> str:
    """A time that a page claims to the minute, in the zone that it claims; otherwise as `moment`."""
    return _minutes(value, lambda when: when)


def shown_time(row: Mapping[str, Any]) -> str:
    """When something appeared: as its page claims if that can be, or else when it was first seen."""
    return ("" if row.get("published_flag") else claimed(row["published_at"])) or moment(row["first_seen_at"])


def _minutes(value: datetime | str | None, zoned: Callable[[datetime], datetime]) -> str:
    if not value:
        return ""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    return zoned(when).isoformat(" ", "minutes")


def span(value: timedelta) -> str:
    """A length of time for people, to the nearest of its largest unit: `45 s`, `12 min`, `3 h`, `2 days`."""
    seconds = max(0, int(value.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    for size, unit, most in ((60, "min", 60), (3600, "h", 24)):
        if (number := (seconds + size // 2) // size) < most:
            return f"{number} {unit}"
    return counted((seconds + 43200) // 86400, "day")


def beside(
    one: Sequence[str], other: Sequence[str], heads: tuple[str, str], *, width: int, around: int | None = None
) -> Iterator[str]:
    """Two texts side by side; `|` between lines that differ, `<` and `>` beside lines that only one has.

    With `around` only so many equal lines are shown before and behind what differs.
    """
    half = max(10, (width - 3) // 2)
    a, b = ([*filter(None, map(plain, lines))] for lines in (one, other))
    yield f"{pad(clip(plain(heads[0]), half), half)}   {clip(plain(heads[1]), half)}"
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    groups: Iterable[Iterable[tuple[str, int, int, int, int]]] = matcher.get_grouped_opcodes(around or 0)
    if around is None:
        groups = [matcher.get_opcodes()]
    for number, group in enumerate(groups):
        if number:
            yield ELLIPSIS
        for what, i, m, j, n in group:
            for place in range(max(m - i, n - j)):
                left, right = (a[i + place] if i + place < m else ""), (b[j + place] if j + place < n else "")
                sign = " " if what == "equal" else "|" if left and right else "<" if left else ">"
                yield from _row(left, right, sign, half)


def _row(left: str, right: str, sign: str, half: int) -> Iterator[str]:
    lefts, rights = _folded(left, half), _folded(right, half)
    for number in range(max(len(lefts), len(rights))):
        one = lefts[number] if number < len(lefts) else ""
        other = rights[number] if number < len(rights) else ""
        yield f"{pad(one, half)} {sign} {other}".rstrip()


def _folded(text: str, width: int) -> list[str]:
    """A text in lines of at most so many columns."""
    lines = [""]
    for character in text:
        if columns(lines[-1]) + columns(character) > width:
            lines.append("")
        lines[-1] += character
    return lines


class Live:
    """One line about a job that runs: rewritten in place on a terminal, elsewhere a plain line every few seconds.

    `clock` gives seconds; `width` is the terminal's, in columns. Without a stream it is silent.
    """

    def __init__(
        self,
        stream: TextIO | None,
        *,
        every: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        width: Callable[[], int] = lambda: 80,
    ):
        self._stream, self._clock, self._width = stream, clock, width
        self._terminal = bool(stream and stream.isatty())
        self._pause = 0.1 if self._terminal else every
        self._next = clock() + (0 if self._terminal else every)
        self._drawn = False

    def show(self, text: Callable[[], str]) -> None:
        """Shows `text()` if it is time to; otherwise the text is not even made."""
        if self._stream is None or self._clock() < self._next:
            return
        self._next = self._clock() + self._pause
        line = clip(plain(text()), self._width() - 1) if self._terminal else plain(text())
        self._stream.write(f"\r\x1b[2K{line}" if self._terminal else line + "\n")
        self._stream.flush()
        self._drawn = self._terminal

    def line(self, text: str) -> None:
        """Prints a line that stays, above the live one."""
        if self._stream is not None:
            self.clear()
            self._stream.write(plain(text) + "\n")
            self._stream.flush()

    def clear(self) -> None:
        """Takes the live line away."""
        if self._drawn and self._stream is not None:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._drawn = False

    def __enter__(self) -> Live:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.clear()
