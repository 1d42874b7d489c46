"""An unknown site: what is found of it, with how many requests, and what is said of one that cannot be crawled."""

import asyncio
from datetime import UTC, datetime
from time import process_time

import pytest

from config import Settings, Source
from crawler.commands import _found
from crawler.demo.site import build
from crawler.fetch import Fetcher
from crawler.scout import MOST, Scout
from crawler.stencil import hits, misses
from crawler.survey import Seed, Survey, Tried, judge
from tests.small_pages import BODY, story

SITE = "http://news.example"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
TOPICS = (
    "水库春灌放水",
    "自行车专用路",
    "加装电梯进度",
    "新航站楼封顶",
    "早市搬进大棚",
    "旧书装上渡轮",
    "老樟树让路",
    "湿地候鸟归来",
)
MENU = "<nav><a href=/>首页</a> <a href=/gs/>公司</a> <a href=/kj/>科技</a> <a href=/cj/>财经</a></nav>"


def survey(web, url=f"{SITE}/", *, source=None, **settings):
    """What is found; the pauses made on the way are in `web.pauses`."""
    web.pauses = []

    async def pause(seconds):
        web.pauses.append(seconds)

    async def run():
        given = Settings(delay=1.5, **settings)
        async with Fetcher(given, transport=web.transport, clock=lambda: NOW) as fetcher:
            scout = Scout(given, fetcher, clock=lambda: NOW, sleep=pause)
            return await scout.survey(url, source or Source("", ()))

    return asyncio.run(run())


def article(n):
    """Page n of a made-up site: title, time, a text of its own."""
    title = f"青川{TOPICS[n % len(TOPICS)]}第{n}期"
    body = (
        f"<p>这是第{n}篇报道的开头，说的是{TOPICS[n % len(TOPICS)]}的事情，请看详细内容。</p>"
        + f"<p>{BODY[n % 3]}</p>" * 2
    )
    return title, story(title=title, meta=f"2026-03-{10 + n % 10:02} 09:30 来源：青川日报", body=body)


def fill(web, paths, *, front=True, text=MENU):
    """A site with an article at each path, and a front page that lists all but the last two."""
    for n, path in enumerate(paths):
        web.add(SITE + path, article(n)[1])
    listed = "".join(f"<li><a href='{path}'>{article(n)[0]}</a></li>" for n, path in enumerate(paths[:-2]))
    if front:
        web.add(f"{SITE}/", f"<title>青川新闻</title>{text}<ul>{listed}</ul>")
    return [SITE + path for path in paths]


@pytest.mark.parametrize(
    "paths",
    [
        [f"/{n}.html" for n in range(10111, 10125)],
        [f"/2026/03/{n}/a-story-of-{n}-words/" for n in range(11, 25)],
        [f"/show.asp?id={n}" for n in range(111, 125)],
        [f"/c/2026-03-{n}/doc-imza{n}0998.shtml" for n in range(11, 25)],
        [f"/gs/x{n}" for n in range(11, 25)],  # no general rule knows these
    ],
)
def test_seed_pattern_and_articles_of_a_site_come_out(web, paths):
    urls = fill(web, paths)
    found = survey(web)
    assert (found.trouble, [seed.url for seed in found.seeds]) == ("", [f"{SITE}/"])
    assert len(found.read) == 5
    assert all(tried.agrees and tried.is_timed_right and tried.source == "青川日报" for tried in found.tried)
    assert misses(found.article, urls) == 0
    assert hits(found.article, [f"{SITE}/{name}/" for name in ("gs", "kj", "cj")]) == 0
    assert judge(found).certainty >= 90


@pytest.mark.parametrize("host", [0, 1, 2])
def test_the_demo_web_comes_out_the_same_twice(web, host):
    bases = ("http://a.example", "http://b.example", "http://c.example")
    for (number, path), made in build(bases, 1).items():
        headers = {name.lower().replace("-", "_"): value for name, value in made.headers.items()}
        web.add(bases[number] + path, made.body, made.status, **headers)
    found, again = (survey(web, bases[host] + "/") for _ in range(2))
    assert len(found.read) == 5
    assert len(found.requests) == len(set(found.requests)) <= MOST
    assert [seed.kind for seed in found.seeds] == (["list"] if host == 1 else ["feed", "list"])
    assert found.article
    assert judge(found).certainty == 100
    texts = {_found.toml(one, judge(one), _found.source_of(one, "demo")) for one in (found, again)}
    assert len(texts) == 1


