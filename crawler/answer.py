"""What an HTTP answer is made of, read with limits: its coding, its type, its wish to be asked later. Pure."""

from __future__ import annotations

import re
import sys
import zlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HEAD = 1024  # What the type is told from, in bytes.
LONGEST_WAIT = 86400.0
CODINGS = "gzip, deflate, br, zstd"  # Accept-Encoding: no more than `Coding` can undo.
MAX_CODINGS = 2
LONGEST_LENGTH = 15  # digits

_PAGE_TYPE = re.compile(r"text/(?!css|javascript|calendar|vcard|csv)|.*[/+](?:xml|json|xhtml\+xml)$")
_FILE_TYPE = re.compile(r"(?:image|audio|video|font|model)/|application/(?:pdf|zip|java|msword|vnd\.|x-)|text/")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_FILE_START = re.compile(
    rb"%PDF|PK\x03\x04|\x89PNG|GIF8|\xff\xd8\xff|RIFF|OggS|ID3|\x7fELF|MZ\x90|Rar!|7z\xbc\xaf|BM.{4}\x00|\x00\x00\x00.ftyp",
    re.S,
)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|\?xml|rss|feed|rdf|urlset|sitemapindex|!--|div|meta|title)\b", re.I)
_HEAD_END = re.compile(rb"\n\r?\n")
_TOKEN = rb"[!#-'*+.^_`|~0-9A-Za-z-]+"  # A field's name (RFC 9110, 5.6.2).
_BLANK_BEFORE_COLON = re.compile(rb"(?<=\n)(" + _TOKEN + rb")[ \t]+:")
# A line that is no field: it has no colon, or a name that none can have. A folded one belongs to the line before.
_NO_FIELD = re.compile(rb"\n(?!" + _TOKEN + rb":|[ \t\r\n])[^\n]*(?=\n)")
# In a head in lower case.
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d+)((?:[ \t]*,[ \t]*\1)*)[ \t]*\r?(?=\n)")
_NO_BODY = re.compile(rb"http/\S+ (?:1\d\d|204|304)")


def mended(start: bytes) -> tuple[bytes, int | None]:
    """The first bytes of an answer with a head that a parser takes, and where the answer ends by its Content-Length.

    Browsers read over lines that are no field, over blanks before a colon and over a length that is told twice (RFC
    9110, 8.6, allows the last one), so sites do not notice them. Lengths that differ stay, and are refused. The end is
    None where the head does not tell it. A head that has not come whole is left as it is.
    """
    end = _HEAD_END.search(start)
    if not end or not start.startswith(b"HTTP/"):
        return start, None
    told = head = start[: end.end()]
    if b" :" in head or b"\t:" in head:
        head = _BLANK_BEFORE_COLON.sub(rb"\1:", head)
    head = _NO_FIELD.sub(b"", head)
    lower = head.lower()
    lengths = list(_LENGTH.finditer(lower))
    if len({found[1] for found in lengths}) != 1:
        return _headed(start, told, head), None
    length, first = lengths[0][1], lengths[0].start()
    if len(lengths) > 1 or lengths[0][2]:
        for found in reversed(lengths):
            head = head[: found.start()] + head[found.end() :]
        head = head[:first] + b"\nContent-Length: " + length + b"\r" + head[first:]
    untold = b"\ntransfer-encoding:" in lower or _NO_BODY.match(lower) or len(length) > LONGEST_LENGTH
    return _headed(start, told, head), None if untold else len(head) + int(length)


def _headed(start: bytes, told: bytes, head: bytes) -> bytes:
    """`start` with another head; nearly always with its own, and then nothing is copied."""
    return start if head == told else head + start[len(told) :]


def is_whole(page: bytes) -> bool:
    """Whether a page says itself that it is complete: then what follows it is none of it."""
    return page[-100:].rstrip().lower().endswith(b"</html>")


