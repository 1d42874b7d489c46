"""What the README shows must work as printed: each command is run, or at least understood by the command line."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner
from sqlite_utils import Database
from sqlite_utils.cli import cli as sqlite_utils

from crawler.cli import cli
from crawler.console import EXIT_CODES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
ROOMS = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SET_UP = (
    "python3 -m venv .venv && .venv/bin/pip install -qe . && .venv/bin/kuaixun demo",
    "python3 -m venv .venv && .venv/bin/pip install -qe '.[test]' && .venv/bin/pytest",
)
# What asks the network, never ends, or judges the machine that it runs on: only its command line is checked.
ONLY_UNDERSTOOD = re.compile(r"kuaixun (crawl|run|fetch|repair|doctor|serve|source add|notice (test|list))\b")


def shown(text: str) -> list[str]:
    """The lines of the shell blocks, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+#\s.*", "", line) for block in blocks for line in block.splitlines() if line]


LINES = shown(README)
COMMANDS = [shlex.split(line) for line in LINES if line.startswith("kuaixun ")]
QUERIES = [line for line in LINES if line.startswith("sqlite-utils ")]


@pytest.fixture(scope="session")
def after_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `kuaixun demo` has run, with a saved page in it."""
    folder = tmp_path_factory.mktemp("readme")
    made = CliRunner(env={"COLUMNS": "100"}).invoke(cli, ["demo", str(folder / "kuaixun-demo")])
    assert made.exit_code == 0, made.output
    (folder / "told.txt").write_text(made.stdout, encoding="utf-8")
    page = "<title>t</title><h1>标题在这里</h1>" + "<p>这是正文的一段话，说的是一件事情，长短正好合适。</p>" * 5
    (folder / "page.html").write_text(page, encoding="utf-8")
    pages = folder / "tests" / "gate" / "pages"
    pages.mkdir(parents=True)
    (pages / "1.html").write_text(page, encoding="utf-8")
    (pages / "1.json").write_text('{"title": "标题在这里"}', encoding="utf-8")
    return folder


def test_the_demo_tells_what_it_found_and_how_to_ask_further(after_demo):
    told = (after_demo / "told.txt").read_text(encoding="utf-8")
    for part in ("new articles", "not modified", "copies", "ads", "$ kuaixun search", "$ sqlite-utils", "Database: "):
        assert part in told


@pytest.mark.parametrize("tool", ["sqlite-utils", "kuaixun"])
def test_what_the_demo_shows_of_a_command_is_what_that_prints(after_demo, tool):
    told = (after_demo / "told.txt").read_text(encoding="utf-8")
    (line, shown) = re.findall(rf"^\$ {tool} (.*)\n((?:.+\n|\n(?!\$|Database))*)", told, re.MULTILINE)[0]
    words = shlex.split(line)
    program = {"sqlite-utils": sqlite_utils, "kuaixun": cli}[tool]
    printed = CliRunner(env={"COLUMNS": "100"}).invoke(program, words)
    assert (printed.exit_code, printed.stdout.strip()) == (0, shown.strip())


def test_both_languages_show_the_same_commands():
    assert shown(CHINESE) == LINES


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_it_is_one_screen_and_a_tour(text):
    """What it is and the two commands are seen without scrolling; what is looked up stands in docs/."""
    lines = text.splitlines()
    assert next(number for number, line in enumerate(lines) if line.startswith("## ")) <= 25
    assert len(lines) <= 140 and text.count("\n## ") == 2


def test_the_two_commands_stand_first():
    assert tuple(LINES[:2]) == SET_UP


def test_every_command_is_shown():
    assert {words[1] for words in COMMANDS} | {"demo"} == set(cli.list_commands(None))


def test_every_shown_line_is_looked_at():
    others = [line for line in LINES if line not in SET_UP and not line.startswith(("kuaixun ", "sqlite-utils "))]
    assert {line.split()[0] for line in others} == {"source", "export", "unset", "pip", "echo"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_shown_command_works(words, after_demo, monkeypatch, tmp_path):
    line = " ".join(words)
    words, out = (words[:-2], words[-1]) if ">" in words else (words, "")
    words = [word.replace("127.0.0.1:8631", where_the_demo_was(after_demo)) for word in words]
    monkeypatch.chdir(tmp_path if words[1] in {"init", "config"} else after_demo)
    monkeypatch.setenv("KUAIXUN_DATABASE", "kuaixun-demo/demo.db")
    if words[1] in {"source", "notice"}:  # These come after `kuaixun init`, with the database that it names.
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("KUAIXUN_DATABASE")
        assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    if ONLY_UNDERSTOOD.match(line):
        command = cli.get_command(None, words[1])
        parent = click.Context(cli, info_name="kuaixun", **cli.context_settings)
        assert command.make_context(words[1], words[2:], parent=parent)
    else:
        result = CliRunner().invoke(cli, words[1:], prog_name="kuaixun")
        # The demo plays in March: that nobody has asked for its sources since is named beside every answer.
        said = re.sub(r"^gap: .*though due .*\n", "", result.stderr, flags=re.MULTILINE)
        assert (result.exit_code, said if words[1] != "export" else "") == (0, ""), result.output
        assert not out or result.stdout_bytes


def where_the_demo_was(folder: Path) -> str:
    """The address of its first host: where the port is taken, it takes another."""
    with Database(folder / "kuaixun-demo" / "demo.db") as db:
        return urlsplit(json.loads(db.table("sources").get("lanxi")["seeds"])[0]).netloc


@pytest.mark.parametrize("line", QUERIES)
def test_a_shown_query_finds_rows(line, after_demo, monkeypatch):
    monkeypatch.chdir(after_demo)
    result = CliRunner().invoke(sqlite_utils, shlex.split(line)[1:])
    assert (result.exit_code, len(result.stdout.splitlines()) >= 3) == (0, True), result.output


def test_five_queries_are_shown():
    assert len(QUERIES) == 5


@pytest.mark.parametrize(("code", "meaning"), EXIT_CODES.items())
def test_every_exit_code_is_explained(code, meaning):
    told = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("commands.md", "zh-CN.md")}
    assert f"| {code} | {meaning} |\n" in told["commands.md"]
    assert f"\n| {code} | " in told["zh-CN.md"]


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:crawler|storage|config|tests|docs|\.ci)/[\w./]*)`", README + ROOMS)))
)
def test_a_place_that_is_named_exists(path):
    """A name in capitals stands for any."""
    assert re.search(r"[A-Z]{4}", path) or (ROOT / path).exists()


@pytest.mark.parametrize("page", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README + CHINESE))))
def test_a_link_leads_to_a_file(page):
    assert (ROOT / page).is_file()
