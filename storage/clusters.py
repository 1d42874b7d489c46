"""Stories: each article is a copy of at most one earlier article, and what hangs together is a story.

Earlier means told earlier: by the time that the page claims, or by when it was first seen if that is before it (a page
cannot have been published after it was read). An article's original is the earliest one whose text it repeats and
whose story it does not contradict. That depends on the articles alone and not on the order in which they came: when
one comes late, those told after it that may be its copies are decided again, in the order of their times, and so on
as long as something changes. A story is named after its first article: `stories.key` is a hash of that address.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from heapq import heappop, heappush
from typing import NamedTuple

from storage.sketches import MOST, SHARED, WINDOW, Era, Found, SiteLine, Sketches, era_of, line_hash, site_lines
from storage.stories import Told, Verdict, judge, same_text, told
from storage.texts import Whole, alike, fingerprint, read
from storage.times import parse, stamp

_COLUMNS = "id, title, text, text_key, url_key, site, story_id, told_at, first_seen_at"
_SAME_TEXT = f"SELECT {_COLUMNS} FROM articles WHERE text_key = ? AND id != ? ORDER BY told_at LIMIT 64"
_LINK = "INSERT INTO links (article_id, other_id, level, score, evidence) VALUES (?, ?, ?, ?, ?)"
_COUNT = """
    UPDATE stories SET
        copies = (SELECT count(*) - 1 FROM articles WHERE story_id = stories.id),
        sites = (SELECT max(1, count(DISTINCT site)) FROM articles WHERE story_id = stories.id),
        first_seen_at = (SELECT min(first_seen_at) FROM articles WHERE story_id = stories.id),
        last_seen_at = (SELECT max(first_seen_at) FROM articles WHERE story_id = stories.id),
        first_seen_article = (SELECT id FROM articles WHERE story_id = stories.id ORDER BY first_seen_at, id LIMIT 1)
    WHERE id = ?
"""
_STORY = """
    INSERT OR IGNORE INTO stories (id, key, first_article, first_seen_article, first_seen_at, last_seen_at)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_MOVE = "INSERT INTO story_moves (at, article_id, from_key, to_key, why) VALUES (?, ?, ?, ?, ?)"
_EMPTY = "DELETE FROM stories WHERE id = ? AND NOT EXISTS (SELECT 1 FROM articles WHERE story_id = stories.id)"
# A look-alike is noted from here on: what stands between two texts that agree less is no news.
NOTED = 0.8
# Characters, layout and all.
SHORT = 300


class Member(NamedTuple):
    """An article as the stories see it. `told_at` and `seen_at` are stamps, so that text order is time order."""

    id: int
    title: str
    text: str
    text_key: str
    url_key: str
    site: str | None
    story: int
    told_at: str
    seen_at: str

    @property
    def order(self) -> tuple[str, str]:
        return self.told_at, self.url_key

    @property
    def era(self) -> Era:
        return era_of(parse(self.told_at))


class Place(NamedTuple):
    """Where an article belongs: the article that it repeats (None: it is the first), its story, and why.

    `refused` are look-alikes with what told them apart.
    """

    parent: int | None
    story: int
    level: str
    verdict: Verdict | None
    refused: tuple[tuple[int, Verdict], ...]
    later: tuple[Member, ...]
    sketch: frozenset[int]
    lines: tuple[SiteLine, ...]

    @property
    def link(self) -> tuple[int, str, float] | None:
        """What it repeats, at which level, and how much of it."""
        if self.parent is None or self.verdict is None:
            return None
        return self.parent, self.level, round(self.verdict.score, 4)


def story_key(url_key: str) -> str:
    """The name of the story that begins at an address: 16 hex digits."""
    return blake2b(url_key.encode("utf-8", "replace"), digest_size=8).hexdigest()


def told_at(published: datetime | None, seen: datetime) -> str:
    """The stamp of when an article was told: the time it claims, unless that is after it was seen, or absurd."""
    return min(stamp(published), stamp(seen)) if published and published.year >= 1990 else stamp(seen)


