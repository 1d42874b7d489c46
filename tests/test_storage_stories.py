"""Near-duplicates: a reprint is a copy, tomorrow's report is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage import Article, Visit
from storage.align import align, covered
from storage.stories import judge as compare
from storage.stories import like, told

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)
TITLE = "江南造船交付首艘甲醇动力集装箱船"
TEXT = (
    "本报讯（记者 林远）江南造船厂三月二十日向船东交付了首艘甲醇动力集装箱船。该船总长336米，可装载1.6万个标准箱。\n"
    "船厂负责人介绍，与燃油船相比，新船每年可减少二氧化碳排放约3.2万吨，航速达到22节，续航里程超过两万海里。\n"
    "业内人士认为，绿色船舶订单正在加速增长，国内船企已占据全球甲醇动力船订单的六成以上，产业链配套日益完善。\n"
    "据了解，同系列另有五艘船正在建造，预计明年底前全部交付，将投入亚欧航线运营，沿途挂靠十二个港口。\n"
    "港口方面表示，已完成甲醇加注设施的改造，首次加注作业将在下月进行，届时会邀请多家航运公司现场观摩。"
)
LINES = TEXT.split("\n")
REPORT = (
    "沪深两市今日震荡整理，截至收盘，上证指数涨0.48%，报3215.66点；深证成指涨0.91%，报10874.32点。两市成交额8712亿元。\n"
    "盘面上，半导体、券商板块涨幅居前，煤炭、银行板块回调。北向资金全天净买入35.6亿元，连续三日净流入。\n"
    "分析人士认为，市场情绪逐步回暖，后续需关注宏观数据和增量资金的变化，建议投资者控制仓位，均衡配置。"
)

COPIES = {
    "retitled": ("快讯：首艘甲醇动力箱船在沪交付_财经频道", TEXT),
    "one line added": (TITLE, TEXT + "\n声明：本文转自其他媒体，不代表本网观点，如有侵权请联系删除。"),
    "an agency line before": (TITLE, "东海新闻网3月20日讯 " + TEXT),
    "a paragraph dropped": (TITLE, "\n".join(LINES[:2] + LINES[3:])),
    "re-ordered": (TITLE, "\n".join([LINES[0], LINES[3], LINES[1], LINES[4], LINES[2]])),
    "other punctuation and width": (TITLE, TEXT.replace("，", ", ").replace("。", ". ").replace("1.6", "１.６")),
    "thousands with commas": (TITLE, TEXT.replace("336米", "336米，造价12,500万元")),
    "only its beginning": (TITLE, "\n".join(LINES[:2])),
}
OTHERS = {
    "tomorrow's figures": (
        REPORT,
        REPORT.replace("0.48%，报3215.66", "0.12%，报3219.52")
        .replace("0.91%，报10874.32", "0.33%，报10910.2")
        .replace("8712", "9035"),
    ),
    "one figure": (REPORT, REPORT.replace("8712亿", "9712亿")),
    "one figure in Chinese": (TEXT, TEXT.replace("五艘", "六艘")),
    "only the footer": (
        "夜市经济火热，多地延长营业时间，餐饮消费明显回升，商户忙碌到凌晨。" + LINES[3] + LINES[4],
        "图书馆推出自助借阅服务，读者凭身份证即可借书，全市通借通还。" + LINES[3] + LINES[4],
    ),
}


# At one place of the same text.
OPPOSED = [
    ("股价受NVDA带动", "股价受TSLA带动"),
    ("聘任陈海峰为董事长", "聘任周立明为董事长"),
    ("会议在杭州举行", "会议在成都举行"),
    ("证券代码AX0B", "证券代码AXKB"),
    ("定于周二开标", "定于周四开标"),
    ("二季度产值", "四季度产值"),
    ("一月产值", "三月产值"),
    ("评级获上调", "评级遭下调"),
    ("造价5亿美元", "造价5亿英镑"),
    ("运煤5吨", "运煤5公斤"),
    ("船上暂无人受伤", "船上已有两人受伤"),
    ("方案未获通过", "方案获通过"),
    ("涨跌为-0.35%", "涨跌为+0.35%"),
    ("造价$300", "造价€300"),
    ("The envoy of Norway came", "The envoy of Brazil came"),
]
# So may a reprint word it.
WORDED = [
    ("股价受NVDA带动", "股价受nvda带动"),
    ("订单不断增长", "订单持续增长"),
    ("造价5亿港元", "造价5亿港币"),
    ("The crew said so", "The crew stated so"),
    ("定于周二开标", "定于星期二开标"),
]


def judge(one, other):
    return compare(told(*one), told(*other))


def save(store, title, text, number, *, at=NOW, published=None):
    url = f"http://s{number}.example/{number}.html"
    article = Article(url, title, text, at, published_at=published or at)
    return store.save(Visit(url, url, "article", "demo", at, 200), article=article)


@pytest.mark.parametrize("title, text", COPIES.values(), ids=COPIES)
def test_a_reprint_is_a_copy_of_the_first(store, title, text):
    first = save(store, TITLE, TEXT, 1)
    second = save(store, title, text, 2)
    assert (second.outcome, second.story_id) == ("copy", first.story_id)


@pytest.mark.parametrize("one, other", OTHERS.values(), ids=OTHERS)
def test_a_look_alike_is_a_story_of_its_own(store, one, other):
    save(store, "收评", one, 1)
    assert save(store, "收评", other, 2).outcome == "new"


@pytest.mark.parametrize("one, other", OPPOSED)
def test_another_name_unit_or_direction_contradicts(one, other):
    assert judge((TITLE, f"{TEXT}\n据悉，{one}，随后结束。"), (TITLE, f"{TEXT}\n据悉，{other}，随后结束。")).conflict


@pytest.mark.parametrize("one, other", WORDED)
def test_another_wording_does_not_contradict(one, other):
    assert judge((TITLE, f"{TEXT}\n据悉，{one}，随后结束。"), (TITLE, f"{TEXT}\n据悉，{other}，随后结束。")).copy


def test_the_day_of_a_report_is_no_slip_of_a_scanner():
    report = "3月4日（周三）沪指收升" + TEXT.replace("减少", "咸少").replace("介绍", "价绍").replace("已占", "己占")
    assert judge((TITLE, report), (TITLE, "3月5日（周四）沪指收跌" + TEXT)).conflict


def test_a_denial_is_no_copy_of_the_rumour():
    rumour, denial = (
        ("传江南造船收购平台", f"有消息称将收购。{TEXT}"),
        ("江南造船否认收购平台", f"有消息称将收购。公司回应称消息不实。{TEXT}"),
    )
    assert judge(rumour, denial).conflict


def test_another_guest_makes_another_story(store):
    text = "国务委员今日上午在北京会见来访的{0}外长一行。双方就双边关系和共同关心的问题交换意见，会谈气氛友好。"
    save(store, "国务委员会见挪威外长", text.format("挪威"), 1)
    assert save(store, "国务委员会见智利外长", text.format("智利"), 2).outcome == "new"


def test_a_digest_that_quotes_the_story_is_no_copy_of_it(store):
    save(store, TITLE, "\n".join(LINES[:2]), 1)
    digest = "\n".join([REPORT, LINES[0], LINES[1], REPORT.replace("涨", "跌"), "以上为今日要闻。" * 40])
    assert save(store, "财经早餐：今日要闻一览", digest, 2).outcome == "new"


def test_the_same_notice_a_year_later_is_another_story(store):
    text = TEXT.replace("首艘", "新一艘")
    save(store, TITLE, TEXT, 1)
    assert save(store, TITLE, text + "祝贺！", 2, at=NOW + timedelta(days=365)).outcome == "new"


def test_a_copy_of_a_copy_belongs_to_the_first(store):
    first = save(store, TITLE, TEXT, 1)
    save(store, TITLE, "\n".join(LINES[:4]), 2)
    third = save(store, TITLE, "\n".join(LINES[:3]), 3)
    assert third.story_id == first.story_id
    assert store.db.conn.execute("SELECT copy_of FROM articles WHERE id = 3").fetchone() == (first.article_id,)


def test_a_correction_of_the_first_article_is_what_later_copies_are_held_against(store):
    first = save(store, TITLE, TEXT, 1)
    assert save(store, TITLE, TEXT.replace("336米", "366米"), 1, at=NOW + timedelta(hours=1)).outcome == "changed"
    assert save(store, TITLE, "转载：" + TEXT.replace("336米", "366米"), 2).story_id == first.story_id
    assert save(store, TITLE, "转载：" + TEXT, 3).outcome == "new"


REWORDED = {
    "in the words of Taiwan": (TEXT.replace("产业链", "信息化"), TEXT.replace("产业链", "資訊化")),
    "slips of a scanner": (
        TEXT,
        TEXT.replace("336米", "33米").replace("介绍", "介").replace("减少", "咸少").replace("已占", "占"),
    ),
}


@pytest.mark.parametrize("one, other", REWORDED.values(), ids=REWORDED)
def test_what_only_looks_different_is_one(one, other):
    assert judge((TITLE, one), (TITLE, other)).copy


@pytest.mark.parametrize(
    "titles",
    [("财经委员会举行第三次会议", "财经委员会举行第四次会议"), ("欢迎挪威首相访华", "欢迎智利总统访华")],
)
def test_titles_on_one_pattern_part_two_texts(titles):
    text = "会议在北京人民大会堂东大厅隆重举行，有关部门负责人参加了会议并就共同关心的问题深入交换了意见。" * 2
    one, other = (f"{title}。{text}" for title in titles)
    assert judge((titles[0], one), (titles[1], other)).conflict


def test_a_verdict_says_why():
    verdict = judge(("收评", REPORT), ("收评", REPORT.replace("35.6", "41.2")))
    assert (verdict.copy, verdict.why) == (False, "`356000万` against `412000万`")


TEXTS = st.lists(st.sampled_from([*LINES, *REPORT.split("\n"), "一", "7", "a"]), max_size=6).map("\n".join)


@given(TEXTS, TEXTS)
def test_the_verdict_does_not_depend_on_the_order(one, other):
    assert judge(("题", one), ("题", other)) == judge(("题", other), ("题", one))


@given(TEXTS, TEXTS)
def test_aligned_passages_agree_and_do_not_overlap(one, other):
    a, b = told("", one).text, told("", other).text
    found = align(a, b)
    assert all(a[block.a : block.a + block.size] == b[block.b : block.b + block.size] for block in found)
    assert sum(block.size for block in found) <= len(b) and covered(found) <= len(a)


@given(st.text(max_size=200), st.text(max_size=200))
@example("", "꧰")  # a digit of another script
def test_any_two_texts_can_be_judged(one, other):
    assert judge((one, one), (other, other)).copy in (True, False)


def test_an_article_is_a_copy_of_itself():
    assert judge((TITLE, TEXT), (TITLE, TEXT)).copy


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [("央行宣布降准", "快讯：央行宣布降准", True), ("央行降准", "楼市回暖", False), ("", "", False)],
)
def test_titles_are_alike_when_half_of_them_is(one, other, alike):
    assert like(one, other) is alike


def test_the_story_belongs_to_whom_claims_the_earlier_time(store):
    save(store, TITLE, TEXT, 1)
    saved = save(store, TITLE, TEXT + "\n转载", 2, published=NOW - timedelta(days=1))
    row = store.db.conn.execute("SELECT first_article, first_seen_article, copies, sites FROM stories").fetchall()
    assert (saved.outcome, row) == ("new", [(2, 1, 1, 2)])
