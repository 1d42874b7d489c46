"""The demo news web: what it serves, and that it is served and closed properly."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest

from crawler.demo import site, truth
from crawler.demo.markup import Markup, fill
from crawler.demo.server import PortsTaken, serve
from crawler.demo.texts import editions, stories

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
    with socket.create_connection((host, int(port)), timeout=5) as connection:
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
