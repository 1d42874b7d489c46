"""Pages that answer 200 and are no articles."""

import pytest

from crawler.refusals import refusal


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("抱歉,您访问的页面不存在", "does not exist"),
        ("该文章已被删除", "does not exist"),
        ("没有找到您要的网页", "does not exist"),
        ("404", "does not exist"),
        ("Page not found", "does not exist"),
        ("This article is no longer available", "does not exist"),
        ("用户登录", "log-in"),
        ("请登录后继续阅读", "log-in"),
        ("Sign in to continue", "log-in"),
        ("请稍候…", "robots"),
        ("正在验证您的浏览器", "robots"),
        ("Just a moment...", "robots"),
        ("Access Denied", "robots"),
    ],
)
def test_a_short_page_under_such_a_headline_is_no_article(title, kind):
    assert kind in refusal(title, "您可以返回首页浏览其他内容。")


@pytest.mark.parametrize(
    "title",
    [
        "央行下调存款准备金率",
        "支付平台登录故障持续两小时",
        "银行推出人脸登录服务",
        "Login problems hit bank customers",
        "404 Media raises funds for local reporting",
        "监管:下架不合规理财产品",
    ],
)
def test_news_about_such_things_stays_news(title):
    assert refusal(title, "正文" * 300) == ""


@pytest.mark.parametrize(
    "title",
    [
        "央行下调存款准备金率",
        "支付平台登录故障持续两小时",
        "银行推出人脸登录服务",
        "监管:下架不合规理财产品",
        "某平台大量内容下架",
        "苹果官网页面移除旧款手机",
        "警方提醒:短信验证码不要告诉他人",
        "新规:贷款合同网页须经身份验证方可签署",
        "404 Media raises funds",
        "Log in to your bank? Fraudsters copy its page",
    ],
)
def test_a_flash_stays_a_flash(title):
    assert refusal(title, "一句话快讯。") == ""
