"""Publishers that write by the clock, and those that only seem to."""

import random
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config import Source
from crawler import beat, rhythm
from crawler.frontier import after_article
from storage.records import Beat, Target
from storage.times import parse
from tests.test_crawl import SITE, Clock, article, listing, run

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


def test_the_crawl_visits_articles_again_when_the_next_item_is_due(web, store):
    # In China; the list is seen first at 12:00, then at 12:28 with the three that came since.
    clock = Clock(datetime(2026, 3, 20, 4, 0, 30, tzinfo=UTC))
    written = [datetime(2026, 3, 20, 2, 0, tzinfo=UTC) + n * 9 * MINUTE for n in range(17)]
    for first, last in ((6, 14), (9, 17)):
        web.pages.clear()
        texts = [f"{at + timedelta(hours=8):%Y-%m-%d %H:%M}" for at in written]
        rows = [
            f'<li><a href="/news/{100000 + n}.html">第{n}条快讯：存款准备金率下调</a> <span>{texts[n]}</span></li>'
            for n in range(first, last)
        ]
        web.add(SITE + "/stock/", f"<html><body><ul>{''.join(reversed(rows))}</ul></body></html>")
        for n in range(first, last):
            web.add(f"{SITE}/news/{100000 + n}.html", article(n).replace("2026-03-20 10:00", texts[n]))
        run(web, store, clock, sources=[Source("news", (SITE + "/stock/",), every=EVERY)])
        clock.now += 28 * MINUTE
    known = store.rhythm(SITE + "/stock/")
    assert known.beat.period == pytest.approx(540, abs=2)
    query = "SELECT next_at FROM frontier WHERE kind = 'article' AND visited_at > '2026-03-20T04:20'"
    again = [parse(at) for (at,) in store.db.execute(query)]
    assert len(again) == 3
    assert len({(at - known.beat.at) // timedelta(seconds=540) for at in again}) == 3
    assert all(0 <= (at - written[0]).total_seconds() % 540 < 60 for at in again)


def test_a_list_counts_what_an_articles_page_named_first(web, store):
    clock = Clock()
    source = [Source("news", (SITE + "/stock/",), every=EVERY)]
    web.add(SITE + "/stock/", listing(1, 2, 3))
    for n in (1, 2, 3):
        web.add(f"{SITE}/news/{100000 + n}.html", article(n))
    run(web, store, clock, sources=source)
    clock.now += 5 * MINUTE
    # Before the list is seen again, an article's page names the fourth.
    found = Target(f"{SITE}/news/100004.html", "article", "news", depth=1, next_at=clock.now + HOUR)
    store.add_targets([found], clock.now)
    clock.now += 15 * MINUTE
    web.pages[SITE + "/stock/"] = []
    web.add(SITE + "/stock/", listing(4, 3, 2, 1))
    run(web, store, clock, sources=source)
    assert store.rhythm(SITE + "/stock/").items == 1
