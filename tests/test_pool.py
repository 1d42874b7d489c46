"""Work on all cores: results in order, in bounded memory, and a crash costs one thing."""

from __future__ import annotations

import signal

import pytest

from crawler.pool import AHEAD, CannotStart, Crash, Pool


def lengths(deadly: str):
    def work(text: str) -> int:
        if text == deadly:
            signal.raise_signal(signal.SIGKILL)
        return len(text)

    return work


ITEMS = [(number, None if number % 5 == 4 else "x" * number) for number in range(12)]


@pytest.mark.parametrize("workers", [0, 1])
def test_results_come_in_order_and_what_needs_no_work_passes(workers):
    with Pool(lengths, "-", workers=workers) as pool:
        found = list(pool.map(ITEMS, of=lambda item: item[1]))
    assert found == [(item, None if item[1] is None else item[0]) for item in ITEMS]


def test_no_more_is_read_ahead_than_the_workers_need():
    items = iter(range(1, 1000))
    with Pool(lengths, "-", workers=1) as pool:
        next(pool.map(items, of=str))
    assert next(items) <= AHEAD + 1


@pytest.mark.parametrize("workers", [0, 1])
def test_what_comes_before_an_error_of_the_items_is_done_first(workers):
    def items():
        yield from ("a", "bb", "ccc")
        raise ValueError("it breaks off")

    found = []
    with Pool(lengths, "-", workers=workers) as pool, pytest.raises(ValueError, match="breaks off"):
        found.extend(pool.map(items(), of=str))
    assert found == [("a", 1), ("bb", 2), ("ccc", 3)]


def never():
    raise OSError("not here")


@pytest.mark.slow
def test_workers_that_cannot_start_are_no_crashes_of_pages():
    with Pool(never, workers=1) as pool, pytest.raises(CannotStart, match="--workers 0"):
        list(pool.map(["a", "b"], of=str))


@pytest.mark.slow
def test_a_crash_costs_one_thing():
    with Pool(lengths, "x" * 6, workers=2) as pool:
        found = list(pool.map(ITEMS, of=lambda item: item[1]))
    assert [item for item, _ in found] == ITEMS
    assert isinstance(found[6][1], Crash)
    assert [result for item, result in found if item[0] != 6] == [
        None if text is None else number for number, text in ITEMS if number != 6
    ]
