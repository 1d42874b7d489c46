"""Thirty days of the daemon in minutes: `python -m tests.gate.months [DAYS]`. Prints the memory day by day, and jobs.

What fills up to a bound over weeks or months (SQLite's cache, remembered addresses) is held so small, or is filled
before, that it is full on the first day: what grows then has no bound.
The web is in memory, and time is the loop's own: a timer that nothing else happens before is due at once. In between
the machine sleeps, the clock is set back and forward, a host hangs, one is down, chores fail and the settings change.
Exits 1 where the memory grew by over 2 % after the first day, or a look at a source or a chore came too late.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import random
import selectors
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import httpx

from config import Config, Settings, Source
from crawler import chores, schedule
from crawler.extract import columns
from crawler.fetch import Fetcher
from storage import open_store, stories
from storage.store import Store

START = datetime(2026, 3, 20, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)
GROWTH = 0.02
CACHE_KB, REMEMBERED = 2048, 2000
# Seconds that a look may come after its time, or after the machine woke: a pass may be under way.
LATE = 180.0
SITES, SHOWN, BACKLOG = 4, 20, 400
WORDS = "银行 电力 储能 港口 铁路 粮食 汽车 芯片 出口 基金 债券 利率 黄金 煤炭 钢铁 航运 旅游 医药".split()
VERBS = "公布 上调 下调 审议 投运 签约 通报 调查 启动 完成 暂停 恢复 延长 批准 收购 扩建".split()


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer when nothing else is to be done."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop):
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout and timeout > 0:
            self.loop.now += timeout
            timeout = 0.0
        return super().select(timeout)


@dataclass
class World:
    """The sites and the time of day: `shift` is how far the clock was set."""

    loop: VirtualLoop
    shift: timedelta = timedelta()
    looks: dict[str, int] = field(default_factory=dict)
    hanging: str = ""
    down: str = ""
    asked: int = 0
    store: Store | None = None
    shifted: float = 0.0
    delays: list[float] = field(default_factory=list)

    def set(self, by: timedelta) -> None:
        """The clock is set, or the machine slept."""
        self.shift += by
        self.shifted = self.loop.now

    def delay(self, due: datetime) -> float:
        """Seconds since something was due, or since the clock was last set: nobody could know before."""
        return min((self.clock() - due).total_seconds(), self.loop.now - self.shifted)

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.loop.now) + self.shift

    async def answer(self, request: httpx.Request) -> httpx.Response:
        host, path = request.url.host, request.url.path
        self.asked += 1
        await asyncio.sleep(0.05)
        if path in ("/robots.txt", "/.well-known/tdmrep.json"):
            return httpx.Response(404)
        site = int(host.split(".")[0].removeprefix("site"))
        if path == "/" and self.store:
            self.looks[host] = self.looks.get(host, 0) + 1
            sql = "SELECT next_at FROM frontier WHERE url = ? AND tries = 0"
            planned = self.store.db.execute(sql, (f"http://{host}/",)).fetchone()
            self.delays.append(self.delay(datetime.fromisoformat(planned[0])) if planned else 0.0)
        if host == self.hanging:
            await asyncio.sleep(10 * 86400)
        if host == self.down:
            return httpx.Response(503)
        # An article every 40 minutes; the first look finds a backlog behind the list's pages.
        newest = BACKLOG + int(self.loop.now / 2400)
        if path == "/" or path.startswith("/list_"):
            page = 1 if path == "/" else int(path.split("_")[1].split(".")[0])
            return _html(self._list(site, newest - (page - 1) * SHOWN, page))
        return _html(_article(site, int(path.rsplit("/", 1)[1].removesuffix(".html"))))

    def _list(self, site: int, newest: int, page: int) -> str:
        items = "".join(
            f'<li><a href="/news/2026/{100000 + n}.html">{_title(site, n)}</a> <span>{_told(n)}</span></li>'
            for n in range(newest, max(newest - SHOWN, 0), -1)
        )
        more = f'<div class="pager"><a href="/list_{page + 1}.html">{page + 1}</a></div>'
        return f'<html><body><ul class="list">{items}</ul>{more}'


def _told(number: int) -> str:
    at = START + timedelta(seconds=2400 * (number - BACKLOG)) + timedelta(hours=8)
    return f"{at:%Y-%m-%d %H:%M}"


def _title(site: int, number: int) -> str:
    chance = random.Random(site * 1_000_003 + number)
    first, second, third = (chance.choice(WORDS) for _ in range(3))
    return f"{first}{chance.choice(VERBS)}{second}计划第{site}{number:05d}号：{third}走势"


def _article(site: int, number: int) -> str:
    number -= 100000
    text, title = _text(site, number), _title(site, number)
    return (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1>"
        f'<div class="info">{_told(number)} 来源：第{site}网</div><div class="content">{text}</div></body></html>'
    )


def _text(site: int, number: int) -> str:
    chance = random.Random(site * 7_919 + number)
    return "".join(
        f"<p>{''.join(chance.choice(WORDS) + chance.choice(VERBS) for _ in range(20))}，{chance.randrange(10**9)}。</p>"
        for _ in range(6)
    )


def _html(text: str) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/html; charset=utf-8"}, stream=_Stream(text.encode()))


class _Stream(httpx.AsyncByteStream):
    def __init__(self, body: bytes):
        self.body = body

    async def __aiter__(self):
        yield self.body


def rss() -> int:
    """Bytes of memory that this process has in use, rubbish collected."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@dataclass
