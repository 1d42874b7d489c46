"""URLs: resolved, compared and judged by their looks. Pure; a link that is no web address is None, never an error.

`resolve` follows the WHATWG URL Standard where pages need it (white space, backslashes, dot segments, non-ASCII) and
is stricter where only junk is found (credentials, control characters, endless addresses).
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit

MAX_LENGTH = 2048


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENDS = "".join(map(chr, range(0x21)))
_REMOVED = {ord(character): None for character in "\t\r\n"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.\-]{0,251}[a-z0-9_.])?|\[[0-9a-f:.]+\]")
_DOTS = re.compile(r"/\.{1,2}(?:/|$)|/%2e", re.I)
_KEPT = "/%:@!$&'()*+,;=~-._|[]^"
_PORTS = {"http": 80, "https": 443}

# Hosts of one site: the same pages for phones, for old phones, or without the www.
_TWIN = re.compile(r"(?:www\d?|m|wap|mobile|3g|amp)\.(?=.*\..*[a-z])")

# What a path may end in and still be a page.
_PAGE_SUFFIXES = _words("htm html shtml shtm xhtml dhtml phtml stm php php5 asp aspx jsp jspx do action cgi pl cfm")
_FEED_SUFFIXES = _words("xml rss atom rdf json gz")
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
_ID_KEY = re.compile(r"(?:.*id|p|a|n|t|no|sn|code|docid|key|newsno|articleno)", re.I)

_DATE = r"(?:19|20)\d\d[\-_/.]?(?:0[1-9]|1[0-2])(?:[\-_/.]?(?:[0-2]\d|3[01]))?"
_ONLY_DATE = re.compile(rf"(?:{_DATE}|(?:19|20)\d\d|\d{{1,2}})")
# A calendar has a page for every day there ever was: directories below a year are not walked as lists.
_YEAR = re.compile(r"(?:19|20)\d\d(?:[\-_]?\d\d){0,2}")
_DATE_IN_PATH = re.compile(rf"/(?:{_DATE}|(?:19|20)\d\d/\d{{1,2}}/\d{{1,2}}|(?:19|20)\d\d/\d{{3,4}})/")
_LONG_NUMBER = re.compile(r"\d{5,}")
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


# What most links look like: nothing in it is spelled two ways.
_PLAIN_URL = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,20}/(?!\.)[A-Za-z0-9/_~\-]*(?:\.[A-Za-z0-9]+)?(?:\?[A-Za-z0-9=&_\-]*)?"
)
_PLAIN_PATH = re.compile(r"/(?![/.])[A-Za-z0-9/_~\-]*(?:\.[A-Za-z0-9]+)?(?:\?[A-Za-z0-9=&_\-]+)?")
_ORIGIN = re.compile(r"https?://[a-z0-9][a-z0-9.\-]*[a-z0-9](?=/|$)")


@lru_cache(maxsize=16384)
def resolve(base: str, href: str) -> str | None:
    """`href` as an absolute http(s) address without fragment, seen from `base` (absolute); None when it is junk.

    Junk is: another scheme, no host, a host that no resolver takes, credentials, a port out of range, control
    characters, more than 2,048 characters. Idempotent: resolving a result gives it again.
    """
    if len(href) > 4 * MAX_LENGTH:
        return None
    if len(href) < 500 and "//" not in href[8:]:
        if _PLAIN_URL.fullmatch(href):
            return href.removesuffix("?")
        origin = _ORIGIN.match(base) if _PLAIN_PATH.fullmatch(href) else None
        if origin:
            return origin[0] + href
    href = href.strip(_ENDS).translate(_REMOVED)
    if _CONTROL.search(href):
        return None
    # Browsers take a backslash before the query for a slash in http addresses (WHATWG, special schemes).
    head, mark, query = href.partition("?")
    if "\\" in head:
        href = head.replace("\\", "/") + mark + query
    try:
        return _clean(urljoin(base, href))
    except ValueError:
        return None


def _clean(url: str) -> str | None:
    parts = urlsplit(url)
    default_port = _PORTS.get(parts.scheme)
    if default_port is None or "@" in parts.netloc:
        return None
    name = _ascii_host(parts.hostname or "")
    if not name:
        return None
    port = parts.port
    netloc = name if port in (None, default_port) else f"{name}:{port}"
    path = quote(_without_dots(parts.path), safe=_KEPT) or "/"
    query = "?" + quote(parts.query, safe=_KEPT + "?/\\`{}") if parts.query else ""
    found = f"{parts.scheme}://{netloc}{path}{query}"
    return found if len(found) <= MAX_LENGTH else None


@lru_cache(maxsize=4096)
def _ascii_host(name: str) -> str:
    """The host as DNS takes it (IDNA), or "" when none can."""
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    name = name.lower()
    if ":" in name:
        name = f"[{name}]"
    labels = name.rstrip(".").split(".")
    if not _HOST.fullmatch(name) or (":" not in name and not all(0 < len(label) < 64 for label in labels)):
        return ""
    return name


def _without_dots(path: str) -> str:
    if not _DOTS.search(path):
        return path if path.startswith("/") else "/" + path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        plain = re.sub("%2e", ".", segment, flags=re.I)
        last = number == len(segments) - 1
        if plain == "..":
            del kept[-1:]
        if plain not in (".", ".."):
            kept.append(segment)
        elif last:
            kept.append("")
    return "/" + "/".join(kept)


def host(url: str) -> str:
    """The host of an address, lower case and without port; "" when it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def bare_host(url: str) -> str:
    """The host without `www.`, `m.` and the like: `m.example.com` and `www.example.com` are one site."""
    return _TWIN.sub("", host(url), count=1)


