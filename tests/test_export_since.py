"""Increments by name: what is new, changed or gone since the last; nothing twice, nothing missed, also after a kill."""

import os
import random
import shutil
import signal
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from config import Settings, Source
from storage import Article, Visit, history, open_store
from storage.archive import Archive, Fetched
from storage.exporters import Choice, ExportError, Job, Since, export
from storage.exporters import _files as files
from storage.exporters._manifest import opened
from storage.records import Notice, Right
from tests.test_as_of import A, B, Scripted
from tests.test_crawl import Clock, run
from tests.test_export import ARROW, content, empty, failed, read

__all__ = ["empty"]  # a fixture

T0 = datetime(2026, 3, 20, 14, tzinfo=UTC)
TEXT = "央行今日下调存款准备金率，释放长期资金约一万亿元，支持实体经济发展，降低社会融资成本，保持流动性合理充裕。"
RESERVED = Notice("http://example.com/robots.txt", "host", T0, (Right("ai-train", "no", "robots.txt", "*", True),))


@pytest.fixture
def database(empty, tmp_path, monkeypatch):
    """The path of an empty database, in a folder that is the working one."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty, "k.db")
    return Path("k.db")


def put(database, number, text=TEXT, *, notices=(), **more):
    url = f"http://example.com/{number}.html"
    with open_store(database) as store:
        article = Article(url, f"第{number}条", text, T0, **more)
        store.save(Visit(url, url, "article", "demo", T0, 200), article=article, rights=notices)


def taken(database, out, choice=None, *, name="daily", at=None, form="jsonl"):
    """The next increment of a name, as of a time: pairs of what it is and the number of the article."""
    choice = choice or Choice()
    since = Since(database, name, choice, form)
    with open_store(database, readonly=True) as store:
        if at:
            history.travel(store.db.conn, at)
        export(store.db, Path(out), form, Job(choice, since=since))
    assert failed(Path(out)) == []
    return [(row["change"], row["id"]) for row in read(Path(out))]


def text(number):
    return f"第{number}篇说的是另一件事情，和别的没有关系：{number * 7919}家公司发布了{number * 104729}份公告。" * 3


def test_an_increment_has_what_is_new_changed_and_gone(database):
    for number in (1, 2, 3):
        put(database, number, text(number))
    assert taken(database, "1.jsonl") == [("new", 1), ("new", 2), ("new", 3)]
    assert taken(database, "2.jsonl") == []
    put(database, 2, text(2) + "更正。")
    put(database, 4, text(4))
    assert taken(database, "3.jsonl") == [("changed", 2), ("new", 4)]
    # An older copy turns up: what was the first is the copy now, and copies are not asked for.
    put(database, 5, text(3), published_at=T0 - timedelta(hours=1))
    assert taken(database, "4.jsonl") == [("gone", 3), ("new", 5)]


def test_a_removal_at_the_source_is_a_change(database):
    put(database, 1, text(1))
    taken(database, "1.jsonl")
    with open_store(database) as store:
        url = "http://example.com/1.html"
        store.save(Visit(url, url, "article", "demo", T0 + timedelta(hours=1), 404, gone="not found"))
    assert taken(database, "2.jsonl") == [("changed", 1)]


def test_what_a_host_reserves_later_is_gone(database):
    for number in (1, 2):
        put(database, number, text(number))
    choice = Choice(purpose="train")
    assert taken(database, "1.jsonl", choice) == [("new", 1), ("new", 2)]
    put(database, 2, text(2), notices=(RESERVED,))
    assert taken(database, "2.jsonl", choice) == [("gone", 1), ("gone", 2)]
    told = [(row["title"], row["text"], row["rights"][0]["kind"]) for row in read(Path("2.jsonl"))]
    assert told == [("", "", "ai-train")] * 2
    facts = opened(Path("2.jsonl.manifest.json").read_bytes())
    assert facts["left_out"] == {"ai-train=no (robots.txt)": 2}


def test_what_the_words_no_longer_find_is_gone(database):
    choice = Choice(search="储能电站投运")
    for number in (1, 2, 3):
        put(database, number, text(number) + "储能电站投运。" * (number < 3))
    assert taken(database, "1.jsonl", choice) == [("new", 1), ("new", 2)]
    put(database, 1, text(1) + "说的不是这个。")
    put(database, 3, text(3) + "儲能電站投運。")
    assert taken(database, "2.jsonl", choice) == [("gone", 1), ("new", 3)]


def test_an_increment_may_end_at_a_time(database):
    for number in (1, 2):
        put(database, number, text(number))
    with open_store(database) as store:
        at = datetime.fromisoformat(store.db.execute("SELECT max(at) FROM moments").fetchone()[0])
        store.db.execute("INSERT INTO moments (at) VALUES (?)", ((at + timedelta(milliseconds=1)).isoformat(),))
    put(database, 2, text(2) + "更正。")
    assert taken(database, "1.jsonl", at=at) == [("new", 1), ("new", 2)]
    assert taken(database, "2.jsonl") == [("changed", 2)]
    with pytest.raises(ExportError, match="has already had what was known at that time"):
        taken(database, "3.jsonl", at=at)


def test_names_go_each_their_own_way(database):
    put(database, 1, text(1))
    assert taken(database, "1.jsonl", name="a") == [("new", 1)]
    assert taken(database, "2.jsonl", name="b") == [("new", 1)]
    assert taken(database, "3.jsonl", name="a") == []


def test_another_question_needs_another_name(database):
    taken(database, "1.jsonl")
    with pytest.raises(ExportError, match="`daily` has been exported with other options"):
        Since(database, "daily", Choice(ads=True), "jsonl")


def test_a_wrong_condition_is_named_and_takes_nothing(database):
    put(database, 1, text(1))
    for _ in range(2):
        with pytest.raises(ExportError, match="no field `no_such`"):
            taken(database, "1.jsonl", Choice(where="no_such = 1"))
    assert sorted(one.name for one in Path().iterdir()) == ["k.db"]
    assert taken(database, "1.jsonl") == [("new", 1)]


def test_an_increment_replaces_nothing(database):
    taken(database, "1.jsonl")
    with pytest.raises(ExportError, match="replaces nothing"):
        taken(database, "1.jsonl")


def test_a_failure_takes_nothing_from_the_next_increment(database, monkeypatch):
    put(database, 1, text(1))
    with monkeypatch.context() as patched:
        patched.setattr(files, "finish", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(ExportError, match="No space left"):
            taken(database, "1.jsonl")
    assert sorted(one.name for one in Path().iterdir()) == ["k.db"]
    assert taken(database, "1.jsonl") == [("new", 1)]


def test_of_two_at_once_one_gives_way(database):
    put(database, 1, text(1))
    with Since(database, "daily", Choice(), "jsonl"):
        with pytest.raises(ExportError, match="Another export of `daily` is at work"):
            Since(database, "daily", Choice(), "jsonl")
        assert taken(database, "0.jsonl", name="weekly") == [("new", 1)]
    assert taken(database, "1.jsonl") == [("new", 1)]
    assert taken(database, "2.jsonl") == []
    assert not list(Path().glob(".*.lock"))


@pytest.mark.parametrize("what", ["folder", "file"])
def test_an_increment_of_what_cannot_be_written_names_the_database(database, monkeypatch, what):
    """Before anything is written, and not the name of a lock."""

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(*((files, "_lock", refuse) if what == "folder" else (os, "access", lambda *_: False)))
    with pytest.raises(ExportError, match=r"is noted in the database, and `k\.db` cannot be written") as told:
        Since(database, "daily", Choice(), "jsonl")
    assert "lock" not in str(told.value)
    assert [one.name for one in Path().iterdir()] == ["k.db"]


def test_what_was_noted_by_another_run_is_not_taken_back(database):
    """As where the file system has no locks."""
    put(database, 1, text(1))
    late = Since(database, "daily", Choice(), "jsonl")
    late.close()
    assert taken(database, "1.jsonl") == [("new", 1)]
    with (
        open_store(database, readonly=True) as store,
        pytest.raises(ExportError, match="has finished meanwhile"),
    ):
        export(store.db, Path("2.jsonl"), "jsonl", Job(since=late))
    assert not Path("2.jsonl").exists()
    assert taken(database, "3.jsonl") == []


def test_an_increment_needs_a_name(database):
    with pytest.raises(ExportError, match="needs a name"):
        Since(database, "", Choice(), "jsonl")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_what_was_complete_and_is_nowhere_to_be_found_is_given_again(database):
    """Somebody tidied up after a kill: what nobody can have had comes once more."""
    put(database, 1, text(1))
    assert killed(database, "1.jsonl", Choice(), "noted", 1) == signal.SIGKILL
    for left in Path().glob(".1.jsonl.*"):
        left.unlink()
    assert taken(database, "2.jsonl") == [("new", 1)]


class Reader:
    """Somebody who takes every file that has its name, once, and keeps what he has read."""

    def __init__(self):
        self.rows, self.seen = {}, set()

    def take(self):
        """Apply what is new in the folder; nothing may come that he has already."""
        for path in sorted(Path().glob("inc-*.jsonl")):
            if path not in self.seen:
                self.seen.add(path)
                self.apply(read(path))

    def apply(self, rows):
        for row in rows:
            change, number = row.pop("change"), row["id"]
            if change == "gone":
                assert self.rows.pop(number) == row
            else:
                assert (change == "new") == (number not in self.rows)
                assert self.rows.get(number) != row, "it was given out before"
                self.rows[number] = row


def everything(database, choice):
    with open_store(database, readonly=True) as store:
        export(store.db, Path("all.jsonl"), "jsonl", Job(choice))
    return {row["id"]: row for row in read(Path("all.jsonl"))}


def lived(database, seed, steps, choice, *, between):
    """Crawl a site that changes; `between` is called after each pass, then the reader takes what there is."""
    clock, site, reader = Clock(), Scripted(seed), Reader()
    sources = (Source("a", (A + "/",)), Source("b", (B + "/",)))
    for _ in range(steps):
        with open_store(database, clock=clock) as store:
            site.step(clock.now)
            run(site.web, store, clock, sources=sources, settings=Settings(delay=1, retries=0), force=True)
        clock.now += timedelta(minutes=90)
        between()
        reader.take()
        yield reader


CHOICES = (Choice(ads=True, copies=True), Choice(), Choice(where="revision > 1"), Choice(where="id IN (SELECT 1 + 1)"))


def test_increments_add_up_to_all(database):
    numbers = count()
    choice = Choice()
    for reader in lived(database, 3, 5, choice, between=lambda: taken(database, f"inc-{next(numbers)}.jsonl", choice)):
        assert reader.rows == everything(database, choice)


@pytest.mark.slow
@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_increments_of_any_choice_add_up_to_all(database, seed, choice):
    numbers = count(10)
    for reader in lived(
        database, seed, 20, choice, between=lambda: taken(database, f"inc-{next(numbers)}.jsonl", choice)
    ):
        assert reader.rows == everything(database, choice)


SLOW = pytest.mark.slow
POINTS = ("row", "ready", "noted", "named", "done")


def killed(database, out, choice, point, nth):
    """An export in a process of its own that is killed at a point of its way, at the `nth` time it comes there."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    left = nth

    def die():
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        replace, after, before = files.replace, Since.after, Since.before

        def replaced(part, target):
            if point == "ready" and str(part).endswith(".ready"):
                die()
            replace(part, target)
            if point == "named" and str(part).endswith(".ready"):
                die()

        def noted(self, path):
            note = before(self, path)

            def with_death(part):
                note(part)
                if point == "noted":
                    die()

            return with_death

        def finished(self):
            after(self)
            if point == "done":
                die()

        files.replace, Since.before, Since.after = replaced, noted, finished
        since = Since(database, "daily", choice, "jsonl")
        seen = (lambda done, total: die()) if point == "row" else None
        if since.adopted != Path(out).resolve():
            with open_store(database, readonly=True) as store:
                export(store.db, Path(out), "jsonl", Job(choice, since=since, progress=seen))
        os._exit(0)
    except BaseException:
        os._exit(7)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("point", [each if each == "ready" else pytest.param(each, marks=SLOW) for each in POINTS])
