"""Who wrote the article, as a list of names.

A labelled name beside the headline first, then the reporter of the dateline or the last line, then metadata.
"""

from __future__ import annotations

import re
from typing import Any

from crawler.fields._evidence import REACH, is_han_name, meta_lines, own_lines
from crawler.fields._people import HAN_SPLIT, NOT_NAME, han_names, latin_names
from crawler.times import MONTH_NAMES
from crawler.view import Found, View, squeeze

TYPE = list

_HAN = r"[\u4e00-\u9fff·]"
_NAMES = rf"(?P<names>{_HAN}{{2,4}}(?:[\s、，,　/]+(?:(?:通讯员|实习生|实习记者|记者)[\s：:]*)?{_HAN}{{2,4}})*)"
_END = r"(?=\s|$|[）)】\]|｜:：。,，;；/／\d]|报道|文|发自|摄|编辑|责任|来源|责编)"
_LABELLED = re.compile(
    rf"(?:作者|撰文|撰稿|记者|記者|文字|執筆)(?:\s*[:：/／|｜]\s*|\s+)(?:本报)?(?:记者)?\s*{_NAMES}{_END}"
)
# After an explicit label anything that is no button is a name: pen names, Latin names, desks with a name of their own.
_PEN = re.compile(
    r"(?:作者|撰文|撰稿)\s*[:：]\s*(?P<name>[^\s:：\]】）)|｜,，;；。/]{2,20}(?:\s[A-Z][a-z]+)?)(?=\s|$|[\]】）)|｜,，;；。/])"
)
# Two to four words that begin with a capital, or a name in Japanese or Chinese characters.
_PERSON = re.compile(
    r"[^\W\d_a-z\u0430-\u044f][\w.'’\-]*(?:\s(?:[^\W\d_a-z\u0430-\u044f][\w.'’\-]*|van|von|de|der|den|da|di|du|la|le|el|al|bin)){1,4}|[\u4e00-\u9fff々]{2,5}"
)
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|autor(?:en|es|zy|i)?|auteurs?|autori|contributors?|people|profiles?|journalists?|journalistes?|staff|reporters?|by|writers?|firmas?)/",
    re.I,
)
_AUTHOR_BOX = re.compile(r"author|byline|writer|reporter|journalist|autor|auteur|signature|\bby\b", re.I)
_DUTY = re.compile(r"(?:\s\w+)?\s(?:editor|reporter|correspondent|writer|columnist|redakteurin|redakteur)$", re.I)
# A name before the date, an icon of a pen or of a head being its label.
_BEFORE_TIME = re.compile(r"(?P<name>[\u4e00-\u9fff]{3})\s(?=(?:19|20)\d\d[-/.年])")
_TITLE_BY = re.compile(r"[-–—|]\s+by\s+(?P<names>[^\W\d_][^|\-–—]{2,50}?)\s*(?:[|\-–—]|$)", re.I)
_KOREAN = re.compile(r"(?:^|[\s(=\[])(?P<name>[가-힣]{2,4})\s?(?:선임|수습|인턴)?\s?기자(?=\s|$|[)=\](])")
# Japanese names: family names are not listed, so one counts only behind its label.
_JAPANESE = re.compile(
    r"(?:記者|執筆者?|取材|文責|ライター)[\s:：・／/＝=]+(?P<name>[\u4e00-\u9fff々]{1,4}[\s　]?[\u3040-\u30ff\u4e00-\u9fff々ー]{1,6})"
    r"(?=[\s　）)】\]、。｜|]|$)"
)
# Every label of an author has one of these: a cheap look that spares the long patterns.
_LABEL_SIGN = re.compile("[者文稿筆员]")
_NOBODY = re.compile(r"未知|佚名|匿名|网络|網絡|本站|转载|原创|整理|综合|不详|admin|来源|编辑", re.I)
_SLASH = re.compile(rf"(?:^|[\s（(【])文\s*[/／丨|:：]\s*(?:本报记者|记者)?\s*{_NAMES}{_END}")
_REPORTER = re.compile(
    rf"(?:本报|本刊|本网|本台|[\u4e00-\u9fff]{{2,6}}(?:报|网|社|台|新闻|财经|周刊))?(?:首席|实习|特约|见习|驻[\u4e00-\u9fff]{{2,4}})?"
    rf"(?:记者|記者|通讯员|特派员)[\s:：]*{_NAMES}{_END}"
)
# The dateline of agencies: reporter, place, day.
_AGENCY = re.compile(
    r"[（(][\u4e00-\u9fff]{2,6}(?:记者|記者)(?P<names>[\u4e00-\u9fff]{3}|[\u4e00-\u9fff]{2})[\u4e00-\u9fff]{2,6}?\d{1,2}日(?:专|專|外)?[电電訊讯]"
)
_SIGNED = re.compile(
    r"(?:^|[。！？”])\s*[（(]\s*(?:(?:文|图|摄影|通讯员|记者|本报记者)[/、，\s:：]*)*(?P<names>[\u4e00-\u9fff]{2,4}(?:[、，\s]+[\u4e00-\u9fff]{2,4}){0,3})\s*[）)]\s*$"
)
# A name of two characters is often set wide, to be as long as those of three.
_WIDE = re.compile(r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff])[\s　]{1,2}([\u4e00-\u9fff])(?![\u4e00-\u9fff])")
# What stands between "(记者" and the bracket is a name, also of peoples that have no family names.
_IN_BRACKETS = re.compile(
    r"[（(](?:本报|本刊|本网|见习|实习|特约|首席)?(?:记者|記者|通讯员)[\s:：]*(?P<name>[\u4e00-\u9fff·]{2,6})\s*[）)]"
)
_BEFORE_MEDIUM = re.compile(
    r"^\s*(?P<name>[\u4e00-\u9fff]{2,4})\s*[/／]\s*[\u4e00-\u9fff]{2,8}(?:报|報|网|網|社|新闻|新聞|周刊)\s*$"
)
_BRACKETED = re.compile(r"[\[【（(]\s*(?P<name>[\u4e00-\u9fff]{2,3})\s*[\]】）)]")
_KINDS = r"(?:(?:an? |ein |eine |een |un |une )?(?:report|story|essay|review|bericht|reportage|kommentar|analyse|interview|gastbeitrag|kolumne|article|reportaje) )?"
# What stands behind the names on their line: a date, or a label of one.
_LATER = re.compile(
    rf"\s+\W*(?:(?:{MONTH_NAMES})\.?\s+\d|\d|(?:published|updated|posted|stand|publié|mis à jour|lesezeit|aktualisiert|veröffentlicht|opublikowano|dodano|last|first|read)\b)",
    re.I,
)
_BY = re.compile(
    rf"(?:^|[·|•]\s*|\bposted (?=by)){_KINDS}(?:by|von|par|por|di|de|door|av|af|από|written by|posted by|author|autor|автор|αυτορ|tekst)\s*:?\s+(?P<names>[^\W\d_][\w.'’\-]+(?:\s+(?:[^\W\d_][\w.'’\-]*|and|&|und|et|y)){{0,7}}"
    r"(?:,\s*[^\W\d_][\w.'’\-]+(?:\s+[^\W\d_][\w.'’\-]*){{1,3}})*)",
    re.I,
)


