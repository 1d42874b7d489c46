"""The pages, one by one: rows are fetched, `pages` decides what is shown, a template shows it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from crawler.gaps import meant
from crawler.web import feed, origin, pages
from crawler.web.frame import ATOM, HTML, JSON, POLICY, SANDBOX, Answer, Missing, Visit, page
from crawler.web.safe import language, link, paragraphs, title
from crawler.web.state import State, bounds
from storage import browse, health, query
from storage.clocks import faults
from storage.drifts import drifts
from storage.gaps import enabled
from storage.pair import beside
from storage.sqlite import Database

# Windows that a page is looked for in until it is full, of the present and of the past, where each costs more; entries
# of a feed, and how often a feed looks so far.
WINDOWS, WINDOWS_THEN = 3, 2
ENTRIES, LOOKS = 30, 3


def _listing(visit: Visit, state: State) -> tuple[pages.Listing, list[dict[str, Any]]]:
    day_of = pages.day_in(visit.house.zone)
    if state.q:
        below = state.number if not state.order else state.last + 1 if state.last else 0
        window = browse.found(visit.db, state.q, below, best=bool(state.order))
        listing = pages.listing(window, state, day_of)
    else:
        since, until = bounds(state.day, visit.house.zone) if state.day else ("", "")
        window = browse.newest(visit.db, state.place, until, since)
        listing = pages.listing(window, state, day_of)
        for _ in range(1, WINDOWS_THEN if visit.state.as_of or visit.house.as_of else WINDOWS):
            if listing.looked or not window.briefs:
                break
            last = window.briefs[-1]
            more = browse.newest(visit.db, (last.told_at, last.id), until, since)
            window = browse.Window([*window.briefs, *more.briefs], more.whole)
            listing = pages.listing(window, state, day_of)
    return listing, browse.cards(visit.db, listing.ids)


def front(visit: Visit) -> Answer:
    state, t = visit.state, visit.t
    listing, cards = _listing(visit, state)
    texts = {row["id"]: row["text"] for row in browse.texts_of(visit.db, listing.ids)} if state.q else {}
    items = [pages.item(card, texts.get(card["id"], ""), state.q) for card in cards]
    heading = t("results_for", q=title(state.q)) if state.q else t.newest
    unseen = browse.unseen(visit.db, _now(visit), _watched(visit))
    context = {"heading": heading, "listing": listing, "items": items, "unseen": unseen}
    return page("front.html", visit.frame, context, place="front")


def _now(visit: Visit) -> datetime:
    """The present of a page: the time that it looks back to, where it does."""
    return visit.state.as_of or visit.now


def _watched(visit: Visit) -> list[str] | None:
    """The sources that are meant to be asked."""
    looks_back = visit.state.as_of or visit.house.as_of
    return meant(visit.house.setup.sources, enabled(Database(visit.db)) if looks_back else ())


def feeds(visit: Visit) -> Answer:
    cards = _entries(visit)
    texts = {row["id"]: row["text"] for row in browse.texts_of(visit.db, [card["id"] for card in cards])}
    entries = [feed.entry(card, texts.get(card["id"], "")) for card in cards]
    heading = " · ".join(filter(None, (visit.t.name, title(visit.state.q), *map(title, visit.state.chosen.values()))))
    written = feed.atom if visit.values[0] == "atom" else feed.as_json
    text = written(entries, visit.state, heading, visit.ask.home, visit.t)
    tag = hashlib.sha256(text.encode()).hexdigest()[:32]
    headers = {"content-security-policy": POLICY, "vary": "accept-language", "etag": f'"{tag}"'}
    return Answer(200, ATOM if visit.values[0] == "atom" else JSON, text, headers)


def _entries(visit: Visit) -> list[dict[str, Any]]:
    """What a feed has: a reader of feeds follows no link to what is further back, so it is looked for there too."""
    state, found = visit.state, dict[int, dict[str, Any]]()
    for _ in range(LOOKS):
        listing, cards = _listing(visit, state)
        found |= {card["id"]: card for card in cards if card["id"] not in found}
        if len(found) >= ENTRIES or listing.looked or not listing.before:
            break
        state = replace(state, before=listing.before)
    return list(found.values())[:ENTRIES]


def story(visit: Visit) -> Answer:
    which = visit.values[0]
    told = browse.story(visit.db, which)
    if told is None and which.isdecimal() and (key := browse.story_key(visit.db, int(which))):
        told = browse.story(visit.db, key)
    if told is None:
        raise Missing("no_story")
    one, other = (_named(visit, name) for name in ("a", "b"))
    context = pages.story(told, one, other)
    context["diff"], context["seen_item"] = context.pop("difference"), context.pop("seen")
    context["more"] = {"a": one["id"], "b": other["id"]} if one and other else {}
    return page("story.html", visit.frame, context)


def _named(visit: Visit, key: str) -> dict[str, Any] | None:
    """The article that an argument names by its number; None where there is no such argument."""
    value = visit.args.get(key, "")
    if not value:
        return None
    if not re.fullmatch(r"\d{1,18}", value):
        raise Missing("no_article")
    found = next(iter(browse.texts_of(visit.db, [int(value)])), None)
    if found is None:
        raise Missing("no_article")
    return found


def article(visit: Visit) -> Answer:
    db = Database(visit.db)
    article = query.article(db, visit.values[0])
    if article is None:
        raise Missing("no_article")
    number = article["id"]
    (card,) = browse.cards(visit.db, [number])
    kept = _original(visit, article)
    settings, sources = visit.house.setup.settings, visit.house.setup.sources
    found = origin.extraction(kept, settings, sources, article["found_by"] or "") if kept else None
    lists = [each for each in found.lists if each.kind == "latest"] if found else []
    known = browse.announced(visit.db, [one.url for each in lists for one in each.items][: browse.LISTED])
    text, text_cut = paragraphs(article["text"])
    context = {
        "heading": title(article["title"]) or f"#{number}",
        "article": {"author": None, "editor": None, "section": None, **article},
        "language": language(article["lang"]),
        "text": text,
        "text_cut": text_cut,
        "href": link(article["url"]),
        "key": card["key"],
        "story_size": card["copies"] + 1,
        "fields": pages.fields(article, found.evidence if found else {}),
        "reread": found is not None,
        "versions": pages.versions(article, query.revisions(db, number)[-20:]),
        "lists": [pages.carried(each, known) for each in lists],
        "carried": browse.carried(visit.db, number, article["url"]),
        "rights": query.rights(db, number, visit.state.as_of or visit.house.as_of),
        "raw": f"/raw/{number}/{article['page_sha256']}" if kept else "",
        "show_raw": visit.args.get("raw") == "1",
    }
    return page("article.html", visit.frame, context)


def _original(visit: Visit, article: Mapping[str, Any]) -> origin.Original | None:
    """The page of an article's present version, where the archive has it."""
    if not article.get("page_sha256"):
        return None
    visits = browse.visits(visit.db, article["id"])
    urls = dict.fromkeys([article["url"], *(row["url"] for row in visits), *(row["final_url"] for row in visits)])
    archive = beside(visit.house.setup.settings.database)
    return origin.original(archive, [url for url in urls if url], article["page_sha256"])


def raw(visit: Visit) -> Answer:
    article = query.article(Database(visit.db), visit.values[0])
    kept = _original(visit, {**article, "page_sha256": visit.values[1]}) if article else None
    if kept is None:
        raise Missing("no_address")
    return Answer(200, HTML, origin.shown(kept), {"content-security-policy": SANDBOX, "x-dns-prefetch-control": "off"})


def sources(visit: Visit) -> Answer:
    at = _now(visit)
    db = Database(visit.db)
    drifting, wrong = drifts(db), faults(db)
    rows = [
        pages.source(
            {
                **row,
                "drifts": [each for each in drifting if each["source"] == row["name"]],
                "clocks": [each for each in wrong if each["source"] == row["name"]],
            }
        )
        for row in health.sources(visit.db, at, _watched(visit))
    ]
    context = {"heading": visit.t.health, "sources": rows, "at": at.isoformat()}
    return page("sources.html", visit.frame, context, place="sources")
