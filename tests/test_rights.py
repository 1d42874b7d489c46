"""What pages and hosts say about the use of articles: read, obeyed where it is an order, and kept as evidence."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Settings, Source
from crawler.commands import story
from crawler.crawl import crawl
from crawler.fetch import Fetcher
from crawler.rights import notices, of_page, of_robots_txt, of_tdmrep, orders
from crawler.urls import resolve
from storage import Article, Visit, query
from storage.places import closest, covers, covers_in_sql, path_of
from storage.rights import RESERVED
from tests.test_crawl import SITE, Clock, article, listing, pages, run

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PAGE = SITE + "/news/100001.html"
TDMREP = SITE + "/.well-known/tdmrep.json"


def told(rights):
    return sorted((each.kind, each.value, each.via, each.agent, each.applies) for each in rights)


# -- orders


@pytest.mark.parametrize(
    "line",
    [
        "noindex",
        "none",
        "NOINDEX, follow",
        "nofollow,noindex",
        "kuaixun: noindex",
        "otherbot: nofollow, kuaixun: noindex",
        "otherbot: noarchive\nnoindex",
        "unavailable_after: 19 Mar 2026 15:00:00 GMT",
        "unavailable_after: Thursday, 19-Mar-26 15:00:00 GMT",
        "unavailable_after: 2026-03-19",
        "max-snippet: 20, noindex",
    ],
)
def test_a_header_that_forbids_storing_is_obeyed(line):
    assert orders({"x-robots-tag": line}, (), "kuaixun", NOW).noindex


@pytest.mark.parametrize(
    "line",
    [
        "",
        "all",
        "otherbot: noindex",
        "otherbot: nofollow, noindex",
        "kuaixunbot: none",
        "unavailable_after: 21 Mar 2026 15:00:00 GMT",
        "unavailable_after: soon",
        "noimageindex",
    ],
)
def test_what_is_said_to_others_or_of_later_forbids_nothing(line):
    found = orders({"x-robots-tag": line}, (), "kuaixun", NOW)
    assert (found.noindex, found.nofollow) == (False, False)


@pytest.mark.parametrize(
    ("metas", "noindex", "nofollow"),
    [
        ([("robots", "noindex,nofollow")], True, True),
        ([("robots", "index"), ("robots", "noindex")], True, False),
        ([("robots", "none")], True, True),
        ([("robots", "index, none")], True, True),
        ([("kuaixun", "nofollow")], False, True),
        ([("otherbot", "noindex")], False, False),
        ([("description", "noindex")], False, False),
    ],
)
def test_meta_tags_for_all_and_for_us_are_obeyed(metas, noindex, nofollow):
    found = orders({}, metas, "kuaixun", NOW)
    assert (found.noindex, found.nofollow) == (noindex, nofollow)


# -- evidence


def test_a_page_says_it_in_its_header_and_in_its_meta_tags():
    headers = {
        "x-robots-tag": "noai, noimageai\notherbot: noai",
        "tdm-reservation": "1",
        "tdm-policy": "https://news.example/policy.json",
        "content-usage": "train-ai=n, search=y",
    }
    metas = [("robots", "noai nofollow"), ("tdm-reservation", "0"), ("tdm-reservation", "perhaps")]
    assert told(of_page(headers, metas, "kuaixun")) == [
        ("noai", "yes", "header", "*", True),
        ("noai", "yes", "header", "otherbot", False),
        ("noai", "yes", "meta", "*", True),
        ("nofollow", "yes", "meta", "*", True),
        ("noimageai", "yes", "header", "*", True),
        ("search", "yes", "header", "*", True),
        ("tdm-policy", "https://news.example/policy.json", "header", "*", True),
        ("tdm-reservation", "0", "meta", "*", True),
        ("tdm-reservation", "1", "header", "*", True),
        ("train-ai", "no", "header", "*", True),
    ]


def test_a_flood_of_statements_is_cut_and_what_is_said_to_us_stays():
    lines = "\n".join(f"bot{n}: noai, nofollow" for n in range(1000)) + "\nnoai"
    found = of_page({"x-robots-tag": lines}, (), "kuaixun")
    assert ("noai", "yes", "header", "*", True) in told(found)
    assert len(found) <= 50
    text = "".join(f"User-agent: bot{n}\n" for n in range(1000)) + "Content-Signal: ai-train=no\n" * 1000
    assert len(of_robots_txt(text, "kuaixun")) <= 200


def test_of_what_a_page_says_too_often_a_reservation_is_kept():
    signals = ", ".join(f"x{chr(97 + n % 26)}{chr(97 + n // 26)}=no" for n in range(60))
    found = of_page({"content-signal": f"{signals}, ai-train=no"}, (), "kuaixun")
    assert ("ai-train", "no", "header", "*", True) in told(found)


def test_the_signals_of_robots_txt_keep_their_group():
    text = """
        Content-Signal: search=yes
        User-agent: otherbot
        User-Agent: GPTBot
        Content-Signal: ai-train=no
        Disallow: /
        User-agent: *
        content-signal: ai-train=no, ai-input=yes # a remark
        Allow: /
    """
    assert told(clause.right for clause in of_robots_txt(text, "kuaixun")) == [
        ("ai-input", "yes", "robots.txt", "*", True),
        ("ai-train", "no", "robots.txt", "*", True),
        ("ai-train", "no", "robots.txt", "gptbot", False),
        ("ai-train", "no", "robots.txt", "otherbot", False),
        ("search", "yes", "robots.txt", "*", True),
        ("train-bots", "no", "robots.txt", "gptbot", False),
    ]


def holding(notice, path):
    """What a host's statements come to for a path."""
    return closest([((right.kind, right.agent), right.location, right) for right in notice.rights], path)


