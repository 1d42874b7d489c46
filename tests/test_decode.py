"""Bytes to text: declared rightly, wrongly, late or not at all."""

from __future__ import annotations

import codecs

import pytest

from crawler.decode import decode

LONG = (
    "水库管理处今天上午开启两孔闸门，今年首轮放水正式开始，预计持续十二天，下游三个镇的农田最先受益。"
    "这是我们在这里放水的第十个年头，管理处的人说，有了自动闸门，一个人就可以看住三十公里的干渠，"
    "哪个村要水、要多少，在屏幕上都能看到。"
)


@pytest.mark.parametrize(
    ("encoding", "declared", "text"),
    [
        ("utf-8", "utf-8", "水库放水，两岸受益。"),
        ("utf-8", "gb2312", "水库放水，两岸受益。"),
        ("utf-8", "", "水库放水，两岸受益。"),
        ("utf-8", "windows-1251", "В субботу открыли мост."),
        ("gbk", "gb2312", "朱镕基、陶喆、李堃都在名单上。"),
        ("gb18030", "gbk", "㐂㐅是生僻字，其他的字都很常见。"),
        ("gbk", "utf-8", LONG),
        ("gbk", "", LONG),
        ("big5", "big5", "東灣港務局昨日公布今年首兩個月的貨櫃量。"),
        ("big5", "gb2312", "東灣港務局昨日公布今年首兩個月處理的貨櫃，較去年同期增加一成三，是歷年同期新高。"),
        ("big5", "", "東灣港務局昨日公布今年首兩個月處理的貨櫃，較去年同期增加一成三，是歷年同期新高。"),
        ("big5hkscs", "big5", "佢哋喺度食咗飯，嗰個人嚟咗。"),
        ("cp932", "Shift_JIS", "冬に積もった雪を倉庫にため、①野菜を保存する。"),
        ("cp932", "", "冬に積もった雪を倉庫にため、その冷気で夏まで野菜を保存する取り組みが広がっている。"),
        ("euc_jp", "euc-jp", "冬に積もった雪を倉庫にため、野菜を保存する。"),
        ("cp949", "euc-kr", "시장 상인회는 빈 점포의 임대료를 낮추었다."),
        ("cp1251", "windows-1251", "Школьники собрали метеостанцию."),
        ("cp1251", "", "Школьники собрали метеостанцию и теперь предсказывают погоду для всего района."),
        ("koi8-r", "koi8-r", "Школьники собрали метеостанцию."),
        ("cp1253", "windows-1253", "Το μικρό νησί παράγει όλο το ρεύμα του."),
        ("iso8859_2", "iso-8859-2", "Mieszkańcy osiedla pojadą tramwajem."),
        ("cp1252", "iso-8859-1", "Zurück nach Köln – für 79 €."),
        ("cp1252", "", "Zurück nach Köln, schöne Grüße"),
    ],
)
def test_text_comes_out_as_it_was_written(encoding, declared, text):
    html = f'<meta charset="{declared}"><p>{text}</p>' if declared else f"<p>{text}</p>"
    assert text in decode(html.encode(encoding)).text


def test_the_byte_order_mark_goes_before_every_declaration():
    html = '<meta charset="gbk"><p>水库放水</p>'
    assert decode(codecs.BOM_UTF8 + html.encode()).text == html
    assert decode(codecs.BOM_UTF16_LE + html.encode("utf-16-le"), "text/html; charset=gbk").text == html
    assert decode(codecs.BOM_UTF16_BE + html.encode("utf-16-be")).text == html


def test_the_header_is_believed_where_the_page_declares_nothing():
    text = "В посёлке открыли мост"
    assert decode(text.encode("koi8-r"), "text/html; charset=KOI8-R").text == text


def test_the_setting_of_the_site_goes_before_header_and_page():
    body = '<meta charset="cp1251">Школьники'.encode("koi8-r")
    assert "Школьники" in decode(body, "text/html; charset=windows-1251", "koi8-r").text


def test_a_declaration_far_down_the_head_is_found():
    html = "<!--" + "x" * 3000 + '--><meta charset="gbk"><p>水库</p>'
    assert "水库" in decode(html.encode("gbk")).text


def test_a_few_bad_bytes_do_not_change_the_encoding():
    body = '<meta charset="gb2312"><p>水库管理处今天</p>'.encode("gbk") + b"\xff<p>" + "上午开启闸门".encode("gbk")
    text = decode(body).text
    assert "水库管理处今天" in text and "上午开启闸门" in text


def test_half_a_character_at_the_end_does_not_change_the_encoding():
    assert decode("水库放水，两岸受益".encode()[:-1]).text == "水库放水，两岸受"


@pytest.mark.parametrize("name", ["none", "x-nothing", "utf-8mb4", "\u0130"])
def test_an_unknown_encoding_is_passed_over(name):
    assert (
        "水库"
        in decode("水库管理处今天上午开启两孔闸门，这是今年的第一次".encode("gbk"), f"text/html; charset={name}").text
    )


def test_nul_bytes_vanish():
    assert decode(b"a\x00b").text == "ab"


@pytest.mark.parametrize(
    ("right", "wrong"), [("gb18030", "iso8859-15"), ("gb18030", "cp1252"), ("utf-8", "iso8859-15")]
)
def test_a_page_that_was_read_as_latin_and_written_anew_as_utf8_is_mended(right, wrong):
    text = "<title>央行公布数据</title><p>三月末，广义货币余额同比增长百分之八，比上月末高，是去年以来的最高点。</p>"
    assert decode(text.encode(right).decode(wrong).encode()).text == text


