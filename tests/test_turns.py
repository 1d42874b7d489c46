"""Whose turn it is."""

from datetime import UTC, datetime, timedelta

from crawler.turns import Turns

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def taken(turns, now):
    names = []
    while name := turns.take(now):
        names.append(name)
    return names


def test_hosts_have_their_turn_in_the_order_of_their_times():
    turns = Turns()
    for name, seconds in (("c", 2), ("a", 0), ("b", 1), ("late", 9)):
        turns.put(name, NOW + seconds * SECOND)
    assert taken(turns, NOW + 5 * SECOND) == ["a", "b", "c"]
    assert taken(turns, NOW + 9 * SECOND) == ["late"]


def test_of_equal_times_the_first_put_goes_first():
    turns = Turns()
    for name in ("b", "a", "c"):
        turns.put(name, NOW)
    assert taken(turns, NOW) == ["b", "a", "c"]


def test_a_host_has_one_turn_the_earliest():
    turns = Turns()
    for seconds in (5, 1, 3):
        turns.put("a", NOW + seconds * SECOND)
    assert (len(turns), "a" in turns, dict(turns)) == (1, True, {"a": NOW + SECOND})
    assert taken(turns, NOW + 9 * SECOND) == ["a"]
    assert (len(turns), "a" in turns) == (0, False)


def test_a_host_that_had_its_turn_can_have_another():
    turns = Turns()
    turns.put("a", NOW)
    assert turns.take(NOW) == "a"
    turns.put("a", NOW + SECOND)
    assert turns.take(NOW) is None
    assert turns.take(NOW + SECOND) == "a"
