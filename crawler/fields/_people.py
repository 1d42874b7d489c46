"""Names of people out of a byline: Chinese ones by family name, others by their form."""

from __future__ import annotations

import re

from crawler.fields._evidence import is_han_name

_SPLIT = re.compile(r"[、，,;；/|　]|\s+(?:and|&|und|et|y|with)\s+|\s{2,}", re.I)
HAN_SPLIT = re.compile(r"[\s、，,;；/　]+")
_ROLE = re.compile(r"^(?:通讯员|实习生|实习记者|本报记者|记者|文|图|摄|作者|(?:by|von|par|por|di)\b)[\s:：/]*", re.I)
_PHOTOGRAPHER = re.compile(r"(?<=[\u4e00-\u9fff]{2})[摄攝]$")
# What follows a name after a comma: the post, or the medium.
_POST = re.compile(
    r"\b(?:editor|reporter|writer|correspondent|analyst|expert|columnist|contributor|news|watch|magazine|times|press)\b",
    re.I,
)
_DIGIT = re.compile(r"\d")
NOT_NAME = re.compile(
    r"[\u4e00-\u9fff]\d|游客|网友|網友|匿名|楼主|简体|繁体|簡體|繁體|报道|获悉|从|了解|采访|发现|表示|编辑|来源|来自|來自|网站|热线|本报|电视|招聘|客户端|admin|staff|editor|redaktion|newsroom|https?:|@|desk$|online$|\.(?:com|net|org)",
    re.I,
)

LONGEST = 2000  # characters that names are looked for in


def han_names(text: str) -> list[str]:
    """Chinese names: after the first one, only what starts like a name is one."""
    names: list[str] = []
    for part in HAN_SPLIT.split(text):
        name = _PHOTOGRAPHER.sub("", _ROLE.sub("", part))
        if is_han_name(name) and not NOT_NAME.search(name):
            names.append(name)
        elif names:
            break
    return list(dict.fromkeys(names))


def latin_names(text: str) -> list[str]:
    """Names that commas, bars or "and" part; posts and media behind them go."""
    if not text:
        return []
    text = re.sub(r"(?<!\s)\s++(?:on|at|for|in|am|um|le)\b.*$", "", text[:LONGEST])
    names = [_ROLE.sub("", part.strip()) for part in _SPLIT.split(text)]
    names = names[:1] + [name for name in names[1:] if not _POST.search(name) and not _DIGIT.search(name)]
    return [
        n
        for n in names
        if 2 <= len(n) <= 40
        and not _DIGIT.search(n)
        and not NOT_NAME.search(n)
        and len(n.split()) <= 5
        and _is_person(n)
    ]


def _is_person(name: str) -> bool:
    """A Chinese string in an author field is a desk or a medium unless it reads as a name."""
    return is_han_name(name) if re.search(r"[\u4e00-\u9fff]", name) else True
