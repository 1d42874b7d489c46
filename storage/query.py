"""Reading: rows as dicts, advertisements and copies left out unless asked for. Nothing is written.

Every function takes the open `Store.db`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, groupby, islice
from typing import Any

from storage.keys import url_key
from storage.past_search import is_present, ordered, rows_of, steady
from storage.rights import known
from storage.search import checked, snippet, words_to_match
from storage.sqlite import Database
from storage.texts import same_title
from storage.times import parse, stamp

Row = dict[str, Any]

# Columns that serve the program, not the reader.
INTERNAL = frozenset(("url_key", "text_key", "title_key", "told_at", "rules"))

# When an article was told, as far as its claim can be believed: see `members.told_at`.
_TIME = "articles.told_at"

_LAST_ID = 2**63 - 1

# What is shown is sought row by row while the hits come in their order: of most of them nothing else is ever read.
_MATCHES = """
    SELECT articles.id, {order} FROM articles_fts CROSS JOIN articles ON articles.id = articles_fts.rowid
    WHERE articles_fts MATCH ? {shown} ORDER BY 2
"""


def columns(db: Database) -> list[str]:
    """The columns of an article that a reader wants, in the table's order; added fields come last."""
    return [row[1] for row in db.execute("PRAGMA table_info (articles)") if row[1] not in INTERNAL]


def search(
    db: Database,
    words: str,
    *,
    limit: int = 20,
    ads: bool = False,
    copies: bool = False,
    newest: bool = False,
    marks: tuple[str, str] = ("[", "]"),
) -> list[Row]:
    """The articles that hold the typed words, each with a `snippet` (words between `marks`).

    The best match comes first, a word in the title before one in the text; with `newest` the latest. Words may have any
    length and script; what cannot be searched (punctuation alone) finds nothing. See `search` for the operators.
    """
    match = words_to_match(words)
    if not match:
        return []
    check, shown = checked(words), _shown(ads, copies)
    with steady(db.conn):
        if not is_present(db.conn, match, ranking=not newest):
            ids = ordered(db.conn, match, _TIME if newest else "")
            rows = rows_of(ids, lambda some: articles(db, where=some, ads=ads, copies=copies))
        else:
            one = f"SELECT {_selected(db)} FROM articles WHERE id = ?"
            numbers = _matches(db, match, shown, newest=newest)
            rows = (row for number in numbers for row in _rows(db, one, (number,)))
        held = (row for row in rows if check is None or check(row["title"], row["text"]))
        found = list(islice(held, limit) if limit >= 0 else held)
    for row in found:
        row["snippet"] = snippet(row["text"], words, marks=marks)
    return found


def _matches(db: Database, match: str, shown: str, *, newest: bool) -> Iterator[int]:
    """The ids of what an FTS5 expression finds: the best first, those as good by id, or the latest first."""
    if newest:
        sql = f"{_MATCHES.format(order=_TIME, shown=shown)} DESC, 1 DESC"
        return (row[0] for row in db.conn.execute(sql, (match,)))
    # To sort by rank alone is the index's own work; by a second column it would be ours, with every row read.
    rows = db.conn.execute(_MATCHES.format(order="articles_fts.rank", shown=shown), (match,))
    return chain.from_iterable(sorted(row[0] for row in equal) for _, equal in groupby(rows, lambda row: row[1]))


def articles(
    db: Database,
    *,
    where: str = "",
    params: Sequence[Any] | Mapping[str, Any] = (),
    ads: bool = False,
    copies: bool = False,
    order: str = "articles.id",
    limit: int = -1,
) -> Iterator[Row]:
    """Articles one by one, in constant memory. `where` is SQL on the columns of `articles`, its values in `params`."""
    condition = _condition(where)
    sql = (
        f"SELECT {_selected(db)} FROM articles WHERE {condition} {_shown(ads, copies)} ORDER BY {order} LIMIT {limit:d}"
    )
    return _rows(db, sql, params)


def count(
    db: Database,
    *,
    where: str = "",
    params: Sequence[Any] | Mapping[str, Any] = (),
    ads: bool = False,
    copies: bool = False,
) -> int:
    """How many rows `articles` gives for the same arguments."""
    condition = _condition(where)
    sql = f"SELECT count(*) FROM articles WHERE {condition} {_shown(ads, copies)}"
    total: int = db.conn.execute(sql, params).fetchone()[0]
    return total


