"""The formats there are: the folder is the list."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from storage.exporters._about import ExportError

_HERE = Path(__file__).parent


def formats() -> list[str]:
    """The names of the formats there are."""
    return sorted(module.name for module in iter_modules([str(_HERE)]) if not module.name.startswith("_"))


def module(out: Path, format: str) -> ModuleType:
    """The format of a name. Raises ExportError."""
    if format not in formats():
        raise ExportError(out, f"There is no format `{format}`; there are {', '.join(formats())}.")
    return import_module(f"{__package__}.{format}")
