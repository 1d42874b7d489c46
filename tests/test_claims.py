"""Claimed times: what cannot be is flagged and not used; a clock that jumps by whole hours is told from a slow site."""

import random
from bisect import bisect_left
from datetime import UTC, datetime, timedelta, timezone

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from storage import claims, open_store
from storage.claims import Clock, Fault, claim_of, flag
from storage.clocks import ClockBook, faults
from storage.query import latest
from storage.records import Article, Listing, Rhythm, Target, Visit

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CHINA = timezone(8 * HOUR)

# -- what cannot be


@pytest.mark.parametrize(
    ("ahead", "precision", "said"),
    [
        (timedelta(), "minute", None),
        (5 * MINUTE, "minute", None),
        (6 * MINUTE, "minute", "future"),
        (8 * HOUR, "second", "future"),
        (12 * HOUR, "day", None),
        (13 * HOUR, "day", "future"),
        (-30 * DAY, "day", None),
        (-40 * 365 * DAY, "day", "impossible"),
    ],
)
def test_a_claim_after_its_receipt_or_from_before_such_sites_is_flagged(ahead, precision, said):
    assert flag((NOW + ahead).astimezone(CHINA), precision, NOW) == said


def told(n, published, *, at=NOW, title="", precision="minute", **more):
    """An article as the extraction gives it."""
    extra = {"published_precision": precision, "published_evidence": f"line {n}: {published}", **more}
    url, text = (
        f"http://a.example/{n}",
        f"{n}号报道：" + "".join(chr(0x4E00 + (n * 97 + i * 31) % 20000) for i in range(200)),
    )
    return Article(url, title or f"第{n}号报道", text, at, published_at=published, extra=extra)


def visit(n, at=NOW, kind="article"):
    url = f"http://a.example/{n}"
    return Visit(url, url, kind, "news", at, 200)


def column(store, name):
    return [row[0] for row in store.db.execute(f"SELECT {name} FROM articles ORDER BY id")]


def test_a_claim_is_kept_with_its_zone_precision_evidence_and_flag(store):
    ahead = (NOW + 8 * HOUR).astimezone(CHINA)
    for n, article in enumerate((told(1, NOW - HOUR), told(2, ahead), told(3, None))):
        store.save(visit(n), article=article)
    assert column(store, "published_at") == ["2026-03-20T11:00:00+00:00", "2026-03-21T04:00:00+08:00", None]
    assert column(store, "published_precision") == ["minute", "minute", None]
    assert column(store, "published_evidence")[1:] == [f"line 2: {ahead}", None]
    assert column(store, "published_flag") == [None, "future", None]
    assert column(store, "extra") == [None] * 3


def test_a_flagged_claim_never_goes_before_when_it_was_seen(store):
    store.save(visit(1, NOW - HOUR), article=told(1, NOW + 30 * DAY, at=NOW - HOUR))
    store.save(visit(2, NOW), article=told(2, NOW - MINUTE))
    store.save(visit(3, NOW), article=told(3, datetime(1970, 1, 1, tzinfo=UTC), at=NOW - 2 * HOUR))
    assert [row["id"] for row in latest(store.db)] == [2, 1, 3]
    assert [tuple(row) for row in store.db.execute("SELECT id, at FROM news")] == [
        (2, "2026-03-20T11:59:00+00:00"),
        (1, "2026-03-20T11:00:00.000+00:00"),
        (3, "2026-03-20T10:00:00.000+00:00"),
    ]


def test_a_later_claim_of_the_page_changes_nothing_of_the_first(store):
    store.save(visit(1), article=told(1, NOW - HOUR))
    store.save(visit(1, NOW + DAY), article=told(1, NOW + 20 * HOUR, at=NOW + DAY, precision="day"))
    assert column(store, "published_precision") == ["minute"]
    assert column(store, "published_evidence") == [f"line 1: {NOW - HOUR}"]


