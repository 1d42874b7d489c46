"""How the fleet stands: who works, what waits, what was given up; and what becomes of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crawler.fleet import engine
from crawler.fleet.engine import Queue
from crawler.fleet.line import VERSION

_SENT = """
    SELECT addressee, name, extract(epoch FROM now() - at)::int, content FROM kuaixun_parcels
    WHERE addressee IN ('state', 'worker', 'crew', 'dead') ORDER BY addressee, name
"""
_QUEUE = """
    SELECT coalesce(lock, ''), task_name, count(*) FILTER (WHERE status = 'todo') AS waiting,
        count(*) FILTER (WHERE status = 'doing'), sum(attempts)::int,
        extract(epoch FROM now() - min(at) FILTER (WHERE status = 'todo'))::int
    FROM procrastinate_jobs LEFT JOIN procrastinate_events ON job_id = procrastinate_jobs.id AND type = 'deferred'
    WHERE status IN ('todo', 'doing') GROUP BY 1, 2 ORDER BY waiting DESC, 4 DESC, 1
"""
_DEAD = """ WHERE addressee = 'dead' AND
    (%s::text[] IS NULL OR convert_from(content, 'UTF8')::json ->> 'url' = ANY(%s)) RETURNING name
"""


async def state(queue: Queue) -> dict[str, Any]:
    """All of it, as JSON has it; `silent` and `oldest` are seconds. `wrong` says in sentences what must be mended."""
    sent: dict[str, list[dict[str, Any]]] = {"state": [], "worker": [], "crew": [], "dead": []}
    for to, name, silent, content in await queue.run(_SENT):
        own = {} if to == "dead" else {"name": name.removeprefix(f"{to} "), "silent": silent}
        sent[to].append(own | msgspec.json.decode(content))
        if silent >= engine.SILENT and "per_minute" in sent[to][-1]:
            sent[to][-1]["per_minute"] = 0
    names = ("host", "kind", "waiting", "under_way", "retries", "oldest")
    waiting = [dict(zip(names, row, strict=True)) for row in await queue.run(_QUEUE)]
    collectors, workers = ([one for one in sent[to] if one["silent"] < engine.SILENT] for to in ("state", "worker"))
    others = sorted({one["version"] for one in (*collectors, *workers)} - {VERSION})
    wrong = {
        "no collector is at work; `kuaixun fleet collect` is one": not collectors,
        "no worker is at work; `kuaixun fleet worker` is one": not workers,
        f"of another version than this, {VERSION}: {', '.join(others)}": others,
        f"given up: {len(sent['dead'])}; `kuaixun fleet retry --all` asks again, `fleet drop` forgets": sent["dead"],
    }
    return {
        "collector": sent["state"],
        "workers": sent["worker"],
        "archives": sent["crew"],
        "queue": waiting,
        "dead": sent["dead"],
        "retries": sum(row["retries"] for row in waiting),
        "oldest": max((row["oldest"] or 0 for row in waiting), default=0),
        "wrong": [text for text, is_so in wrong.items() if is_so],
    }


async def settle(queue: Queue, urls: Sequence[str] | None, *, again: bool) -> int:
    """Ask again what was given up, or forget it: these addresses, or all; how many there were."""
    change = "UPDATE kuaixun_parcels SET addressee = 'again'" if again else "DELETE FROM kuaixun_parcels"
    given = None if urls is None else list(urls)
    return len(await queue.run(change + _DEAD, given, given))
