"""The tables, first part: the migrations that made the database of the first version, and what all of them share.

A migration that was released is never edited; what it got wrong, a later one mends (`schema`).
"""

from __future__ import annotations

from storage.reindex import reindex
from storage.sqlite import Database, Migrations

migrations = Migrations("kuaixun")


@migrations()
def m001_crawl(db: Database) -> None:
    """What is crawled, what waits, and what became of every request."""
    run(
        db,
        """
        CREATE TABLE sources (
            name TEXT PRIMARY KEY,
            seeds TEXT NOT NULL,                 -- JSON list of addresses
            every REAL NOT NULL,                 -- seconds
            cron TEXT,
            enabled INTEGER NOT NULL DEFAULT 1,
            added_at TEXT NOT NULL,
            next_at TEXT,
            last_visit_at TEXT,
            last_success_at TEXT,
            last_item_at TEXT,                   -- when a new article or headline last came
            error TEXT,                          -- of its lists and feeds; NULL when the last visit went well
            error_since TEXT,
            error_count INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE frontier (
            url_key TEXT PRIMARY KEY,
            url TEXT NOT NULL,
            host TEXT NOT NULL,
            source TEXT NOT NULL,
            kind TEXT NOT NULL,                  -- list, feed, sitemap, article
            state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'gone', 'failed')),
            priority INTEGER NOT NULL DEFAULT 0, -- higher goes first
            depth INTEGER NOT NULL DEFAULT 0,
            tries INTEGER NOT NULL DEFAULT 0,    -- failures in a row
            next_at TEXT,                        -- NULL: not again
            etag TEXT,
            last_modified TEXT,
            found_on TEXT,
            added_at TEXT NOT NULL,
            visited_at TEXT,
            last_status INTEGER
        );
        CREATE INDEX frontier_due ON frontier (host, priority DESC, next_at) WHERE next_at IS NOT NULL;
        CREATE INDEX frontier_next ON frontier (next_at) WHERE next_at IS NOT NULL;
        CREATE TABLE visits (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL,
            final_url TEXT,                      -- NULL when it is `url`
            kind TEXT NOT NULL,
            source TEXT NOT NULL,
            at TEXT NOT NULL,
            status INTEGER NOT NULL,             -- 0: no answer
            error TEXT,
            took REAL NOT NULL,                  -- seconds
            size INTEGER NOT NULL                -- bytes of the decoded body
        );
        CREATE INDEX visits_at ON visits (at);
        """,
    )


@migrations()
def m002_articles(db: Database) -> None:
    """What was read: articles with their addresses and stories."""
    run(
        db,
        """
        CREATE TABLE stories (
            id INTEGER PRIMARY KEY,
            first_article INTEGER NOT NULL REFERENCES articles (id) DEFERRABLE INITIALLY DEFERRED,
            copies INTEGER NOT NULL DEFAULT 0,
            sites INTEGER NOT NULL DEFAULT 1,
            first_seen_at TEXT NOT NULL,
            last_seen_at TEXT NOT NULL
        );
        CREATE TABLE articles (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL,
            title TEXT NOT NULL,
            published_at TEXT,                   -- as the page claims, with its own offset
            modified_at TEXT,
            first_seen_at TEXT NOT NULL,
            last_seen_at TEXT NOT NULL,
            revised_at TEXT,                     -- when we first saw the present version, if it is not the first
            revision INTEGER NOT NULL DEFAULT 1,
            author TEXT,
            editor TEXT,
            source TEXT,                         -- the origin that the page names
            site TEXT,
            lang TEXT,
            story_id INTEGER NOT NULL REFERENCES stories (id) DEFERRABLE INITIALLY DEFERRED,
            copy_of INTEGER REFERENCES articles (id),
            is_ad INTEGER NOT NULL DEFAULT 0,
            ad_score REAL NOT NULL DEFAULT 0,
            canonical TEXT,
            found_by TEXT,                       -- the configured source whose crawl read it
            url_key TEXT NOT NULL UNIQUE,
            text_key TEXT NOT NULL,
            text TEXT NOT NULL,
            extra TEXT                           -- JSON: fields that have no column of their own
        );
        CREATE INDEX articles_text_key ON articles (text_key);
        CREATE INDEX articles_story ON articles (story_id);
        CREATE INDEX articles_first_seen ON articles (first_seen_at);
        CREATE INDEX articles_time ON articles (datetime(coalesce(published_at, first_seen_at)));
        CREATE TABLE article_urls (
            url_key TEXT PRIMARY KEY,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            how TEXT NOT NULL                    -- address, redirect, canonical
        ) WITHOUT ROWID;
        """,
    )


