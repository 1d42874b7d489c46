"""Tables of gaps, claims, exports, chores, drifts, notices and sketches, as migrations of `schema` make them.

Never edited.
"""

from __future__ import annotations

from datetime import timedelta

from storage.claims import DAY_SKEW, OLDEST_YEAR, SKEW
from storage.places import covers_in_sql
from storage.sqlite import Database
from storage.tables import run

_DAY = timedelta(days=1)
_GAPS = """
    DROP VIEW freshness;
    CREATE TABLE gaps_new (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        url TEXT NOT NULL,                   -- the list that was not seen, or not whole
        kind TEXT NOT NULL CHECK (kind IN ('overrun', 'down', 'blocked', 'robots', 'outage')),
        from_at TEXT NOT NULL,               -- of what came from here (the last good visit, or the first try) ...
        to_at TEXT,                          -- ... to here, something may be missing; NULL while it goes on
        reason TEXT NOT NULL,
        evidence TEXT NOT NULL,              -- JSON: `at`, `kind`, `reason` of what was seen of it
        noted_at TEXT NOT NULL,
        mended_at TEXT                       -- when it turned out that nothing is missing
    );
    INSERT INTO gaps_new SELECT id, source, url, 'overrun', from_at, to_at, reason,
        json_array(json_object('at', noted_at, 'kind', 'overrun', 'reason', reason)), noted_at, mended_at FROM gaps;
    DROP TABLE gaps;
    ALTER TABLE gaps_new RENAME TO gaps;
    CREATE INDEX gaps_source ON gaps (source, noted_at);
    CREATE INDEX gaps_url ON gaps (url, noted_at);
    CREATE INDEX gaps_open ON gaps (to_at) WHERE mended_at IS NULL;
    CREATE VIEW freshness AS                 -- when each source was last seen, and last brought something new
        SELECT name AS source, enabled, last_success_at, last_item_at, next_at, error, error_since,
            (SELECT count(*) FROM gaps WHERE gaps.source = name AND mended_at IS NULL) AS gaps
        FROM sources;
    -- when it was last visited before that, and when it is to be visited next
    ALTER TABLE rhythms ADD COLUMN before_at TEXT;
    ALTER TABLE rhythms ADD COLUMN due_at TEXT;
    -- seconds after their time that the last two visits came
    ALTER TABLE rhythms ADD COLUMN late REAL;
    ALTER TABLE rhythms ADD COLUMN late_before REAL;
"""
_WAITING = """
    CREATE TABLE waiting_sketches (
        article_id INTEGER PRIMARY KEY,
        era INTEGER NOT NULL,
        hashes BLOB NOT NULL                 -- 32 bits each, signed, the lowest byte first
    );
    CREATE TABLE sketches_new (
        era INTEGER NOT NULL,
        hash INTEGER NOT NULL,
        article_id INTEGER NOT NULL,
        PRIMARY KEY (era, hash, article_id)
    ) WITHOUT ROWID;
    INSERT INTO sketches_new SELECT era, hash, article_id FROM sketches;
    DROP TABLE sketches;
    ALTER TABLE sketches_new RENAME TO sketches;
"""
_CHORES = """
    CREATE TABLE chores (
        name TEXT PRIMARY KEY,               -- backup, prune, check
        begun_at TEXT NOT NULL,              -- when it was last begun, our clock
        ended_at TEXT,                       -- when that ended; NULL while it runs, or where it was interrupted
        done_at TEXT,                        -- when it last went well, our clock
        result TEXT,                         -- what came of it then
        error TEXT,
        error_since TEXT,
        error_count INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
"""
_CLOCKS = """
    CREATE TABLE clocks (
        host TEXT PRIMARY KEY,
        usual REAL,                          -- minutes from the claimed time to the coming; NULL: not known
        right_delay REAL NOT NULL,           -- what that would be if the clock were right
        odd TEXT NOT NULL                    -- JSON: readings that differ from it, see `storage/claims.py`
    ) WITHOUT ROWID;
    CREATE TABLE clock_faults (
        id INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        source TEXT NOT NULL,
        hours REAL NOT NULL,                 -- by which claimed times run ahead of the truth; below zero: behind it
        since TEXT NOT NULL,                 -- when the first of these articles came
        articles INTEGER NOT NULL,           -- that were evidence of it
        usual_delay REAL,                    -- minutes from the claimed time to when an article came, before ...
        delay REAL NOT NULL,                 -- ... and since; NULL before: it was so from the beginning
        noted_at TEXT NOT NULL,
        ended_at TEXT                        -- when the first article came with a right time again
    );
    CREATE INDEX clock_faults_host ON clock_faults (host);
"""
_CLAIMS = f"""
    UPDATE articles SET published_flag = 'impossible' WHERE published_at < '{OLDEST_YEAR}';
    UPDATE articles SET published_flag = 'future' WHERE julianday(published_at) - julianday(first_seen_at)
        > iif(published_precision = 'day', {DAY_SKEW / _DAY}, {SKEW / _DAY});
    UPDATE articles SET told_at = first_seen_at WHERE told_at IS NULL;
    DROP INDEX articles_time;
    CREATE INDEX articles_told ON articles (told_at);
    DROP VIEW news;
    CREATE VIEW news AS                      -- the articles that are neither copies nor advertising, newest first
        SELECT id, iif(published_flag IS NULL, coalesce(published_at, first_seen_at), first_seen_at) AS at, title,
            source, site, lang, url, story_id
        FROM articles WHERE copy_of IS NULL AND NOT is_ad ORDER BY told_at DESC, id DESC;
"""
_DRIFT = """
    CREATE TABLE habits (
        host TEXT NOT NULL,
        shape TEXT NOT NULL,                 -- of addresses: the path, 0 for numbers; empty: the whole site
        habit TEXT NOT NULL,                 -- JSON: how often each sign was bad, see `storage/drift.py`
        PRIMARY KEY (host, shape)
    ) WITHOUT ROWID;
    CREATE TABLE drifts (
        id INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        source TEXT NOT NULL,
        since TEXT NOT NULL,                 -- when the first of these pages came
        noted_at TEXT NOT NULL,
        signs TEXT NOT NULL,                 -- JSON: each sign that is bad since, of how many pages
        pages TEXT NOT NULL,                 -- JSON: addresses that show it
        ended_at TEXT,                       -- NULL while it goes on
        how TEXT                             -- how it ended
    );
    CREATE INDEX drifts_open ON drifts (host) WHERE ended_at IS NULL;
    CREATE TABLE suspects (                  -- articles that were read from such pages
        article_id INTEGER PRIMARY KEY REFERENCES articles (id),
        drift_id INTEGER NOT NULL REFERENCES drifts (id)
    );
    CREATE INDEX suspects_drift ON suspects (drift_id);
"""
_EXPORTS = """
    CREATE TABLE exports (
        name TEXT PRIMARY KEY,               -- as given with --since-last
        query TEXT NOT NULL,                 -- JSON: the options, which stay the same
        moment INTEGER REFERENCES moments (id), -- up to which everything was given out; NULL: nothing yet
        at TEXT,                             -- its time
        out TEXT,                            -- the file that was given out last
        ready TEXT,                          -- a file that is complete but for its name, under another
        ready_moment INTEGER REFERENCES moments (id), -- up to which that one has everything
        ready_out TEXT                       -- the name that it is to have
    ) WITHOUT ROWID;
"""
_NOTICES = """
    CREATE TABLE searches (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,           -- of a saved search, as in the settings
        begun_at TEXT NOT NULL,              -- since when it is looked for, our clock
        after_article INTEGER NOT NULL,      -- articles up to this one were there before
        observation INTEGER NOT NULL,        -- `observations` up to this one are looked through
        paused_at TEXT,                      -- since when nothing is looked for or sent, our clock; NULL: it is
        rest_until TEXT,                     -- nothing is sent before, our clock; NULL: at once
        failures INTEGER NOT NULL DEFAULT 0, -- in a row, of the place that its notices go to
        error TEXT,
        error_since TEXT
    );
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY,
        search_id INTEGER NOT NULL REFERENCES searches (id),
        story TEXT NOT NULL,                 -- the key of the story, when it was found
        article_id INTEGER NOT NULL REFERENCES articles (id), -- the first of the story that was found
        key TEXT NOT NULL UNIQUE,            -- goes along with the notice: what comes twice has the same
        found_at TEXT NOT NULL,              -- our clock
        state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
        attempts INTEGER NOT NULL DEFAULT 0, -- that failed
        next_at TEXT NOT NULL,               -- not to be sent before, our clock
        sent_at TEXT,                        -- our clock
        last_error TEXT,
        UNIQUE (search_id, story),
        UNIQUE (search_id, article_id)
    );
    CREATE INDEX outbox_waiting ON outbox (search_id, id) WHERE state = 'waiting';
"""


