"""The table `headlines`: what lists announced, with the article of each where one is known.

It opens no transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from storage.keys import url_key
from storage.records import Headline
from storage.texts import title_key
from storage.times import claim, stamp
from storage.titles import Titles

_HEADLINE = """
    INSERT INTO headlines (url, title, published_at, first_seen_at, last_seen_at, seen_on, kind, block, position,
        is_ad, ad_score, title_key, url_key, article_id, matched_by)
    SELECT ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?, ?, article_id, iif(article_id IS NULL, NULL, 'address')
    FROM (SELECT (SELECT article_id FROM article_urls WHERE url_key = ?) AS article_id) WHERE true
    ON CONFLICT (url_key, title) DO UPDATE SET
        last_seen_at = excluded.last_seen_at, published_at = coalesce(published_at, excluded.published_at)
"""


class HeadlineBook:
    """The rows of `headlines`; from `ad_threshold` on a score marks an advertisement."""

    def __init__(self, connection: sqlite3.Connection, ad_threshold: float):
        self._run = connection.execute
        self._run_many = connection.executemany
        self._titles = Titles(connection)
        self._ad_threshold = ad_threshold

    def put(self, headlines: Sequence[Headline]) -> int:
        """How many of them were never seen before, by address and title."""
        if not headlines:
            return 0
        before = self._last()
        self._run_many(_HEADLINE, map(self._row, headlines))
        self._titles.seen(before + 1)
        return self._last() - before

    def announced(self, title: str) -> None:
        """An article has this title: the headlines that name it so get their article."""
        self._titles.announced(title)

    def _last(self) -> int:
        return int(self._run("SELECT coalesce(max(id), 0) FROM headlines").fetchone()[0])

    def _row(self, headline: Headline) -> tuple[object, ...]:
        at, key = stamp(headline.seen_at), url_key(headline.url)
        what = (headline.url, headline.title, claim(headline.published_at), at, at, headline.seen_on)
        where = (headline.kind, headline.block, headline.position)
        ad = (headline.ad_score >= self._ad_threshold, headline.ad_score)
        return (*what, *where, *ad, title_key(headline.title), key, key)