def shut_out(text, path):
    """What a host and an article at a path are known by, of crawlers for training."""
    found = notices(of_robots_txt(text, "kuaixun"), f"{SITE}/robots.txt", NOW)
    return [(right.agent, right.value) for each in found for right in holding(each, path)]


def test_a_host_that_shuts_out_crawlers_for_training_has_said_so_of_all_its_articles():
    text = """
        User-agent: *
        Disallow: /search
        User-agent: CCBot
        User-agent: Google-Extended
        User-agent: OAI-SearchBot
        Disallow: /
        User-agent: gptbot
        Disallow: /
        User-agent: ClaudeBot
        Disallow:
        User-agent: PriceBot
        Disallow: /
    """
    assert shut_out(text, "/news/1.html") == [("ccbot google-extended gptbot", "no")]


@pytest.mark.parametrize(("path", "values"), [("/news/1", ["no"]), ("/news/open/1", ["yes"]), ("/", [])])
def test_a_crawler_for_training_may_have_some_paths_and_not_others(path, values):
    text = "User-agent: GPTBot\nAllow: /news/open/\nDisallow: /news\nContent-Signal: search=yes\n"
    signal, *trainers = shut_out(text, path)
    assert (signal, trainers) == (("gptbot", "yes"), [("gptbot", each) for each in values])


def test_who_has_a_group_of_his_own_is_not_meant_by_that_of_all():
    text = "User-agent: *\nContent-Signal: ai-train=yes\n\nUser-agent: Kuaixun\nContent-Signal: ai-train=no\n"
    assert told(clause.right for clause in of_robots_txt(text, "kuaixun")) == [
        ("ai-train", "no", "robots.txt", "kuaixun", True),
        ("ai-train", "yes", "robots.txt", "*", False),
    ]


