"""What an address looks like: an article, a list of them, page 3 of something, or nothing worth asking. Pure.

General rules only, for the sites that have no rule of their own. They decide what is asked first, not what a page is:
that its content says.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from crawler.urls import bare_host


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a path may end in and still be a page.
_PAGE_SUFFIXES = _words("htm html shtml shtm xhtml dhtml phtml stm php php5 asp aspx jsp jspx do action cgi pl cfm")
_FEED_SUFFIXES = _words("xml rss atom rdf json gz")
# What a path ends in that is certainly none.
_FILES = _words(
    "jpg jpeg png gif webp svg avif ico bmp mp3 mp4 m4a m4v m3u m3u8 mpeg mpg avi mov wmv flv swf webm ogg wav pdf doc "
    "docx xls xlsx ppt pptx odt epub zip rar tar 7z exe msi apk dmg iso css js txt csv ics wap"
)
_FEED_NAME = re.compile(r"(?:^|[/._-])(?:rss2?|feeds?|atom)/?$", re.I)
_SUFFIX = re.compile(r"\.([A-Za-z][A-Za-z0-9]{0,5})$")

# Directories whose pages are about the site or the reader, not news.
_SERVICE = _words(
    "about aboutus about-us account ad admin ads agreement api app apps auth author authors bbs cal calendar "
    "careers cart cdn-cgi client comment comments contact contact-us contactus contribute cookie cookies "
    "copyright css disclaimer download downloads faq favorite feedback feedbacks forum friendlink guestbook help "
    "images img jobs join js legal link links login logout mail member members my newsletter passport pay plugin "
    "podcast policy print privacy profile reg register rss search services shop sign-in signin signup sitemap "
    "static subscribe support tag tags terms user users weixin wp-admin wp-content wp-json wp-login"
)
_ARTICLE_DIRS = _words(
    "a archives archive article articles content detail details doc docs flash info item live news newsdetail p "
    "post posts r read show s stories story v view"
)
_LIST_DIRS = _words(
    "c cat category categories channel channels class col column columns list node section sections topics zt"
)
_LIST_NAMES = re.compile(r"(?:index|default|list|main|home|node|channel|col|more|roll)(?:[_\-]?\d+)*", re.I)
_PAGING_KEYS = _words("page p pn pg paged pageno pagenum pageindex page_no page_index curpage start offset")
_CALENDAR_KEYS = _words("date day month year ym ymd y m d week from to start end")
_ID_KEY = re.compile(r"(?:.*id|p|a|n|t|no|sn|code|docid|key|newsno|articleno)", re.I)

_DATE = r"(?:19|20)\d\d[\-_/.]?(?:0[1-9]|1[0-2])(?:[\-_/.]?(?:[0-2]\d|3[01]))?"
_ONLY_DATE = re.compile(rf"(?:{_DATE}|(?:19|20)\d\d|\d{{1,2}})")
# A calendar has a page for every day there ever was: directories below a year are not walked as lists.
_YEAR = re.compile(r"(?:19|20)\d\d(?:[\-_]?\d\d){0,2}")
_DATE_IN_PATH = re.compile(rf"/(?:{_DATE}|(?:19|20)\d\d/\d{{1,2}}/\d{{1,2}}|(?:19|20)\d\d/\d{{3,4}})/")
_LONG_NUMBER = re.compile(r"\d{5,}")
_ID = re.compile(r"\d{5,}")
_PLAIN_DATE = re.compile(r"(?:19|20)\d{4}(?:\d\d)?")
_HASH = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{10,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f-]{17}")
_SLUG = re.compile(r"[a-z0-9]+(?:[\-_][a-z0-9]+){3,}", re.I)

_PAGE_NUMBER = (
    re.compile(r"^(?P<stem>.*)/(?:index|list|default)[_\-]?(?P<n>\d{1,4})\.[a-z]+$", re.I),
    re.compile(r"^(?P<stem>.*)/page[/_\-]?(?P<n>\d{1,4})(?:/|\.[a-z]+)?$", re.I),
    re.compile(r"^(?P<stem>.*[^/])[_\-](?P<n>\d{1,3})\.[a-z]+$", re.I),
    re.compile(r"^(?P<stem>.*/[^/]*\d{5}[^/]*)/(?P<n>\d{1,3})\.[a-z]+$", re.I),
    re.compile(r"^(?P<stem>.+)/(?P<n>\d{1,3})/?$"),
)
_FIRST_PAGE = re.compile(r"(?:/(?:index|list|default))?(?:\.[a-z]+)?/?$", re.I)


@lru_cache(maxsize=2048)
def suffix(url: str) -> str:
    """What the last path segment ends in, lower case, without the dot; "" when nothing."""
    found = _SUFFIX.search(urlsplit(url).path)
    return found[1].lower() if found else ""


def worth_fetching(url: str) -> bool:
    """Whether an address can be a page, a feed or a sitemap by its ending: pictures, films and packages cannot."""
    ending = suffix(url)
    return not ending or ending in _PAGE_SUFFIXES or ending in _FEED_SUFFIXES


def looks_like_feed(url: str) -> bool:
    """Whether an address is probably that of a feed: `/rss.xml`, `/feed/`, `/news.atom`."""
    path = urlsplit(url).path
    return suffix(url) in ("xml", "rss", "atom", "rdf") or _FEED_NAME.search(path) is not None


def may_be_page(url: str) -> bool:
    """As `worth_fetching`, or with an ending that only its site has for pages (`/1.story`): no known kind of file."""
    return worth_fetching(url) or suffix(url) not in _FILES


@lru_cache(maxsize=2048)
def looks_like_article(url: str, pattern: str = "") -> bool:
    """Whether an address looks like one article. A site's own `pattern` (searched) decides alone where it is given.

    The general rule: the last path segment, or a query value, names one thing: a long number, a hash, a slug of four
    words or more, or any name below a date.
    """
    if pattern:
        return re.search(pattern, url) is not None
    parts = urlsplit(url)
    ending = suffix(url)
    if (ending and ending not in _PAGE_SUFFIXES) or is_service(url):
        return False
    directories, name = _name(parts.path, ending)
    if name and _names_one_thing(name, directories, parts.path, bool(ending)):
        return True
    return bool(parts.query) and _has_id(parts.query, name)


def _name(path: str, ending: str) -> tuple[list[str], str]:
    segments = [segment for segment in path.split("/") if segment]
    if not segments:
        return [], ""
    name = segments[-1][: -len(ending) - 1] if ending else segments[-1]
    return segments[:-1], name


def _names_one_thing(name: str, directories: list[str], path: str, is_file: bool) -> bool:
    parent = directories[-1].lower() if directories else ""
    numbered = is_file and len(name) == 4 and _DATE_IN_PATH.search(path)  # /20260318/2051.htm: no year, a number
    if _LIST_NAMES.fullmatch(name) or (parent in _LIST_DIRS and not is_file):
        return False
    if _ONLY_DATE.fullmatch(name) and not numbered:
        return False
    if _LONG_NUMBER.search(name) or _HASH.fullmatch(name) or _SLUG.fullmatch(name):
        return True
    if _DATE_IN_PATH.search(path):
        return is_file or not name.isdigit()
    return name.isdigit() and len(name) >= 4 and (is_file or parent in _ARTICLE_DIRS)


def _has_id(query: str, name: str) -> bool:
    """Whether a query names one thing: `/article?id=7`, `/?p=123`, `/x?newsid=70001`, but not `/list?id=70001`."""
    if _LIST_NAMES.fullmatch(name) or name.lower() in _LIST_DIRS:
        return False
    least = 1 if name.lower() in _ARTICLE_DIRS else 3
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if not _ID_KEY.fullmatch(key) or _is_paging(key, value):
            continue
        if _LONG_NUMBER.search(value) or _HASH.fullmatch(value) or (value.isdigit() and len(value) >= least):
            return True
    return False


def is_service(url: str) -> bool:
    """Whether an address is of the site or the reader, not of the news: log-in, search, tags, calendar."""
    path = urlsplit(url).path.lower()
    first = path.lstrip("/").partition("/")[0]
    return first in _SERVICE or "/tag/" in path


@lru_cache(maxsize=2048)
def looks_like_list(url: str, text: str = "") -> bool:
    """Whether an address looks like a list of articles: a short path of plain words, or a page of one.

    `text` is what the link says; a menu item is short, so a long one speaks against.
    """
    parts = urlsplit(url)
    ending = suffix(url)
    if (ending and ending not in _PAGE_SUFFIXES) or is_service(url) or len(text) > 40:
        return False
    directories, name = _name(parts.path, ending)
    if ending and not (_LIST_NAMES.fullmatch(name) or page_number(url) > 1):
        return False
    segments = directories if ending else [*directories, *([name] if name else [])]
    if not ending and any(map(_YEAR.fullmatch, segments)):
        return False
    return len(segments) <= 4 and _is_short_query(parts.query) and all(map(_is_plain_word, segments))


def _is_short_query(query: str) -> bool:
    """At most one word beside the page number: filters, sort orders and calendars multiply without end."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    rest = [(key.lower(), value) for key, _, value in pairs if not _is_paging(key, value)]
    short = all(len(key) <= 12 and len(value) <= 16 and key not in _CALENDAR_KEYS for key, value in rest)
    return len(rest) <= 1 and short


