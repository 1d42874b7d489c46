"""The medium that the page names as the origin of its text (来源), not the site that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.fields._evidence import body_edges, is_han_name, meta_lines, own_lines
from crawler.patterns import grouped
from crawler.times import moments
from crawler.view import Found, View, squeeze

TYPE = str

_LABEL = r"(?:(?:文章|稿件|信息|消息|新闻|新聞|内容|资料|資料|稿源|图片)?(?:来源|來源|来自|來自|出处|出處|稿源|转自|轉自|转载自|轉載自|摘自)|source)(?:于)?"
# A cheap look that spares the long patterns.
_SAYS = grouped("来源|來源|来自|來自|出处|出處|稿源|转自|轉自|转载自|轉載自|摘自|source", ignore_case=True)
_STOP = (
    r"(?=\s{1,}|$|[\]】）)（(|│｜,，;；。]|责任|責任|作者|编辑|編輯|记者|記者|(?:发布|發布|发表)(?:时间|時間|日期|于|[:：])|時間|时间|日期|点击|點擊|浏览|阅读|人气|字号|字體|字体|"
    r"评论|手机|我要|分享|打印|纠错|\d{4}[-年/])"
)
_LABELLED = re.compile(
    rf"{_LABEL}\s*[:：/]\s*[\[【<（(]?\s*(?P<name>[^\s\]】）)（(|│｜,，;；。:：]{{1,30}}?)\s*{_STOP}", re.I
)
_PIPED = re.compile(rf"{_LABEL}\s*[|｜丨]\s*(?P<name>[^\s|｜丨:：，。]{{2,20}})", re.I)
_SPACED = re.compile(rf"{_LABEL}\s+(?P<name>[\u4e00-\u9fff《》·\-A-Za-z0-9]{{2,20}}?){_STOP}", re.I)
# A line of its own at the end of a press release.
_LATIN = re.compile(r"SOURCE:?\s+(?P<name>[A-Z][\w&.,'’\- ]{2,60})")
_NOISE = re.compile(
    r"我要分享|我要评论|分享到.*|分享|评论|參與|参与|打印|字号|字體|字体|微博|收藏|听新闻|听全文|大|中|小|浏览|阅读|次|点击|订阅|關注|关注|来源|發佈|发布|时间|于|at|\W|首页|正文|简体|繁體|繁体"
)
_MEDIUM = re.compile(
    r"(网|網|报|報|社|台|臺|新闻|新聞|日报|周刊|週刊|在线|频道|频道|客户端|头条|财经|時報|时报|电视|广播|杂志|出版|中心|论坛)$"
)
_NAMED = grouped(
    "source|laiyuan|nickname|profile_inner|media_meta|account|media-?name|from-?name|pub-?name", ignore_case=True
)
# What else stands beside a time: counters, days, parts of papers, places that a network address leads to.
_NO_MEDIUM = re.compile(
    r"更新|修改|编辑|發表|发表|星期|周[一二三四五六日]|阅读|閱讀|朗读|收听|热度|已有|人气|农历|農曆|[初廿]|版$|IP|属地|原创|轉載|转载|手机|电脑|举报|点赞|投稿|置顶|推荐|正文|"
    r"[\d一二三四五六七八九十]+[分时点日月年]"
)
_DESKS = frozenset(
    "财经 財經 新闻 新聞 要闻 国内 国际 社会 科技 体育 娱乐 股票 基金 全国 频道 网站 论坛 客户端 北京 上海 广东 深圳".split()
)
_PLATFORM = re.compile(r"[\u4e00-\u9fff]号(?:·|$)|自媒体")
_FOLLOW = re.compile(r"^\W*(?:\+?\s*(?:关注|關注|订阅|訂閱)|[\u4e00-\u9fff]{2,3}号)\W*$")
_LEAD = re.compile(
    r"^[\s（(【\[]*(?:据)?(新华社|新華社|中新社|中新网|中央社|人民网|新华网|中国新闻网|法新社|路透社|美联社)[^，。]{0,16}?\d{1,2}(?:月\d{1,2})?日(?:电|電|讯|消息)"
)
_CREDITED = re.compile(r"https?://\S+|(?:作者|记者|記者|执笔|執筆|编辑|責任編輯|责任编辑)\s*[:：]?\s*\S+")
_BREAK = re.compile(r"[\s|│｜\[\]【】()（）]+")
_META = (
    "source",
    "mediaid",
    "og:article:source",
    "dc.source",
    "contentsource",
    "weibo:article:source",
    "copyright-source",
)


def labelled(view: View, *, platforms: bool = False) -> Found | None:
    """来源：NAME on a line around the headline or after the body."""
    for number in _places(view):
        line = view.tree.lines[number]
        if line.size > 500 or not _SAYS.search(line.spaced):
            continue
        match = _LABELLED.search(line.spaced) or _LATIN.fullmatch(line.spaced) or _SPACED.search(line.spaced)
        if match:
            name = _clean(match["name"])
            if name and bool(_PLATFORM.search(name)) == platforms:
                return Found(name, f"line {number}: {line.text[:80]}", number)
    return None


def piped(view: View) -> Found | None:
    """来源 | NAME between headline and body."""
    for number in own_lines(view):
        line = view.tree.lines[number]
        match = _PIPED.search(line.spaced) if line.size < 200 else None
        name = _clean(match["name"]) if match else ""
        if name:
            return Found(name, f"line {number}: {line.text[:80]}", number)
    return None


def platform(view: View) -> Found | None:
    """来源：NAME where the name is that of a platform for accounts, which itself writes nothing."""
    return labelled(view, platforms=True)


def _places(view: View) -> Iterator[int]:
    yield from meta_lines(view)
    yield from body_edges(view)


def account(view: View) -> Found | None:
    """The account of a platform where anybody may write: its name stands before "follow" or the platform's name."""
    lines = view.tree.lines
    for number in meta_lines(view):
        if lines[number].size < 30 and _FOLLOW.match(lines[number].text) and view.title_line < number - 1:
            name = _clean(lines[number - 1].text)
            if 2 <= len(name) <= 16 and not re.search(r"[\d:：，。]", name) and not is_han_name(name):
                return Found(name, f"line {number - 1}, an account", number - 1)
    return None


