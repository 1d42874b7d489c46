"""The pages of `serve` in a real Chromium: the main paths, three widths, light and dark, the keyboard, attacks."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from tests import attacks
from tests.browser import AXE, CHROMIUM, DRIVER, Browser, serving

MISSING = [
    name
    for name, there in (
        ("datasette", importlib.util.find_spec("datasette")),
        ("selenium", importlib.util.find_spec("selenium")),
        ("chromium", CHROMIUM),
        ("chromedriver", DRIVER),
    )
    if not there
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; `.ci/run slow` installs them"),
]
THEN = "2026-03-20T22:30:00%2B08:00"
WIDTHS = (320, 360, 768, 1280)
NEWS = tuple(
    f"/ /?q=储能 /?q=xyzzy /?as_of={THEN} /article/1 /article/1?raw=1 /story/1 /sources /nothing /?as_of=x /?lang=en "
    "/sources?lang=en /article/5?lang=en".split()
)
HOSTILE = tuple(
    "/?ads=1 /?q=攻击&ads=1 /article/1 /article/1?raw=1 /story/1 /story/1?a=1&b=2 /sources /?q=%3Cscript%3E".split()
)
TABLES = tuple(
    "/demo /demo/articles /demo/articles?_search=储能&site__exact=x /demo/articles?_filter_column=id&_filter_op=gt"
    "&_filter_value=3 /demo/articles/1 /demo/news /demo?sql=select+1 /demo?sql=select+x "
    "/demo/search_chinese?words=储能 "
    "/demo/articles?_facet=site&_facet=lang&site=岚汐财经网 "
    "/demo/known_at?time=2026-03-20T15:00 /demo/visits /demo/none /-/versions /-/metadata".split()
)


@pytest.fixture(scope="module")
def browser():
    opened = Browser()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def news(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser") / "demo"
    made = CliRunner(env={"COLUMNS": "100"}).invoke(cli, ["demo", str(folder)])
    assert made.exit_code == 0, made.output
    (path,) = folder.glob("*.db")
    with serving(path, datetime(2026, 3, 21, 8, tzinfo=UTC)) as address:
        yield address


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    path = attacks.make(tmp_path_factory.mktemp("browser") / "hostile.db")
    with serving(path, attacks.AT + timedelta(hours=1)) as address:
        yield address


def is_clean(browser, address, path):
    """Nothing ran, nothing was asked of anybody else, nothing is wider than the window."""
    asked = browser.get(address + path)
    assert [url for url in asked if not url.startswith(address)] == []
    assert browser.sink.visitors == 0
    assert browser.driver.title != attacks.RAN
    # Not `innerWidth`: on a phone that grows with the page.
    wide = browser.run("return document.documentElement.scrollWidth")
    assert (path, wide) == (path, browser.width)


def test_nothing_in_a_table_reaches_out_of_its_place(browser, hostile):
    browser.dress(1280)
    browser.get(f"{hostile}/hostile/articles")
    style = "getComputedStyle(document.querySelector(arguments[0]))"
    look = f"const s = {style}; return [s.contain, s.overflow, s.unicodeBidi]"
    assert browser.run(look, ".rows-and-columns td.col-title") == ["paint", "hidden", "isolate"]
    assert browser.run(look, ".facet-info li a")[2] == "isolate"


def reaches(browser, part):
    """Until its address has a part in it."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser.driver, 10).until(lambda driver: part in driver.current_url)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", NEWS)
def test_a_page_fits_the_window_and_asks_nobody_else(browser, news, path, width):
    browser.dress(width)
    is_clean(browser, news, path)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", HOSTILE)
def test_an_attack_runs_nothing_asks_nobody_and_breaks_no_layout(browser, hostile, path, width):
    browser.dress(width)
    is_clean(browser, hostile, path)
    if "raw=1" in path:
        from selenium.webdriver.common.by import By

        frame = browser.driver.find_element(By.TAG_NAME, "iframe")
        browser.run("arguments[0].scrollIntoView()", frame)
        browser.driver.switch_to.frame(frame)
        try:
            assert browser.run("return document.title") != attacks.RAN
        finally:
            browser.driver.switch_to.default_content()


def test_the_sandboxed_page_by_itself_runs_nothing(browser, hostile):
    browser.dress()
    browser.get(f"{hostile}/article/1?raw=1")
    source = browser.run("return document.querySelector('iframe').src")
    asked = browser.get(source)
    assert [url for url in asked if not url.startswith(hostile)] == []
    assert (browser.sink.visitors, browser.driver.title != attacks.RAN) == (0, True)


