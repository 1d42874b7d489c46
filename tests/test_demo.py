"""The demo news web: what it serves, and that it is served and closed properly."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from click.testing import CliRunner
from sqlite_utils import Database

from crawler.ads import score_title
from crawler.cli import cli
from crawler.decode import decode
from crawler.demo import site, truth
from crawler.demo.markup import Markup, fill
from crawler.demo.run import MORNING, WORDS, Counts, Summary, _file, run
from crawler.demo.server import PORTS, PortsTaken, Served, serve
from crawler.demo.texts import Day, editions, stories
from crawler.extract import extract
from crawler.page import Document, Extraction
from crawler.tally import Event
from storage import open_store

BASES = [f"http://127.0.0.{n}:8631" for n in (1, 2, 3)]
WEB = {day: site.build(BASES, day) for day in (1, 2)}
CHARSETS = {edition.prefix: edition.charset for edition in editions().values()}


def get(url: str, day: int = 1) -> site.Response:
    parts = urlsplit(url)
    host = BASES.index(f"{parts.scheme}://{parts.netloc}")
    return site.answer(WEB[day], host, parts.path + (f"?{parts.query}" if parts.query else ""))


def text_of(url: str, day: int = 1) -> str:
    body = get(url, day).body
    declared = re.search(rb"charset=\"?([\w-]+)", body)
    return body.decode({b"gb2312": "gbk"}.get(declared[1], declared[1].decode()) if declared else "utf-8")


def test_about_sixty_articles_of_our_own_wait_on_three_hosts():
    own = [story for story in stories(1) if not story.ad and not story.copy_of]
    assert len(own) == 61
    assert Counter(editions()[story.edition].host for story in own) == {0: 27, 1: 14, 2: 20}


def test_every_article_stands_where_the_truth_says_with_all_its_words():
    for day in (1, 2):
        for url, expected in truth.articles(BASES, day).items():
            assert get(url, day).status == 200
            for page, paragraphs in zip(expected.pages, expected.paragraphs, strict=True):
                text = unescape(text_of(page, day))
                assert expected.title in text
                assert all(paragraph in text for paragraph in paragraphs)


def test_titles_and_texts_are_all_different():
    found = [story for story in stories(2) if not story.copy_of]
    assert len({story.title for story in found}) == len({story.paragraphs for story in found}) == len(found)


def test_articles_are_as_long_as_news_is():
    for story in stories(2):
        length = sum(map(len, story.paragraphs)) / (3 if story.edition == "chengbay" else 1)
        low, high = (70, 150) if story.flash or story.ad else (140, 700)
        assert low <= length <= high, (story.key, length)


def test_the_second_host_calls_gbk_gb2312():
    body = get(BASES[1] + "/html/20260318/2053.htm").body
    assert b"charset=gb2312" in body
    assert "镕" in body.decode("gbk")
    with pytest.raises(UnicodeDecodeError):
        body.decode("gb2312")


def test_the_traditional_pages_are_big5():
    response = get(BASES[2] + "/big5/3001.html")
    assert "charset" not in response.headers["Content-Type"]
    assert "渡輪減班三成" in response.body.decode("big5")


def test_the_web_is_the_same_each_time():
    assert site.build(BASES, 1) == WEB[1]


def test_on_the_second_day_only_the_news_and_its_lists_differ():
    changed = {key for key in WEB[2] if WEB[1].get(key) != WEB[2][key] and WEB[2][key].status == 200}
    assert changed == {
        *((0, path) for path in ("/", "/cj/", "/cj/index_2.html", "/cj/index_3.html", "/gs/", "/gs/index_2.html")),
        *((0, path) for path in ("/10116.html", "/10128.html", "/feed.xml", "/sitemap.xml")),
        *((1, path) for path in ("/", "/bd/", "/bd/index_2.html", "/html/20260321/2065.htm")),
    }


def test_the_corrected_article_says_another_figure_and_why():
    before, after = text_of(BASES[0] + "/10116.html", 1), text_of(BASES[0] + "/10116.html", 2)
    assert "季度净利润12.6亿元" in before
    assert "更正" not in before
    assert "季度净利润11.6亿元" in after
    assert "更正" in after


def test_the_latest_list_hides_five_advertisements_among_ten_articles():
    items = truth.latest_items(BASES, "lanxi", 1)
    assert Counter(item.ad for item in items) == {False: 10, True: 5}
    assert [item.published_at for item in items] == sorted((item.published_at for item in items), reverse=True)
    assert [item.ad for item in items[:2]] == [False, False]


def test_copies_tell_their_source_and_keep_the_text():
    found = {story.key: story for story in stories(1)}
    copies = [story for story in found.values() if story.copy_of]
    assert len(copies) == 4
    for copy in copies:
        original = found[copy.copy_of]
        assert copy.paragraphs[1:] == original.paragraphs[1:]
        assert copy.title != original.title
        assert copy.source == original.source
        assert copy.at > original.at


def test_market_reports_of_two_days_share_a_form_but_no_figure():
    one, two = (" ".join(story.paragraphs) for story in stories(1) if "股市日评" in story.title)
    assert one[:4] == two[:4]
    assert not set(re.findall(r"\d+\.\d+", one)) & set(re.findall(r"\d+\.\d+", two))


def test_every_link_leads_to_a_page_of_the_web():
    for (host, path), response in WEB[2].items():
        if "html" not in response.headers["Content-Type"] or response.status != 200:
            continue
        url = BASES[host] + path
        for link in re.findall(r"<a [^>]*href=\"([^\"]+)\"", text_of(url, 2), re.I):
            target = urljoin(url, unescape(link))
            assert not target.startswith("http") or get(target, 2).status in (200, 301), (url, link)


def test_one_article_answers_at_several_addresses():
    plain = get(BASES[0] + "/10118.html")
    assert get(BASES[0] + "/10118.html?utm_source=home&spm=1") == plain == get(BASES[0] + "/m/10118.html")
    assert get(BASES[0] + "/?p=10111").headers["Location"] == "/10111.html"
    assert get(BASES[0] + "/kj/stair-robot-10104").headers["Location"] == "/kj/stair-robot-10104/"


def test_an_article_over_two_pages_links_the_second():
    assert '<a href="/10111_2.html">下一页</a>' in text_of(BASES[0] + "/10111.html")
    assert "下一页" not in text_of(BASES[0] + "/10111_2.html")


def test_a_page_that_has_not_changed_is_not_sent_again():
    page = get(BASES[0] + "/10101.html")
    for etag, since in (
        (page.headers["ETag"], ""),
        (f'"other", {page.headers["ETag"]}', ""),
        ("*", ""),
        ("", page.headers["Last-Modified"]),
    ):
        answered = site.answer(WEB[1], 0, "/10101.html", etag, since)
        assert (answered.status, answered.body) == (304, b"")


@pytest.mark.parametrize("since", ["", "yesterday", "Fri, 01 Jan 2016 00:00:00 GMT", "Fri, 01 Jan 2016 00:00:00"])
def test_an_old_or_unreadable_date_gets_the_page(since: str):
    assert site.answer(WEB[1], 0, "/10101.html", '"old"', since).status == 200


def test_the_etag_goes_before_the_date():
    page = get(BASES[0] + "/10101.html")
    assert site.answer(WEB[1], 0, "/10101.html", '"old"', page.headers["Last-Modified"]).status == 200


def test_an_unknown_address_is_a_404():
    assert get(BASES[0] + "/none.html").status == 404
    assert get(BASES[1] + "/robots.txt").status == 404


def test_values_are_escaped_in_templates_unless_they_are_markup():
    made = fill('<a title="$title">$title</a>$more', title='<b> & "c"', more=Markup("<br>"))
    assert made == '<a title="&lt;b&gt; &amp; &quot;c&quot;">&lt;b&gt; &amp; &quot;c&quot;</a><br>'


def fetch(base: str, path: str, *headers: str) -> bytes:
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(
            "\r\n".join([f"GET {path} HTTP/1.1", "Host: demo", "Connection: close", *headers, "", ""]).encode()
        )
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_the_server_answers_remembers_and_turns_to_the_next_day():
    with serve() as served:
        assert fetch(served.bases[0], "/10128.html").startswith(b"HTTP/1.1 404")
        served.turn_to(2)
        page = fetch(served.bases[0], "/10128.html")
        etag = re.search(rb"ETag: (\S+)", page)[1].decode()
        assert page.startswith(b"HTTP/1.1 200")
        assert fetch(served.bases[0], "/10128.html", f"If-None-Match: {etag}").startswith(b"HTTP/1.1 304")
        assert [(asked.target, asked.status) for asked in served.log] == [("/10128.html", s) for s in (404, 200, 304)]


def test_two_webs_at_once_take_different_ports():
    with serve() as one, serve() as two:
        assert one.port != two.port
        assert fetch(two.bases[2], "/").startswith(b"HTTP/1.1 200")


def test_where_no_port_is_free_the_error_names_those_tried():
    with serve() as served, pytest.raises(PortsTaken, match=f"`{served.port}`"), serve(ports=[served.port]):
        pass


def test_an_interrupt_closes_the_server_and_frees_the_port():
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt), serve() as served:
        idle = socket.create_connection((served.bases[0].split("/")[2].split(":")[0], served.port))
        raise KeyboardInterrupt
    idle.close()
    assert threading.active_count() == threads
    with serve(ports=[served.port]) as again:
        assert again.port == served.port


# -- what the extraction reads of these pages

KINDS = sorted({(story.edition, story.theme) for story in stories(2)})


def read(url: str) -> Extraction:
    response = get(url, 2)
    decoded = decode(response.body, response.headers["Content-Type"])
    return extract(Document(url, decoded.text, MORNING, decoded.encoding), ad_score=score_title)


@pytest.mark.parametrize(("edition", "theme"), KINDS)
def test_the_extraction_reads_each_article_as_it_was_written(edition: str, theme: str):
    paths = {BASES[editions()[edition].host] + s.path for s in stories(2) if (s.edition, s.theme) == (edition, theme)}
    wrong = []
    for url, expected in truth.articles(BASES, 2).items():
        if url not in paths:
            continue
        found = read(url)
        article = found.article
        assert article, f"{url} was taken for a {found.kind}"
        pairs = {
            "title": (article.title, expected.title),
            "text": (found.paragraphs, expected.paragraphs[0]),
            "published": (article.published_at, expected.published_at),
            "author": (article.author, expected.author),
            "editor": (article.editor, expected.editor),
            "source": (article.source, expected.source),
            "site": (article.site, expected.site),
        }
        wrong += [(url, name, got, want) for name, (got, want) in pairs.items() if got != want]
    assert wrong == []


@pytest.mark.parametrize("edition", [*editions()])
def test_the_extraction_reads_the_latest_list_with_times_and_advertisements(edition: str):
    paper = editions()[edition]
    found = read(BASES[paper.host] + paper.prefix)
    assert found.article is None
    assert [
        (item.url, item.title, item.published_at, item.ad_score >= 0.5)
        for latest in found.lists
        if latest.kind == "latest"
        for item in latest.items
    ] == [(item.url, item.title, item.published_at, item.ad) for item in truth.latest_items(BASES, edition, 2)]


def test_no_list_page_is_taken_for_an_article():
    lists = [(host, path) for host, path in WEB[2] if path.endswith("/") and "-" not in path and "/20" not in path]
    lists += [(host, path) for host, path in WEB[2] if "index_" in path]
    assert len(lists) > 20
    assert [key for key in lists if read(BASES[key[0]] + key[1]).article] == []


# -- what a crawl of it leaves in the database


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Summary, Summary]:
    """The first run in a new folder, and a second one after it."""
    folder = tmp_path_factory.mktemp("demo")
    return run(folder), run(folder)


@pytest.fixture(scope="module")
def rows(crawled: tuple[Summary, Summary]) -> dict[str, dict[str, Any]]:
    """The articles in the database by address."""
    with Database(crawled[0].database) as db:
        return {row["url"]: row for row in db["articles"].rows}


@pytest.fixture(scope="module")
def expected(crawled: tuple[Summary, Summary]) -> dict[str, truth.Expected]:
    """The articles that are no advertisements, at the addresses of the web that was crawled."""
    bases = [base.replace("8631", str(crawled[0].port)) for base in BASES]
    return {url: one for url, one in truth.articles(bases, 2).items() if not one.ad}


def test_the_first_run_finds_every_article_once(rows, expected):
    pages = {page for one in expected.values() for page in one.pages[1:]}
    assert {url for url, row in rows.items() if not row["is_ad"]} - pages == set(expected)


def test_titles_and_times_are_stored_as_published(rows, expected):
    assert {url: (rows[url]["title"], datetime.fromisoformat(rows[url]["published_at"])) for url in expected} == {
        url: (one.title, one.published_at) for url, one in expected.items()
    }


def test_a_copy_is_joined_with_its_original_and_nothing_else(rows, expected):
    ids = {row["id"]: url for url, row in rows.items()}
    joined = {frozenset((url, ids[row["copy_of"]])) for url, row in rows.items() if row["copy_of"]}
    assert joined == {frozenset((url, one.copy_of)) for url, one in expected.items() if one.copy_of}


def test_a_correction_keeps_the_former_figure(crawled, rows, expected):
    (url,) = (url for url, one in expected.items() if one.revised)
    assert "11.6亿元" in rows[url]["text"]
    with Database(crawled[0].database) as db:
        former = [row["title"] for row in db.query("select * from revisions where article_id = ?", [rows[url]["id"]])]
    assert former == ["澜拓航运预计一季度净利润12.6亿元 同比增长逾四成"]
    assert crawled[0].total.changed == 1


def test_the_five_advertisements_are_marked_and_no_news_is(crawled, rows):
    with Database(crawled[0].database) as db:
        marked = [row["url"].split("/")[-1] for row in db.query("select url from headlines where is_ad")]
    assert sorted(marked) == [f"9900{n}.html" for n in range(1, 6)]
    assert all(row["url"].split("/")[-1] in marked for row in rows.values() if row["is_ad"])


def test_what_is_forbidden_or_nofollow_is_never_asked(crawled):
    with Database(crawled[0].database) as db:
        asked = [row["url"] for row in db.query("select url from visits where status > 0")]
    assert [url for url in asked if re.search("/(neibu|drafts|vip|login)", url)] == []


def test_the_first_run_has_two_passes_and_the_second_brings_the_news(crawled):
    evening, morning = crawled[0].passes
    assert crawled[0].first_run
    # The second page of an article may be a row of its own.
    assert (evening.brought.articles - 61 in (0, 1), evening.brought.copies) == (True, 4)
    assert (morning.brought.articles, morning.brought.changed) == (2, 1)
    assert morning.unchanged > 0.8 * morning.requests


def test_a_second_run_fetches_next_to_nothing(crawled):
    (again,) = crawled[1].passes
    assert not crawled[1].first_run
    assert again.requests <= 30
    assert again.bytes < 5000
    assert set(vars_of(again.brought).values()) == {0}


def test_the_summary_shows_a_search_and_a_query(crawled):
    first = crawled[0]
    assert all(WORDS in hit["title"] + hit["text"] for hit in first.hits)
    assert len(first.hits) >= 3
    assert {row["site"] for row in first.rows} == {edition.name for edition in editions().values()}


@pytest.mark.slow
def test_an_interrupted_run_leaves_no_server_and_is_taken_up_again(tmp_path):
    events = []

    def interrupt(event: Event) -> None:
        events.append(event)
        if len(events) == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, interrupt)
    again = run(tmp_path)
    assert (again.first_run, again.total.articles - 63 in (0, 1)) == (True, True)


@pytest.mark.slow
def test_a_run_that_was_interrupted_between_its_passes_is_taken_up_again(tmp_path, monkeypatch):
    turn_to = Served.turn_to

    def interrupt(served: Served, day: Day) -> None:
        if day == 2:
            raise KeyboardInterrupt
        turn_to(served, day)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Served, "turn_to", interrupt)
        run(tmp_path)
    again = CliRunner().invoke(cli, ["demo", str(tmp_path), "--quiet"])
    assert again.exit_code == 0, again.output
    assert "Pass 1: 0 new articles" in again.output
    assert "0 requests" in again.output
    assert "The database holds 63 articles" in again.output


def test_the_file_has_one_name_whichever_port_is_free_unless_it_has_the_web_of_another(tmp_path):
    assert _file(tmp_path, 8641).name == "demo.db"
    with open_store(tmp_path / "demo.db") as store:
        store.upsert_source(
            "lanxi", ("http://127.0.0.1:8641/",), timedelta(minutes=15), None, enabled=True, now=MORNING
        )
    assert [_file(tmp_path, port).name for port in (8641, 8631)] == ["demo.db", "demo-8631.db"]


@pytest.mark.slow
def test_where_the_first_port_is_taken_the_demo_says_which_one_is_in_the_addresses(tmp_path):
    with suppress(OSError), socket.create_server(("127.0.0.1", PORTS[0])):
        made = CliRunner().invoke(cli, ["demo", str(tmp_path), "--quiet"])
        assert made.exit_code == 0, made.output
        assert re.search(rf"Port {PORTS[0]} is taken: the addresses have 86\d1 in its place", made.output)
        assert [file.name for file in tmp_path.glob("*.db")] == ["demo.db"]


def vars_of(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in counts.__slots__}
