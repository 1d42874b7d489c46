"""The rows of a data set: every field, what is left out and why, and that a past time gives what it gave then."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.extract import columns
from storage import dataset, history, open_store, query
from storage.mentions import Finder
from storage.records import Article, Notice, Right, Visit
from tests import test_as_of

T0 = datetime(2026, 3, 19, 13, 44, tzinfo=UTC)
CHINA = datetime.fromisoformat("2026-03-19T21:30:00+08:00")
TEXT = "储能电站在当日投运，公司称全年产能将达到五十吉瓦时，较上年增长近三成。" * 8


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock(T0)


@pytest.fixture
def full(clock):
    """An empty database with the columns that a crawl gives it."""
    with open_store(Path(":memory:"), fields=columns(), clock=clock) as store:
        yield store


def put(store, url, title="储能电站投运", text=TEXT, *, at=T0, rights=(), host_rights=(), **more):
    """Store one article with what was said about its use."""
    article = Article(url, title, text, at, **more)
    host = url.split("/")[2]
    notices = (
        Notice(url, "article", at, tuple(rights)),
        Notice(f"https://{host}/robots.txt", "host", at, tuple(host_rights)),
    )
    return store.save(Visit(url, url, "article", "s", at, 200), article=article, rights=notices)


def taken(store, **options):
    return list(dataset.rows(store.db, **options))


def test_a_row_has_exactly_the_fields_in_their_order(full):
    put(full, "https://a.example/1.html")
    (row,) = taken(full)
    assert list(row) == list(dataset.FIELDS)


def test_a_row_says_what_was_stored(full):
    extra = {"published_precision": "minute", "paywalled": True, "section": "要闻", "keywords": ["储能", "电站"]}
    more = {"author": "张三", "source": "财讯网", "lang": "zh-Hant", "published_at": CHINA}
    put(full, "https://a.example/1.html", extra=extra, **more)
    (row,) = taken(full)
    told = {name: row[name] for name in ("published_at", "published_offset", "paywalled", "keywords", "section")}
    assert told == {
        "published_at": CHINA, "published_offset": 480, "paywalled": True, "keywords": ["储能", "电站"],
        "section": "要闻",
    }  # fmt: skip
    assert (row["language"], row["script"], row["first_seen_at"]) == ("zh", "Hant", T0)
    assert row["text_sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert (row["is_first"], row["copies_so_far"], row["story_first_seen_at"]) == (True, 0, T0)


@pytest.mark.parametrize(
    ("score", "extra", "text", "kind"),
    [
        (0.9, {}, TEXT, "ad"),
        (0.0, {"kind": "announcement"}, TEXT, "announcement"),
        (0.0, {}, TEXT, "article"),
        (0.0, {}, "央行降准。", "flash"),
    ],
)
def test_kinds(full, score, extra, text, kind):
    put(full, "https://a.example/1.html", text=text, ad_score=score, extra=extra)
    assert [row["kind"] for row in taken(full, ads=True)] == [kind]


def test_the_script_is_that_of_the_language_where_it_has_one(full):
    told = {"en": "Latn", "vi": "Latn", "hi": "Deva", "uk": "Cyrl", "fa": "Arab", "zh": "Hani", "sr": None, "xx": None}
    for number, name in enumerate(told):
        put(full, f"https://a.example/{number}.html", f"标题{number}", f"{number}号公司", lang=name)
    assert {row["language"]: row["script"] for row in taken(full, copies=True)} == told


def test_a_copy_shares_the_story_of_the_first(full):
    put(full, "https://a.example/1.html")
    put(full, "https://b.example/2.html", at=T0 + timedelta(hours=1))
    first, copy = taken(full, copies=True)
    assert first["story_id"] == copy["story_id"] and len(copy["story_id"]) == 16
    assert (first["is_first"], copy["is_first"], copy["copies_so_far"], copy["sites_so_far"]) == (True, False, 1, 2)
    assert copy["story_first_seen_at"] == T0


NOAI = Right("noai", "yes", "meta")
SIGNAL = Right("ai-train", "no", "robots.txt")
RESERVING = (
    (NOAI, "noai=yes (meta)"),
    (Right("tdm-reservation", "1", "header"), "tdm-reservation=1 (header)"),
    (Right("train-ai", "no", "header"), "train-ai=no (header)"),
    (Right("train-bots", "no", "robots.txt", "ccbot gptbot", False), "train-bots=no (robots.txt)"),
)


@pytest.mark.parametrize(("right", "reason"), RESERVING)
def test_what_is_reserved_against_training_is_left_out_and_counted(full, right, reason):
    put(full, "https://a.example/1.html", rights=[right])
    put(full, "https://b.example/2.html", "另一条", "别的消息，与前一条无关。" * 20)
    left_out, evidence = Counter(), []
    rows = taken(full, purpose="train", left_out=left_out, told=evidence.append)
    assert [row["url"] for row in rows] == ["https://b.example/2.html"]
    assert left_out == {reason: 1}
    assert (evidence[0]["url"], evidence[0]["rights"][0]["read_on"]) == ("https://a.example/1.html",) * 2
    assert len(taken(full, purpose="archive")) == len(taken(full, purpose="search")) == 2


def test_what_a_host_reserves_holds_for_all_its_articles_and_no_others(full):
    put(full, "https://a.example/1.html", host_rights=[SIGNAL], rights=[NOAI])
    put(full, "https://a.example/2.html", "另一条", "别的消息，与前一条无关。" * 20, host_rights=[SIGNAL])
    put(full, "https://b.example/3.html", "第三条", "再一则消息，与前两条都无关。" * 20)
    left_out = Counter()
    assert [row["id"] for row in taken(full, purpose="train", left_out=left_out)] == [3]
    assert left_out == {"ai-train=no (robots.txt) + noai=yes (meta)": 1, "ai-train=no (robots.txt)": 1}
    assert [len(row["rights"]) for row in taken(full)] == [2, 1, 0]


def test_an_exception_for_some_paths_leaves_the_rest_reserved(full):
    """Of articles that are there already too, and an exception that comes to an end ends for all."""
    free = Right("ai-train", "yes", "robots.txt", location="/free/")
    put(full, "https://a.example/1.html", host_rights=[SIGNAL])
    put(full, "https://a.example/free/2.html", "另一条", "别的消息，与前一条无关。" * 20, host_rights=[SIGNAL])
    assert taken(full, purpose="train") == []
    put(full, "https://a.example/3.html", "第三条", "再一则消息，与前两条都无关。" * 20, host_rights=[SIGNAL, free])
    (row,) = taken(full, purpose="train")
    assert (row["url"], [each["value"] for each in row["rights"]]) == ("https://a.example/free/2.html", ["yes"])
    told = "SELECT article_id, value FROM article_rights ORDER BY 1"
    assert full.db.conn.execute(told).fetchall() == [(1, "no"), (2, "yes"), (3, "no")]
    assert [query.rights(full.db, number)[0]["value"] for number in (1, 2, 3)] == ["no", "yes", "no"]
    put(full, "https://a.example/4.html", "第四条", "又一则消息，说的是黄金的价格。" * 20, host_rights=[SIGNAL])
    assert taken(full, purpose="train") == []


def test_what_is_said_to_others_or_no_longer_said_reserves_nothing(full):
    put(full, "https://a.example/1.html", rights=[Right("noai", "yes", "header", "otherbot", False)])
    put(full, "https://b.example/2.html", "另一条", "别的消息，与前一条无关。" * 20, rights=[NOAI])
    put(full, "https://b.example/2.html", "另一条", "别的消息，与前一条无关。" * 20, at=T0 + timedelta(days=1))
    assert [row["id"] for row in taken(full, purpose="train")] == [1, 2]


def test_copies_and_advertising_are_counted_once(full):
    put(full, "https://a.example/1.html")
    put(full, "https://b.example/2.html")
    put(full, "https://c.example/3.html", ad_score=0.9)
    put(full, "https://d.example/4.html", "广告", "开户即送大礼包，" * 30, ad_score=0.9)
    for options in ({}, {"ads": True}, {"copies": True}, {"ads": True, "copies": True}):
        left_out = Counter()
        assert len(taken(full, left_out=left_out, **options)) + left_out.total() == 4


def test_conditions_and_words_select(full):
    put(full, "https://a.example/1.html")
    put(full, "https://b.example/2.html", "稀土出口", "海关总署公布稀土出口数据。" * 20)
    assert [row["id"] for row in taken(full, where="site = ? -- which", params=("b.example",))] == [2]
    assert [row["id"] for row in taken(full, search="储能 电站")] == [1]
    assert [row["id"] for row in taken(full, search="稀土", where="id = 1")] == []
    assert taken(full, search="，") == []


def test_the_times_are_those_of_the_rows(full):
    put(full, "https://a.example/1.html", rights=[NOAI])
    put(full, "https://b.example/2.html", "稀土出口", "海关总署公布稀土出口数据。" * 20, at=T0 + timedelta(hours=2))
    for options in ({}, {"purpose": "train"}, {"search": "稀土"}, {"where": "id = 1"}):
        times = list(dataset.times(full.db, **options))
        assert times == [row["first_seen_at"] for row in taken(full, **options)]


def test_a_past_time_gives_the_rows_of_then(full, clock):
    put(full, "https://a.example/1.html")
    then, at = taken(full, copies=True), clock.now
    clock.now += timedelta(hours=1)
    put(full, "https://a.example/1.html", text=TEXT + "更新。", at=clock.now, rights=[NOAI])
    put(full, "https://b.example/2.html", at=clock.now)
    assert taken(full, copies=True) != then
    history.travel(full.db.conn, at)
    assert taken(full, copies=True, purpose="train") == then


def test_mentions_and_sessions_are_those_of_title_and_text(full):
    put(full, "https://a.example/1.html", "贵州茅台涨停", "深发展（000001）同日公告。" * 3, published_at=CHINA)
    asked = []

    class Hours:
        def stamps(self, at, codes):
            asked.append((at, set(codes)))
            return [{"market": "XSHE"}]

    (row,) = taken(full, mentions=Finder(), markets=Hours())
    assert [(each["field"], each["code"]) for each in row["mentions"][:2]] == [
        ("title", "600519.SH"), ("text", "000001.SZ"),
    ]  # fmt: skip
    assert (asked, row["sessions"]) == ([(T0, {"600519.SH", "000001.SZ"})], [{"market": "XSHE"}])


def test_rows_of_a_database_without_the_added_columns(store):
    put(store, "https://a.example/1.html")
    (row,) = taken(store)
    assert (row["charset"], row["truncated"], row["kind"], row["rules"]) == (None, None, "article", None)


def test_words_select_the_past_by_what_was_written_then(full, clock):
    put(full, "https://a.example/1.html")
    at = clock.now
    clock.now += timedelta(hours=1)
    put(full, "https://a.example/1.html", "换了标题", "完全不同的一则消息。" * 20, at=clock.now)
    assert taken(full, search="储能") == []
    history.travel(full.db.conn, at)
    assert [row["title"] for row in taken(full, search="储能")] == ["储能电站投运"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_rows_of_any_past_time_are_those_that_were_given_then(monkeypatch, tmp_path, seed):
    """A site that lives for a while (see `test_as_of`), asked at times in between and again at the end."""
    recorded = []

    class Asker(test_as_of.Observer):
        def look(self, at):
            self.clock.now, back = at, self.clock.now
            recorded.append((at, then(at)))
            self.clock.now = back

    def then(at, *, travelled=False):
        with open_store(Path("then.db"), readonly=True) as store:
            if travelled:
                history.travel(store.db.conn, at)
            everything = {"ads": True, "copies": True, "mentions": Finder()}
            return taken(store, **everything), taken(store, search="储能", purpose="train")

    monkeypatch.setattr(test_as_of, "Observer", Asker)
    test_as_of.played(monkeypatch, tmp_path, seed=seed, steps=15, looks=6)
    assert len(recorded) >= 70
    assert [at for at, rows in recorded if then(at, travelled=True) != rows] == []
