"""What the daemon puts right between two passes: the clock, the settings, and what it knows of the hosts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from config import Config, ConfigError, Search, Settings
from crawler import signals
from crawler.ask import Clock, Hosts
from crawler.chores import Chore, chores
from crawler.clockwork import Clockwork
from crawler.fetch import Fetcher
from crawler.screen import span
from crawler.tally import Notice
from crawler.vitals import Vitals
from storage import DatabaseLocked, Unwritable, setback
from storage.store import Store

Say = Callable[[Notice], None]
# Has the work of a chore done elsewhere, and gives what came of it.
Apart = Callable[[Callable[[], str]], Awaitable[str]]
# Settings that hold until the next start: the files that are open, and the port that is served.
LASTING = ("database", "ad_threshold", "metrics_port")


@dataclass(slots=True)
class Means:
    """What a daemon has beside the database and the network.

    `say` hears what it has to say of itself. `reload` gives the settings anew, `connect` makes a fetcher for them;
    None: they stay. `beat` is called every ten seconds. `work` tells which chores the settings want, `apart` has one
    done elsewhere. `searches` tells the saved searches that are configured; None: no notices are sent. `ticks` are
    seconds that only go forward.
    """

    say: Say = lambda notice: None
    reload: Callable[[], Config] | None = None
    connect: Callable[[Settings], Fetcher] | None = None
    vitals: Vitals = field(default_factory=Vitals)
    beat: Callable[[], None] = lambda: None
    work: Callable[[Settings], Sequence[Chore]] = chores
    apart: Apart = signals.apart
    searches: Callable[[], Sequence[Search]] | None = None
    ticks: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class Upkeep:
    """The settings that hold, the fetcher made for them, and the hosts; `turned` is set when the clock was set back."""

    config: Config
    store: Store
    fetcher: Fetcher
    clock: Clock
    means: Means
    hosts: Hosts = field(init=False)
    hup: asyncio.Event = field(default_factory=asyncio.Event)
    turned: asyncio.Event = field(default_factory=asyncio.Event)
    _clockwork: Clockwork = field(init=False)

    def __post_init__(self) -> None:
        self._clockwork = Clockwork(self.clock(), self.means.ticks())

    def begin(self) -> None:
        """Plans of a clock that was ahead are put right, and what earlier runs knew of the hosts is read."""
        now, ahead = self.clock(), None
        with suppress(DatabaseLocked, Unwritable):
            ahead = setback.set_back(self.store.db, now)
            if ahead and not self.turned.is_set():
                self._say(
                    f"the database was last written {span(ahead)} ahead of the clock; what is planned keeps its pauses"
                )
            if ahead or self.turned.is_set():
                setback.put_right(self.store, now)
        self.turned.clear()
        self.hosts = Hosts.remembered(self.config.settings, self.store, now)
        self.hosts.ticks = self.means.ticks
        self.means.vitals.visits = self.hosts.since

    def is_late(self) -> bool:
        """Whether the clock went forward beside the time that passed; `turned` is set where it went back."""
        jump = self._clockwork.jump(self.clock(), self.means.ticks())
        if jump > timedelta():
            self._say(f"the clock went on by {span(jump)}: the machine slept, or it was set; what is due now is done")
        elif jump < timedelta():
            self._say(f"the clock was set back by {span(-jump)}; what is planned keeps its pauses")
            self.turned.set()
        return jump > timedelta()

    def _say(self, text: str) -> None:
        self.means.say(Notice("clock", text, is_trouble=True))

    async def settle(self) -> bool:
        """Read the settings again if that was asked for; whether others hold now. Wrong ones change nothing."""
        if not self.hup.is_set():
            return False
        self.hup.clear()
        if self.means.reload is None:
            return False
        try:
            new = self.means.reload()
        except ConfigError as error:
            self.means.say(Notice("settings", f"the settings stay as they were: {error}", is_trouble=True))
            return False
        old, self.config = self.config.settings, new
        self.hosts.pace.adopt(new.settings)
        if self.means.connect and new.settings != old:
            former, self.fetcher = self.fetcher, await self.means.connect(new.settings).__aenter__()
            await former.__aexit__(None, None, None)
        kept = [f"`{name}`" for name in LASTING if getattr(new.settings, name) != getattr(old, name)]
        later = f"; {', '.join(kept)} from the next start on" if kept else ""
        self.means.say(Notice("settings", f"the settings were read again from {new.file or 'the environment'}{later}"))
        return True
