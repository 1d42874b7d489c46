"""What each page shows, decided from rows. Pure: what comes out is what a template is given."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from crawler.page import LinkList
from crawler.web.changes import LONGEST, changes, shortened
from crawler.web.pictures import bars
from crawler.web.safe import MARKS, Piece, body, language, link, pieces, title
from crawler.web.state import LONGEST_VALUE, State, place
from storage.browse import Brief, Window
from storage.search import snippet

Row = dict[str, Any]

SIZE = 30  # stories on a page
DIFFERING = 100_000  # characters of all changes of an article
ENTRIES = 300  # of a list that a page carried
CHOICES = 12  # values of a facet
KEYS = ("section", "site", "source", "language", "day")


class Choice(NamedTuple):
    """A value of a facet; `number` is how many stories of the window have it, beside all else that is chosen."""

    value: str
    number: int
    chosen: bool


class Listing(NamedTuple):
    """One page of a list: the ids on it, the place after it, whether what is before that was `looked` at, the facets.

    `counted` articles of the window were looked at; `until` is the place (a stamp, or "") to which that reaches.
    """

    ids: list[int]
    before: str
    looked: bool
    until: str
    counted: int
    facets: dict[str, list[Choice]]


def listing(window: Window, state: State, day_of: Callable[[str], str]) -> Listing:
    """The page of a window in a state, on which a story stands once.

    Copies are folded into the first of their story. Where something is searched for or chosen, a copy of which that is
    true while it is not of the first stands for its story.
    """
    chosen, is_best = state.chosen, state.order == "best"
    counts: dict[str, dict[str, set[int]]] = {key: defaultdict(set) for key in KEYS}
    places: dict[int, Brief] = {}  # of a story the brief that it stands for, in the order of the window
    firsts = set[int]()
    for brief in window.briefs:
        if brief.copy_of == brief.id or (brief.is_ad and not state.ads):
            continue
        values, story = _values(brief, day_of), brief.copy_of or brief.id
        others = [key for key, value in chosen.items() if values[key] != value]
        if not others and (brief.copy_of is None or state.q or chosen):
            if brief.copy_of is None:
                firsts.add(story)
            if not is_best:
                places.pop(story, None)  # the last one: it does not go away when the page begins further down
            places.setdefault(story, brief)
        for key in KEYS if not others else others if len(others) == 1 else ():
            if values[key]:
                counts[key][values[key]].add(story)
    start = state.number if is_best else 0
    listed = list(places.items())[start : start + SIZE]
    ids = [story if story in firsts else brief.id for story, brief in listed]
    facets = {key: _choices(counts[key], chosen.get(key, ""), by_value=key == "day") for key in KEYS}
    counted = len(window.briefs)
    if len(places) > start + SIZE:
        last = state.last or max(brief.id for brief in window.briefs)
        after = f"{start + SIZE}-{last}" if is_best else _after(listed[-1][1], state)
        return Listing(ids, after, True, "", counted, facets)
    if window.whole or not window.briefs:
        return Listing(ids, "", True, "", counted, facets)
    end = window.briefs[-1]
    return Listing(ids, _after(end, state), False, end.told_at, counted, facets)


def _after(brief: Brief, state: State) -> str:
    return str(brief.id) if state.q else place(brief.told_at, brief.id)


def _values(brief: Brief, day_of: Callable[[str], str]) -> dict[str, str]:
    return {
        "section": brief.section or "",
        "site": brief.site or "",
        "source": brief.source or "",
        "language": brief.lang or "",
        "day": day_of(brief.told_at),
    }


def _choices(stories: Mapping[str, set[int]], chosen: str, *, by_value: bool) -> list[Choice]:
    """The most frequent values, or the highest ones; the chosen one is always among them."""
    counts = Counter({value: len(some) for value, some in stories.items() if len(value) <= LONGEST_VALUE})
    known = sorted(counts.items(), reverse=True) if by_value else counts.most_common()
    found = [Choice(value, count, value == chosen) for value, count in known[:CHOICES]]
    if chosen and not any(choice.chosen for choice in found):
        found.append(Choice(chosen, counts[chosen], True))
    return found


def day_in(zone: ZoneInfo) -> Callable[[str], str]:
    """The day of a stamp in a zone."""
    known: dict[str, str] = {}

    def day(stamp: str) -> str:
        quarter = stamp[:15]  # ten minutes: no zone changes its day within
        if quarter not in known:
            try:
                known[quarter] = datetime.fromisoformat(stamp).astimezone(zone).date().isoformat()
            except (ValueError, OverflowError):  # no time, or one that no day has there
                known[quarter] = ""
        return known[quarter]

    return day


def item(card: Row, text: str = "", words: str = "") -> Row:
    """A row of a list: with `words` the title and a piece of the text, in which they are marked."""
    marked = snippet(title(card["title"]), words, width=400, marks=MARKS) if words else title(card["title"])
    lead = snippet(body(text), words, width=120, marks=MARKS) if words else ""
    return {
        **card,
        "title_pieces": list(pieces(marked)) or [Piece(str(card["id"]), False)],
        "lead": list(pieces(lead)),
        "href": link(card["url"]),
        "language": language(card["lang"]),
        "time": card["told_at"] if card["published_flag"] or not card["published_at"] else card["published_at"],
        "others": max(0, (card["sites"] or 1) - 1),
    }


def story(told: Row, one: Row | None, other: Row | None) -> Row:
    """A story; with two articles what differs between their texts."""
    items = [item(card) for card in told["articles"]]
    first, seen = (
        item(card) if (card := told[f"{name}_card"]) else None for name in ("first_article", "first_seen_article")
    )
    first = first or (items[0] if items else None)
    seen = seen or min(items, key=lambda each: (each["first_seen_at"], each["id"]), default=None)
    links = [
        {
            **each,
            "differing": [
                (title(pair[0]), title(pair[-1])) for pair in each["evidence"].get("differing", ())[:5] if pair
            ],
            "why": title(each["evidence"].get("why", "")),
        }
        for each in told["links"]
    ]
    return {
        "story": told,
        "items": items,
        "first": first,
        "seen": seen,
        "links": links,
        "heading": title(first["title"]) if first else told["key"],
        "difference": difference(one, other) if one and other else None,
        "one": one,
        "other": other,
    }


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> Row:
    """What differs between two texts, their titles before them."""
    texts = [f"{title(row['title'])}\n\n{body(row['text'], LONGEST + 1)}" for row in (one, other)]
    parts = changes(*texts)
    return {
        "parts": shortened(parts),
        "same": all(part.how == "same" for part in parts),
        "cut": max(map(len, texts)) > LONGEST,
        "most": LONGEST,
    }


def versions(article: Row, revisions: Sequence[Row]) -> list[Row]:
    """The changes of an article, the last first: of each version what the next one made of it.

    `difference` is None where those above it have more than `DIFFERING` characters already.
    """
    found, room = list[Row](), DIFFERING
    for row, after in reversed(list(pairwise([*revisions, article]))):
        told = difference(row, after) if room > 0 else None
        room -= sum(len(part.text) for part in told["parts"]) if told else 0
        found.append({**row, "next": after["revision"], "difference": told})
    return found


def carried(found: LinkList, known: Mapping[str, Row]) -> Row:
    """A list that a page carried, with what is known of its addresses: advertising, our own article."""
    none = {"is_ad": 0, "article_id": None}
    items = [
        {
            "title": each.title or each.url,
            "url": each.url,
            "published_at": each.published_at.isoformat() if each.published_at else "",
            **known.get(each.url, none),
        }
        for each in found.items[:ENTRIES]
    ]
    return {"heading": found.heading, "entries": items}


def source(row: Row) -> Row:
    """How a source fares, with its pictures."""
    state = "well" if row["last_success_at"] else "never"
    state = "unasked" if row["unasked"] else state
    state = "failing" if row["error"] else state
    state = "paused" if row["paused_at"] else state
    return {
        **row,
        "state": state if row["enabled"] else "off",
        "since": row["paused_at"] or row["error_since"] if state in ("paused", "failing") else "",
        "brought_bars": bars(row["brought"]),
        "delay_bars": bars(row["delays"]),
        "failed_bars": bars(row["failed"]),
    }


# Fields of an article that its page shows elsewhere, or that serve the program.
_ELSEWHERE = frozenset(("id", "text", "extra", "story_id", "copy_of", "revision", "page_sha256", "published_evidence"))


def fields(article: Row, evidence: Mapping[str, str]) -> list[Row]:
    """Every field of an article that is known, with what says so."""
    names = {"published_at": "published", "modified_at": "modified", "language": "lang"}
    stored = {"published_at": article.get("published_evidence")}
    rows: Iterable[tuple[str, Any]] = ((name, value) for name, value in article.items() if name not in _ELSEWHERE)
    return [
        {
            "name": name,
            "value": title(str(value)),
            "href": link(str(value)),
            "evidence": title(evidence.get(names.get(name, name)) or stored.get(name) or ""),
        }
        for name, value in rows
        if value is not None and value != ""
    ]
