"""Reading for pages: windows of what is newest or found, bounded however large the database is, and what is in them.

Every function takes the open database (`Database.conn`), of the present or of the past (`history.travel`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from storage.gaps import overdue
from storage.history import moment_of, rows_at
from storage.keys import url_key
from storage.latest import best as best_of
from storage.latest import latest
from storage.past_search import last_of, matching, ordered
from storage.search import checked, form, holds, words_to_match
from storage.sqlite import Database
from storage.times import parse, stamp
from storage.values import mapping_of

Row = dict[str, Any]

# Articles that a window looks at: of these are its counts, and what is seldom may not be among them.
NEWEST, FOUND, FOUND_CHECKED = 1500, 500, 120
RANKED = 15_000  # hits that are weighed against each other
# What of a story and of an article is read at most.
MEMBERS, LINKS, LISTED = 100, 100, 100

_BRIEF = "id, told_at, site, source, {section}, lang, is_ad, copy_of"
_CARD = """
    id, title, url, source, site, {section}, lang, published_at, published_flag, first_seen_at, told_at, is_ad, copy_of,
    revision, revised_at, gone_at, story_id
"""
_AT_ONCE = 100
_NEWEST = f"SELECT {{}} FROM {{}} WHERE {{}} ORDER BY told_at DESC, id DESC LIMIT {NEWEST}"


class Brief(NamedTuple):
    """Of an article what it is chosen by."""

    id: int
    told_at: str
    site: str | None
    source: str | None
    section: str | None
    lang: str | None
    is_ad: int
    copy_of: int | None


class Window(NamedTuple):
    """Articles in their order; `whole`: there is none beyond them."""

    briefs: list[Brief]
    whole: bool


def newest(db: sqlite3.Connection, before: tuple[str, int] | None = None, until: str = "", since: str = "") -> Window:
    """The newest articles, copies and advertising among them: before a place (`told_at`, id), told before `until` and
    not before `since`.
    """
    tests = ["(told_at, id) < (:at, :id)"] if before else []
    tests += ["told_at < :until"] if until else []
    tests += ["told_at >= :since"] if since else []
    at, number = before or ("", 0)
    values: dict[str, str | int] = {"at": at, "id": number, "until": until, "since": since}
    moment = moment_of(db)
    if moment is None:
        rows = db.execute(_NEWEST.format(_columns(db, _BRIEF), "articles", " AND ".join(tests) or 1), values).fetchall()
    else:
        rows = _newest_then(db, moment, tests, values)
    return Window([Brief(*row) for row in rows], len(rows) < NEWEST)


def _newest_then(
    db: sqlite3.Connection, moment: int, tests: list[str], values: dict[str, str | int]
) -> list[tuple[Any, ...]]:
    """The same at a moment: the table and its history one by one, because of their union every row would be sorted."""
    columns = _columns(db, _BRIEF)
    unchanged, former = rows_at("articles", moment)
    here = [*tests, unchanged]
    if moment:
        # What was known then had been told before, by our clock, which may have been set back a little meanwhile.
        (at,) = db.execute("SELECT at FROM main.moments WHERE id = ?", (moment,)).fetchone()
        values["then"] = stamp(parse(at) + timedelta(days=1))
        here.append("told_at <= :then")
    rows = db.execute(_NEWEST.format(columns, "main.articles AS now", " AND ".join(here)), values).fetchall()
    there = _NEWEST.format(columns, "main.history_articles AS former", " AND ".join([*tests, former]))
    rows += db.execute(there, values).fetchall()
    return sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)[:NEWEST]


def found(db: sqlite3.Connection, words: str, below: int = 0, *, best: bool = False) -> Window:
    """The articles that hold the typed words, the last to come first; with `below` those with smaller ids.

    `best`: the best matches first, and none after them; of very many those with the words in their titles, the last to
    come first: to weigh each hit takes longer than anybody waits. See `storage.search` for the words.
    """
    match = words_to_match(words)
    if not match:
        return Window([], True)
    if "*" in match and (window := _frequent(db, words, below, best=best)):
        return window
    check = checked(words)
    most = FOUND if check is None else FOUND_CHECKED
    ids = _ids(db, match, below, most, best)
    briefs = list(_briefs(db, ids))
    if check is not None:
        texts = {row["id"]: row for row in texts_of(db, [brief.id for brief in briefs])}
        held = (brief for brief in briefs if brief.id in texts)
        briefs = [brief for brief in held if check(texts[brief.id]["title"], texts[brief.id]["text"])]
        if len(ids) == most and not best and (not briefs or briefs[-1].id != ids[-1]):
            briefs.append(_looked_at(ids[-1]))
    return Window(briefs, best or len(ids) < most)


def _frequent(db: sqlite3.Connection, words: str, below: int, *, best: bool) -> Window | None:
    """The last articles that hold the typed words, where so many do that no index is needed; else None.

    To find what begins so, a character, say, the index puts together every word that does, however few are wanted.
    The `best` are then those of them with the words in their titles.
    """
    check = holds(words)
    rows = _last_texts(db, below or 1 + last_of(db))
    held = [number for number, title, text in rows if check and check(form(title), form(text))]
    if len(rows) < FOUND_CHECKED or len(held) < FOUND_CHECKED // 3:
        return None
    if best and rows[0][0] < 3 * RANKED:
        return None  # so few can be weighed
    if best:
        titled = {number for number, title, _ in rows if check and check(form(title), "")}
        return Window(list(_briefs(db, sorted(held, key=lambda number: number not in titled))), True)
    return Window([*_briefs(db, held), *([_looked_at(rows[-1][0])] if held[-1] != rows[-1][0] else [])], False)


def _last_texts(db: sqlite3.Connection, below: int) -> list[tuple[int, str, str]]:
    """Number, title and text of the last articles before a number."""
    if moment_of(db) is None:
        sql = f"SELECT id, title, text FROM articles WHERE id < ? ORDER BY id DESC LIMIT {FOUND_CHECKED}"
        return db.execute(sql, (below,)).fetchall()
    # By their numbers, as a view of the past wants it; some of them may not have been there.
    rows = texts_of(db, range(max(0, below - 2 * FOUND_CHECKED), below))
    return sorted(((row["id"], row["title"], row["text"]) for row in rows), reverse=True)[:FOUND_CHECKED]


def _looked_at(number: int) -> Brief:
    """How far it was looked; as a copy of itself it is shown nowhere."""
    return Brief(number, "", None, None, None, None, 0, number)


def _ids(db: sqlite3.Connection, match: str, below: int, most: int, best: bool) -> list[int]:
    if moment_of(db) is None:
        found = best_of(db, match, below, most, RANKED) if best else latest(db, match, below, most)
        return _titled_first(latest, db, match, below, most) if found is None else found
    if not best:
        return matching(db, match, below, most)
    found = matching(db, match, below, RANKED + 1)
    if len(found) > RANKED:
        return _titled_first(matching, db, match, below, most)
    if len(found) < 2:
        return found
    return [number for number in ordered(db, match) if not below or number < below][:most]


def _titled_first(
    find: Callable[[sqlite3.Connection, str, int, int], list[int]],
    db: sqlite3.Connection, match: str, below: int, most: int,
) -> list[int]:  # fmt: skip
    titled = find(db, f"{{title}} : ({match})", below, most)
    return titled if len(titled) >= most else list(dict.fromkeys((*titled, *find(db, match, below, most))))[:most]


def _briefs(db: sqlite3.Connection, ids: Sequence[int]) -> Iterator[Brief]:
    """In the order of the ids."""
    columns = _columns(db, _BRIEF)
    known: dict[int, Brief] = {}
    for part in _parts(ids):
        known |= {row[0]: Brief(*row) for row in db.execute(f"SELECT {columns} FROM articles WHERE {part}")}
    return (known[number] for number in ids if number in known)


def cards(db: sqlite3.Connection, ids: Sequence[int]) -> list[Row]:
    """What a list shows of articles, in the order of their ids; `sites` and `copies` are those of their stories."""
    columns = _columns(db, _CARD)
    known: dict[int, Row] = {}
    for part in _parts(ids):
        known |= {row["id"]: row for row in _rows(db, f"SELECT {columns} FROM articles WHERE {part}")}
    stories: dict[int, Row] = {}
    for part in _parts(sorted({row["story_id"] for row in known.values() if row["story_id"]}), "stories.id"):
        stories |= {row["id"]: row for row in _rows(db, f"SELECT id, key, sites, copies FROM stories WHERE {part}")}
    none = {"key": "", "sites": 1, "copies": 0}
    told = ((row, stories.get(row["story_id"], none)) for number in ids if (row := known.get(number)))
    return [{**row, "key": story["key"], "sites": story["sites"], "copies": story["copies"]} for row, story in told]


def texts_of(db: sqlite3.Connection, ids: Sequence[int]) -> list[Row]:
    """Title and text of articles, in no order."""
    return [row for part in _parts(ids) for row in _rows(db, f"SELECT id, title, text FROM articles WHERE {part}")]


def story(db: sqlite3.Connection, which: str) -> Row | None:
    """A story by its key: its row, its first `articles` as told without their texts, `links` and `moves`.

    `first_article_card` and `first_seen_article_card` are those that were first, of all; None where that is not known.
    """
    told = next(_rows(db, "SELECT * FROM stories WHERE key = ?", (which,)), None)
    if told is None:
        return None
    ids = f"SELECT id FROM articles WHERE story_id = ? ORDER BY told_at, url_key LIMIT {MEMBERS}"
    members = [number for (number,) in db.execute(ids, (told["id"],))]
    told["articles"] = cards(db, members)
    known = {card["id"]: card for card in told["articles"]}
    for name in ("first_article", "first_seen_article"):
        number = told.get(name)
        # Who was first may be beyond those that are shown.
        told[f"{name}_card"] = known.get(number) or next(iter(cards(db, [number] if number else [])), None)
    told["links"] = list[Row]()
    for part in _parts(members, "links.article_id"):
        sql = f"SELECT article_id, other_id, level, score, evidence FROM links WHERE {part} ORDER BY id LIMIT {LINKS}"
        told["links"] += [{**row, "evidence": mapping_of(row["evidence"])} for row in _rows(db, sql)]
    sql = "SELECT at, article_id, from_key, to_key, why FROM story_moves WHERE ? IN (from_key, to_key) ORDER BY id"
    told["moves"] = list(_rows(db, f"{sql} LIMIT {LISTED}", (which,)))
    return told


def story_key(db: sqlite3.Connection, article: int) -> str | None:
    """The key of the story of an article; None when there is no such article."""
    sql = "SELECT key FROM stories WHERE id = (SELECT story_id FROM articles WHERE id = ?)"
    row = db.execute(sql, (article,)).fetchone()
    return row[0] if row else None


def unseen(db: sqlite3.Connection, now: datetime, watched: Collection[str] | None = None) -> list[str]:
    """The sources of which a list is not seen now or not whole, or that nobody asks; `watched` as `gaps.spanning`."""
    sql = f"SELECT DISTINCT source FROM gaps WHERE mended_at IS NULL AND to_at IS NULL ORDER BY source LIMIT {LISTED}"
    late = (row["source"] for row in overdue(Database(db), now))
    found = {name for (name,) in db.execute(sql)} | {name for name in late if watched is None or name in watched}
    return sorted(found)


def visits(db: sqlite3.Connection, article: int) -> list[Row]:
    """The visits that brought or confirmed an article, the first first."""
    sql = f"SELECT url, final_url, at, status FROM visits WHERE article_id = ? ORDER BY id LIMIT {LISTED}"
    return list(_rows(db, sql, (article,)))


def carried(db: sqlite3.Connection, article: int, url: str) -> list[Row]:
    """The headlines that were seen on an article's page before they were seen anywhere else, in its order."""
    times = sorted({row["at"] for row in visits(db, article)})
    if not times:
        return []
    marks = ", ".join("?" * len(times))
    sql = f"""
        SELECT url, title, published_at, first_seen_at, kind, block, is_ad, article_id FROM headlines
        WHERE first_seen_at IN ({marks}) AND seen_on = ? ORDER BY first_seen_at DESC, position LIMIT {LISTED}
    """
    return list(_rows(db, sql, (*times, url)))