def test_a_claim_that_comes_late_brings_what_is_known_of_it(store):
    store.save(visit(1), article=told(1, None))
    store.save(visit(1, NOW + DAY), article=told(1, NOW + 20 * HOUR, at=NOW + DAY))
    assert column(store, "published_precision") == ["minute"]
    assert column(store, "published_flag") == ["future"]  # it was seen a day before


def test_a_time_that_the_extraction_does_not_believe_is_kept_and_flagged():
    claimed = claim_of(told(1, None, claimed_time=NOW + 90 * DAY), NOW)
    assert (claimed.at, claimed.flag) == ("2026-06-18T12:00:00+00:00", "future")


# -- clocks


def site(days, *, seed=0, pause=10, rate=2.0, error=lambda hour: 0, lag=lambda chance: 0, claim=int, plan=float):
    """The readings of a site with `rate` articles an hour, whose list is looked at every `pause` minutes.

    `error` is how many minutes its clock is ahead in an hour, `lag` after how many its list shows an article, `claim`
    what it makes of the true minute, `plan` which minute that is. Its visits are the jittered ones of a daemon. All of
    this is in minutes.
    """
    chance = random.Random(seed)
    at, visits = chance.random() * 60, []
    while at < days * 1440:
        visits.append(at)
        at += pause(at) if callable(pause) else pause * chance.uniform(0.9, 1.1)
    true = [plan(chance.random() * days * 1440) for _ in range(int(days * 24 * rate))]
    came = sorted((minute + lag(chance), minute) for minute in true)
    for shown, minute in came:
        index = bisect_left(visits, shown)
        if 0 < index < len(visits):
            published = NOW + MINUTE * int(claim(minute) + error(minute / 60))
            yield claims.reading(published, NOW + MINUTE * visits[index - 1], NOW + MINUTE * visits[index])


def found(readings):
    """The faults that are found: the hour in which each began, and by how much the claims are ahead then."""
    clock, told = Clock(), []
    for reading in filter(None, readings):
        clock, fault = claims.learn(clock, reading)
        if fault:
            told.append((round((fault.since * 60 - NOW.timestamp()) / 3600), fault.hours))
    return told


def after(hour, minutes, until=1e9):
    return lambda now: minutes if hour <= now < until else 0


@pytest.mark.parametrize("hours", [1, -1, 2, 8, -8, -13])
@pytest.mark.parametrize("pause", [2, 10, 25])
def test_a_clock_that_jumps_by_whole_hours_is_found(hours, pause):
    ((since, said),) = found(site(8, pause=pause, error=after(96, hours * 60)))
    assert (said, 95 <= since <= 100) == (hours, True)


def test_a_clock_that_jumps_back_is_right_again():
    (start, end) = found(site(12, error=after(96, 60, until=192)))
    assert (start[1], end[1]) == (1, 0)
    assert 190 <= end[0] <= 200


def test_a_clock_that_is_ahead_from_the_beginning_is_found():
    ((_, said),) = found(site(3, error=lambda hour: 8 * 60))
    assert said == 8
    ((_, said),) = found(site(3, error=lambda hour: 15 + 10, pause=5))
    assert said == 0.4


def hourly(minute):
    """On the hour."""
    return minute - minute % 60


