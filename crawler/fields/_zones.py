"""The zone of a time that states none: from the page's other times, the site's setting, its country or its language."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawler.times import Moment
from crawler.view import View

# The differences to UTC that are in use (IANA tz database): whole and half hours, and three quarters.
_OFFSETS = {timedelta(minutes=m) for m in (*range(-12 * 60, 14 * 60 + 1, 30), 5 * 60 + 45, 8 * 60 + 45, 12 * 60 + 45)}
# Countries of one time zone, by top-level domain (IANA tz database, zone1970.tab).
_COUNTRY = {
    "cn": "Asia/Shanghai", "hk": "Asia/Hong_Kong", "tw": "Asia/Taipei", "mo": "Asia/Macau", "sg": "Asia/Singapore", "jp": "Asia/Tokyo",
    "kr": "Asia/Seoul", "de": "Europe/Berlin", "at": "Europe/Vienna", "ch": "Europe/Zurich", "fr": "Europe/Paris", "it": "Europe/Rome",
    "nl": "Europe/Amsterdam", "be": "Europe/Brussels", "pl": "Europe/Warsaw", "cz": "Europe/Prague", "se": "Europe/Stockholm",
    "no": "Europe/Oslo", "dk": "Europe/Copenhagen", "fi": "Europe/Helsinki", "gr": "Europe/Athens", "uk": "Europe/London",
    "ie": "Europe/Dublin", "in": "Asia/Kolkata", "tr": "Europe/Istanbul", "il": "Asia/Jerusalem", "nz": "Pacific/Auckland",
    "za": "Africa/Johannesburg", "my": "Asia/Kuala_Lumpur", "th": "Asia/Bangkok", "vn": "Asia/Ho_Chi_Minh", "ua": "Europe/Kyiv",
}  # fmt: skip
_LANGUAGE = {
    "zh": "Asia/Shanghai",
    "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul",
    "pl": "Europe/Warsaw",
    "el": "Europe/Athens",
    "de": "Europe/Berlin",
}


def default_zone(view: View) -> tuple[tzinfo, str]:
    """The zone of times that state none, and why: the site's setting, its country, its language, else UTC."""
    if view.source is not None and view.source.timezone:
        return ZoneInfo(view.source.timezone), "the source's setting"
    host = view.url.split("/")[2] if view.url.count("/") >= 2 else ""
    return _usual_zone(host.rsplit(".", 1)[-1].split(":")[0].lower(), language(view))


@lru_cache(maxsize=512)
def _usual_zone(country: str, language: str) -> tuple[tzinfo, str]:
    name = _COUNTRY.get(country) or _LANGUAGE.get(language)
    if not name:
        return UTC, "no zone stated"
    try:
        return ZoneInfo(name), f"usual zone of {f'.{country}' if country in _COUNTRY else f'the language {language}'}"
    except ZoneInfoNotFoundError:
        return UTC, "no time zone database"


def language(view: View) -> str:
    """The two-letter language, for choosing a zone; `fields.lang` says more."""
    found = view.found.get("lang")
    return str(found.value)[:2] if found else view.tree.html_lang[:2].lower()


def month_first(view: View) -> bool:
    """Whether 3/4/2026 is March 4th: in English outside the domains that write the day first."""
    host = view.url.split("/")[2] if view.url.count("/") >= 2 else ""
    return language(view) in ("en", "") and not re.search(r"\.(uk|au|nz|ie|in|za|sg|hk|my)(?::\d+)?$", host)


def zoned(view: View, moment: Moment, stated: list[Moment]) -> tuple[datetime, str]:
    """A time with its zone and why: its own, that which tells it from a stated time of the page, or the usual one."""
    if moment.at.tzinfo is not None:
        zone, _ = default_zone(view)
        if moment.at.utcoffset() == timedelta(0) and zone is not UTC and language(view) == "zh":
            return moment.at.astimezone(zone), "stated as UTC"
        return moment.at, "stated"
    zone, why = default_zone(view)
    for other in stated:
        offset = moment.at - other.at.astimezone(UTC).replace(tzinfo=None)
        near = timedelta(minutes=round(offset.total_seconds() / 900) * 15)
        if abs(offset - near) <= timedelta(seconds=60) and near in _OFFSETS and near:
            return moment.at.replace(tzinfo=timezone(near)), "from the metadata's time"
    return moment.at.replace(tzinfo=zone), why
