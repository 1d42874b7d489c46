"""How fast each host is asked, and how much of it: decisions without a web or a clock."""

from datetime import UTC, datetime, timedelta

import pytest

from config import Settings
from crawler.pace import GIVE_UP, MAX_LISTS, MAX_QUERIES, Pace
from crawler.page import FetchError
from storage.records import HostNote, Target

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def failure(status=500, *, retry=True, later=False, after=None):
    url = "https://news.example.com/1.html"
    return FetchError(url, f"status {status}", status=status, retry=retry, later=later, after=after)


def target(kind, url, **options):
    return Target(url, kind, "news", **options)


def rest(pace, now=NOW):
    return (pace.until("a.example", now) - now).total_seconds()


def test_a_host_rests_after_each_request():
    pace = Pace(Settings())
    pace.answered("a.example", 1.5, NOW)
    assert rest(pace) == 1.5
    assert rest(pace, NOW + 2 * MINUTE) == 0


def test_a_host_slows_down_with_each_failure_in_a_row_and_recovers():
    pace, rests = Pace(Settings()), []
    for n in range(4):
        pace.failed("a.example", 1.0, failure(), NOW + n * HOUR)
        rests.append(rest(pace, NOW + n * HOUR))
    assert rests == [1, 4, 8, 16]
    pace.answered("a.example", 1.0, NOW + DAY)
    assert rest(pace, NOW + DAY) == 1


def test_a_missing_page_does_not_slow_its_host():
    pace = Pace(Settings())
    for _ in range(20):
        pace.failed("a.example", 1.0, failure(404, retry=False), NOW)
    assert rest(pace) == 1
    assert not pace.is_closed("a.example")


def test_a_host_that_is_down_is_left_alone_until_the_next_pass():
    pace = Pace(Settings())
    for _ in range(GIVE_UP):
        pace.failed("a.example", 0.0, failure(0), NOW)
    assert pace.is_closed("a.example")
    pace.new_pass(NOW)
    assert not pace.is_closed("a.example")


def test_a_host_with_a_bad_certificate_is_left_alone_at_once():
    pace = Pace(Settings())
    pace.failed("news.example.com", 0.0, failure(0, retry=False, later=True), NOW)
    pace.failed("other.example.com", 0.0, failure(0, retry=False, later=True), NOW)
    assert pace.is_closed("news.example.com")
    assert not pace.is_closed("other.example.com")


def test_a_host_that_wants_a_long_pause_is_not_awaited_but_asked_when_it_is_over():
    pace = Pace(Settings())
    pace.failed("a.example", 0.0, failure(429, after=3600), NOW)
    assert (rest(pace), pace.is_awaited("a.example", NOW), pace.is_closed("a.example")) == (3600, False, False)
    pace.new_pass(NOW + MINUTE)
    assert not pace.is_awaited("a.example", NOW + MINUTE)
    assert pace.is_awaited("a.example", NOW + HOUR - MINUTE)
    assert pace.rest("a.example", NOW + HOUR) is None


@pytest.mark.parametrize(("own", "asked", "awaited"), [(1, 30, True), (1, 300, False), (300, 300, True)])
def test_a_pass_waits_for_its_own_pause_but_not_for_a_crawl_delay_of_minutes(own, asked, awaited):
    pace = Pace(Settings(delay=own))
    pace.answered("a.example", asked, NOW)
    assert (rest(pace), pace.is_awaited("a.example", NOW)) == (asked, awaited)
    assert pace.rest("a.example", NOW) == NOW + timedelta(seconds=asked)


def test_a_slow_answer_makes_the_host_rest_as_long_as_it_took():
    pace, rests = Pace(Settings()), []
    for took in (0.5, 1.9, 5.0, 80.0):
        pace.answered("a.example", 1.0, NOW + took * HOUR, took=took)
        rests.append(rest(pace, NOW + took * HOUR))
    assert rests == [1, 1, 5, 60]


def test_hosts_at_one_network_address_share_the_general_pause_but_not_a_crawl_delay():
    pace = Pace(Settings(delay=1))
    for name in ("a.example", "b.example"):
        pace.answered(name, 1.0, NOW, address="192.0.2.1")
    later = NOW + MINUTE
    pace.answered("b.example", 30.0, later, address="192.0.2.1")
    assert rest(pace, later) == 1
    assert rest(pace, later + timedelta(seconds=1)) == 0
    assert (pace.until("b.example", later) - later).total_seconds() == 30


def test_hosts_of_unknown_address_do_not_hold_each_other():
    pace = Pace(Settings(delay=1))
    for name in ("a.example", "b.example"):
        pace.answered(name, 1.0, NOW)
    pace.answered("b.example", 1.0, NOW + MINUTE)
    assert rest(pace, NOW + MINUTE) == 0


def test_a_later_run_keeps_a_host_resting():
    pace = Pace(Settings())
    pace.remember(HostNote("a.example", "", NOW + HOUR), NOW)
    assert (rest(pace), pace.is_awaited("a.example", NOW)) == (3600, False)


def test_a_daemon_does_not_grow_with_the_hosts_it_once_met(monkeypatch):
    monkeypatch.setattr("crawler.pace.MAX_HOSTS", 100)
    known = Pace(Settings(delay=1))
    for n in range(1000):
        known.answered(f"{n}.example", 1, NOW + timedelta(seconds=n), address=f"10.0.{n // 250}.{n % 250}")
    assert len(known._hosts) <= 100
    assert known.address("999.example")
    known.new_pass(NOW + timedelta(days=3))
    assert len(known._hosts) == len(known._addresses) == 0


def test_a_host_gives_a_bounded_number_of_lists_in_a_pass():
    pace = Pace(Settings())
    lists = [target("list", url=f"https://a.example/{n}/", depth=1) for n in range(MAX_LISTS + 5)]
    assert sum(pace.admits(each, NOW) for each in lists) == MAX_LISTS
    assert pace.admits(lists[0], NOW)
    assert pace.admits(target("article", url="https://a.example/1.html", depth=1), NOW)


def test_one_path_with_ever_new_queries_ends():
    pace = Pace(Settings())
    days = [target("list", url=f"https://a.example/calendar?d={n}", depth=1) for n in range(MAX_QUERIES + 5)]
    assert sum(pace.admits(each, NOW) for each in days) == MAX_QUERIES
    assert pace.admits(target("list", url="https://a.example/stock/?page=2", depth=1), NOW)
