"""The rows of a data set: every article with what a researcher has to know of it, as it was known at the asked time.

`FIELDS` says what a row holds, in its order. `rows` reads plain table names only: over a connection that travels
(`history.travel`) the answer is that of the time. Nothing depends on the clock. Memory is constant.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlite_utils import Database

from storage.fields import FIELDS, Field
from storage.history import moment_of
from storage.past_search import ordered
from storage.rights import Statements, reservations
from storage.search import checked, words_to_match

__all__ = ["FIELDS", "Field", "Finder", "Markets", "Purpose", "rows", "times"]

Purpose = Literal["train", "search", "archive"]
Row = dict[str, Any]


class Finder(Protocol):
    """What finds companies and indices in a text: see `mentions`."""

    def find(self, text: str, at: datetime | None) -> Sequence[Mapping[str, Any]]:
        """The mentions in a text that was written at a time."""


class Markets(Protocol):
    """What knows the hours of exchanges: see `sessions`."""

    def stamps(self, at: datetime, codes: Sequence[str]) -> list[dict[str, Any]]:
        """Where a time falls in the hours of the markets that the codes are traded on."""


# The language and the script of what the extraction calls a language; any other is written in Latin letters.
_SCRIPTS = {
    "zh-Hans": ("zh", "Hans"), "zh-Hant": ("zh", "Hant"), "zh": ("zh", "Hani"), "ja": ("ja", "Jpan"),
    "ko": ("ko", "Kore"), "ru": ("ru", "Cyrl"), "uk": ("uk", "Cyrl"), "bg": ("bg", "Cyrl"), "el": ("el", "Grek"),
    "ar": ("ar", "Arab"), "he": ("he", "Hebr"), "th": ("th", "Thai"), None: (None, None),
}  # fmt: skip
_COLUMNS = (
    "id", "url", "title", "text", "kind", "is_ad", "first_seen_at", "published_at", "published_precision",
    "published_evidence", "published_flag", "published_conflict", "claimed_time", "modified_at", "revision",
    "revised_at", "gone_at", "page_sha256", "ad_score", "lang", "charset", "paywalled", "truncated", "pages",
    "source", "site", "section", "found_by", "author", "editor", "keywords", "image", "canonical", "rules", "story_id",
)  # fmt: skip
_BATCH = 256
_RANGE = 2048  # ids
_decoded = json.JSONDecoder().raw_decode
_FLASH = 600  # bytes: as the extraction has it, for articles from before it was written down

Told = Callable[[Row], None]


def rows(
    db: Database,
    *,
    where: str = "",
    params: Sequence[Any] | Mapping[str, Any] = (),
    search: str = "",
    ads: bool = False,
    copies: bool = False,
    purpose: Purpose = "archive",
    mentions: Finder | None = None,
    markets: Markets | None = None,
    left_out: Counter[str] | None = None,
    told: Told | None = None,
) -> Iterator[Row]:
    """The rows of a data set, in the order of their ids; each has exactly `FIELDS`.

    `where` is SQL on the columns of `articles`, `search` words as `kuaixun search` takes them. `purpose` leaves out
    what is reserved against it. Times are aware datetimes; lists are shared between rows, not to be changed. With
    `left_out` it is counted why articles of the selection are not among the rows, each under one name; `told` gets
    the id, url and rights of those left out for their rights. Run it in a transaction where others write.
    Raises sqlite3.OperationalError for a condition that is none, at once.
    """
    condition = _condition(db, where, search)
    if left_out is not None:
        left_out.update(_hidden(db, condition, params, ads=ads, copies=copies))
    batches = _batches(db, _sql(db, f"{condition} {_shown(ads, copies)}"), params)
    held = checked(search)
    statements = Statements(db.conn)

    def selected() -> Iterator[Row]:
        for batch in batches:
            stories = _stories(db, batch)
            for raw in batch:
                if held and not held(raw[2], raw[3]):
                    continue
                rights = statements.of(raw[0], raw[1])
                reasons = reservations(rights, purpose)
                if reasons:
                    if left_out is not None:
                        left_out[reasons] += 1
                    if told:
                        told({"id": raw[0], "url": raw[1], "reasons": reasons, "rights": rights})
                    continue
                row = _row(raw, stories[raw[-1]], rights)
                if mentions:
                    row["mentions"] = found = _mentions(row, mentions)
                    if markets:
                        row["sessions"] = markets.stamps(row["first_seen_at"], [each["code"] for each in found])
                elif markets:
                    row["sessions"] = markets.stamps(row["first_seen_at"], ())
                yield row

    return selected()


def times(
    db: Database,
    *,
    where: str = "",
    params: Sequence[Any] | Mapping[str, Any] = (),
    search: str = "",
    ads: bool = False,
    copies: bool = False,
    purpose: Purpose = "archive",
) -> Iterator[datetime]:
    """When each of the rows that `rows` gives for the same arguments was first seen, in the order of their ids."""
    condition, held, statements = _condition(db, where, search), checked(search), Statements(db.conn)
    texts = ", title, text" if held else ""
    sql = f"""
        SELECT id, url, first_seen_at{texts} FROM articles WHERE {condition} {_shown(ads, copies)} ORDER BY id
    """
    for number, url, at, *words in db.conn.execute(sql, params):
        if (not held or held(*words)) and not reservations(statements.of(number, url), purpose):
            yield datetime.fromisoformat(at)


def _sql(db: Database, condition: str) -> str:
    present = {row[1] for row in db.conn.execute("PRAGMA main.table_info (articles)")}
    names = ", ".join(f'articles."{name}"' if name in present else f'NULL AS "{name}"' for name in _COLUMNS)
    return f"SELECT {names} FROM articles WHERE {condition} {{within}} ORDER BY articles.id"


def _batches(db: Database, sql: str, params: Sequence[Any] | Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """The rows of a query in the order of their ids, some at a time.

    A table that travels is no table but a view of two, which SQLite would sort as a whole, with all texts: there it is
    asked for a range of ids after the other.
    """
    if moment_of(db.conn) is None:
        return _fetched(db.conn.execute(sql.replace("{within}", ""), params))
    db.conn.execute(f"EXPLAIN {sql.replace('{within}', '')}", params)
    (last,) = db.conn.execute("SELECT coalesce(max(id), 0) FROM main.articles").fetchone()
    ranges = (f"AND articles.id > {start} AND articles.id <= {start + _RANGE}" for start in range(0, last, _RANGE))
    asked = (db.conn.execute(sql.replace("{within}", within), params) for within in ranges)
    return (batch for cursor in asked for batch in _fetched(cursor))


def _fetched(cursor: sqlite3.Cursor) -> Iterator[Sequence[Any]]:
    while batch := cursor.fetchmany(_BATCH):
        yield batch


def _stories(db: Database, batch: Sequence[Any]) -> dict[int, Any]:
    """The stories of some articles. A join would read a table that travels anew for each row."""
    wanted = ",".join({str(raw[-1]) for raw in batch})
    sql = f"SELECT id, key, first_seen_at, first_article, copies, sites FROM stories WHERE id IN ({wanted})"
    return {number: story for number, *story in db.conn.execute(sql)}


def _condition(db: Database, where: str, search: str) -> str:
    # On lines of its own, so that a comment in it ends with it.
    condition = f"(\n{where}\n)" if where else "1"
    if not search:
        return condition
    match = words_to_match(search)
    if not match:
        return "0"
    if moment_of(db.conn) is not None:  # the index has the present texts
        return f"{condition} AND articles.id IN (SELECT value FROM json_each('{ordered(db.conn, match)}'))"
    match = match.replace("'", "''")
    return f"{condition} AND articles.id IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH '{match}')"


def _shown(ads: bool, copies: bool) -> str:
    return ("" if ads else "AND NOT articles.is_ad ") + ("" if copies else "AND articles.copy_of IS NULL")


def _hidden(db: Database, condition: str, params: Any, *, ads: bool, copies: bool) -> Counter[str]:
    """How many articles of a selection are not shown because of what they are."""
    sql = "SELECT total(is_ad), total(copy_of IS NOT NULL AND NOT is_ad), total(is_ad AND copy_of IS NOT NULL) "
    is_ad, copy, both = db.conn.execute(f"{sql} FROM articles WHERE {condition}", params).fetchone()
    found = {"advertising": 0 if ads else is_ad, "copy": 0 if copies else copy + (both if ads else 0)}
    return Counter({name: int(number) for name, number in found.items() if number})


def _mentions(row: Row, finder: Finder) -> list[dict[str, Any]]:
    """The mentions in title and text; each says which of the two it stands in."""
    at = (not row["published_flag"] and row["published_at"]) or row["first_seen_at"]
    return [{"field": name, **found} for name in ("title", "text") for found in finder.find(row[name], at)]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _offset(at: datetime | None) -> int | None:
    offset = at.utcoffset() if at else None
    return None if offset is None else int(offset.total_seconds()) // 60


def _row(raw: Sequence[Any], story: Sequence[Any], rights: Sequence[Mapping[str, Any]]) -> Row:
    (
        number, url, title, text, kind, is_ad, first_seen_at, published_at, precision, evidence, flag, conflict,
        claimed, modified_at, revision, revised_at, gone_at, page, ad_score, lang, charset, paywalled, truncated, pages,
        source, site, section, found_by, author, editor, keywords, image, canonical, rules, _,
    ) = raw  # fmt: skip
    story_key, told_at, first_article, copies, sites = story
    body = text.encode("utf-8", "replace")
    published = datetime.fromisoformat(published_at) if published_at else None
    language, script = _SCRIPTS.get(lang) or (lang, "Latn")
    return {
        "id": number,
        "url": url,
        "title": title,
        "text": text,
        "kind": "ad" if is_ad else kind or ("flash" if len(body) < _FLASH else "article"),
        "first_seen_at": datetime.fromisoformat(first_seen_at),
        "published_at": published,
        "published_offset": _offset(published),
        "published_precision": precision,
        "published_evidence": evidence,
        "published_flag": flag,
        "published_conflict": conflict,
        "claimed_time": claimed,
        "modified_at": _time(modified_at),
        "revision": revision,
        "revised_at": _time(revised_at),
        "gone_at": _time(gone_at),
        "text_sha256": hashlib.sha256(body).hexdigest(),
        "page_sha256": page,
        "story_id": story_key,
        "story_first_seen_at": datetime.fromisoformat(told_at),
        "is_first": first_article == number,
        "copies_so_far": copies,
        "sites_so_far": sites,
        "ad_score": ad_score,
        "language": language,
        "script": script,
        "charset": charset,
        "paywalled": None if paywalled is None else bool(paywalled),
        "truncated": None if truncated is None else bool(truncated),
        "pages_joined": pages,
        "source": source,
        "site": site,
        "section": section,
        "found_by": found_by,
        "author": author,
        "editor": editor,
        "keywords": _decoded(keywords)[0] if keywords else None,
        "image": image,
        "canonical": canonical,
        "rights": rights,
        "rules": rules,
        "mentions": [],
        "sessions": [],
    }
