"""The door to sqlite_utils, without what it does not need here.

It imports pandas and numpy wherever they are installed (with the extra `market`), to know the column types of their
values. None of ours has such a type, and that import is most of the memory of a command and half a second of it. So
both are hidden while sqlite_utils loads; who needs them later finds them as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Database", "Migrations", "hidden", "quote_identifier"]


class _Absent:
    """A finder of modules to which some are not installed."""

    def __init__(self, names: tuple[str, ...]):
        self._names = names

    def find_spec(self, name: str, *_: object) -> None:
        """Raises ModuleNotFoundError for what is hidden, and leaves all else to the others."""
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Meanwhile an import of these fails as if they were not installed; what is loaded already stays."""
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


with hidden("pandas", "numpy"):
    from sqlite_utils import Database
    from sqlite_utils.db import quote_identifier
    from sqlite_utils.migrations import Migrations
