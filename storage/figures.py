"""One spelling for each number, date and time of day in a text: pure functions of strings."""

from __future__ import annotations

import re

_PERCENT_POINT = re.compile(r"百分之([零一二三四五六七八九十百]+)点([零一二三四五六七八九]+)")
_PERCENT = re.compile(r"百分之(?=[\d零一二三四五六七八九十百两])")
_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_DATE = re.compile(r"(?<![\d.])(?:((?:19|20)\d\d)[-/.年])?0?(\d{1,2})[-/月]0?(\d{1,2})(?:[日号]|(?![\d.年月]))")
_HAN_NUMBER = re.compile(
    r"(?<=第)[一二三四五六七八九十]+|[零〇一二三四五六七八九十百千两]{2,}|[二三四五六七八九十两](?=[个名人家只艘辆架台座项次年月日号天倍点岁万亿成季期届版批])"
    r"|一(?<![统同唯专单万进划]一)(?=[季月日号次期届版批])"
)
_TENTHS = re.compile(r"(?<![\d.])([1-9])成(?![为功本立员长果都熟交品])")
_WEEKDAY = re.compile("(周|星期|礼拜)([一二三四五六日天])")
_DAY_CLOCK = re.compile(r"(凌晨|早上|上午|中午|下午|傍晚|晚[上间])(\d{1,2})[点时](?:(半)|(\d{1,2})分|整)?(?!\d)")
_CLOCK = re.compile(r"([0-9])(?<![\d.][0-9])([0-9]?)[点时](?:(半)|(\d{1,2})分)")
_SCALED = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:万亿|[万亿])?")
_AFTERNOON = ("下午", "傍晚", "晚上", "晚间")
_SCALES = {"": 0, "万": 4, "亿": 8, "万亿": 12}
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}


def dated(folded: str) -> str:
    """Text with punctuation, in which shares and dates have one spelling: 百分之3.5 and 3.5, 3月5日 and 03-05."""
    if "百分之" in folded:
        folded = _PERCENT.sub("", _PERCENT_POINT.sub(_percent, folded))
    return _DATE.sub(_date, _COMMA.sub("", folded))


def figured(plain: str) -> str:
    """Plain text in which numbers are spelt one way: 1.2万, 12000; 周三 and 周3, 两成 and 20; 下午2点半."""
    text = _HAN_NUMBER.sub(_han_number, _WEEKDAY.sub(_weekday, plain))
    if "成" in text:
        text = _TENTHS.sub(r"\g<1>0", text)
    if "点" in text or "时" in text:
        text = _DAY_CLOCK.sub(lambda found: _clock(*found.groups()), text)
        text = _CLOCK.sub(lambda found: _clock("", found[1] + found[2], *found.groups()[2:]), text)
    return _SCALED.sub(_scaled, text)


def _date(found: re.Match[str]) -> str:
    year, month, day = found.groups()
    if not (0 < int(month) <= 12 and 0 < int(day) <= 31):
        return found[0]
    return f"{year}年{int(month)}月{int(day)}日" if year else f"{int(month)}月{int(day)}日"


def _percent(found: re.Match[str]) -> str:
    """百分之三点五 as 3.5."""
    whole, part = found.groups()
    return _HAN_NUMBER.sub(_han_number, f"第{whole}")[1:] + "." + "".join(str(_HAN_DIGITS[digit]) for digit in part)


def _clock(part: str, hour: str, half: str | None, minute: str | None) -> str:
    """下午2点半 as 14:30, without the colon."""
    later = 12 if part in _AFTERNOON and int(hour) < 12 else 0
    return f"{int(hour) + later} {'30' if half else (minute or '0').zfill(2)}"


def _weekday(found: re.Match[str]) -> str:
    """周三 as 周3: a number, so that another day is another number."""
    return "周" + ("7" if found[2] in "日天" else str(_HAN_DIGITS[found[2]]))


def _scaled(found: re.Match[str]) -> str:
    number = found[0]
    unit = number.lstrip("0123456789.")
    if not unit and "." not in number and not number.endswith("0000"):
        return number
    whole, _, part = number[: len(number) - len(unit)].partition(".")
    shift = _SCALES[unit]
    part = part.rstrip("0")
    whole, part = whole + part[:shift].ljust(shift, "0"), part[shift:]
    whole = whole.lstrip("0") or "0"
    if part:
        return f"{whole}.{part}"
    # No long runs of zeros: they would look like each other.
    for zeros, name in (("0" * 8, "亿"), ("0" * 4, "万")):
        if whole.endswith(zeros) and len(whole) > len(zeros):
            return whole[: -len(zeros)] + name
    return whole


def _han_number(found: re.Match[str]) -> str:
    """三百二十 as 320 and 二〇二六 as 2026; what is no number stays."""
    word = found[0]
    if not any(character in _HAN_UNITS for character in word):
        return "".join(str(_HAN_DIGITS[character]) for character in word)
    total = digit = 0
    for character in word:
        if character in _HAN_UNITS:
            total += (digit or 1) * _HAN_UNITS[character]
            digit = 0
        else:
            digit = _HAN_DIGITS[character]
    return str(total + digit)
