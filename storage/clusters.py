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
from datetime import timedelta
from functools import lru_cache
from heapq import heapify, heappop, heappush

from storage.members import Member, Order, Place, story_key
from storage.sitelines import SiteLine, SiteLines, line_hash, site_lines
from storage.sketches import WINDOW, Found, Sketches
from storage.stories import LONG, Told, Verdict, judge, same_text, told
from storage.texts import Whole, alike, fingerprint, read
from storage.times import parse

_COLUMNS = "id, title, text, text_key, url_key, site, story_id, told_at, first_seen_at"
_SAME_TEXT = "SELECT id, story_id, told_at, url_key FROM articles WHERE text_key = ? AND id != ?"
_TEXT = "SELECT title, text FROM articles WHERE id = ?"
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
# So many candidates are compared, those first that have the most in common.
MOST = 12
# Fewer hashes in common are chance: two short texts, a short and a long one, two long ones.
SHARED = (2, 3, 5)
# An article is decided again whenever one comes that resembles it, mostly soon after it came itself.
_sketch = lru_cache(maxsize=256)(fingerprint)


class Clusters:
    """Finds and keeps the stories. It opens no transaction: the store does."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany
        self._sketches = Sketches(connection)
        self._site_lines = SiteLines(connection)

    def forget(self) -> None:
        """Hold nothing in memory: a transaction was taken back, or another object wrote."""
        self._sketches.forget()

    # -- deciding: reads only

    def decide(self, one: Member, whole: Whole | None = None) -> Place:
        """Where an article belongs among those that were told before it. `whole`: its text, if it is read already."""
        era, whole = one.era, whole or _read(one.text)
        sketch, lines = _sketch("".join(whole.lines)), site_lines(one.site or "", one.title, whole.lines)
        found = self._sketches.find(era, sketch, one.moment, one.id)
        near, after = self._near(one, found)
        first, twins = self._twins(one)
        later = frozenset((*after, *twins))
        if first:
            return Place(*first, "text", Verdict(True, 1.0, "the same text"), (), later, sketch, found, lines)
        parent, verdict, refused = self._original(one, near, lines)
        story = parent.story if parent else one.id
        number = parent.id if parent else None
        return Place(number, story, "story", verdict, refused, later, sketch, found, lines)

    def _twins(self, one: Member) -> tuple[tuple[int, int] | None, list[int]]:
        """The first article with the same text and its story, if that was told before; else those told after."""
        rows = self._run(_SAME_TEXT, (one.text_key, one.id)).fetchall() if one.text_key else []
        if len(one.text) < LONG:
            rows = [row for row in rows if self._is_same(one, row[0], (row[2], row[3]))]
        if not rows:
            return None, []
        order, number, story = min(((told, key), number, story) for number, story, told, key in rows)
        return ((number, story), []) if order < one.order else (None, [row[0] for row in rows])

    def _is_same(self, one: Member, other: int, order: Order) -> bool:
        """Whether a short text that stands under two titles, or at two times, is one."""
        near = _apart(one.order, order) <= WINDOW
        return same_text((one.title, one.text), self._run(_TEXT, (other,)).fetchone(), near)

    def _near(self, one: Member, found: Found) -> tuple[list[Member], list[int]]:
        """The articles told before that may be compared with this one, the earliest first, no more than `MOST`; and
        those told after it that it may be compared with."""
        long = len(one.text) >= SHORT
        ids = [number for number, count in found.shared.items() if count >= SHARED[long]]
        many = len(ids) > MOST
        rows = (
            self._brief(ids) if many else [(other.id, other.order, len(other.text), other) for other in self._load(ids)]
        )
        fit = [
            (number, order, other)
            for number, order, size, other in rows
            if found.shared[number] >= SHARED[long + (size >= SHORT)] and _apart(one.order, order) <= WINDOW
        ]
        before = [row for row in fit if row[1] < one.order]
        after = [number for number, order, _ in fit if order > one.order]
        if many:
            # The nearest in time of those that have as much in common.
            latest = sorted(before, key=lambda row: row[1], reverse=True)
            best = sorted(latest, key=lambda row: -found.shared[row[0]])[:MOST]
            members = [*self._load(number for number, _, _ in best)]
        else:
            members = [other for _, _, other in before if other]
        return sorted(members, key=lambda other: other.order), after

    def _brief(self, ids: Collection[int]) -> list[tuple[int, Order, int, None]]:
        """Of many articles no more than is needed to choose among them."""
        sql = f"SELECT id, told_at, url_key, length(text) FROM articles WHERE id IN ({','.join('?' * len(ids))})"
        return [(number, (told, key), size, None) for number, told, key, size in self._run(sql, [*ids])]

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
        known = self._site_lines.repeated(one.era, [line.hash for line in lines])
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
        era = former.era
        self._sketches.remove(one.id, era, old.sketch, former.moment)
        freed = self._site_lines.remove(one.id, era, old.lines)
        place = self.decide(one)
        self._index(one, place, at, {one.id, *old.later, *old.found.stirred, *place.later}, freed)

    def rename(self, article_id: int, url_key: str) -> None:
        """An article turned out to be known by another address: the story that it is the first of is named so."""
        self._run("UPDATE stories SET key = ? WHERE id = ?", (story_key(url_key), article_id))

    def _index(
        self, one: Member, place: Place, at: str, affected: Collection[int], freed: Collection[int] = ()
    ) -> None:
        self._sketches.add(one.id, one.era, place.sketch, one.moment, place.found)
        changed = self._site_lines.add(one.id, one.era, place.lines).union(freed)
        waiting = {*affected, *place.found.stirred, *changed}
        if waiting:
            self._settle(waiting, changed, at)

    def _settle(self, waiting: Collection[int], changed: Collection[int], at: str) -> None:
        """Decide articles again, the earliest first, and what comes after one that moved.

        Those in `changed` are compared in other lines than before, so that what comes after them is decided again too.
        """
        heap = self._orders(waiting)
        heapify(heap)
        queued = {number for _, number in heap}
        while heap:
            order, number = heappop(heap)
            one = self.load(number)
            place = self.decide(one)
            if not self._move(one, place, at) and number not in changed:
                continue
            sql = "SELECT article_id FROM links WHERE other_id = ? AND level != 'alike'"
            followers = {row[0] for row in self._run(sql, (number,))}
            # Where an article stands in its story is nothing to those that do not repeat it.
            if one.story != place.story or number in changed:
                followers |= place.later
            for late in self._orders(followers - queued):
                if late[0] > order:
                    queued.add(late[1])
                    heappush(heap, late)

    def _orders(self, ids: Collection[int]) -> list[tuple[Order, int]]:
        if not ids:
            return []
        sql = f"SELECT told_at, url_key, id FROM articles WHERE id IN ({','.join('?' * len(ids))})"
        return [((told, key), number) for told, key, number in self._run(sql, [*ids])]

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


@lru_cache(maxsize=1024)
def _read(text: str) -> Whole:
    return read(alike(text))


def _link_row(one: Member, other: int, level: str, verdict: Verdict) -> tuple[int, int, str, float, str]:
    evidence = json.dumps({"why": verdict.why, "differing": verdict.differing}, ensure_ascii=False)
    return one.id, other, level, round(verdict.score, 4), evidence


def _apart(one: Order, other: Order) -> timedelta:
    return abs(parse(one[0]) - parse(other[0]))