def test_no_element_of_a_page_that_is_shown_raw_opens_a_connection(browser, tmp_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    def framed(driver):
        driver.switch_to.frame(driver.find_element(By.TAG_NAME, "iframe"))
        try:
            return driver.execute_script("return document.readyState == 'complete' && document.URL").endswith(path)
        finally:
            driver.switch_to.default_content()

    browser.dress()
    paths = attacks.make_reaching(tmp_path / "reaching.db")
    with serving(tmp_path / "reaching.db", attacks.AT + timedelta(hours=1)) as address:
        for number, path in enumerate(paths, 1):
            browser.get(address + path)
            browser.get(f"{address}/article/{number}?raw=1")
            browser.run("document.querySelector('iframe').scrollIntoView()")
            WebDriverWait(browser.driver, 10).until(framed)
            browser.get(f"{address}/sources")  # meanwhile a connection would have come
            assert (path, browser.sink.visitors) == (path, 0)


def test_a_page_that_reaches_out_is_noticed(tmp_path):
    """So that the tests above mean something."""
    file = tmp_path / "page.html"
    file.write_text("<img src='http://evil.example/a.png'><script>document.title = 'pwned'</script>", encoding="utf-8")
    own = Browser()
    try:
        asked = own.get(file.as_uri())
        assert (asked[1:], own.driver.title) == (["http://evil.example/a.png"], attacks.RAN)
        assert own.sink.visitors > 0
    finally:
        own.close()


@pytest.mark.parametrize("path", ["/hostile", "/hostile/articles", "/hostile/articles/1", "/hostile/headlines"])
def test_the_tables_of_datasette_run_nothing_stored(browser, hostile, path):
    browser.dress()
    asked = browser.get(hostile + path)
    assert [url for url in asked if not url.startswith(hostile)] == []
    assert browser.driver.title != attacks.RAN


def test_the_console_of_datasette_has_its_editor(browser, news):
    browser.dress()
    browser.driver.get_log("browser")
    browser.get(f"{news}/demo?sql=select+1")
    assert browser.run("return document.querySelectorAll('.CodeMirror').length") == 1
    severe = [
        one["message"] for one in browser.driver.get_log("browser") if "Content Security Policy" in one["message"]
    ]
    assert severe == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install --prefix .venv/npm axe-core")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", NEWS)
def test_axe_finds_nothing(browser, news, path, dark):
    browser.dress(1280, dark=dark)
    browser.get(news + path)
    assert browser.violations() == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install --prefix .venv/npm axe-core")
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, True)])
@pytest.mark.parametrize("path", TABLES)
def test_axe_finds_nothing_in_the_tables_of_datasette(browser, news, path, width, dark):
    browser.dress(width, dark=dark)
    browser.get(news + path)
    assert browser.violations() == []
    assert (path, browser.run("return document.documentElement.scrollWidth")) == (path, width)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install --prefix .venv/npm axe-core")
@pytest.mark.parametrize("path", HOSTILE)
def test_axe_finds_nothing_on_a_phone_however_hostile_the_text(browser, hostile, path):
    browser.dress(360)
    browser.get(hostile + path)
    assert browser.violations() == []


def test_a_page_is_whole_without_scripts(browser, news):
    browser.dress()
    browser.scripts(allowed=False)
    try:
        browser.get(news)
        from selenium.webdriver.common.by import By

        assert len(browser.driver.find_elements(By.CSS_SELECTOR, ".stories li")) == 30
    finally:
        browser.scripts(allowed=True)


def test_a_search_by_keyboard_alone(browser, news):
    from selenium.webdriver import ActionChains, Keys

    browser.dress()
    browser.get(news)
    keys = ActionChains(browser.driver)
    keys.send_keys(Keys.TAB).perform()
    assert browser.run("return document.activeElement.className") == "skip"
    shown = browser.run("const r = document.activeElement.getBoundingClientRect(); return r.width > 50 && r.top >= 0")
    for _ in range(20):
        if browser.run("return document.activeElement.id") == "q":
            break
        keys.send_keys(Keys.TAB).perform()
        assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keys.send_keys("储能", Keys.ENTER).perform()
    reaches(browser, "q=")
    assert shown


def test_from_the_front_page_to_a_story_and_the_difference_of_two_copies(browser, news):
    from selenium.webdriver import Keys
    from selenium.webdriver.common.by import By

    browser.dress()
    browser.get(news)
    find = browser.driver.find_element
    find(By.CSS_SELECTOR, ".about a[href^='/story/']").send_keys(Keys.ENTER)
    reaches(browser, "/story/")
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, ".line li")) > 1
    find(By.CSS_SELECTOR, ".compare button").send_keys(Keys.ENTER)
    reaches(browser, "a=")
    assert find(By.CSS_SELECTOR, "h2#diff")
    find(By.ID, "as_of").send_keys("2026-03-21T07:30+08:00", Keys.ENTER)
    reaches(browser, "as_of=")
    assert "?a=" in browser.driver.current_url and find(By.CSS_SELECTOR, "h2#diff")
