"""When a list is looked at again: decisions from its own history, on made publishers with a clock of their own."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler import paging, rhythm
from storage.records import Listing, Visit

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
EVERY = 10 * MINUTE


def publisher(rates, days, seed=1):
    """The times of a publisher's items: `rates` items in each hour of the day, at random moments."""
    chance, times = random.Random(seed), []
    for hour in range(24 * days):
        at = START + hour * HOUR
        times += [at + chance.random() * HOUR for _ in range(round(rates[hour % 24] * chance.uniform(0.6, 1.4)))]
    return sorted(times)


def poll(times, size, days, *, dated=True):
    """Look at a list of the newest `size` items whenever its rhythm wants; times of the visits, and what was unseen."""
    known, now, seen, visits = None, START + HOUR, 0, []
    lost = 0
    while now < START + days * DAY:
        there = sum(at <= now for at in times[seen:]) + seen
        new = times[max(seen, there - size) : there]
        lost += max(0, there - size - seen) if visits else 0
        shown = min(there, size)
        known = rhythm.learn(known, now, shown, [at if dated else None for at in new])
        visits.append((now, len(new)))
        seen = there
        now += rhythm.pause(known, EVERY, now) or EVERY
    return visits, lost, known


BURSTY = [2, 1, 1, 1, 1, 2, 6, 20, 45, 60, 40, 20, 12, 20, 40, 55, 30, 20, 12, 8, 6, 5, 4, 3]


@pytest.mark.parametrize("seed", range(4))
def test_a_bursty_publisher_loses_almost_nothing_at_few_requests(seed):
    times = publisher(BURSTY, 10, seed)
    visits, lost, _ = poll(times, 15, 10)
    late = [each for each in visits if each[0] > START + 3 * DAY]
    assert lost <= len(times) * 0.01
    assert len(late) / sum(number for _, number in late) < 0.25


def test_the_night_is_visited_less_than_the_day():
    visits, _, _ = poll(publisher(BURSTY, 6), 15, 6)
    last = [at.hour for at, _ in visits if at > START + 5 * DAY]
    assert sum(8 <= hour < 11 for hour in last) > 3 * sum(1 <= hour < 4 for hour in last)


def test_items_without_times_are_learnt_from_the_visits():
    times = publisher([6] * 24, 6)
    _, lost, known = poll(times, 15, 6, dated=False)
    assert lost == 0
    assert 5 < sum(known.hours) / 24 < 7


def test_a_new_source_is_visited_at_its_own_interval_at_least():
    known = rhythm.learn(None, START, 20, [START - DAY * 30] * 20)
    assert rhythm.pause(known, EVERY, START) is None
    busy = rhythm.learn(None, START, 20, [START - n * MINUTE for n in range(20)])
    assert rhythm.SHORTEST <= rhythm.pause(busy, HOUR, START) < HOUR


def test_pauses_stay_between_a_minute_and_a_day():
    quiet = rhythm.learn(None, START, 20, [None] * 20)
    assert rhythm.pause(quiet, EVERY, START + 30 * DAY) == rhythm.LONGEST
    flood = replace(quiet, hours=(100_000.0,) * 24)
    assert rhythm.pause(flood, EVERY, START + 30 * DAY) == rhythm.SHORTEST


def test_a_page_without_items_has_no_rhythm():
    assert rhythm.pause(rhythm.learn(None, START, 0, []), EVERY, START + 30 * DAY) is None


def test_a_time_before_the_last_visit_or_to_come_is_not_believed():
    known = rhythm.learn(None, START, 10, [])
    later = rhythm.learn(known, START + HOUR, 10, [START - DAY, START + 9 * DAY])
    assert (later.items, later.last_item_at) == (2, START + HOUR / 2)


def test_a_list_without_a_further_page_is_visited_more_often():
    known = replace(rhythm.learn(None, START, 15, []), hours=(40.0,) * 24, last_item_at=START + 9 * DAY)
    now = START + 9 * DAY
    alone, paged = (rhythm.pause(replace(known, paged=each), EVERY, now) for each in (False, True))
    assert 9 * MINUTE < alone < paged < 20 * MINUTE
    assert rhythm.learn(known, now, 15, [], paged=True).paged


def test_a_burst_brings_the_next_visit_forward_and_fades():
    now = START + 9 * DAY
    calm = replace(rhythm.learn(None, START, 15, []), hours=(20.0,) * 24, seen_at=now - HOUR / 3)
    usual = rhythm.learn(calm, now, 15, [now - n * 3 * MINUTE for n in range(6)])
    burst = rhythm.learn(calm, now, 15, [now - n * MINUTE for n in range(14)])
    assert rhythm.pause(burst, EVERY, now) < 0.8 * rhythm.pause(usual, EVERY, now)
    later = rhythm.learn(burst, now + 3 * HOUR, 15, [now + n * 3 * MINUTE for n in range(60)])
    assert later.came == pytest.approx(later.expected, rel=0.2)


def test_no_busy_hour_waits_long_when_its_items_pay_for_it():
    now = START + 9 * DAY
    hours = (2.0,) * 8 + (60.0,) * 4 + (10.0,) * 12
    known = replace(rhythm.learn(None, START, 15, []), hours=hours, paged=True, last_item_at=now)
    at = {hour: rhythm.pause(known, EVERY, now + hour * HOUR) for hour in (1, 9, 15)}
    assert at[9] < at[15] < 40 * MINUTE < at[1]


def test_a_pause_takes_less_than_a_millisecond_in_any_state():
    now = START + 9 * DAY
    for hours in ((0.0,) * 24, (0.001,) * 24, (1e6,) * 24, (0.0,) * 23 + (50.0,)):
        known = replace(rhythm.learn(None, START, 15, []), hours=hours, came=3.0, seen_at=now - DAY * 30)
        assert rhythm.SHORTEST <= rhythm.pause(rhythm.learn(known, now, 15, []), EVERY, now) <= rhythm.LONGEST


def test_what_is_known_is_kept_and_what_earlier_versions_kept_is_read(store):
    url = "http://example.com/list/"
    known = rhythm.learn(None, START, 15, [], [START - n * 9 * MINUTE for n in range(15)], paged=True)
    known = replace(rhythm.learn(known, START + HOUR, 15, [START + MINUTE] * 3), beat=known.beat, lag=4.5)
    visit = Visit(url, url, "list", "example", START + HOUR, 200)
    store.save(visit, listing=Listing(known))
    assert known.beat and known.came
    kept = store.rhythm(url)
    assert replace(kept, came=known.came) == known
    assert kept.came == pytest.approx(known.came, abs=0.001)
    store.db.execute("UPDATE rhythms SET hours = json_remove(hours, '$[24]')")
    assert store.rhythm(url).hours == known.hours
    assert store.rhythm(url).beat is None


def test_what_an_article_named_first_since_the_last_visit_is_news_of_the_list():
    last, pass_began = START, START + HOUR
    known = {"old": None, "by-article": START + MINUTE, "by-list": START + MINUTE, "seen": START}
    found = paging.found(
        [*known, "new"],
        dict.fromkeys(("by-article", "new"), START + 2 * MINUTE),
        known,
        pass_began,
        seen_at=last,
        deeper={"by-article", "seen"},
    )
    assert found.news == (START + 2 * MINUTE,) * 2
    assert len(found.shown) == found.size == 5


def test_what_the_list_showed_at_its_last_visit_is_no_news_though_the_pass_goes_on():
    found = paging.found(["seen"], {}, {"seen": START + MINUTE}, START, seen_at=START + MINUTE)
    assert found.news == ()
