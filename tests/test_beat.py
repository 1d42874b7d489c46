"""Publishers that write by the clock, and those that only seem to."""

import random
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler import beat, rhythm
from crawler.frontier import after_article
from storage.records import Beat, Target

START = datetime(2026, 3, 2, 8, 0, 7, tzinfo=UTC)
MINUTE, SECOND, HOUR = timedelta(minutes=1), timedelta(seconds=1), timedelta(hours=1)
EVERY = 10 * MINUTE


def items(number=15, period=9 * MINUTE, jitter=0.0, seed=1):
    chance = random.Random(seed)
    return [START + n * period + chance.uniform(-jitter, jitter) * SECOND for n in range(number)]


@pytest.mark.parametrize("jitter", [0, 2, 20])
def test_an_item_every_nine_minutes_is_a_beat(jitter):
    found = beat.measured(items(jitter=jitter), None)
    assert found.period == pytest.approx(540, abs=3)
    assert abs((found.at - items()[-1]).total_seconds()) <= jitter + 1
    assert found.deviation <= jitter


def test_one_that_is_missing_one_between_and_old_ones_on_top_do_not_hide_it():
    times = items(18)
    del times[4]
    found = beat.measured([*times, times[9] + 4 * MINUTE, START - timedelta(days=3)], None)
    assert found.period == pytest.approx(540, abs=1)


def test_whole_minutes_are_counted_from_their_middle():
    cut = [at.replace(second=0) for at in items(period=timedelta(seconds=543))]
    found = beat.measured(cut, None)
    assert found.period == pytest.approx(543, abs=4)
    assert abs((found.at - items(period=timedelta(seconds=543))[-1]).total_seconds()) < 45


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("is_cut", [False, True])
def test_items_at_random_have_no_beat(seed, is_cut):
    chance, at, times = random.Random(seed), START, []
    for _ in range(15):
        at += timedelta(minutes=chance.expovariate(1 / (1 if is_cut else 9)))
        times.append(at.replace(second=0, microsecond=0) if is_cut else at)
    assert beat.measured(times, None) is None


@pytest.mark.parametrize("times", [[], items(5), [START] * 15, items(15, timedelta(days=1))])
def test_few_items_all_at_once_or_one_a_day_have_no_beat(times):
    assert beat.measured(times, None) is None


def test_a_beat_that_changes_is_forgotten_with_its_items():
    times = [*items(8), *(at + 8 * 9 * MINUTE + 4 * MINUTE for at in items(8))]
    found = beat.measured(times, Beat(540.0, START))
    assert abs((found.at - times[-1]).total_seconds()) < 1


def test_a_visit_comes_just_after_an_item_and_leaves_out_some():
    known, moment, moments = Beat(540.0, START), START, []
    for _ in range(100):
        moment = beat.following(known, 0.0, moment + 30 * SECOND, every=beat.STRIDE)
        moments.append(moment)
    assert all(0 < (at - START).total_seconds() % 540 < 10 for at in moments)
    assert (moments[-1] - START).total_seconds() / 540 / 100 == pytest.approx(beat.STRIDE, rel=0.03)


def test_items_that_show_up_later_than_they_say_are_waited_for():
    known = rhythm.learn(None, START, 15, [], items()[:1])
    known = replace(known, seen_at=START + 9 * MINUTE + 5 * SECOND)
    lag = beat.lagging(known, [START, START + 9 * MINUTE])
    assert 5 < lag < 30
    assert beat.lagging(replace(known, lag=lag), [START, START + 18 * MINUTE]) < lag
    assert beat.lagging(known, [START, START - HOUR]) == 0  # an old one that was put there again


ITEMS = items(1000)


def publisher_says(now):
    end = bisect_right(ITEMS, now)
    return ITEMS[max(0, end - 15) : end]


def poll(hours):
    """Visit the list of a regular publisher as its rhythm wants; how often, and the delays."""
    known, now, seen, delays, requests = None, START + 4 * HOUR, set(), [], 0
    while now < START + hours * HOUR:
        shown = publisher_says(now)
        news = [at for at in shown if at not in seen]
        known = rhythm.learn(known, now, len(shown), news, shown)
        delays += [(now - at).total_seconds() for at in news]
        seen.update(news)
        requests += 1
        now += rhythm.pause(known, EVERY, now) or EVERY
    return known, requests, delays


def test_a_regular_publisher_is_asked_two_times_for_five_items():
    known, requests, delays = poll(5 * 24)
    late = delays[-len(delays) // 4 :]
    assert known.beat
    assert sorted(late)[len(late) // 3] < 60
    assert max(late) < 3 * 540
    assert requests < 0.5 * len(delays) + 3 * 144


def test_who_rests_is_asked_as_the_hours_say():
    known, _, _ = poll(3 * 24 + 12)
    night = known.seen_at + 4 * HOUR
    silent = rhythm.learn(known, night, 15, [], publisher_says(known.seen_at))
    assert not beat.is_on(silent, night)
    assert rhythm.pause(silent, EVERY, night) > 30 * MINUTE


def test_articles_that_came_together_come_back_at_one_item_each():
    known, now = replace(rhythm.learn(None, START, 15, []), beat=Beat(540.0, START)), START + 20 * MINUTE
    written = [START, START + 9 * MINUTE, START + 18 * MINUTE]
    again = [after_article(Target("x", "article", "s", next_at=now), at, now, known) for at in written]
    assert len(set(again)) == 3
    assert all(now + HOUR <= at < now + 2 * HOUR + 9 * MINUTE for at in again)
    assert all(0 < (at - START).total_seconds() % 540 < 10 for at in again)
    day = after_article(Target("x", "article", "s", visited_at=now, next_at=again[0]), written[0], again[0], known)
    assert timedelta(hours=23) <= day - again[0] < timedelta(hours=23, minutes=10)
