"""What a format may need to know beside the rows, and what every reader of a file must know to read it back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from storage.dataset import FIELDS, Field, Purpose
from storage.errors import StorageError

Row = Mapping[str, Any]

CHANGE = Field(
    "category",
    "",
    "new, changed, or gone: the row is no longer among those chosen, this is what it was; without title and text where"
    " `rights` reserves them now",
)
SPLIT = Field("category", "", "the part of the data set that the row is in")
ADDED = {"change": CHANGE, "split": SPLIT}


MENTION = {
    "field": Field("category", "", "where it stands: title or text"),
    "code": Field("category", "", "the code with its exchange, 600519.SH"),
    "start": Field("int", "characters from 0", "where it begins"),
    "end": Field("int", "characters from 0", "behind its last character"),
    "text": Field("text", "", "as written"),
    "method": Field("category", "", "what it was found by: code, name, short name"),
    "confidence": Field("float", "0 to 1", "how sure it is"),
}


class ExportError(StorageError):
    """A file that cannot be written or read, or a format that does not exist; `path` is the file."""


@dataclass(frozen=True)
class Choice:
    """Which rows: see `dataset.rows`."""

    where: str = ""
    params: tuple[Any, ...] = ()
    search: str = ""
    ads: bool = False
    copies: bool = False
    purpose: Purpose = "archive"

    @property
    def told(self) -> dict[str, Any]:
        """As the manifest has it."""
        return {**asdict(self), "params": list(self.params)}


@dataclass(frozen=True)
class About:
    """One export: its fields in order, those of a mention, and what the manifest says beforehand in `facts`.

    `sets` are the names of its row sets, `archive` is the file of the raw pages, `db` the database that is read.
    `left_out` counts what is not among the rows, by reason.
    """

    fields: Mapping[str, Field]
    mention: Mapping[str, Field] = field(default_factory=lambda: dict(MENTION))
    facts: Mapping[str, Any] = field(default_factory=dict)
    sets: Sequence[str] = ("all",)
    archive: Path | None = None
    db: Any = None
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def names(self) -> list[str]:
        """The names of the fields, in order."""
        return list(self.fields)

    def of(self, *kinds: str) -> list[str]:
        """The names of the fields of some kinds."""
        return [name for name, field in self.fields.items() if field.kind in kinds]

    @property
    def at(self) -> datetime:
        """The last moment that the rows know of."""
        return datetime.fromisoformat(self.facts["state"]["at"])


def about(*, change: bool = False, split: bool = False, **more: Any) -> About:
    """An export of today's fields, with those that an increment and a split add."""
    first = {"change": CHANGE} if change else {}
    last = {"split": SPLIT} if split else {}
    return About({**first, **FIELDS, **last}, **more)


def from_text(kind: str, text: str | None) -> Any:
    """A value of a kind, out of a file that knows texts only; None for an empty one."""
    if not text:
        return None
    if kind in ("text", "category"):
        return text
    if kind == "time":
        return datetime.fromisoformat(text)
    if kind == "bool":
        return {"true": True, "false": False}[text]
    kinds: dict[str, Callable[[str], Any]] = {"int": int, "float": float}
    return kinds.get(kind, json.loads)(text)
