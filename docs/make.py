"""Writes the reference pages of this folder from the code: `python docs/make.py`. A test fails while they are old."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

import config
from crawler.cli import cli
from crawler.console import EXIT_CODES, SECTIONS
from crawler.extract import columns
from storage import open_store
from storage.fields import FIELDS
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
                yield from _help(command, name, top, "###")
    yield "\n## Exit codes\n\n| code | meaning |\n|---|---|\n"
    yield from (f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())


def _help(command: click.Command, name: str, parent: click.Context, heading: str) -> Iterator[str]:
    """The help of a command, and of those below it."""
    context = click.Context(command, parent=parent, info_name=name, terminal_width=100)
    yield f"\n{heading} {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            yield from _help(command.commands[each], each, context, heading + "#")


def configuration() -> Iterator[str]:
    """docs/configuration.md: every key of the settings and of a source."""
    yield (
        "# Configuration\n\nOne file, `kuaixun.toml`: `kuaixun init` writes it with comments, `kuaixun config` prints "
        "what holds. A setting can also come from the environment (`KUAIXUN_DELAY=2`), which goes before the file; "
        "lists are then separated by commas. An unknown key is an error. This page is made by `docs/make.py`.\n"
    )
    tables = (
        ("Settings: `[settings]`", config.Settings),
        ("A source: `[sources.NAME]`", config.Source),
        ("A saved search: `[notices.NAME]`", config.Search),
    )
    for title, cls in tables:
        yield f"\n## {title}\n\n| key | default | meaning |\n|---|---|---|\n"
        for name, key in config.keys(cls).items():
            if name != "name":
                required = name in ("seeds", "to")
                shown = "required" if required else "none" if key.default is None else f"`{config.show(key.default)}`"
                yield f"| `{name}` | {shown} | {key.meaning} |\n"
    yield (
        "\nA source may also be a file of its own, `sites/NAME.toml` beside `kuaixun.toml`, with the same keys: "
        "`kuaixun source add URL` writes one. So may a saved search, `notices/NAME.toml`, which `kuaixun notice add` "
        "writes; docs/notices.md is about them. A running daemon sees changes of both within a minute. "
        "One that is wrong costs that source only, see [sources.md](sources.md#a-file-that-is-wrong).\n"
    )


MEANINGS = {
    "sources": "The sites that are crawled, as configured, and how each fares.",
    "frontier": "Every address that is known, and when it is asked again.",
    "visits": "Every request and what became of it; and, with `import_id`, every page that an import brought.",
    "imports": "WARC files of others, and how far they were read.",
    "hosts": "How each host answers.",
    "rhythms": "When the items of each list come.",
    "gaps": "The times in which a list was not seen, or not whole: something may have been missed.",
    "clocks": "The delay that the articles of each host come with after the time that they claim.",
    "clock_faults": "Hosts whose claimed times jumped by whole hours, or lie ahead of the truth.",
    "habits": "What the pages of each site usually yield, by the shape of their addresses.",
    "drifts": "Sites whose pages stopped to yield what they did: since when, which signs, which pages show it.",
    "suspects": "Articles that were read from such pages, until they are read again by mended rules.",
    "articles": "What was read, in its present version. Added fields (`crawler/fields/`) are columns at its end.",
    "article_urls": "The addresses of each article.",
    "revisions": "The former versions of articles.",
    "readings": "Articles that `reextract` read again, so that it need not do so twice.",
    "stories": "Articles that tell the same.",
    "links": "What an article was held against, and what came of it.",
    "story_moves": "When an article went from one story to another.",
    "headlines": "What lists announced, whether or not it was read.",
    "rights": "What pages and hosts say about the use of articles, with its history.",
    "host_files": "Files of hosts that are asked for once a day.",
    "observations": "What the page of each article said whenever it said something new; `versions` shows it.",
    "removals": "Articles that were no longer there when they were asked for again.",
    "chores": "What the daemon does besides crawling, and what came of it.",
    "searches": "Saved searches, and how far each has looked.",
    "outbox": "The notices of saved searches, and what became of each.",
    "exports": "Up to where each named export (`--since-last`) has had everything.",
    "moments": "One row for each transaction, so that it is known when what was written.",
    "articles_fts": "The search index: tokens made by `storage/words.py`.",
    "sketches": "The index of texts that copies are found by.",
    "waiting_sketches": "Sketches that are not in the index yet; they go there many at a time.",
    "crowds": "Those of the index whose passage many articles share, by time.",
    "site_lines": "Lines that a site repeats under its articles.",
}
HISTORY = """
## What was known at a time