@pytest.mark.parametrize(
    "head",
    [
        "User-agent: GPTBot\nSitemap: https://a.com/s.xml\nHost: a.com\nUser-agent: other",
        "User-agent: other\n\nUser-agent: GPTBot/1.2",
        "User-agent: CriteoBot, GPTBot",
        "User-agent: Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    ],
)
def test_a_head_ends_with_its_first_rule_and_names_whoever_stands_in_it(head):
    text = f"{head}\nContent-Signal: search=no\nDisallow: /\n"
    found = [(clause.right.kind, clause.right.agent) for clause in of_robots_txt(text, "kuaixun")]
    assert ("search", "gptbot") in found
    assert ("train-bots", "gptbot") in found


@pytest.mark.parametrize("line", ["Allow: /x", "Disallow:", "Crawl-delay: 5", "Content-Signal: search=yes"])
def test_a_rule_ends_the_head(line):
    assert shut_out(f"User-agent: GPTBot\n{line}\nUser-agent: other\nDisallow: /\n", "/1") in ([], [("gptbot", "yes")])


def test_who_is_named_behind_others_is_meant_and_so_is_everybody():
    """Most readers see the first name only, so the group of all may be meant too."""
    text = "User-agent: *\nContent-Signal: ai-train=no\nUser-agent: a/1, Kuaixun/2\nContent-Signal: search=no\n"
    found = {
        (clause.right.kind, clause.right.agent) for clause in of_robots_txt(text, "kuaixun") if clause.right.applies
    }
    assert found == {("ai-train", "*"), ("search", "kuaixun")}


WHOLE = [{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://news.example/p"}]
SOME = [
    {"location": "/news/", "tdm-reservation": 1},
    {"location": "/news/open/*.html$", "tdm-reservation": 0},
    {"location": "/video/", "tdm-reservation": 1},
]


def said(clauses, path):
    (notice,) = notices(of_tdmrep(json.dumps(clauses)), TDMREP, NOW)
    assert notice.scope == "host"
    return [(right.kind, right.value) for right in holding(notice, path)]


def test_a_reservation_for_the_whole_host_belongs_to_the_host():
    assert said(WHOLE, "/any") == [("tdm-reservation", "1"), ("tdm-policy", "https://news.example/p")]


@pytest.mark.parametrize(
    ("path", "value"),
    [("/news/1.html", ["1"]), ("/news/open/1.html", ["0"]), ("/news/open/1.html?p=2", ["1"]), ("/", [])],
)
def test_of_reservations_for_paths_the_longest_counts(path, value):
    assert said(SOME, path) == [("tdm-reservation", each) for each in value]


def test_a_pattern_of_many_stars_reserves_more_and_grants_nothing():
    many = "/a" + "*a" * 30
    found = notices(
        of_tdmrep(json.dumps([{"location": many, "tdm-reservation": each} for each in (1, 0)])), TDMREP, NOW
    )
    assert [(right.value, right.location) for right in found[0].rights] == [("1", "/a*a*a*a*a".ljust(len(many), "*"))]


def test_a_pattern_that_is_cut_keeps_its_precedence(store):
    text = "User-agent: GPTBot\nAllow: /news/2026/\nDisallow: /*n*e*w*s*2*026/0*.html\n"
    assert shut_out(text, "/news/2026/01.html") == [("gptbot", "no")]
    assert (
        shut_out(text + "Allow: /news/2026/01.html/free/and/longer\n", "/news/2026/01.html/free/and/longer")[0][1]
        == "yes"
    )
    long = f"User-agent: GPTBot\nAllow: /{'n' * 90}\nDisallow: /{'n' * 60000}\nDisallow: /{'*n' * 30000}\n"
    url = f"{SITE}/{'n' * 100}"
    found = notices(of_robots_txt(long, "kuaixun"), f"{SITE}/robots.txt", NOW)
    store.save(Visit(url, url, "article", "x", NOW, 200), article=Article(url, "x", "y" * 200, NOW), rights=found)
    assert store.db.execute("SELECT value FROM article_rights").fetchall() == [("no",)]
    assert [row["value"] for row in query.rights(store.db, 1)] == ["no"]


DAYS = [f"/d{n:03d}/" for n in range(250)]


def each_day(line):
    return "".join(f"{line.format(day)}\n" for day in DAYS)


NO = "Content-Signal: ai-train=no\n"
ODD = ", ".join(f"x{chr(97 + n % 26)}{chr(97 + n // 26)}=no" for n in range(400))


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        # What reserves is kept before what grants ...
        ("User-agent: GPTBot\n" + each_day("Allow: {}") + "Disallow: /z\n", "/z/1", "train-bots"),
        (each_day("Content-Usage: {} ai=y") + "Content-Usage: ai=n", "/z", "ai"),
        # ... and what is more than that is said of the whole host, which no grant lifts,
        ("User-agent: GPTBot\nAllow: /d24\n" + each_day("Disallow: {}"), "/d240/1", "train-bots"),
        (each_day("Content-Usage: {} ai=n") + "Content-Usage: bots=n", "/z", "bots"),
        # before what is said to others or is no reservation.
        ("".join(f"User-agent: b{n}\n{NO}" for n in range(250)) + f"User-agent: *\n{NO}", "/z", "ai-train"),
        (each_day("User-agent: b{}") + "User-agent: *\n" + each_day("User-agent: c{}") + NO, "/z", "ai-train"),
        (f"Content-Signal: {ODD}, ai-train=no", "/z", "ai-train"),
    ],
)
def test_no_reservation_is_lost_behind_the_limit(text, path, expected):
    found = notices(of_robots_txt(text, "kuaixun"), f"{SITE}/robots.txt", NOW)
    assert len(found[0].rights) <= 2 * 200 + 2
    reserved = [right for right in holding(found[0], path) if right.value == "no"]
    assert expected in {right.kind for right in reserved if right.applies or right.kind == "train-bots"}


def test_the_limit_counts_patterns_and_not_their_spellings():
    text = "User-agent: GPTBot\n" + "".join(f"Disallow: /新{n}/\n" for n in range(150))
    assert shut_out(text, path_of(resolve(SITE, "/新149/1"))) == [("gptbot", "no")]
    assert shut_out(text, "/z") == []


def test_a_file_of_reservations_has_no_end_that_is_not_read():
    few = [{"location": "/", "tdm-reservation": 0}, *({"location": day, "tdm-reservation": 1} for day in DAYS)]
    assert said([*few, {"location": "/z/", "tdm-reservation": 1}], "/z/1") == [("tdm-reservation", "1")]
    free = [*({"location": day, "tdm-reservation": 0} for day in DAYS), {"location": "/z/", "tdm-reservation": 1}]
    assert said(free, "/z/1") == [("tdm-reservation", "1")]
    assert said(free, "/x/1") == []


@pytest.mark.parametrize(
    ("value", "kept"), [(1.0, ["1"]), ("1.0", ["1"]), (True, ["1"]), (0.0, ["0"]), (1.5, []), (2, [])]
)
def test_a_reservation_is_read_as_a_number_however_it_is_written(value, kept):
    assert said([{"location": "/", "tdm-reservation": value}], "/") == [("tdm-reservation", each) for each in kept]


def test_a_file_that_is_cut_reserves_what_it_said_before_and_then_the_whole_host():
    text = json.dumps([{"location": f"/d{n}/", "tdm-reservation": n % 2} for n in range(5)])
    for end in (len(text) - 1, len(text) - 10, text.rindex("{") + 1):
        (notice,) = notices(of_tdmrep(text[:end]), TDMREP, NOW)
        found = [right.value for path in ("/d3/1", "/z/1", "/d0/1") for right in holding(notice, path)]
        assert found == ["1", "1", "1"]
    assert of_tdmrep(text[: text.index("/d1")])[-1].right.value == "0"
    assert of_tdmrep(f"{text[:-1]}, ]") == of_tdmrep(text)


@pytest.mark.parametrize("text", ["", "<html>no such page</html>", "[1, null]", '{"location": 5}', "[" * 5000, "NaN"])
def test_what_is_no_tdmrep_reserves_nothing(text):
    assert of_tdmrep(text) == ()


@pytest.mark.parametrize(
    ("location", "path", "expected"),
    [
        ("/a", "/ab", True),
        ("/a$", "/ab", False),
        ("/a$", "/a", True),
        ("/*.html$", "/x/y.html", True),
        ("/*.html$", "/x/y.html?z", False),
        ("/a*a$", "/a", False),
        ("*b", "/ab", True),
        ("/x*y*z", "/x-z-y", False),
    ],
)
def test_patterns_are_those_of_robots_txt(location, path, expected):
    assert covers(location, path) is expected


@pytest.mark.parametrize(
    ("pattern", "link"),
    [
        ("/新闻/", "/新闻/1.html"),
        ("/新闻/", "/%e6%96%b0%e9%97%bb/1.html"),
        ("/%e6%96%b0/", "/新/1.html"),
        ("/%e6%96%b0/", "/%e6%96%b0/1.html"),
        ("/%6eews2/*.html$", "/news2/1.html"),
        ("/%7Ea/", "/~a/1.html"),
        ("/*?栏目=新$", "/list?栏目=新"),
        ("/a b{c}`/", "/a%20b{c}`/1.html"),
        ("*/新*.html$", "/x/新闻/1.html"),
        ("/a\\b/", "/a\\b/1.html"),
        ("/100%/", "/100%/1.html"),
        ("/a|b/'c'?d='e'", "/a|b/'c'?d='e'"),
        ("/a$b/", "/a$b/1.html"),
    ],
)
def test_patterns_and_addresses_are_compared_in_one_spelling(store, pattern, link):
    url = resolve(SITE, link)
    text = f"User-agent: GPTBot\nDisallow: {pattern}\nUser-agent: *\nContent-Usage: /other/ train-ai=y\n"
    assert shut_out(text, path_of(url)) == [("gptbot", "no")]
    assert shut_out(text, "/z/1.html") == []
    found = notices(of_robots_txt(text, "kuaixun"), f"{SITE}/robots.txt", NOW)
    store.save(Visit(url, url, "article", "x", NOW, 200), article=Article(url, "x", "y" * 200, NOW), rights=found)
    assert store.db.execute("SELECT DISTINCT kind, value FROM article_rights").fetchall() == [("train-bots", "no")]
    assert [row["kind"] for row in query.rights(store.db, 1)] == ["train-bots"]


def test_what_needs_no_escape_is_compared_without():
    assert shut_out("User-agent: GPTBot\nDisallow: /~a/\n", path_of("http://a.com/%7ea/1")) == [("gptbot", "no")]


def test_of_what_is_no_address_nothing_is_said(store):
    url = "http://[::1"
    store.save(Visit(url, url, "article", "x", NOW, 200), article=Article(url, "x", "y" * 200, NOW))
    assert query.rights(store.db, 1) == []


def test_stars_and_dollars_that_are_escaped_are_themselves():
    assert shut_out("User-agent: GPTBot\nDisallow: /a%2Ab%24\n", path_of("http://a.com/a*b$")) == [("gptbot", "no")]
    assert shut_out("User-agent: GPTBot\nDisallow: /a%2Ab\n", path_of("http://a.com/a-b")) == []


PATTERNS = st.lists(st.sampled_from(["/", "a", "*", "[", "]", "?", "%", "$"]), max_size=6).map("".join)


@given(PATTERNS, PATTERNS.map(lambda path: f"/{path}"))
def test_sql_covers_what_we_do(location, path):
    sql = f"SELECT {covers_in_sql('location', 'path')} FROM (SELECT ? AS location, ? AS path)"
    (found,) = sqlite3.connect(":memory:").execute(sql, (location, path)).fetchone()
    assert bool(found) is covers(location, path)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read_without_an_error(text, other):
    headers = {"x-robots-tag": text, "tdm-reservation": other, "tdm-policy": text, "content-signal": other}
    of_page(headers, [("robots", text), ("tdm-policy", other)], "kuaixun")
    orders(headers, [("robots", f"unavailable_after: {other}")], "kuaixun", NOW)
    notices((*of_robots_txt(text, "kuaixun"), *of_tdmrep(other)), TDMREP, NOW)


# -- in a crawl


@pytest.fixture
def clock():
    return Clock()


def site(web, *numbers, head="", **headers):
    web.add(SITE + "/", listing(*numbers))
    for n in numbers:
        web.add(f"{SITE}/news/{100000 + n}.html", article(n, head=head), **headers)


def evidence(store, where="1"):
    sql = f"select kind, value, via, scope, read_on, article_id from rights where {where} order by id"
    return store.db.execute(sql).fetchall()


def test_the_evidence_stands_beside_the_article_with_the_time_it_was_read(web, store, clock):
    site(web, 1, head='<meta name="robots" content="noai">', tdm_reservation="1")
    web.add(SITE + "/robots.txt", "User-agent: *\nContent-Signal: ai-train=no", content_type="text/plain")
    web.add(TDMREP, json.dumps(WHOLE), content_type="application/json")
    run(web, store, clock)
    assert evidence(store) == [
        ("noai", "yes", "meta", "article", PAGE, 1),
        ("tdm-reservation", "1", "header", "article", PAGE, 1),
        ("ai-train", "no", "robots.txt", "host", SITE + "/robots.txt", None),
        ("tdm-reservation", "1", "tdmrep.json", "host", TDMREP, None),
        ("tdm-policy", "https://news.example/p", "tdmrep.json", "host", TDMREP, None),
    ]
    assert {row[0] for row in store.db.execute("select read_at from rights")} == {"2026-03-20T04:00:00.000+00:00"}
    reserved = {(row["kind"], row["value"]) for row in query.rights(store.db, 1)} & RESERVED["train"]
    assert reserved == {("noai", "yes"), ("tdm-reservation", "1"), ("ai-train", "no")}
    lines = "\n".join(story._lines(query.story(store.db, "1")))
    assert f"id 1 is told ai-train no: robots.txt of {SITE}/robots.txt, since" in lines
    sql = "select kind from article_rights where article_id = 1 and applies order by kind"
    assert [kind for (kind,) in store.db.execute(sql)] == sorted(row[0] for row in evidence(store))


def test_what_stays_is_not_written_again_and_what_changes_keeps_its_history(web, store, clock):
    for head in ("noai", "noai", "nofollow"):
        web.pages.pop(PAGE, None)
        web.pages.pop(SITE + "/", None)
        site(web, 1, head=f'<meta name="robots" content="{head}">')
        run(web, store, clock)
        clock.now += timedelta(hours=24)
    changes = [(kind, value) for kind, value, *_ in evidence(store)]
    assert changes == [("noai", "yes"), ("noai", None), ("nofollow", "yes")]
    first, last = (datetime(2026, 3, day, 4, 30, tzinfo=UTC) for day in (20, 23))
    assert [row["kind"] for row in query.rights(store.db, 1, first)] == ["noai"]
    assert [row["kind"] for row in query.rights(store.db, 1, last)] == ["nofollow"]
    assert query.rights(store.db, 1, first - timedelta(days=1)) == []


def test_each_page_of_a_long_article_is_heard(web, store, clock):
    more = '<div class="pages"><a href="/news/100001_2.html">2</a> <a href="/news/100001_2.html">下一页</a></div>'
    web.add(SITE + "/", listing(1))
    web.add(PAGE, article(1, more=more))
    further = SITE + "/news/100001_2.html"
    web.add(further, article(1).replace("1号报道", "续一号报道"), x_robots_tag="noai")
    run(web, store, clock)
    assert evidence(store) == [("noai", "yes", "header", "article", further, 1)]


def test_what_a_host_says_anew_is_noted_also_when_its_pages_have_not_changed(web, store, clock):
    site(web, 1, etag='"1"')
    run(web, store, clock)
    web.add(SITE + "/robots.txt", "User-agent: *\nContent-Signal: ai-train=no", content_type="text/plain")
    clock.now += timedelta(days=1, minutes=1)
    tally, _ = run(web, store, clock)
    assert tally.not_modified == 1
    assert evidence(store) == [("ai-train", "no", "robots.txt", "host", SITE + "/robots.txt", None)]


def test_a_host_is_asked_for_its_reservations_once_a_day_also_after_a_restart(web, store, clock):
    site(web, 1, 2, 3)
    run(web, store, clock)
    assert web.urls().count(TDMREP) == 1
    clock.now += timedelta(hours=23)
    web.pages.clear()
    site(web, 4, 5)
    run(web, store, clock)
    assert web.urls().count(TDMREP) == 1
    clock.now += timedelta(hours=2)
    web.pages.clear()
    site(web, 6)
    run(web, store, clock)
    assert web.urls().count(TDMREP) == 2


def test_a_host_without_articles_is_not_asked(web, store, clock):
    web.add(SITE + "/", listing(1))
    run(web, store, clock)
    assert TDMREP not in web.urls()


@pytest.mark.parametrize("status", [404, 403, 500, 301])
def test_an_article_is_stored_whatever_becomes_of_the_reservations(web, store, clock, status):
    site(web, 1, 2)
    web.add(TDMREP, "", status, location="http://10.0.0.1/")
    run(web, store, clock)
    assert len(store.db.execute("select 1 from articles").fetchall()) == 2
    assert web.urls().count(TDMREP) == 1
    assert evidence(store) == []


def test_robots_txt_holds_for_the_reservations_too(web, store, clock):
    site(web, 1)
    web.add(SITE + "/robots.txt", "User-agent: *\nDisallow: /.well-known/", content_type="text/plain")
    run(web, store, clock)
    assert TDMREP not in web.urls()
    assert pages(web) == ["/", "/news/100001.html"]
    assert len(store.db.execute("select 1 from articles").fetchall()) == 1


def test_the_name_that_the_user_gives_is_the_one_that_is_obeyed(web, store, clock):
    site(web, 1, x_robots_tag="mybot: noindex")
    run(web, store, clock, settings=Settings(delay=0, user_agent="MyBot/1.0"))
    assert store.db.execute("select count(*) from articles").fetchone() == (0,)


def test_lines_of_a_header_are_not_mixed_up(web, store, clock):
    """`otherbot: nofollow` and `noindex` as two headers are not one line that is all for the other one."""

    def answer(request):
        headers = [("content-type", "text/html"), ("x-robots-tag", "otherbot: nofollow"), ("x-robots-tag", "noindex")]
        known = {"/": listing(1).encode(), "/news/100001.html": article(1).encode()}
        body = known.get(request.url.path)
        return httpx.Response(200 if body else 404, headers=headers if "news" in request.url.path else {}, content=body)

    async def go():
        async with Fetcher(Settings(delay=0), transport=httpx.MockTransport(answer), clock=clock) as fetcher:
            sources = (Source("news", (SITE + "/",)),)
            return await crawl(Settings(delay=0), sources, store, fetcher=fetcher, clock=clock, sleep=clock.sleep)

    assert asyncio.run(go()).new == 0


def test_links_of_a_page_or_a_sitemap_whose_header_says_nofollow_are_not_followed(web, store, clock):
    web.add(SITE + "/", listing(1), x_robots_tag="nofollow")
    web.add(SITE + "/robots.txt", f"Sitemap: {SITE}/sitemap.xml", content_type="text/plain")
    locs = f"<url><loc>{PAGE}</loc></url>"
    web.add(SITE + "/sitemap.xml", f"<urlset>{locs}</urlset>", content_type="text/xml", x_robots_tag="nofollow")
    run(web, store, clock)
    assert sorted(pages(web)) == ["/", "/sitemap.xml"]


def test_the_queries_of_the_documentation_run_and_leave_out_what_is_reserved(web, store, clock):
    site(web, 1, head='<meta name="robots" content="noai">')
    web.add(SITE + "/news/100002.html", article(2))
    web.pages[SITE + "/"].clear()
    web.add(SITE + "/", listing(1, 2))
    run(web, store, clock)
    text = (Path(__file__).parent.parent / "docs" / "rights.md").read_text(encoding="utf-8")
    said, _, unreserved = text.partition("```sql\n")[2].partition("```")[0].strip().split(";\n")
    assert [row[1:3] for row in store.db.execute(said)] == [("noai", "yes")]
    assert [url for _, url in store.db.execute(unreserved)] == [SITE + "/news/100002.html"]
