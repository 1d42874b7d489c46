"""Saved searches whose new articles are told somewhere: `notices/NAME.toml`, or `[notices.NAME]` in the settings.

What is secret stands in the environment or in a file, and only `revealed` looks there: `${NAME}` is a variable,
`${file:PATH}` the text of a file. `shown` is what may be printed of an address.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from config import sites
from config.tables import PREFIX, ConfigError, keys, nearest, refuse_unknown, show, values
from config.values import address, between, proxy

WAYS = {"webhook": "url", "command": "command", "feed": "path"}
# The keys that only one of the ways has.
_OF_ONE = {"url": "webhook", "headers": "webhook", "body": "webhook", "proxy": "webhook", "command": "command",
           "path": "feed"}  # fmt: skip
_SECRET = re.compile(r"\$\{(file:[^}]+|[A-Za-z_]\w*)\}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _way(name: str) -> str:
    if name not in WAYS:
        raise ValueError(f'must be "webhook", "command" or "feed", not `{name}`')
    return name


def _secrets(text: str) -> str:
    for name in _SECRET.findall(text):
        if name.startswith(PREFIX):
            raise ValueError(f"names the variable `{name}`: what begins with {PREFIX} is a setting; take another name")
    return text


def _url(text: str) -> str:
    _secrets(text)
    if text and "${" not in text:
        address(text)
        if "@" in urlsplit(text).netloc:
            raise ValueError('must have no password in it; put it into `headers`, as "${NAME}"')
    return text


def _headers(given: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in given.items():
        if not _HEADER.fullmatch(name) or not all(" " <= character <= "~" for character in value):
            raise ValueError(f"has `{name}`, which is no HTTP header of printable ASCII characters")
        _secrets(value)
    return given


def _body(text: str) -> str:
    try:
        if text:
            json.loads(text)
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from None
    return text


@dataclass(frozen=True, slots=True)
class Search:
    """One saved search: what it finds, and where its notices go."""

    name: str
    to: Annotated[str, 'Where its notices go: "webhook", "command" or "feed".', _way]
    search: Annotated[str, "Words as `kuaixun search` takes them; empty: any text."] = ""
    where: Annotated[str, "SQL on the columns of `articles`, such as `source = '新华社'`; empty: any article."] = ""
    url: Annotated[str, "A webhook's address. `${NAME}` is a variable, `${file:PATH}` the text of a file.", _url] = ""
    headers: Annotated[Mapping[str, str], "Headers that the webhook wants; secrets as in `url`.", _headers] = field(
        default_factory=dict
    )
    body: Annotated[str, "The JSON that is sent to the webhook, in place of ours; `{title}` in it.", _body] = ""
    proxy: Annotated[str, "An HTTP proxy for the webhook; empty: none.", proxy] = ""
    command: Annotated[tuple[str, ...], "A program and its arguments; no shell. It gets the notice as JSON."] = ()
    path: Annotated[Path | None, "The Atom file that the notices go into."] = None
    ads: Annotated[bool, "Advertisements too."] = False
    max_age: Annotated[timedelta, "What was told longer ago when it came in gives no notice."] = timedelta(days=2)
    timeout: Annotated[float, "Seconds that a webhook or a command may take.", between(0.1, 600)] = 30.0
    enabled: Annotated[bool, "Whether it is looked at at all."] = True


def folder(file: Path | None) -> Path:
    """Where the files of saved searches lie, beside this configuration or where one would be."""
    return (file.parent if file else Path()) / "notices"


def load(
    file: Path, tables: Any, read: Callable[[Path], dict[str, Any]]
) -> tuple[tuple[Search, ...], dict[str, ConfigError]]:
    """The saved searches of a configuration, those in its tables and then those in files; and the files that are wrong.

    Raises ConfigError for a table.
    """
    if not isinstance(tables, dict):
        raise ConfigError(str(file), "notices", "must be a table, written `[notices.NAME]` on a line of its own")
    found = [_search(name, table, file, f"notices.{name}.", file.parent) for name, table in tables.items()]
    broken = {}
    for one in sorted(folder(file).glob("*.toml")):
        try:
            if one.stem in tables:
                raise ConfigError(str(one), "", f"the notices `{one.stem}` are also in `{file}`; keep one of the two")
            found.append(_search(one.stem, read(one), one, "", file.parent))
        except ConfigError as error:
            broken[one.stem] = error
    return tuple(found), broken


def _search(name: str, table: Any, place: Path, where: str, base: Path) -> Search:
    file, label = str(place), where.rstrip(".")
    if not isinstance(table, dict):
        raise ConfigError(file, label, f"must be a table, written `[{label}]` on a line of its own")
    if not sites.NAME.fullmatch(name):
        raise ConfigError(file, label, "must be a name of letters, digits, `.`, `-` and `_`")
    return made(name, table, place, base, where)


def made(name: str, table: Mapping[str, Any], place: Path, base: Path, where: str = "") -> Search:
    """The search that a table says, its paths taken from `base`. Raises ConfigError."""
    file = str(place)
    refuse_unknown(table, [key for key in keys(Search) if key != "name"], file=file, where=where)
    given = values(Search, table, file=file, where=where, base=base)
    way = given.get("to")
    if way is None:
        raise ConfigError(file, where + "to", 'is missing: "webhook", "command" or "feed"')
    if not given.get(WAYS[way]):
        raise ConfigError(file, where + WAYS[way], f'is missing, and `to = "{way}"` needs it')
    for key in given:
        if _OF_ONE.get(key, way) != way:
            raise ConfigError(file, where + key, f'is of a {_OF_ONE[key]}, and `to` is "{way}"; keep one of the two')
    if not given.get("search") and not given.get("where"):
        raise ConfigError(file, where + "search", 'is missing: words, or `where`; where = "1" is every article')
    return Search(name=name, **given)


def render(search: Search) -> str:
    """The text of the file of a search: what differs from the defaults."""
    lines = ["", "# What it finds: words as `kuaixun search` takes them, SQL on the columns of `articles`, or both."]
    for name, key in keys(Search).items():
        value = getattr(search, name)
        if name != "name" and value not in (key.default, None):
            lines.append(f"{name} = {_table(value) if isinstance(value, Mapping) else show(value)}")
    lines += ["", "# Advertisements too; what was told longer ago when it came in gives no notice."]
    lines += [f"# {name} = {show(keys(Search)[name].default)}" for name in ("ads", "max_age")]
    return sites.marked("\n".join(lines) + "\n", "notice")


def _table(given: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{show(name)} = {show(value)}" for name, value in given.items()) + " }"


def shown(search: Search) -> str:
    """Where its notices go, for people: of a web address only the host, because the rest may be secret."""
    if search.to == "command":
        return search.command[0]
    if search.to == "feed":
        return str(search.path)
    if _SECRET.search(search.url.partition("://")[2].partition("/")[0]) or "://" not in search.url:
        return "(secret)"
    parts = urlsplit(search.url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}/…"


def revealed(text: str, base: Path, env: Mapping[str, str] = os.environ) -> str:
    """The text with its secrets in it; files are taken from `base`. Raises ValueError that names the missing one."""

    def secret(match: re.Match[str]) -> str:
        name = match[1]
        if not name.startswith("file:"):
            if name not in env:
                raise ValueError(f"the variable {name} is not set in the environment")
            return env[name]
        try:
            return (base / Path(name.removeprefix("file:")).expanduser()).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problem = getattr(error, "strerror", None) or "it is not in UTF-8"
            raise ValueError(f"{name.removeprefix('file:')} cannot be read: {problem}") from None

    return _SECRET.sub(secret, text)


def surroundings(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment that a command gets: ours, without what a service manager tells us alone."""
    return {
        name: value for name, value in env.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    }


def files(file: Path) -> Iterator[Path]:
    """The files of saved searches beside a configuration, in order."""
    yield from sorted(folder(file).glob("*.toml"))


def chosen(searches: Sequence[Search], names: Sequence[str], file: Path | None) -> list[Search]:
    """The searches of these names; all of them without names. Raises ConfigError for an unknown one."""
    known = {search.name: search for search in searches}
    for name in names:
        if name not in known:
            raise ConfigError(str(file or "configuration"), "", f"has no notices `{name}`; {nearest(name, known)}")
    return [known[name] for name in names] if names else list(searches)
