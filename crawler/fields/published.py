"""When the article says that it was published.

What the reader sees comes first: a time between headline and body, then one beside them. Metadata serve where the
page shows none, and tell the zone where the page shows none: a shown 21:44 beside a JSON-LD 13:44Z is +08:00. The
address comes last and gives the day only. A calendar widget has no day and so is never a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from crawler.fields._evidence import item_lines, near_lines, own_lines
from crawler.fields._scripts import scripted
from crawler.fields._zones import default_zone, month_first, zoned
from crawler.times import Moment, first, moments
from crawler.view import Found, View

TYPE = datetime
COLUMNS = {"published_precision": str, "published_evidence": str, "published_conflict": str, "claimed_time": str}

_META = (
    "article:published_time", "datepublished", "pubdate", "publishdate", "publish_date", "og:published_time", "dc.date.issued",
    "article:published", "og:release_date", "sailthru.date", "parsely-pub-date", "cxenseparse:recs:publishtime", "publish-date",
    "dc.date", "dcterms.created", "dcterms.issued", "date", "bt:pubdate", "weibo: article:create_at", "pub_date", "published",
    "dc.date.created", "article.published", "displaydate", "originalpublicationdate", "publication_date", "citation_date", "datecreated",
    "published_at", "_pubtime", "published_time",
)  # fmt: skip
_URL_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-/_]?(0[1-9]|1[0-2])[-/_]?(0[1-9]|[12]\d|3[01])(?!\d)|/t?((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})/"
)
_NOT_THIS = re.compile(
    r"copyright|©|版权|截止|截至|活动时间|有效期|注册|会员|评论|网友|出生|edition of",
    re.I,
)
# Long words: they are looked for further before the time.
_CHANGED = re.compile(r"aktualisiert|actualizad|atualizad|aktualizacj|aggiornat|mis à jour|обновлен", re.I)
# Boxes that show a month, in English and in the pinyin of 日历.
_CALENDAR = re.compile(r"\bcal\b|calendar|rili(?![a-z])|datepicker", re.I)
_CELL = re.compile(
    r"\d{1,2}|[日一二三四五六]|周[日一二三四五六]|(?:sun|mon|tue|wed|thu|fri|sat|mo|di|mi|do|fr|sa|so)", re.I
)
_CELLS = 7  # a week of them makes a grid
_APART = timedelta(minutes=15)  # what the page shows and what it says in metadata may differ by so much
_ROUGH = re.compile(r"前|刚|剛|ago\b|just now", re.I)
_DATELINE = re.compile(r"(?:訊|讯|消息|报道|報導|電|电)")
_COPYRIGHT = re.compile(r"copyright|©|版权", re.I)
_UPDATED = re.compile(r"(更新|修改|updated|modified|aktualisiert|last edit)", re.I)
_PUBLISHED = re.compile(r"(发布|發佈|发表|publish|posted|创建|日期|時間|时间|date)", re.I)


def shown(view: View) -> Found | None:
    """A time on a line between headline and body, or on a credit line cut out of it; one with a clock first."""
    return _best(view, _candidates(view, own_lines(view)))


def beside(view: View) -> Found | None:
    """A time on the few lines above the headline or below the body."""
    return _best(view, _candidates(view, near_lines(view)))


def _best(view: View, candidates: Iterator[tuple[int, Moment]]) -> Found | None:
    best: tuple[int, Found] | None = None
    for order, (number, moment) in enumerate(candidates):
        text = view.tree.lines[number].spaced
        before = text[max(0, moment.start - 12) : moment.start]
        rank = order + (0 if moment.precision != "day" else 20) + (40 if _UPDATED.search(before) else 0)
        rank -= 5 if _PUBLISHED.search(before) else 0
        if best is None or rank < best[0]:
            best = rank, Found(moment, f"line {number}: {text[:80]}", number)
    return best[1] if best else None


def _candidates(view: View, numbers: list[int], *, changed: bool = False) -> Iterator[tuple[int, Moment]]:
    now = view.fetched_at.astimezone(default_zone(view)[0])
    english = month_first(view)
    others = item_lines(view)
    lines = view.tree.lines
    for number in numbers:
        line = lines[number]
        if number in others or line.size > 400 or (line.size > 150 and line.ends) or _COPYRIGHT.search(line.text):
            continue
        for moment in _moments(view, line.spaced, now, english):
            if _NOT_THIS.search(line.spaced[max(0, moment.start - 10) : moment.start]):
                continue
            if not changed and _says_changed(line.spaced, moment):
                continue
            if (line.link * 3 < line.size * 2 or moment.precision != "day") and not in_calendar(view, number):
                yield number, moment
    if not numbers or numbers[0] <= view.title_line:
        return
    head = [n for n in numbers if n < view.first_kept and n not in others and lines[n].size < 30][:12]
    for moment in _moments(view, " ".join(lines[n].spaced for n in head), now, english):
        if moment.precision != "day":
            yield head[0], moment
    for stamp in view.tree.times:
        if stamp.line in numbers and stamp.line not in others and stamp.line <= view.first_kept:
            found = first(stamp.value, now)
            if found:
                yield stamp.line, found


def _says_changed(text: str, moment: Moment) -> bool:
    """Whether the words before a time call it that of a change."""
    return bool(
        _UPDATED.search(text[max(0, moment.start - 10) : moment.start])
        or _CHANGED.search(text[max(0, moment.start - 20) : moment.start])
    )


def in_calendar(view: View, number: int) -> bool:
    """Whether a line outside headline and body stands in a calendar: by the name of its box, or among single days."""
    last = view.kept[-1] if view.kept else view.first_kept
    if view.title_line <= number <= last:
        return False
    tree = view.tree
    names = (tree.elements[index].name for index in tree.ancestors(tree.lines[number].box, 4))
    if any(name and _CALENDAR.search(name) for name in names):
        return True
    around = tree.lines[max(0, number - 3) : number + 20]
    return sum(line.size < 10 and _CELL.fullmatch(line.text) is not None for line in around) >= _CELLS


def shown_change(view: View) -> Found | None:
    """The latest time that the page itself, beside headline and body, calls that of a change."""
    best: Found | None = None
    for number, moment in _candidates(view, [*own_lines(view), *near_lines(view)], changed=True):
        text = view.tree.lines[number].spaced
        if _says_changed(text, moment) and (
            best is None or moment.at.replace(tzinfo=None) > best.value.at.replace(tzinfo=None)
        ):
            best = Found(moment, f"line {number}: {text[:80]}", number)
    return best


def _moments(view: View, text: str, now: datetime, english: bool) -> list[Moment]:
    """The times of a text, each text read once: two rules look at the same lines."""
    if text not in view.times:
        view.times[text] = list(moments(text, now, month_first=english))
    return view.times[text]


def linked(view: View) -> Found | None:
    """JSON-LD datePublished."""
    for value in view.linked_data("datePublished"):
        moment = first(str(value), view.fetched_at)
        if moment:
            return Found(moment, f"JSON-LD datePublished {value}")
    return None


def metadata(view: View) -> Found | None:
    """A <meta> that names the time of publication."""
    for key in _META:
        moment = first(view.meta.get(key, ""), view.fetched_at)
        if moment:
            return Found(moment, f"meta {key} {view.meta[key]}")
    return None


def changed(view: View) -> Found | None:
    """The time of the last change, between headline and body, where the page shows no other."""
    return _best(view, _candidates(view, own_lines(view), changed=True))


def timed(view: View) -> Found | None:
    """A <time datetime> anywhere before the end of the body."""
    last = view.kept[-1] if view.kept else len(view.tree.lines)
    for stamp in view.tree.times:
        moment = first(stamp.value, view.fetched_at)
        if moment and stamp.line <= last:
            return Found(moment, f"<time datetime={stamp.value}>")
    return None


def dateline(view: View) -> Found | None:
    """A whole date before the word "report" in the first words of the story: 【某报2012年1月11日讯】."""
    for number in view.kept[:1]:
        text = view.tree.lines[number].text[:60]
        moment = (
            first(text, view.fetched_at) if _DATELINE.search(text) and re.search(r"(?:19|20)\d\d年", text) else None
        )
        if moment and _DATELINE.match(text, moment.end):
            return Found(moment, f"dateline of line {number}", number)
    return None


def address(view: View) -> Found | None:
    """A day in the address of the page."""
    match = _URL_DAY.search(view.url)
    if not match:
        return None
    year, month, day = (int(g) for g in (match.group(1, 2, 3) if match[1] else match.group(4, 5, 6)))
    try:
        at = datetime(year, month, day)
    except ValueError:
        return None
    if at.date() > (view.fetched_at + timedelta(days=1)).date():
        return None
    return Found(Moment(at, "day"), f"address {view.url}")


def chosen(view: View) -> Found | None:
    """The time in the box that the site's own selector names."""
    found = view.chosen("published")
    moment = first(found.value, view.fetched_at, month_first=month_first(view)) if found else None
    return Found(moment, found.evidence, found.line) if found and moment else None


