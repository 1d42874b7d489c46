"""The gate: its pages are what their generator makes, its floors hold, and they only rise."""

from __future__ import annotations

import json

import pytest

from tests.gate import floors
from tests.gate.floors import FALLING, RISING
from tests.gate.make_pages import files

FLOORS = floors.load()["gate"].get("pages", {})


@pytest.fixture(scope="module")
def figures() -> floors.Figures:
    """Today's figures of the gate's own pages."""
    return floors.measure(floors.PAGES, repeat=1)[0]


def test_every_page_is_what_the_generator_makes():
    made = files()
    kept = {path.name: path.read_bytes() for path in floors.PAGES.iterdir()}
    assert [name for name in {**made, **kept} if made.get(name) != kept.get(name)] == []


def test_every_page_has_something_to_be_right_about():
    told = [json.loads(path.read_text(encoding="utf-8")) for path in floors.PAGES.glob("*.json")]
    assert len(told) >= 60
    assert [gold for gold in told if not gold.keys() & {"body", "title", "kind"}] == []


# Cost is a ratio of times: `python -m tests.gate` judges it, where nothing else runs beside it.
@pytest.mark.parametrize("name", [name for name in FLOORS if name != "cost"])
def test_a_floor_holds(figures, name):
    """Where this fails, `python -m tests.gate --faults` names the pages."""
    assert list(floors.broken({name: FLOORS[name]}, figures)) == []


def test_every_figure_of_the_pages_has_a_floor(figures):
    assert figures.keys() == FLOORS.keys()


def test_a_lower_share_breaks_a_floor_and_a_higher_one_does_not():
    low, high = ({"title": value} for value in (0.89, 0.91))
    assert [one.name for one in floors.broken({"title": 0.9}, low)] == ["title"]
    assert list(floors.broken({"title": 0.9}, high)) == []


def test_a_higher_cost_breaks_a_floor():
    assert [one.name for one in floors.broken({"cost": 5.0}, {"cost": 5.1})] == ["cost"]


def test_a_figure_that_is_gone_breaks_its_floor():
    assert [one.got for one in floors.broken({"source": 0.9}, {})] == [None]


@pytest.mark.parametrize("name", [*RISING, *FALLING])
def test_raising_never_makes_a_floor_easier(name):
    worse, better = (9.0, 1.0) if name in FALLING else (1.0, 9.0)
    assert floors.raised({name: 5.0}, {name: worse}) == {name: 5.0}
    assert floors.raised({name: 5.0}, {name: better}) != {name: 5.0}


def test_a_raised_floor_holds_for_the_figures_that_raised_it():
    figures = {"title": 0.98765, "below_half": 0.0123, "cost": 7.77, "errors": 0, "pages": 60}
    assert list(floors.broken(floors.raised({}, figures), figures)) == []
