"""Companies and indices in a text: by their codes (`codes`), and by the names of a dated table (`instruments`). Pure.

Names are looked for at every place, in simplified characters and narrow letters, the longest first: 京东方 is not 京东, and
an entry `not` (茅台镇) takes the place of what begins in it. A name of two characters must be a word where the text is cut
into words; a weak one (苹果, Apple) counts beside a sign that a company is meant, or where the text names it in full.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from itertools import accumulate
from typing import Any, NamedTuple

import rjieba

from storage.codes import UNIT, Code, codes
from storage.instruments import Instrument, read
from storage.texts import simplified

_WIDE = re.compile("[\uff01-\uff5e\u3000]")
_NARROW = {chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)} | {"\u3000": " "}
_LATIN = re.compile(r"[A-Za-z0-9]")
_DIGIT = re.compile(r"\d")
_DIGITS_AFTER, _DIGITS_BEFORE = re.compile(r"\s?(\d+)"), re.compile(r"(?<!\d)(\d+) *\Z")
# What makes another thing of the name before it: 中国石油大学, 格力路, 招行杯.
_ANOTHER = re.compile(
    r"大学|学院|学校|医院|中学|小学|[镇村县乡](?!镇)|路(?![由演透])|街道|大街|杯(?!葛)|机场|大桥|体育|小区|奖学金|奖(?!金)|基金会|大厦|广场|中心(?=举)"
)
# What follows a name that ends in a common noun, where the trade is meant and not the company: 中国石油消费, 长江电力系统.
_TRADE = re.compile(
    r"消费|需求|进口|出口|产量|储量|储备|供应|供给|行业|工业|产业|市场|企业|价格|安全|对外|贸易|资源|勘探|领域|学会|协会|联合会|化工|天然气|用户|运营|史|业(?!绩|务)|装备|工程|设备"
    r"|和(?=化|天)|体系|系统|间|卡|贷款|理财|存款|家(?!电)|监管|股(?![份价东票])|支付|通信|通讯|互联网|终端|游戏|应用|电话|医疗|办公|诈骗|网络|条例|面积|师|学|材料|设计|装饰|工人|文化|节能|风格|改革|基础设施|保险监"
)
_COMMON_NOUN = re.compile(
    r"\w\w(?:石油|石化|银行|移动|电信|联通|建筑|电力|核电|黄金|铝业|保险|证券|能源|稀土|海油|商飞)$"
)
# 招行人问路, 交行道上: the second half begins another word.
_OTHER_WORD = re.compile(r"人(?![工才事员力民])|[道走驶李星列使]")
# Beside a weak name: a company is meant. Behind it at once, or before it.
_SIGN_AFTER = re.compile(
    r"[A-Za-z]|\s*(?:公司|集团|股份|股价|市值|首席|CEO|CFO|高管|董事|总裁|创始人|财报|业绩|营收|净利|季度|发布(?!会)|发布会|宣布|回应|称|表示|概念股|产业链|供应链|供应商|控股|系|手机|电器|空调|汽车|涨|跌|收[涨跌]|股东|回购|裁员"
    r"|'s |’s | shares| stock|,? Inc| said| reported| announced| CEO| unveiled| plans| fell| rose| posted| beat|\s?\([A-Z])"
)
_SIGN_BEFORE = re.compile(
    r"(?:科技巨头|巨头|公司|美股|港股|A股|股东|持有|增持|减持|买入|卖出|富士康|供应商|对手|入股|收购|执掌|旗下|入职|加盟|起诉|shares of |stake in |giant |maker )\s*$"
)
_AROUND = 12
_SURE = {"name": 0.95, "short": 0.85, "weak": 0.7}
_METHOD = {"name": "name", "short": "short name", "weak": "short name"}


class Mention(NamedTuple):
    """A mention with its place, in characters. `method`: code, name, short name; `confidence`: 0 to 1."""

    code: str
    start: int
    end: int
    text: str
    method: str
    confidence: float


class _Apart:
    """Mentions in the order of their places, of which no two share a character."""

    def __init__(self) -> None:
        self.all: list[Mention] = []

    def add(self, one: Mention) -> None:
        """One more, unless another stands there already."""
        place = bisect_left(self.all, one.start, key=lambda each: each.start)
        before, after = self.all[max(0, place - 1) : place], self.all[place : place + 1]
        if not (before and before[0].end > one.start) and not (after and after[0].start < one.end):
            self.all.insert(place, one)


class Finder:
    """Finds mentions by a table; without one, by that which comes with the program."""

    def __init__(self, entries: Iterable[Instrument] | None = None):
        self._names: dict[str, dict[str, list[Instrument]]] = defaultdict(lambda: defaultdict(list))
        self._codes: dict[str, list[Instrument]] = defaultdict(list)
        for entry in read() if entries is None else entries:
            name = _form(entry.name)
            self._names[name[:2]][name].append(entry)
            self._codes[entry.code].append(entry)
        self._firsts = re.compile(
            f"[{re.escape(''.join(sorted({head[0] for head in self._names})))}]" if self._names else "(?!)"
        )
        self._heads = {head: sorted(names, key=len, reverse=True) for head, names in self._names.items()}

    def find(self, text: str, at: datetime | None) -> list[dict[str, Any]]:
        """The mentions in a text, in the order of their places, with the names that were in use at a time.

        Without a time the names of today hold. Times count in the zone that they are given in.
        """
        return [found._asdict() for found in self.mentions(text, at)]

    def mentions(self, text: str, at: datetime | None) -> list[Mention]:
        """As `find`, as tuples."""
        form = _form(text)
        day = at.date() if at else None
        hits = self._hits(form, day)
        ends = {hit.end: hit for hit in hits}

        def name_before(place: int, digits: str) -> str:
            while place and form[place - 1] in " (":
                place -= 1
            hit = ends.get(place)
            return hit.entry.code if hit and hit.entry.code.startswith(digits + ".") else ""

        def is_ticker(code: str) -> bool:
            return any(entry.holds(day) for entry in self._codes.get(code, ()))

        found = _Apart()
        beside = (code for hit in hits if (code := _beside(form, hit)))
        for number, start, end, sure in (*codes(form, is_ticker, name_before), *beside):
            found.add(Mention(number, start, end, text[start:end], "code", sure))
        coded = {each.code for each in found.all}
        full = coded | {hit.entry.code for hit in hits if hit.entry.how == "name"}
        for hit in hits:
            sure = _confidence(form, hit, coded, full)
            if sure:
                method, named = _METHOD[hit.entry.how], text[hit.start : hit.end]
                found.add(Mention(hit.entry.code, hit.start, hit.end, named, method, sure))
        return found.all

    def _hits(self, form: str, day: date | None) -> list[_Hit]:
        """The names in a text, the longest at each place; one that begins inside of another is none."""
        heads, found, end = self._heads, list[_Hit](), 0
        for start in [found.start() for found in self._firsts.finditer(form)]:
            if start < end or form[start : start + 2] not in heads:
                continue
            hit = next(
                filter(None, (self._hit(form, start, name, day) for name in heads[form[start : start + 2]])), None
            )
            if hit:
                end = hit.end
                found.append(hit)
        return [hit for hit in found if hit.entry.code]

    def _hit(self, form: str, start: int, name: str, day: date | None) -> _Hit | None:
        if not form.startswith(name, start):
            return None
        end = start + len(name)
        before, after = form[start - 1 : start] if start else "", form[end : end + 1]
        if _LATIN.match(name) and _LATIN.match(before):
            return None
        if _DIGIT.match(after) if _DIGIT.match(name[-1]) else _LATIN.match(name[-1]) and _LATIN.match(after):
            return None
        entry = next((entry for entry in self._names[name[:2]][name] if entry.holds(day)), None)
        return _Hit(entry, start, end) if entry else None


class _Hit(NamedTuple):
    """An entry of the table, where its name stands."""

    entry: Instrument
    start: int
    end: int


def _form(text: str) -> str:
    """The text with narrow letters and simplified characters, each at its place."""
    narrow = text
    for wide in {*_WIDE.findall(text)}:
        narrow = narrow.replace(wide, _NARROW[wide])
    simple = simplified(narrow)
    return simple if len(simple) == len(text) else narrow


def _beside(form: str, hit: _Hit) -> Code | None:
    """The code of a name that stands beside it without a bracket: 贵州茅台 600519."""
    digits = hit.entry.code.partition(".")[0]
    if not digits.isdigit():
        return None
    after = _DIGITS_AFTER.match(form, hit.end)
    if after and after[1] == digits and not UNIT.match(form, after.end()):
        return Code(hit.entry.code, *after.span(1), 0.97)
    before = _DIGITS_BEFORE.search(form, max(0, hit.start - _AROUND), hit.start)
    if before and before[1] == digits:
        return Code(hit.entry.code, *before.span(1), 0.97)
    return None


def _confidence(form: str, hit: _Hit, coded: set[str], full: set[str]) -> float:
    """How sure it is that a name means its company; 0: it does not."""
    entry, (start, end) = hit.entry, (hit.start, hit.end)
    is_latin = bool(_LATIN.match(form[start]))
    if not is_latin and (_ANOTHER.match(form, end) or (_COMMON_NOUN.fullmatch(entry.name) and _TRADE.match(form, end))):
        return 0.0
    if entry.how == "weak":
        signed = _SIGN_AFTER.match(form, end) or _SIGN_BEFORE.search(form[max(0, start - _AROUND) : start])
        if not signed and entry.code not in full:
            return 0.0
    if entry.how != "name" and not is_latin and end - start == 2 and not _is_word(form, start, end):
        return 0.0
    return 0.99 if entry.code in coded else _SURE[entry.how]


def _is_word(form: str, start: int, end: int) -> bool:
    """Whether a name begins and ends where words do."""
    if form[end - 1] == "行" and _OTHER_WORD.match(form, end):
        return False
    first = max(0, start - _AROUND)
    borders = {first, *accumulate(map(len, rjieba.cut(form[first : end + _AROUND], False)), initial=first)}
    return start in borders and end in borders
