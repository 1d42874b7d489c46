"""What next, and when: the decisions, without a web or a database."""

from datetime import UTC, datetime, timedelta

import pytest

from config import Settings, Source
from crawler import frontier
from crawler.frontier import Again, Owners, after_article, after_failure, after_list, sources_of
from crawler.page import FetchError
from storage.records import Target

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
SOURCE = Source("news", ("https://news.example.com/",))
LOOK = NOW + 15 * MINUTE
URL = "https://news.example.com/1.html"


def target(kind="article", **options):
    return Target(options.pop("url", URL), kind, "news", **options)


def failure(status=500, *, retry=True, later=False, after=None):
    return FetchError(URL, f"status {status}", status=status, retry=retry, later=later, after=after)


# -- order


def test_feeds_go_before_sitemaps_before_lists_before_articles():
    kinds = ("feed", "sitemap", "list")
    priorities = [frontier.list_priority(kind, depth) for kind in kinds for depth in (0, 1)]
    assert priorities == sorted(priorities, reverse=True)
    assert min(priorities) > frontier.article_priority(NOW, NOW)


def test_newer_articles_go_first_and_those_of_unknown_age_in_between():
    ages = [timedelta(0), HOUR, 6 * HOUR, DAY, 30 * DAY, 3000 * DAY]
    priorities = [frontier.article_priority(NOW - age, NOW) for age in ages]
    assert priorities == sorted(priorities, reverse=True)
    assert len(set(priorities)) == len(ages)
    assert priorities[-1] < frontier.article_priority(None, NOW) < priorities[0]
    assert frontier.article_priority(NOW + DAY, NOW) == priorities[0]


# -- when again


def test_a_fresh_article_is_asked_again_after_an_hour_a_day_a_week_and_a_month():
    """Counted from the first visit, whatever time a pass takes."""
    pauses, visited = [after_article(target(next_at=NOW), NOW - HOUR, NOW) - NOW], NOW
    while again := after_article(target(visited_at=visited, next_at=visited + pauses[-1]), None, NOW):
        pauses.append(again - NOW)
    assert [sum(pauses[: n + 1], timedelta()) for n in range(len(pauses))] == [HOUR, DAY, 7 * DAY, 30 * DAY]


def test_an_article_that_came_days_old_is_asked_after_a_week_and_one_of_last_month_never():
    assert after_article(target(next_at=NOW), NOW - 4 * DAY, NOW) == NOW + 6 * DAY
    assert after_article(target(next_at=NOW), NOW - 30 * DAY, NOW) is None


def test_an_article_that_came_after_failures_counts_as_new():
    assert after_article(target(next_at=NOW, visited_at=NOW - DAY, tries=2), NOW, NOW) == NOW + HOUR


def test_seeds_and_feeds_are_asked_with_their_source():
    assert after_list(target("list"), SOURCE, LOOK, NOW, has_news=False) == LOOK
    assert after_list(target("feed", depth=2), SOURCE, LOOK, NOW, has_news=False) == LOOK


def test_lists_further_away_are_asked_more_seldom():
    times = [after_list(target("list", depth=d), SOURCE, LOOK, NOW, has_news=True) for d in (0, 1, 2, 3, 4)]
    assert times == [LOOK, NOW + HOUR, NOW + 4 * HOUR, NOW + 16 * HOUR, NOW + DAY]


@pytest.mark.parametrize(("has_news", "when"), [(True, NOW + DAY), (False, None)])
def test_page_two_is_asked_again_only_while_it_has_news(has_news, when):
    page = target("list", url="https://news.example.com/stock/index_2.html", depth=1)
    assert after_list(page, SOURCE, LOOK, NOW, has_news=has_news) == when


def test_retries_have_growing_pauses_within_the_pass():
    pauses = [after_failure(target(tries=n), failure(), Settings(), LOOK, NOW) for n in (0, 1, 2)]
    assert pauses == [Again(NOW + timedelta(seconds=s), soon=True) for s in (2, 8, 32)]


def test_after_the_retries_an_article_waits_for_later_passes_and_ends_at_last():
    later = [after_failure(target(tries=n), failure(), Settings(), LOOK, NOW).at for n in (3, 4, 5, 9, 11)]
    assert later == [NOW + HOUR, NOW + 2 * HOUR, NOW + 4 * HOUR, NOW + DAY, None]


def test_a_long_wish_to_wait_is_not_waited_for_in_the_pass():
    again = after_failure(target(), failure(503, after=7200), Settings(), LOOK, NOW)
    assert again == Again(NOW + 2 * HOUR)


