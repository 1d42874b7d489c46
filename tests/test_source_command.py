"""`kuaixun source`: a file for a site, what is asked before one is written over, and sources that pause."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import config
from config import Source, sites
from crawler.cli import cli
from crawler.commands.run import _Files
from crawler.commands.source import name_of
from crawler.console import CONFIG, EXTRACT, FETCH, NOTHING, STORAGE, USAGE
from crawler.demo.server import serve
from storage import open_store

OWN = '[settings]\ndelay = 0.0\nallow_networks = ["127.0.0.0/8"]\n[sources.mine]\nseeds = ["https://mine.example/"]\n'
BEFORE = "2026-01-01T00:00:00.000+00:00"
FEEDS = (
    '<opml version="2.0"><body><outline text="世界" xmlUrl="https://w.example/1.xml"/>'
    '<outline text="财经" xmlUrl="https://w.example/2.xml"/><outline text="x" xmlUrl="https://mine.example/f"/></body></opml>'
)


@pytest.fixture(scope="module")
def demo():
    with serve() as served:
        yield served.bases


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder, private networks allowed."""
    for name in [name for name in os.environ if name.startswith("KUAIXUN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KUAIXUN_ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("KUAIXUN_DELAY", "0")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words, answer=""):
    return CliRunner().invoke(cli, ["source", *words], prog_name="kuaixun", input=answer)


def refused(code, *words, answer=""):
    result = run(*words, answer=answer)
    assert result.exit_code == code, result.output
    return result.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def added(demo, tmp_path_factory):
    """A folder in which a site of the demo web was added, and what the command printed."""
    folder = tmp_path_factory.mktemp("added")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("KUAIXUN_ALLOW_NETWORKS", "127.0.0.0/8")
        patch.setenv("KUAIXUN_DELAY", "0")
        result = run("add", demo[1] + "/", "--name", "wanbao")
    assert result.exit_code == 0, result.output
    return folder, result.stdout


@pytest.fixture
def there(added, here):
    """A copy of that folder to work in."""
    shutil.copytree(added[0], here, dirs_exist_ok=True)
    return here


def test_a_file_is_written_that_loads_and_says_why(added):
    folder, told = added
    text = (folder / "sites" / "wanbao.toml").read_text("utf-8")
    setup = config.load(folder / "kuaixun.toml")
    (source,) = setup.sources
    assert source.name == "wanbao"
    assert source.article.startswith("^https?://[^/]+/html/")
    for words in ("certainty 100 of 100", "5 of 5 pages tried are articles", "index_2.html"):
        assert words in text
        assert words in told
    assert "两百岁的樟树要让路吗" in told
    assert "两百岁的樟树要让路吗" not in text


def test_the_same_site_gives_the_same_file_and_is_left_alone(there, demo):
    result = run("add", demo[1] + "/", "--name", "wanbao")
    assert (result.exit_code, "there already, the same" in result.stderr) == (0, True)


def test_print_writes_nothing(here, demo, added):
    result = run("add", demo[1] + "/", "--name", "wanbao", "--print")
    assert result.stdout == (added[0] / "sites" / "wanbao.toml").read_text("utf-8")
    assert "certainty" in result.stderr
    assert list(here.iterdir()) == []


def test_json_says_all_of_it(here, demo):
    found = json.loads(run("add", demo[1] + "/", "--json").stdout)
    assert (found["certainty"], len(found["tried"]), found["trouble"]) == (100, 5, None)
    assert found["tried"][0]["published_at"].startswith("2026-03-20T")


def test_a_file_that_we_wrote_is_written_over_when_that_is_said(there, demo):
    file = there / "sites" / "wanbao.toml"
    sites.write(file, sites.render(Source("wanbao", (demo[1] + "/",)), {"": ["of another day"]}))
    assert "nobody answers" in refused(USAGE, "add", demo[1], "--name", "wanbao")
    assert "nothing was written" in refused(NOTHING, "add", demo[1], "--name", "wanbao", answer="n\n")
    assert "of another day" in file.read_text("utf-8")
    assert run("add", demo[1], "--name", "wanbao", answer="y\n").exit_code == 0
    assert "certainty 100" in file.read_text("utf-8")


def test_a_file_that_was_edited_is_only_written_over_by_force(there, demo):
    file = there / "sites" / "wanbao.toml"
    file.write_text(file.read_text("utf-8").replace('every = "15m"', 'every = "5m"'), "utf-8")
    assert "--force" in refused(STORAGE, "add", demo[1], "--name", "wanbao", "--yes", answer="y\n")
    assert 'every = "5m"' in file.read_text("utf-8")
    assert run("add", demo[1], "--name", "wanbao", "--force").exit_code == 0
    assert 'every = "15m"' in file.read_text("utf-8")


def test_a_second_source_of_one_host_needs_force(there, demo):
    assert "wanbao.toml: `seeds` is the source of" in refused(CONFIG, "add", demo[1] + "/", "--name", "other")
    (there / "kuaixun.toml").write_text(OWN, "utf-8")
    assert "sources.mine" in refused(CONFIG, "add", "https://mine.example/x", "--name", "other")
    assert "sources.mine" in refused(CONFIG, "add", demo[0], "--name", "mine", "--force")


def test_a_site_without_tls_is_found_by_its_bare_name(here, demo):
    result = run("add", demo[1].removeprefix("http://"))
    assert result.exit_code == 0, result.output
    assert list((here / "sites").iterdir())


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/neibu/paiban.html", FETCH, "forbids crawling: its robots.txt does not allow it"),
        ("/nowhere.html", FETCH, "does not answer: status 404"),
    ],
)
def test_what_cannot_be_crawled_is_told_in_one_line_and_nothing_is_written(here, demo, path, code, words):
    said = refused(code, "add", demo[0] + path)
    assert words in said
    assert list(here.iterdir()) == []


