"""The language of the text, two letters (ISO 639-1), and the script of Chinese: zh-Hans or zh-Hant (RFC 5646).

The text's own characters and small words decide; the page's declaration tells apart the languages that share the
Cyrillic, Arabic or Hebrew letters, where it is one of these and the text has its letters.
"""

from __future__ import annotations

import re
from collections import Counter

from crawler.view import Found, View

TYPE = str

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]+")),
    ("ko", re.compile(r"[\uac00-\ud7af]+")),
    ("zh", re.compile(r"[\u4e00-\u9fff]+")),
    ("ru", re.compile(r"[\u0400-\u04ff]+")),
    ("el", re.compile(r"[\u0370-\u03ff]+")),
    ("ar", re.compile(r"[\u0600-\u06ff]+")),
    ("he", re.compile(r"[\u0590-\u05ff]+")),
    ("th", re.compile(r"[\u0e00-\u0e7f]+")),
)
_LETTERS = re.compile(r"[^\W\d_]+")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_SHARE = {"ja": 0.05, "ko": 0.15, "zh": 0.15}
_TRADITIONAL = re.compile(
    "[這個們來說時會國對後學發經過還應當與為從將見長開關點頭嗎東車話實錢報聞電業產動務並兩萬問間體]"
)
_SIMPLIFIED = re.compile(
    "[这个们来说时会国对后学发经过还应当与为从将见长开关点头吗东车话实钱报闻电业产动务并两万问间体]"
)
_WORDS = {
    "en": frozenset("the of and to in that is was for with on".split()),
    "de": frozenset("der die und das den nicht mit ist von zu ein".split()),
    "fr": frozenset("le la les des et une est pour dans que qui".split()),
    "es": frozenset("el los las una que del por con para se su".split()),
    "it": frozenset("il che di della per una con sono gli nel".split()),
    "pl": frozenset("nie się na jest że do po przez oraz dla".split()),
    "pt": frozenset("que não uma para com os dos mais foi ao".split()),
    "nl": frozenset("het een van dat niet voor zijn met aan ook".split()),
    "tr": frozenset("bir bu ve için ile olarak daha çok olan".split()),
}  # fmt: skip

# What else is written in the letters of a language that stands for its script.
_SHARING = {
    "ru": frozenset("ab av ba be bg ce cv kk ky mk mn os sr tg tt uk".split()),
    "ar": frozenset("fa ks ku ps sd ug ur".split()),
    "he": frozenset(("yi",)),
}
# Letters that a language has not: a page may declare the language of its site, and be in another one.
_WITHOUT = {
    "be": re.compile("[ищъ]"), "bg": re.compile("[ыэё]"), "mk": re.compile("[ыэёъщюя]"), "sr": re.compile("[ыэёъщюя]"),
    "uk": re.compile("[ыэёъ]"),
}  # fmt: skip
_QUOTED = 0.01  # of the letters, such as a name in the other language


def detect(text: str) -> str:
    """The language of a text of some length, "" where it cannot be told."""
    sample = text[:1500]
    plain = sample.encode("ascii", "ignore")
    least = len(plain.translate(None, _NO_LETTERS))  # letters, but for those beyond ASCII
    foreign = len(sample) - len(plain)
    for name, script in _SCRIPTS if foreign > 0.05 * least else ():
        found, share = len("".join(script.findall(sample))), _SHARE.get(name, 0.3)
        if found > share * least and (found > share * (least + foreign) or found > share * _letters(sample)):
            return _chinese(sample) if name == "zh" else name
    if not least and not _letters(sample):
        return ""
    words = sample.lower().split()
    seen = Counter(words)
    counts = {name: sum(seen[word] for word in common if word in seen) for name, common in _WORDS.items()}
    best = max(counts, key=lambda n: counts[n])
    return best if counts[best] * 20 >= len(words) else ""


def _letters(text: str) -> int:
    return len("".join(_LETTERS.findall(text)))


def _chinese(text: str) -> str:
    traditional, simplified = len(_TRADITIONAL.findall(text)), len(_SIMPLIFIED.findall(text))
    if traditional == simplified:
        return "zh"
    return "zh-Hant" if traditional > simplified else "zh-Hans"


def written(view: View) -> Found | None:
    """From the characters and the small words of the body."""
    lines = view.tree.lines
    text = " ".join(lines[n].text for n in view.kept) or view.title or " ".join(line.text for line in lines[:60])
    name, told = detect(text), _declared(view)
    if told in _SHARING.get(name, ()) and _may_be(told, text):
        return Found(told, f"the letters of the text, and <html lang={view.tree.html_lang}>")
    return Found(name, "the text") if name else None


def _may_be(name: str, text: str) -> bool:
    absent = _WITHOUT.get(name)
    return absent is None or len(absent.findall(text.lower())) <= _QUOTED * _letters(text)


def _declared(view: View) -> str:
    return re.split("[-_]", view.tree.html_lang)[0].strip().lower()


def declared(view: View) -> Found | None:
    """From <html lang>, where the text does not tell."""
    name = _declared(view)
    return Found(name, f"<html lang={view.tree.html_lang}>") if len(name) == 2 else None


RULES = (written, declared)
