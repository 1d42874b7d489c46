"""The command line on bad input: one clear line on stderr, the documented exit code, nothing half-written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawler.cli import cli
from crawler.console import CONFIG, EXIT_CODES, EXTRACT, FAULT, INTERRUPTED, SECTIONS, STORAGE, USAGE

SEEDS = 'seeds = ["https://news.example/"]\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and no setting in the environment."""
    for name in [name for name in os.environ if name.startswith("KUAIXUN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, **options: object) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="kuaixun", **options)


def refused(code: int, *arguments: str, **options: object) -> str:
    """The one line on stderr of a command that must end with this code and print nothing."""
    result = run(*arguments, **options)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    return line


def commands() -> list[str]:
    return cli.list_commands(None)


# -- the shape of it all


def test_every_command_stands_in_one_section_of_the_help():
    assert sorted(name for names in SECTIONS.values() for name in names) == commands()


@pytest.mark.parametrize("name", commands())
def test_every_command_says_what_it_does_and_shows_an_example(name):
    told = run(name, "--help").stdout
    assert f"kuaixun {name}" in told.split("Example:")[1]


def test_help_names_every_exit_code():
    told = run("--help").stdout
    assert all(f"\n  {code} " in told for code in EXIT_CODES)


def test_no_arguments_show_the_help():
    assert "Usage: kuaixun" in run().output


# -- usage


def test_an_unknown_command_is_refused():
    assert refused(USAGE, "crwal").startswith("kuaixun: No such command 'crwal'")


def test_an_unknown_option_is_refused():
    assert "kuaixun config: No such option '--xyz'" in refused(USAGE, "config", "--xyz")


def test_a_file_that_is_not_there_is_a_matter_of_usage(here):
    assert refused(USAGE, "extract", "none.html") == "kuaixun: none.html: there is no such file"


# -- configuration


def test_init_writes_a_configuration_that_loads(here):
    assert run("init", "news").exit_code == 0
    assert "mrkx" in run("config", "--config", "news").stdout


def test_init_leaves_a_file_that_is_there(here):
    (here / "kuaixun.toml").write_text("delay = 3")
    assert "is already there and was not changed" in refused(STORAGE, "init")
    assert (here / "kuaixun.toml").read_text() == "delay = 3"


def test_init_where_no_folder_can_be(here):
    (here / "file").write_text("")
    assert refused(STORAGE, "init", "file/news").endswith("file/news: Not a directory")


def test_config_prints_a_configuration_that_says_the_same(here):
    (here / "kuaixun.toml").write_text('retries = 1\n[sources."日报"]\ncron = "0 8 * * 1"\n' + SEEDS, encoding="utf-8")
    first = run("config").stdout
    (here / "kuaixun.toml").write_text(first, encoding="utf-8")
    assert [line.split("  #")[0] for line in run("config").stdout.splitlines()] == [
        line.split("  #")[0] for line in first.splitlines()
    ]


def test_config_says_where_a_value_came_from(here, monkeypatch):
    (here / "kuaixun.toml").write_text("retries = 1")
    monkeypatch.setenv("KUAIXUN_DELAY", "2")
    told = run("config", "--db", "other.db").stdout
    assert "retries = 1  # kuaixun.toml; default 3\n" in told
    assert "delay = 2.0  # KUAIXUN_DELAY; default 1.0\n" in told
    assert 'database = "other.db"  # --db; default "kuaixun.db"\n' in told


def test_an_unknown_key_is_named_with_file_and_nearest(here):
    (here / "kuaixun.toml").write_text("dealy = 2")
    assert refused(CONFIG, "config") == "kuaixun: kuaixun.toml: `dealy` is not known; did you mean `delay`?"


# -- pages


def test_an_empty_file_is_no_page(here):
    (here / "empty.html").write_bytes(b" \n")
    assert refused(EXTRACT, "extract", "empty.html") == "kuaixun: empty.html: is empty"


@pytest.mark.parametrize(
    "body", [b"\x7fELF\x02\x01" + bytes(range(256)) * 9, "只是一行文字".encode()], ids=["binary", "text"]
)
def test_a_file_that_is_no_html_is_no_page(here, body):
    (here / "file.html").write_bytes(body)
    assert refused(EXTRACT, "extract", "file.html") == "kuaixun: file.html: holds no HTML"


# -- faults and interruptions


def test_a_fault_of_ours_is_one_line_and_debug_shows_where(here, monkeypatch):
    monkeypatch.setattr("config.load", lambda path: 1 / 0)
    assert "a fault in kuaixun itself, ZeroDivisionError" in refused(FAULT, "config")
    assert "Traceback" in run("config", "--debug").stderr


def test_ctrl_c_ends_with_its_own_code(here, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("config.load", interrupted)
    result = run("config")
    assert (result.exit_code, result.stderr.strip()) == (INTERRUPTED, "kuaixun: interrupted")
