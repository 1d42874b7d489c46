"""What the model sees of a title: runs of its characters, and a few plain signs that no run can tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from operator import add

from crawler.ads.fold import HAN, PICTURE, close_up, unify

SIGNS = (
    "contact", "contact word", "seller", "link", "marks inside words", "pictures", "square brackets", "quoted",
    "question", "colon after name", "exclamations", "digits over a quarter", "long", "run-on",
    "phrases: 2", "phrases: 3", "phrases: 4", "phrases: 5 and more",
)  # fmt: skip

# A title beyond this says nothing new; text that was taken for a title costs no more than one.
_LONGEST = 160
_LONG = 60
_RUN_ON = 22
# Sellers string short phrases together with spaces; two sentences of a headline are longer.
_PHRASE = 9

_CONTACT = re.compile(
    r"(?<!\d)1[3-9]\d(?:[\s-]?[\d*x]){8}(?!\d)"
    r"|(?<!\d)[48]00-?\d{3}-?\d{4}(?!\d)"
    r"|(?:微信|扣扣|抠抠|企鹅|群|裙|飞机|电报|蝙蝠|(?<![a-z0-9])(?:vx?|wx|qq?|tg|telegram|whatsapp|line|skype))"
    r"号?[\s:搜@+]{0,3}(?=[a-z_-]*\d)[a-z0-9_-]{5,}"
    r"|(?<![\w.])@[a-z]\w{2,}|(?<![a-z])t\.me/|\+86"
)
_CONTACT_WORD = re.compile(
    r"加(?:我|一下)?(?:微信|[vq](?![a-z])|群领|裙|赖|line|扣|企鹅)|\+我?(?:微|[vq](?![a-z]))|微信同号|同微信"
    r"|扫码(?:进|加|入)群|私信我|私聊|[电威]议|详谈|(?:欢迎|请)(?:来电|私信|联系|咨询|致电|联络|点击对接)"
    r"|有意(?:者|请|联系|加|\+)|(?<![a-z])(?:contact|dm|call|text) (?:us|me|now)(?![a-z])"
)
_SELLER = re.compile(
    r"(?:^|[,!?. ])(?:我们?是|本人|我司|本公司|本店|大家好|您好|老板们?好?,)"
    r".{0,24}?(?:经理|总监|主管|组长|专员|顾问|老师|代理|服务商|厂家|专业|承接|出售|做|卖)"
)
_LINK = re.compile(r"https?://|www\.|[a-z0-9-]{2,}\.(?:com|cn|net|vip|top|xyz|cc|me|club|shop|app)(?![a-z])")
_MARKS = re.compile(f"(?<=[{HAN}])[·•*~^`´┆│┊★☆◆●■]+(?=[{HAN}])")
_SPEAKER = re.compile(f"[{HAN}a-z0-9]{{2,14}}[:|]")
_HAN = re.compile(f"[{HAN}]")
_BREAK = re.compile(r"[\s,:;!?。、\"《|…-]")
_WORD = re.compile(r"[a-z\u00df-\u024f\u0370-\u052f]{3,}")
_GAP = re.compile(r"[\s,|!?;:。·•~*_]+")


def features(title: str) -> tuple[list[str], set[str]]:
    """The plain signs of a title (out of SIGNS) and its runs of characters."""
    unified = unify(title[:_LONGEST])
    closed = close_up(unified)
    return list(_signs(unified, closed)), _runs(unified, closed)


def contacts(text: str) -> tuple[int, int]:
    """How many different ways to reach somebody a text gives, and how often it asks to."""
    closed = close_up(unify(text))
    return len(set(_CONTACT.findall(closed))), len(_CONTACT_WORD.findall(closed))


def _signs(unified: str, closed: str) -> Iterator[str]:
    if _CONTACT.search(closed):
        yield "contact"
    elif _SPEAKER.match(closed):
        yield "colon after name"
    if _CONTACT_WORD.search(closed):
        yield "contact word"
    if _SELLER.search(closed):
        yield "seller"
    if "." in closed and _LINK.search(closed):
        yield "link"
    if len(_MARKS.findall(unified)) > 1:
        yield "marks inside words"
    if PICTURE in unified:
        yield "pictures"
    if closed.find("[", 1) > 0:
        yield "square brackets"
    if '"' in closed or "《" in closed:
        yield "quoted"
    if "?" in closed:
        yield "question"
    if closed.count("!") > 1:
        yield "exclamations"
    yield from _shape(unified, closed)


def _shape(unified: str, closed: str) -> Iterator[str]:
    size, written = len(closed), len(_HAN.findall(closed))
    if written * 2 > size:
        phrases = sum(len(_HAN.findall(part)) > 1 for part in unified.split())
        if phrases > 1 and size <= _PHRASE * phrases:
            yield f"phrases: {phrases}" if phrases < 5 else "phrases: 5 and more"
    if sum(map(str.isdigit, closed)) * 4 > size:
        yield "digits over a quarter"
    if written > _RUN_ON and not _BREAK.search(unified):
        yield "run-on"
    if size > _LONG:
        yield "long"


def _runs(unified: str, closed: str) -> set[str]:
    """Latin, Greek and Cyrillic words and pairs of them; with Chinese, also every run of 2 and 3 characters.

    The runs are of the closed-up title, which no stray mark breaks, with `§` for each word. Those at the ends of
    phrases are of the phrases as they were written; `|` is the gap between two.
    """
    words = _WORD.findall(unified)
    found = {*words, *map(" ".join, pairwise(words))}
    if _HAN.search(closed):
        text = _WORD.sub("§", closed) if words else closed
        pairs = list(map(add, text, text[1:]))
        found.update(pairs, map(add, pairs, text[2:]))
        for phrase in filter(None, _GAP.split(unified)):
            found |= {f"|{phrase[0]}", f"|{phrase[:2]}", f"{phrase[-1]}|", f"{phrase[-2:]}|"}
    return found