@pytest.mark.parametrize("same", [True, pytest.param(False, marks=SLOW)], ids=["same name", "other name"])
def test_after_a_kill_nothing_is_missed_and_nothing_comes_twice(database, point, same):
    reader, choice = Reader(), Choice()
    for number in (1, 2, 3):
        put(database, number, text(number))
    assert killed(database, "inc-1.jsonl", choice, point, 1) == signal.SIGKILL
    reader.take()
    put(database, 2, text(2) + "更正。")
    for name in ("inc-1.jsonl" if same else "inc-2.jsonl", "inc-3.jsonl"):
        assert killed(database, name, choice, "", 0) in (0, 7 << 8)
        reader.take()
    assert reader.rows == everything(database, choice)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_after_kills_at_any_point_increments_add_up_to_all(database, seed):
    dice, numbers, choice = random.Random(seed), count(10), Choice(copies=bool(seed % 2))

    def between():
        for _ in range(dice.randint(1, 4)):
            name = f"inc-{next(numbers)}.jsonl"
            killed(database, name, choice, dice.choice((*POINTS, "")), dice.randint(1, 2))

    for reader in lived(database, seed, 12, choice, between=between):
        killed(database, f"inc-{next(numbers)}.jsonl", choice, "", 0)
        reader.take()
        assert reader.rows == everything(database, choice)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["atom", pytest.param("hf", marks=ARROW), "warc"])
