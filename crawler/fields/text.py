"""The body of the article.

1. Every line gets a value, and the box with the greatest sum is the body (`crawler.box`).
2. Inside it, whole boxes that are furniture go: link grids, sharing, comments, related lists (`_drop_boxes`).
3. Single lines go that are no story: editor, source and date lines, invitations, legal text (`_drop_lines`).
4. What stands after the first end mark goes, unless a normal paragraph comes after it (`_drop_tail`).
"""

from __future__ import annotations

import re
from itertools import accumulate

from crawler.box import DATE_ONLY, LEGAL_TEXT, Run, choose, line_values, widen
from crawler.names import ADS, AWAY, BODY, LEGAL, META, STORY, TALK, flags
from crawler.tree import Line
from crawler.times import first
from crawler.view import Found, View, squeeze

TYPE = str
RULES = ()

_CREDIT = re.compile(
    r"^[\s\[【（(]*(责任编辑|責任編輯|责编|记者|記者|摄影|攝影|通讯员|图片|供图|制图|视频|文案|排版|此前报道|本文编辑|值班编辑|编辑|編輯|编审|审核|审校|校对|校對|监制|策划|来源|來源|稿件来源|文章来源|信息来源|消息来源|"
    r"原标题|原標題|作者|撰文|文/|文／|关键[字词]|關鍵字|标签|標籤|发布时间|发表时间|發佈時間|更新时间|时间|日期|点击|浏览|阅读|人气|字号|字體|字体|"
    r"版权|声明|免责|转载|微信|公众号|扫码|扫一扫|更多精彩|延伸阅读|相关阅读|相关新闻|相关链接|相关专题|相關新聞|延伸閱讀|推荐阅读|热门推荐|"
    r"上一篇|下一篇|上一页|下一页|分享到|分享至|分享|网友评论|我要评论|发表评论|专题|更多)\s*[:：/／】\]]?",
    re.I,
)
_CREDIT_SHORT = 120
_TALK_HEAD = re.compile(
    r"^\W*((\d+\s*)?(网友|最新|热门|全部|精彩|用户|發表|发表)?(评论|評論|留言|跟帖|讨论区|回响)(区|列表)?|(leave a )?(comments?|repl(y|ies)|discussion)|kommentare|"
    r"commentaires|comentarios|комментарии|komentarze|σχόλια)\W*(\(?\d*\)?|条|則|则)?\W*$",
    re.I,
)
_OTHER_HEAD = re.compile(
    r"^\W*(相关|相關|延伸|推荐|推薦|更多|热门|熱門|猜你|您可能|你可能|为您推荐|往期|最新|精彩|编辑推荐|大家都在)[\u4e00-\u9fff]{0,8}\W*$|"
    r"^\W*(related|see also|read (more|also|next)|more (from|on|in|stories|news)|you (may|might) (also|like)|recommended|trending|most (read|popular)|"
    r"popular|latest|further reading|don['’]t miss|mehr zum thema|lesen sie auch|das könnte sie|à lire|lire aussi|читайте также|по теме|czytaj)\b.{0,40}$",
    re.I,
)
_INVITE = re.compile(
    r"(关注|關注|下载|下載|扫描|扫码|掃描|长按|訂閱|订阅|点击|點擊|加入|按|请按|讚|转发|分享|登陆|登录|開設|搜索|回复|添加).{0,24}"
    r"(公众号|公眾號|微信|微博|APP\b|客户端|客戶端|二维码|粉絲團|粉丝团|專頁|专页|facebook|频道|進行评论|进行评论|在看|点赞|朋友圈|小程序|newsletter|telegram)|"
    r"^\W*(正文已结束|the end|完|完结|end|本文完|全文完)\W*$|^\W*(原题为|原标题|原題|本文原标题|原文标题)|(综合整理|综合编译|综合报道|资料来源|图片来源|文章来源|本文来源|本文系)[:：自于]",
    re.I,
)
_DATED = re.compile(
    r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:\s*\d{1,2}\s*[:：]\s*\d\d|.{0,6}来源|.{0,6}來源)"
)
_POST = re.compile(
    r"^(网友|網友|游客|遊客|用户|用戶|匿名|匿名用户|楼主|樓主)[\w*]{0,12}[\d*]\S{0,6}(\s.{0,24})?$|^(#\d+|\d+\s*楼)\s"
)
# These start a line of their own wherever they stand.
_CALL = re.compile(
    r"^(edited by|editing by|follow us|subscribe|sign up|(to )?continue reading|unlimited access|download (the|our)|click here|tap here|like us|join our|get (the|our) (latest|free|daily)|support our)\b|"
    r"(剩余|还有)\s*\d+\s*%|(订阅|開通|开通|購買|购买|登录|登入|付费|付費)[^，。]{0,10}(后|後|即可|畅读|暢讀|继续)?(阅读|閱讀|全文|畅读)|(continue reading|unlimited access|become a (member|subscriber)|already a subscriber)|"
    r"^(share|tweet|email|print)( (this|on|via)\b.{0,30})?\W*$|^the views? (expressed|of|in)\b|^(advertisement|anzeige|publicité|реклама|reklama|story continues below|continue reading|share this|see more|view (comments|gallery)|add to wishlist)\W*$",
    re.I,
)
_BYLINE = re.compile(
    r"^(by|von|par|por|автор|фото|текст|reporting by|edited by|written by)\b\W*\w|^\d+ (min(ute)?s?|мин)\b.{0,12}(read|чтения)?$|^(记者|記者)\s?\S{2,8}$",
    re.I,
)
_PARAGRAPHS = frozenset(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "span", "blockquote", "b", "strong", "font", "em", "i")
)


