"""The archive read again: what changes is said first, written only when asked, and nothing is overwritten."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from config import Settings, Source
from crawler import reextract, rules
from crawler.cli import cli
from crawler.compare import Report, Sample, differences, sample, suspicion
from crawler.console import CONFIG, STORAGE
from crawler.extract import columns
from crawler.pool import Pool
from crawler.reextract import NO_PAGE, Reextraction
from crawler.reread import reader
from storage import history, open_as, open_store, query
from storage.archive import Archive
from storage.digest import content_hash
from storage.pair import beside
from storage.rewrite import Rewriter
from storage.shelf import Shelf
from tests.conftest import Web
from tests.small_pages import story
from tests.test_crawl import SITE, Clock, run
from tests.test_import import Desk, empty, killed_within, page, write
from tests.test_layout import reachable, room

PLAIN = Source("news", (SITE + "/",))
# Rules of the site's own, as a person writes them after a look at what was stored.
SIGNED = replace(PLAIN, select={"author": ".who"})
SHORTER = replace(PLAIN, drop=(".last",))
WHO = "<p class=last>东乡水利站值班员李四说，渠道两边已经装上围栏，提醒村民不要靠近。</p>"


def url(number: int) -> str:
    return f"{SITE}/news/{100000 + number}.html"


def article(number: int, *, who: str = "王小明", meta: str = "2026-03-20 10:00") -> str:
    """An article that names somebody where only a selector looks, with a paragraph that a selector drops."""
    signed = f"<i class=who>{who}</i>" if who else ""
    return page(number, meta=f"<span>{meta}</span>{signed}", tail=WHO)


class Place:
    """A database with its archive, filled by a crawl, and read again in this process."""

    def __init__(self, folder: Path):
        folder.mkdir(exist_ok=True)
        self.path, self.clock, self.web = folder / "k.db", Clock(), Web()
        if not self.path.exists():
            self.path.write_bytes(empty())

    def crawl(self, *numbers: int, hours: float = 0, sources: tuple[Source, ...] = (PLAIN,), **parts: str) -> None:
        """Serve these articles, and crawl."""
        links = "".join(f'<li><a href="{url(n)}">青川水库启动春灌放水{n}</a></li>' for n in numbers)
        self.web.pages[SITE + "/"] = []
        self.web.add(SITE + "/", f"<ul>{links}</ul>")
        for number in numbers:
            self.web.pages[url(number)] = []
            self.web.add(url(number), article(number, **parts))
        self.again(hours=hours, sources=sources)

    def again(self, *, hours: float = 0, sources: tuple[Source, ...] = (PLAIN,)) -> None:
        """Crawl what is due."""
        self.clock.now += timedelta(hours=hours)
        with open_store(self.path, fields=columns(), clock=self.clock) as store:
            run(self.web, store, self.clock, sources=sources)

    def reread(self, rules: Source = PLAIN, *, apply: bool = False, stop_after: int = 0, **options) -> Reextraction:
        """Read everything again; `stop_after` as many articles the process dies."""
        with (
            open_as(Rewriter, self.path, fields=columns(), clock=self.clock) as store,
            Archive(beside(self.path), readonly=True) as archive,
            Shelf(archive) as shelf,
            Pool(reader, Settings(), (rules,), beside(self.path), workers=0) as pool,
        ):
            work = Reextraction(store.db, shelf, pool, Report(), settings=Settings(), sources=(rules,))
            for name, value in options.items():
                setattr(work, name, value)
            work.told = lambda done: stop(done, stop_after)
            work.run(store.rewrite if apply else None)
        return work

    def rows(self, sql: str) -> list[tuple]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(sql).fetchall()

    def hash(self) -> str:
        with open_store(self.path, readonly=True) as store:
            return content_hash(store.db)

    def dump(self) -> list[str]:
        with closing(sqlite3.connect(self.path)) as db:
            return list(db.iterdump())


class Stop(Exception):
    """The process is killed."""


def stop(done: int, after: int) -> None:
    if done == after:
        raise Stop


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


# -- the version of the rules


def test_the_version_of_the_rules_hashes_every_room_that_reads_a_page():
    rooms = {
        room(name) for start in ("extract", "decode") for name in {*reachable(f"crawler.{start}"), f"crawler.{start}"}
    }
    reading = {name.removeprefix("crawler.") for name in rooms if name.startswith("crawler.")} - {"page"}
    assert reading <= set(rules.ROOMS)


def test_the_rules_of_a_source_of_its_own_are_another_version():
    versions = [rules.version(source) for source in (PLAIN, SIGNED, SHORTER, replace(PLAIN, name="other"))]
    assert len(set(versions)) == 3 and versions[0] == versions[3]
    assert versions[1].startswith(versions[0] + ".")


# -- what differs


def test_each_field_is_unchanged_changed_lost_or_gained():
    stored = {"title": "甲", "author": "王", "editor": None, "source": "报", "lang": None}
    found = {"title": "甲", "author": "李", "editor": "赵", "source": None, "lang": ""}
    assert differences(stored, found) == {
        "title": "unchanged",
        "author": "changed",
        "editor": "gained",
        "source": "lost",
    }


def test_the_worse_a_change_looks_the_more_suspicious_it_is():
    text = "第一段。\n第二段。\n第三段。"
    changes = [
        ({"author": None}, {"author": "王"}),
        ({"author": "王"}, {"author": "李"}),
        ({"text": text}, {"text": text + "\n第四段。"}),
        ({"author": "王"}, {"author": None}),
        ({"title": "甲"}, {"title": "乙"}),
        ({"published_at": "2026-03-20T10:00+08:00"}, {"published_at": None}),
        ({"text": text}, {"text": "第一段。"}),
        ({"text": text}, {"text": None}),
    ]
    scores = [suspicion(*change, differences(*change)) for change in changes]
    assert scores == sorted(scores) and scores[0] > 0


def test_only_the_worst_changes_are_kept_worst_first():
    report = Report(most=3)
    for number in range(20):
        stored, found = {"title": str(number), "author": "a" if number % 7 == 0 else None}, {"title": "b"}
        kinds = differences(stored, found)
        report.add(kinds, sample(number, "u", stored, found, kinds))
    report.leave_out("why", Sample(100.0, 30, "u", {}, {}, "why"))
    assert [kept.article_id for kept in report.samples()] == [30, 0, 7]
    assert report.fields["author"] == {"lost": 3} and report.left_out == {"why": 1}


# -- reading again


def test_what_todays_rules_have_read_is_not_read_again(place, monkeypatch):
    """Then the archive is not even looked through."""
    place.crawl(1, 2)
    monkeypatch.setattr(Shelf, "_fill", lambda self: pytest.fail("it was looked through"))
    work = place.reread()
    assert (work.current, work.report.same, work.report.different) == (2, 0, 0)


@pytest.mark.slow
def test_the_same_rules_find_the_same(place):
    place.crawl(1, 2, 3)
    with closing(sqlite3.connect(place.path)) as db, db:
        db.execute("UPDATE articles SET rules = 'others'")
    report = place.reread().report
    assert (report.same, report.different, report.left_out) == (3, 0, {})
    assert {kind for kinds in report.fields.values() for kind in kinds} == {"unchanged"}


@pytest.mark.slow
def test_without_apply_nothing_is_written(place):
    place.crawl(1, 2)
    before = place.dump()
    report = place.reread(SIGNED).report
    assert (report.different, report.fields["author"]) == (2, {"gained": 2})
    assert place.dump() == before


def test_what_differs_is_a_new_version_and_the_former_one_stays(place):
    place.crawl(1)
    ((old, made),) = place.rows("SELECT text, rules FROM articles")
    place.clock.now += timedelta(days=1)
    place.reread(SHORTER, apply=True)
    ((text, revision, revised, now_by),) = place.rows("SELECT text, revision, revised_at, rules FROM articles")
    assert old.startswith(text) and "李四" in old and "李四" not in text
    assert (revision, revised, now_by) == (2, place.clock().isoformat(timespec="milliseconds"), rules.version(SHORTER))
    assert place.rows("SELECT revision, text, cause, rules FROM revisions") == [(1, old, "rules", made)]
    assert place.rows("SELECT old_text, new_text, cause FROM edits") == [(old, text, "rules")]
    with open_store(place.path, readonly=True) as store:
        assert not query.search(store.db, "李四说") and query.search(store.db, "开闸")
        assert query.stats(store.db)["changed"] == 0  # nobody corrected anything
    assert CliRunner().invoke(cli, ["check", "--db", str(place.path)]).exit_code == 0


@pytest.mark.slow
def test_other_fields_change_with_a_version_too_and_what_is_no_longer_told_is_empty(place):
    place.crawl(1, sources=(SIGNED,))
    place.reread(PLAIN, apply=True)
    assert place.rows("SELECT author, revision FROM articles") == [(None, 2)]
    assert place.rows("SELECT author, cause FROM revisions") == [("王小明", "rules")]


@pytest.mark.slow
def test_a_former_time_is_answered_with_what_was_known_then(place):
    place.crawl(1, sources=(SIGNED,))
    then = place.clock()
    place.clock.now += timedelta(days=1)
    before = place.rows("SELECT title, text, author, revision, published_at FROM articles")
    place.reread(replace(SHORTER, select={"title": ".last"}), apply=True)
    with open_store(place.path, readonly=True) as store:
        history.travel(store.db.conn, then)
        sql = "SELECT title, text, author, revision, published_at FROM articles"
        assert store.db.execute(sql).fetchall() == before
        assert query.revisions(store.db, 1) == []


@pytest.mark.slow
def test_plain_sql_answers_for_a_former_time_by_the_rules_of_today(place):
    """The pattern of docs/schema.md: the pages of then, as later rules read them, and no later page."""
    place.crawl(1, 2)
    then = place.clock() + timedelta(minutes=1)
    place.clock.now += timedelta(hours=2)
    place.reread(SHORTER, apply=True)
    place.crawl(1, 3, hours=2, sources=(SHORTER,), who="李大光", meta="2026-03-20 10:00")
    place.web.pages[url(1)] = []
    place.web.add(url(1), article(1).replace("开闸", "关闸"))
    place.again(hours=30, sources=(SHORTER,))
    text = (Path(__file__).parent.parent / "docs" / "schema.md").read_text(encoding="utf-8")
    by_today, by_then = (
        next(part for part in text.split("```sql\n") if part.startswith(head)).split(";")[0]
        for head in ("SELECT *, min(", "SELECT * FROM versions")
    )
    with open_store(place.path, readonly=True) as store:
        told = {}
        for name, sql in (("today", by_today), ("then", by_then)):
            rows = store.db.query(sql, {"t": then.isoformat(timespec="milliseconds")})
            told[name] = {row["article_id"]: row["text"] for row in rows}
        assert "关闸" in query.article(store.db, url(1))["text"]
    assert told["today"].keys() == told["then"].keys() == {1, 2}
    for number in (1, 2):
        today, former = told["today"][number], told["then"][number]
        assert former.startswith(today) and "李四" in former and "李四" not in today and "开闸" in today


@pytest.mark.slow
def test_a_time_of_publication_that_goes_moves_the_article_to_when_it_was_seen(place):
    place.crawl(1, sources=(replace(PLAIN, select={"published": ".day"}),), meta="<b class=day>2026-03-19 08:00</b>")
    (told,) = place.rows("SELECT told_at FROM articles")[0]
    place.reread(replace(PLAIN, drop=(".day",), select={"published": ".none"}), apply=True)
    ((later, seen),) = place.rows("SELECT told_at, first_seen_at FROM articles")
    assert told.startswith("2026-03-19") and later == seen


def printed(place: Place, *more: str) -> list[str]:
    """What reading commands say of articles."""
    commands = (["latest", "--json"], ["story", "1", "--json"], ["search", "李四", "--json"], ["latest", "--headlines"])
    return [CliRunner().invoke(cli, [*command, "--db", str(place.path), *more]).stdout for command in commands]


@pytest.mark.slow
def test_commands_print_for_a_former_time_what_they_printed_then(place, tmp_path):
    place.crawl(1, 2, sources=(SIGNED,))
    then, before = place.clock().isoformat(), printed(place)
    place.clock.now += timedelta(days=1)
    desk = Desk(tmp_path, clock=place.clock)
    with desk.store, desk.archive:
        desk.bring(write(tmp_path / "a.warc.gz", (url(1), page(1)), (url(7), page(7, tail=WHO)), at=place.clock()))
    place.clock.now += timedelta(days=1)
    place.reread(SHORTER, apply=True)
    assert all(old != new for old, new in zip(before[:3], printed(place), strict=False))
    assert printed(place, "--as-of", then) == before


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 3, 5])
def test_what_was_stopped_goes_on_and_ends_with_the_same_content(tmp_path, monkeypatch, after):
    monkeypatch.setattr(reextract, "WRITTEN", 2)
    whole, halved = Place(tmp_path / "w"), Place(tmp_path / "h")
    for one in (whole, halved):
        one.crawl(*range(6))
    first = whole.hash()
    assert first == halved.hash()
    whole.reread(SHORTER, apply=True)
    with pytest.raises(Stop):
        halved.reread(SHORTER, apply=True, stop_after=after)
    rest = halved.reread(SHORTER, apply=True)
    assert rest.report.different < 6 or after == 1
    assert first != whole.hash() == halved.hash()
    assert halved.rows("SELECT count(*), max(revision) FROM revisions") == [(6, 1)]
    assert halved.reread(SHORTER, apply=True).current == 6


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_second_reading_can_be_killed_anywhere(tmp_path, monkeypatch):
    monkeypatch.setattr(reextract, "WRITTEN", 1)
    whole = Place(tmp_path / "w")
    whole.crawl(*range(8))
    dice, folders = random.Random(4), [tmp_path / f"h{number}" for number in range(20)]
    for folder in folders:
        shutil.copytree(tmp_path / "w", folder)
    whole.reread(SHORTER, apply=True)
    for folder in folders:
        one = Place(folder)
        killed_within(dice.uniform(0.01, 0.2), lambda one=one: one.reread(SHORTER, apply=True))
        one.reread(SHORTER, apply=True)
        assert one.hash() == whole.hash()
        assert one.rows("SELECT count(*), max(revision) FROM revisions") == [(8, 1)]
        assert one.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.slow
def test_the_pages_of_a_long_article_are_joined(place):
    first, second = url(1), url(1).replace(".html", "_2.html")
    place.crawl(1)
    more = '<div class="pager"><a href="{}">2</a></div>'
    place.web.pages[first] = []
    place.web.add(first, page(1, after=more.format(second)))
    rest = "<p>第二页上说，放水还要持续到月底，各乡镇轮流用水，先旱后涝。</p>" * 2
    place.web.add(second, story(title="青川水库启动春灌放水1", body=rest))
    place.again(hours=2)
    ((text,),) = place.rows("SELECT text FROM articles")
    assert "第二页" in text
    report = place.reread(SIGNED).report
    assert (report.fields["text"], report.left_out) == ({"unchanged": 1}, {})
    with closing(sqlite3.connect(beside(place.path))) as db, db:
        db.execute("DELETE FROM pages WHERE url LIKE '%_2.html'")
    assert place.reread(SIGNED).report.left_out == {"a further page of it is not in the archive": 1}


@pytest.mark.slow
def test_a_field_that_a_later_page_is_silent_about_stays_as_in_the_crawl(place):
    place.crawl(1, sources=(SIGNED,))
    place.crawl(1, sources=(SIGNED,), who="", meta="2026-03-20 10:30", hours=2)
    assert place.rows("SELECT author, substr(published_at, 12, 5) FROM articles") == [("王小明", "10:00")]
    with closing(sqlite3.connect(place.path)) as db, db:
        db.execute("UPDATE articles SET rules = 'others'")
    report = place.reread(SIGNED).report
    assert (report.same, report.different) == (1, 0)
    assert "page_sha256" not in report.fields  # which of two equal texts it was read from is no change


@pytest.mark.slow
def test_articles_without_a_readable_page_are_left_out_and_said_why(place):
    place.crawl(1, 2, 3)
    with closing(sqlite3.connect(beside(place.path))) as db, db:
        db.execute("DELETE FROM pages WHERE url = ?", (url(1),))
        db.execute("UPDATE bodies SET data = x'00' WHERE id = (SELECT body FROM pages WHERE url = ?)", (url(3),))
    report = place.reread(SIGNED, apply=True).report
    assert report.left_out == {NO_PAGE: 1, "its page in the archive is damaged": 1}
    assert report.different == 1


@pytest.mark.slow
def test_an_article_of_which_nothing_is_left_comes_first_and_is_not_touched(place):
    place.crawl(1, 2)
    report = place.reread(replace(PLAIN, drop=("body > div",), select={"title": "i.none"}), apply=True).report
    assert [(change.score, bool(change.why)) for change in report.samples()] == [(100.0, True)] * 2
    assert place.rows("SELECT max(revision), count(text) FROM articles") == [(1, 2)]


@pytest.mark.slow
def test_only_what_is_asked_for_is_read(place):
    place.crawl(1, 2)
    between = place.clock() + timedelta(minutes=30)
    place.crawl(1, 2, 3, hours=1.5)
    assert place.reread(SIGNED, source="nobody").report.different == 0
    late = place.reread(SIGNED, since=between)
    assert late.report.different >= 1 and late.report.different + late.current == 3


def test_the_command_reports_and_writes_only_with_apply(place, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    place.crawl(1, 2)
    (tmp_path / "kuaixun.toml").write_text(
        f'database = "k.db"\n[sources.news]\nseeds = ["{SITE}/"]\ndrop = [".last"]\n', encoding="utf-8"
    )
    said = CliRunner().invoke(cli, ["reextract", "--workers", "0"])
    assert said.exit_code == 0, said.output
    assert "text, as stored" in said.stdout and "2 would change" in said.stdout and "Nothing was written" in said.stdout
    assert place.rows("SELECT max(revision) FROM articles") == [(1,)]
    sums, *changes = map(
        json.loads, CliRunner().invoke(cli, ["reextract", "--json", "--workers", "0"]).stdout.splitlines()
    )
    assert (sums["different"], sums["fields"]["text"], len(changes)) == (2, {"changed": 2}, 2)
    applied = CliRunner().invoke(cli, ["reextract", "--apply", "--workers", "0"])
    assert "2 have a new version" in applied.stdout
    assert "2 need no reading" in CliRunner().invoke(cli, ["reextract", "--workers", "0"]).stdout
    unknown = CliRunner().invoke(cli, ["reextract", "--source", "newz"])
    assert unknown.exit_code == CONFIG and "have no source `newz`; did you mean `news`?" in unknown.stderr
    beside(place.path).unlink()
    assert CliRunner().invoke(cli, ["reextract"]).exit_code == STORAGE


@pytest.mark.slow
def test_a_database_can_be_made_again_from_its_pages(place, tmp_path):
    place.crawl(1, 2, 3)
    place.crawl(1, 2, hours=2, who="王小明、李大光", meta="2026-03-20 10:30")
    place.web.pages[url(3)] = []
    place.web.add(url(3), article(3).replace("开闸", "关闸"))
    place.again(hours=30)
    pages = tmp_path / "pages.warc.gz"
    assert CliRunner().invoke(cli, ["archive", "export", str(pages), "--db", str(place.path)]).exit_code == 0
    made = Desk(tmp_path / "made", (PLAIN,))
    with made.store, made.archive:
        made.bring(pages)
        assert place.rows("SELECT max(revision) FROM articles") == [(2,)]
        assert content_hash(made.store.db) == place.hash()


@pytest.mark.slow
def test_the_pages_of_a_long_article_that_was_imported_are_joined(place, tmp_path):
    first, second = url(1), url(1).replace(".html", "_2.html")
    pager = f'<div class="pager"><a href="{first}">1</a><a href="{second}">2</a></div>'
    rest = "<p>第二页上说，放水还要持续到月底，各乡镇轮流用水，先旱后涝。</p>" * 3
    pages = (second, story(title="青川水库启动春灌放水1", body=rest, after=pager)), (first, page(1, after=pager))
    desk = Desk(place.path.parent, clock=place.clock)
    with desk.store, desk.archive:
        sums = desk.bring(write(tmp_path / "a.warc.gz", *pages, at=place.clock())).sums
    assert (sums.new, sums.further) == (1, 1)
    assert place.reread(apply=True).report.different == 1
    ((text, made),) = place.rows("SELECT text, rules FROM articles")
    assert "西乡" in text and "第二页" in text and made == rules.version(PLAIN)
    assert place.reread().current == 1


@pytest.mark.slow
def test_the_content_hash_does_not_depend_on_order_and_clock(tmp_path):
    one, other = Place(tmp_path / "a"), Place(tmp_path / "b")
    one.crawl(1, 2)
    other.clock.now = datetime(2026, 3, 21, tzinfo=UTC)
    other.crawl(2, 1)
    assert one.hash() == other.hash()
    other.crawl(1, 2, 3, hours=1)
    assert one.hash() != other.hash()


@pytest.mark.slow
def test_a_later_page_that_held_no_article_is_not_its_page(place):
    place.crawl(1)
    place.web.pages[url(1)] = []
    place.web.add(url(1), "<html><title>页面不存在</title><body><p>页面不存在</p></body></html>")
    place.again(hours=2)
    assert place.rows("SELECT gone_at IS NULL FROM articles") == [(0,)]
    report = place.reread(SIGNED).report
    assert (report.different, report.fields["text"], report.left_out) == (1, {"unchanged": 1}, {})