@migrations()
def m003_history(db: Database) -> None:
    """What lists announced, whether or not it was read; former versions; what near-duplicates are found by."""
    run(
        db,
        """
        CREATE TABLE revisions (
            id INTEGER PRIMARY KEY,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            revision INTEGER NOT NULL,
            observed_at TEXT NOT NULL,           -- when this version was first seen
            replaced_at TEXT NOT NULL,           -- when the next one was
            title TEXT NOT NULL,
            text TEXT NOT NULL,
            published_at TEXT,
            modified_at TEXT,
            author TEXT,
            editor TEXT,
            source TEXT,
            UNIQUE (article_id, revision)
        );
        CREATE TABLE sketches (
            hash INTEGER NOT NULL,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            PRIMARY KEY (hash, article_id)
        ) WITHOUT ROWID;
        CREATE TABLE headlines (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL,
            title TEXT NOT NULL,
            published_at TEXT,
            first_seen_at TEXT NOT NULL,
            last_seen_at TEXT NOT NULL,
            seen_on TEXT NOT NULL,
            kind TEXT NOT NULL,                  -- latest, hot, related, list
            block TEXT,                          -- the heading above the list
            position INTEGER NOT NULL,
            is_ad INTEGER NOT NULL DEFAULT 0,
            ad_score REAL NOT NULL DEFAULT 0,
            article_id INTEGER REFERENCES articles (id),
            url_key TEXT NOT NULL,
            UNIQUE (url_key, title)
        );
        CREATE INDEX headlines_first_seen ON headlines (first_seen_at);
        """,
    )


@migrations()
def m004_search(db: Database) -> None:
    """The search index: `content=` lets stock tools find it; its tokens are put in by the store (`search.py`)."""
    run(
        db,
        """
        CREATE VIRTUAL TABLE articles_fts USING FTS5 (
            title, text, tokenize='unicode61', content="articles", content_rowid="id"
        );
        INSERT INTO articles_fts (articles_fts, rank) VALUES ('rank', 'bm25(4.0, 1.0)');
        INSERT INTO articles_fts (articles_fts, rank) VALUES ('automerge', 8);
        """,
    )


@migrations()
def m005_crawl_memory(db: Database) -> None:
    """How each host answers, the rhythm of each list, and the times in which something may have been missed."""
    run(
        db,
        """
        CREATE TABLE hosts (
            host TEXT PRIMARY KEY,
            address TEXT,                        -- the network address that last answered
            rest_until TEXT,                     -- not asked before: the pause after its last answer
            requests INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0, -- in a row
            took REAL,                           -- seconds an answer takes, of late
            last_visit_at TEXT,
            last_success_at TEXT,
            error TEXT,                          -- NULL when it last answered
            error_since TEXT
        ) WITHOUT ROWID;
        CREATE INDEX hosts_address ON hosts (address) WHERE address IS NOT NULL;
        CREATE TABLE rhythms (
            url_key TEXT PRIMARY KEY,            -- of a list, feed or sitemap in `frontier`
            source TEXT NOT NULL,
            since TEXT NOT NULL,                 -- first visit
            seen_at TEXT NOT NULL,               -- last visit
            size INTEGER NOT NULL,               -- items that it shows at once
            items INTEGER NOT NULL,              -- items that came new since the first visit
            last_item_at TEXT,                   -- when the last of them came
            hours TEXT NOT NULL,                 -- JSON: items to expect in each hour (UTC); of late; the beat
            pause REAL                           -- seconds until the next visit as learnt; NULL: not known yet
        ) WITHOUT ROWID;
        CREATE INDEX rhythms_source ON rhythms (source);
        CREATE TABLE gaps (
            id INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            url TEXT NOT NULL,                   -- the list that was overrun
            from_at TEXT NOT NULL,               -- of what came from here ...
            to_at TEXT NOT NULL,                 -- ... to here, something may be missing
            reason TEXT NOT NULL,
            noted_at TEXT NOT NULL,
            mended_at TEXT                       -- when older pages showed that nothing is missing
        );
        CREATE INDEX gaps_source ON gaps (source, noted_at);
        DROP INDEX frontier_due;
        CREATE INDEX frontier_waiting ON frontier (host, priority DESC, next_at)
            WHERE state = 'waiting' AND next_at IS NOT NULL;
        CREATE INDEX frontier_again ON frontier (host, (kind = 'article'), next_at)
            WHERE state != 'waiting' AND next_at IS NOT NULL;
        """,
    )


