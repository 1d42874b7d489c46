"""The configuration: what is read, what is refused, and how the refusal reads."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from config import ConfigError, Settings, load
from config.values import cron, duration, show_duration

SEEDS = 'seeds = ["https://news.example/"]\n'


@pytest.fixture
def written(tmp_path: Path):
    """Writes a kuaixun.toml and loads it."""

    def write(text: str, **env: str) -> config.Config:
        (tmp_path / "kuaixun.toml").write_text(text, encoding="utf-8")
        return load(tmp_path, env)

    return write


def test_nothing_written_gives_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load(env={}) == config.Config(Settings(), ())


def test_the_template_is_a_configuration_whose_first_source_is_the_source_page():
    loaded = load(config.TEMPLATE, {})
    assert (loaded.sources[0].name, loaded.sources[0].seeds) == ("mrkx", ("https://mrkx.qghjm.com/",))


def test_the_template_finds_the_article_that_the_project_came_from():
    assert re.search(load(config.TEMPLATE, {}).sources[0].article, "https://mrkx.qghjm.com/1192287.html")


def test_every_commented_setting_of_the_template_shows_its_default():
    head = config.TEMPLATE.read_text(encoding="utf-8").split("[sources.")[0]
    shown = tomllib.loads("\n".join(re.findall(r"^# (\w+ = .*)$", head, re.MULTILINE)))
    known = config.keys(Settings)
    assert {name: config.show(value) for name, value in shown.items()} == {
        name: config.show(known[name].default) for name in shown
    }


def test_every_commented_key_of_the_template_can_be_switched_on(written):
    text = config.TEMPLATE.read_text(encoding="utf-8").replace('every = "15m"', "")
    assert written(re.sub(r"(?m)^# (\w+ = .*)$", r"\1", text)).sources[0].encoding == "gb18030"


@pytest.mark.parametrize("cls", [Settings, config.Source])
def test_every_key_says_what_it_means(cls):
    assert [name for name, key in config.keys(cls).items() if not key.meaning] == (
        ["name"] if cls is config.Source else []
    )


def test_settings_may_stand_at_the_top_or_in_a_table(written):
    assert written("delay = 2").settings == written("[settings]\ndelay = 2.0").settings


def test_a_path_starts_at_the_file_that_names_it(written, tmp_path):
    assert written('database = "data/news.db"').settings.database == tmp_path / "data/news.db"


def test_without_a_path_the_database_lies_beside_the_configuration(written, tmp_path):
    assert written("").settings.database == tmp_path / "kuaixun.db"


def test_a_table_makes_a_source(written):
    text = "[sources.a]\n" + SEEDS + 'every = "1h30m"\nselect = { title = "h1" }\ndelay = 3'
    source = written(text).sources[0]
    assert (source.every, source.select, source.delay) == (timedelta(minutes=90), {"title": "h1"}, 3.0)


def test_a_file_in_sites_makes_a_source_of_its_name(written, tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "日报.toml").write_text(SEEDS + 'cron = "0 8 * * 1-5"', encoding="utf-8")
    source = written("[sources.a]\n" + SEEDS).sources[1]
    assert (source.name, source.cron) == ("日报", "0 8 * * mon,tue,wed,thu,fri")


def test_the_environment_goes_before_the_file_and_is_named_as_the_origin(written):
    loaded = written("delay = 2\nretries = 1", KUAIXUN_DELAY="0.5", KUAIXUN_ALLOW_NETWORKS="127.0.0.1/8, ::1")
    assert (loaded.settings.delay, loaded.settings.retries) == (0.5, 1)
    assert loaded.settings.allow_networks == ("127.0.0.0/8", "::1/128")
    assert (loaded.origins["delay"], loaded.origins["retries"]) == ("KUAIXUN_DELAY", str(loaded.file))


def test_the_environment_can_name_the_file(tmp_path):
    (tmp_path / "other.toml").write_text("retries = 7")
    assert load(env={"KUAIXUN_CONFIG": str(tmp_path / "other.toml")}).settings.retries == 7


def test_a_byte_order_mark_is_no_obstacle(tmp_path):
    (tmp_path / "kuaixun.toml").write_text("retries = 7", encoding="utf-8-sig")
    assert load(tmp_path, {}).settings.retries == 7


REFUSED = {
    "unknown setting": ("dealy = 2", "`dealy` is not known; did you mean `delay`?"),
    "unknown setting in a table": ("[settings]\nretry = 2", "`settings.retry` is not known; did you mean `retries`?"),
    "unknown key of a source": ("[sources.a]\nseed = []", "`sources.a.seed` is not known; did you mean `seeds`?"),
    "nothing near": ("[settings]\nxyz = 2", "`settings.xyz` is not known; there is `database`, `user_agent`"),
    "a name inside a source": ('[sources.a]\nname = "b"', "`sources.a.name` is not known"),
    "a source without its prefix": ("[mrkx]\n" + SEEDS, "`mrkx` is not known; a source is written `[sources.mrkx]`"),
    "twice": ("delay = 1\n[settings]\ndelay = 2", "`settings.delay` is given twice"),
    "text for a number": ('delay = "2"', '`delay` must be a number, not `"2"`'),
    "a truth for a number": ("retries = true", "`retries` must be a whole number, not `true`"),
    "a fraction": ("retries = 1.5", "`retries` must be a whole number, not `1.5`"),
    "infinite": ("delay = inf", "`delay` must be a number"),
    "below": ("delay = -1", "`delay` must be between 0 and 3600, not `-1`"),
    "a date": ("retries = 2026-01-01", "`retries` must be a whole number"),
    "a text for a list": ('allow_networks = "::1"', "`allow_networks` must be a list of texts"),
    "a network": ('allow_networks = ["10.0.0.0/40"]', "`allow_networks` must be an address or a network"),
    "a zone": ('timezone = "Asia/Peking"', '`timezone` must be a time zone such as "Asia/Shanghai"'),
    "a zone outside": ('timezone = "../etc"', "`timezone` must be a time zone"),
    "a header": ('contact = "a\\nb"', "`contact` may hold printable ASCII characters only"),
    "no duration": ("[sources.a]\n" + SEEDS + 'every = "15"', '`sources.a.every` must be a duration such as "90s"'),
    "no time at all": ("[sources.a]\n" + SEEDS + 'every = "0m"', "`sources.a.every` must be longer than nothing"),
    "a number for a duration": ("[sources.a]\nevery = 15", "`sources.a.every` must be a duration in quotes"),
    "cron": ("[sources.a]\n" + SEEDS + 'cron = "61 * * * *"', "`sources.a.cron` has `61`, where only 0 to 59"),
    "cron that never comes": ("[sources.a]\n" + SEEDS + 'cron = "0 0 31 2,4 *"', "`sources.a.cron` would never come"),
    "cron that steps too far": ("[sources.a]\n" + SEEDS + 'cron = "*/90 * * * *"', "whose step is longer"),
    "cron and every": ("[sources.a]\n" + SEEDS + 'every = "1h"\ncron = "0 8 * * *"', "exclude each other"),
    "regex": ("[sources.a]\n" + SEEDS + 'article = "("', "`sources.a.article` is no regular expression"),
    "encoding": ("[sources.a]\n" + SEEDS + 'encoding = "gbkk"', "`sources.a.encoding` must be an encoding"),
    "no seeds": ("[sources.a]\n", "`sources.a.seeds` is missing"),
    "a seed that is no address": ('[sources.a]\nseeds = ["ftp://x/"]', "`sources.a.seeds` must be a web address"),
    "a seed that is no text": ("[sources.a]\nseeds = [1]", "`sources.a.seeds` must be a list of texts"),
    "a source that is no table": ("[sources]\na = 1", "`sources.a` must be a table"),
    "sources that are no table": ("sources = 1", "`sources` must be a table"),
    "a name that is an option": ('[sources."-x"]\n' + SEEDS, "`sources.-x` must be a name of letters"),
    "broken": ("delay = = 2", "is no valid TOML: Invalid value (at line 1"),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_refuses_by_file_and_key(written, tmp_path, text, says):
    with pytest.raises(ConfigError) as caught:
        written(text)
    assert str(caught.value).startswith(f"{tmp_path / 'kuaixun.toml'}: ")
    assert says in str(caught.value)


def test_refuses_an_unknown_setting_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="environment: `KUAIXUN_DLAY` is not known; did you mean `KUAIXUN_DELAY`"):
        load(env={"KUAIXUN_DLAY": "1"})


def test_refuses_text_that_is_no_number_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="`KUAIXUN_RETRIES` must be a whole number, not `many`"):
        load(env={"KUAIXUN_RETRIES": "many"})


def test_refuses_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file; `kuaixun init` writes one"):
        load(tmp_path / "none.toml", {})


def test_refuses_a_file_that_is_not_utf_8(tmp_path):
    (tmp_path / "kuaixun.toml").write_bytes('contact = "中"'.encode("gbk"))
    with pytest.raises(ConfigError, match="is not in UTF-8: byte 11 cannot be read"):
        load(tmp_path, {})


def test_refuses_a_source_that_is_written_twice(written, tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "a.toml").write_text(SEEDS)
    found = written("[sources.a]\n" + SEEDS)
    assert "the source `a` is also in" in str(found.broken["a"])
    assert [source.name for source in found.sources] == ["a"]


def test_a_broken_file_costs_its_own_source_only(written, tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "b.toml").write_text("seeds = [")
    (tmp_path / "sites" / "c.toml").write_text(SEEDS)
    found = written("[sources.a]\n" + SEEDS)
    assert [source.name for source in found.sources] == ["a", "c"]
    assert str(found.broken["b"]).startswith(f"{tmp_path / 'sites' / 'b.toml'}: is no valid TOML")
    with pytest.raises(ConfigError, match=r"b\.toml: is no valid TOML"):
        config.pick(found, ("b",))


def test_a_source_without_a_zone_of_its_own_has_the_general_one(written):
    text = 'timezone = "Asia/Tokyo"\n[sources.a]\n' + SEEDS + '[sources.b]\ntimezone = "Europe/Berlin"\n' + SEEDS
    assert [source.timezone for source in written(text).sources] == ["Asia/Tokyo", "Europe/Berlin"]


def test_the_zone_of_the_environment_holds_for_the_sources_too(tmp_path):
    (tmp_path / "kuaixun.toml").write_text('timezone = "Asia/Tokyo"\n[sources.a]\n' + SEEDS)
    (source,) = load(tmp_path, {"KUAIXUN_TIMEZONE": "Asia/Taipei"}).sources
    assert source.timezone == "Asia/Taipei"


def test_without_names_only_enabled_sources_are_picked(written):
    loaded = written("[sources.a]\nenabled = false\n" + SEEDS + "[sources.b]\n" + SEEDS)
    assert [source.name for source in config.pick(loaded, ())] == ["b"]
    assert [source.name for source in config.pick(loaded, ("a",))] == ["a"]


def test_a_name_that_no_source_has_is_refused_with_the_nearest(written):
    with pytest.raises(ConfigError, match="has no source `mrk`; did you mean `mrkx`"):
        config.pick(written("[sources.mrkx]\n" + SEEDS), ("mrk",))


@pytest.mark.parametrize(
    ("line", "weekdays"),
    [
        ("0 8 * * 0", "sun"),
        ("0 8 * * 5-7", "sun,fri,sat"),
        ("0 8 * * */3", "sun,wed,sat"),
        ("0 8 * * mon-wed", "mon,tue,wed"),
    ],
)
def test_weekdays_of_a_crontab_count_from_sunday(line, weekdays):
    assert cron(line).split()[-1] == weekdays


@pytest.mark.parametrize(
    "line", ["* * * *", "a * * * *", "5-1 * * * *", "*/0 * * * *", "0 0 1 * 1", "1- * * * *", "一 * * * *"]
)
def test_refuses_a_line_that_is_no_crontab(line):
    with pytest.raises(ValueError, match=r"five fields|field|only|not both"):
        cron(line)


@given(st.integers(1, 366 * 86400))
def test_a_duration_survives_being_written_and_read(seconds):
    assert duration(show_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@given(st.text("0123456789smhdw*/,-. \0一²"))
def test_no_text_breaks_the_readers(text):
    """Whatever is written as a duration or a crontab line is read or refused with a sentence."""
    for read in (duration, cron):
        try:
            read(text)
        except ValueError as error:
            assert str(error).startswith(("must", "has", "may"))


def test_brackets_without_end_are_a_wrong_file(tmp_path):
    file = tmp_path / "kuaixun.toml"
    file.write_text("seeds = " + "[" * 100_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load(file)
