"""What was known at a time: every reading command prints with --as-of T what it printed at T, byte for byte."""

import random
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from config import Settings, Source
from crawler import console
from crawler.cli import cli
from crawler.console import NOTHING, USAGE
from storage import history, open_store
from storage.times import utc_now
from storage.wording import squeezed
from tests.conftest import Web
from tests.test_crawl import Clock, run

A, B = "http://a.example", "http://b.example"
WORDS = (
    "储能",
    "锂电池",
    "电站",
    "央行",
    "降准",
    "稀土",
    "出口",
    "芯片",
    "航运",
    "黄金",
    "A股",
    "5G基站",
    "儲能",
    "业绩",
)
TOPICS = ("公告称", "市场消息", "数据显示", "记者获悉", "分析人士指出")


@pytest.fixture
def clock():
    return Clock()


class Scripted:
    """Two sites that change: new articles, copies with an earlier time, edits, moves, removals, broken lists."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.web = Web()
        self.articles = {}  # address: [title, time, paragraphs, author]
        self.count = 0

    def step(self, now):
        """Some of what may happen, happens; then the pages are as they are."""
        for _ in range(self.dice.randint(1, 3)):
            self.dice.choice((self.publish, self.publish, self.copy, self.edit, self.sign, self.move, self.remove))(now)
        self.serve(now)

    def publish(self, now, site=A):
        self.count += 1
        words = self.dice.sample(WORDS, 3)
        title = f"{words[0]}与{words[1]}第{self.count}期观察：{self.dice.choice(TOPICS)}{words[2]}走强"
        paragraphs = [self.paragraph() for _ in range(self.dice.randint(3, 6))]
        self.articles[f"{site}/news/{100000 + self.count}.html"] = [title, now, paragraphs, "张三"]

    def paragraph(self):
        parts = (
            f"{self.dice.choice(TOPICS)}，{self.dice.choice(WORDS)}同比变动{self.dice.random():.4f}%" for _ in "123"
        )
        return "；".join(parts) + "。"

    def copy(self, now):
        """The other site has it too, and says that it was first."""
        if self.articles:
            title, at, paragraphs, _ = self.articles[self.dice.choice(list(self.articles))]
            self.count += 1
            earlier = at - timedelta(minutes=self.dice.choice((-30, 30)))
            self.articles[f"{B}/news/{100000 + self.count}.html"] = [title, earlier, list(paragraphs), "李四"]

    def edit(self, now):
        if self.articles:
            page = self.articles[self.dice.choice(list(self.articles))]
            page[2][0] = self.paragraph()

    def sign(self, now):
        if self.articles:
            self.articles[self.dice.choice(list(self.articles))][3] = self.dice.choice(("王五", "赵六"))

    def move(self, now):
        if self.articles:
            url = self.dice.choice(list(self.articles))
            self.count += 1
            moved = f"{url.rpartition('/')[0]}/{100000 + self.count}.html"
            self.articles[moved] = self.articles.pop(url)
            self.web.pages[url] = [(301, {"location": moved}, b"")]

    def remove(self, now):
        if len(self.articles) > 3:
            url = self.dice.choice(list(self.articles))
            del self.articles[url]
            answers = ((404, {}, b""), (410, {}, b""), (302, {"location": url[: len(A)] + "/"}, b""))
            self.web.pages[url] = [self.dice.choice(answers)]

    def serve(self, now):
        for url, (title, at, paragraphs, author) in self.articles.items():
            text = "".join(f"<p>{each}</p>" for each in paragraphs)
            page = (
                f"<html lang=zh-CN><title>{title}_财讯网</title><h1>{title}</h1><div>{at:%Y-%m-%d %H:%M} 来源：财讯网"
                f" 作者：{author}</div><div class=content>{text}</div></html>"
            )
            self.web.pages[url] = [(200, {"content-type": "text/html; charset=utf-8"}, page.encode())]
        for site in (A, B):
            items = "".join(
                f'<li><a href="{url}">{title}</a> <span>{at:%Y-%m-%d %H:%M}</span></li>'
                for url, (title, at, *_) in list(self.articles.items())[::-1][:20]
                if url.startswith(site)
            )
            items += '<li><a href="http://b.example/ad/9.html">开户即送大礼包，广告</a></li>'
            page = f"<html><title>财讯网</title><body><ul>{items}</ul></body></html>".encode()
            broken = self.dice.random() < 0.15
            self.web.pages[site + "/"] = [(503 if broken else 200, {"content-type": "text/html"}, page)]


class Observer:
    """Runs commands as somebody would at this time, and keeps what they printed."""

    def __init__(self, monkeypatch, clock, dice):
        self.recorded = []
        self.clock, self.dice = clock, dice
        monkeypatch.setattr(console, "now", lambda as_of=None: as_of or self.clock())
        for name in ("status", "sources", "_gaps", "gaps"):
            monkeypatch.setattr(f"crawler.commands.{name}.now", console.now)

    def command(self):
        number = str(self.dice.randint(1, 20))
        return self.dice.choice((
            ["latest"], ["latest", "--json", "--copies", "--ads"], ["latest", "--headlines", "--json", "--limit", "50"],
            ["story", number], ["story", number, "--json"], ["story", number, "--diff", "2"],
            ["gaps"], ["gaps", "--json", "--all"], ["sources"], ["sources", "--json"], ["status"], ["status", "--json"],
            ["export", "-", "--ads", "--copies"], ["export", "-", "--format", "csv"],
            ["archive", "list", "--json"], ["archive", "list"], ["archive", "show", number],
            ["search", *self.words()], ["search", *self.words(), "--json", "--ads", "--copies", "--limit", "3"],
            ["search", *self.words(), "--newest", "--copies"],
        ))  # fmt: skip

    def words(self):
        one, two = self.dice.sample(WORDS, 2)
        return self.dice.choice(([one], [one, two], [one, "OR", two], [one, "NOT", two], [f"({one} OR {two}) 公告"]))

    def look(self, at):
        self.clock.now, back = at, self.clock.now
        arguments = self.command()
        self.recorded.append((at, arguments, said(arguments)))
        self.clock.now = back


def said(arguments):
    result = CliRunner().invoke(cli, arguments, prog_name="kuaixun")
    assert result.exit_code in (0, NOTHING), result.output
    return result.exit_code, result.stdout_bytes, result.stderr_bytes


def played(monkeypatch, tmp_path, *, seed, steps, looks):
    """A site that lives for a while, crawled now and then; what an observer saw at times in between."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUAIXUN_DATABASE", "then.db")
    clock, dice, site = Clock(), random.Random(seed), Scripted(seed)
    observer = Observer(monkeypatch, clock, dice)
    sources = (Source("a", (A + "/",)), Source("b", (B + "/",)))
    sleep = clock.sleep

    async def watched(seconds):
        await sleep(seconds)
        if dice.random() < 0.1:
            observer.look(clock.now)
            # What is written from here on is written later.
            clock.now += timedelta(milliseconds=2)

    with open_store(Path("then.db"), clock=clock) as store:
        clock.sleep = watched
        for _ in range(steps):
            site.step(clock.now)
            run(site.web, store, clock, sources=sources, settings=Settings(delay=1, retries=0), force=True)
            until = clock.now + timedelta(minutes=dice.choice((7, 20, 90, 1500)))
            for at in sorted(clock.now + dice.random() * (until - clock.now) for _ in range(looks)):
                observer.look(at)
            clock.now = until
    return observer