def test_bytes_stay_where_no_content_changes(database, name):
    """Not by the bookkeeping of an increment, and not by a crawl that finds nothing."""
    put(database, 1, text(1))
    Archive(Path("k.pages")).close()

    def made(folder):
        Path(folder).mkdir()
        with open_store(database, readonly=True) as store:
            export(store.db, Path(folder, "out"), name, Job(archive=Path("k.pages")))
        return content(Path(folder))

    former = made("former")
    taken(database, "1.jsonl")
    with open_store(database) as store:
        store.save(Visit("http://example.com/", "http://example.com/", "list", "demo", T0 + timedelta(hours=1), 200))
    assert made("again") == former


def test_a_state_is_of_the_last_moment_that_counts(database):
    """Bookkeeping and visits do where a condition asks for more than the article."""
    put(database, 1, text(1))
    taken(database, "1.jsonl")
    with open_store(database) as store:
        store.save(Visit("http://example.com/", "http://example.com/", "list", "demo", T0, 200))
        last = store.db.execute("SELECT max(id) FROM moments").fetchone()[0]
        for where, moment in (("", 1), ("last_seen_at > ''", last), ("id IN (SELECT 1)", last)):
            facts = export(store.db, Path("out.jsonl"), "jsonl", Job(Choice(where=where)))
            assert facts["state"]["moment"] == moment


