"""The rooms behind the database: records in, rows out.

`open_store` is the door; `query` reads, `exporters` write files. Importing this package is cheap: the SQLite tools are
loaded when a database is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from storage.errors import (
    DatabaseLocked,
    DiskFull,
    MissingDatabase,
    NewerSchema,
    NotOurDatabase,
    OlderSchema,
    StorageError,
    Unreadable,
    Unwritable,
)
from storage.records import Article, Headline, Saved, Target, Visit
from storage.times import utc_now
from storage.waiting import NONE, SHORT, Patience

if TYPE_CHECKING:
    from storage.store import Store

__all__ = [
    "Article",
    "DatabaseLocked",
    "DiskFull",
    "Headline",
    "MissingDatabase",
    "NewerSchema",
    "NotOurDatabase",
    "OlderSchema",
    "Patience",
    "Saved",
    "StorageError",
    "Target",
    "Unreadable",
    "Unwritable",
    "Visit",
    "open_as",
    "open_store",
]

Kind = TypeVar("Kind", bound="Store")
NO_FIELDS: Mapping[str, str] = MappingProxyType({})


def open_store(
    path: Path,
    *,
    fields: Mapping[str, str] = NO_FIELDS,
    readonly: bool = False,
    ad_threshold: float = 0.5,
    timeout: float = SHORT,
    patience: Patience = NONE,
    clock: Callable[[], datetime] = utc_now,
) -> Store:
    """Open a database, made or brought up to date if need be; `Path(":memory:")` is one that is gone when closed.

    `fields` are added columns of `articles`: name to TEXT, INTEGER or REAL. `readonly` opens what is there and changes
    nothing. From `ad_threshold` on a score marks an advertisement. `timeout`: seconds in which SQLite waits for another
    process's lock; a writer goes on waiting as long as its `patience` lasts. `clock` tells when something is written.
    Raises a StorageError; a file that is not ours is left as it is.
    """
    from storage.connection import connect
    from storage.store import Store

    db = connect(path, fields=fields, readonly=readonly, timeout=timeout, patience=patience)
    return Store(db, path, ad_threshold=ad_threshold, patience=patience, clock=clock)


def open_as(
    kind: type[Kind],
    path: Path,
    *,
    fields: Mapping[str, str] = NO_FIELDS,
    ad_threshold: float = 0.5,
    patience: Patience = NONE,
    clock: Callable[[], datetime] = utc_now,
) -> Kind:
    """As `open_store`, for a store that writes otherwise than a crawl does: `intake.Intake`, `rewrite.Rewriter`."""
    from storage.connection import connect

    db = connect(path, fields=fields, readonly=False, timeout=SHORT, patience=patience)
    return kind(db, path, ad_threshold=ad_threshold, patience=patience, clock=clock)