@migrations()
def m006_stories(db: Database) -> None:
    """Why articles belong together, who told it first, and when that changed; the index of sketches by era."""
    run(
        db,
        """
        -- the claimed time, or when first seen if that is before it
        ALTER TABLE articles ADD COLUMN told_at TEXT;
        -- equal for titles that begin alike
        ALTER TABLE articles ADD COLUMN title_key INTEGER;
        ALTER TABLE headlines ADD COLUMN title_key INTEGER;
        -- address or title: how its article was found
        ALTER TABLE headlines ADD COLUMN matched_by TEXT;
        -- names the story whatever came first: see `clusters`
        ALTER TABLE stories ADD COLUMN key TEXT;
        ALTER TABLE stories ADD COLUMN first_seen_article INTEGER REFERENCES articles (id);
        DROP TABLE sketches;
        CREATE TABLE sketches (
            era INTEGER NOT NULL,
            hash INTEGER NOT NULL,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            PRIMARY KEY (era, hash, article_id)
        ) WITHOUT ROWID;
        CREATE TABLE site_lines (                -- lines at the ends of articles, to know what a site repeats
            era INTEGER NOT NULL,
            hash INTEGER NOT NULL,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            title INTEGER NOT NULL,              -- hashes of the title and of the first other line
            beside INTEGER NOT NULL,
            PRIMARY KEY (era, hash, article_id)
        ) WITHOUT ROWID;
        CREATE TABLE links (
            id INTEGER PRIMARY KEY,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            other_id INTEGER NOT NULL REFERENCES articles (id), -- told before it
            level TEXT NOT NULL,                 -- text, story; alike: much the same, and not the same story
            score REAL NOT NULL,                 -- the share of the shorter text that the longer one holds
            evidence TEXT NOT NULL               -- JSON: `why`, and `differing` passages at the same place
        );
        CREATE INDEX links_article ON links (article_id);
        CREATE INDEX links_other ON links (other_id);
        CREATE TABLE story_moves (               -- when an article went from one story to another
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            article_id INTEGER NOT NULL REFERENCES articles (id),
            from_key TEXT NOT NULL,
            to_key TEXT NOT NULL,
            why TEXT NOT NULL
        );
        -- A deferred reference is looked for whenever an article is written: without an index, in the whole table.
        CREATE INDEX stories_first ON stories (first_article);
        CREATE UNIQUE INDEX stories_key ON stories (key);
        CREATE INDEX articles_title_key ON articles (title_key) WHERE title_key != 0;
        CREATE INDEX headlines_title_key ON headlines (title_key) WHERE title_key != 0 AND article_id IS NULL;
        UPDATE headlines SET matched_by = 'address' WHERE article_id IS NOT NULL;
        CREATE VIEW duplicates AS                -- every link: an address, a text or a story, and why
            SELECT article_id, NULL AS other_id, url_key AS address, 'address' AS level, 1.0 AS score, how AS evidence
            FROM article_urls
            UNION ALL
            SELECT article_id, other_id, NULL, level, score, evidence FROM links;
        """,
    )


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


def run(db: Database, script: str) -> None:
    """Run the statements of a script inside the open transaction; each ends with `;` at the end of a line."""
    for statement in script.split(";\n"):
        db.execute(statement)
