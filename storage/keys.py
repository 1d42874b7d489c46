"""What makes two addresses one address: pure functions of strings.

A URL key is the address as `//host[:port]/path[?query]`, without what does not choose the page: scheme, `www.`/`m.`,
fragment, tracking parameters, session ids, index file names and trailing slashes. The rules for names are the sets
below. When in doubt two addresses stay two: a page stored twice is mended by its text, a page never fetched is lost.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Host names that serve the pages of the name behind them, for phones or in another dress.
TWIN_LABELS = _names("www m mobile wap 3g amp")
# `m.com.cn` is a site, not the phone version of `com.cn`: no label is taken off in front of these.
SECOND_LEVEL = _names("ac co com edu gov net ne or org")

TRACKING_PREFIXES = ("utm_", "hsa_", "mtm_", "wt.")
TRACKING_NAMES = _names(
    "_ga _gl bd_vid bdsource cmpid dclid fbclid gbraid gclid gclsrc hmci hmcu hmkw hmpl hmsr igshid isappinstalled"
    " mc_cid mc_eid mkt_tok msclkid ncid nsukey ocid pk_campaign pk_cid pk_content pk_keyword pk_kwd pk_medium"
    " pk_source ref_src ref_url scm share_from share_medium share_plat share_session_id share_source share_tag"
    " share_times share_token spm spm_id_from sudaref twclid vd_source wbraid wfr yclid"
)
# Names that track when their value says how a reader came; any other value may choose the page (`from=shanghai`).
TRACKING_WORDS = _names("from ref source")
WAYS_IN = _names(
    "app appshare copylink email facebook feed friendmessage groupmessage home homepage mail newsletter notification"
    " push qq qzone rss share sharelink singlemessage spider telegram timeline twitter wechat weibo weixin whatsapp wx"
)
# Names that keep an answer out of caches when their value is a moment (since 1970, in seconds or less) or chance.
MOMENTS = _names("_ clicktime enterid")
MOMENT = re.compile(r"[0-9]{10,}|0?\.[0-9]+")
# Names that only a framework gives to its sessions, and names that may also mean the session of a conference.
# `sid` is neither: a section, a story, a shop.
SESSION_NAMES = _names("jsessionid phpsessid cfid cftoken")
SESSION_PREFIXES = ("aspsessionid",)
SESSION_WORDS = _names("sessionid session_id sessid")
SESSION_VALUE = re.compile(r"(?=.*[0-9])(?=.*[a-zA-Z])[0-9a-zA-Z_,-]{20,}")

INDEX_FILE = re.compile(r"(?:index|default)\.(?:html?|shtml|xhtml|php|asp|aspx|jsp)", re.I)

_PREFIXES = (*TRACKING_PREFIXES, *SESSION_PREFIXES)
_MAY_TRACK = TRACKING_NAMES | TRACKING_WORDS | MOMENTS | SESSION_NAMES | SESSION_WORDS | {""}

_CLEANED = {ord(character): None for character in "\t\r\n"}
_ENDS = "".join(map(chr, range(0x21)))
_PORTS = frozenset((None, 80, 443))
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
# `;jsessionid=...` behind a name, and a segment `(S(...))`: ASP.NET's without cookies.
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid)=[^/;?]*|(?<=/)\([A-Z]\([a-z0-9]{20,}\)\)/", re.I)
_DOTS = re.compile(r"/\.{1,2}(?:/|$)|/%2e", re.I)


@lru_cache(maxsize=2048)
def url_key(url: str) -> str:
    """The one form of an address: equal for two addresses exactly when they name the same page.

    Takes http and https addresses, with scheme or as `//host/path`; anything else comes back trimmed. Idempotent:
    the key of a key is itself. `#!` is a fragment like any other: the server never sees it.
    """
    url = url.strip(_ENDS).translate(_CLEANED)
    if "\\" in url:
        # Browsers take a backslash before the query for a slash in http addresses (WHATWG URL, special schemes).
        head, mark, rest = url.partition("?")
        url = head.replace("\\", "/") + mark + rest
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    if parts.scheme not in ("http", "https", "") or not parts.hostname:
        return url
    netloc = _host(parts.hostname) + ("" if port in _PORTS else f":{port}")
    return f"//{netloc}{_path(parts.path)}{_query(parts.query)}"


@lru_cache(maxsize=2048)
def without_tracking(url: str) -> str:
    """The address as it is, less the parameters that tell where a reader came from: for showing and for asking."""
    head, mark, query = url.partition("?")
    if not mark:
        return url
    query, fragment_mark, fragment = query.partition("#")
    for pair in query.split("&"):
        name = pair.partition("=")[0].lower()
        if name in _MAY_TRACK or name.startswith(_PREFIXES):
            break
    else:  # Nearly all addresses end here.
        return url
    pairs = [pair for pair in query.split("&") if pair]
    names = {_name(pair).lower() for pair in pairs}
    kept = [pair for pair in pairs if not _tracks(_name(pair).lower(), pair, names)]
    if len(kept) == len(pairs):
        return url
    return head + ("?" + "&".join(kept) if kept else "") + fragment_mark + fragment


def parts_of(url: str) -> SplitResult:
    """The parts of an address; what is none, `http://[::1`, is all path."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url, "", "")