NORMAL = {
    "one like others": {},
    "one looked at each minute": {"pause": 1, "rate": 6},
    "one looked at each hour": {"pause": 60},
    "one looked at once a day": {"pause": 1440},
    "one with few articles": {"rate": 0.1},
    "one that claims full hours": {"claim": hourly},
    "one that claims full hours, seen on the hour": {"claim": hourly, "pause": lambda at: 60 - at % 60 + 3},
    "one whose hourly visits move": {"claim": hourly, "pause": lambda at: 59.9},
    "one that publishes on the hour": {"plan": hourly},
    "one that publishes on the hour, seen on the hour": {"plan": hourly, "pause": lambda at: 60 - at % 60 + 3},
    "one that publishes on the hour, whose visits move": {"plan": hourly, "pause": lambda at: 59.9},
    "one that publishes on the hour, seen twice in it": {"plan": hourly, "pause": lambda at: 29.95},
    "one that claims quarters": {"claim": lambda minute: minute - minute % 15},
    "one whose list is slow": {"lag": lambda chance: chance.uniform(0, 240)},
    "one whose list is slow by hours": {"lag": lambda chance: chance.choice((0, 60, 120, 180))},
    "one with some embargoes": {"lag": lambda chance: 120 if chance.random() < 0.3 else 0},
    "one that shows archives": {"lag": lambda chance: chance.expovariate(1 / 1000) if chance.random() < 0.5 else 0},
    "one whose cache lasts an hour": {"lag": lambda chance: chance.uniform(0, 60)},
    "one asked less at night": {"pause": lambda at: 5 if 6 <= at / 60 % 24 < 22 else 115},
    "one that is off by half an hour": {"error": after(96, 30)},
    "one whose clock drifts": {"error": lambda hour: -hour / 10},
    "one that gets slower": {"lag": lambda chance: 37 + chance.uniform(0, 9)},
}


@pytest.mark.parametrize("name", NORMAL)
def test_a_normal_site_has_no_fault(name):
    assert found(site(10, seed=5, **NORMAL[name])) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NORMAL)
def test_no_site_of_many_has_a_false_fault(name):
    wrong = [seed for seed in range(60) if found(site(20, seed=seed, **NORMAL[name]))]
    assert wrong == []


def watched(store, n, at, published, *, before=10 * MINUTE):
    """The list shows an article at a visit, `before` the last one, and the article is read."""
    page = "http://a.example/list"
    store.save(
        visit("list", at, "list"),
        targets=[Target(f"http://a.example/{n}", "article", "news", found_on=page)],
        listing=Listing(Rhythm(NOW, at, 20, n, at, (0.0,) * 24)),
        next_at=at + before,
    )
    store.save(visit(n, at + MINUTE), article=told(n, published, at=at + MINUTE))


def test_the_store_notes_a_jump_and_its_end_as_articles_come(store):
    for n in range(80):
        at = NOW + n * 10 * MINUTE
        ahead = HOUR if 25 <= n < 50 else timedelta()
        watched(store, n, at, (at - 3 * MINUTE + ahead).astimezone(CHINA))
        if n == 48:
            (fault,) = faults(store.db)
            assert (fault["host"], fault["source"], fault["hours"]) == ("a.example", "news", 1.0)
            assert fault["since"] == "2026-03-20T16:10:00.000+00:00"
    assert faults(store.db) == []
    assert column(store, "published_flag")[23:27] == [None, None, "future", "future"]
    assert [row[0] for row in store.db.execute("SELECT ended_at FROM clock_faults")] == [
        "2026-03-20T20:20:00.000+00:00"
    ]


def test_a_first_visit_says_nothing_of_a_clock(store):
    watched(store, 1, NOW, NOW - 3 * HOUR)
    store.save(visit(2), article=told(2, NOW - HOUR))
    assert store.db.execute("SELECT count(*) FROM clocks").fetchone()[0] == 0


def test_a_wrong_clock_and_a_flagged_claim_are_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("KUAIXUN_DATABASE", str(tmp_path / "k.db"))
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "k.db") as store:
        store.upsert_source("news", ["http://a.example/"], HOUR, now=NOW)
        store.save(visit(1), article=told(1, NOW + 8 * HOUR))
        ClockBook(store.db.conn)._fault("a.example", visit(1), Fault(8.0, NOW.timestamp() / 60, 10, None, -480.0))
    said = "claims of a.example 8 h ahead since 2026-03-20"
    for command in (("sources",), ("status",), ("check",)):
        result = CliRunner(env={"COLUMNS": "300"}).invoke(cli, command)
        assert (result.exit_code, said in result.stdout) == (0, True), result.output
    assert "20:00+00:00 (future)" in CliRunner(env={"COLUMNS": "300"}).invoke(cli, ["story", "1"]).stdout
