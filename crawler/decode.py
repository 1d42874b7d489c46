"""Bytes to text, without a detector: byte order mark, UTF-16 by its NULs, strict UTF-8, declared names, then trial.

The order is that of what can lie least. UTF-8 is tested before any declaration because no other encoding of real
text passes the test by chance; gb2312 and gbk are read as their superset GB18030, because pages that declare the
smaller set use the larger (朱镕基); a declared name is believed only while the text it gives is sound.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:\-]{2,40})""", re.I)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_.:\-]{2,40})""")
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:\-]{2,40})""", re.I)
_CHARSET = re.compile(r"(?:utf-?8|cp\d|gb|hz|big5|euc|iso|koi8|mac|shift|ascii|latin|tis|ptcp|hp-roman)")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_HEAD = 8192
_PLAIN = re.compile(rb"([\x00-\x7f])[\x00-\x7f]{3,}")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ASCII = bytes(range(128))

# Labels that the web uses for a larger encoding (WHATWG Encoding Standard, 4.2).
_LARGER = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "gb18030": "gb18030", "x-gbk": "gb18030",
    "chinese": "gb18030", "csgb2312": "gb18030", "hz-gb-2312": "hz", "big5": "big5hkscs", "big5-hkscs": "big5hkscs",
    "x-x-big5": "big5hkscs", "cn-big5": "big5hkscs", "csbig5": "big5hkscs", "shift_jis": "cp932", "sjis": "cp932",
    "x-sjis": "cp932", "shift-jis": "cp932", "windows-31j": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-9": "cp1254",
    "tis-620": "cp874", "iso-8859-11": "cp874", "utf8": "utf-8", "unicode": "utf-8", "x-user-defined": "cp1252",
    "utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8",
}  # fmt: skip
# What the old Latin charsets hold beyond U+00FF.
_LATIN_EXTRAS = frozenset(bytes(range(128, 160)).decode("cp1252", "ignore") + "ŠšŽžŒœŸ€")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# What running text of each language is full of: the most frequent characters of news pages, and the part of all
# foreign characters (punctuation too) that they make up there. Mojibake has few of them.
_SIMPLIFIED = (
    "的人国中一大新是不年网在有上家了日为会生发下时公学经行电小和我动天市月个地女全高子美机报业文成出能这要民来图资对之多到以务本车自方体作视用理情论产者点开分股区最关心主可金"
    "与事名海品手工于后部们化内长评度载现他同政说物元闻明三信力就外安游北影"
)
_TRADITIONAL = (
    "的新大人中一國年不台醫聞生有日上是時選會報多在網家廣告發行最我為分個小要這出文院成美感動市月用前全民來學電天與看能地流以果資病高股關法下到了金過就經心保可車港長北加品期者開"
    "子藥公專元費萬體政明和現英後機手熱總產本業節將點入意無情論灣兩好對方"
)
_KANA = "のにはをたがでてとしれさあるいもなこらかりっんーくすまンスきけそよどだみつうえおせわやめじばびべちろぐげずアイウエオカキクケコサシセタチツテトナニネハヒフヘホマミムメモヤユヨラリルレロワ"
_HANGUL = "이다는에의을가고하를은한로기사지도그시인해대서리자으어부정수나일전있라과것게들아만보여장제주상성국소중되면원와구공요때동말러오비우내스트조경방연세니까"
_RUSSIAN = "оеаинтсрвлкдмпуя"
_GREEK = "αοτιενρσηκπάίόέ"
_WEST = "äöüßÄÖÜéèêëàâçîïôûùæñáíóúåøãõòìÉÈÀÇ€"
_EAST = "ąćęłńóśźżŚŁŻĘÓĄŃĆŹáéíýčďěňřšťůžČŘŠŽőűöüä€"
_COMMON = {
    "gb18030": (_SIMPLIFIED, 0.32), "big5hkscs": (_TRADITIONAL, 0.30), "cp932": (_KANA, 0.5), "euc_jp": (_KANA, 0.5),
    "cp949": (_HANGUL, 0.6), "cp1251": (_RUSSIAN, 0.8), "koi8-r": (_RUSSIAN, 0.8), "iso8859-5": (_RUSSIAN, 0.8),
    "cp1253": (_GREEK, 0.7), "iso8859-7": (_GREEK, 0.7), "cp1252": (_WEST, 0.9), "cp1250": (_EAST, 0.9),
    "iso8859-2": (_EAST, 0.9),
}  # fmt: skip
_COMMON_IN = {name: re.compile(f"[{''.join(sorted(set(each)))}]") for name, (each, _) in _COMMON.items()}
_ALPHABETS = {"cp1251", "koi8-r", "iso8859-5", "cp1253", "iso8859-7"}
_ACCENTS = {"cp1252", "cp1250", "iso8859-2"}
_LIKE = {"iso8859-15": "cp1252", "koi8-u": "koi8-r"}
_OTHER_LATIN = {"cp1254", "cp1257", "iso8859-3", "iso8859-4", "iso8859-10", "iso8859-13", "iso8859-14", "iso8859-16"}
_QUOTES = re.compile("[\u2010-\u203a\u3000-\u3002\xa0«»·©®°]")  # in texts of every language
# What hardly any page means to say: a control character, one of private use, or bytes that are no character at all.
_BAD = re.compile("[\x80-\x84\x86-\x9f\ue000-\uf8ff\ufffd]")
_SAMPLE = 16_000  # bytes from the first foreign one on, mark-up left out; all readings are compared on the same
# A declared name is believed without looking at others from this likeness on. Small alphabets overlap: Greek read as
# Russian has 0.6. Chinese pages have 0.5 at least in their own encoding, and other texts read as Chinese have none.
_SURE, _SURE_BY_ALPHABET = 0.3, 0.7
_TRUST = 1.25  # and before others that are no more than this much likelier


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and the name of the codec that read it."""

    text: str
    encoding: str


def decode(body: bytes, content_type: str = "", declared: str = "") -> Decoded:
    """Read a body. `content_type` is the HTTP header, `declared` the site's own setting, which is tried first.

    Never raises: bytes that no encoding explains come out with U+FFFD. NUL characters are dropped.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            body = body[len(mark) :]
            if name != "utf-8":
                return _clean(body.decode(name, "replace"), name)
            break  # some editors put this mark before other bytes too
    wide = _wide(body)
    if wide:
        return _clean(body.decode(wide, "replace"), wide)
    try:
        text = body.decode("utf-8")
        return _shifted(body) or _twice_encoded(text) or _clean(text, "utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(body) - 3:
            return _clean(body.decode("utf-8", "ignore"), "utf-8")
    first = len(body) - len(body.lstrip(_ASCII))
    # Mark-up between foreign characters says nothing; the first byte of it may be the second half of a character.
    sample = _PLAIN.sub(rb"\1 ", body[first : first + 20 * _SAMPLE])[:_SAMPLE]
    name = _choice(sample, _names(body, content_type, declared))
    return _clean(body.decode(name, "replace"), name)


def _shifted(body: bytes) -> Decoded | None:
    """A page in one of the old encodings of seven bits, which switch alphabets by a sign; None for any other."""
    if not body.isascii() or (b"~{" not in body and b"\x1b$" not in body):
        return None
    for sign, name, like in ((b"~{", "hz", "gb18030"), (b"\x1b$", "iso2022_jp_2", "cp932")):
        if sign in body:
            text = body.decode(name, "replace")
            if _likeness(text, like) >= _SURE:
                return _clean(text, name)
    return None


def _wide(body: bytes) -> str:
    """UTF-16 without its byte order mark: mark-up, which is ASCII, has a NUL at every second place; else ""."""
    head = body[:1024]
    nuls = head.count(0)
    if nuls * 12 < len(head) or len(head) < 16:
        return ""
    odd = head[1::2].count(0)
    if min(odd, nuls - odd) * 20 > nuls:
        return ""  # NULs at both places: no text in two bytes a character
    return "utf-16-le" if odd * 2 > nuls else "utf-16-be"


def _twice_encoded(text: str) -> Decoded | None:
    """The page behind one that somebody read as Latin letters and wrote anew as UTF-8; None for any other page.

    Cheap for those: Chinese fails at its first character, Latin words at having few accents.
    """
    try:
        text.encode("latin-1")
    except UnicodeEncodeError as error:
        if text[error.start] not in _LATIN_EXTRAS:
            return None
    if _foreign(text) * 100 < len(text):
        return None
    for wrong in ("iso8859-15", "cp1252"):
        for right in ("utf-8", "gb18030"):
            try:
                read = text.encode(wrong).decode(right)
            except UnicodeError:
                continue
            if len(text) - len(read) >= 16 and _likeness(read[:50_000], "gb18030") >= 0.25:
                return _clean(read, right)
    return None


def _clean(text: str, encoding: str) -> Decoded:
    return Decoded(text.replace("\x00", "") if "\x00" in text else text, encoding)


def _names(body: bytes, content_type: str, declared: str) -> list[str]:
    head = body[:_HEAD]
    said = [declared, *_HEADER.findall(content_type)]
    said += [name.decode("ascii") for name in _XML.findall(head) + _META.findall(head)]
    names = []
    for label in said:
        name = _LARGER.get(label.strip().lower(), label.strip().lower())
        try:
            codec = codecs.lookup(name) if name else None
        except (LookupError, ValueError):
            continue
        # Python also calls "codecs" what is no charset (base64, rot13, idna); the web's charsets are these alone.
        if codec is None or not _CHARSET.match(codec.name):
            continue
        name = codec.name
        if name not in names:
            names.append(name)
    return names


def _nearly_utf8(body: bytes) -> bool:
    """Whether so few bytes are no UTF-8 that they are accidents: under one for ten foreign characters."""
    rest, characters = _UTF8.subn(b"", body.translate(None, _ASCII))
    return len(rest) * 10 < max(characters, 1)


def _foreign(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _sound(text: str) -> bool:
    """A few bad bytes are an accident; one in twenty foreign characters is the wrong encoding."""
    bad = text.count("\ufffd")
    return bad <= 2 or bad * 20 <= _foreign(text)


def _likeness(text: str, name: str) -> float:
    """How much the foreign characters of a text are like those of the language of an encoding: about 1 where it is.

    Letters of an alphabet of its own stand in runs, accents alone in words of Latin letters: others do not count.
    """
    runs = _runs(text)
    foreign = "".join(runs)
    if name in _ALPHABETS:
        counted = "".join(run for run in runs if len(run) != 2)
    else:
        counted = "".join(run for run in runs if len(run) < 3) if name in _ACCENTS else foreign
    hits = len(_COMMON_IN[name].findall(counted)) - 2 * len(_BAD.findall(foreign))
    return hits / max(len(foreign), 1) / _COMMON[name][1]


def _runs(text: str) -> list[str]:
    return _FOREIGN.findall(_QUOTES.sub(" ", text))


def _alone(text: str) -> bool:
    """Whether the foreign characters stand alone or in pairs, as accents do in Latin words."""
    runs = _runs(text)
    return sum(len(run) for run in runs if len(run) >= 3) * 2 <= sum(map(len, runs))


def _choice(sample: bytes, declared: list[str]) -> str:
    """The encoding of bytes that are no sound UTF-8: a declared one while its text is sound, else the likeliest.

    GB18030 and Big5 read each other's bytes without an error, and Latin-1 all: only the characters tell.
    """
    if _nearly_utf8(sample):
        return "utf-8"
    likely: dict[str, float] = {}
    for name in declared:
        text = sample.decode(name, "replace")
        if not _sound(text) or name in likely:
            continue
        like = _LIKE.get(name, name)
        if like not in _COMMON and name in _OTHER_LATIN and not _alone(text):
            continue
        if like not in _COMMON or sum(map(len, _runs(text))) < 16:
            return name
        likely[name] = _likeness(text, like) * _TRUST
        sure = _SURE_BY_ALPHABET if like in _ALPHABETS | _ACCENTS else _SURE
        if likely[name] >= sure * _TRUST:
            return name
    for name in _COMMON:
        if name not in likely:
            likely[name] = _likeness(sample.decode(name, "replace"), name)
    return max(likely, key=lambda name: likely[name]) if max(likely.values()) >= 0.05 else "cp1252"
