"""What must not differ between two copies: names, codes, units, directions, and whether it happened at all. Pure.

Numbers are not here: `stories` compares them. Each rule looks at one gap between passages that agree, with the little
that stands beside it, and only at short gaps: a longer one is another wording.
"""

from __future__ import annotations

import re
import unicodedata

from storage.align import Gap

# In characters: a longer gap is a passage worded otherwise.
SHORT = 10

_OPPOSITES = (
    "上下 升降 涨跌 升跌 涨降 增减 增降 强弱 买卖 多空 盈亏 正负 高低 升贬 扩缩 松紧 胜负 胜败 胜平 东西 南北"
).split()
_DIRECTIONS = frozenset("".join(_OPPOSITES))
_NEGATIONS = re.compile(r"没有|否认|并非|[未无不没]")
# Words that hold such a character and deny nothing.
_NO_NEGATIONS = re.compile(
    r"不[断仅少过同久但管论光止到足得乏错妨禁时满料想]|无[论疑线偿限数]|无人[机驾车]|未来|没收|[差只]不多"
)
_DENIALS = re.compile("否认|不实|辟谣|谣言|子虚乌有|并无此事|不属实|虚假信息")
_CURRENCIES = "美元|欧元|日元|港元|港币|韩元|英镑|卢布|卢比|法郎|加元|澳元|新元|泰铢|台币|比特币"
_UNITS = re.compile(
    f"{_CURRENCIES}|公斤|千克|公里|千米|厘米|毫米|平方米|平方公里|公顷|千瓦|兆瓦|小时|分钟|盎司|[吨克米亩桶]"
)
_SAME_UNIT = {"港币": "港元", "千克": "公斤", "千米": "公里"}
# A currency alone may stand on one side, where the other spells it.
_SIGNS = re.compile("[-‰]|[-+]{2}|[$€£¥]{2}")
_MEASURED = re.compile(r"[\d万亿百千]$")
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵周吴徐孙马胡朱郭何罗高林郑梁谢唐许冯宋韩邓彭曹曾田萧潘袁蔡蒋余于杜叶程魏苏吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴"
    "贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严洪武莫孔汤常温康施牛樊葛邢安齐伍庞颜庄聂章鲁岳翟殷詹申欧耿关兰焦俞"
    "左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤时穆农司卓古吉缪简车项连芦"
)
_POSTS = re.compile(
    "总裁|董事|经理|主席|书记|[市省县区州部局厅处校院所行会社队外首]长|主任|教授|院士|先生|女士|教练|导演|首相|总统|总理|发言人|分析师|研究员"
    "|经济学家|大使|法官|律师|ceo|cfo"
)
_APPOINTED = re.compile(
    "(?:聘任|聘请|任命|选举|选出|提名|免去|罢免|会见|会晤|总裁|董事长|经理|主席|书记|[市省县部局]长|总统|总理)$"
)
_PLACES = re.compile(
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾"
    "|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|深圳|广州|杭州|苏州|南京|武汉|成都|西安|郑州|长沙|青岛|大连|宁波|厦门|福州|济南|合肥|沈阳|哈尔滨"
    "|长春|石家庄|太原|南昌|昆明|贵阳|南宁|兰州|银川|西宁|乌鲁木齐|拉萨|呼和浩特|海口|无锡|常州|温州|佛山|东莞|珠海|美国|英国|法国|德国"
    "|日本|韩国|朝鲜|俄罗斯|乌克兰|印度|巴西|智利|阿根廷|墨西哥|加拿大|澳大利亚|新西兰|意大利|西班牙|葡萄牙|荷兰|比利时|瑞士|瑞典|挪威|芬兰"
    "|丹麦|波兰|土耳其|伊朗|伊拉克|以色列|沙特|埃及|南非|肯尼亚|尼日利亚|越南|泰国|老挝|柬埔寨|缅甸|马来西亚|新加坡|印尼|菲律宾|巴基斯坦"
    "|哈萨克斯坦|蒙古|希腊|匈牙利|捷克"
)
# A word with a capital that does not begin a sentence: a name or a code.
_PROPER = re.compile(r"(?<![A-Za-z0-9])[A-ZＡ-Ｚ][A-Za-z0-9Ａ-Ｚａ-ｚ０-９]+")
_AFTER_SENTENCE = re.compile(r"(?:^|[.!?:;\"“”‘'\n])\s*$")
# What scanners take for one another.
_LOOK = str.maketrans("0158269zlisb", "oisbzgqzlisb") | str.maketrans("il", "ii")