def test_every_request_counts_and_has_its_pause(web):
    """A site of redirects, of feeds that are none, of an index without end, and of pages that are no articles."""
    web.add(f"{SITE}/robots.txt", "User-agent: *\nCrawl-delay: 3\nSitemap: http://news.example/index.xml\n")
    links = "".join(f"<li><a href=/{n}.html>这一条新闻的标题足够长第{n}条</a></li>" for n in range(20000, 20040))
    web.add(f"{SITE}/", f"<title>站</title>{MENU}<a href=/rss>RSS</a><a href=/a/feed/>feed</a><ul>{links}</ul>")
    web.add(f"{SITE}/index.xml", f"<sitemapindex><sitemap><loc>{SITE}/index.xml?1</loc></sitemap></sitemapindex>")
    for n in range(20000, 20040):
        web.add(f"{SITE}/{n}.html", "", 302, location=f"/m/{n}.html")
        web.add(f"{SITE}/m/{n}.html", "<title>空</title><p>短</p>")
    found = survey(web)
    assert len(web.asked) == len(found.requests) == MOST
    assert len(web.pauses) == MOST - 1
    assert set(web.pauses[1:]) == {3.0}
    assert found.crawl_delay == 3.0
    assert (found.trouble, judge(found).certainty < 50) == ("nothing", True)


def test_an_article_or_a_feed_leads_to_the_front_page(web):
    urls = fill(web, [f"/{n}.html" for n in range(10111, 10125)])
    assert survey(web, urls[0]).url == f"{SITE}/"
    items = "".join(f"<item><title>{article(n)[0]}</title><link>{url}</link></item>" for n, url in enumerate(urls[:3]))
    web.add(f"{SITE}/all.xml", f"<rss><channel>{items}</channel></rss>", content_type="application/rss+xml")
    found = survey(web, f"{SITE}/all.xml")
    assert found.seeds == [Seed(f"{SITE}/all.xml", "feed", 3), Seed(f"{SITE}/", "list", 12)]


def test_a_feed_that_is_declared_is_taken_and_one_in_the_usual_place(web):
    urls = fill(web, [f"/{n}.html" for n in range(10111, 10125)], front=False)
    items = "".join(f"<item><title>{article(n)[0]}</title><link>{url}</link></item>" for n, url in enumerate(urls))
    web.add(f"{SITE}/", f"<title>站</title>{MENU}<p>这里没有列表。</p>")
    web.add(f"{SITE}/rss.xml", f"<rss><channel>{items}</channel></rss>", content_type="application/rss+xml")
    assert survey(web).seeds == [Seed(f"{SITE}/rss.xml", "feed", 14)]
    web.pages[f"{SITE}/"].clear()
    web.add(f"{SITE}/", f"<link rel=alternate type=application/rss+xml href=/f?x=1>{MENU}")
    web.add(f"{SITE}/f?x=1", f"<rss><channel>{items}</channel></rss>", content_type="application/rss+xml")
    assert survey(web).seeds == [Seed(f"{SITE}/f?x=1", "feed", 14)]


def test_a_shell_whose_sitemap_names_pages_with_text_is_crawled_from_that(web):
    urls = fill(web, [f"/{n}.html" for n in range(10111, 10125)], front=False)
    web.add(f"{SITE}/", "<title>站</title><div id=app></div><script src=/app.js></script>")
    named = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    web.add(f"{SITE}/sitemap.xml", f"<urlset>{named}</urlset>", content_type="application/xml")
    found = survey(web)
    assert (found.trouble, found.seeds) == ("", [Seed(f"{SITE}/sitemap.xml", "sitemap", 14)])


def test_the_commonest_shape_of_a_sitemap_is_tried_where_no_rule_knows_articles(web):
    urls = fill(web, [f"/p/{n}-rain" for n in range(11, 25)], front=False)
    web.add(f"{SITE}/", "<title>站</title><p>欢迎</p>")
    named = "".join(f"<url><loc>{url}</loc></url>" for url in (f"{SITE}/", f"{SITE}/about", *urls))
    web.add(f"{SITE}/sitemap.xml", f"<urlset>{named}</urlset>", content_type="application/xml")
    found = survey(web)
    assert (found.trouble, len(found.read), misses(found.article, urls)) == ("", 5, 0)


def test_a_menu_beside_short_addresses_is_named_in_the_pattern(web):
    words = "rain bridge market trees ferry lanes meals dam birds roof road lift night fest".split()
    menu = "<nav><a href=/about-us/>关于</a> <a href=/our-team/>团队</a> <a href=/category/city/>城市</a></nav>"
    urls = fill(web, [f"/{word}-{n}-news/" for n, word in enumerate(words)], text=menu)
    found = survey(web)
    assert misses(found.article, urls) == 0
    assert found.article and not hits(found.article, [f"{SITE}/about-us/", f"{SITE}/our-team/"])


def test_pages_that_only_look_like_articles_do_not_make_the_pattern(web):
    urls = fill(web, [f"/{n}.html" for n in range(10111, 10125)])
    topics = "".join(f"<li><a href=/zt/{n}/>这个专题的名字也写得很长第{n}个</a></li>" for n in range(70001, 70009))
    web.pages[f"{SITE}/"].clear()
    listed = "".join(f"<li><a href={url}>{article(n)[0]}</a></li>" for n, url in enumerate(urls))
    web.add(f"{SITE}/", f"<title>站</title>{MENU}<ul>{listed}</ul><div><ul>{topics}</ul></div>")
    for n in range(70001, 70009):
        web.add(f"{SITE}/zt/{n}/", f"<title>专题</title>{MENU}<ul>{listed}</ul>")
    found = survey(web)
    assert any("kind `list`" in tried.problem for tried in found.tried)
    assert (misses(found.article, urls), hits(found.article, [f"{SITE}/zt/70003/"])) == (0, 0)


