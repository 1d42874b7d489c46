"""Splits by time: whatever the rows, no story is on two sides, and the embargo is kept; a moved row is found out."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from storage import splits
from storage.splits import EMBARGO, LATE, SplitError

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def made(pairs):
    """Rows of (story, hour); a story began with its first row."""
    first = {}
    for story, hour in pairs:
        first[story] = min(first.get(story, hour), hour)
    return [
        {
            "id": number,
            "story_id": f"{story:016x}",
            "first_seen_at": T0 + timedelta(hours=hour),
            "story_first_seen_at": T0 + timedelta(hours=first[story]),
        }
        for number, (story, hour) in enumerate(pairs, 1)
    ]


def parted(plan, rows):
    sides, dropped = defaultdict(list), Counter()
    for row in rows:
        side, why = plan.side(row)
        if side:
            sides[side].append(row)
        else:
            dropped[why] += 1
    return sides, dropped


ROWS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 400)), min_size=3, max_size=80).map(made)
SHARES = st.sampled_from(["time:0.8,0.1,0.1", "time:0.5,0.5", "time:.34,.33,.33", "time:0.9,0.1"])


@given(ROWS, SHARES, st.integers(0, 100))
@settings(max_examples=150, deadline=None)
def test_no_story_is_on_two_sides_and_the_embargo_is_kept(rows, text, hours):
    embargo = timedelta(hours=hours)
    try:
        plan = splits.plan((row["first_seen_at"] for row in rows), splits.shares(text), embargo)
    except SplitError:
        assume(False)
    sides, dropped = parted(plan, rows)
    assert sum(map(len, sides.values())) + dropped.total() == len(rows)
    of = defaultdict(set)
    for name, members in sides.items():
        for row in members:
            of[row["story_id"]].add(name)
    assert all(len(names) == 1 for names in of.values())
    for before, after in pairwise(plan.names):
        earlier = [row["first_seen_at"] for name in plan.names[: plan.names.index(after)] for row in sides[name]]
        later = [row["first_seen_at"] for row in sides[after]]
        if earlier and later:
            assert min(later) - max(earlier) >= embargo, (before, after)
    assert list(splits.problems(plan, sides)) == []
    assert splits.of_dict(plan.as_dict()) == plan


@given(ROWS, st.data())
@settings(max_examples=100, deadline=None)
def test_a_row_on_another_side_is_found_out(rows, data):
    try:
        plan = splits.plan((row["first_seen_at"] for row in rows), (0.5, 0.25, 0.25), timedelta(hours=5))
    except SplitError:
        assume(False)
    sides, _ = parted(plan, rows)
    name = data.draw(st.sampled_from(sorted(name for name, members in sides.items() if members)))
    other = data.draw(st.sampled_from([each for each in plan.names if each != name]))
    row = data.draw(st.sampled_from(sides[name]))
    moved = {**sides, name: [each for each in sides[name] if each is not row], other: [*sides[other], row]}
    assert any(f"row {row['id']} is in `{other}`" in each for each in splits.problems(plan, moved))


def test_a_story_whose_beginning_was_forged_is_found_out():
    rows = made([(1, 0), (2, 10), (1, 90), (3, 95)])
    plan = splits.Plan(("train", "test"), (T0 + timedelta(hours=50),), timedelta())
    forged = {**rows[2], "story_first_seen_at": rows[2]["first_seen_at"]}
    found = list(splits.problems(plan, {"train": rows[:2], "test": [forged, rows[3]]}))
    assert found == ["story 0000000000000001 is in `train` and in `test`"]


def test_what_is_dropped_says_why():
    rows = made([(1, 0), (2, 10), (1, 60), (3, 52), (4, 70)])
    plan = splits.Plan(("train", "test"), (T0 + timedelta(hours=50),), timedelta(hours=5))
    sides, dropped = parted(plan, rows)
    assert {name: [row["id"] for row in members] for name, members in sides.items()} == {"train": [1, 2], "test": [5]}
    assert dropped == {LATE: 1, EMBARGO: 1}


def test_each_part_has_its_share_whatever_the_order():
    rows = made([(n, n) for n in range(100)])
    times = [row["first_seen_at"] for row in rows]
    plan = splits.plan(times, (0.8, 0.1, 0.1))
    assert plan == splits.plan(times[::-1], (0.8, 0.1, 0.1))
    assert {name: len(members) for name, members in parted(plan, rows)[0].items()} == {
        "train": 80,
        "validation": 10,
        "test": 10,
    }


@pytest.mark.parametrize("text", ["0.8,0.2", "time:0.8,0.1", "time:1.0,0.0", "time:1", "time:.25,.25,.25,.25", "time:"])
def test_what_is_no_split_is_refused(text):
    with pytest.raises(SplitError, match=r"such as time:0\.8,0\.1,0\.1"):
        splits.shares(text)


def test_durations():
    assert [splits.pause(text) for text in ("7d", "12h", "0", "")] == [
        timedelta(days=7),
        timedelta(hours=12),
        timedelta(),
        timedelta(),
    ]
    with pytest.raises(SplitError, match="write 7d"):
        splits.pause("a week")


@pytest.mark.parametrize("times", [[], [T0] * 10, [T0, T0 + timedelta(hours=1)]])
def test_too_few_times_are_refused(times):
    with pytest.raises(SplitError, match="too close in time"):
        splits.plan(times, (0.5, 0.25, 0.25))


def test_what_was_learnt_after_the_end_of_a_part_is_found():
    plan = splits.Plan(("train", "test"), (T0 + timedelta(hours=50),), timedelta())
    row = {"id": 1, "story_id": "01", "first_seen_at": T0, "story_first_seen_at": T0}
    for name in ("revised_at", "gone_at"):
        (found,) = splits.problems(plan, {"train": [{**row, name: T0 + timedelta(hours=50)}]})
        assert f"its `{name}` is" in found
        assert not list(splits.problems(plan, {"train": [{**row, name: T0 + timedelta(hours=49)}]}))


@given(st.lists(st.lists(st.none() | st.integers(0, 5), max_size=6), max_size=4))
def test_a_story_is_in_the_first_part_that_has_it(parts):
    told, before = splits.Told(), set()
    for part in parts:
        stories = [None if each is None else f"{each:016x}" for each in part]
        assert told.add(stories) == [each is None or each not in before for each in part]
        before |= {each for each in part if each is not None}
        told.next()
