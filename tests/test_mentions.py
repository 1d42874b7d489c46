"""Companies and indices in texts: codes only where something says that they are codes, names at their time."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import instruments
from storage.instruments import TableError
from storage.mentions import Finder
from tests.gate import mentions as gate

NOW = datetime(2026, 3, 19, tzinfo=UTC)
FINDER = Finder()


def told(text, at=NOW, finder=FINDER):
    return [(each.code, each.text, each.method) for each in finder.mentions(text, at)]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("贵州茅台(600519)", ["600519.SH", "600519.SH"]),
        ("某某股份（600519，股吧）", ["600519.SH"]),
        ("600519.SH", ["600519.SH"]),
        ("SH600519", ["600519.SH"]),
        ("sz000001", ["000001.SZ"]),
        ("600519.SZ", []),  # Shenzhen has no such code
        ("0700.HK", ["00700.HK"]),
        ("港股00700", ["00700.HK"]),
        ("(AAPL)", ["AAPL.US"]),
        ("$AAPL", ["AAPL.US"]),
        ("NASDAQ: AAPL", ["AAPL.US"]),
        ("平安银行(000001)", ["000001.SZ", "000001.SZ"]),
        ("上证指数(000001)", ["000001.SH", "000001.SH"]),
        ("某某指数(000001)", ["000001.SH"]),
        ("某某股份(000001)", ["000001.SZ"]),
        ("騰訊控股", ["00700.HK"]),
        ("贵州茅台（６００５１９）", ["600519.SH", "600519.SH"]),
        # A number is no code by itself, nor are letters.
        ("600519元", []),
        ("电话600519", []),
        ("000001", []),
        ("人数(600519)人", []),
        ("邮编(100031)", []),
        ("US$5 and $USD", []),
        ("the CEO (USA)", []),
        ("订单20260319600519号", []),
    ],
)
def test_codes(text, codes):
    assert [code for code, _, _ in told(text)] == codes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("中国石油宣布增产", ["601857.SH"]),
        ("中国石油消费达峰", []),
        ("中国石油大学招生", []),
        ("京东方与京东", ["000725.SZ", "JD.US"]),
        ("南京东路", []),
        ("百万科研人员", []),
        ("万科公告", ["000002.SZ"]),
        ("平安夜", []),
        ("苹果价格上涨", []),
        ("苹果CEO", ["AAPL.US"]),
        ("苹果公司说，苹果将涨价", ["AAPL.US", "AAPL.US"]),
        ("MyApple Inc", []),
    ],
)
def test_names(text, found):
    assert [code for code, _, _ in told(text)] == found


def test_a_renamed_company_is_right_at_its_time():
    then = datetime(2011, 5, 5, tzinfo=UTC)
    assert (told("深发展停牌", then), told("深发展停牌")) == ([("000001.SZ", "深发展", "name")], [])
    assert told("Facebook fell", datetime(2021, 10, 5, tzinfo=UTC)) == [("FB.US", "Facebook", "name")]


def test_places_are_those_of_the_text_and_a_code_makes_its_name_sure():
    text = "據報，騰訊控股（００７００）回購；茅台另計。"
    found = FINDER.mentions(text, NOW)
    assert [text[each.start : each.end] for each in found] == ["騰訊控股", "００７００", "茅台"]
    assert [each.confidence for each in found] == [0.95, 0.95, 0.85] or found[0].confidence > found[2].confidence
    sure = FINDER.mentions("贵州茅台(600519)与茅台", NOW)
    assert [each.confidence for each in sure] == [0.99] * 3


@given(st.text(alphabet="茅台万科600519(). SHKU$AZ:中石油ABＡ０騰訊", max_size=40))
def test_any_text_gives_places_in_order_that_do_not_overlap(text):
    found = FINDER.mentions(text, NOW)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert all(text[each.start : each.end] == each.text and each.text for each in found)


def table(tmp_path, *lines, head="code,name,how,from,to"):
    path = tmp_path / "own.csv"
    path.write_text("\n".join((head, *lines)), encoding="utf-8-sig")
    return path


def test_a_table_of_ones_own(tmp_path):
    path = table(tmp_path, "688888.SH,某某生物,name,2026-01-01,2026-12-31", ",某某生物园,not,,")
    finder = Finder(instruments.read(path))
    assert told("某某生物与某某生物园，贵州茅台", finder=finder) == [("688888.SH", "某某生物", "name")]
    assert told("某某生物", datetime(2025, 12, 31, tzinfo=UTC), finder) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1.SZ,平安银行,name,,", "line 2: `1.SZ` is no code; write 000001.SZ"),
        ("600519,贵州茅台,name,,", "`600519` is no code"),
        ("600519.SH,贵州茅台,full,,", "`how` is `full`; it is one of name, short, weak, not"),
        ("600519.SH,茅,short,,", "too short"),
        ("600519.SH,贵州茅台,name,2026,", "`from` is `2026`; write a day as 2012-08-02"),
        ("600519.SH,贵州茅台,name,2026-02-01,2026-01-01", "is before `from`"),
    ],
)
def test_a_bad_line_is_named_with_its_remedy(tmp_path, line, why):
    with pytest.raises(TableError, match=why):
        instruments.read(table(tmp_path, line))


def test_a_file_that_is_no_table_is_named(tmp_path):
    with pytest.raises(TableError, match="has no column `code`; its first line must be"):
        instruments.read(table(tmp_path, "x", head="a,b"))
    with pytest.raises(TableError, match="cannot be read: No such file"):
        instruments.read(Path(tmp_path / "none.csv"))


def test_the_labelled_sentences_hold_their_floors():
    figures = gate.measure()
    below = {
        half: figures[half]
        for half, (least, most) in gate.FLOORS.items()
        if figures[half][0] < least or figures[half][1] < most
    }
    assert below == {}


@pytest.mark.parametrize("text", ["茅台" * 20_000, "贵州茅台" * 10_000, "平安银行(000001)" * 5_000])
def test_a_page_full_of_names_takes_time_in_proportion(text):
    started = process_time()
    found = FINDER.mentions(text, None)
    assert process_time() - started < 5
    assert all(one.end <= later.start for one, later in pairwise(found))


def test_a_sum_of_money_behind_a_name_is_no_code():
    assert [each.method for each in FINDER.mentions("平安银行000001元", None)] == ["name"]
    assert [each.method for each in FINDER.mentions("平安银行 000001 涨停", None)] == ["name", "code"]
