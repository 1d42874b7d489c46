"""What a person edits, turned into frozen objects: the only code that reads TOML or the environment.

`load` looks for one `kuaixun.toml` and the `sites/NAME.toml` files beside it. A key that is not known, a value of
the wrong type or out of range is a ConfigError with file and key; nothing is guessed. A `sites/NAME.toml` that cannot
be used costs that source only: it is `broken`, and what works with sources says so. The environment
(`KUAIXUN_DELAY=2`) goes before the file, the command line before both.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from config import notices, sites
from config.notices import Search
from config.tables import PREFIX, ConfigError, keys, nearest, refuse_unknown, show, value_of_text, values
from config.values import address, between, cron, each, encoding, filled, header, network, pattern, proxy, zone

__all__ = [
    "FILE",
    "TEMPLATE",
    "Config",
    "ConfigError",
    "Search",
    "Settings",
    "Source",
    "fleet_dsn",
    "keys",
    "load",
    "marks",
    "notify_socket",
    "override",
    "pick",
    "settings_template",
    "show",
    "without",
    "zoned",
]

FILE = "kuaixun.toml"
TEMPLATE = Path(__file__).with_name(FILE)
_FLEET = ("fleet_dsn", "fleet_dsn_file")


@dataclass(frozen=True, slots=True)
class Source:
    """One site: where to start, how often, and what the general rules get wrong there."""

    name: str
    seeds: Annotated[tuple[str, ...], "Where to start: list pages, feeds or sitemaps.", each(address)]
    every: Annotated[timedelta, "The pause between two looks at the seeds."] = timedelta(minutes=15)
    cron: Annotated[str, "Instead of `every`: a crontab line, in `timezone` or else the machine's.", cron] = ""
    article: Annotated[str, "A regular expression found in article URLs; empty for the general rule.", pattern] = ""
    select: Annotated[Mapping[str, str], "Field name to CSS selector."] = field(default_factory=dict)
    drop: Annotated[tuple[str, ...], "CSS selectors of boxes that are never body text."] = ()
    encoding: Annotated[str, "The encoding of its pages, where they lie about it.", encoding] = ""
    timezone: Annotated[str, "IANA zone of times without one; empty: by the page's language.", zone] = ""
    delay: Annotated[float | None, "Seconds between two requests to one host; none: the default.", between(0)] = None
    max_depth: Annotated[int, "How many links away from a seed the crawl goes.", between(0)] = 3
    enabled: Annotated[bool, "Whether it is crawled at all."] = True


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a deployment may set, with its default; `kuaixun config` prints them all."""

    database: Annotated[Path, "The SQLite file; relative paths start at the configuration file."] = Path("kuaixun.db")
    user_agent: Annotated[str, "How the crawler names itself to servers.", header, filled] = (
        "kuaixun/0.1 (+https://github.com/kuaixun/kuaixun)"
    )
    contact: Annotated[str, "A mail address or URL at which a site's owner reaches you.", header] = ""
    delay: Annotated[float, "Seconds between two requests to one host.", between(0, 3600)] = 1.0
    timeout: Annotated[float, "Seconds to wait for a connection or the next bytes.", between(0.01, 3600)] = 30.0
    deadline: Annotated[float, "Seconds that one whole answer may take.", between(0.01, 86400)] = 60.0
    max_body: Annotated[int, "Bytes of one decoded answer, at most.", between(1)] = 8_000_000
    max_redirects: Annotated[int, "Redirects followed for one request.", between(0, 50)] = 5
    retries: Annotated[int, "Further tries after a failure that may pass.", between(0, 100)] = 3
    concurrency: Annotated[int, "Requests under way at once, over all hosts.", between(1, 1000)] = 16
    max_pages_per_host: Annotated[int, "Pages asked of one host in one pass.", between(1)] = 2000
    allow_networks: Annotated[tuple[str, ...], "Private networks that may be asked (CIDR).", each(network)] = ()
    proxy: Annotated[str, "An HTTP proxy that asks for us, such as http://proxy.example:3128; empty: none.", proxy] = ""
    ad_threshold: Annotated[float, "From this score on (0 to 1) an item counts as advertising.", between(0, 1)] = 0.5
    timezone: Annotated[str, "IANA zone of times without one; empty: by the page's language.", zone] = ""
    keep_pages: Annotated[int, "Days that fetched pages stay in the archive; 0: none is kept.", between(0, 36500)] = 400
    mentions: Annotated[Path | None, "A table (CSV) of companies to find in texts; none: the one that comes along."] = (
        None
    )
    jitter: Annotated[float, "Share by which a pause is varied (0 to 1).", between(0, 1)] = 0.1
    backup: Annotated[Path | None, "The folder into which `run` copies database and archive; none: it does not."] = None
    backup_every: Annotated[timedelta, "The pause between two of these copies."] = timedelta(days=1)
    backup_keep: Annotated[int, "How many of them stay; the oldest go.", between(1)] = 7
    check_every: Annotated[timedelta, "How often `run` looks through database and archive."] = timedelta(days=7)
    metrics_port: Annotated[
        int, "The port on this machine that `run` serves /metrics and /healthz on; 0: none.", between(0, 65535)
    ] = 0


