"""The table `observations`: what the page of an article said each time that it said something new.

`articles` keeps the first time of publication that was claimed, and a value about which the page has fallen silent.
Here each observation stands as it was: with the time that it claimed, and with nothing where it said nothing. A visit
that finds the same again adds no row. It opens no transaction.
"""

from __future__ import annotations

import json
import sqlite3

from storage.claims import Claim
from storage.records import Article
from storage.times import claim
from storage.values import column_value, jsonable

_SAID = (
    "said", "published_precision", "published_evidence", "published_flag", "published_at", "modified_at", "author",
    "editor", "source", "lang", "rules",
)  # fmt: skip
# They stand in columns, say how it was read, or change with the furniture of the page.
_ELSEWHERE = frozenset(("page_sha256", "claimed_time", "published_precision", "published_evidence"))

_PRESENT = f"SELECT id, revision, {', '.join(_SAID)} FROM observations WHERE article_id = ? AND replaced_at IS NULL"
_ADD = f"""
    INSERT INTO observations (article_id, revision, observed_at, {", ".join(_SAID)})
    SELECT id, revision, ?, {", ".join("?" * len(_SAID))} FROM articles WHERE id = ?
"""
_CLOSE = """
    UPDATE observations SET replaced_at = ?, cause = ?,
        last_confirmed_at = (SELECT last_seen_at FROM articles WHERE id = article_id)
    WHERE id = ?
"""


class ObservationBook:
    """The rows of `observations`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def note(self, article_id: int, article: Article, claimed: Claim, at: str, *, cause: str = "page") -> None:
        """What a page said at a time, or other rules read of it; nothing where that is what it said before.

        The row of `articles` has the revision that this is of, and still the time of the visit before.
        """
        said = _said(article, claimed)
        present = self._run(_PRESENT, (article_id,)).fetchone()
        if present:
            (revision,) = self._run("SELECT revision FROM articles WHERE id = ?", (article_id,)).fetchone()
            number, of, rest, *known = present
            # By which rules it was read is no news of the page; of an old database the rest is not known.
            if of == revision and known[:-1] == list(said[1:-1]) and rest in (said[0], None):
                self._run("UPDATE observations SET said = ? WHERE id = ? AND said IS NULL", (said[0], number))
                return
            self._run(_CLOSE, (at, cause, number))
        self._run(_ADD, (at, *said, article_id))


def _said(article: Article, claimed: Claim) -> tuple[str | None, ...]:
    """The values of `_SAID`."""
    rest = {name: jsonable(value) for name, value in sorted(article.extra.items()) if name not in _ELSEWHERE}
    rest = {name: value for name, value in rest.items() if value not in (None, "", [], {})}
    if article.canonical:
        rest["canonical"] = article.canonical
    who = (column_value(article.author), column_value(article.editor), column_value(article.source))
    said = json.dumps(rest, ensure_ascii=False)
    return (said, *claimed, claim(article.modified_at), *who, article.lang or None, article.rules or None)
