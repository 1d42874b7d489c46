"""New selectors for a changed template: found from what was known, shown, and written only when asked."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from config import Source, load
from config.edit import with_rules
from crawler import mend, selectors
from crawler.cli import cli
from crawler.console import NOTHING
from crawler.mend import propose, read, rightness
from crawler.page import Document
from crawler.parse import parse
from crawler.spots import Sample
from storage import open_store
from storage.archive import Archive, Fetched
from storage.drifts import drifts
from storage.pair import beside
from storage.records import Article, Headline, Visit
from tests.test_drift import article_signs

START = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
SOURCE = Source("news", ("http://news.example.com/",))
ADS = "".join(
    f"<p>注册会员可以在月底之前领取第{n}份周刊，并且参加有奖活动，欢迎下载客户端随时了解资讯。</p>" for n in range(20)
)


def known(number):
    lines = [
        f"第{number}号报道的第{part}段：央行今日宣布下调存款准备金率，释放长期资金约一万亿元。" for part in range(4)
    ]
    return {
        "title": f"存款准备金率第{number}次下调",
        "text": "\n".join(lines),
        "source": "财讯网",
        "published": datetime.fromisoformat(f"2026-03-20T10:{number:02}+08:00"),
    }


def changed(number):
    """The page of an article in the new template, which the general rules do not get right."""
    one = known(number)
    body = "".join(f"<p>{line}</p>" for line in one["text"].split("\n"))
    return f"""<html lang="zh-CN"><title>门户</title><body><div class="club-box">{ADS}</div><div id="x81f3a">
        <div class="piece-head k29ab">{one["title"]}</div><div class="piece-facts"><i>2026-03-20 10:{number:02}</i>
        <b class="piece-origin">财讯网</b></div><div class="piece-body">{body}<div class="join-us">{ADS}</div></div>
        </div></body></html>"""


def url(number):
    return f"http://news.example.com/2026/03/20/{number}.html"


def samples(numbers):
    return [Sample(Document(url(n), changed(n), START + timedelta(hours=9)), known(n)) for n in numbers]


def test_selectors_are_found_that_read_other_pages_of_the_template():
    proposal = propose(samples(range(1, 5)), SOURCE)
    assert proposal.changes
    for sample in samples(range(20, 24)):
        given = read(sample.document, proposal.source)
        assert {name: rightness(name, value, given.get(name)) for name, value in sample.known.items()} == dict.fromkeys(
            sample.known, 1.0
        )


def test_the_general_rules_do_not_read_them():
    assert read(samples([1])[0].document, SOURCE).get("title") != known(1)["title"]


def test_names_of_words_are_chosen_not_hashes():
    proposal = propose(samples(range(1, 5)), SOURCE)
    assert proposal.source.select["title"] == ".piece-head"
    assert "k29ab" not in str(proposal.source) and "x81f3a" not in str(proposal.source)


def test_templates_beside_each_other_make_one_selector():
    """Long headlines stand in a box of their own."""

    def page(number):
        sample = samples([number])[0]
        html = sample.document.html.replace("piece-head", "wide-head") if number % 2 else sample.document.html
        return replace(sample, document=replace(sample.document, html=html))

    proposal = propose([page(number) for number in range(1, 7)], SOURCE)
    assert proposal.source.select["title"] == ".wide-head, .piece-head"
    assert all(read(page(n).document, proposal.source)["title"] == known(n)["title"] for n in (20, 21))


@pytest.mark.parametrize(("guilty", "is_dropped"), [(0, True), (1, True), (3, False)])
def test_what_was_known_of_a_page_may_hold_what_is_no_text(guilty, is_dropped):
    pages = samples(range(1, 5))
    advert = "\n注册会员可以在月底之前领取第0份周刊，并且参加有奖活动，欢迎下载客户端随时了解资讯。"
    for n in range(guilty):
        pages[n] = replace(pages[n], known={**pages[n].known, "text": pages[n].known["text"] + advert})
    found = list(mend._strangers(".piece-body", pages, [parse(page.document.html)[0] for page in pages]))
    assert (".piece-body .join-us" in found) is is_dropped


def test_a_selector_that_reads_another_field_worse_is_not_proposed(monkeypatch):
    right = {
        "": {"text": 0.5, "author": 1.0},
        "#wide": {"text": 1.0, "author": 0.5},
        "#own": {"text": 0.9, "author": 1},
    }

    def scores(_, source):
        return {name: [right[source.select.get("text", "")].get(name, 0.0)] for name in mend.FIELDS}

    monkeypatch.setattr(mend, "scores", scores)
    monkeypatch.setattr(mend, "candidates", lambda name, *_: ["#wide", "#own"] if name == "text" else [])
    monkeypatch.setattr(mend, "_dropped", lambda _, __, option: option)
    assert mend.propose(samples([1]), SOURCE).source.select == {"text": "#own"}


def test_a_selector_that_finds_nothing_any_more_is_replaced():
    proposal = propose(samples(range(1, 5)), replace(SOURCE, select={"title": "h1.old-headline"}))
    assert proposal.source.select["title"] == ".piece-head"


def test_where_the_general_rules_read_everything_nothing_is_proposed():
    one = known(1)
    body = "".join(f"<p>{line}</p>" for line in one["text"].split("\n"))
    facts = "<div>2026-03-20 10:01 来源：财讯网</div>"
    html = f'<html lang="zh-CN"><body><h1>{one["title"]}</h1>{facts}<div>{body}</div></body>'
    proposal = propose([Sample(Document(url(1), html, START + timedelta(hours=9)), one)] * 2, SOURCE)
    assert not proposal.changes and not proposal.source.select


@pytest.mark.parametrize(("name", "is_stable"), [
    ("article-body", True), ("articleTitle", True), ("main_text", True), ("css-1vkm6nb", False), ("col2", False),
    ("sc-bdVaJa", False), ("a", False), ("kxqzwrt", False),
])  # fmt: skip
def test_a_name_that_a_program_made_is_not_trusted(name, is_stable):
    assert selectors.is_stable(name) is is_stable


def test_the_selectors_of_a_box_find_it():
    root = parse(changed(1))[0]
    (box,) = root.css(".piece-origin")
    for _, css in selectors.selectors(box):
        assert box.mem_id in [node.mem_id for node in root.css(css)]


# -- the file


@pytest.mark.parametrize("before", [
    'seeds = ["http://a.example/"]\nevery = "5m"  # often\n',
    '# mine\nseeds = ["http://a.example/"]\ndrop = [\n  ".old",\n]\nevery = "5m"\n\n[select]\ntitle = "h1"  # before\n',
    'seeds = ["http://a.example/"]\nselect = { title = "h1" }\nevery = "5m"',
])  # fmt: skip
def test_only_the_rules_of_a_file_change(before):
    after = tomllib.loads(with_rules(before, "", {"title": ".t", "text": '[itemprop="x"]'}, [".ad"]))
    rest = {"seeds": ["http://a.example/"], "every": "5m"}
    assert after == rest | {"select": {"title": ".t", "text": '[itemprop="x"]'}, "drop": [".ad"]}


def test_a_source_in_the_large_file_keeps_its_neighbours():
    before = '[settings]\ndelay = 2\n\n[sources.a]\nseeds = ["http://a.example/"]\n\n[sources.b]\nseeds = ["http://b.example/"]\n'
    after = tomllib.loads(with_rules(before, "sources.a", {"title": ".t"}, []))
    assert after["sources"]["a"]["select"] == {"title": ".t"} and after["sources"]["b"] == {
        "seeds": ["http://b.example/"]
    }


def test_what_cannot_be_understood_is_left_to_a_person():
    with pytest.raises(ValueError, match="not understood"):
        with_rules('seeds = ["x"]\nselect.title = "h1"\n', "", {"text": ".t"}, [])


# -- the command, and what comes after it


@pytest.fixture
def desk(tmp_path):
    """A database of forty good pages and four of another template, all in its archive, and their configuration."""
    (tmp_path / "sites").mkdir()
    (tmp_path / "kuaixun.toml").write_text("delay = 1\n")
    (tmp_path / "sites" / "news.toml").write_text('# mine\nseeds = ["http://news.example.com/"]\n')
    file = tmp_path / "kuaixun.db"
    with open_store(file) as store, Archive(beside(file)) as archive:
        store.upsert_source("news", ["http://news.example.com/"], timedelta(minutes=15), now=START)
        for number in range(44):
            one, at = known(number), START + timedelta(minutes=number)
            article = Article(
                url(number), one["title"], one["text"], at, published_at=one["published"], source="财讯网"
            )
            if number >= 40:
                item = Headline(url(number), one["title"], "http://news.example.com/", at)
                article = replace(article, title="门户", text=ADS + str(number) * 9, source="")
                archive.add(
                    Fetched(url(number), url(number), at, 200, {}, changed(number).encode(), "news.example.com")
                )
                store.save(Visit("http://news.example.com/", "", "list", "news", at, 200), headlines=[item])
            seen = article_signs(number, **({"source": True} if number >= 40 else {}))
            store.save(Visit(url(number), url(number), "article", "news", at, 200, signs=seen), article=article)
        at = START + timedelta(hours=1)
        for number in (1, 2, 3):
            archive.add(Fetched(url(number), url(number), at, 200, {}, changed(number).encode(), "news.example.com"))
    return tmp_path


def told(desk, *arguments):
    return CliRunner().invoke(cli, ["repair", "news", *arguments, "--config", str(desk / "kuaixun.toml")])


def test_repair_shows_what_selectors_would_give_and_writes_nothing(desk):
    before = (desk / "sites" / "news.toml").read_text()
    result = told(desk)
    assert result.exit_code == 0, result.output
    assert ".piece-head" in result.output and "存款准备金率第43次下调" in result.output
    assert "Nothing was written" in result.output and (desk / "sites" / "news.toml").read_text() == before


def test_repair_writes_the_file_that_a_crawl_then_reads(desk):
    assert told(desk, "--write").exit_code == 0
    text = (desk / "sites" / "news.toml").read_text()
    (source,) = load(desk / "kuaixun.toml").sources
    assert text.startswith("# mine\n")
    assert read(samples([7])[0].document, source)["title"] == known(7)["title"]


def test_repair_accepts_a_change(desk):
    assert told(desk, "--accept").exit_code == 0
    with open_store(desk / "kuaixun.db", readonly=True) as store:
        assert drifts(store.db) == []
    assert told(desk, "--accept").exit_code == NOTHING


def test_repair_of_a_source_that_never_brought_an_article_says_that(desk):
    (desk / "sites").mkdir(exist_ok=True)
    (desk / "sites" / "other.toml").write_text('seeds = ["http://other.example.com/"]\n', encoding="utf-8")
    words = ["repair", "other", "--config", str(desk / "kuaixun.toml")]
    result = CliRunner().invoke(cli, words)
    assert (result.exit_code, "no article of `other` is known yet" in result.stderr) == (NOTHING, True)


def test_repair_of_a_site_that_did_not_drift_asks_for_a_time(desk):
    told(desk, "--accept")
    result = told(desk)
    assert result.exit_code == NOTHING and "--since TIME" in result.output
    assert told(desk, "--since", "2026-03-20T04:40+00:00").exit_code == 0


def test_the_drift_is_shown_where_one_looks(desk):
    for command in ("sources", "status"):
        shown = CliRunner().invoke(cli, [command, "--config", str(desk / "kuaixun.toml")])
        assert "drift of news.example.com since" in shown.output and "kuaixun repair news" in shown.output
    checked = CliRunner().invoke(cli, ["check", "--config", str(desk / "kuaixun.toml")])
    assert "note: drift of news.example.com" in checked.output


def test_articles_read_again_by_the_new_rules_are_suspect_no_more(desk):
    assert told(desk, "--write").exit_code == 0
    again = CliRunner().invoke(cli, ["reextract", "--apply", "--workers", "0", "--config", str(desk / "kuaixun.toml")])
    assert again.exit_code == 0, again.output
    with open_store(desk / "kuaixun.db", readonly=True) as store:
        assert drifts(store.db) == []
        rows = store.db.execute("SELECT title, source FROM articles WHERE id > 40").fetchall()
        assert rows == [(known(number)["title"], "财讯网") for number in range(40, 44)]