def announced(db: sqlite3.Connection, urls: Sequence[str]) -> dict[str, Row]:
    """Of the addresses of a list, by what they are known: whether as advertising, and the article that they lead to."""
    keys = {url: url_key(url) for url in urls}
    marks = ", ".join("?" * len(keys))
    # The index of the past knows no addresses; neither of the two changes, but for the article, which is looked for.
    sql = f"SELECT url_key, max(is_ad), max(article_id) FROM main.headlines WHERE url_key IN ({marks}) GROUP BY 1"
    found = {key: (ad, article) for key, ad, article in db.execute(sql, list(keys.values()))}
    there = {brief.id for brief in _briefs(db, sorted({article for _, article in found.values() if article}))}
    rows = {url: found.get(key, (0, None)) for url, key in keys.items()}
    return {
        url: {"is_ad": ad, "article_id": article if article in there else None} for url, (ad, article) in rows.items()
    }


def _columns(db: sqlite3.Connection, columns: str) -> str:
    """The columns, with NULL for an added field that no crawl has made a column of."""
    there = any(row[1] == "section" for row in db.execute("PRAGMA main.table_info (articles)"))
    return columns.format(section="section" if there else "NULL AS section")


def _parts(ids: Sequence[int], name: str = "articles.id") -> Iterator[str]:
    # As literals: SQLite takes nothing else into a view of the past, and would read all of it.
    for start in range(0, len(ids), _AT_ONCE):
        yield f"{name} IN ({', '.join(str(int(number)) for number in ids[start : start + _AT_ONCE])})"


def _rows(db: sqlite3.Connection, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
    cursor = db.execute(sql, params)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)
