"""The tables, as an append-only list of migrations: each runs once, in one transaction with the record that it ran.

A released migration is never edited; what it got wrong, the next one mends. Times are ISO 8601 text: of our own clock
in UTC with milliseconds, of the pages with the offset that they claim. An unknown value is NULL, never "".

The first of them stand in `tables`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from sqlite_utils import Database
from sqlite_utils.db import quote_identifier

from storage import history
from storage.ledger import make_claims, make_gaps
from storage.regroup import regroup
from storage.reindex import reindex
from storage.tables import migrations, run
from storage.times import stamp

__all__ = ["APPLICATION_ID", "FIELD_TYPES", "add_fields", "is_newer", "migrations", "missing_fields"]

# "kxun" in ASCII: names the file format to `file` and to us.
APPLICATION_ID = 0x6B78756E

FIELD_TYPES = frozenset(("TEXT", "INTEGER", "REAL"))
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@migrations()
def m007_rights(db: Database) -> None:
    """What was said about the use of articles, by whom, where and when: the evidence, with its history."""
    run(
        db,
        """
        CREATE TABLE rights (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,                  -- nofollow, noai, noimageai, tdm-reservation, tdm-policy, ai-train ...
            value TEXT,                          -- as it was said; NULL: no longer said
            via TEXT NOT NULL,                   -- meta, header, robots.txt, tdmrep.json
            agent TEXT NOT NULL,                 -- whom it is said to; * is everybody
            applies INTEGER NOT NULL,            -- whether that means this crawler
            read_on TEXT NOT NULL,               -- the address
            scope TEXT NOT NULL CHECK (scope IN ('host', 'article')),
            host TEXT NOT NULL,                  -- with its port where it has one
            article_id INTEGER REFERENCES articles (id),
            read_at TEXT NOT NULL,               -- when it was first read so
            CHECK ((scope = 'article') = (article_id IS NOT NULL))
        );
        CREATE INDEX rights_of ON rights (read_on, article_id);
        CREATE INDEX rights_article ON rights (article_id) WHERE article_id IS NOT NULL;
        CREATE INDEX rights_host ON rights (host) WHERE article_id IS NULL;
        CREATE TABLE host_files (                -- so that a host is asked for them once a day
            url TEXT PRIMARY KEY,
            read_at TEXT NOT NULL,
            status INTEGER NOT NULL,
            body TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE VIEW rights_now AS                -- what was said last
            SELECT * FROM rights AS one WHERE value IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM rights AS later
                WHERE later.read_on = one.read_on AND later.article_id IS one.article_id AND later.kind = one.kind
                    AND later.via = one.via AND later.agent = one.agent AND later.id > one.id
            );
        CREATE VIEW article_rights AS            -- what is said of each article, by itself and by its host
            SELECT article_id, kind, value, via, agent, applies, scope, read_on, read_at
            FROM rights_now WHERE scope = 'article'
            UNION ALL
            SELECT articles.id, kind, value, via, agent, applies, scope, read_on, read_at
            FROM (
                SELECT id, substr(url, 1, instr(url || '/', '/') - 1) AS host
                FROM (SELECT id, substr(url, instr(url, '//') + 2) AS url FROM articles)
            ) AS articles CROSS JOIN rights_now ON rights_now.host = articles.host AND rights_now.article_id IS NULL;
        """,
    )


@migrations()
def m008_search_words(db: Database) -> None:
    """The search index in simplified characters, with the words of a dictionary for tools that ask for whole words."""
    reindex(db.conn)


@migrations()
def m009_views(db: Database) -> None:
    """Answers to the common questions, for whoever asks with SQL."""
    run(
        db,
        """
        CREATE VIEW news AS                      -- the articles that are neither copies nor advertising, newest first
            SELECT id, coalesce(published_at, first_seen_at) AS at, title, source, site, lang, url, story_id
            FROM articles WHERE copy_of IS NULL AND NOT is_ad
            ORDER BY datetime(coalesce(published_at, first_seen_at)) DESC, id DESC;
        CREATE VIEW by_source_and_day AS         -- how many articles each source brought on each day (UTC)
            SELECT found_by AS source, date(first_seen_at) AS day, count(*) AS articles,
                total(copy_of IS NOT NULL) AS copies, total(is_ad) AS ads, total(revision > 1) AS revised
            FROM articles GROUP BY 1, 2;
        CREATE VIEW most_copied AS               -- the stories that most sites tell
            SELECT stories.id AS story_id, sites, copies, title, articles.url,
                stories.first_seen_at, stories.last_seen_at
            FROM stories JOIN articles ON articles.id = first_article WHERE copies > 0
            ORDER BY sites DESC, copies DESC, stories.id;
        CREATE VIEW edits AS                     -- each change of a title or text, with the version before and after it
            SELECT one.article_id, one.revision, one.replaced_at AS at, articles.url, one.title AS old_title,
                coalesce(later.title, articles.title) AS new_title, one.text AS old_text,
                coalesce(later.text, articles.text) AS new_text
            FROM revisions AS one JOIN articles ON articles.id = one.article_id
            LEFT JOIN revisions AS later ON later.article_id = one.article_id AND later.revision = one.revision + 1;
        CREATE VIEW freshness AS                 -- when each source was last seen, and last brought something new
            SELECT name AS source, enabled, last_success_at, last_item_at, next_at, error, error_since,
                (SELECT count(*) FROM gaps WHERE gaps.source = name AND mended_at IS NULL) AS gaps
            FROM sources;
        """,
    )


@migrations()
def m010_waiting_sketches(db: Database) -> None:
    """Sketches wait for others before they go into the index, which no longer looks every row's article up."""
    run(
        db,
        """
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
        """,
    )


