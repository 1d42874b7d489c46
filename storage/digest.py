"""One hash of all that a database says, whatever way it came there: for what was stopped and for what was not."""

from __future__ import annotations

import hashlib
import json

from storage.sqlite import Database

# Numbers are given in the order in which articles came, times are of our clock; keys follow from what is hashed.
_OURS = frozenset((
    "id", "first_seen_at", "last_seen_at", "revised_at", "gone_at", "told_at", "story_id", "copy_of", "url_key",
    "text_key", "title_key", "rules",
))  # fmt: skip


def content_hash(db: Database) -> str:
    """The SHA-256 of the articles: what each says, how often that changed, which story it is in, what it is a copy of.

    The same for the same content: numbers and the times of our own clock are not in it, and empty columns do not count.
    """
    columns = [row[1] for row in db.execute("PRAGMA table_info (articles)") if row[1] not in _OURS]
    names = ", ".join(f'articles."{name}"' for name in columns)
    sql = f"""
        SELECT articles.url_key, stories.key, original.url_key, {names} FROM articles
        JOIN stories ON stories.id = articles.story_id LEFT JOIN articles AS original ON original.id = articles.copy_of
        ORDER BY articles.url_key
    """
    digest = hashlib.sha256()
    for key, story, original, *values in db.execute(sql):
        told = {name: value for name, value in zip(columns, values, strict=True) if value is not None}
        digest.update(json.dumps([key, story, original, told], ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()
