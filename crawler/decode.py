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
_RUN = re.compile(r"[^\x00-\x7f]{3,}")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_HEAD = 8192

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

# What running text of each encoding is full of: the most frequent characters of the language.
_COMMON = {
    "gb18030": frozenset("的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多"),
    "big5hkscs": frozenset("的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多"),
    "cp932": frozenset("のにはをたがでてとしれさあるいもなこらかりっんーくすまンス日本人年"),
    "cp949": frozenset("이다는에의을가고하를은한로기사지도그시인해대서리자으어부정수나"),
    "cp1251": frozenset("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэ"),
}  # fmt: skip
_COMMON_IN = {name: re.compile(f"[{''.join(sorted(characters))}]") for name, characters in _COMMON.items()}


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
            return _clean(body[len(mark) :].decode(name, "replace"), name)
    wide = _wide(body)
    if wide:
        return _clean(body.decode(wide, "replace"), wide)
    try:
        text = body.decode("utf-8")
        return _twice_encoded(text) or _clean(text, "utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(body) - 3:
            return _clean(body.decode("utf-8", "ignore"), "utf-8")
    for name in _names(body, content_type, declared):
        text = body.decode(name, "replace")
        if _sound(text) and _plausible(text, name):
            return _clean(text, name)
    return _clean(*_trial(body))


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
    if (len(text) - len(text.encode("ascii", "ignore"))) * 100 < len(text):
        return None
    for wrong in ("iso8859-15", "cp1252"):
        for right in ("utf-8", "gb18030"):
            try:
                read = text.encode(wrong).decode(right)
            except UnicodeError:
                continue
            if len(text) - len(read) >= 16 and _share(read, "gb18030") >= 0.05:
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


def _sound(text: str) -> bool:
    """A few bad bytes are an accident; one in twenty foreign characters is the wrong encoding."""
    bad = text.count("\ufffd")
    if bad <= 2:
        return True
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return bad * 20 <= foreign


def _share(text: str, name: str) -> float:
    """The part of the foreign characters that the language of an encoding is full of, 0..1; mojibake has few."""
    foreign = "".join(_FOREIGN.findall(text[:50_000]))
    if not foreign:
        return 0.0
    hits = len(_COMMON_IN[name].findall(foreign)) - 2 * foreign.count("\ufffd")
    if name == "cp1251" and sum(map(len, _RUN.findall(text[:50_000]))) * 2 < len(foreign):
        return 0.0  # single accents in Latin words are no Cyrillic
    return hits / len(foreign)


def _plausible(text: str, name: str) -> bool:
    """GB18030 and Big5 decode each other's bytes without an error, and Latin-1 all: only the characters tell."""
    key = name.replace("-", "")
    if key in ("cp1252", "cp1250", "cp1254", "cp1257"):
        # Accents stand alone in Latin words; long runs of them are another encoding's letters.
        high = len(text) - len(text.encode("ascii", "ignore"))
        return sum(map(len, _RUN.findall(text[:50_000]))) * 2 < min(high, 50_000) or high < 16
    if key not in ("gb18030", "big5hkscs"):
        return True
    return _share(text, key) >= 0.04 or len(text) - len(text.encode("ascii", "ignore")) < 16


def _trial(body: bytes) -> tuple[str, str]:
    """The encoding whose reading has most of the characters that its language is full of."""
    best, choice = 0.05, "cp1252"
    for name in _COMMON:
        share = _share(body[:200_000].decode(name, "replace"), name)
        if share > best:
            best, choice = share, name
    utf8 = body[:200_000].decode("utf-8", "replace")
    if utf8.count("\ufffd") * 10 < len(utf8) - len(utf8.encode("ascii", "ignore")):
        choice = "utf-8"
    return body.decode(choice, "replace"), choice
