"""The pattern of article addresses, drawn from examples: it fits those that come later, and nothing else."""

import random

import pytest

from crawler.stencil import draw, groups, hits, misses

SITE = "http://news.example"
MENU = [
    f"{SITE}/",
    f"{SITE}/world/",
    f"{SITE}/world/asia/",
    f"{SITE}/2026/",
    f"{SITE}/about.html",
    f"{SITE}/list_2.html",
    f"{SITE}/forum-39-1.html",
]


@pytest.mark.parametrize(
    ("examples", "later"),
    [
        ([f"/{n}.html" for n in range(10111, 10119)], "/20999.html"),
        ([f"/2026/03/{n:02}/{n + 500}.html" for n in range(11, 19)], "/2027/11/02/7.html"),
        ([f"/c/2026-03-{n:02}/doc-iice{n}zrq{n}.shtml" for n in range(11, 19)], "/c/2026-11-02/doc-ab77zzz9.shtml"),
        ([f"/a/20260{n}/17/t20260{n}17_{n}02200.htm" for n in range(1, 7)], "/a/202611/02/t20261102_1.htm"),
        ([f"/world/2026/jan/{n}/a-slug-of-{n}-words" for n in range(11, 17)], "/sport/2026/feb/03/three-goals"),
        ([f"/article.asp?catid={n}&pubid=63599{n}" for n in range(21, 27)], "/article.asp?catid=3&pubid=70001"),
        ([f"/news/health-165055{n}" for n in range(21, 27)], "/news/world-asia-16777777"),
        ([f"/newsDetail_forward_512{n}" for n in range(21, 27)], "/newsDetail_forward_99999"),
        ([f"/thread-{n}45-1-1.html" for n in range(21, 27)], "/thread-70012-1-3.html"),
        ([f"/world/2026/mar/{n}/rain" for n in range(21, 27)], "/sport/2026/apr/2/three-goals"),
        ([f"/kj/stair-robot-101{n}/" for n in range(21, 27)], "/kj/one-20001/"),
        ([f"/{n}45678-why-it-rains-so-much" for n in range(21, 27)], "/9945678-because"),
        ([f"/p/{n}ab9f{n}de77" for n in range(21, 27)], "/p/0c1d2e3f4a5"),
        (
            [f"/health/la-heb-ma-201201{n},0,68744{n}.story" for n in range(11, 17)],
            "/sport/la-x-20120222,0,6874999.story",
        ),
    ],
)
def test_a_later_article_fits_and_the_menu_does_not(examples, later):
    drawn = draw([SITE + path for path in examples], MENU)
    assert drawn
    assert misses(drawn, [SITE + path for path in (*examples, later)]) == 0
    assert hits(drawn, MENU) == 0


def test_two_shapes_make_one_pattern_and_any_host_of_the_site_fits():
    urls = [f"{SITE}/{n}.html" for n in range(10111, 10117)] + [f"{SITE}/kj/robot-{n}/" for n in range(10111, 10117)]
    drawn = draw(urls, MENU)
    assert misses(drawn, ["https://www.news.example/kj/lift-77001/", "http://m.news.example/77001.html?from=app"]) == 0
    assert hits(drawn, [f"{SITE}/kj/", f"{SITE}/77001.html.bak", f"{SITE}/x/77001.html"]) == 0


def test_what_looks_like_a_list_as_well_gives_no_pattern():
    """Articles are /word/ as sections are: the general rule goes by headlines there."""
    urls = [f"{SITE}/{word}/" for word in ("rain", "storm", "market", "school", "harbour")]
    assert not draw(urls, MENU, confirmed=urls[:3])


def test_pages_of_a_site_in_the_shape_of_its_articles_are_exceptions():
    """As WordPress has it: beside `/why-it-rains/` stands `/about-us/`, and some news have short titles."""
    urls = [
        f"{SITE}/{word}-in-town/"
        for word in ("rain", "storm", "market", "school", "harbour", "sun", "fog", "ice", "wind")
    ]
    short = f"{SITE}/late-snow/"
    others, service = [*MENU, f"{SITE}/our-team/", short], [f"{SITE}/about-us/"]
    drawn = draw(urls, others, urls[:3], doubtful=[short], service=service)
    assert misses(drawn, [*urls, short, f"{SITE}/hail-and-ice/"]) == 0
    assert hits(drawn, [*MENU, f"{SITE}/about-us/", f"{SITE}/our-team/?from=menu"]) == 0


def test_many_pages_in_the_shape_of_articles_are_no_exceptions():
    urls = [f"{SITE}/{word}-in-town/" for word in ("rain", "storm", "market", "school", "harbour", "sun", "fog")]
    others = [f"{SITE}/{word}-news/" for word in ("world", "sport", "money", "health")]
    assert not draw(urls, others, urls[:3])
    assert not draw(urls, others, urls[:3], doubtful=others)


def test_a_shape_whose_page_was_no_article_is_left_out():
    good = [f"{SITE}/{n}.html" for n in range(10111, 10119)]
    bad = [f"{SITE}/zt/topic-{n}/" for n in range(10111, 10119)]
    drawn = draw([*good, *bad], MENU, confirmed=good[:1], denied=bad[:1])
    assert misses(drawn, good) == 0 or not drawn
    assert not drawn or hits(drawn, bad) == 0


def test_few_examples_draw_no_line():
    assert not draw([f"{SITE}/2026/03/20/some-words-of-news/"], MENU)


def test_what_has_a_sense_in_expressions_is_quoted():
    urls = [f"{SITE}/a+b(c)/{n}.html" for n in range(10111, 10131)]
    drawn = draw(urls, MENU)
    assert (misses(drawn, urls), hits(drawn, [f"{SITE}/aab(c)/10111.html"])) == (0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_every_address_fits_its_own_group(seed):
    dice = random.Random(seed)
    pieces = (
        "a",
        "news",
        "2026",
        "03",
        "2026-03-20",
        "x_1",
        "t123_45",
        "é",
        "%E6%96%B0",
        "_",
        "-",
        "1,2",
        "()",
        "a.b",
        "",
    )
    urls = [
        f"{SITE}/"
        + "/".join(dice.choices(pieces, k=dice.randint(0, 4)))
        + dice.choice(("", "/", ".html", "?id=7&b", "?="))
        for _ in range(400)
    ]
    urls = [url for url in urls if "//" not in url[7:] and "/.html" not in url and url[20:].strip("/?=")]
    assert [url for group in groups(urls) for url in group.urls if not group.fits(url)] == []
