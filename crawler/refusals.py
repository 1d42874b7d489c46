"""Pages that answer 200 and are no articles: "page not found", log-in walls, checks for robots. Pure.

Such a page is short, and its headline says what it is. Both are asked for, so that news about log-ins and missing
pages stays news.
"""

from __future__ import annotations

import re

MAX_TEXT = 400

_SORRY = r"^\W*(?:(?:非常|很)?(?:抱歉|对不起|對不起|遗憾)|sorry|oops|error)?\W*"
_WHAT = r"(?:页面|頁面|网页|網頁|文章|内容|內容|链接|連結|新闻|新聞)"

_RULES = (
    (
        "a page that says the article does not exist",
        re.compile(
            rf"{_SORRY}(?:(?:您|你|该|該|此|本|当前|这个|這個)[^,，。]{{0,10}}?)?{_WHAT}.{{0,4}}?"
            r"(?:不存在|找不到|未找到|没有找到|无法访问|已?被?(?:删除|刪除|移除|下线)|失效|走丢了?|飞走了?)\W*$"
            rf"|{_SORRY}(?:找不到|没有找到|未找到)[^,，。]{{0,10}}{_WHAT}\W*$"
            rf"|{_SORRY}(?:404|410)(?:\W*(?:page )?not found|\W*gone)?\W*$"
            rf"|{_SORRY}(?:(?:this|the|that) )?(?:page|article|story|requested url)\b.{{0,20}}"
            r"\b(?:not|no longer|cannot|can't) (?:be )?(?:found|exists?|available)\W*$"
            r"|^\W*not found\W*$",
            re.I,
        ),
    ),
    (
        "a log-in page",
        re.compile(
            r"^\W*(?:用户|用戶|会员|會員|账号|帳號)?(?:登录|登錄|登陆|登入)\W*$"
            r"|^\W*(?:请|請)(?:您)?先?(?:登录|登錄|登陆|登入)|(?:登录|登錄|登陆|登入)后(?:查看|阅读|继续)"
            r"|^\W*(?:please )?(?:log|sign) ?in(?: to [^?.!:]{1,30})?\W*$|^\W*subscribe to (?:continue|read)",
            re.I,
        ),
    ),
    (
        "a check for robots",
        re.compile(
            r"^\W*(?:请稍候|請稍候|请稍等|just a moment|one moment|please wait|attention required)\b"
            r"|^\W*(?:access denied|forbidden|(?:安全|人机|身份|访问|滑动|拼图)验证)\W*$"
            r"|^\W*正在验证|^\W*(?:请|需要?)?(?:完成|输入|通过).{0,6}验证码?\W*$|访问(?:过于|太)频繁"
            r"|checking your browser|are you (?:a )?(?:human|robot)|verify (?:that )?you are|unusual traffic",
            re.I,
        ),
    ),
)


def refusal(title: str, text: str) -> str:
    """What a page is instead of an article, by its headline and its text; "" for an article."""
    if len(text) > MAX_TEXT:
        return ""
    return next((name for name, rule in _RULES if rule.search(title)), "")
