"""Templates and the style sheet: how pages look. Everything is escaped; what is missing is a fault and no blank."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields
from datetime import tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined

from crawler.web.glosses import glossed
from crawler.web.safe import is_time, link, seen, title
from crawler.web.state import State
from crawler.web.tables import mended

HERE = Path(__file__).parent


@cache
def sheet(name: str) -> tuple[str, str]:
    """The address of a style sheet, which changes with it, and the sheet: `style` is ours, `tables` for Datasette's."""
    text = (HERE / f"{name}.css").read_text(encoding="utf-8")
    return f"/{name}.{hashlib.sha256(text.encode()).hexdigest()[:12]}.css", text


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {"title": title, "link": link, "is_time": is_time, "told": _told, "glossed": glossed}
    made.filters["glossed"] = glossed
    return made


def render(template: str, context: dict[str, Any], zone: tzinfo) -> str:
    """A page of a template. `seen` tells a time, with `zoned` one of our own clock in the zone of the pages."""

    def told(value: Any, zoned: bool = False) -> str:
        return seen(value, zone if zoned else None)

    return _environment().get_template(template).render({**context, "seen": told})


def _told(state: State) -> list[tuple[str, str]]:
    """What a form sends along to keep a state."""
    values = ((field.name, getattr(state, field.name)) for field in fields(state))
    return [
        (name, value.isoformat() if name == "as_of" else "1" if value is True else value)
        for name, value in values
        if value
    ]


class Mended(BaseLoader):
    """Datasette's templates, mended."""

    def __init__(self, own: BaseLoader):
        self._own = own

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, is_current = self._own.get_source(environment, template)
        return mended(source), path, is_current

    def list_templates(self) -> list[str]:
        return self._own.list_templates()
