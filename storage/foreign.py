"""Pages out of WARC files that others wrote, whatever state these are in: gigabytes, broken records, files cut short.

`warcio` reads a record. Where records begin and end is found out here: warcio reads over a damaged one to the end of
the file without a word, and a file that breaks off looks whole to it.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

from warcio.bufferedreaders import ChunkedDataReader
from warcio.recordloader import ArcWarcRecordLoader

from storage.archive import Fetched
from storage.keys import host_of

_GZIP = b"\x1f\x8b\x08"
_BLOCK = 16_384
_LINE = 65_536
# Between two records are two line ends; with many more it is no WARC file.
_BLANKS = 16
# They speak of the bytes on the wire. The content coding is left to who reads the page.
_UNDONE = frozenset(("transfer-encoding", "content-length"))
_LOADER = ArcWarcRecordLoader(verify_http=False, arc2warc=False)


class Record(NamedTuple):
    """One record, or a place where none can be read: `problem` says why, "" where nothing is wrong.

    `start` and `end` are bytes of the file; from `end` on reading can go on. `page` is the answer in it, if it has one.
    """

    start: int
    end: int
    page: Fetched | None = None
    problem: str = ""


class NoWarc(ValueError):
    """The file holds no whole WARC record."""

    def __init__(self) -> None:
        super().__init__("it holds no whole WARC record")


class BrokenOff(ValueError):
    """The file ends inside the record that begins at byte `start`."""

    def __init__(self, start: int):
        super().__init__(f"it breaks off inside the record at byte {start:,}")
        self.start = start


class _FileEnds(Exception):
    """The file ends where more should come."""


class _Short(ValueError):
    """The record ends where more should come."""


def records(file: BinaryIO, start: int = 0, *, most: int) -> Iterator[Record]:
    """The records of a WARC file from a place on where one begins; a page of more than `most` bytes is a problem.

    What cannot be read is passed over, up to the next record. Raises NoWarc, and BrokenOff behind all that is whole.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    is_packed = file.read(len(_GZIP)) == _GZIP
    place, some = start, start > 0
    while place < size:
        file.seek(place)
        try:
            for found in _packed(file, place, most) if is_packed else _plain(file, place, most):
                yield found
                some = True
            place = file.tell()
        except OSError:
            raise
        except Exception as error:
            following = _following(file, place, is_packed=is_packed)
            if following is None and not some:
                raise NoWarc from error
            if following is None and isinstance(error, _FileEnds):
                raise BrokenOff(place) from error
            yield Record(place, following or size, problem=str(error) or type(error).__name__)
            place = following or size
    if not some:
        raise NoWarc


def _plain(file: BinaryIO, start: int, most: int) -> Iterator[Record]:
    """The record of an uncompressed file that begins at `start`."""
    line = _first_line(file)
    if line:
        try:
            page, problem = _read(file, line, most)
        except _Short:
            raise _FileEnds from None
        end = file.tell()
        while not (blank := file.readline(_LINE)).strip() and blank:
            end = file.tell()
        file.seek(end)
        yield Record(start, end, page, problem)


def _packed(file: BinaryIO, start: int, most: int) -> Iterator[Record]:
    """The records of one gzip member; nearly always that is one."""
    member = io.BufferedReader(_Member(file), _LINE)
    line = _first_line(member)
    while line:
        page, problem = _read(member, line, most)
        line = _first_line(member)
        yield Record(start, start if line else file.tell(), page, problem)


class _Member(io.RawIOBase):
    """One gzip member as a stream, its CRC checked; at its end the file stands where the next one begins."""

    def __init__(self, file: BinaryIO):
        self._file, self._inflate = file, zlib.decompressobj(31)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            data = self._inflate.unconsumed_tail or self._file.read(_BLOCK)
            if not data:
                raise _FileEnds
            found = self._inflate.decompress(data, len(buffer))
            if self._inflate.eof:
                self._file.seek(-len(self._inflate.unused_data), io.SEEK_CUR)
            if found:
                buffer[: len(found)] = found
                return len(found)
        return 0


def _first_line(stream: BinaryIO | io.BufferedReader) -> bytes:
    """The line that a record begins with; b"" where there is nothing but blank ones."""
    for _ in range(_BLANKS):
        line = stream.readline(_LINE)
        if line.startswith(b"WARC/") or not line:
            return line
        if line.strip():
            break
    raise ValueError("no WARC record begins here")


def _read(stream: BinaryIO | io.BufferedReader, line: bytes, most: int) -> tuple[Fetched | None, str]:
    """The rest of the record whose first line was read: its page, or what is wrong with it."""
    record = _LOADER.parse_record_stream(stream, line, "warc")
    if record.length is None:
        if not stream.read(1):
            raise _Short
        raise ValueError("the record does not say how long it is")
    is_answer = record.rec_type == "response" and record.http_headers
    found = _page(record, most) if is_answer else (None, "")
    while record.raw_stream.read(_LINE):
        pass
    if record.raw_stream.limit:
        raise _Short("the record is shorter than it says")
    return found


def _page(record: Any, most: int) -> tuple[Fetched | None, str]:
    told = record.rec_headers.get_header
    url, at, status = told("WARC-Target-URI"), _time(told("WARC-Date")), record.http_headers.get_statuscode()
    if at is None:
        return None, f"its WARC-Date `{told('WARC-Date')}` is no time"
    if not status.isdecimal():
        return None, f"its HTTP status `{status}` is none"
    if told("WARC-Truncated"):
        return None, f"it was cut off when it was written ({told('WARC-Truncated')})"
    headers: dict[str, str] = {}
    for name, value in record.http_headers.headers:
        headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
    is_chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    body = (ChunkedDataReader(record.raw_stream) if is_chunked else record.raw_stream).read(most + 1)
    if len(body) > most:
        return None, f"it is larger than {most:,} bytes"
    kept = {name: value for name, value in headers.items() if name not in _UNDONE}
    return Fetched(url, url, at, int(status), kept, body, host_of(url)), ""


def _time(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else None


def _following(file: BinaryIO, start: int, *, is_packed: bool) -> int | None:
    """Where the first record behind `start` begins; None where there is none."""
    mark = _GZIP if is_packed else b"\nWARC/1."
    place, rest = start + 1, b""
    file.seek(place)
    while data := file.read(1 << 20):
        text, at = rest + data, -1
        while (at := text.find(mark, at + 1)) >= 0:
            found = place - len(rest) + at + (0 if is_packed else 1)
            if not is_packed or _begins(file, found):
                return found
        place += len(data)
        rest = text[-(len(mark) - 1) :]
        file.seek(place)
    return None


def _begins(file: BinaryIO, place: int) -> bool:
    """Whether a gzip member with a WARC record begins at a place."""
    file.seek(place)
    try:
        return zlib.decompressobj(31).decompress(file.read(_BLOCK), 5) == b"WARC/"
    except zlib.error:
        return False
