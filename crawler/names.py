"""What the class and id of an element say about it: one set of words, shared by all rules, cached per string.

Names are evidence, never proof: a box called "sidebar" may hold the story, and a hashed class says nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from crawler.patterns import grouped

BODY = 1  # the article's own box
AWAY = 2  # furniture: navigation, related links, sharing, sidebars
TALK = 4  # readers' comments
META = 8  # date, source and author lines
ADS = 16  # advertising and invitations to subscribe
TITLE = 32  # the headline
LEGAL = 64  # copyright and disclaimers
STORY = 128  # the very box of the text, as content systems call it
CAPTION = 256  # the line below a picture

_WORDS: tuple[tuple[int, str], ...] = (
    (
        BODY,
        r"article[-_]{0,2}(body|content|text|detail|con\b)|artic|content|story|post|entry|body|text\b|txt|main\b|detail|"
        r"zhengwen|neirong|artibody|wenzhang|endtext|news[-_]{0,2}(con|text|body|txt)|rich_media|showtxt|zoom\b",
    ),
    (
        AWAY,
        r"\bnav|navi|menu|breadcrumb|crumb|sitemap|side[-_]{0,2}(bar|col|box|nav)|\bside\b|aside|sidebar|\bright|_right\b|"
        r"rightbar|footer|\bfoot\b|foot_|_foot|header\b|topbar|top-?bar|toolbar|\btools?\b|masthead|related|relate\b|recommend|"
        r"xiangguan|tuijian|xgxw|xgyd|more[-_]{0,2}(news|stories|from|list|link|articles|posts|on)|read-?more|readmore|hot[-_]{0,2}(news|list|"
        r"topic|rank|article|post)|\bhot\b|\brank|ranking|paihang|popular|trending|most[-_]{0,2}(read|viewed|popular|shared)|"
        r"share|sharing|social(?![-_]{0,2}(media[-_]{0,2})?(embed|post))|bdshare|jiathis|addthis|\bpager\b|pagination|page[-_]{0,2}(nav|num|link|list)|pagebar|prev[-_]{0,2}next|nextprev|"
        r"search|\btags?\b|tag[-_]{0,2}(list|cloud|links)|taglist|keywords?\b|\bprint|font[-_]{0,2}size|qr[-_]{0,2}code|qrcode|erweima|ewm\b|"
        r"app[-_]{0,2}(down|guide|code)|feedback|jubao|vote\b|digg\b|widget|teaser|carousel|slider|ticker|skip-?link|jump|"
        r"author[-_]{0,2}(bio|info|box|card|about)|about[-_]{0,2}author|latest[-_]{0,2}(news|post|list)|newest|zuixin|friend-?link|links?\b|gutter\b|lineno|(?:\b|_)qr(?:\b|_)",
    ),
    (
        TALK,
        r"com+ent|koment|komment|user[-_]{0,2}chat|disqus|pinglun|liuyan|\breply|replies|discuss|respond\b|guestbook|cmnt|gentie",
    ),
    (
        META,
        r"\bmeta\b|post[-_]{0,2}(info|meta|date|time)|art[-_]{0,2}info|article[-_]{0,2}(info|meta|header-?meta)|byline|dateline|datetime|pub[-_]{0,2}(date|time|info)|"
        r"pubtime|publish|timestamp|source|laiyuan|\bauthor|\binfo\b|news[-_]{0,2}(info|date|time|source)|credit|\btime\b|\bdate\b|bianji|editor\b",
    ),
    (
        ADS,
        r"\bads?\b|\badv?[-_]|-ads?\b|_ads?\b|advert|guanggao|sponsor|promo|banner|newsletter|subscri|sign[-_]{0,2}up|signup|"
        r"paywall|popup|modal|cookie|consent|gdpr|outbrain|taboola|donat|login|regist|overlay|inread|mrec\b|\bcta\b|upsell|\bgg\b|(author|contributor|writer)[-_]{0,2}(bio|section|desc)|tooltip",
    ),
    (
        STORY,
        r"arti(cle)?[-_]{0,2}(body|text\b|content|main-?text|con\b)|artical_real|artibody|(news|story|post|entry|main|article|content|detail)[-_]{0,2}(body|text|txt|content|con\b)|"
        r"endtext|zhengwen|neirong|rich_media_content|js_content|articlebody|text_?con|cnt_bd|\bzoom\b|trs_editor|ueditor",
    ),
    (
        CAPTION,
        r"caption|figcap|\bcutline|(pic|img|image|photo)[-_]{0,2}(text|intro|note|desc|info|essay|legend)|tuzhu|tushuo",
    ),
    (TITLE, r"title|headline|biaoti|\bhed\b|\bh1\b"),
    (LEGAL, r"copy-?right|disclaim|disclosure|mianze|shengming|statement|legal|terms|license|banquan"),
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PATTERNS = tuple((bit, grouped(words).search) for bit, words in _WORDS)


@lru_cache(maxsize=8_000)
def flags(name: str) -> int:
    """The bits that a "class id" string carries."""
    bits = 0
    if len(name) >= 3:
        for word in name[:300].split():
            bits |= _word_flags(word)
    return bits


@lru_cache(maxsize=20_000)
def _word_flags(word: str) -> int:
    """The bits of one class or id. All sites share most of these words, so that few are looked at twice."""
    word = _CAMEL.sub("-", word).lower()
    bits = 0
    for bit, search in _PATTERNS:
        if search(word):
            bits |= bit
    return bits
