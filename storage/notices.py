"""Saved searches and their outbox: the tables `searches` and `outbox`.

`look` reads what came in since a search last looked (the observations of articles) and writes, in one transaction, the
notices that follow and how far it has looked. A kill at any point leaves both or neither: nothing is missed, and
nothing stands in the outbox twice. The crawl writes nothing of it.

A story gives a search one notice, for the first of its articles that is found; neither a copy, nor two stories that
turn out to be one, nor another version give a second one. Articles that were there before the search, and what an
import brings, give none; nor does a story of which such an older article is found.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from storage import history
from storage.past_search import steady
from storage.search import form, holds
from storage.store import Store
from storage.times import parse, stamp
from storage.waiting import is_locked, transaction

# So many observations are looked through at a time.
STEP = 500
# Seconds that the SQL of one search may take for them; and after so many steps of SQLite it is looked whether it has.
SECONDS, STEPS = 5.0, 10_000

_NAMES = "id, name, after_article, observation"
_BEGIN = """
    INSERT INTO searches (name, begun_at, after_article, observation)
    SELECT :name, :now, (SELECT coalesce(max(id), 0) FROM articles WHERE :since IS NULL OR first_seen_at < :since),
        coalesce(iif(:since IS NULL, (SELECT max(id) FROM observations),
            (SELECT min(id) - 1 FROM observations WHERE observed_at >= :since)),
            (SELECT max(id) FROM observations), 0)
    WHERE true ON CONFLICT (name) DO NOTHING
"""
# What is new of an article, and when that was.
_CHANGED = """
    SELECT article_id, max(observed_at) FROM observations WHERE id > ? AND id <= ? GROUP BY article_id ORDER BY 1
"""
_ARTICLE = """
    SELECT title, text, is_ad, told_at, story_id,
        (SELECT import_id FROM visits WHERE article_id = articles.id ORDER BY visits.id LIMIT 1)
    FROM articles WHERE id = ?
"""
_OLDER = "SELECT id, title, text FROM articles WHERE story_id = ? AND id <= ?"
_LAST = "SELECT coalesce(max(id), 0) FROM observations"
_ADVANCE = "UPDATE searches SET observation = :upto WHERE id = :id AND observation = :observation"
_STORY_KEY = "SELECT key FROM stories JOIN articles ON story_id = stories.id WHERE articles.id = ?"
# A story is known by its key as it was, and by the articles in it that gave a notice.
_PUT = """
    INSERT INTO outbox (search_id, story, article_id, key, found_at, next_at)
    SELECT :search, stories.key, articles.id, :key, :now, :now
    FROM articles JOIN stories ON stories.id = story_id WHERE articles.id = :article AND NOT EXISTS (
        SELECT 1 FROM articles AS other JOIN outbox ON outbox.article_id = other.id AND search_id = :search
        WHERE other.story_id = articles.story_id)
    ON CONFLICT DO NOTHING
"""


class Wish(NamedTuple):
    """What a search finds: words and SQL on the columns of `articles`, both of which must hold."""

    words: str = ""
    where: str = ""
    ads: bool = False
    max_age: timedelta = timedelta(days=2)


class _Place(NamedTuple):
    """How far a search has looked."""

    id: int
    name: str
    after_article: int
    observation: int


@contextmanager
def writing(store: Store, now: datetime) -> Iterator[sqlite3.Connection]:
    """A transaction of what is written here. Raises StorageError."""
    with transaction(store.db.conn, store.path, store.patience):
        history.begin(store.db.conn, now)
        yield store.db.conn


def begin(store: Store, name: str, now: datetime, since: datetime | None = None) -> bool:
    """Look for a search from now on, or from what came in since a time; False where that is done already."""
    told = {"name": name, "now": stamp(now), "since": stamp(since) if since else None}
    with writing(store, now) as connection:
        return connection.execute(_BEGIN, told).rowcount == 1


def known(store: Store) -> set[str]:
    """The names of the searches that were begun."""
    return {name for (name,) in store.db.conn.execute("SELECT name FROM searches")}


def is_behind(store: Store, names: Iterable[str]) -> bool:
    """Whether there is something to look through for one of the searches; a matter of microseconds."""
    (last,) = store.db.conn.execute(_LAST).fetchone()
    return any(place.observation < last for place in _places(store, names))


def _places(store: Store, names: Iterable[str]) -> list[_Place]:
    """The searches of these names that are not paused."""
    rows = store.db.conn.execute(f"SELECT {_NAMES} FROM searches WHERE paused_at IS NULL ORDER BY id")
    sought = set(names)
    return [place for row in rows if (place := _Place(*row)).name in sought]


class Looked(NamedTuple):
    """What came of a look: notices put into the outbox, whether there is more to look through, the errors by search.

    `slow` are those of the searches with an error that took too long.
    """

    put: int
    more: bool
    errors: dict[str, str]
    slow: set[str]


def look(store: Store, wishes: Mapping[str, Wish], now: datetime) -> Looked:
    """Look one step further. A search with an error stays where it is, and keeps no other. Raises StorageError."""
    errors: dict[str, str] = {}
    slow: set[str] = set()
    put, more = 0, False
    places = _places(store, list(wishes))
    for start in dict.fromkeys(place.observation for place in places):
        group = [place for place in places if place.observation == start]
        found = {}
        with steady(store.db.conn):
            (last,) = store.db.conn.execute(_LAST).fetchone()
            upto = min(last, start + STEP)
            oldest = max(wishes[place.name].max_age for place in group)
            changed = list(_read(store, store.db.conn.execute(_CHANGED, (start, upto)).fetchall(), oldest))
            for place in group:
                try:
                    with _bounded(store.db.conn):
                        found[place] = matching(store, wishes[place.name], changed, place.after_article)
                except (sqlite3.OperationalError, sqlite3.ProgrammingError, sqlite3.Warning) as error:
                    if isinstance(error, sqlite3.Error) and is_locked(error):
                        raise
                    if is_slow(error):
                        slow.add(place.name)
                    errors[place.name] = f"its `where` {problem(error)}"
        more = more or (upto < last and bool(found))
        if upto > start and found:
            with writing(store, now) as connection:
                put += sum(_put(connection, place, ids, upto, now) for place, ids in found.items())
    return Looked(put, more, errors, slow)


def problem(error: Exception) -> str:
    """What is wrong with the SQL of a search, behind its name."""
    if is_slow(error):
        return f"takes more than {SECONDS:g} s, so it was ended: make it simpler"
    return f"is no condition on the columns of `articles`: {error}"


def is_slow(error: Exception) -> bool:
    """Whether the SQL of a search was ended because it took too long."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT


@contextmanager
def _bounded(connection: sqlite3.Connection) -> Iterator[None]:
    """What is asked in here is ended when its time is over; that raises sqlite3.OperationalError."""
    until = time.monotonic() + SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def tried(store: Store, wish: Wish) -> None:
    """Ask the SQL of a search of the newest articles, as many as a look has. Raises sqlite3.Error, sqlite3.Warning."""
    ids = store.db.conn.execute("SELECT id FROM articles ORDER BY id DESC LIMIT ?", (STEP,)).fetchall()
    with _bounded(store.db.conn):
        _where(store, wish, [number for (number,) in ids])


class Changed(NamedTuple):
    """An article of which something is new; title and text are in the form that `search.holds` wants.

    `age` is how long ago its story was told when that came in, `is_brought` whether an import brought it.
    """

    id: int
    title: str
    text: str
    is_ad: bool
    story: int
    age: timedelta
    is_brought: bool


def seen_since(store: Store, at: datetime, upto: datetime) -> Iterator[Changed]:
    """The articles that were first seen between two times, in the order of their ids."""
    sql = "SELECT id, first_seen_at FROM articles WHERE first_seen_at >= ? AND first_seen_at <= ? ORDER BY id"
    return _read(store, store.db.conn.execute(sql, (stamp(at), stamp(upto))).fetchall(), timedelta.max)


def _read(store: Store, ids: Sequence[tuple[int, str]], oldest: timedelta) -> Iterator[Changed]:
    for number, at in ids:
        (title, text, is_ad, told_at, story, brought) = store.db.conn.execute(_ARTICLE, (number,)).fetchone()
        age = parse(at) - parse(told_at or at)
        if age <= oldest:
            yield Changed(number, form(title), form(text), bool(is_ad), story, age, brought is not None)


def one_a_story(store: Store, ids: Sequence[int]) -> list[int]:
    """Of articles the first of each story."""
    first: dict[int, int] = {}
    for number in ids:
        (story,) = store.db.conn.execute("SELECT story_id FROM articles WHERE id = ?", (number,)).fetchone()
        first.setdefault(story, number)
    return list(first.values())


def matching(store: Store, wish: Wish, changed: Iterable[Changed], after: int = 0) -> list[int]:
    """Those of the articles that are news of a search. Raises sqlite3.OperationalError for a bad `where`."""
    held = holds(wish.words) if wish.words else lambda title, text: True
    if held is None:
        return []
    fit = [
        one
        for one in changed
        if one.id > after
        and (wish.ads or not one.is_ad)
        and not one.is_brought
        and one.age <= wish.max_age
        and held(one.title, one.text)
    ]
    right = _where(store, wish, [one.id for one in fit])
    return [one.id for one in fit if one.id in right and not _was_there(store, wish, one.story, after)]


def _where(store: Store, wish: Wish, ids: Sequence[int]) -> set[int]:
    """Those of the articles for which the SQL of a search holds."""
    if not wish.where:
        return set(ids)
    listed = ", ".join(map(str, ids)) or "NULL"
    rows = store.db.conn.execute(f"SELECT id FROM articles WHERE articles.id IN ({listed}) AND (\n{wish.where}\n)")
    return {number for (number,) in rows}


def _was_there(store: Store, wish: Wish, story: int, after: int) -> bool:
    """Whether an article of the story that was there before the search is found by it too."""
    held = holds(wish.words) if wish.words else None
    older = store.db.conn.execute(_OLDER, (story, after)).fetchall()
    fit = [number for number, title, text in older if held is None or held(form(title), form(text))]
    return bool(_where(store, wish, fit)) if fit else False


def _put(connection: sqlite3.Connection, place: _Place, ids: Sequence[int], upto: int, now: datetime) -> int:
    """Write the notices of a step, unless another process has looked further meanwhile; how many those are."""
    if not connection.execute(_ADVANCE, {**place._asdict(), "upto": upto}).rowcount:
        return 0
    put = 0
    (begun,) = connection.execute("SELECT begun_at FROM searches WHERE id = ?", (place.id,)).fetchone()
    for number in ids:
        (story,) = connection.execute(_STORY_KEY, (number,)).fetchone()
        # Not of the article's number: in a database that was put back from a copy that may become another's.
        key = hashlib.sha256(f"{place.name}\n{begun}\n{story}".encode()).hexdigest()[:32]
        told = {"search": place.id, "article": number, "key": key, "now": stamp(now)}
        put += connection.execute(_PUT, told).rowcount
    return put
