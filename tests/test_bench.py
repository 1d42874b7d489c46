"""The measures, on texts small enough to count by hand, and the command on folders that are right and wrong."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawler import metrics, peers
from crawler.bench import cases, corpora
from crawler.cli import cli
from crawler.console import CONFIG, USAGE
from tests.gate import public_pages

BODY = ["青川水库今天上午开始放水，下游三个镇的农田最先受益。", "放水将持续十二天，每天两次。"]
PAGE = (
    "<title>青川水库开始放水</title><h1>青川水库开始放水</h1><p>2026-03-19 08:30</p>"
    + "".join(f"<p>{line}</p>" for line in BODY)
    + "<ul><li><a href=/1.html>南河大桥昨夜合龙通车</a><li><a href=/2.html>北山果园迎来采摘客人</a>"
    "<li><a href=/3.html>西镇小学添了新的操场</a></ul>"
)
GOLD = {
    "lang": "zh",
    "title": "青川水库开始放水",
    "published": "2026-03-19T08:30",
    "text": "\n".join(BODY),
    "links": [{"kind": "list", "items": [["南河大桥昨夜合龙通车", "/1.html", None]]}],
}


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["bench", *map(str, arguments)], prog_name="kuaixun")


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A corpus in the layout of one gold file, with a packed page."""
    folder = tmp_path / "lines"
    folder.mkdir()
    (folder / "a.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (folder / "gold.jsonl").write_text(json.dumps({"id": "a", "page": "a.html.gz", **GOLD}) + "\n\n")
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A corpus in the layout of one gold file a page, in the other names of the keys."""
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.html").write_text(PAGE, encoding="utf-8")
        gold = {"body": BODY, "lang": "zh", "published_at": "2026-03-19T08:30", "not_in_body": ["南河大桥"]}
        (folder / f"{name}.json").write_text(json.dumps(gold), encoding="utf-8")
    return folder


# -- the measures


def test_chinese_is_compared_by_runs_of_four_characters():
    """abcdef has abcd bcde cdef, abcdeX has abcd bcde cdeX: two shared, one wrong, one missing."""
    found = metrics.overlap("一二三四五六", "一二，三四 五七", by_character=True)
    assert (found.shared, found.wrong, found.missing, found.exact) == (0.5, 0.25, 0.25, False)


def test_other_languages_are_compared_by_runs_of_four_words():
    found = metrics.overlap("one two three four five", "one two three four", by_character=False)
    assert found.f1 == pytest.approx(2 / 3)


def test_punctuation_and_white_space_do_not_keep_a_body_from_being_exact():
    assert metrics.overlap("水库，放水。", "水 库放水", by_character=True).exact


def test_an_empty_answer_costs_recall_and_no_precision():
    right = metrics.overlap("一二三四", "一二三四", by_character=True)
    empty = metrics.overlap("一二三四", "", by_character=True)
    scores = [metrics.PageScore("a", 0.0, 1, body=right), metrics.PageScore("b", 0.0, 1, body=empty)]
    found = metrics.summary(scores)
    assert (found["precision"], found["recall"], found["page_f1"], found["below_half"]) == (1.0, 0.5, 0.5, 0.5)


def test_a_headline_at_the_top_of_a_body_is_neither_right_nor_wrong():
    assert metrics.without_headline("2026-03-19\n水库开始 放水\n正文", ["水库开始放水"]) == "2026-03-19\n正文"


@pytest.mark.parametrize(
    ("gold", "got", "same"),
    [
        (date(2026, 3, 19), datetime(2026, 3, 19, 8, 30, tzinfo=UTC), (True, None)),
        (datetime(2026, 3, 19, 8, 30), datetime(2026, 3, 19, 8, 30, 59, tzinfo=UTC), (True, True)),
        (datetime(2026, 3, 19, 8, 30), date(2026, 3, 19), (True, False)),
        (datetime(2026, 3, 19, 8, 30), None, (False, False)),
        (
            datetime(2026, 3, 19, 20, 30, tzinfo=UTC),
            datetime(2026, 3, 20, 4, 30, tzinfo=timezone(timedelta(hours=8))),
            (True, True),
        ),
    ],
)
def test_times_are_compared_to_the_day_and_to_the_minute(gold, got, same):
    assert metrics.same_time(gold, got) == same


def test_names_are_a_set_without_labels():
    assert metrics.people("记者 王小川、李青") == metrics.people(["李青", "王小川"])


def test_each_list_of_the_page_is_compared_with_the_best_that_was_found():
    gold = [("latest", ["/a/1.html", "/a/2.html", "/a/3.html"]), ("hot", ["/a/9.html"])]
    got = [("list", ["http://news.example/a/1.html", "http://news.example/a/2.html", "/a/3.html"]), ("latest", ["/x"])]
    first, second = metrics.list_scores(gold, got)
    assert (first.f1, first.kind_right, second.f1) == (1.0, False, 0.0)


def test_neutral_addresses_count_neither_way():
    found = metrics.link_counts([("list", ["/1"])], [("list", ["/1", "/2", "/3"])], ["/2"])
    assert (found.shared, found.returned, found.wanted) == (1, 2, 1)


# -- the folder and the command


def test_a_folder_with_gold_below_gives_a_row_for_each(lines, pairs, tmp_path):
    (tmp_path / "notes").mkdir()
    assert [folder.name for folder in corpora(tmp_path)] == ["lines", "pairs"]


def test_both_layouts_are_measured(lines, pairs, tmp_path):
    rows = {row["folder"]: row for row in map(json.loads, bench(tmp_path, "--json").stdout.splitlines())}
    assert rows["lines"].items() >= {"pages": 1, "page_f1": 1.0, "exact": 1.0, "title": 1.0, "minute": 1.0}.items()
    assert rows["pairs"].items() >= {"pages": 2, "page_f1": 1.0, "minute": 1.0, "clean": 1.0, "errors": 0}.items()


def test_the_limit_holds_for_each_folder(pairs):
    assert json.loads(bench(pairs, "--json", "--limit", 1).stdout)["pages"] == 1


def test_the_table_shows_a_figure_only_where_there_is_gold(pairs):
    heading = bench(pairs).stdout.splitlines()[0].split()
    assert "minute" in heading and "title" not in heading and heading[-1] == "pages/s"


def test_the_worst_pages_are_named(pairs):
    (pairs / "b.html").write_text(PAGE.replace(BODY[0], "另一句话。"), encoding="utf-8")
    assert bench(pairs, "--worst", 1).stdout.splitlines()[-1].split()[:2] == ["pairs", "b"]


def test_a_page_that_cannot_be_read_counts_as_an_error(pairs):
    (pairs / "b.html").write_bytes(b"")
    row = json.loads(bench(pairs, "--json").stdout)
    assert (row["errors"], row["empty"], row["page_f1"]) == (1, 1, 0.5)


def test_an_address_and_a_clock_come_from_the_gold(pairs):
    (pairs / "a.json").write_text(json.dumps({"published": "2026-03-19T06:15", "fetched_at": "2026-03-19T09:15+08:00"}))
    (pairs / "a.html").write_text(PAGE.replace("2026-03-19 08:30", "3小时前"), encoding="utf-8")
    assert json.loads(bench(pairs, "--json", "--limit", 1).stdout)["minute"] == 1.0


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("gold.jsonl", "{", "line 1 is no JSON"),
        ("gold.jsonl", '{"page": "\udcff"}', "line 1 is no JSON"),
        ("gold.jsonl", "[]", "line 1 is no JSON object"),
        ("gold.jsonl", '{"id": "a"}', "line 1 does not name its page"),
        ("gold.jsonl", '{"page": "none.html"}', "the page cannot be read"),
        ("a.json", '{"title": 3}', "`title` must be a string."),
        ("a.json", '{"body": [3]}', "`body` must be a string or a list of strings."),
        ("a.json", '{"links": 3}', "a list needs `kind` and `items`"),
        ("a.json", '{"latest": [{"title": ""}]}', "a list needs `kind` and `items`"),
        ("a.json", '{"fetched_at": "2026-03-19 08:00"}', "is no ISO time with zone"),
    ],
)
def test_gold_that_cannot_be_used_is_named(pairs, file, text, said):
    (pairs / file).write_bytes(text.encode("utf-8", "surrogateescape"))
    result = bench(pairs)
    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert said in result.stderr and str(pairs) in result.stderr and len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_without_gold_is_refused(tmp_path, make):
    folder = tmp_path / "pages"
    if make:
        folder.mkdir()
    result = bench(folder)
    assert result.exit_code == USAGE and str(folder) in result.stderr


def test_a_page_without_gold_is_left_out(pairs):
    (pairs / "c.html").write_text(PAGE, encoding="utf-8")
    assert [case.name for case in cases(pairs)] == ["a", "b"]


# -- peers


def naive(html: bytes, url: str) -> tuple[str, str]:
    """An extractor that takes every line for the body."""
    return "青川水库开始放水", re.sub(r"<[^>]*>", "\n", html.decode())


def failing(html: bytes, url: str) -> tuple[str, str]:
    raise ZeroDivisionError


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two peers are installed, one of which fails on every page."""
    monkeypatch.setattr(peers, "PEERS", {"naive": naive, "failing": failing, "absent": naive})
    known = {"naive": "1.0", "failing": "2.0"}

    def version(name: str) -> str:
        if name not in known:
            raise PackageNotFoundError(name)
        return known[name]

    monkeypatch.setattr(peers, "version", version)


@pytest.mark.parametrize(
    ("url", "domain"),
    [("https://www.bbc.co.uk/a", "bbc.co.uk"), ("https://www.a.b.com/", "b.com"), ("http://ac.be/", "ac.be")],
)
def test_the_domain_of_a_public_page(url, domain):
    assert public_pages.domain(url) == domain


@pytest.mark.parametrize(("every", "names"), [(False, ["bb"]), (True, ["aa", "bb"])])
def test_a_public_benchmark_is_written_in_the_layout_of_the_bench(tmp_path, every, names):
    truth = {
        name * 32: {"url": f"https://www.{domain}/1.html", "articleBody": BODY[0]}
        for name, domain in (("aa", "one.example"), ("bb", "three.example"))
    }
    (tmp_path / "html").mkdir()
    (tmp_path / "ground-truth.json").write_text(json.dumps(truth), encoding="utf-8")
    for name in truth:
        (tmp_path / "html" / f"{name}.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    assert public_pages.write(tmp_path, tmp_path / "out", every=every) == len(names)
    assert [case.name[:2] for case in cases(tmp_path / "out") if case.body() == PAGE.encode()] == names


def absent(name: str) -> str:
    raise PackageNotFoundError(name)


def test_peers_that_are_installed_are_measured_on_the_same_pages(lines, beside):
    rows = {row["extractor"]: row for row in map(json.loads, bench(lines, "--peers", "--json").stdout.splitlines())}
    assert list(rows) == [f"kuaixun {metadata.version('kuaixun')}", "naive 1.0", "failing 2.0"]
    ours, theirs, failed = rows.values()
    assert (ours["page_f1"], theirs["title"], theirs["errors"]) == (1.0, 1.0, 0)
    assert 0.5 < theirs["page_f1"] < 1
    assert (failed["page_f1"], failed["errors"], failed["empty"]) == (0.0, 1, 1)


def test_a_table_of_peers_names_who_it_was(lines, beside):
    told = bench(lines, "--peers", "--worst", 1).stdout
    assert "naive 1.0" in told and told.splitlines()[0].split()[:2] == ["folder", "extractor"]


def test_without_any_peer_it_is_said_what_to_install(lines, monkeypatch):
    monkeypatch.setattr(peers, "version", absent)
    result = bench(lines, "--peers")
    assert (result.exit_code, result.stdout) == (CONFIG, "") and f"pip install {peers.INSTALLS}\n" in result.stderr


def test_the_page_about_peers_installs_all_of_them_as_the_command_says():
    page = Path(__file__).parent.parent / "docs" / "peers.md"
    assert f"peers/bin/pip install . {peers.INSTALLS}" in page.read_text(encoding="utf-8")
