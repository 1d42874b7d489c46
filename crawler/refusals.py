"""Pages that answer 200 and are no articles: "page not found", log-in walls, checks for robots, errors. Pure.

Such a page is short, and its headline says what it is; a check for robots may have the host's name for one, and says it
in its text. Both are asked for, so that news about log-ins and missing pages stays news.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# In bytes of UTF-8: 400 Chinese characters, 200 English words.
MAX_TEXT = 1200
MAX_TITLE = 200

_SORRY = r"^\W*(?:(?:非常|很)?(?:抱歉|对不起|對不起|遗憾)|sorry|oops|error)?\W*"
_WHAT = r"(?:页面|頁面|网页|網頁|文章|内容|內容|链接|連結|新闻|新聞)"

MISSING = "a page that says the article does not exist"
_RULES = (
    (
        MISSING,
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
            r"|^\W*(?:please )?(?:log|sign) ?in(?: to [^?.!:]{1,30})?\W*$|^\W*subscribe to (?:continue|read)"
            r"|^\W*(?:本文|此文|该文|本内容|此内容)(?:为|是|属于)?(?:付费|会员|VIP)(?:专享|专属|可见|阅读)?(?:内容|文章)?\W*$"
            r"|^\W*this (?:article|content|story) is (?:for|only for|reserved for|available to) [\w ]{0,20}"
            r"(?:subscribers|members)(?: only)?\W*$",
            re.I,
        ),
    ),
    (
        "a check for robots",
        re.compile(
            r"^\W*(?:请稍候|請稍候|请稍等|just a moment|one moment|please wait|attention required)\b"
            r"|^\W*(?:access denied|forbidden|(?:安全|人机|身份|访问|访客|滑动|拼图|行为)验证(?:页面|中心)?)\W*$"
            r"|^\W*(?:sorry,? )?you have been blocked\W*$|^\W*(?:访问|请求)(?:异常|受限|被拒绝|被拦截)\W*$|^\W*禁止访问\W*$"
            r"|^\W*(?:您|你)的(?:访问|请求|网络|IP|ip).{0,14}(?:异常|受限|拦截|拒绝|限制|屏蔽)\W*$"
            r"|^\W*正在验证|^\W*(?:请|需要?)?(?:完成|输入|通过).{0,6}验证码?\W*$|访问(?:过于|太)频繁"
            r"|checking your browser|are you (?:a )?(?:human|robot)|verify (?:that )?you are|unusual traffic",
            re.I,
        ),
    ),
    (
        "an error page",
        re.compile(
            r"^\W*(?:系统|系統|服务器?|伺服器|网站|網站|网络|網絡|页面|頁面|程序|数据库)?(?:内部|內部)?"
            r"(?:繁忙|错误|錯誤|异常|異常|出错|出錯|开小差|崩溃)[了啦]?(?:\W*(?:请|請)稍.{0,8})?\W*$"
            r"|^\W*(?:(?:http )?(?:error )?50\d\W*)?(?:internal server error|bad gateway|gateway time-?out"
            r"|service (?:temporarily )?unavailable)\W*$|^\W*(?:oops\W*)?(?:something went wrong|an error (?:has )?occurred)"
            r"\W*$|^\W*(?:whitelabel error page|(?:server|runtime|application|database|fatal|unexpected) error)\W*$"
            r"|^\W*error establishing a database connection\W*$|^\W*server error in '/' application\W*$",
            re.I,
        ),
    ),
    (
        "a notice of maintenance",
        re.compile(
            r"^\W*(?:本站|网站|網站|系统|系統|服务器?|站点|平台)?(?:正在)?(?:升级|升級|维护|維護)+(?:中|之中)\W*$"
            r"|^\W*(?:(?:the |this |our )?(?:web ?)?site is )?(?:currently )?(?:under|down for) (?:scheduled )?maintenance\W*$"
            r"|^\W*we(?:['’]ll| will) be (?:right )?back(?: soon| shortly)?\W*$",
            re.I,
        ),
    ),
    (
        "a question about cookies",
        re.compile(
            r"^\W*(?:我们|我們)(?:非常|十分)?(?:重视|重視|尊重)(?:您|你)的(?:隐私|隱私)\W*$"
            r"|^\W*we (?:value|respect|care about) your privacy\W*$|^\W*(?:before you continue|your privacy choices)\W*$"
            r"|^\W*(?:manage )?cookies?\W*(?:settings|consent|preferences|设置|偏好)\W*$",
            re.I,
        ),
    ),
    (
        "an offer of the domain",
        re.compile(
            r"^\W*(?:本|该|该个|此|您访问的)?域名.{0,6}(?:出售|转让|过期|到期)\W*$"
            r"|^\W*(?:this )?domain (?:name )?(?:is|may be|has) (?:for sale|parked|expired)\W*$",
            re.I,
        ),
    ),
)
_CHECK = _RULES[2][0]
# What stands before a site that is there and does not let us in.
WALLS = (_RULES[1][0], _CHECK)
_SAID = re.compile(
    r"enable javascript and cookies to continue|needs to review the security of your connection"
    r"|checking (?:if the site connection is secure|your browser before)|请(?:按住|拖动|向右拖动)滑块"
    r"|(?:完成|通过|输入)[^。]{0,8}验证码?(?:后|以|即可)[^。]{0,6}(?:访问|浏览)|已被(?:网站管理员设置|防火墙|安全策略)拦截"
    r"|protect itself from online attacks",
    re.I,
)


def refusal(title: str, text: str) -> str:
    """What a page is instead of an article, by its headline and its text; "" for an article."""
    if len(title) > MAX_TITLE or len(text) > MAX_TEXT or len(text.encode("utf-8", "replace")) > MAX_TEXT:
        return ""
    told = next((name for name, rule in _RULES if rule.search(title)), "")
    return told or (_CHECK if _SAID.search(title) or _SAID.search(text) else "")


_ABOUT = re.compile(
    r"^\W*(?:联系(?:我们|方式)|聯[絡繫](?:我們|方式)|关于(?:我们|本站)|關於(?:我們|本站)|(?:网站|本站)?(?:简介|介绍)|(?:隐私|隱私)(?:政策|声明|聲明|权政策)"
    r"|(?:用户|用戶|服务|服務|使用)(?:协议|協議|条款|條款)|(?:免责|免責|版权|版權|法律)(?:声明|聲明)|(?:网站|網站)(?:地图|地圖)"
    r"|广告(?:服务|刊例|合作)|诚聘英才|加入我们|招聘信息|友情链接|帮助中心|常见问题"
    r"|about(?: us)?|contact(?: us)?|privacy (?:policy|notice)|cookie policy|terms(?: (?:of|and) (?:use|service|conditions))*"
    r"|imprint|impressum|site ?map|advertise(?: with us)?|help cent(?:er|re)|faq)\W*$",
    re.I,
)
_ON_SALE = re.compile(
    r"^\W*(?:加入购物车|加入購物車|立即购买|立即購買|立即下单|add to (?:cart|bag|basket)|buy now)\W*$", re.I
)


def service(title: str, lines: Iterable[str]) -> str:
    """What a page without a time is that is no news: about its site, or a thing to buy; "" for none of these."""
    if _ABOUT.match(title):
        return "a page about the site"
    return "a page of a shop" if any(len(line) < 30 and _ON_SALE.match(line) for line in lines) else ""
