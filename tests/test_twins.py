"""Which addresses are one article by another way in."""

import pytest

from crawler.twins import Twins, is_read_as


@pytest.mark.parametrize(
    ("url", "title", "twin"),
    [
        ("http://m.a.example/old/1192287.shtml", "降准", True),
        ("http://a.example/zblog/1192287.html?from=rss", "降准", False),
        ("http://a.example/old/1192287.shtml", "加息", False),
        ("http://a.example/old/1192288.shtml", "降准", False),
        ("http://b.example/old/1192287.shtml", "降准", False),
        ("http://a.example/old/1192287.shtml", "", False),
    ],
)
def test_the_same_number_under_the_same_title_is_the_same_article(url, title, twin):
    twins = Twins()
    assert not twins.is_twin("http://a.example/zblog/1192287.html", "降准")
    assert twins.is_twin(url, title) is twin


def test_a_date_is_no_number_of_an_article():
    twins = Twins()
    assert not twins.is_twin("http://a.example/20260320/a.html", "早报")
    assert not twins.is_twin("http://a.example/20260320/b.html", "早报")


def test_a_number_seen_before_in_another_address_is_a_hint():
    twins = Twins()
    assert not twins.may_be_twin("http://a.example/news/1192287.html")
    assert not twins.may_be_twin("http://a.example/news/1192287.html?utm_source=rss")
    assert twins.may_be_twin("http://www.a.example/old/1192287.shtml")
    assert not twins.may_be_twin("http://b.example/old/1192287.shtml")


def test_the_number_of_a_section_is_no_hint():
    twins = Twins()
    below = [twins.may_be_twin(f"http://a.example/10001/{name}.html") for name in "abc"]
    beside = [twins.may_be_twin(f"http://a.example/show?id={n}&channel=10001") for n in range(20)]
    assert not any(below)
    assert not any(beside[4:])


def test_an_address_is_read_when_an_article_of_its_number_is():
    read = ["http://a.example/news/1192287.html", "http://b.example/news/1192288.html"]
    assert is_read_as("http://m.a.example/old/1192287.shtml", read)
    assert not is_read_as("http://a.example/old/1192288.shtml", read)
    assert not is_read_as("http://a.example/old/early.shtml", read)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("/a/2026/11/24/800001.html", "/b/2026/11/25/800001.html", False),
        ("/a/2026/11/24/800001.html", "/b/20261124/800001.html", True),
        ("/a/2026/3/5/800001.html", "/b/202603/800001.html", True),
        ("/a/2026/11/24/800001.html", "/b/800001.html", True),
    ],
)
def test_one_number_on_two_days_is_two_articles(first, second, same):
    assert is_read_as("http://a.example" + first, ["http://a.example" + second]) is same
