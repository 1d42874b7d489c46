"""The search index against the articles: which of them it does not hold as they are, and all of it made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from storage.words import index_tokens, searchable

_ADD = "INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)"
BATCH = 1000


def differing(connection: sqlite3.Connection) -> Iterator[int]:
    """The ids of articles that the index lacks or holds otherwise, and of entries without an article.

    FTS5 cannot compare, since it was given tokens and not the text; but it notes how many tokens each entry has.
    """
    sql = """
        SELECT articles.id, title, text, sz FROM articles LEFT JOIN articles_fts_docsize AS sizes USING (id)
        UNION ALL SELECT id, NULL, NULL, sz FROM articles_fts_docsize WHERE id NOT IN (SELECT id FROM articles)
    """
    for article_id, title, text, sizes in connection.execute(sql):
        if title is None or sizes is None or list(numbers(sizes)) != [_size(title), _size(text)]:
            yield article_id


def stale(connection: sqlite3.Connection, newest: int) -> int:
    """How many of the newest articles the index lacks or holds otherwise: a quick look."""
    sql = """
        SELECT title, text, sz FROM articles LEFT JOIN articles_fts_docsize AS sizes USING (id)
        ORDER BY articles.id DESC LIMIT ?
    """
    rows = connection.execute(sql, (newest,))
    return sum(sizes is None or list(numbers(sizes)) != [_size(title), _size(text)] for title, text, sizes in rows)


def miscounted(connection: sqlite3.Connection) -> int:
    """How many tokens the index has too few or too many by its own notes. Raises sqlite3.DatabaseError if it is torn.

    Reads all of the index.
    """
    (locked,) = connection.execute("PRAGMA query_only").fetchone()
    # The table of terms lives in the connection, not in the file; SQLite does not tell the two apart here.
    connection.execute("PRAGMA query_only = OFF")
    try:
        connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab (main, articles_fts, 'row')")
        (held,) = connection.execute("SELECT total(cnt) FROM temp.terms").fetchone()
        connection.execute("DROP TABLE temp.terms")
    finally:
        connection.execute(f"PRAGMA query_only = {locked}")
    return abs(
        int(held) - sum(sum(numbers(row[0])) for row in connection.execute("SELECT sz FROM articles_fts_docsize"))
    )


def reindex(connection: sqlite3.Connection, told: Callable[[int], None] = lambda done: None) -> int:
    """Make the whole index anew inside the open transaction; how many articles are in it.

    `told` is called with the number of articles done, now and then.
    """
    connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    last = done = 0
    while True:
        rows = connection.execute(
            "SELECT id, title, text FROM articles WHERE id > ? ORDER BY id LIMIT ?", (last, BATCH)
        ).fetchall()
        if not rows:
            return done
        connection.executemany(_ADD, [(number, *entry(title, text)) for number, title, text in rows])
        last, done = rows[-1][0], done + len(rows)
        told(done)


def entry(title: str, text: str) -> tuple[str, str]:
    """Title and text as the search index has them."""
    return index_tokens(searchable(title)), index_tokens(searchable(text))


def _size(text: str) -> int:
    tokens = index_tokens(searchable(text))
    return tokens.count(" ") + 1 if tokens else 0


def numbers(packed: bytes) -> Iterator[int]:
    """SQLite's variable-length integers: seven bits a byte, the highest bit says that more follow."""
    number = 0
    for byte in packed:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            yield number
            number = 0
