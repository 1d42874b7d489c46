"""A source's rules written into the TOML that a person edits: only their lines change. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from config.tables import show

_HEADER = re.compile(r"\s*\[")


def with_rules(text: str, table: str, select: Mapping[str, str], drop: Sequence[str]) -> str:
    """The file with other `select` and `drop` in a table ("" is the top of the file). All other lines stay.

    Raises ValueError where they are written in a way that is not understood: then a person must do it.
    """
    lines = text.splitlines()
    head = f"[{table}]" if table else ""
    start = next((n + 1 for n, line in enumerate(lines) if line.split("#")[0].strip() == head), None) if head else 0
    if start is None:
        raise ValueError(f"has no line `{head}`")
    end = next((n for n in range(start, len(lines)) if _HEADER.match(lines[n])), len(lines))
    own = _without(_without(lines[start:end], "select"), "drop")
    while own and not own[-1].strip():
        own.pop()
    own += [f"drop = {show(list(drop))}"] if drop else []
    name = f"{table}.select" if table else "select"
    rest = _without_table(lines[end:], name)
    rules = ["", f"[{name}]", *(f"{key} = {show(css)}" for key, css in select.items())] if select else []
    made = "\n".join([*lines[:start], *own, *rules, *([""] if rest else []), *rest]).strip("\n") + "\n"
    try:
        is_right = tomllib.loads(made) == _expected(tomllib.loads(text), table, select, drop)
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise ValueError("writes `select` or `drop` in a way that is not understood")
    return made


def _without(lines: Sequence[str], key: str) -> list[str]:
    """The lines of a table without one key, whose value may go over several of them."""
    for number, line in enumerate(lines):
        if re.match(rf"\s*{key}\s*=", line):
            for end in range(number + 1, len(lines) + 1):
                try:
                    tomllib.loads("\n".join(lines[number:end]))
                except tomllib.TOMLDecodeError:
                    continue
                return [*lines[:number], *lines[end:]]
    return list(lines)


def _without_table(lines: Sequence[str], name: str) -> list[str]:
    for number, line in enumerate(lines):
        if line.split("#")[0].strip() == f"[{name}]":
            end = next((n for n in range(number + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
            return [*lines[:number], *lines[end:]]
    while lines and not lines[0].strip():
        lines = lines[1:]
    return list(lines)


def _expected(document: dict[str, Any], table: str, select: Mapping[str, str], drop: Sequence[str]) -> dict[str, Any]:
    """What the file is to say."""
    one = document
    for name in table.split(".") if table else ():
        one = one[name]
    for key, value in (("select", dict(select)), ("drop", list(drop))):
        one.pop(key, None)
        if value:
            one[key] = value
    return document
