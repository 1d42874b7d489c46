"""The door to sqlite_utils, without what it does not need here.

It imports pandas and numpy wherever they are installed (with the extra `market`), to know the column types of their
values. None of ours has such a type, and that import is most of the memory of a command and half a second of it. So
both are hidden while sqlite_utils loads; who needs them later finds them as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Database", "Migrations", "quote_identifier"]


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Meanwhile an import of these fails as if they were not installed; what is loaded already stays."""
    absent = [name for name in names if name not in sys.modules]
    # None in this table is how Python says that there is no such module.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


with _hidden("pandas", "numpy"):
    from sqlite_utils import Database
    from sqlite_utils.db import quote_identifier
    from sqlite_utils.migrations import Migrations
