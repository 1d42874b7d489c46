"""What a report of a bug needs to have, and what shells need to complete commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.console import USAGE
from storage import open_store

SECRET = "geheim-8631"


def said(*words: str) -> str:
    result = CliRunner().invoke(cli, words, prog_name="kuaixun")
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with settings that hold a secret, and a database."""
    monkeypatch.chdir(tmp_path)
    Path("kuaixun.toml").write_text(
        f'[settings]\nproxy = "http://me:{SECRET}@proxy.example:3128"\ndatabase = "news.db"\n'
        '[sources.one]\nseeds = ["https://news.example/"]\n',
        encoding="utf-8",
    )
    with open_store(Path("news.db")):
        pass
    return tmp_path


@pytest.mark.parametrize("words", [("--version",), ("version",)], ids=" ".join)
def test_the_version_is_one_line(words):
    assert said(*words).startswith("kuaixun ") and said(*words).count("\n") == 1


@pytest.mark.parametrize("words", [("--version", "--verbose"), ("--verbose", "--version"), ("version", "--verbose")])
def test_a_report_names_what_runs_here_and_no_secret(words, folder):
    told = dict(line.split(maxsplit=1) for line in said(*words).splitlines())
    assert list(told) == ["kuaixun", "python", "system", "locale", "sqlite", "packages", "settings", "database"]
    assert "ENABLE_FTS5" in told["sqlite"] and "selectolax " in told["packages"]
    assert told["settings"] == "kuaixun.toml; set: database, proxy; 1 sources, 0 searches, 0 left out"
    assert told["database"].startswith("news.db: schema ")
    assert SECRET not in said(*words)


def test_a_report_comes_also_where_settings_or_database_are_wrong(folder):
    Path("news.db").unlink()
    assert "There is no database" in said("version", "--verbose").splitlines()[-1]
    Path("kuaixun.toml").write_text(f'[settings]\nproxi = "{SECRET}"\n', encoding="utf-8")
    last = said("version", "--verbose")
    assert last.splitlines()[-1] == "settings   wrong; `kuaixun config` says what" and SECRET not in last


def test_verbose_alone_is_refused():
    result = CliRunner().invoke(cli, ["--verbose", "version"], prog_name="kuaixun")
    assert (result.exit_code, result.stdout) == (USAGE, "") and "--verbose goes with --version" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell):
    script = said("completion", shell)
    assert f"_KUAIXUN_COMPLETE={shell}_complete" in script


@pytest.mark.slow
def test_a_shell_that_asks_gets_the_commands_and_their_options():
    def asked(line: str) -> list[str]:
        words = {"_KUAIXUN_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        program = Path(sys.executable).with_name("kuaixun")
        told = subprocess.run([program], env=os.environ | words, capture_output=True, text=True, check=True).stdout
        return [each.partition(",")[2] for each in told.splitlines()]

    assert asked("kuaixun se") == ["search", "serve"]
    assert "--since-last" in asked("kuaixun export --")
