"""What a person sees: columns, tables, times, and the live line on a terminal and elsewhere."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import screen


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def live(stream, seconds):
    """A live line whose clock is a list of seconds, the last of which stays."""
    ticks = iter(seconds)
    last = [0.0]

    def clock():
        last[0] = next(ticks, last[0])
        return last[0]

    return screen.Live(stream, clock=clock, width=lambda: 20)


def test_wide_characters_take_two_columns():
    assert screen.columns("花呗A股") == 7


def test_a_cut_text_never_passes_its_width():
    assert screen.clip("花呗逾期怎么办", 6) == "花呗…"


@given(st.text(), st.integers(0, 20))
def test_any_text_is_cut_to_its_width(text, width):
    assert screen.columns(screen.clip(screen.plain(text), width)) <= width


def test_numbers_stand_right_and_chinese_columns_align():
    assert screen.table(["site", "n"], [["快讯", 5], ["abcde", 12]]) == "site    n\n快讯    5\nabcde  12"


def test_the_widest_column_of_a_table_gives_way():
    shown = screen.table(["title", "url"], [["长" * 60, "https://news.example/1"]], width=60)
    assert max(map(screen.columns, shown.splitlines())) <= 60
    assert "https://news.example/1" in shown


def test_a_hostile_title_cannot_steer_the_terminal():
    assert screen.plain("标题\x1b]0;owned\x07\n\u202e次行") == "标题]0;owned 次行"


def test_a_hostile_text_keeps_its_lines_and_nothing_else_of_its_steering():
    assert screen.safe("一\n\t二\x1b[2J\r\x9b三") == "一\n\t二[2J三"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2, hours=5), "2 days"),
        (timedelta(hours=47, minutes=59), "2 days"),
        (timedelta(hours=23, minutes=59), "1 day"),
    ],
)
def test_a_length_of_time_is_told_in_its_largest_unit(value, shown):
    assert screen.span(value) == shown


def test_a_time_that_is_none_is_shown_as_it_is():
    assert (screen.moment(None), screen.moment("soon")) == ("", "soon")


def test_a_time_is_shown_with_its_offset():
    """A page's own in the zone of the page, ours in that of the machine."""
    at = "2026-03-20T21:44:32+09:00"
    assert screen.claimed(at) == "2026-03-20 21:44+09:00"
    assert screen.moment(at) == datetime.fromisoformat(at).astimezone().isoformat(" ", "minutes")


def test_a_terminal_line_is_rewritten_and_taken_away_at_the_end():
    out = Terminal()
    with live(out, [0.0, 0.0, 0.0, 1.0]) as line:
        line.show(lambda: "1 page")
        line.show(lambda: "2 pages")
    assert out.getvalue() == "\r\x1b[2K1 page\r\x1b[2K2 pages\r\x1b[2K"


def test_a_terminal_line_is_drawn_at_most_ten_times_a_second():
    out = Terminal()
    line = live(out, [0.0, 0.0, 0.0, 0.05])
    line.show(lambda: "1 page")
    line.show(lambda: pytest.fail("too early"))
    assert out.getvalue().count("\r") == 1


def test_elsewhere_a_plain_line_comes_every_few_seconds():
    out = io.StringIO()
    line = live(out, [0.0, 1.0, 6.0, 6.0, 7.0])
    for text in ("1 page", "2 pages", "3 pages"):
        line.show(lambda text=text: text)
    assert out.getvalue() == "2 pages\n"


def test_without_a_stream_nothing_is_shown():
    screen.Live(None).show(lambda: pytest.fail("shown"))