def test_a_page_of_scripts_has_the_exit_code_of_what_cannot_be_read(here, monkeypatch):
    from crawler import scout
    from crawler.survey import Survey

    async def survey(self, url, source):
        return Survey("", "browser", "scripts make the page")

    monkeypatch.setattr(scout.Scout, "survey", survey)
    assert "needs a browser: scripts make the page; no source was written" in refused(
        EXTRACT, "add", "https://a.example"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ftp://a.example/",), "URL must be a web address"),
        (("https://me:secret@a.example/",), "no password"),
        (("https://a.example/", "--name", "a/b"), "--name must be of letters"),
    ],
)
def test_what_is_no_address_or_name_is_refused_before_anything_is_asked(here, words, said):
    assert said in refused(USAGE, "add", *words)


def test_names_come_from_the_host_and_the_section():
    assert name_of("https://www.news.example/") == "news.example"
    assert name_of("https://news.example/finance/index.html") == "news.example-finance"
    assert name_of("https://news.example/index.html") == "news.example"
    assert name_of("http://[::1]:80/") != ""


# -- one source


def test_a_source_pauses_and_goes_on_and_that_is_remembered(there):
    assert run("pause", "wanbao").stdout == "wanbao is paused.\n"
    assert "wanbao has been paused since" in run("pause", "wanbao").stdout
    assert "paused since" in run("list").stdout
    assert "paused since" in run("show", "wanbao").stdout.splitlines()[0]
    row = json.loads(run("list", "--json").stdout)
    assert (bool(row["paused_at"]), row["next_at"]) == (True, None)
    with open_store(there / "kuaixun.db") as store, store.db.conn:
        store.db.execute("UPDATE moments SET at = ? WHERE id > 0 AND id < (SELECT max(id) FROM moments)", (BEFORE,))
    assert run("resume", "wanbao").stdout == "wanbao goes on.\n"
    assert run("resume", "wanbao").stdout == "wanbao is not paused.\n"
    assert "paused" not in run("list").stdout
    assert "paused" not in run("list", "--as-of", BEFORE).stdout  # when it was known, and not paused yet


def test_a_crawl_leaves_paused_sources_out_unless_they_are_named(there, demo):
    (there / "sites" / "wanbao.toml").write_text(
        f'seeds = ["{demo[1]}/"]\nmax_depth = 0\narticle = "nothing"\n', "utf-8"
    )
    run("pause", "wanbao")
    result = CliRunner().invoke(cli, ["crawl"])
    assert (result.exit_code, "0 requests" in result.stdout) == (0, True)
    assert "paused and left out: wanbao" in result.stderr
    assert "0 requests" not in CliRunner().invoke(cli, ["crawl", "wanbao"]).stdout