SHELL = "<html><title>应用</title><body><div id=root></div><script>load()</script></body></html>"


@pytest.mark.parametrize(
    ("page", "trouble", "words"),
    [
        (SHELL, "browser", "scripts make the page"),
        ("<title>用户登录</title><h1>用户登录</h1><form><input name=u></form>", "login", "log-in"),
        ("<title>安全验证</title><h1>安全验证</h1><p>请完成验证码</p>", "blocked", "check for robots"),
        ("<meta name=robots content=nofollow><title>站</title>" + MENU, "forbidden", "nofollow"),
        ("<title>站</title><p>一家小店，欢迎光临，营业时间九点到五点。</p>", "nothing", "no address on it"),
    ],
)
def test_a_site_that_cannot_be_crawled_says_why(web, page, trouble, words):
    web.add(f"{SITE}/", page)
    found = survey(web)
    assert found.trouble == trouble
    assert words in found.reason


@pytest.mark.parametrize(
    ("status", "trouble"), [(401, "login"), (403, "blocked"), (404, "unreachable"), (500, "unreachable")]
)
def test_the_status_of_the_first_page_decides(web, status, trouble):
    web.add(f"{SITE}/", "", status)
    assert survey(web).trouble == trouble


def test_robots_txt_is_asked_first_and_obeyed(web):
    web.add(f"{SITE}/robots.txt", "User-agent: *\nDisallow: /\n")
    web.add(f"{SITE}/", "<title>站</title>")
    found = survey(web)
    assert (found.trouble, web.urls()) == ("forbidden", [f"{SITE}/robots.txt"])


def test_a_word_against_ai_is_no_ban(web):
    fill(web, [f"/{n}.html" for n in range(10111, 10125)], text="<meta name=robots content=noai>" + MENU)
    assert survey(web).trouble == ""


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (SHELL, "browser"),
        ("<title>会员登录</title><h1>请登录</h1><p>请先登录后查看全文</p>", "login"),
    ],
)
def test_articles_behind_a_log_in_or_scripts_are_named_as_that(web, body, trouble):
    urls = fill(web, [f"/{n}.html" for n in range(10111, 10125)])
    for url in urls:
        web.pages[url].clear()
        web.add(url, body)
    assert survey(web).trouble == trouble


def test_articles_that_robots_txt_forbids_are_named_as_that(web):
    fill(web, [f"/a/{n}.html" for n in range(10111, 10125)])
    web.add(f"{SITE}/robots.txt", "User-agent: *\nDisallow: /a/\n")
    found = survey(web)
    assert (found.trouble, sum("/a/" in url for url in web.urls())) == ("forbidden", 0)


def test_what_counts_against_a_survey_is_said_and_costs_points():
    good = [
        Tried(f"{SITE}/{n}.html", f"标题{n}号", NOW, "报", "", f"开头{n}", 300, f"标题{n}号", NOW) for n in range(5)
    ]
    urls = [one.url for one in good]
    whole = Survey(f"{SITE}/", seeds=[Seed(f"{SITE}/", "list", 9)], article=r"/\d\.html", articles=urls, tried=good)
    same = [Tried(one.url, "青川新闻网", None, "", "", "首页 > 新闻", 300, one.listed, NOW) for one in good]
    poor = Survey(f"{SITE}/", seeds=whole.seeds, article="", articles=urls, tried=same)
    assert (judge(whole).certainty, judge(whole).cons) == (100, ())
    verdict = judge(poor)
    assert verdict.certainty < 20
    said = " ".join(verdict.cons)
    for words in ("0 of 5 articles tell when", "0 of 5 titles", "fits 0 of 5", "same title", "same words"):
        assert words in said


def test_what_is_no_page_is_named_as_that(web):
    web.add(f"{SITE}/", b"%PDF-1.4", content_type="application/pdf")
    assert survey(web).trouble == "nothing"


@pytest.mark.parametrize(
    "junk",
    [
        "<script>" * 50_000 + "<a href=/1.html>x</a>",
        "<!--<script<" * 40_000,
        "".join(
            f"<li><a href='/{'ab-7_'[: n % 5]}{n:x}/{n}{'/x' * (n % 9)}.html'>这条新闻的标题很长{n}</a>"
            for n in range(3000)
        ),
        "".join(f"<a href=/{'s/' * (n % 7)}w{n:x}/>栏目</a>" for n in range(3000)),
    ],
)
def test_a_hostile_page_costs_little(web, junk):
    web.add(f"{SITE}/", f"<title>站</title>{junk}")
    started = process_time()
    found = survey(web)
    assert process_time() - started < 10
    assert len(found.requests) <= MOST