Every command that reads takes `--as-of TIME` and prints what it would have printed then. In SQL, what the page of
each article said at `:t` (UTC, as `2026-03-20T00:00:00.000+00:00`), as far as it was seen, is

```sql
SELECT * FROM versions WHERE observed_at <= :t AND (replaced_at IS NULL OR replaced_at > :t);
```

`--as-of` answers by the rules of then. What later rules (`kuaixun reextract --apply`) read on the pages of then is

```sql
SELECT *, min(coalesce(replaced_at, '9999')) AS until FROM versions
WHERE (replaced_at IS NULL OR replaced_at > :t) AND cause IS NOT 'rules'
    AND article_id IN (SELECT article_id FROM versions WHERE observed_at <= :t)
GROUP BY article_id;
```

A version whose `cause` is `rules` was replaced by another reading of the same page, so that is the one asked for. Only
the present version of an article is read again: one that its page had replaced before that stays as it was read then.

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
    "rights.location": "a pattern of the paths that are meant, as in robots.txt; empty: all",
    "articles.kind": "article, flash (short) or announcement (a company's own)",
    "articles.charset": "the encoding in which the page was read",
    "articles.pages": "how many pages the text was joined of",
    "articles.page_sha256": "of the page that this version was read from, in hexadecimal: its name in the archive",
    "articles.truncated": "whether the text breaks off, with a pointer to the rest or in mid-sentence",
    "articles.paywalled": "1: the page shows that the rest is to be paid for",
    "articles.published_precision": "of the claimed time: day, minute or second",
    "articles.published_evidence": "where the claimed time and its zone were read",
    "articles.published_flag": "future, impossible: the claim is not used; NULL where nothing is wrong",
    "rhythms.before_at": "the visit before the last one",
    "rhythms.due_at": "when it is to be visited next",
    "rhythms.late": "seconds after its time that the last visit came",
    "rhythms.late_before": "and the one before it",
    "articles.gone_at": "when it was found to be gone at its source; NULL while it is there",
    "articles.told_at": "the claimed time, or when first seen if that is before it",
    "sources.paused_at": "since when `kuaixun source pause` holds, our clock; NULL: it does not",
    "chores.error_since": "since when it fails, our clock",
    "articles.rules": "the rules that this version was first read by: program version and a hash of what reads",
    "visits.moment": "the transaction that wrote it",
    "visits.import_id": "the foreign archive that the page is from: nobody was asked; NULL for a request",
    "visits.page_at": "when another fetched that page",
    "revisions.rules": "the rules that it was read by",
    "revisions.cause": "why another version replaced it: edit (the page changed) or rules (it was read anew)",
    "visits.article_id": "the article that it brought or confirmed",
    "outbox.search_id": "the saved search, in `searches`",
    "outbox.last_error": "what went wrong at the last try; NULL: nothing",
    "suspects.drift_id": "the drift of its site, in `drifts`",
    "revisions.last_confirmed_at": "when this version was last seen",
}
_COMMENT = re.compile(r"^\s*(?:CREATE (?:TABLE|VIEW) )?\"?(\w+)\"?[^\n]*?--\s*(.+?)\s*$", re.M)

