"""The log of the daemon for a machine: one JSON object a line on stderr. Keeping and rotating it is the system's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crawler.tally import Event, Notice, Tally

# Of events; what is not named is told for those who look closely only.
LEVELS = {"failed": "warning", "retry": "info", "forbidden": "info", "new": "info", "changed": "info"}


def _now() -> datetime:
    return datetime.now(UTC)


class Log:
    """Writes a line for each event, each pass and each notice: `at` (UTC), `level`, `kind`, and what else there is."""

    def __init__(
        self,
        write: Callable[[str], None] = lambda text: click.echo(text, err=True),
        clock: Callable[[], datetime] = _now,
    ):
        self._write, self._clock = write, clock

    def event(self, event: Event) -> None:
        """What came of an address."""
        self._line(LEVELS.get(event.kind, "debug"), asdict(event))

    def tally(self, tally: Tally, seconds: float) -> None:
        """The sums of a pass."""
        sums = {name: value for name, value in asdict(tally).items() if name != "cpu"}
        self._line("info", {"kind": "pass", "seconds": round(seconds, 3), **sums})

    def notice(self, notice: Notice) -> None:
        """What the daemon says of itself."""
        self._line("warning" if notice.is_trouble else "info", {"kind": notice.kind, "text": notice.text})

    def _line(self, level: str, told: dict[str, object]) -> None:
        at = self._clock().isoformat(timespec="milliseconds")
        shown = {name: value for name, value in told.items() if value not in ("", None)}
        self._write(json.dumps({"at": at, "level": level, **shown}, ensure_ascii=False))