def make_gaps(db: Database) -> None:
    """Gaps get a kind, may go on, and say what was seen of them; lists remember when they were to be visited."""
    run(db, _GAPS)


def make_claims(db: Database) -> None:
    """Articles get what is known of their claim; those that there are are judged, and the order is by trusted times."""
    run(db, _CLOCKS)
    present = {column.name for column in db.table("articles").columns}
    for name in ("published_precision", "published_evidence", "published_flag"):
        # The crawler had columns for the first of them.
        if name not in present:
            db.execute(f"ALTER TABLE articles ADD COLUMN {name} TEXT")
    run(db, _CLAIMS)


def make_drift(db: Database) -> None:
    """What pages usually yield, and where they yield less."""
    run(db, _DRIFT)


def make_notices(db: Database) -> None:
    """Saved searches, how far each has looked, and what is to be sent."""
    run(db, _NOTICES)


def make_exports(db: Database) -> None:
    """Up to where each named export has had everything: see `exports`."""
    run(db, _EXPORTS)


def make_chores(db: Database) -> None:
    """The table of what the daemon does besides crawling."""
    run(db, _CHORES)


def make_waiting_sketches(db: Database) -> None:
    """The table of sketches that are not in the index yet, and the index without foreign keys."""
    run(db, _WAITING)