def same_site(one: str, other: str) -> bool:
    """Whether two addresses belong to one site: the same bare host, or one is a subdomain of the other."""
    a, b = bare_host(one), bare_host(other)
    return bool(a) and (a == b or _is_below(a, b) or _is_below(b, a))


def _is_below(name: str, parent: str) -> bool:
    return name.endswith("." + parent) and not parent.replace(".", "").isdigit()


def suffix(url: str) -> str:
    """What the last path segment ends in, lower case, without the dot; "" when nothing."""
    found = _SUFFIX.search(urlsplit(url).path)
    return found[1].lower() if found else ""


def worth_fetching(url: str) -> bool:
    """Whether an address can be a page, a feed or a sitemap by its ending: pictures, films and packages cannot."""
    ending = suffix(url)
    return not ending or ending in _PAGE_SUFFIXES or ending in _FEED_SUFFIXES


@lru_cache(maxsize=8192)
def looks_like_article(url: str, pattern: str = "") -> bool:
    """Whether an address looks like one article. A site's own `pattern` (searched) decides alone where it is given.

    The general rule: the last path segment, or a query value, names one thing: a long number, a hash, a slug of four
    words or more, or any name below a date.
    """
    if pattern:
        return re.search(pattern, url) is not None
    parts = urlsplit(url)
    ending = suffix(url)
    if (ending and ending not in _PAGE_SUFFIXES) or _service(parts.path):
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
    if _LIST_NAMES.fullmatch(name) or _ONLY_DATE.fullmatch(name) or (parent in _LIST_DIRS and not is_file):
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


def _service(path: str) -> bool:
    first, _, rest = path.lstrip("/").partition("/")
    return (first.lower() in _SERVICE and first.lower() not in _ARTICLE_DIRS) or "/tag/" in rest.lower()


@lru_cache(maxsize=8192)
def looks_like_list(url: str, text: str = "") -> bool:
    """Whether an address looks like a list of articles: a short path of plain words, or a page of one.

    `text` is what the link says; a menu item is short, so a long one speaks against.
    """
    parts = urlsplit(url)
    ending = suffix(url)
    if (ending and ending not in _PAGE_SUFFIXES) or _service(parts.path) or len(text) > 40:
        return False
    directories, name = _name(parts.path, ending)
    if ending and not (_LIST_NAMES.fullmatch(name) or page_number(url) > 1):
        return False
    segments = directories if ending else [*directories, *([name] if name else [])]
    if not ending and any(map(_YEAR.fullmatch, segments)):
        return False
    return len(segments) <= 4 and _is_short_query(parts.query) and all(map(_is_plain_word, segments))


def _is_short_query(query: str) -> bool:
    """At most one word beside the page number: filters and sort orders multiply without end."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    rest = [(key, value) for key, _, value in pairs if not _is_paging(key, value)]
    return len(rest) <= 1 and all(len(key) <= 12 and len(value) <= 16 for key, value in rest)


def _is_plain_word(segment: str) -> bool:
    if _ONLY_DATE.fullmatch(segment) or segment.isdigit():
        return len(segment) <= 10
    return len(segment) <= 24 and len(re.findall(r"[\-_]", segment)) <= 2 and not _LONG_NUMBER.search(segment)


def page_number(url: str) -> int:
    """Which page of a list or an article an address asks for (`index_3.html`, `?page=3`, `/page/3/`); 1 by default."""
    return _paging(url)[1]


def is_page_of(url: str, other: str) -> bool:
    """Whether two addresses are pages of one list or of one article."""
    return url != other and _paging(url)[0] == _paging(other)[0]


def _is_paging(key: str, value: str) -> bool:
    key = key.lower()
    return key in _PAGING_KEYS and value.isdigit() and len(value) <= (2 if key == "p" else 4)


@lru_cache(maxsize=8192)
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
