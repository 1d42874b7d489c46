"""The command line on bad input: one clear line on stderr, the documented exit code, nothing half-written."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

import config
import storage
from crawler.cli import cli
from crawler.commands._progress import Watch
from crawler.console import CONFIG, EXIT_CODES, EXTRACT, FAULT, FETCH, INTERRUPTED, NOTHING, SECTIONS, STORAGE, USAGE
from crawler.demo.server import serve
from crawler.tally import Event
from storage.archive import Archive, Fetched
from storage.lock import alone
from tests.small_pages import items, story

NOW = datetime(2026, 3, 20, tzinfo=UTC)
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


def test_the_help_has_a_whole_line_for_every_command():
    """On a terminal of 80 columns, none of them cut."""
    told = CliRunner().invoke(cli, ["--help"], terminal_width=80).stdout.split("Exit codes:")[0]
    for name in commands():
        (said,) = re.findall(rf"^  {name} +(\S.*)$", told, re.MULTILINE)
        assert said.endswith("."), said
        assert "..." not in said


def test_no_arguments_show_the_help():
    assert "Usage: kuaixun" in run().output


# -- usage


def test_an_unknown_command_is_refused():
    assert refused(USAGE, "crwal") == "kuaixun: No such command `crwal`; did you mean `crawl`? Try `kuaixun --help`."
    assert "No such command `help`; there is `archive`, `backup`" in refused(USAGE, "help")


def test_a_question_ends_with_one_mark():
    assert refused(USAGE, "latest", "--lmit", "3").endswith("Did you mean '--limit'? Try `kuaixun latest --help`.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without /dev/full")
def test_an_output_that_is_full_is_told_with_what_helps():
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "version"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    told = "kuaixun: the output cannot be written: the disk is full; make room, or write elsewhere\n"
    assert (ended.returncode, ended.stderr) == (STORAGE, told)


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
    assert tomllib.loads(first)["settings"].keys() == {
        name for name, key in config.keys(config.Settings).items() if key.default is not None
    }
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
    assert refused(EXTRACT, "extract", "empty.html") == "kuaixun: empty.html: The page is empty."


@pytest.mark.parametrize(
    "body", [b"\x7fELF\x02\x01" + bytes(range(256)) * 9, "只是一行文字".encode()], ids=["binary", "text"]
)
def test_a_file_that_is_no_html_is_no_page(here, body):
    (here / "file.html").write_bytes(body)
    assert refused(EXTRACT, "extract", "file.html") == "kuaixun: file.html: The page is no HTML: it holds no mark-up."


def test_a_compressed_page_is_refused_and_not_read_as_letters(here):
    page = "<html><body><p>" + "".join(f"第{n}条快讯，{n * n}点。" for n in range(400)) + "</p></body></html>"
    # Compressed bytes are letters in some old charset, and here and there they look like a tag.
    (here / "page.html.gz").write_bytes(gzip.compress(page.encode(), mtime=0) + b"<p>")
    said = refused(EXTRACT, "extract", "page.html.gz")
    assert said == "kuaixun: page.html.gz: The page is no HTML: it is binary or compressed data."


@pytest.mark.parametrize("form", ["json", "text", "markdown"])
def test_a_page_with_nothing_in_it_is_no_page_in_any_format(here, form):
    (here / "none.html").write_text("<html><body></body></html>")
    said = refused(EXTRACT, "extract", "none.html", "--format", form)
    assert said == "kuaixun: none.html: holds neither an article nor a list (it is of the kind `other`)"


@pytest.mark.parametrize("form", ["json", "text", "markdown"])
def test_a_page_of_links_is_shown_in_every_format(here, form):
    items = "".join(f"<li><a href=/2026/03/{n}.html>市政府今日发布第{n}号暴雨预警</a> 03-20</li>" for n in range(9))
    (here / "list.html").write_text(f"<h1>要闻</h1><ul>{items}</ul>", encoding="utf-8")
    told = run("extract", "list.html", "--url", "https://news.example/", "--format", form).stdout
    assert "市政府今日发布第8号暴雨预警" in told
    assert "https://news.example/2026/03/8.html" in told


def test_a_folder_is_no_page(here):
    assert refused(USAGE, "extract", ".") == "kuaixun: .: is a folder; `extract` reads one page"


def test_the_address_of_a_page_must_be_one(here):
    assert "`not-a-url` (--url) is no web address" in refused(USAGE, "extract", "page.html", "--url", "not-a-url")


# -- the network


@pytest.fixture
def asked(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of crawls on this machine that wait for nothing and try once."""
    for name, value in {"ALLOW_NETWORKS": "127.0.0.0/8", "DELAY": "0", "RETRIES": "0"}.items():
        monkeypatch.setenv(f"KUAIXUN_{name}", value)
    return here


