"""A whole pass over a web in memory: what is asked, in which order, how often, and what is in the database then."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest

from config import Settings, Source
from crawler import reading, visit
from crawler.crawl import crawl
from crawler.fetch import Fetcher
from crawler.frontier import sources_of
from storage import open_store
from storage.archive import Archive
from storage.records import Target
from storage.times import stamp

SITE = "http://news.example.com"
START = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
SENTENCES = (
    "央行今日宣布下调存款准备金率零点五个百分点，释放长期资金约一万亿元。"
    "市场人士认为此举有助于稳定预期，降低实体经济融资成本。"
)


class Clock:
    """A time that only passes when somebody sleeps."""

    def __init__(self, now=START):
        self.now = now
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        """Whatever else can be done is done first; then the time has come."""
        self.slept.append(seconds)
        until = self.now + timedelta(seconds=seconds)
        for _ in range(20):
            await asyncio.sleep(0)
        self.now = max(self.now, until)


@pytest.fixture
def clock():
    return Clock()


def article(number, *, links=(), head="", more=""):
    """An article page with a latest list of `links`: (address, title)."""
    latest = "".join(
        f'<li><a href="{url}">{title}</a> <span>2026-03-20 10:0{n}</span></li>' for n, (url, title) in links
    )
    text = "".join(f"<p>{number}号报道第{part}段。{SENTENCES}</p>" for part in range(4))
    return (
        f'<html lang="zh-CN"><head><title>第{number}条快讯：存款准备金率下调_财讯网</title>{head}</head><body>'
        f"<h1>第{number}条快讯：存款准备金率下调</h1><div>2026-03-20 10:00 来源：财讯网</div>"
        f"<div class='content'>{text}</div>"
        f"{more}<div class='side'><h3>最新资讯</h3><ul>{latest}</ul></div></body></html>"
    )


def listing(*numbers, more="", head=""):
    """A list page of articles `/news/10000N.html`."""
    items = "".join(
        f'<li><a href="/news/{100000 + n}.html">第{n}条快讯：存款准备金率下调</a>'
        f" <span>2026-03-20 10:{n % 60:02}</span></li>"
        for n in numbers
    )
    return f"<html><head><title>财讯网</title>{head}</head><body><ul>{items}</ul>{more}</body></html>"


def run(web, store, clock, *, sources=None, settings=None, transport=None, **options):
    """One pass; the tally, and the events on the way."""
    settings, events = settings or Settings(delay=0), []
    sources = sources or (Source("news", (SITE + "/",)),)
    options = {"ad_score": lambda title, url: float("广告" in title), "report": events.append, **options}

    async def go():
        async with Fetcher(settings, transport=transport or web.transport, clock=clock) as fetcher:
            return await crawl(settings, sources, store, fetcher=fetcher, clock=clock, sleep=clock.sleep, **options)

    return asyncio.run(go()), events


def pages(web):
    """The paths that were asked for, without what a host says about itself."""
    paths = [urlsplit(url).path for url in web.urls()]
    return [path for path in paths if path not in ("/robots.txt", "/.well-known/tdmrep.json")]


def stored(store, sql="select url from articles order by url"):
    return [row[0] for row in store.db.execute(sql)]


def small_site(web, *numbers):
    web.add(SITE + "/", listing(*numbers), etag='"list"')
    for n in numbers:
        web.add(f"{SITE}/news/{100000 + n}.html", article(n), etag=f'"{n}"')


def test_a_list_leads_to_its_articles_and_both_are_stored(web, store, clock):
    small_site(web, 1, 2, 3)
    tally, events = run(web, store, clock)
    assert stored(store) == [f"{SITE}/news/10000{n}.html" for n in (1, 2, 3)]
    assert (tally.new, tally.headlines, tally.failed, tally.requests) == (3, 3, 0, 6)
    assert [event.kind for event in events if event.kind != "fetched"] == ["list", "new", "new", "new"]


def test_robots_txt_is_read_first_and_obeyed(web, store, clock):
    small_site(web, 1, 2, 3)
    web.add(SITE + "/robots.txt", "User-agent: kuaixun\nDisallow: /news/100002", content_type="text/plain")
    tally, _ = run(web, store, clock)
    assert web.urls()[0] == SITE + "/robots.txt"
    assert f"{SITE}/news/100002.html" not in web.urls()
    assert (tally.forbidden, tally.new) == (1, 2)


@pytest.mark.parametrize("answer", [500, 503, httpx.ReadTimeout("x")])
def test_nothing_is_asked_of_a_host_whose_robots_txt_cannot_be_had(web, store, clock, answer):
    small_site(web, 1)
    if isinstance(answer, int):
        web.add(SITE + "/robots.txt", "", answer)
    else:
        web.fail(SITE + "/robots.txt", answer)
    tally, events = run(web, store, clock)
    assert pages(web) == []
    assert tally.failed == 1
    assert "robots.txt cannot be read" in events[-1].text


def test_a_network_that_may_not_be_asked_is_tried_once(store, clock):
    """Nothing gets better in a moment, so nobody waits for a retry; the next pass asks again."""
    source = Source("here", ("http://127.0.0.1:9/",))
    real_network = SimpleNamespace(transport=None)
    tally, events = run(real_network, store, clock, sources=[source])
    assert (tally.retries, tally.failed, clock.slept) == (0, 1, [])
    assert "not public" in events[-1].text


def test_a_second_pass_asks_only_the_list_and_with_validators(web, store, clock):
    small_site(web, 1, 2, 3)
    run(web, store, clock)
    clock.now += timedelta(minutes=16)
    web.asked.clear()
    tally, _ = run(web, store, clock)
    assert pages(web) == ["/"]
    assert web.asked[-1].headers["if-none-match"] == '"list"'
    assert (tally.not_modified, tally.new) == (1, 0)


def test_nothing_is_asked_before_its_time(web, store, clock):
    small_site(web, 1)
    run(web, store, clock)
    web.asked.clear()
    run(web, store, clock)
    assert web.asked == []


def test_force_asks_the_seeds_at_once(web, store, clock):
    small_site(web, 1)
    run(web, store, clock)
    web.asked.clear()
    run(web, store, clock, force=True)
    assert pages(web) == ["/"]


def asked_at(web, store, clock, url, hours):
    """At which of these hours after the start a pass asked for the address."""
    asked = []
    for hour in hours:
        clock.now = START + timedelta(hours=hour)
        web.asked.clear()
        run(web, store, clock)
        asked += [hour] * web.urls().count(url)
    return asked


def test_an_article_is_asked_again_after_an_hour_a_day_a_week_and_a_month_and_then_never(web, store, clock):
    small_site(web, 1)
    hours = (0, 0.5, 1.1, 12, 24.2, 100, 169, 400, 725, 1000, 3000, 9000)
    assert asked_at(web, store, clock, f"{SITE}/news/100001.html", hours) == [0, 1.1, 24.2, 169, 725]


@pytest.mark.parametrize("status", [404, 410])
def test_an_article_that_has_gone_is_never_asked_again(web, store, clock, status):
    small_site(web, 1)
    url = f"{SITE}/news/100001.html"
    run(web, store, clock)
    web.pages[url] = [(status, {}, b"gone")]
    assert asked_at(web, store, clock, url, (2, 25, 200, 1000)) == [2]
    assert store.db.execute("SELECT count(*) FROM articles").fetchone() == (1,)


def changing(web, *lastmods):
    """A site of articles 1, 2, ... whose sitemap says when each has changed."""
    web.pages.pop(SITE + "/sitemap.xml", None)
    locs = (
        f"<url><loc>{SITE}/news/10000{n}.html</loc><lastmod>{time:%Y-%m-%dT%H:%M:%SZ}</lastmod></url>"
        for n, time in enumerate(lastmods, 1)
    )
    web.add(SITE + "/sitemap.xml", f"<urlset>{''.join(locs)}</urlset>", content_type="text/xml")


def test_an_article_that_the_sitemap_has_as_changed_is_asked_again_and_no_other(web, store, clock):
    small_site(web, 1, 2, 3, 4, 5)
    source = Source("news", (SITE + "/sitemap.xml",))
    times = [START - timedelta(minutes=n) for n in range(5)]
    changing(web, *times)
    for hours in (2, 24, 48):
        run(web, store, clock, sources=[source])
        clock.now += timedelta(hours=hours)
    web.asked.clear()
    changing(web, *times[:4], clock.now - timedelta(minutes=1))
    run(web, store, clock, sources=[source])
    assert [path for path in pages(web) if "news" in path] == ["/news/100005.html"]


def test_a_sitemap_that_calls_everything_changed_is_not_believed(web, store, clock):
    small_site(web, 1, 2, 3, 4, 5)
    source = Source("news", (SITE + "/sitemap.xml",))
    for hours in (2, 24, 48, 0):
        web.asked.clear()
        changing(web, *[clock.now] * 5)
        run(web, store, clock, sources=[source])
        clock.now += timedelta(hours=hours)
    assert [path for path in pages(web) if "news" in path] == []


def test_a_corrected_article_is_one_article_with_a_revision(web, store, clock):
    small_site(web, 1)
    web.add(f"{SITE}/news/100001.html", article(1).replace("零点五个", "零点二五个"), etag='"1b"')
    run(web, store, clock)
    clock.now += timedelta(hours=2)
    tally, _ = run(web, store, clock)
    assert tally.changed == 1
    assert stored(store, "select revision from articles") == [2]


def test_the_latest_list_of_an_article_is_stored_and_asked_next(web, store, clock):
    latest = [(n, (f"/news/10000{n}.html", f"第{n}条快讯：存款准备金率下调")) for n in (2, 3, 4)]
    web.add(f"{SITE}/news/100001.html", article(1, links=latest))
    for n in (2, 3, 4):
        web.add(f"{SITE}/news/10000{n}.html", article(n))
    tally, _ = run(web, store, clock, sources=[Source("news", (f"{SITE}/news/100001.html",))])
    assert tally.new == 4
    assert stored(store, "select kind from headlines") == ["latest"] * 3


def test_what_is_announced_like_advertising_is_marked_and_asked_last(web, store, clock):
    items = "".join(f'<li><a href="/news/20000{n}.html">广告：贷款额度秒到账{n}</a></li>' for n in (1, 2, 3))
    strange = '<li><a href="http://other.example/news/200004.html">广告：贷款额度秒到账4</a></li>'
    web.add(SITE + "/", listing(1, 2, 3).replace("<ul>", f"<ul>{items}{strange}"))
    for n in (1, 2, 3):
        web.add(f"{SITE}/news/10000{n}.html", article(n))
    web.add(SITE + "/news/200002.html", article(2).replace("第2条快讯", "广告监管新规").replace("2号报道", "监管部门"))
    tally, _ = run(web, store, clock, ad_score=lambda title, url: float("广告：" in title))
    assert tally.ads == 4
    assert stored(store, "select count(*) from headlines where is_ad") == [4]
    assert pages(web)[4:] == [f"/news/20000{n}.html" for n in (1, 2, 3)]
    assert stored(store, "select url from articles where not is_ad and url like '%/20000%'") == [
        SITE + "/news/200002.html"
    ]


def twins(web, *paths):
    """A list that names several addresses under one title."""
    items = "".join(f'<li><a href="{path}">第1条快讯：存款准备金率下调</a></li>' for path in paths)
    web.add(SITE + "/", f"<ul>{items}</ul>")


def test_another_way_into_an_article_is_asked_only_when_the_first_brings_nothing(web, store, clock):
    twins(web, "/old/700001.html", "/news/700001.html", "/phone/700001.html")
    for path in ("/news/700001.html", "/phone/700001.html"):
        web.add(SITE + path, article(1))
    run(web, store, clock)
    assert pages(web) == ["/", "/old/700001.html", "/news/700001.html"]
    assert stored(store) == [f"{SITE}/news/700001.html"]


def test_one_number_and_title_on_two_days_is_two_articles(web, store, clock):
    twins(web, "/a/2026/03/19/800001.html", "/b/2026/03/20/800001.html")
    for n, path in enumerate(("/a/2026/03/19/800001.html", "/b/2026/03/20/800001.html")):
        web.add(SITE + path, article(1).replace("号报道", f"{n}号另一报道"))
    run(web, store, clock)
    assert len(pages(web)) == 3


def test_an_article_that_https_does_not_reach_is_asked_by_http(web, store, clock):
    path = "//news.example.com/news/100001.html"
    items = "".join(
        f'<li><a href="{scheme}:{path}">第1条快讯：存款准备金率下调</a></li>' for scheme in ("https", "http")
    )
    web.add(SITE + "/", f"<ul>{items}</ul>")
    web.fail("https:" + path, httpx.ConnectError("x"))
    web.add("http:" + path, article(1))
    run(web, store, clock, settings=Settings(delay=0, retries=0))
    web.pages[SITE + "/"] = []
    web.add(SITE + "/", f"<ul>{items[len(items) // 2 :]}</ul>")
    run(web, store, clock, settings=Settings(delay=0, retries=0), force=True)
    assert stored(store) == ["http:" + path]


def test_links_to_strangers_are_headlines_but_not_asked(web, store, clock):
    items = "".join(
        f'<li><a href="http://other.example/news/20000{n}.html">别家第{n}条快讯报道</a></li>' for n in (1, 2, 3)
    )
    web.add(SITE + "/", f"<ul>{items}</ul>")
    tally, _ = run(web, store, clock)
    assert pages(web) == ["/"]
    assert tally.headlines == 3


def test_feeds_and_sitemaps_are_found_and_asked_before_lists_and_articles(web, store, clock):
    feed = "<link rel='alternate' type='application/rss+xml' href='/rss.xml'>"
    web.add(SITE + "/", listing(1, 2, 3, head=feed, more="<a href='/stock/'>股票</a>"))
    web.add(SITE + "/robots.txt", f"Sitemap: {SITE}/sitemap.xml", content_type="text/plain")
    item = "<item><title>第4条快讯</title><link>/news/100004.html</link></item>"
    web.add(SITE + "/rss.xml", f"<rss><channel>{item}</channel></rss>", content_type="application/rss+xml")
    loc = f"<url><loc>{SITE}/news/100005.html</loc></url>"
    web.add(SITE + "/sitemap.xml", f"<urlset>{loc}</urlset>", content_type="text/xml")
    web.add(SITE + "/stock/", listing(1, 2, 3))
    for n in range(1, 6):
        web.add(f"{SITE}/news/10000{n}.html", article(n))
    tally, _ = run(web, store, clock)
    assert pages(web)[:4] == ["/sitemap.xml", "/", "/rss.xml", "/stock/"]
    assert tally.new == 5


def sitemap(*numbers):
    return "<urlset>" + "".join(f"<url><loc>{SITE}/news/{100000 + n}.html</loc></url>" for n in numbers) + "</urlset>"


def test_the_rest_of_a_long_sitemap_follows_at_its_next_visit(web, store, clock, monkeypatch):
    monkeypatch.setattr(visit, "MAX_NEW", 20)
    web.add(SITE + "/sitemap.xml", sitemap(*range(50)), content_type="text/xml", etag='"1"')
    queued = []
    for _ in range(4):
        run(web, store, clock, sources=[Source("news", (SITE + "/sitemap.xml",))], force=True)
        queued += stored(store, "select count(*) from frontier where kind = 'article'")
    assert queued == [20, 40, 50, 50]


def test_all_of_a_sitemap_of_some_thousand_addresses_is_queued(web, store, clock):
    web.add(SITE + "/sitemap.xml", sitemap(*range(1300)), content_type="text/xml")
    settings = Settings(delay=0, max_pages_per_host=3)
    run(web, store, clock, sources=[Source("news", (SITE + "/sitemap.xml",))], settings=settings)
    assert stored(store, "select count(*) from frontier where kind = 'article'") == [1300]


def test_a_sitemap_that_is_too_large_is_read_up_to_the_limit(web, store, clock):
    web.add(SITE + "/sitemap.xml", sitemap(*range(1, 50)), content_type="text/xml")
    web.add(SITE + "/news/100001.html", article(1))
    settings = Settings(delay=0, max_body=2200)
    run(web, store, clock, sources=[Source("news", (SITE + "/sitemap.xml",))], settings=settings)
    assert 10 < len(pages(web)) < 50
    assert all(path.endswith(".html") for path in pages(web)[1:])


def test_a_feed_is_known_by_its_content_whatever_its_address(web, store, clock):
    web.add(SITE + "/", "<rss><item><title>第1条快讯</title><link>/news/100001.html</link></item></rss>")
    web.add(f"{SITE}/news/100001.html", article(1))
    tally, _ = run(web, store, clock)
    assert (tally.new, tally.headlines) == (1, 1)


def test_paging_is_followed_while_it_shows_news(web, store, clock):
    def page(n):
        return f'<div class="pager"><a href="/stock/index_{n}.html">{n}</a></div>'

    web.add(SITE + "/stock/", listing(1, 2, 3, more=page(2)))
    web.add(SITE + "/stock/index_2.html", listing(4, 5, 6, more=page(3)))
    web.add(SITE + "/stock/index_3.html", listing(*range(7, 10)))
    for n in range(1, 10):
        web.add(f"{SITE}/news/{100000 + n}.html", article(n))
    source = Source("news", (SITE + "/stock/",))
    tally, _ = run(web, store, clock, sources=[source])
    assert tally.new == 9
    clock.now += timedelta(minutes=16)
    web.asked.clear()
    run(web, store, clock, sources=[source])
    assert pages(web) == ["/stock/"]


def test_an_article_over_several_pages_is_one_article(web, store, clock):
    url = f"{SITE}/news/100001.html"
    more = '<div class="pages"><a href="/news/100001_2.html">2</a> <a href="/news/100001_2.html">下一页</a></div>'
    web.add(url, article(1, more=more))
    web.add(f"{SITE}/news/100001_2.html", article(1).replace("1号报道", "续一号报道"))
    web.add(SITE + "/", listing(1, 2, 3))
    run(web, store, clock)
    (text,) = stored(store, "select text from articles")
    assert text.count("第3段") == 2
    clock.now += timedelta(minutes=16)
    web.asked.clear()
    run(web, store, clock)
    assert pages(web) == ["/"]


PAGE_1, PAGE_2 = f"{SITE}/news/100001.html", f"{SITE}/news/100001_2.html"
LONG_TEXT = "select (length(text) - length(replace(text, '第3段', ''))) / 3 from articles"


def two_pages(web, *answers):
    """An article of two pages with an ETag each; `answers` are statuses of its second page, the last one for ever."""
    more = '<div class="pages"><a href="/news/100001_2.html">2</a> <a href="/news/100001_2.html">下一页</a></div>'
    web.add(PAGE_1, article(1, more=more), etag='"1"')
    for status in answers:
        web.add(PAGE_2, article(1).replace("1号报道", "续一号报道"), status, etag='"2"')
    web.add(SITE + "/", listing(1, 2, 3))


def test_both_pages_of_an_article_are_asked_again_and_a_corrected_second_page_is_seen(web, store, clock):
    """Page 1 says 304 to its ETag whatever became of page 2."""
    two_pages(web, 200)
    run(web, store, clock)
    web.pages[PAGE_2] = []
    web.add(PAGE_2, article(1).replace("1号报道", "更正后的一号报道"))
    clock.now += timedelta(hours=2)
    tally, _ = run(web, store, clock)
    assert tally.changed == 1
    assert "更正后的一号报道" in stored(store, "select text from articles")[0]


def test_an_article_waits_for_its_second_page_within_the_pass(web, store, clock):
    two_pages(web, 500, 200)
    tally, _ = run(web, store, clock)
    assert (tally.new, tally.retries) == (1, 1)
    assert stored(store, LONG_TEXT) == [2]
    assert stored(store, f"select status from visits where url = '{PAGE_2}'") == [500, 200]


@pytest.mark.parametrize("answers", [[500] * 4 + [200], [404, 200]])
def test_the_beginning_of_an_article_is_stored_and_completed_later(web, store, clock, answers):
    two_pages(web, *answers)
    run(web, store, clock)
    assert stored(store, LONG_TEXT) == [1]
    clock.now += timedelta(hours=2)
    run(web, store, clock)
    assert stored(store, LONG_TEXT) == [2]


@pytest.mark.parametrize("status", [500, 404])
def test_a_failing_second_page_never_shortens_an_article(web, store, clock, status):
    two_pages(web, 200, status)
    run(web, store, clock)
    clock.now += timedelta(hours=2)
    tally, events = run(web, store, clock)
    assert (tally.changed, tally.failed) == (0, 1)
    assert stored(store, LONG_TEXT) == [2]
    assert any("a further page of it failed" in event.text for event in events)
    assert stored(store, f"select next_at is not null from frontier where url = '{PAGE_1}'") == [1]


def test_a_second_page_without_an_article_is_no_end_of_the_article(web, store, clock):
    two_pages(web, 200)
    run(web, store, clock)
    web.pages[PAGE_2] = []
    web.add(PAGE_2, "<html><title>维护中</title><p>系统维护中</p></html>")
    clock.now += timedelta(hours=2)
    run(web, store, clock)
    assert stored(store, LONG_TEXT) == [2]


def test_one_address_of_an_article_is_enough(web, store, clock):
    """The same number under the same title is the same article: of its two addresses one is asked."""
    other = "".join(f'<li><a href="/old/10000{n}.shtml">第{n}条快讯：存款准备金率下调</a></li>' for n in (1, 2, 3))
    web.add(SITE + "/", listing(1, 2, 3, more=f"<ul>{other}</ul>"))
    for n in (1, 2, 3):
        web.add(f"{SITE}/news/10000{n}.html", article(n, more=f'<a href="/print/10000{n}.html">打印</a>'))
    run(web, store, clock)
    assert pages(web) == ["/", *(f"/news/10000{n}.html" for n in (1, 2, 3))]


def test_the_address_that_the_sitemap_has_is_the_one_that_is_asked(web, store, clock):
    """Of an article that a list names by another address, which redirects, nothing is asked but its own."""
    other = "".join(f'<li><a href="/old/10000{n}.shtml">第{n}条快讯：存款准备金率下调</a></li>' for n in (1, 2, 3))
    web.add(SITE + "/robots.txt", f"Sitemap: {SITE}/sitemap.xml", content_type="text/plain")
    locs = "".join(f"<url><loc>{SITE}/news/10000{n}.html</loc></url>" for n in (1, 2, 3))
    web.add(SITE + "/sitemap.xml", f"<urlset>{locs}</urlset>", content_type="text/xml")
    web.add(SITE + "/", f"<html><title>财讯网</title><ul>{other}</ul></html>")
    for n in (1, 2, 3):
        web.add(f"{SITE}/news/10000{n}.html", article(n))
        web.add(f"{SITE}/old/10000{n}.shtml", status=301, location=f"/news/10000{n}.html")
    run(web, store, clock)
    assert pages(web) == ["/sitemap.xml", "/", *(f"/news/10000{n}.html" for n in (1, 2, 3))]
    sql = "SELECT state, next_at, visited_at FROM frontier WHERE url LIKE '%/old/%'"
    assert [*store.db.execute(sql)] == [("done", None, None)] * 3


def test_the_same_number_under_another_title_is_asked(web, store, clock):
    other = "".join(f'<li><a href="/old/10000{n}.shtml">第{n}场发布会：全文实录与问答</a></li>' for n in (1, 2, 3))
    web.add(SITE + "/", listing(1, 2, 3, more=f"<ul>{other}</ul>"))
    for n in (1, 2, 3):
        web.add(f"{SITE}/news/10000{n}.html", article(n))
        web.add(f"{SITE}/old/10000{n}.shtml", article(n + 50))
    tally, _ = run(web, store, clock)
    assert tally.new == 6


def test_a_page_that_turned_out_to_be_no_article_is_asked_once(web, store, clock):
    web.add(SITE + "/", listing(1, 2, 3))
    for n in (1, 2, 3):
        web.add(f"{SITE}/news/10000{n}.html", listing(1, 2, 3))
    run(web, store, clock)
    clock.now += timedelta(days=2)
    run(web, store, clock)
    assert web.urls().count(f"{SITE}/news/100001.html") == 1


def test_a_source_that_is_switched_off_is_crawled_when_it_is_named(web, store, clock):
    small_site(web, 1)
    tally, _ = run(web, store, clock, sources=[Source("news", (SITE + "/",), enabled=False)])
    assert tally.new == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_article_is_asked_once(web, store, clock, status):
    web.add(SITE + "/", listing(1, 2, 3))
    web.add(f"{SITE}/news/100001.html", "gone", status)
    for n in (2, 3):
        web.add(f"{SITE}/news/10000{n}.html", article(n))
    run(web, store, clock)
    clock.now += timedelta(days=30)
    tally, _ = run(web, store, clock)
    assert web.urls().count(f"{SITE}/news/100001.html") == 1
    assert tally.failed == 0


def test_a_passing_failure_is_tried_again_in_the_same_pass_with_growing_pauses(web, store, clock):
    web.add(SITE + "/", "", 500)
    web.fail(SITE + "/", httpx.ConnectError("refused"))
    web.add(SITE + "/", listing(1))
    web.add(f"{SITE}/news/100001.html", article(1))
    tally, events = run(web, store, clock)
    assert [event.kind for event in events if event.kind != "fetched"][:2] == ["retry", "retry"]
    assert tally.retries == 2
    assert clock.now - START >= timedelta(seconds=2 + 8)


def test_a_lasting_failure_ends_after_the_retries_and_waits_for_a_later_pass(web, store, clock):
    web.add(SITE + "/", "", 500)
    tally, events = run(web, store, clock)
    assert pages(web) == ["/"] * 4
    assert (tally.retries, tally.failed, events[-1].text) == (3, 1, "status 500")
    assert store.next_due(clock()) > clock()


def test_retry_after_stops_the_whole_host(web, store, clock):
    """After the answer 429 nothing more is asked for a minute, though other pages wait."""
    small_site(web, 1, 2, 3)
    web.pages[f"{SITE}/news/100001.html"].insert(0, (429, {"retry-after": "60"}, b""))
    seen = []
    run(web, store, clock, report=lambda event: seen.append((clock() - START, event.kind)))
    assert {kind for after, kind in seen if after < timedelta(seconds=60)} == {"fetched", "list", "retry"}
    assert len(stored(store)) == 3


def test_a_host_gets_one_request_at_a_time_with_a_pause_after_each(web, store, clock):
    small_site(web, 1, 2, 3)
    web.add(SITE + "/robots.txt", "User-agent: *\nCrawl-delay: 7", content_type="text/plain")
    run(web, store, clock, settings=Settings(delay=1))
    assert clock.slept == [7.0] * 5


def test_hosts_do_not_wait_for_each_other(web, store, clock):
    """Two hosts of three pages each, and what they say about themselves, take the time of one."""
    for name in ("a.example", "b.example"):
        web.add(f"http://{name}/", listing(1, 2))
        for n in (1, 2):
            web.add(f"http://{name}/news/10000{n}.html", article(n))
    run(web, store, clock, sources=sources_of(["http://a.example/", "http://b.example/"]), settings=Settings(delay=10))
    assert clock.now - START < timedelta(seconds=45)


def test_the_budget_of_a_host_ends_its_part_of_the_pass(web, store, clock):
    small_site(web, *range(1, 9))
    run(web, store, clock, settings=Settings(delay=0, max_pages_per_host=4))
    assert len(web.asked) == 1 + 4
    run(web, store, clock, settings=Settings(delay=0, max_pages_per_host=4))
    assert len(web.asked) == 1 + 8


def test_a_page_that_breaks_the_reading_stops_nothing_else(web, store, clock, monkeypatch):
    small_site(web, 1, 2, 3)
    extract = reading.extract

    def fragile(document, **options):
        if "100002" in document.url:
            raise RecursionError("too deep")
        return extract(document, **options)

    monkeypatch.setattr(reading, "extract", fragile)
    tally, events = run(web, store, clock)
    assert (tally.new, tally.failed) == (2, 1)
    assert [event.text for event in events if event.kind == "failed"] == [
        "reading it failed with RecursionError: too deep"
    ]
    assert stored(store, "select count(*) from visits where error like '%too deep%'") == [1]
    monkeypatch.undo()
    clock.now += timedelta(hours=2)
    assert run(web, store, clock)[0].new == 1


def test_an_unchanged_database_error_is_not_swallowed(web, store, clock, monkeypatch):
    small_site(web, 1)

    def broken(*args, **options):
        raise OSError("disk")

    monkeypatch.setattr(store, "save", broken)
    with pytest.raises(OSError, match="disk"):
        run(web, store, clock)


def test_a_stopped_pass_leaves_what_was_in_flight_due(web, store, clock):
    small_site(web, 1, 2, 3)
    stop = asyncio.Event()

    async def hang(request):
        if request.url.path == "/news/100001.html":
            stop.set()
            await asyncio.Event().wait()
        return web.answer(request)

    tally, _ = run(web, store, clock, transport=httpx.MockTransport(hang), stop=stop)
    assert (tally.new, tally.failed) == (0, 0)
    assert store.waiting(clock()) == 3
    run(web, store, clock)
    assert len(stored(store)) == 3


def test_redirects_within_a_site_are_followed_and_the_twin_counts_as_known(web, store, clock):
    web.add(SITE + "/", "", 301, location="https://www.news.example.com/")
    web.add("https://www.news.example.com/", listing(1))
    web.add("https://www.news.example.com/news/100001.html", article(1))
    run(web, store, clock)
    assert stored(store) == ["https://www.news.example.com/news/100001.html"]
    assert "https://www.news.example.com/robots.txt" in web.urls()


def test_a_host_is_not_ill_because_its_robots_txt_forbids_a_page(web, store, clock):
    small_site(web, 1, 2)
    web.add(SITE + "/robots.txt", "User-agent: *\nDisallow: /news/100002", content_type="text/plain")
    tally, _ = run(web, store, clock)
    assert tally.forbidden == 1
    assert [*store.db.execute("SELECT requests, failures, error FROM hosts")] == [(2, 0, None)]


def test_a_redirect_into_a_forbidden_place_is_not_followed(web, store, clock):
    web.add(SITE + "/robots.txt", "User-agent: *\nDisallow: /secret/", content_type="text/plain")
    web.add(SITE + "/", "", 302, location="/secret/1.html")
    tally, _ = run(web, store, clock)
    assert pages(web) == ["/"]
    assert tally.forbidden == 1


def test_a_redirect_to_another_site_of_ours_is_asked_there_with_its_own_robots_txt(web, store, clock):
    web.add("http://b.example/robots.txt", "User-agent: *\nDisallow: /", content_type="text/plain")
    web.add("http://a.example/", "", 302, location="http://b.example/list/")
    run(web, store, clock, sources=sources_of(["http://a.example/", "http://b.example/"]))
    assert "http://b.example/list/" not in web.urls()
    assert "http://b.example/robots.txt" in web.urls()


def test_a_seed_that_moved_to_a_stranger_says_so(web, store, clock):
    web.add(SITE + "/", "", 302, location="http://parked.example/")
    _, events = run(web, store, clock)
    assert events[-1].text == "moved to `http://parked.example/`, another site"
    assert "http://parked.example/" not in web.urls()


def test_addresses_of_sources_that_are_not_in_this_pass_wait(web, store, clock):
    web.add("http://a.example/", listing(1))
    web.add("http://b.example/", listing(2))
    both = sources_of(["http://a.example/", "http://b.example/"])
    run(web, store, clock, sources=both, settings=Settings(delay=0, max_pages_per_host=1))
    web.asked.clear()
    run(web, store, clock, sources=both[:1])
    assert {urlsplit(url).hostname for url in web.urls()} == {"a.example"}
    assert store.waiting(clock()) == 1


def test_an_address_of_ours_on_a_foreign_host_does_not_wait_behind_a_strangers(web, store, clock):
    mine = Target("http://cdn.example/mine.html", "article", "news", 10)
    theirs = Target("http://cdn.example/theirs.html", "article", "switched-off", 60)
    store.add_targets([mine, theirs], clock())
    run(web, store, clock)
    assert [url for url in web.urls() if "cdn" in url][1:] == [mine.url]


def test_a_list_with_the_look_of_an_article_is_stored_as_none(web, store, clock):
    """A section page may read like an article; its address and how it was found say that it is a list."""
    web.add(SITE + "/", article(1, more='<a href="/stock/">股票</a>'))
    web.add(SITE + "/stock/", article(2))
    run(web, store, clock)
    assert stored(store) == []


@pytest.mark.parametrize("head", [{"head": '<meta name="robots" content="noindex">'}, {"x_robots_tag": "noindex"}])
def test_noindex_pages_are_not_stored(web, store, clock, head):
    small_site(web, 1)
    page = article(1, head=head.pop("head", ""))
    web.pages[f"{SITE}/news/100001.html"].clear()
    web.add(f"{SITE}/news/100001.html", page, **head)
    run(web, store, clock)
    assert stored(store) == []


def test_the_processor_time_of_the_steps_is_counted(web, store, clock):
    small_site(web, 1)
    tally, _ = run(web, store, clock)
    assert all(tally.cpu[step] > 0 for step in ("decode", "extract", "dedupe", "store"))


# -- lists that were overrun


def gaps(store):
    return store.db.execute("SELECT source, from_at, mended_at IS NOT NULL FROM gaps").fetchall()


def pager(n):
    return f'<div class="pager"><a href="/stock/index_{n}.html">{n}</a></div>'


def overrun(web, *firsts):
    """The list shows three items a page, the newest first; page n begins with the item `firsts[n - 1]`."""
    for n, first in enumerate(firsts, 1):
        url = SITE + ("/stock/" if n == 1 else f"/stock/index_{n}.html")
        web.pages[url] = []
        more = pager(n + 1) if n < len(firsts) else ""
        web.add(url, listing(first, first - 1, first - 2, more=more))
    for n in range(1, firsts[0] + 1):
        web.pages.setdefault(
            f"{SITE}/news/{100000 + n}.html", [(200, {"content-type": "text/html"}, article(n).encode())]
        )


def test_a_list_that_was_overrun_is_paged_back_until_something_is_known(web, store, clock):
    source = Source("news", (SITE + "/stock/",))
    overrun(web, 3)
    run(web, store, clock, sources=[source])
    clock.now += timedelta(minutes=16)
    overrun(web, 12, 9, 6, 3)
    tally, _ = run(web, store, clock, sources=[source])
    assert tally.new == 9
    assert [row[2] for row in gaps(store)] == [1]


def test_the_first_visit_of_a_list_notes_no_gap(web, store, clock):
    overrun(web, 12)
    run(web, store, clock, sources=[Source("news", (SITE + "/stock/",))])
    assert gaps(store) == []


def test_a_gap_that_no_page_mends_stays_in_the_table(web, store, clock):
    source = Source("news", (SITE + "/stock/",))
    overrun(web, 3)
    run(web, store, clock, sources=[source])
    seen_at = store.rhythm(SITE + "/stock/").seen_at
    clock.now += timedelta(minutes=16)
    overrun(web, 12)
    run(web, store, clock, sources=[source])
    assert [tuple(row) for row in gaps(store)] == [("news", seen_at.isoformat(timespec="milliseconds"), 0)]


def walked(web, last, *, first=1):
    """A list without paging shows the last three of `last` articles; each has a link to the one before it."""
    web.pages.clear()
    web.add(SITE + "/stock/", listing(last, last - 1, last - 2))
    for n in range(first, last + 1):
        before = f'<p>上一篇 <a href="/news/{100000 + n - 1}.html">第{n - 1}条快讯：存款准备金率下调</a></p>'
        page = article(n, more=before if n > first else "").replace("2026-03-20 10:00", f"2026-03-20 12:{n:02}")
        web.add(f"{SITE}/news/{100000 + n}.html", page)


def test_where_there_is_no_paging_the_walk_goes_from_neighbour_to_neighbour(web, store, clock):
    source = Source("news", (SITE + "/stock/",), max_depth=1)
    walked(web, 3)
    run(web, store, clock, sources=[source])
    clock.now += timedelta(minutes=25)
    walked(web, 20)
    tally, _ = run(web, store, clock, sources=[source])
    assert tally.new == 17
    assert [row[2] for row in gaps(store)] == [1]


def test_a_walk_that_breaks_off_leaves_the_gap_in_the_table(web, store, clock):
    source = Source("news", (SITE + "/stock/",), max_depth=1)
    walked(web, 3)
    run(web, store, clock, sources=[source])
    clock.now += timedelta(minutes=25)
    walked(web, 20, first=8)
    tally, _ = run(web, store, clock, sources=[source])
    assert tally.new == 13
    assert [row[2] for row in gaps(store)] == [0]


def test_a_list_that_shows_a_known_item_has_no_gap(web, store, clock):
    source = Source("news", (SITE + "/stock/",))
    overrun(web, 3)
    run(web, store, clock, sources=[source])
    clock.now += timedelta(minutes=16)
    overrun(web, 5, 2)
    run(web, store, clock, sources=[source])
    assert gaps(store) == []


def test_every_answer_is_kept_as_it_came(web, tmp_path, clock):
    small_site(web, 1, 2)
    with open_store(tmp_path / "k.db") as store:
        run(web, store, clock)
        run(web, store, clock, settings=Settings(delay=0, keep_pages=0), force=True)
    with Archive(tmp_path / "k.pages") as pages:
        kept = {page.url: pages.body(page.id).decode() for page in pages.pages()}
        assert kept[SITE + "/news/100001.html"] == article(1)
        assert pages.sizes()[0] == len(kept) == 3  # the second pass kept nothing


def test_pages_are_forgotten_by_whole_days(web, tmp_path, clock):
    small_site(web, 1)
    with open_store(tmp_path / "k.db") as store:
        run(web, store, clock)
        clock.now += timedelta(days=7, hours=5)
        run(web, store, clock, settings=Settings(delay=0, keep_pages=7))
    with Archive(tmp_path / "k.pages") as pages:
        assert {page.at.day for page in pages.pages()} >= {20}


def test_what_is_older_than_the_settings_allow_is_forgotten(web, tmp_path, clock):
    small_site(web, 1)
    with open_store(tmp_path / "k.db") as store:
        run(web, store, clock)
        clock.now += timedelta(days=10)
        web.pages[SITE + "/"].clear()
        web.add(SITE + "/", listing(1, 2))
        run(web, store, clock, settings=Settings(delay=0, keep_pages=7), force=True)
    with Archive(tmp_path / "k.pages") as pages:
        assert {page.at.day for page in pages.pages()} == {30}


def test_what_falls_due_in_a_pass_is_asked_then_though_another_host_is_slow(web, store, clock):
    """A host that does not answer holds its own turn only, and not the next look at what is due."""
    slow, quick = "http://slow.example.com/", "http://quick.example.com/"
    sources = [Source("slow", (slow,), every=timedelta(days=1)), Source("quick", (quick,), every=timedelta(days=1))]
    asked, answered = asyncio.Event(), []

    async def answer(request):
        if str(request.url) == quick and web.urls().count(quick):
            asked.set()
        if str(request.url) == slow:
            await asyncio.wait_for(asked.wait(), 60)
            answered.append(clock.now - START)
        return web.answer(request)

    web.add(slow, listing())
    web.add(quick, listing())
    run(web, store, clock, sources=sources[1:])
    store.db.execute("UPDATE frontier SET next_at = ?", [stamp(START + timedelta(seconds=20))])
    clock.now = START
    run(web, store, clock, sources=sources, transport=httpx.MockTransport(answer))
    assert web.urls().count(quick) == 2
    assert timedelta(seconds=20) <= answered[0] < timedelta(seconds=30)
