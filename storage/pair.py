"""The names of the two files that belong together: the database, and its archive of pages."""

from __future__ import annotations

from pathlib import Path

# As SQLite names its log, so that no two databases share an archive; behind `.db` the shorter name is free.
_ENDS = (".pages", "-pages")


def beside(database: Path) -> Path:
    """The archive of a database file: `a.pages` for `a.db`, for any other name that name with `-pages` behind it."""
    if database.suffix == ".db":
        return database.with_suffix(".pages")
    return database.with_name(f"{database.name}-pages")


def is_archive(path: Path) -> bool:
    """Whether a name is that of an archive, which no database may have."""
    return path.name.endswith(_ENDS)