@pytest.fixture(scope="module")
def bases() -> Iterator[tuple[str, ...]]:
    """The addresses of the demo web's hosts."""
    with serve() as served:
        yield served.bases


@pytest.fixture
def web(bases: tuple[str, ...]) -> str:
    """The host with the articles 10101 and further."""
    return bases[0]


@pytest.fixture
def paper(bases: tuple[str, ...]) -> str:
    """The host with the fewest articles, for whole crawls."""
    return bases[1]


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


def test_a_page_is_fetched_stored_and_found(asked, web):
    told = run("fetch", f"{web}/10126.html").stdout
    assert told.startswith("A new article.\n储能电站一天两充两放")
    assert "一天两充两放" in run("search", "储能电站").stdout


def test_a_page_that_is_only_looked_at_leaves_nothing(asked, web):
    assert json.loads(run("fetch", f"{web}/10126.html", "--no-store").stdout)["kind"] == "article"
    assert list(asked.iterdir()) == []


@pytest.mark.parametrize("command", [("fetch",), ("fetch", "--no-store"), ("extract",)], ids=" ".join)
def test_a_page_that_is_not_there(asked, web, command):
    assert refused(FETCH, *command, f"{web}/none.html") == f"kuaixun: {web}/none.html: status 404"


@pytest.fixture
def answering() -> Iterator[Callable[[str, bytes], str]]:
    """A server on this machine: given a type and a body, it says at which address it answers so."""

    class Handler(BaseHTTPRequestHandler):
        answer = ("", b"")

        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/robots.txt" else 200)
            kind, body = self.answer
            for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Connection", "close")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()

        def answer(kind: str, body: bytes) -> str:
            Handler.answer = (kind, body)
            return f"http://127.0.0.1:{server.server_port}/page"

        yield answer
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("command", [("fetch",), ("fetch", "--no-store"), ("extract",)], ids=" ".join)
@pytest.mark.parametrize(
    ("kind", "body"),
    [("text/html", b""), ("text/html", b"<html></html>"), ("application/json", b'{"a": 1}'), ("image/png", b"\x89PNG")],
    ids=["empty", "nothing in it", "json", "picture"],
)
def test_an_answer_that_is_no_page_ends_as_a_file_does_that_is_none(asked, answering, command, kind, body):
    url = answering(kind, body)
    assert refused(EXTRACT, *command, url).startswith(f"kuaixun: {url}: ")


@pytest.mark.parametrize("command", ["fetch", "extract"])
def test_a_host_that_refuses(asked, nobody, command):
    assert "connection refused" in refused(FETCH, command, nobody)


def test_a_crawl_to_which_nobody_answers_says_why(asked, nobody):
    (asked / "seeds.txt").write_text(nobody)
    assert "connection refused" in refused(FETCH, "crawl", "--quiet", "--seeds", "seeds.txt")


def test_a_private_address_is_not_asked_unless_allowed(asked, web, monkeypatch):
    monkeypatch.delenv("KUAIXUN_ALLOW_NETWORKS")
    assert "allow it with the setting `allow_networks`" in refused(FETCH, "fetch", "--no-store", web)


def test_plain_addresses_are_crawled_without_configuration(asked, paper):
    """The second pass asks the lists again, due or not, and finds nothing new."""
    (asked / "seeds.txt").write_text(f"# a comment\n\n{paper}/\n")
    arguments = ("crawl", "--seeds", "seeds.txt", "--db", "news.db", "--json")
    first, second = ([json.loads(line) for line in run(*arguments).stdout.splitlines()] for _ in range(2))
    assert first[-1]["new"] > 10
    assert second[-1]["requests"] > 0
    assert second[-1]["new"] == 0