@dataclass(frozen=True, slots=True)
class Config:
    """A whole deployment: its settings, its sources and saved searches in the order of the file, and where each
    setting came from.

    `broken` are sources that are left out, each with what is wrong with it; `broken_searches` are saved searches.
    """

    settings: Settings
    sources: tuple[Source, ...]
    file: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, ConfigError] = field(default_factory=dict)
    searches: tuple[Search, ...] = ()
    broken_searches: Mapping[str, ConfigError] = field(default_factory=dict)


def load(path: Path | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """The configuration in `path`, else `$KUAIXUN_CONFIG`, else `./kuaixun.toml`, else the defaults.

    A folder stands for the `kuaixun.toml` in it. Raises ConfigError.
    """
    file = _find(path, env)
    config = _from_file(file) if file else Config(Settings(), ())
    for name in keys(Settings):
        text = env.get(PREFIX + name.upper())
        if text is not None:
            config = override(config, name, text, PREFIX + name.upper())
    refuse_unknown(
        (name for name in env if name.startswith(PREFIX)),
        [PREFIX + name.upper() for name in (*keys(Settings), "config", *_FLEET)],
        file="environment",
    )
    return replace(config, sources=zoned(config.sources, config.settings))


def marks(file: Path | None) -> tuple[tuple[str, int, int], ...]:
    """What tells that a configuration has changed: its files, each with time and size."""
    if file is None:
        return ()
    found = []
    for path in (file, *sorted(sites.folder(file).glob("*.toml")), *notices.files(file)):
        with suppress(OSError):
            known = path.stat()
            found.append((str(path), known.st_mtime_ns, known.st_size))
    return tuple(found)


def settings_template() -> str:
    """A commented configuration without any source: the beginning of `TEMPLATE`."""
    head, mark, _ = TEMPLATE.read_text(encoding="utf-8").partition("\n\n\n# One table for each source")
    assert mark
    return head + "\n"


def notify_socket(env: Mapping[str, str] = os.environ) -> str:
    """Where a service manager wants to hear signs of life, see sd_notify(3); "" where there is none."""
    return env.get("NOTIFY_SOCKET", "")


def fleet_dsn(env: Mapping[str, str] = os.environ) -> str:
    """Where the queue of the fleet is: `$KUAIXUN_FLEET_DSN`, or what the file `$KUAIXUN_FLEET_DSN_FILE` holds.

    It may hold a password, so it stands nowhere else. Raises ConfigError.
    """
    dsn, file = (env.get(PREFIX + name.upper(), "") for name in _FLEET)
    try:
        dsn = dsn or (Path(file).read_text("utf-8-sig").strip() if file else "")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not in UTF-8"
        raise ConfigError("environment", "KUAIXUN_FLEET_DSN_FILE", f"names `{file}`: {reason}") from None
    if not dsn:
        wanted = "is not set: postgresql://USER:PASSWORD@HOST/DATABASE; or KUAIXUN_FLEET_DSN_FILE, a file that holds it"
        raise ConfigError("environment", "KUAIXUN_FLEET_DSN", wanted)
    return dsn


def zoned(sources: Iterable[Source], settings: Settings) -> tuple[Source, ...]:
    """The sources, each with the time zone that holds for it: its own or the general one."""
    return tuple(replace(source, timezone=source.timezone or settings.timezone) for source in sources)


def override(config: Config, name: str, text: str, origin: str) -> Config:
    """The configuration with one setting given as text; lists are separated by commas. Raises ConfigError."""
    value = value_of_text(
        Settings, name, text, file="environment" if origin.isupper() else "command line", label=origin
    )
    changes: dict[str, Any] = {name: value}
    return replace(config, settings=replace(config.settings, **changes), origins={**config.origins, name: origin})


def pick(config: Config, names: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources of these names, else those that are enabled. Raises ConfigError for a name unknown or broken."""
    known = {source.name: source for source in config.sources}
    for name in names:
        if name not in known and name in config.broken:
            raise config.broken[name]
        if name not in known:
            raise ConfigError(
                str(config.file or "configuration"), "", f"has no source `{name}`; {nearest(name, known)}"
            )
    return tuple(known[name] for name in names) or tuple(source for source in config.sources if source.enabled)


def _find(path: Path | None, env: Mapping[str, str]) -> Path | None:
    wanted = path or (Path(env[PREFIX + "CONFIG"]) if env.get(PREFIX + "CONFIG") else None)
    file = wanted or Path(FILE)
    if file.is_dir():
        file /= FILE
    if file.is_file():
        return file
    if wanted:
        raise ConfigError(str(file), "", "there is no such file; `kuaixun init` writes one")
    return None


def _from_file(file: Path) -> Config:
    document = _read(file)
    tables: dict[str, Any] = document.pop("sources", {})
    searches, wrong = notices.load(file, document.pop("notices", {}), _read)
    nested: dict[str, Any] = document.pop("settings", {})
    for name, table in (("sources", tables), ("settings", nested)):
        if not isinstance(table, dict):
            raise ConfigError(str(file), name, f"must be a table, written `[{name}]` on a line of its own")
    for name in document.keys() & nested.keys():
        raise ConfigError(str(file), f"settings.{name}", "is given twice, also at the top of the file")
    # A table at the top that is no setting is most often a source whose `sources.` was forgotten.
    for name, value in document.items():
        if isinstance(value, dict) and name not in keys(Settings):
            raise ConfigError(str(file), name, f"is not known; a source is written `[sources.{name}]`")
    given = values(Settings, document, file=str(file), base=file.parent) | values(
        Settings, nested, file=str(file), where="settings.", base=file.parent
    )
    given.setdefault("database", file.parent / Settings().database)
    sources = [_source(name, table, str(file), f"sources.{name}.") for name, table in tables.items()]
    broken = {}
    for site in sorted(sites.folder(file).glob("*.toml")):
        try:
            if site.stem in tables:
                raise ConfigError(str(site), "", f"the source `{site.stem}` is also in `{file}`; keep one of the two")
            sources.append(_source(site.stem, _read(site), str(site), ""))
        except ConfigError as error:
            broken[site.stem] = error
    return Config(
        Settings(**given),
        tuple(sources),
        file,
        dict.fromkeys((*document, *nested), str(file)),
        MappingProxyType(broken),
        searches,
        MappingProxyType(wrong),
    )


def without(config: Config, broken: Mapping[str, ConfigError]) -> Config:
    """The same with more sources left out, for what is wrong with them."""
    left = tuple(source for source in config.sources if source.name not in broken)
    return replace(config, sources=left, broken={**config.broken, **broken})


def _source(name: str, table: Any, file: str, where: str) -> Source:
    label = where.rstrip(".")
    if not isinstance(table, dict):
        raise ConfigError(file, label, f"must be a table, written `[{label}]` on a line of its own")
    if not sites.NAME.fullmatch(name):
        raise ConfigError(file, label, "must be a name of letters, digits, `.`, `-` and `_`")
    refuse_unknown(table, [key for key in keys(Source) if key != "name"], file=file, where=where)
    given = values(Source, table, file=file, where=where, base=Path(file).parent)
    if not given.get("seeds"):
        raise ConfigError(file, where + "seeds", 'is missing: where to start, such as ["https://example.com/news/"]')
    if "every" in given and given.get("cron"):
        raise ConfigError(file, where + "cron", "and `every` exclude each other; keep one of the two")
    return Source(name=name, **given)


def _read(file: Path) -> dict[str, Any]:
    try:
        # Some editors put a byte order mark first, which TOML does not allow.
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(file), "", f"is no valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(str(file), "", "is no valid TOML: its brackets are nested too deeply") from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), "", f"is not in UTF-8: byte {error.start} cannot be read") from None
    except OSError as error:
        raise ConfigError(str(file), "", f"cannot be read: {error.strerror}") from None
