"""Writes the pages of the gate and their gold: `python -m tests.gate.make_pages`. The same bytes every time."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from tests.gate import cases
from tests.gate.build import Page

FOLDER = Path(__file__).parent / "pages"


def made() -> Iterator[Page]:
    """Every page of every file in `cases`."""
    for module in sorted(item.name for item in pkgutil.iter_modules(cases.__path__)):
        yield from importlib.import_module(f"{cases.__name__}.{module}").pages()


def files() -> dict[str, bytes]:
    """The names of the files and what is in them. ValueError for two pages of one name."""
    found: dict[str, bytes] = {}
    for page in made():
        if f"{page.name}.html" in found:
            raise ValueError(f"There are two pages called `{page.name}`.")
        found[f"{page.name}.html"] = page.html
        found[f"{page.name}.json"] = (json.dumps(page.gold, ensure_ascii=False, indent=1) + "\n").encode()
    return found


def main() -> None:
    """Write what has changed, and take away what is made no longer."""
    FOLDER.mkdir(exist_ok=True)
    wanted = files()
    for name, content in wanted.items():
        (FOLDER / name).write_bytes(content)
    for path in FOLDER.iterdir():
        if path.name not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
