"""What goes between collector and workers arrives as it was sent: pages with what was read of them, and errors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import Settings, Source
from crawler.fleet.wire import Ask, Setup, asks, encode, packed, setups, unpacked
from crawler.frontier import Owners
from crawler.links import Place
from crawler.page import ExtractError, FetchError, Page, Request
from crawler.reading import read_safely
from storage.records import Target

NOW = datetime(2026, 3, 20, 2, tzinfo=UTC)
URL = "https://news.example/2026/03/20/100001.html"
TARGET = Target(URL, "article", "news", next_at=NOW)
GATE = sorted((Path(__file__).parent / "gate" / "pages").glob("*.html"))


def page(body=b"<html>", **more):
    given = {"headers": {"content-type": "text/html"}, "took": 0.25, "address": "192.0.2.1", **more}
    return Page(Request(URL, target=TARGET), URL, 200, body=body, fetched_at=NOW, **given)


def plain(value):
    """The same with all sequences and mappings of one type, and times with their offset from UTC."""
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return type(value), {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def arrived(sent):
    return unpacked(packed(sent), replace(sent.request, etag='"mine"') if isinstance(sent, Page) else Request(URL))


@pytest.mark.parametrize("kind", ["article", "list"])
def test_what_was_read_of_a_page_arrives_as_it_was(kind):
    source = Source("news", ("https://news.example/",))
    for file in GATE[:: max(len(GATE) // 20, 1)]:
        found = page(file.read_bytes())
        place = Place(URL, replace(TARGET, kind=kind), Owners([source]), NOW)
        try:
            reading = read_safely(
                found, place, Settings(), ad_score=lambda title: 0.5, timed=lambda step: nullcontext()
            )
        except ExtractError:
            continue
        back = arrived(replace(found, reading=reading))
        assert (file.name, back.body, plain(back.reading)) == (file.name, found.body, plain(reading))


def test_a_page_comes_back_to_the_request_of_who_takes_it():
    back = arrived(page(b"\x00\xff" * 1000))
    assert (back.request.etag, back.body, back.fetched_at, back.reading) == ('"mine"', b"\x00\xff" * 1000, NOW, None)
    assert (back.headers, back.took, back.address) == ({"content-type": "text/html"}, 0.25, "192.0.2.1")


def test_where_a_request_leads_and_why_it_failed_arrive_too():
    assert arrived(("https://news.example/2.html", 301)) == ("https://news.example/2.html", 301)
    with pytest.raises(FetchError) as caught:
        arrived(FetchError(URL, "status 429", status=429, retry=True, later=False, after=7.5))
    error = caught.value
    assert (error.url, error.reason, error.status, error.retry, error.later, error.after) == (
        URL,
        "status 429",
        429,
        True,
        False,
        7.5,
    )


def test_why_a_page_could_not_be_read_arrives_with_it():
    back = arrived(page(reading=ExtractError("nothing in it", ours=True)))
    assert (back.reading.reason, back.reading.ours, back.body) == ("nothing in it", True, b"<html>")


def test_a_request_and_the_settings_arrive_as_they_were():
    ask = Ask(Request(URL, '"1"', "yesterday", True, TARGET, 2.5), URL, 1000, False, "setup 1")
    assert asks.decode(encode(ask)) == ask
    setup = Setup(Settings(delay=0.5, allow_networks=("127.0.0.0/8",)), (Source("a", (URL,), select={"title": "h1"}),))
    assert plain(setups.decode(encode(setup))) == plain(setup)


def test_the_same_question_has_one_name_until_its_address_was_visited():
    first = Ask(Request(URL, target=TARGET), URL, 1000, False, "setup 1")
    again = Ask(Request(URL, '"1"', target=replace(TARGET, priority=9)), URL, 1000, False, "setup 2")
    assert first.key == again.key
    others = [replace(TARGET, visited_at=NOW), replace(TARGET, tries=1), replace(TARGET, next_at=NOW + timedelta(1))]
    keys = {replace(first, request=Request(URL, target=other)).key for other in others}
    keys |= {replace(first, url=URL + "?2").key, replace(first, any_type=True).key}
    assert len(keys | {first.key}) == 6
