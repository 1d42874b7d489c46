"""The table `frontier`: which addresses are known, when each may be asked again, and how its last visit ended.

An address is due when its `next_at` has come; NULL means never again. `state` says how the last visit ended (done,
gone, failed), or that there was none (waiting). Nothing is marked as being asked: who asks keeps that in mind, and
after a crash whatever was in flight is due once more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from storage.keys import host_of, url_key
from storage.records import Target, Visit
from storage.times import parse, stamp

# An article that gave no answer may give one by another scheme or host; a page that names both must not ask for ever.
_UNREACHED = "(frontier.kind = 'article' AND state = 'failed' AND last_status = 0 AND tries < 8)"
_ADD = f"""
    INSERT INTO frontier
        (url_key, url, host, source, kind, priority, depth, next_at, etag, last_modified, found_on, added_at)
    SELECT ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, ''), ?
    WHERE NOT EXISTS (SELECT 1 FROM article_urls WHERE url_key = ? AND how != 'canonical')
    ON CONFLICT (url_key) DO UPDATE SET url = excluded.url, host = excluded.host, next_at = excluded.next_at
    WHERE {_UNREACHED} AND (host != excluded.host OR substr(url, 1, 6) != substr(excluded.url, 1, 6))
"""
# Waiting addresses are due at once and go by priority; those that were visited go by time, and of these the lists
# first. Each is one seek in an index, whatever the queue holds.
_HOSTS = """
    WITH RECURSIVE waiting (host) AS (
        SELECT min(host) FROM frontier WHERE state = 'waiting' AND next_at IS NOT NULL
        UNION ALL
        SELECT (SELECT min(host) FROM frontier WHERE state = 'waiting' AND next_at IS NOT NULL AND host > waiting.host)
        FROM waiting WHERE host IS NOT NULL
    ), again (host) AS (
        SELECT min(host) FROM frontier WHERE state != 'waiting' AND next_at IS NOT NULL
        UNION ALL
        SELECT (SELECT min(host) FROM frontier WHERE state != 'waiting' AND next_at IS NOT NULL AND host > again.host)
        FROM again WHERE host IS NOT NULL
    )
    SELECT host FROM waiting WHERE host IS NOT NULL
    UNION
    SELECT host FROM again WHERE EXISTS (
        SELECT 1 FROM frontier WHERE host = again.host AND state != 'waiting' AND (kind = 'article') = 0
            AND next_at <= :now
    ) OR EXISTS (
        SELECT 1 FROM frontier WHERE host = again.host AND state != 'waiting' AND (kind = 'article') = 1
            AND next_at <= :now
    )
"""
_CHOICE = """
    SELECT * FROM (
        SELECT url, kind, source, priority, depth, next_at, coalesce(found_on, ''), coalesce(etag, ''),
            coalesce(last_modified, ''), tries, visited_at
        FROM frontier WHERE host = :host AND next_at IS NOT NULL AND next_at <= :now AND {which} {whose}
        ORDER BY {order} LIMIT 1
    )
"""
_WHICH = (
    ("state = 'waiting'", "priority DESC, next_at"),
    ("state != 'waiting' AND (kind = 'article') = 0", "next_at"),
    ("state != 'waiting' AND (kind = 'article') = 1", "next_at"),
)
_OWN = "AND source IN (SELECT value FROM json_each(:own))"


def _best(whose: str) -> str:
    choices = (_CHOICE.format(which=which, whose=whose, order=order) for which, order in _WHICH)
    return " UNION ALL ".join(choices) + " ORDER BY 4 DESC, 6 LIMIT 1"


_BEST, _BEST_OWN = _best(""), _best(_OWN)
_FINISH = """
    INSERT INTO frontier
        (url_key, url, host, source, kind, state, next_at, etag, last_modified, added_at, visited_at, last_status)
    VALUES (:key, :url, :host, :source, :kind, :state, :next_at, nullif(:etag, ''), nullif(:last_modified, ''),
        :at, :at, :status)
    ON CONFLICT (url_key) DO UPDATE SET
        state = excluded.state, next_at = excluded.next_at, tries = 0, visited_at = excluded.visited_at,
        last_status = excluded.last_status,
        etag = CASE WHEN :status = 304 THEN coalesce(excluded.etag, etag) ELSE excluded.etag END,
        last_modified = CASE WHEN :status = 304 THEN coalesce(excluded.last_modified, last_modified)
            ELSE excluded.last_modified END