def split(view: View) -> Found | None:
    """A label on one line and the name on the next, as boxes of their own."""
    numbers = list(meta_lines(view))
    for number in numbers:
        line = view.tree.lines[number]
        if (
            line.size < 40
            and re.search(_LABEL + r"\s*[:：]\s*$", line.text, re.I)
            and number + 1 < len(view.tree.lines)
        ):
            name = _clean(view.tree.lines[number + 1].text)
            if name and len(name) <= 20:
                return Found(name, f"line {number + 1}, after its label", number + 1)
    return None


def metadata(view: View) -> Found | None:
    """A <meta> for the source."""
    for key in _META:
        name = _clean(re.sub(rf"^{_LABEL}\s*[:：]\s*", "", view.meta.get(key, ""), flags=re.I))
        if name and not re.fullmatch(r"[\d.]+|本站|原创|https?:.*", name):
            return Found(name, f"meta {key}")
    return None


def beside_time(view: View) -> Found | None:
    """A name beside the time: in its line a medium before any other word, in the next ones a medium only."""
    published = view.found.get("published")
    if published is None or published.line < 0:
        return None
    last = min(len(view.tree.lines), view.first_kept + 1)
    for number in (published.line, published.line - 1, published.line + 1):
        if not view.title_line < number < last or view.tree.lines[number].size > 120:
            continue
        before, after = _words_around(view, number)
        words = before[::-1] + after
        media = [w for w in words if _MEDIUM.search(w) and w not in _DESKS]
        if number == published.line and not media:
            media = [
                w
                for w in words[:1]
                if (len(w) > 3 or not is_han_name(w)) and not _NO_MEDIUM.search(w) and w not in _DESKS
            ]
        if media:
            name = _clean(media[0].rsplit("/", 1)[-1])
            return Found(name, f"line {number}, beside the time: {view.tree.lines[number].text[:60]}", number)
    return None


