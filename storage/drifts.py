"""The tables `habits`, what the pages of each site usually yield, `drifts`, sites that yield less, and `suspects`.

What is judged stands in `drift`. It opens no transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from storage import drift
from storage.drift import Seen, State, Step
from storage.keys import host_of
from storage.records import Visit
from storage.sqlite import Database
from storage.times import stamp

# Addresses of pages that are named as evidence of one drift, and shapes of addresses of one site.
EVIDENCE, SHAPES = 8, 64
_encoded = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_NEWS = ("new", "copy", "changed")
_KEEP = """
    INSERT INTO habits (host, shape, habit) VALUES (?, ?, ?)
    ON CONFLICT (host, shape) DO UPDATE SET habit = excluded.habit
"""
_SUSPECT = "INSERT INTO suspects (article_id, drift_id) VALUES (?, ?) ON CONFLICT (article_id) DO NOTHING"
_ROW = """
    SELECT drifts.id, drifts.host, signs, articles.published_at, articles.source, articles.author,
        length(articles.text)
    FROM suspects JOIN drifts ON drifts.id = drift_id JOIN articles ON articles.id = article_id WHERE article_id = ?
"""


class DriftBook:
    """The rows of `habits`, `drifts` and `suspects`."""

    def __init__(self, connection: sqlite3.Connection):
        self._run = connection.execute

    def note(self, visit: Visit, number: int, article_id: int | None = None, outcome: str = "none") -> None:
        """Take what a page yielded into account: `number` is that of its visit, `outcome` what the store made of it.

        An article that is as it was says nothing new; neither does one that is no longer there.
        """
        signs, host = visit.signs, host_of(visit.url)
        if signs is None or not host or visit.gone or (article_id and outcome not in _NEWS):
            return
        site = self._habit(host, "") or drift.fresh()
        shape = signs.shape if signs.shape in site["shapes"] or len(site["shapes"]) < SHAPES else "*"
        own = self._habit(host, shape) or drift.habit()
        lacks, amounts = drift.facts(site, signs, visit.url)
        step = drift.step(site, own, Seen(number, article_id or 0, shape, lacks, amounts))
        habits = {shape: own}
        for other, *facts in drift.release(site):
            if other not in habits:
                habits[other] = self._habit(host, other) or drift.habit()
            drift.learn(habits[other], *facts)
            drift.learn(site["habit"], *facts)
            if other not in site["shapes"]:
                site["shapes"].append(other)
        for name, known in (("", site), *habits.items()):
            self._run(_KEEP, (host, name, _encoded(known)))
        if step.alarms or site["alarm"] or step.ended:
            self._told(host, visit, article_id, step)

    def _habit(self, host: str, shape: str) -> dict[str, Any] | None:
        row = self._run("SELECT habit FROM habits WHERE host = ? AND shape = ?", (host, shape)).fetchone()
        return json.loads(row[0]) if row else None

    def _told(self, host: str, visit: Visit, article_id: int | None, step: Step) -> None:
        """Write the alarm, what more it shows, or its end; and the articles that came since it began."""
        row = self._run("SELECT id, signs FROM drifts WHERE host = ? AND ended_at IS NULL", (host,)).fetchone()
        if step.alarms:
            row = self._alarm(host, visit, step, row)
        if row and step.ended:
            how = "the pages yield again what they did"
            self._run("UPDATE drifts SET ended_at = ?, how = ? WHERE id = ?", (stamp(visit.at), how, row[0]))
        elif row and article_id:
            self._run(_SUSPECT, (article_id, row[0]))

    def _alarm(self, host: str, visit: Visit, step: Step, row: Any) -> tuple[int, str]:
        signs = json.loads(row[1]) if row else {}
        signs |= {name: {"usual": test.usual, "bad": test.bad, "of": test.of} for name, test in step.alarms.items()}
        told = json.dumps(signs, ensure_ascii=False)
        if row:
            number = int(row[0])
            self._run("UPDATE drifts SET signs = ? WHERE id = ?", (told, number))
        else:
            pages = self._seen(page for page, _ in step.pages)
            since = self._run("SELECT at FROM visits WHERE id = ?", (step.first,)).fetchone()
            what = (host, visit.source, since[0] if since else stamp(visit.at), stamp(visit.at), told)
            sql = "INSERT INTO drifts (host, source, since, noted_at, signs, pages) VALUES (?, ?, ?, ?, ?, ?)"
            number = int(self._run(sql, (*what, json.dumps(pages, ensure_ascii=False))).lastrowid or 0)
        for _, article in step.pages:
            if article:
                self._run(_SUSPECT, (article, number))
        return number, told

    def _seen(self, visits: Iterable[int]) -> list[str]:
        """The addresses of the last of these visits."""
        last = list(visits)[-EVIDENCE:]
        rows = (self._run("SELECT url FROM visits WHERE id = ?", (number,)).fetchone() for number in last)
        return [row[0] for row in rows if row]

    def reread(self, article_id: int, at: str, *, is_changed: bool) -> None:
        """An article was read again by other rules: whether it is above suspicion now.

        When the last one of a drift is, the drift is over; should the pages go on as before, it is found again.
        """
        row = self._run(_ROW, (article_id,)).fetchone()
        if row is None or not _is_mended(json.loads(row[2]), row[3:], is_changed=is_changed):
            return
        self._run("DELETE FROM suspects WHERE article_id = ?", (article_id,))
        left = self._run("SELECT 1 FROM suspects WHERE drift_id = ? LIMIT 1", (row[0],)).fetchone()
        if left is None:
            self._over(row[1], row[0], at, "its articles were read again")

    def accept(self, host: str, at: str) -> bool:
        """What the pages of a site yield now is right, and learnt anew. Whether there was a drift."""
        row = self._run("SELECT id FROM drifts WHERE host = ? AND ended_at IS NULL", (host,)).fetchone()
        if row is None:
            return False
        self._run("DELETE FROM suspects WHERE drift_id = ?", row)
        self._run("DELETE FROM habits WHERE host = ?", (host,))
        self._over(host, row[0], at, "accepted")
        return True

    def _over(self, host: str, number: int, at: str, how: str) -> None:
        self._run("UPDATE drifts SET ended_at = ?, how = ? WHERE id = ? AND ended_at IS NULL", (at, how, number))
        state: State | None = self._habit(host, "")
        if state:
            state |= {"alarm": {}, "tests": {}, "waiting": []}
            self._run(_KEEP, (host, "", _encoded(state)))


def _is_mended(signs: Mapping[str, Mapping[str, Any]], row: tuple[Any, ...], *, is_changed: bool) -> bool:
    """Whether an article has what its site's pages lacked; of what its row does not tell, whether it changed at all."""
    published, source, author, size = row
    there = {"published": published, "source": source, "author": author}
    if any(name in there and not there[name] for name in signs):
        return False
    unseen = signs.keys() - there.keys()
    return bool(size) and (is_changed or not unseen)


def drifts(db: Database) -> list[dict[str, Any]]:
    """The sites whose pages do not yield what they did, the last first: `signs` and `pages` as JSON has them, and
    `suspects`, how many articles came of such pages.
    """
    sql = """
        SELECT *, (SELECT count(*) FROM suspects WHERE drift_id = drifts.id) AS suspects
        FROM drifts WHERE ended_at IS NULL ORDER BY since DESC, id DESC
    """
    cursor = db.conn.execute(sql)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [{**row, "signs": json.loads(row["signs"]), "pages": json.loads(row["pages"])} for row in rows]
