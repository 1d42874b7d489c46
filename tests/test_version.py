"""What a report of a bug needs to have, and what shells need to complete commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
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
    assert told["settings"] == "kuaixun.toml; set: database, proxy; 1 source, 0 searches, 0 left out"
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


def completed(*words, begun=""):
    """What a shell would be offered behind these words; for files it is told to look itself."""
    found = ShellComplete(cli, {}, "kuaixun", "_KUAIXUN_COMPLETE").get_completions([*words], begun)
    return [item.value if item.type == "plain" else item.type for item in found]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("export --format", ["atom", "csv", "hf", "jsonl", "parquet", "sqlite", "warc"]),
        ("source pause", ["one", "broken"]),
        ("source show --config kuaixun.toml", ["one", "broken"]),
        ("crawl one", ["one", "broken"]),
        ("repair", ["one", "broken"]),
        ("gaps --source", ["one", "broken"]),
        ("notice test", ["storage"]),
        ("notice add", []),
        ("extract", ["file"]),
        ("search --db", ["file"]),
        ("export", ["file"]),
        ("story", []),
    ],
)
def test_names_files_and_formats_are_completed(line, offered, folder):
    (folder / "sites").mkdir()
    (folder / "sites" / "broken.toml").write_text("seeds = 1\n", encoding="utf-8")
    (folder / "notices").mkdir()
    (folder / "notices" / "storage.toml").write_text(
        'search = "储能"\nto = "feed"\npath = "a.atom"\n', encoding="utf-8"
    )
    assert completed(*line.split()) == offered


def test_what_is_begun_is_completed_and_wrong_settings_complete_nothing(folder):
    assert completed("source", "pause", begun="on") == ["one"] and completed("source", "pause", begun="x") == []
    Path("kuaixun.toml").write_text("[settings\n", encoding="utf-8")
    assert completed("source", "pause") == []


# What a shell is told to do, and says then: its script is loaded by it, and in fish and bash a line is completed.
LOADED = {
    "bash": 'eval "$(kuaixun completion bash)"; COMP_WORDS=(kuaixun se); COMP_CWORD=1; _kuaixun_completion kuaixun;'
    ' echo "${COMPREPLY[@]}"',
    "zsh": 'autoload -U compinit; compinit -u -D; eval "$(kuaixun completion zsh)"; echo $_comps[kuaixun]',
    "fish": 'kuaixun completion fish | source; complete -C "kuaixun se" | string replace -r "\t.*" ""',
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", LOADED)
def test_a_shell_loads_its_script(shell, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    bare = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run([shell, *bare, "-c", LOADED[shell]], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == (["_kuaixun_completion"] if shell == "zsh" else ["search", "serve"])


@pytest.mark.slow
def test_a_shell_that_asks_gets_the_commands_and_their_options():
    def asked(line: str) -> list[str]:
        words = {"_KUAIXUN_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        program = Path(sys.executable).with_name("kuaixun")
        told = subprocess.run([program], env=os.environ | words, capture_output=True, text=True, check=True).stdout
        return [each.partition(",")[2] for each in told.splitlines()]

    assert asked("kuaixun se") == ["search", "serve"]
    assert "--since-last" in asked("kuaixun export --")