def locate(view: View) -> Found | None:
    """Fill `view.box`, `view.kept` and `view.dropped`; the value is the body, a paragraph a line."""
    values = line_values(view)
    run, other = choose(view, values)
    if run is None:
        return None
    run = widen(view, run, values)
    view.box = run.box
    alive = [n for n in range(run.first, run.last) if n != view.title_line]
    alive = _drop_boxes(view, values, run, alive)
    alive = _drop_sections(view, run, alive)
    alive = _drop_after(view, alive)
    view.kept = _drop_lines(view, alive)
    evidence = f"{_name(view, run)}; runner-up {_name(view, other)}"
    return Found("\n".join(paragraphs(view)), evidence) if view.kept else None


def paragraphs(view: View) -> list[str]:
    """The body, paragraph by paragraph."""
    return [view.tree.lines[n].text for n in view.kept]


def trace(view: View) -> list[str]:
    """One line for each dropped line of the page: its number, the rule, the text."""
    lines = view.tree.lines
    return [f"{n}: {why}: {lines[n].text[:60]}" for n, why in sorted(view.dropped.items())]


def _name(view: View, run: Run | None) -> str:
    if run is None:
        return "none"
    element = view.tree.elements[run.box]
    name = f" {element.name.strip()}" if element.name.strip() else ""
    return f"<{element.tag}{name}> lines {run.first}-{run.last - 1} score {run.score:.0f}"


def _drop_boxes(view: View, values: list[float], run: Run, alive: list[int]) -> list[int]:
    tree = view.tree
    whole = tree.size_sum[run.last] - tree.size_sum[run.first]
    visible = sum(
        tree.lines[n].size for n in alive if tree.lines[n].ends and not tree.elements[tree.lines[n].box].hidden
    )
    sums = list(accumulate(values, initial=0.0))
    ends = list(accumulate((line.ends for line in tree.lines), initial=0))
    for number in range(view.box + 1, len(tree.elements)):
        element = tree.elements[number]
        if element.first >= run.last:
            break
        if (
            element.first < run.first
            or element.last > run.last
            or element.first == element.last
            or element.first in view.dropped
        ):
            continue
        worth = sums[element.last] - sums[element.first]
        share = tree.link_share(element)
        bits = flags(element.name)
        size = tree.size(element)
        sentences = ends[element.last] - ends[element.first]
        reason = ""
        if element.tag in _PARAGRAPHS and sentences and share < 0.5:
            continue
        if number in view.teasers and size * 2 < whole:
            reason = "teasers of other stories"
        elif share > 0.5 and sentences <= (element.last - element.first) / 3:
            reason = "link grid"
        elif bits & (TALK | ADS | LEGAL) and not bits & BODY and size * 2 < whole:
            reason = "name: comment, advertising or legal"
        elif bits & AWAY and not bits & BODY and size * 3 < whole and (share > 0.2 or size < 200):
            reason = "name: furniture"
        elif bits & META and not bits & BODY and size < 200 and not sentences:
            reason = "name: date and source line"
        elif element.tag in ("nav", "footer", "form", "aside") and size * 3 < whole:
            reason = f"<{element.tag}>"
        elif element.hidden and not bits & (BODY | STORY) and not tree.elements[element.parent].hidden and visible > 60:
            reason = "hidden"
        elif worth < 0 and share > 0.35:
            reason = "more links than text"
        if reason:
            for n in range(element.first, element.last):
                view.dropped.setdefault(n, reason)
    return [n for n in alive if n not in view.dropped]


def _drop_sections(view: View, run: Run, alive: list[int]) -> list[int]:
    """Comments and lists of other stories that say so in a heading of their own."""
    lines = view.tree.lines
    total = sum(lines[n].size for n in alive)
    for n in alive:
        line = lines[n]
        if line.size > 70 or n in view.dropped:
            continue
        talk = _TALK_HEAD.match(line.text)
        if not talk and not _OTHER_HEAD.match(line.text):
            continue
        end = _section_end(view, run, n)
        section = [m for m in range(n, end) if m in alive]
        if not talk:
            section = _until_sentences(view, section)
        if sum(lines[m].size for m in section) * 2 < total:
            for m in section:
                view.dropped.setdefault(m, f"section: {line.text[:20]}")
    return [n for n in alive if n not in view.dropped]