def japanese(view: View) -> Found | None:
    """記者 NAME around the headline or after the body of a Japanese page."""
    if str(view.found["lang"].value if "lang" in view.found else "") != "ja":
        return None
    for number in meta_lines(view):
        line = view.tree.lines[number]
        match = _JAPANESE.search(line.spaced) if line.size < 300 else None
        if match:
            return Found([" ".join(match["name"].split())], f"line {number}: {line.text[:60]}", number)
    return None


def labelled(view: View) -> Found | None:
    """作者：NAME, 记者：NAME or 文/NAME around the headline or after the body."""
    for number in meta_lines(view):
        line = view.tree.lines[number]
        if line.size > 300 or not _LABEL_SIGN.search(line.text):
            continue  # the labels are Chinese or Japanese
        text = _WIDE.sub(r"\1\2", line.spaced)
        match = _LABELLED.search(text) or _SLASH.search(text)
        names = han_names(match["names"]) if match else []
        pen = None if names else _PEN.search(text)
        if pen and not _NOBODY.search(pen["name"]):
            names = [pen["name"]]
        if names:
            return Found(names, f"line {number}: {line.text[:60]}", number)
    return None


def byline(view: View) -> Found | None:
    """ "By NAME" around the headline or as the first line of the body."""
    for number in [*meta_lines(view), *view.kept[:2]]:
        line = view.tree.lines[number]
        match = _BY.match(_LATER.split(line.spaced, maxsplit=1)[0]) if line.size < 160 else None
        names = latin_names(match["names"]) if match else []
        if names:
            return Found(names, f"line {number}: {line.text[:60]}", number)
    return None


