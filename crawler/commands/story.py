"""`kuaixun story`: one story, everywhere it was told, and why that is one story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from config import Config
from crawler.commands._gaps import name_gaps
from crawler.console import NOTHING, Failure, as_of_option, configured, print_json, reading, screen_width
from crawler.screen import beside, claimed, counted, moment, plain, table


@click.command()
@configured
@click.argument("which", metavar="ID|URL")
@click.option("--diff", "other", type=int, metavar="ID", help="Lay the article named and this one side by side.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object, texts and former versions included.")
def command(setup: Config, *, which: str, other: int | None, as_of: datetime | None, as_json: bool) -> None:
    """Show one story: who told it first, copies, corrections.

    The article is named by its id or by any of its addresses, the story also by its key. Every copy is listed with what
    it repeats and how surely, and with the look-alikes that it is not a copy of.

    \b
    Example:
      kuaixun story 12
      kuaixun story 12 --diff 15
      kuaixun story 12 --as-of 2026-03-20T08:00+08:00
      kuaixun story https://mrkx.qghjm.com/1192287.html
    """
    from storage import query

    with reading(setup, as_of) as db:
        story = query.story(db, which)
        second = query.article(db, str(other)) if other is not None else None
        named = query.article(db, which) if other is not None else None
        name_gaps(setup, db, as_of, story["articles"] if story else ())
    if story is None:
        raise Failure(f"{setup.settings.database}: has no article `{which}`", NOTHING)
    if other is not None and second is None:
        raise Failure(f"{setup.settings.database}: has no article `{other}`", NOTHING)
    if as_json and second:
        raise click.UsageError("`--diff` is for people: leave out `--json`.")
    if as_json:
        print_json([story])
    elif second:
        if second["story_id"] != _first(story)["story_id"]:
            click.echo(f"id {second['id']} belongs to another story than `{plain(which)}`.")
        click.echo("\n".join(_beside(named or _first(story), second, screen_width())))
    else:
        click.echo("\n".join(_lines(story)))


def _first(story: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = next(row for row in story["articles"] if row["id"] == story["first_article"])
    return first


def _lines(story: dict[str, Any]) -> list[str]:
    from crawler.present import advertising

    told, first = story["articles"], _first(story)
    head = f"{plain(first['title'])}\n{counted(len(told), 'article')} on {counted(story['sites'], 'site')}"
    rows = [
        [row["id"], _role(row), _claimed(row), moment(row["first_seen_at"]), row["site"], row["url"]] for row in told
    ]
    lines = [f"{head}, story {story['key']}", ""]
    lines += [table(["id", "role", "published", "first seen", "site", "address"], rows, width=screen_width())]
    if story["first_seen_article"] != first["id"]:
        lines.append(f"told first by id {first['id']}, seen first at id {story['first_seen_article']}")
    for row in told:
        lines += [
            f"id {row['id']}, version {old['revision']}, until {moment(old['replaced_at'])}: {plain(old['title'])}"
            for old in row["revisions"]
        ]
        lines += [_because(row["id"], link) for link in row["links"]]
        lines += [f"id {row['id']} {advertising(row['title'], row['text'], row['ad_score'])}"] if row["is_ad"] else []
        lines += [_right(row["id"], right) for right in row["rights"]]
    lines += [
        f"in a list, by its {item['matched_by']}: {plain(item['title'])}  {plain(item['url'])}"
        for item in story["headlines"]
        if item["matched_by"] == "title"
    ]
    lines += [
        f"{moment(move['at'])}: id {move['article_id']} {'came' if move['to_key'] == story['key'] else 'left'}, "
        f"{plain(move['why'])}"
        for move in story["moves"]
    ]
    return [*lines, "", *(plain(line) for line in first["text"].splitlines())]


def _right(article: int, right: dict[str, Any]) -> str:
    """What was said about the use of an article, to whom, where and since when."""
    whom = "" if right["applies"] else f" (to {right['agent']})"
    where = f"{right['via']} of {right['read_on']}, since {moment(right['read_at'])}"
    return plain(f"id {article} is told {right['kind']} {right['value']}{whom}: {where}")


def _because(article: int, link: dict[str, Any]) -> str:
    """One link in a line: what it repeats, or looks like, how much, and why."""
    what = "looks like" if link["level"] == "alike" else f"same {link['level']} as"
    differing = "; ".join(f"{one} / {other}" for one, other in link["evidence"]["differing"][:3])
    said = f"id {article} {what} id {link['other_id']} ({link['score']:.2f}): {link['evidence']['why']}"
    return plain(said + (f"; differs in {differing}" if differing and link["level"] != "alike" else ""))


def _beside(one: dict[str, Any], other: dict[str, Any], width: int) -> Iterator[str]:
    """Two articles side by side."""
    lines, others = ([row["title"], *row["text"].splitlines()] for row in (one, other))
    heads, other_heads = (f"id {row['id']} {row['site'] or ''}" for row in (one, other))
    return beside(lines, others, (heads, other_heads), width=width)


def _claimed(row: dict[str, Any]) -> str:
    """What the article claims, and whether that cannot be."""
    return claimed(row["published_at"]) + (f" ({row['published_flag']})" if row["published_flag"] else "")


def _role(row: dict[str, Any]) -> str:
    roles = ("first", row["copy_of"] is None), ("copy", row["copy_of"] is not None)
    more = (
        ("ad", row["is_ad"]),
        (f"version {row['revision']}", row["revision"] > 1),
        (f"gone since {moment(row['gone_at'])}", row["gone_at"]),
    )
    return ", ".join(name for name, holds in (*roles, *more) if holds)
