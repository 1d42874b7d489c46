"""What Datasette is told of a database: what everything means, what to sort and filter by, and questions to begin with.

`meanings.json` is made from the tables by `docs/make.py`, so that it says what `docs/schema.md` says.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from storage.history import TRACKED

TITLE = "News, collected by kuaixun"
ABOUT = (
    "Times of our own clock are UTC, those that pages claim have the offset that they claim. Copies and advertising are"
    " marked, not left out. The search field finds simplified Chinese words of two characters, most of three or four;"
    " the query `search_chinese` any Chinese string, `kuaixun search` on the command line whatever is typed."
)
# What serves the program and not the reader.
HIDDEN = ("articles_fts", "host_files", "sketches", "waiting_sketches", "crowds", "site_lines", "rhythms", "moments")
TABLES: dict[str, dict[str, Any]] = {
    "articles": {
        "sort_desc": "id",
        "facets": ["site", "lang", "is_ad"],
        "label_column": "title",
        "fts_table": "articles_fts",
        "fts_pk": "id",
        "size": 20,
    },
    "headlines": {"sort_desc": "id", "facets": ["kind", "is_ad"], "label_column": "title"},
    "revisions": {"sort_desc": "id", "label_column": "title"},
    "stories": {"sort_desc": "copies", "facets": ["sites"], "label_column": "key"},
    "visits": {"sort_desc": "id", "facets": ["source", "status", "kind"]},
    "frontier": {"facets": ["host", "state", "kind"]},
    "links": {"sort_desc": "id", "facets": ["level"]},
    "story_moves": {"sort_desc": "id"},
    "removals": {"sort_desc": "id", "facets": ["status", "how"]},
    "gaps": {"sort_desc": "id", "facets": ["source", "reason"]},
    "rights": {"sort_desc": "id", "facets": ["kind", "via", "applies"]},
    "by_source_and_day": {"sort_desc": "day", "facets": ["source"]},
    "edits": {"sort_desc": "at"},
    "freshness": {"sort": "last_item_at"},
}
QUERIES: dict[str, dict[str, str]] = {
    "search_chinese": {
        "title": "Search Chinese of any length",
        "description": "One string of simplified Chinese, of one character or many, wherever it stands.",
        # The index has pairs of neighbours: a phrase of them is the string, and a single character begins a pair.
        "sql": """
            WITH RECURSIVE pairs (n, pair) AS (
                SELECT 1, substr(trim(:words), 1, 2)
                UNION ALL
                SELECT n + 1, substr(trim(:words), n + 1, 2) FROM pairs WHERE n + 2 <= length(trim(:words))
            ), phrase (said) AS (
                SELECT '"' || group_concat(replace(pair, '"', ''), ' ') || '"' || iif(length(trim(:words)) = 1, '*', '')
                FROM pairs
            )
            SELECT articles.id, articles.title, site, published_at, first_seen_at, url, story_id
            FROM articles_fts JOIN articles ON articles.id = articles_fts.rowid
            WHERE articles_fts MATCH (SELECT said FROM phrase) AND length(trim(:words)) > 0
            ORDER BY articles_fts.rank LIMIT 100
        """,
    },
    "known_at": {
        "title": "What was known at a time",
        "description": "The versions that we had then, the newest first. UTC, such as 2026-03-20T08:00.",
        "sql": """
            SELECT article_id, revision, observed_at, title, published_at, source FROM versions
            WHERE observed_at <= :time AND (replaced_at IS NULL OR replaced_at > :time)
            ORDER BY observed_at DESC LIMIT 100
        """,
    },
    "story": {
        "title": "Who told a story, in order",
        "description": "By the number of the story: `story_id` of any of its articles.",
        "sql": """
            SELECT articles.id, told_at, first_seen_at, site, source, title, level, score, url
            FROM articles LEFT JOIN links ON links.article_id = articles.id AND level != 'alike'
            WHERE story_id = :story_id ORDER BY told_at, articles.id
        """,
    },
    "corrected": {
        "title": "Titles that were changed",
        "sql": """
            SELECT at, article_id, old_title, new_title, url FROM edits WHERE old_title != new_title
            ORDER BY at DESC LIMIT 100
        """,
    },
    "delay": {
        "title": "How long after its claimed time an article was first seen",
        "description": "Minutes, by site: the median of what claims a time to the minute.",
        "sql": """
            SELECT site, max(total) AS articles, round(avg(minutes), 1) AS median_minutes FROM (
                SELECT site, minutes, row_number() OVER (PARTITION BY site ORDER BY minutes) AS n,
                    count(*) OVER (PARTITION BY site) AS total
                FROM (
                    SELECT site, (julianday(first_seen_at) - julianday(published_at)) * 1440 AS minutes FROM articles
                    WHERE length(published_at) > 10
                )
            ) WHERE n IN ((total + 1) / 2, (total + 2) / 2) GROUP BY site ORDER BY 3
        """,
    },
}


def metadata(name: str) -> dict[str, Any]:
    """The metadata of a database that is called `name` there: its file without the suffix. Serialise it as JSON."""
    meanings: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_name("meanings.json").read_text(encoding="utf-8")
    )
    tables = {table: {**meaning, **TABLES.get(table, {})} for table, meaning in meanings.items()}
    for table in TRACKED:
        tables[f"history_{table}"] = {"description": f"Former rows of `{table}`, with the moment that changed them."}
    tables["_sqlite_migrations"] = {"description": "The steps of the schema that were made."}
    for table, told in tables.items():
        if table.startswith(("history_", "_")) or table in HIDDEN:
            told["hidden"] = True
    queries = {name: {**query, "sql": _flush(query["sql"])} for name, query in QUERIES.items()}
    return {
        "title": TITLE,
        "databases": {name: {"description": ABOUT, "tables": tables, "queries": queries}},
    }


def _flush(sql: str) -> str:
    """A statement without the indentation that it has here."""
    lines = sql.strip("\n").rstrip().splitlines()
    depth = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[depth:] for line in lines)
