"""What the pages of `serve` decide, without any database: states, stored text, differences, lists, pictures, words."""

from __future__ import annotations

import json
import random
import re
import string
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("jinja2", reason="Datasette is not installed: pip install 'kuaixun[serve]'")

from crawler.web import changes, feed, origin, pages, pictures, safe, state, words
from crawler.web.glosses import glossed
from storage.archive import Archive, Fetched, Kept
from storage.browse import Brief, Window
from tests.attacks import ATTACKS, BAD_URLS, REACHING

NOW = datetime(2026, 3, 21, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def read(query):
    return state.read(query, NOW)


# -- the state of a page


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=%E5%82%A8%E8%83%BD&site=a&ads=1&order=best",
        "day=2026-03-20&section=%E8%B4%A2%E7%BB%8F&language=zh-Hans&lang=en",
        "before=2026-03-20T08%3A00%3A00.000Z%2C12",
        "q=x&before=12&as_of=2026-03-20T08%3A00%3A00%2B08%3A00",
    ],
)
def test_a_state_has_an_address_that_asks_for_it_again(query):
    asked = read(query)
    assert read(asked.address("/").removeprefix("/").removeprefix("?")) == asked


@pytest.mark.parametrize(
    ("query", "key", "why"),
    [
        ("as_of=2026-03-20T08:00", "as_of", "no_zone"),
        ("as_of=yesterday", "as_of", "no_time"),
        ("as_of=0001-01-01T00:00%2B14:00", "as_of", "no_time"),
        ("as_of=2026-03-22T00:00Z", "as_of", "to_come"),
        ("day=2026-02-30", "day", "no_day"),
        ("day=20260320", "day", "no_day"),
        ("ads=yes", "ads", "no_choice"),
        ("lang=xx", "lang", "no_choice"),
        ("before=1%20OR%201", "before", "no_place"),
        ("before=%D9%A1", "before", "no_place"),
        ("before=%D9%A2026-03-20T08:00:00.000Z,1", "before", "no_place"),
        ("before=9999-99-99T99:99:99.999Z,1", "before", "no_place"),
        (f"q={'x' * 201}", "q", "too_long"),
        ("&".join("a=1" for _ in range(50)), "?", "too_long"),
    ],
)
def test_what_cannot_be_asked_for_is_named(query, key, why):
    with pytest.raises(state.BadState) as error:
        read(query)
    assert (error.value.key, error.value.why) == (key, why)
    assert all(error.value.why in words.table() for _ in "1")


def test_of_what_is_given_twice_the_first_counts():
    assert (read("q=a&q=b&lang=en&lang=zh").q, state.arguments("lang=en&lang=zh")["lang"]) == ("a", "en")


def test_a_plus_that_became_a_blank_is_still_an_offset():
    assert read("as_of=2026-03-20T08:00+08:00").as_of == datetime(2026, 3, 20, tzinfo=UTC)


def test_a_day_lies_in_the_zone_of_the_pages():
    assert state.bounds("2026-03-20", ZONE) == ("2026-03-19T16:00:00.000+00:00", "2026-03-20T16:00:00.000+00:00")
    assert pages.day_in(ZONE)("2026-03-19T16:00:00.000+00:00") == "2026-03-20"


# -- stored text


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_title_is_one_short_line_without_what_cannot_be_seen(attack):
    shown = safe.title(attack)
    assert len(shown) <= safe.LONGEST_TITLE
    assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", shown)


@pytest.mark.parametrize(
    "text", ["\u3164", "\u115f\u1160 \uffa0", "\u2800", " \u200b\u2060\u3164\u115f", "\U000e0041\ufe0f"]
)
def test_what_cannot_be_seen_is_no_title(text):
    assert safe.title(text) == safe.title(text * 200) == ""
    assert safe.title(f"{text}储能") and pages.item(row_of(title=text))["title_pieces"] == [("46", False)]


def row_of(**values):
    told = dict.fromkeys(("key", "copies", "sites", "published_at", "published_flag", "is_ad", "copy_of", "source"))
    return {**told, "id": 46, "told_at": "2026-03-20T08:00:00.000+00:00", "url": "http://a/", "lang": "zh", **values}