@migrations()
def m011_crowds(db: Database) -> None:
    """The articles that share a hash with many others, by time: see `sketches`."""
    run(
        db,
        """
        CREATE TABLE crowds (
            era INTEGER NOT NULL,
            hash INTEGER NOT NULL,
            moment INTEGER NOT NULL,             -- when it was told, and a hash of its address
            article_id INTEGER NOT NULL,
            PRIMARY KEY (era, hash, moment, article_id)
        ) WITHOUT ROWID;
        """,
    )
    # A file from before `m006_stories` has stories without keys: to find them needs the tables as they are now.
    if db.execute("SELECT 1 FROM stories WHERE key IS NULL LIMIT 1").fetchone():
        regroup(db.conn)


@migrations()
def m012_history(db: Database) -> None:
    """What every row was at any time (`history`), when former texts were last seen, what vanished at its source."""
    run(
        db,
        """
        CREATE TABLE moments (                   -- one for each transaction: what was written belongs to the last
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL                     -- our clock
        );
        ALTER TABLE visits ADD COLUMN moment INTEGER;
        ALTER TABLE visits ADD COLUMN article_id INTEGER REFERENCES articles (id);
        CREATE INDEX visits_article ON visits (article_id) WHERE article_id IS NOT NULL;
        ALTER TABLE articles ADD COLUMN gone_at TEXT;
        ALTER TABLE revisions ADD COLUMN last_confirmed_at TEXT;
        CREATE TABLE removals (                  -- articles that were no longer there when we asked
            id INTEGER PRIMARY KEY,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            url TEXT NOT NULL,
            status INTEGER NOT NULL,
            how TEXT NOT NULL,
            observed_at TEXT NOT NULL,
            back_at TEXT                         -- when it was there again
        );
        CREATE INDEX removals_article ON removals (article_id);
        CREATE VIEW versions AS                  -- every version of each article's text: what was known at t?
            SELECT id AS article_id, revision, coalesce(revised_at, first_seen_at) AS observed_at,
                last_seen_at AS last_confirmed_at, NULL AS replaced_at, title, text, published_at, modified_at,
                author, editor, source
            FROM articles UNION ALL
            SELECT article_id, revision, observed_at, last_confirmed_at, replaced_at, title, text, published_at,
                modified_at, author, editor, source
            FROM revisions;
        """,
    )
    is_new = db.execute("SELECT NOT EXISTS (SELECT 1 FROM visits) AND NOT EXISTS (SELECT 1 FROM articles)").fetchone()
    begins = history.BEGINNING if is_new[0] else stamp(datetime.now(UTC))
    db.execute("INSERT INTO moments (id, at) VALUES (0, ?)", (begins,))


@migrations()
def m013_gaps_and_claims(db: Database) -> None:
    """Gaps of every kind, also those that go on; what is wrong with claimed times, and the order of trusted ones."""
    make_gaps(db)
    make_claims(db)


@migrations()
def m018_pauses(db: Database) -> None:
    """Sources may be paused by a command, beside what the settings say."""
    run(db, "ALTER TABLE sources ADD COLUMN paused_at TEXT")


@migrations()
def m019_chores(db: Database) -> None:
    """What the daemon does besides crawling: copies, pruning, checks; when it last did, and what came of it."""
    run(
        db,
        """
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
        """,
    )


@cache
def _names() -> frozenset[str]:
    """The migrations that this version knows."""
    with Database(memory=True) as empty:
        return frozenset(migration.name for migration in migrations.pending(empty))


def is_newer(db: Database) -> bool:
    """Whether a newer version of this program has been at work on the file."""
    return any(migration.name not in _names() for migration in migrations.applied(db))


def missing_fields(db: Database, fields: Mapping[str, str]) -> dict[str, str]:
    """The added fields (name to SQLite type) that have no column in `articles` yet."""
    present = {column.name for column in db.table("articles").columns}
    return {name: kind for name, kind in fields.items() if name not in present}


def add_fields(db: Database, fields: Mapping[str, str]) -> None:
    """Give every added field its column in `articles`, all in one transaction. ValueError names one that cannot be."""
    for name, kind in fields.items():
        if not _FIELD_NAME.fullmatch(name) or kind.upper() not in FIELD_TYPES:
            raise ValueError(f"The field `{name}` of type `{kind}` cannot be a column.")
    with db.atomic():
        for name, kind in missing_fields(db, fields).items():
            db.execute(f"ALTER TABLE articles ADD COLUMN {quote_identifier(name)} {kind.upper()}")
