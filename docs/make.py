"""Writes the reference pages of this folder from the code: `python docs/make.py`. A test fails while they are old."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

import config
from crawler.cli import cli
from crawler.console import EXIT_CODES, SECTIONS
from crawler.extract import columns
from storage import open_store
from storage.history import TRACKED

HERE = Path(__file__).parent


def commands() -> Iterator[str]:
    """docs/commands.md: the help of every command."""
    yield "# Commands\n\nWhat `--help` says, command by command. This page is made by `docs/make.py`.\n"
    top = click.Context(cli, info_name="kuaixun", **cli.context_settings)
    for title, names in SECTIONS.items():
        yield f"\n## {title}\n"
        for name in names:
            command = cli.get_command(top, name)
            if command:
                context = click.Context(command, parent=top, info_name=name, terminal_width=100)
                yield f"\n### kuaixun {name}\n\n```\n{command.get_help(context)}\n```\n"
    yield "\n## Exit codes\n\n| code | meaning |\n|---|---|\n"
    yield from (f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())


def configuration() -> Iterator[str]:
    """docs/configuration.md: every key of the settings and of a source."""
    yield (
        "# Configuration\n\nOne file, `kuaixun.toml`: `kuaixun init` writes it with comments, `kuaixun config` prints "
        "what holds. A setting can also come from the environment (`KUAIXUN_DELAY=2`), which goes before the file; "
        "lists are then separated by commas. An unknown key is an error. This page is made by `docs/make.py`.\n"
    )
    for title, cls in (("Settings: `[settings]`", config.Settings), ("A source: `[sources.NAME]`", config.Source)):
        yield f"\n## {title}\n\n| key | default | meaning |\n|---|---|---|\n"
        for name, key in config.keys(cls).items():
            if name != "name":
                required = name == "seeds"
                shown = "required" if required else "none" if key.default is None else f"`{config.show(key.default)}`"
                yield f"| `{name}` | {shown} | {key.meaning} |\n"
    yield "\nA source may also be a file of its own, `sites/NAME.toml` beside `kuaixun.toml`, with the same keys.\n"


MEANINGS = {
    "sources": "The sites that are crawled, as configured, and how each fares.",
    "frontier": "Every address that is known, and when it is asked again.",
    "visits": "Every request and what became of it.",
    "hosts": "How each host answers.",
    "rhythms": "When the items of each list come.",
    "gaps": "The times in which something may have been missed.",
    "articles": "What was read, in its present version. Added fields (`crawler/fields/`) are columns at its end.",
    "article_urls": "The addresses of each article.",
    "revisions": "The former versions of articles.",
    "stories": "Articles that tell the same.",
    "links": "What an article was held against, and what came of it.",
    "story_moves": "When an article went from one story to another.",
    "headlines": "What lists announced, whether or not it was read.",
    "rights": "What pages and hosts say about the use of articles, with its history.",
    "host_files": "Files of hosts that are asked for once a day.",
    "removals": "Articles that were no longer there when they were asked for again.",
    "moments": "One row for each transaction, so that it is known when what was written.",
    "articles_fts": "The search index: tokens made by `storage/words.py`.",
    "sketches": "The index of texts that copies are found by.",
    "waiting_sketches": "Sketches that are not in the index yet; they go there many at a time.",
    "crowds": "Those of the index whose passage many articles share, by time.",
    "site_lines": "Lines that a site repeats under its articles.",
}
HISTORY = """
## What was known at a time

Every command that reads takes `--as-of TIME` and prints what it would have printed then. In SQL, the texts that were
known at `:t` (UTC, as `2026-03-20T00:00:00.000+00:00`) are

```sql
SELECT * FROM versions WHERE observed_at <= :t AND (replaced_at IS NULL OR replaced_at > :t);
```

`observed_at` is when the page was fetched; it was written a moment later, when it had been read. For any table, to the
transaction: each has a row in `moments`, and `history_TABLE` has the rows of TABLE as they were before a moment changed
them (`there` is 0 where there was none). A row at a time is the one of the lowest later moment, or else the present
one. What was known of the stories, for example:

```sql
WITH chosen AS (SELECT max(id) AS moment FROM moments WHERE at <= :t)
SELECT id, key, copies, sites FROM stories, chosen
WHERE NOT EXISTS (SELECT 1 FROM history_stories AS h WHERE h.id = stories.id AND h.moment > chosen.moment)
UNION ALL
SELECT id, key, copies, sites FROM history_stories AS h, chosen
WHERE there AND moment = (SELECT min(moment) FROM history_stories WHERE id = h.id AND moment > chosen.moment);
```

`history_articles` has no `text`: `revisions` has the former ones, by article and revision. When an article was last
seen then follows from `visits`. What other programs write is put to the last moment. Where our clock was set back, the
state at a time is the one after the last moment that had this time or an earlier one.
"""
COLUMNS = {
    "articles.gone_at": "when it was found to be gone at its source; NULL while it is there",
    "articles.told_at": "the claimed time, or when first seen if that is before it",
    "visits.moment": "the transaction that wrote it",
    "visits.article_id": "the article that it brought or confirmed",
    "revisions.last_confirmed_at": "when this version was last seen",
}
_COMMENT = re.compile(r"^\s*(?:CREATE (?:TABLE|VIEW) )?\"?(\w+)\"?[^\n]*?--\s*(.+?)\s*$", re.M)


def schema() -> Iterator[str]:
    """docs/schema.md: every table and view, with what its columns mean."""
    yield (
        "# The database\n\nOne SQLite file, made to be asked with SQL. Times are ISO 8601 text: of our own clock in "
        "UTC with milliseconds, of the pages (`published_at`, `modified_at`) with the offset that they claim. An "
        "unknown value is NULL, never an empty string. A migration changes a released table only by adding to it. "
        "This page is made by `docs/make.py`.\n"
    )
    with open_store(Path(":memory:"), fields=columns()) as store:
        master = dict(
            store.db.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        )
        yield "\n## Tables\n"
        for name, meaning in MEANINGS.items():
            yield f"\n### {name}\n\n{meaning}\n\n| column | type | refers to | meaning |\n|---|---|---|---|\n"
            comments = dict(_COMMENT.findall(master[name]))
            refers = {key.column: f"`{key.other_table}`" for key in store.db.table(name).foreign_keys}
            for column in store.db.table(name).columns:
                kind, to = column.type or "", refers.get(column.name, "")
                about = comments.get(column.name) or COLUMNS.get(f"{name}.{column.name}", "")
                yield f"| `{column.name}` | {kind} | {to} | {about} |\n"
        yield "\n### history_*\n\nThe former rows of a table, each with the `moment` that changed it: "
        yield ", ".join(f"`history_{name}`" for name in TRACKED) + ".\n"
        yield "\n## Views\n\n| view | what it answers | columns |\n|---|---|---|\n"
        for name in store.db.view_names():
            told = dict(_COMMENT.findall(master[name].partition("\n")[0])).get(name, "")
            names = ", ".join(f"`{column.name}`" for column in store.db.view(name).columns)
            yield f"| `{name}` | {told} | {names} |\n"
        yield HISTORY


PAGES = {"commands.md": commands, "configuration.md": configuration, "schema.md": schema}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE / page).write_text("".join(make()), encoding="utf-8")
