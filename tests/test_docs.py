"""The reference pages are made from the code; here they must be what the code says now."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

from storage import open_store

MAKE = runpy.run_path(str(Path(__file__).parent.parent / "docs" / "make.py"))
DOCS = Path(__file__).parent.parent / "docs"
PAGES = MAKE["PAGES"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_reference_is_current(page):
    """If not: python docs/make.py"""
    assert (DOCS / page).read_text(encoding="utf-8") == "".join(PAGES[page]())


def test_every_table_is_documented():
    with open_store(Path(":memory:")) as store:
        hidden = re.compile(r"_sqlite|sqlite_|articles_fts_|history_")
        assert {name for name in store.db.table_names() if not hidden.match(name)} == set(MAKE["MEANINGS"])


def test_every_column_of_a_table_has_a_meaning():
    """If not: a comment in its migration, or a line in COLUMNS of docs/make.py."""
    found = json.loads("".join(MAKE["meanings"]()))
    tables = {name: found[name]["columns"] for name in MAKE["MEANINGS"]}
    assert [f"{table}.{name}" for table, told in tables.items() for name, text in told.items() if not text] == []