def _words_around(view: View, number: int) -> tuple[list[str], list[str]]:
    """The Chinese words of a meta line before and after its time, less labels, buttons and credits."""
    text = view.tree.lines[number].spaced
    found = list(moments(text, view.fetched_at))
    start = min((m.start for m in found), default=len(text))
    end = max((m.end for m in found), default=len(text))
    parts = []
    for part in (text[:start], text[end:]):
        rest = _CREDITED.sub(" ", part)
        words = (w for w in _BREAK.split(rest) if 2 <= len(w) <= 16 and not _NOISE.fullmatch(w))
        parts.append([w for w in words if re.search(r"[\u4e00-\u9fff]", w) and not re.search(r"[:：,，。！？]", w)])
    return parts[0], parts[1]


def named(view: View) -> Found | None:
    """A short line before the body in a box that is called source, account or medium."""
    for number in meta_lines(view):
        line = view.tree.lines[number]
        if line.size > 60 or number >= view.first_kept or not line.text.strip():
            continue
        inner = [view.tree.anchors[i].element for i in line.anchors[:1]] or [line.box]
        around = " ".join(view.tree.elements[i].name for i in view.tree.ancestors(inner[0], 3))
        name = _clean(view.tree.anchors[line.anchors[0]].text if len(line.anchors) == 1 else line.text)
        if _NAMED.search(around) and 2 <= len(name) <= 16 and not re.search(r"[\d:：，。]", name):
            return Found(name, f"line {number}, in a box called{around[:40]}", number)
    return None


def shown_publisher(view: View) -> Found | None:
    """The publisher that the metadata name, where a line between headline and body shows that name alone or by the time."""
    names = [v.get("name") if isinstance(v, dict) else v for v in view.linked_data("publisher")]
    names.append(view.meta.get("og:site_name", ""))
    wanted = {squeeze(name): name.strip() for name in names if isinstance(name, str) and len(squeeze(name)) > 2}
    for number in meta_lines(view):
        if not view.title_line < number < view.first_kept or view.tree.lines[number].size > 120:
            continue
        shown = squeeze(view.tree.lines[number].text)
        for key, name in wanted.items():
            if shown.startswith(key) or shown.endswith(key):
                return Found(name, f"line {number} and the metadata", number)
    return None


def agency(view: View) -> Found | None:
    """A news agency in the dateline of the first paragraph."""
    for number in view.kept[:2]:
        match = _LEAD.search(view.tree.lines[number].text)
        if match:
            return Found(match[1], f"dateline of line {number}", number)
    return None


def publisher(view: View) -> Found | None:
    """The publisher of the JSON-LD, where it is not the site itself."""
    site = squeeze(view.meta.get("og:site_name", ""))
    for value in view.linked_data("publisher"):
        name = value.get("name") if isinstance(value, dict) else value
        if (
            isinstance(name, str)
            and name.strip()
            and squeeze(name) != site
            and squeeze(name) not in squeeze(view.tree.title)
        ):
            return Found(name.strip(), "JSON-LD publisher")
    return None


RULES = (labelled, split, account, piped, metadata, beside_time, named, shown_publisher, agency, publisher, platform)


def _clean(name: str) -> str:
    name = re.sub(
        r"^[\s:：《\[【（(<]+|(?<![\s\]】）)>|,，。;；])[\s\]】）)>|,，。;；]++$",
        lambda m: "《" if "《" in m[0] else "",
        name.strip(),
    )
    if name.startswith("《") and name.endswith("》"):
        name = name[1:-1]
    return "" if _NOISE.fullmatch(name) or not squeeze(name) else name


def read(text: str) -> str:
    """The name in a text that is known to hold it, less its label."""
    return re.sub(r"^\s*(?:来源|來源|source)\s*[:：]?\s*", "", text, flags=re.I).strip()
