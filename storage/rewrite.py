"""Articles read again by other rules: their new values in place of the former ones, which stay in `revisions`.

The observation is of today: what a command printed at a time before is what it prints for that time still.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from storage.claims import claim_of
from storage.records import Article
from storage.store import Store
from storage.times import claim, stamp
from storage.values import column_value

# What another reading may change; the address of an article and its site are not read from its text.
FIELDS = ("title", "text", "published_at", "published_precision", "modified_at", "author", "editor", "source", "lang")

_READ = """
    INSERT INTO readings (article_id, rules, page) VALUES (?, ?, ?)
    ON CONFLICT (article_id) DO UPDATE SET rules = excluded.rules, page = excluded.page
"""


class Reread(NamedTuple):
    """One article that was read again: by which rules, from the page with this SHA-256, and what that changes if
    anything.
    """

    article_id: int
    rules: str
    page: str
    article: Article | None = None


class Rewriter(Store):
    """The store as a reading of the archive writes to it."""

    def rewrite(self, several: Iterable[Reread]) -> None:
        """Write what was read again, all in one transaction."""
        with self._transaction():
            for one in several:
                if one.article:
                    self._articles.rewrite(one.article_id, one.article, self._clock())
                    self._headlines.announced(one.article.title)
                self._drifts.reread(one.article_id, stamp(self._clock()), is_changed=one.article is not None)
                self._run(_READ, (one.article_id, one.rules, one.page))

    def accept_drift(self, host: str) -> bool:
        """What the pages of a site yield now is right, and learnt anew. Whether there was a drift."""
        with self._transaction():
            return self._drifts.accept(host, stamp(self._clock()))


def values(article: Article, extra: Sequence[str]) -> dict[str, Any]:
    """What the columns in `FIELDS` and the added ones in `extra` hold for an article."""
    claimed = claim_of(article, article.fetched_at)
    own = {
        "title": article.title,
        "text": article.text,
        "published_at": claimed.at,
        "published_precision": claimed.precision,
        "modified_at": claim(article.modified_at),
        "author": article.author or None,
        "editor": article.editor or None,
        "source": article.source or None,
        "lang": article.lang or None,
    }
    return own | {name: column_value(article.extra.get(name)) for name in extra}