RULES = (chosen, shown, linked, metadata, beside, timed, changed, dateline, address)


def decide(view: View) -> dict[str, Found]:
    """The time of publication with its zone, its precision, and where the evidence disagrees."""
    found = [(rule.__name__, f) for rule in RULES if (f := rule(view))]
    if not found or found[0][0] == "address":
        script = scripted(view)
        found = [("scripted", script), *found] if script else found
    if not found:
        return {}
    _name, best = found[0]
    moment: Moment = best.value
    same_day = [f for n, f in found[1:] if n != "address" and abs(_day(f.value) - _day(moment)) <= timedelta(days=1)]
    if moment.precision == "day" and same_day and same_day[0].value.precision != "day":
        best, moment = same_day[0], same_day[0].value
    if best.line >= 0 and _ROUGH.search(view.tree.lines[best.line].spaced[moment.start : moment.end]):
        # "2 hours ago" is true of the moment at which somebody looked, and says no minute.
        exact = [f for n, f in found if n in ("linked", "metadata") and f.value.precision != "day"]
        if view.seen_then:  # what the page shows is true, and metadata may only say it more exactly
            exact = [f for f in exact if abs(_day(f.value) - _day(moment)) <= timedelta(days=1)]
        best, moment = (exact[0], exact[0].value) if exact else (best, moment)
    at, why = zoned(view, moment, [f.value for _, f in found if f.value.at.tzinfo])
    limit = view.fetched_at + timedelta(days=2)
    if at > limit:
        claim = {"claimed_time": Found(at, f"in the future, not used; {best.evidence}")}
    else:
        claim = {"published": Found(at, f"{best.evidence}; zone: {why}", best.line)}
    out = claim | {
        "published_precision": Found(moment.precision, best.evidence),
        "published_evidence": Found(f"{best.evidence}; zone: {why}", best.evidence),
    }
    if at > limit:
        return out
    others = [f for _, f in found if abs(_day(f.value) - _day(moment)) > timedelta(days=1)]
    minutes = [
        f
        for n, f in found
        if n in ("linked", "metadata") and f not in others and best.line >= 0 and _apart(at, moment, f.value)
    ]
    if others or minutes:
        said = "; ".join(dict.fromkeys(f.evidence for f in (*others, *minutes)))
        far = "more than a day" if others else f"more than {_APART.seconds // 60} minutes"
        out["published_conflict"] = Found(said, f"{far} from what was chosen: {best.evidence}")
    return out


def _apart(at: datetime, shown: Moment, other: Moment) -> bool:
    """Whether two clocks disagree by more than that one of them was written in UTC, or without saying its zone."""
    if "day" in (shown.precision, other.precision):
        return False
    offset = at.utcoffset() or timedelta()
    stated = other.at if other.at.tzinfo else other.at.replace(tzinfo=at.tzinfo)
    apart = at - stated
    return all(abs(apart + zone) > _APART for zone in (timedelta(), offset, -offset))


def _day(moment: Moment) -> date:
    return moment.at.date()
