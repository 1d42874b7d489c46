"""What the crawl stores for data sets: kind, encoding, pages joined, the page's hash, a text that breaks off."""

from hashlib import sha256
from pathlib import Path

import pytest

from config import Settings, Source
from crawler.extract import columns
from storage import dataset, open_store
from tests.small_pages import BODY, TITLE, read, story
from tests.test_crawl import SITE, Clock, article, listing, run

NOTICE = "证券代码：688888 证券简称：青川股份 公告编号：2026-012"
MORE = '<div class="pages"><a href="/news/100001_2.html">2</a> <a href="/news/100001_2.html">下一页</a></div>'


def paragraphs(*lines):
    return "".join(f"<p>{line}</p>" for line in lines)


@pytest.mark.parametrize(
    ("last", "after", "truncated"),
    [
        (BODY[2], "", False),
        ("水利局提醒，放水期间渠道水流湍急，请家长看管好孩子……阅读全文", "", True),
        ("水利局提醒，放水期间渠道水流湍急，请家长看管好孩子[…]", "", True),
        ("The water board asks parents to keep their children away from the [...]", "", True),
        ("The water board asks parents to keep their children away... Read more »", "", True),
        ("水利局提醒，放水期间渠道水流湍急，请家长看管好孩子，不要", "<p><a href=/n/1-all.html>阅读全文</a></p>", True),
        ("水利局提醒，放水期间渠道水流湍急，请家长看管好孩子...", "<p><a href=/n/1-all.html>查看全文</a></p>", True),
        # A button that unfolds what is there already; dots for what the writer leaves unsaid.
        (BODY[2], "<p><a href=#>阅读全文</a></p>", False),
        ("水利局提醒，放水期间渠道水流湍急，至于明年会怎样，谁又说得准呢……", "", False),
    ],
)
def test_a_text_that_breaks_off(last, after, truncated):
    found = read(story(meta="2026-03-19 21:44", body=paragraphs(*BODY[:2], last), tail=after))
    assert found.fields["truncated"] is truncated


@pytest.mark.parametrize(
    ("title", "lines", "kind"),
    [
        (TITLE, BODY, "flash"),
        (TITLE, BODY * 4, "article"),
        ("青川股份：关于回购股份的公告", (NOTICE, *BODY), "announcement"),
        ("青川股份关于回购股份的进展公告", (*BODY, "特此公告。青川股份有限公司董事会"), "announcement"),
        ("內幕消息公告", ("香港聯合交易所有限公司對本公告的內容概不負責。", *BODY), "announcement"),
        ("青川股份公告回购股份", (*BODY, "公司董事会表示，将择机实施。"), "flash"),
        ("关于春灌放水的公告", BODY, "flash"),
    ],
)
def test_the_kind_of_an_article(title, lines, kind):
    found = read(story(title=title, meta="2026-03-19 21:44", body=paragraphs(*lines)))
    assert found.article.extra["kind"] == kind


@pytest.fixture
def full():
    with open_store(Path(":memory:"), fields=columns()) as store:
        yield store


def crawled(web, store, clock):
    web.pages[SITE + "/"] = [(200, {"content-type": "text/html"}, listing(1).encode())]
    run(web, store, clock, sources=(Source("news", (SITE + "/",)),), settings=Settings(delay=0), force=True)
    store.db.execute("UPDATE frontier SET next_at = '2026-01-01T00:00:00.000+00:00' WHERE kind = 'article'")
    clock.now = clock.now.replace(day=clock.now.day + 1)


def test_the_crawl_stores_encoding_pages_and_hash(web, full):
    clock, url = Clock(), SITE + "/news/100001.html"
    page = article(1, more=MORE).encode("gb18030")
    web.pages[url] = [(200, {"content-type": "text/html; charset=gb2312"}, page)]
    web.add(SITE + "/news/100001_2.html", article(2))
    crawled(web, full, clock)
    (row,) = dataset.rows(full.db)
    assert (row["charset"], row["pages_joined"], row["page_sha256"]) == ("gb18030", 2, sha256(page).hexdigest())
    assert (row["kind"], row["truncated"], row["revision"]) == ("article", False, 1)


def test_the_hash_is_that_of_the_page_that_a_version_was_read_from(web, full):
    clock, url = Clock(), SITE + "/news/100001.html"
    first, same, other = (f"{article(number)}<!--{more}-->" for number, more in ((1, "a"), (1, "b"), (2, "c")))
    for page, expected in ((first, first), (same, first), (other, other)):
        web.pages[url] = [(200, {"content-type": "text/html; charset=utf-8"}, page.encode())]
        crawled(web, full, clock)
        (row,) = dataset.rows(full.db)
        assert row["page_sha256"] == sha256(expected.encode()).hexdigest()
    assert row["revision"] == 2
