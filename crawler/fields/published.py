"""When the article says that it was published.

What the reader sees comes first: a time between headline and body, then one beside them. Metadata serve where the
page shows none, and tell the zone where the page shows none: a shown 21:44 beside a JSON-LD 13:44Z is +08:00. The
address comes last and gives the day only. A calendar widget has no day and so is never a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawler.fields._evidence import item_lines, near_lines, own_lines
from crawler.fields._scripts import scripted
from crawler.times import Moment, first, moments
from crawler.view import Found, View

TYPE = datetime
COLUMNS = {"published_precision": str, "published_conflict": str, "claimed_time": str}

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
    r"copyright|©|版权|更新|修改|updated|modified|aktualisiert|截止|截至|活动时间|有效期|注册|会员|评论|网友|出生|edition of",
    re.I,
)
# Long words: they are looked for further before the time.
_CHANGED = re.compile(r"aktualisiert|actualizad|atualizad|aktualizacj|aggiornat|mis à jour|обновлен", re.I)
_ROUGH = re.compile(r"前|刚|剛|ago\b|just now", re.I)
_DATELINE = re.compile(r"(?:訊|讯|消息|报道|報導|電|电)")
_COPYRIGHT = re.compile(r"copyright|©|版权", re.I)
_UPDATED = re.compile(r"(更新|修改|updated|modified|aktualisiert|last edit)", re.I)
_PUBLISHED = re.compile(r"(发布|發佈|发表|publish|posted|创建|日期|時間|时间|date)", re.I)

# The differences to UTC that are in use (IANA tz database): whole and half hours, and three quarters.
_OFFSETS = {timedelta(minutes=m) for m in (*range(-12 * 60, 14 * 60 + 1, 30), 5 * 60 + 45, 8 * 60 + 45, 12 * 60 + 45)}
# Countries of one time zone, by top-level domain (IANA tz database, zone1970.tab).
_COUNTRY = {
    "cn": "Asia/Shanghai", "hk": "Asia/Hong_Kong", "tw": "Asia/Taipei", "mo": "Asia/Macau", "sg": "Asia/Singapore", "jp": "Asia/Tokyo",
    "kr": "Asia/Seoul", "de": "Europe/Berlin", "at": "Europe/Vienna", "ch": "Europe/Zurich", "fr": "Europe/Paris", "it": "Europe/Rome",
    "nl": "Europe/Amsterdam", "be": "Europe/Brussels", "pl": "Europe/Warsaw", "cz": "Europe/Prague", "se": "Europe/Stockholm",
    "no": "Europe/Oslo", "dk": "Europe/Copenhagen", "fi": "Europe/Helsinki", "gr": "Europe/Athens", "uk": "Europe/London",
    "ie": "Europe/Dublin", "in": "Asia/Kolkata", "tr": "Europe/Istanbul", "il": "Asia/Jerusalem", "nz": "Pacific/Auckland",
    "za": "Africa/Johannesburg", "my": "Asia/Kuala_Lumpur", "th": "Asia/Bangkok", "vn": "Asia/Ho_Chi_Minh", "ua": "Europe/Kyiv",
}  # fmt: skip
_LANGUAGE = {
    "zh": "Asia/Shanghai",
    "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul",
    "pl": "Europe/Warsaw",
    "el": "Europe/Athens",
    "de": "Europe/Berlin",
}


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
            if not changed and _CHANGED.search(line.spaced[max(0, moment.start - 20) : moment.start]):
                continue
            if line.link * 3 < line.size * 2 or moment.precision != "day":
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


def default_zone(view: View) -> tuple[tzinfo, str]:
    """The zone of times that state none, and why: the site's setting, its country, its language, else UTC."""
    if view.source is not None and view.source.timezone:
        return ZoneInfo(view.source.timezone), "the source's setting"
    host = view.url.split("/")[2] if view.url.count("/") >= 2 else ""
    return _usual_zone(host.rsplit(".", 1)[-1].split(":")[0].lower(), language(view))


@lru_cache(maxsize=512)
def _usual_zone(country: str, language: str) -> tuple[tzinfo, str]:
    name = _COUNTRY.get(country) or _LANGUAGE.get(language)
    if not name:
        return UTC, "no zone stated"
    try:
        return ZoneInfo(name), f"usual zone of {f'.{country}' if country in _COUNTRY else f'the language {language}'}"
    except ZoneInfoNotFoundError:
        return UTC, "no time zone database"


def language(view: View) -> str:
    """The two-letter language, for choosing a zone; `fields.lang` says more."""
    found = view.found.get("lang")
    return str(found.value)[:2] if found else view.tree.html_lang[:2].lower()


def month_first(view: View) -> bool:
    """Whether 3/4/2026 is March 4th: in English outside the domains that write the day first."""
    host = view.url.split("/")[2] if view.url.count("/") >= 2 else ""
    return language(view) in ("en", "") and not re.search(r"\.(uk|au|nz|ie|in|za|sg|hk|my)(?::\d+)?$", host)


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
    at, why = _zoned(view, moment, [f.value for _, f in found if f.value.at.tzinfo])
    limit = view.fetched_at + timedelta(days=2)
    if at > limit:
        return {"claimed_time": Found(at, f"in the future, not used; {best.evidence}")}
    out = {
        "published": Found(at, f"{best.evidence}; zone: {why}", best.line),
        "published_precision": Found(moment.precision, best.evidence),
    }
    others = [f for _, f in found if abs(_day(f.value) - _day(moment)) > timedelta(days=1)]
    if others:
        said = "; ".join(dict.fromkeys(f.evidence for f in others))
        out["published_conflict"] = Found(said, f"more than a day from what was chosen: {best.evidence}")
    return out


def _day(moment: Moment) -> date:
    return moment.at.date()


def _zoned(view: View, moment: Moment, stated: list[Moment]) -> tuple[datetime, str]:
    if moment.at.tzinfo is not None:
        zone, _ = default_zone(view)
        if moment.at.utcoffset() == timedelta(0) and zone is not UTC and language(view) == "zh":
            return moment.at.astimezone(zone), "stated as UTC"
        return moment.at, "stated"
    zone, why = default_zone(view)
    for other in stated:
        offset = moment.at - other.at.astimezone(UTC).replace(tzinfo=None)
        near = timedelta(minutes=round(offset.total_seconds() / 900) * 15)
        if abs(offset - near) <= timedelta(seconds=60) and near in _OFFSETS and near:
            return moment.at.replace(tzinfo=timezone(near)), "from the metadata's time"
    return moment.at.replace(tzinfo=zone), why