def latest(db: Database, *, limit: int = 20, ads: bool = False, copies: bool = False) -> list[Row]:
    """The newest articles by the time they claim, or by when they were first seen where they claim none that can be."""
    return list(articles(db, ads=ads, copies=copies, order=f"{_TIME} DESC, articles.id DESC", limit=limit))


def headlines(db: Database, *, limit: int = 20, ads: bool = False) -> list[Row]:
    """The headlines that came up last, whether or not their article was read."""
    shown = "" if ads else "WHERE NOT is_ad"
    names = [row[1] for row in db.execute("PRAGMA table_info (headlines)") if row[1] not in (*INTERNAL, "last_seen_at")]
    sql = f"SELECT {', '.join(names)} FROM headlines {shown} ORDER BY first_seen_at DESC, position, id LIMIT ?"
    return list(_rows(db, sql, (limit,)))


def article(db: Database, which: str) -> Row | None:
    """One article, by its id or by any of its addresses in any variant; None when there is none."""
    if which.isdecimal() and which.isascii():
        if len(which) > len(str(_LAST_ID)) or int(which) > _LAST_ID:
            return None
        rows = articles(db, where="id = ?", params=(int(which),), ads=True, copies=True)
    else:
        known = "id = (SELECT article_id FROM article_urls WHERE article_urls.url_key = ?)"
        rows = articles(db, where=known, params=(url_key(which),), ads=True, copies=True)
    return next(rows, None)


def newest_before(db: Database, source: str, at: datetime, limit: int = 3) -> set[str]:
    """The URL keys of the newest articles of a source of those that were known at a time."""
    sql = """
        SELECT url_key FROM articles WHERE found_by = ? AND first_seen_at <= ? AND told_at IS NOT NULL
        ORDER BY told_at DESC LIMIT ?
    """
    return {key for (key,) in db.conn.execute(sql, (source, stamp(at), limit))}


def titled_alike(db: Database, url: str) -> list[str]:
    """The addresses of the articles that bear the title under which lists name an address."""
    sql = """
        SELECT headlines.title, articles.title, articles.url FROM headlines
        JOIN articles ON articles.title_key = headlines.title_key AND articles.title_key != 0
        WHERE headlines.url_key = ? AND headlines.title_key != 0
    """
    rows = db.conn.execute(sql, (url_key(url),))
    return [address for listed, title, address in rows if same_title(listed, title)]


def story(db: Database, which: str) -> Row | None:
    """The story of an article (its id or address) or by its key: the row of `stories`, and its `articles` as told.

    Each article has its former versions, oldest first, as `revisions`, why it is in the story as `links` (level, score,
    evidence; level `alike` is a look-alike that it is not a copy of), and what was said about its use as `rights`. The
    story has its `headlines`, matched by address or title, and its `moves`. None when there is no such article.
    """
    one = article(db, which)
    sql = "SELECT * FROM stories WHERE id = ? OR key = ?"
    found = next(_rows(db, sql, (one["story_id"] if one else None, which)), None)
    if found is None:
        return None
    told = articles(
        db,
        where="story_id = ?",
        params=(found["id"],),
        ads=True,
        copies=True,
        order="articles.told_at, articles.url_key",
    )
    found["articles"] = [
        {**row, "revisions": revisions(db, id_), "links": links(db, id_), "rights": rights(db, id_)}
        for id_, row in ((row["id"], row) for row in told)
    ]
    sql = """
        SELECT headlines.url, headlines.title, seen_on, headlines.first_seen_at, matched_by, article_id
        FROM headlines JOIN articles ON articles.id = article_id WHERE story_id = ? ORDER BY headlines.id
    """
    found["headlines"] = list(_rows(db, sql, (found["id"],)))
    sql = "SELECT at, article_id, from_key, to_key, why FROM story_moves WHERE ? IN (from_key, to_key) ORDER BY id"
    found["moves"] = list(_rows(db, sql, (found["key"],)))
    return found


