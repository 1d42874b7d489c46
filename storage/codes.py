"""Security codes in a text: 600519.SH, SH600519, 00700.HK, $AAPL, NASDAQ: AAPL, 贵州茅台(600519). Pure.

A number is a code only where something beside it says so: its exchange, the word for code, or a name before the bracket
that it stands in. The exchange of a bare number follows from its first digits; 000001 is Ping An Bank in Shenzhen,
and the Shanghai index only where an index is spoken of. Codes come out with all their zeros.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

CURRENCIES = frozenset("USD HKD CNY CNH RMB EUR JPY GBP AUD CAD SGD TWD BTC ETH USDT".split())
# The beginnings of codes in Shanghai, Shenzhen and Beijing, and those that indices of Shanghai and Shenzhen share.
_SH = ("60", "68", "90", "50", "510", "511", "512", "513", "515", "516", "517", "518", "56", "58")
_SZ = ("000", "001", "002", "003", "300", "301", "302", "200", "15", "16", "399")
_BJ = ("43", "8", "92")
_SH_INDEX = "000"
_SUFFIX = {"SH": "SH", "SS": "SH", "XSHG": "SH", "SZ": "SZ", "XSHE": "SZ", "BJ": "BJ"}
_INDEX = re.compile(r"(?:指数|综指|成指|[^手脚五十无食拇戒]指|(?:沪深|上证|中证|科创)\d{2,4})\s*$")
# Funds that no exchange trades have codes like those of Shenzhen's shares.
_FUND = re.compile(r"基金[^，。；]{0,6}$")
# Before a bracket, or behind it: a number of something else.
_OTHER_NUMBER = re.compile(
    r"(?:邮编|邮政编码|电话|热线|传真|编号|号码|证书|合计|总计|共计|约|共|达|为|计|于|近|超)\s*$"
)
UNIT = re.compile(
    r"\s*(?:元|股(?![价票份东吧本市权指])|人|吨|万|亿|家|户|份|台|辆|张|次|点|名|平方|公里|千|个|桶|盎司|年|月|日|%|美元|港元|手(?!机)|号|克|米)"
)


class Code(NamedTuple):
    """A code with the place of its letters and digits in the text; `sure` is 0 to 1."""

    code: str
    start: int
    end: int
    sure: float


NameBefore = Callable[[int, str], str]
"""Given a place and digits: the code of a known name that ends there and has these digits, or ""."""


def exchange(digits: str, *, is_index: bool = False) -> str:
    """The exchange of a number of six digits, as its beginning tells; "" for none."""
    if is_index and digits.startswith(_SH_INDEX):
        return "SH"
    for name, heads in (("SH", _SH), ("SZ", _SZ), ("BJ", _BJ)):
        if digits.startswith(heads):
            return name
    return ""


def _stated(digits: str, where: str) -> str:
    """A code whose exchange is stated; "" where that exchange has no such code."""
    fits = digits.startswith(_SH_INDEX) if where == "SH" else where == "BJ" and digits.startswith("899")
    return f"{digits}.{where}" if fits or exchange(digits) == where else ""


def _hong_kong(digits: str) -> str:
    return f"{int(digits):05}.HK" if 0 < int(digits) < 100_000 else ""


_MAINLAND = re.compile(
    r"(?<![A-Za-z0-9.])(?P<a>\d{6})\s?[.,]\s?(?P<b>SH|SS|SZ|BJ|XSHG|XSHE)(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(?P<c>SH|SZ|BJ)[:.]?\s?(?P<d>\d{6})(?!\d)"
    r"|(?P<e>上交所|上海证券交易所|上证所|SSE|深交所|深圳证券交易所|SZSE|北交所)\s?(?:股票|证券)?(?:代码)?\s?[::]\s?(?P<f>\d{6})(?!\d)",
    re.I,
)
_HK = re.compile(
    r"(?<![A-Za-z0-9.])(?P<a>\d{1,5})\s?[.,]\s?HK(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])HK[:.]?(?P<b>\d{4,5})(?!\d)"
    r"|(?:港股|港交所|联交所|SEHK|HKEX|H股)\s?(?:上市|股份|股票|证券)?(?:代码|代号|编号)?\s?[::]\s?(?P<c>\d{1,5})(?!\d)"
    r"|(?:港股|H股)\s?(?:代码|代号)?\s?(?P<d>0\d{4})(?!\d)"
    r"|\((?P<e>0\d{4})\)",
    re.I,
)
_LABELLED = re.compile(r"(?:代码|代号|A股|基金|转债)\s?(?:为|是|[::])?\s?\(?\s?(?P<a>\d{6})(?!\d)")
_BRACKET = re.compile(r"(?<=[\w\])”\"》*%-])\s?\(\s?(?P<a>\d{6})\s?(?=[),;、/|])")
_US = re.compile(
    r"(?<![A-Za-z0-9.$])(?P<a>[A-Z]{1,5}(?:\.[AB])?)\.(?:US|OQ)(?![\w.])"
    r"|(?<![A-Za-z0-9.$])(?P<b>[A-Z]{2,5})\.[ON](?![\w.])"
    r"|(?:(?i:nasdaq|nyse|amex|new york stock exchange)|纳斯达克|纽交所|纽约证券交易所|美股)(?:股票|上市)?(?:代码|代号)?\s?[::]\s?(?P<c>[A-Z]{1,5}(?:\.[AB])?)(?![A-Za-z])"
    r"|(?:美股|股票|上市)(?:代码|代号)\s?(?:为|是)?\s?(?P<d>[A-Z]{1,5})(?![A-Za-z])"
)
# Without these there is no code of a kind: most texts are done with at a glance.
_SIX, _HK_SIGN = re.compile(r"[0-9]{6}"), re.compile(r"HK|hk|港股|[港联]交所|H股|SEHK|\(0\d{4}\)")
_CAPITAL = re.compile(r"\$[A-Z]|\(\s?[A-Z]|[A-Z]\.(?:US|O|N)|[::码号为是]\s?[A-Z]")
_CASHTAG = re.compile(r"(?<![A-Za-z0-9$])\$(?P<a>[A-Z]{1,5})(?![A-Za-z0-9])")
_TICKER = re.compile(r"\s?\(\s?(?P<a>[A-Z]{2,5})\s?\)")
_COMPANY = re.compile(
    r"(?:\bInc|\bCorp|\bCo|\bLtd|\bplc|\bPLC|\bGroup|\bHoldings?|\bTechnologies|\bN\.V|\bCorporation)\.?$"
)


def codes(text: str, is_ticker: Callable[[str], bool], name_before: NameBefore) -> Iterator[Code]:
    """The codes in a text of narrow characters; a place may come more than once, the surest first.

    `is_ticker` says whether a code (AAPL.US) is in the table, `name_before` which known name ends at a place.
    """
    if _SIX.search(text):
        yield from _mainland(text, name_before)
    if _HK_SIGN.search(text):
        yield from _hong_kong_codes(text)
    if _CAPITAL.search(text):
        yield from _american(text, is_ticker)


def _mainland(text: str, name_before: NameBefore) -> Iterator[Code]:
    for found in _MAINLAND.finditer(text):
        group, digits = next((g, found[g]) for g in "adf" if found[g])
        stated = found["b"] or found["c"] or found["e"]
        where = _SUFFIX.get(stated.upper()) or ("SH" if stated[0] in "上S" and stated != "SZSE" else "SZ")
        where = "BJ" if stated == "北交所" else where
        if code := _stated(digits, where):
            yield Code(code, *found.span(group), 0.99)
    for found in _LABELLED.finditer(text):
        if not UNIT.match(text, found.end()) and (code := _bare(text, found, name_before)):
            yield Code(code, *found.span("a"), 0.97)
    yield from _in_brackets(text, name_before)


def _hong_kong_codes(text: str) -> Iterator[Code]:
    for found in _HK.finditer(text):
        group = next(g for g in "abcde" if found[g])
        is_amount = group in "cd" and UNIT.match(text, found.end())
        if (code := _hong_kong(found[group])) and not is_amount and (group != "e" or _is_name(text[: found.start()])):
            yield Code(code, *found.span(group), 0.99 if group in "ab" else 0.95)


def _in_brackets(text: str, name_before: NameBefore) -> Iterator[Code]:
    for found in _BRACKET.finditer(text):
        digits, before = found["a"], text[max(0, found.start() - 20) : found.start()].rstrip()
        known = name_before(found.start(), digits)
        if known:
            yield Code(known, *found.span("a"), 0.99)
        elif _is_name(before) and not _OTHER_NUMBER.search(before):
            closing = text.find(")", found.end())
            if not UNIT.match(text, closing + 1) and (code := _bare(text, found, name_before)):
                yield Code(code, *found.span("a"), 0.9)


def _bare(text: str, found: re.Match[str], name_before: NameBefore) -> str:
    digits = found["a"]
    known = name_before(found.start(), digits)
    if digits.startswith("00") and not known and _FUND.search(text[max(0, found.start() - 12) : found.start() + 2]):
        return ""
    where = exchange(digits, is_index=bool(_INDEX.search(text[max(0, found.start() - 12) : found.start()])))
    return known or (f"{digits}.{where}" if where else "")


def _is_name(before: str) -> bool:
    """Whether what stands before a bracket may be a name: it does not end in a number."""
    return bool(before) and not before[-1:].isdigit() and not before[-1:].isspace()


def _american(text: str, is_ticker: Callable[[str], bool]) -> Iterator[Code]:
    for found in _US.finditer(text):
        group = next(g for g in "abcd" if found[g])
        yield Code(f"{found[group]}.US", *found.span(group), 0.99 if group in "ac" else 0.9)
    for found in _CASHTAG.finditer(text):
        if found["a"] not in CURRENCIES:
            known = is_ticker(f"{found['a']}.US")
            if known or len(found["a"]) > 1:
                yield Code(f"{found['a']}.US", *found.span("a"), 0.97 if known else 0.8)
    for found in _TICKER.finditer(text):
        if is_ticker(f"{found['a']}.US"):
            yield Code(f"{found['a']}.US", *found.span("a"), 0.95)
        elif _COMPANY.search(text[max(0, found.start() - 16) : found.start()]) and found["a"] not in CURRENCIES:
            yield Code(f"{found['a']}.US", *found.span("a"), 0.85)