def _drop_after(view: View, alive: list[int]) -> list[int]:
    """What follows the story in its own box: another story under a linked headline and date, or readers' posts."""
    lines = view.tree.lines
    told = end = 0
    for n in range(alive[0], alive[-1]) if alive else ():
        line = lines[n]
        if n < end or n <= view.title_line:
            continue
        if told and line.size < 200 and line.text not in view.tree.title:
            linked = line.heading in (1, 2, 3) and (line.heading == 1 or line.link * 2 > line.size)
            if linked and any(_is_meta(view, following) for following in lines[n + 1 : n + 3]):
                end = _started(view, n)
                alive = _cut(view, alive, n, end, "another story")
            elif _POST.match(line.text) and sum(bool(_POST.match(lines[m].text)) for m in alive if m >= n) >= 2:
                return _cut(view, alive, n, len(lines), "readers' posts")
        told += line.ends > 0 and line.size > 60 and not line.heading and n not in view.dropped
    return alive


def _started(view: View, n: int) -> int:
    """Where the largest box ends that starts with line `n`."""
    end, index = n + 1, view.tree.lines[n].box
    while index >= 0 and view.tree.elements[index].first == n:
        end = view.tree.elements[index].last
        index = view.tree.elements[index].parent
    return end


def _is_meta(view: View, line: Line) -> bool:
    return line.size < 120 and not line.ends and _is_dated(view, line.text)


def _cut(view: View, alive: list[int], start: int, end: int, reason: str) -> list[int]:
    for n in alive:
        if start <= n < end:
            view.dropped.setdefault(n, reason)
    return [n for n in alive if not start <= n < end]


def _section_end(view: View, run: Run, n: int) -> int:
    """Where the section that line `n` heads ends: with the outermost box that starts there, else with its parent."""
    elements = view.tree.elements
    index = view.tree.lines[n].box
    end = n + 1
    while index >= 0 and index != run.box:
        element = elements[index]
        end = max(end, element.last)
        if element.first < n or element.last > n + 1:
            break
        index = elements[index].parent
    return min(run.last, end if index != run.box else run.last)


def _until_sentences(view: View, section: list[int]) -> list[int]:
    """The heading and the links after it; the story may go on below them."""
    taken = section[:1]
    for m in section[1:]:
        line = view.tree.lines[m]
        if line.link * 2 < line.size and (line.ends or line.size > 90):
            break
        taken.append(m)
    return taken


def _drop_lines(view: View, alive: list[int]) -> list[int]:
    kept: list[int] = []
    title = squeeze(view.title)
    told = 0
    for place, n in enumerate(alive):
        line = view.tree.lines[n]
        reason = _line_reason(line)
        if not reason and n < view.title_line <= alive[-1] and (not line.ends or line.size < 150):
            reason = "before the headline"
        if not reason and len(kept) < 3 and line.size < 300 and squeeze(line.text) == title:
            reason = "the headline again"
        if not reason and not told:
            reason = _head_reason(view, line)
        if (
            not reason
            and place * 3 >= len(alive) * 2
            and line.size < 120
            and not line.ends
            and _DATED.search(line.text)
        ):
            reason = "date line"
        if not reason and place * 2 >= len(alive) > 1 and line.size < 400 and _INVITE.search(line.text):
            reason = "invitation"
        if reason:
            view.dropped[n] = reason
        else:
            kept.append(n)
            told += line.ends > 0 or line.size > 120
    return kept


def _head_reason(view: View, line: Line) -> str:
    """Before the first sentence stand date, source and byline, each short and in a box of its own."""
    if line.size < 160 and not line.text.endswith(("。", "！", "？", ".")) and _is_dated(view, line.text):
        return "date line"
    if line.ends or line.size > 60 or line.heading:
        return ""
    if DATE_ONLY.match(line.text) or _BYLINE.match(line.text):
        return "byline"
    tag = view.tree.elements[line.box].tag
    return (
        "short line before the first sentence"
        if tag not in ("p", "td", "blockquote", "pre") and not line.broken
        else ""
    )


def _is_dated(view: View, text: str) -> bool:
    """Whether a line is a date with little beside it, in any notation that is known."""
    if _DATED.search(text):
        return True
    if not any(map(str.isdigit, text)):
        return False
    moment = first(text, view.fetched_at)
    return moment is not None and (moment.end - moment.start) * 2 >= len(text)


def _line_reason(line: Line) -> str:
    if line.size < _CREDIT_SHORT and _CREDIT.match(line.text):
        return "credit line"
    if line.size < 200 and _CALL.search(line.text):
        return "invitation"
    if LEGAL_TEXT.search(line.text) and line.size < 600:
        return "legal text"
    if line.ends == 0 and (line.link * 2 > line.size or (len(line.anchors) >= 4 and line.link * 3 > line.size)):
        return "link line"
    return ""
