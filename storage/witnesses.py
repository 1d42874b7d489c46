"""Reading what was known of articles before a time: for telling what their pages say now.

Every function takes the open `Store.db`. What was read from suspect pages is no witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from storage.sqlite import Database
from storage.times import parse, stamp

_COLUMNS = ("title", "text", "published", "source", "author", "editor")
_KNOWN = """
    SELECT title, text, published_at, source, author, editor FROM versions
    WHERE article_id = (SELECT article_id FROM article_urls WHERE url_key = ?) AND observed_at < ?
    ORDER BY observed_at DESC LIMIT 1
"""
_LISTED = "SELECT title FROM headlines WHERE url_key = ? ORDER BY length(title) DESC LIMIT 1"
_LATEST = """
    SELECT articles.url FROM articles WHERE found_by = ? AND first_seen_at < ? AND gone_at IS NULL AND NOT is_ad
        AND id NOT IN (SELECT article_id FROM suspects)
    ORDER BY first_seen_at DESC LIMIT ?
"""
_CUT = ("...", "…", "..")


def drift_of(db: Database, source: str) -> datetime | None:
    """Since when the pages of a source do not yield what they did; None where they do."""
    sql = "SELECT min(since) FROM drifts WHERE source = ? AND ended_at IS NULL"
    row = db.conn.execute(sql, (source,)).fetchone()
    return parse(row[0]) if row[0] else None


def has_articles(db: Database, source: str) -> bool:
    """Whether any article came of a source."""
    sql = "SELECT EXISTS (SELECT 1 FROM articles WHERE found_by = ?)"
    return bool(db.conn.execute(sql, (source,)).fetchone()[0])


def drifting_hosts(db: Database, source: str) -> list[str]:
    """The hosts of a source whose pages do not yield what they did."""
    sql = "SELECT host FROM drifts WHERE source = ? AND ended_at IS NULL ORDER BY host"
    return [host for (host,) in db.conn.execute(sql, (source,))]


def known(db: Database, key: str, before: datetime) -> dict[str, Any]:
    """The fields of the article at an address (by its `url_key`) as known before a time; of a new one its title, as a
    list has it whole. Empty where nothing is known.
    """
    row = db.conn.execute(_KNOWN, (key, stamp(before))).fetchone()
    if row:
        found = {name: value for name, value in zip(_COLUMNS, row, strict=True) if value}
        if "published" in found:
            found["published"] = datetime.fromisoformat(found["published"])
        return found
    listed = db.conn.execute(_LISTED, (key,)).fetchone()
    return {"title": listed[0]} if listed and not listed[0].rstrip().endswith(_CUT) else {}


def latest(db: Database, source: str, before: datetime, limit: int) -> Iterator[str]:
    """The addresses of the last articles of a source that were known before a time and are still there."""
    yield from (url for (url,) in db.conn.execute(_LATEST, (source, stamp(before), limit)).fetchall())
