"""robots.txt: what a site forbids, and what its silence or its errors mean."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.page import FetchError
from crawler.robots import MAX_BYTES, Cache, address, parse, product, without

AGENT = "kuaixun/0.1 (+https://example.com/bot)"
SITE = "http://example.com:8100"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def allows(text, path="/private/1.html"):
    return parse(text.encode(), AGENT, SITE + "/robots.txt").allows(SITE + path)


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\nDisallow: /private/",
        "User-agent: GPTBot\nUser-agent: *\nDisallow: /private",
        "\ufeffUSER-AGENT : *   # all\r\ndisallow :/private/ # not this\r\nFoo: bar\r\n",
        "User-agent: kuaixun\nDisallow: /private/\n\nUser-agent: *\nDisallow:",
        "User-agent: *\nAllow: /\n\nUser-agent: kuaixun\nDisallow: /x\n\nUser-agent: kuaixun\nDisallow: /private/",
        "User-agent: *\nDisallow: /*/1.html$",
        "User-agent: *\nDisallow: /private/\n\nUser-agent: otherbot\nDisallow:\n\nUser-agent: *\nDisallow: /x",
        "User-agent: *\nContent-Signal: ai-train=no\nDisallow: /private/",
        "User-agent: otherbot\nSitemap: /s.xml\nUser-agent: Kuaixun/2.0\nUser-agent: kuaixun\nDisallow: /private/",
    ],
)
def test_what_is_forbidden_is_not_fetched(text):
    assert not allows(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "User-agent: Baiduspider\nDisallow: /",
        "User-agent: *\nDisallow: /private/\nAllow: /private/1",
        "User-agent: *\nDisallow: /\n\nUser-agent: kuaixun\nDisallow: /print/",
        "<!DOCTYPE html><html><body>User-agent: *\nDisallow: /\n</body></html>",
        "User-agent: *\nDisallow:",
    ],
)
def test_what_is_not_forbidden_is_allowed(text):
    assert allows(text)


def test_a_path_in_chinese_is_matched_in_either_spelling():
    assert not allows("User-agent: *\nDisallow: /内部/", "/%E5%86%85%E9%83%A8/1.html")


def test_rules_within_the_first_500_kib_are_obeyed():
    text = "User-agent: *\nDisallow: /private/\n" + "# padding\n" * (MAX_BYTES // 5)
    assert not allows(text)


@pytest.mark.parametrize("kept", [MAX_BYTES, MAX_BYTES + 1000])
def test_a_line_that_the_limit_cuts_says_nothing(kept):
    """Half of `Disallow: /private/` is `Disallow: /`, which forbids the whole site."""
    head, line = "User-agent: *\nDisallow: /x\n#", "Disallow: /private/\n"
    text = head + "-" * (MAX_BYTES - len(head) - len("\nDisallow: /")) + "\n" + line * 100
    rules = parse(text.encode()[:kept], AGENT, SITE + "/robots.txt")
    assert rules.allows(SITE + "/private/1.html") and not rules.allows(SITE + "/x")


@pytest.mark.parametrize(
    ("line", "delay"),
    [("Crawl-delay: 2.5", 2.5), ("Crawl-delay: 99999", 300), ("Crawl-delay: soon", None), ("Crawl-delay: -1", None)],
)
def test_crawl_delay_is_read_in_seconds_and_has_a_limit(line, delay):
    assert parse(f"User-agent: *\n{line}\n".encode(), AGENT).delay == delay


def test_sitemaps_are_absolute_and_junk_among_them_is_dropped():
    text = "Sitemap: http://example.com:8100/a.xml\nSitemap: /b.xml.gz\nSitemap: ftp://x/\nSitemap: /b.xml.gz"
    assert parse(text.encode(), AGENT, SITE + "/robots.txt").sitemaps == (SITE + "/a.xml", SITE + "/b.xml.gz")


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 410])
def test_no_robots_txt_means_no_rules(status):
    assert without(FetchError(SITE, "status", status=status), AGENT).allows(SITE + "/private/")


@pytest.mark.parametrize(("status", "retry"), [(0, True), (0, False), (429, True), (500, True), (503, True)])
def test_an_unreachable_robots_txt_forbids_everything_for_now(status, retry):
    """A bad certificate or a refused address will not be better in a moment, but may be later."""
    with pytest.raises(FetchError, match="nothing may be fetched") as raised:
        without(FetchError(SITE, "status", status=status, retry=retry, after=7), AGENT)
    assert (raised.value.retry, raised.value.later) == (retry, True)
    assert raised.value.after == 7


def test_rules_are_kept_for_a_day_and_for_one_origin():
    cache = Cache()
    cache.keep(SITE + "/a", parse(b"", AGENT), NOW)
    assert cache.get(SITE + "/b", NOW + timedelta(hours=23))
    assert cache.get(SITE + "/b", NOW + timedelta(hours=24)) is None
    assert cache.get("https://example.com:8100/b", NOW) is None


def test_the_product_token_is_what_groups_are_matched_by():
    assert product(AGENT) == "kuaixun"
    assert product("Mozilla/5.0 (compatible; MyBot/2.1; +https://example.com/)") == "MyBot"
    assert address(SITE + "/a/b?c") == SITE + "/robots.txt"


@given(st.binary(max_size=200))
def test_any_bytes_are_rules(body):
    assert parse(body, AGENT, SITE + "/robots.txt").allows(SITE + "/a") in (True, False)


def test_a_daemon_forgets_the_rules_that_it_read_longest_ago(monkeypatch):
    monkeypatch.setattr(Cache, "MOST", 3)
    cache, rules = Cache(), parse(b"", AGENT, SITE)
    for number in (1, 2, 3, 1, 4):
        cache.keep(f"http://{number}.example/", rules, NOW)
    assert [cache.get(f"http://{number}.example/", NOW) is not None for number in (1, 2, 3, 4)] == [
        True,
        False,
        True,
        True,
    ]