@pytest.mark.slow
def test_an_increment_counts_what_it_leaves_out(database):
    choice = Choice(purpose="train")

    def left_out(out):
        taken(database, out, choice)
        return opened(Path(f"{out}.manifest.json").read_bytes())["left_out"]

    for number, which in enumerate((1, 1, 2), 1):
        put(database, number, text(which))
    assert left_out("1.jsonl") == {"copy": 1}
    put(database, 3, text(2), notices=(RESERVED,))
    assert left_out("2.jsonl") == {"copy": 1, "ai-train=no (robots.txt)": 2}
    assert left_out("3.jsonl") == {}  # nothing was written to them


@pytest.mark.slow
@pytest.mark.parametrize("form", ["atom", "csv", "jsonl", "sqlite", pytest.param("parquet", marks=ARROW)])
def test_what_is_reserved_now_is_gone_without_its_text(database, form):
    """In every format: whose it is, and the evidence; nothing of what the publisher wrote."""
    put(database, 1, text(1), author="张三", extra={"keywords": ["储能"]})
    taken(database, "1", Choice(purpose="train"), form=form)
    put(database, 2, text(2), notices=(RESERVED,))
    assert taken(database, "2", Choice(purpose="train"), form=form) == [("gone", 1)]
    (row,) = read(Path("2"))
    assert row["url"] == "http://example.com/1.html"
    assert len(row["story_id"]) == 16
    assert not any(row.get(name) for name in ("title", "text", "author", "keywords", "published_at"))
    assert form == "atom" or [each["kind"] for each in row["rights"]] == ["ai-train"]


