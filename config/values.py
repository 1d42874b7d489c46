"""Values as people write them, checked and made uniform: durations, cron lines, networks, zones, patterns.

Pure. Each function returns the value to use, or raises ValueError with a sentence that can stand behind a key.
"""

from __future__ import annotations

import codecs
import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# Crontab counts from Sunday (0 and 7); APScheduler counts from Monday. Names mean the same to both.
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `1h30m`, `2d` or `1w` as a timedelta longer than zero."""
    parts = re.findall(r"(\d+)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise ValueError(f'must be a duration such as "90s", "15m", "1h30m" or "1d", not `{text}`')
    seconds = sum(int(number) * UNITS[unit] for number, unit in parts)
    if not 0 < seconds <= 366 * UNITS["d"]:
        raise ValueError(f"must be longer than nothing and at most a year, not `{text}`")
    return timedelta(seconds=seconds)


def show_duration(value: timedelta) -> str:
    """The shortest text that `duration` reads back."""
    rest, out = int(value.total_seconds()), ""
    for unit in ("d", "h", "m", "s"):
        number, rest = divmod(rest, UNITS[unit])
        out += f"{number}{unit}" if number else ""
    return out or "0s"


def cron(line: str) -> str:
    """A five-field crontab line (minute hour day month weekday), its weekdays written as names.

    A line that limits both the day of the month and the weekday is refused: crontab joins the two with "or",
    APScheduler with "and".
    """
    fields = line.lower().split()
    if not fields:
        return ""
    if len(fields) != 5:
        raise ValueError(
            f'must have five fields (minute hour day month weekday) such as "*/10 8-20 * * *", not `{line}`'
        )
    minute, hour, day, month, weekday = fields
    _cron_field(minute, 0, 59)
    _cron_field(hour, 0, 23)
    longest = max(_LONGEST[number - 1] for number in _cron_field(month, 1, 12, MONTHS))
    if min(_cron_field(day, 1, 31)) > longest:
        raise ValueError(f"would never come: its months have {longest} days at most, and it wants day {day}")
    days = sorted({number % 7 for number in _cron_field(weekday, 0, 7, DAYS)})
    if day != "*" and weekday != "*":
        raise ValueError("may limit the day of the month or the weekday, not both")
    named = weekday if weekday == "*" else ",".join(DAYS[number] for number in days)
    return " ".join((minute, hour, day, month, named))


def _cron_field(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> list[int]:
    """The numbers that one field of a crontab line stands for."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?", part, re.ASCII)
        if not match:
            raise ValueError(f"has the field `{text}`, which is no number, range, list or step")
        first, last, step = match.groups()
        start = _cron_number(first, low, high, names) if first else low
        end = _cron_number(last, low, high, names) if last else high if not first or step else start
        if start > end or step == "0":
            raise ValueError(f"has the field `{text}`, whose range or step is empty")
        if step and int(step) > end - start:
            raise ValueError(f"has the field `{text}`, whose step is longer than its range")
        found += range(start, end + 1, int(step or 1))
    return found


def _cron_number(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    number = names.index(text) + low if text in names else int(text) if text.isdecimal() else -1
    if not low <= number <= high:
        raise ValueError(f"has `{text}`, where only {low} to {high} is possible")
    return number


def network(text: str) -> str:
    """An address or a network in CIDR form, such as `127.0.0.0/8`; host bits are cleared."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError(f'must be an address or a network such as "127.0.0.0/8", not `{text}`') from None


def proxy(text: str) -> str:
    """The address of an HTTP proxy, or "" for none."""
    if text and not re.fullmatch(r"https?://[^\s/]+/?", text):
        raise ValueError(f'must be the address of an HTTP proxy such as "http://proxy.example:3128", not `{text}`')
    return text


def zone(name: str) -> str:
    """The IANA name of a time zone that this machine knows, or ""."""
    if name:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f'must be a time zone such as "Asia/Shanghai", not `{name}`') from None
    return name


def pattern(text: str) -> str:
    """A regular expression that compiles."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


def encoding(name: str) -> str:
    """A character encoding that Python knows, or ""."""
    if name:
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError(f'must be an encoding such as "gb18030", not `{name}`') from None
    return name


def address(url: str) -> str:
    """An absolute http or https URL."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f'must be a web address such as "https://example.com/news/", not `{url}`')
    return url.strip()


def header(text: str) -> str:
    """Text that may stand in an HTTP header: printable ASCII (RFC 9110, 5.5)."""
    if not all(" " <= character <= "~" for character in text):
        raise ValueError("may hold printable ASCII characters only, because it is sent as an HTTP header")
    return text


def filled(text: str) -> str:
    """Text that is not empty."""
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def between(low: float, high: float = float("inf")) -> Callable[[float], float]:
    """A check: the number lies in low..high, both included."""
    allowed = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"

    def check(number: float) -> float:
        if not low <= number <= high:
            raise ValueError(f"must be {allowed}, not `{number:g}`")
        return number

    return check


def each(check: Callable[[str], str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """A check of every item of a list."""
    return lambda items: tuple(check(item) for item in items)