class Months:
    """One run: what happens when, what was seen of it."""

    days: int
    folder: Path
    world: World
    memory: list[int] = field(default_factory=list)
    done: dict[str, list[datetime]] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    hup: asyncio.Event = field(default_factory=asyncio.Event)

    def config(self, delay: float = 1.0) -> Config:
        sources = tuple(
            Source(f"site{n}", (f"http://site{n}.example/",), every=timedelta(minutes=15), timezone="Asia/Shanghai")
            for n in range(SITES)
        )
        settings = Settings(
            database=self.folder / "news.db", delay=delay, backup=self.folder / "copies", backup_keep=2, keep_pages=5
        )
        return Config(settings, sources)

    def work(self, settings: Settings) -> list[chores.Chore]:
        """The real chores; of the copies every fifth fails."""
        return [chore._replace(work=self._noted(chore)) for chore in chores.chores(settings)]

    def _noted(self, chore: chores.Chore) -> Callable[[chores.Still], str]:
        def work(still: chores.Still) -> str:
            times = self.done.setdefault(chore.name, [])
            if times:
                self.delays.append(self.world.delay(times[-1] + chore.every))
            times.append(self.world.clock())
            if chore.name == "backup":
                if len(times) % 5 == 3:
                    raise OSError(5, "Input/output error")
                return chores.back_up(self.folder / "news.db", self.folder / "copies", 2, still, now=self.world.clock)
            if chore.name == "prune":
                return chores.prune(self.folder / "news.db", 5, still, now=self.world.clock)
            return chore.work(still)

        return work

    async def go(self, store: Store) -> None:
        async def apart(work: Callable[[], str]) -> str:
            await asyncio.sleep(30)
            return work()

        means = schedule.Means(
            say=lambda notice: self.said.append(f"{self.world.loop.now / 86400:6.2f}  {notice.text}"),
            reload=lambda: self.config(delay=1.5),
            connect=lambda settings: Fetcher(
                settings, transport=httpx.MockTransport(self.world.answer), clock=self.world.clock
            ),
            work=self.work,
            apart=apart,
            ticks=self.world.loop.time,
        )
        events = asyncio.create_task(self.events())
        await schedule.run(self.config(), store, clock=self.world.clock, stop=self.stop, hup=self.hup, means=means)
        await events

    async def events(self) -> None:
        """What befalls the daemon, day by day; at the end of each its memory is weighed."""
        hour = 3600.0
        for day in range(1, self.days + 1):
            match day % 10:
                case 3:
                    self.world.set(timedelta(hours=5))  # the machine slept
                case 4:
                    self.world.hanging = "site1.example"
                case 5:
                    self.world.hanging, self.world.down = "", "site2.example"
                case 6:
                    self.world.down = ""
                    self.world.set(timedelta(hours=-7))  # and set back further than it went
                case 8:
                    self.hup.set()
            await asyncio.sleep(24 * hour)
            self.memory.append(rss())
            print(f"day {day:3}  {self.memory[-1] / 1e6:7.1f} MB  {self.world.asked:,} requests", flush=True)
        self.stop.set()


