"""What a person edits, turned into frozen objects: the only code that reads TOML or the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


class ConfigError(Exception):
    """A setting that cannot be used: names the file, the key and what is allowed."""

    def __init__(self, file: str, key: str, problem: str):
        super().__init__(f"{file}: {key}: {problem}" if key else f"{file}: {problem}")
        self.file, self.key, self.problem = file, key, problem


@dataclass(frozen=True, slots=True)
class Source:
    """One site: where to start, how often, and what the general rules get wrong there.

    `every` is the pause between two looks at the seeds, or `cron` a five-field crontab line in `timezone`.
    `article` is a regular expression that article URLs match (searched, not anchored), "" for the general rule.
    `select` maps a field name to a CSS selector, `drop` lists selectors of boxes that are never body text.
    `timezone` (IANA) reads times that state no zone; "" lets the page's language decide. `delay` is seconds
    between two requests to one host, None for the default of the settings.
    """

    name: str
    seeds: tuple[str, ...]
    every: timedelta = timedelta(minutes=15)
    cron: str = ""
    article: str = ""
    select: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    encoding: str = ""
    timezone: str = ""
    delay: float | None = None
    max_depth: int = 3
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a deployment may set, with its default; `kuaixun config` prints them all."""

    database: Path = Path("kuaixun.db")
    user_agent: str = "kuaixun/0.1 (+https://github.com/kuaixun/kuaixun)"
    contact: str = ""
    delay: float = 1.0
    timeout: float = 30.0
    deadline: float = 90.0
    max_body: int = 8_000_000
    max_redirects: int = 5
    retries: int = 3
    concurrency: int = 16
    max_pages_per_host: int = 2000
    allow_networks: tuple[str, ...] = ()
    ad_threshold: float = 0.5
    timezone: str = ""
    jitter: float = 0.1


@dataclass(frozen=True, slots=True)
class Config:
    """A whole deployment: its settings and its sources, in the order of the file."""

    settings: Settings
    sources: tuple[Source, ...]
    file: Path | None = None