@pytest.mark.parametrize("show", [safe.title, safe.body])
def test_no_more_characters_pile_up_than_a_script_has(show):
    some = "".join(map(chr, range(0x300, 0x350)))
    assert show(f"Z{some}a") == f"Z{some[: safe.MOST_COMBINING]}a"
    assert show("a" + "\u0301\u200d" * 20).count("\u0301") == safe.MOST_COMBINING
    usual = "नमस्ते, शक्तिशाली… ที่นี่ “e\u0302\u0301” בְּרֵאשִׁ֖ית 👩🏽\ufe0f‼️⁉️ ——————……！！！《》"
    assert show(usual) == usual


@pytest.mark.parametrize(
    "url",
    [*BAD_URLS, "", "http://", "http:///x", "http://a@b/", "http://a/ b", "http://a\\@b/", "ftp://a/", "http://[x/"],
)
def test_what_is_no_address_of_the_web_is_no_link(url):
    assert safe.link(url) == ""


def test_an_address_of_the_web_is_a_link_as_it_stands():
    assert safe.link("https://a.example/储能?x=1&y='\"") == "https://a.example/储能?x=1&y='\""


def test_only_words_between_our_marks_are_marked():
    left, right = safe.MARKS
    assert list(safe.pieces(f"a{left}b{right}c{left}")) == [("a", False), ("b", True), ("c", False)]
    assert safe.body(f"x{left}y{right}") == "xy"


def test_half_of_a_surrogate_pair_can_be_sent():
    assert safe.body("a\ud800b").encode() and safe.title("a\udfffb").encode()


def test_no_text_makes_a_page_of_megabytes():
    for text in ("x\n" * 2_500_000, "五兆，" * 1_700_000):
        shown, is_cut = safe.paragraphs(text)
        assert (len(shown) <= safe.MOST_PARAGRAPHS, sum(map(len, shown)) <= safe.LONGEST_TEXT, is_cut) == (True,) * 3
    assert safe.paragraphs("一\n\n二 ") == (["一", "二"], False) and safe.paragraphs(None) == ([], False)


def test_a_damaged_archive_has_no_page(tmp_path):
    url = "http://a.example/"
    with Archive(tmp_path / "a.pages") as archive:
        archive.add(Fetched(url, url, NOW, 200, {}, b"page" * 999, "a"))
        (kept,) = archive.pages()
    whole = (tmp_path / "a.pages").read_bytes()
    asked = tmp_path / "a.pages", [url], kept.sha256
    assert origin.original(*asked)
    first = int.from_bytes(whole[16:18], "big")  # of SQLite's pages: the tables are known, and nothing of them is left
    (tmp_path / "a.pages").write_bytes(whole[:first] + b"\x5a" * (len(whole) - first))
    assert origin.original(*asked) is None


@pytest.mark.parametrize("attack", [*ATTACKS, *REACHING])
def test_a_page_that_is_shown_raw_has_no_element_that_reaches_out(attack):
    url = "http://a.example/"
    page = origin.Original(Kept(1, url, url, NOW, 200, {"content-type": "text/html"}, ""), attack.encode())
    assert not re.search(r"<(link|base|meta|i?frame|frameset|object|embed)\b", origin.shown(page), re.I)


# -- what differs


def test_what_differs_gives_both_texts():
    dice = random.Random(1)
    for _ in range(200):
        one = "".join(dice.choices("储能电站央行" + string.ascii_lowercase, k=dice.randrange(120)))
        other = list(one)
        for _ in range(dice.randrange(6)):
            place = dice.randrange(len(other) + 1)
            other[place : place + dice.randrange(9)] = dice.choices("稀土出口xyz", k=dice.randrange(9))
        parts = changes.changes(one, "".join(other))
        assert "".join(part.text for part in parts if part.how != "new") == one
        assert "".join(part.text for part in parts if part.how != "gone") == "".join(other)


def test_a_changed_word_is_all_that_differs():
    one, other = "中国人民银行今天宣布下调存款准备金率半个百分点", "中国人民银行昨天宣布下调存款准备金率一个百分点"
    assert [part for part in changes.changes(one, other) if part.how != "same"] == [
        ("gone", "今"),
        ("new", "昨"),
        ("gone", "半"),
        ("new", "一"),
    ]


