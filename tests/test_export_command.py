"""`kuaixun export` on the command line: what it writes, what it says, how it ends."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.console import NOTHING, STORAGE, USAGE
from storage import Article, Visit, open_store
from tests.test_export import empty

__all__ = ["empty"]  # a fixture

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)


@pytest.fixture
def here(empty, tmp_path, monkeypatch):
    """A working folder with a database of three articles, one of them an advertisement."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUAIXUN_DATABASE", "news.db")
    shutil.copy(empty, "news.db")
    with open_store(Path("news.db"), clock=lambda: NOW) as store:
        for number, title in enumerate(("储能电站投运", "央行降准", "代办开户"), 1):
            url = f"http://example.com/{number}.html"
            article = Article(url, title, f"{title}的正文在这里。", NOW, ad_score=float(number == 3))
            store.save(Visit(url, url, "article", "demo", NOW, 200), article=article)
    return tmp_path


def said(*words, code=0):
    result = CliRunner().invoke(cli, ["export", *words], prog_name="kuaixun")
    assert result.exit_code == code, result.output
    return result.stdout + result.stderr


@pytest.mark.parametrize(("suffix", "form"), [("jsonl", "jsonl"), ("db", "sqlite"), ("csv", "csv"), ("xml", "atom")])
def test_the_suffix_tells_the_format_and_the_manifest_lies_beside(here, suffix, form):
    told = said(f"out.{suffix}")
    assert "Wrote 2 articles to out." in told
    assert "1 article left out: advertising" in told
    assert f'"format": "{form}"' in Path(f"out.{suffix}.manifest.json").read_text()
    assert "all claims hold" in said("--verify", f"out.{suffix}")


def test_words_and_conditions_choose(here):
    assert "Wrote 1 article to" in said("out.jsonl", "--search", "储能")
    assert "Wrote 1 article to" in said("out.jsonl", "--where", "title LIKE '%降准%'")


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("out.jsonl", "--where", "nosuch > 1"), STORAGE, "there is no field `nosuch`; there are id, url, title"),
        (("out.jsonl", "--as-of", "2026-03-20T08:00"), USAGE, "has no zone"),
        (("out.warc",), STORAGE, "no archive of raw pages"),
        (("ours", "--format", "hf"), STORAGE, "is a folder that no export made"),
        (("-", "--format", "sqlite"), STORAGE, "cannot be written to a pipe"),
        (("out.warc.gz",), STORAGE, "no archive of raw pages"),
        (("out.jsonl.gz",), USAGE, "name the file without `.gz`"),
        (("out.gz",), USAGE, "only warc is gzip"),
        (("out.unknown",), USAGE, "There is no format `unknown`"),
        (("out.jsonl", "--split", "0.8,0.2"), USAGE, "is no split; write"),
        (("out.jsonl", "--split", "time:0.8,0.2", "--embargo", "soon"), USAGE, "is no duration"),
        (("out.jsonl", "--embargo", "7d"), USAGE, "--embargo needs --split"),
        (("out.jsonl", "--split", "time:0.8,0.2", "--since-last", "daily"), USAGE, "--split needs all rows"),
        (("out.jsonl", "--split", "time:0.8,0.2"), STORAGE, "too close in time"),
        (("out.jsonl", "--sessions", "mentioned"), USAGE, "needs --mentions"),
        ((), USAGE, "Missing argument 'OUT'"),
        (("--verify", "news.db"), STORAGE, "has no manifest"),
    ],
    ids=str,
)
def test_bad_input_is_one_clear_line(here, words, code, why):
    Path("ours").mkdir()
    Path("ours", "thesis.txt").write_text("1")
    before = sorted(here.rglob("*"))
    if "hf" in words:
        pytest.importorskip("pyarrow")
    told = said(*words, code=code)
    assert why in told
    assert sorted(here.rglob("*")) == before


def test_a_folder_without_rows_says_how_it_can_be_opened(here):
    pytest.importorskip("pyarrow")
    assert "with `streaming=True`" in said("none", "--format", "hf", "--where", "id < 0")
    assert "streaming" not in said("some", "--format", "hf", "--where", "id = 1")


def test_tampering_is_named_and_ends_with_a_code(here):
    said("out.csv")
    Path("out.csv").write_bytes(Path("out.csv").read_bytes().replace("降准".encode(), "加息".encode()))
    told = said("--verify", "out.csv", code=NOTHING)
    assert "out.csv: file out.csv: its SHA-256 is" in told
    assert "row 2: its text is not the one of its SHA-256" in told
    assert "claims of 7 failed" in told


def test_increments_by_name(here):
    assert "Wrote 2 articles" in said("1.jsonl", "--since-last", "daily")
    assert "Wrote 0 articles" in said("2.jsonl", "--since-last", "daily")
    assert "is there already" in said("2.jsonl", "--since-last", "daily", code=STORAGE)
    assert "has been exported with other options" in said("3.jsonl", "--since-last", "daily", "--ads", code=STORAGE)


def test_an_increment_that_was_complete_but_not_noted_is_noted(here):
    said("1.jsonl", "--since-last", "daily")
    with open_store(Path("news.db")) as store:
        store.db.execute(
            "UPDATE exports SET moment = NULL, ready = 'gone.ready', ready_moment = moment, ready_out = ?",
            (str(Path("1.jsonl").absolute()),),
        )
    assert "1.jsonl was complete" in said("1.jsonl", "--since-last", "daily")
    assert "Wrote 0 articles" in said("2.jsonl", "--since-last", "daily")
