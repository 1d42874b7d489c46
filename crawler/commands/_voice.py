"""What the daemon says, to people or in JSON. What cannot be written is lost and counted; the daemon goes on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, cast

import click

from crawler.commands._log import Log
from crawler.commands._progress import Watch, summary
from crawler.console import print_json
from crawler.screen import Live, counted

if TYPE_CHECKING:
    from crawler.tally import Event, Notice, Tally
    from crawler.vitals import Vitals


class Lasting:
    """A text stream that never raises: a full disk, a pipe that nobody reads, a terminal that is gone.

    A line counts as lost when it could not be written out at once; the system may still bring some of them.
    """

    def __init__(self, stream: TextIO, name: str):
        self.name, self.lost = name, 0
        self._stream, self._why, self._is_taken = stream, "", True
        # Lines that are not written out yet; those that were lost since it was last told; what is new of that.
        self._open = self._missing = 0
        self._news: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what can be written."""
        self._open += text.count("\n")
        try:
            self._stream.write(text)
            self._is_taken = True
        except (OSError, ValueError) as error:
            self._is_taken = False
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Write it out."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._lose(error)
            return
        self._open = 0
        # A stream without a buffer has nothing to write out, whatever became of the writing.
        if self._why and self._is_taken:
            lost = counted(self._missing, "line")
            self._news = [f"{self.name} can be written again; up to {lost} of it got lost ({self._why})"]
            self._missing, self._why = 0, ""

    def _lose(self, error: Exception) -> None:
        if not self._why:
            self._why = (error.strerror if isinstance(error, OSError) else "") or " ".join(str(error).split())
            self._news = [f"{self.name} cannot be written: {self._why}; the crawl goes on, and what it says is lost"]
        self.lost += self._open
        self._missing, self._open = self._missing + self._open, 0

    def news(self) -> str:
        """That it fails now, or no longer; "" where that was told."""
        return self._news.pop() if self._news else ""

    def is_failing(self) -> bool:
        """Whether what was written last is lost."""
        return bool(self._why)

    def let_go(self) -> None:
        """Give up what still waits to be written out, so that the end of the process does not fail for it."""
        with suppress(OSError, ValueError):
            self._stream.flush()
            return
        # Not every stream is a file of the system's.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            self._stream.flush()


class Outputs(NamedTuple):
    """The two streams of a process."""

    out: Lasting
    err: Lasting

    def lost(self) -> int:
        """Lines that could not be written."""
        return self.out.lost + self.err.lost


@contextmanager
def lasting() -> Iterator[Outputs]:
    """Let stdout and stderr be streams that never raise meanwhile, for whoever writes to them."""
    former = sys.stdout, sys.stderr
    outputs = Outputs(Lasting(sys.stdout, "stdout"), Lasting(sys.stderr, "stderr"))
    sys.stdout, sys.stderr = cast("tuple[TextIO, TextIO]", outputs)
    try:
        yield outputs
    finally:
        sys.stdout, sys.stderr = former
        for each in outputs:
            each.let_go()


class Voice:
    """Says what the daemon does: on the live line for people, with `to_json` on stdout, with a journal on stderr."""

    def __init__(self, line: Live, outputs: Outputs, *, to_json: bool = False, journal: Log | None = None):
        self._line, self._outputs, self._to_json, self._journal = line, outputs, to_json, journal
        self._watch, self._started = Watch(line, each=True), time.monotonic()

    def counted_by(self, vitals: Vitals) -> None:
        """What is lost is one of these numbers."""
        vitals.lost = self._outputs.lost

    def report(self, event: Event) -> None:
        """What came of an address."""
        self._watch.see(event)
        if self._to_json:
            print_json([asdict(event)])
        if self._journal:
            self._journal.event(event)
        self._own_up()

    def finished(self, tally: Tally) -> None:
        """The sums of a pass."""
        seconds, self._started = time.monotonic() - self._started, time.monotonic()
        if self._journal:
            self._journal.tally(tally, seconds)
        if self._to_json:
            print_json([{"kind": "pass", "seconds": seconds, **asdict(tally)}])
        elif not self._journal:
            self._watch.say(summary(tally, seconds))
        self._own_up()

    def say(self, notice: Notice) -> None:
        """What the daemon has to say of itself."""
        self._put(notice)
        self._own_up()

    def _put(self, notice: Notice) -> None:
        if self._journal:
            self._journal.notice(notice)
        elif notice.is_trouble:
            self._line.clear()
            click.echo(notice.text, err=True)
        else:
            self._watch.say(notice.text)

    def _own_up(self) -> None:
        """Say once that an output fails, and once that it no longer does: on stderr, as soon as that can be written."""
        from crawler.tally import Notice

        if self._outputs.err.is_failing():
            return
        for each in self._outputs:
            if text := each.news():
                self._put(Notice("output", text, is_trouble=True))
