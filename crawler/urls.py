"""URLs: resolved and compared. Pure; a link that is no usable web address is None, never an error.

`resolve` follows the WHATWG URL Standard where pages need it (white space, backslashes, dot segments, non-ASCII) and
is stricter where only junk is found (credentials, control characters, endless addresses).
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit

from storage.keys import bare_name, host_of, without_dots

# The host of an address, lower case and without port; "" when it has none.
host = host_of
MAX_LENGTH = 2048


_ENDS = "".join(map(chr, range(0x21)))
_REMOVED = {ord(character): None for character in "\t\r\n"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.\-]{0,251}[a-z0-9_.])?|\[[0-9a-f:.]+\]")
_KEPT = "/%:@!$&'()*+,;=~-._|[]^"
_PORTS = {"http": 80, "https": 443}

# What most links look like: nothing in it is spelled two ways.
_PLAIN_URL = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,20}/(?!\.)[A-Za-z0-9/_~\-]*(?:\.[A-Za-z0-9]+)?(?:\?[A-Za-z0-9=&_\-]*)?"
)
_PLAIN_PATH = re.compile(r"/(?![/.])[A-Za-z0-9/_~\-]*(?:\.[A-Za-z0-9]+)?(?:\?[A-Za-z0-9=&_\-]+)?")
_ORIGIN = re.compile(r"https?://[a-z0-9][a-z0-9.\-]*[a-z0-9](?::[1-9]\d{3,4})?(?=/|$)")


def resolve(base: str, href: str) -> str | None:
    """`href` as an absolute http(s) address without fragment, seen from `base` (absolute); None when it is junk.

    Junk is: another scheme, no host, a host that no resolver takes, credentials, a port out of range, control
    characters, more than 2,048 characters. Idempotent: resolving a result gives it again.
    """
    # Menus are full of `#`: without its fragment each of them is the page itself, and found in the cache.
    return _resolve(base, href.partition("#")[0])


@lru_cache(maxsize=4096)
def _resolve(base: str, href: str) -> str | None:
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
    path = quote(without_dots(parts.path), safe=_KEPT) or "/"
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


@lru_cache(maxsize=8192)
def bare_host(url: str) -> str:
    """The host without `www.`, `m.` and the like: `m.example.com` and `www.example.com` are one site."""
    return bare_name(host(url))


def same_site(one: str, other: str) -> bool:
    """Whether two addresses belong to one site: the same bare host, or one is a subdomain of the other."""
    a, b = bare_host(one), bare_host(other)
    return bool(a) and (a == b or _is_below(a, b) or _is_below(b, a))


def _is_below(name: str, parent: str) -> bool:
    return name.endswith("." + parent) and not parent.replace(".", "").isdigit()