def test_words_with_accents_are_not_taken_for_garbled_ones():
    text = "<p>Über die Größe: élève, château, naïveté, œuvre, à côté, plaît-il à Noël? Señor, mañana, ¡olé!</p>" * 9
    assert decode(text.encode()).text == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_byte_order_mark_is_read(encoding):
    page = f"<!DOCTYPE html><html><head><title>水库放水</title></head><body><p>{LONG}</p></body></html>"
    assert decode(page.encode(encoding)).text == page


def test_a_few_nul_bytes_make_no_utf_16():
    assert decode("<p>水库\0放水</p>".encode() + b"\0" * 4).text == "<p>水库放水</p>"


TEXTS = {
    "zh-Hans": LONG,
    "zh-Hant": "東灣港務局昨日公布今年首兩個月處理的貨櫃量，較去年"
    "同期增加一成三，是歷年同期的新高。局方表示，新的碼頭"
    "會在下個月開始使用，屆時可以有更多的大型船隻同時停靠，對本地的產業和就業都有好處。",
    "ja": "冬に積もった雪を倉庫にため、その冷気で夏まで野菜を保存"
    "する取り組みが広がっている。町の担当者は「電気代が半分"
    "になった」と話し、来年はさらに二つの倉庫を建てる予定だという。",
    "ko": "시장 상인회는 빈 점포의 임대료를 낮추고 젊은 사람들이 가게"
    "를 열 수 있도록 도왔다. 올해 들어 새로 문을 연 가게는 "
    "모두 서른 곳이며, 그 가운데 절반은 지역에서 난 재료로 음식을 만들어 판다고 한다.",
    "ru": "Школьники собрали метеостанцию и теперь предсказывают"
    " погоду для всего района. Учитель физики говорит, что "
    "прибор стоит недорого, а данные с него получают даже в соседних сёлах.",
    "el": "Το μικρό νησί παράγει όλο το ρεύμα του από τον άνεμο κα"
    "ι τον ήλιο. Οι κάτοικοι λένε ότι τον χειμώνα μένει και "
    "περίσσευμα, που το πουλάνε στο διπλανό νησί με ένα καλώδιο στον βυθό.",
    "pl": "Mieszkańcy osiedla pojadą tramwajem już w przyszłym miesiącu. "
    "Budowa trwała dwa lata dłużej, niż zakładano, "
    "bo pod ulicą znaleziono ślady średniowiecznego młyna, które "
    "trzeba było najpierw zbadać. Władze są zadowolone.",
    "de": "Die Brücke über den Fluss wird für zwölf Wochen gesperrt, "
    "weil die Träger größere Schäden haben als gedacht. "
    "Fußgänger können die Fähre nehmen, Züge fahren über die südliche "
    "Strecke; die Kosten trägt überwiegend das Land.",
    "fr": "L'été dernier, la rivière était presque à sec; cette année, "
    "les pêcheurs sont revenus. Le maire a créé une "
    "réserve où l'on ne pêche plus, et les résultats ont dépassé "
    "ce que l'on espérait à côté, dans la vallée voisine.",
}
ENCODINGS = {
    "zh-Hans": ("gbk", "gb18030"),
    "zh-Hant": ("big5", "gb18030"),
    "ja": ("cp932", "euc_jp"),
    "ko": ("cp949", "euc_kr"),
    "ru": ("cp1251", "koi8-r", "iso8859-5"),
    "el": ("cp1253", "iso8859-7"),
    "pl": ("cp1250", "iso8859-2"),
    "de": ("cp1252", "iso8859-15"),
    "fr": ("cp1252", "iso8859-15"),
}
PAIRS = [(name, encoding) for name, each in ENCODINGS.items() for encoding in (*each, "utf-8")]


@pytest.mark.parametrize(("language", "encoding"), PAIRS)
@pytest.mark.parametrize("declared", ["right", "", "utf-8", "gb2312", "big5", "iso-8859-1", "windows-1251"])
def test_no_declaration_spoils_a_text(language, encoding, declared):
    label = encoding if declared == "right" else declared
    head = f'<meta charset="{label}">' if label else ""
    page = f"<html><head>{head}<title>x</title></head><body class=c1><p>{TEXTS[language]}</p></body></html>"
    assert TEXTS[language] in decode(page.encode(encoding)).text


def test_a_byte_order_mark_before_text_that_is_no_utf8_is_passed_over():
    assert decode(codecs.BOM_UTF8 + f"<p>{LONG}</p>".encode("gbk")).text == f"<p>{LONG}</p>"


def test_a_bad_byte_behind_a_byte_order_mark_changes_nothing():
    body = codecs.BOM_UTF8 + f'<meta charset="gbk"><p>{LONG}</p>'.encode() + b"\xff"
    assert LONG in decode(body).text


def test_the_old_encodings_of_seven_bits_are_read():
    assert decode(f"<p>{LONG}</p>".encode("hz")).text == f"<p>{LONG}</p>"
    assert decode(f"<p>{TEXTS['ja']}</p>".encode("iso2022_jp")).text == f"<p>{TEXTS['ja']}</p>"


def test_a_script_with_a_tilde_and_a_brace_is_no_old_encoding():
    page = "<script>if (~{}[a]) b = ~{c: 1}; d = '~}'</script><p>plain</p>"
    assert decode(page.encode()).text == page


def test_long_foreign_comments_far_down_do_not_change_what_is_compared():
    page = f"<meta charset=iso-8859-1><script>{'x = 1;' * 20_000}</script><p>{LONG}</p>"
    assert decode(page.encode("gbk")).text == page