class Clusters:
    """Finds and keeps the stories. It opens no transaction: the store does."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany
        self._sketches = Sketches(connection)

    def forget(self) -> None:
        """Hold nothing in memory: a transaction was taken back, or another object wrote."""
        self._sketches.forget()

    # -- deciding: reads only

    def decide(self, one: Member, whole: Whole | None = None) -> Place:
        """Where an article belongs among those that were told before it. `whole`: its text, if it is read already."""
        era, whole = one.era, whole or read(alike(one.text))
        sketch, lines = fingerprint("".join(whole.lines)), site_lines(one.site or "", one.title, whole.lines)
        twins = [Member(*row) for row in self._run(_SAME_TEXT, (one.text_key, one.id))] if one.text_key else []
        twins = [twin for twin in twins if same_text(one[1:3], twin[1:3], _days_apart(one, twin) <= WINDOW.days)]
        found = self._sketches.find(era, sketch, one.id)
        near = list(self._near(one, found))
        everyone = {other.id: other for other in (*near, *twins)}
        later = tuple(other for other in everyone.values() if other.order > one.order)
        kept = sketch - found.crowded
        before = min((twin for twin in twins if twin.order < one.order), key=lambda twin: twin.order, default=None)
        if before:
            return Place(before.id, before.story, "text", Verdict(True, 1.0, "the same text"), (), later, kept, lines)
        earlier = sorted((other for other in near if other.order < one.order), key=lambda other: other.order)
        parent, verdict, refused = self._original(one, earlier, lines)
        story = parent.story if parent else one.id
        number = parent.id if parent else None
        return Place(number, story, "story", verdict, refused, later, kept, lines)

    def _near(self, one: Member, found: Found) -> Iterator[Member]:
        """Those of the articles found that may be compared with this one. No more than `MOST` of those told before."""
        long = len(one.text) >= SHORT
        ids = [number for number in found.articles if found.shared[number] >= SHARED[long]]
        if len(ids) > MOST:
            ids = self._foremost(one, ids, found)
        for other in self._load(ids):
            both = long + (len(other.text) >= SHORT)
            if found.shared[other.id] >= SHARED[both] and _days_apart(one, other) <= WINDOW.days:
                yield other

    def _foremost(self, one: Member, ids: list[int], found: Found) -> list[int]:
        """Of the articles told before, the best, whatever was told after; and all that were told after."""
        marks = ",".join("?" * len(found.shared))
        sql = f"SELECT id FROM articles WHERE (told_at, url_key) < (?, ?) AND id IN ({marks}) ORDER BY told_at, url_key"
        before = {number: place for place, (number,) in enumerate(self._run(sql, (*one.order, *found.shared)))}
        known = {*ids}
        best = [number for number in found.among(before) if number in known]
        return [*best[:MOST], *(number for number in ids if number not in before)]

    def _original(
        self, one: Member, earlier: Iterable[Member], lines: tuple[SiteLine, ...]
    ) -> tuple[Member | None, Verdict | None, tuple[tuple[int, Verdict], ...]]:
        mine: Told | None = None
        refused: list[tuple[int, Verdict]] = []
        contradicted: set[int] = set()
        for other in earlier:
            if other.story in contradicted:
                continue
            mine = mine or self._told(one, lines)
            verdict = judge(mine, self._told(other))
            if verdict.copy:
                return other, verdict, tuple(refused)
            if verdict.conflict:
                contradicted.add(other.story)
                if verdict.score >= NOTED:
                    refused.append((other.id, verdict))
        return None, None, tuple(refused)

    def _told(self, one: Member, lines: tuple[SiteLine, ...] | None = None) -> Told:
        """An article without the lines that its site repeats."""
        site = one.site or ""
        if lines is None:
            lines = site_lines(site, one.title, _read(one.text).lines)
        known = self._sketches.repeated(one.era, [line.hash for line in lines])
        if not known:
            return told(one.title, one.text)
        whole = _read(one.text).lines
        return told(one.title, one.text, frozenset(line for line in whole if line_hash(site, line) in known))

    def load(self, article_id: int) -> Member:
        """One article that is there."""
        return next(self._load([article_id]))

    def _load(self, ids: Iterable[int]) -> Iterator[Member]:
        wanted = list(ids)
        if wanted:
            sql = f"SELECT {_COLUMNS} FROM articles WHERE id IN ({','.join('?' * len(wanted))})"
            yield from (Member(*row) for row in self._run(sql, wanted).fetchall())

    # -- writing

    def admit(self, one: Member, place: Place, at: str) -> None:
        """Take in an article whose row is written with the story of its place; decide again what may follow it."""
        self._link(one, place)
        if place.parent is None:
            self._begin(one)
        else:
            self._run(_COUNT, (place.story,))
        self._index(one, place, at, place.later)

    def revise(self, one: Member, former: Member, at: str) -> None:
        """An article has another text: find its place anew, and that of all that was held against the former text."""
        old = self.decide(former)
        era, whole = former.era, read(alike(former.text))
        self._sketches.remove(one.id, era, fingerprint("".join(whole.lines)))
        freed = self._sketches.remove_lines(one.id, era, old.lines)
        place = self.decide(one)
        self._index(one, place, at, (one, *old.later, *place.later), freed)

    def rename(self, article_id: int, url_key: str) -> None:
        """An article turned out to be known by another address: the story that it is the first of is named so."""
        self._run("UPDATE stories SET key = ? WHERE id = ?", (story_key(url_key), article_id))

    def _index(
        self, one: Member, place: Place, at: str, affected: Iterable[Member], freed: Collection[int] = ()
    ) -> None:
        self._sketches.add(one.id, one.era, place.sketch)
        changed = self._sketches.add_lines(one.id, one.era, place.lines).union(freed)
        waiting = [*affected, *self._load(changed)]
        if waiting:
            self._settle(waiting, changed, at)

    def _settle(self, waiting: Iterable[Member], changed: Collection[int], at: str) -> None:
        """Decide articles again, the earliest first, and what comes after one that moved.

        Those in `changed` are compared in other lines than before, so that what comes after them is decided again too.
        """
        heap = sorted({(one.order, one.id) for one in waiting})
        queued = {number for _, number in heap}
        while heap:
            _, number = heappop(heap)
            one = self.load(number)
            place = self.decide(one)
            if not self._move(one, place, at) and number not in changed:
                continue
            followers = self._run("SELECT article_id FROM links WHERE other_id = ? AND level != 'alike'", (number,))
            for other in (*place.later, *self._load(row[0] for row in followers.fetchall())):
                if other.order > one.order and other.id not in queued:
                    queued.add(other.id)
                    heappush(heap, (other.order, other.id))

    def _move(self, one: Member, place: Place, at: str) -> bool:
        """Write a new decision; whether it differs from the one before."""
        sql = "SELECT other_id, level, score FROM links WHERE article_id = ? AND level != 'alike'"
        before = self._run(sql, (one.id,)).fetchone()
        if before == place.link and one.story == place.story:
            return False
        self._run("DELETE FROM links WHERE article_id = ?", (one.id,))
        self._link(one, place)
        if one.story != place.story:
            if place.parent is None:
                self._begin(one)
            self._note_move(one, place, at)
        copy_of = None if place.parent is None else place.story
        self._run("UPDATE articles SET story_id = ?, copy_of = ? WHERE id = ?", (place.story, copy_of, one.id))
        for story in {one.story, place.story}:
            self._run(_EMPTY, (story,))
            self._run(_COUNT, (story,))
        return True

    def _begin(self, one: Member) -> None:
        """An article is the first of a story."""
        self._run(_STORY, (one.id, story_key(one.url_key), one.id, one.id, one.seen_at, one.seen_at))

    def _note_move(self, one: Member, place: Place, at: str) -> None:
        stories = (one.story, place.story)
        keys = [self._run("SELECT key FROM stories WHERE id = ?", (story,)).fetchone()[0] for story in stories]
        why = place.verdict.why if place.verdict else "no earlier article has this text"
        self._run(_MOVE, (at, one.id, *keys, why))

    def _link(self, one: Member, place: Place) -> None:
        rows = [_link_row(one, other, "alike", verdict) for other, verdict in place.refused]
        if place.parent is not None and place.verdict:
            rows.append(_link_row(one, place.parent, place.level, place.verdict))
        if rows:
            self._run_many(_LINK, rows)


@lru_cache(maxsize=256)
def _read(text: str) -> Whole:
    return read(alike(text))


def _link_row(one: Member, other: int, level: str, verdict: Verdict) -> tuple[int, int, str, float, str]:
    evidence = json.dumps({"why": verdict.why, "differing": verdict.differing}, ensure_ascii=False)
    return one.id, other, level, round(verdict.score, 4), evidence


def _days_apart(one: Member, other: Member) -> float:
    return abs((parse(one.told_at) - parse(other.told_at)).total_seconds()) / 86400