@pytest.mark.slow
def test_what_is_gone_and_not_reserved_keeps_its_text(database):
    put(database, 1, text(1))
    taken(database, "1", Choice(purpose="train"))
    put(database, 2, text(1), published_at=T0 - timedelta(hours=1))
    assert taken(database, "2", Choice(purpose="train")) == [("gone", 1), ("new", 2)]
    assert read(Path("2"))[0]["text"] == text(1)


def fetched(database, hour, texts, **more):
    """Articles, by their numbers, are read from pages that are kept, at an hour."""
    at = T0 + timedelta(hours=hour)
    with Archive(database.with_suffix(".pages")) as archive, open_store(database) as store:
        for number, told in texts.items():
            url = f"http://example.com/{number}.html"
            archive.add(Fetched(url, url, at, 200, {"content-type": "text/html"}, f"{number} {hour}".encode(), "demo"))
            article = Article(url, f"第{number}条", told, at, **more)
            store.save(Visit(url, url, "article", "demo", at, 200), article=article)


def pages(database, out, choice=None, name="pages"):
    """The pages in the next increment of a name, or in a whole export: number of the article and hour."""
    choice = choice or Choice()
    since = Since(database, name, choice, "warc") if name else None
    with open_store(database, readonly=True) as store:
        facts = export(store.db, Path(out), "warc", Job(choice, since=since, archive=database.with_suffix(".pages")))
    assert failed(Path(out)) == []
    found = [(int(row["url"][19:-5]), (row["fetched_at"] - T0) // timedelta(hours=1)) for row in read(Path(out))]
    return found, facts["left_out"]


def test_an_increment_of_pages_has_each_fetch_once(database):
    """That of an article that did not change too, and of one that did only what is new."""
    fetched(database, 0, {number: text(number) for number in (1, 2, 3)})
    assert pages(database, "1") == ([(1, 0), (2, 0), (3, 0)], {})
    fetched(database, 1, {1: text(1), 2: text(2) + "更正。", 4: text(4)})
    assert pages(database, "2") == ([(1, 1), (2, 1), (4, 1)], {})


@pytest.mark.slow
def test_pages_of_what_came_in_are_all_given_and_none_of_what_is_gone(database):
    fetched(database, 0, {1: text(1), 2: text(2)})
    choice = Choice(where="revision > 1")
    assert pages(database, "1", choice)[0] == []
    fetched(database, 1, {2: text(2) + "更正。"})
    assert pages(database, "2", choice)[0] == [(2, 0), (2, 1)]
    assert pages(database, "3", name="others")[0] == [(1, 0), (2, 0), (2, 1)]
    fetched(database, 2, {3: text(1)}, published_at=T0 - timedelta(hours=1))  # now 1 is a copy
    assert pages(database, "4", name="others") == ([(3, 2)], {"copy": 1})
    assert pages(database, "5", name="others") == ([], {})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_increments_of_pages_add_up_to_all(database, seed):
    dice, given = random.Random(seed), []
    for hour in range(25):
        some = dice.sample(range(1, 8), 3)
        fetched(database, hour, {number: text(number) + "更正。" * dice.randint(0, 1) for number in some})
        if dice.random() < 0.4:
            given += pages(database, f"{hour}")[0]
    given += pages(database, "last")[0]
    assert sorted(given) == sorted(pages(database, "all", name=None)[0])
    assert len(given) == 75
