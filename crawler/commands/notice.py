"""`kuaixun notice`: saved searches whose new articles are told somewhere."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from config import Config, ConfigError, Search, keys, notices, sites
from config import show as as_toml
from crawler.commands import _complete, _notices
from crawler.commands._notices import opened, picked
from crawler.console import NOTHING, STORAGE, Failure, Moment, configured, now, print_json, reading, screen_width
from crawler.screen import counted, moment, plain, table


@click.group()
def command() -> None:
    """Tell somebody about new articles: a webhook, a program or a feed.

    A saved search is a file notices/NAME.toml beside kuaixun.toml. `kuaixun run` sends its notices within seconds, one
    for each story and none for its copies; for who calls `kuaixun crawl` by cron, `kuaixun notice send` does.
    docs/notices.md says what a notice holds, and what comes when something fails.

    \b
    Example:
      kuaixun notice add storage --search 储能 --webhook 'https://hooks.example/${HOOK_TOKEN}'
      kuaixun notice test storage
    """


for _each in (_notices.test, _notices.send, _notices.pause, _notices.resume, _notices.retry):
    command.add_command(_each)


@command.command()
@configured
@click.argument("name")
@click.option("--search", default="", metavar="WORDS", help="What to find, as `kuaixun search` takes it.")
@click.option("--where", default="", metavar="SQL", help="And a condition on the columns of `articles`.")
@click.option("--webhook", default="", metavar="URL", help="POST each notice there; ${NAME} is a variable.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header that the webhook wants.")
@click.option("--command", "program", default="", metavar="LINE", help="Run this program for each; no shell.")
@click.option("--feed", type=click.Path(path_type=Path), metavar="FILE", help="Write the newest into an Atom file.")
@click.option("--ads", is_flag=True, help="Advertisements too.")
@click.option("--since", type=Moment(), metavar="TIME", help="Also what came in since then; else from now on.")
def add(
    setup: Config,
    *,
    name: str,
    search: str,
    where: str,
    webhook: str,
    headers: tuple[str, ...],
    program: str,
    feed: Path | None,
    ads: bool,
    since: datetime | None,
) -> None:
    """Write notices/NAME.toml, and look from now on.

    Secrets stay out of the file: ${NAME} in an address or a header is a variable of the environment of `kuaixun run`,
    ${file:PATH} the text of a file.

    \b
    Example:
      kuaixun notice add storage --search 储能 --webhook 'https://hooks.example/${HOOK_TOKEN}'
      kuaixun notice add bank --search '降准 OR 降息' --where "source = '新华社'" --command 'notify-send 快讯'
      kuaixun notice add all --where 1 --feed public/news.atom --since 2026-03-20T00:00+08:00
    """
    if not sites.NAME.fullmatch(name):
        raise click.UsageError(f"NAME must be of letters, digits, `.`, `-` and `_`, not `{name}`")
    if name in {each.name for each in setup.searches} or name in setup.broken_searches:
        raise ConfigError(str(_file(setup, name)), name, "is there already; `kuaixun notice remove` takes it out")
    given: dict[str, Any] = {"search": search, "where": where, "ads": ads}
    ways = {"webhook": ("url", webhook), "command": ("command", _split(program)), "feed": ("path", feed)}
    chosen = [(way, key, value) for way, (key, value) in ways.items() if value]
    _notices.refuse_future(since)
    if len(chosen) != 1:
        raise click.UsageError("one of --webhook, --command and --feed is needed")
    (way, key, value) = chosen[0]
    given |= {"to": way, key: str(value.absolute()) if isinstance(value, Path) else value}
    if headers:
        given["headers"] = dict(map(_header, headers))
    file = notices.folder(setup.file) / f"{name}.toml"
    saved = notices.made(name, {key: value for key, value in given.items() if value}, file, file.parent.parent)
    from crawler.extract import columns
    from storage import feed as feeds
    from storage.notices import begin

    if saved.path:
        feeds.refuse_foreign(saved.path, name)
    with opened(setup, columns()) as store:
        _notices.refuse_unusable(store, saved, file)
        if file.exists():
            raise Failure(f"{file}: is there already", STORAGE)
        sites.write(file, notices.render(saved))
        begin(store, name, now(), since)
    click.echo(f"Wrote {file}; `kuaixun notice test {name}` shows what the last day would have given.")


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise click.UsageError(f"--command: {error}") from None


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"--header must be `Name: value`, not `{name}`")
    return name.strip(), value.strip()


@command.command("list")
@configured
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(setup: Config, *, as_json: bool) -> None:
    """List the saved searches: what each finds, where its notices go, how that fares.

    \b
    Example:
      kuaixun notice list
    """
    found = _rows(setup)
    if not found:
        raise Failure("there is no saved search yet; `kuaixun notice add` makes one", NOTHING)
    if as_json:
        print_json(found)
        return
    head = ["name", "finds", "to", "sent", "last sent", "waiting", "failed", "state"]
    lines = [
        [
            row["name"],
            " and ".join(filter(None, (row["search"], row["where"]))),
            row["goes_to"],
            row["sent"],
            moment(row["last_sent_at"]),
            row["waiting"],
            row["failed"],
            row["state"].partition(": ")[0],
        ]
        for row in found
    ]
    click.echo(table(head, lines, width=screen_width()))
    # The table would cut the reasons.
    reasons = [(row["name"], row["state"]) for row in found if ": " in row["state"]]
    click.echo("".join(f"\n{plain(name)}: {plain(state)}" for name, state in reasons), nl=bool(reasons))


def _rows(setup: Config) -> list[dict[str, Any]]:
    """Every search that is configured, with what the database knows of it."""
    known: dict[str, dict[str, Any]] = {}
    if setup.settings.database.exists():
        from storage import outbox

        with reading(setup) as db:
            known = {row["name"]: row for row in outbox.states(db)}
    return [_row(search, known.get(search.name)) for search in setup.searches]


def _row(search: Search, known: dict[str, Any] | None) -> dict[str, Any]:
    row = known or {"begun_at": None, "sent": 0, "waiting": 0, "failed": 0, "last_sent_at": None, "error": None}
    told = {"name": search.name, "search": search.search, "where": search.where, "to": search.to}
    return {**told, "goes_to": notices.shown(search), **row, "state": _notices.state(search, known)}


@command.command()
@configured
@click.argument("name", shell_complete=_complete.searches)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(setup: Config, *, name: str, as_json: bool) -> None:
    """Show one saved search: its settings, where they stand, how it fares.

    Of a web address only the host is shown, and of headers the names: the rest may be secret.

    \b
    Example:
      kuaixun notice show storage
    """
    (search,) = picked(setup, (name,))
    row = next(row for row in _rows(setup) if row["name"] == name)
    file = _file(setup, name)
    if as_json:
        print_json([{**row, "file": str(file)}])
        return
    click.echo(f"{plain(name)}: {row['state']}\n\n# {file}")
    for key, known in keys(Search).items():
        value = getattr(search, key)
        if key == "url" and value:
            click.echo(f"url = {as_toml(notices.shown(search))}")
        elif key in ("headers", "proxy", "body") and value:
            click.echo(f"{key} = {', '.join(value) if key == 'headers' else '(set)'}")
        elif key != "name" and value != known.default:
            click.echo(f"{key} = {as_toml(value)}")
    click.echo("")
    for label, at in (("begun", row["begun_at"]), ("last sent", row["last_sent_at"])):
        click.echo(f"{label:12}  {moment(at) or '-'}")
    click.echo(f"{'notices':12}  {row['sent']:,} sent, {row['waiting']:,} waiting, {row['failed']:,} failed")


@command.command()
@configured
@click.argument("name", shell_complete=_complete.searches)
def remove(setup: Config, *, name: str) -> None:
    """Remove a saved search that `add` wrote, and forget its notices.

    A file that you have edited is renamed instead, and so kept.

    \b
    Example:
      kuaixun notice remove storage
    """
    from storage import outbox

    picked(setup, (name,))
    file = _file(setup, name)
    if file.parent.name != "notices" or file.stem != name:
        raise ConfigError(
            str(file), f"notices.{name}", f"was written by you: delete it, or `kuaixun notice pause {name}`"
        )
    with opened(setup) as store:
        try:
            kept = sites.take_away(file)
        except OSError as error:
            raise Failure(f"{file}: cannot be removed: {error.strerror}", STORAGE) from error
        gone = outbox.forget(store, name, now())
    click.echo(f"Deleted {file}." if kept is None else f"{file} was edited, so it is kept as {kept}.")
    click.echo(f"{counted(gone, 'notice')} forgotten.")


def _file(setup: Config, name: str) -> Path:
    """Where the settings of a search stand."""
    file = notices.folder(setup.file) / f"{name}.toml"
    return file if file.exists() or not setup.file else setup.file
