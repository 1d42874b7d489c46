"""The zones that texts name: by abbreviation, by offset, or in Chinese words before a date."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "PKT": 5, "IST": 5.5, "WIB": 7, "HKT": 8, "SGT": 8, "MYT": 8, "PHT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10,
    "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "HST": -10,
}  # fmt: skip
_REGIONS = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"}
# Zones as Chinese pages name them, before the date or between date and clock.
_SPOKEN = re.compile(
    r"(格林[尼威]治|美[东東]|美[国國][东東]部|纽约|紐約|北京|香港|[台臺]北|[东東]京|[伦倫]敦)(?:标准|標準)?[时時][间間]"
)
_PLACES = {
    "格": "UTC", "美": "America/New_York", "纽": "America/New_York", "紐": "America/New_York", "北": "Asia/Shanghai",
    "香": "Asia/Hong_Kong", "台": "Asia/Taipei", "臺": "Asia/Taipei", "东": "Asia/Tokyo", "東": "Asia/Tokyo",
    "伦": "Europe/London", "倫": "Europe/London",
}  # fmt: skip
_BEFORE = 12  # characters before a date in which its zone is named
_HAN = re.compile(r"[\u4e00-\u9fff]")


def stated_zone(text: str | None, around: str) -> tzinfo | None:
    """The zone that a text names. CST is China's in Chinese text, and North America's elsewhere."""
    if not text:
        return None
    name = text.strip().upper().replace(" ", "")
    if name == "CST":
        return timezone(timedelta(hours=8 if _HAN.search(around) else -6))
    if name in _REGIONS:
        return ZoneInfo(_REGIONS[name])
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    sign = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", name)
    if not sign:
        return None
    offset = timedelta(hours=int(sign[2]), minutes=int(sign[3] or 0))
    return timezone(-offset if sign[1] == "-" else offset) if offset < timedelta(hours=15) else None


def spoken_zone(match: re.Match[str]) -> tzinfo | None:
    """The zone that stands in words around a date: 美东时间2026年3月19日09:44."""
    text = match.string
    if "时" not in text and "時" not in text:
        return None
    found = _SPOKEN.search(text, max(0, match.start() - _BEFORE), match.end())
    return ZoneInfo(_PLACES[found[1][0]]) if found else None