def reporter(view: View) -> Found | None:
    """The reporter of the dateline, of the first paragraphs or of the last one."""
    for number in view.kept[:8]:
        line = view.tree.lines[number]
        match = _LABELLED.search(line.spaced) if line.size < 60 and not line.ends else None
        if match and han_names(match["names"]):
            return Found(han_names(match["names"]), f"line {number}: {line.text[:60]}", number)
    for number in [*view.kept[:3], *view.kept[-2:], *meta_lines(view)]:
        text = view.tree.lines[number].text
        for part in (text[:60], text[-40:]) if number not in view.kept[-2:] else (text[-60:], text[:60]):
            if not _LABEL_SIGN.search(part):
                continue
            match = _REPORTER.search(part) or _SLASH.search(part) or _AGENCY.search(part)
            names = han_names(match["names"]) if match else []
            alone = None if names else _IN_BRACKETS.search(part)
            if alone and not NOT_NAME.search(alone["name"]):
                names = [alone["name"]]
            if names:
                return Found(names, f"line {number}: {part}", number)
    return None


def named(view: View) -> Found | None:
    """A link or a box before the body that is marked up as the author."""
    for anchor in view.tree.anchors:
        if "author" in anchor.rel and view.title_line - 3 <= anchor.line <= view.first_kept + 1:
            names = latin_names(anchor.text)
            if names:
                return Found(names, f"rel=author: {anchor.text}", anchor.line)
    return None


def alone(view: View) -> Found | None:
    """A line of names only under the headline, or a name in brackets on the line of the time."""
    published = view.found.get("published")
    # With no headline to stand under, two characters are as well a word of a menu.
    below = [] if view.title_line < 0 and (published is None or published.line < 0) else own_lines(view)[:6]
    for number in [*below, *view.kept[:2]]:
        text = view.tree.lines[number].spaced
        if _in_menu(view, number):
            continue
        if len(text) <= 14:
            names = [part for part in HAN_SPLIT.split(text.strip("[]【】（）() ")) if part]
        elif published and number == published.line:
            names = [match["name"] for match in _BRACKETED.finditer(text)][:1]
            names = names or [match["name"] for match in (_BEFORE_TIME.match(text),) if match]
        else:
            continue
        listed = "、" in text and any(map(is_han_name, names)) and not any(map(NOT_NAME.search, names))
        if (listed and all(re.fullmatch(_HAN + "{2,3}", name) for name in names)) or (
            names and all(len(name) <= 3 and is_han_name(name) and not NOT_NAME.search(name) for name in names)
        ):
            return Found(names, f"line {number}: {text[:60]}", number)
    return None


def _in_menu(view: View, number: int) -> bool:
    """Whether a line is a link in a row of links that are not all names."""
    lines, first, last = view.tree.lines, number, number + 1
    while first > 0 and lines[first - 1].link * 10 > lines[first - 1].size * 9:
        first -= 1
    while last < len(lines) and lines[last].link * 10 > lines[last].size * 9:
        last += 1
    linked = lines[number].link * 10 > lines[number].size * 9
    return linked and not all(is_han_name(line.text) for line in lines[first:last])