def _is_plain_word(segment: str) -> bool:
    if _ONLY_DATE.fullmatch(segment) or segment.isdigit():
        return len(segment) <= 10
    return len(segment) <= 24 and len(re.findall(r"[\-_]", segment)) <= 2 and not _LONG_NUMBER.search(segment)


def long_number(url: str) -> str:
    """The last number of five digits or more that is no date: what sites number their articles with; "" for none."""
    numbers = [number for number in _ID.findall(url) if not _PLAIN_DATE.fullmatch(number)]
    return numbers[-1] if numbers else ""


def path_date(url: str) -> str:
    """The date among the directories of an address in digits, `20260320` or `202603`; "" for none."""
    found = _DATE_IN_PATH.search(url.partition("?")[0])
    return "".join(part.zfill(2) for part in re.findall(r"\d+", found[0])) if found else ""


def page_number(url: str) -> int:
    """Which page of a list or an article an address asks for (`index_3.html`, `?page=3`, `/page/3/`); 1 by default."""
    return _paging(url)[1]


def unpaged(url: str) -> str:
    """What an address says beside its page number: equal for all pages of one list or of one article."""
    return _paging(url)[0]


def is_page_of(url: str, other: str) -> bool:
    """Whether two addresses are pages of one list or of one article."""
    return url != other and unpaged(url) == unpaged(other)


def _is_paging(key: str, value: str) -> bool:
    key = key.lower()
    return key in _PAGING_KEYS and value.isdigit() and len(value) <= (2 if key == "p" else 4)


@lru_cache(maxsize=2048)
def _paging(url: str) -> tuple[str, int]:
    """What is left of an address without its page number, and the number."""
    parts = urlsplit(url)
    number, rest = 1, []
    for pair in filter(None, parts.query.split("&")):
        key, _, value = pair.partition("=")
        if _is_paging(key, value):
            number = max(1, int(value))
        else:
            rest.append(pair)
    path = _FIRST_PAGE.sub("", parts.path, count=1)
    for found in filter(None, (rule.match(parts.path) for rule in _PAGE_NUMBER)):
        path, number = found["stem"], max(number, int(found["n"]))
        break
    return f"{bare_host(url)}{path}?{'&'.join(rest)}", number
