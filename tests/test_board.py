"""The live status: what is shown of what was read, what gives way on a low screen, and how both ways draw it."""

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest

from crawler.board import AROUND, BAD, QUIET, USUAL, WELL, Line, Section, fitted, heading, sections
from crawler.commands import _live
from crawler.commands._live import as_text, drawn
from crawler.screen import columns

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
HEADS = ["alarm", "source", "host in trouble", "asked", "notices of", "chore"]


def at(**before):
    return (NOW - timedelta(**before)).isoformat()


def source(name, **more):
    usual = {"last_success_at": at(minutes=3), "next_at": at(minutes=-7), "error": None, "state": "well"}
    return {"name": name, "articles": 3, "waiting": 1, "drifts": [], **usual, **more}


def looked(**more):
    counts = {"articles": 63, "waiting": 105, "requests": 9}
    return {
        "database": "news.db",
        "total": counts,
        "last_24_hours": counts,
        "crawled_by": {"process": "7", "host": "pi", "since": at(hours=2)},
        "alarms": ["gap: a not asked"],
        "sources": [
            source("off", next_at=None, state="switched off"),
            source("later", next_at=at(minutes=-20)),
            source("soon", next_at=at(seconds=1), last_success_at=None),
            source("broken", next_at=at(minutes=-50), error="status 500", state="failing for 2 h: status 500"),
        ],
        "hosts": [
            {"host": "a.example", "last_success_at": at(minutes=3), "next_at": None, "failures": 0, "error": None},
            {"host": "b.example", "last_success_at": None, "next_at": None, "failures": 4, "error": "status 500"},
        ],
        "recent": [
            {
                "at": at(seconds=9),
                "url": "https://a.example/储能/1.html",
                "status": 200,
                "error": None,
                "took": 0.312,
            },
            {"at": at(days=9), "url": "http://b.example/[red]", "status": 500, "error": "status 500", "took": 1.0},
            {"at": at(days=9), "url": "http://c.example/", "status": 304, "error": None, "took": 1.0},
        ],
        "notices": [
            {"name": "bank", "sent": 4, "waiting": 0, "failed": 0, "error": None, "refused_error": "status 404"}
        ],
        "chores": [{"name": "backup", "done_at": None, "error": "no room", "result": None}],
        **more,
    }


def test_what_is_wrong_comes_first_then_what_is_next():
    shown = {section.head[0]: section for section in sections(looked(), NOW, 100)}
    assert list(shown) == HEADS
    assert [(line.cells[:3], line.tone) for line in shown["source"].lines] == [
        (("broken", "3 min ago", "in 50 min"), BAD),
        (("soon", "never", "due"), USUAL),
        (("later", "3 min ago", "in 20 min"), USUAL),
        (("off", "3 min ago", ""), QUIET),
    ]
    assert [line.cells[0] for line in shown["host in trouble"].lines] == ["b.example"]
    assert [(line.cells, line.tone) for line in shown["asked"].lines] == [
        (("9 s ago", "a.example/储能/1.html", "200", 0.31), WELL),
        (("9 days ago", "b.example/[red]", "status 500", 1.0), BAD),
        (("9 days ago", "c.example/", "304", 1.0), QUIET),
    ]


def test_what_has_nothing_to_show_is_left_out():
    nothing = looked(alarms=[], hosts=[], recent=[], notices=[], chores=[])
    assert [section.head[0] for section in sections(nothing, NOW, 100)] == ["source"]


def test_the_heading_says_who_crawls_and_that_nobody_does():
    (told, _), (alone, sums) = heading(looked(), NOW), heading(looked(crawled_by=None), NOW)
    assert told == Line(("news.db: process 7 on pi, since 2 h ago",), USUAL)
    assert alone == Line(("news.db: nobody crawls into it",), BAD)
    assert sums.cells == ("63 articles (+63 in 24 hours), 105 waiting, 9 requests in 24 hours",)


@pytest.mark.parametrize("height", range(8, 31))
def test_the_longest_sections_give_way_and_say_how_much(height):
    given = [Section((str(size),), [Line((n,)) for n in range(size)]) for size in (1, 3, 20)]
    kept = fitted(given, height)
    least = 3 * AROUND + 3 + 2  # a row of each, and what two of them leave out
    assert sum(section.height for section in kept) <= max(height, least)
    assert [len(section.lines) + section.left_out for section in kept] == [1, 3, 20]
    assert min(len(section.lines) for section in kept) >= 1


@pytest.mark.parametrize("width", [60, 80, 120])
def test_without_rich_it_is_plain_tables_that_fit(width):
    text = as_text(looked(), NOW, width, 40)
    assert max(map(columns, text.splitlines())) <= width
    assert [head for head in HEADS if f"\n{head} " not in text and f"\n{head}\n" not in text] == []


@pytest.mark.parametrize("width", [60, 80, 120])
def test_rich_draws_the_same_with_every_column_and_no_markup_of_strangers(width):
    console = pytest.importorskip("rich.console").Console(width=width, height=40, file=io.StringIO())
    console.print(drawn(looked(), NOW, console))
    lines = console.file.getvalue().splitlines()
    assert max(map(columns, lines)) <= width
    assert len(lines) <= 40
    heads = [line.split() for line in lines if line.startswith(("source ", "asked "))]
    assert heads == [
        ["source", "last", "success", "next", "articles", "waiting", "state"],
        "asked address answer seconds".split(),
    ]
    assert width == 60 or any("b.example/[red]" in line for line in lines)


def test_without_rich_the_screen_is_cleared_for_each_look(monkeypatch, capsys):
    shown = []

    def once(show, *, before):
        shown.append(before)
        show()

    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setattr(_live, "again", once)
    _live.live(lambda: (looked(), NOW))
    assert (shown, "process 7 on pi" in capsys.readouterr().out) == ([_live.CLEAR], True)
