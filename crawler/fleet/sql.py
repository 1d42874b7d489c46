"""The table of parcels, and the longer statements to it and to the jobs of procrastinate."""

from __future__ import annotations

TABLES = """
    CREATE TABLE kuaixun_parcels (
        name text PRIMARY KEY, addressee text NOT NULL, content bytea NOT NULL, at timestamptz NOT NULL DEFAULT now()
    );
    ALTER TABLE kuaixun_parcels ALTER content SET STORAGE EXTERNAL;
    CREATE INDEX kuaixun_parcels_addressee ON kuaixun_parcels (addressee) WHERE addressee <> '';
    CREATE INDEX kuaixun_parcels_at ON kuaixun_parcels (at);
    -- Workers of an earlier queue may still speak of numbers that they know.
    SELECT setval(pg_get_serial_sequence(name, 'id'), (1000 * extract(epoch FROM clock_timestamp()))::bigint)
        FROM (VALUES ('procrastinate_jobs'), ('procrastinate_workers')) AS tables (name);
"""
PUT = """
    INSERT INTO kuaixun_parcels (name, addressee, content) VALUES (%s, %s, %s) ON CONFLICT (name) DO {again}
"""
REPLACE = "UPDATE SET addressee = excluded.addressee, content = excluded.content, at = now()"


# What waits longer has nobody who asked for it; `again` and `dead` wait for people.
OLD = """
    DELETE FROM kuaixun_parcels WHERE at < now() - make_interval(hours => 1)
        AND addressee NOT IN ('schema', 'again', 'dead')
"""
# Of crews that are gone, also what a dead worker had.
ORPHANS = """
    DELETE FROM procrastinate_jobs WHERE task_name = 'read' AND NOT EXISTS (SELECT FROM kuaixun_parcels
        WHERE name = split_part(queueing_lock, ' ', 1) AND at > now() - make_interval(secs => %s))
"""
SIGNS = """
    SELECT id, last_heartbeat FROM procrastinate_workers AS worker
    WHERE EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = worker.id)
"""
# Of a worker that has no number any more, or one of these, and is known by one of these signs of life still.
STALLED = """
    status = 'doing' AND NOT EXISTS (SELECT FROM procrastinate_workers AS worker
        WHERE worker.id = worker_id AND NOT (worker.id = ANY(%s) AND last_heartbeat = ANY(%s)))
"""
# One that is held by a process of PostgreSQL which is frozen must not hold up all others.
GIVE_UP = f"""
    DELETE FROM procrastinate_jobs WHERE id IN (
        SELECT id FROM procrastinate_jobs WHERE id = %s AND {STALLED} FOR UPDATE SKIP LOCKED
    )
"""
# Under a new number: what its worker still has to say of the old one, however late that arrives, is not about this one.
# What was asked for again meanwhile waits already.
AGAIN = f"""
    WITH gone AS ({GIVE_UP} RETURNING *)
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, attempts, scheduled_at)
    SELECT queue_name, task_name, priority, lock, queueing_lock, args, attempts + 1,
        now() + make_interval(secs => greatest((args ->> 'pause')::float, %s)) FROM gone
    ON CONFLICT DO NOTHING
"""
# As procrastinate does it, which cannot say how long it may take.
HAND_OUT = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args)
    SELECT %s, task, priority, lock, key, jsonb_build_object('ask', ask, 'pause', pause)
        FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::text[], %s::float[])
        AS jobs (task, priority, lock, key, ask, pause)
    ON CONFLICT DO NOTHING
"""
