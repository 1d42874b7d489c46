"""Where times fall in the hours of markets, on days that are known."""

import sys
from datetime import UTC, datetime

import pytest

from storage import sessions
from storage.errors import MissingExtra
from storage.sessions import Sessions, UnknownMarket


@pytest.fixture(scope="module")
def hours():
    pytest.importorskip("exchange_calendars", reason="the extra `market` is not installed")
    return Sessions()


@pytest.mark.parametrize(
    ("market", "at", "session", "tradable"),
    [
        ("XSHG", "2026-03-19T09:29:59+08:00", "pre", "2026-03-19T09:30:00+08:00"),
        ("XSHG", "2026-03-19T09:30:00+08:00", "am", "2026-03-19T09:30:00+08:00"),
        ("XSHE", "2026-03-19T11:30:00+08:00", "lunch", "2026-03-19T13:00:00+08:00"),
        ("XSHG", "2026-03-19T14:59:59+08:00", "pm", "2026-03-19T14:59:59+08:00"),
        ("XSHG", "2026-03-20T15:00:00+08:00", "post", "2026-03-23T09:30:00+08:00"),  # a Friday
        ("XSHG", "2026-03-21T10:00:00+08:00", "holiday", "2026-03-23T09:30:00+08:00"),
        ("XSHG", "2025-10-01T10:00:00+08:00", "holiday", "2025-10-09T09:30:00+08:00"),  # eight days of National Day
        ("XSHG", "2024-12-31T16:00:00+08:00", "post", "2025-01-02T09:30:00+08:00"),
        ("XSHG", "2024-02-18T10:00:00+08:00", "holiday", "2024-02-19T09:30:00+08:00"),  # a Sunday that was worked
        ("XHKG", "2026-03-19T11:59:00+08:00", "am", "2026-03-19T11:59:00+08:00"),  # open when Shanghai has lunch
        ("XHKG", "2026-03-19T12:30:00+08:00", "lunch", "2026-03-19T13:00:00+08:00"),
        ("XHKG", "2026-03-19T15:30:00+08:00", "pm", "2026-03-19T15:30:00+08:00"),  # open when Shanghai is not
        ("XHKG", "2024-12-24T13:00:00+08:00", "post", "2024-12-27T09:30:00+08:00"),  # half a day
        ("XNYS", "2026-03-06T14:29:00+00:00", "pre", "2026-03-06T14:30:00+00:00"),  # winter time
        ("XNYS", "2026-03-09T13:30:00+00:00", "am", "2026-03-09T13:30:00+00:00"),  # summer time since Sunday
        ("XNYS", "2026-03-09T16:00:00+00:00", "pm", "2026-03-09T16:00:00+00:00"),
        ("XNYS", "2025-10-31T20:00:00+00:00", "post", "2025-11-03T14:30:00+00:00"),  # winter time begins
        ("XNYS", "2025-11-28T18:00:00+00:00", "post", "2025-12-01T14:30:00+00:00"),  # half a day after Thanksgiving
        ("XNYS", "2025-11-27T15:00:00+00:00", "holiday", "2025-11-28T14:30:00+00:00"),
    ],
)
def test_known_days(hours, market, at, session, tradable):
    found = hours.stamp(datetime.fromisoformat(at), market)
    assert (found.session, found.next_tradable_at) == (session, datetime.fromisoformat(tradable))


def test_a_year_that_no_calendar_knows_has_no_stamp(hours):
    assert hours.stamp(datetime(1971, 1, 5, tzinfo=UTC), "XSHG") == (None, None)


def test_the_codes_choose_the_markets(hours):
    at = datetime(2026, 3, 19, 2, tzinfo=UTC)
    found = hours.stamps(at, ["600519.SH", "000001.SH", "00700.HK", "AAPL.US", "2330.TW"])
    told = [(each["market"], each["session"]) for each in found]
    assert told == [("XHKG", "am"), ("XNYS", "post"), ("XSHG", "am")]
    assert found[0]["next_tradable_at"] == "2026-03-19T02:00:00.000+00:00"
    assert hours.stamps(at, []) == []


def test_named_markets_are_stamped_whatever_is_mentioned(hours):
    found = Sessions(["XNYS"]).stamps(datetime(2026, 3, 19, 2, tzinfo=UTC), ["600519.SH"])
    assert [each["market"] for each in found] == ["XNYS"]


def test_an_unknown_market_is_named(hours):
    with pytest.raises(UnknownMarket, match="`XLON`; there is XSHG, XSHE, XHKG, XNYS"):
        Sessions(["XLON"])


def test_without_the_package_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(MissingExtra, match=r"pip install 'kuaixun\[market\]'"):
        sessions.Sessions()