def links(db: Database, article_id: int) -> list[Row]:
    """What an article was held against, and what came of it; `evidence` has `why` and the `differing` passages."""
    sql = "SELECT other_id, level, score, evidence FROM links WHERE article_id = ? ORDER BY level = 'alike', id"
    return [{**row, "evidence": json.loads(row["evidence"])} for row in _rows(db, sql, (article_id,))]


def revisions(db: Database, article_id: int) -> list[Row]:
    """The former versions of an article, oldest first; the present one is the article itself."""
    return list(_rows(db, "SELECT * FROM revisions WHERE article_id = ? ORDER BY revision", (article_id,)))


def rights(db: Database, article_id: int, at: datetime | None = None) -> list[Row]:
    """What was said about the use of an article, by its page and by its host, as known at a time or now.

    `kind` and `value` are the statement (see `storage.rights.RESERVED` for what they reserve), `agent` is whom it was
    said to, `applies` whether that means us; `read_on` and `read_at` are where, and since when it was read so.
    """
    return known(db.conn, article_id, at)


def host_file(db: Database, url: str) -> tuple[datetime, int, str] | None:
    """When a file of a host was last asked for, the status and the text that came; None when it never was."""
    row = db.conn.execute("SELECT read_at, status, body FROM host_files WHERE url = ?", (url,)).fetchone()
    return (parse(row[0]), row[1], row[2]) if row else None


def last_status(db: Database, url: str) -> int:
    """The HTTP status of the last visit to an address; 0 when there was no answer, or no visit."""
    row = db.conn.execute(
        "SELECT status FROM visits WHERE url = ? AND import_id IS NULL ORDER BY id DESC LIMIT 1", (url,)
    ).fetchone()
    return int(row[0]) if row else 0


def lists_anything(db: Database, url: str) -> bool:
    """Whether any headline was first seen at an address."""
    row = db.conn.execute("SELECT EXISTS (SELECT 1 FROM headlines WHERE seen_on = ?)", (url,)).fetchone()
    return bool(row[0])


def stats(db: Database, since: datetime | None = None) -> dict[str, int]:
    """Counts since a time, or of everything.

    requests, unchanged (304), errors; articles (neither copy nor ad), copies, ads, changed (revised at least once),
    headlines, headline_ads, stories; waiting (addresses that will be asked again, whenever).
    """
    after = stamp(since) if since else ""
    sql = """
        SELECT count(*) AS requests, total(status = 304) AS unchanged, total(error IS NOT NULL) AS errors
        FROM visits WHERE at >= :after AND import_id IS NULL
    """
    found = next(_rows(db, sql, {"after": after}))
    sql = """
        SELECT total(copy_of IS NULL AND NOT is_ad) AS articles, total(copy_of IS NOT NULL) AS copies,
            total(is_ad) AS ads
        FROM articles WHERE first_seen_at >= :after
    """
    found |= next(_rows(db, sql, {"after": after}))
    for name, sql in _COUNTS.items():
        found[name] = db.conn.execute(sql, {"after": after}).fetchone()[0]
    return {name: int(number) for name, number in found.items()}


_COUNTS = {
    "changed": "SELECT count(DISTINCT article_id) FROM revisions WHERE replaced_at >= :after AND cause = 'edit'",
    "headlines": "SELECT count(*) FROM headlines WHERE first_seen_at >= :after",
    "headline_ads": "SELECT count(*) FROM headlines WHERE first_seen_at >= :after AND is_ad",
    "stories": "SELECT count(*) FROM stories WHERE first_seen_at >= :after",
    "waiting": "SELECT count(*) FROM frontier WHERE next_at IS NOT NULL",
}


def _selected(db: Database) -> str:
    return ", ".join(f'articles."{name}"' for name in columns(db))


def _condition(where: str) -> str:
    # On lines of its own, so that a comment in it ends with it.
    return f"(\n{where}\n)" if where else "1"


def _shown(ads: bool, copies: bool) -> str:
    return ("" if ads else "AND NOT articles.is_ad ") + ("" if copies else "AND articles.copy_of IS NULL")


def _rows(db: Database, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[Row]:
    cursor: sqlite3.Cursor = db.conn.execute(sql, params)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))