_RIGHTS = f"""
    DROP VIEW article_rights;
    DROP VIEW rights_now;
    -- a pattern of the paths that are meant, as in robots.txt; empty: all
    ALTER TABLE rights ADD COLUMN location TEXT NOT NULL DEFAULT '';
    CREATE VIEW rights_now AS                -- what was said last
        SELECT * FROM rights AS one WHERE value IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM rights AS later
            WHERE later.read_on = one.read_on AND later.article_id IS one.article_id AND later.kind = one.kind
                AND later.via = one.via AND later.agent = one.agent AND later.location = one.location
                AND later.id > one.id
        );
    CREATE VIEW article_rights AS            -- what is said of each article, by itself and by its host
        SELECT article_id, kind, value, via, agent, applies, scope, read_on, read_at
        FROM rights_now WHERE scope = 'article'
        UNION ALL
        SELECT articles.id, kind, value, via, agent, applies, scope, read_on, read_at
        FROM (
            SELECT id, substr(url, 1, instr(url || '/', '/') - 1) AS host,
                iif(instr(url, '/'), substr(url, instr(url, '/')), '/') AS path
            FROM (SELECT id, substr(url, instr(url, '//') + 2) AS url FROM articles)
        ) AS articles CROSS JOIN rights_now AS told ON told.host = articles.host AND told.article_id IS NULL
        WHERE {covers_in_sql("told.location", "articles.path")} AND NOT EXISTS (
            SELECT 1 FROM rights_now AS closer
            WHERE closer.host = told.host AND closer.article_id IS NULL AND closer.read_on = told.read_on
                AND closer.kind = told.kind AND closer.agent = told.agent
                AND length(closer.location) > length(told.location)
                AND {covers_in_sql("closer.location", "articles.path")}
        );
"""


def place_rights(db: Database) -> None:
    """Statements of a host say which paths they are about, and stand with the host."""
    run(db, _RIGHTS)