def test_a_bad_line_among_the_addresses_is_named_and_the_others_are_crawled(asked, paper):
    (asked / "seeds.txt").write_text(f"# a comment\nnews.example\nhttp://[bad/\n{paper}/\n")
    result = run("crawl", "--seeds", "seeds.txt", "--db", "news.db", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout.splitlines()[-1])["new"] > 10
    second, third = result.stderr.splitlines()
    assert second.startswith("seeds.txt: line 2: `news.example` is no web address")
    assert third.startswith("seeds.txt: line 3: `http://[bad/` is no web address")


@pytest.mark.parametrize(
    ("options", "warned"),
    [((), True), (("--quiet",), False), (("--json",), False), (("--allow-network", "127.0.0.0/8"), False)],
)
def test_a_crawl_of_strangers_without_a_contact_is_warned(asked, nobody, monkeypatch, options, warned):
    monkeypatch.delenv("KUAIXUN_ALLOW_NETWORKS")
    (asked / "seeds.txt").write_text(nobody)
    assert ("No `contact` is set" in run("crawl", "--seeds", "seeds.txt", *options).stderr) is warned
    monkeypatch.setenv("KUAIXUN_CONTACT", "editor@example.com")
    assert "No `contact`" not in run("crawl", "--seeds", "seeds.txt", *options).stderr


def test_a_crawl_that_finds_nothing_due_says_when_and_how_to_ask_now(asked, paper):
    (asked / "kuaixun.toml").write_text(f'[sources.paper]\nseeds = ["{paper}/"]\n')
    run("crawl", "--quiet")
    assert re.search(r"^Nothing is due before [\d: -]+; --force asks now\.$", run("crawl").stdout, re.M)
    done = json.loads(run("crawl", "--json").stdout.splitlines()[-1])
    assert (done["kind"], done["requests"]) == ("done", 0)
    assert datetime.fromisoformat(done["next_due"]) > datetime.now(UTC)
    forced = run("crawl", "--force").stdout
    assert "Nothing is due" not in forced
    assert "0 requests" not in forced


def test_a_file_of_seeds_and_a_source_exclude_each_other(here):
    (here / "seeds.txt").write_text("http://news.example/")
    assert "--seeds and a SOURCE (`nope`) exclude each other" in refused(USAGE, "crawl", "--seeds", "seeds.txt", "nope")


@pytest.mark.parametrize("command", ["crawl", "run"])
@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ('select = { title = "p[" }', "`sources.a.select.title` cannot be used: `p[` is no CSS selector"),
        ('select = { titel = "h1" }', "`sources.a.select.titel` is no field; there is author"),
        ('drop = ["div", "("]', "`sources.a.drop` cannot be used: `(` is no CSS selector"),
    ],
)
def test_nothing_is_crawled_with_a_rule_that_cannot_be_used(here, command, rule, says):
    (here / "kuaixun.toml").write_text(f"[sources.a]\n{SEEDS}{rule}\n")
    assert says in refused(CONFIG, command)
    assert not (here / "kuaixun.db").exists()


def test_a_crawl_tells_what_it_found(asked, paper):
    (asked / "seeds.txt").write_text(f"{paper}/")
    told = run("crawl", "--seeds", "seeds.txt").stdout
    assert re.search(r"^\d+ new articles, 0 changed, 0 copies", told)
    assert "Database: kuaixun.db\n" in told


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "holds no address"), ("news.example", "`news.example` is no web address"), ("\xff", "is not in UTF-8")],
    ids=["empty", "no address", "no text"],
)
def test_a_file_of_seeds_that_is_none(here, text, says):
    (here / "seeds.txt").write_bytes(text.encode("latin-1"))
    assert says in refused(USAGE, "crawl", "--seeds", "seeds.txt")


def test_a_source_that_does_not_exist(here):
    run("init")
    assert refused(CONFIG, "crawl", "mrk").endswith("kuaixun.toml: has no source `mrk`; did you mean `mrkx`?")
    assert not (here / "kuaixun.db").exists()


def test_a_crawl_without_any_source(here):
    assert "there is no source; `kuaixun init` writes one" in refused(CONFIG, "crawl")


