"""Exports: every format gives back what is stored, and a file is there whole or not at all."""

import csv
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import Article, Visit
from storage.exporters import ExportError, export, formats
from storage.query import columns

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)
TEXTS = ["第一段，有“引号”和,逗号。\n第二段\t制表。", 'a "quoted" text; with\r\nlines', "=1+1\x00末尾 \u2028 🚢"]


@pytest.fixture
def filled(store):
    for number, text in enumerate(TEXTS, 1):
        put(store, number, f"标题{number}", text)
    return store


def put(store, number, title, text, **more):
    url = f"http://example.com/{number}.html"
    store.save(Visit(url, url, "article", "demo", NOW, 200), article=Article(url, title, text, NOW, **more))


def read_jsonl(path):
    return [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


READERS = {"jsonl": read_jsonl, "csv": read_csv}


def test_every_format_of_the_folder_has_its_round_trip_here():
    assert formats() == sorted(READERS)


@pytest.mark.parametrize("name", READERS)
def test_a_round_trip_gives_the_same_articles(filled, tmp_path, name):
    out = Path(tmp_path, "out")
    assert export(filled.db, out, name) == 3
    rows = READERS[name](out)
    assert [(row["title"], row["text"]) for row in rows] == [(f"标题{n}", text) for n, text in enumerate(TEXTS, 1)]
    assert list(rows[0]) == columns(filled.db)


@pytest.mark.parametrize("name", READERS)
def test_the_same_content_gives_the_same_bytes(filled, tmp_path, name):
    one, other = Path(tmp_path, "1"), Path(tmp_path, "2")
    export(filled.db, one, name)
    export(filled.db, other, name)
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("name", READERS)
def test_no_articles_make_an_empty_file(store, tmp_path, name):
    out = Path(tmp_path, "out")
    assert export(store.db, out, name) == 0
    assert out.read_bytes() == b""


def test_copies_and_advertisements_are_left_out_unless_asked_for(store, tmp_path):
    text = "央行今日下调存款准备金率，释放长期资金约一万亿元，支持实体经济发展，降低社会融资成本，保持流动性合理充裕。"
    put(store, 1, "央行降准", text)
    put(store, 2, "转载：央行降准", text)
    put(store, 3, "代办开户", "欢迎对接", ad_score=1.0)
    out = Path(tmp_path, "out.jsonl")
    shown = [export(store.db, out, "jsonl", ads=ads, copies=copies) for ads, copies in ((0, 0), (1, 0), (0, 1), (1, 1))]
    assert shown == [1, 2, 2, 3]


def test_rows_can_be_chosen_by_a_condition(filled, tmp_path):
    out = Path(tmp_path, "out.jsonl")
    assert export(filled.db, out, "jsonl", where="title = ? OR id = 3", params=("标题1",)) == 2


@pytest.mark.parametrize("where", ["no_such = 1", "1) --", "title ="])
def test_a_wrong_condition_is_named_and_makes_no_file(filled, tmp_path, where):
    with pytest.raises(ExportError, match="is no condition on articles"):
        export(filled.db, Path(tmp_path, "out.jsonl"), "jsonl", where=where)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_with_all_rows(filled, tmp_path):
    seen = []
    export(filled.db, Path(tmp_path, "out.csv"), "csv", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_an_unknown_format_says_which_there_are(store, tmp_path):
    with pytest.raises(ExportError, match=r"no format `xml`; there are csv, jsonl"):
        export(store.db, Path(tmp_path, "out.xml"), "xml")


def test_an_interrupted_export_leaves_the_old_file_and_no_other(filled, tmp_path):
    out = Path(tmp_path, "out.jsonl")
    out.write_text("old")

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(filled.db, out, "jsonl", progress=stop)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out.jsonl", "old")]


def test_a_folder_that_is_not_there_is_named(filled, tmp_path):
    with pytest.raises(ExportError, match="cannot be written"):
        export(filled.db, Path(tmp_path, "nowhere", "out.csv"), "csv")


def test_a_link_stays_one_and_its_target_is_written(filled, tmp_path):
    link, target = Path(tmp_path, "link.csv"), Path(tmp_path, "target.csv")
    link.symlink_to(target.name)
    for _ in range(2):
        assert export(filled.db, link, "csv") == 3
        assert (link.is_symlink(), len(read_csv(target))) == (True, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
@pytest.mark.parametrize("name", READERS)
def test_a_pipe_is_written_to(filled, tmp_path, name):
    pipe, kept = Path(tmp_path, "pipe"), Path(tmp_path, "kept")
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_bytes)
        assert export(filled.db, pipe, name) == 3
    kept.write_bytes(read.result())
    assert pipe.is_fifo()
    assert len(READERS[name](kept)) == 3
