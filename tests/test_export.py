"""Exports: every format gives back what is stored, files are whole or not there, equal content gives equal bytes."""

import csv
import io
import json
import os
import shutil
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from crawler.extract import columns
from storage import Article, Visit, history, open_store, splits
from storage.archive import Archive, Fetched
from storage.errors import MissingExtra
from storage.exporters import Choice, ExportError, Job, Split, export, formats, stream, verify
from storage.exporters import _files as files
from storage.exporters import _manifest as manifest
from storage.exporters import _where as where
from storage.exporters._about import MENTION, About
from storage.fields import FIELDS
from storage.mentions import Finder
from storage.records import Notice, Right

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)
CHINA = datetime(2026, 3, 20, 21, 30, tzinfo=timezone(timedelta(hours=8)))
TEXTS = ["第一段，有“引号”和,逗号。\n第二段\t制表。", 'a "quoted" text; with\r\nlines', "=1+1\x00末尾 \u2028 🚢"]
ARROW = pytest.mark.skipif(not find_spec("pyarrow"), reason="pyarrow is not installed: pip install '.[data]'")
FORMATS = ["atom", "csv", "jsonl", "sqlite", "warc", *(pytest.param(name, marks=ARROW) for name in ("hf", "parquet"))]
OF_ROWS = [form for form in FORMATS if form != "warc"]
WHOLE = [form for form in OF_ROWS if form != "atom"]


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """The file of an empty database with the columns that a crawl gives it: a copy is faster than a new one."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    open_store(path, fields=columns()).close()
    return path


@pytest.fixture
def store(empty, tmp_path_factory):
    """A new database, whose clock goes on by a second at each look."""
    ticks = iter(range(10**6))
    path = tmp_path_factory.mktemp("db") / "k.db"
    shutil.copy(empty, path)
    with open_store(path, clock=lambda: NOW + timedelta(seconds=next(ticks))) as opened:
        yield opened


@pytest.fixture
def filled(store):
    for number, text in enumerate(TEXTS, 1):
        put(
            store, number, f"标题{number}", text, published_at=CHINA, author="张三", extra={"keywords": ["储能", "a,b"]}
        )
    return store


@pytest.fixture
def pages(filled, tmp_path):
    """The archive of the pages that the articles were read from."""
    path = Path(tmp_path, "kept.pages")
    with Archive(path) as archive:
        for number, text in enumerate(TEXTS, 1):
            url = f"http://example.com/{number}.html"
            archive.add(Fetched(url, url, NOW, 200, {"content-type": "text/html"}, text.encode(), "example.com"))
    return path


def put(store, number, title, text, *, at=0, **more):
    url, seen = f"http://example.com/{number}.html", NOW + timedelta(hours=at)
    store.save(Visit(url, url, "article", "demo", seen, 200), article=Article(url, title, text, seen, **more))


def read(out):
    """What an export holds, as its format reads it back."""
    facts = manifest.opened(manifest.path_of(out).read_bytes())
    return list(import_module(f"storage.exporters.{facts['format']}").read(out, manifest.read_back(facts)))


def content(path):
    """The bytes of a file or of all files of a folder."""
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    return {one.name: one.read_bytes() for one in files}


def count(facts):
    return sum(told["rows"] for told in facts["sets"].values())


def failed(path):
    return [proof.claim for proof in verify(path) if proof.problem]


def test_every_format_of_the_folder_is_tried_here():
    assert formats() == sorted(getattr(form, "values", [form])[0] for form in FORMATS)


@pytest.mark.parametrize("name", OF_ROWS)
def test_a_round_trip_gives_the_same_articles(filled, tmp_path, name):
    out = Path(tmp_path, "out")
    assert count(export(filled.db, out, name)) == 3
    rows = read(out)
    held = [text.replace("\x00", "") for text in TEXTS] if name == "atom" else TEXTS
    assert [(row["title"], row["text"]) for row in rows] == [(f"标题{n}", text) for n, text in enumerate(held, 1)]
    assert {row["published_at"] for row in rows} == {CHINA}
    assert failed(out) == []


@pytest.mark.parametrize("name", WHOLE)
def test_every_field_comes_back(filled, tmp_path, name):
    out = Path(tmp_path, "out")
    export(filled.db, out, name)
    assert list(read(out)[0]) == list(FIELDS)
    assert read(out)[0]["keywords"] == ["储能", "a,b"]


class Hours:
    """A market that is always open."""

    def stamps(self, at, codes):
        return [{"market": code[-2:], "session": "am", "next_tradable_at": at.isoformat()} for code in codes]


@pytest.mark.parametrize("name", WHOLE)
def test_mentions_and_sessions_come_back(store, tmp_path, name):
    put(store, 1, "贵州茅台(600519)涨停", "苹果公司（AAPL.US）和腾讯控股(00700.HK)发布公告。", published_at=CHINA)
    put(store, 2, "天气预报", "明天多云。")
    out = Path(tmp_path, "out")
    export(store.db, out, name, Job(mentions=Finder(), markets=Hours()))
    one, other = read(out)
    assert {(each["field"], each["code"]) for each in one["mentions"]} >= {("title", "600519.SH"), ("text", "00700.HK")}
    for each in one["mentions"]:
        assert one[each["field"]][each["start"] : each["end"]] == each["text"]
        assert list(each) == list(MENTION)
    assert {each["market"] for each in one["sessions"]} >= {"SH", "HK"}
    assert (not other["mentions"], not other["sessions"], failed(out)) == (True, True, [])


@ARROW
def test_the_content_hash_is_the_same_in_every_format(filled, tmp_path):
    names = ("csv", "jsonl", "sqlite", "hf", "parquet")
    assert len({export(filled.db, Path(tmp_path, name), name)["sets"]["all"]["content"] for name in names}) == 1


def test_other_tools_read_what_was_written(filled, tmp_path):
    for name in ("jsonl", "csv", "sqlite", "atom"):
        export(filled.db, Path(tmp_path, name), name)
    lines = [json.loads(line) for line in Path(tmp_path, "jsonl").read_bytes().decode().split("\n")[:-1]]
    assert [(row["text"], row["published_at"]) for row in lines] == [(text, CHINA.isoformat()) for text in TEXTS]
    with Path(tmp_path, "csv").open(encoding="utf-8", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == TEXTS
    with closing(sqlite3.connect(Path(tmp_path, "sqlite"))) as db:
        assert [text for (text,) in db.execute("SELECT text FROM articles ORDER BY id")] == TEXTS
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = "SELECT articles.id FROM articles_fts JOIN articles ON articles.id = articles_fts.rowid"
        assert db.execute(f"{found} WHERE articles_fts MATCH '引号'").fetchall() == [(1,)]
    feed = ElementTree.parse(Path(tmp_path, "atom")).getroot()
    names = {"a": "http://www.w3.org/2005/Atom"}
    for part in ("id", "title", "updated", "entry/id", "entry/title", "entry/updated"):
        assert feed.find("/".join(f"a:{name}" for name in part.split("/")), names).text


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_content_gives_the_same_bytes(filled, pages, tmp_path, name):
    folders = Path(tmp_path, "1"), Path(tmp_path, "2")
    for folder in folders:
        folder.mkdir()
        export(filled.db, folder / "out", name, Job(archive=pages))
    one, other = map(content, folders)
    assert one == other


@pytest.mark.parametrize("name", FORMATS)
def test_no_articles_make_a_file_that_can_be_proven(filled, pages, tmp_path, name):
    job, out = Job(Choice(where="0"), archive=pages), Path(tmp_path, "out")
    assert (count(export(filled.db, out, name, job)), read(out), failed(out)) == (0, [], [])


def test_raw_pages_are_those_of_the_chosen_articles(filled, pages, tmp_path):
    out = Path(tmp_path, "out.warc")
    facts = export(filled.db, out, "warc", Job(Choice(where="id != 2"), archive=pages))
    assert [row["url"] for row in read(out)] == ["http://example.com/1.html", "http://example.com/3.html"]
    assert (count(facts), facts["left_out"], failed(out)) == (2, {}, [])


def test_an_article_without_a_page_is_counted(filled, pages, tmp_path):
    put(filled, 9, "没有网页的文章", "这一篇的网页不在档案里面。")
    facts = export(filled.db, Path(tmp_path, "out.warc"), "warc", Job(archive=pages))
    assert facts["left_out"] == {"article without a raw page": 1}


def test_without_an_archive_there_are_no_raw_pages(filled, tmp_path):
    with pytest.raises(ExportError, match="no archive of raw pages"):
        export(filled.db, Path(tmp_path, "out.warc"), "warc")


def test_copies_and_advertisements_are_left_out_unless_asked_for(store, tmp_path):
    text = "央行今日下调存款准备金率，释放长期资金约一万亿元，支持实体经济发展，降低社会融资成本，保持流动性合理充裕。"
    put(store, 1, "央行降准", text)
    put(store, 2, "转载", text)
    put(store, 3, "代办开户", "欢迎对接", ad_score=1.0)
    out, asked = Path(tmp_path, "out.jsonl"), ((False, False), (True, False), (False, True), (True, True))
    told = [export(store.db, out, "jsonl", Job(Choice(ads=ads, copies=copies))) for ads, copies in asked]
    assert [count(facts) for facts in told] == [1, 2, 2, 3]
    assert [sum(facts["left_out"].values()) for facts in told] == [2, 1, 1, 0]


def test_rows_can_be_chosen_by_a_condition(filled, tmp_path):
    chosen = Choice(where="title = ? OR id = 3", params=("标题1",))
    assert count(export(filled.db, Path(tmp_path, "out.jsonl"), "jsonl", Job(chosen))) == 2


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("no_such = 1", "no field `no_such`; there are id, url"),
        ("1) --", "syntax"),
        ("title =", ""),
        ("id = ?", "has a `\\?` without a value"),
        ("1); SELECT (1", "one statement"),
    ],
)
@pytest.mark.parametrize("name", ["jsonl", "sqlite"])
def test_a_wrong_condition_is_named_and_makes_no_file(filled, tmp_path, where, why, name):
    with pytest.raises(ExportError, match=f"is no condition on articles: .*{why}"):
        export(filled.db, Path(tmp_path, "out"), name, Job(Choice(where=where)))
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_with_all_rows(filled, tmp_path):
    seen = []
    job = Job(progress=lambda done, total: seen.append((done, total)))
    export(filled.db, Path(tmp_path, "out.csv"), "csv", job)
    assert seen[-1] == (3, 3)


def test_an_unknown_format_says_which_there_are(store, tmp_path):
    with pytest.raises(ExportError, match=r"no format `xml`; there are atom, csv"):
        export(store.db, Path(tmp_path, "out.xml"), "xml")


@pytest.mark.parametrize("name", ["jsonl", "sqlite", pytest.param("parquet", marks=ARROW)])
def test_an_interrupted_export_leaves_the_old_file_and_no_other(filled, tmp_path, name):
    out = Path(tmp_path, "out.jsonl")
    export(filled.db, out, "jsonl", Job(Choice(where="id = 1")))
    before = content(tmp_path)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(filled.db, out, name, Job(progress=stop))
    assert content(tmp_path) == before


def test_one_export_at_a_time_writes_a_file(filled, tmp_path):
    """Else the file of one and the manifest of the other may come to lie side by side."""

    def another(done, total):
        with pytest.raises(ExportError, match="Another export is writing"):
            export(filled.db, tmp_path / "out.jsonl", "jsonl")

    export(filled.db, tmp_path / "out.jsonl", "jsonl", Job(progress=another))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.jsonl", "out.jsonl.manifest.json"]


@ARROW
def test_an_interrupt_in_the_middle_of_parquet_stays_one():
    out = io.BytesIO()
    with pytest.raises(KeyboardInterrupt), import_module("storage.exporters.parquet").Writer(out, About(FIELDS)):
        out.close()  # as an interrupt may leave it: then the end of the file cannot be written
        raise KeyboardInterrupt


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without /dev/full")
@pytest.mark.parametrize("name", ["jsonl", "csv", "atom", pytest.param("parquet", marks=ARROW)])
def test_a_full_disk_is_named(filled, name):
    with pytest.raises(ExportError, match="cannot be written: No space left"):
        export(filled.db, Path("/dev/full"), name)
    with (
        Path("/dev/full").open("wb", 0) as out,
        pytest.raises(ExportError, match="`/dev/full` cannot be written: No space"),
    ):
        stream(filled.db, out, name)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", ["jsonl", "sqlite", pytest.param("hf", marks=ARROW)])
def test_a_disk_that_fills_up_leaves_nothing_under_the_name(filled, tmp_path, name):
    child = os.fork()
    if not child:
        resource = import_module("resource")
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            export(filled.db, Path(tmp_path, "out"), name)
        except ExportError as error:
            os._exit(0 if "out` cannot be written: " in str(error) else 8)
        except BaseException:
            os._exit(9)
        os._exit(7)
    assert os.waitpid(child, 0)[1] == 0
    assert not Path(tmp_path, "out").exists()


def test_a_folder_that_is_not_there_is_named(filled, tmp_path):
    with pytest.raises(ExportError, match="cannot be written"):
        export(filled.db, Path(tmp_path, "nowhere", "out.csv"), "csv")


def test_a_name_that_is_no_utf_8_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ExportError, match=r"`.*\\xff.csv` is no UTF-8"):
        export(None, tmp_path / os.fsdecode(b"\xff.csv"), "csv")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_replaced_by_a_file(filled, tmp_path):
    with pytest.raises(ExportError, match="is a folder"):
        export(filled.db, tmp_path, "csv")


@ARROW
def test_only_a_folder_of_ours_is_replaced(filled, tmp_path):
    foreign, file, ours = Path(tmp_path, "thesis"), Path(tmp_path, "file"), Path(tmp_path, "ours")
    foreign.mkdir()
    (foreign / "manifest.json").write_text("{}")
    file.write_text("old")
    for place, why in ((foreign, "no export made"), (file, "is a file")):
        with pytest.raises(ExportError, match=why):
            export(filled.db, place, "hf")
    assert (content(foreign), file.read_text()) == ({"manifest.json": b"{}"}, "old")
    export(filled.db, ours, "hf", Job(Choice(where="id = 1")))
    export(filled.db, ours, "hf")
    assert (len(read(ours)), failed(ours)) == (3, [])
    card = (ours / "README.md").read_bytes()
    for name, text, why in (
        ("README.md", b"mine", "`README.md` is not as its manifest says"),
        ("data/notes.txt", b"mine", "`data/notes.txt` is none of its files"),
    ):
        (ours / name).write_bytes(text)
        with pytest.raises(ExportError, match=f"no export made, or that was changed since .{why}"):
            export(filled.db, ours, "hf")
        assert (ours / name).read_bytes() == text
        (ours / "README.md").write_bytes(card)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "ours", "thesis"]


@pytest.mark.parametrize("form", ["csv", pytest.param("sqlite", marks=pytest.mark.slow)])
def test_only_a_file_of_ours_is_replaced(filled, tmp_path, form):
    """Not one of somebody else, nor ours with other content, nor a foreign file in the place of the manifest."""
    foreign, changed, claims = (tmp_path / name for name in ("notes", "changed", "new.manifest.json"))
    with closing(sqlite3.connect(foreign)) as db:
        db.execute("CREATE TABLE precious (one)")
    export(filled.db, changed, form)
    changed.write_bytes(changed.read_bytes() + b"\n")
    claims.write_text("{}")
    before = content(tmp_path)
    for out, named in ((foreign, foreign), (changed, changed), (tmp_path / "new", claims)):
        with pytest.raises(ExportError, match=f"{named}` is there, .* Name another place, or remove it"):
            export(filled.db, out, form)
    assert content(tmp_path) == before
    for path in (foreign, changed):
        path.write_bytes(b"")  # in which nothing can be lost
        export(filled.db, path, form)
        assert failed(path) == []


def test_after_a_kill_between_file_and_manifest_the_next_export_goes_on(filled, tmp_path, monkeypatch):
    out, replace = tmp_path / "out.csv", files.replace
    export(filled.db, out, "csv")

    def die(part, target):
        if part.name.endswith(".ready"):
            raise KeyboardInterrupt
        replace(part, target)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(files, "replace", die)
        export(filled.db, out, "csv", Job(Choice(where="id = 1")))
    assert failed(out) != []
    export(filled.db, out, "csv", Job(Choice(where="id < 3")))
    assert (len(read(out)), failed(out)) == (2, [])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.csv", "out.csv.manifest.json"]


def test_a_link_stays_one_and_its_target_is_written(filled, tmp_path):
    link, target = Path(tmp_path, "link.csv"), Path(tmp_path, "target.csv")
    link.symlink_to(target.name)
    for _ in range(2):
        assert count(export(filled.db, link, "csv")) == 3
        assert (link.is_symlink(), len(read(target))) == (True, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
@pytest.mark.parametrize("name", ["jsonl", "csv", "atom", pytest.param("parquet", marks=ARROW)])
def test_a_pipe_is_written_to(filled, tmp_path, name):
    pipe, kept = Path(tmp_path, "pipe"), Path(tmp_path, "kept")
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        got = reader.submit(pipe.read_bytes)
        assert count(export(filled.db, pipe, name)) == 3
    export(filled.db, kept, name)
    assert (pipe.is_fifo(), got.result()) == (True, kept.read_bytes())


def test_a_database_goes_through_no_pipe(filled):
    with pytest.raises(ExportError, match="to a pipe"):
        export(filled.db, Path("/dev/null"), "sqlite")


def test_without_pyarrow_its_package_is_named(filled, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    for name in ("parquet", "hf"):
        with pytest.raises(MissingExtra, match=r"pip install 'kuaixun\[data\]'"):
            export(filled.db, Path(tmp_path, "out"), name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["k.db", "k.pages", "copy.db", "link.jsonl", "k.db-wal"])
def test_no_export_replaces_a_database_or_an_archive(filled, name, monkeypatch):
    """Not the one that is read, nor another, nor by a link; also while all of it is still in the log."""
    monkeypatch.chdir(Path(filled.path).parent)
    Archive(Path("k.pages")).close()
    shutil.copy("k.db", "copy.db")
    Path("link.jsonl").symlink_to("k.db")
    before = {file: file.read_bytes() for file in sorted(Path().iterdir())}
    with pytest.raises(ExportError, match="database"):
        export(filled.db, Path(name), "sqlite" if name.endswith(".db") else "jsonl")
    with pytest.raises(ExportError, match="database"):
        files.written(Path(name), lambda out: out.write(b"x"))
    assert {file: file.read_bytes() for file in sorted(Path().iterdir())} == before
    # What an export made is no database of ours, though it is one of SQLite.
    for _ in range(2):
        export(filled.db, Path("out.db"), "sqlite")


def test_the_manifest_says_what_was_asked_and_what_is_known(filled, tmp_path):
    out = Path(tmp_path, "out.jsonl")
    facts = export(filled.db, out, "jsonl", Job(Choice(where="id < 3", purpose="train")))
    assert manifest.opened(Path(tmp_path, "out.jsonl.manifest.json").read_bytes()) == facts
    assert (facts["query"]["where"], facts["query"]["purpose"]) == ("id < 3", "train")
    (at,) = filled.db.execute("SELECT at FROM moments WHERE id = 3").fetchone()
    assert facts["state"] == {"moment": 3, "at": at}
    assert facts["sets"]["all"]["interval"] == ["2026-03-20T14:00:00.000+00:00"] * 2


def test_the_manifest_names_the_gaps_inside_the_interval(filled, tmp_path):
    def gap(start, end):
        row = ("demo", "http://example.com/", start, end, "overrun", start, "overrun", "[]")
        names = "source, url, from_at, to_at, reason, noted_at, kind, evidence"
        sql = f"INSERT INTO gaps ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        filled.db.execute(sql, row)

    gap("2026-03-20T13:00:00.000+00:00", "2026-03-20T14:00:01.000+00:00")
    gap("2026-03-19T13:00:00.000+00:00", "2026-03-19T14:00:00.000+00:00")
    gap("2026-03-20T13:30:00.000+00:00", None)
    facts = export(filled.db, Path(tmp_path, "out.jsonl"), "jsonl")
    assert [each["from_at"] for each in facts["gaps"]] == [
        f"2026-03-20T13:{minute}:00.000+00:00" for minute in ("00", "30")
    ]


NOT_ASKED = [
    ('"nosuch" = 1', "no field `nosuch`"),
    ("unixepoch('now') < 5", "the time or the zone"),
    ("first_seen_at < datetime(' NOW ', '-1 day')", "the time or the zone"),
    ("id > random()", "another value each time"),
    ("first_seen_at < CURRENT_TIMESTAMP", "another value each time"),
    ("first_seen_at < datetime ( )", "another value each time"),
    ("date(published_at, 'localtime') > '2026'", "the time or the zone"),
    ("datetime(published_at, 'ut' || 'c') > '2026'", "the time or the zone"),
    ("id < julianday('n' || 'ow')", "the time or the zone"),
    ("id < strftime('%s', x'4e6f77')", "the time or the zone"),
    ("id < unixepoch(replace('sub-sec', '-', ''))", "the time or the zone"),
    ("id < time(iif(id, 'no' || 'w' || char(0) || 'a', title))", "the time or the zone"),
    ("rowid < 2", "the number of an article is `id`"),
    ("id IN (SELECT [oid] FROM articles)", "no field `oid`"),
    ("id IN (SELECT id FROM main.articles WHERE revision > 1)", "without that of its file"),
    ("id IN (SELECT id FROM 'main'.articles)", "without that of its file"),
    ("id IN (SELECT id FROM `history_articles`)", "no field `history_articles`"),
    ("id IN (SELECT id FROM history_articles)", "`history_articles` is not remembered"),
    ("id < (SELECT count(*) FROM moments)", "`moments` is not remembered"),
    ("id IN (SELECT rank FROM articles_fts WHERE articles_fts MATCH 'a')", "words are asked for with --search"),
]


@pytest.mark.parametrize("where", ["title != 'Now'", "source IS NULL OR source NOT IN ('NOW', 'now')"])
def test_now_is_a_word_like_others_where_no_time_is_asked(filled, tmp_path, where):
    export(filled.db, Path(tmp_path, "out.jsonl"), "jsonl", Job(Choice(where=where)))
    assert len(read(Path(tmp_path, "out.jsonl"))) == 3


def test_a_condition_asks_only_what_is_stored(filled, tmp_path):
    for asked, why in NOT_ASKED:
        with pytest.raises(ExportError, match=why):
            export(filled.db, Path(tmp_path, "out.jsonl"), "jsonl", Job(Choice(where=asked)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "where",
    [
        "title != 'it''s random() -- \"now\"'",
        "\"title\" > '' -- random()",
        "time(first_seen_at, '+1 hours') IS time('15:00:00') AND strftime('%Y', published_at) = '2026'"
        " AND unixepoch('2026-01-01') = 1767225600 AND date(NULL) IS NULL AND date(first_seen_at) > '2026'",
        "[title] > '' AND `id` IN (SELECT article_id FROM visits) AND 'a' IN (SELECT value FROM json_each('[\"a\"]'))"
        " AND story_id IN (SELECT id FROM stories WHERE copies = 0)",
    ],
)
def test_texts_comments_and_quoted_fields_are_no_question(filled, tmp_path, where):
    """Now, and where the connection travels."""
    facts = [export(filled.db, Path(tmp_path, "now.jsonl"), "jsonl", Job(Choice(where=where)))]
    with open_store(Path(filled.path), readonly=True) as then:
        history.travel_to(then.db.conn, facts[0]["state"]["moment"])
        facts.append(export(then.db, Path(tmp_path, "then.jsonl"), "jsonl", Job(Choice(where=where))))
    assert [count(each) for each in facts] == [len(TEXTS)] * 2


def test_the_views_that_may_be_asked_are_the_same_now_and_then(filled):
    """All but the one that reads what does not travel."""
    views = [name for (name,) in filled.db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]

    def refused():
        return [name for name in views if where.forgotten(filled.db.conn, f"EXISTS (SELECT * FROM {name})", ())]

    now = refused()
    history.travel_to(filled.db.conn, 1)
    assert (now, refused()) == (["versions"], ["versions"])


def test_a_split_with_an_empty_part_is_refused(store, tmp_path):
    """No library opens it."""
    for number in range(6):
        at = NOW + timedelta(days=number)
        url = f"http://example.com/{number}"
        store.save(Visit(url, url, "article", "demo", at, 200), article=Article(url, f"第{number}条", TEXTS[0] * 9, at))
    split = Split(splits.shares("time:0.5,0.5"), splits.pause("30d"))
    with pytest.raises(ExportError, match="part `test` has no rows"):
        export(store.db, tmp_path / "out.jsonl", "jsonl", Job(Choice(copies=True), split=split))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def month(empty, tmp_path):
    """A database of thirty days with an article each, stored at the time of its fetch."""
    path, now = Path(tmp_path, "month.db"), [NOW]
    shutil.copy(empty, path)
    with open_store(path, clock=lambda: now[0]) as opened:

        def keep(number, text, day, **more):
            now[0] = NOW + timedelta(days=day)
            put(opened, number, f"第{number}条", text, at=24 * day, **more)

        for day in range(1, 31):
            keep(day, f"第{day}篇说的是另一件事情，和别的没有关系：{day * 7919}家公司。" * 9, day)
        yield opened, keep


def halves(store, out, **more):
    split = Split(splits.shares("time:0.5,0.5"), timedelta())
    facts = export(store.db, out, "jsonl", Job(Choice(**more), split=split))
    assert failed(out) == []
    return facts, {row["id"]: row for row in read(out)}


def test_a_part_says_what_was_known_before_it_ended(month, tmp_path):
    store, keep = month
    keep(2, "第2篇后来更正：" + "央行三月三十日宣布降准，股市大涨。" * 9, 29)
    (*_, copied) = [row[0] for row in store.db.conn.execute("SELECT text FROM articles WHERE id <= 3 ORDER BY id")]
    keep(99, copied, 28, published_at=NOW)  # says that it was the first
    facts, rows = halves(store, tmp_path / "out.jsonl")
    assert [rows[2][name] for name in ("split", "revision", "revised_at")] == ["train", 1, None]
    assert "降准" not in rows[2]["text"]
    assert [rows[3][name] for name in ("split", "is_first", "copies_so_far")] == ["train", True, 0]
    assert sum(facts["left_out"].values()) == 31 - len(rows)


def test_what_is_reserved_by_now_is_in_no_part(month, tmp_path):
    store, _ = month
    url, at = "http://example.com/31.html", NOW + timedelta(days=31)
    said = Notice("http://example.com/robots.txt", "host", at, (Right("ai-train", "no", "robots.txt"),))
    text = "第31篇带来了网站的声明：" + "不得用于训练。" * 20
    store.save(Visit(url, url, "article", "demo", at, 200), article=Article(url, "第31条", text, at), rights=[said])
    with pytest.raises(ExportError, match="too close in time"):  # all of them are reserved
        halves(store, tmp_path / "out.jsonl", purpose="train")
    granted, reserved = Right("ai-train", "yes", "robots.txt"), Right("ai-train", "no", "robots.txt", location="/1")
    some = Notice(said.read_on, "host", at, (granted, reserved))
    store.save(Visit(url, url, "article", "demo", at, 200), article=Article(url, "第31条", text, at), rights=[some])
    facts, rows = halves(store, tmp_path / "out.jsonl", purpose="train")
    assert not {1, *range(10, 20)} & rows.keys() and facts["left_out"]["ai-train=no (robots.txt)"] == 11


def test_a_part_that_ends_before_the_history_begins_is_refused(month, tmp_path):
    store, _ = month
    store.db.conn.execute("UPDATE moments SET at = ? WHERE at < ?", [(NOW + timedelta(days=40)).isoformat()] * 2)
    with pytest.raises(ExportError, match=r"the history of this database begins at .*first_seen_at >= "):
        halves(store, tmp_path / "out.jsonl")


def test_what_was_stored_after_its_part_had_ended_is_counted(month, tmp_path):
    store, _ = month
    url, fetched = "http://example.com/50.html", NOW + timedelta(days=16) - timedelta(seconds=1)
    text = "第50篇在界线之前取到，在界线之后才写进库里：" + "储能" * 99
    store.save(Visit(url, url, "article", "demo", fetched, 200), article=Article(url, "第50条", text, fetched))
    facts, rows = halves(store, tmp_path / "out.jsonl")
    assert (31 in rows, facts["left_out"]) == (False, {splits.STORED_LATE: 1})


def test_an_embargo_has_an_end():
    for text in ("99999999d", "1000000000000d"):
        with pytest.raises(splits.SplitError, match="longer than"):
            splits.pause(text)


@ARROW
def test_a_folder_begun_with_other_parts_is_begun_anew(filled, tmp_path):
    part = tmp_path / ".out.part"
    (part / "data").mkdir(parents=True)
    (part / "data" / "validation-00000.parquet").write_bytes(b"of another split")
    (part / ".journal.json").write_bytes(b'{"key": "another", "files": []}')
    export(filled.db, tmp_path / "out", "hf")
    assert failed(tmp_path / "out") == []


@ARROW
def test_a_link_in_a_folder_is_one_more_file(filled, tmp_path):
    export(filled.db, tmp_path / "out", "hf")
    (tmp_path / "out" / "data" / "more").symlink_to(tmp_path)
    assert failed(tmp_path / "out") == ["no other files"]
    with pytest.raises(ExportError, match="no export made"):
        export(filled.db, tmp_path / "out", "hf")


@pytest.mark.parametrize("change", [{"files": []}, {"sets": {}}, {"query": None}, {"files": "x"}])
def test_a_manifest_that_claims_nothing_is_none(filled, tmp_path, change):
    export(filled.db, tmp_path / "out.jsonl", "jsonl")
    claims = tmp_path / "out.jsonl.manifest.json"
    claims.write_bytes(manifest.sealed({**manifest.opened(claims.read_bytes()), **change}))
    assert "manifest" in failed(tmp_path / "out.jsonl")
