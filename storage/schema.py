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

from storage import history
from storage.ledger import (
    make_chores,
    make_claims,
    make_drift,
    make_exports,
    make_gaps,
    make_notices,
    make_waiting_sketches,
    place_rights,
)
from storage.regroup import regroup
from storage.reindex import reindex
from storage.sqlite import Database, quote_identifier
from storage.tables import migrations, run
from storage.times import stamp

__all__ = ["APPLICATION_ID", "FIELD_TYPES", "add_fields", "is_newer", "migrations", "missing_fields"]

# "kxun" in ASCII: names the file format to `file` and to us.
APPLICATION_ID = 0x6B78756E

FIELD_TYPES = frozenset(("TEXT", "INTEGER", "REAL"))
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@migrations()
def m010_waiting_sketches(db: Database) -> None:
    """Sketches wait for others before they go into the index, which no longer looks every row's article up."""
    make_waiting_sketches(db)


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
def m014_foreign_pages_and_rules(db: Database) -> None:
    """Pages out of foreign archives; by which rules each version was read, and whether the page or they changed it."""
    run(
        db,
        """
        CREATE TABLE imports (                   -- foreign archives, and how far each was read
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,                  -- of the file, without its folder
            head TEXT NOT NULL UNIQUE,           -- SHA-256 of its first bytes: the same file under any name
            size INTEGER NOT NULL,               -- bytes, when it was last read
            place INTEGER NOT NULL DEFAULT 0,    -- byte up to which all is stored
            records INTEGER NOT NULL DEFAULT 0,
            pages INTEGER NOT NULL DEFAULT 0,    -- records that hold a page
            articles INTEGER NOT NULL DEFAULT 0, -- new ones, copies among them
            broken INTEGER NOT NULL DEFAULT 0,   -- records that cannot be read
            begun_at TEXT NOT NULL,
            finished_at TEXT                     -- NULL: not read to its end
        );
        ALTER TABLE visits ADD COLUMN import_id INTEGER REFERENCES imports (id);
        ALTER TABLE visits ADD COLUMN page_at TEXT;
        ALTER TABLE articles ADD COLUMN rules TEXT;
        ALTER TABLE revisions ADD COLUMN rules TEXT;
        ALTER TABLE revisions ADD COLUMN cause TEXT NOT NULL DEFAULT 'edit' CHECK (cause IN ('edit', 'rules'));
        CREATE TABLE readings (                  -- articles that were read again from the archive, by which rules
            article_id INTEGER PRIMARY KEY REFERENCES articles (id),
            rules TEXT NOT NULL,
            page TEXT NOT NULL                   -- SHA-256 of the page's body
        );
        DROP VIEW edits;
        CREATE VIEW edits AS                     -- each change of a version, with the text before and after it, and why
            SELECT one.article_id, one.revision, one.replaced_at AS at, articles.url, one.title AS old_title,
                coalesce(later.title, articles.title) AS new_title, one.text AS old_text,
                coalesce(later.text, articles.text) AS new_text, one.cause
            FROM revisions AS one JOIN articles ON articles.id = one.article_id
            LEFT JOIN revisions AS later ON later.article_id = one.article_id AND later.revision = one.revision + 1;
        DROP VIEW versions;
        CREATE VIEW versions AS                  -- every version of each article's text: what was known at t?
            SELECT id AS article_id, revision, coalesce(revised_at, first_seen_at) AS observed_at,
                last_seen_at AS last_confirmed_at, NULL AS replaced_at, title, text, published_at, modified_at,
                author, editor, source, rules, NULL AS cause
            FROM articles UNION ALL
            SELECT article_id, revision, observed_at, last_confirmed_at, replaced_at, title, text, published_at,
                modified_at, author, editor, source, rules, cause
            FROM revisions;
        """,
    )