"""
_REACHED = """
    INSERT INTO frontier (url_key, url, host, source, kind, state, added_at, visited_at, last_status)
    VALUES (?, ?, ?, ?, ?, 'done', ?, ?, ?)
    ON CONFLICT (url_key) DO UPDATE SET
        state = 'done', next_at = NULL, visited_at = excluded.visited_at, last_status = excluded.last_status
    WHERE state = 'waiting'
"""
_FAIL = """
    INSERT INTO frontier (url_key, url, host, source, kind, state, tries, next_at, added_at, visited_at, last_status)
    VALUES (:key, :url, :host, :source, :kind, :state, 1, :next_at, :at, :at, :status)
    ON CONFLICT (url_key) DO UPDATE SET
        state = excluded.state, next_at = excluded.next_at, tries = tries + 1, visited_at = excluded.visited_at,
        last_status = excluded.last_status
"""
_KNOWN = f"""
    SELECT value, coalesce(added_at, ''), iif(
        {_UNREACHED} AND value NOT IN (SELECT url_key FROM article_urls WHERE how != 'canonical'), url, ''
    )
    FROM json_each(?) LEFT JOIN frontier ON url_key = value
    WHERE added_at IS NOT NULL OR value IN (SELECT url_key FROM article_urls WHERE how != 'canonical')
"""
_CHANGED = """
    UPDATE frontier SET next_at = ?1
    WHERE url_key = ?2 AND kind = 'article' AND state = 'done' AND visited_at < ?3 AND coalesce(next_at > ?1, 1)
