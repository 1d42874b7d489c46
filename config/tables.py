"""From a TOML table or the environment to checked values: the types, the unknown keys, the errors.

A field of a dataclass says in its annotation what it means and what is allowed:
`Annotated[float, "What it is.", check, ...]`. The text is what `kuaixun config` prints; a check returns the value
to use or raises ValueError.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from config.values import duration, show_duration

# How the name of a variable begins that says a setting.
PREFIX = "KUAIXUN_"
TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class ConfigError(Exception):
    """A setting that cannot be used: names the file, the key and what is allowed."""

    def __init__(self, file: str, key: str, problem: str):
        super().__init__(f"{file}: `{key}` {problem}" if key else f"{file}: {problem}")
        self.file, self.key, self.problem = file, key, problem


@dataclass(frozen=True, slots=True)
class Key:
    """One key that a table may have: the type of its value, what it means, its default, the checks on it."""

    name: str
    type: Any
    meaning: str
    default: Any
    checks: tuple[Callable[[Any], Any], ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of value: what to call it in a message, whether a TOML value is one, and how text becomes one."""

    called: str
    fits: Callable[[Any], bool]
    make: Callable[[Any, Path], Any]
    parse: Callable[[str], Any]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _path(value: Any) -> bool:
    return _text(value) and bool(value) and "\0" not in value


def _text(value: Any) -> bool:
    return isinstance(value, str)


KINDS: dict[Any, Kind] = {
    str: Kind("a text in quotes", _text, lambda value, _: value, str),
    bool: Kind(
        "true or false", lambda value: isinstance(value, bool), lambda v, _: v, lambda text: TRUTH[text.lower()]
    ),
    int: Kind("a whole number", lambda v: _number(v) and isinstance(v, int), lambda value, _: value, int),
    float: Kind("a number", _number, lambda value, _: float(value), float),
    Path: Kind(
        "a path in quotes",
        _path,
        lambda v, base: base / Path(v).expanduser(),
        str,
    ),
    timedelta: Kind('a duration in quotes, such as "15m"', _text, lambda value, _: duration(value), str),
    tuple[str, ...]: Kind(
        'a list of texts such as ["a", "b"]',
        _texts,
        lambda value, _: tuple(value),
        lambda text: [item.strip() for item in text.split(",") if item.strip()],
    ),
    Mapping[str, str]: Kind(
        'a table of texts such as { title = "h1" }',
        lambda value: isinstance(value, dict) and all(map(_text, value.values())),
        lambda value, _: dict(value),
        lambda text: dict(item.split("=", 1) for item in text.split(",")),
    ),
}


def keys(cls: type[Any]) -> dict[str, Key]:
    """The keys that a table of this dataclass may have, in their order."""
    hints = get_type_hints(cls, include_extras=True)
    found = {}
    for item in fields(cls):
        notes = getattr(hints[item.name], "__metadata__", ())
        plain = get_args(hints[item.name])[0] if notes else hints[item.name]
        if get_origin(plain) in {Union, UnionType}:
            plain = next(kind for kind in get_args(plain) if kind is not type(None))
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        meaning = next((note for note in notes if isinstance(note, str)), "")
        found[item.name] = Key(item.name, plain, meaning, default, tuple(note for note in notes if callable(note)))
    return found


def values(cls: type[Any], table: Mapping[str, Any], *, file: str, where: str = "", base: Path) -> dict[str, Any]:
    """The checked values of a TOML table, by key; relative paths are taken from `base`. Raises ConfigError."""
    allowed = keys(cls)
    refuse_unknown(table, allowed, file=file, where=where)
    return {name: _checked(allowed[name], value, base, file, where + name) for name, value in table.items()}


def value_of_text(cls: type[Any], name: str, text: str, *, file: str, label: str) -> Any:
    """The checked value of one key given as text, by environment or command line. Raises ConfigError."""
    key = keys(cls)[name]
    try:
        value = KINDS[key.type].parse(text)
    except (ValueError, KeyError):
        raise ConfigError(file, label, f"must be {KINDS[key.type].called}, not `{text}`") from None
    return _checked(key, value, Path(), file, label)


def _checked(key: Key, value: Any, base: Path, file: str, label: str) -> Any:
    kind = KINDS[key.type]
    if not kind.fits(value):
        raise ConfigError(file, label, f"must be {kind.called}, not `{show(value)}`")
    try:
        made = kind.make(value, base)
        for check in key.checks:
            made = check(made)
    except ValueError as error:
        raise ConfigError(file, label, str(error)) from None
    return made


def refuse_unknown(given: Iterable[str], allowed: Iterable[str], *, file: str, where: str = "") -> None:
    """Raises ConfigError for the first key that is not allowed, naming the nearest that is."""
    known = list(allowed)
    for name in given:
        if name not in known:
            raise ConfigError(file, where + name, f"is not known; {nearest(name, known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say of a name that is not known: the nearest one, or all there are."""
    choice = list(known)
    close = difflib.get_close_matches(name, choice, 1)
    return f"did you mean `{close[0]}`?" if close else "there is " + (", ".join(f"`{k}`" for k in choice) or "none yet")


def show(value: Any) -> str:
    """A value as TOML would have it."""
    match value:
        case timedelta():
            return f'"{show_duration(value)}"'
        case Mapping():
            return "{ " + ", ".join(f"{key} = {show(item)}" for key, item in value.items()) + " }" if value else "{}"
        case list() | tuple():
            return "[" + ", ".join(map(show, value)) + "]"
        case bool() | int() | float():
            return json.dumps(value)
        case _:
            return json.dumps(str(value), ensure_ascii=False)