class Coding:
    """Undoes Content-Encoding piece by piece and stops at `size` decoded bytes: then `full` is true.

    Knows gzip, deflate (with and without zlib's frame), br, zstd and identity, and two of them one in the other. What
    is not compressed at all, or is gzip or zstd by its first bytes, is read as that, whatever the label says. Raises
    ValueError with the reason for another coding and for broken data.
    """

    def __init__(self, names: str, size: int):
        self.full = self._begun = False
        self._room = size
        told = [name.strip().lower().removeprefix("x-") for name in names.split(",")]
        # The last one was put on last (RFC 9110, 8.4) and comes off first.
        applied = [name for name in reversed(told) if name not in ("", "identity", "none", "utf-8")]
        if len(applied) > MAX_CODINGS or any(name not in _DECODERS for name in applied):
            raise ValueError(f"the content encoding `{names[:40]}` was not asked for")
        self._layers = [_DECODERS[name](name) for name in applied]

    def read(self, piece: bytes) -> bytes:
        """The decoded bytes of one piece."""
        if piece and self._layers and not self._begun:
            self._begun = True
            self._layers = _told_by(piece, self._layers)
        found = piece
        for layer in self._layers:
            found = layer.read(found, self._room + 1)
        if len(found) > self._room:
            self.full = True
            found = found[: self._room]
        self._room -= len(found)
        return found

    def end(self) -> None:
        """Says that no piece follows; raises ValueError when one is missing."""
        if not self.full and any(layer.is_open() for layer in self._layers):
            raise ValueError("the compressed answer ends early")


class _Zlib:
    """gzip and deflate."""

    def __init__(self, name: str):
        # 32 + 15: gzip or zlib, told apart by the header.
        self._inflate, self._name = zlib.decompressobj(47), name
        self._begun = False

    def read(self, piece: bytes, most: int) -> bytes:
        """At most `most` decoded bytes, and then the rest is lost; other layers do the same."""
        if piece and not self._begun:
            self._begun = True
            if self._name == "deflate" and piece[0] & 0x0F != 8:
                self._inflate = zlib.decompressobj(-15)
        found = b""
        try:
            while piece and len(found) < most:
                found += self._inflate.decompress(piece, most - len(found))
                # A gzip file may have several members; other bytes after the end are padding.
                piece = self._inflate.unused_data if self._inflate.eof else b""
                if not piece.startswith(_GZIP):
                    break
                self._inflate = zlib.decompressobj(47)
        except zlib.error as error:
            raise ValueError(f"the compressed answer is broken ({error})") from None
        return found

    def is_open(self) -> bool:
        return self._begun and not self._inflate.eof


class _Brotli:
    """br."""

    def __init__(self, name: str):
        self._decoder, self._begun = brotli.Decompressor(), False

    def read(self, piece: bytes, most: int) -> bytes:
        self._begun = self._begun or bool(piece)
        if self._decoder.is_finished():
            return b""
        try:
            found: bytes = self._decoder.process(piece, output_buffer_limit=most)
            while len(found) < most and not self._decoder.can_accept_more_data():
                found += self._decoder.process(b"", output_buffer_limit=most - len(found))
        except brotli.error as error:
            raise ValueError(f"the compressed answer is broken ({error})") from None
        return found

    def is_open(self) -> bool:
        return self._begun and not self._decoder.is_finished()


class _Zstd:
    """zstd, several frames in a row among it; a window over 8 MB is refused, as RFC 9659 wants it."""

    def __init__(self, name: str):
        self._decoder, self._begun = self._new(), False

    def _new(self) -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 23})

    def read(self, piece: bytes, most: int) -> bytes:
        self._begun, found = self._begun or bool(piece), b""
        try:
            while piece and len(found) < most:
                if self._decoder.eof:
                    self._decoder = self._new()
                found += self._decoder.decompress(piece, most - len(found))
                piece = self._decoder.unused_data if self._decoder.eof else b""
        except zstd.ZstdError as error:
            raise ValueError(f"the compressed answer is broken ({error})") from None
        return found

    def is_open(self) -> bool:
        return self._begun and not self._decoder.eof


_Layer = _Zlib | _Brotli | _Zstd
_DECODERS: dict[str, type[_Zlib] | type[_Brotli] | type[_Zstd]] = {
    "gzip": _Zlib,
    "deflate": _Zlib,
    "br": _Brotli,
    "zstd": _Zstd,
}


def _told_by(piece: bytes, layers: list[_Layer]) -> list[_Layer]:
    """The layers as the first bytes tell them: they lie less than a label does."""
    if _MARKUP.match(piece.lstrip()[:20]):
        return []
    outer = layers[0]
    if piece.startswith(_GZIP) and not isinstance(outer, _Zlib):
        outer = _Zlib("gzip")
    elif piece.startswith(_ZSTD) and not isinstance(outer, _Zstd):
        outer = _Zstd("zstd")
    return [outer, *layers[1:]]


def unpacked(body: bytes, size: int) -> bytes:
    """A body that is gzip although no label said so, decoded, at most `size` bytes of it; any other one as it is."""
    if not body.startswith(_GZIP):
        return body
    try:
        return Coding("gzip", size).read(body)
    except ValueError:
        return body


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
