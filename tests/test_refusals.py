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
        ("安全验证", "robots"),
        ("滑动验证页面", "robots"),
        ("您的访问出现异常", "robots"),
        ("您的请求带有不合法参数，已被网站管理员设置拦截！", "robots"),
        ("Sorry, you have been blocked", "robots"),
        ("本文为付费内容", "log-in"),
        ("This article is for subscribers only", "log-in"),
        ("系统繁忙，请稍后再试", "error"),
        ("服务器内部错误", "error"),
        ("出错了！", "error"),
        ("500 Internal Server Error", "error"),
        ("502 Bad Gateway", "error"),
        ("Something went wrong", "error"),
        ("Whitelabel Error Page", "error"),
        ("网站正在维护中", "maintenance"),
        ("系统升级维护中", "maintenance"),
        ("We'll be back soon", "maintenance"),
        ("The site is currently down for maintenance", "maintenance"),
        ("我们重视您的隐私", "cookies"),
        ("We value your privacy", "cookies"),
        ("Cookie 设置", "cookies"),
        ("该域名可出售", "domain"),
        ("This domain is for sale", "domain"),
    ],
)
def test_a_short_page_under_such_a_headline_is_no_article(title, kind):
    assert kind in refusal(title, "您可以返回首页浏览其他内容。")


@pytest.mark.parametrize(
    "text",
    [
        "www.example.com needs to review the security of your connection before proceeding.",
        "请按住滑块，拖动到最右边",
        "检测到您的网络存在异常流量，请输入验证码后继续访问。",
        "This website is using a security service to protect itself from online attacks. " * 8,
    ],
)
def test_a_check_for_robots_is_known_by_what_it_says(text):
    assert "robots" in refusal("www.example.com", text)


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
        "系统故障致航班延误",
        "某券商交易系统出错，证监会立案",
        "银行系统升级维护，周末暂停转账",
        "Server error cost the bank millions",
        "Site is down: Amazon says we'll be back",
        "我们重视您的隐私：某应用更新条款",
        "某知名域名出售，成交价百万",
        "Domain name for sale at record price",
        "医院系统崩溃，患者无法挂号",
        "Log in to your bank? Fraudsters copy its page",
    ],
)
def test_a_flash_stays_a_flash(title):
    assert refusal(title, "一句话快讯。") == ""