def differing(observer, times):
    """The recorded answers that are another when they are asked for later."""
    wrong = []
    for at, arguments, then in times:
        now = said([*arguments, "--as-of", at.isoformat()])
        if now != then:
            wrong.append((at.isoformat(), arguments, then, now))
    return wrong


def test_a_command_prints_what_it_printed_then(monkeypatch, tmp_path):
    observer = played(monkeypatch, tmp_path, seed=7, steps=8, looks=3)
    assert not differing(observer, observer.recorded)


def test_a_time_must_have_a_zone_and_be_past(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    open_store(Path("kuaixun.db")).close()
    for time, why in (
        ("2026-03-20T08:00", "has no zone"),
        ("yesterday", "no ISO 8601"),
        ("2999-01-01T00:00Z", "still"),
    ):
        result = CliRunner().invoke(cli, ["latest", "--as-of", time])
        assert (result.exit_code, why in result.stderr) == (USAGE, True), result.output


def test_a_database_that_was_brought_up_to_date_remembers_from_then_on(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with open_store(Path("kuaixun.db")) as store:
        store.db.execute("UPDATE moments SET at = '2026-05-01T00:00:00.000+00:00'")
    result = CliRunner().invoke(cli, ["latest", "--as-of", "2026-03-20T08:00Z"])
    assert (result.exit_code, "begins at 2026-05-01" in result.stderr) == (NOTHING, True), result.output


def test_a_clock_that_was_set_back_tells_the_later_state(store):
    begun = {hour: history.begin(store.db.conn, Clock().now.replace(hour=hour)) for hour in (4, 8, 5)}
    state = {hour: history.moment_at(store.db.conn, Clock().now.replace(hour=hour, minute=30)) for hour in range(3, 9)}
    # At six the last that had happened was what the clock, set back, called five.
    assert state == {3: 0, 4: begun[4], 5: begun[5], 6: begun[5], 7: begun[5], 8: begun[5]}


def test_a_former_row_is_found_by_its_key_and_not_by_reading_all(store):
    history.travel(store.db.conn, utc_now())
    for table, tracked in history.TRACKED.items():
        plan = store.db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {tracked.key} = 1").fetchall()
        assert not [row[3] for row in plan if row[3].startswith(("SCAN former", "SCAN now"))], table


def crawled(store, web, clock, *, hours):
    """A pass over the one site after some hours."""
    clock.now += timedelta(hours=hours)
    run(web, store, clock, sources=(Source("a", (A + "/",)),), settings=Settings(delay=0, retries=0), force=True)


def test_what_vanishes_at_its_source_is_an_observation(monkeypatch, store, web, clock):
    site = Scripted(1)
    site.publish(clock.now)
    site.serve(clock.now)
    (url,) = site.articles
    site.web.pages[A + "/"][0] = (200, {}, b"<a href='%s'>t</a>" % url.encode())
    crawled(store, site.web, clock, hours=0)
    page = site.web.pages[url]
    for gone, how in ((404, "not found"), (410, "gone")):
        site.web.pages[url] = [(gone, {}, b"")]
        store.db.execute(
            "UPDATE frontier SET next_at = '2026-01-01T00:00:00.000+00:00', state = 'done' WHERE kind = 'article'"
        )
        crawled(store, site.web, clock, hours=2)
        (found,) = store.db.query("SELECT status, how, observed_at, back_at FROM removals WHERE status = ?", (gone,))
        assert (found["how"], found["back_at"]) == (how, None)
        assert found["observed_at"] == next(store.db.query("SELECT gone_at FROM articles"))["gone_at"]
        site.web.pages[url] = page
        store.db.execute(
            "UPDATE frontier SET next_at = '2026-01-01T00:00:00.000+00:00', state = 'done' WHERE kind = 'article'"
        )
        crawled(store, site.web, clock, hours=2)
        assert next(store.db.query("SELECT gone_at FROM articles"))["gone_at"] is None
        assert all(row["back_at"] for row in store.db.query("SELECT back_at FROM removals"))


def seen(store, site, clock, *changes):
    """The versions of the one article of a site that changes thus from visit to visit."""
    site.publish(clock.now)
    for change in (None, *changes):
        if change:
            change(clock.now)
        site.serve(clock.now)
        site.web.pages[A + "/"][0] = (200, {}, b"<a href='%s'>t</a>" % next(iter(site.articles)).encode())
        store.db.execute("UPDATE frontier SET next_at = '2026-01-01T00:00:00.000+00:00' WHERE kind = 'article'")
        crawled(store, site.web, clock, hours=2)
    return list(store.db.query("SELECT * FROM versions ORDER BY observed_at"))


def test_the_same_page_adds_no_version_and_is_confirmed(store, clock):
    (only,) = seen(store, Scripted(1), clock, None, None)
    assert only["observed_at"] < only["last_confirmed_at"]
    assert (only["replaced_at"], only["revision"]) == (None, 1)


def test_each_version_has_what_its_page_said_then(store, clock):
    """Another name, another time, silence, another text: each is kept as it was, the text once."""
    site = Scripted(1)

    def page():
        return next(iter(site.articles.values()))

    def redate(now):
        page()[1] += timedelta(hours=2)

    def fall_silent(now):
        page()[3] = ""

    found = seen(store, site, clock, site.sign, None, redate, fall_silent, site.edit)
    assert [row["revision"] for row in found] == [1, 1, 1, 1, 2]
    signed = found[1]["author"]
    assert [row["author"] for row in found] == ["张三", signed, signed, None, None]
    assert signed != "张三"
    assert len({row["published_at"] for row in found}) == 2
    assert found[1]["published_at"] != found[2]["published_at"] == found[4]["published_at"]
    assert all(one["replaced_at"] == later["observed_at"] for one, later in pairwise(found))
    assert found[1]["last_confirmed_at"] > found[1]["observed_at"]
    assert [row["text"] == found[0]["text"] for row in found] == [True, True, True, True, False]
    # The present keeps the first claim, and a name that the page left out.
    (now,) = store.db.query("SELECT published_at, author FROM articles")
    assert (now["published_at"], now["author"]) == (found[0]["published_at"], signed)


def test_white_space_that_parts_words_is_text():
    assert squeezed("央行 今日\n宣布 ") == squeezed("央行今日宣布")
    assert squeezed("a now  here b") == squeezed("a now here\nb") != squeezed("a nowhere b")


def test_what_is_written_becomes_known_when_the_transaction_ends(store):
    with store._transaction():
        store.db.execute("UPDATE moments SET at = '2001-01-01T00:00:00.000+00:00' WHERE id = ?", (store._moment,))
    (at,) = store.db.execute("SELECT max(at) FROM moments").fetchone()
    assert at > "2026"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_command_prints_what_it_printed_at_any_of_1000_times(monkeypatch, tmp_path, seed):
    observer = played(monkeypatch, tmp_path, seed=seed, steps=25, looks=12)
    assert len(observer.recorded) >= 250
    assert not differing(observer, observer.recorded)