FILLED = ("crawler.shapes", "crawler.urls", "crawler.names", "storage.keys", "storage.texts")


def fill() -> None:
    """Fill the caches of addresses, names, titles and texts, which are bounded by their number."""
    caches = [each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper)]
    for cache in caches:
        most = cache.cache_parameters()["maxsize"]
        if most and cache.__module__ in FILLED:
            for number in range(most + 1):
                with contextlib.suppress(TypeError, ValueError):
                    cache(f"http://site9.example/news/2025/{number:07}.html")
    former = stories.told("", "")
    for number in range(stories.told.cache_parameters()["maxsize"] + 1):
        told = stories.told(_title(9, number), _text(9, number).replace("<p>", "").replace("</p>", "\n"))
        stories.judge(former, told)
        former = told


def main(days: int) -> int:
    started = time.perf_counter()
    loop = VirtualLoop()
    world = World(loop)

    class Now(datetime):
        """The time of day for the scheduler, which asks the machine."""

        @classmethod
        def now(cls, tz=None):
            return world.clock().astimezone(tz)

    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch("apscheduler.schedulers.base.datetime", Now),
        mock.patch("storage.connection.CACHE_KB", CACHE_KB),
        mock.patch("crawler.twins.MAX_TWINS", REMEMBERED),
        mock.patch("crawler.ask.MAX_REMEMBERED", REMEMBERED),
    ):
        asyncio.set_event_loop(loop)
        run = Months(days, Path(folder), world)
        with open_store(Path(folder) / "news.db", fields=columns(), clock=world.clock) as store:
            world.store = store
            fill()
            loop.run_until_complete(run.go(store))
            articles = store.stats()["articles"]
            sound = store.db.execute("PRAGMA quick_check").fetchone()[0]
        loop.close()
    return report(run, articles, sound, time.perf_counter() - started)


def slope(memory: list[int]) -> float:
    """Bytes by which the memory grows from one day to the next, by least squares."""
    middle = (len(memory) - 1) / 2
    spread = sum((x - middle) ** 2 for x in range(len(memory))) or 1
    return sum((x - middle) * y for x, y in enumerate(memory)) / spread


def report(run: Months, articles: int, sound: str, seconds: float) -> int:
    looks = sum(run.world.looks.values())
    missed = sum(delay > LATE for delay in run.world.delays)
    lost = sum(delay > LATE for delay in run.delays)
    # Each chore as often as its pause fits in.
    pauses = {"backup": 1, "prune": 1, "check": 7}
    lost += sum(max(0, run.days // pause - len(run.done.get(name, []))) for name, pause in pauses.items())
    growth = run.memory[-1] / run.memory[0] - 1
    print("\n".join(run.said[-12:]))
    print(f"\n{run.days} days in {seconds:.0f} s: {run.world.asked:,} requests, {articles:,} articles, file {sound}")
    print(
        f"memory after the first day {run.memory[0] / 1e6:.1f} MB, at the end {run.memory[-1] / 1e6:.1f} MB:", end=" "
    )
    print(f"{100 * growth:+.2f} % (goal: under 2); slope {slope(run.memory[1:]) / 1e3:+.1f} kB a day,", end=" ")
    print(f"of the last ten days {slope(run.memory[-10:]) / 1e3:+.1f}")
    print(f"looks at lists {looks:,}, late: {missed}; chores", end=" ")
    print(", ".join(f"{name} {len(times)}" for name, times in sorted(run.done.items())), f"late: {lost} (goal: 0)")
    return 0 if growth < GROWTH and not missed and not lost and sound == "ok" else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
