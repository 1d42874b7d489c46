"""What the fleet sends comes back as it was, whatever a page held, and its commands say plainly what they lack."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from config import Settings, Source
from crawler import bring, reread, rules
from crawler.cli import cli
from crawler.console import CONFIG, USAGE
from crawler.fleet.reads import Import, Reread
from crawler.fleet.wire import Setup, encode, framed, packed, parts, setups, unpacked
from crawler.page import Page, Request
from crawler.reading import Reading
from storage.archive import Archive, Damaged, Fetched, Kept
from storage.rewrite import FIELDS, values
from tests.small_pages import story
from tests.test_import import page

AT = datetime(2026, 3, 20, 2, tzinfo=UTC)
URL = "http://news.example/2026/03/20/100001.html"
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(minutes=210))])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
TIMES = st.datetimes(datetime(1800, 1, 2), datetime(2200, 1, 1), timezones=ZONES)
PLAIN = {
    str: TEXTS,
    datetime: TIMES,
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**64 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    Any: st.none() | st.booleans() | st.integers(0, 2**53) | TEXTS | TIMES | st.lists(TEXTS, max_size=2),
}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, with all its fields."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(anything, inner))
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is Mapping:
        return st.dictionaries(*map(anything, inner), max_size=2)
    if origin is Sequence or (origin is tuple and inner[-1] is ...):
        return st.lists(anything(inner[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(anything, inner))
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: anything(hint) for name, hint in hints.items()})


def plain(value: Any) -> Any:
    """A value in which lists and tuples are alike; times with their offset."""
    if is_dataclass(value):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


@given(anything(Reading), st.binary(max_size=9))
def test_any_page_with_its_reading_comes_back_the_same(read, body):
    request = Request(URL, "tag")
    sent = Page(request, URL, 200, {"content-type": "text/html"}, body, AT, 0.5, "127.0.0.1", read)
    assert plain(unpacked(packed(sent), request)) == plain(sent)


@given(st.lists(st.binary(max_size=9), max_size=5))
def test_what_was_made_one_comes_apart_again(several):
    assert list(parts(framed(*several))) == several


def test_a_reading_that_json_cannot_hold_is_left_to_the_one_who_asked():
    read = Reading(article=replace(article_of(page(1)), title="\ud800"))
    back = unpacked(packed(Page(Request(URL), URL, 200, {}, b"x", AT, reading=read)), Request(URL))
    assert (back.body, back.reading) == (b"x", None)


def test_workers_read_by_the_rules_of_the_one_who_asks():
    source = Source("news", (URL,), select={"author": ".who"}, drop=(".ad", ".more"), timezone="Asia/Shanghai")
    setup = setups.decode(encode(Setup(Settings(proxy="http://p:1"), (source,))))
    assert setup == Setup(Settings(proxy="http://p:1"), (source,))
    assert rules.version(setup.sources[0]) == rules.version(source)


def fetched(html: str, **headers: str) -> Fetched:
    kind = {"content-type": "text/html; charset=utf-8", **headers}
    return Fetched(URL, URL, AT, 200, kind, html.encode(), "news.example")


def article_of(html: str) -> Any:
    return bring.reader(Settings(), ())(fetched(html)).reading.article


PAGES = {
    "article": fetched(page(1)),
    "future": fetched(page(2, meta="<span>2026-05-01 08:00</span>"))._replace(final_url="http://news.example/n/2.html"),
    "list": fetched("<ul><li><a href=/a.html>青川水库启动春灌放水</a></ul>"),
    "picture": fetched("GIF89a", **{"content-type": "image/gif"}),
    "bad coding": fetched(page(3), **{"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_imported_is_read_afar_as_at_home(name):
    there, here = Import(Settings(), ()), bring.reader(Settings(), ())
    assert plain(there.got(there.done(*there.sent(PAGES[name])))) == plain(here(PAGES[name]))


def test_a_claim_that_cannot_be_true_is_a_time_still():
    there = Import(Settings(), ())
    extra = there.got(there.done(*there.sent(PAGES["future"]))).reading.article.extra
    assert extra["claimed_time"] == datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "k.pages") as kept:
        yield kept


def job_of(archive: Archive, *pages: Fetched, **stored: object) -> reread.Job:
    kept = [next(archive.pages(after=archive.add(each) - 1)) for each in pages]
    known = values(article_of(page(1)), ("keywords",)) | stored
    return reread.Job(7, URL, "news", known, kept)


def test_an_article_that_is_read_again_is_read_afar_as_at_home(archive):
    job = job_of(archive, fetched(page(1)), title="another")
    far, here = Reread(Settings(), (), archive.path), reread.reader(Settings(), (), archive.path)
    outcome = far.got(Reread(Settings(), ()).done(*far.sent(job)))
    assert plain(outcome) == plain(here(job))
    assert (outcome.kinds["title"], set(FIELDS) >= set(outcome.change.stored)) == ("changed", True)


def test_what_needs_another_page_or_a_whole_one_is_left_to_the_one_who_asked(archive):
    far = Reread(Settings(), (), archive.path)
    job = job_of(archive, fetched(story()), fetched(page(1)), author="王小明")
    with pytest.raises(reread.NotHere):
        Reread(Settings(), ()).done(*far.sent(job))
    gone = job._replace(pages=[Kept(99, URL, URL, AT, 200, {}, "")])
    with pytest.raises((KeyError, Damaged)):
        far.sent(gone)


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("status", CONFIG, "KUAIXUN_FLEET_DSN"),
        ("import {file}", CONFIG, "KUAIXUN_FLEET_DSN"),
        ("retry", USAGE, "--all"),
        ("drop http://a.example/ --all", USAGE, "--all"),
        ("import {file} --workers 3", USAGE, "--workers"),
    ],
)
def test_the_commands_say_what_they_lack(tmp_path, line, code, text):
    pytest.importorskip("procrastinate", reason="the extra `fleet` is not installed")
    file = tmp_path / "a.warc.gz"
    file.touch()
    words = line.format(file=file).split()
    run = CliRunner(env={"KUAIXUN_FLEET_DSN": "", "KUAIXUN_FLEET_DSN_FILE": ""}).invoke(cli, ["fleet", *words])
    assert (run.exit_code, text in run.output, len(run.output.splitlines())) == (code, True, 1)
