"""Texts: when two texts are one, and what they are found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.texts import (
    alike,
    exact,
    fingerprint,
    fold,
    plain,
    same_title,
    simplified,
    text_key,
    title_key,
)


def test_layout_width_and_case_do_not_change_a_text():
    assert text_key("央行：降准 0.5％，Ａ股大涨。\n") == text_key("央行: 降准0.5%,a股大涨")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("涨3.5%", "涨35%"),
        ("涨3.5%", "跌3.5%"),
        ("一", "二"),
        ("为-1.2%", "为+1.2%"),
        ("$300亿", "€300亿"),
        ("A+", "A-"),
        ("25%", "25‰"),
    ],
)
def test_another_character_or_point_makes_another_text(one, other):
    assert text_key(one) != text_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("財經要聞：央行宣佈降準", "财经要闻，央行宣布降准"),
        ("央行降准\n责任编辑：王敏\n免责声明：本文仅供参考。", "央行降准"),
        ("扫描二维码下载客户端\n央行降准", "央行降准"),
    ],
)
def test_script_and_furniture_do_not_change_a_text(one, other):
    assert text_key(one) == text_key(other)


@pytest.mark.parametrize(("one", "other"), [("- 央行降准", "央行降准"), ("3-5个", "3—5个"), ("升+1.2％", "升1.2%")])
def test_a_bullet_and_a_range_are_layout(one, other):
    assert text_key(one) == text_key(other)


def test_a_text_of_furniture_alone_keeps_it():
    assert text_key("责任编辑：王敏") != text_key("责任编辑：李明") != ""


def test_a_simplified_text_is_simplified_already():
    assert simplified("怎么办，后来发现干净的头发和皇后") == "怎么办，后来发现干净的头发和皇后"


SPELLINGS = [
    ("12,000元", "1.2万元"),
    ("3.50%", "百分之3.5"),
    ("3月5日", "03-05"),
    ("3月5日", "三月五日"),
    ("2026年3月5日", "2026-03-05"),
    ("35.6亿", "356000万"),
    ("第二十一届", "第21届"),
    ("三百二十家", "320家"),
    ("二十\n八日", "28日"),
    ("百分之三点五", "3.5%"),
    ("两成", "20%"),
    ("下午两点半", "14:30"),
    ("一季度", "1季度"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_a_number_has_one_exact_spelling(one, other):
    assert exact(alike(one)) == exact(alike(other))


NUMBERS = [
    ("12,000", "1200"),
    ("1.2万", "1.2亿"),
    ("3月5日", "5月3日"),
    ("2:1", "21"),
    ("3.5", "35"),
    ("第一届", "第二届"),
    ("周日", "周六"),
    ("为-1.2%", "为1.2%"),
    ("A+", "A-"),
    ("25‰", "25%"),
]


@pytest.mark.parametrize(("one", "other"), NUMBERS)
def test_two_numbers_have_two_exact_spellings(one, other):
    assert exact(alike(one)) != exact(alike(other))


@given(st.text(alphabet="0123456789.,:万亿百千十一二三四五第年月日-/%元 \n", max_size=40))
def test_any_digits_have_an_exact_spelling(text):
    assert isinstance(exact(alike(text)), str) and title_key(text) < 2**32 and same_title(text, text) in (True, False)


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