def test_show_prints_the_settings_that_differ(there):
    told = run("show", "wanbao").stdout
    assert "sites/wanbao.toml" in told
    assert "article = " in told
    assert "max_depth" not in told
    assert json.loads(run("show", "wanbao", "--json").stdout)["file"] == "sites/wanbao.toml"


@pytest.mark.parametrize("command", ["show", "pause", "resume", "remove"])
def test_a_name_that_nobody_has_is_refused_with_the_nearest(there, command):
    assert "did you mean `wanbao`?" in refused(CONFIG, command, "wanbo")


def test_remove_deletes_our_file_and_says_what_stays(there):
    run("pause", "wanbao")
    told = run("remove", "wanbao").stdout
    assert "Deleted sites/wanbao.toml." in told
    assert "0 articles of it stay in kuaixun.db." in told
    assert config.load(there).sources == ()


def test_remove_keeps_an_edited_file_under_another_name(there):
    file = there / "sites" / "wanbao.toml"
    for number in ("", "2"):
        file.write_text("# mine\n" + (there / "sites" / "wanbao.toml").read_text("utf-8"), "utf-8")
        kept = there / "sites" / f"wanbao.toml.removed{number}"
        assert kept.name in run("remove", "wanbao").stdout
        assert kept.read_text("utf-8").startswith("# mine")
        shutil.copy(kept, file)


def test_remove_leaves_a_table_of_the_user_alone(here):
    (here / "kuaixun.toml").write_text(OWN, "utf-8")
    assert "delete that table" in refused(CONFIG, "remove", "mine")
    assert (here / "kuaixun.toml").read_text("utf-8") == OWN


# -- OPML


def test_subscriptions_become_sources_and_those_of_known_hosts_are_left_out(here):
    (here / "kuaixun.toml").write_text(OWN, "utf-8")
    (here / "in.opml").write_text(FEEDS, "utf-8")
    result = run("import", "in.opml")
    assert "1 new source of 3 subscriptions." in result.stdout
    assert "left out" in result.stderr
    names = {source.name: source.seeds for source in config.load(here).sources}
    assert names["w.example"] == ("https://w.example/1.xml", "https://w.example/2.xml")
    assert "0 new sources" in run("import", "in.opml").stdout
    assert run("export", "out.opml").exit_code == 0
    assert "already" in refused(USAGE, "export", "out.opml")
    for name in ("kuaixun.toml", "sites"):
        shutil.move(here / name, here / f"former-{name}")
    assert "2 new sources of 3 subscriptions." in run("import", "out.opml").stdout
    assert {source.name: set(source.seeds) for source in config.load(here).sources} == {
        name: set(seeds) for name, seeds in names.items()
    }


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [("<!DOCTYPE x><opml/>", STORAGE, "DTD"), ("<opml/>", NOTHING, "holds no address"), (None, USAGE, "no such file")],
)
def test_a_file_that_is_no_use_is_refused(here, text, code, words):
    if text:
        Path("in.opml").write_text(text, "utf-8")
    assert words in refused(code, "import", "in.opml")


# -- the file


@pytest.mark.parametrize(
    "article", [r"^https?://[^/]+/\d{4,}\.html(?:\?|$)", r"a'b\d", 'quote"d', "ünï", "tab\\t", "plain", "\x7f"]
)
def test_what_is_rendered_loads_as_it_was(tmp_path, article):
    source = Source("x", ('https://a.example/?q="1"', "https://a.example/新"), article=article)
    notes = {"": ["a line\nseeds = []", "\x00 é"], "seeds": ["中文"], "article": ["x"], "delay": ["y"]}
    sites.write(tmp_path / "sites" / "x.toml", sites.render(source, notes))
    (tmp_path / "kuaixun.toml").write_text("")
    assert config.load(tmp_path).sources == (source,)
    assert sites.state(tmp_path / "sites" / "x.toml") == "untouched"


# -- the daemon


def test_the_daemon_reads_the_files_again_when_one_has_changed(there):
    setup = config.load(there)
    said = []
    look = _Files(setup, said.append).sources
    assert look() is setup.sources
    file = there / "sites" / "more.toml"
    sites.write(file, sites.render(Source("more", ("https://more.example/",)), {}))
    assert [source.name for source in look()] == ["more", "wanbao"]
    file.write_text("seeds = 3", "utf-8")
    assert [source.name for source in look()] == [source.name for source in look()] == ["wanbao", "more"]
    (notice,) = said
    assert f"{file}: `seeds` must be a list" in notice.text
    assert notice.text.endswith("; the source `more` stays as it was")
    file.unlink()
    assert [source.name for source in look()] == ["wanbao"]


