"""Sending what waits in the outbox: each notice is noted as sent as soon as it was taken.

After a kill between the two it is sent again, with the same key. What fails is tried again after growing pauses,
`ATTEMPTS` times in all. A place that takes nothing is left alone as a whole, and each search is served by a thread of
its own, so that one that hangs keeps no other waiting; only the next round begins when its time is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from config import Search
from config.notices import revealed, surroundings
from crawler import couriers
from crawler.chores import Stopped
from crawler.couriers import Brought
from crawler.notices import Clock, Round, Still, notice_of
from crawler.payload import body
from crawler.screen import counted
from storage import feed, outbox
from storage.errors import StorageError
from storage.outbox import Letter
from storage.store import Store

# The pause after the first failure; it doubles up to the longest. All in all that is a day and a quarter.
PAUSE, LONGEST_PAUSE, ATTEMPTS = timedelta(minutes=1), timedelta(hours=6), 14
# So many notices of a search are sent in one round, and none is begun after so many seconds.
BATCH, ROUND = 50, 30.0
# Searches that are served at once.
TOGETHER = 16
# What a feed holds: a reader that comes once a day misses nothing, unless more comes than a file should hold.
ROOM = outbox.Room(100, 1000, timedelta(days=1))
# Characters of a title that a program finds in its environment.
LONGEST_TITLE = 1000

Bring = Callable[[Search, dict[str, Any], Path, datetime, Still], Brought]


def pause_after(failures: int, wait: float | None = None) -> timedelta:
    """The pause after so many failures in a row; `wait` is what was asked for, in seconds, at most a day."""
    own: timedelta = min(PAUSE * 2 ** min(max(failures - 1, 0), 20), LONGEST_PAUSE)
    return max(own, min(timedelta(seconds=wait or 0), outbox.LONGEST))


def bring(search: Search, notice: dict[str, Any], base: Path, now: datetime, still: Still) -> Brought:
    """Bring one notice to the place of its search; secrets are read, and files are taken from `base`."""
    if search.to == "command":
        article = notice["article"]
        told = {"NOTICE_KEY": notice["key"], "NOTICE_SEARCH": search.name, "NOTICE_URL": article["url"]}
        # What C takes for the end of a text cannot stand in it, and systems take no variable of any length.
        told["NOTICE_TITLE"] = article["title"].replace("\0", "")[:LONGEST_TITLE]
        env = {**surroundings(), **told}
        return couriers.run(
            search.command, body(notice), env=env, folder=base.absolute(), seconds=search.timeout, still=still
        )
    headers = {"Content-Type": "application/json", "User-Agent": "kuaixun", "Idempotency-Key": notice["key"]}
    try:
        url = revealed(search.url, base)
        headers |= {name: revealed(value, base) for name, value in search.headers.items()}
    except ValueError as error:
        return Brought(str(error))
    parcel = couriers.Parcel(url, headers, body(notice, search.body), search.proxy)
    return couriers.post(parcel, seconds=search.timeout, now=now, still=still)


def write_feed(store: Store, search: Search, now: datetime) -> set[int]:
    """Write the Atom file of a search, of its newest notices; the articles in it. Raises StorageError."""
    assert search.path
    found = dict(outbox.newest(store, search.name, ROOM, now))
    feed.write(store.db, search.path, search.name, found)
    return set(found)


@dataclass(slots=True)
class _Job:
    """The notices of one search that are due, and the thread that brings them."""

    search: Search
    letters: Sequence[tuple[Letter, dict[str, Any]]]
    worker: threading.Thread | None = None


@dataclass(slots=True)
class Delivery:
    """Sends the notices of a store. `base` is the folder of the configuration; `still` raises when it is to end."""

    store: Store
    base: Path
    clock: Clock
    still: Still = lambda: None
    bring: Bring = bring
    done: Round = field(default_factory=Round)
    _leave: threading.Event = field(default_factory=threading.Event)
    _results: SimpleQueue[tuple[Search, Letter, Brought]] = field(default_factory=SimpleQueue)

    def once(self, searches: Sequence[Search]) -> Round:
        """Try what is due, one round. Raises StorageError, and what `still` raises."""
        jobs = []
        for search in searches:
            letters = outbox.due(self.store, search.name, self.clock(), None if search.to == "feed" else BATCH)
            if search.to == "feed":
                self._feed(search, letters)
            elif letters:
                told = [
                    (letter, notice_of(self.store, search, letter.article_id, letter.key, letter.found_at))
                    for letter in letters
                ]
                jobs.append(_Job(search, told))
        try:
            for start in range(0, len(jobs), TOGETHER):
                self._serve(jobs[start : start + TOGETHER])
        finally:
            self._leave.set()
        return self.done

    def _feed(self, search: Search, letters: Sequence[Letter]) -> None:
        """Write the feed if there is something new, or no file yet; that it is done twice makes no difference."""
        if not letters and search.path and search.path.exists():
            return
        now = self.clock()
        try:
            inside = write_feed(self.store, search, now)
        except StorageError as error:
            self.done.errors[search.name] = str(error)
            if letters:
                self._note(search, letters[0], Brought(str(error)))
        else:
            self._told(search, letters, inside, now)

    def _told(self, search: Search, letters: Sequence[Letter], inside: set[int], now: datetime) -> None:
        """Note what the feed has now, and what it has no room for."""
        over = [letter.id for letter in letters if letter.article_id not in inside]
        if over:
            error = f"more came at once than the feed has room for ({ROOM.most:,}): narrow the search"
            outbox.dropped(self.store, over, error, now)
            self.done.failed += len(over)
            self.done.errors[search.name] = f"{counted(len(over), 'notice')} given up: {error}"
        arrived = [letter.id for letter in letters if letter.article_id in inside]
        outbox.sent(self.store, arrived, now)
        self.done.sent += len(arrived)
        self.done.arrived.add(search.name)

    def _serve(self, jobs: Sequence[_Job]) -> None:
        until = time.monotonic() + ROUND
        for job in jobs:
            job.worker = threading.Thread(target=self._work, args=(job, until), daemon=True)
            job.worker.start()
        stopped: BaseException | None = None
        is_over = False
        while not is_over:
            # Before the results are looked at: what a worker put last is then among them.
            is_over = not any(job.worker and job.worker.is_alive() for job in jobs)
            self._take(wait=not is_over)
            try:
                self.still()
            except BaseException as error:
                # The workers hear it too; what they bring until then is noted.
                stopped = error
        if stopped:
            raise stopped

    def _take(self, *, wait: bool) -> None:
        """Note what the workers have brought."""
        try:
            while True:
                self._note(*self._results.get(block=wait, timeout=couriers.LOOK))
        except Empty:
            return

    def _work(self, job: _Job, until: float) -> None:
        """Bring the notices of one search one after the other, as long as its place takes them."""
        for letter, notice in job.letters:
            if self._leave.is_set() or time.monotonic() > until:
                return
            try:
                brought = self.bring(job.search, notice, self.base, self.clock(), self.still)
            except Stopped:
                return
            except Exception as error:  # A fault of ours: it is told, and waits its time as any other.
                brought = Brought(f"a fault in kuaixun itself: {type(error).__name__}")
            self._results.put((job.search, letter, brought))
            if brought.error and not brought.is_of_the_notice:
                return

    def _note(self, search: Search, letter: Letter, brought: Brought) -> None:
        now = self.clock()
        if not brought.error:
            outbox.sent(self.store, [letter.id], now)
            self.done.sent += 1
            self.done.arrived.add(search.name)
            return
        self.done.failed += 1
        self.done.errors[search.name] = brought.error
        if brought.is_of_the_notice:
            pause = pause_after(letter.attempts + 1, brought.wait)
            outbox.refused(self.store, letter.id, brought.error, now, pause=pause, most=ATTEMPTS)
        else:
            pause = pause_after(outbox.failures(self.store, search.name) + 1, brought.wait)
            outbox.down(self.store, search.name, brought.error, now, pause=pause, most=ATTEMPTS)