def test_a_network_that_is_none(here):
    said = refused(CONFIG, "crawl", "--seeds", "x", "--allow-network", "300.0.0.0/8")
    assert "command line: `--allow-network` must be an address or a network" in said


# -- the database


@pytest.fixture(scope="module")
def fetched(bases: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one article."""
    path = tmp_path_factory.mktemp("fetched") / "kuaixun.db"
    env = {"KUAIXUN_ALLOW_NETWORKS": "127.0.0.0/8", "KUAIXUN_DELAY": "0"}
    assert run("fetch", f"{bases[0]}/10126.html", "--db", str(path), env=env).exit_code == 0
    return path


@pytest.fixture
def stored(asked: Path, fetched: Path) -> Path:
    """The working folder with one article in `kuaixun.db`."""
    shutil.copy(fetched, asked)
    return asked


READING = [["search", "花"], ["latest"], ["story", "1"], ["export", "out.csv"], ["status"], ["check"]]


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_reading_needs_a_database_and_makes_none(here, command):
    assert "There is no database at `kuaixun.db`" in refused(STORAGE, *command)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("command", [["latest"], ["fetch", "http://127.0.0.1:9/"]], ids=" ".join)
def test_a_database_of_another_program_is_left_as_it_is(here, command):
    with closing(sqlite3.connect("kuaixun.db")) as other, other:
        other.execute("CREATE TABLE theirs (x)")
    before = (here / "kuaixun.db").read_bytes()
    assert "`kuaixun.db` is no kuaixun database" in refused(STORAGE, *command)
    assert [file.read_bytes() for file in here.iterdir()] == [before]


def test_a_file_that_is_no_database_is_left_as_it_is(here):
    (here / "kuaixun.db").write_text("no database " * 100)
    assert "it is not an SQLite file" in refused(STORAGE, "latest")


@pytest.mark.parametrize("place", ["file/news.db", "nowhere/news.db", "."])
def test_a_place_where_no_database_can_be(here, place):
    (here / "file").write_text("")
    assert f"`{place}`" in refused(STORAGE, "fetch", "http://127.0.0.1:9/", "--db", place)
    assert [file.name for file in here.iterdir()] == ["file"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written(here):
    (here / "closed").mkdir(mode=0o500)
    assert "permission is missing" in refused(STORAGE, "fetch", "http://127.0.0.1:9/", "--db", "closed/news.db")


def test_a_second_crawl_into_one_database_is_refused_but_reading_is_not(stored, web):
    (stored / "seeds.txt").write_text(f"{web}/10127.html\n")
    with alone(stored / "kuaixun.db"):
        told = refused(STORAGE, "crawl", "--seeds", "seeds.txt", "--allow-network", "127.0.0.0/8")
        assert re.search(rf"process {os.getpid()}, since [\d :+-]+, crawls into it already", told)
        assert run("latest").exit_code == 0


def test_a_locked_database_is_named(stored, web, monkeypatch):
    monkeypatch.setattr("storage.open_store", partial(storage.open_store, timeout=0.01))
    with closing(sqlite3.connect("kuaixun.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "`kuaixun.db` is locked" in refused(STORAGE, "fetch", f"{web}/10127.html")


@pytest.mark.parametrize("command", [("source", "pause", "x"), ("notice", "pause", "x")], ids=" ".join)
def test_who_writes_a_word_says_that_it_waits(stored, monkeypatch, command):
    """And gives up when the patience is over."""
    Path("kuaixun.toml").write_text("[sources.x]\n" + SEEDS)
    Path("notices").mkdir()
    Path("notices/x.toml").write_text('search = "储能"\nto = "feed"\npath = "x.atom"\n')
    monkeypatch.setattr("storage.open_store", partial(storage.open_store, timeout=0.01))
    monkeypatch.setattr("storage.waiting.LONG", 1e-9)
    with closing(sqlite3.connect("kuaixun.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = run(*command)
    lines = told.stderr.splitlines()
    assert (told.exit_code, told.stdout, len(lines)) == (STORAGE, "", 2), told.output
    assert lines[0].startswith("Waiting: another process holds `")
    assert "is locked" in lines[1]


@pytest.mark.parametrize(("text", "why"), [(None, "cannot be read: No such file"), ("a,b\n", "has no column `code`")])
def test_a_table_of_companies_that_cannot_be_used_is_told_by_all_whom_it_concerns(stored, text, why):
    Path("kuaixun.toml").write_text('[settings]\nmentions = "mine.csv"\n[sources.x]\n' + SEEDS)
    if text is not None:
        Path("mine.csv").write_text(text)
    start = "kuaixun: kuaixun.toml: `mentions` names a table that cannot be used: `"
    config, export = run("config"), run("export", "out.jsonl", "--mentions")
    doctor = next(line for line in run("doctor").stdout.splitlines() if line.startswith("mentions: "))
    assert (config.exit_code, "[sources.x]" in config.stdout, export.exit_code) == (CONFIG, True, STORAGE)
    lines = [config.stderr.strip(), export.stderr.splitlines()[-1], doctor.replace("mentions: ", "kuaixun: ", 1)]
    assert [(line[: len(start)], why in line) for line in lines] == [(start, True)] * 3, lines


# -- reading


def test_a_search_without_a_hit_says_so(stored):
    assert refused(NOTHING, "search", "没有") == (
        "kuaixun: no article holds `没有`; --ads and --copies would look further"
    )


@pytest.mark.parametrize("words", ["", " ", "，。", '""'])
def test_a_search_for_nothing_is_a_wrong_command(stored, words):
    assert "nothing to search for: " in refused(USAGE, "search", words)


@pytest.mark.parametrize(
    ("package", "words", "extra"),
    [
        ("uvicorn", "serve", "serve"),
        ("pyarrow", "export a.parquet", "data"),
        ("exchange_calendars", "export a.csv --sessions XSHG", "market"),
    ],
)
def test_an_extra_that_is_not_installed_is_named_with_one_code(stored, monkeypatch, package, words, extra):
    monkeypatch.setitem(sys.modules, package, None)
    result = run(*words.split())
    assert (result.exit_code, f"pip install 'kuaixun[{extra}]'" in result.stderr) == (CONFIG, True), result.stderr


def test_a_story_that_is_not_there(stored):
    assert refused(NOTHING, "story", "99") == "kuaixun: kuaixun.db: has no article `99`"


@pytest.mark.parametrize("number", ["99999999999999999999", "9" * 5000])
def test_a_number_that_no_article_can_have_is_not_there(stored, number):
    assert refused(NOTHING, "story", number) == f"kuaixun: kuaixun.db: has no article `{number}`"


@pytest.mark.parametrize("command", [("latest",), ("search", "储能")], ids=" ".join)
def test_a_limit_that_no_database_takes_is_refused(stored, command):
    assert "is no whole number from 1 to 2147483648" in refused(USAGE, *command, "--limit", "99999999999999999999")


def test_an_export_that_is_terminated_leaves_nothing_half_made(stored, monkeypatch):
    def terminated(rows, out, about):
        out.write(b"half")
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("storage.exporters.csv.write", terminated)
    assert run("export", "news.csv", "--quiet").exit_code == INTERRUPTED
    assert [file.name for file in stored.iterdir() if "news" in file.name] == []
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("arguments", [["search", "储能"], ["latest"], ["story", "1"]], ids=" ".join)
def test_a_reading_command_gives_json_on_request(stored, arguments):
    assert json.loads(run(*arguments, "--json").stdout.splitlines()[0])["id"] == 1


def test_two_copies_are_laid_side_by_side(stored):
    lines = run("story", "1", "--diff", "1").stdout.splitlines()
    assert lines[0].split()[:2] == ["id", "1"] and len(lines) > 2


def test_the_article_named_is_laid_beside_the_other_and_strangers_are_called_so(stored):
    now = datetime(2026, 3, 20, tzinfo=UTC)
    texts = ("港口完成甲醇加注设施的改造。" * 9, "图书馆推出自助借阅服务，全市通借通还。" * 9)
    with storage.open_store(Path("kuaixun.db")) as store:
        saved = []
        for number, text in enumerate(texts):
            url = f"http://s{number}.example/9.html"
            article = storage.Article(url, f"{text[:9]}之{number}", text, now)
            saved.append(store.save(storage.Visit(url, url, "article", "demo", now, 200), article=article).article_id)
    lines = run("story", str(saved[1]), "--diff", str(saved[0])).stdout.splitlines()
    assert "another story" in lines[0] and lines[1].split()[:2] == ["id", str(saved[1])]


def test_a_diff_is_no_json(stored):
    assert run("story", "1", "--diff", "1", "--json").exit_code == 2


def test_a_copy_that_is_not_there_cannot_be_laid_beside(stored):
    assert refused(NOTHING, "story", "1", "--diff", "99") == "kuaixun: kuaixun.db: has no article `99`"


def test_a_story_has_a_key_that_names_it(stored):
    key = json.loads(run("story", "1", "--json").stdout)["key"]
    assert run("story", key).stdout == run("story", "1").stdout


def test_dedupe_finds_what_a_hand_has_put_elsewhere(stored):
    assert run("dedupe", "--check").exit_code == 0
    with closing(sqlite3.connect("kuaixun.db", isolation_level=None)) as db:
        db.execute("UPDATE stories SET key = 'another' WHERE id = 1")
    checked = run("dedupe", "--check")
    applied, again = run("dedupe", "--apply"), run("dedupe", "--check")
    assert [checked.exit_code, applied.exit_code, again.exit_code] == [NOTHING, 0, 0]
    assert "another -> " in checked.stdout and checked.stdout.splitlines()[0] == applied.stdout.splitlines()[0]


def test_a_stopped_dedupe_changes_nothing_and_says_so(stored, monkeypatch):
    with closing(sqlite3.connect("kuaixun.db", isolation_level=None)) as db:
        db.execute("UPDATE stories SET key = 'another' WHERE id = 1")
        before = list(db.iterdump())

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("storage.regroup._renew_titles", stop)
    stopped = run("dedupe", "--apply")
    with closing(sqlite3.connect("kuaixun.db")) as db:
        assert (stopped.exit_code, list(db.iterdump())) == (INTERRUPTED, before)
    assert "stopped; nothing was changed" in stopped.stderr


def test_dedupe_wants_to_be_told_what_to_do(stored):
    assert refused(USAGE, "dedupe").startswith("kuaixun dedupe: Say what to do")


def test_a_story_is_found_by_any_address_of_its_article(stored, web):
    assert run("story", f"{web}/10126.html?utm_source=x#top").stdout == run("story", "1").stdout


def test_an_export_is_guessed_by_its_suffix_or_written_to_stdout(stored):
    run("export", "news.csv")
    assert (stored / "news.csv").read_text(encoding="utf-8").startswith("id,url,title")
    assert json.loads(run("export", "-").stdout)["id"] == 1


@pytest.mark.parametrize("out", ["news.xyz", "news"])
def test_an_export_in_a_format_that_does_not_exist(here, out):
    assert "there is atom, csv, hf, jsonl" in refused(USAGE, "export", out)


def test_an_export_to_where_no_file_can_be(stored):
    (stored / "file").write_text("")
    assert "cannot be written" in refused(STORAGE, "export", "file/news.csv")
    assert [file for file in stored.iterdir() if not file.name.startswith("kuaixun.db")] == [stored / "file"]


def test_sources_list_those_that_were_never_visited(here):
    run("init")
    assert re.search(r"^mrkx .* never visited$", run("sources").stdout, re.MULTILINE)


def test_sources_that_are_switched_off_or_gone_say_so_and_have_no_next_visit(here):
    with storage.open_store(Path("kuaixun.db")) as store:
        for name in ("off", "gone", "on"):
            store.upsert_source(name, ["https://news.example/"], timedelta(hours=1), now=NOW)
            store.set_source_next(name, NOW)
    (here / "kuaixun.toml").write_text(f"[sources.off]\n{SEEDS}enabled = false\n[sources.on]\n{SEEDS}")
    rows = [json.loads(line) for line in run("sources", "--json").stdout.splitlines()]
    assert {row["name"]: (row["state"], bool(row["next_at"])) for row in rows} == {
        "off": ("switched off", False),
        "gone": ("not configured", False),
        "on": ("never visited", True),
    }


def test_a_backup_is_a_database_with_its_archive_and_replaces_nothing_unasked(stored):
    with Archive(Path("kuaixun.pages")) as pages:
        pages.add(Fetched("http://a.example/1", "http://a.example/1", NOW, 200, {}, b"<p>", "a.example"))
    assert run("backup", "copy.db").exit_code == 0
    assert run("latest", "--db", "copy.db").stdout == run("latest").stdout
    assert run("archive", "show", "http://a.example/1", "--db", "copy.db").stdout == "<p>"
    assert refused(STORAGE, "backup", "copy.db") == "kuaixun: copy.db: exists; --force writes over it"
    assert "is the database itself" in refused(STORAGE, "backup", "kuaixun.db", "--force")
    assert run("backup", "copy.db", "--force", "--quiet").output == ""


def test_the_archive_is_listed_shown_and_written_as_warc(stored):
    assert "there is no archive yet" in refused(STORAGE, "archive", "list")
    with Archive(Path("kuaixun.pages")) as pages:
        for hour in range(3):
            at = datetime(2026, 3, 20, hour, tzinfo=UTC)
            pages.add(Fetched("http://a.example/1", "http://a.example/1", at, 200, {}, b"<p>%d" % hour, "a.example"))
    told = [json.loads(line) for line in run("archive", "list", "--json", "--limit", "2").stdout.splitlines()]
    assert [page["at"] for page in told] == ["2026-03-20T02:00:00+00:00", "2026-03-20T01:00:00+00:00"]
    assert "3 pages in all" in run("archive", "list").stdout
    assert run("archive", "show", "2").stdout == "<p>1"
    assert "no page `9`" in refused(NOTHING, "archive", "show", "9")
    assert "no page `0`" in refused(NOTHING, "archive", "show", "0")
    assert "holds no page" in refused(NOTHING, "archive", "show", "9" * 5000)
    assert "Wrote 2 pages" in run("archive", "export", "out.warc.gz", "--since", "2026-03-20T01:00Z").stderr
    assert gzip.decompress(Path("out.warc.gz").read_bytes()).count(b"WARC-Type: response") == 2
    assert "has no zone" in refused(USAGE, "archive", "export", "x.warc.gz", "--since", "2026-03-20")
    piped = run("archive", "export", "-", "--since", "2026-03-20T01:00Z")
    assert gzip.decompress(piped.stdout_bytes).count(b"WARC-Type: response") == 2
    assert not Path("-").exists()


def test_check_names_a_page_of_the_archive_that_rots(stored):
    with Archive(Path("kuaixun.pages")) as pages:
        # Later than what was stored: the archive begins here.
        pages.add(
            Fetched("http://a.example/1", "http://a.example/1", NOW.replace(year=2999), 200, {}, b"<p>", "a.example")
        )
    result = run("check")
    assert (result.exit_code, "answers are older than the archive" in result.stdout) == (0, True)
    with closing(sqlite3.connect("kuaixun.pages")) as db, db:
        db.execute("UPDATE bodies SET data = x'00'")
    assert "archive: kuaixun.pages: body 1: it cannot be uncompressed" in run("check").stdout


def test_check_repairs_what_is_derived(stored, monkeypatch):
    monkeypatch.setenv("KUAIXUN_KEEP_PAGES", "0")
    with closing(sqlite3.connect("kuaixun.db")) as db, db:
        db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    assert "--repair makes it anew" in run("check").stdout
    assert "1 article indexed anew" in run("check", "--repair").stdout
    assert run("check").exit_code == 0


def test_check_finds_a_selector_that_is_none_and_a_count_that_is_wrong(stored):
    selectors = 'select = { titel = "h1", title = "h1[[" }'
    (stored / "kuaixun.toml").write_text(f"[sources.a]\n{SEEDS}{selectors}")
    with closing(sqlite3.connect("kuaixun.db")) as db, db:
        db.execute("UPDATE stories SET copies = 5")
    result = run("check")
    assert result.exit_code == NOTHING
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        "source a",
        "source a",
        "stories whose counts or times are not those of their articles",
        "archive",
        "kuaixun.db",
    ]


@pytest.mark.parametrize("host", ["news.example", "m.news.example", "finance.news.example"])
def test_a_saved_page_is_read_with_the_time_zone_of_its_site(here, host):
    """Which site that is, the page says itself; the phone page is of the same."""
    (here / "kuaixun.toml").write_text(f'[sources.a]\n{SEEDS}timezone = "Asia/Tokyo"')
    head = '<link rel=canonical href="https://HOST/1.html"><h1>港口清晨恢复通航</h1><p>2026-03-20 08:30</p>'
    body = "<p>这是正文的一段话，说的是一件事情，长短正好合适。</p>" * 5
    (here / "page.html").write_text(head.replace("HOST", host) + body, encoding="utf-8")
    told = json.loads(run("extract", "page.html").stdout)
    assert (told["url"], told["published_at"]) == (f"https://{host}/1.html", "2026-03-20T08:30:00+09:00")


def test_a_saved_page_can_be_told_when_it_was_fetched(here):
    (here / "page.html").write_text(story(meta="3小时前"), encoding="utf-8")
    told = json.loads(run("extract", "page.html", "--at", "2026-03-20T08:00+08:00").stdout)
    assert told["published_at"] == "2026-03-20T05:00:00+08:00"
    assert "is no ISO 8601 time with a zone" in refused(USAGE, "extract", "page.html", "--at", "2026-03-20")


def test_json_has_every_key_for_every_page(here):
    (here / "page.html").write_text(story(after=items()), encoding="utf-8")
    (here / "list.html").write_text(f"<html><title>青川新闻网</title><h3>最新</h3>{items()}", encoding="utf-8")
    article, front = (json.loads(run("extract", name).stdout) for name in ("page.html", "list.html"))
    assert (article["kind"], front["kind"]) == ("flash", "list")
    assert set(article) - set(front) == {"ad_score", "spam"}
    assert (front["author"], front["authors"], front["section"], front["script"]) == (None, [], None, "Hans")
    assert [item["position"] for item in article["lists"][0]["items"]] == [1, 2, 3, 4]


def test_the_reasons_come_as_json_when_asked_for(here):
    (here / "page.html").write_text(story(), encoding="utf-8")
    assert "body: " in run("extract", "page.html", "--explain").stdout
    told = json.loads(run("extract", "page.html", "--explain", "--format", "json").stdout)
    assert told["trace"][0].startswith("body: ")


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


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ctrl-C is pressed when a crawl has found its second article."""
    seen = Watch.see

    def see(watch: Watch, event: Event) -> None:
        seen(watch, event)
        if watch.counts["new"] == 2:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Watch, "see", see)
        yield