# What a column means wherever it stands without a word of its own.
ANYWHERE = {
    "id": "the number of the row",
    "url": "the address",
    "url_key": "its one form, the same for all variants of it",
    "host": "the host, with its port where it has one",
    "source": "the configured source",
    "title": "the headline",
    "text": "the body, paragraphs parted by an empty line",
    "kind": "list, feed, sitemap or article",
    "at": "when, our clock",
    "article_id": "the article",
    "revision": "its version, from 1",
    "published_at": "when it was published, as the page claims",
    "modified_at": "when it was changed, as the page claims",
    "first_seen_at": "when we first saw it, our clock",
    "last_seen_at": "when we last saw it, our clock",
    "observed_at": "when we saw it, our clock",
    "noted_at": "when that was noted, our clock",
    "added_at": "since when it is known, our clock",
    "visited_at": "when it was last asked for, our clock",
    "next_at": "when it is asked next, our clock; NULL: never by itself",
    "last_visit_at": "when it was last asked, our clock",
    "last_success_at": "when it last answered, our clock",
    "read_at": "when it was read, our clock",
    "error": "what went wrong; NULL where nothing did",
    "error_since": "since when it has gone wrong, our clock",
    "error_count": "failures in a row",
    "requests": "how often it was asked",
    "status": "the HTTP status",
    "last_status": "the HTTP status of the last answer; 0: none came",
    "reason": "why",
    "records": "records read",
    "rules": "the version of the rules by which it was read",
    "begun_at": "when it was begun, our clock",
    "why": "the reason",
    "how": "how that was known",
    "author": "who wrote it, as the page says; several names parted by commas",
    "editor": "who edited it (责任编辑)",
    "site": "the site that shows it: its name, or its host",
    "lang": "the language, and of Chinese the script: en, zh-Hans, zh-Hant",
    "story_id": "the story that it tells",
    "copy_of": "the first article of its story; NULL where it is that itself",
    "is_ad": "1 for advertising",
    "ad_score": "how much it looks like advertising, 0 to 1",
    "canonical": "the address that the page declares for itself",
    "text_key": "the same for the same text",
    "title_key": "equal for titles that begin alike",
    "first_article": "the article that told it first",
    "first_seen_article": "the article in which we first saw it",
    "copies": "how many articles repeat it",
    "sites": "how many sites tell it",
    "key": "names the story whatever came first",
    "seen_on": "the address of the list that showed it first",
    "position": "its place in the list, from 1",
    "matched_by": "how its article was found: address or title",
    "from_key": "the key of the story that it left",
    "to_key": "the key of the story that it came to",
    "era": "the span of time that it lies in",
    "hash": "a hash of a passage or line",
    "beside": "a hash of the first other line",
    "scope": "host or article",
    "body": "what came",
    "name": "its name in the settings",
    "cron": "its crontab line; NULL: by `every`",
    "enabled": "1 while it is crawled",
    "state": "waiting, done, gone or failed",
    "depth": "how many links from a seed",
    "etag": "what the server named this version of it",
    "last_modified": "when the server says that it was changed",
    "found_on": "the address of the page that led to it",
    "published_precision": "how exact that claim is: second, minute, day ...",
    "published_conflict": "another time that the page claims, and where",
    "claimed_time": "a claim that cannot be true, as it stands there",
    "image": "the address of the lead picture",
    "keywords": "the keywords that the page's head lists",
    "previous_article": "the address of the article before it, as the page links it",
    "next_article": "the address of the article after it, as the page links it",
    "paywalled": "1 where the page shows only the beginning",
    "section": "the section of the site that it stands in",
    "title_conflict": "another title in the page's metadata",
    "author_conflict": "another author in the page's metadata",
    "source_conflict": "another origin in the page's metadata",
}


def about(table: str, column: str, comments: Mapping[str, str]) -> str:
    """What a column means: by the comment in its table, by its own line above, or by its name."""
    return comments.get(column) or COLUMNS.get(f"{table}.{column}") or ANYWHERE.get(column, "")