def boxed(view: View) -> Found | None:
    """A name, and nothing else, in a box that is called after the author, or linked to an author's page, beside the headline."""
    lines, elements = view.tree.lines, view.tree.elements
    last = min(view.first_kept + 1, view.title_line + 1 + REACH) if view.title_line >= 0 else -1
    for number in range(max(0, view.title_line - 3), min(last, len(lines))):
        line = lines[number]
        if number == view.title_line or line.size > 160:
            continue
        for anchor in (view.tree.anchors[n] for n in line.anchors[:4]):
            if _AUTHOR_PAGE.search(anchor.href) and _PERSON.fullmatch(anchor.text) and latin_names(anchor.text):
                return Found(latin_names(anchor.text), f"line {number}, linked to {anchor.href[:60]}", number)
        text = _LATER.split(line.spaced, maxsplit=1)[0].split(",")[0].split("|")[0].strip(" ·•—-")
        text = _DUTY.sub("", text)
        if line.ends or not _PERSON.fullmatch(text):
            continue
        inside = (e.name for e in elements[line.box + 1 : line.box + 6] if e.first == e.last == number)
        around = " ".join((*(elements[i].name for i in view.tree.ancestors(line.box)[:2]), *inside))
        if around and _AUTHOR_BOX.search(around):
            names = [text] if text[0] >= "\u4e00" and "writer" in around else latin_names(text)
            if names and not any(squeeze(n) in squeeze(view.meta.get("og:site_name", "")) for n in names):
                return Found(names, f"line {number}, in a box called {around.strip()[:40]}", number)
    return None


def in_title(view: View) -> Found | None:
    """The "by NAME" that letters and essays hang on their <title>."""
    match = _TITLE_BY.search(view.tree.title)
    names = latin_names(match["names"]) if match else []
    return Found(names, "<title>") if names else None


def korean(view: View) -> Found | None:
    """NAME 기자 around the headline, or as the last words of the body."""
    if str(view.found["lang"].value if "lang" in view.found else "") != "ko":
        return None
    for number in [*meta_lines(view), *view.kept[-2:], *view.kept[:1]]:
        match = _KOREAN.search(view.tree.lines[number].spaced)
        if match:
            return Found([match["name"]], f"line {number}: {view.tree.lines[number].text[:60]}", number)
    return None


def signed(view: View) -> Found | None:
    """A name in brackets at the very end of the story, or one before a medium between headline and body."""
    for number in view.kept[-1:]:
        match = _SIGNED.search(view.tree.lines[number].text[-60:])
        names = HAN_SPLIT.split(match["names"]) if match else []
        if names and all(is_han_name(name) and len(name) <= 3 and not NOT_NAME.search(name) for name in names):
            return Found(names, f"end of line {number}", number)
    for number in meta_lines(view):
        match = _BEFORE_MEDIUM.match(view.tree.lines[number].spaced)
        if match and is_han_name(match["name"]):
            return Found([match["name"]], f"line {number}: {view.tree.lines[number].text[:60]}", number)
    return None


def linked(view: View) -> Found | None:
    """JSON-LD author."""
    for value in view.linked_data("author"):
        names = [n for item in (value if isinstance(value, list) else [value]) for n in latin_names(_name(item))]
        if names:
            return Found(list(dict.fromkeys(names)), "JSON-LD author")
    return None


def metadata(view: View) -> Found | None:
    """A <meta> that names the author."""
    site = squeeze(view.meta.get("og:site_name", ""))
    for key in (
        "author",
        "article:author",
        "dc.creator",
        "byl",
        "sailthru.author",
        "parsely-author",
        "dcterms.creator",
    ):
        names = latin_names(view.meta.get(key, ""))
        if names and site not in map(squeeze, names):
            return Found(names, f"meta {key}")
    return None


RULES = (labelled, japanese, korean, named, byline, linked, reporter, signed, boxed, alone, metadata, in_title)


def read(text: str) -> list[str]:
    """Names out of a text that is known to be a byline."""
    text = re.sub(r"^\s*(?:(?:作者|记者|記者|撰文|文)\s*[:：/]?|(?:by|von|par|por)\b\s*:?)\s*", "", text, flags=re.I)
    return latin_names(text) or han_names(text)


def _name(item: Any) -> str:
    if isinstance(item, dict):
        name = item.get("name")
        return name if isinstance(name, str) else ""
    return item if isinstance(item, str) else ""
