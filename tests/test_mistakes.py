"""What a new user does wrong: each line of the first table in docs/mistakes.md is tried, and says what it is to say."""

import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.extract import columns
from storage import open_store

DOCS = Path(__file__).parent.parent / "docs" / "mistakes.md"
TABLE = DOCS.read_text(encoding="utf-8").split("\nWhat was tried")[0]
ROWS = re.findall(r"^\| (.*?) ?\| `kuaixun ([^\n]*?)` \| (.+) \| (\d+) \|$", TABLE, re.M)


def half(path):
    with open_store(path, fields=columns()):
        pass
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def newer(path):
    with open_store(path, fields=columns()):
        pass
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " SELECT migration_set, 'm999_later', applied_at FROM _sqlite_migrations LIMIT 1"
        )


SET_UPS = {
    "a text file x.db": lambda path: path.write_text("words " * 900),
    "a folder x.db": lambda path: path.mkdir(),
    "an empty file x.db": lambda path: path.touch(),
    "a database x.db": lambda path: open_store(path, fields=columns()).close(),
    "half a database x.db": half,
    "a newer database x.db": newer,
}


def test_there_are_fifty_of_them():
    assert len(ROWS) >= 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[1]} {row[0]}".strip())
def test_a_mistake_is_told_in_one_line(tmp_path, monkeypatch, row):
    set_up, words, says, code = row
    monkeypatch.chdir(tmp_path)
    if set_up in SET_UPS:
        SET_UPS[set_up](tmp_path / "x.db")
    elif set_up:
        Path("kuaixun.toml").write_text(set_up, encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    result = CliRunner().invoke(cli, shlex.split(words))
    (told,) = [line for line in result.stderr.splitlines() if not line.startswith(("gap: ", "No `contact`"))]
    assert (result.exit_code, says in told, result.stdout) == (int(code), True, ""), told
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
