"""Texts: when two texts are one, and what they are found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.texts import (
    fingerprint,
    fold,
    plain,
    text_key,
)


def test_layout_width_and_case_do_not_change_a_text():
    assert text_key("央行：降准 0.5％，Ａ股大涨。\n") == text_key("央行: 降准0.5%,a股大涨")


@pytest.mark.parametrize(("one", "other"), [("涨3.5%", "涨35%"), ("涨3.5%", "跌3.5%"), ("一", "二")])
def test_another_character_or_point_makes_another_text(one, other):
    assert text_key(one) != text_key(other)


def test_no_text_has_no_key():
    assert text_key(" \n，。") == ""


@given(st.text(max_size=300))
def test_any_text_has_a_key_and_a_sketch(text):
    folded = plain(fold(text))
    assert len(text_key(text)) in (0, 32) and all(0 <= number < 2**32 for number in fingerprint(folded))


def test_a_text_and_its_half_share_much_of_their_sketches():
    text = "".join(chr(0x4E00 + number * 37 % 8000) for number in range(1200))
    whole, half = fingerprint(text), fingerprint(text[:600])
    assert len(whole & half) >= len(whole) / 4