"""
WAKE_PAUSE = timedelta(hours=6)


class Queue:
    """The frontier's rows. It opens no transaction: the store does."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute
        self._run_many = connection.executemany

    def add(self, targets: Iterable[Target], now: str) -> int:
        """Queue the addresses that are not known yet, due at their `next_at` or at once; how many those were."""
        rows = []
        for target in targets:
            key, host = url_key(target.url), host_of(target.url)
            next_at = stamp(target.next_at) if target.next_at else now
            row = (key, target.url, host, target.source, target.kind, target.priority, target.depth, next_at)
            if host:
                rows.append((*row, target.etag, target.last_modified, target.found_on, now, key))
        return self._run_many(_ADD, rows).rowcount if rows else 0

    def hosts_due(self, now: str) -> list[str]:
        """The hosts that may have something due, in the order of their names."""
        return [host for (host,) in self._run(_HOSTS, {"now": now})]

    def best(self, host: str, now: str, own: Collection[str] | None) -> Target | None:
        """What is due of a host: the highest priority first, then what waits longest; None when nothing is.

        With `own` only the addresses of the sources named there.
        """
        if own is None:
            row = self._run(_BEST, {"host": host, "now": now}).fetchone()
        else:
            row = self._run(_BEST_OWN, {"host": host, "now": now, "own": json.dumps(list(own))}).fetchone()
        return _target(row) if row else None

    def next_due(self, now: str) -> datetime | None:
        """When the first address falls due after `now`; None when none will."""
        (found,) = self._run("SELECT min(next_at) FROM frontier WHERE next_at > ?", (now,)).fetchone()
        return parse(found) if found else None

    def waiting(self, now: str) -> int:
        """How many addresses are due."""
        count: int = self._run("SELECT count(*) FROM frontier WHERE next_at <= ?", (now,)).fetchone()[0]
        return count

    def known(self, urls: Iterable[str]) -> dict[str, str]:
        """Those addresses that need no queueing, and since when each is known; "" for always.

        They were queued or visited before, or are another address of a stored article. One that gave no answer by
        another scheme or host is not among them.
        """
        by_key: dict[str, list[str]] = {}
        for url in urls:
            by_key.setdefault(url_key(url), []).append(url)
        rows = self._run(_KNOWN, (json.dumps(list(by_key)),))
        return {
            url: since
            for key, since, unreached in rows
            for url in by_key[key]
            if not unreached or _origin(unreached) == _origin(url)
        }

    def deeper(self, urls: Iterable[str], depth: int) -> set[str]:
        """Those of the addresses that are queued or visited as further from the seeds than `depth`."""
        by_key = {url_key(url): url for url in urls}
        sql = "SELECT url_key FROM frontier WHERE url_key IN (SELECT value FROM json_each(?)) AND depth > ?"
        return {by_key[key] for (key,) in self._run(sql, (json.dumps(list(by_key)), depth))}

    def settle(self, keys: Iterable[str]) -> None:
        """Addresses that wait need not be asked."""
        sql = "UPDATE frontier SET state = 'done', next_at = NULL WHERE url_key = ? AND state = 'waiting'"
        self._run_many(sql, [(key,) for key in keys])

    def wake(self, keys: Iterable[str], now: str, *, learnt: bool = True) -> int:
        """Make known addresses due now, with their validators; how many. See `Store.wake` for `learnt`."""
        sql = "UPDATE frontier SET next_at = ? WHERE url_key = ?"
        if not learnt:
            sql += " AND NOT EXISTS (SELECT 1 FROM rhythms WHERE url_key = frontier.url_key AND pause IS NOT NULL)"
        return self._run_many(sql, [(now, key) for key in keys]).rowcount

    def wake_changed(self, changed: Mapping[str, datetime], now: datetime) -> int:
        """Make the articles due that have changed since they were visited (address to when); how many.

        None is asked twice within `WAKE_PAUSE` for that: some sites call everything changed all the time.
        """
        latest = stamp(now - WAKE_PAUSE)
        rows = [(stamp(now), url_key(url), min(stamp(at), latest)) for url, at in changed.items() if at <= now]
        return self._run_many(_CHANGED, rows).rowcount if rows else 0

    def wake_lists(self, source: str, now: str) -> int:
        """Make whatever announces the articles of a source due now; how many."""
        sql = "UPDATE frontier SET next_at = ? WHERE source = ? AND kind != 'article' AND next_at > ?"
        return self._run(sql, (now, source, now)).rowcount

    def finish(self, visit: Visit, state: str, next_at: str | None) -> None:
        """An answer came. Where it came from after redirects counts as visited too: nobody need ask there."""
        self._run(_FINISH, self._outcome(visit, state, next_at))
        final = url_key(visit.final_url)
        if final != url_key(visit.url):
            at = stamp(visit.at)
            row = (final, visit.final_url, host_of(visit.final_url), visit.source, visit.kind, at, at, visit.status)
            self._run(_REACHED, row)

    def fail(self, visit: Visit, next_at: str | None) -> None:
        """No usable answer came; 404 and 410 are `gone`, everything else `failed`."""
        self._run(_FAIL, self._outcome(visit, "gone" if visit.status in (404, 410) else "failed", next_at))

    @staticmethod
    def _outcome(visit: Visit, state: str, next_at: str | None) -> dict[str, object]:
        return {
            "key": url_key(visit.url),
            "url": visit.url,
            "host": host_of(visit.url),
            "source": visit.source,
            "kind": visit.kind,
            "state": state,
            "next_at": next_at,
            "etag": visit.etag,
            "last_modified": visit.last_modified,
            "at": stamp(visit.at),
            "status": visit.status,
        }


def _origin(url: str) -> tuple[str, str]:
    return url.partition(":")[0], host_of(url)


def _target(row: Sequence[Any]) -> Target:
    found = list(row)
    found[5], found[10] = parse(found[5]), parse(found[10]) if found[10] else None
    return Target(*found)
