"""URLs: resolved and compared. Pure; a link that is no usable web address is None, never an error.

`resolve` follows the WHATWG URL Standard, as browsers do: can_ada reads it, the parser of Node.js. It is stricter where
only junk is found (credentials, control characters, endless addresses).
"""

from __future__ import annotations

import re
from functools import lru_cache

import can_ada

from storage.keys import bare_name, host_of

# The host of an address, lower case and without port; "" when it has none.
host = host_of
MAX_LENGTH = 2048

_ENDS = "".join(map(chr, range(0x21)))
_REMOVED = {ord(character): None for character in "\t\r\n"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def resolve(base: str, href: str) -> str | None:
    """`href` as an absolute http(s) address without fragment, seen from `base`; None when it is junk.

    From a base that is no absolute address only absolute ones are found.

    Junk is: another scheme, no host, a host that no resolver takes, credentials, a port out of range, control
    characters, more than 2,048 characters. Idempotent: resolving a result gives it again. A number for a host is
    written as the network address that it means.
    """
    # Menus are full of `#`: without its fragment each of them is the page itself, and found in the cache.
    return _resolve(base, href.partition("#")[0])


@lru_cache(maxsize=1024)
def _resolve(base: str, href: str) -> str | None:
    if len(href) > 4 * MAX_LENGTH:
        return None
    # Cheap, and true of nearly all: what is not printable may still be one of the spaces that are taken off.
    if not href.isprintable() and _CONTROL.search(href.strip(_ENDS).translate(_REMOVED)):
        return None
    try:
        start = _parsed(base)
        found = start + href if start else can_ada.parse(href)
    except ValueError:
        return None
    url = found.href
    if not url.startswith(("http://", "https://")) or ("@" in url and found.has_credentials()):
        return None
    url = url.partition("#")[0]
    if url.find("?") == len(url) - 1:  # An empty query asks for the same page as none; the query `?` is not empty.
        url = url[:-1]
    return url if len(url) <= MAX_LENGTH and _is_host(found.hostname) else None


@lru_cache(maxsize=256)
def _parsed(base: str) -> can_ada.URL | None:
    try:
        return can_ada.parse(base)
    except (ValueError, TypeError):  # TypeError: half of a surrogate pair.
        return None


@lru_cache(maxsize=1024)
def _is_host(name: str) -> bool:
    """Whether a resolver takes it: labels of 1 to 63 characters, 253 in all (RFC 1035), or an IPv6 address."""
    labels = name.removesuffix(".").split(".")
    return name.startswith("[") or (len(name) < 255 and all(0 < len(label) < 64 for label in labels))


@lru_cache(maxsize=2048)
def bare_host(url: str) -> str:
    """The host without `www.`, `m.` and the like: `m.example.com` and `www.example.com` are one site."""
    return bare_name(host(url))


def same_site(one: str, other: str) -> bool:
    """Whether two addresses belong to one site: the same bare host, or one is a subdomain of the other."""
    a, b = bare_host(one), bare_host(other)
    return bool(a) and (a == b or _is_below(a, b) or _is_below(b, a))


def _is_below(name: str, parent: str) -> bool:
    return name.endswith("." + parent) and not parent.replace(".", "").isdigit()
