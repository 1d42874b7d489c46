"""Templates in which every value is escaped, unless it is markup already."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import SupportsIndex


class Markup(str):
    """Text that is HTML already and goes into a page as it is."""

    __slots__ = ()

    def join(self, parts: Iterable[str], /) -> Markup:
        return Markup(super().join(parts))

    def __add__(self, other: str, /) -> Markup:
        return Markup(super().__add__(html(other)))

    def __mul__(self, count: SupportsIndex, /) -> Markup:
        return Markup(super().__mul__(count))


EMPTY = Markup()


def html(value: object) -> Markup:
    """The value as markup: text is escaped (also for a quoted attribute), markup stays."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def fill(template: str, /, **values: object) -> Markup:
    """The template text with its `$names` replaced. KeyError names the one that is missing."""
    return Markup(Template(template).substitute({name: html(value) for name, value in values.items()}))


def fill_file(name: str, /, **values: object) -> Markup:
    """The same for a file of the folder `templates`."""
    return fill(_template(name), **values)


@cache
def _template(name: str) -> str:
    return (resources.files(__package__) / "templates" / name).read_text(encoding="utf-8")