@migrations()
def m015_counts_of_days(db: Database) -> None:
    """The view of the days counts in whole numbers."""
    run(
        db,
        """
        DROP VIEW by_source_and_day;
        CREATE VIEW by_source_and_day AS         -- how many articles each source brought on each day (UTC)
            SELECT found_by AS source, date(first_seen_at) AS day, count(*) AS articles, count(copy_of) AS copies,
                sum(is_ad) AS ads, sum(revision > 1) AS revised
            FROM articles GROUP BY 1, 2;
        """,
    )


@migrations()
def m016_exports(db: Database) -> None:
    """Up to where each named export has had everything: see `exports`."""
    make_exports(db)


@migrations()
def m017_observations(db: Database) -> None:
    """What the page of each article said, whenever it said something new, silence and other times included."""
    run(
        db,
        """
        CREATE TABLE observations (
            id INTEGER PRIMARY KEY,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            revision INTEGER NOT NULL,           -- of title and text
            observed_at TEXT NOT NULL,           -- when it was first found so
            last_confirmed_at TEXT,              -- when it was last found so; NULL: see articles.last_seen_at
            replaced_at TEXT,                    -- NULL: it is what was said last
            cause TEXT,                          -- what replaced it: the page, or the rules that read it
            published_at TEXT,                   -- as claimed then
            published_precision TEXT,
            published_evidence TEXT,             -- where on the page that was read
            published_flag TEXT,                 -- future, impossible; NULL: nothing wrong
            modified_at TEXT,
            author TEXT,                         -- NULL: the page named none
            editor TEXT,
            source TEXT,
            lang TEXT,
            rules TEXT,                          -- by which it was read
            said TEXT                            -- JSON: all other fields
        );
        CREATE INDEX observations_article ON observations (article_id);
        INSERT INTO observations (article_id, revision, observed_at, last_confirmed_at, replaced_at, cause,
            published_at, modified_at, author, editor, source, rules)
            SELECT article_id, revision, observed_at, last_confirmed_at, replaced_at,
                iif(cause = 'edit', 'page', cause), published_at, modified_at, author, editor, source, rules
            FROM revisions ORDER BY id;
        INSERT INTO observations (article_id, revision, observed_at, published_at, published_precision,
            published_evidence, published_flag, modified_at, author, editor, source, lang, rules)
            SELECT id, revision, coalesce(revised_at, first_seen_at), published_at, published_precision,
                published_evidence, published_flag, modified_at, author, editor, source, lang, rules
            FROM articles ORDER BY id;
        DROP VIEW versions;
        CREATE VIEW versions AS                  -- what each article said, version by version: what was known at t?
            SELECT article_id, one.revision, one.observed_at,
                coalesce(one.last_confirmed_at, articles.last_seen_at) AS last_confirmed_at, one.replaced_at,
                coalesce(former.title, articles.title) AS title, coalesce(former.text, articles.text) AS text,
                one.published_at, one.published_precision, one.published_evidence, one.published_flag,
                one.modified_at, one.author, one.editor, one.source, one.lang, one.said, one.rules, one.cause
            FROM observations AS one JOIN articles ON articles.id = article_id
            LEFT JOIN revisions AS former USING (article_id, revision);
        """,
    )


@migrations()
def m018_search_borders(db: Database) -> None:
    """The search index with tokens for each place where Latin letters or digits meet Chinese: see `words`."""
    reindex(db.conn)


@migrations()
def m019_pauses(db: Database) -> None:
    """Sources may be paused by a command, beside what the settings say."""
    run(db, "ALTER TABLE sources ADD COLUMN paused_at TEXT")


@migrations()
def m019_chores(db: Database) -> None:
    """What the daemon does besides crawling, and what came of it."""
    make_chores(db)


@migrations()
def m020_drift(db: Database) -> None:
    """What the pages of each site usually yield, and sites that yield less since some time."""
    make_drift(db)


@migrations()
def m021_notices(db: Database) -> None:
    """Saved searches and their outbox."""
    make_notices(db)


@migrations()
def m022_rights_places(db: Database) -> None:
    """What a host says of some paths stands with the host, so that it holds for articles that are there already."""
    place_rights(db)


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
