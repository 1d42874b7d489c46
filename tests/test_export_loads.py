"""A folder for the hub opens as it is in what people use: datasets, pandas, Polars, DuckDB, mlcroissant."""

import asyncio
import json
from pathlib import Path

import pytest

from storage.exporters import Choice, Job, export
from storage.fields import FIELDS
from tests.test_export import CHINA, NOW, TEXTS, empty, filled, store

__all__ = ["empty", "filled", "store"]  # fixtures
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
WHY = "not installed: pip install '.[test-data]'"


@pytest.fixture
def folder(filled, tmp_path):
    pytest.importorskip("pyarrow", reason=WHY)
    export(filled.db, Path(tmp_path, "set"), "hf")
    return Path(tmp_path, "set")


def test_datasets_opens_the_folder_as_its_card_describes_it(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason=WHY)
    found = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert (list(found), found["train"].num_rows) == (["train"], 3)
    assert [row["text"] for row in found["train"]] == TEXTS
    assert found["train"].column_names == list(FIELDS)
    assert str(found["train"].features["first_seen_at"].dtype) == "timestamp[ms, tz=UTC]"
    assert {row["published_at"] for row in found["train"]} == {CHINA}


def test_a_folder_without_rows_opens_as_is_said(filled, tmp_path, monkeypatch):
    """`datasets` has no split without rows, but as a stream; the others have its columns."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets, pandas = (pytest.importorskip(name, reason=WHY) for name in ("datasets", "pandas"))
    out = tmp_path / "none"
    export(filled.db, out, "hf", Job(Choice(where="id < 0")))
    cache = str(tmp_path / "cache")
    assert list(datasets.load_dataset(str(out), split="train", streaming=True, cache_dir=cache)) == []
    with pytest.raises(Exception, match=r"no data|generating the dataset"):
        datasets.load_dataset(str(out), cache_dir=cache)
    assert list(pandas.read_parquet(out / "data").columns) == list(FIELDS)


def test_pandas_opens_the_shards(folder):
    pandas = pytest.importorskip("pandas", reason=WHY)
    found = pandas.read_parquet(folder / "data")
    assert found["text"].tolist() == TEXTS
    assert str(found["first_seen_at"].dtype) == "datetime64[ms, UTC]"
    assert found["first_seen_at"].iloc[0].to_pydatetime() == NOW


def test_polars_opens_the_shards(folder):
    polars = pytest.importorskip("polars", reason=WHY)
    found = polars.scan_parquet(folder / "data" / "*.parquet").collect()
    assert found["text"].to_list() == TEXTS
    assert found["first_seen_at"].to_list() == [NOW] * 3
    assert found.schema["mentions"].inner.to_schema()["start"] == polars.Int64


def test_duckdb_opens_the_shards(folder):
    duckdb = pytest.importorskip("duckdb", reason=WHY)
    found = duckdb.sql(
        f"SELECT id, text, epoch_ms(first_seen_at) FROM '{folder}/data/*.parquet' ORDER BY id"
    ).fetchall()
    assert found == [(number, text, int(NOW.timestamp() * 1000)) for number, text in enumerate(TEXTS, 1)]


def test_the_croissant_metadata_is_valid_and_finds_the_rows(folder, monkeypatch):
    croissant = pytest.importorskip("mlcroissant", reason=WHY)
    monkeypatch.chdir(folder)
    found = croissant.Dataset(jsonld="croissant.json")
    assert not found.metadata.ctx.issues.errors
    (records,) = (each["@id"] for each in json.loads(Path("croissant.json").read_text())["recordSet"])
    rows = list(found.records(records))
    assert [row[f"{records}/text"].decode() for row in rows] == TEXTS


def test_parquet_by_itself_keeps_its_types(filled, tmp_path):
    pandas = pytest.importorskip("pandas", reason=WHY)
    export(filled.db, Path(tmp_path, "out.parquet"), "parquet")
    found = pandas.read_parquet(tmp_path / "out.parquet")
    assert (str(found["site"].dtype), str(found["is_first"].dtype)) == ("category", "bool")


def test_stock_tools_open_the_small_database(filled, tmp_path):
    utils = pytest.importorskip("sqlite_utils")
    export(filled.db, Path(tmp_path, "out.sqlite"), "sqlite")
    db = utils.Database(tmp_path / "out.sqlite")
    assert db.table("articles").detect_fts() == "articles_fts"
    assert [row["id"] for row in db.table("articles").search("引号")] == [1]
    db.close()


def test_datasette_serves_the_small_database(filled, tmp_path):
    app = pytest.importorskip("datasette.app", reason="not installed: pip install '.[serve]'")
    export(filled.db, Path(tmp_path, "out.db"), "sqlite")

    async def asked():
        server = app.Datasette([str(tmp_path / "out.db")])
        return (await server.client.get("/out/articles.json?_search=引号&_shape=array")).json()

    assert [row["id"] for row in asyncio.run(asked())] == [1]
