"""Long alternations are found as fast as short ones, and find the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.patterns import grouped

WORDS = r"side-?bar|\bnav|(?:re|un)lated|版权所有|(?:(?:上|下)一|后)页|a(?:b|c)d|x[|)]y"
ALPHABET = "sidebar-nvreltuc版权所有上下一后页x|)y SIDENAV"


@given(st.text(ALPHABET, max_size=40))
def test_finds_what_the_plain_alternation_finds(text: str):
    assert bool(grouped(WORDS).search(text)) == bool(re.search(WORDS, text))


@given(st.text(ALPHABET, max_size=40))
def test_ignores_case_as_the_plain_alternation_does(text: str):
    assert bool(grouped(WORDS, ignore_case=True).search(text)) == bool(re.search(WORDS, text, re.I))


@pytest.mark.parametrize("pattern", [r"\d+", "^a", "[ab]c", "", "a?b", "(?=a)b|c"])
def test_refuses_what_would_undo_the_gain(pattern: str):
    with pytest.raises(ValueError, match="does not begin with a plain character"):
        grouped(pattern)


def test_refuses_a_group_without_an_end():
    with pytest.raises(ValueError, match="not closed"):
        grouped("(ab")
