"""Values of added fields: as JSON has them, and as a column takes and gives them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any


def jsonable(value: object) -> Any:
    """A value of a field as JSON has it: times as ISO 8601, what JSON does not know as text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): jsonable(item) for key, item in value.items()}
        case Iterable() if not isinstance(value, bytes):
            return [jsonable(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return jsonable(asdict(value))
        case _:
            return str(value)


def column_value(value: object) -> Any:
    """A value as a column takes it: text, a number, or JSON for a list or mapping; empty ones are NULL."""
    plain = jsonable(value)
    if plain in (None, "", [], {}):
        return None
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | dict) else plain


def mapping_of(told: str) -> dict[str, Any]:
    """The mapping in a column of JSON; an empty one where there is none that can be read."""
    try:
        found = json.loads(told)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
