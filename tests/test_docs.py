"""The reference pages are made from the code; here they must be what the code says now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = runpy.run_path(str(DOCS / "make.py"))["PAGES"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_reference_is_current(page):
    """If not: python docs/make.py"""
    assert (DOCS / page).read_text(encoding="utf-8") == "".join(PAGES[page]())