def schema() -> Iterator[str]:
    """docs/schema.md: every table and view, with what its columns mean."""
    yield (
        "# The database\n\nOne SQLite file, made to be asked with SQL. Times are ISO 8601 text: of our own clock in "
        "UTC with milliseconds, of the pages (`published_at`, `modified_at`) with the offset that they claim. An "
        "unknown value is NULL, never an empty string. A migration changes a released table only by adding to it. "
        "This page is made by `docs/make.py`.\n\n"
        "`articles` has one row for each article. Beside it: `stories` (what belongs together), `revisions` (former "
        "versions), `removals` (what vanished at its source), `article_urls` (every address of an article), "
        "`headlines` (items of lists), `sources`, `visits` (every request and how it ended), `searches` and `outbox` "
        "(notices), `frontier` (what is to be asked when) and `gaps` (when a source was not seen). A copy and an "
        "advertisement are marked, never deleted. A claimed time that cannot be is flagged and not used.\n"
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
                yield f"| `{column.name}` | {kind} | {to} | {about(name, column.name, comments)} |\n"
        yield "\n### history_*\n\nThe former rows of a table, each with the `moment` that changed it: "
        yield ", ".join(f"`history_{name}`" for name in TRACKED) + ".\n"
        yield "\n## Views\n\n| view | what it answers | columns |\n|---|---|---|\n"
        for name in store.db.view_names():
            told = dict(_COMMENT.findall(master[name].partition("\n")[0])).get(name, "")
            names = ", ".join(f"`{column.name}`" for column in store.db.view(name).columns)
            yield f"| `{name}` | {told} | {names} |\n"
        yield HISTORY


ABOUT_FIELDS = """

## Mentions

Each mention has `field` (title or text), `start` and `end` (characters of that field), `text` as it stands
there, `code`, `method` (code, name, short name) and `confidence` (0 to 1). Codes are text, with all zeros and
the exchange: 600519.SH, 000001.SZ, 00700.HK, AAPL.US. A number is a code only where something beside it says
so: an exchange, the word for code, a name before the bracket that it stands in. 000001 is Ping An Bank in
Shenzhen, and the Shanghai index where an index is spoken of. A company that is listed twice is found by name
under the first of its codes, by each code under that one.

Names come from a table with their time: a company that was renamed is right at the time that the article claims
(or else was first seen). A small one comes along (`storage/instruments.csv`); the setting `mentions` names
another:

```csv
code,name,how,from,to
000001.SZ,平安银行,name,2012-08-02,
000001.SZ,深发展,name,,2012-08-01
600519.SH,茅台,short,,
AAPL.US,苹果,weak,,
,茅台镇,not,,
```

`how` is `name` (tells the company by itself), `short` (an abbreviation: wants the borders of a word), `weak`
(also a common word: wants a sign beside it, 苹果CEO, or the company named in full in the same text) or `not`
(something else that begins like a company). `python -m tests.gate.mentions` measures precision and recall on
600 labelled sentences.

## Sessions

Each stamp has `market` (XSHG, XSHE, XHKG, XNYS), `session` (pre, am, lunch, pm, post, holiday) and
`next_tradable_at` (ISO 8601, UTC): the first moment, not before `first_seen_at`, at which there is continuous
trading. New York has no lunch: `pm` begins at noon there. The markets are those on which the mentioned codes
are traded, or those that are named. Holidays, half days and summer time come from the package
`exchange_calendars` (`pip install 'kuaixun[market]'`), which looks some years ahead at most: of a day that it
does not know, both are null.

## Splits

A split cuts by `first_seen_at`, the time of our own receipt: a claimed time may lie in either direction. A
story stands whole in the part in which its first article was seen (`story_first_seen_at`). Left out, and
counted, are rows of a story that come after the end of its part, and stories that begin within the embargo
behind a boundary. So no story is on two sides, and each part begins at least the embargo after the last row of
the one before it. Both follow from these two columns alone, and are proved from the rows when a data set is
verified (`storage/splits.py`).

What a row says is what was known before its part ended: an article that was corrected later stands in `train` with its
first text, `copies_so_far`, `is_first` and `gone_at` are those of then, and so is what is a copy or advertising. What
is reserved against a purpose, and the field `rights`, are of the asked time in every part. A part that would end before
the history of the database begins is refused. In a file the parts come one after the other.
"""


def fields() -> Iterator[str]:
    """docs/fields.md: every field of a data set."""
    yield (
        "# The fields of a data set\n\nOne row is one article as it was known at the asked time, in the order of `id`. "
        "An unknown value is null. This page is made by `docs/make.py`.\n\n"
        "| field | kind | unit | meaning |\n|---|---|---|---|\n"
    )
    for name, field in FIELDS.items():
        yield f"| `{name}` | {field.kind} | {field.unit} | {field.meaning} |\n"
    yield ABOUT_FIELDS


def meanings() -> Iterator[str]:
    """storage/meanings.json: what tables, views and their columns mean, for `kuaixun datasette`."""
    with open_store(Path(":memory:"), fields=columns()) as store:
        master = dict(
            store.db.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        )
        found: dict[str, dict[str, object]] = {}
        for name, meaning in MEANINGS.items():
            comments = dict(_COMMENT.findall(master[name]))
            told = {column.name: about(name, column.name, comments) for column in store.db.table(name).columns}
            found[name] = {"description": meaning, "columns": told}
        for name in store.db.view_names():
            answers = dict(_COMMENT.findall(master[name].partition("\n")[0])).get(name, "")
            told = {each.name: text for each in store.db.view(name).columns if (text := about(name, each.name, {}))}
            found[name] = {"description": f"{answers[:1].upper()}{answers[1:]}.", "columns": told}
    yield json.dumps(found, ensure_ascii=False, indent=1) + "\n"


PAGES = {
    "commands.md": commands,
    "configuration.md": configuration,
    "fields.md": fields,
    "schema.md": schema,
    "../storage/meanings.json": meanings,
}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE / page).write_text("".join(make()), encoding="utf-8")