@lru_cache(maxsize=2048)
def host_of(url: str) -> str:
    """The host that an address is asked from, lower case, without port; "" when it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _host(name: str) -> str:
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            name = quote(name, errors="replace")
    name = name.lower().strip(".")
    if ":" in name:
        return f"[{name}]"
    return bare_name(name)


def bare_name(host: str) -> str:
    """A host name (lower case) without `www.`, `m.` and the like: the name that the twins of a site share."""
    while True:
        label, _, rest = host.partition(".")
        if label not in TWIN_LABELS or not _is_site(rest):
            return host
        host = rest


def _is_site(name: str) -> bool:
    """Whether a host name can be a site by itself: two labels or more, and not `com.cn`."""
    labels = name.split(".")
    return all(labels) and (len(labels) > 2 or (len(labels) == 2 and labels[0] not in SECOND_LEVEL))


def _path(path: str) -> str:
    path = without_dots(_PATH_SESSION.sub("", _escaped(path, "/:@!$&'()*+,;=")))
    while True:
        path = path.rstrip("/")
        head, _, name = path.rpartition("/")
        if not INDEX_FILE.fullmatch(name):
            return path or "/"
        path = head


def without_dots(path: str) -> str:
    """A path without its dot segments (RFC 3986, 5.2.4), those in percent-encoding among them (WHATWG URL)."""
    if not _DOTS.search(path):
        return path if path.startswith("/") else "/" + path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        spelled = re.sub("%2e", ".", segment, flags=re.I)
        last = number == len(segments) - 1
        if spelled == "..":
            del kept[-1:]
        if spelled not in (".", ".."):
            kept.append(segment)
        elif last:
            kept.append("")
    return "/" + "/".join(kept)


def _query(query: str) -> str:
    if not query:
        return ""
    pairs = [_escaped(pair.replace("+", "%20"), "/:@!$'()*,;=?") for pair in query.split("&") if pair]
    named = [(pair.partition("=")[0].lower(), pair) for pair in pairs]
    names = {name for name, _ in named}
    kept = sorted((pair for name, pair in named if not _tracks(name, pair, names)), key=_name)
    return "?" + "&".join(kept) if kept else ""


def _name(pair: str) -> str:
    return pair.partition("=")[0]


def _tracks(name: str, pair: str, names: set[str]) -> bool:
    """Whether a parameter tells where the reader came from or who he is, not which page he wants."""
    if name in TRACKING_NAMES or name in SESSION_NAMES or name.startswith(_PREFIXES):
        return True
    value = pair.partition("=")[2]
    if name in TRACKING_WORDS:
        return value.lower() in WAYS_IN and "to" not in names
    if name in MOMENTS:
        return MOMENT.fullmatch(value) is not None
    return name in SESSION_WORDS and SESSION_VALUE.fullmatch(value) is not None


def _escaped(text: str, safe: str) -> str:
    """One spelling of percent-encoding (RFC 3986, 6.2.2): what needs none is plain, hex digits are upper case."""
    if "%" in text:
        text = _ESCAPE.sub(_one_escape, text)
    elif text.isascii() and text.isalnum():
        return text
    return quote(text, safe=safe + "%~", errors="replace")


def _one_escape(found: re.Match[str]) -> str:
    digits = found[1]
    if digits is None:
        return "%25"
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else f"%{digits.upper()}"
