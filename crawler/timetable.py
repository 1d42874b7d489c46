"""When what falls due: the only room that knows apscheduler.

Every time is written in the database (`sources.next_at`, `chores`), so that a restart forgets nothing; here is what
fires then. A clock that is set, or a machine that slept, is no matter: `wake` looks at the clock anew.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from config import Source

_CRON_SPREAD = 60.0

# A late job still runs, once; the defaults drop one that is a second late. What must not run twice at a time sees to
# that itself: a job that is planned anew by the one that is about to end would be dropped here.
_JOBS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 8}


def next_visit(
    source: Source, now: datetime, *, jitter: float = 0.0, chance: Callable[[], float] = random.random
) -> datetime:
    """When a source is looked at again, after its crontab line or its interval; UTC.

    `jitter` (0 to 1) varies an interval by that share to both sides, and delays a crontab time by that share of a
    minute, so that many sources do not fire at once. A crontab line is read in the source's zone or the machine's.
    """
    if source.cron:
        trigger = CronTrigger.from_crontab(source.cron, timezone=ZoneInfo(source.timezone) if source.timezone else None)
        found: datetime | None = trigger.get_next_fire_time(now, now)
        if found:
            return found.astimezone(UTC) + timedelta(seconds=_CRON_SPREAD * jitter * chance())
    return now + source.every * (1 + jitter * (2 * chance() - 1))


def is_too_far(source: Source, planned: datetime, now: datetime, *, jitter: float = 0.0) -> bool:
    """Whether a source is planned later than it would be now: its interval is shorter than it was, or the clock was
    ahead when that was planned.
    """
    return planned > next_visit(source, now, jitter=jitter, chance=lambda: 1.0) + timedelta(seconds=1)


class Timetable:
    """Calls what is due at its time, each thing once; what takes long does not keep the others."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=_JOBS)
        self._times: dict[str, datetime] = {}

    def start(self) -> None:
        """From now on; needs a running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Nothing is called any more; what is under way is cancelled."""
        self._scheduler.pause()
        self._scheduler.shutdown(wait=False)

    def put(self, name: str, at: datetime, work: Callable[[], Awaitable[None]]) -> None:
        """Call `work` at a time, in place of what was planned under this name."""
        if self._times.get(name) == at and self._scheduler.get_job(name):
            return
        self._times[name] = at
        self._scheduler.add_job(work, DateTrigger(at), id=name, name=name, replace_existing=True)

    def keep(self, names: Collection[str]) -> None:
        """Forget what is planned under other names."""
        for job in self._scheduler.get_jobs():
            if job.id not in names:
                job.remove()
                self._times.pop(job.id, None)

    def wake(self) -> None:
        """Look at the clock: it may have been set, and a timer does not count the time in which a machine slept."""
        self._scheduler.wakeup()