def proper(text: str) -> frozenset[str]:
    """The Latin names and codes of a text as it was written, folded."""
    return frozenset(
        unicodedata.normalize("NFKC", found[0]).casefold()
        for found in _PROPER.finditer(text)
        if found[0].isupper() or not _AFTER_SENTENCE.search(text, max(0, found.start() - 3), found.start())
    )


def opposed(gap: Gap, names: tuple[frozenset[str], frozenset[str]]) -> bool:
    """Whether the two sides of a gap cannot both be true of one event; `names`: the `proper` words of either text."""
    left, right = gap.left, gap.right
    if max(len(left), len(right)) > SHORT:
        return False
    if _SIGNS.fullmatch(left + right):
        return True
    if not (left and right):
        return _NEGATIONS.fullmatch(left + right) is not None and not _NO_NEGATIONS.search(_around(gap, left + right))
    return (
        turned(left, right)
        or _denied(gap)
        or _measures(gap)
        or _persons(gap)
        or _apart(_spanning(gap, left, places=True), _spanning(gap, right, places=True))
        or _codes(gap, names)
    )


def denied(title: str, text: str, other_title: str, other_text: str) -> bool:
    """Whether the one article denies what the other one reports."""
    mine, theirs = _DENIALS.search(title), _DENIALS.search(other_title)
    if bool(mine) == bool(theirs):
        return False
    return not _DENIALS.search(other_text if mine else text)


def turned(left: str, right: str) -> bool:
    """Up here and down there."""
    one, other = _DIRECTIONS.intersection(left), _DIRECTIONS.intersection(right)
    if not (one - other and other - one) or max(len(left), len(right)) > 3:
        return False
    return any(
        len(one & {*pair}) == len(other & {*pair}) == 1 and one & {*pair} != other & {*pair} for pair in _OPPOSITES
    )


def _denied(gap: Gap) -> bool:
    sides = [_NEGATIONS.search(_NO_NEGATIONS.sub("", side)) for side in (gap.left, gap.right)]
    return bool(sides[0]) != bool(sides[1])


def _measures(gap: Gap) -> bool:
    """Another currency or unit after a number."""
    return _apart(_units(gap, gap.left), _units(gap, gap.right))


def _units(gap: Gap, side: str) -> frozenset[str]:
    text = side + gap.after[:3]
    number = re.match(r"[\d.]*[万亿百千]*", text) if not _MEASURED.search(gap.before) else re.match("", text)
    if number is None or not (number[0] or _MEASURED.search(gap.before)):
        return frozenset()
    found = _UNITS.match(text, number.end())
    return frozenset((_SAME_UNIT.get(found[0], found[0]),)) if found else frozenset()


def _persons(gap: Gap) -> bool:
    """Two persons of one post."""
    left, right = gap.left, gap.right
    if set(left) & set(right) or not (_POSTS.search(gap.after) or _APPOINTED.search(gap.before)):
        return False
    if gap.before[-1:] in _SURNAMES and len(left) == len(right) == 2:
        return True
    return all(2 <= len(name) <= 3 and name[0] in _SURNAMES for name in (left, right))


def _codes(gap: Gap, names: tuple[frozenset[str], frozenset[str]]) -> bool:
    if not all(names) or not (gap.left + gap.right).isalnum():
        return False
    one, other = (_spanning(gap, side, names=known) for side, known in zip((gap.left, gap.right), names, strict=True))
    looks = [{name.translate(_LOOK) for name in found} for found in (one, other)]
    return bool(one and other) and not looks[0] & looks[1] and not (one & names[1] or other & names[0])


def _spanning(gap: Gap, side: str, *, places: bool = False, names: frozenset[str] = frozenset()) -> frozenset[str]:
    """The places, or those of the names, that reach into a gap."""
    around = _around(gap, side)
    start, end = len(gap.before), len(gap.before) + len(side)
    if places:
        spans = [(found.start(), found[0]) for found in _PLACES.finditer(around)]
    else:
        spans = [(at, name) for name in names if (at := around.find(name)) >= 0]
    return frozenset(name for at, name in spans if at < end and at + len(name) > start)


def _around(gap: Gap, side: str) -> str:
    return gap.before + side + gap.after


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and not one & other
