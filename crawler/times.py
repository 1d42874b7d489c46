"""Times in text: every notation that news pages use, read without guessing more than the page says.

A `Moment` keeps what was written: its precision, and its zone only where one was stated. Zones are added later, by
`crawler.fields.published`, because a page's other times tell more about them than the string does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from crawler.zones import spoken_zone, stated_zone

FIRST_YEAR = 1990


class Moment(NamedTuple):
    """A time as written: `at` is naive unless the text stated a zone; `precision` is day, minute or second."""

    at: datetime
    precision: str
    start: int = 0
    end: int = 0


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier janv jänner jaenner gennaio enero ene janeiro января январь stycznia styczeń ιανουαρίου ιαν ocak januari",
            "february feb februar février fevrier févr febbraio febrero fevereiro fev февраля февраль lutego luty φεβρουαρίου φεβ şubat februari",
            "march mar märz maerz mrz mars marzo março марта март marca marzec μαρτίου μαρ mart maart",
            "april apr avril avr aprile abril abr апреля апрель kwietnia kwiecień απριλίου απρ nisan",
            "may mai maggio mayo maio мая май maja maj μαΐου μαϊ mayıs mei",
            "june jun juni juin giugno junio junho июня июнь czerwca czerwiec ιουνίου ιουν haziran",
            "july jul juli juillet juil luglio julio julho июля июль lipca lipiec ιουλίου ιουλ temmuz",
            "august aug août aout agosto ago августа август sierpnia sierpień αυγούστου αυγ ağustos augustus",
            "september sept sep septembre settembre septiembre setembro сентября сентябрь września wrzesień σεπτεμβρίου σεπ eylül",
            "october oct oktober okt octobre ottobre octubre outubro октября октябрь października październik οκτωβρίου οκτ ekim",
            "november nov novembre noviembre novembro ноября ноябрь listopada listopad νοεμβρίου νοε kasım",
            "december dec dezember dez décembre dicembre diciembre dezembro декабря декабрь grudnia grudzień δεκεμβρίου δεκ aralık",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_NAME = MONTH_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))

_ZONE = r"(?:\s*(?P<zone>Z\b|(?:GMT|UTC)?\s?[+-]\d{1,2}(?::?\d{2})?\b|(?-i:UTC|GMT|[ECMP][SD]?T|[AEW]E[SD]?T|A[EKW][SD]T|CES?T|WIB|NZ[SD]T|(?:HK|BS|JS|KS|SG|MY|PH|PK|IS|HS)T|MSK)\b))"
_CLOCK = (
    r"(?P<half>上午|下午|凌晨|清晨|早上|早晨|中午|晚上|晚间|傍晚|晚|晨|早|夜|오전|오후|午前|午後|am|pm)?\s*(?P<hour>\d{1,2})\s*(?:[:：∶h]|时|時|点|點|\.(?=\d\d\s*(?:Uhr|GMT|BST|CET|[ap]\.?m)))\s*(?P<minute>\d{2}|\d(?=\s*分))"
    r"(?:\s*[:：∶分]\s*(?P<second>\d{2})(?:\.\d{1,9})?)?(?:秒|分)?(?:\s*(?P<after>[ap]\.?m\b\.?))?(?:\s*(?:Uhr|ч|hrs))?"
    + _ZONE
    + "?"
)
_GAP = r"(?:\s*[T,，|\-–—/·•.]?\s*(?:г\.?,?\s*)?(?:at|um|à|a las|o|в|kl\.?|στις|@)?\s*|\s*[(（\[]?(?:星期|周|週|礼拜)[一二三四五六日天][)）\]]?\s*|\s+[A-Za-z]{3,9},?\s+|[\s,，]*(?:格林[尼威]治|[美北香台臺东東伦倫纽紐][\u4e00-\u9fff]{1,3})(?:标准|標準)?[时時][间間]\s*)"
_YEAR_FIRST = re.compile(
    r"(?<![\d.])(?P<year>(?:19|20)\d\d)\s*(?:(?P<sep>[-/.／－—]|\s(?=\s*\d\d\s*[/.\-]))\s*(?P<month>\d{1,2})\s*[-/.／－—]\s*(?P<day>\d{1,2})(?:(?![\d年])|(?=\d\d[:：]\d\d))|年\s*(?P<m2>\d{1,2})\s*月\s*(?P<d2>\d{1,2})\s*(?:[日号]|(?![\d年])))"
    r"(?:" + _GAP + _CLOCK + ")?",
    re.I,
)
# 20260319 21:44:10
_COMPACT = re.compile(r"(?<!\d)(?P<year>20\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])\s+" + _CLOCK, re.I)
# The calendar of Taiwan counts from 1911.
_ROC = re.compile(
    r"民[國国]\s*(?P<year>\d{2,3})\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日?(?:" + _GAP + _CLOCK + ")?",
    re.I,
)
_CLOCK_FIRST = re.compile(
    r"(?<![\d:])(?P<hour>\d{1,2})[:：](?P<minute>\d{2})(?:[:：](?P<second>\d{2}))?\s*(?P<after>[ap]\.?m\b\.?)?"
    + _ZONE
    + r"?[\s,，|·]{1,4}"
    r"(?:(?P<year>(?:19|20)\d\d)(?:[-/.年])(?P<month>\d{1,2})(?:[-/.月])(?P<day>\d{1,2})(?!\d)"
    r"|(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>(?:19|20)\d\d)(?!\d)"
    rf"|(?P<d3>\d{{1,2}})\.?\s(?P<name>{_NAME})\.?,?\s(?P<y3>(?:19|20)\d\d)(?!\d))",
    re.I,
)
_NAMED = re.compile(
    rf"(?<![\w])(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|er|º)?\s*(?:de\s+|of\s+)?(?P<name>{_NAME})\.?|(?P<name2>{_NAME})\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?)"
    r"(?:\s*,?\s*(?:de(?:l)?\s+)?(?P<year>(?:19|20)\d\d))(?!\d)(?:" + _GAP + _CLOCK + ")?",
    re.I,
)
_DAY_FIRST = re.compile(
    r"(?<![\d.:/-])(?P<day>\d{1,2})(?P<sep>[./-])(?P<month>\d{1,2})(?P=sep)(?P<year>(?:19|20)\d\d|\d\d(?=[\s,]+\d{1,2}:))(?![\d/])(?:" + _GAP + _CLOCK + ")?",
    re.I,
)  # fmt: skip
_NO_YEAR = re.compile(
    r"(?<![\d./:-])(?:(?P<month>\d{1,2})[-/](?P<day>\d{1,2})|(?P<m2>\d{1,2})月(?P<d2>\d{1,2})日)(?!\d)\s*(?:[(（]?(?:(?:星期|周|週)[一二三四五六日天]|[日月火水木金土])[)）]?)?[\s,，]*"
    + _CLOCK,
    re.I,
)
_AGO = re.compile(
    r"(?:(?P<hours>\d{1,2})\s*(?:小时|小時|hours?|h)\s*)?(?P<count>\d{1,3}|an?|半|[一二两兩三四五六七八九十]{1,3})\s*(?:个|個)?\s*(?P<unit>秒|分钟|分鐘|分|小时|小時|天|日|周|星期|月|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?)?\s*(?:之?前|ago\b)",
    re.I,
)
_JUST_NOW = re.compile(r"刚刚|剛剛|刚才|\bjust now\b", re.I)
_TODAY = re.compile(r"(?P<word>今天|今日|昨天|昨日|前天|today|yesterday|[今昨](?=[晚晨早夜]))[\s,，at]*" + _CLOCK, re.I)
# The last such day; behind a date the name of its day says nothing new, and "every Thursday" no day at all.
_WEEKDAY = re.compile(
    r"(?<![\d日号號)）每逢至到])(?<![\d日号號)）][\s(（\[])(?:星期|周|週|礼拜|禮拜)(?P<weekday>[一二三四五六日天])[\s,，]*"
    + _CLOCK,
    re.I,
)
_NUMERALS = "〇一二三四五六七八九十"
_HAN_DATE = re.compile(
    r"(?P<year>[一二][〇○零一二三四五六七八九]{3})年(?P<month>[一二三四五六七八九十]{1,2})月(?P<day>[一二三四五六七八九十]{1,3})[日号號]"
    r"(?:" + _GAP + _CLOCK + ")?",
    re.I,
)
_UNITS = {
    "秒": 1, "s": 1, "分": 60, "min": 60, "小": 3600, "h": 3600, "天": 86400, "日": 86400, "d": 86400,
    "周": 604800, "星": 604800, "w": 604800, "月": 2592000, "mo": 2592000,
}  # fmt: skip
_DAYS = {"今": 0, "昨": 1, "前": 2, "t": 0, "y": 1}
# Cheap looks that spare the long patterns.
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u04ff\u212a]{3}")  # in the alphabets of the months
_SHORT_DATE = re.compile(r"\d[./-]\d{1,2}[./-]")
# One set of first characters, so that a search skips all others at a glance.
HINT = re.compile(
    r"[\d前刚剛昨今年aAjJ](?:(?<=\d)(?:[:：]\d\d|月)|(?<=1)9\d\d|(?<=2)0\d\d|(?<=[前刚剛昨今])|(?<=[〇○零一二三四五六七八九]年)|(?<=[aA])(?i:go\b)|(?<=[jJ])(?i:ust now))"
)


def moments(text: str, now: datetime, *, month_first: bool = False) -> Iterator[Moment]:
    """Every time in a text, in the order of how sure the notation is.

    `now` (aware) resolves "3小时前" and dates without a year; `month_first` reads 3/4/2026 as March 4th.
    """
    if not hints_at_time(text):
        return
    year = "20" in text or "19" in text
    for pattern, possible in (
        (_ROC, "民" in text),
        (_CLOCK_FIRST, year and (":" in text or "：" in text)),
        (_YEAR_FIRST, year),
        (_COMPACT, year and ":" in text),
        (_NAMED, year and _WORD.search(text)),
        (_DAY_FIRST, _SHORT_DATE.search(text)),
    ):
        if not possible:
            continue
        for match in pattern.finditer(text):
            moment = _moment(match, now, month_first=month_first and pattern is _DAY_FIRST)
            if moment:
                yield moment
    for written in _HAN_DATE.finditer(text) if "年" in text and "月" in text else ():
        which, month, day = (_number(written[part]) for part in ("year", "month", "day"))
        moment = _at(written, which, month, day) if FIRST_YEAR <= which <= now.year + 1 else None
        if moment:
            yield moment
    yield from relative(text, now)


def hints_at_time(text: str) -> bool:
    """Whether a text may hold a time at all: a cheap look before the long ones."""
    return HINT.search(text) is not None


def _is_near(text: str) -> bool:
    """Whether a text may name today, yesterday or the day before."""
    return "今" in text or "昨" in text or "前" in text or "day" in text.lower()


def relative(text: str, now: datetime) -> Iterator[Moment]:
    """Times that lean on the moment of fetching: 3小时前, 今天 08:30, 03-19 21:44, "2 hours ago"."""
    for match in _TODAY.finditer(text) if _is_near(text) else ():
        day = now - timedelta(days=_DAYS[match["word"][0].lower()])
        moment = _at(match, day.year, day.month, day.day)
        if moment:
            yield moment
    for match in _JUST_NOW.finditer(text) if "刚" in text or "剛" in text or "just" in text.lower() else ():
        yield Moment(now.replace(second=0, microsecond=0), "minute", match.start(), match.end())
    for match in _AGO.finditer(text) if "前" in text or "ago" in text.lower() else ():
        seconds = _seconds(match)
        if seconds is not None:
            at = now - timedelta(seconds=seconds)
            precision = "minute" if seconds < 86400 else "day"
            yield Moment(at.replace(second=0, microsecond=0), precision, match.start(), match.end())
    for match in _NO_YEAR.finditer(text) if ":" in text or "：" in text else ():
        month, number = int(match["month"] or match["m2"]), int(match["day"] or match["d2"])
        for year in (now.year, now.year - 1):
            moment = _at(match, year, month, number)
            if moment and moment.at.replace(tzinfo=None) <= now.replace(tzinfo=None) + timedelta(days=1):
                yield moment
                break
    for match in _WEEKDAY.finditer(text) if "周" in text or "星期" in text or "週" in text or "拜" in text else ():
        back = (now.weekday() - "一二三四五六日".index(match["weekday"].replace("天", "日"))) % 7
        for days in (back, back + 7):
            day = now - timedelta(days=days)
            moment = _at(match, day.year, day.month, day.day)
            if moment and moment.at.replace(tzinfo=None) <= now.replace(tzinfo=None):
                yield moment
                break


def _number(text: str) -> int:
    """Chinese numerals: figures in a row (二〇二六), or tens and ones (十九, 三十)."""
    tens, ten, ones = (
        text.replace("○", "〇").replace("零", "〇").replace("两", "二").replace("兩", "二").rpartition("十")
    )
    figures = int("".join(str(_NUMERALS.index(sign)) for sign in ones if sign != "十") or 0)
    return (int(_NUMERALS.index(tens[0])) if tens else 1) * 10 + figures if ten else figures


def _seconds(match: re.Match[str]) -> float | None:
    count, unit = match["count"].lower(), (match["unit"] or "").lower()
    if not unit:
        return None
    before = 3600.0 * float(match["hours"] or 0)
    number = (
        0.5 if count == "半" else 1.0 if count in ("a", "an") else float(count if count.isdecimal() else _number(count))
    )
    for key in sorted(_UNITS, key=len, reverse=True):
        if unit.startswith(key):
            return before + number * _UNITS[key]
    return before + number * 60 if unit.startswith("m") else None


def _moment(match: re.Match[str], now: datetime, *, month_first: bool) -> Moment | None:
    groups = match.groupdict()
    if groups.get("name") or groups.get("name2"):
        month = _MONTHS[(groups.get("name") or groups["name2"]).lower()]
        day = int(groups.get("day") or groups.get("day2") or groups["d3"])
    else:
        month, day = int(groups.get("month") or groups["m2"]), int(groups.get("day") or groups["d2"])
    year_last = "sep" in groups and not match[0].startswith(groups["year"])
    swapped = month_first and groups.get("sep") == "/" and day <= 12
    if year_last and (swapped or month > 12 >= day):
        month, day = day, month
    year = int(groups["year"] or groups.get("y2") or groups["y3"])
    if match.re is _ROC:
        year += 1911
    if year < 100 and groups["sep"] == "-" and day + 2000 <= now.year:
        year, day = day, year  # 26-03-19 is the order of ISO, less the century
    year = year + 2000 if year < 100 else year
    return _at(match, year, month, day) if FIRST_YEAR <= year <= now.year + 1 else None


def _at(match: re.Match[str], year: int, month: int, day: int) -> Moment | None:
    groups = match.groupdict()
    hour, minute, second = groups.get("hour"), groups.get("minute"), groups.get("second")
    try:
        if hour is None or minute is None:
            return Moment(datetime(year, month, day), "day", match.start(), match.end())
        clock = _hour(int(hour), groups.get("half"), groups.get("after"))
        at = datetime(
            year,
            month,
            day,
            clock,
            int(minute),
            int(second or 0),
            tzinfo=stated_zone(groups.get("zone"), match.string) or spoken_zone(match),
        )
    except ValueError:
        try:
            return Moment(datetime(year, month, day), "day", match.start(), match.end())
        except ValueError:
            return None
    return Moment(at, "second" if second else "minute", match.start(), match.end())


def _hour(hour: int, half: str | None, after: str | None) -> int:
    word = (half or after or "").lower().replace(".", "")
    if word in ("pm", "오후", "午後", "下午", "晚上", "晚间", "傍晚", "晚") and hour < 12:
        return hour + 12
    if (word == "夜" and 6 <= hour < 12) or (word == "中午" and hour < 4):
        return hour + 12
    if word in ("am", "오전", "午前", "上午", "凌晨") and hour == 12:
        return 0
    return hour


def first(text: str, now: datetime, *, month_first: bool = False) -> Moment | None:
    """The surest time of a text, one with a clock before one without."""
    if not hints_at_time(text):
        return None
    day = None
    for moment in moments(text, now, month_first=month_first):
        if moment.precision != "day":
            return moment
        day = day or moment
    return day
