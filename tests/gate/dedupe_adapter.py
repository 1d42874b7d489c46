"""De-duplication as the scorers call it: the crawl's own way of storing an article, less what it does beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from storage import Article, Visit, open_store
from storage.articles import Articles

CHINA = timezone(timedelta(hours=8))
# Rows in one transaction.
BATCH = 100


class _Unsearchable(Articles):
    """The articles without the search index, which is no part of finding copies."""

    def _index(self, *_: object) -> None:
        pass


class Deduper:
    """Takes rows one by one. Everything is in the file, so another one goes on where this one was closed."""

    def __init__(self, path: str):
        self._store = open_store(Path(path), fields={"row": "TEXT"})
        self._run = self._store.db.conn.execute
        self._articles = _Unsearchable(self._store.db.conn, 0.5)
        self._open = 0

    def add(self, row: dict[str, Any]) -> str | None:
        """Store a row (id, url, site, time, title, text); the id of the earlier row that it is a copy of."""
        if not self._open:
            self._run("BEGIN")
        at = datetime.fromisoformat(row["time"]).replace(tzinfo=CHINA)
        url = row["url"]
        article = Article(
            url, row["title"], row["text"], at, published_at=at, site=row["site"], extra={"row": row["id"]}
        )
        visit = Visit(url, url, "article", "rows", at.astimezone(UTC), 200)
        outcome, article_id, story_id = self._articles.put(article, visit)
        self._open = (self._open + 1) % BATCH
        if not self._open:
            self._run("COMMIT")
        if outcome == "new":
            return None
        wanted = story_id if outcome == "copy" else article_id
        return str(self._run("SELECT row FROM articles WHERE id = ?", (wanted,)).fetchone()[0])

    def close(self) -> None:
        """Write what is not written yet."""
        if self._open:
            self._run("COMMIT")
        self._store.close()


def make(path: str) -> Deduper:
    """A deduper on a file, which may be there already."""
    return Deduper(path)
