"""What an HTTP answer is made of, read with limits: its coding, its type, its wish to be asked later. Pure."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

HEAD = 1024  # What the type is told from, in bytes.
LONGEST_WAIT = 86400.0

_PAGE_TYPE = re.compile(r"text/(?!css|javascript|calendar|vcard|csv)|.*[/+](?:xml|json|xhtml\+xml)$")
_FILE_TYPE = re.compile(r"(?:image|audio|video|font|model)/|application/(?:pdf|zip|java|msword|vnd\.|x-)|text/")
_GZIP = b"\x1f\x8b"
_FILE_START = re.compile(
    rb"%PDF|PK\x03\x04|\x89PNG|GIF8|\xff\xd8\xff|RIFF|OggS|ID3|\x7fELF|MZ\x90|Rar!|7z\xbc\xaf|BM.{4}\x00|\x00\x00\x00.ftyp",
    re.S,
)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|\?xml|rss|feed|rdf|urlset|sitemapindex|!--|div|meta|title)\b", re.I)


class Coding:
    """Undoes Content-Encoding piece by piece and stops at `size` decoded bytes: then `full` is true.

    Knows gzip, deflate (with and without zlib's frame) and identity. Raises ValueError with the reason for another
    coding and for broken data.
    """

    def __init__(self, names: str, size: int):
        self.full = False
        self._room = size
        self._name = names.strip().lower().removeprefix("x-")
        if self._name not in ("", "identity", "gzip", "deflate"):
            raise ValueError(f"the content encoding `{names[:40]}` was not asked for")
        # 32 + 15: gzip or zlib, told apart by the header.
        self._inflate = zlib.decompressobj(47) if self._name in ("gzip", "deflate") else None
        self._begun = False

    def read(self, piece: bytes) -> bytes:
        """The decoded bytes of one piece."""
        found = self._inflated(piece) if self._inflate else piece
        if len(found) > self._room:
            self.full = True
            found = found[: self._room]
        self._room -= len(found)
        return found

    def end(self) -> None:
        """Says that no piece follows; raises ValueError when one is missing."""
        if self._inflate and self._begun and not self._inflate.eof and not self.full:
            raise ValueError("the compressed answer ends early")

    def _inflated(self, piece: bytes) -> bytes:
        assert self._inflate
        if not self._begun and self._name == "deflate" and piece and piece[0] & 0x0F != 8:
            self._inflate = zlib.decompressobj(-15)
        self._begun = self._begun or bool(piece)
        found = b""
        try:
            while piece and len(found) <= self._room:
                found += self._inflate.decompress(piece, self._room + 1 - len(found))
                # A gzip file may have several members; other bytes after the end are padding.
                piece = self._inflate.unused_data if self._inflate.eof else b""
                if not piece.startswith(_GZIP):
                    break
                self._inflate = zlib.decompressobj(47)
        except zlib.error as error:
            raise ValueError(f"the compressed answer is broken ({error})") from None
        return found


def is_page(content_type: str, head: bytes) -> bool:
    """Whether an answer can be HTML, XML, a feed or JSON, by its type and its first bytes (1,024 are enough).

    Servers give feeds and pages every type there is, so markup counts whatever its label; a picture labelled as
    HTML is none.
    """
    declared = content_type.partition(";")[0].strip().lower()
    if _FILE_START.match(head):
        return False
    if _PAGE_TYPE.match(declared) or _MARKUP.search(head):
        return True
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1]
    return head.startswith(_GZIP) or (not _FILE_TYPE.match(declared) and start in (b"<", b"{", b"["))


def retry_after(value: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or a date (RFC 9110, 10.2.3); at most a day."""
    value = value.strip()
    if value.isdecimal() and value.isascii():
        return min(float(value), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    seconds = ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT)