def test_ctrl_c_stops_a_crawl_in_good_order(asked, web, pressed):
    """What was read is kept."""
    (asked / "seeds.txt").write_text(f"{web}/")
    result = run("crawl", "--seeds", "seeds.txt")
    assert (result.exit_code, result.stderr) == (INTERRUPTED, "kuaixun: stopped; the next pass goes on from here\n")
    assert run("check").stdout == "kuaixun.db: no problem found\n"
    assert json.loads(run("status", "--json").stdout)["total"]["articles"] == 2


def test_a_daemon_that_is_stopped_ends_well(asked, web, pressed):
    """The next pass goes on from there."""
    (asked / "kuaixun.toml").write_text(f'[sources.demo]\nseeds = ["{web}/"]\n')
    result = run("run")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (0, "Stopped; the next start goes on from here.")
    # What was in flight when it was stopped may still have come.
    assert 2 <= json.loads(run("status", "--json").stdout)["total"]["articles"] < 10


def test_a_daemon_without_any_source(here):
    assert "there is no source; `kuaixun init` writes one" in refused(CONFIG, "run")


def test_status_says_how_the_hosts_answer(asked, web):
    (asked / "seeds.txt").write_text(f"{web}/")
    run("crawl", "--seeds", "seeds.txt")
    (host,) = json.loads(run("status", "--json").stdout)["hosts"]
    assert (host["host"], host["error"], host["found"] > 0, bool(host["last_success_at"])) == (
        "127.0.0.1",
        None,
        True,
        True,
    )
    assert re.search(r"^127\.0\.0\.1 .* well$", run("status").stdout, re.MULTILINE)