def test_long_equal_passages_are_cut_and_nothing_that_differs_is():
    parts = changes.changes("头" + "甲乙丙丁戊" * 99, "尾" + "甲乙丙丁戊" * 99)
    short = changes.shortened(parts)
    assert [part.how for part in short] == ["gone", "new", "same", "cut"]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["ab" * 20_000, "a" * 40_000, "".join(random.Random(2).choices("ab", k=40_000))])
def test_no_two_texts_take_long_to_compare(text):
    import time

    begun = time.process_time()
    changes.changes(text, text[::-1])
    changes.changes(text, text[1:] + "x")
    assert time.process_time() - begun < 3


def test_very_many_changes_are_not_all_shown():
    texts = ["".join(chr(0x4E00 + (j * 7 * (n + 1)) % 5000) for j in range(30_000)) for n in range(6)]
    rows = [{"title": "题", "text": text, "revision": n} for n, text in enumerate(texts, 1)]
    found = pages.versions(rows[-1], rows[:-1])
    assert [row["revision"] for row in found] == [5, 4, 3, 2, 1]
    assert [row["difference"] is not None for row in found] == [True, True, False, False, False]


# -- lists


def brief(number, **values):
    told = {"told_at": "2026-03-20T08:00:00.000+00:00", "site": "a", "source": "s", "section": "", "lang": "zh"}
    return Brief(**{"id": number, **told, "is_ad": 0, "copy_of": None, **values})


def listed(briefs, query="", whole=True):
    return pages.listing(Window(briefs, whole), read(query), pages.day_in(ZONE))


def test_copies_and_advertising_are_not_listed_and_not_counted():
    found = listed([brief(3, is_ad=1), brief(2, copy_of=1), brief(1)])
    assert (found.ids, found.facets["site"]) == ([1], [("a", 1, False)])
    assert listed([brief(3, is_ad=1), brief(1)], "ads=1").ids == [3, 1]


def test_a_copy_stands_for_its_story_where_what_is_asked_for_is_true_of_it_alone():
    some = [brief(5, copy_of=1, site="b"), brief(4, copy_of=1, site="b"), brief(3), brief(1, site="a")]
    assert listed(some).ids == [3, 1]
    assert listed(some, "site=b").ids == [4]  # once
    assert listed(some, "site=a").ids == [3, 1]
    assert listed(some, "q=x").ids == [3, 1]
    assert listed(some[:3], "q=x").ids == [4, 3]
    assert listed([*some[3:], *some[:3]], "q=x").ids == [1, 3]  # the first is shown, wherever it stands
    assert listed(some[:3], "q=x&order=best").ids == [5, 3]
    assert {choice.value: choice.number for choice in listed(some).facets["site"]} == {"a": 2, "b": 1}
    assert listed([brief(4, copy_of=4)], "q=x").ids == []  # how far was looked


def test_a_facet_leads_to_a_page_however_long_its_value():
    some = [brief(1, section="x" * 260), brief(2, section="y" * 2001)]
    (choice,) = listed(some).facets["section"]
    assert listed(some, state.State(section=choice.value).address("/").partition("?")[2]).ids == [1]


def test_a_facet_counts_what_choosing_it_would_list():
    some = [brief(n, site="ab"[n % 2], lang=("zh", "en")[n % 3 == 0]) for n in range(20, 0, -1)]
    some += [brief(100 + n, site="ba"[n % 2], lang=("zh", "en")[n % 2], copy_of=n) for n in range(1, 21, 3)]
    found = listed(some, "site=a")
    assert len(found.ids) == len(set(found.ids)) > 10
    for key, query in (("site", "site"), ("language", "language")):
        for value, number, _ in found.facets[key]:
            there = listed(some, f"site=a&{query}={value}" if key != "site" else f"site={value}")
            assert (key, value, len(there.ids)) == (key, value, number)


def test_pages_follow_each_other_without_a_break():
    some = [brief(n) for n in range(70, 0, -1)]
    first = listed(some)
    assert first.ids == list(range(70, 40, -1))
    after = read(f"before={first.before.replace(',', '%2C')}").place
    assert after == (some[0].told_at, 41)