@pytest.mark.parametrize("error", [failure(404, retry=False), failure(410, retry=False), failure(403, retry=False)])
def test_a_refused_article_is_never_asked_again(error):
    assert after_failure(target(), error, Settings(), LOOK, NOW) == Again(None)


def test_an_article_that_is_not_to_blame_is_asked_in_a_later_pass():
    error = failure(200, retry=False, later=True)
    assert after_failure(target(), error, Settings(), LOOK, NOW) == Again(NOW + HOUR)
    assert after_failure(target(tries=11), error, Settings(), LOOK, NOW) == Again(None)


def test_a_broken_seed_stays_with_its_source():
    assert after_failure(target("list"), failure(404, retry=False), Settings(), LOOK, NOW) == Again(LOOK)
    assert after_failure(target("feed", tries=99), failure(), Settings(), LOOK, NOW).at > LOOK


def test_a_found_list_that_is_gone_is_let_go():
    found = target("list", found_on="https://news.example.com/")
    assert after_failure(found, failure(404, retry=False), Settings(), LOOK, NOW) == Again(None)
    assert after_failure(found, failure(403, retry=False), Settings(), LOOK, NOW).at == NOW + HOUR


# -- pace


def test_the_longest_wish_is_the_gap_and_a_source_may_set_its_own():
    assert frontier.gap(Settings(delay=1), SOURCE, None) == 1
    assert frontier.gap(Settings(delay=1), SOURCE, 5.0) == 5
    assert frontier.gap(Settings(delay=1), Source("x", (), delay=0.0), None) == 0
    assert frontier.gap(Settings(delay=1), Source("x", (), delay=3.0), 2.0) == 3


# -- whose address


def test_an_address_belongs_to_the_source_of_its_host_its_twin_or_the_site_above():
    finance = Source("finance", ("https://finance.example.com.cn/",))
    whole = Source("whole", ("https://www.example.com.cn/",))
    owners = Owners([finance, whole, Source("ip", ("http://127.0.0.1:80/",))])
    found = {
        url: source.name if (source := owners.of(url)) else None
        for url in (
            "https://finance.example.com.cn/a",
            "http://m.example.com.cn/a",
            "https://tech.example.com.cn/a",
            "https://example.org/",
            "http://1.127.0.0.1/",
            "nonsense",
        )
    }
    assert list(found.values()) == ["finance", "whole", "whole", None, None, None]


FIN = Source("fin", ("http://a.example/fin/",), article=r"/fin/\d+")
SPO = Source("spo", ("http://a.example/spo/", "http://a.example/live/"), article=r"/(?:spo|live)/\d+")
REST = Source("rest", ("http://a.example/",))


@pytest.mark.parametrize(
    ("url", "named_by", "owner"),
    [
        ("http://a.example/spo/1.html", "fin", "spo"),
        ("http://a.example/fin/1.html", "spo", "fin"),
        ("http://a.example/live/1", "", "spo"),
        ("http://a.example/spo/list_2.html", "", "spo"),
        ("http://a.example/about", "spo", "rest"),
        ("http://a.example:8080/spo/1.html", "spo", None),
    ],
)
@pytest.mark.parametrize("sources", [(FIN, SPO, REST), (REST, SPO, FIN)], ids=["first", "last"])
def test_of_several_sources_on_a_host_the_one_that_fits_has_the_address(url, named_by, owner, sources):
    found = Owners(sources).of(url, named_by)
    assert (found.name if found else None) == owner


def test_where_nothing_fits_better_the_source_that_named_an_address_has_it():
    general = [Source(name, (f"http://a.example/{name}/",)) for name in ("fin", "spo")]
    assert [Owners(general).of("http://a.example/a/1.html", name).name for name in ("fin", "spo", "")] == [
        "fin", "spo", "fin",
    ]  # fmt: skip


def test_a_site_at_another_port_and_a_host_by_its_number_are_told_apart():
    sources = [Source(f"s{port}", (f"http://[::1]:{port}/",)) for port in (8470, 8472)]
    assert [Owners(sources).of(f"http://[::1]:{port}/a").name for port in (8470, 8472)] == ["s8470", "s8472"]


def test_plain_addresses_become_a_source_for_each_host():
    found = sources_of(["http://a.example/", "http://b.example/x", "http://a.example/y", "http://a.example/", "junk"])
    assert [(source.name, len(source.seeds)) for source in found] == [("a.example", 2), ("b.example", 1)]
