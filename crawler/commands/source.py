"""`kuaixun source`: add, look at, pause and remove sources."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config import FILE, Config, ConfigError, Source, settings_template, sites
from config.values import address
from crawler.commands import _found, _opml, _sources, sources
from crawler.console import EXTRACT, FETCH, NOTHING, STORAGE, USAGE, Failure, configured, live
from crawler.screen import plain

if TYPE_CHECKING:
    from crawler.survey import Survey, Verdict

# Below this certainty nothing is written unasked.
SURE = 50
_NEEDS = {
    "browser": "needs a browser",
    "login": "needs a log-in",
    "forbidden": "forbids crawling",
    "blocked": "does not let a crawler in",
    "unreachable": "does not answer",
    "nothing": "has no articles that can be found",
}


@click.group()
def command() -> None:
    """Add, list, show, pause, resume and remove sources.

    All of it works while `kuaixun run` does; the daemon sees it within a minute.

    \b
    Example:
      kuaixun source add https://news.example/
      kuaixun source pause news.example
    """


command.add_command(sources.command, "list")
for _each in (_sources.show, _sources.pause, _sources.resume, _sources.remove, _opml.take, _opml.give):
    command.add_command(_each)


@command.command()
@configured
@click.argument("url")
@click.option("--name", default="", help="What to call it; else after its host.")
@click.option("--yes", is_flag=True, help="Ask nothing; a file that you have edited stays all the same.")
@click.option("--force", is_flag=True, help="Write over a file that you have edited; as a second source of its host.")
@click.option("--print", "only_print", is_flag=True, help="Print the TOML and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="What was found, as one JSON object.")
def add(setup: Config, *, url: str, name: str, yes: bool, force: bool, only_print: bool, as_json: bool) -> None:
    """Look at an unknown site and write sites/NAME.toml for it.

    URL is its front page, one of its lists, a feed, a sitemap or an article. At most 15 requests find feeds, sitemaps,
    lists, paging and the pattern of article addresses, and try five articles. It shows what would be stored and how
    sure that is. The same site gives the same file.

    A site that needs a browser, a log-in or forbids crawling is named as that, with exit code 5 or 6.

    \b
    Example:
      kuaixun source add https://news.example/
      kuaixun source add https://news.example/ --print > sites/news.toml
    """
    given, url = url, _address(url)
    _check(setup, url, name, force=force or only_print, is_final=bool(name))
    survey, verdict = _survey(setup, url)
    if survey.trouble == "unreachable" and "://" not in given:
        url = url.replace("https://", "http://", 1)
        survey, verdict = _survey(setup, url, made=survey.requests)
    source = _found.source_of(survey, name or name_of(survey.url or url))
    lines = [_found.as_json(survey, verdict, source)] if as_json else [*_found.told(survey, verdict, source)]
    if survey.trouble:
        if as_json:
            click.echo(lines[0])
        code = FETCH if survey.trouble in ("forbidden", "blocked", "unreachable") else EXTRACT
        raise Failure(f"{url}: {_NEEDS[survey.trouble]}: {survey.reason}; no source was written", code)
    click.echo("\n".join(lines), err=only_print)
    text = _found.toml(survey, verdict, source)
    if only_print:
        click.echo(text, nl=False)
        return
    _check(setup, survey.url, source.name, force=force, is_final=True)
    file = sites.folder(setup.file) / f"{source.name}.toml"
    if not yes and not force and verdict.certainty < SURE:
        _ask(f"That is not sure. Write {file} all the same?")
    if _put(setup, file, text, yes=yes, force=force):
        click.echo(f"Wrote {file}; then: kuaixun crawl {source.name}", err=as_json)


def _address(given: str) -> str:
    """What was given as a whole address. Raises UsageError where it is none, or holds a password."""
    from crawler.commands._pages import no_address
    from crawler.urls import resolve

    url = given if "://" in given else f"https://{given}"
    if "://" not in given and (what := no_address(given)).startswith("is a file"):
        raise click.UsageError(f"`{given}` {what}", click.get_current_context())
    try:
        address(url)
    except ValueError as error:
        raise click.UsageError(f"URL {error}", click.get_current_context()) from None
    found = resolve("", url)
    if found is None:
        told = f"URL must have no password in it and a host that can be, not `{given}`"
        raise click.UsageError(told, click.get_current_context())
    return found


def _check(setup: Config, url: str, name: str, *, force: bool, is_final: bool) -> None:
    """Raises where the address or the name cannot be that of a new source. `is_final`: it will have this name."""
    from crawler.frontier import Owners

    if name and not sites.NAME.fullmatch(name):
        raise click.UsageError(
            f"--name must be of letters, digits, `.`, `-` and `_`, not `{name}`", click.get_current_context()
        )
    folder, names = sites.folder(setup.file), {source.name for source in setup.sources}
    if name in names and not (folder / f"{name}.toml").exists():
        raise ConfigError(str(setup.file), f"sources.{name}", "is there already; --name gives the new source another")
    owner = Owners(setup.sources).of(url)
    if owner and not force and owner.name != name:
        file = folder / f"{owner.name}.toml"
        if is_final or not file.exists():
            where, key = (file, "seeds") if file.exists() else (setup.file, f"sources.{owner.name}")
            raise ConfigError(str(where), key, f"is the source of {url} already; change it there, or add with --force")


def _survey(setup: Config, url: str, made: Sequence[str] = ()) -> tuple[Survey, Verdict]:
    """What is found out of the site; `made` are requests that count already."""
    import asyncio

    from crawler.fetch import Fetcher
    from crawler.scout import MOST, Scout
    from crawler.survey import judge

    async def look() -> Survey:
        async with Fetcher(setup.settings) as fetcher:
            with live() as line:
                asked: list[str] = []

                def told(address: str) -> None:
                    asked.append(address)
                    line.show(lambda: f"request {len(asked)} of at most {MOST}: {plain(asked[-1])}")

                return await Scout(setup.settings, fetcher, made=made, told=told).survey(url, source)

    source = Source("", (), timezone=setup.settings.timezone)
    survey = asyncio.run(look())
    return survey, judge(survey)


def name_of(url: str) -> str:
    """The name of a source after its host, and the section that it begins in."""
    from urllib.parse import urlsplit

    from crawler.urls import bare_host

    first = urlsplit(url).path.strip("/").partition("/")[0]
    return sites.name_of(bare_host(url) + (f"-{first}" if first and "." not in first else "")) or "source"


def _ask(question: str) -> None:
    """Raises Failure where the answer is no, or where nobody is there to give one."""
    try:
        is_wanted = click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise Failure("nothing was written, for nobody answers; --yes says yes", USAGE) from None
    if not is_wanted:
        raise Failure("nothing was written", NOTHING)


def _put(setup: Config, file: Path, text: str, *, yes: bool, force: bool) -> bool:
    """Write the file of a source, and a configuration beside it where there is none; whether anything was written."""
    state = sites.state(file)
    if state != "none" and file.read_bytes() == text.encode():
        click.echo(f"{file} is there already, the same.", err=True)
        return False
    if state == "edited" and not force:
        raise Failure(f"{file}: is there already and was edited; --force writes over it, --name gives another", STORAGE)
    if state == "untouched" and not yes and not force:
        _ask(f"{file} is there already, as `source` wrote it. Write over it?")
    sites.write(file, text)
    main = setup.file or Path(FILE)
    if not main.exists():
        sites.write(main, settings_template())
        click.echo(f"Wrote {main} too; put your address into `contact`.", err=True)
    return True
