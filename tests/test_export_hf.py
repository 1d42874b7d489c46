"""A folder of shards: what was complete when an export was killed is kept, and the rest comes out the same."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from storage import open_store
from storage.exporters import Choice, ExportError, Job, export
from tests.test_export import ARROW, NOW, content, empty, failed, put, read

__all__ = ["empty"]  # a fixture

pytestmark = ARROW


@pytest.fixture
def database(empty, tmp_path, monkeypatch):
    """A database of 35 articles in the working folder; shards are of 10 rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("storage.exporters.hf.SHARD", 10)
    monkeypatch.setattr("storage.exporters.parquet.GROUP", 4)
    monkeypatch.setattr("storage.dataset.SIZE", 3)
    shutil.copy(empty, "k.db")
    with open_store(Path("k.db"), clock=lambda: NOW) as store:
        for number in range(1, 36):
            put(
                store, number, f"标题{number}", f"第{number}篇说的是另一件事情，和别的没有关系：{number * 7919}家公司。"
            )
    return Path("k.db")


def written(database, out, choice=None, progress=None):
    with open_store(database, readonly=True) as store:
        return export(store.db, Path(out), "hf", Job(choice or Choice(), progress=progress))


def broken_off(database, out, after):
    """An export that ends when `after` rows have gone by."""
    left = after

    def batches(values, about):
        nonlocal left
        for batch in values:
            if left <= 0:
                raise KeyboardInterrupt
            left -= len(batch)
            yield batch

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("storage.exporters.hf.prepared", batches, raising=False)
        written(database, out)


def test_a_shard_has_so_many_rows(database):
    facts = written(database, "out")
    assert [file["rows"] for file in facts["files"] if file["sets"]] == [10, 10, 10, 5]
    assert ([row["id"] for row in read(Path("out"))], failed(Path("out"))) == ([*range(1, 36)], [])


def test_what_was_complete_is_kept(database):
    written(database, "whole")
    broken_off(database, "out", 27)
    kept = {path.name: path.stat().st_mtime_ns for path in Path(".out.part", "data").iterdir()}
    assert not Path("out").exists()
    written(database, "out")
    again = {path.name: path.stat().st_mtime_ns for path in Path("out", "data").iterdir()}
    same = sorted(name for name in kept if again[name] == kept[name])
    assert same == ["train-00000.parquet", "train-00001.parquet"]
    assert content(Path("out")) == content(Path("whole"))


def test_a_shard_that_was_damaged_is_made_anew(database):
    written(database, "whole")
    broken_off(database, "out", 27)
    Path(".out.part", "data", "train-00001.parquet").write_bytes(b"PAR1")
    written(database, "out")
    assert content(Path("out")) == content(Path("whole"))


def test_another_question_begins_anew(database):
    broken_off(database, "out", 27)
    written(database, "out", Choice(where="id % 2"))
    assert ([row["id"] for row in read(Path("out"))], failed(Path("out"))) == ([*range(1, 36, 2)], [])


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_after_a_kill_the_folder_is_the_same(database):
    written(database, "whole")
    for rows in (3, 13, 31):
        child = os.fork()
        if not child:
            written(database, "out", progress=lambda done, _, last=rows: done >= last and die())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        assert not Path("out").exists()
    written(database, "out")
    assert content(Path("out")) == content(Path("whole"))
    assert sorted(path.name for path in Path().iterdir()) == ["k.db", "out", "whole"]


def test_one_export_at_a_time_writes_a_place(database):
    def another(done, total):
        with pytest.raises(ExportError, match="Another export is writing"):
            written(database, "out")

    written(database, "out", progress=another)