def test_a_file_that_comes_broken_leaves_the_daemon_the_others_and_mended_it_is_crawled(there):
    said = []
    files = _Files(config.load(there), said.append)
    file = there / "sites" / "new.toml"
    file.write_text('seeds = ["https://new.example/"]\nselect = { text = "p[" }', "utf-8")
    assert [source.name for source in files.reload().sources] == ["wanbao"]
    assert [notice.text.endswith("; the source `new` is left out") for notice in said] == [True]
    file.write_text('seeds = ["https://new.example/"]', "utf-8")
    assert [source.name for source in files.sources()] == ["new", "wanbao"]


def test_the_configuration_itself_must_be_sound_or_nothing_changes(there):
    files = _Files(config.load(there), pytest.fail)
    (there / "kuaixun.toml").write_text("delay = ", "utf-8")
    with pytest.raises(config.ConfigError, match=r"kuaixun\.toml: is no valid TOML"):
        files.sources()
    assert [source.name for source in files.sources()] == ["wanbao"]


# -- a source whose file is broken


@pytest.fixture
def half(there):
    """Two sources, one of them broken."""
    (there / "sites" / "x.toml").write_text('seeds = ["https://x.example/"]\nevry = "15m"', "utf-8")
    return there


LEFT = "sites/x.toml: `evry` is not known; did you mean `every`?"


@pytest.mark.parametrize("words", [["list"], ["show", "wanbao"], ["pause", "wanbao"], ["export", "feeds.opml"]])
def test_what_does_not_need_the_broken_source_goes_on_and_says_so(half, words):
    result = run(*words)
    assert (result.exit_code, result.stderr.count(LEFT)) == (0, 1), result.output
    assert "the source `x` is left out" in result.stderr


@pytest.mark.parametrize("words", [["show", "x"], ["pause", "x"]])
def test_what_needs_the_broken_source_ends_with_its_error(half, words):
    result = run(*words)
    if words[0] == "show":
        assert f"x: left out: {LEFT}" in result.stdout
    else:
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (CONFIG, f"kuaixun: {LEFT}")


def test_a_broken_source_is_listed_as_that_and_can_be_removed(half):
    rows = {row["name"]: row for row in map(json.loads, run("list", "--json").stdout.splitlines())}
    assert rows["x"]["state"] == f"left out: {LEFT}"
    assert run("remove", "x").exit_code == 0
    assert "left out" not in run("list").output


def test_a_crawl_leaves_the_broken_source_out_and_ends_as_a_wrong_configuration_does(half):
    result = CliRunner().invoke(cli, ["crawl"])
    assert "Database: " in result.stdout
    told = result.stderr.splitlines()
    assert (result.exit_code, told[0]) == (CONFIG, f"kuaixun: {LEFT}; the source `x` is left out")
    assert told[-1] == "kuaixun: left out, mend the settings of: `x`; `kuaixun doctor` says what is wrong there"
    assert CliRunner().invoke(cli, ["crawl", "wanbao"]).exit_code == 0


@pytest.mark.parametrize("words", [["reextract"], ["archive", "import", "x.warc.gz"]])
def test_pages_of_all_sites_are_not_read_while_the_rules_of_one_cannot_be(half, words):
    Path("x.warc.gz").write_bytes(b"")
    result = CliRunner().invoke(cli, words)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (CONFIG, f"kuaixun: {LEFT}")


def test_the_settings_are_printed_without_the_broken_source_and_the_exit_code_tells(half):
    result = CliRunner().invoke(cli, ["config"])
    assert result.exit_code == CONFIG
    assert re.findall(r"^\[sources\.(\w+)\]", result.stdout, re.M) == ["wanbao"]


def test_a_paused_source_that_is_due_is_no_gap(there):
    run("pause", "wanbao")
    with open_store(there / "kuaixun.db") as store, store.db.conn:
        store.db.execute("UPDATE sources SET last_visit_at = '2026-01-01T00:00:00.000+00:00', next_at = last_visit_at")
        store.db.execute("UPDATE sources SET next_at = '2026-01-01T00:15:00.000+00:00'")
    assert "gap: " not in run("list").stderr
    run("resume", "wanbao")
    assert "gap: wanbao not asked since" in run("list").stderr
