"""Where a time falls in the hours of a market, by the package `exchange_calendars` (extra `market`).

A session is a day of trade. On it a time is `pre`, `am`, `lunch`, `pm` or `post`; where a market has no lunch, `pm`
begins at local noon. Any other day is a `holiday`, weekends too. `next_tradable_at` is the first moment, not before the
time, at which there is continuous trading: the time itself, while there is. Call auctions do not count.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from storage.errors import MissingExtra

Session = Literal["pre", "am", "lunch", "pm", "post", "holiday"]

ZONES = {"XSHG": "Asia/Shanghai", "XSHE": "Asia/Shanghai", "XHKG": "Asia/Hong_Kong", "XNYS": "America/New_York"}
# The calendar that each is read from, and the market on which the codes of each exchange are traded.
_CALENDAR = {"XSHG": "XSHG", "XSHE": "XSHG", "XHKG": "XHKG", "XNYS": "XNYS"}
_MARKETS = {"SH": "XSHG", "SZ": "XSHE", "BJ": "XSHE", "HK": "XHKG", "US": "XNYS"}


class UnknownMarket(ValueError):
    """There is no such market; the text names those there are."""

    def __init__(self, name: str):
        super().__init__(f"There is no market `{name}`; there is {', '.join(ZONES)}.")


class Stamp(NamedTuple):
    """A time in the hours of a market; both None beyond the years that its calendar knows."""

    session: Session | None
    next_tradable_at: datetime | None


class Day(NamedTuple):
    """A session's parts of continuous trading: begin and end of each."""

    parts: tuple[tuple[datetime, datetime], ...]


class Sessions:
    """The hours of markets. Without `markets` those on which the mentioned codes are traded are stamped.

    Raises NoCalendars, UnknownMarket.
    """

    def __init__(self, markets: Iterable[str] = ()):
        self._calendars, self._version = _package()
        self._markets = tuple(markets)
        for name in self._markets:
            if name not in ZONES:
                raise UnknownMarket(name)
        self._years: dict[tuple[str, int], dict[date, Day]] = {}

    @property
    def version(self) -> str:
        """That of the package: another one may know other holidays."""
        return self._version

    def stamps(self, at: datetime, codes: Sequence[str]) -> list[dict[str, Any]]:
        """A stamp for each market concerned: `market`, `session`, and `next_tradable_at` as ISO 8601 in UTC."""
        concerned = self._markets or sorted({_MARKETS[end] for code in codes if (end := code[-2:]) in _MARKETS})
        return [{"market": name, **_plain(self.stamp(at, name))} for name in concerned]

    def stamp(self, at: datetime, market: str) -> Stamp:
        """Where a time falls in the hours of one market."""
        zone = ZoneInfo(ZONES[market])
        here = at.astimezone(zone)
        day = self._day(market, here.date())
        if day is None and not self._knows(market, here.date()):
            return Stamp(None, None)
        for part in day.parts if day else ():
            if at < part[1]:
                is_open = at >= part[0]
                return Stamp(_session(day, at, zone), at if is_open else part[0])
        return Stamp(_session(day, at, zone), self._next_open(market, here.date()))

    def _next_open(self, market: str, after: date) -> datetime | None:
        """The first open after a day; no market rests for a month."""
        for days in range(1, 31):
            day = self._day(market, after + timedelta(days=days))
            if day:
                return day.parts[0][0]
        return None

    def _day(self, market: str, day: date) -> Day | None:
        return self._year(market, day.year).get(day)

    def _knows(self, market: str, day: date) -> bool:
        return bool(self._year(market, day.year))

    def _year(self, market: str, year: int) -> dict[date, Day]:
        """The sessions of a year, read once; none for a year that the calendar does not know whole."""
        key = (_CALENDAR[market], year)
        if key not in self._years:
            self._years[key] = dict(self._read(*key))
        return self._years[key]

    def _read(self, calendar: str, year: int) -> Iterator[tuple[date, Day]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pandas, to the package
            try:
                found = self._calendars.get_calendar(calendar, start=f"{year}-01-01", end=f"{year}-12-31")
            except ValueError:  # beyond its bounds
                return
            for row in found.schedule.itertuples():
                opens, pause, again, closes = (_utc(each) for each in row[1:5])
                if opens is None or closes is None:
                    continue
                parts = ((opens, pause), (again, closes)) if pause and again else ((opens, closes),)
                yield row[0].date(), Day(parts)


def _package() -> tuple[Any, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import exchange_calendars
    except ImportError as error:
        raise MissingExtra("Market sessions need `exchange_calendars`", "market") from error
    return exchange_calendars, str(exchange_calendars.__version__)


def _utc(moment: Any) -> datetime | None:
    """A time of the package; None for its "not a time"."""
    return None if str(moment) == "NaT" else datetime.fromtimestamp(moment.timestamp(), UTC)


def _session(day: Day | None, at: datetime, zone: ZoneInfo) -> Session:
    if day is None:
        return "holiday"
    opens, closes = day.parts[0][0], day.parts[-1][1]
    if at < opens:
        return "pre"
    if at >= closes:
        return "post"
    if len(day.parts) == 1:
        return "am" if at.astimezone(zone).time() < time(12) else "pm"
    pause, again = day.parts[0][1], day.parts[1][0]
    return "am" if at < pause else "lunch" if at < again else "pm"


def _plain(stamp: Stamp) -> dict[str, Any]:
    at = stamp.next_tradable_at
    return {"session": stamp.session, "next_tradable_at": at.isoformat(timespec="milliseconds") if at else None}
