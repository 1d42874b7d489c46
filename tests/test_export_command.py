"""`kuaixun export` on the command line: what it writes, what it says, how it ends."""

import shlex
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.console import NOTHING, STORAGE, USAGE
from storage import Article, Visit, open_store
from storage.exporters._manifest import opened
from tests.test_export import ARROW, content, empty

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


def known(out):
    return opened(Path(out).read_bytes())


@ARROW
def test_a_late_export_is_the_one_made_then_to_the_manifest(here):
    """Whatever the time that is asked for, T is the last moment that the rows know of."""
    said("then.hf", "--format", "hf")
    made = {path.name: path.read_bytes() for path in Path("then.hf").rglob("*") if path.is_file()}
    at = known("then.hf/manifest.json")["state"]["at"]
    said("then.hf", "--format", "hf", "--as-of", at[:17] + "59.999+00:00")
    assert made == {path.name: path.read_bytes() for path in Path("then.hf").rglob("*") if path.is_file()}


@pytest.fixture
def later(monkeypatch):
    """It is a hundred days later."""
    at = NOW + timedelta(days=100)
    monkeypatch.setattr("crawler.console.now", lambda as_of=None: as_of or at)
    return at.isoformat(timespec="milliseconds")


def stored(number, text, at):
    url = f"http://example.com/{number}.html"
    with open_store(Path("news.db"), clock=lambda: at) as store:
        store.save(Visit(url, url, "article", "demo", at, 200), article=Article(url, f"第{number}条", text, at))


def again(card, number=0):
    """Do what the card says, into `again`."""
    found = [line for line in card.splitlines() if line.startswith("kuaixun export ")][number]
    said(*("again" if word.startswith("OUT") else word for word in shlex.split(found)[2:]))


@pytest.mark.slow
@pytest.mark.parametrize("as_of", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        ("--where", "title != 'it''s' AND id < 40", "--purpose", "train", "--ads", "--copies"),
        ("--split", "time:0.5,0.3,0.2", "--embargo", "90m", "--mentions"),
        ("--search", "储能 正文"),
    ],
    ids=str,
)
def test_a_card_says_how_to_make_its_folder_again(here, later, options, as_of):
    pytest.importorskip("pyarrow")
    for number in range(10, 30):
        stored(number, f"储能{number * 7919}家公司的第{number}篇正文在这里。" * 9, NOW + timedelta(hours=number))
    said("out", "--format", "hf", *options, *(("--as-of", later) if as_of else ()))
    stored(10, "储能的正文后来更正。" * 9, NOW + timedelta(days=200))
    again(Path("out", "README.md").read_text())
    assert content(Path("again")) == content(Path("out"))


@pytest.mark.slow
def test_the_card_of_an_increment_says_how_to_make_it_again(here, later):
    pytest.importorskip("pyarrow")
    said("first", "--format", "hf", "--since-last", "daily")
    stored(9, "第9条的正文。", NOW + timedelta(hours=1))
    said("second", "--format", "hf", "--since-last", "daily")
    card = Path("second", "README.md").read_text()
    assert "1 row of what was new, changed or gone" in card
    for number, name in enumerate(("first", "second")):
        again(card, number)
        Path("again").rename(f"{name}-again")
        shards = [content(Path(folder, "data")) for folder in (name, f"{name}-again")]
        assert shards[0] == shards[1]
