"""The queue of the fleet: procrastinate's jobs in PostgreSQL, and beside them parcels, what is sent by name.

The only room that knows psycopg and procrastinate. All that waits here is due in the database of the collector too:
the queue can be made anew at any time.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import procrastinate
import psycopg
import psycopg_pool
from procrastinate import RetryDecision
from procrastinate.worker import Worker

from crawler.fleet.line import LATE, LINE, SLOW, VERSION, QueueError, each_for_itself, parts_of, refuse_dead, told
from crawler.fleet.sql import AGAIN, GIVE_UP, HAND_OUT, OLD, ORPHANS, PUT, REPLACE, SIGNS, STALLED, TABLES

SCHEMA = 1  # of the table there; a queue of another one is made anew
# Seconds without a word from a worker after which its jobs are another's; it has dropped them by then: see `worker`.
SILENT = 30.0
KEPT = 86_400.0  # seconds that the number of a worker is kept that did not end in good order
ENDING = 10.0  # seconds that a worker has for what it is at, when it is stopped or its queue is away
LOOK = 0.2  # seconds between two looks of a worker for jobs
LARGE = 4_000_000  # bytes for which a job has its time on a slow line
TRIES = 5  # workers that die over a job
_QUEUE = f"kuaixun-{VERSION}"


class Job(NamedTuple):
    """Something to do: by its `task`, one at a time of those with the same `lock`, the highest `priority` first.

    The answer goes to whom the first word of its `key` names. `about` is the address that it is about, `pause` the
    seconds after which another may begin what a worker broke off.
    """

    key: str
    content: bytes
    about: str
    lock: str | None = None
    priority: int = 0
    task: str = "fetch"
    pause: float = 0.0


class _Again(procrastinate.BaseRetryStrategy):
    """What a stop cut off is put back, for after its pause."""

    def get_retry_decision(self, *, exception: BaseException, job: procrastinate.jobs.Job) -> RetryDecision | None:
        seconds = math.ceil(float(str(job.task_kwargs["pause"])))
        return RetryDecision(retry_in={"seconds": seconds}) if job.attempts < TRIES else None


class _Timely(procrastinate.PsycopgConnector):
    """Procrastinate waits for each answer for ever, also on a connection that fell silent while all others are whole.

    What it does then is what it does when a connection has died.
    """

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        async with asyncio.timeout(LATE):
            await super().execute_query_async(query, **arguments)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        async with asyncio.timeout(LATE + LARGE / SLOW):  # such as the next job, whose size is not known before
            found: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
            return found

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        async with asyncio.timeout(LATE + LARGE / SLOW):
            found: list[dict[str, Any]] = await super().execute_query_all_async(query, **arguments)
            return found


class Queue:
    """The queue at a DSN; an async context manager. Raises QueueError."""

    def __init__(self, dsn: str, *, connections: int = 4):
        for name in ("procrastinate", "psycopg.pool", "psycopg"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters is told by the one who asked
        given = LINE | parts_of(dsn)
        given["options"] = f"{given.get('options', '')} -c search_path=kuaixun".strip()
        self._line = psycopg.conninfo.make_conninfo(**given)
        self.pool = psycopg_pool.AsyncConnectionPool(
            self._line,
            open=False,
            min_size=1,
            max_size=connections,
            max_idle=30,
            timeout=10,
            reconnect_timeout=1.0,
            check=refuse_dead,
            configure=each_for_itself,
        )
        self.app = procrastinate.App(connector=_Timely(conninfo=self._line))
        self._worker: Worker | None = None

    async def __aenter__(self) -> Queue:
        async with told():  # the pool would try for long, and not say why
            await (await psycopg.AsyncConnection.connect(self._line)).close()
        await self.pool.open()
        await self.app.open_async(self.pool)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pool.close(timeout=2)

    async def run(self, sql: str, *values: Any, size: int = 0) -> list[tuple[Any, ...]]:
        """The rows of a statement, if it has any. `size`: bytes that it carries, for which a slow line has its time."""
        async with told(LATE + size / SLOW), self.pool.connection() as connection:
            cursor = await connection.execute(sql, values or None, binary=True)
            return await cursor.fetchall() if cursor.description else []

    async def make(self, *, again: bool = False) -> None:
        """The tables; with `again` anew, and all that waits is dropped. Raises QueueError where they are there."""
        async with told(), self.pool.connection() as connection, connection.transaction():
            # Who is cut off in the middle of it must not keep all others out.
            await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{LATE:.0f}s'")
            fresh = "DROP SCHEMA IF EXISTS kuaixun CASCADE; " * again + "CREATE SCHEMA kuaixun"
            for sql in (fresh, self.app.schema_manager.get_schema(), TABLES):
                await connection.execute(sql)
            await connection.execute(PUT.format(again="NOTHING"), ("schema", "schema", str(SCHEMA).encode()))

    async def check(self) -> None:
        """Raises QueueError where the tables are missing or of another version."""
        found = await self.run("SELECT content FROM kuaixun_parcels WHERE name = 'schema'")
        if not found or found[0][0] != str(SCHEMA).encode():
            raise QueueError("the queue was set up by another version; run `kuaixun fleet init --again`", lasting=True)

    # -- parcels

    async def put(self, name: str, addressee: str, content: bytes, *, replace: bool = False) -> None:
        """Send something; of two of one name the first counts, or with `replace` the last."""
        sql = PUT.format(again=REPLACE if replace else "NOTHING")
        await self.run(sql, name, addressee, content, size=len(content))

    async def has(self, name: str) -> bool:
        """Whether something was sent by that name."""
        return bool(await self.run("SELECT 1 FROM kuaixun_parcels WHERE name = %s", name))

    async def get(self, name: str) -> bytes | None:
        """What was sent by that name."""
        found = await self.run("SELECT content FROM kuaixun_parcels WHERE name = %s", name)
        return found[0][0] if found else None

    async def sizes(self, addressee: str) -> dict[str, int]:
        """The names of what was sent to somebody, and how many bytes each has."""
        sql = "SELECT name, octet_length(content) FROM kuaixun_parcels WHERE addressee = %s"
        return {row[0]: row[1] for row in await self.run(sql, addressee)}

    async def contents(self, sizes: Mapping[str, int]) -> list[tuple[str, bytes]]:
        """What was sent by these names, of which the sizes are known."""
        sql = "SELECT name, content FROM kuaixun_parcels WHERE name = ANY(%s)"
        rows = await self.run(sql, list(sizes), size=sum(sizes.values())) if sizes else []
        return [(name, content) for name, content in rows]

    async def drop(self, name: str) -> None:
        """Take back what was sent by a name."""
        await self.run("DELETE FROM kuaixun_parcels WHERE name = %s", name)

    async def done(self, names: Iterable[str]) -> None:
        """What was received and stored is emptied; its name stays for a while, so that nobody sends it again."""
        if named := list(names):
            await self.run("UPDATE kuaixun_parcels SET addressee = '', content = '' WHERE name = ANY(%s)", named)

    # -- jobs

    async def hand_out(self, jobs: Sequence[Job]) -> None:
        """Put jobs into the queue, in one transaction."""
        if not jobs:
            return
        # What was done under this name is over.
        await self.run("DELETE FROM kuaixun_parcels WHERE name = ANY(%s) AND addressee = ''", [job.key for job in jobs])
        rows = [
            (job.task, job.priority, job.lock, job.key, base64.b64encode(job.content).decode(), job.pause)
            for job in jobs
        ]
        size = sum(len(content) for *_, content, _ in rows)
        await self.run(HAND_OUT, _QUEUE, *map(list, zip(*rows, strict=True)), size=size)

    async def keys(self, to: str, wanted: Iterable[str]) -> set[str]:
        """The keys of all jobs for somebody. Those that wait and are not wanted any more go, or that none would do."""
        sql = "DELETE FROM procrastinate_jobs WHERE split_part(queueing_lock, ' ', 1) = %s AND status = 'todo'"
        await self.run(f"{sql} AND (queueing_lock <> ALL(%s) OR queue_name <> %s)", to, list(wanted), _QUEUE)
        sql = "SELECT queueing_lock FROM procrastinate_jobs WHERE split_part(queueing_lock, ' ', 1) = %s"
        return {key for (key,) in await self.run(sql, to)}

    async def workers(self) -> int:
        """How many workers of this version are heard of."""
        sql = """
            SELECT count(*) FROM kuaixun_parcels WHERE addressee = 'worker' AND at > now() - make_interval(secs => %s)
                AND convert_from(content, 'UTF8')::json ->> 'version' = %s
        """
        return int((await self.run(sql, SILENT, VERSION))[0][0])

    async def signs(self) -> dict[int, datetime]:
        """When each worker that does something said last that it lives, by the clock of PostgreSQL."""
        return dict(await self.run(SIGNS))

    async def stalled(self, to: str, silent: Mapping[int, datetime]) -> list[tuple[int, str, int]]:
        """The jobs for somebody that silent workers have: number, key, and how many it cost by now."""
        sql = f"SELECT id, queueing_lock, attempts + 1 FROM procrastinate_jobs WHERE {STALLED}"
        rows = await self.run(f"{sql} AND split_part(queueing_lock, ' ', 1) = %s", *_pairs(silent), to)
        return [(number, key, tries) for number, key, tries in rows]

    async def again(self, job: int, seconds: float, silent: Mapping[int, datetime]) -> None:
        """Put back a job whose worker is silent still, to be done after its pause, and so many seconds at least."""
        await self.run(AGAIN, job, *_pairs(silent), seconds)

    async def tidy(self) -> None:
        """Drop what nobody will take any more."""
        await self.run(OLD)
        await self.run(ORPHANS, SILENT)

    async def give_up(self, job: int, silent: Mapping[int, datetime]) -> None:
        """Take a job out of the queue whose worker is silent still."""
        await self.run(GIVE_UP, job, *_pairs(silent))

    async def sign(self) -> bool:
        """Say that who does jobs here lives; whether its jobs are its own still.

        What procrastinate has for that ends unheard with its connection.
        """
        if self._worker is None or self._worker.worker_id is None:
            return True
        sql = "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %s RETURNING 1"
        return bool(await self.run(sql, self._worker.worker_id))

    async def work(self, tasks: Mapping[str, Any], concurrency: int) -> None:
        """Do jobs until cancelled: each by the function of its task, which gets key, content and earlier tries."""

        async def heard(job: Callable[[], Awaitable[Any]], context: procrastinate.JobContext, worker: Any) -> Any:
            def ended(task: asyncio.Task[Any]) -> None:
                # What a job raises is put down; what is raised after that says that it was not. The job stays with its
                # worker, and nobody else asks its host, until that one ends: the next begins anew.
                if not task.cancelled() and task.exception():
                    worker.stop()

            if task := asyncio.current_task():
                task.add_done_callback(ended)
            return await job()

        def made(function: Any) -> Any:
            async def task(context: procrastinate.JobContext, ask: str, pause: float) -> None:
                await function(context.job.queueing_lock, base64.b64decode(ask), context.job.attempts)

            return task

        for name, function in tasks.items():
            if name not in self.app.tasks:
                self.app.task(name=name, pass_context=True, retry=_Again())(made(function))

        async with told(None):
            self._worker = Worker(
                self.app,
                queues=[_QUEUE],
                concurrency=concurrency,
                worker_middleware=[heard],
                install_signal_handlers=False,
                delete_jobs="always",
                # To be told of each job wakes all workers for one, and whether the listener lives nobody sees.
                listen_notify=False,
                fetch_job_polling_interval=LOOK,
                update_heartbeat_interval=SILENT / 6,
                # Who is silent the hubs know; this drops only what has no jobs any more.
                stalled_worker_timeout=KEPT,
                shutdown_graceful_timeout=ENDING,
            )
            await self._worker.run()  # type: ignore[no-untyped-call]  # procrastinate gives it no types


def _pairs(silent: Mapping[int, datetime]) -> tuple[list[int], list[datetime]]:
    return list(silent), list(silent.values())