def test_best_matches_go_on_where_the_page_before_ended():
    some = [brief(n) for n in range(70)]
    assert listed(some, "q=x&order=best").ids == list(range(30))
    assert listed(some, "q=x&order=best&before=30").ids == list(range(30, 60))
    assert listed(some, "q=x&order=best&before=60").ids == list(range(60, 70))
    assert [listed(some, f"q=x&order=best&before={at}").before for at in ("", "30-69", "30-50")] == [
        "30-69",
        "60-69",
        "60-50",
    ]
    assert (read("q=x&order=best&before=30-69").last, read("q=x&order=best&before=30").last) == (69, 0)


def test_a_window_without_a_whole_page_says_how_far_it_reaches():
    found = listed([brief(n, site="b") for n in range(9, 0, -1)], "site=a", whole=False)
    assert (found.ids, found.looked, found.before) == ([], False, "2026-03-20T08:00:00.000Z,1")


# -- feeds


def test_a_corrected_article_is_an_entry_that_was_updated():
    seen, revised = "2026-03-20T08:00:00.000+00:00", "2026-03-20T09:00:00.000+00:00"
    card = {"id": 1, "url": "http://a.example/", "title": "储能", "source": "", "site": "a", "lang": "zh"}
    card |= {"published_at": None, "published_flag": None, "first_seen_at": seen, "revised_at": None}
    entries = [feed.entry({**card, "revised_at": at}, "正文") for at in (None, revised)]
    told = json.loads(feed.as_json(entries, state.State(), "快讯", "http://localhost", words.words("zh")))
    times = [(item["date_published"], item["date_modified"]) for item in told["items"]]
    assert times == [("2026-03-20T08:00:00Z", "2026-03-20T08:00:00Z"), ("2026-03-20T08:00:00Z", "2026-03-20T09:00:00Z")]
    atom = feed.atom(entries, state.State(), "快讯", "http://localhost", words.words("zh"))
    assert re.findall("<updated>(.*?)Z</updated>", atom) == [f"2026-03-20T{at}:00:00" for at in ("09", "08", "09")]


def test_an_entry_of_a_feed_has_only_so_much_text():
    card = {"id": 1, "url": "http://a.example/", "title": "储能", "source": "", "site": "a", "lang": "zh"}
    card |= dict.fromkeys(("published_at", "published_flag", "revised_at"))
    entry = feed.entry({**card, "first_seen_at": "2026-03-20T08:00:00.000+00:00"}, "文" * 5_000_000)
    assert (len(entry["text"]), entry["text"][-1]) == (feed.LONGEST + 1, "…")


# -- the rest


def test_the_highest_bar_is_as_high_as_its_picture_and_nothing_known_is_no_bar():
    drawn = pictures.bars([0, None, 5, 10, 0.001])
    assert [bar.height for bar in drawn.bars] == [0, 0, 20, 40, 1]


def test_every_word_has_both_languages_and_the_same_gaps():
    for name, each in words.table().items():
        assert (name, len(each), all(each)) == (name, 2, True)
        assert (name, *map(sorted, (re.findall(r"\{\w+\}", one) for one in each[:1]))) == (
            name,
            *map(sorted, (re.findall(r"\{\w+\}", one) for one in each[1:])),
        )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("line 3, beside the time: 甲报 {x}", "第 3 行，时间旁边：甲报 {x}"),
        (
            "in the future, not used; line 7: 2031-01-01; zone: no zone stated",
            "在将来，不采用；第 7 行：2031-01-01；时区：没有写明时区",
        ),
        ("98% of the shorter text", "较短一篇的 98%"),
        ("its host was left alone: status 503 (Service Unavailable)", "暂不访问该主机：状态码 503"),
        ("nobody knows this", "nobody knows this"),
    ],
)
def test_a_reason_is_told_in_the_language_of_the_reader(told, expected):
    assert glossed(told, words.words("zh")) == expected
    assert glossed(told, words.words("en")) == told


@pytest.mark.parametrize(
    ("accept", "language"),
    [("", "zh"), ("en-GB,en;q=0.9", "en"), ("fr,zh-TW;q=0.8,en;q=0.5", "zh"), ("de;q=x,en;q=0.1", "en"), ("*", "zh")],
)
def test_the_language_is_the_one_that_the_browser_would_rather_have(accept, language):
    assert words.preferred(accept) == language
