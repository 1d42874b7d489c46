"""When a list is looked at again: decisions from its own history, on made publishers with a clock of their own."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler import rhythm

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
